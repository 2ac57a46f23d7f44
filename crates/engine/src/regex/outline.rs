//! How the first word of a value looks: so many digits or letters, and what stands behind them. A regex knows
//! which of these it can match at all, so most are turned away by one look into a table.

use super::program::{Program, Step};
use super::set::Set;

/// Longer words look alike.
const LEN_MAX: usize = 24;
/// What begins with a letter, and what does not.
pub(super) const KINDS_OF_WORDS: usize = 2;
/// Kinds of bytes behind a word; the last is whatever has no kind of its own, the one before the end.
const KINDS: usize = 16;
const END: usize = KINDS - 2;
const OTHER: usize = KINDS - 1;
const LONERS: [u8; 11] = [b' ', b'-', b'.', b'/', b':', b',', b'@', b'+', b'(', b')', b'\n'];
const DIGIT: usize = LONERS.len();
const LETTER: usize = DIGIT + 1;
const JOINT: usize = LETTER + 1;

/// The look of a place where a value may begin; nothing is said of those that begin with a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look(u16);

impl Look {
    const UNSAID: Self = Self(u16::MAX);

    /// How the text from `at` on looks.
    #[inline(always)]
    pub(super) fn of(text: &[u8], at: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        let Some(letters) = rest.first().and_then(|byte| kind_of_word(*byte)) else {
            return Self::UNSAID;
        };
        let wanted = if letters { LETTER } else { DIGIT };
        let most = rest.get(..LEN_MAX).unwrap_or(rest);
        let len = most.iter().take_while(|byte| kind(**byte) == wanted).count();
        let kind = rest.get(len).map_or(END, |byte| kind(*byte));
        let place = (usize::from(letters) * LEN_MAX + len - 1) * KINDS + kind;
        Self(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// Which kind of word begins here.
    #[inline(always)]
    pub(super) fn kind_of_word(self) -> usize {
        let row = usize::from(self.0) / KINDS;
        usize::from(self != Self::UNSAID && row >= LEN_MAX)
    }
}

const fn kind_of_word(byte: u8) -> Option<bool> {
    match byte {
        b'0'..=b'9' => Some(false),
        b'a'..=b'z' => Some(true),
        _ => None,
    }
}

#[inline(always)]
fn kind(byte: u8) -> usize {
    KIND_OF.get(usize::from(byte)).map_or(OTHER, |kind| usize::from(*kind))
}

static KIND_OF: [u8; 256] = kinds();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn kinds() -> [u8; 256] {
    let mut kinds = [OTHER as u8; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_digit() {
            kinds[byte] = DIGIT as u8;
        } else if (byte as u8).is_ascii_lowercase() {
            kinds[byte] = LETTER as u8;
        } else if byte as u8 == b'_' {
            kinds[byte] = JOINT as u8;
        }
        byte += 1;
    }
    let mut at = 0;
    while at < LONERS.len() {
        kinds[LONERS[at] as usize] = at as u8;
        at += 1;
    }
    kinds
}

/// By kind of word and length, a bit for each kind of byte behind.
#[derive(Clone, Debug)]
struct Rows([[u16; LEN_MAX]; KINDS_OF_WORDS]);

impl Default for Rows {
    fn default() -> Self {
        Self([[0; LEN_MAX]; KINDS_OF_WORDS])
    }
}

/// The looks of several places.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks {
    said: Rows,
    /// Of some nothing is said.
    unsaid: bool,
}

impl Looks {
    #[inline(always)]
    pub(super) fn add(&mut self, look: Look) {
        let (word, kind) = (usize::from(look.0) / KINDS, usize::from(look.0) % KINDS);
        let row = self.said.0.get_mut(word / LEN_MAX);
        match row.and_then(|row| row.get_mut(word % LEN_MAX)) {
            Some(fits) => *fits |= 1 << kind,
            None => self.unsaid = true,
        }
    }
}

/// Which looks a program can match, for values: those end where no letter or digit follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    fits: Rows,
    words: [bool; KINDS_OF_WORDS],
    /// Of a choice, the looks that each branch can match at all, whatever stands behind.
    branches: Vec<Rows>,
}

impl Outline {
    #[inline(always)]
    pub(super) fn fits(&self, look: Look) -> bool {
        if look == Look::UNSAID {
            return true;
        }
        let (word, kind) = (usize::from(look.0) / KINDS, usize::from(look.0) % KINDS);
        let row = self.fits.0.get(word / LEN_MAX);
        row.and_then(|row| row.get(word % LEN_MAX))
            .is_none_or(|fits| fits >> kind & 1 == 1)
    }

    /// Whether any of several looks fits.
    #[inline(always)]
    pub(super) fn fits_any(&self, looks: &Looks) -> bool {
        let rows = self.fits.0.as_flattened().iter().zip(looks.said.0.as_flattened());
        looks.unsaid || rows.fold(0, |both, (mine, theirs)| both | mine & theirs) != 0
    }

    /// Of a choice, a bit for each branch that a look leaves open.
    #[inline(always)]
    pub(super) fn open(&self, look: Look) -> u64 {
        if look == Look::UNSAID || self.branches.is_empty() {
            return u64::MAX;
        }
        let (word, kind) = (usize::from(look.0) / KINDS, usize::from(look.0) % KINDS);
        let fits = |rows: &Rows| {
            let row = rows.0.get(word / LEN_MAX).and_then(|row| row.get(word % LEN_MAX));
            row.is_some_and(|fits| fits >> kind & 1 == 1)
        };
        let branches = self.branches.iter().rev();
        branches.fold(0, |open, rows| open << 1 | u64::from(fits(rows)))
    }

    /// For each kind of words, whether any may fit.
    #[inline(always)]
    pub(super) fn words(&self) -> [bool; KINDS_OF_WORDS] {
        self.words
    }

    /// Follows a program through words of every length.
    pub(super) fn of(program: &Program) -> Self {
        let mut outline = Self {
            fits: Rows::of(program, 0, true),
            ..Self::default()
        };
        if program.is_choice() {
            let starts = program.branches(0).map(|branch| branch.to as usize);
            outline.branches = starts.map(|start| Rows::of(program, start, false)).collect();
        }
        let fits_letters = outline
            .fits
            .0
            .last()
            .is_some_and(|row| row.iter().any(|fits| *fits != 0));
        outline.words = [true, fits_letters];
        outline
    }
}

impl Rows {
    /// Follows a program from a step on through words of every length. What is `whole` must not end within a word.
    fn of(program: &Program, start: usize, whole: bool) -> Self {
        let mut rows = Self::default();
        let mut kinds = [Set::default(); KINDS];
        for byte in 0..=u8::MAX {
            if let Some(set) = kinds.get_mut(kind(byte)) {
                set.add(byte);
            }
        }
        for (row, word) in rows.0.iter_mut().zip([DIGIT, LETTER]) {
            let taken = kinds.get(word).copied().unwrap_or_default();
            let mut front = Front::default();
            front.open(program, start, 0);
            let mut ended = front.done;
            for (index, fits) in row.iter_mut().enumerate() {
                front = front.after(program, &taken);
                ended |= front.done;
                let next = front.takes(program);
                if (ended && !whole) || (index + 1 == LEN_MAX && !front.places.is_empty()) {
                    *fits = u16::MAX;
                    continue;
                }
                for (kind, set) in kinds.iter().enumerate() {
                    let ends = front.done && !matches!(kind, DIGIT | LETTER | JOINT);
                    if ends || (kind != END && next.meets(set)) {
                        *fits |= 1 << kind;
                    }
                }
            }
        }
        rows
    }
}

/// Everywhere a program may be: a step, and how much of it is taken.
#[derive(Default)]
struct Front {
    places: Vec<(usize, u32)>,
    done: bool,
}

impl Front {
    /// Comes to a step, and to all it leads to without taking anything.
    fn open(&mut self, program: &Program, step: usize, taken: u32) {
        let mut open = vec![(step, taken)];
        let mut seen = Vec::new();
        while let Some(place) = open.pop() {
            if seen.contains(&place) {
                continue;
            }
            seen.push(place);
            let (step, taken) = place;
            match program.steps.get(step).copied() {
                Some(Step::Fork(fork)) => {
                    let branches = program.branches(usize::from(fork));
                    open.extend(branches.map(|branch| (branch.to as usize, 0)));
                }
                Some(Step::Jump(to)) => open.push((to as usize, 0)),
                Some(Step::Slot(_) | Step::Look(_)) => open.push((step + 1, 0)),
                Some(Step::Run(index)) => {
                    let run = program.runs.get(usize::from(index));
                    if run.is_some_and(|run| taken >= run.min) {
                        open.push((step + 1, 0));
                    }
                    self.come(place);
                }
                Some(Step::Literal { .. } | Step::One(_)) => self.come(place),
                Some(Step::Done) | None => self.done = true,
            }
        }
    }

    fn come(&mut self, place: (usize, u32)) {
        if !self.places.contains(&place) {
            self.places.push(place);
        }
    }

    /// Where the program may be once one more byte of a set is taken.
    fn after(&self, program: &Program, bytes: &Set) -> Self {
        let mut next = Self::default();
        for (step, taken) in self.places.iter().copied() {
            if !taken_at(program, step, taken).meets(bytes) {
                continue;
            }
            match program.steps.get(step).copied() {
                Some(Step::Literal { start, end }) if start + taken + 1 < end => next.come((step, taken + 1)),
                Some(Step::Run(index)) => {
                    let most = program.runs.get(usize::from(index)).map_or(0, |run| match run.max {
                        // More makes no difference.
                        u32::MAX => run.min,
                        max => max,
                    });
                    next.open(program, step, (taken + 1).min(most));
                }
                _ => next.open(program, step + 1, 0),
            }
        }
        next
    }

    /// What may be taken next.
    fn takes(&self, program: &Program) -> Set {
        let mut all = Set::default();
        for (step, taken) in &self.places {
            all.join(&taken_at(program, *step, *taken));
        }
        all
    }
}

/// What a step takes, so much of it being taken.
fn taken_at(program: &Program, step: usize, taken: u32) -> Set {
    let of_class = |class: u16| program.classes.get(usize::from(class)).map(|class| class.firsts());
    let found = match program.steps.get(step).copied() {
        Some(Step::Literal { start, .. }) => program.pool.get((start + taken) as usize).map(|byte| {
            let mut set = Set::default();
            set.add(*byte);
            set
        }),
        Some(Step::One(class)) => of_class(class),
        Some(Step::Run(index)) => {
            let run = program.runs.get(usize::from(index));
            run.filter(|run| run.max == u32::MAX || taken < run.max)
                .and_then(|run| of_class(run.class))
        }
        _ => None,
    };
    found.unwrap_or_default()
}

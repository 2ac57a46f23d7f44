//! Values stand alone, so a match can only begin where nothing touches it: such places are looked for once in
//! a view, and each regex is tried at those its first byte allows.

use std::ops::Range;

use super::outline::{KINDS_OF_WORDS as KINDS, Look, Looks, Outline};
use super::program::Program;
use super::set::Set;
use super::walk::Walk;
use super::{Pattern, VALUE_TRIES_MAX, WAYS, on_characters};

/// Where a value may begin, and with which byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) at: u32,
    byte: u8,
    look: Look,
}

/// What a regex matches at one place, if nothing ends its window before.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) start: u32,
    end: u32,
    /// Whether it is accepted; unknown until somebody asks.
    good: Option<bool>,
}

/// Where values may begin in a view. Most words begin with a letter and most values do not, so each kind stands
/// by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starts([StartsOfKind; KINDS]);

#[derive(Clone, Debug, Default)]
struct StartsOfKind {
    list: Vec<Start>,
    /// The bytes and the looks of all of them: what a regex cannot begin with, it need not try anywhere.
    bytes: Set,
    looks: Looks,
}

impl StartsOfKind {
    fn clear(&mut self) {
        self.list.clear();
        self.bytes = Set::default();
        self.looks = Looks::default();
    }

    fn push(&mut self, start: Start) {
        self.bytes.add(start.byte);
        self.looks.add(start.look);
        self.list.push(start);
    }
}

impl Starts {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.iter_mut().for_each(StartsOfKind::clear);
    }

    /// Appends where values may begin in a part of a text, which lies behind all that is known.
    pub(crate) fn read(&mut self, text: &[u8], part: Range<usize>) {
        let text_up_to = text.get(..part.end).unwrap_or(text);
        let mut at = part.start;
        if at
            .checked_sub(1)
            .and_then(|at| text.get(at))
            .is_some_and(|byte| is_of_word(*byte))
        {
            // Nothing begins inside a word.
            at += word_len(text_up_to, at);
        }
        while let Some(byte) = text_up_to.get(at).copied() {
            let word = word_len(text_up_to, at);
            // Nor inside a character.
            if byte & 0xC0 != 0x80 && begins_alone(text, at) {
                let look = Look::of(text, at);
                if let Some(starts) = self.0.get_mut(look.kind_of_word()) {
                    let at = crate::text::narrow(at);
                    starts.push(Start { at, byte, look });
                }
            }
            at += word.max(1);
        }
    }
}

/// How many bytes of a word stand from `at` on.
#[inline(always)]
fn word_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| is_of_word(**byte)).count()
}

fn within(starts: &[Start], part: &Range<usize>) -> Range<usize> {
    let before = |place: usize| starts.partition_point(|start| (start.at as usize) < place);
    let from = before(part.start);
    from..before(part.end).max(from)
}

impl Pattern {
    /// The program, of values that are found start by start.
    fn by_starts(&self) -> Option<&Program> {
        self.program()
            .filter(|program| self.value && !self.exact && !program.first.may_be_nothing())
    }

    /// Appends what matches at the starts in a part of a text. Returns whether it could be said.
    pub(crate) fn sight(&self, text: &[u8], starts: &Starts, part: Range<usize>, sights: &mut Vec<Sight>) -> bool {
        let Some(program) = self.by_starts() else {
            return false;
        };
        let outline = program.outline.get_or_init(|| Outline::of(program));
        let known = sights.len();
        let mut said = true;
        let kinds = starts.0.iter().zip(outline.words()).filter(|(starts, wanted)| {
            *wanted && program.first.meets(&starts.bytes) && outline.fits_any(&starts.looks)
        });
        for (starts, _) in kinds {
            let starts = &starts.list;
            let starts = starts.get(within(starts, &part)).unwrap_or_default();
            said = said && sight_at(program, outline, text, starts, sights);
        }
        if let Some(new) = sights.get_mut(known..).filter(|new| !new.is_empty()) {
            new.sort_unstable_by_key(|sight| sight.start);
        }
        said
    }

    /// What [`Pattern::find`] finds in a window, given all that matches in it.
    pub(crate) fn find_sighted(&self, text: &[u8], window: Range<usize>, sights: &mut [Sight]) -> Option<Range<usize>> {
        let mut from = window.start;
        let mut tries = 0;
        let first = sights.partition_point(|sight| (sight.start as usize) < from);
        for sight in sights.iter_mut().skip(first) {
            let start = sight.start as usize;
            if start >= window.end || tries >= VALUE_TRIES_MAX {
                return None;
            }
            if start < from {
                continue;
            }
            let whole = start..sight.end as usize;
            let (range, good) = if whole.end <= window.end {
                let good = *sight.good.get_or_insert_with(|| self.is_value(text, &whole));
                (whole, good)
            } else {
                let Some(range) = self.first_in(text, start, window.end) else {
                    continue;
                };
                let good = self.is_value(text, &range);
                (range, good)
            };
            if good {
                return Some(on_characters(text, range));
            }
            tries += 1;
            // A value may begin with a later group of what was taken for one.
            from = word_end(text, start);
        }
        None
    }

    /// What matches at `start` if nothing from `end` on can be taken.
    fn first_in(&self, text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
        let (whole, _) = self.search(text, start..end)?;
        (whole.start == start).then_some(whole)
    }

    fn is_value(&self, text: &[u8], range: &Range<usize>) -> bool {
        let bytes = text.get(range.clone()).unwrap_or_default();
        stands_alone(text, range) && self.check.is_none_or(|check| check.accepts(bytes))
    }
}

/// Appends what a program matches at some starts. Returns whether it could be said.
fn sight_at(program: &Program, outline: &Outline, text: &[u8], starts: &[Start], sights: &mut Vec<Sight>) -> bool {
    let mut open = starts
        .iter()
        .filter(|start| outline.fits(start.look) && program.first.may_be(Some(start.byte)))
        .peekable();
    if open.peek().is_none() {
        return true;
    }
    WAYS.with(|kept| {
        let mut ways = kept.take();
        let mut walk = Walk::new(program, text, starts.len(), text.len(), &mut ways);
        let mut said = true;
        for start in open {
            match walk.match_one_of(outline.open(start.look), start.at as usize) {
                Ok(None) => {}
                Ok(Some(end)) => sights.push(Sight {
                    start: start.at,
                    end: crate::text::narrow(end),
                    good: None,
                }),
                Err(_) => {
                    said = false;
                    break;
                }
            }
        }
        kept.replace(ways);
        said
    })
}

/// Whether a range is no piece of something longer: a hash, a path, a version, a run of base64. Letters and
/// digits touch, also over one sign that joins.
pub(super) fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    begins_alone(text, range.start) && ends_alone(text, range.end)
}

/// What a byte is to a value beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Apart,
    /// A letter, a digit or `_`.
    Touches,
    /// A sign that joins where a letter or digit stands on its other side.
    Joins,
    /// Joins what stands before it with what follows.
    JoinsOn,
    /// Joins what stands behind it with what came before.
    JoinsBack,
    Colon,
}

static BESIDE: [Beside; 256] = beside();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn beside() -> [Beside; 256] {
    let mut table = [Beside::Apart; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => Beside::Touches,
            b'-' | b'.' | b'/' | b'+' | b'\\' | b'@' => Beside::Joins,
            b'%' | b'&' | b'~' | b'$' => Beside::JoinsOn,
            b'=' => Beside::JoinsBack,
            b':' => Beside::Colon,
            _ => Beside::Apart,
        };
        byte += 1;
    }
    table
}

#[inline(always)]
fn beside_of(byte: u8) -> Beside {
    BESIDE.get(usize::from(byte)).copied().unwrap_or(Beside::Apart)
}

#[inline(always)]
fn is_of_word(byte: u8) -> bool {
    beside_of(byte) == Beside::Touches
}

#[inline(always)]
pub(super) fn begins_alone(text: &[u8], start: usize) -> bool {
    let at = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).copied();
    let before = at(1).unwrap_or(b' ');
    match beside_of(before) {
        Beside::Apart | Beside::JoinsBack => true,
        Beside::Touches => false,
        Beside::Joins | Beside::JoinsOn => {
            let earlier = at(2).unwrap_or(b' ');
            !earlier.is_ascii_alphanumeric() && earlier != before
        }
        // In JSON and code, `:` stands between a name and its value, but not between two numbers.
        Beside::Colon => !at(2).unwrap_or(b' ').is_ascii_digit(),
    }
}

#[inline(always)]
fn ends_alone(text: &[u8], end: usize) -> bool {
    let later = || text.get(end + 1).copied().unwrap_or(b' ');
    match beside_of(text.get(end).copied().unwrap_or(b' ')) {
        Beside::Apart | Beside::JoinsOn => true,
        Beside::Touches => false,
        Beside::Joins | Beside::JoinsBack => !later().is_ascii_alphanumeric(),
        Beside::Colon => !later().is_ascii_digit(),
    }
}

/// Where the letters and digits at `from` end; at least one byte further.
pub(super) fn word_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from + 1..).unwrap_or_default();
    from + 1 + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

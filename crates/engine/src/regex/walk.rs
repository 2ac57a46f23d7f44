//! Runs a program over a text: every branch in order of preference, one step back at a time.

use regex_syntax::hir::Look;

use super::program::{GROUPS_MAX, Program, Run, Step};
use super::set::{Class, first_char, last_char};

/// Steps of a search, in all and for each byte of its window, before the automaton takes over.
const STEPS_MAX: usize = 2_000;
const STEPS_PER_BYTE_MAX: usize = 24;
/// The same where the automaton is asked as soon as it may be quicker.
const STEPS_PER_BYTE_CHOOSY: usize = 4;

/// Places of groups: where each begins and ends, [`NOWHERE`] if it took no part.
pub(super) type Slots = [u32; GROUPS_MAX * 2];
pub(super) const NOWHERE: u32 = u32::MAX;

/// A way not taken yet.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Branches of a fork from one on.
    Branch { fork: u16, from: u16, at: usize },
    /// A greedy run may end earlier, down to `least`.
    Shorter {
        run: u16,
        back: u32,
        at: usize,
        least: usize,
    },
    /// A lazy run may take so many more.
    Longer { run: u16, back: u32, at: usize, left: u32 },
    /// The place a slot had before.
    Slot { slot: u8, place: u32 },
}

/// Working memory of a search.
#[derive(Debug, Default)]
pub(super) struct Ways(Vec<Way>);

/// There were too many ways to go.
#[derive(Debug)]
pub(super) struct TooMany;

/// One search: the program, the text, and where the search ends.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    program: &'a Program,
    text: &'a [u8],
    end: usize,
    ways: &'a mut Ways,
    pub(super) slots: Slots,
    steps_left: usize,
    /// Of a choice, the branches that are worth a try.
    wanted: u64,
}

impl<'a> Walk<'a> {
    /// Prepares a search that takes nothing from `end` on.
    pub(super) fn new(program: &'a Program, text: &'a [u8], window: usize, end: usize, ways: &'a mut Ways) -> Self {
        Self::with_steps(program, text, STEPS_MAX + window * STEPS_PER_BYTE_MAX, end, ways)
    }

    /// The same, for a search that is given up sooner.
    pub(super) fn hasty(program: &'a Program, text: &'a [u8], window: usize, end: usize, ways: &'a mut Ways) -> Self {
        Self::with_steps(program, text, STEPS_MAX + window * STEPS_PER_BYTE_CHOOSY, end, ways)
    }

    fn with_steps(program: &'a Program, text: &'a [u8], steps_left: usize, end: usize, ways: &'a mut Ways) -> Self {
        Self {
            program,
            text,
            end,
            ways,
            slots: [NOWHERE; GROUPS_MAX * 2],
            steps_left,
            wanted: u64::MAX,
        }
    }

    /// The same as `match_at` for a place whose look leaves only some branches open.
    #[inline(always)]
    pub(super) fn match_one_of(&mut self, wanted: u64, start: usize) -> Result<Option<usize>, TooMany> {
        self.wanted = wanted;
        self.match_at(start)
    }

    /// The next place from `from` on at which a match may begin, by its first byte.
    #[inline(always)]
    pub(super) fn next_start(&self, from: usize) -> Option<usize> {
        let first = &self.program.first;
        if first.may_be_nothing() {
            return (from..=self.end).find(|start| first.may_be(self.byte(*start)));
        }
        first.place(self.text.get(..self.end).unwrap_or(self.text), from)
    }

    /// Where the match that begins at `start` ends, if there is one.
    #[inline(never)]
    pub(super) fn match_at(&mut self, start: usize) -> Result<Option<usize>, TooMany> {
        self.ways.0.clear();
        if self.program.slots > 0 {
            self.slots = [NOWHERE; GROUPS_MAX * 2];
        }
        let (mut step, mut at) = (0_usize, start);
        loop {
            self.steps_left = self.steps_left.checked_sub(1).ok_or(TooMany)?;
            let taken = match self.program.steps.get(step).copied() {
                Some(Step::Literal { start, end }) => self.literal(start, end, at).map(|at| (step + 1, at)),
                Some(Step::One(class)) => self.one(class, at).map(|at| (step + 1, at)),
                Some(Step::Run(run)) => self.run(run, step, at).map(|at| (step + 1, at)),
                Some(Step::Fork(fork)) => self.branch(fork, 0, at).map(|step| (step, at)),
                Some(Step::Jump(to)) => Some((to as usize, at)),
                Some(Step::Slot(slot)) => {
                    self.keep(slot, at);
                    Some((step + 1, at))
                }
                Some(Step::Look(look)) => self.holds(look, at).then_some((step + 1, at)),
                Some(Step::Done) | None => return Ok(Some(at)),
            };
            (step, at) = match taken {
                Some(taken) => taken,
                None => match self.back() {
                    Some(way) => way,
                    None => return Ok(None),
                },
            };
        }
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        if at < self.end {
            self.text.get(at).copied()
        } else {
            None
        }
    }

    #[inline(always)]
    fn rest(&self, at: usize) -> &'a [u8] {
        self.text.get(at..self.end).unwrap_or_default()
    }

    #[inline(always)]
    fn literal(&self, start: u32, end: u32, at: usize) -> Option<usize> {
        let literal = self.program.pool.get(start as usize..end as usize)?;
        self.rest(at).starts_with(literal).then_some(at + literal.len())
    }

    #[inline(always)]
    fn class(&self, class: u16) -> Option<&'a Class> {
        self.program.classes.get(usize::from(class))
    }

    #[inline(always)]
    fn one(&self, class: u16, at: usize) -> Option<usize> {
        let taken = self.class(class)?.takes(self.rest(at));
        (taken > 0).then_some(at + taken)
    }

    /// Takes a run as it likes it best, and notes where else it might end.
    #[inline(always)]
    fn run(&mut self, index: u16, step: usize, at: usize) -> Option<usize> {
        let run = self.program.runs.get(usize::from(index))?;
        let class = self.class(run.class)?;
        let back = u32::try_from(step).unwrap_or(u32::MAX);
        let (least, taken) = self.take(class, at, run.min);
        if taken < run.min {
            return None;
        }
        if !run.greedy {
            self.ways.0.push(Way::Longer {
                run: index,
                back,
                at: least,
                left: run.max - run.min,
            });
            // The way back goes on from here, with what it may go on with.
            return None;
        }
        let (most, _) = self.take(class, least, run.max - run.min);
        if run.firm || most == least {
            return run.next.may_be(self.byte(most)).then_some(most);
        }
        self.ways.0.push(Way::Shorter {
            run: index,
            back,
            at: most,
            least,
        });
        None
    }

    /// Takes up to `most` of a class; where that ends, and how many it took.
    #[inline(always)]
    fn take(&mut self, class: &Class, at: usize, most: u32) -> (usize, u32) {
        let (mut end, mut taken) = (at, 0);
        if class.is_narrow() {
            let limit = self.end.min(at.saturating_add(most as usize)).min(self.text.len());
            let bytes = self.text.get(at..limit).unwrap_or_default();
            let len = bytes.iter().take_while(|byte| class.bytes.has(**byte)).count();
            self.steps_left = self.steps_left.saturating_sub(len / 16);
            return (at + len, u32::try_from(len).unwrap_or(u32::MAX));
        }
        while taken < most {
            let len = class.takes(self.rest(end));
            if len == 0 {
                break;
            }
            end += len;
            taken += 1;
        }
        self.steps_left = self.steps_left.saturating_sub((end - at) / 8);
        (end, taken)
    }

    /// Goes into the first branch that may lead on, from `from` on, and notes that there are others.
    #[inline(always)]
    fn branch(&mut self, fork: u16, from: u16, at: usize) -> Option<usize> {
        let byte = self.byte(at);
        let wanted = if fork == 0 { self.wanted } else { u64::MAX };
        let (first, other) = self.program.forks.get(usize::from(fork))?.open(from, byte, wanted)?;
        if let Some(from) = other {
            self.ways.0.push(Way::Branch { fork, from, at });
        }
        Some(first as usize)
    }

    fn keep(&mut self, slot: u8, at: usize) {
        if let Some(place) = self.slots.get_mut(usize::from(slot)) {
            self.ways.0.push(Way::Slot { slot, place: *place });
            *place = crate::text::narrow(at);
        }
    }

    /// The last way not taken: which step goes on, and where.
    #[inline(always)]
    fn back(&mut self) -> Option<(usize, usize)> {
        while let Some(way) = self.ways.0.pop() {
            self.steps_left = self.steps_left.saturating_sub(1);
            let found = match way {
                Way::Slot { slot, place } => {
                    if let Some(known) = self.slots.get_mut(usize::from(slot)) {
                        *known = place;
                    }
                    None
                }
                Way::Branch { fork, from, at } => self.branch(fork, from, at).map(|step| (step, at)),
                Way::Shorter { run, back, at, least } => self.shorter(run, back, at, least),
                Way::Longer { run, back, at, left } => self.longer(run, back, at, left),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The longest end of a greedy run, up to `at`, behind which the match may go on.
    fn shorter(&mut self, index: u16, back: u32, at: usize, least: usize) -> Option<(usize, usize)> {
        let run: &Run = self.program.runs.get(usize::from(index))?;
        let narrow = self.class(run.class)?.is_narrow();
        let starts = |at: usize| narrow || self.text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
        let place = (least..=at)
            .rev()
            .find(|place| starts(*place) && run.next.may_be(self.byte(*place)));
        self.steps_left = self.steps_left.saturating_sub((at - place.unwrap_or(least)) / 8);
        let place = place?;
        if place > least {
            self.ways.0.push(Way::Shorter {
                run: index,
                back,
                at: place - 1,
                least,
            });
        }
        Some((back as usize + 1, place))
    }

    /// The shortest end of a lazy run, from `at` on, behind which the match may go on.
    fn longer(&mut self, index: u16, back: u32, at: usize, left: u32) -> Option<(usize, usize)> {
        let run: &Run = self.program.runs.get(usize::from(index))?;
        let class = self.class(run.class)?;
        let (mut end, mut left) = (at, left);
        loop {
            let here = run.next.may_be(self.byte(end));
            let taken = if left == 0 { 0 } else { class.takes(self.rest(end)) };
            if here {
                if taken > 0 {
                    self.ways.0.push(Way::Longer {
                        run: index,
                        back,
                        at: end + taken,
                        left: left - 1,
                    });
                }
                self.steps_left = self.steps_left.saturating_sub((end - at) / 8);
                return Some((back as usize + 1, end));
            }
            if taken == 0 {
                self.steps_left = self.steps_left.saturating_sub((end - at) / 8);
                return None;
            }
            end += taken;
            left -= 1;
        }
    }

    #[inline(never)]
    fn holds(&self, look: Look, at: usize) -> bool {
        let before = || at.checked_sub(1).and_then(|at| self.text.get(at)).copied();
        let after = || self.text.get(at).copied();
        match look {
            Look::Start => at == 0,
            Look::End => at == self.text.len(),
            Look::StartLF => before().is_none_or(|byte| byte == b'\n'),
            Look::EndLF => after().is_none_or(|byte| byte == b'\n'),
            Look::WordAscii => is_word(before()) != is_word(after()),
            Look::WordAsciiNegate => is_word(before()) == is_word(after()),
            Look::WordUnicode => self.words_part(at),
            _ => !self.words_part(at),
        }
    }

    /// Whether a word begins or ends here, in any script.
    fn words_part(&self, at: usize) -> bool {
        let before = self.text.get(..at).and_then(last_char);
        let after = self.text.get(at..).and_then(first_char);
        before.is_some_and(regex_syntax::is_word_character) != after.is_some_and(regex_syntax::is_word_character)
    }
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

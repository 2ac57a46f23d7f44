//! A regex as a list of steps, in which a counted run of a class is one step however often it counts.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::outline::Outline;
use super::set::{Class, Set};

/// Longer programs are left to the automaton.
const STEPS_MAX: usize = 3_000;
/// So many bytes at most that a match may begin with leave most places of a text out.
const CHOOSY_BYTES_MAX: u32 = 40;
/// The same for what does not count from its start on.
const CHOOSY_BYTES_FAR: u32 = 4;
/// A run that counts so far costs an automaton a state a place, and others with each way to come there.
const COUNTED_MIN: u32 = 8;
/// The same for a run that ends by its count.
const COUNTED_MAX: u32 = 128;
/// Groups whose places are kept.
pub(super) const GROUPS_MAX: usize = 8;

/// One step. Those that take nothing go on by themselves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// These bytes of the pool.
    Literal { start: u32, end: u32 },
    /// One of a class.
    One(u16),
    /// Between so many and so many of a class, see `runs`.
    Run(u16),
    /// The first branch that leads to a match, see `forks`.
    Fork(u16),
    /// Goes on elsewhere.
    Jump(u32),
    /// A place of a group begins or ends here.
    Slot(u8),
    /// Holds between two bytes.
    Look(Look),
    /// A match.
    Done,
}

/// How often something of a class may stand in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) class: u16,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) greedy: bool,
    /// What may stand behind it.
    pub(super) next: Next,
    /// Nothing of the class may stand behind it: only its whole length can lead to a match.
    pub(super) firm: bool,
}

/// What a match may go on with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Next {
    bytes: Set,
    /// It may go on with nothing, so the next byte says nothing.
    any: bool,
    /// It may end with the text.
    end: bool,
}

impl Next {
    #[inline(always)]
    pub(super) fn may_be(&self, byte: Option<u8>) -> bool {
        self.any || byte.map_or(self.end, |byte| self.bytes.has(byte))
    }

    /// The next place from `from` on at which it may go on with a byte.
    #[inline(always)]
    pub(super) fn place(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        rest.iter().position(|byte| self.bytes.has(*byte)).map(|at| from + at)
    }

    /// Whether it may go on with one of the bytes of a set.
    pub(super) fn meets(&self, bytes: &Set) -> bool {
        self.any || self.bytes.meets(bytes)
    }

    /// Whether it goes on with one of so few bytes, and so with none at most places of a text.
    fn is_one_of(&self, most: u32) -> bool {
        !self.any && !self.end && self.bytes.len() <= most
    }

    /// Whether it may go on with nothing at all.
    pub(super) const fn may_be_nothing(&self) -> bool {
        self.any || self.end
    }
}

/// A branch of a fork.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    pub(super) to: u32,
    pub(super) next: Next,
}

/// Branches in order of preference.
#[derive(Debug, Default)]
pub(super) struct Fork {
    pub(super) branches: Vec<Branch>,
    /// Of many branches, for each byte a bit for each branch that may go on with it; the last are those of the end.
    pub(super) by_byte: Option<Box<[u64; ENDS + 1]>>,
}

/// Behind all bytes, the place of the end of a text.
const ENDS: usize = 256;
/// From so many branches on they are sorted by the byte they may go on with; as many at most as a word has bits.
const SORTED_MIN: usize = 5;
const SORTED_MAX: usize = 64;

impl Fork {
    /// The first branch from `from` on that may go on with a byte, and the one after that. Where branches are sorted,
    /// only those of `wanted`.
    #[inline(always)]
    pub(super) fn open(&self, from: u16, byte: Option<u8>, wanted: u64) -> Option<(u32, Option<u16>)> {
        let Some(by_byte) = &self.by_byte else {
            let mut open = (from..)
                .zip(self.branches.iter().skip(usize::from(from)))
                .filter(|(_, branch)| branch.next.may_be(byte));
            let (_, first) = open.next()?;
            return Some((first.to, open.next().map(|(other, _)| other)));
        };
        let fits = by_byte.get(byte.map_or(ENDS, usize::from)).copied().unwrap_or_default();
        let open = (fits & wanted) >> from << from;
        let first = self.branches.get(open.trailing_zeros() as usize)?;
        let others = open & open.wrapping_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "a place of a bit")]
        let other = (others != 0).then(|| others.trailing_zeros() as u16);
        Some((first.to, other))
    }

    /// Sorts many branches by what they may go on with.
    fn sort(&mut self) {
        if !(SORTED_MIN..=SORTED_MAX).contains(&self.branches.len()) {
            return;
        }
        let mut by_byte = Box::new([0; ENDS + 1]);
        let bytes = (0..=u8::MAX).map(Some).chain(std::iter::once(None));
        for (slot, byte) in by_byte.iter_mut().zip(bytes) {
            let fits = self.branches.iter().rev().map(|branch| branch.next.may_be(byte));
            *slot = fits.fold(0, |bits, fits| bits << 1 | u64::from(fits));
        }
        self.by_byte = Some(by_byte);
    }
}

/// A compiled regex.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) pool: Vec<u8>,
    pub(super) classes: Vec<Class>,
    pub(super) runs: Vec<Run>,
    pub(super) forks: Vec<Fork>,
    /// What a match may begin with.
    pub(super) first: Next,
    /// How many places of groups it keeps.
    pub(super) slots: usize,
    /// How a value may look.
    pub(super) outline: OnceLock<Outline>,
    /// It begins with a fork that is never come to again.
    begins_with_choice: bool,
}

impl Program {
    /// Compiles what is made of steps; the rest is for the automaton.
    pub(super) fn of(source: &str) -> Option<Self> {
        let hir = ParserBuilder::new().utf8(false).build().parse(source).ok()?;
        let mut writer = Writer::default();
        writer.write(&hir)?;
        writer.push(Step::Done)?;
        let mut program = writer.program;
        program.begins_with_choice = matches!(hir.kind(), HirKind::Alternation(_));
        program.look_ahead();
        Some(program)
    }

    /// Whether it is one of several branches, so many that they are sorted.
    pub(super) fn is_choice(&self) -> bool {
        let first = self.forks.first().filter(|_| self.begins_with_choice);
        first.is_some_and(|fork| fork.by_byte.is_some())
    }

    /// Whether one way after the other is quicker than an automaton: it counts, and few bytes begin it.
    pub(super) fn is_walked(&self) -> bool {
        let far = |run: &Run| run.max != u32::MAX && run.max >= COUNTED_MAX;
        let counts = self.runs.iter().any(|run| run.min >= COUNTED_MIN);
        let at_most = if counts { CHOOSY_BYTES_MAX } else { CHOOSY_BYTES_FAR };
        (counts || self.runs.iter().any(far)) && self.first.is_one_of(at_most)
    }

    /// Works out what may stand behind each run and in each branch.
    fn look_ahead(&mut self) {
        self.first = self.next_from(0);
        for at in 0..self.steps.len() {
            let Some(Step::Run(index)) = self.steps.get(at).copied() else {
                continue;
            };
            let next = self.next_from(at + 1);
            let (runs, classes) = (&mut self.runs, &self.classes);
            if let Some(run) = runs.get_mut(usize::from(index))
                && let Some(class) = classes.get(usize::from(run.class))
            {
                run.next = next;
                run.firm = !next.any && !next.bytes.meets(&class.firsts());
            }
        }
        for fork in 0..self.forks.len() {
            let targets: Vec<u32> = self.branches(fork).map(|branch| branch.to).collect();
            let nexts: Vec<Next> = targets.iter().map(|to| self.next_from(*to as usize)).collect();
            if let Some(fork) = self.forks.get_mut(fork) {
                for (branch, next) in fork.branches.iter_mut().zip(nexts) {
                    branch.next = next;
                }
                fork.sort();
            }
        }
    }

    /// What a match may go on with from a step on.
    fn next_from(&self, start: usize) -> Next {
        let mut next = Next::default();
        let mut seen = vec![false; self.steps.len()];
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let Some(known) = seen.get_mut(at).filter(|known| !**known) else {
                continue;
            };
            *known = true;
            match self.steps.get(at).copied() {
                Some(Step::Literal { start, .. }) => {
                    if let Some(byte) = self.pool.get(start as usize) {
                        next.bytes.add(*byte);
                    }
                }
                Some(Step::One(class)) => self.may_take(class, &mut next),
                Some(Step::Run(index)) => {
                    if let Some(run) = self.runs.get(usize::from(index)) {
                        self.may_take(run.class, &mut next);
                        if run.min == 0 {
                            open.push(at + 1);
                        }
                    }
                }
                Some(Step::Fork(index)) => {
                    open.extend(self.branches(usize::from(index)).map(|branch| branch.to as usize));
                }
                Some(Step::Jump(to)) => open.push(to as usize),
                // Behind the end nothing follows, and before a line end only that.
                Some(Step::Look(Look::End)) => next.end = true,
                Some(Step::Look(Look::EndLF)) => {
                    next.end = true;
                    next.bytes.add(b'\n');
                }
                Some(Step::Slot(_) | Step::Look(_)) => open.push(at + 1),
                Some(Step::Done) | None => next.any = true,
            }
        }
        next
    }

    /// The branches of a fork.
    pub(super) fn branches(&self, fork: usize) -> impl Iterator<Item = &Branch> {
        self.forks.get(fork).into_iter().flat_map(|fork| &fork.branches)
    }

    fn may_take(&self, class: u16, next: &mut Next) {
        if let Some(class) = self.classes.get(usize::from(class)) {
            next.bytes.join(&class.firsts());
        }
    }
}

#[derive(Default)]
struct Writer {
    program: Program,
    class_numbers: HashMap<Class, u16>,
}

impl Writer {
    fn push(&mut self, step: Step) -> Option<usize> {
        let at = self.program.steps.len();
        self.program.steps.push(step);
        (at < STEPS_MAX).then_some(at)
    }

    fn here(&self) -> u32 {
        u32::try_from(self.program.steps.len()).unwrap_or(u32::MAX)
    }

    fn write(&mut self, hir: &Hir) -> Option<()> {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => {
                let start = u32::try_from(self.program.pool.len()).ok()?;
                self.program.pool.extend_from_slice(&literal.0);
                let end = u32::try_from(self.program.pool.len()).ok()?;
                self.push(Step::Literal { start, end })?;
            }
            HirKind::Class(class) => {
                let class = self.class(Class::of(class))?;
                self.push(Step::One(class))?;
            }
            HirKind::Look(look) => {
                let known = matches!(
                    look,
                    Look::Start
                        | Look::End
                        | Look::StartLF
                        | Look::EndLF
                        | Look::WordAscii
                        | Look::WordAsciiNegate
                        | Look::WordUnicode
                        | Look::WordUnicodeNegate
                );
                self.push(Step::Look(known.then_some(*look)?))?;
            }
            HirKind::Repetition(repetition) => self.write_repetition(repetition)?,
            HirKind::Capture(capture) => {
                let group = usize::try_from(capture.index).ok()?.checked_sub(1)?;
                if group >= GROUPS_MAX {
                    return None;
                }
                self.program.slots = self.program.slots.max(group * 2 + 2);
                let slot = u8::try_from(group * 2).ok()?;
                self.push(Step::Slot(slot))?;
                self.write(&capture.sub)?;
                self.push(Step::Slot(slot + 1))?;
            }
            HirKind::Concat(parts) => {
                for part in parts {
                    self.write(part)?;
                }
            }
            HirKind::Alternation(branches) => self.write_alternation(branches)?,
        }
        Some(())
    }

    fn write_alternation(&mut self, branches: &[Hir]) -> Option<()> {
        let (_, fork) = self.fork()?;
        let mut ends = Vec::new();
        for branch in branches {
            let to = self.here();
            self.branch(fork, to);
            self.write(branch)?;
            ends.push(self.push(Step::Jump(0))?);
        }
        let end = self.here();
        for at in ends {
            self.set(at, Step::Jump(end));
        }
        Some(())
    }

    fn write_repetition(&mut self, repetition: &Repetition) -> Option<()> {
        if let Some(class) = single(&repetition.sub) {
            let class = self.class(class)?;
            let run = u16::try_from(self.program.runs.len()).ok()?;
            self.program.runs.push(Run {
                class,
                min: repetition.min,
                max: repetition.max.unwrap_or(u32::MAX),
                greedy: repetition.greedy,
                next: Next::default(),
                firm: false,
            });
            self.push(Step::Run(run))?;
            return Some(());
        }
        // A round that takes nothing would go on for ever.
        if repetition.sub.properties().minimum_len()? == 0 {
            return None;
        }
        for _ in 0..repetition.min {
            self.write(&repetition.sub)?;
        }
        let Some(max) = repetition.max else {
            let (at, fork) = self.fork()?;
            let back = Step::Jump(u32::try_from(at).ok()?);
            let body = self.here();
            self.write(&repetition.sub)?;
            self.push(back)?;
            self.choose(fork, body, repetition.greedy);
            return Some(());
        };
        let mut open = Vec::new();
        for _ in repetition.min..max {
            let (_, fork) = self.fork()?;
            open.push((fork, self.here()));
            self.write(&repetition.sub)?;
        }
        for (fork, body) in open {
            self.choose(fork, body, repetition.greedy);
        }
        Some(())
    }

    /// Lets a fork take another round or go on here.
    fn choose(&mut self, fork: u16, body: u32, greedy: bool) {
        let here = self.here();
        let order = if greedy { [body, here] } else { [here, body] };
        for to in order {
            self.branch(fork, to);
        }
    }

    fn fork(&mut self) -> Option<(usize, u16)> {
        let fork = u16::try_from(self.program.forks.len()).ok()?;
        self.program.forks.push(Fork::default());
        Some((self.push(Step::Fork(fork))?, fork))
    }

    fn branch(&mut self, fork: u16, to: u32) {
        if let Some(fork) = self.program.forks.get_mut(usize::from(fork)) {
            fork.branches.push(Branch {
                to,
                next: Next::default(),
            });
        }
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(slot) = self.program.steps.get_mut(at) {
            *slot = step;
        }
    }

    fn class(&mut self, class: Class) -> Option<u16> {
        if let Some(known) = self.class_numbers.get(&class) {
            return Some(*known);
        }
        let number = u16::try_from(self.program.classes.len()).ok()?;
        self.program.classes.push(class.clone());
        self.class_numbers.insert(class, number);
        Some(number)
    }
}

/// The class of what takes one byte or character.
fn single(hir: &Hir) -> Option<Class> {
    match hir.kind() {
        HirKind::Class(class) => Some(Class::of(class)),
        HirKind::Literal(literal) => match *literal.0 {
            [byte] => Some(Class::of_byte(byte)),
            _ => None,
        },
        _ => None,
    }
}

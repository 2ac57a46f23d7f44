//! Temporal formulas and what is left of them after the events so far.
//!
//! A step is `step` of the theory in `spec/`: progression through one event with the constants folded. What is
//! left is kept smaller than there, as a set of parts under each `and` and `or` in which none implies another.
//! These are laws of every distributive lattice, so also of three values, true, false and open; and whether a
//! remainder has become true or false is just its value where all that is open is open. So both agree on it.

use super::ImageError;
use super::conditions::{Builder, no, opened};
use super::json::Value;

/// So many parts, and so many places in which they stand, may be left of a formula.
pub(super) const LEFT_MAX: usize = 4_096;
/// A step may put so many together before it drops what nothing needs.
const WORK_MAX: usize = 4 * LEFT_MAX;

/// A part of a formula as it was written; parts name others, which stand before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    True,
    False,
    /// At least one more event; no more events.
    More,
    Over,
    Atom(u32),
    Not(u32),
    And(u32, u32),
    Or(u32, u32),
    Next(u32),
    WeakNext(u32),
    Until(u32, u32),
    Release(u32, u32),
}

pub(super) const TRUE: u32 = 0;
pub(super) const FALSE: u32 = 1;
const MORE: u32 = 2;
const OVER: u32 = 3;

/// A formula as it was written, each part once.
#[derive(Debug)]
pub(super) struct Formula {
    ops: Vec<Op>,
    root: u32,
}

/// What is left of a formula: parts as written, and parts put together since, which are numbered behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) root: u32,
    pub(super) made: Vec<Made>,
    /// The parts of all that were made, one after another.
    pub(super) parts: Vec<u32>,
}

/// A part that was put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Not,
    And,
    Or,
}

/// More would be left than a state may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Room for one step, used again.
#[derive(Debug, Default)]
pub(super) struct Room {
    needed: Vec<bool>,
    after: Vec<u32>,
    out: Left,
    hashes: Vec<u64>,
    set: Vec<u32>,
}

impl Formula {
    /// Reads a formula; its conditions go into the table of all.
    pub(super) fn read(given: &Value, builder: &mut Builder, features: usize, place: &str) -> Result<Self, ImageError> {
        let mut formula = Self {
            ops: vec![Op::True, Op::False, Op::More, Op::Over],
            root: TRUE,
        };
        formula.root = formula.part(given, builder, features, place, 1)?;
        Ok(formula)
    }

    fn part(
        &mut self,
        given: &Value,
        builder: &mut Builder,
        features: usize,
        place: &str,
        depth: usize,
    ) -> Result<u32, ImageError> {
        builder.read += 1;
        let (operator, parts) = opened(given, place, depth)?;
        let mut below =
            |at: usize, part: &Value| self.part(part, builder, features, &format!("{place}/{at}"), depth + 1);
        let op = match (operator, parts) {
            ("tt", []) => Op::True,
            ("ff", []) => Op::False,
            ("ne", []) => Op::More,
            ("em", []) => Op::Over,
            ("atom", [condition]) => Op::Atom(builder.read(condition, features, &format!("{place}/1"), 1)?),
            ("not", [part]) => Op::Not(below(1, part)?),
            ("next", [part]) => Op::Next(below(1, part)?),
            ("wnext", [part]) => Op::WeakNext(below(1, part)?),
            ("and", [one, other]) => Op::And(below(1, one)?, below(2, other)?),
            ("or", [one, other]) => Op::Or(below(1, one)?, below(2, other)?),
            ("until", [one, other]) => Op::Until(below(1, one)?, below(2, other)?),
            ("release", [one, other]) => Op::Release(below(1, one)?, below(2, other)?),
            _ => return Err(no(place, "formula", operator, parts.len())),
        };
        // Formulas are small: to look through them takes less than to keep a table of each.
        let at = self.ops.iter().position(|it| *it == op).unwrap_or_else(|| {
            self.ops.push(op);
            self.ops.len() - 1
        });
        Ok(u32::try_from(at).unwrap_or(FALSE))
    }

    /// What is left before the first event: all of it.
    pub(super) fn whole(&self) -> Left {
        Left {
            root: self.root,
            ..Left::default()
        }
    }

    /// How many parts it has as written.
    pub(super) fn written(&self) -> u32 {
        u32::try_from(self.ops.len()).unwrap_or(u32::MAX)
    }

    /// The conditions that it asks of events.
    pub(super) fn conditions(&self) -> impl Iterator<Item = u32> {
        self.ops.iter().filter_map(|op| match op {
            Op::Atom(condition) => Some(*condition),
            _ => None,
        })
    }

    /// Its structure as a number, with those of conditions in the place of conditions.
    pub(super) fn fingerprint(&self, of: impl Fn(u32) -> u64) -> u64 {
        let mut known: Vec<u64> = Vec::with_capacity(self.ops.len());
        for op in &self.ops {
            let at = |part: u32| known.get(part as usize).copied().unwrap_or(0);
            known.push(match *op {
                Op::True => super::mix(&[20]),
                Op::False => super::mix(&[21]),
                Op::More => super::mix(&[22]),
                Op::Over => super::mix(&[23]),
                Op::Atom(condition) => super::mix(&[24, of(condition)]),
                Op::Not(part) => super::mix(&[25, at(part)]),
                Op::And(one, other) => super::mix(&[26, at(one), at(other)]),
                Op::Or(one, other) => super::mix(&[27, at(one), at(other)]),
                Op::Next(part) => super::mix(&[28, at(part)]),
                Op::WeakNext(part) => super::mix(&[29, at(part)]),
                Op::Until(one, other) => super::mix(&[30, at(one), at(other)]),
                Op::Release(one, other) => super::mix(&[31, at(one), at(other)]),
            });
        }
        known.get(self.root as usize).copied().unwrap_or(0)
    }

    /// What is left after one more event, of which `holds` tells whether a condition is met.
    pub(super) fn step(
        &self,
        left: &Left,
        room: &mut Room,
        mut holds: impl FnMut(u32) -> bool,
    ) -> Result<Left, TooLarge> {
        self.mark(left, &mut room.needed);
        let Room {
            needed,
            after,
            out,
            hashes,
            set,
        } = room;
        let mut make = Maker {
            written: self.written(),
            out,
            hashes,
            set,
        };
        make.clear();
        after.clear();
        after.resize(needed.len(), FALSE);
        for (at, op) in (0u32..).zip(&self.ops) {
            if needed.get(at as usize) == Some(&true) {
                let result = make.step(at, *op, after, &mut holds)?;
                after.get_mut(at as usize).into_iter().for_each(|it| *it = result);
            }
        }
        let mut parts = Vec::new();
        for (at, made) in (self.written()..).zip(&left.made) {
            if needed.get(at as usize) != Some(&true) {
                continue;
            }
            let stepped = |part: &u32| after.get(*part as usize).copied().unwrap_or(FALSE);
            parts.clear();
            parts.extend(left.parts_of(*made).iter().map(stepped));
            let result = match made.kind {
                Kind::Not => make.not(parts.first().copied().unwrap_or(FALSE))?,
                kind => make.join(kind, &parts)?,
            };
            after.get_mut(at as usize).into_iter().for_each(|it| *it = result);
        }
        let root = after.get(left.root as usize).copied().unwrap_or(FALSE);
        make.needed_for(root)
    }

    /// Marks the parts of which the step must be known.
    fn mark(&self, left: &Left, needed: &mut Vec<bool>) {
        needed.clear();
        needed.resize(self.ops.len() + left.made.len(), false);
        let mark =
            |needed: &mut Vec<bool>, part: u32| needed.get_mut(part as usize).into_iter().for_each(|it| *it = true);
        mark(needed, left.root);
        for (at, made) in left.made.iter().enumerate().rev() {
            if needed.get(self.ops.len() + at) == Some(&true) {
                left.parts_of(*made).iter().for_each(|part| mark(needed, *part));
            }
        }
        for (at, op) in self.ops.iter().enumerate().rev() {
            if needed.get(at) != Some(&true) {
                continue;
            }
            match *op {
                Op::Not(part) => mark(needed, part),
                Op::And(one, other) | Op::Or(one, other) | Op::Until(one, other) | Op::Release(one, other) => {
                    mark(needed, one);
                    mark(needed, other);
                }
                _ => {}
            }
        }
    }
}

impl Left {
    pub(super) fn parts_of(&self, made: Made) -> &[u32] {
        self.parts
            .get(made.start as usize..made.end as usize)
            .unwrap_or_default()
    }
}

/// Puts parts together, equal ones once.
struct Maker<'r> {
    written: u32,
    out: &'r mut Left,
    hashes: &'r mut Vec<u64>,
    set: &'r mut Vec<u32>,
}

impl Maker<'_> {
    fn clear(&mut self) {
        self.out.made.clear();
        self.out.parts.clear();
        self.hashes.clear();
    }

    /// One part as written after one event; `after` tells what is left of those before it.
    fn step(&mut self, at: u32, op: Op, after: &[u32], holds: &mut impl FnMut(u32) -> bool) -> Result<u32, TooLarge> {
        let stepped = |part: u32| after.get(part as usize).copied().unwrap_or(FALSE);
        match op {
            Op::True | Op::More => Ok(TRUE),
            Op::False | Op::Over => Ok(FALSE),
            Op::Atom(condition) => Ok(if holds(condition) { TRUE } else { FALSE }),
            Op::Not(part) => self.not(stepped(part)),
            Op::And(one, other) => self.join(Kind::And, &[stepped(one), stepped(other)]),
            Op::Or(one, other) => self.join(Kind::Or, &[stepped(one), stepped(other)]),
            Op::Next(part) => self.join(Kind::And, &[MORE, part]),
            Op::WeakNext(part) => self.join(Kind::Or, &[OVER, part]),
            Op::Until(one, other) => {
                let goes_on = self.join(Kind::And, &[stepped(one), at])?;
                self.join(Kind::Or, &[stepped(other), goes_on])
            }
            Op::Release(one, other) => {
                let goes_on = self.join(Kind::Or, &[stepped(one), at])?;
                self.join(Kind::And, &[stepped(other), goes_on])
            }
        }
    }

    fn made(&self, part: u32) -> Option<Made> {
        let at = part.checked_sub(self.written)?;
        self.out.made.get(at as usize).copied()
    }

    fn not(&mut self, part: u32) -> Result<u32, TooLarge> {
        match part {
            TRUE => Ok(FALSE),
            FALSE => Ok(TRUE),
            _ => {
                self.set.clear();
                self.set.push(part);
                self.put(Kind::Not)
            }
        }
    }

    /// Joins parts by `and` or `or`.
    fn join(&mut self, kind: Kind, parts: &[u32]) -> Result<u32, TooLarge> {
        let (neutral, settling) = if kind == Kind::And {
            (TRUE, FALSE)
        } else {
            (FALSE, TRUE)
        };
        if parts.contains(&settling) {
            return Ok(settling);
        }
        self.set.clear();
        for &part in parts {
            match self.made(part) {
                Some(made) if made.kind == kind => {
                    let inner = self.out.parts.get(made.start as usize..made.end as usize);
                    self.set.extend_from_slice(inner.unwrap_or_default());
                }
                _ if part == neutral => {}
                _ => self.set.push(part),
            }
        }
        self.set.sort_unstable();
        self.set.dedup();
        if self.set.len() > 1 {
            self.absorb(kind);
        }
        match self.set.as_slice() {
            [] => Ok(neutral),
            [one] => Ok(*one),
            _ => self.put(kind),
        }
    }

    /// Drops parts that another one implies: `a and (a or b)` is `a`.
    fn absorb(&mut self, kind: Kind) {
        let Self { written, out, set, .. } = self;
        let implied = |part: u32| {
            let made = part.checked_sub(*written).and_then(|at| out.made.get(at as usize));
            made.is_some_and(|made| {
                made.kind != kind && made.kind != Kind::Not && {
                    out.parts_of(*made).iter().any(|it| set.binary_search(it).is_ok())
                }
            })
        };
        let dropped: Vec<u32> = set.iter().copied().filter(|part| implied(*part)).collect();
        set.retain(|part| dropped.binary_search(part).is_err());
    }

    /// Gives the number of the set's parts under one operator.
    fn put(&mut self, kind: Kind) -> Result<u32, TooLarge> {
        let hash = self
            .set
            .iter()
            .fold(kind as u64 + 1, |hash, part| super::mix(&[hash, u64::from(*part)]));
        for (at, _) in self.hashes.iter().enumerate().filter(|(_, known)| **known == hash) {
            if let Some(made) = self.out.made.get(at)
                && made.kind == kind
                && self.out.parts_of(*made) == self.set.as_slice()
            {
                return Ok(self.number(at));
            }
        }
        let start = self.out.parts.len();
        if start + self.set.len() > WORK_MAX {
            return Err(TooLarge);
        }
        self.out.parts.extend_from_slice(self.set);
        let (start, end) = (
            u32::try_from(start).unwrap_or(0),
            u32::try_from(self.out.parts.len()).unwrap_or(0),
        );
        self.out.made.push(Made { kind, start, end });
        self.hashes.push(hash);
        Ok(self.number(self.out.made.len() - 1))
    }

    fn number(&self, made: usize) -> u32 {
        self.written.saturating_add(u32::try_from(made).unwrap_or(u32::MAX))
    }

    /// What the root is made of, and nothing else.
    fn needed_for(&self, root: u32) -> Result<Left, TooLarge> {
        if root < self.written {
            return Ok(Left {
                root,
                ..Left::default()
            });
        }
        let mut numbers = vec![u32::MAX; self.out.made.len()];
        let place = |part: u32| part.checked_sub(self.written).map(|at| at as usize);
        let needed = |numbers: &mut Vec<u32>, part: u32| {
            place(part)
                .and_then(|at| numbers.get_mut(at))
                .into_iter()
                .for_each(|it| *it = 0);
        };
        needed(&mut numbers, root);
        for (at, made) in self.out.made.iter().enumerate().rev() {
            if numbers.get(at) == Some(&0) {
                self.out
                    .parts_of(*made)
                    .iter()
                    .for_each(|part| needed(&mut numbers, *part));
            }
        }
        let mut left = Left::default();
        for (at, made) in self.out.made.iter().enumerate() {
            if numbers.get(at) != Some(&0) {
                continue;
            }
            let start = u32::try_from(left.parts.len()).unwrap_or(0);
            let renumbered = self.out.parts_of(*made).iter().map(|part| {
                let made = place(*part).and_then(|at| numbers.get(at));
                made.copied().unwrap_or(*part)
            });
            left.parts.extend(renumbered);
            let end = u32::try_from(left.parts.len()).unwrap_or(0);
            left.made.push(Made {
                kind: made.kind,
                start,
                end,
            });
            let number = self.number(left.made.len() - 1);
            numbers.get_mut(at).into_iter().for_each(|it| *it = number);
        }
        if left.made.len() > LEFT_MAX || left.parts.len() > LEFT_MAX {
            return Err(TooLarge);
        }
        left.root = self.number(left.made.len() - 1);
        Ok(left)
    }
}

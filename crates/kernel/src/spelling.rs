//! Universe levels as Lean's kernel compares them: by how they are spelled once put in order.
//!
//! Two levels may mean the same and still be told apart by Lean. What we accept Lean must accept, too,
//! so beside what levels mean it is asked here whether this can be seen from their spelling.

use crate::levels::{Level, Levels, Shape};
use crate::limits::{Meter, Res, limit};
use crate::names::Name;

/// Parts of a level that is put in order.
const PARTS_MAX: u32 = 2_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// A parameter, or zero, and what is added to it.
    Atom(Option<Name>, u32),
    /// An impredicative maximum that is not decided, and what is added to it.
    Imax(Box<Self>, Box<Self>, u32),
    /// At least two others, in order, none a maximum.
    Max(Vec<Self>),
}

impl Form {
    const fn number(k: u32) -> Self {
        Self::Atom(None, k)
    }

    fn plus(self, k: u32) -> Self {
        match self {
            Self::Atom(name, own) => Self::Atom(name, own + k),
            Self::Imax(a, b, own) => Self::Imax(a, b, own + k),
            Self::Max(parts) => Self::Max(parts.into_iter().map(|part| part.plus(k)).collect()),
        }
    }

    fn is_never_zero(&self) -> bool {
        match self {
            Self::Atom(_, k) => *k > 0,
            Self::Imax(_, b, k) => *k > 0 || b.is_never_zero(),
            Self::Max(parts) => parts.iter().any(Self::is_never_zero),
        }
    }

    /// What is added on the outside.
    const fn added(&self) -> u32 {
        match self {
            Self::Atom(_, k) | Self::Imax(_, _, k) => *k,
            Self::Max(_) => 0,
        }
    }

    fn max(self, other: Self) -> Self {
        let mut parts: Vec<Self> = Vec::new();
        for form in [self, other] {
            match form {
                Self::Max(more) => parts.extend(more),
                one => parts.push(one),
            }
        }
        parts.sort();
        parts.dedup();
        let kept = parts
            .iter()
            .filter(|part| !parts.iter().any(|other| part.is_covered(other)));
        let mut kept: Vec<Self> = kept.cloned().collect();
        match (kept.len(), kept.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                kept.push(last);
                Self::Max(kept)
            }
            (_, None) => Self::number(0),
        }
    }

    /// Whether another part of a maximum makes this one idle.
    fn is_covered(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Atom(None, k), _) if self != other => *k <= other.added(),
            (Self::Atom(name, k), Self::Atom(above, more)) => name == above && k < more,
            _ => false,
        }
    }

    fn imax(self, into: Self) -> Self {
        let zero = Self::number(0);
        if into == zero || self == zero || self == into {
            return into;
        }
        match (&self, &into) {
            (Self::Atom(a, k), Self::Atom(b, more)) if a == b && *more > 0 => {
                if k > more {
                    self
                } else {
                    into
                }
            }
            (Self::Atom(None, 1), _) if !into.is_never_zero() => into,
            _ => Self::Imax(Box::new(self), Box::new(into), 0),
        }
    }

    /// Whether this one is seen to be at least another.
    fn is_above(&self, low: &Self, meter: &mut Meter) -> Res<bool> {
        meter.step(1)?;
        if self == low || *low == Self::number(0) {
            return Ok(true);
        }
        if let Self::Max(parts) = low {
            return all(parts, |part| self.is_above(part, meter));
        }
        if let Self::Max(parts) = self {
            let none = all(parts, |part| part.is_above(low, meter).map(|above| !above))?;
            return Ok(!none);
        }
        match (self, low) {
            (_, Self::Imax(a, b, 0)) => Ok(self.is_above(a, meter)? && self.is_above(b, meter)?),
            (Self::Imax(_, b, 0), _) => b.is_above(low, meter),
            (_, Self::Atom(None, k)) => Ok(self.added() >= *k),
            (Self::Atom(a, k), Self::Atom(b, less)) => Ok(a == b && k >= less),
            (Self::Imax(a, b, k), Self::Imax(c, d, less)) => Ok(a == c && b == d && k >= less),
            _ => Ok(false),
        }
    }
}

fn all(parts: &[Form], mut holds: impl FnMut(&Form) -> Res<bool>) -> Res<bool> {
    for part in parts {
        if !holds(part)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Levels {
    pub(crate) fn is_spelled_same(&self, a: Level, b: Level, meter: &mut Meter) -> Res<bool> {
        Ok(a == b || self.ordered(a, meter)? == self.ordered(b, meter)?)
    }

    pub(crate) fn is_spelled_below(&self, low: Level, high: Level, meter: &mut Meter) -> Res<bool> {
        if low == high {
            return Ok(true);
        }
        let (low, high) = (self.ordered(low, meter)?, self.ordered(high, meter)?);
        high.is_above(&low, meter)
    }

    fn ordered(&self, level: Level, meter: &mut Meter) -> Res<Form> {
        self.form(level, &mut 0, meter)
    }

    fn form(&self, level: Level, parts: &mut u32, meter: &mut Meter) -> Res<Form> {
        meter.step(1)?;
        *parts += 1;
        if *parts > PARTS_MAX {
            return limit(format!("a universe level of more than {PARTS_MAX} parts"));
        }
        Ok(match self.shape(level) {
            Shape::Zero => Form::number(0),
            Shape::Param(name) => Form::Atom(Some(name), 0),
            Shape::Succ(a) => self.form(a, parts, meter)?.plus(1),
            Shape::Max(a, b) => self.form(a, parts, meter)?.max(self.form(b, parts, meter)?),
            Shape::Imax(a, b) => self.form(a, parts, meter)?.imax(self.form(b, parts, meter)?),
        })
    }
}

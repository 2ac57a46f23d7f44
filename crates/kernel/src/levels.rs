//! Universe levels: zero, successor, maximum, the impredicative maximum, and parameters.
//!
//! Levels are compared by what they mean. Where every impredicative maximum is decided, a level is
//! a maximum of atoms `p + k` and `k`, and one such maximum is below another exactly when each atom
//! is. Where one is not decided, both cases of its parameter, zero and a successor, must hold.
//! Levels that mean the same but that Lean's kernel tells apart are told apart here, too: see
//! `spelling`.

use std::sync::Arc;

use crate::limits::{Meter, Res, limit};
use crate::names::Name;
use crate::table::{Item, Store, Table, mix};

pub(crate) type Level = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Zero,
    Succ(Level),
    Max(Level, Level),
    Imax(Level, Level),
    Param(Name),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    shape: Shape,
    height: u32,
    has_param: bool,
    is_never_zero: bool,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape
    }
}

impl Item for Entry {
    fn hash(&self) -> u64 {
        let (tag, a, b) = match self.shape {
            Shape::Zero => (0, 0, 0),
            Shape::Succ(a) => (1, a, 0),
            Shape::Max(a, b) => (2, a, b),
            Shape::Imax(a, b) => (3, a, b),
            Shape::Param(name) => (4, name, 0),
        };
        mix(mix(tag, u64::from(a)), u64::from(b))
    }
}

pub(crate) const ZERO: Level = 0;
const HEIGHT_MAX: u32 = 500;
/// Atoms of one level; more are refused.
const ATOMS_MAX: usize = 200;

/// Levels that one check may make for itself.
const PASSING_MAX: usize = 500_000;

/// `p + k`, or `k` alone.
type Atom = (Option<Name>, u32);

enum Normal {
    Atoms(Vec<Atom>),
    /// Whether this parameter is zero decides.
    Open(Name),
}

#[derive(Debug)]
pub(crate) struct Levels {
    store: Store<Entry>,
}

impl Levels {
    pub(crate) fn new(base: Arc<Table<Entry>>) -> Self {
        let mut store = Store::new(base);
        store.intern(Entry {
            shape: Shape::Zero,
            height: 0,
            has_param: false,
            is_never_zero: false,
        });
        Self { store }
    }

    pub(crate) fn shape(&self, level: Level) -> Shape {
        self.store.get(level).map_or(Shape::Zero, |entry| entry.shape)
    }

    pub(crate) fn has_param(&self, level: Level) -> bool {
        self.store.get(level).is_some_and(|entry| entry.has_param)
    }

    pub(crate) fn make(&mut self, shape: Shape) -> Res<Level> {
        let of = |level: Level| {
            self.store
                .get(level)
                .map_or((0, false), |entry| (entry.height, entry.has_param))
        };
        let (height, has_param) = match shape {
            Shape::Zero => (0, false),
            Shape::Param(_) => (0, true),
            Shape::Succ(a) => (of(a).0 + 1, of(a).1),
            Shape::Max(a, b) | Shape::Imax(a, b) => (of(a).0.max(of(b).0) + 1, of(a).1 || of(b).1),
        };
        let above = |level: Level| self.store.get(level).is_some_and(|entry| entry.is_never_zero);
        let is_never_zero = match shape {
            Shape::Zero | Shape::Param(_) => false,
            Shape::Succ(_) => true,
            Shape::Max(a, b) => above(a) || above(b),
            Shape::Imax(_, b) => above(b),
        };
        if height > HEIGHT_MAX {
            return limit(format!("a universe level nests deeper than {HEIGHT_MAX}"));
        }
        if self.store.passing_len() > PASSING_MAX {
            return limit(format!("more than {PASSING_MAX} universe levels"));
        }
        Ok(self.store.intern(Entry {
            shape,
            height,
            has_param,
            is_never_zero,
        }))
    }

    pub(crate) fn succ(&mut self, level: Level) -> Res<Level> {
        self.make(Shape::Succ(level))
    }

    /// The level of functions from one universe into another.
    pub(crate) fn imax(&mut self, from: Level, into: Level) -> Res<Level> {
        if into == ZERO || from == ZERO || from == into {
            return Ok(into);
        }
        if self.is_never_zero(into) {
            return self.make(Shape::Max(from, into));
        }
        self.make(Shape::Imax(from, into))
    }

    fn max(&mut self, a: Level, b: Level) -> Res<Level> {
        match (a, b) {
            _ if a == b || b == ZERO => Ok(a),
            (ZERO, _) => Ok(b),
            _ => self.make(Shape::Max(a, b)),
        }
    }

    pub(crate) fn replace(&mut self, level: Level, params: &[Name], values: &[Level], meter: &mut Meter) -> Res<Level> {
        if !self.has_param(level) {
            return Ok(level);
        }
        meter.step(1)?;
        match self.shape(level) {
            Shape::Zero => Ok(ZERO),
            Shape::Param(name) => {
                let at = params.iter().position(|param| *param == name);
                Ok(at.and_then(|at| values.get(at)).copied().unwrap_or(level))
            }
            Shape::Succ(a) => {
                let a = self.replace(a, params, values, meter)?;
                self.succ(a)
            }
            Shape::Max(a, b) => {
                let (c, d) = (
                    self.replace(a, params, values, meter)?,
                    self.replace(b, params, values, meter)?,
                );
                if (a, b) == (c, d) { Ok(level) } else { self.max(c, d) }
            }
            Shape::Imax(a, b) => {
                let (c, d) = (
                    self.replace(a, params, values, meter)?,
                    self.replace(b, params, values, meter)?,
                );
                if (a, b) == (c, d) { Ok(level) } else { self.imax(c, d) }
            }
        }
    }

    /// The first parameter that is not among those declared.
    pub(crate) fn stranger(&self, level: Level, params: &[Name], meter: &mut Meter) -> Res<Option<Name>> {
        if !self.has_param(level) {
            return Ok(None);
        }
        meter.step(1)?;
        match self.shape(level) {
            Shape::Zero => Ok(None),
            Shape::Param(name) => Ok((!params.contains(&name)).then_some(name)),
            Shape::Succ(a) => self.stranger(a, params, meter),
            Shape::Max(a, b) | Shape::Imax(a, b) => match self.stranger(a, params, meter)? {
                None => self.stranger(b, params, meter),
                found => Ok(found),
            },
        }
    }

    pub(crate) fn same(&mut self, a: Level, b: Level, meter: &mut Meter) -> Res<bool> {
        let same = a == b || (self.means_below(a, b, meter)? && self.means_below(b, a, meter)?);
        Ok(same && self.is_spelled_same(a, b, meter)?)
    }

    /// Whether a level is above zero whatever its parameters are.
    pub(crate) fn is_never_zero(&self, level: Level) -> bool {
        self.store.get(level).is_some_and(|entry| entry.is_never_zero)
    }

    /// Whether `a <= b` whatever the parameters are.
    pub(crate) fn below(&mut self, a: Level, b: Level, meter: &mut Meter) -> Res<bool> {
        Ok(self.means_below(a, b, meter)? && self.is_spelled_below(a, b, meter)?)
    }

    fn means_below(&mut self, a: Level, b: Level, meter: &mut Meter) -> Res<bool> {
        meter.step(1)?;
        if a == b {
            return Ok(true);
        }
        let open = match (self.normal(a, meter)?, self.normal(b, meter)?) {
            (Normal::Atoms(low), Normal::Atoms(high)) => return Ok(low.iter().all(|atom| is_covered(*atom, &high))),
            (Normal::Open(name), _) | (_, Normal::Open(name)) => name,
        };
        // Each round decides one parameter for good, so there are at most two to the power of these.
        let param = self.make(Shape::Param(open))?;
        let above = self.succ(param)?;
        for value in [ZERO, above] {
            let low = self.replace(a, &[open], &[value], meter)?;
            let high = self.replace(b, &[open], &[value], meter)?;
            if !self.means_below(low, high, meter)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn normal(&self, level: Level, meter: &mut Meter) -> Res<Normal> {
        meter.step(1)?;
        Ok(match self.shape(level) {
            Shape::Zero => Normal::Atoms(vec![(None, 0)]),
            Shape::Param(name) => Normal::Atoms(vec![(Some(name), 0)]),
            Shape::Succ(a) => match self.normal(a, meter)? {
                Normal::Atoms(atoms) => Normal::Atoms(atoms.into_iter().map(|(name, k)| (name, k + 1)).collect()),
                open @ Normal::Open(_) => open,
            },
            Shape::Max(a, b) => self.both(a, b, meter)?,
            Shape::Imax(a, b) => {
                let into = match self.normal(b, meter)? {
                    open @ Normal::Open(_) => return Ok(open),
                    Normal::Atoms(atoms) => atoms,
                };
                if into.iter().any(|(_, k)| *k > 0) {
                    return self.both(a, b, meter);
                }
                match into.iter().find_map(|(name, _)| *name) {
                    Some(name) => Normal::Open(name),
                    None => Normal::Atoms(vec![(None, 0)]),
                }
            }
        })
    }

    fn both(&self, a: Level, b: Level, meter: &mut Meter) -> Res<Normal> {
        let (mut atoms, more) = match (self.normal(a, meter)?, self.normal(b, meter)?) {
            (Normal::Atoms(a), Normal::Atoms(b)) => (a, b),
            (open @ Normal::Open(_), _) | (_, open @ Normal::Open(_)) => return Ok(open),
        };
        for (name, k) in more {
            match atoms.iter_mut().find(|atom| atom.0 == name) {
                Some(atom) => atom.1 = atom.1.max(k),
                None => atoms.push((name, k)),
            }
        }
        if atoms.len() > ATOMS_MAX {
            return limit(format!("a universe level of more than {ATOMS_MAX} parts"));
        }
        Ok(Normal::Atoms(atoms))
    }

    /// How long tables were searched since this was forgotten.
    pub(crate) const fn probes(&self) -> u64 {
        self.store.probes
    }

    pub(crate) const fn forget_probes(&mut self) {
        self.store.probes = 0;
    }

    pub(crate) fn pass(&mut self) {
        self.store.pass();
    }

    pub(crate) fn forget(&mut self) {
        self.store.forget();
    }

    pub(crate) fn into_base(self) -> Arc<Table<Entry>> {
        self.store.into_base()
    }
}

fn is_covered((name, k): Atom, high: &[Atom]) -> bool {
    high.iter().any(|(other, above)| {
        let same = name.is_none() || *other == name;
        same && k <= *above
    })
}

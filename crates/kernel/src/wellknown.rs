//! Names that mean something to the checker, and the proof that they do.
//!
//! A number written out is a value of `Nat`, and arithmetic on numbers is done by arithmetic
//! instead of by unary counting. That is sound only where `Nat` is the natural numbers and
//! `Nat.add` adds. So none of these names is believed: `Nat` must be declared with its two
//! constructors, and each function must fulfil its defining equations by definition.

use crate::checker::Checker;
use crate::environment::Kind;
use crate::limits::{Res, wrong};
use crate::names::{Name, Names};
use crate::terms::{Node, Term};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Pow,
    Pred,
    Beq,
    Ble,
}

const FUNCTIONS: [(Arithmetic, &str); 7] = [
    (Arithmetic::Add, "Nat.add"),
    (Arithmetic::Sub, "Nat.sub"),
    (Arithmetic::Mul, "Nat.mul"),
    (Arithmetic::Pow, "Nat.pow"),
    (Arithmetic::Pred, "Nat.pred"),
    (Arithmetic::Beq, "Nat.beq"),
    (Arithmetic::Ble, "Nat.ble"),
];

#[derive(Debug)]
pub(crate) struct WellKnown {
    pub(crate) nat: Name,
    pub(crate) zero: Name,
    pub(crate) succ: Name,
    boolean: Name,
    pub(crate) truth: Name,
    pub(crate) falsity: Name,
    functions: Vec<(Arithmetic, Name)>,
    has_nat: bool,
    proved: Vec<Arithmetic>,
}

impl WellKnown {
    pub(crate) fn new(names: &mut Names) -> Self {
        Self {
            nat: names.path("Nat"),
            zero: names.path("Nat.zero"),
            succ: names.path("Nat.succ"),
            boolean: names.path("Bool"),
            truth: names.path("Bool.true"),
            falsity: names.path("Bool.false"),
            functions: FUNCTIONS
                .iter()
                .map(|(which, name)| (*which, names.path(name)))
                .collect(),
            has_nat: false,
            proved: Vec::new(),
        }
    }

    /// Whether `Nat` is declared and is the natural numbers.
    pub(crate) const fn has_nat(&self) -> bool {
        self.has_nat
    }

    /// What a name computes, when that was proved.
    pub(crate) fn arithmetic(&self, name: Name) -> Option<Arithmetic> {
        let (which, _) = self.functions.iter().find(|(_, known)| *known == name)?;
        self.proved.contains(which).then_some(*which)
    }

    pub(crate) fn proved(&self) -> Vec<Arithmetic> {
        self.proved.clone()
    }

    /// Takes over what was proved of a theory.
    pub(crate) fn inherit(&mut self, has_nat: bool, proved: &[Arithmetic]) {
        self.has_nat = has_nat;
        self.proved = proved.to_vec();
    }

    fn name(&self, which: Arithmetic) -> Name {
        let found = self.functions.iter().find(|(function, _)| *function == which);
        found.map_or(self.nat, |(_, name)| *name)
    }
}

impl Checker {
    /// To be called when a type was declared: whether it is what its name says.
    pub(crate) fn meet_family(&mut self, name: Name) -> Res<()> {
        if name != self.known.nat {
            return Ok(());
        }
        let nat = self.terms.constant(self.known.nat, Vec::new())?;
        let step = self.terms.make(Node::Pi(nat, nat))?;
        let level = self.terms.levels.succ(crate::levels::ZERO)?;
        let sort = self.terms.sort(level)?;
        let expected = [(name, sort), (self.known.zero, nat), (self.known.succ, step)];
        let mut same = true;
        for (name, of) in expected {
            same &= self
                .environment
                .get(name)
                .is_some_and(|found| found.of == of && found.params.is_empty());
        }
        let constructors = [self.known.zero, self.known.succ];
        same &= match self.environment.get(name).map(|found| &found.kind) {
            Some(Kind::Family(family)) => family.constructors == constructors && family.params == 0,
            _ => false,
        };
        if !same {
            return wrong("this name is kept for the natural numbers");
        }
        self.known.has_nat = true;
        Ok(())
    }

    /// `Nat` and its constructors come as a type, or not at all.
    pub(crate) fn check_kept(&self, name: Option<Name>) -> Res<()> {
        let kept = [self.known.nat, self.known.zero, self.known.succ];
        match name {
            Some(name) if kept.contains(&name) => wrong("this name is kept for the natural numbers"),
            _ => Ok(()),
        }
    }

    /// To be called when a constant was declared: whether it computes what its name says.
    pub(crate) fn meet_constant(&mut self, name: Name) -> Res<()> {
        let Some((which, _)) = self.known.functions.iter().find(|(_, known)| *known == name).copied() else {
            return Ok(());
        };
        if !self.known.has_nat || !self.fulfils_equations(which, name)? {
            return wrong("this name is kept for a function of arithmetic, and this is not that function");
        }
        self.known.proved.push(which);
        self.caches.normal.clear();
        Ok(())
    }

    fn fulfils_equations(&mut self, which: Arithmetic, name: Name) -> Res<bool> {
        let nat = self.terms.constant(self.known.nat, Vec::new())?;
        let boolean = self.terms.constant(self.known.boolean, Vec::new())?;
        let into = match which {
            Arithmetic::Beq | Arithmetic::Ble => boolean,
            _ => nat,
        };
        let mut of = self.terms.make(Node::Pi(nat, into))?;
        if which != Arithmetic::Pred {
            of = self.terms.make(Node::Pi(nat, of))?;
        }
        if !self
            .environment
            .get(name)
            .is_some_and(|found| found.of == of && found.params.is_empty())
        {
            return Ok(false);
        }
        let (x, y) = (self.terms.local(nat)?, self.terms.local(nat)?);
        let function = self.terms.constant(name, Vec::new())?;
        for (left, right) in self.equations(which, function, x, y)? {
            // Both sides must be sound before they are compared.
            let (left_of, right_of) = (self.judge(left)?, self.judge(right)?);
            if !self.equal(left_of, right_of)? || !self.equal(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equations(&mut self, which: Arithmetic, function: Term, x: Term, y: Term) -> Res<Vec<(Term, Term)>> {
        let zero = self.terms.constant(self.known.zero, Vec::new())?;
        let truth = self.terms.constant(self.known.truth, Vec::new())?;
        let falsity = self.terms.constant(self.known.falsity, Vec::new())?;
        let (next_x, next_y) = (self.successor(x)?, self.successor(y)?);
        if which == Arithmetic::Pred {
            let at_zero = self.terms.app(function, zero)?;
            let at_next = self.terms.app(function, next_x)?;
            return Ok(vec![(at_zero, zero), (at_next, x)]);
        }
        let mut at = |a: Term, b: Term| self.terms.apps(function, &[a, b]);
        let (at_zero, at_next, before) = (at(x, zero)?, at(x, next_y)?, at(x, y)?);
        if matches!(which, Arithmetic::Beq | Arithmetic::Ble) {
            let (both, left, right) = (at(zero, zero)?, at(next_x, zero)?, at(zero, next_y)?);
            let next = at(next_x, next_y)?;
            let low = if which == Arithmetic::Ble { truth } else { falsity };
            return Ok(vec![(both, truth), (left, falsity), (right, low), (next, before)]);
        }
        Ok(match which {
            Arithmetic::Add => vec![(at_zero, x), (at_next, self.successor(before)?)],
            Arithmetic::Mul => vec![(at_zero, zero), (at_next, self.call(Arithmetic::Add, &[before, x])?)],
            Arithmetic::Sub => vec![(at_zero, x), (at_next, self.call(Arithmetic::Pred, &[before])?)],
            _ => vec![
                (at_zero, self.successor(zero)?),
                (at_next, self.call(Arithmetic::Mul, &[before, x])?),
            ],
        })
    }

    fn successor(&mut self, term: Term) -> Res<Term> {
        let successor = self.terms.constant(self.known.succ, Vec::new())?;
        self.terms.app(successor, term)
    }

    fn call(&mut self, which: Arithmetic, arguments: &[Term]) -> Res<Term> {
        if !self.known.proved.contains(&which) {
            return wrong(format!(
                "`{}` must be declared before",
                self.show(self.known.name(which))
            ));
        }
        let function = self.terms.constant(self.known.name(which), Vec::new())?;
        self.terms.apps(function, arguments)
    }
}

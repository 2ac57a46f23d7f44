//! What axioms and quotients must say: a known name with another statement is refused.

use std::sync::Arc;

use crate::checker::Checker;
use crate::environment::{AxiomSet, Kind, Quotient};
use crate::levels::{Level, Shape, ZERO};
use crate::limits::{Res, wrong};
use crate::names::Name;
use crate::terms::{Node, Term};

/// Axioms whose statements we know; the place is their bit.
pub(crate) const AXIOMS: [&str; 3] = ["propext", "Quot.sound", "Classical.choice"];

/// The names of the axioms in a set.
pub(crate) fn axiom_names(set: AxiomSet) -> Vec<&'static str> {
    let all = AXIOMS.iter().enumerate();
    all.filter(|(bit, _)| set >> bit & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}

impl Checker {
    fn bound(&mut self, at: u32) -> Res<Term> {
        self.terms.make(Node::Bound(at))
    }

    fn arrow(&mut self, from: Term, into: Term) -> Res<Term> {
        self.terms.make(Node::Pi(from, into))
    }

    /// Binders one after another, the outermost first, and what they bind over.
    fn chain(&mut self, binders: &[Term], body: Term) -> Res<Term> {
        binders.iter().rev().try_fold(body, |body, of| self.arrow(*of, body))
    }

    fn named(&mut self, name: &str, levels: Vec<Level>, arguments: &[Term]) -> Res<Term> {
        let name = self.names.path(name);
        let constant = self.terms.constant(name, levels)?;
        self.terms.apps(constant, arguments)
    }

    /// `α → α → Prop`, where `α` is the bound variable `at`.
    fn relation(&mut self, at: u32) -> Res<Term> {
        let (first, second) = (self.bound(at)?, self.bound(at + 1)?);
        let prop = self.terms.sort(ZERO)?;
        self.chain(&[first, second], prop)
    }

    fn levels_of(&mut self, params: &[Name]) -> Res<Vec<Level>> {
        params
            .iter()
            .map(|name| self.terms.levels.make(Shape::Param(*name)))
            .collect()
    }

    /// The statement of an axiom that we know, for these level parameters.
    pub(crate) fn axiom_statement(&mut self, bit: usize, params: &[Name]) -> Res<Term> {
        let levels = self.levels_of(params)?;
        match (AXIOMS.get(bit), levels.as_slice()) {
            (Some(&"propext"), []) => {
                self.demand_eq()?;
                self.demand_iff()?;
                let prop = self.terms.sort(ZERO)?;
                let one = self.terms.levels.succ(ZERO)?;
                let (a, b) = (self.bound(1)?, self.bound(0)?);
                let same = self.named("Iff", vec![], &[a, b])?;
                let (a, b) = (self.bound(2)?, self.bound(1)?);
                let equal = self.named("Eq", vec![one], &[prop, a, b])?;
                self.chain(&[prop, prop, same], equal)
            }
            (Some(&"Quot.sound"), &[u]) => {
                self.demand_eq()?;
                self.demand_quotient()?;
                let sort = self.terms.sort(u)?;
                let relation = self.relation(0)?;
                let (a_of, b_of) = (self.bound(1)?, self.bound(2)?);
                let (r, a, b) = (self.bound(2)?, self.bound(1)?, self.bound(0)?);
                let related = self.terms.apps(r, &[a, b])?;
                let (of, r, a, b) = (self.bound(4)?, self.bound(3)?, self.bound(2)?, self.bound(1)?);
                let quotient = self.named("Quot", vec![u], &[of, r])?;
                let a = self.named("Quot.mk", vec![u], &[of, r, a])?;
                let b = self.named("Quot.mk", vec![u], &[of, r, b])?;
                let equal = self.named("Eq", vec![u], &[quotient, a, b])?;
                self.chain(&[sort, relation, a_of, b_of, related], equal)
            }
            (Some(&"Classical.choice"), &[u]) => {
                self.demand_nonempty()?;
                let sort = self.terms.sort(u)?;
                let of = self.bound(0)?;
                let nonempty = self.named("Nonempty", vec![u], &[of])?;
                let of = self.bound(1)?;
                self.chain(&[sort, nonempty], of)
            }
            _ => wrong("an axiom of this name takes another number of universe levels"),
        }
    }

    /// The type that one of the four constants of quotients must have.
    pub(crate) fn quotient_statement(&mut self, kind: Quotient, params: &[Name]) -> Res<Term> {
        let levels = self.levels_of(params)?;
        let prop = self.terms.sort(ZERO)?;
        match (kind, levels.as_slice()) {
            (Quotient::Type, &[u]) => {
                let (sort, relation) = (self.terms.sort(u)?, self.relation(0)?);
                self.chain(&[sort, relation], sort)
            }
            (Quotient::Class, &[u]) => {
                let (sort, relation, a) = (self.terms.sort(u)?, self.relation(0)?, self.bound(1)?);
                let (of, r) = (self.bound(2)?, self.bound(1)?);
                let quotient = self.named("Quot", vec![u], &[of, r])?;
                self.chain(&[sort, relation, a], quotient)
            }
            (Quotient::Lift, &[u, v]) => {
                self.demand_eq()?;
                let (sort, relation, into) = (self.terms.sort(u)?, self.relation(0)?, self.terms.sort(v)?);
                let (of, into_here) = (self.bound(2)?, self.bound(1)?);
                let function = self.arrow(of, into_here)?;
                // α r β f a b: the function respects the relation.
                let (a_of, b_of) = (self.bound(3)?, self.bound(4)?);
                let (r, a, b) = (self.bound(4)?, self.bound(1)?, self.bound(0)?);
                let related = self.terms.apps(r, &[a, b])?;
                let (into_there, f, a, b) = (self.bound(4)?, self.bound(3)?, self.bound(2)?, self.bound(1)?);
                let (fa, fb) = (self.terms.app(f, a)?, self.terms.app(f, b)?);
                let equal = self.named("Eq", vec![v], &[into_there, fa, fb])?;
                let respects = self.chain(&[a_of, b_of, related], equal)?;
                let (of, r) = (self.bound(4)?, self.bound(3)?);
                let quotient = self.named("Quot", vec![u], &[of, r])?;
                let result = self.bound(3)?;
                self.chain(&[sort, relation, into, function, respects, quotient], result)
            }
            (Quotient::Induction, &[u]) => {
                let (sort, relation) = (self.terms.sort(u)?, self.relation(0)?);
                let (of, r) = (self.bound(1)?, self.bound(0)?);
                let quotient = self.named("Quot", vec![u], &[of, r])?;
                let motive = self.arrow(quotient, prop)?;
                let (each, of, r, a) = (self.bound(2)?, self.bound(3)?, self.bound(2)?, self.bound(0)?);
                let class = self.named("Quot.mk", vec![u], &[of, r, a])?;
                let (at, motive_here) = (each, self.bound(1)?);
                let holds = self.terms.app(motive_here, class)?;
                let holds = self.arrow(at, holds)?;
                let (of, r) = (self.bound(3)?, self.bound(2)?);
                let quotient = self.named("Quot", vec![u], &[of, r])?;
                let (motive_there, value) = (self.bound(2)?, self.bound(0)?);
                let result = self.terms.app(motive_there, value)?;
                self.chain(&[sort, relation, motive, holds, quotient], result)
            }
            _ => wrong("this constant of quotients takes another number of universe levels"),
        }
    }

    /// Fails unless `Eq` is equality.
    pub(crate) fn demand_eq(&mut self) -> Res<()> {
        self.demand("Eq", "Eq.refl", 2, |checker, u| {
            let (sort, prop) = (checker.terms.sort(u)?, checker.terms.sort(ZERO)?);
            let (first, second) = (checker.bound(0)?, checker.bound(1)?);
            let family = checker.chain(&[sort, first, second], prop)?;
            let (of, a) = (checker.bound(1)?, checker.bound(0)?);
            let equal = checker.named("Eq", vec![u], &[of, a, a])?;
            let of = checker.bound(0)?;
            Ok((family, checker.chain(&[sort, of], equal)?))
        })
    }

    /// Fails unless `Nonempty` says that a type has a value.
    fn demand_nonempty(&mut self) -> Res<()> {
        self.demand("Nonempty", "Nonempty.intro", 1, |checker, u| {
            let (sort, prop) = (checker.terms.sort(u)?, checker.terms.sort(ZERO)?);
            let family = checker.arrow(sort, prop)?;
            let (value, of) = (checker.bound(0)?, checker.bound(1)?);
            let nonempty = checker.named("Nonempty", vec![u], &[of])?;
            Ok((family, checker.chain(&[sort, value], nonempty)?))
        })
    }

    /// Fails unless `Iff` is both implications.
    fn demand_iff(&mut self) -> Res<()> {
        self.demand("Iff", "Iff.intro", 2, |checker, _| {
            let prop = checker.terms.sort(ZERO)?;
            let family = checker.chain(&[prop, prop], prop)?;
            let (a, b) = (checker.bound(1)?, checker.bound(1)?);
            let forth = checker.arrow(a, b)?;
            let (b, a) = (checker.bound(1)?, checker.bound(3)?);
            let back = checker.arrow(b, a)?;
            let (a, b) = (checker.bound(3)?, checker.bound(2)?);
            let both = checker.named("Iff", vec![], &[a, b])?;
            Ok((family, checker.chain(&[prop, prop, forth, back], both)?))
        })
    }

    fn demand_quotient(&mut self) -> Res<()> {
        for (name, kind) in [("Quot", Quotient::Type), ("Quot.mk", Quotient::Class)] {
            let path = self.names.path(name);
            let found = self.environment.get(path).map(|found| &found.kind);
            if !matches!(found, Some(Kind::Quotient(found)) if *found == kind) {
                return wrong(format!("`{name}` is not the one that this statement speaks of"));
            }
        }
        Ok(())
    }

    /// Fails unless a type of one constructor and at most one level is declared exactly so.
    fn demand(
        &mut self,
        family: &str,
        constructor: &str,
        count: usize,
        statement: impl FnOnce(&mut Self, Level) -> Res<(Term, Term)>,
    ) -> Res<()> {
        let (name, only) = (self.names.path(family), self.names.path(constructor));
        let declared = self.environment.get(name);
        let params = declared.map(|found| Arc::clone(&found.params)).unwrap_or_default();
        let level = match *params {
            [name] => self.terms.levels.make(Shape::Param(name))?,
            _ => ZERO,
        };
        let (family_of, constructor_of) = statement(self, level)?;
        let same = match self.environment.get(name) {
            Some(found) => match &found.kind {
                Kind::Family(kind) => found.of == family_of && kind.constructors == [only] && kind.params == count,
                _ => false,
            },
            None => false,
        };
        let same = same
            && self
                .environment
                .get(only)
                .is_some_and(|found| found.of == constructor_of);
        if !same {
            return wrong(format!("`{family}` is not the one that this statement speaks of"));
        }
        Ok(())
    }
}

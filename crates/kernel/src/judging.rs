//! Judges the declarations of an export, one after another.

use std::sync::Arc;

use crate::checker::Checker;
use crate::environment::{AxiomSet, Kind};
use crate::export::Declared;
use crate::inductive::{Head, declare};
use crate::infer::parts;
use crate::limits::{Res, unsupported, wrong};
use crate::names::Name;
use crate::statements::AXIOMS;
use crate::table::Set;
use crate::terms::{Node, Term};

impl Checker {
    /// Judges one declaration; `permitted` are the axioms that it may declare.
    pub(crate) fn add(&mut self, declared: &Declared, permitted: AxiomSet) -> Res<()> {
        if !matches!(declared, Declared::Inductive(_)) {
            self.check_kept(Self::name_of(declared))?;
        }
        match declared {
            Declared::Axiom(head) => self.add_axiom(head, permitted)?,
            Declared::Definition(head, value, late) => {
                self.check_head(head)?;
                self.check_value(head, *value)?;
                self.add_value(head, *value, Kind::Value(*value, *late))?;
            }
            Declared::Theorem(head, value) => {
                let level = self.check_head(head)?;
                if level != crate::levels::ZERO {
                    return wrong("a theorem must state a proposition");
                }
                self.check_value(head, *value)?;
                self.add_value(head, *value, Kind::Value(*value, 0))?;
            }
            Declared::Opaque(head, value) => {
                self.check_head(head)?;
                self.check_value(head, *value)?;
                self.add_value(head, *value, Kind::Opaque)?;
            }
            Declared::Quotient(head, kind) => {
                self.check_head(head)?;
                let path = match kind {
                    crate::environment::Quotient::Type => "Quot",
                    crate::environment::Quotient::Class => "Quot.mk",
                    crate::environment::Quotient::Lift => "Quot.lift",
                    crate::environment::Quotient::Induction => "Quot.ind",
                };
                let expected = self.quotient_statement(*kind, &head.params)?;
                if self.names.path(path) != head.name || expected != head.of {
                    return wrong(format!("this is not `{path}` as it must be"));
                }
                let axioms = self.axioms_of(&[head.of])?;
                self.environment
                    .add(head.name, declare(head, axioms, Kind::Quotient(*kind)));
            }
            Declared::Inductive(entry) => {
                self.add_inductive(entry)?;
                self.forget();
            }
        }
        self.tidy();
        Ok(())
    }

    fn add_axiom(&mut self, head: &Head, permitted: AxiomSet) -> Res<()> {
        let known = AXIOMS.iter().position(|path| self.names.path(path) == head.name);
        let Some(bit) = known else {
            return unsupported("an axiom that is not known here");
        };
        if permitted >> bit & 1 == 0 {
            return wrong("this axiom is not permitted");
        }
        self.check_head(head)?;
        if self.axiom_statement(bit, &head.params)? != head.of {
            return wrong("this axiom does not say what its name stands for");
        }
        let axioms = self.axioms_of(&[head.of])? | 1 << bit;
        self.environment.add(head.name, declare(head, axioms, Kind::Axiom));
        Ok(())
    }

    fn check_value(&mut self, head: &Head, value: Term) -> Res<()> {
        self.check_closed(value, &head.params)?;
        let of = self.judge(value)?;
        if !self.equal(head.of, of)? {
            return wrong("the value has another type than is declared");
        }
        Ok(())
    }

    fn add_value(&mut self, head: &Head, value: Term, kind: Kind) -> Res<()> {
        let axioms = self.axioms_of(&[head.of, value])?;
        self.environment.add(head.name, declare(head, axioms, kind));
        self.meet_constant(head.name)
    }

    /// The axioms that terms rest on, through everything they mention.
    pub(crate) fn axioms_of(&mut self, terms: &[Term]) -> Res<AxiomSet> {
        let (mut open, mut seen, mut axioms) = (terms.to_vec(), Set::default(), 0);
        while let Some(term) = open.pop() {
            if !seen.insert(term) {
                continue;
            }
            self.terms.meter.step(1)?;
            match self.terms.node(term) {
                Node::Const(name, _) => axioms |= self.environment.get(name).map_or(0, |found| found.axioms),
                node => open.extend(parts(node)),
            }
        }
        Ok(axioms)
    }

    /// The name of a declaration, to tell where a refusal belongs.
    pub(crate) fn name_of(declared: &Declared) -> Option<Name> {
        match declared {
            Declared::Axiom(head)
            | Declared::Definition(head, ..)
            | Declared::Theorem(head, _)
            | Declared::Opaque(head, _)
            | Declared::Quotient(head, _) => Some(head.name),
            Declared::Inductive(entry) => entry.families.first().map(|family| family.head.name),
        }
    }

    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            has_nat: self.known.has_nat(),
            proved: self.known.proved(),
            names: self.names.into_base(),
            terms: self.terms.into_base(),
            environment: self.environment.into_base(),
        }
    }
}

/// What remains of a checker when it has judged a theory.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) has_nat: bool,
    pub(crate) proved: Vec<crate::wellknown::Arithmetic>,
    pub(crate) names: Arc<crate::table::Table<crate::names::Part>>,
    pub(crate) terms: crate::terms::Base,
    pub(crate) environment: Arc<crate::table::Map<Name, crate::environment::Declaration>>,
}

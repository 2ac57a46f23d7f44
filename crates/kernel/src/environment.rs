//! What has been declared and judged.

use std::sync::Arc;

use crate::names::Name;
use crate::table::Map;
use crate::terms::Term;

/// Bits of the axioms that something rests on.
pub(crate) type AxiomSet = u8;

#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// Parameters of universe levels.
    pub(crate) params: Arc<[Name]>,
    pub(crate) of: Term,
    pub(crate) axioms: AxiomSet,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Axiom,
    /// A value that unfolds, and how late: what is greater unfolds first.
    Value(Term, u32),
    Opaque,
    Quotient(Quotient),
    Family(Arc<Family>),
    Constructor(Constructor),
    Recursor(Arc<Recursor>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotient {
    Type,
    Class,
    Lift,
    Induction,
}

/// An inductive type.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) params: usize,
    pub(crate) indices: usize,
    pub(crate) constructors: Vec<Name>,
    pub(crate) is_recursive: bool,
}

impl Family {
    /// The only constructor of a type whose values are known by their fields.
    pub(crate) fn record(&self) -> Option<Name> {
        match self.constructors.as_slice() {
            [only] if self.indices == 0 && !self.is_recursive => Some(*only),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Constructor {
    pub(crate) family: Name,
    pub(crate) params: usize,
    pub(crate) fields: usize,
}

#[derive(Debug)]
pub(crate) struct Recursor {
    pub(crate) family: Name,
    pub(crate) params: usize,
    pub(crate) motives: usize,
    pub(crate) minors: usize,
    pub(crate) indices: usize,
    /// Constructor, number of fields, and what is done with parameters, motives, minors and fields.
    pub(crate) rules: Vec<(Name, usize, Term)>,
    /// Whether any proof of the type will do in place of the constructor.
    pub(crate) any_proof: bool,
}

impl Recursor {
    pub(crate) const fn major(&self) -> usize {
        self.params + self.motives + self.minors + self.indices
    }
}

/// Names and what they stand for: those of a theory, and those added to it.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    base: Arc<Map<Name, Declaration>>,
    own: Map<Name, Declaration>,
}

impl Environment {
    pub(crate) fn new(base: Arc<Map<Name, Declaration>>) -> Self {
        Self {
            base,
            own: Map::default(),
        }
    }

    pub(crate) fn get(&self, name: Name) -> Option<&Declaration> {
        self.base.get(&name).or_else(|| self.own.get(&name))
    }

    pub(crate) fn add(&mut self, name: Name, declaration: Declaration) {
        self.own.insert(name, declaration);
    }

    pub(crate) fn into_base(self) -> Arc<Map<Name, Declaration>> {
        Arc::new(self.own)
    }
}

//! The judge of one export: terms, declarations, and what was found out on the way.

use crate::environment::{Constructor, Declaration, Environment, Kind};
use crate::levels::Level;
use crate::limits::{Res, limit, wrong};
use crate::names::{Name, Names};
use crate::table::{Map, Set};
use crate::terms::{LevelList, Node, Term, Terms};
use crate::wellknown::WellKnown;

/// Nested judgements; each takes a few frames of the stack, see `STACK_BYTES`.
const DEPTH_MAX: u32 = 20_000;
/// What the thread of a check may use; touched only as deep as a proof is.
pub(crate) const STACK_BYTES: usize = 512 << 20;
/// Passing terms are thrown away between declarations when there are more.
const PASSING_MAX: usize = 150_000;

#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// Types of terms all of whose parts were judged.
    pub(crate) judged: Map<Term, Term>,
    /// Types of terms that are known to be sound.
    pub(crate) types: Map<Term, Term>,
    pub(crate) heads: Map<Term, Term>,
    pub(crate) normal: Map<Term, Term>,
    pub(crate) equal: Set<(Term, Term)>,
    pub(crate) different: Set<(Term, Term)>,
    /// Types and values of constants at their levels.
    pub(crate) constant_types: Map<Term, Term>,
    pub(crate) constant_values: Map<Term, Term>,
}

#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) terms: Terms,
    pub(crate) names: Names,
    pub(crate) environment: Environment,
    pub(crate) known: WellKnown,
    pub(crate) caches: Caches,
    pub(crate) depth: u32,
}

impl Checker {
    pub(crate) fn new(terms: Terms, mut names: Names, environment: Environment) -> Self {
        let known = WellKnown::new(&mut names);
        Self {
            terms,
            names,
            environment,
            known,
            caches: Caches::default(),
            depth: 0,
        }
    }

    /// Goes one judgement deeper; `up` comes back.
    #[inline]
    pub(crate) fn down(&mut self) -> Res<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return limit(format!("judgements nest deeper than {DEPTH_MAX}"));
        }
        self.terms.meter.step(1)
    }

    #[inline]
    pub(crate) fn up(&mut self) {
        self.depth -= 1;
    }

    /// Between declarations: what was found out stays true, but must not fill the memory.
    pub(crate) fn tidy(&mut self) {
        self.depth = 0;
        if self.terms.passing() > PASSING_MAX {
            self.forget();
        }
    }

    pub(crate) fn forget(&mut self) {
        self.caches = Caches::default();
        self.terms.forget();
    }

    pub(crate) fn show(&self, name: Name) -> String {
        self.names.show(name)
    }

    pub(crate) fn declared(&self, name: Name) -> Res<&Declaration> {
        match self.environment.get(name) {
            Some(declaration) => Ok(declaration),
            None => wrong(format!("`{}` is not declared before it is used", self.show(name))),
        }
    }

    pub(crate) fn constructor(&self, name: Name) -> Option<Constructor> {
        match self.environment.get(name)?.kind {
            Kind::Constructor(constructor) => Some(constructor),
            _ => None,
        }
    }

    /// The type of a constant at levels.
    pub(crate) fn constant_type(&mut self, term: Term, name: Name, list: LevelList) -> Res<Term> {
        if let Some(of) = self.caches.constant_types.get(&term) {
            return Ok(*of);
        }
        let declaration = self.declared(name)?;
        let (params, of) = (declaration.params.clone(), declaration.of);
        let levels = self.terms.list(list).to_vec();
        if levels.len() != params.len() {
            return wrong(format!(
                "`{}` takes {} universe levels and got {}",
                self.show(name),
                params.len(),
                levels.len()
            ));
        }
        let of = self.terms.replace_levels(of, &params, &levels)?;
        self.caches.constant_types.insert(term, of);
        Ok(of)
    }

    /// How late the head of a term unfolds; none when it does not.
    pub(crate) fn unfolds(&self, term: Term) -> Option<u32> {
        let Node::Const(name, list) = self.terms.node(self.terms.head(term)) else {
            return None;
        };
        let declaration = self.environment.get(name)?;
        match declaration.kind {
            Kind::Value(_, late) if declaration.params.len() == self.terms.list(list).len() => Some(late),
            _ => None,
        }
    }

    /// A term with its head replaced by what the head stands for.
    pub(crate) fn unfold(&mut self, term: Term) -> Res<Option<Term>> {
        let (head, arguments) = self.terms.spine(term);
        match self.constant_value(head)? {
            Some(value) => self.beta(value, &arguments).map(Some),
            None => Ok(None),
        }
    }

    fn constant_value(&mut self, head: Term) -> Res<Option<Term>> {
        if let Some(value) = self.caches.constant_values.get(&head) {
            return Ok(Some(*value));
        }
        let Node::Const(name, list) = self.terms.node(head) else {
            return Ok(None);
        };
        let Some(declaration) = self.environment.get(name) else {
            return Ok(None);
        };
        let Kind::Value(value, _) = declaration.kind else {
            return Ok(None);
        };
        let params = declaration.params.clone();
        let levels = self.terms.list(list).to_vec();
        if levels.len() != params.len() {
            return Ok(None);
        }
        let value = self.terms.replace_levels(value, &params, &levels)?;
        self.caches.constant_values.insert(head, value);
        Ok(Some(value))
    }

    /// Applies a function to arguments, through as many binders as there are.
    pub(crate) fn beta(&mut self, function: Term, arguments: &[Term]) -> Res<Term> {
        let (mut body, mut used) = (function, 0);
        while let (Node::Lam(_, inner), true) = (self.terms.node(body), used < arguments.len()) {
            body = inner;
            used += 1;
        }
        let body = self.terms.instantiate(body, arguments.get(..used).unwrap_or(&[]))?;
        self.terms.apps(body, arguments.get(used..).unwrap_or(&[]))
    }

    pub(crate) fn level_of_sort(&mut self, term: Term) -> Res<Level> {
        let term = self.whnf(term)?;
        match self.terms.node(term) {
            Node::Sort(level) => Ok(level),
            _ => wrong("a type is expected where another thing stands"),
        }
    }

    pub(crate) fn pi(&mut self, term: Term) -> Res<(Term, Term)> {
        let term = match self.terms.node(term) {
            Node::Pi(..) => term,
            _ => self.whnf(term)?,
        };
        match self.terms.node(term) {
            Node::Pi(from, into) => Ok((from, into)),
            _ => wrong("a function is expected where another thing stands"),
        }
    }
}

//! Types of terms.

use crate::checker::Checker;
use crate::environment::Kind;
use crate::levels::Level;
use crate::limits::{Res, unsupported, wrong};
use crate::names::Name;
use crate::terms::{Node, Term};

/// Whether parts of a term are judged, or known to be sound.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Judge,
    Known,
}

impl Checker {
    /// The type of a term all of whose parts are judged on the way.
    pub(crate) fn judge(&mut self, term: Term) -> Res<Term> {
        self.infer(term, Trust::Judge)
    }

    /// The type of a term that was judged, or made of such.
    pub(crate) fn type_of(&mut self, term: Term) -> Res<Term> {
        self.infer(term, Trust::Known)
    }

    /// The universe that a judged type lives in.
    pub(crate) fn judge_type(&mut self, term: Term) -> Res<Level> {
        let of = self.judge(term)?;
        self.level_of_sort(of)
    }

    /// Whether a type is a proposition.
    pub(crate) fn is_proposition(&mut self, of: Term) -> Res<bool> {
        let sort = self.type_of(of)?;
        let sort = self.whnf(sort)?;
        match self.terms.node(sort) {
            Node::Sort(level) => Ok(level == crate::levels::ZERO),
            _ => Ok(false),
        }
    }

    fn infer(&mut self, term: Term, trust: Trust) -> Res<Term> {
        if let Node::Local(_, of) = self.terms.node(term) {
            return Ok(of);
        }
        if let Some(of) = self.caches.judged.get(&term) {
            return Ok(*of);
        }
        if trust == Trust::Known
            && let Some(of) = self.caches.types.get(&term)
        {
            return Ok(*of);
        }
        self.down()?;
        let of = self.infer_node(term, trust)?;
        self.up();
        self.terms.meter.grow(16)?;
        match trust {
            Trust::Judge => self.caches.judged.insert(term, of),
            Trust::Known => self.caches.types.insert(term, of),
        };
        Ok(of)
    }

    fn infer_node(&mut self, term: Term, trust: Trust) -> Res<Term> {
        match self.terms.node(term) {
            Node::Hole => wrong("a term that is none"),
            Node::Bound(at) => wrong(format!("bound variable {at} has no binder")),
            Node::Local(_, of) => Ok(of),
            Node::Sort(level) => {
                let level = self.terms.levels.succ(level)?;
                self.terms.sort(level)
            }
            Node::Const(name, list) => self.constant_type(term, name, list),
            Node::App(..) => self.infer_app(term, trust),
            Node::Lam(..) => self.infer_lam(term, trust),
            Node::Pi(..) => self.infer_pi(term, trust),
            Node::Let(of, value, body) => self.infer_let(of, value, body, trust),
            Node::Proj(structure, at, value) => self.infer_projection(structure, at, value, trust),
            Node::Nat(_) if self.known.has_nat() => self.terms.constant(self.known.nat, Vec::new()),
            Node::Nat(_) => unsupported("a number stands where `Nat` is not declared yet"),
        }
    }

    fn infer_app(&mut self, term: Term, trust: Trust) -> Res<Term> {
        let (head, arguments) = self.terms.spine(term);
        let mut of = self.infer(head, trust)?;
        // Bound variables of `of` stand for the arguments from `open` on.
        let mut open = 0;
        for (at, argument) in arguments.iter().enumerate() {
            if !matches!(self.terms.node(of), Node::Pi(..)) {
                of = self.terms.instantiate(of, arguments.get(open..at).unwrap_or(&[]))?;
                open = at;
                let (from, into) = self.pi(of)?;
                of = self.terms.make(Node::Pi(from, into))?;
            }
            let Node::Pi(from, into) = self.terms.node(of) else {
                return wrong("a function is expected where another thing stands");
            };
            if trust == Trust::Judge {
                let from = self.terms.instantiate(from, arguments.get(open..at).unwrap_or(&[]))?;
                let found = self.infer(*argument, trust)?;
                if !self.equal(from, found)? {
                    let name = self.show_head(head);
                    return wrong(format!(
                        "argument {} of {name} has another type than is expected",
                        at + 1
                    ));
                }
            }
            of = into;
        }
        self.terms.instantiate(of, arguments.get(open..).unwrap_or(&[]))
    }

    fn show_head(&self, head: Term) -> String {
        match self.terms.node(head) {
            Node::Const(name, _) => format!("`{}`", self.show(name)),
            _ => "a function".to_owned(),
        }
    }

    fn infer_lam(&mut self, term: Term, trust: Trust) -> Res<Term> {
        let (mut body, mut locals) = (term, Vec::new());
        while let Node::Lam(of, inner) = self.terms.node(body) {
            let of = self.terms.instantiate(of, &locals)?;
            if trust == Trust::Judge {
                self.judge_type(of)?;
            }
            locals.push(self.terms.local(of)?);
            body = inner;
        }
        let body = self.terms.instantiate(body, &locals)?;
        let of = self.infer(body, trust)?;
        self.terms.pis(&locals, of)
    }

    fn infer_pi(&mut self, term: Term, trust: Trust) -> Res<Term> {
        let (mut body, mut locals, mut levels) = (term, Vec::new(), Vec::new());
        while let Node::Pi(of, inner) = self.terms.node(body) {
            let of = self.terms.instantiate(of, &locals)?;
            let sort = self.infer(of, trust)?;
            levels.push(self.level_of_sort(sort)?);
            locals.push(self.terms.local(of)?);
            body = inner;
        }
        let body = self.terms.instantiate(body, &locals)?;
        let sort = self.infer(body, trust)?;
        let mut level = self.level_of_sort(sort)?;
        for from in levels.iter().rev() {
            level = self.terms.levels.imax(*from, level)?;
        }
        self.terms.sort(level)
    }

    fn infer_let(&mut self, of: Term, value: Term, body: Term, trust: Trust) -> Res<Term> {
        if trust == Trust::Judge {
            self.judge_type(of)?;
            let found = self.judge(value)?;
            if !self.equal(of, found)? {
                return wrong("the value of a `let` has another type than it says");
            }
        }
        let body = self.terms.instantiate(body, &[value])?;
        self.infer(body, trust)
    }

    fn infer_projection(&mut self, structure: Name, at: u32, value: Term, trust: Trust) -> Res<Term> {
        let of = self.infer(value, trust)?;
        let of = self.whnf(of)?;
        let (head, arguments) = self.terms.spine(of);
        let Node::Const(name, list) = self.terms.node(head) else {
            return wrong("a projection of a thing that is no structure");
        };
        let Some(Kind::Family(family)) = self.environment.get(name).map(|found| &found.kind) else {
            return wrong(format!(
                "a projection of a value of `{}`, which is no structure",
                self.show(name)
            ));
        };
        let &[constructor] = family.constructors.as_slice() else {
            return wrong(format!(
                "`{}` has not exactly one constructor to project from",
                self.show(name)
            ));
        };
        if name != structure || family.indices != 0 || arguments.len() != family.params {
            return wrong(format!("a projection says `{}` of another type", self.show(structure)));
        }
        let is_proof = self.is_proposition(of)?;
        let constructor = self.terms.make(Node::Const(constructor, list))?;
        let mut of = self.type_of(constructor)?;
        for argument in arguments {
            let (_, into) = self.pi(of)?;
            of = self.terms.instantiate(into, &[argument])?;
        }
        for before in 0..at {
            let (from, into) = self.pi(of)?;
            // What follows a field that is no proof must not depend on it: a proof hides its fields.
            if is_proof && self.terms.loose(into) > 0 && !self.is_proposition(from)? {
                return wrong(format!("a projection out of a proof of `{}`", self.show(structure)));
            }
            let field = self.terms.make(Node::Proj(structure, before, value))?;
            of = self.terms.instantiate(into, &[field])?;
        }
        let (from, _) = self.pi(of)?;
        if is_proof && !self.is_proposition(from)? {
            return wrong(format!("a projection out of a proof of `{}`", self.show(structure)));
        }
        Ok(from)
    }

    /// A declared type or value may speak of its own level parameters only.
    pub(crate) fn check_params(&mut self, term: Term, params: &[Name]) -> Res<()> {
        let (mut open, mut seen) = (vec![term], crate::table::Set::default());
        while let Some(term) = open.pop() {
            if !self.terms.has_param(term) || !seen.insert(term) {
                continue;
            }
            self.terms.meter.step(1)?;
            let levels = match self.terms.node(term) {
                Node::Sort(level) => vec![level],
                Node::Const(_, list) => self.terms.list(list).to_vec(),
                node => {
                    open.extend(parts(node));
                    continue;
                }
            };
            for level in levels {
                if let Some(name) = self.terms.levels.stranger(level, params, &mut self.terms.meter)? {
                    return wrong(format!(
                        "universe level parameter `{}` is not declared",
                        self.show(name)
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The terms directly within a term; the type of a local is none of them.
pub(crate) fn parts(node: Node) -> impl Iterator<Item = Term> {
    let parts = match node {
        Node::App(a, b) | Node::Lam(a, b) | Node::Pi(a, b) => [Some(a), Some(b), None],
        Node::Let(a, b, c) => [Some(a), Some(b), Some(c)],
        Node::Proj(_, _, a) => [Some(a), None, None],
        _ => [None; 3],
    };
    parts.into_iter().flatten()
}

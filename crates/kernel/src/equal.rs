//! Whether two terms are the same by definition.

use std::cmp::Ordering;

use crate::checker::Checker;
use crate::environment::Kind;
use crate::limits::Res;
use crate::terms::{Node, Term};

/// What is known of two terms after some work.
enum Answer {
    Known(bool),
    /// Both stand still; nothing is decided.
    Stuck(Term, Term),
}

impl Checker {
    /// Whether two sound terms of one type are the same by definition.
    pub(crate) fn equal(&mut self, a: Term, b: Term) -> Res<bool> {
        if a == b {
            return Ok(true);
        }
        let key = (a.min(b), a.max(b));
        if self.caches.equal.contains(&key) {
            return Ok(true);
        }
        self.down()?;
        let same = self.compare(a, b)?;
        self.up();
        if same {
            self.terms.meter.grow(16)?;
            self.caches.equal.insert(key);
        }
        Ok(same)
    }

    fn compare(&mut self, a: Term, b: Term) -> Res<bool> {
        if let Some(answer) = self.compare_shapes(a, b)? {
            return Ok(answer);
        }
        if let Some(answer) = self.compare_with_true(a, b)? {
            return Ok(answer);
        }
        let (x, y) = (self.whnf_core(a)?, self.whnf_core(b)?);
        if x == y {
            return Ok(true);
        }
        if (x != a || y != b)
            && let Some(answer) = self.compare_shapes(x, y)?
        {
            return Ok(answer);
        }
        if let Some(answer) = self.compare_proofs(x, y)? {
            return Ok(answer);
        }
        let (x, y) = match self.unfold_both(x, y)? {
            Answer::Known(answer) => return Ok(answer),
            Answer::Stuck(x, y) => (x, y),
        };
        if x == y {
            return Ok(true);
        }
        if let Some(answer) = self.compare_shapes(x, y)? {
            return Ok(answer);
        }
        if self.compare_heads(x, y)? || self.compare_apps(x, y)? {
            return Ok(true);
        }
        if self.compare_numbers(x, y)? || self.compare_eta(x, y)? || self.compare_eta(y, x)? {
            return Ok(true);
        }
        Ok(self.compare_record(x, y)? || self.compare_record(y, x)? || self.compare_unit(x, y)?)
    }

    /// Binders and sorts: their shape alone decides.
    fn compare_shapes(&mut self, a: Term, b: Term) -> Res<Option<bool>> {
        match (self.terms.node(a), self.terms.node(b)) {
            (Node::Sort(a), Node::Sort(b)) => self.terms.levels.same(a, b, &mut self.terms.meter).map(Some),
            (Node::Lam(..), Node::Lam(..)) | (Node::Pi(..), Node::Pi(..)) => self.compare_binders(a, b).map(Some),
            (Node::Nat(a), Node::Nat(b)) => Ok(Some(a == b)),
            _ => Ok(None),
        }
    }

    fn compare_binders(&mut self, mut a: Term, mut b: Term) -> Res<bool> {
        let mut locals = Vec::new();
        while let (Node::Lam(from, a_inner), Node::Lam(to, b_inner))
        | (Node::Pi(from, a_inner), Node::Pi(to, b_inner)) = (self.terms.node(a), self.terms.node(b))
        {
            let from_open = self.terms.instantiate(from, &locals)?;
            if from != to {
                let to = self.terms.instantiate(to, &locals)?;
                if !self.equal(from_open, to)? {
                    return Ok(false);
                }
            }
            locals.push(self.terms.local(from_open)?);
            (a, b) = (a_inner, b_inner);
        }
        let a = self.terms.instantiate(a, &locals)?;
        let b = self.terms.instantiate(b, &locals)?;
        self.equal(a, b)
    }

    /// `true` on one side and a closed term on the other: a decision procedure that wants to run.
    fn compare_with_true(&mut self, a: Term, b: Term) -> Res<Option<bool>> {
        let (truth, other) = match (self.is_true(a), self.is_true(b)) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => return Ok(None),
        };
        if self.terms.has_local(other) {
            return Ok(None);
        }
        Ok((self.whnf(other)? == truth).then_some(true))
    }

    fn is_true(&self, term: Term) -> bool {
        matches!(self.terms.node(term), Node::Const(name, _) if name == self.known.truth)
    }

    /// Two proofs of one proposition are the same.
    fn compare_proofs(&mut self, a: Term, b: Term) -> Res<Option<bool>> {
        let of = self.type_of(a)?;
        if !self.is_proposition(of)? {
            return Ok(None);
        }
        let other = self.type_of(b)?;
        Ok(self.equal(of, other)?.then_some(true))
    }

    /// Unfolds definitions step by step, always the one that is defined last.
    fn unfold_both(&mut self, mut a: Term, mut b: Term) -> Res<Answer> {
        loop {
            self.terms.meter.step(1)?;
            if let Some(answer) = self.compare_successors(a, b)? {
                return Ok(Answer::Known(answer));
            }
            let (number_a, number_b) = (self.reduce_nat(a)?, self.reduce_nat(b)?);
            if number_a.is_some() || number_b.is_some() {
                return self
                    .equal(number_a.unwrap_or(a), number_b.unwrap_or(b))
                    .map(Answer::Known);
            }
            let order = match (self.unfolds(a), self.unfolds(b)) {
                (None, None) => return Ok(Answer::Stuck(a, b)),
                (Some(_), None) => Ordering::Greater,
                (None, Some(_)) => Ordering::Less,
                (Some(a), Some(b)) => a.cmp(&b),
            };
            if order == Ordering::Equal && self.compare_same_heads(a, b)? {
                return Ok(Answer::Known(true));
            }
            if order != Ordering::Less {
                a = self.unfold_head(a)?;
            }
            if order != Ordering::Greater {
                b = self.unfold_head(b)?;
            }
            if a == b {
                return Ok(Answer::Known(true));
            }
            if let Some(answer) = self.compare_shapes(a, b)? {
                return Ok(Answer::Known(answer));
            }
        }
    }

    fn unfold_head(&mut self, term: Term) -> Res<Term> {
        let next = self.unfold(term)?.unwrap_or(term);
        self.whnf_core(next)
    }

    /// One function on both sides: equal arguments spare the work of unfolding it.
    fn compare_same_heads(&mut self, a: Term, b: Term) -> Res<bool> {
        if self.terms.head(a) != self.terms.head(b) && !self.compare_heads(self.terms.head(a), self.terms.head(b))? {
            return Ok(false);
        }
        let key = (a.min(b), a.max(b));
        if self.caches.different.contains(&key) {
            return Ok(false);
        }
        let same = self.compare_arguments(a, b)?;
        if !same {
            self.terms.meter.grow(16)?;
            self.caches.different.insert(key);
        }
        Ok(same)
    }

    /// Heads that are no application: constants at equal levels, projections of equal values.
    fn compare_heads(&mut self, a: Term, b: Term) -> Res<bool> {
        match (self.terms.node(a), self.terms.node(b)) {
            (Node::Const(a, some), Node::Const(b, others)) if a == b => {
                let (some, others) = (self.terms.list(some).to_vec(), self.terms.list(others).to_vec());
                let mut same = some.len() == others.len();
                for (a, b) in some.into_iter().zip(others) {
                    same = same && self.terms.levels.same(a, b, &mut self.terms.meter)?;
                }
                Ok(same)
            }
            (Node::Proj(a, at, value), Node::Proj(b, place, other)) if a == b && at == place => {
                self.equal(value, other)
            }
            _ => Ok(false),
        }
    }

    fn compare_apps(&mut self, a: Term, b: Term) -> Res<bool> {
        if !matches!((self.terms.node(a), self.terms.node(b)), (Node::App(..), Node::App(..))) {
            return Ok(false);
        }
        let (head, other) = (self.terms.head(a), self.terms.head(b));
        let heads = head == other || self.compare_heads(head, other)?;
        Ok(heads && self.compare_arguments(a, b)?)
    }

    fn compare_arguments(&mut self, a: Term, b: Term) -> Res<bool> {
        let ((_, some), (_, others)) = (self.terms.spine(a), self.terms.spine(b));
        if some.len() != others.len() {
            return Ok(false);
        }
        for (a, b) in some.into_iter().zip(others) {
            if !self.equal(a, b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A number written out against one built by constructors.
    fn compare_numbers(&mut self, a: Term, b: Term) -> Res<bool> {
        let (x, y) = (self.number_as_constructor(a)?, self.number_as_constructor(b)?);
        if x == a && y == b {
            return Ok(false);
        }
        Ok(x == y || self.compare_apps(x, y)?)
    }

    /// `fun x => f x` is `f`.
    fn compare_eta(&mut self, function: Term, other: Term) -> Res<bool> {
        if !matches!(self.terms.node(function), Node::Lam(..)) || matches!(self.terms.node(other), Node::Lam(..)) {
            return Ok(false);
        }
        let of = self.type_of(other)?;
        let of = self.whnf(of)?;
        let Node::Pi(from, _) = self.terms.node(of) else {
            return Ok(false);
        };
        let innermost = self.terms.make(Node::Bound(0))?;
        let body = self.terms.app(other, innermost)?;
        let expanded = self.terms.make(Node::Lam(from, body))?;
        self.equal(function, expanded)
    }

    /// A value of a record is built of its own fields.
    fn compare_record(&mut self, value: Term, built: Term) -> Res<bool> {
        let (head, arguments) = self.terms.spine(built);
        let Node::Const(name, _) = self.terms.node(head) else {
            return Ok(false);
        };
        let Some(constructor) = self.constructor(name) else {
            return Ok(false);
        };
        let Some(Kind::Family(family)) = self.environment.get(constructor.family).map(|found| &found.kind) else {
            return Ok(false);
        };
        if family.record() != Some(name) || arguments.len() != constructor.params + constructor.fields {
            return Ok(false);
        }
        let (of, built_of) = (self.type_of(value)?, self.type_of(built)?);
        if !self.equal(of, built_of)? {
            return Ok(false);
        }
        for (at, argument) in arguments.iter().skip(constructor.params).enumerate() {
            let field = self.terms.make(Node::Proj(constructor.family, at as u32, value))?;
            if !self.equal(field, *argument)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Two values of a record without fields are the same.
    fn compare_unit(&mut self, a: Term, b: Term) -> Res<bool> {
        let of = self.type_of(a)?;
        let of = self.whnf(of)?;
        let Node::Const(name, _) = self.terms.node(self.terms.head(of)) else {
            return Ok(false);
        };
        let Some(Kind::Family(family)) = self.environment.get(name).map(|found| &found.kind) else {
            return Ok(false);
        };
        let Some(constructor) = family.record() else {
            return Ok(false);
        };
        if self.constructor(constructor).is_none_or(|found| found.fields > 0) {
            return Ok(false);
        }
        let other = self.type_of(b)?;
        self.equal(of, other)
    }
}

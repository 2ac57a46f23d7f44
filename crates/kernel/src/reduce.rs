//! Weak head normal forms: beta, zeta, iota, projections, quotients, arithmetic, delta.

use num_bigint::BigUint;

use crate::checker::Checker;
use crate::environment::{Kind, Quotient, Recursor};
use crate::limits::Res;
use crate::names::Name;
use crate::terms::{Node, Term};

impl Checker {
    /// The weak head normal form, definitions unfolded.
    pub(crate) fn whnf(&mut self, term: Term) -> Res<Term> {
        if self.is_head_normal(term) {
            return Ok(term);
        }
        if let Some(done) = self.caches.normal.get(&term) {
            return Ok(*done);
        }
        self.down()?;
        let mut done = term;
        loop {
            done = self.whnf_core(done)?;
            if let Some(number) = self.reduce_nat(done)? {
                done = number;
                break;
            }
            match self.unfold(done)? {
                Some(next) => done = next,
                None => break,
            }
            self.terms.meter.step(1)?;
        }
        self.up();
        self.terms.meter.grow(16)?;
        self.caches.normal.insert(term, done);
        Ok(done)
    }

    /// Whether nothing at the head of a term can move, whatever is declared.
    fn is_head_normal(&self, term: Term) -> bool {
        matches!(
            self.terms.node(term),
            Node::Hole | Node::Bound(_) | Node::Sort(_) | Node::Lam(..) | Node::Pi(..) | Node::Nat(_) | Node::Local(..)
        )
    }

    /// The weak head normal form, definitions left as they are (but where a match waits for one).
    pub(crate) fn whnf_core(&mut self, term: Term) -> Res<Term> {
        if !matches!(self.terms.node(term), Node::App(..) | Node::Let(..) | Node::Proj(..)) {
            return Ok(term);
        }
        if let Some(done) = self.caches.heads.get(&term) {
            return Ok(*done);
        }
        self.down()?;
        let done = self.whnf_spine(term)?;
        self.up();
        self.terms.meter.grow(16)?;
        self.caches.heads.insert(term, done);
        Ok(done)
    }

    fn whnf_spine(&mut self, term: Term) -> Res<Term> {
        // Arguments wait in reverse; a term that does not move is given back as it was.
        let (mut head, mut waiting, mut moved) = (term, Vec::new(), false);
        loop {
            self.terms.meter.step(1)?;
            match self.terms.node(head) {
                Node::App(function, argument) => {
                    waiting.push(argument);
                    head = function;
                    continue;
                }
                Node::Lam(..) if !waiting.is_empty() => head = self.beta_waiting(head, &mut waiting)?,
                Node::Let(_, value, body) => head = self.terms.instantiate(body, &[value])?,
                Node::Proj(structure, at, value) => match self.reduce_projection(structure, at, value)? {
                    Some(field) => head = field,
                    None => break,
                },
                Node::Const(name, _) => match self.reduce_constant(name, head, &mut waiting)? {
                    Some(next) => head = next,
                    None => break,
                },
                _ => break,
            }
            moved = true;
        }
        if !moved {
            return Ok(term);
        }
        waiting.reverse();
        self.terms.apps(head, &waiting)
    }

    fn beta_waiting(&mut self, function: Term, waiting: &mut Vec<Term>) -> Res<Term> {
        let (mut body, mut values) = (function, Vec::new());
        while let Node::Lam(_, inner) = self.terms.node(body) {
            let Some(value) = waiting.pop() else { break };
            values.push(value);
            body = inner;
        }
        self.terms.instantiate(body, &values)
    }

    fn reduce_projection(&mut self, structure: Name, at: u32, value: Term) -> Res<Option<Term>> {
        let value = self.whnf(value)?;
        let Node::Const(name, _) = self.terms.node(self.terms.head(value)) else {
            return Ok(None);
        };
        let Some(constructor) = self.constructor(name) else {
            return Ok(None);
        };
        if constructor.family != structure {
            return Ok(None);
        }
        let (_, arguments) = self.terms.spine(value);
        Ok(arguments.get(constructor.params + at as usize).copied())
    }

    /// Takes arguments off `waiting` and gives what takes their place.
    fn reduce_constant(&mut self, name: Name, head: Term, waiting: &mut Vec<Term>) -> Res<Option<Term>> {
        let Some(declaration) = self.environment.get(name) else {
            return Ok(None);
        };
        match &declaration.kind {
            Kind::Recursor(recursor) => {
                let recursor = std::sync::Arc::clone(recursor);
                let params = std::sync::Arc::clone(&declaration.params);
                self.reduce_recursor(&recursor, &params, head, waiting)
            }
            Kind::Quotient(kind) => {
                let kind = *kind;
                self.reduce_quotient(kind, waiting)
            }
            _ => Ok(None),
        }
    }

    fn reduce_recursor(
        &mut self,
        recursor: &Recursor,
        params: &[Name],
        head: Term,
        waiting: &mut Vec<Term>,
    ) -> Res<Option<Term>> {
        let Some(place) = waiting.len().checked_sub(recursor.major() + 1) else {
            return Ok(None);
        };
        let Some(major) = waiting.get(place).copied() else {
            return Ok(None);
        };
        let major = match self.only_proof(recursor, major)? {
            Some(made) => made,
            None => {
                let major = self.whnf(major)?;
                let major = self.number_as_constructor(major)?;
                self.as_constructor(recursor, major)?
            }
        };
        let (constructor, fields) = self.terms.spine(major);
        let Node::Const(constructor, _) = self.terms.node(constructor) else {
            return Ok(None);
        };
        let rule = recursor.rules.iter().find(|(name, ..)| *name == constructor);
        let (Some(&(_, count, rule)), Node::Const(_, list)) = (rule, self.terms.node(head)) else {
            return Ok(None);
        };
        let levels = self.terms.list(list).to_vec();
        let Some(first_field) = fields.len().checked_sub(count) else {
            return Ok(None);
        };
        if levels.len() != params.len() {
            return Ok(None);
        }
        let rule = self.rule_at(head, constructor, rule, params, &levels)?;
        let taken = recursor.params + recursor.motives + recursor.minors;
        let mut values: Vec<Term> = waiting.iter().rev().take(taken).copied().collect();
        values.extend(fields.get(first_field..).unwrap_or(&[]));
        waiting.truncate(place);
        self.beta(rule, &values).map(Some)
    }

    /// A rule of a recursor at levels; kept under a term that nothing else is kept under.
    fn rule_at(&mut self, head: Term, constructor: Name, rule: Term, params: &[Name], levels: &[u32]) -> Res<Term> {
        if levels.is_empty() {
            return Ok(rule);
        }
        let key = self.terms.make(Node::Proj(constructor, u32::MAX, head))?;
        if let Some(done) = self.caches.constant_values.get(&key) {
            return Ok(*done);
        }
        let done = self.terms.replace_levels(rule, params, levels)?;
        self.caches.constant_values.insert(key, done);
        Ok(done)
    }

    /// For a type of one proof without fields, any major premise is that proof if the types agree.
    fn only_proof(&mut self, recursor: &Recursor, major: Term) -> Res<Option<Term>> {
        if !recursor.any_proof {
            return Ok(None);
        }
        let of = self.type_of(major)?;
        let of = self.whnf(of)?;
        let (head, arguments) = self.terms.spine(of);
        let (Node::Const(family, list), Some((constructor, ..))) = (self.terms.node(head), recursor.rules.first())
        else {
            return Ok(None);
        };
        if family != recursor.family || arguments.len() < recursor.params {
            return Ok(None);
        }
        let made = self.terms.make(Node::Const(*constructor, list))?;
        let made = self.terms.apps(made, arguments.get(..recursor.params).unwrap_or(&[]))?;
        let made_of = self.type_of(made)?;
        Ok(self.equal(of, made_of)?.then_some(made))
    }

    /// A value of a record that is not built yet is built from its own fields.
    fn as_constructor(&mut self, recursor: &Recursor, major: Term) -> Res<Term> {
        let Some(Kind::Family(family)) = self.environment.get(recursor.family).map(|found| &found.kind) else {
            return Ok(major);
        };
        let Some(constructor) = family.record() else {
            return Ok(major);
        };
        if let Node::Const(name, _) = self.terms.node(self.terms.head(major))
            && name == constructor
        {
            return Ok(major);
        }
        let of = self.type_of(major)?;
        let of = self.whnf(of)?;
        let (head, arguments) = self.terms.spine(of);
        let Node::Const(name, list) = self.terms.node(head) else {
            return Ok(major);
        };
        if name != recursor.family || arguments.len() != recursor.params || self.is_proposition(of)? {
            return Ok(major);
        }
        let mut made = self.terms.make(Node::Const(constructor, list))?;
        made = self.terms.apps(made, &arguments)?;
        let fields = self.constructor(constructor).map_or(0, |found| found.fields);
        for at in 0..fields {
            let field = self.terms.make(Node::Proj(recursor.family, at as u32, major))?;
            made = self.terms.app(made, field)?;
        }
        Ok(made)
    }

    fn reduce_quotient(&mut self, kind: Quotient, waiting: &mut Vec<Term>) -> Res<Option<Term>> {
        // Quot.lift {α} {r} {β} f h q;  Quot.ind {α} {r} {β} p q
        let (function, major) = match kind {
            Quotient::Lift => (3, 5),
            Quotient::Induction => (3, 4),
            Quotient::Type | Quotient::Class => return Ok(None),
        };
        let Some(place) = waiting.len().checked_sub(major + 1) else {
            return Ok(None);
        };
        let (Some(class), Some(function)) = (waiting.get(place), waiting.get(place + major - function)) else {
            return Ok(None);
        };
        let (class, function) = (*class, *function);
        let class = self.whnf(class)?;
        let (head, arguments) = self.terms.spine(class);
        let (Node::Const(name, _), [_, _, value]) = (self.terms.node(head), arguments.as_slice()) else {
            return Ok(None);
        };
        let kind = self.environment.get(name).map(|found| &found.kind);
        if !matches!(kind, Some(Kind::Quotient(Quotient::Class))) {
            return Ok(None);
        }
        waiting.truncate(place);
        self.terms.app(function, *value).map(Some)
    }

    /// A number written out becomes `Nat.zero` or `Nat.succ` of the number before it.
    pub(crate) fn number_as_constructor(&mut self, term: Term) -> Res<Term> {
        let Node::Nat(number) = self.terms.node(term) else {
            return Ok(term);
        };
        let value = self.terms.number(number).cloned().unwrap_or_default();
        if value == BigUint::default() {
            return self.terms.constant(self.known.zero, Vec::new());
        }
        let before = self.terms.nat(value - 1u32)?;
        let successor = self.terms.constant(self.known.succ, Vec::new())?;
        self.terms.app(successor, before)
    }
}

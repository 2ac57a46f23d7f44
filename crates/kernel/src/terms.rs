//! Terms: interned, so that equal terms are one number; binder names are not kept.
//!
//! A bound variable counts binders from the inside. What a checker opens becomes a `Local` with a
//! serial of its own and its type. Every term knows its height, and there is a limit on it: walking
//! down a term cannot exhaust the stack.

use std::sync::Arc;

use num_bigint::BigUint;

use crate::levels::{self, Level, Levels};
use crate::limits::{Meter, Res, limit, wrong};
use crate::names::Name;
use crate::table::{Item, Map, Store, Table, mix};

pub(crate) type Term = u32;
/// A list of levels.
pub(crate) type LevelList = u32;
/// A natural number.
pub(crate) type Number = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Nothing: no term of an export is this one, and it has no type.
    Hole,
    Bound(u32),
    Sort(Level),
    Const(Name, LevelList),
    App(Term, Term),
    Lam(Term, Term),
    Pi(Term, Term),
    /// Type, value, body.
    Let(Term, Term, Term),
    /// Structure, place of the field, value.
    Proj(Name, u32, Term),
    Nat(Number),
    /// Serial and type.
    Local(u32, Term),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    node: Node,
    /// One more than the greatest bound variable that is not bound within; 0: closed.
    loose: u32,
    height: u32,
    has_local: bool,
    has_param: bool,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Item for Entry {
    fn hash(&self) -> u64 {
        let (tag, a, b, c) = match self.node {
            Node::Hole => (0, 0, 0, 0),
            Node::Bound(a) => (1, a, 0, 0),
            Node::Sort(a) => (2, a, 0, 0),
            Node::Const(a, b) => (3, a, b, 0),
            Node::App(a, b) => (4, a, b, 0),
            Node::Lam(a, b) => (5, a, b, 0),
            Node::Pi(a, b) => (6, a, b, 0),
            Node::Let(a, b, c) => (7, a, b, c),
            Node::Proj(a, b, c) => (8, a, b, c),
            Node::Nat(a) => (9, a, 0, 0),
            Node::Local(a, b) => (10, a, b, 0),
        };
        mix(u64::from(a) << 32 | u64::from(b), u64::from(c) << 8 | tag)
    }
}

impl Item for BigUint {
    fn hash(&self) -> u64 {
        self.iter_u64_digits().fold(0, mix)
    }
}

impl Item for Box<[Level]> {
    fn hash(&self) -> u64 {
        self.iter().fold(0, |hash, level| mix(hash, u64::from(*level)))
    }
}

/// A list as long as the longest policy, and room for what is made of it.
pub(crate) const HEIGHT_MAX: u32 = 20_000;
/// An entry, its slots in a half-empty table, and what caches keep of it.
const ENTRY_BYTES: u64 = 64;

/// The tables that a prepared theory keeps.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) levels: Arc<Table<levels::Entry>>,
    pub(crate) lists: Arc<Table<Box<[Level]>>>,
    pub(crate) numbers: Arc<Table<BigUint>>,
    pub(crate) terms: Arc<Table<Entry>>,
}

#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) levels: Levels,
    lists: Store<Box<[Level]>>,
    numbers: Store<BigUint>,
    store: Store<Entry>,
    pub(crate) meter: Meter,
    serial: u32,
}

impl Terms {
    pub(crate) fn new(base: &Base, meter: Meter) -> Self {
        Self {
            levels: Levels::new(Arc::clone(&base.levels)),
            lists: Store::new(Arc::clone(&base.lists)),
            numbers: Store::new(Arc::clone(&base.numbers)),
            store: Store::new(Arc::clone(&base.terms)),
            meter,
            serial: 0,
        }
    }

    pub(crate) fn into_base(self) -> Base {
        Base {
            levels: self.levels.into_base(),
            lists: self.lists.into_base(),
            numbers: self.numbers.into_base(),
            terms: self.store.into_base(),
        }
    }

    /// From here on new terms are passing ones.
    pub(crate) fn pass(&mut self) {
        self.levels.pass();
        self.lists.pass();
        self.numbers.pass();
        self.store.pass();
    }

    /// How many passing terms there are.
    pub(crate) fn passing(&self) -> usize {
        self.store.passing_len()
    }

    /// Throws all passing terms away; their numbers mean nothing any more.
    pub(crate) fn forget(&mut self) {
        self.meter.bytes = self.meter.bytes.saturating_sub(ENTRY_BYTES * self.passing() as u64);
        self.levels.forget();
        self.lists.forget();
        self.numbers.forget();
        self.store.forget();
    }

    #[inline]
    fn entry(&self, term: Term) -> Entry {
        self.store.get(term).copied().unwrap_or(Entry {
            node: Node::Hole,
            loose: 0,
            height: 0,
            has_local: false,
            has_param: false,
        })
    }

    #[inline]
    pub(crate) fn node(&self, term: Term) -> Node {
        self.entry(term).node
    }

    #[inline]
    pub(crate) fn loose(&self, term: Term) -> u32 {
        self.entry(term).loose
    }

    #[inline]
    pub(crate) fn has_local(&self, term: Term) -> bool {
        self.entry(term).has_local
    }

    pub(crate) fn has_param(&self, term: Term) -> bool {
        self.entry(term).has_param
    }

    pub(crate) fn list(&self, list: LevelList) -> &[Level] {
        self.lists.get(list).map_or(&[], |levels| levels)
    }

    pub(crate) fn number(&self, number: Number) -> Option<&BigUint> {
        self.numbers.get(number)
    }

    pub(crate) fn make(&mut self, node: Node) -> Res<Term> {
        let mut entry = Entry {
            node,
            loose: 0,
            height: 0,
            has_local: false,
            has_param: false,
        };
        let hash = entry.hash();
        if let Some(term) = self.store.find(&entry, hash) {
            return self.probed(term);
        }
        match node {
            Node::Hole | Node::Nat(_) => {}
            Node::Bound(at) => entry.loose = at + 1,
            Node::Sort(level) => entry.has_param = self.levels.has_param(level),
            Node::Const(_, list) => entry.has_param = self.list(list).iter().any(|level| self.levels.has_param(*level)),
            Node::Local(..) => entry.has_local = true,
            Node::App(a, b) => self.cover(&mut entry, &[(a, 0), (b, 0)]),
            Node::Lam(a, b) | Node::Pi(a, b) => self.cover(&mut entry, &[(a, 0), (b, 1)]),
            Node::Let(a, b, c) => self.cover(&mut entry, &[(a, 0), (b, 0), (c, 1)]),
            Node::Proj(_, _, a) => self.cover(&mut entry, &[(a, 0)]),
        }
        if entry.height > HEIGHT_MAX {
            return limit(format!("a term nests deeper than {HEIGHT_MAX}"));
        }
        self.meter.grow(ENTRY_BYTES)?;
        let term = self.store.add(entry, hash);
        self.probed(term)
    }

    /// A table that is searched for long is somebody's attack: it counts as steps.
    fn probed(&mut self, term: Term) -> Res<Term> {
        let probes = self.store.probes + self.lists.probes + self.numbers.probes + self.levels.probes();
        if probes > 64 {
            self.meter.step(probes / 64)?;
            (self.store.probes, self.lists.probes, self.numbers.probes) = (0, 0, 0);
            self.levels.forget_probes();
        }
        Ok(term)
    }

    fn cover(&self, entry: &mut Entry, parts: &[(Term, u32)]) {
        for (part, binders) in parts {
            let part = self.entry(*part);
            entry.loose = entry.loose.max(part.loose.saturating_sub(*binders));
            entry.height = entry.height.max(part.height + 1);
            entry.has_local |= part.has_local;
            entry.has_param |= part.has_param;
        }
    }

    pub(crate) fn app(&mut self, function: Term, argument: Term) -> Res<Term> {
        self.make(Node::App(function, argument))
    }

    pub(crate) fn apps(&mut self, function: Term, arguments: &[Term]) -> Res<Term> {
        arguments
            .iter()
            .try_fold(function, |function, argument| self.app(function, *argument))
    }

    pub(crate) fn sort(&mut self, level: Level) -> Res<Term> {
        self.make(Node::Sort(level))
    }

    pub(crate) fn levels_list(&mut self, levels: Vec<Level>) -> LevelList {
        self.lists.intern(levels.into_boxed_slice())
    }

    pub(crate) fn constant(&mut self, name: Name, levels: Vec<Level>) -> Res<Term> {
        let list = self.levels_list(levels);
        self.make(Node::Const(name, list))
    }

    pub(crate) fn nat(&mut self, value: BigUint) -> Res<Term> {
        self.meter.grow(value.bits() / 8)?;
        let number = self.numbers.intern(value);
        self.make(Node::Nat(number))
    }

    /// A variable that nothing else is.
    pub(crate) fn local(&mut self, of: Term) -> Res<Term> {
        let Some(serial) = self.serial.checked_add(1) else {
            return limit("too many variables");
        };
        self.serial = serial;
        self.make(Node::Local(serial, of))
    }

    /// The function and the arguments of an application.
    pub(crate) fn spine(&self, term: Term) -> (Term, Vec<Term>) {
        let (mut head, mut arguments) = (term, Vec::new());
        while let Node::App(function, argument) = self.node(head) {
            arguments.push(argument);
            head = function;
        }
        arguments.reverse();
        (head, arguments)
    }

    pub(crate) fn head(&self, mut term: Term) -> Term {
        while let Node::App(function, _) = self.node(term) {
            term = function;
        }
        term
    }

    /// Puts closed terms, the outermost first, in the place of the innermost bound variables.
    pub(crate) fn instantiate(&mut self, body: Term, values: &[Term]) -> Res<Term> {
        if self.loose(body) == 0 || values.is_empty() {
            return Ok(body);
        }
        self.meter.step(values.len() as u64 / 16)?;
        if values.iter().any(|value| self.loose(*value) > 0) {
            return wrong("a bound variable stands outside its binder");
        }
        self.rewrite(body, 0, &mut Memo::default(), &Change::Open(values))
    }

    /// Makes locals, the outermost first, into bound variables again.
    pub(crate) fn abstract_over(&mut self, term: Term, locals: &[Term]) -> Res<Term> {
        if locals.is_empty() {
            return Ok(term);
        }
        self.rewrite(term, 0, &mut Memo::default(), &Change::Close(locals))
    }

    pub(crate) fn replace_levels(&mut self, term: Term, params: &[Name], values: &[Level]) -> Res<Term> {
        if params.is_empty() {
            return Ok(term);
        }
        self.rewrite(term, 0, &mut Memo::default(), &Change::Levels(params, values))
    }

    fn rewrite(&mut self, term: Term, depth: u32, memo: &mut Memo, change: &Change<'_>) -> Res<Term> {
        let entry = self.entry(term);
        let touched = match change {
            Change::Open(_) => entry.loose > depth,
            Change::Close(_) => entry.has_local,
            Change::Levels(..) => entry.has_param,
        };
        if !touched {
            return Ok(term);
        }
        if let Some(leaf) = self.rewrite_leaf(term, entry.node, depth, change)? {
            return Ok(leaf);
        }
        // Levels and locals do not see binders, but bound variables that replace locals do.
        if let Some(done) = memo.get(term, depth) {
            return Ok(done);
        }
        self.meter.step(1)?;
        let node = match entry.node {
            Node::App(a, b) => Node::App(
                self.rewrite(a, depth, memo, change)?,
                self.rewrite(b, depth, memo, change)?,
            ),
            Node::Lam(a, b) => Node::Lam(
                self.rewrite(a, depth, memo, change)?,
                self.rewrite(b, depth + 1, memo, change)?,
            ),
            Node::Pi(a, b) => Node::Pi(
                self.rewrite(a, depth, memo, change)?,
                self.rewrite(b, depth + 1, memo, change)?,
            ),
            Node::Let(a, b, c) => Node::Let(
                self.rewrite(a, depth, memo, change)?,
                self.rewrite(b, depth, memo, change)?,
                self.rewrite(c, depth + 1, memo, change)?,
            ),
            Node::Proj(name, at, a) => Node::Proj(name, at, self.rewrite(a, depth, memo, change)?),
            node => node,
        };
        let done = self.make(node)?;
        memo.put(term, depth, done);
        Ok(done)
    }

    fn rewrite_leaf(&mut self, term: Term, node: Node, depth: u32, change: &Change<'_>) -> Res<Option<Term>> {
        match (change, node) {
            (Change::Open(values), Node::Bound(at)) => {
                let Some(inner) = at.checked_sub(depth) else {
                    return Ok(Some(term));
                };
                let count = values.len() as u32;
                match count.checked_sub(inner + 1).and_then(|at| values.get(at as usize)) {
                    Some(value) => Ok(Some(*value)),
                    None => self.make(Node::Bound(at - count)).map(Some),
                }
            }
            (Change::Close(locals), Node::Local(..)) => {
                self.meter.step(locals.len() as u64 / 16)?;
                match locals.iter().rposition(|local| *local == term) {
                    Some(at) => self.make(Node::Bound(depth + (locals.len() - 1 - at) as u32)).map(Some),
                    None => Ok(Some(term)),
                }
            }
            (Change::Levels(params, values), Node::Sort(level)) => {
                let level = self.levels.replace(level, params, values, &mut self.meter)?;
                self.sort(level).map(Some)
            }
            (Change::Levels(params, values), Node::Const(name, list)) => {
                let mut levels = self.list(list).to_vec();
                for level in &mut levels {
                    *level = self.levels.replace(*level, params, values, &mut self.meter)?;
                }
                self.constant(name, levels).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// `(x : A) → …` over locals, the outermost first.
    pub(crate) fn pis(&mut self, locals: &[Term], body: Term) -> Res<Term> {
        self.bind(locals, body, Node::Pi)
    }

    /// `fun (x : A) => …` over locals, the outermost first.
    pub(crate) fn lams(&mut self, locals: &[Term], body: Term) -> Res<Term> {
        self.bind(locals, body, Node::Lam)
    }

    fn bind(&mut self, locals: &[Term], body: Term, binder: fn(Term, Term) -> Node) -> Res<Term> {
        let mut done = self.abstract_over(body, locals)?;
        for (at, local) in locals.iter().enumerate().rev() {
            let of = self.type_of_local(*local);
            let of = self.abstract_over(of, locals.get(..at).unwrap_or(&[]))?;
            done = self.make(binder(of, done))?;
        }
        Ok(done)
    }

    pub(crate) fn type_of_local(&self, local: Term) -> Term {
        match self.node(local) {
            Node::Local(_, of) => of,
            _ => local,
        }
    }
}

enum Change<'a> {
    Open(&'a [Term]),
    Close(&'a [Term]),
    Levels(&'a [Name], &'a [Level]),
}

/// What was rewritten already; most bodies are so small that a list is quicker than a map.
#[derive(Default)]
struct Memo {
    few: [(Term, u32, Term); FEW],
    count: usize,
    many: Map<(Term, u32), Term>,
}

const FEW: usize = 12;

impl Memo {
    #[inline]
    fn get(&self, term: Term, depth: u32) -> Option<Term> {
        let few = self.few.iter().take(self.count);
        let found = few.into_iter().find(|(of, at, _)| *of == term && *at == depth);
        match found {
            Some((_, _, done)) => Some(*done),
            None if self.many.is_empty() => None,
            None => self.many.get(&(term, depth)).copied(),
        }
    }

    #[inline]
    fn put(&mut self, term: Term, depth: u32, done: Term) {
        match self.few.get_mut(self.count) {
            Some(free) => {
                *free = (term, depth, done);
                self.count += 1;
            }
            None => {
                self.many.insert((term, depth), done);
            }
        }
    }
}

//! Reads an export: names, levels and terms become ours, declarations wait to be judged.
//!
//! Numbers must count up without a gap, nothing may stand twice, and nothing may speak of what
//! comes later: so no term can contain itself.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigUint;

use crate::arithmetic::BITS_MAX;
use crate::environment::Quotient;
use crate::ids::{BaseIds, Ids, found, next_number, said};
use crate::inductive::{ConstructorEntry, FamilyEntry, Head, InductiveEntry, RecursorEntry};
use crate::json::{Json, Object};
use crate::levels::{Level, Shape};
use crate::limits::{Meter, Refusal, Res, Stop, limit, malformed, unsupported};
use crate::names::Names;
use crate::table::{Mixer, Set};
use crate::terms::{Node, Term, Terms};

/// Level parameters of one declaration.
const PARAMS_MAX: usize = 100;

/// A declaration and the line it stands on.
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) declaration: Declared,
}

pub(crate) enum Declared {
    Axiom(Head),
    /// Value, and how late it unfolds.
    Definition(Head, Term, u32),
    Theorem(Head, Term),
    Opaque(Head, Term),
    Quotient(Head, Quotient),
    Inductive(Box<InductiveEntry>),
}

/// What may stand in an export.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A whole theory: begins with what wrote it, and may declare anything.
    Theory,
    /// What follows a theory: definitions and theorems only.
    Delta,
}

pub(crate) struct Export {
    names: Ids,
    levels: Ids,
    terms: Ids,
    /// Digests of entries, for none may stand twice.
    known: Arc<Set<u64>>,
    seen: Set<u64>,
    pub(crate) entries: Vec<Entry>,
}

impl Export {
    pub(crate) fn new(base: &BaseIds) -> Self {
        Self {
            names: Ids::new(Arc::clone(&base.names)),
            levels: Ids::new(Arc::clone(&base.levels)),
            terms: Ids::new(Arc::clone(&base.terms)),
            known: Arc::clone(&base.lines),
            seen: Set::default(),
            entries: Vec::new(),
        }
    }

    pub(crate) fn into_base(self) -> BaseIds {
        BaseIds {
            names: self.names.into_base(),
            levels: self.levels.into_base(),
            terms: self.terms.into_base(),
            lines: Arc::new(self.seen),
        }
    }

    /// Reads all lines.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        part: Part,
        names: &mut Names,
        terms: &mut Terms,
    ) -> Result<(), Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|_| refuse(0, malformed::<()>("the export is not UTF-8")))?;
        if part == Part::Theory {
            self.names.own.push(crate::names::ROOT);
            self.levels.own.push(crate::levels::ZERO);
        }
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        for (at, line) in lines.enumerate() {
            if text.is_empty() {
                break;
            }
            let done = match (at, part) {
                (0, Part::Theory) => read_meta(line),
                _ => self.line(line, at + 1, part, names, terms),
            };
            if done.is_err() {
                return Err(refuse(at + 1, done));
            }
        }
        if text.is_empty() && part == Part::Theory {
            return Err(refuse(1, malformed::<()>("the export is empty")));
        }
        Ok(())
    }

    fn line(&mut self, line: &str, at: usize, part: Part, names: &mut Names, terms: &mut Terms) -> Res<()> {
        let mut object = Object::read(line)?;
        if object.has("ie") {
            return self.term(object, terms);
        }
        if object.has("in") {
            return self.name(object, names, &mut terms.meter);
        }
        if object.has("il") {
            return self.level(object, terms);
        }
        for kind in ["def", "thm", "axiom", "opaque", "quot", "inductive"] {
            if !object.has(kind) {
                continue;
            }
            if part == Part::Delta && !matches!(kind, "def" | "thm") {
                return malformed(format!(
                    "`{kind}` may not stand here: only definitions and theorems may"
                ));
            }
            let inner = object.object(kind)?;
            object.end()?;
            let declaration = self.declaration(kind, inner)?;
            self.entries.push(Entry { line: at, declaration });
            return Ok(());
        }
        malformed("a line that is neither name, level, expression nor declaration")
    }

    fn name(&mut self, mut object: Object<'_>, names: &mut Names, meter: &mut Meter) -> Res<()> {
        next_number(&mut object, "in", self.names.len())?;
        let name = if object.has("str") {
            let mut inner = object.object("str")?;
            let prefix = self.earlier(&mut inner, "pre", &self.names)?;
            let word = inner.text("str")?;
            inner.end()?;
            names.word(prefix, &word)
        } else {
            let mut inner = object.object("num")?;
            let prefix = self.earlier(&mut inner, "pre", &self.names)?;
            let number = inner.number("i")?;
            inner.end()?;
            names.number(prefix, number)
        };
        object.end()?;
        self.once(&("name", name))?;
        let probes = names.take_probes();
        meter.step(probes / 64)?;
        self.names.own.push(name);
        Ok(())
    }

    fn level(&mut self, mut object: Object<'_>, terms: &mut Terms) -> Res<()> {
        next_number(&mut object, "il", self.levels.len())?;
        let shape = if object.has("succ") {
            Shape::Succ(self.earlier(&mut object, "succ", &self.levels)?)
        } else if object.has("max") {
            let (a, b) = self.pair(object.list("max")?)?;
            Shape::Max(a, b)
        } else if object.has("imax") {
            let (a, b) = self.pair(object.list("imax")?)?;
            Shape::Imax(a, b)
        } else {
            Shape::Param(self.earlier(&mut object, "param", &self.names)?)
        };
        object.end()?;
        let level = terms.levels.make(shape)?;
        self.once(&("level", level))?;
        self.levels.own.push(level);
        Ok(())
    }

    fn pair(&self, list: Vec<Json<'_>>) -> Res<(Level, Level)> {
        match *self.all(list, &self.levels)? {
            [a, b] => Ok((a, b)),
            _ => malformed("two levels are expected"),
        }
    }

    fn term(&mut self, mut object: Object<'_>, terms: &mut Terms) -> Res<()> {
        next_number(&mut object, "ie", self.terms.len())?;
        let kinds = [
            "app", "lam", "forallE", "const", "bvar", "proj", "letE", "natVal", "sort", "strVal", "mdata",
        ];
        let Some(kind) = kinds.into_iter().find(|kind| object.has(kind)) else {
            return malformed("an expression of no known kind");
        };
        let term = match kind {
            "bvar" => {
                let at = u32::try_from(object.number(kind)?).ok().filter(|at| *at < 1 << 20);
                let Some(at) = at else {
                    return malformed("a bound variable too far out");
                };
                terms.make(Node::Bound(at))?
            }
            "sort" => {
                let level = self.earlier(&mut object, kind, &self.levels)?;
                terms.sort(level)?
            }
            "natVal" => number(&object.text(kind)?, terms)?,
            "strVal" => return unsupported("texts are not judged"),
            "mdata" => return unsupported("remarks in terms are not judged"),
            _ => {
                let inner = object.object(kind)?;
                let (term, binder) = self.inner_term(kind, inner, terms)?;
                object.end()?;
                // Two entries that differ in what we do not keep are two entries.
                self.once(&(kind, binder, term))?;
                self.terms.own.push(term);
                return Ok(());
            }
        };
        object.end()?;
        self.once(&(kind, term))?;
        self.terms.own.push(term);
        Ok(())
    }

    /// A term made of others, and a digest of all that its entry says.
    fn inner_term(&self, kind: &str, mut inner: Object<'_>, terms: &mut Terms) -> Res<(Term, u64)> {
        let mut digest = Mixer::default();
        let node = match kind {
            "app" => Node::App(
                said(&mut inner, &mut digest, "fn", &self.terms)?,
                said(&mut inner, &mut digest, "arg", &self.terms)?,
            ),
            "lam" | "forallE" => {
                said(&mut inner, &mut digest, "name", &self.names)?;
                let of = said(&mut inner, &mut digest, "type", &self.terms)?;
                let body = said(&mut inner, &mut digest, "body", &self.terms)?;
                let info = inner.text("binderInfo")?;
                if !matches!(&*info, "default" | "implicit" | "strictImplicit" | "instImplicit") {
                    return malformed("a binder of no known kind");
                }
                info.hash(&mut digest);
                if kind == "lam" {
                    Node::Lam(of, body)
                } else {
                    Node::Pi(of, body)
                }
            }
            "letE" => {
                said(&mut inner, &mut digest, "name", &self.names)?;
                let of = said(&mut inner, &mut digest, "type", &self.terms)?;
                let value = said(&mut inner, &mut digest, "value", &self.terms)?;
                let body = said(&mut inner, &mut digest, "body", &self.terms)?;
                inner.bool("nondep")?.hash(&mut digest);
                Node::Let(of, value, body)
            }
            "proj" => {
                let name = said(&mut inner, &mut digest, "typeName", &self.names)?;
                let at = inner.number("idx")?;
                at.hash(&mut digest);
                let Some(at) = u32::try_from(at).ok().filter(|at| *at < 1 << 20) else {
                    return malformed("a field too far out");
                };
                Node::Proj(name, at, said(&mut inner, &mut digest, "struct", &self.terms)?)
            }
            _ => {
                let name = said(&mut inner, &mut digest, "name", &self.names)?;
                let levels = self.all(inner.list("us")?, &self.levels)?;
                levels.hash(&mut digest);
                Node::Const(name, terms.levels_list(levels))
            }
        };
        inner.end()?;
        Ok((terms.make(node)?, digest.finish()))
    }

    fn declaration(&self, kind: &str, mut object: Object<'_>) -> Res<Declared> {
        if kind == "inductive" {
            return self.inductive(object).map(|entry| Declared::Inductive(Box::new(entry)));
        }
        let head = self.head(&mut object)?;
        let declared = match kind {
            "axiom" => {
                demand_safe(&mut object)?;
                Declared::Axiom(head)
            }
            "quot" => {
                let kind = match &*object.text("kind")? {
                    "type" => Quotient::Type,
                    "ctor" => Quotient::Class,
                    "lift" => Quotient::Lift,
                    "ind" => Quotient::Induction,
                    _ => return malformed("a constant of quotients of no known kind"),
                };
                Declared::Quotient(head, kind)
            }
            _ => {
                let value = self.earlier(&mut object, "value", &self.terms)?;
                self.all(object.list("all")?, &self.names)?;
                match kind {
                    "def" => {
                        if object.text("safety")? != "safe" {
                            return unsupported("only safe definitions are judged");
                        }
                        Declared::Definition(head, value, lateness(&mut object)?)
                    }
                    "thm" => Declared::Theorem(head, value),
                    _ => {
                        demand_safe(&mut object)?;
                        Declared::Opaque(head, value)
                    }
                }
            }
        };
        object.end()?;
        Ok(declared)
    }

    fn head(&self, object: &mut Object<'_>) -> Res<Head> {
        let params = self.all(object.list("levelParams")?, &self.names)?;
        if params.len() > PARAMS_MAX {
            return limit(format!("more than {PARAMS_MAX} universe level parameters"));
        }
        Ok(Head {
            name: self.earlier(object, "name", &self.names)?,
            params,
            of: self.earlier(object, "type", &self.terms)?,
        })
    }

    fn inductive(&self, mut object: Object<'_>) -> Res<InductiveEntry> {
        let families = each(object.list("types")?, |mut object| {
            demand_safe(&mut object)?;
            let entry = FamilyEntry {
                head: self.head(&mut object)?,
                params: object.count("numParams")?,
                indices: object.count("numIndices")?,
                nested: object.count("numNested")?,
                is_recursive: object.bool("isRec")?,
                is_reflexive: object.bool("isReflexive")?,
                all: self.all(object.list("all")?, &self.names)?,
                constructors: self.all(object.list("ctors")?, &self.names)?,
            };
            object.end().map(|()| entry)
        })?;
        let constructors = each(object.list("ctors")?, |mut object| {
            demand_safe(&mut object)?;
            let entry = ConstructorEntry {
                head: self.head(&mut object)?,
                family: self.earlier(&mut object, "induct", &self.names)?,
                at: object.count("cidx")?,
                params: object.count("numParams")?,
                fields: object.count("numFields")?,
            };
            object.end().map(|()| entry)
        })?;
        let recursors = each(object.list("recs")?, |object| self.recursor(object))?;
        object.end()?;
        Ok(InductiveEntry {
            families,
            constructors,
            recursors,
        })
    }

    fn recursor(&self, mut object: Object<'_>) -> Res<RecursorEntry> {
        demand_safe(&mut object)?;
        let entry = RecursorEntry {
            head: self.head(&mut object)?,
            all: self.all(object.list("all")?, &self.names)?,
            params: object.count("numParams")?,
            indices: object.count("numIndices")?,
            motives: object.count("numMotives")?,
            minors: object.count("numMinors")?,
            rules: each(object.list("rules")?, |mut object| {
                let constructor = self.earlier(&mut object, "ctor", &self.names)?;
                let fields = object.count("nfields")?;
                let rule = self.earlier(&mut object, "rhs", &self.terms)?;
                object.end().map(|()| (constructor, fields, rule))
            })?,
            any_proof: object.bool("k")?,
        };
        object.end().map(|()| entry)
    }

    /// Something that was numbered before.
    fn earlier(&self, object: &mut Object<'_>, key: &str, ids: &Ids) -> Res<u32> {
        found(ids, object.count(key)?)
    }

    fn all(&self, list: Vec<Json<'_>>, ids: &Ids) -> Res<Vec<u32>> {
        let one = |item| match item {
            Json::Number(at) => found(ids, usize::try_from(at).unwrap_or(usize::MAX)),
            _ => malformed("a list of numbers is expected"),
        };
        list.into_iter().map(one).collect()
    }

    fn once(&mut self, entry: &impl Hash) -> Res<()> {
        let mut digest = Mixer::default();
        entry.hash(&mut digest);
        let digest = digest.finish();
        if self.known.contains(&digest) || !self.seen.insert(digest) {
            return malformed("this entry stands here a second time");
        }
        Ok(())
    }
}

pub(crate) fn refuse(line: usize, stop: Res<()>) -> Refusal {
    let stop = match stop {
        Err(stop) => *stop,
        Ok(()) => Stop {
            cause: crate::limits::Cause::Malformed,
            message: "no reason".to_owned(),
        },
    };
    Refusal {
        cause: stop.cause,
        line,
        declaration: None,
        message: stop.message,
        steps: 0,
    }
}

fn each<'a, T>(list: Vec<Json<'a>>, mut read: impl FnMut(Object<'a>) -> Res<T>) -> Res<Vec<T>> {
    let one = |item| match item {
        Json::Object(object) => read(object),
        _ => malformed("a list of objects is expected"),
    };
    list.into_iter().map(one).collect()
}

fn demand_safe(object: &mut Object<'_>) -> Res<()> {
    if object.bool("isUnsafe")? {
        return unsupported("only safe declarations are judged");
    }
    Ok(())
}

/// Definitions made for others unfold first, theorems and the like last.
fn lateness(object: &mut Object<'_>) -> Res<u32> {
    match object.take("hints") {
        Some(Json::Text(hint)) if hint == "abbrev" => Ok(u32::MAX),
        Some(Json::Text(hint)) if hint == "opaque" => Ok(0),
        Some(Json::Object(mut hint)) => {
            let height = u32::try_from(hint.number("regular")?).unwrap_or(u32::MAX - 1);
            hint.end().map(|()| height.min(u32::MAX - 2) + 1)
        }
        _ => malformed("`hints` must be `opaque`, `abbrev` or a height"),
    }
}

fn number(digits: &str, terms: &mut Terms) -> Res<Term> {
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) {
        return malformed("a number must be written in decimal digits");
    }
    // Ten bits are three digits and a little.
    if digits.len() as u64 > BITS_MAX * 3 / 10 {
        return unsupported("a number too long to judge");
    }
    match digits.parse::<BigUint>() {
        Ok(value) => terms.nat(value),
        Err(_) => malformed("a number must be written in decimal digits"),
    }
}

fn read_meta(line: &str) -> Res<()> {
    let mut object = Object::read(line)?;
    let mut meta = object.object("meta")?;
    object.end()?;
    let format = meta.object("format")?.text("version")?;
    if format != "3.1.0" {
        return unsupported("only version 3.1.0 of the export format is judged");
    }
    Ok(())
}

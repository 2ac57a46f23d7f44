//! Inductive types: what makes them sound, checked; their recursors are made in `recursor`.

use std::sync::Arc;

use crate::checker::Checker;
use crate::environment::{AxiomSet, Constructor, Declaration, Family, Kind};
use crate::infer::parts;
use crate::levels::{Level, Shape};
use crate::limits::{Res, unsupported, wrong};
use crate::names::Name;
use crate::table::Set;
use crate::terms::{Node, Term};

/// A declaration of inductive types, as an export has it.
#[derive(Debug)]
pub(crate) struct InductiveEntry {
    pub(crate) families: Vec<FamilyEntry>,
    pub(crate) constructors: Vec<ConstructorEntry>,
    pub(crate) recursors: Vec<RecursorEntry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) name: Name,
    pub(crate) params: Vec<Name>,
    pub(crate) of: Term,
}

#[derive(Debug)]
pub(crate) struct FamilyEntry {
    pub(crate) head: Head,
    pub(crate) params: usize,
    pub(crate) indices: usize,
    pub(crate) nested: usize,
    pub(crate) is_recursive: bool,
    pub(crate) is_reflexive: bool,
    pub(crate) all: Vec<Name>,
    pub(crate) constructors: Vec<Name>,
}

#[derive(Debug)]
pub(crate) struct ConstructorEntry {
    pub(crate) head: Head,
    pub(crate) family: Name,
    pub(crate) at: usize,
    pub(crate) params: usize,
    pub(crate) fields: usize,
}

#[derive(Debug)]
pub(crate) struct RecursorEntry {
    pub(crate) head: Head,
    pub(crate) all: Vec<Name>,
    pub(crate) params: usize,
    pub(crate) indices: usize,
    pub(crate) motives: usize,
    pub(crate) minors: usize,
    pub(crate) rules: Vec<(Name, usize, Term)>,
    pub(crate) any_proof: bool,
}

/// Types that are declared together, opened.
pub(crate) struct Block {
    pub(crate) level_params: Arc<[Name]>,
    pub(crate) levels: Vec<Level>,
    /// The parameters, as locals.
    pub(crate) params: Vec<Term>,
    pub(crate) result: Level,
    pub(crate) families: Vec<OpenFamily>,
    pub(crate) constructors: Vec<OpenConstructor>,
}

pub(crate) struct OpenFamily {
    pub(crate) name: Name,
    pub(crate) constant: Term,
    pub(crate) indices: Vec<Term>,
}

pub(crate) struct OpenConstructor {
    pub(crate) name: Name,
    pub(crate) constant: Term,
    pub(crate) family: usize,
    pub(crate) fields: Vec<Term>,
    pub(crate) recursive: Vec<Recursive>,
    /// The indices of what it builds.
    pub(crate) indices: Vec<Term>,
}

/// A field that holds values of the types being declared, perhaps as a function's results.
pub(crate) struct Recursive {
    pub(crate) field: Term,
    pub(crate) arguments: Vec<Term>,
    pub(crate) family: usize,
    pub(crate) indices: Vec<Term>,
}

impl Checker {
    /// Judges and declares inductive types, their constructors and their recursors.
    pub(crate) fn add_inductive(&mut self, entry: &InductiveEntry) -> Res<()> {
        let mut block = self.open_families(entry)?;
        let axioms = self.axioms_of_inductive(entry)?;
        for family in &entry.families {
            self.check_fresh(family.head.name)?;
            self.environment
                .add(family.head.name, declare(&family.head, axioms, Kind::Opaque));
        }
        for (at, family) in entry.families.iter().enumerate() {
            for (place, name) in family.constructors.iter().enumerate() {
                let Some(constructor) = entry.constructors.iter().find(|entry| entry.head.name == *name) else {
                    return wrong(format!("constructor `{}` is missing", self.show(*name)));
                };
                if constructor.at != place || constructor.family != family.head.name {
                    return wrong(format!(
                        "constructor `{}` stands in another place than it says",
                        self.show(*name)
                    ));
                }
                let open = self.open_constructor(&block, at, constructor)?;
                block.constructors.push(open);
            }
        }
        if block.constructors.len() != entry.constructors.len() {
            return wrong("a constructor that belongs to no type here");
        }
        // What was found out while the types had no constructors must not outlive that.
        self.caches.normal.clear();
        self.caches.heads.clear();
        self.caches.different.clear();
        self.declare_block(entry, &block, axioms)?;
        for family in &entry.families {
            self.meet_family(family.head.name)?;
        }
        self.add_recursors(entry, &block, axioms)
    }

    fn open_families(&mut self, entry: &InductiveEntry) -> Res<Block> {
        let Some(first) = entry.families.first() else {
            return wrong("no type is declared");
        };
        let level_params: Arc<[Name]> = first.head.params.clone().into();
        let mut levels = Vec::new();
        for name in &first.head.params {
            levels.push(self.terms.levels.make(Shape::Param(*name))?);
        }
        let all: Vec<Name> = entry.families.iter().map(|family| family.head.name).collect();
        let mut block = Block {
            level_params,
            levels,
            params: Vec::new(),
            result: crate::levels::ZERO,
            families: Vec::new(),
            constructors: Vec::new(),
        };
        for (at, family) in entry.families.iter().enumerate() {
            if family.nested > 0 {
                return unsupported("nested inductive types are not judged");
            }
            if family.head.params != first.head.params || family.params != first.params || family.all != all {
                return wrong("types declared together do not agree");
            }
            self.open_family(&mut block, at, family)?;
        }
        Ok(block)
    }

    fn open_family(&mut self, block: &mut Block, at: usize, family: &FamilyEntry) -> Res<()> {
        self.check_head(&family.head)?;
        let mut of = family.head.of;
        for place in 0..family.params {
            let Node::Pi(from, into) = self.terms.node(of) else {
                return wrong("a type takes fewer parameters than it says");
            };
            if at == 0 {
                let local = self.terms.local(from)?;
                block.params.push(local);
            }
            let Some(&param) = block.params.get(place) else {
                return wrong("types declared together do not agree");
            };
            let expected = self.terms.type_of_local(param);
            if !self.equal(expected, from)? {
                return wrong("types declared together do not agree in their parameters");
            }
            of = self.terms.instantiate(into, &[param])?;
        }
        let mut indices = Vec::new();
        while let Node::Pi(from, into) = self.terms.node(of) {
            let local = self.terms.local(from)?;
            indices.push(local);
            of = self.terms.instantiate(into, &[local])?;
        }
        if indices.len() != family.indices {
            return wrong("a type takes another number of indices than it says");
        }
        let level = self.level_of_sort(of)?;
        if at == 0 {
            block.result = level;
        } else if !self.terms.levels.same(level, block.result, &mut self.terms.meter)? {
            return wrong("types declared together live in different universes");
        }
        let constant = self.terms.constant(family.head.name, block.levels.clone())?;
        block.families.push(OpenFamily {
            name: family.head.name,
            constant,
            indices,
        });
        Ok(())
    }

    fn open_constructor(&mut self, block: &Block, family: usize, entry: &ConstructorEntry) -> Res<OpenConstructor> {
        if *entry.head.params != *block.level_params || entry.params != block.params.len() {
            return wrong(format!(
                "constructor `{}` does not agree with its type",
                self.show(entry.head.name)
            ));
        }
        self.check_head(&entry.head)?;
        let mut of = entry.head.of;
        for param in &block.params {
            let Node::Pi(from, into) = self.terms.node(of) else {
                return wrong(format!(
                    "constructor `{}` does not take the parameters",
                    self.show(entry.head.name)
                ));
            };
            let expected = self.terms.type_of_local(*param);
            if !self.equal(expected, from)? {
                return wrong(format!(
                    "constructor `{}` takes other parameters",
                    self.show(entry.head.name)
                ));
            }
            of = self.terms.instantiate(into, &[*param])?;
        }
        let (mut fields, mut recursive) = (Vec::new(), Vec::new());
        while let Node::Pi(from, into) = self.terms.node(of) {
            self.check_field_level(block, from, entry.head.name)?;
            let local = self.terms.local(from)?;
            if let Some(found) = self.recursive_field(block, local, from, entry.head.name)? {
                recursive.push(found);
            }
            fields.push(local);
            of = self.terms.instantiate(into, &[local])?;
        }
        if fields.len() != entry.fields {
            return wrong(format!(
                "constructor `{}` has another number of fields",
                self.show(entry.head.name)
            ));
        }
        let indices = match self.family_at(block, of)? {
            Some((found, indices)) if found == family => indices,
            _ => {
                return wrong(format!(
                    "constructor `{}` does not build its type",
                    self.show(entry.head.name)
                ));
            }
        };
        let constant = self.terms.constant(entry.head.name, block.levels.clone())?;
        Ok(OpenConstructor {
            name: entry.head.name,
            constant,
            family,
            fields,
            recursive,
            indices,
        })
    }

    fn check_field_level(&mut self, block: &Block, of: Term, constructor: Name) -> Res<()> {
        let sort = self.type_of(of)?;
        let level = self.level_of_sort(sort)?;
        if block.result == crate::levels::ZERO || self.terms.levels.below(level, block.result, &mut self.terms.meter)? {
            return Ok(());
        }
        wrong(format!(
            "a field of `{}` lives in a greater universe than the type",
            self.show(constructor)
        ))
    }

    /// How a field holds values of the types being declared; none when it does not. They may
    /// stand as what it is or as what it results in, and nowhere else.
    fn recursive_field(&mut self, block: &Block, field: Term, of: Term, name: Name) -> Res<Option<Recursive>> {
        if !self.mentions(block, of)? {
            return Ok(None);
        }
        let mut of = self.whnf(of)?;
        let mut arguments = Vec::new();
        while let Node::Pi(from, into) = self.terms.node(of) {
            if self.mentions(block, from)? {
                return wrong(format!(
                    "a field of `{}` takes what is being declared: not positive",
                    self.show(name)
                ));
            }
            let local = self.terms.local(from)?;
            arguments.push(local);
            let into = self.terms.instantiate(into, &[local])?;
            of = self.whnf(into)?;
        }
        if !self.mentions(block, of)? {
            return Ok(None);
        }
        match self.family_at(block, of)? {
            Some((family, indices)) => Ok(Some(Recursive {
                field,
                arguments,
                family,
                indices,
            })),
            None => unsupported(format!("a field of `{}` nests what is being declared", self.show(name))),
        }
    }

    /// The type being declared that a term is, at the parameters of the declaration.
    fn family_at(&mut self, block: &Block, of: Term) -> Res<Option<(usize, Vec<Term>)>> {
        let (head, arguments) = self.terms.spine(of);
        let Some(at) = block.families.iter().position(|family| family.constant == head) else {
            return Ok(None);
        };
        let (count, expected) = (
            block.params.len(),
            block.families.get(at).map_or(0, |found| found.indices.len()),
        );
        let (Some(params), Some(indices)) = (arguments.get(..count), arguments.get(count..)) else {
            return Ok(None);
        };
        if params != block.params || indices.len() != expected {
            return Ok(None);
        }
        for index in indices {
            if self.mentions(block, *index)? {
                return Ok(None);
            }
        }
        Ok(Some((at, indices.to_vec())))
    }

    /// Whether a term speaks of the types being declared.
    fn mentions(&mut self, block: &Block, term: Term) -> Res<bool> {
        let (mut open, mut seen) = (vec![term], Set::default());
        while let Some(term) = open.pop() {
            if !seen.insert(term) {
                continue;
            }
            self.terms.meter.step(1)?;
            match self.terms.node(term) {
                Node::Const(name, _) if block.families.iter().any(|family| family.name == name) => return Ok(true),
                // A local may hide them in its type, and cannot be one of them otherwise.
                node => open.extend(parts(node)),
            }
        }
        Ok(false)
    }

    fn declare_block(&mut self, entry: &InductiveEntry, block: &Block, axioms: AxiomSet) -> Res<()> {
        let (mut is_recursive, mut is_reflexive) = (false, false);
        for constructor in &entry.constructors {
            let (speaks, takes) = self.speaks_of_types(block, constructor.head.of)?;
            is_recursive |= speaks;
            is_reflexive |= takes;
        }
        for family in &entry.families {
            if family.is_recursive != is_recursive || family.is_reflexive != is_reflexive {
                return wrong("a type says wrongly whether it is recursive");
            }
            let kind = Family {
                params: family.params,
                indices: family.indices,
                constructors: family.constructors.clone(),
                is_recursive,
            };
            let kind = Kind::Family(Arc::new(kind));
            self.environment
                .add(family.head.name, declare(&family.head, axioms, kind));
        }
        for constructor in &entry.constructors {
            self.check_fresh(constructor.head.name)?;
            let kind = Kind::Constructor(Constructor {
                family: constructor.family,
                params: constructor.params,
                fields: constructor.fields,
            });
            self.environment
                .add(constructor.head.name, declare(&constructor.head, axioms, kind));
        }
        Ok(())
    }

    /// Whether a constructor takes what speaks of the types being declared, and whether it takes
    /// functions that do. Lean's kernel goes by how its type is written, so this does, too.
    fn speaks_of_types(&mut self, block: &Block, mut of: Term) -> Res<(bool, bool)> {
        let (mut speaks, mut takes) = (false, false);
        while let Node::Pi(from, into) = self.terms.node(of) {
            if self.mentions(block, from)? {
                speaks = true;
                takes |= matches!(self.terms.node(from), Node::Pi(..));
            }
            of = into;
        }
        Ok((speaks, takes))
    }

    fn axioms_of_inductive(&mut self, entry: &InductiveEntry) -> Res<AxiomSet> {
        let families = entry.families.iter().map(|family| family.head.of);
        let constructors = entry.constructors.iter().map(|constructor| constructor.head.of);
        let terms: Vec<Term> = families.chain(constructors).collect();
        self.axioms_of(&terms)
    }

    /// What every declaration must be: new, closed, of levels that it declares, and a type.
    pub(crate) fn check_head(&mut self, head: &Head) -> Res<Level> {
        self.check_fresh(head.name)?;
        for (at, name) in head.params.iter().enumerate() {
            if head.params.iter().skip(at + 1).any(|other| other == name) {
                return wrong(format!(
                    "universe level parameter `{}` is declared twice",
                    self.show(*name)
                ));
            }
        }
        self.check_closed(head.of, &head.params)?;
        self.judge_type(head.of)
    }

    pub(crate) fn check_fresh(&mut self, name: Name) -> Res<()> {
        if name == crate::names::ROOT {
            return wrong("a declaration without a name");
        }
        if self.environment.get(name).is_some() {
            return wrong(format!("`{}` is declared already", self.show(name)));
        }
        Ok(())
    }

    pub(crate) fn check_closed(&mut self, term: Term, params: &[Name]) -> Res<()> {
        if self.terms.loose(term) > 0 || self.terms.has_local(term) {
            return wrong("a bound variable stands outside its binder");
        }
        self.check_params(term, params)
    }
}

pub(crate) fn declare(head: &Head, axioms: AxiomSet, kind: Kind) -> Declaration {
    Declaration {
        params: head.params.clone().into(),
        of: head.of,
        axioms,
        kind,
    }
}

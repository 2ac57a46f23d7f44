//! Recursors of inductive types: made here, and compared with those of the export. Whether they
//! eliminate into all universes, and the names of their levels, are as Lean's kernel makes them.

use std::sync::Arc;

use crate::checker::Checker;
use crate::environment::{AxiomSet, Kind, Recursor};
use crate::inductive::{Block, ConstructorEntry, InductiveEntry, OpenConstructor, RecursorEntry, declare};
use crate::levels::{Level, Shape, ZERO};
use crate::limits::{Res, wrong};
use crate::names::Name;
use crate::terms::{Node, Term};

/// What all recursors of a block share.
struct Parts {
    motives: Vec<Term>,
    minors: Vec<Term>,
    /// Levels at which recursors speak of themselves.
    levels: Vec<Level>,
}

impl Checker {
    pub(crate) fn add_recursors(&mut self, entry: &InductiveEntry, block: &Block, axioms: AxiomSet) -> Res<()> {
        if entry.recursors.len() != block.families.len() {
            return wrong("another number of recursors than of types");
        }
        let is_large = self.eliminates_into_all(entry, block)?;
        let mut recursors = Vec::new();
        for family in &block.families {
            let name = self.names.word(family.name, "rec");
            let Some(found) = entry.recursors.iter().find(|entry| entry.head.name == name) else {
                return wrong(format!("recursor `{}` is missing", self.show(name)));
            };
            recursors.push(found);
        }
        let mut level_params = block.level_params.to_vec();
        let mut elimination = ZERO;
        if is_large {
            let own = self.level_of_motives(&level_params);
            elimination = self.terms.levels.make(Shape::Param(own))?;
            level_params.insert(0, own);
        }
        let parts = self.recursor_parts(block, elimination, is_large)?;
        let all: Vec<Name> = block.families.iter().map(|family| family.name).collect();
        for (at, found) in recursors.iter().enumerate() {
            if found.head.params != level_params {
                return wrong("a recursor eliminates into other universes than it may");
            }
            if found.all != all {
                return wrong("recursors declared together do not agree");
            }
            self.declare_recursor(block, &parts, at, found, axioms)?;
        }
        for (at, found) in recursors.iter().enumerate() {
            self.declare_rules(block, &parts, at, found, axioms)?;
        }
        Ok(())
    }

    /// The level that motives live in, named as Lean's kernel names it: the first of `u`, `u_1`, `u_2`
    /// and so on that the types do not use.
    fn level_of_motives(&mut self, taken: &[Name]) -> Name {
        let mut name = self.names.path("u");
        for at in 1..=taken.len() {
            if !taken.contains(&name) {
                break;
            }
            name = self.names.path(&format!("u_{at}"));
        }
        name
    }

    /// Whether motives may live in any universe: always for data, and for propositions only where
    /// a proof cannot tell more than its type does.
    fn eliminates_into_all(&mut self, entry: &InductiveEntry, block: &Block) -> Res<bool> {
        if self.terms.levels.is_never_zero(block.result) {
            return Ok(true);
        }
        match (block.families.len(), entry.constructors.as_slice()) {
            (1, []) => Ok(true),
            (1, [only]) => self.tells_no_more(only),
            _ => Ok(false),
        }
    }

    /// Whether each field is a proof or stands in what is built. Lean's kernel opens the constructor
    /// as it is written, not at the parameters of its type, and asks for a universe written as zero:
    /// `Sort (max 0 0)` is `Prop`, and yet its values are not seen to be propositions.
    fn tells_no_more(&mut self, constructor: &ConstructorEntry) -> Res<bool> {
        let (mut of, mut taken, mut data) = (constructor.head.of, 0, Vec::new());
        while let Node::Pi(from, into) = self.terms.node(of) {
            let local = self.terms.local(from)?;
            if taken >= constructor.params && !self.is_proposition(from)? {
                data.push(local);
            }
            taken += 1;
            of = self.terms.instantiate(into, &[local])?;
        }
        let (_, built) = self.terms.spine(of);
        Ok(data.iter().all(|field| built.contains(field)))
    }

    fn recursor_parts(&mut self, block: &Block, elimination: Level, is_large: bool) -> Res<Parts> {
        let sort = self.terms.sort(elimination)?;
        let mut motives = Vec::new();
        for family in &block.families {
            let value = self.terms.apps(family.constant, &block.params)?;
            let value = self.terms.apps(value, &family.indices)?;
            let mut binders = family.indices.clone();
            binders.push(self.terms.local(value)?);
            let of = self.terms.pis(&binders, sort)?;
            motives.push(self.terms.local(of)?);
        }
        let mut minors = Vec::new();
        for constructor in &block.constructors {
            let of = self.minor(block, &motives, constructor)?;
            minors.push(self.terms.local(of)?);
        }
        let mut levels = block.levels.clone();
        if is_large {
            levels.insert(0, elimination);
        }
        Ok(Parts {
            motives,
            minors,
            levels,
        })
    }

    /// What must be shown for one constructor: fields, hypotheses, and the motive for what it builds.
    fn minor(&mut self, block: &Block, motives: &[Term], constructor: &OpenConstructor) -> Res<Term> {
        let mut binders = constructor.fields.clone();
        for recursive in &constructor.recursive {
            let motive = of_place(motives, recursive.family)?;
            let value = self.terms.apps(recursive.field, &recursive.arguments)?;
            let hypothesis = self.terms.apps(motive, &recursive.indices)?;
            let hypothesis = self.terms.app(hypothesis, value)?;
            let hypothesis = self.terms.pis(&recursive.arguments, hypothesis)?;
            binders.push(self.terms.local(hypothesis)?);
        }
        let built = self.terms.apps(constructor.constant, &block.params)?;
        let built = self.terms.apps(built, &constructor.fields)?;
        let result = self
            .terms
            .apps(of_place(motives, constructor.family)?, &constructor.indices)?;
        let result = self.terms.app(result, built)?;
        self.terms.pis(&binders, result)
    }

    fn declare_recursor(
        &mut self,
        block: &Block,
        parts: &Parts,
        at: usize,
        found: &RecursorEntry,
        axioms: AxiomSet,
    ) -> Res<()> {
        let Some(family) = block.families.get(at) else {
            return wrong("another number of recursors than of types");
        };
        let any_proof = self.is_any_proof(block)?;
        let counts = [found.params, found.indices, found.motives, found.minors];
        if counts
            != [
                block.params.len(),
                family.indices.len(),
                parts.motives.len(),
                parts.minors.len(),
            ]
            || found.any_proof != any_proof
        {
            return wrong(format!("`{}` counts wrongly what it takes", self.show(found.head.name)));
        }
        let value = self.terms.apps(family.constant, &block.params)?;
        let value = self.terms.apps(value, &family.indices)?;
        let major = self.terms.local(value)?;
        let result = self.terms.apps(of_place(&parts.motives, at)?, &family.indices)?;
        let result = self.terms.app(result, major)?;
        let mut binders = shared(block, parts);
        binders.extend(&family.indices);
        binders.push(major);
        let of = self.terms.pis(&binders, result)?;
        // The export's type must be a type, and ours is judged like any other.
        self.check_head(&found.head)?;
        self.judge_type(of)?;
        if of != found.head.of && !self.equal(of, found.head.of)? {
            return wrong(format!(
                "`{}` has another type than the recursor has",
                self.show(found.head.name)
            ));
        }
        let recursor = Recursor {
            family: family.name,
            params: block.params.len(),
            motives: parts.motives.len(),
            minors: parts.minors.len(),
            indices: family.indices.len(),
            rules: Vec::new(),
            any_proof,
        };
        // The type of the export stays: terms of the theory's own last, ours pass.
        let kind = Kind::Recursor(Arc::new(recursor));
        self.environment
            .add(found.head.name, declare(&found.head, axioms, kind));
        Ok(())
    }

    /// One proposition with one constructor without fields.
    fn is_any_proof(&mut self, block: &Block) -> Res<bool> {
        let is_prop = block.result == ZERO;
        let is_bare = matches!(block.constructors.as_slice(), [only] if only.fields.is_empty());
        Ok(is_prop && is_bare && block.families.len() == 1)
    }

    fn declare_rules(
        &mut self,
        block: &Block,
        parts: &Parts,
        at: usize,
        found: &RecursorEntry,
        axioms: AxiomSet,
    ) -> Res<()> {
        let own = block
            .constructors
            .iter()
            .zip(&parts.minors)
            .filter(|(constructor, _)| constructor.family == at);
        let own: Vec<_> = own.collect();
        if own.len() != found.rules.len() {
            return wrong(format!(
                "`{}` has another number of rules than constructors",
                self.show(found.head.name)
            ));
        }
        for ((constructor, minor), (name, fields, rule)) in own.into_iter().zip(&found.rules) {
            if *name != constructor.name || *fields != constructor.fields.len() {
                return wrong(format!(
                    "`{}` has a rule for another constructor",
                    self.show(found.head.name)
                ));
            }
            let made = self.rule(block, parts, constructor, *minor)?;
            self.check_closed(*rule, &found.head.params)?;
            if made != *rule {
                let (of, made_of) = (self.judge(*rule)?, self.judge(made)?);
                if !self.equal(of, made_of)? || !self.equal(made, *rule)? {
                    let (name, rule) = (self.show(found.head.name), self.show(*name));
                    return wrong(format!("`{name}` computes something else for `{rule}`"));
                }
            }
        }
        let recursor = Recursor {
            family: of_place(&block.families.iter().map(|family| family.name).collect::<Vec<_>>(), at)?,
            params: found.params,
            motives: found.motives,
            minors: found.minors,
            indices: found.indices,
            rules: found.rules.clone(),
            any_proof: found.any_proof,
        };
        let kind = Kind::Recursor(Arc::new(recursor));
        self.environment
            .add(found.head.name, declare(&found.head, axioms, kind));
        Ok(())
    }

    /// What the recursor computes for one constructor.
    fn rule(&mut self, block: &Block, parts: &Parts, constructor: &OpenConstructor, minor: Term) -> Res<Term> {
        let shared = shared(block, parts);
        let mut value = self.terms.apps(minor, &constructor.fields)?;
        for recursive in &constructor.recursive {
            let family = block.families.get(recursive.family).map_or(0, |family| family.name);
            let name = self.names.word(family, "rec");
            let call = self.terms.constant(name, parts.levels.clone())?;
            let call = self.terms.apps(call, &shared)?;
            let call = self.terms.apps(call, &recursive.indices)?;
            let below = self.terms.apps(recursive.field, &recursive.arguments)?;
            let call = self.terms.app(call, below)?;
            let call = self.terms.lams(&recursive.arguments, call)?;
            value = self.terms.app(value, call)?;
        }
        let mut binders = shared;
        binders.extend(&constructor.fields);
        self.terms.lams(&binders, value)
    }
}

/// Parameters, motives and minor premises.
fn shared(block: &Block, parts: &Parts) -> Vec<Term> {
    [block.params.as_slice(), &parts.motives, &parts.minors].concat()
}

fn of_place<T: Copy>(all: &[T], at: usize) -> Res<T> {
    match all.get(at) {
        Some(found) => Ok(*found),
        None => wrong("types declared together do not agree"),
    }
}

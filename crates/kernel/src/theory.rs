//! The doors: judge a theory, and judge what is added to one.

use std::sync::Arc;
use std::thread;

use crate::checker::{Checker, STACK_BYTES};
use crate::environment::{AxiomSet, Environment};
use crate::export::{Declared, Entry, Export, Part, refuse};
use crate::ids::BaseIds;
use crate::judging::Parts;
use crate::limits::{Cause, Limits, Meter, Refusal, limit};
use crate::names::Names;
use crate::statements::{AXIOMS, axiom_names};
use crate::terms::{Base, Terms};

/// An export that was judged whole, ready for what builds on it. Cheap to share between threads.
#[derive(Debug)]
pub struct Theory {
    parts: Parts,
    ids: BaseIds,
    judged: Judged,
}

/// What was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Names of what was declared, in order.
    pub declarations: Vec<String>,
    /// The axioms that it rests on.
    pub axioms: Vec<&'static str>,
    /// Steps that it took.
    pub steps: u64,
    /// Bytes that it took at its end, as counted by the checker.
    pub bytes: u64,
}

impl Theory {
    /// Judges a whole export; only axioms that are permitted and known may stand in it.
    ///
    /// # Errors
    ///
    /// Where the export is not one, or something in it does not follow, or a limit is reached.
    pub fn load(export: &[u8], axioms: &[&str], limits: Limits) -> Result<Self, Refusal> {
        let permitted = permitted(axioms)?;
        on_a_deep_stack(|| {
            let names = Names::new(Arc::default());
            let terms = Terms::new(&Base::default(), Meter::new(limits));
            let mut checker = Checker::new(terms, names, Environment::default());
            let mut ids = Export::new(&BaseIds::default());
            let judged = run(&mut checker, &mut ids, export, Part::Theory, permitted, None)?;
            Ok(Self {
                parts: checker.into_parts(),
                ids: ids.into_base(),
                judged,
            })
        })
    }

    /// What loading it found.
    #[must_use]
    pub const fn judged(&self) -> &Judged {
        &self.judged
    }

    /// Judges what an export adds: definitions and theorems under a prefix.
    ///
    /// # Errors
    ///
    /// Where it is no such addition, or something in it does not follow, or a limit is reached.
    pub fn check(&self, delta: &[u8], prefix: &str, limits: Limits) -> Result<Judged, Refusal> {
        on_a_deep_stack(|| {
            let names = Names::new(Arc::clone(&self.parts.names));
            let terms = Terms::new(&self.parts.terms, Meter::new(limits));
            let environment = Environment::new(Arc::clone(&self.parts.environment));
            let mut checker = Checker::new(terms, names, environment);
            checker.known.inherit(self.parts.has_nat, &self.parts.proved);
            let mut ids = Export::new(&self.ids);
            run(&mut checker, &mut ids, delta, Part::Delta, 0, Some(prefix))
        })
    }
}

fn run(
    checker: &mut Checker,
    ids: &mut Export,
    export: &[u8],
    part: Part,
    permitted: AxiomSet,
    prefix: Option<&str>,
) -> Result<Judged, Refusal> {
    if checker.terms.meter.grow(export.len() as u64).is_err() {
        return Err(refuse(0, limit("the export is longer than the memory it may take")));
    }
    ids.read(export, part, &mut checker.names, &mut checker.terms)?;
    checker.terms.pass();
    let prefix = prefix.map(|text| checker.names.path(text));
    let mut judged = Judged::default();
    let mut axioms: AxiomSet = 0;
    for Entry { line, declaration } in &std::mem::take(&mut ids.entries) {
        let name = Checker::name_of(declaration);
        let shown = name.map(|name| checker.show(name));
        let stands_under = match (prefix, name) {
            (Some(prefix), Some(name)) => checker.names.is_under(name, prefix),
            _ => true,
        };
        let done = match (stands_under, prefix) {
            (false, Some(prefix)) => {
                let message = format!("a name that is not under `{}`", checker.show(prefix));
                crate::limits::malformed(message)
            }
            _ => checker.add(declaration, permitted),
        };
        if done.is_err() {
            let mut refusal = refuse(*line, done);
            refusal.declaration = shown;
            refusal.steps = checker.terms.meter.steps;
            return Err(refusal);
        }
        axioms |= name
            .and_then(|name| checker.environment.get(name))
            .map_or(0, |found| found.axioms);
        judged.declarations.extend(declared_names(checker, declaration));
    }
    judged.axioms = axiom_names(axioms);
    judged.steps = checker.terms.meter.steps;
    judged.bytes = checker.terms.meter.bytes;
    checker.forget();
    Ok(judged)
}

fn declared_names(checker: &Checker, declaration: &Declared) -> Vec<String> {
    let names = match declaration {
        Declared::Inductive(entry) => {
            let families = entry.families.iter().map(|family| family.head.name);
            let constructors = entry.constructors.iter().map(|constructor| constructor.head.name);
            let recursors = entry.recursors.iter().map(|recursor| recursor.head.name);
            families.chain(constructors).chain(recursors).collect()
        }
        other => Vec::from_iter(Checker::name_of(other)),
    };
    names.into_iter().map(|name| checker.show(name)).collect()
}

fn permitted(axioms: &[&str]) -> Result<AxiomSet, Refusal> {
    let mut set = 0;
    for axiom in axioms {
        let Some(bit) = AXIOMS.iter().position(|known| known == axiom) else {
            let known = AXIOMS.join(", ");
            let message = format!("axiom `{axiom}` is not known here: only {known} may be permitted");
            return Err(refuse(0, crate::limits::unsupported(message)));
        };
        set |= 1 << bit;
    }
    Ok(set)
}

/// Judgements nest as deep as proofs do, deeper than the stack of a thread that serves requests.
fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, Refusal> + Send) -> Result<T, Refusal> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("kernel".to_owned()).stack_size(STACK_BYTES);
        let Ok(handle) = thread.spawn_scoped(scope, work) else {
            return Err(refuse(0, limit("no thread could be started to judge in")));
        };
        handle.join().unwrap_or_else(|_| Err(internal()))
    })
}

fn internal() -> Refusal {
    Refusal {
        cause: Cause::Limit,
        line: 0,
        declaration: None,
        message: "the checker ended without an answer".to_owned(),
        steps: 0,
    }
}

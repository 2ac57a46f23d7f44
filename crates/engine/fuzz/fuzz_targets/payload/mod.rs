//! What the targets of payload readers have in common: an engine that asks for some shapes and for nothing else.

use std::sync::OnceLock;

use aidefence_engine::{Context, Engine, Scratch, Setup, Thresholds};

/// Reads a text with rules for these shapes; every finding lies in it, on character boundaries.
pub fn check(engine: &'static OnceLock<Engine>, category: &str, shapes: &[&str], source: &str) {
    let engine = engine.get_or_init(|| build(category, shapes));
    let outcome = engine.inspect(
        source,
        Context {
            origin: 1,
            direction: 0,
        },
        &mut Scratch::default(),
    );
    assert!((0.0..=1.0).contains(&outcome.confidence));
    for finding in &outcome.findings {
        for span in finding.parts.iter().chain([&finding.span]) {
            assert!(source.get(span.clone()).is_some(), "{span:?} of {source:?}");
        }
    }
}

fn build(category: &str, shapes: &[&str]) -> Engine {
    let mut rules: Vec<(String, String)> = shapes.iter().map(|shape| rule(category, shape)).collect();
    let context = include_str!("../../../../../src/aidefence/rules/lexicons/context.yml");
    rules.push(("rules/lexicons/context.yml".to_owned(), context.to_owned()));
    let thresholds = Thresholds {
        flag: [0.0; 19],
        block: [0.5; 19],
    };
    let setup = Setup {
        rules: &rules,
        user_rules: &[],
        model: None,
        thresholds,
        paranoia: 4,
        exclude: &[],
    };
    Engine::new(&setup).expect("the rules of this target are sound")
}

fn rule(category: &str, shape: &str) -> (String, String) {
    let id = shape.replace('_', "-");
    let text = format!(
        "id: {id}\ntitle: {shape}\nstatus: stable\nseverity: high\nconfidence: 0.9\nlanguages: [any]\n\
         mention: ignore\npatterns:\n  value: {{ shape: {shape} }}\nconditions:\n  - {{ all: [value] }}\n\
         catch: [one]\nspare: [two]\n"
    );
    (format!("rules/{category}/{id}.yml"), text)
}

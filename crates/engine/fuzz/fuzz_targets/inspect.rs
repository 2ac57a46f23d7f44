//! No text makes an inspection panic, and every finding lies in the text, on character boundaries.
#![no_main]

use std::sync::OnceLock;

use aidefence_engine::{Context, Engine, Scratch, Setup, Thresholds};
use libfuzzer_sys::fuzz_target;

const RULES: [(&str, &str); 4] = [
    ("rules/prompt_injection/a.yml", include_str!("rules/a.yml")),
    ("rules/prompt_injection/b.yml", include_str!("rules/b.yml")),
    ("rules/secret/c.yml", include_str!("rules/c.yml")),
    ("rules/lexicons/context.yml", include_str!("../../../../src/aidefence/rules/lexicons/context.yml")),
];

fuzz_target!(|source: &str| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| {
        let rules = RULES.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let thresholds = Thresholds { flag: [0.0; 19], block: [0.5; 19] };
        let setup = Setup { rules: &rules, user_rules: &[], model: None, thresholds, paranoia: 4, exclude: &[] };
        Engine::new(&setup).expect("the rules of this target are sound")
    });
    for (origin, direction) in [(1, 0), (3, 1)] {
        let outcome = engine.inspect(source, Context { origin, direction }, &mut Scratch::default());
        assert!((0.0..=1.0).contains(&outcome.confidence));
        for finding in &outcome.findings {
            for span in finding.parts.iter().chain([&finding.span]) {
                assert!(source.get(span.clone()).is_some(), "{span:?} of {source:?}");
            }
        }
    }
});

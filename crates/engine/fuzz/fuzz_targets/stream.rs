//! However a text is cut: nothing panics, what goes out is its beginning, and findings lie in it.
#![no_main]

use std::sync::OnceLock;

use aidefence_engine::stream::{Mode, Openings, Stream, Wish};
use aidefence_engine::{Action, Context, Engine, Setup, Thresholds};
use libfuzzer_sys::fuzz_target;

const RULES: [(&str, &str); 4] = [
    ("rules/prompt_injection/a.yml", include_str!("rules/a.yml")),
    ("rules/prompt_injection/b.yml", include_str!("rules/b.yml")),
    ("rules/secret/c.yml", include_str!("rules/c.yml")),
    ("rules/lexicons/context.yml", include_str!("../../../../src/aidefence/rules/lexicons/context.yml")),
];

// The first bytes say in which mode, and how long the pieces are.
fuzz_target!(|input: (u8, u8, Vec<u8>)| {
    static ENGINE: OnceLock<(Engine, Openings)> = OnceLock::new();
    let (engine, openings) = ENGINE.get_or_init(|| {
        let rules = RULES.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let thresholds = Thresholds { flag: [0.3; 19], block: [0.5; 19] };
        let setup = Setup { rules: &rules, user_rules: &[], model: None, thresholds, paranoia: 4, exclude: &[] };
        (Engine::new(&setup).expect("the rules of this target are sound"), Openings::default())
    });
    let (mode, size, source) = input;
    let mode = [Mode::Hold, Mode::Tail, Mode::Audit][usize::from(mode) % 3];
    let wish = Wish {
        mode,
        least: Action::Flag,
        replaced: 0,
        context: Context { origin: 2, direction: 1 },
        kept_bytes_max: 1 << 20,
    };
    let mut stream = Stream::new(wish);
    let whole = String::from_utf8_lossy(&source);
    let mut out = String::new();
    for piece in source.chunks(usize::from(size).max(1)) {
        let step = stream.feed_bytes(engine, openings, piece);
        out.push_str(&stream.text()[step.released]);
        for finding in &step.findings {
            assert!(finding.span.end <= whole.chars().count());
        }
    }
    let step = stream.finish(engine, openings);
    out.push_str(&stream.text()[step.released]);
    assert!(whole.starts_with(&out));
    assert!(stream.stopped().is_some() || whole == out);
});

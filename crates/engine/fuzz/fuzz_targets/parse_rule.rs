//! No bytes make the rule reader panic, and every error has a place.
#![no_main]

use aidefence_engine::rules::parse::parse_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for path in ["rules/prompt_injection/x.yml", "rules/lexicons/en.yml"] {
        if let Err(error) = parse_file(path, text) {
            assert!(error.at.line > 0 && error.at.column > 0, "{error}");
            assert!(!error.message.is_empty() && !error.expected.is_empty(), "{error}");
        }
    }
});

//! No text makes the reader of mark-up panic, and what it finds lies in the text.
#![no_main]

mod payload;

use std::sync::OnceLock;

use aidefence_engine::Engine;
use libfuzzer_sys::fuzz_target;

const SHAPES: [&str; 4] = ["script_element", "script_event", "script_link", "script_breakout"];

fuzz_target!(|source: &str| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    payload::check(&ENGINE, "xss", &SHAPES, source);
});

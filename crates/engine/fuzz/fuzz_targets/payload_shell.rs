//! No text makes the reader of commands panic, and what it finds lies in the text.
#![no_main]

mod payload;

use std::sync::OnceLock;

use aidefence_engine::Engine;
use libfuzzer_sys::fuzz_target;

const SHAPES: [&str; 3] = ["shell_chain", "shell_substitution", "shell_call"];

fuzz_target!(|source: &str| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    payload::check(&ENGINE, "command_injection", &SHAPES, source);
});

//! No text makes the reader of paths panic, and what it finds lies in the text.
#![no_main]

mod payload;

use std::sync::OnceLock;

use aidefence_engine::Engine;
use libfuzzer_sys::fuzz_target;

const SHAPES: [&str; 2] = ["path_hidden", "path_system"];

fuzz_target!(|source: &str| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    payload::check(&ENGINE, "path_traversal", &SHAPES, source);
});

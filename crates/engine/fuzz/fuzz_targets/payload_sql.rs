//! No text makes the reader of SQL panic, and what it finds lies in the text.
#![no_main]

mod payload;

use std::sync::OnceLock;

use aidefence_engine::Engine;
use libfuzzer_sys::fuzz_target;

const SHAPES: [&str; 6] = [
    "sql_logic",
    "sql_union",
    "sql_stacked",
    "sql_tail",
    "sql_call",
    "sql_probe",
];

fuzz_target!(|source: &str| {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    payload::check(&ENGINE, "sql_injection", &SHAPES, source);
});

//! Judges an export, and what is added to it: `judge THEORY [DELTA PREFIX]`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::error::Error;
use std::time::Instant;

use aidefence_kernel::{Limits, Theory};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [theory, rest @ ..] = arguments.as_slice() else {
        return Err("judge THEORY [DELTA PREFIX]".into());
    };
    let started = Instant::now();
    let theory = Theory::load(&std::fs::read(theory)?, &["propext"], Limits::default())?;
    let judged = theory.judged();
    println!(
        "theory: {} declarations, axioms {:?}, {} steps, {} bytes, {:.1} ms",
        judged.declarations.len(),
        judged.axioms,
        judged.steps,
        judged.bytes,
        started.elapsed().as_secs_f64() * 1e3
    );
    if let [delta, prefix] = rest {
        let delta = std::fs::read(delta)?;
        let started = Instant::now();
        let judged = theory.check(&delta, prefix, Limits::default())?;
        println!(
            "delta: {} declarations, axioms {:?}, {} steps, {} bytes, {:.1} ms",
            judged.declarations.len(),
            judged.axioms,
            judged.steps,
            judged.bytes,
            started.elapsed().as_secs_f64() * 1e3
        );
    }
    Ok(())
}

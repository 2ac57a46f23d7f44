//! A small proof checker for Lean 4: reads the public export format (NDJSON 3.1) and accepts only
//! what follows from it.
//!
//! It is sound before it is complete: what it cannot decide, it refuses, with the name of the
//! declaration and a reason. No input makes it fail otherwise: no panic, no endless run, no
//! exhausted stack. The same input gives the same answer after the same number of steps.
//!
//! A [`Theory`] is judged once and kept; a [`Theory::check`] judges what an export adds to it.

mod arithmetic;
mod checker;
mod environment;
mod equal;
mod export;
mod ids;
mod inductive;
mod infer;
mod json;
mod judging;
mod levels;
mod limits;
mod names;
mod recursor;
mod reduce;
mod spelling;
mod statements;
mod table;
mod terms;
mod theory;
mod wellknown;

/// The files of this checker one after another, each behind its name and its length in bytes: what
/// a digest of the checker is taken of.
pub const SOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sources"));

pub use limits::{Cause, Limits, Refusal};
pub use theory::{Judged, Theory};

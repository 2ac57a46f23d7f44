//! The core of AI Defence: text in, findings and a calibrated confidence out.
//!
//! Pure: no I/O, no clock, no randomness, no Python. One call normalises, decodes, matches rules,
//! scores with a hashed n-gram model, fuses and decides. No text makes it fail.
//!
//! ```
//! use aidefence_engine::{Action, Context, Engine, Scratch, Setup, Thresholds};
//!
//! let thresholds = Thresholds { flag: [0.5; 19], block: [0.9; 19] };
//! let setup = Setup { rules: &[], user_rules: &[], model: None, thresholds, paranoia: 1, exclude: &[] };
//! let engine = Engine::new(&setup)?;
//! let outcome = engine.inspect("What is the capital of France?", Context { origin: 1, direction: 0 }, &mut Scratch::default());
//! assert_eq!(outcome.action, Action::Allow);
//! # Ok::<(), aidefence_engine::SetupError>(())
//! ```
#![cfg_attr(not(target_arch = "x86_64"), forbid(unsafe_code))]

pub mod batch;
pub mod category;
mod checks;
pub mod decode;
pub mod dense;
pub mod features;
mod fold;
mod inspect;
mod kernel;
pub mod leak;
mod lexicon;
pub mod limits;
pub mod map;
mod masks;
mod memo;
mod model;
mod ngram;
pub mod payload;
pub mod policy;
mod regex;
mod rewrite;
pub mod rules;
mod shape;
pub mod stream;
mod text;
#[cfg(feature = "parallel")]
mod threads;
pub mod training;
mod walk;

pub use inspect::{Action, Detector, Engine, Finding, Outcome, Scratch, Setup, SetupError, Spared, Thresholds};
pub use model::ModelError;
pub use ngram::FEATURE_BITS;
pub use regex::WholeRegex;
pub use rules::matching::Context;

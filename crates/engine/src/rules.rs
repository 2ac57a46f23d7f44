//! Detection rules: as written, as compiled, as matched.

pub(crate) mod bytes;
pub(crate) mod compile;
mod gathered;
pub(crate) mod matching;
mod mention;
pub mod parse;
mod plan;
pub mod source;
mod usage;

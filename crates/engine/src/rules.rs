//! Detection rules: as written, as compiled, as matched.

pub(crate) mod compile;
pub(crate) mod matching;
mod mention;
pub mod parse;
pub mod source;
mod usage;

//! Every bound of the engine, in one place.

/// What one inspection may cost. All bounds are hard: past one, work stops and the result says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many decoders may be peeled off one another.
    pub decode_depth_max: usize,
    /// How many decoded or rewritten views one text may have, all depths together.
    pub views_max: usize,
    /// Bytes that all decoded views together may hold, as a multiple of the text (never under 64 KiB).
    pub decoded_ratio_max: usize,
    /// Shortest encoded run that a decoder looks at, in characters.
    pub encoded_run_min: usize,
    /// Findings that one inspection hands out.
    pub findings_max: usize,
}

impl Limits {
    /// The limits every shipped profile uses.
    pub const DEFAULT: Self = Self {
        decode_depth_max: 4,
        views_max: 32,
        decoded_ratio_max: 4,
        encoded_run_min: 16,
        findings_max: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

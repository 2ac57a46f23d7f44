//! Every bound of the engine, in one place.

/// What one inspection may cost. All bounds are hard: past one, work stops and the result says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many decoders may be peeled off one another.
    pub decode_depth_max: usize,
    /// How many decoded or rewritten views one text may have, all depths together.
    pub views_max: usize,
    /// Bytes that all decoded views together may hold, as a multiple of a short text; see [`Limits::room`].
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

/// Derived views of one text never get less room than this, however short the text.
const ROOM_MIN: usize = 64 << 10;
/// A text gets more room than half its length up to here only.
const ROOM_GENEROUS: usize = 512 << 10;
/// What is read of a view when all room is taken.
const GLANCE: usize = 4 << 10;

impl Limits {
    /// Bytes that all derived views of a text of `len` bytes may hold: several times a short text, half
    /// of a long one, so that a long text costs no more a byte and looking beneath it less than reading it.
    #[must_use]
    pub const fn room(&self, len: usize) -> usize {
        let generous = len.saturating_mul(self.decoded_ratio_max);
        let generous = if generous < ROOM_GENEROUS {
            generous
        } else {
            ROOM_GENEROUS
        };
        let room = if len / 2 > generous { len / 2 } else { generous };
        if room > ROOM_MIN { room } else { ROOM_MIN }
    }

    /// How much of what is `left` of the room one view of `len` bytes may take. A long view takes half, so
    /// that what lies beneath it is looked at as well, and any view a little, so that none goes unseen.
    #[must_use]
    pub const fn share(left: usize, len: usize) -> usize {
        let short = if left < ROOM_MIN { left } else { ROOM_MIN };
        let half = left / 2;
        let most = if half > short { half } else { short };
        let most = if most > GLANCE { most } else { GLANCE };
        if len < most { len } else { most }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

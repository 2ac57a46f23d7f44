//! Which decoders a text's shape asks for, from what reading it has counted already.

use crate::decode::Hints;
use crate::features::{REVERSED_WORDS, ROTATED_WORDS};
use crate::rules::matching::ContextCounts;
use crate::text::{View, byte_kind};

/// Disguised words that a text must hold before it is turned round or rotated.
const DISGUISED_MIN: u32 = 2;
/// Digits from which groups of hex or binary digits are looked for.
const DIGITS_MIN: u32 = 8;

/// Cheap gates for the decoders. An ordinary sentence opens none.
#[inline(always)]
pub(crate) fn hints(view: &View, source: &str, counts: &ContextCounts) -> Hints {
    let stats = &view.stats;
    let count = |feature: u8| counts.get(usize::from(feature)).copied().unwrap_or(0);
    let (rotated, reversed) = (count(ROTATED_WORDS) >= DISGUISED_MIN, count(REVERSED_WORDS) >= DISGUISED_MIN);
    if stats.digit >= DIGITS_MIN || stats.punctuation as usize * 3 > source.len() || stats.kinds & byte_kind::PLUS != 0 {
        return Hints { rot13: rotated, reversed, ..Hints::of(source) };
    }
    Hints {
        percent: stats.kinds & byte_kind::PERCENT != 0,
        ampersand: stats.kinds & byte_kind::AMPERSAND != 0,
        backslash: stats.kinds & byte_kind::BACKSLASH != 0,
        equals: stats.kinds & byte_kind::EQUALS != 0,
        long_run: stats.long_run,
        rot13: rotated,
        reversed,
        ..Hints::default()
    }
}

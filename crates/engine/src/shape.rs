//! Which decoders a text's shape asks for, from what reading it has counted already.

use crate::decode::Hints;
use crate::features::{REVERSED_WORDS, ROTATED_WORDS};
use crate::rules::matching::ContextCounts;
use crate::text::{View, byte_kind};

/// Disguised words that a text must hold before it is turned round or rotated.
const DISGUISED_MIN: u32 = 2;
/// Groups of digits in a row that may be hex or binary.
const GROUPS_MIN: u32 = 6;

/// Cheap gates for the decoders. An ordinary sentence opens none.
#[inline(always)]
pub(crate) fn hints(view: &View, source: &str, counts: &ContextCounts) -> Hints {
    let stats = &view.stats;
    let count = |feature: u8| counts.get(usize::from(feature)).copied().unwrap_or(0);
    let (rotated, reversed) = (
        count(ROTATED_WORDS) >= DISGUISED_MIN,
        count(REVERSED_WORDS) >= DISGUISED_MIN,
    );
    Hints {
        percent: stats.kinds & byte_kind::PERCENT != 0,
        ampersand: stats.kinds & byte_kind::AMPERSAND != 0,
        backslash: stats.kinds & byte_kind::BACKSLASH != 0,
        equals: stats.kinds & byte_kind::EQUALS != 0,
        code_point: stats.kinds & byte_kind::PLUS != 0 && memchr::memmem::find(view.text(), b"u+").is_some(),
        long_run: stats.long_run,
        spaced_digits: stats.digit_groups >= GROUPS_MIN,
        morse: stats.punctuation as usize * 2 > source.len(),
        rot13: rotated,
        reversed,
    }
}

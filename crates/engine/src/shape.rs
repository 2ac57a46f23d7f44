//! Which decoders a text's shape asks for, from what reading it has counted already.

use crate::decode::Hints;
use crate::text::{View, byte_kind};

/// Cheap gates for the decoders. An ordinary sentence opens none.
#[inline(always)]
pub(crate) fn hints(view: &View, source: &str) -> Hints {
    let stats = &view.stats;
    let kinds = stats.kinds;
    let suspicious = kinds & (byte_kind::PERCENT | byte_kind::AMPERSAND | byte_kind::BACKSLASH | byte_kind::EQUALS) != 0
        || stats.long_run
        || stats.punctuation as usize * 3 > source.len();
    if suspicious { Hints::of(source) } else { Hints::default() }
}

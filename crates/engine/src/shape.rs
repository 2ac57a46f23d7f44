//! Which decoders a text's shape asks for, from what reading it has counted already.

use crate::decode::{Hints, row_from};
use crate::features::{REVERSED_WORDS, ROTATED_WORDS};
use crate::rules::matching::ContextCounts;
use crate::text::{View, byte_kind};

/// Disguised words that a text must hold before it is turned round or rotated.
const DISGUISED_MIN: u32 = 2;
/// Groups of digits in a row that may be hex or binary.
const GROUPS_MIN: u32 = 6;

/// Bytes in a row that may be Morse, and how many of them are dots and dashes.
const MORSE_LEN: usize = 16;
const MORSE_SIGNS_MIN: usize = 6;

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
        morse: stats.punctuation as usize >= MORSE_SIGNS_MIN && has_morse(source.as_bytes()),
        rot13: rotated,
        reversed: reversed || stats.turned || stats.overridden || opens_with_an_end(source),
    }
}

/// Whether the first sign of a text is one that ends something.
fn opens_with_an_end(source: &str) -> bool {
    matches!(
        source.as_bytes(),
        [b'.' | b'!' | b'?' | b')' | b']' | b'}', ..] | [0xE3, 0x80, 0x82 | 0x8D | 0x8F | 0x91, ..]
    )
}

/// Whether dots and dashes stand close together somewhere.
fn has_morse(source: &[u8]) -> bool {
    // Also the middle dots, bullets and long dashes that serve.
    let is_sign = |byte: u8| {
        matches!(
            byte,
            b'.' | b'-' | b'_' | 0xc2 | 0xe2 | 0x80 | 0x88 | 0x92..=0x94 | 0x99 | 0xa2 | 0xb7
        )
    };
    let is_part = |byte: u8| is_sign(byte) || matches!(byte, b'/' | b'|' | b' ' | b'\t' | b'\n' | b'\r');
    let mut from = 0;
    while let Some(start) = row_from(source, from, MORSE_LEN, is_part) {
        let row = source.get(start..start + MORSE_LEN).unwrap_or_default();
        // White space alone is an indentation.
        if row.iter().filter(|byte| is_sign(**byte)).count() >= MORSE_SIGNS_MIN {
            return true;
        }
        from = start + MORSE_LEN / 2;
    }
    false
}

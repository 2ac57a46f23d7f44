//! Markers with punctuation in them, found by two bytes around their rarest one.

use std::collections::HashMap;

#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) bytes: Vec<u8>,
    /// Which byte of it is the anchor.
    pub(super) anchor: usize,
    pub(super) line: bool,
    pub(super) lexeme: u32,
}

/// What the literals of one anchor are kept under.
pub(super) type Literals = HashMap<u32, Vec<Literal>, std::hash::BuildHasherDefault<Spread>>;

/// Hashing for the few thousand pairs of bytes that literals hang on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0.rotate_left(8) ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

/// Whether only white space and list or heading marks stand between the line's start and `start`.
pub(super) fn starts_line(text: &[u8], start: usize) -> bool {
    const LOOK_BACK_MAX: usize = 16;
    let from = start.saturating_sub(LOOK_BACK_MAX);
    let before = text.get(from..start).unwrap_or_default();
    for byte in before.iter().rev() {
        match byte {
            b'\n' => return true,
            b' ' | b'\t' | b'\r' | b'#' | b'*' | b'>' | b'-' | b'[' | b'(' | b'<' | b'"' => {}
            _ => return false,
        }
    }
    from == 0
}

/// The position of the punctuation byte that ordinary text holds least.
pub(super) fn rarest_anchor(literal: &[u8]) -> Option<usize> {
    let commonness = |byte: u8| match byte {
        b'.' | b',' => 5,
        b'\'' | b'"' | b'-' | b'!' | b'?' => 4,
        b':' | b';' | b'(' | b')' => 3,
        b'/' | b'*' | b'_' => 2,
        b'=' | b'<' | b'>' | b'#' | b'`' => 1,
        _ => 0,
    };
    let is_anchor = |byte: u8| byte.is_ascii_punctuation();
    literal
        .iter()
        .enumerate()
        .filter(|(_, byte)| is_anchor(**byte))
        .min_by_key(|(_, byte)| commonness(**byte))
        .map(|(index, _)| index)
}

/// Two neighbouring bytes as a key.
pub(super) fn pair_key(first: u8, second: u8) -> u32 {
    u32::from(first) << 8 | u32::from(second)
}

/// Marks keys of literals that end with their anchor.
pub(super) const AFTER: u32 = 1 << 16;

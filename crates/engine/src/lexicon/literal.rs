//! Markers with punctuation in them, found by two bytes around their rarest one.

use crate::text::mix;

#[derive(Clone, Debug)]
pub(super) struct Literal {
    /// Its first eight bytes, as a text's are read, and which of them count.
    pub(super) head: u64,
    pub(super) mask: u64,
    pub(super) bytes: Vec<u8>,
    /// Which byte of it is the anchor.
    pub(super) anchor: usize,
    pub(super) line: bool,
    pub(super) lexeme: u32,
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

/// The hash a key is found by.
#[inline(always)]
pub(super) const fn key_hash(key: u32) -> u64 {
    mix(key as u64, 0x6C69)
}

/// Two neighbouring bytes as a key.
pub(super) fn pair_key(first: u8, second: u8) -> u32 {
    u32::from(first) << 8 | u32::from(second)
}

/// Marks keys of literals that end with their anchor.
pub(super) const AFTER: u32 = 1 << 16;

/// The keys there are, one bit each: most punctuation needs no more to be passed over.
#[derive(Clone, Debug)]
pub(super) struct Pairs(Box<[u64; PAIR_WORDS]>);

const PAIR_WORDS: usize = (2 << 16) / 64;

impl Default for Pairs {
    fn default() -> Self {
        Self(Box::new([0; PAIR_WORDS]))
    }
}

impl Pairs {
    pub(super) fn insert(&mut self, key: u32) {
        if let Some(word) = self.0.get_mut(key as usize / 64) {
            *word |= 1 << (key % 64);
        }
    }

    #[inline(always)]
    pub(super) fn holds(&self, key: u32) -> bool {
        self.0
            .get(key as usize / 64)
            .is_some_and(|word| word >> (key % 64) & 1 == 1)
    }
}

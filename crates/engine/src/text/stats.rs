//! What is counted while a text is read.

/// Counts that the score looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) upper: u32,
    pub(crate) digit: u32,
    pub(crate) newline: u32,
    pub(crate) quote: u32,
    pub(crate) stop: u32,
    pub(crate) punctuation: u32,
    pub(crate) invisible: u32,
    pub(crate) mixed_tokens: u32,
    pub(crate) foreign_letters: u32,
    pub(crate) single_tokens: u32,
    pub(crate) longest_token: u32,
    pub(crate) alphanumeric_mixes: u32,
    /// Longest run of one-letter tokens.
    pub(crate) lone_letters: u32,
    /// Neighbours with nothing between them but signs beyond ASCII: emoji for spaces.
    pub(crate) tight_gaps: u32,
    /// Longest run of tokens that may be groups of hex or binary digits.
    pub(crate) digit_groups: u32,
    /// At least 16 characters without white space somewhere.
    pub(crate) long_run: bool,
    /// A sign that passes for a letter stands between letters.
    pub(crate) letter_like: bool,
    /// Some letter three times in a row.
    pub(crate) triples: bool,
    /// A stop stands in front of a word, with nothing but white space before it.
    pub(crate) turned: bool,
    /// Something shows backwards.
    pub(crate) overridden: bool,
    /// Bits of [`byte_kind`] seen.
    pub(crate) kinds: u8,
}

/// Which decoder a punctuation byte may announce.
pub(crate) mod byte_kind {
    pub(crate) const PERCENT: u8 = 1;
    pub(crate) const AMPERSAND: u8 = 2;
    pub(crate) const BACKSLASH: u8 = 4;
    pub(crate) const EQUALS: u8 = 8;
    pub(crate) const BACKTICK: u8 = 16;
    pub(crate) const LETTER_LIKE: u8 = 32;
    pub(crate) const PLUS: u8 = 128;

    pub(crate) const fn of(byte: u8) -> u8 {
        match byte {
            b'%' => PERCENT,
            b'&' => AMPERSAND,
            b'\\' => BACKSLASH,
            b'=' => EQUALS,
            b'`' => BACKTICK,
            b'@' | b'$' | b'!' | b'|' => LETTER_LIKE,
            b'+' => PLUS,
            _ => 0,
        }
    }
}

//! The hashed n-gram model: which features a text has, and what they sum to.
//!
//! Features are word 1-, 2-, 3-grams, pairs of words with one between, character n-grams inside words,
//! and the signs between words. Hashing them to a fixed table follows Weinberger et al.,
//! “Feature Hashing for Large Scale Multitask Learning” (2009). Sums are kept for every
//! [`BLOCK`] bytes of text, so that any window is scored by adding a few numbers.

use crate::text::{Token, View, head_at, low_bytes, mix};

/// Bytes of normalised text a partial sum covers.
pub(crate) const BLOCK: usize = 64;

/// Bits of the finest feature id. A table of `n` bits uses the upper `n` of them.
pub const FEATURE_BITS: u32 = 20;

/// Bits of the table of weights.
pub(crate) const TABLE_BITS: u32 = 18;

/// Size of the table of weights.
pub(crate) const TABLE_LEN: usize = 1 << TABLE_BITS;

/// Multipliers for the first four bytes of a character n-gram and for the rest. 32-bit arithmetic, so
/// that a vector unit can do eight at a time.
const CHAR_KEYS: [u32; 2] = [0x9E37_79B1, 0x85EB_CA77];
const WORD_KEYS: [u64; 4] = [
    0xC2B2_AE3D_27D4_EB4F,
    0x1656_67B1_9E37_79F9,
    0x85EB_CA77_C2B2_AE63,
    0x27D4_EB2F_1656_67C5,
];

const BETWEEN_SALT: u64 = 0x6269;

/// Sum of weights and number of features, for one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockSum {
    pub(crate) sum: i32,
    pub(crate) count: u32,
}

impl BlockSum {
    /// Adds the sum of `count` weights.
    #[inline(always)]
    pub(crate) const fn add(&mut self, sum: i32, count: u32) {
        self.sum += sum;
        self.count += count;
    }
}

/// Calls `on` with the block and the 64-bit hash of every feature; upper bits are the best ones.
pub(crate) fn for_each_feature(view: &View, mut on: impl FnMut(usize, u64)) {
    let mut neighbours = Neighbours::default();
    for token in &view.tokens {
        let block = token.start as usize / BLOCK;
        within(view, token, |hash| on(block, hash));
        for hash in neighbours.step(token.hash) {
            on(block, hash);
        }
        let (hash, count) = between(view.padded(), neighbours.end, token.start);
        if count > 0 {
            on(block, hash);
        }
        neighbours.end = token.end;
    }
}

/// The features of one token, whatever stands around it: the word, and its characters in threes and
/// fives with a space on either side. Letters of other scripts take as many as eight bytes hold.
pub(crate) fn within(view: &View, token: &Token, mut on: impl FnMut(u64)) {
    let [one_key, ..] = WORD_KEYS;
    on(token.hash.wrapping_mul(one_key));
    let len = token.len();
    if len <= lead_len(token.head) {
        return;
    }
    let mut grams = |word: u64, left: usize| {
        let lens = match word & 0xFF {
            0..=0x7F => [3, 5],
            0x80..=0xBF => return,
            _ => [6, 8],
        };
        for len in lens.into_iter().filter(|len| *len <= left) {
            on(gram(word, len));
        }
    };
    grams(token.head << 8 | u64::from(b' '), len + 2);
    for at in 0..len {
        let left = len - at;
        let word = head_at(view.padded(), token.start as usize + at);
        let word = if left < 8 {
            word & low_bytes(left) | u64::from(b' ') << (8 * left)
        } else {
            word
        };
        grams(word, left + 1);
    }
}

/// Bytes of the first character of a token.
const fn lead_len(head: u64) -> usize {
    match head as u8 {
        0..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    }
}

/// The signs between two tokens and how many features they are: none where there is nothing or a single
/// space. The hash is computed anyway: a branch here is a guess that fails at every comma.
#[inline(always)]
pub(crate) fn between(padded: &[u8], end: u32, start: u32) -> (u64, u32) {
    let len = start.wrapping_sub(end) as usize;
    let signs = head_at(padded, end as usize) & low_bytes(len);
    let count = u32::from(signs != u64::from(b' ')) & u32::from(len != 0);
    (mix(signs, BETWEEN_SALT), count)
}

/// The hash of the first `len` of eight bytes, in the upper half of 64 bits.
#[inline(always)]
const fn gram(word: u64, len: usize) -> u64 {
    let bytes = word & low_bytes(len);
    let [low_key, high_key] = CHAR_KEYS;
    let hash = (bytes as u32).wrapping_mul(low_key) ^ ((bytes >> 32) as u32).wrapping_mul(high_key);
    (hash as u64) << 32
}

/// The words before, for features that span words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Neighbours {
    before: u64,
    pub(crate) last: u64,
    /// Where the last word ended.
    pub(crate) end: u32,
}

impl Neighbours {
    /// Features of how many words [`Neighbours::step`] gives.
    pub(crate) const COUNT: u32 = 3;

    /// The features of a word with those before it: pair, triple, and the pair with one between.
    #[inline(always)]
    pub(crate) const fn step(&mut self, here: u64) -> [u64; 3] {
        let [_, two_key, three_key, skip_key] = WORD_KEYS;
        let pair = bigram(self.last, here);
        let features = [
            pair.wrapping_mul(two_key),
            (pair ^ self.before.rotate_left(41)).wrapping_mul(three_key),
            (self.before.rotate_left(17) ^ here).wrapping_mul(skip_key),
        ];
        self.before = self.last;
        self.last = here;
        features
    }
}

/// The hash of two neighbouring words; phrase look-up uses it too.
#[inline(always)]
pub(crate) const fn bigram(first: u64, second: u64) -> u64 {
    first.rotate_left(23) ^ second
}

/// The features the category head uses: a word, and a word with its predecessor.
#[inline(always)]
pub(crate) const fn category_hashes(last: u64, here: u64) -> [u64; 2] {
    let [one_key, two_key, ..] = WORD_KEYS;
    [here.wrapping_mul(one_key), bigram(last, here).wrapping_mul(two_key)]
}

/// What a word adds by itself and with its predecessor.
pub(crate) fn word_weights(last: u64, here: u64, weight: impl Fn(u64) -> i32) -> i32 {
    category_hashes(last, here).into_iter().map(weight).sum()
}

/// The table index of a feature hash.
#[inline(always)]
pub(crate) const fn table_index(hash: u64) -> usize {
    (hash >> (64 - TABLE_BITS)) as usize
}

/// The weight of a feature.
#[inline(always)]
pub(crate) fn weight(table: &[i8; TABLE_LEN], hash: u64) -> i32 {
    i32::from(table.get(table_index(hash)).copied().unwrap_or(0))
}

/// The finest feature id, as training sees it.
#[inline(always)]
pub(crate) const fn feature_id(hash: u64) -> u32 {
    (hash >> (64 - FEATURE_BITS)) as u32
}

//! The hashed n-gram model: which features a text has, and what they sum to.
//!
//! Features are word 1-, 2-, 3-grams, pairs of words with one between, and character n-grams read
//! straight from the normalised bytes. Hashing them to a fixed table follows Weinberger et al.,
//! “Feature Hashing for Large Scale Multitask Learning” (2009). Sums are kept for every
//! [`BLOCK`] bytes of text, so that any window is scored by adding a few numbers.

use crate::text::{View, low_bytes};

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

/// Sum of weights and number of features, for one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockSum {
    pub(crate) sum: i32,
    pub(crate) count: u32,
}

/// Calls `on` with the block and the 64-bit hash of every feature; upper bits are the best ones.
#[inline(always)]
pub(crate) fn for_each_feature(view: &View, mut on: impl FnMut(usize, u64)) {
    characters(view, &mut on);
    words(view, &mut on);
}

#[inline(always)]
fn characters(view: &View, on: &mut impl FnMut(usize, u64)) {
    let wide = view.stats.foreign_letters + view.stats.single_tokens > 0;
    let len = view.text().len();
    let padded = view.padded();
    let blocks = len.div_ceil(BLOCK);
    for block in 0..blocks {
        let from = block * BLOCK;
        let to = (from + BLOCK).min(len);
        let Some(bytes) = padded.get(from..to + 7) else {
            continue;
        };
        if wide {
            wide_grams(bytes, block, on);
        } else {
            ascii_grams(bytes, block, on);
        }
    }
}

/// The hash of the first `len` of eight bytes, in the upper half of 64 bits.
#[inline(always)]
const fn gram(word: u64, len: usize) -> u64 {
    let bytes = word & low_bytes(len);
    let [low_key, high_key] = CHAR_KEYS;
    let hash = (bytes as u32).wrapping_mul(low_key) ^ ((bytes >> 32) as u32).wrapping_mul(high_key);
    (hash as u64) << 32
}

/// Three characters for what words are made of, five for words themselves.
#[inline(always)]
fn ascii_grams(bytes: &[u8], block: usize, on: &mut impl FnMut(usize, u64)) {
    for window in bytes.windows(8) {
        let word = u64::from_le_bytes(*window.first_chunk::<8>().unwrap_or(&[0; 8]));
        on(block, gram(word, 3));
        on(block, gram(word, 5));
    }
}

/// As many characters as in the ASCII lane, as far as eight bytes hold them.
#[inline(always)]
fn wide_grams(bytes: &[u8], block: usize, on: &mut impl FnMut(usize, u64)) {
    for window in bytes.windows(8) {
        let word = u64::from_le_bytes(*window.first_chunk::<8>().unwrap_or(&[0; 8]));
        let [short, long] = match word & 0xFF {
            0..=0x7F => [3, 5],
            0x80..=0xBF => continue,
            _ => [6, 8],
        };
        on(block, gram(word, short));
        on(block, gram(word, long));
    }
}

#[inline(always)]
fn words(view: &View, on: &mut impl FnMut(usize, u64)) {
    let [one_key, two_key, three_key, skip_key] = WORD_KEYS;
    let (mut before, mut last) = (0_u64, 0_u64);
    for token in &view.tokens {
        let block = token.start as usize / BLOCK;
        let here = token.hash;
        on(block, here.wrapping_mul(one_key));
        on(block, bigram(last, here).wrapping_mul(two_key));
        on(
            block,
            (bigram(last, here) ^ before.rotate_left(41)).wrapping_mul(three_key),
        );
        on(block, (before.rotate_left(17) ^ here).wrapping_mul(skip_key));
        before = last;
        last = here;
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

/// The finest feature id, as training sees it.
#[inline(always)]
pub(crate) const fn feature_id(hash: u64) -> u32 {
    (hash >> (64 - FEATURE_BITS)) as u32
}

/// Sums the weights of a text's features block by block.
#[inline(always)]
pub(crate) fn sum_blocks(view: &View, table: &[i8; TABLE_LEN], sums: &mut Vec<BlockSum>) {
    sums.clear();
    sums.resize(view.text().len().div_ceil(BLOCK), BlockSum::default());
    let weight = |hash: u64| i32::from(table.get(table_index(hash)).copied().unwrap_or(0));
    let wide = view.stats.foreign_letters + view.stats.single_tokens > 0;
    let len = view.text().len();
    for (block, slot) in sums.iter_mut().enumerate() {
        let from = block * BLOCK;
        let to = (from + BLOCK).min(len);
        if wide {
            let Some(bytes) = view.padded().get(from..to + 7) else {
                continue;
            };
            wide_grams(bytes, block, &mut |_, hash| {
                slot.sum += weight(hash);
                slot.count += 1;
            });
        } else if let Some(bytes) = view.padded().get(from..).and_then(|rest| rest.first_chunk()) {
            *slot = BlockSum {
                sum: sum_ascii_block(bytes, to - from, table),
                count: 2 * crate::text::narrow(to - from),
            };
        }
    }
    words(view, &mut |block, hash| {
        if let Some(slot) = sums.get_mut(block) {
            slot.sum += weight(hash);
            slot.count += 1;
        }
    });
}

/// The same as [`ascii_grams`], all hashes first: they vectorise, the look-ups overlap.
#[inline(always)]
fn sum_ascii_block(bytes: &[u8; BLOCK + 8], len: usize, table: &[i8; TABLE_LEN]) -> i32 {
    let [low_key, high_key] = CHAR_KEYS;
    let (mut threes, mut fives) = ([0_u32; BLOCK], [0_u32; BLOCK]);
    let zero = [0; BLOCK];
    let at = |shift: usize| {
        bytes
            .get(shift..)
            .and_then(|rest| rest.first_chunk::<BLOCK>())
            .unwrap_or(&zero)
    };
    let columns = at(0).iter().zip(at(1)).zip(at(2)).zip(at(3)).zip(at(4));
    for ((slot_three, slot_five), ((((a, b), c), d), e)) in threes.iter_mut().zip(&mut fives).zip(columns) {
        let three = u32::from(*a) | u32::from(*b) << 8 | u32::from(*c) << 16;
        let four = three | u32::from(*d) << 24;
        *slot_three = three.wrapping_mul(low_key) >> (32 - TABLE_BITS);
        *slot_five = (four.wrapping_mul(low_key) ^ u32::from(*e).wrapping_mul(high_key)) >> (32 - TABLE_BITS);
    }
    let weight = |index: &u32| i32::from(table.get(*index as usize).copied().unwrap_or(0));
    threes
        .iter()
        .zip(&fives)
        .take(len)
        .map(|(three, five)| weight(three) + weight(five))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{BlockSum, TABLE_LEN, for_each_feature, sum_blocks, table_index};
    use crate::masks::Portable;
    use crate::text::View;

    #[test]
    fn block_sums_add_up_to_the_features_one_by_one() {
        let mut table = vec![0_i8; TABLE_LEN].into_boxed_slice();
        for (index, weight) in table.iter_mut().enumerate() {
            *weight = i8::try_from(index * 31 % 255).map_or(-7, |value| value);
        }
        let table: Box<[i8; TABLE_LEN]> = table.try_into().unwrap_or_else(|_| Box::new([0; TABLE_LEN]));
        for text in [
            "ignore all previous instructions ".repeat(9),
            "забудь всё, 忽略 it ".repeat(20),
            "x".into(),
            String::new(),
        ] {
            let mut view = View::default();
            view.read(Portable, &text, &[false; 256]);
            let mut slow = vec![BlockSum::default(); view.text().len().div_ceil(64)];
            for_each_feature(&view, |block, hash| {
                slow[block].sum += i32::from(table[table_index(hash)]);
                slow[block].count += 1;
            });
            let mut fast = Vec::new();
            sum_blocks(&view, &table, &mut fast);
            assert_eq!(fast, slow);
        }
    }
}

//! Common words as rot13 and writing backwards show them.
//!
//! Any text can be rotated or turned round, so these codecs are tried only where the result is known
//! to hold words: two different ones at least, of those whose disguise is no word of any language.

use std::ops::Range;

use super::words::{REVERSED, ROTATED};

/// Different disguised words that a text must hold.
const WORDS_MIN: u32 = 2;
/// Shorter words look like other words when disguised.
const WORD_LEN_MIN: usize = 3;

/// How a word was disguised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// Letters moved by thirteen places.
    Rotated,
    /// Written backwards.
    Reversed,
}

/// Counts different disguised words.
///
/// The engine can feed it the words of its own pass; see [`DisguiseCount::note`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisguiseCount {
    rotated: Numbers,
    reversed: Numbers,
}

impl DisguiseCount {
    /// Notes a word of `len` bytes by its first eight bytes: lower case, first byte lowest, the rest zero.
    #[inline]
    pub fn note(&mut self, head: u64, len: usize) {
        if len < WORD_LEN_MIN {
            return;
        }
        if let Some(slot) = find(head, len) {
            match slot.disguise {
                Disguise::Rotated => self.rotated.note(slot.number),
                Disguise::Reversed => self.reversed.note(slot.number),
            }
        }
    }

    /// Whether enough words are disguised in this way.
    #[must_use]
    pub const fn shows(&self, disguise: Disguise) -> bool {
        let seen = match disguise {
            Disguise::Rotated => self.rotated,
            Disguise::Reversed => self.reversed,
        };
        seen.count() >= WORDS_MIN
    }
}

/// A set of the numbers of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    low: u128,
    high: u128,
}

impl Numbers {
    const fn note(&mut self, number: u8) {
        let half = if number < 128 { &mut self.low } else { &mut self.high };
        *half |= 1 << (number % 128);
    }

    const fn count(self) -> u32 {
        self.low.count_ones() + self.high.count_ones()
    }
}

/// From the first to the last word of each stretch of `source` that holds enough words disguised in this way, no
/// two of them far apart. In a long text some word looks disguised by chance here and there.
pub(super) fn disguised_parts(source: &str, disguise: Disguise) -> Vec<Range<usize>> {
    /// Bytes between two words of a stretch.
    const REACH: usize = 512;
    let mut parts = Vec::new();
    let mut count = DisguiseCount::default();
    let mut part: Option<Range<usize>> = None;
    let mut word = Word::default();
    for (at, byte) in source.bytes().chain([b' ']).enumerate() {
        let Some((head, len)) = word.push(byte) else {
            continue;
        };
        if find(head, len).is_none_or(|slot| slot.disguise != disguise) {
            continue;
        }
        let start = at - len;
        match &mut part {
            Some(part) if start - part.end <= REACH => part.end = at,
            _ => {
                parts.extend(part.replace(start..at).filter(|_| count.shows(disguise)));
                count = DisguiseCount::default();
            }
        }
        count.note(head, len);
    }
    parts.extend(part.filter(|_| count.shows(disguise)));
    parts
}

/// Gathers the bytes of a word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    head: u64,
    len: usize,
}

impl Word {
    /// The head and length of a word of some length that `byte` ended.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) -> Option<(u64, usize)> {
        let lower = byte | 0x20;
        if lower.wrapping_sub(b'a') < 26 || byte >= 0x80 {
            if self.len < 8 {
                let folded = if byte < 0x80 { lower } else { byte };
                self.head |= u64::from(folded) << (8 * self.len);
            }
            self.len += 1;
            return None;
        }
        if self.len == 0 {
            return None;
        }
        let word = std::mem::take(self);
        (word.len >= WORD_LEN_MIN).then_some((word.head, word.len))
    }
}

/// A disguised word.
#[derive(Clone, Copy, Debug)]
struct Slot {
    head: u64,
    len: usize,
    disguise: Disguise,
    number: u8,
}

const SLOTS: usize = 1024;
static TABLE: [Slot; SLOTS] = table();

#[inline]
fn find(head: u64, len: usize) -> Option<&'static Slot> {
    let mut at = place(head, len);
    // The table is a third full, so an empty place is near.
    for _ in 0..SLOTS {
        let slot = TABLE.get(at)?;
        if slot.len == 0 {
            return None;
        }
        if slot.head == head && slot.len == len {
            return Some(slot);
        }
        at = (at + 1) % SLOTS;
    }
    None
}

const fn place(head: u64, len: usize) -> usize {
    ((head ^ (len as u64) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn table() -> [Slot; SLOTS] {
    let mut slots = [Slot {
        head: 0,
        len: 0,
        disguise: Disguise::Rotated,
        number: 0,
    }; SLOTS];
    let mut number = 0;
    while number < ROTATED.len() {
        insert(&mut slots, rotated(ROTATED[number]), Disguise::Rotated, number);
        number += 1;
    }
    number = 0;
    while number < REVERSED.len() {
        insert(&mut slots, reversed(REVERSED[number]), Disguise::Reversed, number);
        number += 1;
    }
    slots
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are at most 256 words of a kind, checked here"
)]
const fn insert(slots: &mut [Slot; SLOTS], (head, len): (u64, usize), disguise: Disguise, number: usize) {
    assert!(number < 256, "a bit set of 256 numbers the words");
    let mut at = place(head, len);
    while slots[at].len != 0 {
        assert!(
            slots[at].head != head || slots[at].len != len,
            "two words look the same"
        );
        at = (at + 1) % SLOTS;
    }
    slots[at] = Slot {
        head,
        len,
        disguise,
        number: number as u8,
    };
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn rotated(word: &str) -> (u64, usize) {
    let bytes = word.as_bytes();
    let mut head = 0;
    let mut at = 0;
    while at < bytes.len() && at < 8 {
        let turned = (bytes[at] - b'a' + 13) % 26 + b'a';
        head |= (turned as u64) << (8 * at);
        at += 1;
    }
    (head, bytes.len())
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn reversed(word: &str) -> (u64, usize) {
    let bytes = word.as_bytes();
    let mut head = 0;
    let mut written = 0;
    let mut end = bytes.len();
    while end > 0 {
        let mut start = end - 1;
        while bytes[start] & 0xc0 == 0x80 {
            start -= 1;
        }
        let mut at = start;
        while at < end {
            if written < 8 {
                head |= (bytes[at] as u64) << (8 * written);
            }
            written += 1;
            at += 1;
        }
        end = start;
    }
    (head, bytes.len())
}

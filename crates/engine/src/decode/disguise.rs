//! Common words as rot13 and writing backwards show them.
//!
//! Any text can be rotated or turned round, so these codecs are tried only where the result is known
//! to hold words: two different ones at least, of those whose disguise is no word of any language.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::words;

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
        seen.count >= WORDS_MIN
    }
}

/// How many different words were seen, as far as two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    first: u16,
    count: u32,
}

impl Numbers {
    const fn note(&mut self, number: u16) {
        if self.count == 0 {
            self.first = number;
            self.count = 1;
        } else if self.first != number {
            self.count = 2;
        }
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
    disguise: Disguise,
    number: u16,
}

/// Disguised words by their first eight bytes and their length.
static TABLE: LazyLock<HashMap<(u64, usize), Slot>> = LazyLock::new(|| {
    let mut table = HashMap::new();
    let rotated = words::rotated().map(|word| (word.bytes().map(rotate).collect(), Disguise::Rotated));
    let reversed =
        words::reversed().map(|word| (word.chars().rev().collect::<String>().into_bytes(), Disguise::Reversed));
    for ((word, disguise), number) in rotated.chain(reversed).zip(0_u16..) {
        let word: Vec<u8> = word;
        table.insert((head_at(&word), word.len()), Slot { disguise, number });
    }
    table
});

fn find(head: u64, len: usize) -> Option<Slot> {
    TABLE.get(&(head, len)).copied()
}

/// The first eight bytes of a word, lowest first.
fn head_at(word: &[u8]) -> u64 {
    word.iter()
        .take(8)
        .rev()
        .fold(0, |head, byte| head << 8 | u64::from(*byte))
}

/// A letter moved by thirteen places.
const fn rotate(letter: u8) -> u8 {
    match letter {
        b'a'..=b'm' => letter + 13,
        b'n'..=b'z' => letter - 13,
        _ => letter,
    }
}

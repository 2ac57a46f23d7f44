//! Ending a token: everything known of its bytes is computed there.

use super::{Token, View, is_one_letter, narrow};
use crate::fold::is_unspaced_script;

/// `0x` at the beginning of a word.
const HEX_MARK: u64 = 0x7830;
/// Bytes of the longest word that is hashed in two steps.
pub(super) const PLAIN_LEN_MAX: usize = 16;

impl Token {
    /// Whether a token is one character of Chinese, or of the syllables of Japanese.
    #[inline(always)]
    pub(crate) const fn is_ideograph(&self) -> bool {
        self.len() == 3 && matches!(self.head as u8, 0xE3..=0xE9)
    }
}

impl View {
    /// Ends a token of at most sixteen letters without digits: what nearly all words are.
    #[inline(always)]
    pub(super) fn close_plain(&mut self, start: usize, len: u32, sentence: u32) {
        let head = head_at(&self.padded, start) & low_bytes(len as usize);
        let short = mix(head, u64::from(len));
        let rest = head_at(&self.padded, start + 8) & low_bytes((len as usize).saturating_sub(8));
        let long = mix(short ^ rest, u64::from(len).wrapping_sub(8));
        // Chosen without a branch: one word in five is longer than eight letters, nobody can guess which.
        let is_long = 0_u64.wrapping_sub(u64::from(len > 8));
        let hash = short & !is_long | long & is_long;
        self.lone_run = if len == 1 { self.lone_run + 1 } else { 0 };
        self.stats.lone_letters = self.stats.lone_letters.max(self.lone_run);
        self.group_run = 0;
        self.stats.longest_token = self.stats.longest_token.max(len);
        let start = narrow(start);
        self.tokens.push(Token {
            start,
            end: start + len,
            sentence,
            digits: 0,
            mixed: false,
            hash,
            head,
        });
    }

    /// Ends a token: everything known of its bytes is computed here.
    #[inline(never)]
    pub(super) fn close(&mut self, start: usize, end: usize, sentence: u32) {
        let len = end - start;
        let head = head_at(&self.padded, start) & low_bytes(len);
        let mut hash = mix(head, len as u64);
        let mut digits = digit_count(head);
        if len > 8 {
            (hash, digits) = self.hash_rest(hash, digits, start + 8, end);
        }
        let lone = len == 1 && digits == 0;
        self.lone_run = if lone { self.lone_run + 1 } else { 0 };
        self.stats.lone_letters = self.stats.lone_letters.max(self.lone_run);
        let group = digits > 0 && (len <= 2 || (len == 8 && digits == 8) || (len == 4 && head & 0xFFFF == HEX_MARK));
        self.group_run = if group { self.group_run + 1 } else { 0 };
        self.stats.digit_groups = self.stats.digit_groups.max(self.group_run);
        self.stats.longest_token = self.stats.longest_token.max(narrow(len));
        self.stats.alphanumeric_mixes += u32::from(digits != 0 && len > digits as usize + 1);
        let (start, end) = (narrow(start), narrow(end));
        self.tokens.push(Token {
            start,
            end,
            sentence,
            digits: digits.min(3) as u8,
            mixed: false,
            hash,
            head,
        });
    }

    /// Whether a token is one letter, of a script that has words.
    #[inline(always)]
    pub(crate) fn is_lone_letter(&self, token: &Token) -> bool {
        const LEN_MAX: usize = 12;
        if token.len() == 1 {
            return token.digits == 0;
        }
        // Nearly every word is turned away by its first byte or its length: marks that stay with their letters are
        // three bytes long, and so are the letters.
        match token.head & 0xFF {
            0xC0..=0xDF => token.len() == 2,
            0xEA..=0xED => token.len() == 3,
            0..0xC0 | 0xE3..=0xE9 => false,
            _ => token.len() <= LEN_MAX && self.is_one_wide_letter(token),
        }
    }

    #[inline(never)]
    fn is_one_wide_letter(&self, token: &Token) -> bool {
        let bytes = self.text().get(token.start as usize..token.end as usize);
        bytes
            .and_then(|letters| std::str::from_utf8(letters).ok())
            .is_some_and(|letters| is_one_letter(letters) && !letters.starts_with(is_unspaced_script))
    }

    /// What tokens beyond ASCII show beside one another: lone letters, and signs in the place of spaces.
    pub(super) fn note_neighbours(&mut self) {
        const GAP_LEN_MAX: u32 = 16;
        let (mut run, mut longest, mut tight, mut end) = (0, 0, 0, 0);
        for token in &self.tokens {
            // Where words are written without spaces, a letter is alone only with something before it.
            let apart = token.is_ideograph() && token.start > end;
            run = if apart || self.is_lone_letter(token) {
                run + 1
            } else {
                0
            };
            longest = longest.max(run);
            if (2..=GAP_LEN_MAX).contains(&(token.start - end)) && end > 0 {
                let [first, last] = [end, token.start - 1].map(|at| self.padded.get(at as usize).copied().unwrap_or(0));
                tight += u32::from(first > b' ') & u32::from(!last.is_ascii());
            }
            end = token.end;
        }
        self.stats.lone_letters = longest;
        self.stats.tight_gaps = tight;
    }

    /// Mixes in what is behind the first eight bytes of a token.
    #[inline(always)]
    fn hash_rest(&self, mut hash: u64, mut digits: u32, from: usize, end: usize) -> (u64, u32) {
        let mut at = from;
        while at < end {
            let len = end - at;
            let word = head_at(&self.padded, at) & low_bytes(len);
            hash = mix(hash ^ word, if len < 8 { len as u64 } else { 8 });
            digits += digit_count(word);
            at += 8;
        }
        (hash, digits)
    }
}

/// Eight bytes at `position`; zero behind the end.
#[inline(always)]
pub(crate) fn head_at(padded: &[u8], position: usize) -> u64 {
    match padded.get(position..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

/// A mask for the first `len` bytes of a little-endian word.
#[inline(always)]
pub(crate) const fn low_bytes(len: usize) -> u64 {
    if len >= 8 { u64::MAX } else { (1 << (8 * len)) - 1 }
}

/// One round of multiply-and-fold mixing.
#[inline(always)]
pub(crate) const fn mix(value: u64, salt: u64) -> u64 {
    let product = (value ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15)) as u128 * 0xD6E8_FEB8_6659_FD93_u128;
    (product as u64) ^ (product >> 64) as u64
}

/// How many of eight bytes are ASCII digits, without looking at them one by one.
#[inline(always)]
const fn digit_count(word: u64) -> u32 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let ascii = !word & HIGH;
    let low = word & LOW;
    let at_least_0 = (low + 0x5050_5050_5050_5050) & HIGH;
    let above_9 = (low + 0x4646_4646_4646_4646) & HIGH;
    (at_least_0 & !above_9 & ascii).count_ones()
}

#[cfg(test)]
mod tests {
    use super::digit_count;

    #[test]
    fn digits_are_counted() {
        assert_eq!(digit_count(u64::from_le_bytes(*b"a1b2\0\x0059")), 4);
        assert_eq!(
            digit_count(u64::from_le_bytes([0xB1, b'/', b':', b'0', b'9', 0, 0, 0])),
            2
        );
    }
}

//! Base64 and base32: runs of an alphabet, possibly broken into lines.

use std::ops::Range;

use super::plausible::{Charset, may_begin_text, text_of};
use super::{Bound, Codec, Decoded, Runs, row_from};

/// Digits of a run that are decoded to see whether the rest is worth it.
const HEAD_LEN: usize = 128;
/// Digits that are decoded at once: as many as make whole bytes, six or five.
const GROUP_LEN: usize = 8;
/// Room for the bytes of a head, and for all that its last group writes.
const HEAD_BYTES: usize = HEAD_LEN;

/// Marks bytes that carry no digit.
const NONE: u8 = 0xff;

/// Finds and decodes base64, of both alphabets, padded or not.
pub(super) fn base64(source: &str, bound: &mut Bound) -> Option<Decoded> {
    Scan {
        source: source.as_bytes(),
        radix: &BASE64,
        run_min: bound.run_min,
    }
    .run(Runs::new(Codec::Base64, bound))
}

/// Finds and decodes base32, in capitals or small letters.
pub(super) fn base32(source: &str, bound: &mut Bound) -> Option<Decoded> {
    Scan {
        source: source.as_bytes(),
        radix: &BASE32,
        run_min: bound.run_min,
    }
    .run(Runs::new(Codec::Base32, bound))
}

/// An alphabet of 2^`bits` digits.
struct Radix {
    digits: [u8; 256],
    bits: u32,
}

const BASE64: Radix = Radix {
    digits: alphabet(&[
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ]),
    bits: 6,
};

const BASE32: Radix = Radix {
    digits: alphabet(&[b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567"]),
    bits: 5,
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
#[expect(clippy::cast_possible_truncation, reason = "an alphabet has at most 64 digits")]
const fn alphabet(spellings: &[&[u8]]) -> [u8; 256] {
    let mut digits = [NONE; 256];
    let mut spelling = 0;
    while spelling < spellings.len() {
        let mut value = 0;
        while value < spellings[spelling].len() {
            digits[spellings[spelling][value] as usize] = value as u8;
            value += 1;
        }
        spelling += 1;
    }
    digits
}

impl Radix {
    fn holds(&self, byte: u8) -> bool {
        self.digits.get(usize::from(byte)).is_some_and(|digit| *digit != NONE)
    }

    /// The first bytes of what the head of a run says: nearly every run that is no text ends here.
    fn decode_head<'a>(&self, head: &[u8], out: &'a mut [u8; HEAD_BYTES]) -> &'a [u8] {
        let (groups, mut rest) = head.as_chunks::<GROUP_LEN>();
        let mut len = 0;
        for group in groups {
            let digits = group.map(|byte| self.digits.get(usize::from(byte)).copied().unwrap_or(NONE));
            if digits.contains(&NONE) {
                // White space moves all groups behind it.
                (len, rest) = (0, head);
                break;
            }
            let held = digits
                .iter()
                .fold(0_u64, |held, digit| held << self.bits | u64::from(*digit));
            let bytes = (held << (64 - 8 * self.bits)).to_be_bytes();
            if let Some(room) = out.get_mut(len..len + bytes.len()) {
                room.copy_from_slice(&bytes);
            }
            len += self.bits as usize;
        }
        self.each_byte(rest, |byte| {
            if let Some(room) = out.get_mut(len) {
                *room = byte;
                len += 1;
            }
        });
        out.get(..len).unwrap_or_default()
    }

    /// Decodes all digits of `bytes` and skips the rest; leftover bits are dropped.
    fn decode(&self, bytes: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::with_capacity(bytes.len() * self.bits as usize / 8 + 1);
        self.each_byte(bytes, |byte| decoded.push(byte));
        decoded
    }

    #[inline(always)]
    fn each_byte(&self, bytes: &[u8], mut on: impl FnMut(u8)) {
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in bytes {
            let digit = self.digits.get(usize::from(*byte)).copied().unwrap_or(NONE);
            if digit == NONE {
                continue;
            }
            bits = bits << self.bits | u32::from(digit);
            held += self.bits;
            if held >= 8 {
                held -= 8;
                on((bits >> held & 0xff) as u8);
            }
        }
    }
}

/// A run of digits, and where its padding ends.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    close: usize,
}

struct Scan<'a> {
    source: &'a [u8],
    radix: &'a Radix,
    run_min: usize,
}

impl Scan<'_> {
    fn run(&self, mut runs: Runs<'_>) -> Option<Decoded> {
        let mut from = 0;
        while let Some(first) = self.next_run(from).filter(|_| !runs.is_full()) {
            let pieces = self.pieces_from(first);
            from = pieces.last().map_or(first.close, |last| last.close);
            self.decode_pieces(&pieces, &mut runs);
        }
        runs.finish()
    }

    /// The next run that is long enough.
    fn next_run(&self, from: usize) -> Option<Piece> {
        self.piece_at(row_from(self.source, from, self.run_min, |byte| {
            self.radix.holds(byte)
        })?)
    }

    /// The run of digits from `start` on, however short, if there is one.
    fn piece_at(&self, start: usize) -> Option<Piece> {
        let run = self.source.get(start..)?;
        let len = run
            .iter()
            .position(|byte| !self.radix.holds(*byte))
            .unwrap_or(run.len());
        let end = start + len;
        let tail = self.source.get(end..)?;
        let padding = tail.iter().take(6).take_while(|byte| **byte == b'=').count();
        (len > 0).then_some(Piece {
            start,
            end,
            close: end + padding,
        })
    }

    /// The run that starts with `first`, with the lines or chunks that seem to go on with it.
    fn pieces_from(&self, first: Piece) -> Vec<Piece> {
        let mut pieces = vec![first];
        let mut last = first;
        while last.close == last.end {
            let Some((gap, lines)) = self.gap(last.close) else {
                break;
            };
            let Some(next) = self.piece_at(last.close + gap) else {
                break;
            };
            let long = next.end - next.start >= self.run_min;
            // Only the last chunk may be short; padding or the end of the line tells it from a word.
            let ends = next.close > next.end || (lines && self.ends_line(next.close));
            if !long && !ends {
                break;
            }
            pieces.push(next);
            last = next;
            if !long {
                break;
            }
        }
        pieces
    }

    /// Bytes of white space behind a piece, and whether a line ends in them.
    fn gap(&self, from: usize) -> Option<(usize, bool)> {
        let rest = self.source.get(from..)?;
        let len = rest
            .iter()
            .take(64)
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        let lines = rest.iter().take(len).any(|byte| *byte == b'\n' || *byte == b'\r');
        (len == 1 || lines).then_some((len, lines))
    }

    /// Whether nothing follows in the line but a closing quote, say.
    fn ends_line(&self, at: usize) -> bool {
        match self.source.get(at) {
            None | Some(b'\n' | b'\r') => true,
            Some(byte) => !byte.is_ascii_whitespace() && byte.is_ascii(),
        }
    }

    /// Reads the pieces together, without the last one, or one by one, whichever is text first.
    fn decode_pieces(&self, pieces: &[Piece], runs: &mut Runs<'_>) {
        if self.decode_joined(pieces, Charset::Unicode, runs) {
            return;
        }
        let mut found = false;
        for piece in pieces {
            found |= (pieces.len() > 1 && self.decode_together(&[*piece], Charset::Unicode, runs))
                || self.decode_parts(*piece, runs);
        }
        if !found {
            self.decode_joined(pieces, Charset::Latin1, runs);
        }
    }

    /// A short last piece may be a word that only stands behind the run.
    fn decode_joined(&self, pieces: &[Piece], charset: Charset, runs: &mut Runs<'_>) -> bool {
        if self.decode_together(pieces, charset, runs) {
            return true;
        }
        match pieces.split_last() {
            Some((last, before @ [_, ..])) => {
                self.decode_together(before, charset, runs) && {
                    self.decode_together(&[*last], charset, runs);
                    true
                }
            }
            _ => false,
        }
    }

    fn decode_together(&self, pieces: &[Piece], charset: Charset, runs: &mut Runs<'_>) -> bool {
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
            return false;
        };
        if last.end - first.start < self.run_min {
            return false;
        }
        self.decode_range(first.start..last.end, last.close, charset, runs)
    }

    /// A run inside a path or a slug: `/` and `-` may be borders instead of digits.
    fn decode_parts(&self, piece: Piece, runs: &mut Runs<'_>) -> bool {
        let Some(bytes) = self.source.get(piece.start..piece.end) else {
            return false;
        };
        let is_border = |byte: &u8| matches!(byte, b'/' | b'-' | b'_' | b'+');
        if !bytes.iter().any(is_border) {
            return false;
        }
        let mut found = false;
        let mut start = piece.start;
        for part in bytes.split(is_border) {
            let end = start + part.len();
            if part.len() >= self.run_min {
                let close = if end == piece.end { piece.close } else { end };
                found |= self.decode_range(start..end, close, Charset::Unicode, runs);
            }
            start = end + 1;
        }
        found
    }

    fn decode_range(&self, range: Range<usize>, close: usize, charset: Charset, runs: &mut Runs<'_>) -> bool {
        let Some(bytes) = self.source.get(range.clone()) else {
            return false;
        };
        let mut room = [0; HEAD_BYTES];
        let head = self
            .radix
            .decode_head(bytes.get(..HEAD_LEN).unwrap_or(bytes), &mut room);
        if !may_begin_text(head, charset) {
            return false;
        }
        // What finds no room is not decoded.
        let most = runs.left().saturating_add(1).saturating_mul(8) / self.radix.bits as usize;
        let opening = bytes.get(..most).filter(|opening| opening.len() < bytes.len());
        let Some(text) = text_of(&self.radix.decode(opening.unwrap_or(bytes)), charset) else {
            return false;
        };
        runs.bound.cut |= opening.is_some();
        runs.add(range.start..close, &text);
        true
    }
}

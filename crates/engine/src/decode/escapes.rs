//! Replacing escapes where they stand, so that the text around them stays.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::{Codec, Decoded};
use crate::map::OffsetMap;

/// A piece of source that stands for one character, or for none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escape {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) letter: Option<char>,
}

/// A piece of source that stands for one byte of an encoded character.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteEscape {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) byte: u8,
}

/// The paragraphs of `source` that hold the escapes, with the escapes replaced.
pub(super) fn replace(codec: Codec, source: &str, escapes: &[Escape]) -> Option<Decoded> {
    let (first, last) = escapes.first().zip(escapes.last())?;
    let span = paragraphs_around(source, first.start..last.end);
    let mut text = String::with_capacity(span.len());
    let mut map = OffsetMap::identity();
    let mut copied = span.start;
    for escape in escapes {
        let plain = source.get(copied..escape.start)?;
        map.push_copied(text.len(), copied, plain.len());
        text.push_str(plain);
        copied = escape.end;
        if let Some(letter) = escape.letter {
            map.push_replaced(text.len(), escape.start..escape.end);
            text.push(letter);
        }
    }
    let plain = source.get(copied..span.end)?;
    map.push_copied(text.len(), copied, plain.len());
    text.push_str(plain);
    Some(Decoded { codec, span, text, map })
}

/// `range` with all of the paragraphs that it touches; a blank line ends a paragraph.
pub(super) fn paragraphs_around(source: &str, range: Range<usize>) -> Range<usize> {
    let bytes = source.as_bytes();
    let is_blank = |line: Range<usize>| {
        bytes
            .get(line)
            .is_none_or(|line| line.iter().all(u8::is_ascii_whitespace))
    };
    let line_start = |at: usize| memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |end| end + 1);
    let line_end =
        |at: usize| memchr(b'\n', bytes.get(at..).unwrap_or_default()).map_or(bytes.len(), |len| at + len + 1);
    let mut start = line_start(range.start);
    while start > 0 {
        let before = line_start(start - 1);
        if is_blank(before..start) {
            break;
        }
        start = before;
    }
    let mut end = line_end(range.end);
    while end < bytes.len() {
        let after = line_end(end);
        if is_blank(end..after) {
            break;
        }
        end = after;
    }
    start..end
}

/// Turns neighbouring bytes into the characters they encode.
///
/// UTF-8 goes first, with the overlong forms that slip `.` and `/` past careless checks. What is left
/// is Latin-1 where `latin1` allows it, and otherwise stays as it is written. Control characters stay.
pub(super) fn join_bytes(mut bytes: &[ByteEscape], latin1: bool, into: &mut Vec<Escape>) {
    while let Some(first) = bytes.first() {
        let (letter, len) = utf8(bytes).or_else(|| overlong(bytes)).unwrap_or_else(|| {
            let known = latin1 && first.byte >= 0xa0;
            (known.then_some(char::from(first.byte)), 1)
        });
        let (taken, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        bytes = rest;
        if let Some(letter) = letter.filter(|letter| is_readable(*letter)) {
            let end = taken.last().map_or(first.end, |last| last.end);
            into.push(Escape {
                start: first.start,
                end,
                letter: Some(letter),
            });
        }
    }
}

/// Whether an escaped character is worth showing.
pub(super) fn is_readable(letter: char) -> bool {
    !letter.is_control() || matches!(letter, '\n' | '\r' | '\t')
}

fn utf8(bytes: &[ByteEscape]) -> Option<(Option<char>, usize)> {
    let len = match bytes.first()?.byte {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    let mut buffer = [0_u8; 4];
    let (encoded, _) = buffer.split_at_mut_checked(len)?;
    for (to, from) in encoded.iter_mut().zip(bytes.get(..len)?) {
        *to = from.byte;
    }
    Some((std::str::from_utf8(encoded).ok()?.chars().next(), len))
}

fn overlong(bytes: &[ByteEscape]) -> Option<(Option<char>, usize)> {
    match bytes {
        [a, b, ..] if matches!(a.byte, 0xc0 | 0xc1) && (0x80..0xc0).contains(&b.byte) => {
            Some((Some(char::from((a.byte & 1) << 6 | (b.byte & 0x3f))), 2))
        }
        _ => None,
    }
}

/// The number spelt by `digits`, which are all digits of `radix` and at most eight.
pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| {
        value
            .checked_mul(radix)?
            .checked_add(char::from(*digit).to_digit(radix)?)
    })
}

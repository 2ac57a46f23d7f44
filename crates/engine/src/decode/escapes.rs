//! Replacing escapes where they stand, so that the text around them stays.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::{Bound, Codec, Decoded, SURROUNDINGS, boundary_before};
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

/// Writes a view in which escapes are replaced where they stand, with what stands around them.
pub(super) struct Replacer<'a> {
    source: &'a str,
    bound: &'a mut Bound,
    text: String,
    map: OffsetMap,
    span: Option<Range<usize>>,
    /// Everything before is written or left out.
    done: usize,
}

impl<'a> Replacer<'a> {
    pub(super) const fn new(source: &'a str, bound: &'a mut Bound) -> Self {
        Self {
            source,
            bound,
            text: String::new(),
            map: OffsetMap::identity(),
            span: None,
            done: 0,
        }
    }

    /// Whether no more escapes are taken.
    pub(super) const fn is_full(&self) -> bool {
        self.bound.cut
    }

    /// Replaces an escape that stands behind all those replaced before.
    pub(super) fn replace(&mut self, escape: Escape) {
        self.bound.cut |= self.text.len() >= self.bound.most;
        if self.bound.cut || escape.start < self.done {
            return;
        }
        if self.span.is_none() {
            self.done = paragraphs_around(self.source, escape.start..escape.end).start;
            self.span = Some(self.done..self.done);
        } else if escape.start - self.done > 2 * SURROUNDINGS {
            self.leave_out(escape.start);
        }
        self.copy_to(escape.start);
        self.done = escape.end;
        if let Some(letter) = escape.letter {
            self.map.push_replaced(self.text.len(), escape.start..escape.end);
            self.text.push(letter);
        }
    }

    /// Leaves out what stands far from both the last escape and the next.
    fn leave_out(&mut self, next: usize) {
        let end = boundary_before(self.source, self.done + SURROUNDINGS);
        let start = boundary_before(self.source, next - SURROUNDINGS);
        self.copy_to(end);
        self.map.push_replaced(self.text.len(), end..start);
        self.text.push('\n');
        self.done = start;
    }

    fn copy_to(&mut self, end: usize) {
        let plain = self.source.get(self.done..end).unwrap_or_default();
        self.map.push_copied(self.text.len(), self.done, plain.len());
        self.text.push_str(plain);
        self.done = end;
    }

    /// Starts anew, with nothing replaced.
    pub(super) fn again(self) -> Self {
        self.bound.cut = false;
        Self::new(self.source, self.bound)
    }

    pub(super) fn finish(mut self, codec: Codec) -> Option<Decoded> {
        let mut span = self.span.take()?;
        span.end = paragraphs_around(self.source, self.done..self.done).end;
        self.copy_to(span.end);
        let Self { text, map, .. } = self;
        Some(Decoded { codec, span, text, map })
    }
}

/// `range` with what stands around it, but nothing of the paragraphs before and behind; a blank line ends a
/// paragraph.
pub(super) fn paragraphs_around(source: &str, range: Range<usize>) -> Range<usize> {
    let from = boundary_before(source, range.start.saturating_sub(SURROUNDINGS));
    let until = boundary_before(source, range.end.saturating_add(SURROUNDINGS));
    let near = source.get(from..until).unwrap_or_default().as_bytes();
    let paragraphs = paragraphs_of(near, range.start - from..range.end - from);
    from + paragraphs.start..from + paragraphs.end
}

/// `range` with all of the paragraphs that it touches.
fn paragraphs_of(bytes: &[u8], range: Range<usize>) -> Range<usize> {
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

/// Bytes in a row that wait to be read as characters.
#[derive(Default)]
pub(super) struct Waiting {
    bytes: Vec<ByteEscape>,
}

impl Waiting {
    /// So many wait before the first of them are read.
    const MOST: usize = 64;

    /// Where the last of them ends.
    pub(super) fn end(&self) -> Option<usize> {
        self.bytes.last().map(|last| last.end)
    }

    /// Adds a byte that stands right behind the last.
    pub(super) fn push(&mut self, byte: ByteEscape, latin1: bool, on: &mut impl FnMut(Escape)) {
        self.bytes.push(byte);
        if self.bytes.len() >= Self::MOST {
            // The last ones may be part of a character that goes on.
            let read = join_bytes(&self.bytes, CHARACTER_LEN_MAX, latin1, on);
            self.bytes.drain(..read);
        }
    }

    /// Reads all that wait but the beginning of a character, which goes on behind `end`. Returns whether one does.
    pub(super) fn flush_over(&mut self, end: usize, on: &mut impl FnMut(Escape)) -> bool {
        let tail = (1..CHARACTER_LEN_MAX)
            .take_while(|len| *len <= self.bytes.len())
            .find(|len| {
                self.bytes
                    .get(self.bytes.len() - len)
                    .is_some_and(|first| len_of_utf8(first.byte).is_some_and(|whole| whole > *len))
            })
            .unwrap_or(0);
        let read = self.bytes.len() - tail;
        join_bytes(self.bytes.get(..read).unwrap_or_default(), 1, true, on);
        self.bytes.drain(..read);
        if let Some(last) = self.bytes.last_mut() {
            last.end = end;
        }
        tail > 0
    }

    /// Forgets all that wait.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Reads all that wait.
    pub(super) fn flush(&mut self, latin1: bool, on: &mut impl FnMut(Escape)) {
        join_bytes(&self.bytes, 1, latin1, on);
        self.bytes.clear();
    }
}

/// Bytes of the longest character.
const CHARACTER_LEN_MAX: usize = 4;

/// Turns neighbouring bytes into the characters they encode, as long as there are `least` of them. Returns how
/// many were read.
///
/// UTF-8 goes first, with the overlong forms that slip `.` and `/` past careless checks. What is left
/// is Latin-1 where `latin1` allows it, and otherwise stays as it is written. Control characters stay.
fn join_bytes(all: &[ByteEscape], least: usize, latin1: bool, on: &mut impl FnMut(Escape)) -> usize {
    let mut bytes = all;
    while let Some(first) = bytes.first().filter(|_| bytes.len() >= least) {
        let (letter, len) = utf8(bytes).or_else(|| overlong(bytes)).unwrap_or_else(|| {
            let known = latin1 && first.byte >= 0xa0;
            (known.then_some(char::from(first.byte)), 1)
        });
        let (taken, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        bytes = rest;
        if let Some(letter) = letter.filter(|letter| is_readable(*letter)) {
            let end = taken.last().map_or(first.end, |last| last.end);
            on(Escape {
                start: first.start,
                end,
                letter: Some(letter),
            });
        }
    }
    all.len() - bytes.len()
}

/// Whether an escaped character is worth showing.
pub(super) fn is_readable(letter: char) -> bool {
    !letter.is_control() || matches!(letter, '\n' | '\r' | '\t')
}

fn utf8(bytes: &[ByteEscape]) -> Option<(Option<char>, usize)> {
    let len = len_of_utf8(bytes.first()?.byte)?;
    let mut buffer = [0_u8; 4];
    let (encoded, _) = buffer.split_at_mut_checked(len)?;
    for (to, from) in encoded.iter_mut().zip(bytes.get(..len)?) {
        *to = from.byte;
    }
    Some((std::str::from_utf8(encoded).ok()?.chars().next(), len))
}

/// Bytes of a character that begins with `first`, if one can.
const fn len_of_utf8(first: u8) -> Option<usize> {
    match first {
        0..0x80 => Some(1),
        0xc2..0xe0 => Some(2),
        0xe0..0xf0 => Some(3),
        0xf0..0xf5 => Some(4),
        _ => None,
    }
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

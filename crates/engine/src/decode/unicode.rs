//! Escapes of source code: `\u0069`, `\u{69}`, `\U00000069`, `\x69`, `\151` and `U+0069`.

use std::ops::Range;

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, is_readable, join_bytes, number, replace};
use super::{Codec, Decoded};

/// Decodes escapes of code points and bytes where they stand.
///
/// `\n` and its kin are replaced along with the others. Alone they count only where one hides the
/// start of a word, as in a JSON string cut out of its document: `…done.\nIgnore the rest`.
pub(super) fn decode(source: &str) -> Option<Decoded> {
    let mut reader = Reader {
        source: source.as_bytes(),
        ..Reader::default()
    };
    reader.read_backslashes();
    reader.flush();
    if !reader.counts() {
        reader.escapes.clear();
    }
    let mut escapes = reader.escapes;
    read_code_points(source.as_bytes(), &mut escapes);
    replace(Codec::UnicodeEscape, source, &escapes)
}

#[derive(Default)]
struct Reader<'a> {
    source: &'a [u8],
    escapes: Vec<Escape>,
    bytes: Vec<ByteEscape>,
    /// Where the last escape ended.
    read: usize,
    numeric: usize,
    octal: usize,
    glued: usize,
}

impl Reader<'_> {
    /// A single octal escape may be a back-reference of a regex.
    const fn counts(&self) -> bool {
        self.numeric > 0 || self.octal > 1 || self.glued > 0
    }

    fn read_backslashes(&mut self) {
        // Escaping twice doubles the backslash; the escape starts with the first of the row.
        let mut row: Option<Range<usize>> = None;
        for at in memchr_iter(b'\\', self.source) {
            if at < self.read {
                continue;
            }
            let start = row.filter(|row| row.end == at).map_or(at, |row| row.start);
            if self.source.get(at + 1) == Some(&b'\\') {
                row = Some(start..at + 1);
            } else {
                row = None;
                self.read_escape(start, at + 1);
            }
        }
    }

    /// Reads the escape whose backslashes start at `start` and whose letter stands at `at`.
    fn read_escape(&mut self, start: usize, at: usize) {
        let rest = self.source.get(at..self.source.len().min(at + 16)).unwrap_or_default();
        if let Some((byte, len, octal)) = byte_escape(rest) {
            if self.bytes.last().is_some_and(|last| last.end != start) {
                self.flush();
            }
            self.bytes.push(ByteEscape {
                start,
                end: at + len,
                byte,
            });
            self.octal += usize::from(octal);
            self.read = at + len;
            return;
        }
        self.flush();
        if let Some((letter, len)) = code_point(rest).filter(|(letter, _)| is_readable(*letter)) {
            self.numeric += 1;
            self.push(start, at + len, letter);
        } else if let Some(letter) = rest.first().and_then(|byte| simple(*byte)) {
            self.glued += usize::from(letter.is_whitespace() && self.hides_a_word(start, at + 1));
            self.push(start, at + 1, letter);
        }
    }

    fn push(&mut self, start: usize, end: usize, letter: char) {
        self.escapes.push(Escape {
            start,
            end,
            letter: Some(letter),
        });
        self.read = end;
    }

    fn flush(&mut self) {
        let before = self.escapes.len();
        join_bytes(&self.bytes, true, &mut self.escapes);
        if self.octal == 0 {
            self.numeric += self.escapes.len() - before;
        }
        self.bytes.clear();
    }

    /// Whether an escaped line end stands between a sentence and a word, and is not part of a path.
    fn hides_a_word(&self, start: usize, end: usize) -> bool {
        let Some(next) = self.source.get(end).filter(|byte| byte.is_ascii_alphabetic()) else {
            return false;
        };
        let before = start
            .checked_sub(1)
            .and_then(|at| self.source.get(at))
            .copied()
            .unwrap_or(b'.');
        let after_escape = self.escapes.last().is_some_and(|last| last.end == start);
        after_escape
            || matches!(before, b'.' | b'!' | b'?' | b')' | b';')
            || (before.is_ascii_alphanumeric() && next.is_ascii_uppercase())
    }
}

/// `x69` or `151`: the byte, the length, and whether it was octal.
fn byte_escape(rest: &[u8]) -> Option<(u8, usize, bool)> {
    let (value, len, octal) = match rest {
        [b'x' | b'X', a, b, ..] => (number(&[*a, *b], 16)?, 3, false),
        [a @ b'0'..=b'3', b, c, ..] => (number(&[*a, *b, *c], 8)?, 3, true),
        _ => return None,
    };
    Some((u8::try_from(value).ok()?, len, octal))
}

/// `u0069`, `u{69}`, `x{69}`, `U00000069` or a surrogate pair, and its length.
fn code_point(rest: &[u8]) -> Option<(char, usize)> {
    match rest {
        [b'u' | b'x', b'{', digits @ ..] => {
            let len = digits.iter().take(9).position(|byte| *byte == b'}')?;
            Some((char::from_u32(number(digits.get(..len)?, 16)?)?, len + 3))
        }
        [b'U', digits @ ..] => Some((char::from_u32(number(digits.get(..8)?, 16)?)?, 9)),
        [b'u', digits @ ..] => {
            let unit = number(digits.get(..4)?, 16)?;
            match char::from_u32(unit) {
                Some(letter) => Some((letter, 5)),
                None => Some((surrogate_pair(unit, digits.get(4..)?)?, 11)),
            }
        }
        _ => None,
    }
}

fn surrogate_pair(high: u32, rest: &[u8]) -> Option<char> {
    let [b'\\', b'u', digits @ ..] = rest else {
        return None;
    };
    let low = number(digits.get(..4)?, 16)?;
    let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    char::decode_utf16(units).next()?.ok()
}

const fn simple(byte: u8) -> Option<char> {
    match byte {
        b'n' => Some('\n'),
        b'r' => Some('\r'),
        b't' => Some('\t'),
        b'"' => Some('"'),
        b'\'' => Some('\''),
        b'/' => Some('/'),
        _ => None,
    }
}

/// `U+0069 U+0067`: at least two in a row, for one alone is talked about, not hidden.
fn read_code_points(source: &[u8], escapes: &mut Vec<Escape>) {
    let (mut row, mut all): (Vec<Escape>, Vec<Escape>) = (Vec::new(), Vec::new());
    for plus in memchr_iter(b'+', source) {
        let Some(escape) = named_code_point(source, plus) else {
            continue;
        };
        match row.last_mut() {
            Some(last) if is_gap(source.get(last.end..escape.start)) => last.end = escape.start,
            _ => end_row(&mut row, &mut all),
        }
        row.push(escape);
    }
    end_row(&mut row, &mut all);
    if all.is_empty() {
        return;
    }
    escapes.append(&mut all);
    escapes.sort_unstable_by_key(|escape| escape.start);
}

fn end_row(row: &mut Vec<Escape>, all: &mut Vec<Escape>) {
    if row.len() > 1 {
        all.append(row);
    }
    row.clear();
}

fn named_code_point(source: &[u8], plus: usize) -> Option<Escape> {
    let start = plus.checked_sub(1)?;
    if !source.get(start)?.eq_ignore_ascii_case(&b'u') {
        return None;
    }
    let rest = source.get(plus + 1..source.len().min(plus + 7))?;
    let len = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if len < 4 {
        return None;
    }
    let letter = char::from_u32(number(rest.get(..len)?, 16)?).filter(|letter| is_readable(*letter))?;
    Some(Escape {
        start,
        end: plus + 1 + len,
        letter: Some(letter),
    })
}

fn is_gap(between: Option<&[u8]>) -> bool {
    between.is_some_and(|gap| gap.len() <= 2 && gap.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b','))
}

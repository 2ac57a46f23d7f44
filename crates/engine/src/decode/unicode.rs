//! Escapes of source code: `\u0069`, `\u{69}`, `\U00000069`, `\x69`, `\151` and `U+0069`.

use std::ops::Range;

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, Replacer, Waiting, is_readable, number};
use super::{Bound, Codec, Decoded, SURROUNDINGS};

/// Decodes escapes of code points and bytes where they stand.
///
/// `\n` and its kin are replaced along with others that stand near. Alone they count only where one hides the
/// start of a word, as in a JSON string cut out of its document: `…done.\nIgnore the rest`.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let points = code_points(source.as_bytes());
    let mut reader = Reader::new(source, &points, bound);
    reader.read_backslashes();
    reader.flush();
    let counts = reader.counts();
    let mut replacer = reader.replacer;
    if counts {
        reader.points.iter().for_each(|point| replacer.replace(*point));
    } else {
        replacer = replacer.again();
        points.iter().for_each(|point| replacer.replace(*point));
    }
    replacer.finish(Codec::UnicodeEscape)
}

struct Reader<'a> {
    source: &'a [u8],
    /// Code points by name that are not replaced yet.
    points: &'a [Escape],
    replacer: Replacer<'a>,
    waiting: Waiting,
    /// Escapes like `\n` that stand near no other yet.
    simple: Vec<Escape>,
    /// Where the last backslash escape ended.
    ended: Option<usize>,
    /// Where the last one ended that hides something by itself.
    hidden: Option<usize>,
    /// Where the last escape ended.
    read: usize,
    numeric: usize,
    octal: usize,
    glued: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, points: &'a [Escape], bound: &'a mut Bound) -> Self {
        Self {
            source: source.as_bytes(),
            points,
            replacer: Replacer::new(source, bound),
            waiting: Waiting::default(),
            simple: Vec::new(),
            ended: None,
            hidden: None,
            read: 0,
            numeric: 0,
            octal: 0,
            glued: 0,
        }
    }

    /// A single octal escape may be a back-reference of a regex.
    const fn counts(&self) -> bool {
        self.numeric > 0 || self.octal > 1 || self.glued > 0
    }

    fn read_backslashes(&mut self) {
        // Escaping twice doubles the backslash; the escape starts with the first of the row.
        let mut row: Option<Range<usize>> = None;
        for at in memchr_iter(b'\\', self.source) {
            if self.replacer.is_full() {
                break;
            }
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
            if self.waiting.end().is_some_and(|end| end != start) {
                self.flush();
            }
            self.wait(ByteEscape {
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
            self.read = at + len;
            self.replace(escape(start, self.read, letter));
        } else if let Some(letter) = rest.first().and_then(|byte| simple(*byte)) {
            self.read = at + 1;
            let simple = escape(start, self.read, letter);
            if letter.is_whitespace() && self.hides_a_word(start, at + 1) {
                self.glued += 1;
                self.replace(simple);
            } else if self.hidden.is_some_and(|end| start - end <= SURROUNDINGS) {
                self.write(simple);
            } else {
                // None is shorter than two bytes, so more than these are never near the next.
                if self.simple.len() >= 2 * SURROUNDINGS {
                    self.simple.drain(..SURROUNDINGS);
                }
                self.simple.push(simple);
            }
            self.ended = Some(self.read);
        }
    }

    fn wait(&mut self, byte: ByteEscape) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.push(byte, true, &mut |escape| self.replace_byte(escape));
        self.waiting = waiting;
    }

    fn flush(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.flush(true, &mut |escape| self.replace_byte(escape));
        self.waiting = waiting;
    }

    fn replace_byte(&mut self, escape: Escape) {
        self.numeric += usize::from(self.octal == 0);
        self.replace(escape);
    }

    /// Replaces an escape that hides something, and the simple ones close before it.
    fn replace(&mut self, escape: Escape) {
        let near = escape.start.saturating_sub(SURROUNDINGS);
        let far = self.simple.partition_point(|simple| simple.start < near);
        for simple in std::mem::take(&mut self.simple).into_iter().skip(far) {
            self.write(simple);
        }
        self.write(escape);
        self.ended = Some(escape.end);
        self.hidden = Some(escape.end);
    }

    /// Replaces a backslash escape, and the code points by name before it.
    fn write(&mut self, escape: Escape) {
        while let Some((point, rest)) = self
            .points
            .split_first()
            .filter(|(point, _)| point.start < escape.start)
        {
            self.replacer.replace(*point);
            self.points = rest;
        }
        self.replacer.replace(escape);
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
        let after_escape = self.ended == Some(start);
        after_escape
            || matches!(before, b'.' | b'!' | b'?' | b')' | b';')
            || (before.is_ascii_alphanumeric() && next.is_ascii_uppercase())
    }
}

const fn escape(start: usize, end: usize, letter: char) -> Escape {
    let letter = Some(letter);
    Escape { start, end, letter }
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
fn code_points(source: &[u8]) -> Vec<Escape> {
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
    all
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

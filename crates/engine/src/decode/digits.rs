//! Hex and binary: bytes spelt in digits, in one run or in groups.

use std::ops::Range;

use super::plausible::{Charset, text_of};
use super::{Bound, Codec, Decoded, Runs, row_from};

/// Longest separator between two groups.
const GAP_MAX: usize = 3;

/// Finds and decodes hex: `69676e`, `0x69676e`, `69 67 6e`, `69:67:6e`, `0x69, 0x67, 0x6e`.
///
/// `\x69` is an escape and decoded as such, with the text around it.
///
/// `apart` says that there may be groups with white space between them.
pub(super) fn hex(source: &str, bound: &mut Bound, apart: bool) -> Option<Decoded> {
    if !apart {
        let is_part = |byte: u8| byte.is_ascii_hexdigit() || b"xX,:;|-._/".contains(&byte);
        row_from(source.as_bytes(), 0, bound.run_min, is_part)?;
    }
    let spelling = Spelling {
        is_digit: |byte| byte.is_ascii_hexdigit(),
        marker: b'x',
        digits: 2,
        bits: 4,
    };
    scan(
        source.as_bytes(),
        &spelling,
        bound.run_min,
        Runs::new(Codec::Hex, bound),
    )
}

/// Finds and decodes groups of eight binary digits, together or apart.
pub(super) fn binary(source: &str, bound: &mut Bound) -> Option<Decoded> {
    row_from(source.as_bytes(), 0, 8, |byte| matches!(byte, b'0' | b'1'))?;
    let spelling = Spelling {
        is_digit: |byte| matches!(byte, b'0' | b'1'),
        marker: b'b',
        digits: 8,
        bits: 1,
    };
    scan(
        source.as_bytes(),
        &spelling,
        bound.run_min,
        Runs::new(Codec::Binary, bound),
    )
}

/// How a byte is spelt.
struct Spelling {
    is_digit: fn(u8) -> bool,
    /// Stands behind a `0` before the digits.
    marker: u8,
    /// Digits of a byte.
    digits: usize,
    /// Bits of a digit.
    bits: u32,
}

/// Digits between two borders.
#[derive(Clone)]
struct Group {
    /// With the marker.
    start: usize,
    digits: Range<usize>,
    marked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Space,
    Punctuation(u8),
}

fn scan(source: &[u8], spelling: &Spelling, run_min: usize, mut runs: Runs<'_>) -> Option<Decoded> {
    let mut reader = Reader {
        source,
        spelling,
        run_min,
        groups: Vec::new(),
        separator: None,
    };
    let mut from = 0;
    while let Some(word) = next_word(source, from).filter(|_| !runs.is_full()) {
        from = word.end;
        match group_of(source, word, spelling) {
            Some(group) => reader.push(group, &mut runs),
            None => reader.flush(&mut runs),
        }
    }
    reader.flush(&mut runs);
    runs.finish()
}

/// Letters, digits and underscores; everything outside ASCII counts as a letter.
static WORD: [bool; 256] = word();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn word() -> [bool; 256] {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..);
        byte += 1;
    }
    word
}

/// The next run of such characters.
fn next_word(source: &[u8], from: usize) -> Option<Range<usize>> {
    let is_word = |byte: &u8| WORD.get(usize::from(*byte)).copied().unwrap_or(false);
    let start = from + source.get(from..)?.iter().position(is_word)?;
    let rest = source.get(start..)?;
    let len = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
    Some(start..start + len)
}

fn group_of(source: &[u8], word: Range<usize>, spelling: &Spelling) -> Option<Group> {
    let bytes = source.get(word.clone())?;
    // Digits behind a point are the fraction of a number.
    if word.start.checked_sub(1).and_then(|before| source.get(before)) == Some(&b'.') {
        return None;
    }
    let marked = matches!(bytes, [b'0', marker, _, ..] if marker.eq_ignore_ascii_case(&spelling.marker));
    let skip = if marked { 2 } else { 0 };
    let digits = bytes.get(skip..)?;
    let whole = digits.len() % spelling.digits == 0 && digits.iter().all(|byte| (spelling.is_digit)(*byte));
    whole.then(|| Group {
        start: word.start,
        digits: word.start + skip..word.end,
        marked,
    })
}

/// Gathers groups of one length with one kind of separator.
struct Reader<'a> {
    source: &'a [u8],
    spelling: &'a Spelling,
    run_min: usize,
    groups: Vec<Group>,
    separator: Option<Separator>,
}

impl Reader<'_> {
    fn push(&mut self, group: Group, runs: &mut Runs<'_>) {
        let Some((first, last)) = self.groups.first().zip(self.groups.last()) else {
            self.groups.push(group);
            return;
        };
        let separator = separator_of(self.source.get(last.digits.end..group.start).unwrap_or_default());
        let same = separator.is_some() && self.separator.is_none_or(|known| Some(known) == separator);
        // A shorter group may end the run; a longer one starts another.
        let fits = last.digits.len() == first.digits.len() && group.digits.len() <= first.digits.len();
        if same && fits {
            self.separator = separator;
        } else {
            self.flush(runs);
        }
        self.groups.push(group);
    }

    fn flush(&mut self, runs: &mut Runs<'_>) {
        let mut groups = std::mem::take(&mut self.groups);
        self.separator = None;
        self.decode_groups(&groups, runs);
        groups.clear();
        self.groups = groups;
    }

    /// Reads the groups together, or else the long ones one by one.
    fn decode_groups(&self, groups: &[Group], runs: &mut Runs<'_>) {
        if self.decode(groups, runs) || groups.len() < 2 {
            return;
        }
        if groups.first().is_some_and(|first| first.digits.len() >= self.run_min) {
            for group in groups {
                self.decode(std::slice::from_ref(group), runs);
            }
        }
    }

    fn decode(&self, groups: &[Group], runs: &mut Runs<'_>) -> bool {
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
            return false;
        };
        let digits: usize = groups.iter().map(|group| group.digits.len()).sum();
        if digits < self.run_min || !(self.is_more_than_numbers(groups) || self.spells_digits(groups)) {
            return false;
        }
        // What finds no room is not decoded.
        let most = runs.left().saturating_add(1);
        let bytes = self.bytes(groups, most);
        let Some(text) = text_of(&bytes, Charset::Unicode).or_else(|| text_of(&bytes, Charset::Latin1)) else {
            return false;
        };
        runs.bound.cut |= bytes.len() == most && digits / self.spelling.digits > most;
        runs.add(first.start..last.digits.end, &text);
        true
    }

    /// A column of numbers is not hex; hidden text of this length nearly always holds one of `jklmnoz`.
    fn is_more_than_numbers(&self, groups: &[Group]) -> bool {
        self.spelling.bits == 1
            || groups.iter().any(|group| {
                let digits = self.source.get(group.digits.clone()).unwrap_or_default();
                group.marked || digits.iter().any(u8::is_ascii_alphabetic)
            })
    }

    /// Digits spelt in hex are nothing but numbers: `69` is `3639`. So many in a row, with what stands between
    /// them, are no chance.
    fn spells_digits(&self, groups: &[Group]) -> bool {
        const BYTES_MIN: usize = 16;
        let pairs = || {
            groups.iter().flat_map(|group| {
                let digits = self.source.get(group.digits.clone()).unwrap_or_default();
                digits.chunks(self.spelling.digits)
            })
        };
        let is_digit = |pair: &[u8]| matches!(pair, [b'3', _] | [b'4' | b'6', b'1'..=b'6'] | [b'2', b'0' | b'5']);
        self.spelling.digits == 2 && pairs().all(is_digit) && pairs().nth(BYTES_MIN - 1).is_some()
    }

    /// What the groups spell, as far as there is room.
    fn bytes(&self, groups: &[Group], most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for group in groups {
            let digits = self.source.get(group.digits.clone()).unwrap_or_default();
            let room = most - bytes.len();
            bytes.extend(digits.chunks(self.spelling.digits).take(room).map(|chunk| {
                chunk
                    .iter()
                    .fold(0_u8, |value, digit| value << self.spelling.bits | value_of(*digit))
            }));
        }
        bytes
    }
}

fn separator_of(gap: &[u8]) -> Option<Separator> {
    if gap.is_empty() || gap.len() > GAP_MAX {
        return None;
    }
    match gap {
        [byte @ (b'-' | b'/')] => Some(Separator::Punctuation(*byte)),
        [byte @ (b',' | b':' | b';' | b'|'), rest @ ..] if is_blank(rest) => Some(Separator::Punctuation(*byte)),
        _ if is_blank(gap) => Some(Separator::Space),
        _ => None,
    }
}

fn is_blank(gap: &[u8]) -> bool {
    gap.iter().all(u8::is_ascii_whitespace)
}

/// The value of a hex digit; 0 for any other byte.
pub(super) fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

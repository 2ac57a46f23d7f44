//! Quoted-printable, RFC 2045 section 6.7.

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, join_bytes, number, replace};
use super::{Codec, Decoded};

/// Fewer escapes than this are more likely assignments: `a=10`.
const ESCAPES_MIN: usize = 3;

/// Decodes quoted-printable where it stands.
///
/// In such text nearly every `=` opens an escape; elsewhere nearly none does.
pub(super) fn decode(source: &str) -> Option<Decoded> {
    let bytes = source.as_bytes();
    let mut escapes = Vec::new();
    let mut pending: Vec<ByteEscape> = Vec::new();
    let mut signs = 0_usize;
    for start in memchr_iter(b'=', bytes) {
        signs += 1;
        if pending.last().is_some_and(|last| last.end != start) {
            flush(&mut pending, &mut escapes);
        }
        if let Some(end) = soft_break(bytes, start) {
            flush(&mut pending, &mut escapes);
            escapes.push(Escape {
                start,
                end,
                letter: None,
            });
        } else if let Some(byte) = escaped_byte(bytes, start) {
            pending.push(ByteEscape {
                start,
                end: start + 3,
                byte,
            });
        }
    }
    flush(&mut pending, &mut escapes);
    // One character may take several escapes, so escapes are counted by the bytes they cover.
    let covered: usize = escapes
        .iter()
        .map(|escape| (escape.end - escape.start).div_ceil(3))
        .sum();
    let enough = covered >= ESCAPES_MIN && covered * 5 >= signs * 4;
    if enough {
        replace(Codec::QuotedPrintable, source, &escapes)
    } else {
        None
    }
}

fn flush(pending: &mut Vec<ByteEscape>, escapes: &mut Vec<Escape>) {
    join_bytes(pending, true, escapes);
    pending.clear();
}

fn escaped_byte(source: &[u8], start: usize) -> Option<u8> {
    let digits = source.get(start + 1..start + 3)?;
    let value = number(digits, 16)?;
    // Encoders write capitals only.
    let capital = digits.iter().all(|digit| !digit.is_ascii_lowercase());
    if capital { u8::try_from(value).ok() } else { None }
}

/// Where the next line starts, if the `=` at `start` only broke an overlong line.
fn soft_break(source: &[u8], start: usize) -> Option<usize> {
    match source.get(start + 1..)? {
        [b'\r', b'\n', ..] => Some(start + 3),
        [b'\n', ..] => Some(start + 2),
        _ => None,
    }
}

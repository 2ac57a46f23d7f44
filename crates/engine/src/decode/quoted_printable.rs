//! Quoted-printable, RFC 2045 section 6.7.

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, Replacer, Waiting, number};
use super::{Bound, Codec, Decoded};

/// Fewer escapes than this are more likely assignments: `a=10`.
const ESCAPES_MIN: usize = 3;

/// Escapes in a row that are none by chance, wherever they stand.
const ROW_MIN: usize = 6;

/// Decodes quoted-printable where it stands.
///
/// In such text nearly every `=` opens an escape. Elsewhere nearly none does, and only long rows of escapes
/// are decoded.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let bytes = source.as_bytes();
    let everywhere = is_quoted(bytes);
    let mut replacer = Replacer::new(source, bound);
    let mut waiting = Waiting::default();
    let mut row = 0;
    for start in memchr_iter(b'=', bytes) {
        if replacer.is_full() {
            break;
        }
        if waiting.end().is_some_and(|end| end != start) {
            if everywhere || row >= ROW_MIN {
                waiting.flush(true, &mut |escape| replacer.replace(escape));
            }
            waiting.clear();
            row = 0;
        }
        if let Some(byte) = escaped_byte(bytes, start) {
            let end = start + 3;
            row += 1;
            waiting.push(ByteEscape { start, end, byte }, true, &mut |escape| {
                replacer.replace(escape)
            });
        } else if let Some(end) = soft_break(bytes, start).filter(|_| everywhere || row >= ROW_MIN) {
            // A line may be broken within a character, which then stands for the break as well.
            if !waiting.flush_over(end, &mut |escape| replacer.replace(escape)) {
                let letter = None;
                replacer.replace(Escape { start, end, letter });
            }
        }
    }
    if everywhere || row >= ROW_MIN {
        waiting.flush(true, &mut |escape| replacer.replace(escape));
    }
    replacer.finish(Codec::QuotedPrintable)
}

/// Whether nearly every `=` opens an escape.
fn is_quoted(bytes: &[u8]) -> bool {
    let (mut signs, mut escapes) = (0_usize, 0_usize);
    for start in memchr_iter(b'=', bytes) {
        signs += 1;
        escapes += usize::from(escaped_byte(bytes, start).is_some() || soft_break(bytes, start).is_some());
    }
    escapes >= ESCAPES_MIN && escapes * 5 >= signs * 4
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

//! Percent escapes, of bytes (`%69`) and of UTF-16 units (`%u0069`).

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, is_readable, join_bytes, number, replace};
use super::{Codec, Decoded};

/// Decodes percent escapes where they stand.
pub(super) fn decode(source: &str) -> Option<Decoded> {
    let escapes = find(source.as_bytes());
    // One escaped space in a link hides nothing.
    let hides = match escapes.as_slice() {
        [only] => only.letter != Some(' '),
        several => !several.is_empty(),
    };
    if hides {
        replace(Codec::Url, source, &escapes)
    } else {
        None
    }
}

fn find(source: &[u8]) -> Vec<Escape> {
    // A lone `%de` is more likely a percentage than a Latin-1 letter.
    let latin1 = memchr_iter(b'%', source)
        .filter_map(|start| narrow(source, start))
        .nth(1)
        .is_some();
    let mut escapes = Vec::new();
    let mut bytes: Vec<ByteEscape> = Vec::new();
    for start in memchr_iter(b'%', source) {
        if bytes.last().is_some_and(|last| last.end != start) {
            flush(&mut bytes, latin1, &mut escapes);
        }
        if let Some(byte) = narrow(source, start) {
            bytes.push(ByteEscape {
                start,
                end: start + 3,
                byte,
            });
        } else if let Some(letter) = wide(source, start).filter(|letter| is_readable(*letter)) {
            flush(&mut bytes, latin1, &mut escapes);
            escapes.push(Escape {
                start,
                end: start + 6,
                letter: Some(letter),
            });
        }
    }
    flush(&mut bytes, latin1, &mut escapes);
    escapes
}

fn flush(bytes: &mut Vec<ByteEscape>, latin1: bool, escapes: &mut Vec<Escape>) {
    join_bytes(bytes, latin1, escapes);
    bytes.clear();
}

fn narrow(source: &[u8], start: usize) -> Option<u8> {
    u8::try_from(number(source.get(start + 1..start + 3)?, 16)?).ok()
}

/// The form that some web servers accept besides the standard one.
fn wide(source: &[u8], start: usize) -> Option<char> {
    match source.get(start + 1..start + 6)? {
        [b'u' | b'U', digits @ ..] => char::from_u32(number(digits, 16)?),
        _ => None,
    }
}

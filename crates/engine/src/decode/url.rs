//! Percent escapes, of bytes (`%69`) and of UTF-16 units (`%u0069`).

use memchr::memchr_iter;

use super::escapes::{ByteEscape, Escape, Replacer, Waiting, is_readable, number};
use super::{Bound, Codec, Decoded};

/// Decodes percent escapes where they stand.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let bytes = source.as_bytes();
    // A lone `%de` is more likely a percentage than a Latin-1 letter.
    let latin1 = memchr_iter(b'%', bytes)
        .filter_map(|start| narrow(bytes, start))
        .nth(1)
        .is_some();
    let mut replacer = Replacer::new(source, bound);
    let mut spaces_only = true;
    let mut count = 0_usize;
    let mut waiting = Waiting::default();
    let mut replace = |escape: Escape, replacer: &mut Replacer<'_>| {
        count += 1;
        spaces_only &= escape.letter == Some(' ');
        replacer.replace(escape);
    };
    for start in memchr_iter(b'%', bytes) {
        if replacer.is_full() {
            break;
        }
        if waiting.end().is_some_and(|end| end != start) {
            waiting.flush(latin1, &mut |escape| replace(escape, &mut replacer));
        }
        if let Some(byte) = narrow(bytes, start) {
            let end = start + 3;
            waiting.push(ByteEscape { start, end, byte }, latin1, &mut |escape| {
                replace(escape, &mut replacer);
            });
        } else if let Some(letter) = wide(bytes, start).filter(|letter| is_readable(*letter)) {
            let (end, letter) = (start + 6, Some(letter));
            waiting.flush(latin1, &mut |escape| replace(escape, &mut replacer));
            replace(Escape { start, end, letter }, &mut replacer);
        }
    }
    waiting.flush(latin1, &mut |escape| replace(escape, &mut replacer));
    // One escaped space in a link hides nothing.
    if count == 1 && spaces_only {
        return None;
    }
    replacer.finish(Codec::Url)
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

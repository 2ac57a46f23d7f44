//! Every way of writing a dot and a slash.

use super::Sign;

/// Escapes within escapes that are undone.
const DEPTH_MAX: usize = 4;
/// As odd as what nobody writes who does not hide.
const NEVER: usize = 3;

/// The sign at `at`, how many bytes it takes, and how odd it is to write it so.
pub(super) fn sign_at(value: &[u8], at: usize) -> (Sign, usize, usize) {
    match value.get(at) {
        Some(b'.') => (Sign::Dot, 1, 0),
        // Two back slashes are one, as programs write it.
        Some(b'\\') if value.get(at + 1) == Some(&b'\\') && value.get(at + 2) != Some(&b'\\') => (Sign::Slash, 2, 0),
        Some(b'/' | b'\\') => (Sign::Slash, 1, 0),
        Some(b'?') if beside_a_dot(value, at) => (Sign::Wild, 1, 0),
        Some(b'0') if value.get(at + 1) == Some(&b'x') => match value.get(at + 2..at + 4) {
            Some(b"2e") => (Sign::Dot, 4, 1),
            Some(b"2f" | b"5c") => (Sign::Slash, 4, 1),
            _ => (Sign::Other, 1, 0),
        },
        Some(b'%') => escape(value, at),
        _ => (Sign::Other, 1, 0),
    }
}

/// A question mark of `.?/` and `??%2f`, not one that begins a query.
fn beside_a_dot(value: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| value.get(at));
    let next = value.get(at + 1);
    matches!(before, Some(b'.' | b'?')) || matches!(next, Some(b'.' | b'?'))
}

/// Undoes one escape, and those inside of it.
fn escape(value: &[u8], at: usize) -> (Sign, usize, usize) {
    let rest = value.get(at..).unwrap_or_default();
    if let [b'%', b'u', hex @ ..] = rest {
        let sign = match hex.get(..4) {
            Some(b"002e" | b"ff0e" | b"2024") => Sign::Dot,
            Some(b"2215" | b"2216" | b"2044" | b"002f" | b"005c" | b"ff0f" | b"ff3c" | b"efc8" | b"f025") => {
                Sign::Slash
            }
            _ => Sign::Other,
        };
        return (sign, 6, NEVER);
    }
    let Some((byte, used)) = unescaped(rest, DEPTH_MAX) else {
        return malformed(rest);
    };
    let sign = match byte {
        b'.' => Sign::Dot,
        b'/' | b'\\' => Sign::Slash,
        // `%25%5c`: what is left of an escape too many.
        0 | 1 | b'%' => Sign::Noise,
        0xC0.. => return overlong(rest, byte, used),
        _ => Sign::Other,
    };
    (sign, used, if used > 3 { NEVER } else { 1 })
}

/// The byte an escape stands for: `%2e`, `%252e`, `%%32%65`.
fn unescaped(rest: &[u8], depth: usize) -> Option<(u8, usize)> {
    let inner = rest.strip_prefix(b"%")?;
    let (high, first) = digit(inner, depth)?;
    let (low, second) = digit(inner.get(first..)?, depth)?;
    let byte = high << 4 | low;
    let used = 1 + first + second;
    if byte == b'%' && depth > 0 {
        // `%25` begins another escape.
        let mut again = vec![b'%'];
        again.extend(rest.get(used..(used + 24).min(rest.len()))?);
        if let Some((deeper, more)) = unescaped(&again, depth - 1) {
            return Some((deeper, used + more - 1));
        }
    }
    Some((byte, used))
}

/// A hex digit, which may be an escape itself.
fn digit(rest: &[u8], depth: usize) -> Option<(u8, usize)> {
    let first = *rest.first()?;
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if let Some(digit) = hex(first) {
        return Some((digit, 1));
    }
    if depth == 0 {
        return None;
    }
    // Of `%%32%%65` each `%` too many is dropped.
    let doubled = usize::from(rest.starts_with(b"%%"));
    let (byte, used) = unescaped(rest.get(doubled..)?, depth - 1)?;
    Some((hex(byte)?, used + doubled))
}

/// Overlong forms, and those that only look like one: `%c0%ae`, `%e0%80%af`, `%c0%5c`.
fn overlong(rest: &[u8], lead: u8, used: usize) -> (Sign, usize, usize) {
    let more = match lead {
        0xC0..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF7 => 3,
        0xF8..=0xFB => 4,
        _ => 5,
    };
    let mut len = used;
    let mut value = u32::from(lead) & (0x7F >> (more + 1));
    for _ in 0..more {
        let next = rest.get(len..).unwrap_or_default();
        if let Some(plain @ (b'.' | b'/' | b'\\')) = next.first() {
            value = u32::from(*plain);
            len += 1;
            break;
        }
        let Some((byte, used)) = unescaped(next, DEPTH_MAX) else {
            let (_, used, _) = malformed(next);
            let sign = if next.first() == Some(&b'%') {
                Sign::Slash
            } else {
                Sign::Other
            };
            return (sign, len + if sign == Sign::Slash { used } else { 0 }, NEVER);
        };
        len += used;
        if matches!(byte, b'.' | b'/' | b'\\') {
            value = u32::from(byte);
            break;
        }
        value = value << 6 | u32::from(byte & 0x3F);
    }
    let sign = match value {
        0x2E | 0xFF0E | 0x2024 => Sign::Dot,
        0x2F | 0x5C | 0xFF0F | 0xFF3C | 0x2215 | 0x2216 | 0x2044 => Sign::Slash,
        // A space or a line end behind a letter of an old code page is text.
        0x00..=0x1F | 0x21..=0x7F => Sign::Broken,
        _ => Sign::Other,
    };
    (sign, len, NEVER)
}

/// `%` and two signs that are no hex digits: some servers reckon with them all the same.
fn malformed(rest: &[u8]) -> (Sign, usize, usize) {
    let pair = rest.get(1..3).unwrap_or_default();
    if pair.len() == 2 && pair.iter().all(u8::is_ascii_alphanumeric) {
        return (Sign::Noise, 3, 1);
    }
    (Sign::Other, 1, 0)
}

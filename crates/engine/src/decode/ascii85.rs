//! ASCII85: five characters from `!` to `u` for four bytes.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::plausible::{Charset, may_begin_text, text_of};
use super::{Bound, Codec, Decoded, Runs, row_from};

/// Characters of a run that are decoded to see whether the rest is worth it.
const HEAD_LEN: usize = 100;

/// Finds and decodes ASCII85, between `<~` and `~>` or as a run of its characters.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let bytes = source.as_bytes();
    let run_min = bound.run_min;
    let mut runs = Runs::new(Codec::Ascii85, bound);
    let mut from = 0;
    for open in memmem::find_iter(bytes, b"<~") {
        let Some(body) = bytes.get(open + 2..).filter(|_| open >= from) else {
            continue;
        };
        // Up to the next tilde only, so that many opening marks do not each search to the end.
        let Some(len) = memchr(b'~', body) else { break };
        if body.get(len + 1) != Some(&b'>') {
            continue;
        }
        bare(bytes, from..open, run_min, &mut runs);
        from = open + len + 4;
        if let Some(text) = body
            .get(..len)
            .filter(|body| body.len() >= run_min)
            .and_then(|body| text_in(body, &mut runs))
        {
            runs.add(open..from, &text);
        }
    }
    bare(bytes, from..bytes.len(), run_min, &mut runs);
    runs.finish()
}

/// Runs between white space, without marks or with the opening one alone.
fn bare(bytes: &[u8], range: Range<usize>, run_min: usize, runs: &mut Runs<'_>) {
    let Some(source) = bytes.get(..range.end) else { return };
    let is_digit = |byte: u8| matches!(byte, b'!'..=b'u' | b'z');
    let mut from = range.start;
    while let Some(start) = row_from(source, from, run_min, is_digit).filter(|_| !runs.is_full()) {
        let rest = source.get(start..).unwrap_or_default();
        let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        from = start + len;
        // A row in the middle of a run is none: what is before it cannot be read.
        let before = source.get(..start).unwrap_or_default();
        let opens =
            start == range.start || before.last().is_some_and(u8::is_ascii_whitespace) || before.ends_with(b"<~");
        let run = rest.get(..len).unwrap_or_default();
        if !opens || !run.iter().all(|byte| is_digit(*byte)) {
            continue;
        }
        let whole = start..start + len;
        // Quotes and a full stop are digits too, so both readings of a run are tried.
        let candidates = match run {
            _ if is_wrapped(run) => [Some(whole.start + 1..whole.end - 1), Some(whole)],
            [.., b'.' | b',' | b';' | b':' | b'!' | b'?' | b')'] => {
                [Some(whole.clone()), Some(whole.start..whole.end - 1)]
            }
            _ => [Some(whole), None],
        };
        for candidate in candidates.into_iter().flatten() {
            if let Some(text) = bytes.get(candidate.clone()).and_then(|run| text_in(run, runs)) {
                runs.add(candidate, &text);
                break;
            }
        }
    }
}

fn is_wrapped(run: &[u8]) -> bool {
    matches!(
        run,
        [b'"', .., b'"'] | [b'\'', .., b'\''] | [b'`', .., b'`'] | [b'(', .., b')'] | [b'[', .., b']']
    )
}

/// What `run` says, as far as there is room in `runs`.
fn text_in(run: &[u8], runs: &mut Runs<'_>) -> Option<String> {
    if let Some(head) = run.get(..HEAD_LEN)
        && !may_begin_text(&groups_of(head)?.bytes, Charset::Unicode)
    {
        return None;
    }
    let most = runs.left().saturating_mul(5) / 4;
    let Some(opening) = run.get(..most / 5 * 5 + 5).filter(|opening| opening.len() < run.len()) else {
        return text_of(&bytes_of(run)?, Charset::Unicode);
    };
    let text = text_of(&groups_of(opening)?.bytes, Charset::Unicode)?;
    runs.bound.cut = true;
    Some(text)
}

/// Whole groups of five, and what stands behind the last.
struct Groups {
    bytes: Vec<u8>,
    value: u32,
    digits: usize,
}

/// Reads `run`; none where a character or a value is out of range.
fn groups_of(run: &[u8]) -> Option<Groups> {
    let mut bytes = Vec::with_capacity(run.len());
    let (mut value, mut digits) = (0_u32, 0_usize);
    for byte in run {
        match byte {
            b'!'..=b'u' => {
                value = value.checked_mul(85)?.checked_add(u32::from(byte - b'!'))?;
                digits += 1;
            }
            b'z' if digits == 0 => bytes.extend([0; 4]),
            _ if byte.is_ascii_whitespace() => {}
            _ => return None,
        }
        if digits == 5 {
            bytes.extend(value.to_be_bytes());
            (value, digits) = (0, 0);
        }
    }
    Some(Groups { bytes, value, digits })
}

/// The bytes that `run` stands for.
fn bytes_of(run: &[u8]) -> Option<Vec<u8>> {
    let Groups {
        mut bytes,
        mut value,
        digits,
    } = groups_of(run)?;
    match digits {
        0 => Some(bytes),
        1 => None,
        _ => {
            for _ in digits..5 {
                value = value.checked_mul(85)?.checked_add(84)?;
            }
            bytes.extend(value.to_be_bytes().iter().take(digits - 1));
            Some(bytes)
        }
    }
}

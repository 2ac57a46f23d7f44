//! Digits and signs for letters.

use std::ops::Range;

use super::{Writer, is_settled};
use crate::dense::Pieces;
use crate::text::View;

/// Signs of a word of which both readings are tried.
const DOUBTS_MAX: usize = 4;
/// What a word costs that an exclamation mark ends, as the logarithm of its chance.
const CLOSING_COST: f32 = 6.0;

/// `1gn0r3 4ll` → `ignore all`, in words that mix letters with the digits and signs that pass for them. Where a sign
/// may stand for two letters, the vocabulary says for which.
pub(super) fn undo_leet(view: &View, pieces: Option<&Pieces>, settled: &[Range<u32>], writer: &mut Writer<'_>) {
    let text = view.text();
    let runs: Vec<_> = signed_runs(text)
        .filter(|run| !is_settled(settled, run.clone()))
        .filter_map(|run| Some((run.start, text.get(run)?)))
        .map(|(start, bytes)| (start, bytes, is_leet(bytes)))
        .collect();
    let loose = is_mostly_leet(text, runs.iter().filter(|(_, _, leet)| *leet).count());
    for (start, bytes, leet) in runs {
        if writer.is_full() {
            return;
        }
        if leet || (loose && (is_loose_leet(bytes) || is_sign_word(text, start, bytes))) {
            writer.copy_to(start);
            for (end, letter) in (start + 1..).zip(plain_word(bytes, loose, pieces)) {
                match letter {
                    Some(letter) => writer.replace(end, &[letter]),
                    None => writer.copy_to(end),
                }
            }
        }
    }
}

/// What each byte of a word stands for; nothing for one that stands for itself.
fn plain_word(run: &[u8], loose: bool, pieces: Option<&Pieces>) -> Vec<Option<u8>> {
    let likely = |place: usize, byte: &u8| plain_letter(run, place, *byte, loose);
    let letters: Vec<_> = run
        .iter()
        .enumerate()
        .map(|(place, byte)| likely(place, byte))
        .collect();
    let doubts: Vec<usize> = (0..run.len())
        .filter(|place| matches!(run.get(*place), Some(b'1' | b'!' | b'|')))
        .take(DOUBTS_MAX)
        .collect();
    let Some(pieces) = pieces.filter(|_| !doubts.is_empty()) else {
        return letters;
    };
    let mut best = (f32::NEG_INFINITY, letters.clone());
    for bits in 0..1_usize << doubts.len() {
        let mut read = letters.clone();
        for (_, place) in doubts.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
            if let Some(letter) = read.get_mut(*place) {
                *letter = match letter {
                    Some(b'i') => Some(b'l'),
                    Some(_) => Some(b'i'),
                    None if loose => Some(b'i'),
                    None => None,
                };
            }
        }
        let word: Vec<u8> = run
            .iter()
            .zip(&read)
            .map(|(byte, letter)| letter.unwrap_or(*byte))
            .collect();
        let (word, closing) = match word.strip_suffix(b"!") {
            Some(word) => (word, CLOSING_COST),
            None => (word.as_slice(), 0.0),
        };
        let likelihood = pieces.likelihood(word) - closing;
        if likelihood > best.0 {
            best = (likelihood, read);
        }
    }
    best.1
}

/// The words that hold a sign. Few do, so they are looked for by their signs.
fn signed_runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_part = |byte: &u8| class(*byte) & PART != 0;
    let mut done = 0;
    std::iter::from_fn(move || {
        let rest = text.get(done..)?;
        let sign = done + rest.iter().position(|byte| class(*byte) & SIGN != 0)?;
        let before = text
            .get(done..sign)?
            .iter()
            .rev()
            .take_while(|byte| is_part(byte))
            .count();
        let behind = text.get(sign..)?.iter().take_while(|byte| is_part(byte)).count();
        done = sign + behind;
        Some(sign - before..done)
    })
}

/// Whether a third of all words are leet beyond doubt, as so many are.
fn is_mostly_leet(text: &[u8], leet: usize) -> bool {
    const LEET_MIN: usize = 2;
    let words = || {
        text.split(|byte| class(*byte) & PART == 0)
            .filter(|run| !run.is_empty())
            .count()
    };
    leet >= LEET_MIN && leet * 3 >= words()
}

fn class(byte: u8) -> u8 {
    LEET.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Classes of bytes of a word in which signs may stand for letters.
const PART: u8 = 1;
const SIGN: u8 = 2;
const SMALL: u8 = 4;

static LEET: [u8; 256] = leet_classes();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn leet_classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => PART | SMALL,
            b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'8' | b'@' | b'$' | b'!' | b'|' => PART | SIGN,
            b'A'..=b'Z' | b'2' | b'6' | b'9' => PART,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

/// Letters on both sides of a sign, or a sign before at least two letters: `pr3vious`, `4ll`; not `mp3`.
fn is_leet(run: &[u8]) -> bool {
    if run.len() < 3 || run.len() > 64 {
        return false;
    }
    let counts = |byte: &u8| class(*byte) & (SMALL | SIGN) != 0;
    let sign = |byte: &u8| class(*byte) & SIGN != 0;
    if !run.iter().any(sign) || run.iter().filter(|byte| byte.is_ascii_lowercase()).count() < 2 {
        return false;
    }
    let inside = run.windows(3).any(|window| match window {
        [a, b, c] => counts(a) && sign(b) && counts(c),
        _ => false,
    });
    let opening = run.first().is_some_and(sign) && run.get(1..3).is_some_and(|two| two.iter().all(counts));
    inside || opening
}

/// Letters and signs in any order, where other words are leet: `0f`, `@s`, `lin3`.
fn is_loose_leet(run: &[u8]) -> bool {
    let is_sign = |byte: &u8| class(*byte) & SIGN != 0;
    let is_letter = |byte: &u8| byte.is_ascii_lowercase();
    (2..=64).contains(&run.len())
        && run.iter().any(is_letter)
        && run.strip_suffix(b"!").unwrap_or(run).iter().any(is_sign)
}

/// Signs alone that may be a word, where other words are leet: `1n 4`, `807`; not `2.50`.
fn is_sign_word(text: &[u8], start: usize, signs: &[u8]) -> bool {
    const LEN_MAX: usize = 8;
    let of_number = |byte: Option<&u8>| matches!(byte, Some(b'.' | b',' | b':' | b'-' | b'/'));
    let end = start + signs.len();
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let is_part =
        of_number(before) || of_number(text.get(end)) && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    match signs {
        [only] => matches!(only, b'0' | b'1' | b'3' | b'4') && !is_part,
        _ => signs.len() <= LEN_MAX && signs.iter().all(|byte| class(*byte) & SIGN != 0) && !is_part,
    }
}

fn plain_letter(run: &[u8], place: usize, byte: u8, loose: bool) -> Option<u8> {
    // A sign at the end is punctuation more often than a letter: `stop!`.
    let last = place + 1 == run.len();
    let beside = |at: Option<usize>| {
        at.and_then(|at| run.get(at))
            .is_some_and(|byte| matches!(byte, b'2' | b'6' | b'9'))
    };
    if byte.is_ascii_digit() && (beside(place.checked_sub(1)) || beside(Some(place + 1))) {
        return None;
    }
    Some(match byte {
        b'0' => b'o',
        b'1' => {
            let beside_one = run.get(place + 1) == Some(&b'1') || (place > 0 && run.get(place - 1) == Some(&b'1'));
            if beside_one || (last && run.len() > 2) {
                b'l'
            } else {
                b'i'
            }
        }
        b'3' => b'e',
        b'4' => b'a',
        b'5' => b's',
        b'7' => b't',
        b'8' => b'b',
        b'@' if !last || loose => b'a',
        b'$' if !last || loose || run.len() > 3 => b's',
        b'!' | b'|' if !last => b'i',
        _ => return None,
    })
}

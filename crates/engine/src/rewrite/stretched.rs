//! Letters that stand more often than they are meant.

use super::Writer;
use crate::dense::Pieces;
use crate::text::{Token, View};

/// So many of a letter in a row are more than a word has.
const RUN_MIN: usize = 3;
/// Stretched letters of a word of which both readings are tried.
const DOUBTS_MAX: usize = 4;

/// `ignooooore` → `ignore`. Whether a letter was one or two, the vocabulary says.
pub(super) fn unstretch(view: &View, pieces: Option<&Pieces>, writer: &mut Writer<'_>) {
    let text = view.text();
    let mut tokens = view.tokens.iter().peekable();
    let mut doubles = Doubles::default();
    let mut at = 0;
    while let Some(letter) = letter_at(text, at).filter(|_| !writer.is_full()) {
        let run = run_len(text, at, letter);
        if run >= RUN_MIN && (letter.len() > 1 || letter.iter().all(u8::is_ascii_lowercase)) {
            while tokens.next_if(|token| token.end as usize <= at).is_some() {}
            let word = tokens.peek().filter(|token| token.start as usize <= at);
            let is_double = word
                .zip(pieces)
                .is_some_and(|(word, pieces)| doubles.next(text, word, pieces));
            let kept = if is_double { 2 } else { 1 };
            writer.copy_to(at + kept * letter.len());
            writer.replace(at + run * letter.len(), b"");
        }
        at += run.max(1) * letter.len();
    }
}

/// Which of the stretched letters of a word are two.
#[derive(Default)]
struct Doubles {
    /// The word they are of, by its first byte.
    word: Option<u32>,
    /// Bit by bit, and how many of them were asked for.
    bits: usize,
    asked: usize,
}

impl Doubles {
    /// Whether the next stretched letter of `word` is two.
    fn next(&mut self, text: &[u8], word: &Token, pieces: &Pieces) -> bool {
        if self.word != Some(word.start) {
            let bytes = text.get(word.start as usize..word.end as usize).unwrap_or_default();
            *self = Self {
                word: Some(word.start),
                bits: likeliest(bytes, pieces),
                asked: 0,
            };
        }
        self.asked += 1;
        self.bits >> (self.asked - 1) & 1 == 1
    }
}

/// The likeliest reading of a word: a bit for each stretched letter that is two.
fn likeliest(word: &[u8], pieces: &Pieces) -> usize {
    const WORD_BYTES_MAX: usize = 256;
    if word.len() > WORD_BYTES_MAX {
        return 0;
    }
    let (_, doubts) = read(word, 0);
    let mut best = (f32::NEG_INFINITY, 0);
    for bits in 0..1_usize << doubts.min(DOUBTS_MAX) {
        let likelihood = pieces.likelihood(&read(word, bits).0);
        if likelihood > best.0 {
            best = (likelihood, bits);
        }
    }
    best.1
}

/// A word with its stretched letters once, or twice where a bit says so; and how many of them there are.
fn read(word: &[u8], bits: usize) -> (Vec<u8>, usize) {
    let (mut read, mut doubts, mut at) = (Vec::with_capacity(word.len()), 0, 0);
    while let Some(letter) = letter_at(word, at) {
        let run = run_len(word, at, letter);
        let kept = if run < RUN_MIN {
            run
        } else {
            doubts += 1;
            1 + (bits >> (doubts - 1) & 1)
        };
        for _ in 0..kept {
            read.extend_from_slice(letter);
        }
        at += run.max(1) * letter.len();
    }
    (read, doubts)
}

/// How often a letter stands in a row from `at` on.
fn run_len(text: &[u8], at: usize, letter: &[u8]) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.chunks(letter.len()).take_while(|next| *next == letter).count()
}

/// The bytes of the character at `at`.
fn letter_at(text: &[u8], at: usize) -> Option<&[u8]> {
    let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
    let len = 1 + rest.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count();
    rest.get(..len)
}

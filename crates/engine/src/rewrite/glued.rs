//! Words written without the spaces between them.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Vocabulary, Writer, is_settled};
use crate::text::{Token, View};

/// Letters in a row that may be words glued together.
const RUN_LETTERS_MIN: usize = 16;
/// The same beside such a run: who glues one sentence glues the next one too.
const NEXT_LETTERS_MIN: usize = 6;
/// Bytes of a run that are looked at.
const RUN_BYTES_MAX: usize = 4096;
/// Known words before a run counts as glued.
const WORDS_MIN: usize = 3;
/// Letters of a word that is unlikely to stand in another one by chance.
const LONG_LETTERS_MIN: usize = 3;
/// What a letter costs that no known word covers. A word costs what it says: the negative logarithm of how common
/// it is.
const UNKNOWN_COST: f32 = 9.0;
/// What the letters of a run cost at most, one with another. Of ordinary sentences without their spaces all but one
/// in a hundred cost less; keys and rare compounds cost more.
const LETTER_COST_MAX: f32 = 3.5;
/// What a number costs.
const NUMBER_COST: f32 = 7.0;
/// How much likelier several words must be than one word of the same pieces, as a logarithm.
const PARTED_LEAD_MIN: f32 = 8.0;
/// Bytes of a text that the pieces are asked about.
const PIECED_BYTES_MAX: usize = 16 << 10;

/// Known words, each with what it costs to see it.
#[derive(Debug)]
pub(crate) struct Glued {
    words: AhoCorasick,
    costs: Vec<f32>,
}

impl Glued {
    /// Words as normalised text has them, each with how often it stands among a million.
    pub(crate) fn new<'a>(words: impl Iterator<Item = (&'a [u8], f32)>) -> Option<Self> {
        const MILLION: f32 = 1e6;
        let (words, costs): (Vec<_>, Vec<_>) = words
            .filter(|(word, _)| letters(word) > 1)
            .map(|(word, count)| (word, (MILLION / count.clamp(1.0, MILLION)).ln()))
            .unzip();
        // All words that end at a place are weighed against one another.
        let words = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words)
            .ok()?;
        Some(Self { words, costs })
    }

    /// All known words in a run: where each begins, its length and the logarithm of its chance, in order.
    pub(crate) fn inside(&self, run: &[u8]) -> Vec<(usize, usize, f32)> {
        let found = self.words.find_overlapping_iter(run);
        let mut words: Vec<_> = found
            .map(|word| {
                let cost = self.costs.get(word.pattern().as_usize());
                (word.start(), word.len(), -cost.copied().unwrap_or(UNKNOWN_COST))
            })
            .collect();
        words.sort_unstable_by_key(|(start, len, _)| (*start, *len));
        words
    }

    /// Where the likeliest words of a run end; none if it is not made of words.
    fn ends(&self, run: &[u8], least: usize) -> Option<Vec<usize>> {
        let best = self.readings(run);
        let (mut ends, mut words, mut known, mut long) = (Vec::new(), 0, 0, 0);
        let (mut at, mut covered) = (run.len(), true);
        while at > 0 {
            let word = best.get(at).map_or(0, |best| best.word);
            // What no word covers stays in one piece.
            if word > 0 || covered {
                ends.push(at);
            }
            covered = word > 0;
            if covered {
                let piece = run.get(at - word..at).unwrap_or_default();
                let size = letters(piece);
                words += 1;
                known += size;
                let counts = size >= LONG_LETTERS_MIN && !piece.iter().all(u8::is_ascii_digit);
                long += if counts { size } else { 0 };
            }
            at -= word.max(1);
        }
        ends.reverse();
        let all = letters(run);
        let cost = best.last().map_or(f32::INFINITY, |whole| whole.cost);
        let is_likely = cost <= LETTER_COST_MAX * all as f32;
        (words >= least && known * 5 >= all * 4 && long * 2 >= all && is_likely).then_some(ends)
    }

    /// The cheapest reading up to each place, by dynamic programming over the places at which a word may end.
    fn readings(&self, run: &[u8]) -> Vec<Reading> {
        let mut best = vec![Reading::default(); run.len() + 1];
        let cost_before = |best: &[Reading], at: usize| best.get(at).map_or(0.0, |before| before.cost);
        let mut found = self.words.find_overlapping_iter(run).peekable();
        for (at, byte) in run.iter().enumerate() {
            let unknown = if is_first(*byte) { UNKNOWN_COST } else { 0.0 };
            let mut here = Reading {
                cost: cost_before(&best, at) + unknown,
                word: 0,
            };
            let mut offer = |word: usize, cost: f32| {
                let cost = cost_before(&best, at + 1 - word) + cost;
                if cost < here.cost {
                    here = Reading { cost, word };
                }
            };
            if let Some(number) = number_before(run, at + 1) {
                offer(number, NUMBER_COST);
            }
            while let Some(word) = found.next_if(|word| word.end() == at + 1) {
                let cost = self.costs.get(word.pattern().as_usize());
                offer(word.len(), cost.copied().unwrap_or(UNKNOWN_COST));
            }
            if let Some(slot) = best.get_mut(at + 1) {
                *slot = here;
            }
        }
        best
    }
}

/// The cheapest way to read a run up to some place.
#[derive(Clone, Copy, Default)]
struct Reading {
    cost: f32,
    /// Bytes of the word that ends here; zero for a letter that belongs to none.
    word: usize,
}

/// `ignoreallpreviousinstructions` → `ignore all previous instructions`.
pub(super) fn cut_glued(view: &View, known: Vocabulary<'_>, settled: &[Range<u32>], writer: &mut Writer<'_>) {
    let text = view.text();
    let mut left = PIECED_BYTES_MAX;
    let run = |token: &Token| {
        let place = token.start as usize..token.end as usize;
        let bytes = text.get(place.clone()).filter(|bytes| bytes.len() <= RUN_BYTES_MAX)?;
        let is_drawn = token.digits > 1 && is_settled(settled, place) && is_riddled(bytes);
        (!is_drawn).then_some(bytes)
    };
    let is_glued = view.tokens.iter().any(|token| {
        token.len() >= RUN_LETTERS_MIN
            && run(token)
                .is_some_and(|run| letters(run) >= RUN_LETTERS_MIN && ends(run, known, true, &mut left).is_some())
    });
    if !is_glued {
        return;
    }
    for token in &view.tokens {
        let start = token.start as usize;
        let sign = start.checked_sub(1).and_then(|at| text.get(at));
        if matches!(sign, Some(b'.' | b',' | b':' | b';' | b'!' | b'?')) {
            writer.copy_to(start);
            writer.insert(b' ');
        }
        let Some(run) = run(token).filter(|run| letters(run) >= NEXT_LETTERS_MIN) else {
            continue;
        };
        let ends = ends(run, known, letters(run) >= RUN_LETTERS_MIN, &mut left).unwrap_or_default();
        for end in ends.iter().filter(|end| **end < run.len()) {
            if writer.is_full() {
                return;
            }
            writer.copy_to(start + end);
            writer.insert(b' ');
        }
        writer.copy_to(token.end as usize);
    }
}

/// Where the words of a run end; none if it is one word, or none. Only a `long` run shows by itself that words were
/// glued. The pieces know more words, but are asked for `left` bytes only.
fn ends(run: &[u8], known: Vocabulary<'_>, long: bool, left: &mut usize) -> Option<Vec<usize>> {
    let least = if long { WORDS_MIN } else { 2 };
    let Some(pieces) = known.pieces.filter(|_| run.len() <= *left) else {
        return known.words?.ends(run, least);
    };
    *left -= run.len();
    let known = known.words.map(|words| words.inside(run)).unwrap_or_default();
    let words = pieces.words(run, &known);
    let lead = if long { PARTED_LEAD_MIN } else { 0.0 };
    let is_parted = words.ends.len() >= least && words.score > pieces.likelihood(run) + lead;
    is_parted.then_some(words.ends)
}

/// Whether digits stand so close together in a run that hardly a word finds room between them.
fn is_riddled(run: &[u8]) -> bool {
    /// Bytes of a run for each number in it.
    const NUMBER_SHARE: usize = 12;
    const NUMBERS_MIN: usize = 2;
    let begins = |pair: &&[u8]| matches!(pair, [before, digit] if digit.is_ascii_digit() && !before.is_ascii_digit());
    let numbers = run.windows(2).filter(begins).count();
    numbers >= NUMBERS_MIN && numbers * NUMBER_SHARE >= run.len()
}

/// The length of the number that ends at `end`, if one does.
fn number_before(run: &[u8], end: usize) -> Option<usize> {
    let goes_on = run.get(end).is_some_and(u8::is_ascii_digit);
    let digits = run
        .get(..end)?
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (digits > 0 && !goes_on).then_some(digits)
}

/// Characters, of which a normalised word has one a letter.
fn letters(word: &[u8]) -> usize {
    word.iter().filter(|byte| is_first(**byte)).count()
}

/// Whether a character begins with this byte.
const fn is_first(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

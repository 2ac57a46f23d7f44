//! A text as words that tell something and words that stand in every text.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use crate::kernel::{Work, run};
use crate::masks::Classify;
use crate::text::{View, mix};

/// Words by how often they stand among a million.
const USAGE: &str = include_str!("../rules/usage.txt");
/// From here on a word tells nothing.
const COMMON: f32 = 300.0;
/// From here on it tells half.
const FREQUENT: f32 = 60.0;
/// What one character tells where characters are tokens.
const UNSPACED: f32 = 0.4;
/// Words of a sentence that does not end.
const SENTENCE_MAX: usize = 48;

/// A word of a reading.
pub(super) struct Word {
    pub(super) hash: u64,
    pub(super) weight: f32,
    start: usize,
    end: usize,
    sentence: u32,
    unspaced: bool,
}

/// A reading cut into words.
#[derive(Default)]
pub(super) struct Words {
    pub(super) tokens: Vec<Word>,
}

struct Read<'a>(&'a str, &'a mut View);

impl Work for Read<'_> {
    type Output = ();

    fn with<K: Classify>(self, kernel: K) {
        self.1.read(kernel, self.0, &[false; 256]);
    }
}

/// Reads a text the way detectors do.
pub(super) fn view_of(text: &str) -> View {
    let mut view = View::default();
    run(Read(text, &mut view));
    view
}

/// Cuts a text into words.
pub(super) fn of_text(text: &str) -> Words {
    of_view(&view_of(text))
}

/// Cuts a view into words.
pub(super) fn of_view(view: &View) -> Words {
    let usage = usage();
    let tokens = view.tokens.iter().map(|token| {
        let bytes = view.text().get(token.start as usize..token.end as usize);
        let unspaced = is_unspaced(bytes.unwrap_or_default());
        let most = if unspaced { UNSPACED } else { 1.0 };
        let share = match usage.get(&token.hash) {
            Some(count) if *count >= COMMON => 0.0,
            Some(count) if *count >= FREQUENT => 0.5,
            // A lone letter or sign of counting tells nothing either.
            _ if token.len() == 1 => 0.0,
            _ => 1.0,
        };
        Word {
            hash: token.hash,
            weight: most * share,
            start: token.start as usize,
            end: token.end as usize,
            sentence: token.sentence,
            unspaced,
        }
    });
    Words {
        tokens: tokens.collect(),
    }
}

/// One character of a script without spaces.
fn is_unspaced(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.chars().next().is_some_and(crate::fold::is_unspaced_script)
}

/// How often known words are used, by their hash.
fn usage() -> &'static HashMap<u64, f32> {
    static KNOWN: OnceLock<HashMap<u64, f32>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = HashMap::new();
        for (word, count) in USAGE.lines().filter_map(|line| line.split_once(' ')) {
            let view = view_of(word);
            if let ([token], Ok(count)) = (view.tokens.as_slice(), count.parse::<f32>()) {
                known.insert(token.hash, count);
            }
        }
        known
    })
}

impl Words {
    /// Whether characters are tokens here rather than words.
    pub(super) fn is_unspaced(&self) -> bool {
        self.tokens.iter().filter(|word| word.unspaced).count() * 2 > self.tokens.len()
    }

    /// Hashes of so many words in a row.
    pub(super) fn shingles(&self, len: usize) -> impl Iterator<Item = u64> + '_ {
        self.tokens
            .windows(len)
            .map(|words| words.iter().fold(1, |hash, word| mix(hash, word.hash)))
    }

    /// Words between two stops, line ends among them.
    pub(super) fn sentences(&self) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut of = u32::MAX;
        for (at, word) in self.tokens.iter().enumerate() {
            match ranges.last_mut() {
                Some(range) if word.sentence == of && range.len() < SENTENCE_MAX => range.end = at + 1,
                _ => ranges.push(at..at + 1),
            }
            of = word.sentence;
        }
        ranges
    }

    /// Words that stand in the first sentence only, if there are others.
    pub(super) fn identity(&self) -> HashSet<u64> {
        let sentences = self.sentences();
        let [first, .., last] = sentences.as_slice() else {
            return HashSet::new();
        };
        let hashes = |range: Range<usize>| self.tokens.get(range).unwrap_or_default().iter().map(|word| word.hash);
        let later: HashSet<u64> = hashes(first.end..last.end).collect();
        hashes(first.clone()).filter(|hash| !later.contains(hash)).collect()
    }

    /// What the different words of a text tell together, each by its share.
    pub(super) fn weight_of(&self, share: impl Fn(u64) -> f32) -> f32 {
        self.weight_between(0, self.tokens.len().saturating_sub(1), 0.0, share)
    }

    /// What the different words between two tell, each at least `filler`, by its share.
    pub(super) fn weight_between(&self, first: usize, last: usize, filler: f32, share: impl Fn(u64) -> f32) -> f32 {
        let mut seen = HashSet::new();
        let words = self.tokens.get(first..=last).unwrap_or_default().iter();
        words
            .filter(|word| seen.insert(word.hash))
            .map(|word| {
                let least = if word.unspaced { filler * UNSPACED } else { filler };
                word.weight.max(least) * share(word.hash)
            })
            .sum()
    }

    /// The bytes of the reading from one word to another.
    pub(super) fn bytes(&self, first: usize, last: usize) -> Range<usize> {
        let start = self.tokens.get(first).map_or(0, |word| word.start);
        start..self.tokens.get(last).map_or(start, |word| word.end.max(start))
    }
}

//! Whether an answer tells what a system prompt says, or holds a marker that was planted there.
//!
//! Read are the answer and what lies beneath it: the same decoders and rewrites as for questions. Words in a row
//! tell a quotation, the words of a sentence close together in any order tell a retelling. Nothing here knows
//! what words mean: a prompt that was translated or told in other words is not found.

mod beneath;
mod marker;
mod words;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::beneath::each_reading;
use self::marker::Markers;
use self::words::{Words, of_text};

/// Neighbouring words that are compared as one.
const SHINGLE: usize = 5;
/// Characters of scripts without spaces that are compared as one.
const UNSPACED_SHINGLE: usize = 9;
/// Places of one word in an answer that a retelling is looked for in.
const PLACES_MAX: usize = 64;
/// Telling words that a sentence needs to be known again in other order.
const SENTENCE_WORDS_MIN: usize = 5;
/// The share of them that must stand together.
const SENTENCE_SHARE_MIN: f32 = 0.8;
/// What a word of every text adds to a quotation: that it stands in its place tells something too.
const FILLER: f32 = 0.25;
/// What is left of the words of a prompt's first sentence: who it is, a model may say of itself.
const IDENTITY_SHARE: f32 = 0.4;
/// What is handed out.
const PLACES_TOLD_MAX: usize = 32;

/// A stretch of the answer that stands in the prompt, or a marker.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Bytes of the answer.
    pub span: Range<usize>,
    /// Decoders and rewrites between the answer and what was read, outermost first.
    pub chain: Vec<&'static str>,
    /// Telling words in it; for a marker its characters.
    pub weight: f32,
    /// Which marker; none for words of the prompt.
    pub marker: Option<usize>,
    /// The words stand in the order of the prompt.
    pub verbatim: bool,
}

/// What an answer tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leaks {
    /// Heaviest first.
    pub places: Vec<Place>,
    /// Telling words of the prompt that the answer holds, in one reading of it.
    pub told: f32,
    /// Telling words of the prompt that the user did not say first.
    pub tellable: f32,
    /// A limit was reached before everything was read.
    pub exhausted: bool,
}

/// Compares an answer with a system prompt and with markers. `said` is what the model may repeat: what the user
/// wrote, and what it was given to read.
#[must_use]
pub fn leaks(answer: &str, system: &str, said: &[&str], markers: &[&str]) -> Leaks {
    let prompt = Prompt::of(system, said);
    let markers = Markers::of(markers);
    let mut found = Leaks {
        tellable: prompt.tellable,
        ..Leaks::default()
    };
    found.exhausted = each_reading(answer, &mut |words, text, back, chain| {
        let mut told = prompt.quoted(words);
        prompt.retold(words, &mut told);
        let weight: f32 = told.iter().map(|it| it.weight).sum();
        found.told = found.told.max(weight.min(prompt.tellable));
        for it in told {
            found.places.push(Place {
                span: back(it.bytes),
                chain: chain.to_vec(),
                weight: it.weight,
                marker: None,
                verbatim: it.verbatim,
            });
        }
        markers.find(text, &mut |marker, bytes, len| {
            found.places.push(Place {
                span: back(bytes),
                chain: chain.to_vec(),
                weight: crate::text::narrow(len) as f32,
                marker: Some(marker),
                verbatim: true,
            });
        });
    });
    settle(&mut found.places);
    found
}

/// Heaviest first, and of places that lie in one another only the heaviest.
fn settle(places: &mut Vec<Place>) {
    places.sort_by(|a, b| {
        let by_weight = b.weight.total_cmp(&a.weight);
        by_weight.then_with(|| a.chain.len().cmp(&b.chain.len()))
    });
    let mut kept: Vec<Place> = Vec::new();
    for place in places.drain(..) {
        let known = kept.iter().any(|other| {
            other.marker == place.marker && other.span.start < place.span.end && place.span.start < other.span.end
        });
        if !known && kept.len() < PLACES_TOLD_MAX {
            kept.push(place);
        }
    }
    *places = kept;
}

/// A part of a reading that stands in the prompt.
struct Told {
    bytes: Range<usize>,
    first: usize,
    last: usize,
    weight: f32,
    verbatim: bool,
}

/// A system prompt as it is compared.
struct Prompt {
    shingle: usize,
    shingles: HashSet<u64>,
    /// The telling words of each sentence.
    sentences: Vec<Sentence>,
    /// Which sentences a word belongs to.
    of_word: HashMap<u64, Vec<u32>>,
    /// Words that only the first sentence holds.
    identity: HashSet<u64>,
    tellable: f32,
}

struct Sentence {
    words: HashSet<u64>,
    len: usize,
}

impl Prompt {
    fn of(system: &str, said: &[&str]) -> Self {
        let words = of_text(system);
        let shingle = if words.is_unspaced() { UNSPACED_SHINGLE } else { SHINGLE };
        let mut shingles: HashSet<u64> = words.shingles(shingle).collect();
        let mut known: HashSet<u64> = HashSet::new();
        for text in said {
            let theirs = of_text(text);
            for hash in theirs.shingles(shingle) {
                shingles.remove(&hash);
            }
            known.extend(theirs.tokens.iter().map(|token| token.hash));
        }
        let mut sentences: Vec<Sentence> = Vec::new();
        let mut of_word: HashMap<u64, Vec<u32>> = HashMap::new();
        let identity = words.identity();
        for range in words.sentences() {
            let inside = words.tokens.get(range.clone()).unwrap_or_default();
            let telling = inside
                .iter()
                .filter(|token| token.weight > 0.0 && !known.contains(&token.hash));
            let set: HashSet<u64> = telling.map(|token| token.hash).collect();
            if set.len() < SENTENCE_WORDS_MIN {
                continue;
            }
            let number = crate::text::narrow(sentences.len());
            for hash in &set {
                of_word.entry(*hash).or_default().push(number);
            }
            sentences.push(Sentence {
                words: set,
                len: range.len(),
            });
        }
        Self {
            tellable: words.weight_of(|hash| {
                if known.contains(&hash) {
                    0.0
                } else {
                    share_of(&identity, hash)
                }
            }),
            identity,
            shingle,
            shingles,
            sentences,
            of_word,
        }
    }

    /// Runs of words that stand in the prompt in the same order.
    fn quoted(&self, answer: &Words) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        if self.shingles.is_empty() {
            return told;
        }
        for (first, hash) in answer.shingles(self.shingle).enumerate() {
            if !self.shingles.contains(&hash) {
                continue;
            }
            let last = first + self.shingle - 1;
            match told.last_mut() {
                Some(run) if first <= run.last + 1 => run.last = last,
                _ => told.push(Told {
                    bytes: 0..0,
                    first,
                    last,
                    weight: 0.0,
                    verbatim: true,
                }),
            }
        }
        for run in &mut told {
            run.bytes = answer.bytes(run.first, run.last);
            run.weight = answer.weight_between(run.first, run.last, FILLER, |hash| share_of(&self.identity, hash));
        }
        told
    }

    /// Adds places where most telling words of a sentence stand close together, in any order.
    fn retold(&self, answer: &Words, told: &mut Vec<Told>) {
        let mut places: HashMap<u32, Vec<(u32, u64)>> = HashMap::new();
        let mut seen: HashMap<u64, usize> = HashMap::new();
        for (at, token) in answer.tokens.iter().enumerate() {
            let Some(sentences) = self.of_word.get(&token.hash) else {
                continue;
            };
            let times = seen.entry(token.hash).or_default();
            *times += 1;
            if *times > PLACES_MAX {
                continue;
            }
            for sentence in sentences.iter().take(PLACES_MAX) {
                places
                    .entry(*sentence)
                    .or_default()
                    .push((crate::text::narrow(at), token.hash));
            }
        }
        let mut numbers: Vec<u32> = places.keys().copied().collect();
        numbers.sort_unstable();
        let quoted = told.len();
        for number in numbers {
            let (Some(sentence), Some(at)) = (self.sentences.get(number as usize), places.get(&number)) else {
                continue;
            };
            let Some((first, last)) = sentence.closest(at) else {
                continue;
            };
            let apart = told.iter().take(quoted).all(|run| last < run.first || first > run.last);
            if apart {
                told.push(Told {
                    bytes: answer.bytes(first, last),
                    first,
                    last,
                    weight: answer.weight_between(first, last, 0.0, |hash| {
                        if sentence.words.contains(&hash) {
                            share_of(&self.identity, hash)
                        } else {
                            0.0
                        }
                    }),
                    verbatim: false,
                });
            }
        }
    }
}

fn share_of(identity: &HashSet<u64>, hash: u64) -> f32 {
    if identity.contains(&hash) { IDENTITY_SHARE } else { 1.0 }
}

impl Sentence {
    /// The first window that holds enough of the sentence's words.
    fn closest(&self, places: &[(u32, u64)]) -> Option<(usize, usize)> {
        let wanted = (self.words.len() as f32 * SENTENCE_SHARE_MIN).ceil() as usize;
        let reach = self.len * 2 + 4;
        let mut counts: HashMap<u64, u32> = HashMap::new();
        let mut from = 0;
        for (at, hash) in places {
            *counts.entry(*hash).or_default() += 1;
            while let Some((oldest, word)) = places.get(from) {
                if (*at - *oldest) as usize <= reach {
                    break;
                }
                if let Some(count) = counts.get_mut(word) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(word);
                    }
                }
                from += 1;
            }
            if counts.len() >= wanted {
                let first = places.get(from).map_or(*at, |(first, _)| *first);
                return Some((first as usize, *at as usize));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;

//! How common words are, to tell which part of a rule is worth waiting for.

use crate::lexicon::{Digits, Element, Entry};

/// Words and how often each stands among a million, made by `python -m training.usage`.
const LIST: &str = include_str!("usage.txt");

/// How often ordinary text holds a word.
pub(super) struct Usage {
    /// Sorted.
    words: Vec<(&'static str, f32)>,
}

impl Usage {
    pub(super) fn read() -> Self {
        let mut words: Vec<_> = Self::words().collect();
        words.sort_unstable_by_key(|(word, _)| *word);
        Self { words }
    }

    /// All words of the list, the commonest first, with how often they stand among a million.
    pub(super) fn words() -> impl Iterator<Item = (&'static str, f32)> {
        LIST.lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(word, count)| Some((word, count.parse().ok()?)))
    }

    /// Among a million words.
    pub(super) fn of_entry(&self, entry: &Entry) -> f32 {
        match entry {
            Entry::Digits(Digits::ANY) => 20_000.0,
            Entry::Digits(_) => 5_000.0,
            Entry::Number => 500.0,
            Entry::Blob => 500.0,
            Entry::Payload(_) | Entry::Unseen => 1.0,
            Entry::Text { literal, .. } => {
                if literal.len() <= 2 {
                    3000.0
                } else {
                    200.0
                }
            }
            // A phrase is rarer than its rarest word.
            Entry::Words(elements) if elements.len() > 1 => {
                elements
                    .iter()
                    .map(|element| self.of_element(element))
                    .fold(f32::INFINITY, f32::min)
                    * 0.1
            }
            Entry::Words(elements) => elements.iter().map(|element| self.of_element(element)).sum(),
        }
    }

    fn of_element(&self, element: &Element) -> f32 {
        let (word, stem) = match element {
            Element::Exact { word, .. } => (word, false),
            Element::Stem(stem) => (stem, true),
        };
        let from = self
            .words
            .partition_point(|(known, _)| known.as_bytes() < word.as_slice());
        let counted: f32 = self
            .words
            .iter()
            .skip(from)
            .take_while(|(known, _)| {
                if stem {
                    known.as_bytes().starts_with(word)
                } else {
                    known.as_bytes() == word
                }
            })
            .map(|(_, count)| count)
            .sum();
        // Words that are not in the list are rarer the longer they are.
        counted + 20.0 / (1.0 + word.len() as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;
    use crate::lexicon::{Entry, parse_words};
    use crate::text::View;

    #[test]
    fn ordinary_words_are_commoner_than_words_of_attacks() {
        let usage = Usage::read();
        let of = |words: &str| usage.of_entry(&Entry::Words(parse_words(words, &mut View::default())));
        assert!(of("the") > of("please"));
        assert!(of("please") > of("disregard"));
        assert!(of("show*") >= of("show"));
        assert!(of("disregard all") < of("disregard"));
    }
}

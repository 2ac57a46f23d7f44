//! How common words are, to tell which part of a rule is worth waiting for.

use std::collections::HashMap;

use crate::lexicon::{Element, Entry};
use crate::masks::Portable;
use crate::rules::source::RuleSource;
use crate::text::View;

/// How often ordinary text holds a word, judged by the texts rules must spare: they are ordinary texts
/// in every language there are rules for.
pub(super) struct Usage {
    /// Sorted words with how often they stand in the texts.
    words: Vec<(Vec<u8>, u32)>,
}

impl Usage {
    pub(super) fn of(sources: &[RuleSource]) -> Self {
        let mut view = View::default();
        let mut counts: HashMap<Vec<u8>, u32> = HashMap::new();
        for text in sources.iter().flat_map(|source| &source.spare) {
            view.read(Portable, text, &[false; 256]);
            for token in &view.tokens {
                let word = view
                    .text()
                    .get(token.start as usize..token.end as usize)
                    .unwrap_or_default();
                match counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(word.to_vec(), 1);
                    }
                }
            }
        }
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_unstable();
        Self { words }
    }

    pub(super) fn of_entry(&self, entry: &Entry) -> f32 {
        match entry {
            Entry::Digits => 2000.0,
            Entry::Blob => 50.0,
            Entry::Text { literal, .. } => {
                if literal.len() <= 2 {
                    300.0
                } else {
                    20.0
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
        let from = self.words.partition_point(|(known, _)| known < word);
        let found = self
            .words
            .iter()
            .skip(from)
            .take_while(|(known, _)| if stem { known.starts_with(word) } else { known == word });
        let count: u32 = found.map(|(_, count)| *count).sum();
        // Words that no such text holds are rarer the longer they are.
        count as f32 + 2.0 / (1.0 + word.len() as f32)
    }
}

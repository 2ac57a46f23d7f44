//! Which view of a text speaks for it: n-grams of a code say nothing, those of what it says do.

use std::ops::Range;

use super::{Engine, Scratch};
use crate::decode::{Codec, Decoded};
use crate::features::NgramScores;
use crate::map::OffsetMap;
use crate::memo::Memo;
use crate::ngram::{BLOCK, BlockSum, Neighbours, between, weight};
use crate::text::{Token, View};

/// Tokens a view needs before the n-gram model is asked about it.
pub(super) const TOKENS_MIN: usize = 3;

/// Parts of a text that were read as a code, in order and apart from one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    ranges: Vec<Range<usize>>,
}

impl Codes {
    pub(super) fn clear(&mut self) {
        self.ranges.clear();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Notes what `decoded` was read from, where nothing but the code can have stood there. Whole paragraphs are
    /// turned round or rotated for a few words, so these may say something as they are.
    pub(super) fn note(&mut self, decoded: &Decoded) {
        if !matches!(decoded.codec, Codec::Rot13 | Codec::Reversed) {
            self.ranges.extend(decoded.map.replaced(decoded.text.as_bytes()));
        }
    }

    /// Adds parts that stand in order.
    pub(super) fn add(&mut self, ranges: impl Iterator<Item = Range<usize>>) {
        self.ranges.extend(ranges);
    }

    /// Puts the parts in order.
    pub(super) fn settle(&mut self) {
        self.ranges.sort_unstable_by_key(|range| range.start);
        self.ranges.dedup_by(|next, kept| {
            let joined = next.start <= kept.end;
            if joined {
                kept.end = kept.end.max(next.end);
            }
            joined
        });
    }

    fn touch(&self, range: &Range<usize>) -> bool {
        let after = self.ranges.partition_point(|code| code.end <= range.start);
        self.ranges.get(after).is_some_and(|code| code.start < range.end)
    }
}

/// How a stretch of a view finds what was a code in the text behind it.
pub(super) struct Behind<'a> {
    /// From the view to the text in which `codes` lie, applied in order.
    pub(super) maps: &'a [&'a OffsetMap],
    pub(super) codes: &'a Codes,
}

impl Behind<'_> {
    fn is_code(&self, range: Range<usize>) -> bool {
        !self.codes.is_empty() && {
            let source = self.maps.iter().fold(range, |range, map| map.to_source(range));
            self.codes.touch(&source)
        }
    }
}

impl Engine {
    /// What the n-gram model says of a view but for the words that are code, given the sums of all words; nothing
    /// where hardly a word is left.
    pub(super) fn speak(&self, view: &View, behind: &[Behind<'_>], scratch: &mut Scratch) -> Option<NgramScores> {
        let is_code = |range: Range<usize>| behind.iter().any(|one| one.is_code(range.clone()));
        let Scratch { memo, sums, .. } = scratch;
        let mut left = view.tokens.len();
        let mut blocks = sums.len();
        if behind.iter().any(|one| !one.codes.is_empty()) {
            let mut rest = view.tokens.as_slice();
            let mut before: &[Token] = &[];
            for (block, sum) in sums.iter_mut().enumerate() {
                let count = rest.partition_point(|token| token.start as usize / BLOCK <= block);
                let (tokens, behind_it) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                rest = behind_it;
                if let (Some(first), Some(last)) = (tokens.first(), tokens.last())
                    && is_code(first.start as usize..last.end as usize)
                {
                    let heard = self.sum_without(view, before, tokens, &is_code, memo, sum);
                    left -= tokens.len() - heard;
                    blocks -= usize::from(heard == 0);
                }
                before = tokens;
            }
        }
        (left >= TOKENS_MIN).then(|| NgramScores {
            heard_blocks: blocks,
            tokens: left,
            ..self.model.ngram_scores(sums, left)
        })
    }

    /// Sums one block anew without the words that are code. Returns how many words were heard.
    fn sum_without(
        &self,
        view: &View,
        before: &[Token],
        tokens: &[Token],
        is_code: &impl Fn(Range<usize>) -> bool,
        memo: &mut Memo,
        sum: &mut BlockSum,
    ) -> usize {
        let table = &self.model.table;
        *sum = BlockSum::default();
        let mut heard = 0;
        let mut neighbours = Neighbours::default();
        // Pairs and triples reach two words back.
        let known = before.len().saturating_sub(2);
        let before = before.get(known..).unwrap_or_default();
        let mut beside_code = before.is_empty();
        for (index, token) in before.iter().chain(tokens).enumerate() {
            if is_code(token.start as usize..token.end as usize) {
                neighbours = Neighbours::default();
                beside_code = true;
                continue;
            }
            let around = neighbours.step(token.hash);
            let (signs, signs_count) = between(view.padded(), neighbours.end, token.start);
            neighbours.end = token.end;
            if index >= before.len() {
                let word = match memo.of(view, token) {
                    Some(word) => word,
                    None => memo.learn(view, token, &self.rulebook.lexicon, table),
                };
                sum.add(word.grams.sum, word.grams.count);
                sum.add(around.iter().map(|hash| weight(table, *hash)).sum(), Neighbours::COUNT);
                if signs_count > 0 && !beside_code {
                    sum.add(weight(table, signs), signs_count);
                }
                heard += 1;
            }
            beside_code = false;
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::Codes;

    #[test]
    fn codes_are_found_wherever_they_overlap() {
        let mut codes = Codes {
            ranges: vec![20..30, 4..8, 6..10, 10..12],
        };
        codes.settle();
        assert_eq!(codes.ranges, [4..12, 20..30]);
        assert!(codes.touch(&(0..5)) && codes.touch(&(11..20)) && codes.touch(&(29..99)));
        assert!(!codes.touch(&(0..4)) && !codes.touch(&(12..20)) && !codes.touch(&(30..31)));
    }
}

//! Rule matches judged by what stands around them: in a long text all else would drown them.

use super::{Detector, Engine, Finding, IN_USE_MIN, MENTION_DISCOUNT, Scratch};
use crate::category::MODEL_CATEGORY_COUNT;
use crate::features::{Build, Derived, NgramScores, row};
use crate::ngram::BLOCK;
use crate::rules::matching::{Context, Match};

/// The origin of system prompts.
const SYSTEM: u8 = 0;
/// A text of so many blocks is its own surroundings.
const OWN_BLOCKS: usize = 6;
/// The strongest matches are looked at alone.
const PLACES_MAX: usize = 8;
/// What having looked in several places takes from the logit.
const LOOKED_OFTEN: f32 = 1.0;

impl Engine {
    /// The fused logit of the most alarming surroundings of a strong match in a long text, as if they were a text of
    /// their own. A system prompt is long and full of orders by right.
    #[inline(always)]
    pub(super) fn judge_nearby(&self, context: Context, scratch: &Scratch) -> f32 {
        if context.origin == SYSTEM || scratch.matches.is_empty() || scratch.sums.len() <= OWN_BLOCKS {
            return f32::NEG_INFINITY;
        }
        self.judge_places(context, scratch)
    }

    #[inline(never)]
    fn judge_places(&self, context: Context, scratch: &Scratch) -> f32 {
        let found: Vec<(&Match, Finding)> = scratch
            .matches
            .iter()
            .filter_map(|matched| Some((matched, self.alone(matched)?)))
            .collect();
        let mut strong: Vec<&(&Match, Finding)> = found
            .iter()
            .filter(|(_, finding)| {
                finding.category < MODEL_CATEGORY_COUNT && !finding.mention && finding.score >= IN_USE_MIN
            })
            .collect();
        strong.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
        let build = Build::of(&scratch.base, &scratch.matching.context_counts);
        strong
            .iter()
            .take(PLACES_MAX)
            .filter_map(|(matched, _)| {
                let (ngram, first, end) = self.surroundings(matched, scratch)?;
                let inside: Vec<Finding> = found
                    .iter()
                    .filter(|(other, _)| (first..end).contains(&(other.start as usize / BLOCK)))
                    .map(|(_, finding)| finding.clone())
                    .collect();
                let (evidence, _) = self.weigh(&inside);
                let mut row = row(&build, ngram, &evidence, Derived::NONE, context);
                Self::hide_the_rest(&mut row);
                Some(self.model.fuse(&row) - LOOKED_OFTEN)
            })
            .fold(f32::NEG_INFINITY, f32::max)
    }

    fn alone(&self, matched: &Match) -> Option<Finding> {
        let rule = self.rulebook.rules.get(matched.rule as usize)?;
        let discount = if matched.mention { MENTION_DISCOUNT } else { 1.0 };
        Some(Finding {
            detector: Detector::Rule(rule.source),
            category: rule.category,
            span: matched.start as usize..matched.end as usize,
            score: rule.confidence * discount,
            severity: rule.severity,
            mention: matched.mention,
            chain: Vec::new(),
            parts: Vec::new(),
        })
    }

    /// The blocks of a match with one before, one behind or both, whichever is loudest.
    fn surroundings(&self, matched: &Match, scratch: &Scratch) -> Option<(NgramScores, usize, usize)> {
        let (first, last) = (
            matched.start as usize / BLOCK,
            matched.end.saturating_sub(1) as usize / BLOCK,
        );
        let tokens = &scratch.base.tokens;
        let until = |block: usize| tokens.partition_point(|token| token.start as usize / BLOCK < block);
        [(1, 0), (0, 1), (1, 1)]
            .into_iter()
            .filter_map(|(before, behind)| {
                let first = first.saturating_sub(before);
                let end = (last + 1 + behind).min(scratch.sums.len());
                let sums = scratch.sums.get(first..end)?;
                let ngram = self.model.ngram_scores(sums, until(end) - until(first));
                Some((ngram, first, end))
            })
            .max_by(|a, b| a.0.loudness().total_cmp(&b.0.loudness()))
    }

    /// What was counted over the whole text is no evidence here.
    fn hide_the_rest(row: &mut [f32; crate::features::FEATURE_COUNT]) {
        for slot in crate::features::COUNTED_OVER_ALL {
            if let Some(value) = row.get_mut(slot) {
                *value = 0.0;
            }
        }
    }
}

//! From what was seen to what should happen, and the evidence for it.

use super::deeper::Heard;
use super::{Action, Detector, Engine, Finding, IN_USE_MIN, Outcome, Scratch, Seen, Thresholds};
use crate::batch::TIERS_RUN;
use crate::category::{CATEGORY_COUNT, MODEL_CATEGORY_COUNT};
use crate::ngram::BLOCK;
use crate::rules::matching::Context;

/// Words that a model finding points at.
const LOUD_TOKENS_MAX: usize = 5;
/// The bit of the dense model among the tiers.
const DENSE_TIER: u8 = 1 << 2;
/// The code of a text's way out.
const OUTPUT: u8 = 1;
/// The one category beside the attacks on the model on which the dense model has a word.
const HARMFUL: u8 = 7;

/// What is believed of an attack on the model, before categories are held against thresholds.
pub(super) struct Belief<'a> {
    /// The fused logit.
    pub(super) score: f32,
    pub(super) fused: f32,
    /// What tiers 0 and 1 believed.
    pub(super) shallow: f32,
    /// The category it belongs to.
    pub(super) lead: u8,
    pub(super) heard: Option<&'a Heard>,
}

impl Engine {
    #[inline(always)]
    pub(super) fn decide(&self, text: &str, context: Context, seen: &Seen, scratch: &mut Scratch) -> Outcome {
        let score = self.model.fuse(&seen.row).max(seen.apart);
        let fused = self.model.confidence(score).max(seen.user_strongest);
        if let Some((dense, terms)) = &self.dense
            && terms.in_band(fused)
            && let Some(heard) = self.listen(dense, terms, context, (score, seen), scratch)
        {
            return self.decide_again(text, seen, fused, &heard, scratch);
        }
        if scratch.found.is_empty() && fused < self.thresholds_for(seen).lowest_flag() {
            let mut confidences = [0.0; CATEGORY_COUNT];
            if let Some(first) = confidences.first_mut() {
                *first = fused;
            }
            return Outcome {
                action: Action::Allow,
                category: None,
                severity: 0,
                confidence: fused,
                score,
                confidences,
                findings: Vec::new(),
                exhausted: seen.exhausted,
                unread: false,
                tiers: TIERS_RUN,
            };
        }
        self.decide_shallow(text, seen, score, fused, scratch)
    }

    const fn thresholds_for(&self, seen: &Seen) -> &Thresholds {
        if seen.direction == OUTPUT {
            &self.answers
        } else {
            &self.thresholds
        }
    }

    #[inline(never)]
    fn decide_shallow(&self, text: &str, seen: &Seen, score: f32, fused: f32, scratch: &mut Scratch) -> Outcome {
        let belief = Belief {
            score,
            fused,
            shallow: fused,
            lead: Self::category_by_rules(seen).unwrap_or_else(|| self.model.category(&scratch.base)),
            heard: None,
        };
        self.decide_with_evidence(text, seen, &belief, scratch)
    }

    pub(super) fn decide_with_evidence(
        &self,
        text: &str,
        seen: &Seen,
        belief: &Belief<'_>,
        scratch: &mut Scratch,
    ) -> Outcome {
        let &Belief { fused, lead, .. } = belief;
        let mut confidences = seen.evidence.strongest;
        for (code, confidence) in confidences
            .iter_mut()
            .enumerate()
            .take(usize::from(MODEL_CATEGORY_COUNT))
        {
            *confidence = if code == usize::from(lead) {
                fused
            } else {
                confidence.min(fused)
            };
        }
        if let (Some(heard), Some(harmful)) = (belief.heard, confidences.get_mut(usize::from(HARMFUL))) {
            *harmful = harmful.max(heard.harm);
        }
        let thresholds = self.thresholds_for(seen);
        let leading = leading(thresholds, &confidences);
        let mut findings = std::mem::take(&mut scratch.found);
        let flag = at(&thresholds.flag, lead);
        let explained = findings
            .iter()
            .any(|finding| finding.category < MODEL_CATEGORY_COUNT && finding.score >= IN_USE_MIN);
        // What the n-grams said is evidence as long as the verdict stands on it.
        if belief.shallow >= flag && fused >= flag && !explained {
            findings.push(self.model_finding(text, seen, lead, belief.shallow, scratch));
        }
        if let Some(heard) = belief.heard {
            findings.extend(heard.findings(lead, flag, at(&thresholds.flag, HARMFUL)));
        }
        findings.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| a.span.start.cmp(&b.span.start))
        });
        findings.truncate(self.limits.findings_max);
        let category = leading.map(|(.., code)| code);
        let severity = category.map_or(0, |code| severity_of(&findings, code, fused));
        let confidence = leading.map_or(fused, |(_, confidence, _)| confidence);
        Outcome {
            action: leading.map_or(Action::Allow, |(action, ..)| action),
            category,
            severity,
            confidence,
            score: belief.score,
            confidences,
            findings,
            exhausted: seen.exhausted,
            unread: belief.heard.is_some_and(|heard| !heard.whole),
            tiers: TIERS_RUN | if belief.heard.is_some() { DENSE_TIER } else { 0 },
        }
    }

    /// The category an attack on the model belongs to, if a rule in use says so.
    pub(super) fn category_by_rules(seen: &Seen) -> Option<u8> {
        let strongest = seen
            .evidence
            .strongest
            .iter()
            .zip(0_u8..)
            .take(usize::from(MODEL_CATEGORY_COUNT))
            .max_by(|a, b| a.0.total_cmp(b.0).then(b.1.cmp(&a.1)));
        strongest
            .filter(|(score, _)| **score >= IN_USE_MIN)
            .map(|(_, category)| category)
    }

    fn model_finding(&self, text: &str, seen: &Seen, category: u8, confidence: f32, scratch: &Scratch) -> Finding {
        let severity = if confidence >= 0.95 { 2 } else { 1 };
        let finding = |span, chain, parts| Finding {
            detector: Detector::Ngrams,
            category,
            span,
            score: confidence,
            severity,
            mention: false,
            chain,
            parts,
        };
        let base_best = seen.ngram.whole.max(seen.ngram.window).max(seen.ngram.sentence);
        if let Some(loudest) = seen.loudest.as_ref().filter(|loudest| loudest.score > base_best) {
            return finding(loudest.span.clone(), loudest.chain.clone(), Vec::new());
        }
        let view = &scratch.base;
        let from = seen.ngram.best_block * BLOCK;
        let to = if seen.ngram.blocks <= 2 {
            view.text().len()
        } else {
            from + 2 * BLOCK
        };
        let tokens: Vec<_> = view
            .tokens
            .iter()
            .filter(|token| token.start as usize >= from && (token.start as usize) < to)
            .collect();
        let back = |start: u32, end: u32| view.map.to_source(start as usize..end as usize);
        let span = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => back(first.start, last.end),
            _ => 0..text.len(),
        };
        let loud = self.model.loudest_tokens(view, from, to, LOUD_TOKENS_MAX);
        finding(
            span,
            Vec::new(),
            loud.into_iter().map(|(start, end)| back(start, end)).collect(),
        )
    }
}

/// The category that asks for the strongest action, the surest of them if several do.
fn leading(thresholds: &Thresholds, confidences: &[f32; CATEGORY_COUNT]) -> Option<(Action, f32, u8)> {
    let mut leading: Option<(Action, f32, u8)> = None;
    for (code, confidence) in (0_u8..).zip(*confidences) {
        let wanted = if confidence >= at(&thresholds.block, code) {
            Action::Block
        } else if confidence >= at(&thresholds.flag, code) {
            Action::Flag
        } else {
            continue;
        };
        if leading.is_none_or(|(known, by, _)| (wanted, confidence) > (known, by)) {
            leading = Some((wanted, confidence, code));
        }
    }
    leading
}

fn at(thresholds: &[f32; CATEGORY_COUNT], code: u8) -> f32 {
    thresholds.get(usize::from(code)).copied().unwrap_or(f32::INFINITY)
}

fn severity_of(findings: &[Finding], category: u8, confidence: f32) -> u8 {
    let by_rules = findings
        .iter()
        .filter(|finding| finding.category == category && !finding.mention)
        .map(|finding| finding.severity)
        .max();
    by_rules.unwrap_or(if confidence >= 0.95 { 2 } else { 1 })
}

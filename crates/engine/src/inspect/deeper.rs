//! What the dense model makes of a text that the other tiers are not sure of.

use std::ops::Range;

use super::decide::Belief;
use super::{Detector, Engine, Finding, Outcome, Scratch, Seen};
use crate::category::MODEL_CATEGORY_COUNT;
use crate::dense::{Dense, Reading, Terms};
use crate::ngram::BLOCK;
use crate::rules::matching::Context;
use crate::training::normalized;

/// What the dense model and tier 1 believe together, and where the dense model heard it.
pub(super) struct Heard {
    logit: f32,
    confidence: f32,
    /// Of the category `harmful_request`.
    pub(super) harm: f32,
    kind: u8,
    span: Range<usize>,
    chain: Vec<&'static str>,
    /// It left nothing unread, neither of the text nor of what lies beneath.
    pub(super) whole: bool,
    /// What was found beneath an encoding was not all read.
    hidden: bool,
}

impl Heard {
    /// The evidence, where it reaches the thresholds of its category and of `harmful_request`.
    pub(super) fn findings(&self, lead: u8, flag: f32, flag_harm: f32) -> impl Iterator<Item = Finding> {
        let told = [
            (lead, self.confidence, flag),
            (MODEL_CATEGORY_COUNT, self.harm, flag_harm),
        ];
        told.into_iter()
            .filter(|(_, confidence, flag)| confidence >= flag)
            .map(|(category, confidence, _)| Finding {
                detector: Detector::Dense,
                category,
                span: self.span.clone(),
                score: confidence,
                severity: if confidence >= 0.95 { 2 } else { 1 },
                mention: false,
                chain: self.chain.clone(),
                parts: Vec::new(),
            })
    }
}

impl Engine {
    /// Reads the text as detectors see it, and the derived view in which tier 1 was most alarmed. None where
    /// there is nothing to read.
    #[inline(never)]
    pub(super) fn listen(
        &self,
        dense: &Dense,
        terms: &Terms,
        context: Context,
        (score, seen): (f32, &Seen),
        scratch: &mut Scratch,
    ) -> Option<Heard> {
        let Scratch {
            base,
            found,
            dense: memory,
            ..
        } = scratch;
        let text = std::str::from_utf8(base.text()).unwrap_or_default();
        let shown = dense.read(text, seen.ngram.best_block * BLOCK, memory);
        let beneath = seen.loudest.as_ref().and_then(|loudest| {
            let reading = dense.read(&normalized(&loudest.text), 0, memory)?;
            Some((reading, loudest))
        });
        let is_read = |chain: &[&str]| beneath.as_ref().is_some_and(|(_, loudest)| loudest.chain == *chain);
        let unread = |finding: &Finding| {
            finding.category < MODEL_CATEGORY_COUNT
                && !finding.mention
                && !finding.chain.is_empty()
                && !is_read(&finding.chain)
        };
        let hidden = found.iter().any(unread) || (seen.loudest.is_some() && beneath.is_none());
        let whole = [shown.as_ref(), beneath.as_ref().map(|(reading, _)| reading)]
            .into_iter()
            .flatten()
            .all(|reading| reading.whole);
        let harm = shown.as_ref().map_or(f32::MIN, |reading| reading.harm);
        let (reading, span, chain) = match (shown, beneath) {
            (Some(shown), Some((deeper, _))) if shown.attack >= deeper.attack => {
                let span = base.map.to_source(shown.span.clone());
                (with_harm(shown, deeper.harm), span, Vec::new())
            }
            (_, Some((deeper, loudest))) => (with_harm(deeper, harm), loudest.span.clone(), loudest.chain.clone()),
            (Some(shown), None) => {
                let span = base.map.to_source(shown.span.clone());
                (shown, span, Vec::new())
            }
            (None, None) => return None,
        };
        let (logit, confidence) = terms.weigh(&reading, score, context);
        Some(Heard {
            logit,
            confidence,
            harm: terms.harm(&reading),
            kind: reading.kind(),
            span,
            chain,
            whole,
            hidden,
        })
    }

    /// Decides with the word of the dense model, which may raise or acquit. It cannot talk down a rule of the
    /// operator, nor what it has not read. `shallow` is what tiers 0 and 1 believe.
    pub(super) fn decide_again(
        &self,
        text: &str,
        seen: &Seen,
        shallow: f32,
        heard: &Heard,
        scratch: &mut Scratch,
    ) -> Outcome {
        let floor = if heard.hidden || !heard.whole {
            shallow
        } else {
            seen.user_strongest
        };
        let belief = Belief {
            score: heard.logit,
            fused: heard.confidence.max(floor),
            shallow,
            lead: Self::category_by_rules(seen).unwrap_or(heard.kind),
            heard: Some(heard),
        };
        self.decide_with_evidence(text, seen, &belief, scratch)
    }
}

fn with_harm(reading: Reading, harm: f32) -> Reading {
    Reading {
        harm: reading.harm.max(harm),
        ..reading
    }
}

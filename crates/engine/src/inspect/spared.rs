//! Findings that somebody else has reason not to count: the text is judged as if they were not there.

use std::ops::Range;

use super::kept::with_kept;
use super::{Context, Detector, Engine, Finding, Outcome, Scratch};
use crate::category::MODEL_CATEGORY_COUNT;

/// A finding of a rule, by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spared {
    /// Index into [`Engine::rules`].
    pub rule: u32,
    /// Bytes of the inspected text.
    pub span: Range<usize>,
}

impl Engine {
    /// Judges one text, but as if rules had not found what is `spared`.
    #[must_use]
    pub fn inspect_without(&self, text: &str, context: Context, spared: &[Spared]) -> Outcome {
        let judge = |scratch: &mut Scratch| {
            scratch.spared.extend_from_slice(spared);
            let outcome = self.inspect(text, context, scratch);
            scratch.spared.clear();
            outcome
        };
        with_kept(text.len(), judge)
    }

    /// Takes out what would be judged by its surroundings. Only attacks on the model are: other matches stay
    /// until those that overlap have been weighed against each other.
    #[inline(always)]
    pub(super) fn spare_matches(&self, scratch: &mut Scratch) {
        if !scratch.spared.is_empty() {
            self.take_out_matches(scratch);
        }
    }

    #[inline(never)]
    fn take_out_matches(&self, scratch: &mut Scratch) {
        let Scratch {
            spared, matches, base, ..
        } = scratch;
        matches.retain(|matched| {
            let Some(rule) = self.rulebook.rules.get(matched.rule as usize) else {
                return true;
            };
            let span = base.map.to_source(matched.start as usize..matched.end as usize);
            rule.category >= MODEL_CATEGORY_COUNT
                || !spared.contains(&Spared {
                    rule: rule.source,
                    span,
                })
        });
    }
}

impl Scratch {
    /// Takes out what is not to count.
    #[inline(always)]
    pub(super) fn spare_findings(&mut self) {
        if self.spared.is_empty() {
            return;
        }
        let Self { spared, found, .. } = self;
        found.retain(|finding| !is_spared(finding, spared));
    }
}

fn is_spared(finding: &Finding, spared: &[Spared]) -> bool {
    let Detector::Rule(rule) = finding.detector else {
        return false;
    };
    spared.iter().any(|one| one.rule == rule && one.span == finding.span)
}

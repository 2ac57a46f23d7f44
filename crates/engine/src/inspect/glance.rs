//! A look at a stretch of a text that is still growing: what is found there, without a decision.

use super::kept::with_kept;
use super::{Engine, Finding, Scratch};
use crate::masks::Classify;
use crate::rules::matching::Context;
use crate::text::View;

/// The code of the direction of answers.
const OUTPUT: u8 = 1;

/// What a stretch shows by itself.
pub(crate) struct Noticed {
    /// Matches of rules, as bytes of the stretch.
    pub(crate) found: Vec<Finding>,
    /// What tiers 0 and 1 believe of it.
    pub(crate) confidence: f32,
}

impl Engine {
    /// Reads a stretch with the working memory that this thread keeps, and hands `then` what was found
    /// together with the stretch as detectors see it.
    pub(crate) fn glance_here<T>(&self, text: &str, context: Context, then: impl FnOnce(Noticed, &View) -> T) -> T {
        with_kept(text.len(), |scratch| {
            let noticed = self.glance(text, context, scratch);
            then(noticed, &scratch.base)
        })
    }

    fn glance(&self, text: &str, context: Context, scratch: &mut Scratch) -> Noticed {
        crate::kernel::run(Glance {
            engine: self,
            text,
            context,
            scratch,
        })
    }

    /// From which confidence a category is flagged, or blocked, in such content.
    pub(crate) fn threshold(&self, category: u8, blocked: bool, context: Context) -> f32 {
        let thresholds = if context.direction == OUTPUT {
            &self.answers
        } else {
            &self.thresholds
        };
        let table = if blocked { &thresholds.block } else { &thresholds.flag };
        table.get(usize::from(category)).copied().unwrap_or(f32::INFINITY)
    }
}

struct Glance<'a> {
    engine: &'a Engine,
    text: &'a str,
    context: Context,
    scratch: &'a mut Scratch,
}

impl crate::kernel::Work for Glance<'_> {
    type Output = Noticed;

    #[inline(always)]
    fn with<K: Classify>(self, kernel: K) -> Noticed {
        let seen = self.engine.see(kernel, self.text, self.context, self.scratch);
        let model = &self.engine.model;
        let score = model.fuse(&seen.row).max(seen.apart);
        Noticed {
            found: std::mem::take(&mut self.scratch.found),
            confidence: model.confidence(score).max(seen.user_strongest),
        }
    }
}

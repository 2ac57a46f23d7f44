//! What is done with a text, for whichever kernel the processor has.

use super::{Engine, Outcome, Scratch};
use crate::features::FEATURE_COUNT;
use crate::masks::Classify;
use crate::rules::matching::Context;

pub(super) struct Judge<'a> {
    pub(super) engine: &'a Engine,
    pub(super) text: &'a str,
    pub(super) context: Context,
    pub(super) scratch: &'a mut Scratch,
}

pub(super) struct Describe<'a> {
    pub(super) engine: &'a Engine,
    pub(super) text: &'a str,
    pub(super) context: Context,
    pub(super) scratch: &'a mut Scratch,
}

impl crate::kernel::Work for Judge<'_> {
    type Output = Outcome;

    #[inline(always)]
    fn with<K: Classify>(self, kernel: K) -> Outcome {
        let seen = self.engine.see(kernel, self.text, self.context, self.scratch);
        self.engine.decide(self.text, self.context, &seen, self.scratch)
    }
}

impl crate::kernel::Work for Describe<'_> {
    type Output = [f32; FEATURE_COUNT];

    #[inline(always)]
    fn with<K: Classify>(self, kernel: K) -> [f32; FEATURE_COUNT] {
        self.engine.see(kernel, self.text, self.context, self.scratch).row
    }
}

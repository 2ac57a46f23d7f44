//! Findings of rules over the bytes of the original.

use super::{Detector, Engine, Finding};
use crate::rules::bytes::ByteRules;
use crate::rules::matching::Context;

impl Engine {
    /// Asks the rules that look at bytes, if there are any.
    #[inline(always)]
    pub(super) fn take_bytes(&self, text: &str, context: Context, found: &mut Vec<Finding>) {
        if let Some(rules) = &self.rulebook.bytes {
            self.ask_bytes(rules, text, context, found);
        }
    }

    /// A text is what it is there: nothing is a mention, nothing decoded.
    #[inline(never)]
    fn ask_bytes(&self, rules: &ByteRules, text: &str, context: Context, found: &mut Vec<Finding>) {
        let asked = |rule| self.rulebook.speaks(rule, context);
        rules.find(text.as_bytes(), asked, |matched| {
            let Some(rule) = self.rulebook.rules.get(matched.rule as usize) else {
                return;
            };
            if found.len() >= self.limits.findings_max * 4 {
                return;
            }
            found.push(Finding {
                detector: Detector::Rule(rule.source),
                category: rule.category,
                span: matched.span,
                score: rule.confidence,
                severity: rule.severity,
                mention: false,
                chain: Vec::new(),
                parts: matched.parts,
            });
        });
    }
}

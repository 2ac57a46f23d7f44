//! What was found to be a value is no word in disguise.

use std::ops::Range;

use super::super::{Detector, Engine, Finding};
use crate::checks::Check;
use crate::rewrite::Rewrite;
use crate::rules::matching::from_source;
use crate::text::View;

impl Engine {
    /// The parts of a view that are values which passed a check, and no words.
    pub(in crate::inspect) fn settled(&self, text: &str, view: &View, found: &[Finding]) -> Vec<Range<u32>> {
        found
            .iter()
            .filter(|finding| self.is_checked(finding) && !may_hold_words(text, &finding.span))
            .map(|finding| from_source(view, &finding.span))
            .collect()
    }

    /// Whether all that a rewrite of the text changed lies in values that passed a check: the letters that keys,
    /// account numbers and the like become when their digits are read as letters mean nothing.
    pub(in crate::inspect) fn is_settled(&self, rewrite: &Rewrite, view: &View, text: &str, found: &[Finding]) -> bool {
        // Of other rewrites the map does not say all they changed.
        if rewrite.name != "leet" || found.is_empty() {
            return false;
        }
        rewrite.map.replaced(rewrite.text.as_bytes()).all(|changed| {
            let changed = view.map.to_source(changed);
            found.iter().any(|finding| {
                finding.span.start <= changed.start
                    && changed.end <= finding.span.end
                    && self.is_checked(finding)
                    && !may_hold_words(text, &finding.span)
            })
        })
    }

    fn is_checked(&self, finding: &Finding) -> bool {
        let Detector::Rule(rule) = finding.detector else {
            return false;
        };
        let rule = self.rulebook.sources.get(rule as usize);
        let mut checks = rule
            .into_iter()
            .flat_map(|rule| &rule.patterns)
            .filter_map(|pattern| pattern.check);
        // Whoever invents a password may invent a sentence.
        checks.any(|check| check != Check::Password)
    }
}

/// Addresses with digits in them may be written to be read as words.
fn may_hold_words(text: &str, span: &Range<usize>) -> bool {
    let value = text.get(span.clone()).unwrap_or_default();
    value.split_once('@').is_some_and(|(name, _)| {
        let plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'.' || byte == b'-';
        !name.bytes().all(plain)
    })
}

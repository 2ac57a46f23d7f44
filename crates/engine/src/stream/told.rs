//! What was told already, and where it stands in characters.

use std::ops::Range;

use super::{Place, Stream};
use crate::inspect::{Detector, Finding};

/// Findings told lately, to tell none twice.
const TOLD_MAX: usize = 512;

/// Whether a finding, or one that covers it, is among those.
pub(super) fn is_known(findings: &[Finding], finding: &Finding) -> bool {
    findings.iter().rev().any(|known| {
        known.detector == finding.detector
            && known.span.start <= finding.span.start
            && finding.span.end <= known.span.end
    })
}

pub(super) fn remember(findings: &mut Vec<Finding>, finding: Finding) {
    if findings.len() >= TOLD_MAX {
        findings.drain(..TOLD_MAX / 2);
    }
    findings.push(finding);
}

/// The rule behind a finding, and its place.
pub(super) fn of_rule(finding: &Finding) -> Option<(u32, Range<usize>)> {
    match finding.detector {
        Detector::Rule(rule) => Some((rule, finding.span.clone())),
        Detector::Ngrams | Detector::Dense => None,
    }
}

pub(super) fn move_by(finding: &mut Finding, by: usize) {
    for span in finding.parts.iter_mut().chain([&mut finding.span]) {
        *span = span.start + by..span.end + by;
    }
}

impl Stream {
    /// Turns places of findings from bytes into characters of the whole text.
    pub(super) fn count_characters(&mut self, findings: &mut [Finding]) {
        if findings.is_empty() {
            return;
        }
        let spans = |finding: &Finding| finding.parts.iter().chain([&finding.span]).cloned().collect::<Vec<_>>();
        let mut ends: Vec<usize> = findings
            .iter()
            .flat_map(spans)
            .flat_map(|span| [span.start, span.end])
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let first = ends.first().copied().unwrap_or(0);
        let mut place = if self.mark.byte <= first { self.mark } else { self.start };
        let mut counted = Vec::with_capacity(ends.len());
        for end in &ends {
            let passed = self
                .text
                .get(place.byte - self.start.byte..end.saturating_sub(self.start.byte));
            place = Place {
                byte: (*end).max(place.byte),
                character: place.character + passed.unwrap_or_default().chars().count(),
            };
            counted.push(place.character);
            if self.mark.byte <= first {
                self.mark = if *end == first { place } else { self.mark };
            }
        }
        let character = |byte: usize| {
            let at = ends.binary_search(&byte).unwrap_or(0);
            counted.get(at).copied().unwrap_or_default()
        };
        for span in findings
            .iter_mut()
            .flat_map(|finding| finding.parts.iter_mut().chain([&mut finding.span]))
        {
            *span = character(span.start)..character(span.end);
        }
    }
}

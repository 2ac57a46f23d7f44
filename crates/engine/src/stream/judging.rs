//! Attacks are judged on all that has come: when, and what follows.

use std::borrow::Cow;

use memchr::memmem;

use super::told::{is_known, move_by, remember};
use super::{FAR_BYTES, Mode, Step, Stream};
use crate::category::MODEL_CATEGORY_COUNT;
use crate::decode::boundary_before;
use crate::inspect::{Action, Detector, Engine, Finding, Noticed, Outcome};

/// Of a text longer than is kept, so much of what was judged already is read again with the rest.
const OVERLAP_BYTES: usize = 64 << 10;
/// A text is judged first when it has so many bytes.
pub(super) const JUDGED_FIRST: usize = 512;
/// Growth after which all is judged again, as a share of it: for a new alarm, for one that was judged before,
/// for one of the model; and for any where deeper tiers did not believe it.
const NEW_SHARE: usize = 32;
const OLD_SHARE: usize = 16;
const MODEL_SHARE: usize = 8;
const ACQUITTED_SHARE: usize = 4;
/// Rule scores from which a match is an alarm.
pub(super) const ALARM_MIN: f32 = 0.5;
/// Judgements kept of what is no longer kept: the worst.
const PAST_MAX: usize = 64;

impl Stream {
    /// Whether it is time to judge all that is kept.
    pub(super) fn must_judge(&self, engine: &Engine, alarmed: bool, confidence: f32) -> bool {
        let loud = self.wish.mode != Mode::Audit && confidence >= engine.threshold(0, true, self.wish.context);
        let grown = self.end() - self.judged;
        let share = if alarmed || self.doubt.is_some() {
            NEW_SHARE
        } else if self.acquitted {
            ACQUITTED_SHARE
        } else if !self.alarms.is_empty() {
            OLD_SHARE
        } else {
            MODEL_SHARE * usize::from(loud)
        };
        self.end() >= self.judged_next || grown * share >= self.text.len()
    }

    pub(super) fn blocks(&self) -> bool {
        self.wish.least == Action::Block
    }

    pub(super) fn counts(&self, engine: &Engine, finding: &Finding) -> bool {
        !finding.mention && finding.score >= engine.threshold(finding.category, self.blocks(), self.wish.context)
    }

    /// Judges all that is kept with all tiers if it is time, or if the first two find it bad enough.
    pub(super) fn judge_at_need(&mut self, engine: &Engine, step: &mut Step) {
        let time = self.end() >= self.judged_next;
        let bad = |noticed: &Noticed| {
            let blocks = self.blocks() || !has_alarm(&noticed.found);
            noticed.confidence >= engine.threshold(0, blocks, self.wish.context)
                || noticed.found.iter().any(|finding| self.counts(engine, finding))
        };
        let closed = closed(&self.text);
        if time || engine.glance_here(&closed, self.wish.context, |noticed, _| bad(&noticed)) {
            self.judge(engine, step);
            self.acquitted = !time && self.stopped.is_none();
        } else {
            self.tally.judged += 1;
            self.judged = self.end();
            self.doubt = None;
        }
    }

    /// Judges all that is kept, and stops if that is bad enough.
    pub(super) fn judge(&mut self, engine: &Engine, step: &mut Step) -> Outcome {
        self.tally.judged += 1;
        self.judged = self.end();
        self.judged_next = self.end() + self.text.len().max(JUDGED_FIRST);
        self.doubt = None;
        let closed = closed(&self.text);
        let mut outcome = engine.inspect_here(&closed, self.wish.context);
        for finding in &mut outcome.findings {
            // What was closed for the occasion is not there.
            for span in finding.parts.iter_mut().chain([&mut finding.span]) {
                *span = span.start.min(self.text.len())..span.end.min(self.text.len());
            }
            move_by(finding, self.start.byte);
            let known = match finding.detector {
                Detector::Rule(_) => is_known(&self.told, finding),
                detector => self
                    .told
                    .iter()
                    .any(|known| (known.detector, known.category) == (detector, finding.category)),
            };
            if !known {
                step.findings.push(finding.clone());
                remember(&mut self.told, finding.clone());
            }
        }
        self.count_characters(&mut outcome.findings);
        // The model alone errs more often on half a text than on all of it: before the end it has to be sure.
        let unsure = !has_alarm(&outcome.findings);
        let stops = |(category, confidence): (u8, &f32)| {
            let blocks = self.blocks() || (unsure && category <= MODEL_CATEGORY_COUNT);
            self.wish.replaced >> category & 1 == 0
                && *confidence >= engine.threshold(category, blocks, self.wish.context)
        };
        if self.wish.mode != Mode::Audit && (0_u8..).zip(&outcome.confidences).any(stops) {
            self.stopped = Some(outcome.clone());
        }
        outcome
    }

    /// Lets go of text that is judged and gone out, once there is more than is kept.
    pub(super) fn forget(&mut self, engine: &Engine, step: &mut Step) {
        if self.text.len() < self.wish.kept_bytes_max {
            return;
        }
        let outcome = self.judge(engine, step);
        if self.past.len() >= PAST_MAX {
            let badness = |outcome: &Outcome| (outcome.action, outcome.confidence.to_bits());
            let mildest = (0..self.past.len()).min_by_key(|at| self.past.get(*at).map(badness));
            mildest.map(|at| self.past.remove(at));
        }
        self.past.push(outcome);
        let needed = self.window_from(FAR_BYTES).min(self.released) - self.start.byte;
        let overlap = OVERLAP_BYTES.min(self.wish.kept_bytes_max / 2);
        let drop = boundary_before(&self.text, needed.min(self.text.len().saturating_sub(overlap)));
        let gone: String = self.text.drain(..drop).collect();
        self.start.byte += drop;
        self.start.character += gone.chars().count();
        if self.mark.byte < self.start.byte {
            self.mark = self.start;
        }
    }
}

/// Whether some rule has seen an attack on the model, or harm.
fn has_alarm(findings: &[Finding]) -> bool {
    let alarms = |finding: &Finding| {
        let by_rule = matches!(finding.detector, Detector::Rule(_));
        by_rule && finding.category <= MODEL_CATEGORY_COUNT && !finding.mention && finding.score >= ALARM_MIN
    };
    findings.iter().any(alarms)
}

/// The text with what would close its last quotation and its last block of code: what is quoted there is a
/// mention as soon as that comes.
fn closed(text: &str) -> Cow<'_, str> {
    const LINE_MAX: usize = 2048;
    let near = boundary_before(text, text.len().saturating_sub(LINE_MAX));
    let near = text.get(near..).unwrap_or_default();
    let line = near.rsplit('\n').next().unwrap_or_default().as_bytes();
    let is_letter = |at: usize| line.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut closing = String::new();
    for mark in [b'\'', b'`', b'"'] {
        let within = |at: usize| at > 0 && is_letter(at - 1) && is_letter(at + 1);
        let marks = line.iter().enumerate().filter(|(_, byte)| **byte == mark);
        if marks.filter(|(at, _)| mark != b'\'' || !within(*at)).count() % 2 == 1 {
            closing.push(char::from(mark));
        }
    }
    if memmem::find_iter(text.as_bytes(), b"```").count() % 2 == 1 {
        closing.push_str("\n```");
    }
    if closing.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{text}{closing}"))
}

#[cfg(test)]
mod tests {
    use super::closed;

    #[test]
    fn what_is_open_is_closed() {
        for (text, wanted) in [
            ("plain words, it's fine", "plain words, it's fine"),
            ("phrases like \"ignore", "phrases like \"ignore\""),
            ("phrases like 'ignore", "phrases like 'ignore'"),
            ("say `rm", "say `rm`"),
            ("one \"two\nthree", "one \"two\nthree"),
            ("so:\n```sh\nrm x", "so:\n```sh\nrm x\n```"),
            ("so:\n```sh\nrm x\n```\nfine", "so:\n```sh\nrm x\n```\nfine"),
        ] {
            assert_eq!(closed(text), wanted);
        }
    }
}

//! One place, one thing: of values that overlap, the surer is kept.

use super::{Detector, Finding};
use crate::rules::source::RuleSource;

/// Code of the category of private data.
const PII: u8 = 8;

/// Drops private data that another finding calls something surer: a card number is no telephone number as
/// well. Only findings of rules that name an entity are weighed against each other, and the operator's own
/// always stay.
pub(super) fn keep_surest(found: &mut Vec<Finding>, rules: &[RuleSource], user_from: u32) {
    let entity = |finding: &Finding| match finding.detector {
        Detector::Rule(rule) => {
            finding.category == PII && rules.get(rule as usize).is_some_and(|rule| rule.entity.is_some())
        }
        Detector::Ngrams | Detector::Dense => false,
    };
    if found.iter().filter(|finding| entity(finding)).count() < 2 {
        return;
    }
    let mine = |finding: &Finding| matches!(finding.detector, Detector::Rule(rule) if rule >= user_from);
    let dropped: Vec<bool> = found
        .iter()
        .enumerate()
        .map(|(place, one)| {
            entity(one)
                && !mine(one)
                && found.iter().enumerate().any(|(other_place, other)| {
                    other_place != place && entity(other) && beats(other, other_place, one, place)
                })
        })
        .collect();
    let mut dropped = dropped.into_iter();
    found.retain(|_| !dropped.next().unwrap_or(false));
}

/// Whether `a` says the surer thing of at least half of what `b` covers.
fn beats(a: &Finding, a_place: usize, b: &Finding, b_place: usize) -> bool {
    let shared = a
        .span
        .end
        .min(b.span.end)
        .saturating_sub(a.span.start.max(b.span.start));
    let order = a.score.total_cmp(&b.score);
    let order = order.then(a.span.len().cmp(&b.span.len())).then(b_place.cmp(&a_place));
    shared * 2 >= b.span.len() && shared > 0 && order.is_gt()
}

#[cfg(test)]
mod tests {
    use super::{PII, beats};
    use crate::category::category_code;
    use crate::inspect::{Detector, Finding};

    #[test]
    fn the_surer_wins_where_it_covers_half() {
        let finding = |span: std::ops::Range<usize>, score| Finding {
            detector: Detector::Rule(0),
            category: PII,
            span,
            score,
            severity: 0,
            mention: false,
            chain: Vec::new(),
            parts: Vec::new(),
        };
        let (card, phone, far) = (finding(10..29, 0.9), finding(10..22, 0.7), finding(24..60, 0.6));
        assert!(beats(&card, 1, &phone, 0) && !beats(&phone, 0, &card, 1));
        assert!(!beats(&card, 1, &far, 2));
        assert_eq!(category_code("pii"), Some(PII));
        // Alike in all, the first stays.
        assert!(beats(&card, 0, &card, 1) && !beats(&card, 1, &card, 0));
    }
}

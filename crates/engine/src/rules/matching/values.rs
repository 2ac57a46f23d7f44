//! Conditions that look for values: every one near their words is a match of its own.

use std::ops::Range;

use super::sightings::Sightings;
use super::{Hit, Match, Place, REGEX_REACH, REGEX_SPAN, Search, from_source};
use crate::regex::Pattern;
use crate::rules::compile::{Condition, Rulebook};
use crate::text::{View, narrow};

/// Values one condition may find in one view.
const VALUES_PER_CONDITION_MAX: usize = 64;
/// Windows without a value before the search is given up, and says so. They are small and hardly overlap.
const IN_VAIN_MAX: usize = 1 << 14;
/// A value that starts further than this before the end of a window was seen with that window.
const VALUE_LEN_MAX: usize = 128;

impl Rulebook {
    /// The pattern of a condition that looks for values.
    pub(super) fn value_of(&self, condition: &Condition) -> Option<(u32, &Pattern)> {
        let number = *condition.patterns.first()?;
        let pattern = self.patterns.get(number as usize)?;
        pattern.value.then_some((number, pattern))
    }

    /// Whether a condition looks for values of which there are none.
    pub(super) fn is_ruled_out(&self, condition: u32, view: &View, seen: &mut Sightings) -> bool {
        let condition = self.conditions.get(condition as usize);
        let value = condition.and_then(|condition| self.value_of(condition));
        value.is_some_and(|(number, pattern)| seen.rule_out(number, pattern, view.text()))
    }

    /// Finds every value of a condition's only regex within reach of its words. Returns whether it gave up
    /// before it had seen all of them.
    pub(super) fn hold_values(
        &self,
        here: &Place<'_>,
        number: u32,
        seen: &mut Sightings,
        chosen: &mut Vec<Option<Hit>>,
        matches: &mut Vec<Match>,
    ) -> bool {
        let Some(pattern) = self.patterns.get(number as usize) else {
            return false;
        };
        let classes = here.condition.all.len();
        let Some(driver) = (0..classes).min_by_key(|index| here.wanted(*index).len()) else {
            return false;
        };
        let text = if pattern.exact {
            here.source.as_bytes()
        } else {
            here.view.text()
        };
        let (mut found, mut in_vain, mut from) = (0, 0, 0);
        for anchor in here.wanted(driver) {
            let window = here.reach(anchor, pattern.exact);
            if window.end <= from || !here.complete(driver, *anchor, classes, chosen) {
                continue;
            }
            let mut start = window.start.max(from);
            let before = found;
            while let Some(range) = seen.find(number, pattern, text, start..window.end) {
                start = range.end;
                found += 1;
                matches.push(here.value(&range, pattern.exact));
                // Whoever wants more asks again without these.
                if found >= VALUES_PER_CONDITION_MAX {
                    return false;
                }
            }
            from = start.max(window.end.saturating_sub(VALUE_LEN_MAX));
            in_vain += usize::from(found == before);
            if in_vain >= IN_VAIN_MAX {
                return true;
            }
        }
        false
    }
}

impl Place<'_> {
    /// Whether the other classes stand around an anchor as the condition wants them.
    fn complete(&self, driver: usize, anchor: Hit, classes: usize, chosen: &mut Vec<Option<Hit>>) -> bool {
        chosen.clear();
        chosen.resize(classes, None);
        if let Some(slot) = chosen.get_mut(driver) {
            *slot = Some(anchor);
        }
        let search = Search {
            here: self,
            driver,
            anchor,
        };
        search.complete(0, chosen)
    }

    /// The bytes around an anchor in which a value may stand: so many tokens as the condition allows.
    fn reach(&self, anchor: &Hit, exact: bool) -> Range<usize> {
        let tokens = &self.view.tokens;
        let within = self.condition.within;
        // From the end of the token before, so that signs in front of the first are seen.
        let before = (anchor.first as usize).checked_sub(within as usize + 1);
        let last = tokens.get((anchor.last + within) as usize).or(tokens.last());
        let start = anchor.start as usize;
        let end = (anchor.end as usize).min(start + REGEX_SPAN);
        let from = before
            .and_then(|index| tokens.get(index))
            .map_or(0, |token| token.end as usize);
        let to = last.map_or(end, |token| token.end as usize);
        let len = self.view.text().len();
        let window = from.max(start.saturating_sub(REGEX_REACH))..to.min(end + REGEX_REACH).min(len);
        if exact { self.view.map.to_source(window) } else { window }
    }

    fn value(&self, range: &Range<usize>, exact: bool) -> Match {
        let place = if exact {
            from_source(self.view, range)
        } else {
            narrow(range.start)..narrow(range.end)
        };
        Match {
            rule: self.condition.rule,
            start: place.start,
            end: place.end,
            // A value is what it is wherever it stands.
            mention: false,
            parts: vec![(place.start, place.end)],
        }
    }
}

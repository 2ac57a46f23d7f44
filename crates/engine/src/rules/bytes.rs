//! Rules over the bytes of the original: what their conditions ask for, and where it stands.
//!
//! Without such rules none of this runs. With them, one automaton over what their regexes begin or end with
//! says which regexes need to look at a text at all.

mod pattern;

use std::ops::Range;

use aho_corasick::AhoCorasick;

use self::pattern::BytePattern;
pub(super) use self::pattern::can_count;
use crate::rules::source::{Bound, BytesSource, Compare, ConditionSource, Position, RuleError, RuleSource, When};

/// Regexes with nothing to hold on to look at every text, so there may be so many in all rules together.
const UNHELD_MAX: usize = 64;
/// Places at which one rule is reported in a text.
const PLACES_MAX: usize = 16;

/// A rule that holds in a text, with the bytes that show it.
#[derive(Debug, PartialEq)]
pub(crate) struct ByteMatch {
    /// Index into [`Rulebook::rules`](super::compile::Rulebook::rules).
    pub(crate) rule: u32,
    pub(crate) span: Range<usize>,
    pub(crate) parts: Vec<Range<usize>>,
}

/// All conditions over bytes that are in force.
#[derive(Debug)]
pub(crate) struct ByteRules {
    patterns: Vec<BytePattern>,
    conditions: Vec<ByteCondition>,
    /// Finds what patterns hold on to; its pattern numbers point into `held`.
    holds: Option<AhoCorasick>,
    held: Vec<u32>,
    /// Patterns with nothing to hold on to.
    unheld: Vec<u32>,
    /// For each pattern, the conditions that name it.
    named_by: Vec<Vec<u32>>,
}

#[derive(Debug)]
struct ByteCondition {
    rule: u32,
    /// Patterns are indices into [`ByteRules::patterns`].
    when: When,
    /// It may be true of a text in which none of its patterns stands.
    eager: bool,
}

/// Gathers conditions while rules are compiled.
#[derive(Default)]
pub(crate) struct ByteCompiler {
    patterns: Vec<BytePattern>,
    conditions: Vec<ByteCondition>,
    named_by: Vec<Vec<u32>>,
    literals: Vec<Vec<u8>>,
    held: Vec<u32>,
    unheld: Vec<u32>,
}

impl ByteCompiler {
    /// Takes all conditions of a rule that ask for bytes.
    ///
    /// # Errors
    /// One regex too many that would have to look at every text.
    pub(crate) fn take(&mut self, rule: u32, source: &RuleSource) -> Result<(), RuleError> {
        let mut numbers: Vec<Option<usize>> = vec![None; source.patterns.len()];
        for condition in &source.conditions {
            let ConditionSource { when: Some(when), .. } = condition else {
                continue;
            };
            let number = u32::try_from(self.conditions.len()).unwrap_or(u32::MAX);
            let mut failed = None;
            let when = renumber(when, &mut |index| {
                let known = numbers.get(index).copied().flatten();
                let pattern = known.unwrap_or_else(|| match self.pattern(source, index) {
                    Ok(pattern) => pattern,
                    Err(error) => {
                        failed = Some(error);
                        0
                    }
                });
                if let Some(slot) = numbers.get_mut(index) {
                    *slot = Some(pattern);
                }
                if let Some(named) = self.named_by.get_mut(pattern) {
                    named.push(number);
                }
                pattern
            });
            if let Some(error) = failed {
                return Err(error);
            }
            let eager = may_hold(&when).0;
            self.conditions.push(ByteCondition { rule, when, eager });
        }
        Ok(())
    }

    fn pattern(&mut self, source: &RuleSource, index: usize) -> Result<usize, RuleError> {
        let number = self.patterns.len();
        let nothing = (&NO_BYTES, Position::default());
        let (bytes, at) = source.patterns.get(index).map_or(nothing, |pattern| {
            (pattern.bytes.as_ref().unwrap_or(&NO_BYTES), pattern.at)
        });
        let pattern = u32::try_from(number).unwrap_or(u32::MAX);
        match pattern::holds(bytes) {
            Some(literals) => {
                self.held.extend(std::iter::repeat_n(pattern, literals.len()));
                self.literals.extend(literals);
            }
            None if self.unheld.len() < UNHELD_MAX => self.unheld.push(pattern),
            None => {
                let expected = format!("at most {UNHELD_MAX} such patterns in all rules together");
                return Err(RuleError {
                    path: source.path.clone(),
                    at,
                    expected,
                    message: "one pattern too many that neither begins nor ends with three known bytes".to_owned(),
                });
            }
        }
        self.patterns.push(BytePattern::new(bytes));
        self.named_by.push(Vec::new());
        Ok(number)
    }

    /// What was gathered, if there is anything.
    pub(crate) fn finish(self) -> Option<ByteRules> {
        if self.conditions.is_empty() {
            return None;
        }
        let holds = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&self.literals)
            .ok();
        // Should the automaton not fit, every pattern looks for itself.
        let unheld = match holds {
            Some(_) => self.unheld,
            None => (0..).take(self.patterns.len()).collect(),
        };
        Some(ByteRules {
            patterns: self.patterns,
            conditions: self.conditions,
            holds,
            held: self.held,
            unheld,
            named_by: self.named_by,
        })
    }
}

static NO_BYTES: BytesSource = BytesSource {
    narrow: Vec::new(),
    wide: Vec::new(),
    whole: false,
};

impl ByteRules {
    /// Calls `found` with every rule that holds in a text and for which `asked` says yes.
    pub(crate) fn find(&self, text: &[u8], asked: impl Fn(u32) -> bool, mut found: impl FnMut(ByteMatch)) {
        let mut awake = vec![false; self.patterns.len()];
        let mut wake = |pattern: u32| {
            if let Some(slot) = awake.get_mut(pattern as usize) {
                *slot = true;
            }
        };
        self.unheld.iter().copied().for_each(&mut wake);
        for literal in self.holds.iter().flat_map(|holds| holds.find_overlapping_iter(text)) {
            self.held
                .get(literal.pattern().as_usize())
                .copied()
                .into_iter()
                .for_each(&mut wake);
        }
        let mut nominated: Vec<bool> = self.conditions.iter().map(|condition| condition.eager).collect();
        for (pattern, _) in awake.iter().enumerate().filter(|(_, awake)| **awake) {
            for condition in self.named_by.get(pattern).into_iter().flatten() {
                if let Some(slot) = nominated.get_mut(*condition as usize) {
                    *slot = true;
                }
            }
        }
        let mut held = None;
        for (condition, _) in self
            .conditions
            .iter()
            .zip(nominated)
            .filter(|(_, nominated)| *nominated)
        {
            if held == Some(condition.rule) || !asked(condition.rule) {
                continue;
            }
            let seen = Seen {
                rules: self,
                text,
                awake: &awake,
            };
            if seen.holds(&condition.when) {
                held = Some(condition.rule);
                seen.tell(condition, &mut found);
            }
        }
    }
}

/// One text, and the patterns that may stand in it.
struct Seen<'a> {
    rules: &'a ByteRules,
    text: &'a [u8],
    awake: &'a [bool],
}

impl Seen<'_> {
    fn holds(&self, when: &When) -> bool {
        match when {
            When::Not(part) => !self.holds(part),
            When::Size(compare, number) => fits(self.text.len(), *compare, *number),
            When::Least(number, parts) => {
                let mut missing = *number;
                for (tried, part) in parts.iter().enumerate() {
                    if missing == 0 || parts.len() - tried < missing {
                        break;
                    }
                    missing -= usize::from(self.holds(part));
                }
                missing == 0
            }
            When::Count {
                pattern,
                within,
                compare,
                number,
            } => self.counts(*pattern, *within, *compare, *number),
        }
    }

    fn counts(&self, pattern: usize, within: Option<(Bound, Bound)>, compare: Compare, number: u64) -> bool {
        let awake = self.awake.get(pattern).copied().unwrap_or(false);
        let found = self.rules.patterns.get(pattern).filter(|_| awake);
        let (Some(pattern), Some(starts)) = (found, self.starts(within)) else {
            return fits(0, compare, number);
        };
        match presence(compare, number) {
            Some(present) => pattern.stands(self.text, starts) == present,
            None => fits(pattern.count(self.text, starts), compare, number),
        }
    }

    /// Where a match may start, first and last.
    fn starts(&self, within: Option<(Bound, Bound)>) -> Option<(usize, usize)> {
        let len = self.text.len();
        let at = |bound| match bound {
            Bound::Start(bytes) => Some(usize::try_from(bytes).unwrap_or(usize::MAX)),
            Bound::End(bytes) => len.checked_sub(usize::try_from(bytes).unwrap_or(usize::MAX)),
        };
        let Some((first, last)) = within else {
            return Some((0, len));
        };
        // Before the start there is nothing, so a range may begin there but not end.
        let first = match first {
            Bound::End(_) if within.is_some_and(|(first, last)| first != last) => at(first).unwrap_or(0),
            _ => at(first)?,
        };
        let last = at(last)?.min(len);
        (first <= last).then_some((first, last))
    }

    /// Reports where the first pattern that speaks for the condition stands; the others go along.
    fn tell(&self, condition: &ByteCondition, found: &mut impl FnMut(ByteMatch)) {
        let mut speaking = Vec::new();
        self.speaking(&condition.when, &mut speaking);
        let places = |(pattern, within): &(usize, Option<(Bound, Bound)>), most: usize| {
            let pattern = self.rules.patterns.get(*pattern);
            let starts = self.starts(*within).unwrap_or((0, self.text.len()));
            pattern.map_or_else(Vec::new, |pattern| pattern.places(self.text, starts, most))
        };
        let first = speaking
            .first()
            .map_or_else(Vec::new, |leading| places(leading, PLACES_MAX));
        let beside: Vec<Range<usize>> = speaking
            .iter()
            .skip(1)
            .take(PLACES_MAX)
            .flat_map(|it| places(it, 1))
            .collect();
        let mut told = false;
        for span in first {
            let mut parts = vec![span.clone()];
            if !told {
                parts.extend_from_slice(&beside);
            }
            told = true;
            found(ByteMatch {
                rule: condition.rule,
                span,
                parts,
            });
        }
        if !told {
            found(ByteMatch {
                rule: condition.rule,
                span: 0..self.text.len(),
                parts: beside,
            });
        }
    }

    /// Patterns that stand in the text and helped the condition to hold.
    fn speaking(&self, when: &When, into: &mut Vec<(usize, Option<(Bound, Bound)>)>) {
        match when {
            When::Least(_, parts) => {
                for part in parts.iter().filter(|part| self.holds(part)) {
                    self.speaking(part, into);
                }
            }
            When::Count {
                pattern,
                within,
                compare,
                number,
            } if !fits(0, *compare, *number) && !into.iter().any(|(known, _)| known == pattern) => {
                into.push((*pattern, *within));
            }
            When::Count { .. } | When::Not(_) | When::Size(..) => {}
        }
    }
}

/// Whether a comparison only asks if there is a match at all, and the answer that it wants.
pub(super) const fn presence(compare: Compare, number: u64) -> Option<bool> {
    match (compare, number) {
        (Compare::AtLeast, 1) | (Compare::More | Compare::Unequal, 0) => Some(true),
        (Compare::Less, 1) | (Compare::Equal | Compare::AtMost, 0) => Some(false),
        _ => None,
    }
}

const fn fits(count: usize, compare: Compare, number: u64) -> bool {
    let count = count as u64;
    match compare {
        Compare::Less => count < number,
        Compare::AtMost => count <= number,
        Compare::Equal => count == number,
        Compare::Unequal => count != number,
        Compare::AtLeast => count >= number,
        Compare::More => count > number,
    }
}

/// Whether a condition may be true, and may be false, of a text in which none of its patterns stands.
fn may_hold(when: &When) -> (bool, bool) {
    match when {
        When::Not(part) => {
            let (yes, no) = may_hold(part);
            (no, yes)
        }
        When::Size(..) => (true, true),
        When::Count { compare, number, .. } => {
            let holds = fits(0, *compare, *number);
            (holds, !holds)
        }
        When::Least(number, parts) => {
            let all: Vec<(bool, bool)> = parts.iter().map(may_hold).collect();
            let possible = all.iter().filter(|(yes, _)| *yes).count();
            let certain = all.iter().filter(|(_, no)| !*no).count();
            (possible >= *number, certain < *number)
        }
    }
}

fn renumber(when: &When, number: &mut impl FnMut(usize) -> usize) -> When {
    match when {
        When::Least(least, parts) => {
            When::Least(*least, parts.iter().map(|part| renumber(part, &mut *number)).collect())
        }
        When::Not(part) => When::Not(Box::new(renumber(part, &mut *number))),
        When::Count {
            pattern,
            within,
            compare,
            number: count,
        } => When::Count {
            pattern: number(*pattern),
            within: *within,
            compare: *compare,
            number: *count,
        },
        When::Size(compare, size) => When::Size(*compare, *size),
    }
}

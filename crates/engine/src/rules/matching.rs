//! Which rules hold in a view, and where.

mod original;
mod sightings;
mod values;

use std::ops::Range;

pub(crate) use self::original::from_source;
use self::sightings::Sightings;
use crate::features::REPORTING;
use crate::lexicon::{ClassSet, Effect, Gate, Hit, Lexicon, hit};
use crate::memo::{Known, Lexemes, Memo};
use crate::rules::compile::{Condition, Rule, Rulebook};
use crate::rules::gathered::Gathered;
use crate::rules::mention::{is_mention, is_shown};
use crate::rules::source::{Flow, Mention};
use crate::text::View;

/// Bytes before a candidate that a regex may look at; how far behind it, the rule says.
const REGEX_REACH: usize = 256;
/// Bytes of a match, from its start, that its regexes look at: a token may be as long as the text.
const REGEX_SPAN: usize = 4096;
/// Places one condition may hold in one view.
const MATCHES_PER_CONDITION_MAX: usize = 16;
/// Windows in which a condition's regexes may look in vain before the search is given up, and says so.
const FRUITLESS_MAX: usize = 128;
/// Hits of one class tried around a driver hit, either side.
const NEIGHBOURS: usize = 4;

/// A rule that holds at bytes `start..end` of the normalised text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Match {
    pub(crate) rule: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Quoted or shown, and talked about.
    pub(crate) mention: bool,
    /// The words that made it hold.
    pub(crate) parts: Vec<(u32, u32)>,
}

/// Where the inspected text comes from and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Origin code, see the `Origin` of the domain.
    pub origin: u8,
    /// 0 towards the model, 1 from it.
    pub direction: u8,
}

/// How often words of each context lexicon stand in a text.
pub(crate) type ContextCounts = [u32; crate::features::COUNTED];

/// Working memory of matching, reused over texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    hits: Vec<Hit>,
    /// The lexemes of single words, and the token each stands at; the first `words_len` are real.
    words: Vec<(Lexemes, u32)>,
    words_len: usize,
    present: ClassSet,
    /// Hits of the context lexicons, by feature.
    pub(crate) context_counts: ContextCounts,
    /// Tokens at which reporting words stand.
    reports: Vec<u32>,
    /// What words count for, and at which token; the first `noted_len` are real.
    noted: Vec<(u32, u32)>,
    noted_len: usize,
    /// Conditions all of whose classes are there.
    candidates: Vec<u32>,
    /// What may hold.
    gate: Gate,
    gathered: Gathered,
    seen: Sightings,
    chosen: Vec<Option<Hit>>,
    /// Some regex looked in vain too often; the reader of this resets it.
    pub(crate) gave_up: bool,
}

impl Scratch {
    /// Forgets the last view.
    #[inline(always)]
    pub(crate) fn begin(&mut self, tokens: usize) {
        self.hits.clear();
        self.candidates.clear();
        // Only what was written for this view is read, so what stands there from the last one may stay.
        if self.noted.len() <= tokens {
            self.noted.resize(tokens + 1, (0, 0));
            self.words.resize(tokens + 1, (Lexemes::default(), 0));
        }
        self.noted_len = 0;
        self.words_len = 0;
        self.reports.clear();
        self.context_counts = ContextCounts::default();
        self.gate = Gate::default();
    }

    /// Counts the word at token `at`.
    #[inline(always)]
    pub(crate) fn count(&mut self, known: &Known, at: u32) {
        self.gate.join(known.gate);
        // Written always, kept only where there is something: which words count is beyond guessing.
        if let Some(slot) = self.noted.get_mut(self.noted_len) {
            *slot = (known.counts, at);
        }
        self.noted_len += usize::from(known.counts != 0);
        if let Some(slot) = self.words.get_mut(self.words_len) {
            *slot = (known.lexemes(), at);
        }
        self.words_len += usize::from(!known.lexemes().is_empty());
    }

    /// Counts a lexeme of several words or none.
    #[inline(never)]
    fn count_apart(&mut self, effect: Effect, at: u32) {
        self.gate.join(effect.gate);
        self.add(effect.counts, at);
    }

    /// Adds up what was counted word by word.
    #[inline(always)]
    pub(crate) fn sum_up(&mut self) {
        for index in 0..self.noted_len {
            if let Some((counts, at)) = self.noted.get(index).copied() {
                self.add(counts, at);
            }
        }
    }

    #[inline(always)]
    fn add(&mut self, mut counts: u32, at: u32) {
        while counts != 0 {
            let feature = counts.trailing_zeros();
            counts &= counts - 1;
            if let Some(count) = self.context_counts.get_mut(feature as usize) {
                *count += 1;
            }
            if feature == u32::from(REPORTING) {
                self.reports.push(at);
            }
        }
    }

    /// Counts and lists a lexeme.
    #[inline(always)]
    pub(crate) fn take(&mut self, hit: Hit, lexicon: &Lexicon) {
        self.count_apart(lexicon.effect(hit.lexeme), hit.first);
        self.hits.push(hit);
    }

    /// Lists the conditions all of whose classes are there and, if there are any, the lexemes of all words.
    #[inline(never)]
    pub(crate) fn nominate(&mut self, rulebook: &Rulebook, view: &View, memo: &Memo) {
        let lexicon = &rulebook.lexicon;
        self.present.reset(lexicon.class_count());
        for hit in &self.hits {
            lexicon.note(hit.lexeme, &mut self.present);
        }
        let words = self.words.get(..self.words_len).unwrap_or_default();
        for (lexemes, _) in words {
            memo.note(*lexemes, &mut self.present);
        }
        rulebook.nominate(&self.present, &mut self.candidates);
        if self.candidates.is_empty() {
            return;
        }
        for (lexemes, at) in words {
            let at = *at as usize;
            let found = memo.lexemes(*lexemes).iter();
            self.hits.extend(found.map(|lexeme| hit(view, *lexeme, at, at)));
        }
    }

    /// Whether some condition may hold, by what was counted.
    #[inline(always)]
    pub(crate) const fn may_hold(&self) -> bool {
        self.gate.is_open()
    }
}

impl Rulebook {
    /// Appends the places where rules hold in `view` to `matches`, given the lexemes in `scratch`. `source`
    /// is the text the view was read from, for regexes that want its case.
    #[inline(always)]
    pub(crate) fn find(
        &self,
        view: &View,
        source: &str,
        context: Context,
        scratch: &mut Scratch,
        matches: &mut Vec<Match>,
    ) {
        if !scratch.candidates.is_empty() {
            self.evaluate(view, source, context, scratch, matches);
        }
    }

    /// Lists the conditions all of whose classes are `present`.
    fn nominate(&self, present: &ClassSet, candidates: &mut Vec<u32>) {
        present.common(self.trigger_classes.words(), |class| {
            for condition in self.triggers.get(class).into_iter().flatten() {
                let Some(wanted) = self.conditions.get(*condition as usize) else {
                    continue;
                };
                if wanted.all.iter().all(|class| present.has(*class)) {
                    candidates.push(*condition);
                }
            }
        });
    }

    #[inline(never)]
    fn evaluate(&self, view: &View, source: &str, context: Context, scratch: &mut Scratch, matches: &mut Vec<Match>) {
        let Scratch {
            hits,
            candidates,
            gathered,
            reports,
            chosen,
            seen,
            gave_up,
            ..
        } = scratch;
        seen.reset();
        candidates.retain(|index| self.reaches(*index, context) && !self.is_ruled_out(*index, view, seen));
        gathered.reset(self.lexicon.class_count());
        for condition in candidates
            .iter()
            .filter_map(|index| self.conditions.get(*index as usize))
        {
            for class in condition.all.iter().chain(&condition.none) {
                gathered.ask(*class);
            }
        }
        gathered.distribute(hits, &self.lexicon);
        let known = matches.len();
        for condition in candidates
            .iter()
            .filter_map(|index| self.conditions.get(*index as usize))
        {
            let Some(rule) = self.rules.get(condition.rule as usize) else {
                continue;
            };
            // One condition is enough; only regexes look for every place there is.
            let settled = condition.patterns.is_empty()
                && matches
                    .iter()
                    .skip(known)
                    .any(|found| found.rule == condition.rule && !found.mention);
            if settled {
                continue;
            }
            let place = Place {
                view,
                source,
                condition,
                gathered,
                reports,
                answer: context.direction == 1,
            };
            *gave_up |= match self.value_of(condition) {
                Some((number, _)) => self.hold_values(&place, number, seen, chosen, matches),
                None => self.hold(rule, &place, chosen, matches),
            };
        }
    }

    /// Whether the rule of a condition is meant for such content.
    fn reaches(&self, condition: u32, context: Context) -> bool {
        let condition = self.conditions.get(condition as usize);
        condition.is_some_and(|condition| self.speaks(condition.rule, context))
    }

    /// Whether a rule is meant for such content.
    pub(crate) fn speaks(&self, rule: u32, context: Context) -> bool {
        self.rules.get(rule as usize).is_some_and(|rule| {
            rule.origins >> context.origin & 1 == 1
                && match rule.direction {
                    Flow::Both => true,
                    Flow::Input => context.direction == 0,
                    Flow::Output => context.direction == 1,
                }
        })
    }

    /// Finds the places where one condition holds, driven by its class with the fewest hits. Returns
    /// whether it gave up before it had seen all of them.
    fn hold(&self, rule: &Rule, here: &Place<'_>, chosen: &mut Vec<Option<Hit>>, matches: &mut Vec<Match>) -> bool {
        let Place { condition, view, .. } = *here;
        let classes = condition.all.len();
        let Some(driver) = (0..classes).min_by_key(|index| here.wanted(*index).len()) else {
            return false;
        };
        let mut found = 0;
        let mut covered = 0;
        let (mut fruitless, mut in_vain) = (0, 0);
        for anchor in here.wanted(driver) {
            if found >= MATCHES_PER_CONDITION_MAX {
                break;
            }
            // Where a regex has looked in vain it will not find anything a few bytes later.
            if anchor.start < covered || (anchor.start as usize) < fruitless {
                continue;
            }
            chosen.clear();
            chosen.resize(classes, None);
            if let Some(slot) = chosen.get_mut(driver) {
                *slot = Some(*anchor);
            }
            let search = Search {
                here,
                driver,
                anchor: *anchor,
            };
            if !search.complete(0, chosen) {
                continue;
            }
            let Some(place) = self.place(here, chosen, covered) else {
                fruitless = anchor.start as usize + REGEX_REACH;
                in_vain += 1;
                if in_vain >= FRUITLESS_MAX {
                    return true;
                }
                continue;
            };
            covered = place.end.max(anchor.end);
            found += 1;
            let parts = chosen.iter().flatten().map(|hit| (hit.start, hit.end)).collect();
            let (start, end) = (place.start, place.end);
            let mention = rule.mention == Mention::Discount && is_mention(view, chosen.iter().flatten(), here.reports)
                || here.answer && is_payload(rule.category) && is_shown(view.text(), start as usize, end as usize);
            matches.push(Match {
                rule: condition.rule,
                start,
                end,
                mention,
                parts,
            });
        }
        false
    }

    /// The bytes a match covers: what its regexes found behind byte `from`, else everything between its words.
    fn place(&self, here: &Place<'_>, chosen: &[Option<Hit>], from: u32) -> Option<Range<u32>> {
        let Place {
            view,
            source,
            condition,
            ..
        } = *here;
        let start = chosen.iter().flatten().map(|hit| hit.start).min()?;
        let end = chosen.iter().flatten().map(|hit| hit.end).max()?;
        let mut place: Option<Range<u32>> = None;
        for index in &condition.patterns {
            let pattern = self.patterns.get(*index as usize)?;
            let found = if pattern.exact {
                let there = view.map.to_source(start as usize..end as usize);
                let from = view.map.to_source(from as usize..from as usize).start;
                let found = pattern.find(source.as_bytes(), around(&there, from, pattern.reach, source.len()))?;
                from_source(view, &found)
            } else {
                let there = start as usize..end as usize;
                let found = pattern.find(
                    view.text(),
                    around(&there, from as usize, pattern.reach, view.text().len()),
                )?;
                crate::text::narrow(found.start)..crate::text::narrow(found.end)
            };
            place = Some(match place {
                Some(known) => known.start.min(found.start)..known.end.max(found.end),
                None => found,
            });
        }
        Some(place.unwrap_or(start..end))
    }
}

/// What a regex may look at around a match, but not before `from`.
fn around(matched: &Range<usize>, from: usize, reach: usize, len: usize) -> Range<usize> {
    let end = matched.end.min(matched.start + REGEX_SPAN);
    matched.start.saturating_sub(REGEX_REACH).max(from)..(end + reach).min(len)
}

/// One condition in one view.
struct Place<'a> {
    view: &'a View,
    source: &'a str,
    condition: &'a Condition,
    /// Hits of its classes.
    gathered: &'a Gathered,
    /// Tokens at which reporting words stand.
    reports: &'a [u32],
    /// The text is on its way out.
    answer: bool,
}

/// What runs where a program reads it, and is shown where a person reads code: SQL, scripts, commands, paths.
const fn is_payload(category: u8) -> bool {
    matches!(category, 10..=13)
}

impl<'a> Place<'a> {
    /// Hits of one of the wanted classes.
    fn wanted(&self, index: usize) -> &'a [Hit] {
        self.condition
            .all
            .get(index)
            .map_or(&[], |class| self.gathered.of(*class))
    }
}

/// The choice of one hit for every class of a condition.
struct Search<'a> {
    here: &'a Place<'a>,
    driver: usize,
    anchor: Hit,
}

impl Search<'_> {
    fn complete(&self, class: usize, chosen: &mut [Option<Hit>]) -> bool {
        if class == self.here.condition.all.len() {
            return self.fits(chosen);
        }
        if class == self.driver {
            return self.complete(class + 1, chosen);
        }
        let list = self.here.wanted(class);
        let middle = list.partition_point(|hit| hit.first < self.anchor.first);
        let nearby = list
            .get(middle.saturating_sub(NEIGHBOURS)..(middle + NEIGHBOURS).min(list.len()))
            .unwrap_or_default();
        for hit in nearby {
            let far = hit.first.abs_diff(self.anchor.first) > self.here.condition.within;
            let taken = chosen
                .iter()
                .flatten()
                .any(|other| hit.first <= other.last && other.first <= hit.last && overlaps(hit, other));
            if far || taken {
                continue;
            }
            if let Some(slot) = chosen.get_mut(class) {
                *slot = Some(*hit);
            }
            if self.complete(class + 1, chosen) {
                return true;
            }
            if let Some(slot) = chosen.get_mut(class) {
                *slot = None;
            }
        }
        false
    }

    fn fits(&self, chosen: &[Option<Hit>]) -> bool {
        let first = chosen.iter().flatten().map(|hit| hit.first).min().unwrap_or(0);
        let last = chosen.iter().flatten().map(|hit| hit.last).max().unwrap_or(0);
        if chosen.len() > 1 && last - first > self.here.condition.within {
            return false;
        }
        let ordered = || chosen.iter().flatten().is_sorted_by_key(|hit| hit.start);
        if self.here.condition.ordered && !ordered() {
            return false;
        }
        let sentence_of = |token: u32| {
            self.here
                .view
                .tokens
                .get(token as usize)
                .map_or(0, |token| token.sentence)
        };
        if self.here.condition.sentence && sentence_of(first) != sentence_of(last) {
            return false;
        }
        let from = first.saturating_sub(self.here.condition.within);
        let to = last + self.here.condition.within;
        !self.here.condition.none.iter().any(|class| {
            let hits = self.here.gathered.of(*class);
            let start = hits.partition_point(|hit| hit.first < from);
            hits.iter().skip(start).take_while(|hit| hit.first <= to).any(|hit| {
                let inside = !self.here.condition.sentence || sentence_of(hit.first) == sentence_of(first);
                // “do not ignore” holds “ignore” and must count; a word inside a chosen phrase must not.
                inside
                    && !chosen
                        .iter()
                        .flatten()
                        .any(|part| part.start <= hit.start && hit.end <= part.end)
            })
        })
    }
}

const fn overlaps(a: &Hit, b: &Hit) -> bool {
    a.start < b.end && b.start < a.end
}

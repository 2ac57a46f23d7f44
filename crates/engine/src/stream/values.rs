//! What stands at the end of a growing text and may still become a value: a key half arrived, an address whose
//! end has not come, a number that a word yet to come would call an account.
//!
//! The regexes of all rules that find values run side by side in one automaton, from every place that is not
//! settled. One that is alive at the end of the text may still match; one that has matched waits for its words.

use std::cell::RefCell;
use std::ops::Range;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::parts::value_parts;
use crate::regex::Pattern;
use crate::rules::compile::Rulebook;
use crate::text::View;

/// Bytes of lazily built states that a thread keeps for one automaton.
const CACHE_BYTES: usize = 4 << 20;
/// Steps of the automata in one look, beyond so many a byte.
const STEPS_MIN: usize = 1 << 13;
const STEPS_A_BYTE: usize = 64;
/// Complete values that are looked at again in one look.
const WAITING_MAX: usize = 32;
/// The code of keys, which may be lines or many words.
const SECRET: u8 = 9;
/// White space in a value that is no key.
const GAPS_MAX: usize = 8;
/// Bytes around its words in which a rule looks for a value.
const REACH: usize = 256;

thread_local! {
    static CACHES: RefCell<Option<Caches>> = const { RefCell::new(None) };
}

struct Caches {
    owner: u64,
    exact: Option<Cache>,
    keys: Option<Cache>,
    folded: Option<Cache>,
}

/// The automata of one engine.
#[derive(Debug)]
pub(super) struct Values {
    owner: u64,
    /// Over the text as it came; over the text as it is read, for keys and for all else.
    exact: Option<Machine>,
    keys: Option<Machine>,
    folded: Option<Machine>,
}

#[derive(Debug)]
struct Machine {
    dfa: DFA,
    /// By number of a regex in the automaton.
    sources: Vec<Source>,
    /// White space that its values may hold.
    gaps_max: usize,
}

/// One regex of one rule.
#[derive(Clone, Debug)]
struct Source {
    pattern: u32,
    /// Index of its rule among all rules as written.
    rule: u32,
    /// So many tokens further its words may stand; none where only bytes count.
    within: Option<u32>,
    /// What stands around the value belongs to the regex, and with it whatever makes it one.
    framed: bool,
    text: String,
}

/// The stretch that is looked at, and where in it to begin.
pub(super) struct Look<'a> {
    pub(super) rulebook: &'a Rulebook,
    pub(super) text: &'a str,
    pub(super) view: &'a View,
    pub(super) from: usize,
    /// Rules that have found something, and where.
    pub(super) found: &'a [(u32, Range<usize>)],
}

/// What is not settled, as bytes of the stretch; its length where all is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// Here something may still go on.
    pub(super) growing: usize,
    /// Here something is complete, but its words may follow.
    pub(super) waiting: usize,
}

impl Values {
    /// Builds the automata for the rules whose category is `wanted`.
    pub(super) fn of(rulebook: &Rulebook, owner: u64, wanted: impl Fn(u8) -> bool) -> Self {
        let (mut exact, mut keys, mut folded) = (Vec::new(), Vec::new(), Vec::new());
        for condition in &rulebook.conditions {
            let Some(rule) = rulebook.rules.get(condition.rule as usize) else {
                continue;
            };
            for index in condition.patterns.iter().filter(|_| wanted(rule.category)) {
                let Some(pattern) = rulebook.patterns.get(*index as usize) else {
                    continue;
                };
                let list = match pattern.exact {
                    true => &mut exact,
                    false if rule.category == SECRET => &mut keys,
                    false => &mut folded,
                };
                let (framed, parts) = value_parts(pattern.source());
                list.extend(parts.into_iter().map(|text| Source {
                    pattern: *index,
                    rule: rule.source,
                    within: pattern.value.then_some(condition.within),
                    framed,
                    text,
                }));
            }
        }
        Self {
            owner,
            exact: Machine::of(exact, usize::MAX),
            keys: Machine::of(keys, usize::MAX),
            folded: Machine::of(folded, GAPS_MAX),
        }
    }

    /// Says what at the end of a stretch is not settled.
    pub(super) fn look(&self, look: &Look<'_>) -> Open {
        CACHES.with(|kept| match kept.try_borrow_mut() {
            Ok(mut kept) => {
                if kept.as_ref().is_none_or(|caches| caches.owner != self.owner) {
                    *kept = Some(self.caches());
                }
                kept.as_mut()
                    .map_or(look.nothing_settled(), |caches| self.look_with(look, caches))
            }
            Err(_) => self.look_with(look, &mut self.caches()),
        })
    }

    fn caches(&self) -> Caches {
        let of = |machine: &Option<Machine>| machine.as_ref().map(|machine| machine.dfa.create_cache());
        Caches {
            owner: self.owner,
            exact: of(&self.exact),
            keys: of(&self.keys),
            folded: of(&self.folded),
        }
    }

    fn look_with(&self, look: &Look<'_>, caches: &mut Caches) -> Open {
        let mut open = look.all_settled();
        if let (Some(machine), Some(cache)) = (&self.exact, &mut caches.exact) {
            let seen = machine.run(look, look.text.as_bytes(), look.from, cache);
            open = open.or(seen.growing, seen.waiting);
        }
        let folded = [(&self.keys, &mut caches.keys), (&self.folded, &mut caches.folded)];
        for (machine, cache) in folded {
            if let (Some(machine), Some(cache)) = (machine, cache) {
                let seen = machine.run(look, look.view.text(), look.to_view(look.from), cache);
                open = open.or(look.to_source(seen.growing), look.to_source(seen.waiting));
            }
        }
        open
    }
}

impl Open {
    /// Open from one place on.
    pub(super) const fn at(place: usize) -> Self {
        Self {
            growing: place,
            waiting: place,
        }
    }

    /// Open also where something else is.
    pub(super) fn or(self, growing: usize, waiting: usize) -> Self {
        Self {
            growing: self.growing.min(growing),
            waiting: self.waiting.min(waiting),
        }
    }
}

impl Look<'_> {
    const fn all_settled(&self) -> Open {
        Open {
            growing: self.text.len(),
            waiting: self.text.len(),
        }
    }

    const fn nothing_settled(&self) -> Open {
        Open {
            growing: self.from,
            waiting: self.from,
        }
    }

    /// Where a byte of the view stands in the text.
    fn to_source(&self, at: usize) -> usize {
        if at >= self.view.text().len() {
            return self.text.len();
        }
        self.view.map.to_source(at..at + 1).start
    }

    /// Where a byte of the text stands in the view, or what became of it.
    fn to_view(&self, at: usize) -> usize {
        if self.view.map.is_identity() {
            return at;
        }
        let (mut low, mut high) = (0, self.view.text().len());
        while low < high {
            let middle = low.midpoint(high);
            if self.view.map.to_source(middle..middle + 1).start < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Machine {
    fn of(sources: Vec<Source>, gaps_max: usize) -> Option<Self> {
        if sources.is_empty() {
            return None;
        }
        let texts: Vec<&str> = sources.iter().map(|source| source.text.as_str()).collect();
        let dfa = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(MatchKind::All)
                    .cache_capacity(CACHE_BYTES)
                    .skip_cache_capacity_check(true),
            )
            .thompson(thompson::Config::new().nfa_size_limit(None))
            .syntax(syntax::Config::new().utf8(false))
            .build_many(&texts)
            .ok()?;
        Some(Self { dfa, sources, gaps_max })
    }

    /// Starts at every character from `from` on; what is alive at the end or waits for words is open.
    fn run(&self, look: &Look<'_>, text: &[u8], from: usize, cache: &mut Cache) -> Open {
        let mut open = Open {
            growing: text.len(),
            waiting: text.len(),
        };
        let mut steps = STEPS_MIN + text.len() * STEPS_A_BYTE;
        let mut again = 0;
        for start in from..text.len() {
            if text.get(start).is_none_or(|byte| byte & 0b1100_0000 == 0b1000_0000) {
                continue;
            }
            let mut ends = Vec::new();
            let alive = self.follow(text, start, cache, &mut steps, &mut ends);
            for (source, end) in ends {
                if open.waiting <= start {
                    break;
                }
                again += usize::from(self.sources.get(source).is_some_and(|source| !source.framed));
                if again > WAITING_MAX || self.waits(look, text, source, start..end) {
                    open.waiting = start;
                }
            }
            if alive {
                open.growing = start;
                break;
            }
        }
        open
    }

    /// Whether some regex that begins at `start` may still match beyond the end of the text. Notes where those
    /// end that have matched.
    fn follow(
        &self,
        text: &[u8],
        start: usize,
        cache: &mut Cache,
        steps: &mut usize,
        ends: &mut Vec<(usize, usize)>,
    ) -> bool {
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let Ok(mut state) = self.dfa.start_state_forward(cache, &input) else {
            return true;
        };
        let mut gaps = 0;
        for (at, byte) in text.iter().enumerate().skip(start) {
            let Ok(next) = self.dfa.next_state(cache, state, *byte) else {
                return true;
            };
            if next.is_tagged() {
                if next.is_match() {
                    self.note(cache, next, at, ends);
                } else if next.is_dead() {
                    return false;
                } else if next.is_quit() {
                    return true;
                }
            }
            state = next;
            gaps += usize::from(byte.is_ascii_whitespace());
            if gaps > self.gaps_max {
                return false;
            }
            *steps = steps.saturating_sub(1);
            if *steps == 0 {
                return true;
            }
        }
        true
    }

    /// Keeps the longest end of each regex.
    fn note(&self, cache: &Cache, state: LazyStateID, at: usize, ends: &mut Vec<(usize, usize)>) {
        for index in 0..self.dfa.match_len(cache, state) {
            let source = self.dfa.match_pattern(cache, state, index).as_usize();
            match ends.iter_mut().find(|(known, _)| *known == source) {
                Some((_, end)) => *end = at,
                None => ends.push((source, at)),
            }
        }
    }

    /// Whether a rule would take what stands there for a value, and its words may still come.
    fn waits(&self, look: &Look<'_>, text: &[u8], source: usize, place: Range<usize>) -> bool {
        let Some(source) = self.sources.get(source).filter(|source| !source.framed) else {
            return false;
        };
        let Some(pattern) = look.rulebook.patterns.get(source.pattern as usize) else {
            return false;
        };
        let in_source = |at: usize| if pattern.exact { at } else { look.to_source(at) };
        let Some(value) = accepted(pattern, text, &place) else {
            return false;
        };
        let range = in_source(value.start)..in_source(value.end);
        let known = look
            .found
            .iter()
            .any(|(rule, span)| *rule == source.rule && span.start < range.end && range.start < span.end);
        if known || text.len() - value.end.min(text.len()) > REACH {
            return false;
        }
        source.within.is_none_or(|within| {
            let end = if pattern.exact {
                look.to_view(value.end)
            } else {
                value.end
            };
            let tokens = &look.view.tokens;
            let after = tokens.len() - tokens.partition_point(|token| (token.start as usize) < end);
            // The last word may not be complete.
            after <= within as usize + 1
        })
    }
}

/// What a regex, with all that stands around its value and its check, finds at a place.
fn accepted(pattern: &Pattern, text: &[u8], place: &Range<usize>) -> Option<Range<usize>> {
    const TRIES: usize = 4;
    let mut from = if pattern.value {
        place.start
    } else {
        place.start.saturating_sub(REACH)
    };
    for _ in 0..TRIES {
        let found = pattern.find(text, from..text.len())?;
        if found.start >= place.end {
            return None;
        }
        if found.end > place.start {
            return Some(found);
        }
        from = found.end.max(from + 1);
    }
    None
}

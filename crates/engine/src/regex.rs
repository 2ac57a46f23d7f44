//! Linear-time regexes.
//!
//! A regex runs as a program that takes one way after the other, and counts its steps: where there are too
//! many, an automaton takes over. So keys, whose counted runs would cost an automaton a state a place, are
//! read as fast as they can be compared, and no text can make that slow.

mod least;
mod outline;
mod program;
mod set;
mod values;
mod walk;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

pub(crate) use self::least::least_of;
use self::program::Program;
pub(crate) use self::values::{Sight, Starts};
use self::values::{begins_alone, stands_alone, word_end};
use self::walk::{NOWHERE, Slots, TooMany, Walk, Ways};
use crate::checks::Check;

thread_local! {
    static WAYS: RefCell<Ways> = RefCell::new(Ways::default());
}

/// A compiled regex never needs more than this.
const NFA_BYTES_MAX: usize = 1 << 20;
/// A match, and what of it is meant: the group in it, if it has one.
type Found = (Range<usize>, Range<usize>);

/// In more bytes than these an automaton finds sooner that nothing begins.
const WALKED_BYTES_MAX: usize = 512;

/// Matches looked at in one window before the search gives up on a validator.
const TRIES_MAX: usize = 16;
/// The same for values, which may start at every word.
const VALUE_TRIES_MAX: usize = 64;

/// A pattern that looks at bytes and always ends in linear time. It is compiled when it is first asked
/// for: most processes never see a text that needs most of them.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    program: OnceLock<Option<Program>>,
    regex: OnceLock<Option<Regex>>,
    pub(crate) exact: bool,
    /// It finds values, each of which stands alone.
    pub(crate) value: bool,
    check: Option<Check>,
    /// Bytes behind a candidate that it may look at.
    pub(crate) reach: usize,
}

impl Pattern {
    /// `source` has been compiled once already, by the parser, which refused what cannot be.
    pub(crate) const fn new(source: String, exact: bool, check: Option<Check>, reach: usize) -> Self {
        Self {
            source,
            program: OnceLock::new(),
            regex: OnceLock::new(),
            exact,
            value: false,
            check,
            reach,
        }
    }

    /// The same, if `value`, for values that stand alone.
    pub(crate) const fn for_values(mut self, value: bool) -> Self {
        self.value = value;
        self
    }

    /// The regex as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The first match inside `window` of `text` that the validator accepts: the group in it, if it has one.
    pub(crate) fn find(&self, text: &[u8], window: Range<usize>) -> Option<Range<usize>> {
        let end = window.end.min(text.len());
        let mut from = window.start;
        for _ in 0..if self.value { VALUE_TRIES_MAX } else { TRIES_MAX } {
            let (whole, range) = self.search(text, from..end)?;
            let bytes = text.get(range.clone()).unwrap_or_default();
            let alone = !self.value || stands_alone(text, &range);
            if alone && self.check.is_none_or(|check| check.accepts(bytes)) {
                return Some(on_characters(text, range));
            }
            // A value may begin with a later group of what was taken for one.
            from = if self.value {
                word_end(text, range.start)
            } else {
                range.end.max(whole.start + 1)
            };
            if from >= window.end {
                return None;
            }
        }
        None
    }

    fn program(&self) -> Option<&Program> {
        self.program.get_or_init(|| Program::of(&self.source)).as_ref()
    }

    /// The first match and what it is about. A value is tried only where one may begin, what counts and begins with few
    /// bytes, in a short window, only at those; the rest is for the automaton, which looks at each byte once.
    fn search(&self, text: &[u8], window: Range<usize>) -> Option<Found> {
        self.program()
            .filter(|program| self.value || window.len() <= WALKED_BYTES_MAX && program.is_walked())
            .and_then(|program| walk_through(program, text, window.clone(), self.value).ok())
            .unwrap_or_else(|| self.search_long(text, window))
    }

    /// The same, by an automaton.
    #[inline(never)]
    fn search_long(&self, text: &[u8], window: Range<usize>) -> Option<Found> {
        let regex = self.regex.get_or_init(|| compile(&self.source).ok()).as_ref()?;
        let whole = regex.search(&Input::new(text).range(window))?.range();
        let walked = self.program().and_then(|program| walk_match(program, text, &whole));
        let inner = walked.unwrap_or_else(|| marked(regex, text, whole.clone()));
        Some((whole, inner))
    }
}

/// The first match of a program inside a window and what it is about. Of values, only one that nothing
/// stands before.
fn walk_through(program: &Program, text: &[u8], window: Range<usize>, value: bool) -> Result<Option<Found>, TooMany> {
    WAYS.with(|kept| {
        let mut ways = kept.take();
        let begin = if value { Walk::new } else { Walk::hasty };
        let mut walk = begin(program, text, window.len(), window.end, &mut ways);
        let mut found = Ok(None);
        let mut from = window.start;
        while let Some(start) = walk.next_start(from) {
            from = start + 1;
            if value && !begins_alone(text, start) {
                continue;
            }
            match walk.match_at(start) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    let whole = start..end;
                    let marked = first_group(&walk.slots).unwrap_or_else(|| whole.clone());
                    found = Ok(Some((whole, marked)));
                    break;
                }
                Err(many) => {
                    found = Err(many);
                    break;
                }
            }
        }
        kept.replace(ways);
        found
    })
}

/// What a match is about whose place is known; nothing if there are too many ways to it.
fn walk_match(program: &Program, text: &[u8], whole: &Range<usize>) -> Option<Range<usize>> {
    if program.slots == 0 {
        return Some(whole.clone());
    }
    WAYS.with(|kept| {
        let mut ways = kept.take();
        let mut walk = Walk::new(program, text, whole.len(), whole.end, &mut ways);
        let end = walk.match_at(whole.start).ok().flatten();
        let inner = first_group(&walk.slots).unwrap_or_else(|| whole.clone());
        kept.replace(ways);
        (end == Some(whole.end)).then_some(inner)
    })
}

fn first_group(slots: &Slots) -> Option<Range<usize>> {
    slots.chunks_exact(2).find_map(|pair| match *pair {
        [start, end] if start != NOWHERE && end != NOWHERE => Some(start as usize..end as usize),
        _ => None,
    })
}

/// A regex that must match a text from its start to its end.
#[derive(Debug)]
pub struct WholeRegex(Regex);

impl WholeRegex {
    /// Compiles a regex.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(source: &str) -> Result<Self, String> {
        let whole = format!(r"\A(?:{source})\z");
        // By itself first: a parenthesis must not close the one around it.
        compile(source)
            .and_then(|_| compile(&whole))
            .map(Self)
            .map_err(|error| {
                let full = error
                    .syntax_error()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                let last = full.lines().last().unwrap_or_default();
                last.strip_prefix("error: ").unwrap_or(last).to_owned()
            })
    }

    /// Whether all of the text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn compile(pattern: &str) -> Result<Regex, Box<BuildError>> {
    let config = Config::new()
        .match_kind(MatchKind::LeftmostFirst)
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        // One lazy DFA a regex is plenty; hundreds of full ones would not fit the memory bar.
        .onepass(false)
        .dfa(false)
        .hybrid_cache_capacity(256 << 10);
    Regex::builder()
        .configure(config)
        .syntax(syntax::Config::new().utf8(false))
        .build(pattern)
        .map_err(Box::new)
}

/// What a match is about: the first group that took part, or else all of it.
pub(crate) fn marked(regex: &Regex, text: &[u8], whole: Range<usize>) -> Range<usize> {
    if regex.captures_len() <= 1 {
        return whole;
    }
    let mut groups = regex.create_captures();
    regex.search_captures(
        &Input::new(text).range(whole.clone()).anchored(Anchored::Yes),
        &mut groups,
    );
    let mut inner = groups.iter().skip(1).flatten();
    inner.next().map_or(whole, |group| group.range())
}

/// Patterns look at bytes, so one that wants “no digit here” may end inside a character: what is
/// left of whole characters is what it found.
pub(crate) fn on_characters(text: &[u8], range: Range<usize>) -> Range<usize> {
    let between = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000);
    let start = (range.start..=range.end).find(between).unwrap_or(range.end);
    let end = (start..=range.end).rev().find(between).unwrap_or(start);
    if start < end || range.is_empty() {
        return start..end;
    }
    // Less than one character: all of it.
    let start = (0..=range.start).rev().find(between).unwrap_or(0);
    start..(range.end..=text.len()).find(between).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;

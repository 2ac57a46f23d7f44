//! One pattern over bytes: whether it stands in a text, where, and how often.
//!
//! What is counted are the places where a match starts. Read backwards, a regex is in a state of matching at
//! exactly those, so that one pass counts them all, however they overlap.

use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::OnceLock;

use regex_automata::hybrid::dfa::{Cache, Config as LazyConfig, DFA};
use regex_automata::meta::{Config, Regex};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use crate::regex::{marked, on_characters};
use crate::rules::source::{BytesSource, Position};

/// A compiled regex never needs more than this.
const NFA_BYTES_MAX: usize = 1 << 20;
/// What a text may be held by has so many bytes, at least.
const HOLD_BYTES_MIN: usize = 3;
/// Matches that were no whole words before the search for a place is given up.
const TRIES_MAX: usize = 256;

/// What must not follow a whole match: a letter or digit, or one with a zero behind it.
const NARROW_END: &str = r"(?:[^0-9A-Za-z]|\z)";
const WIDE_END: &str = r"(?:[^0-9A-Za-z]|\z|[0-9A-Za-z](?:[^\x00]|\z))";

/// Regexes over bytes, compiled when they are first asked.
#[derive(Debug)]
pub(super) struct BytePattern {
    /// All alternatives.
    joined: String,
    forward: OnceLock<Option<Regex>>,
    /// Alternatives as they are counted, and whether a zero follows each of their bytes.
    counted: Vec<(String, bool)>,
    whole: bool,
    backward: OnceLock<Vec<(Backward, bool)>>,
}

/// A regex read backwards, with working memory for every thread.
struct Backward {
    dfa: DFA,
    memory: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>>,
}

impl std::fmt::Debug for Backward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backward").finish_non_exhaustive()
    }
}

impl BytePattern {
    pub(super) fn new(source: &BytesSource) -> Self {
        let all: Vec<&str> = source
            .narrow
            .iter()
            .chain(&source.wide)
            .map(|(one, _)| one.as_str())
            .collect();
        Self {
            joined: join(all.iter().copied()),
            forward: OnceLock::new(),
            counted: counted(source),
            whole: source.whole,
            backward: OnceLock::new(),
        }
    }

    /// Whether a match starts from the first to the last of `starts`.
    pub(super) fn stands(&self, text: &[u8], starts: (usize, usize)) -> bool {
        if self.whole {
            return self.count_up_to(text, starts, 1) > 0;
        }
        let (first, last) = starts;
        let Some(regex) = self.forward() else {
            return false;
        };
        if first > text.len() {
            return false;
        }
        let input = Input::new(text).range(first..text.len());
        if first == last {
            return regex.is_match(input.anchored(Anchored::Yes));
        }
        if last >= text.len() {
            return regex.is_match(input);
        }
        // The leftmost match starts where the first one may.
        regex.search_half(&input).is_some() && regex.search(&input).is_some_and(|found| found.start() <= last)
    }

    /// In how many places a match starts.
    pub(super) fn count(&self, text: &[u8], starts: (usize, usize)) -> usize {
        self.count_up_to(text, starts, usize::MAX)
    }

    fn count_up_to(&self, text: &[u8], starts: (usize, usize), most: usize) -> usize {
        let backward = self.backward.get_or_init(|| {
            let built = self
                .counted
                .iter()
                .filter_map(|(one, wide)| Some((Backward::build(one)?, *wide)));
            built.collect()
        });
        let mut count = 0;
        for (regex, wide) in backward {
            regex.each_start(text, starts, &mut |start| {
                count += usize::from(!self.whole || begins_whole(text, start, *wide));
                count < most
            });
        }
        count
    }

    /// The first places where it stands, apart from each other.
    pub(super) fn places(&self, text: &[u8], starts: (usize, usize), most: usize) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let Some(regex) = self.forward() else {
            return places;
        };
        let (mut from, last) = starts;
        for _ in 0..TRIES_MAX {
            if from > text.len() || places.len() >= most {
                break;
            }
            let Some(found) = regex.search(&Input::new(text).range(from..text.len())) else {
                break;
            };
            if found.start() > last {
                break;
            }
            let range = found.range();
            if self.whole && !is_whole(text, &range) {
                from = range.start + 1;
                continue;
            }
            let start = range.start;
            let found = marked(regex, text, range);
            // What parts two matches may belong to both.
            from = found.end.max(start + 1);
            places.push(on_characters(text, found));
        }
        places
    }

    fn forward(&self) -> Option<&Regex> {
        let build = || {
            let config = Config::new()
                .match_kind(MatchKind::LeftmostFirst)
                .nfa_size_limit(Some(NFA_BYTES_MAX * 2))
                .onepass(false)
                .dfa(false)
                .hybrid_cache_capacity(256 << 10);
            let builder = Regex::builder().configure(config).syntax(syntax()).build(&self.joined);
            builder.ok()
        };
        self.forward.get_or_init(build).as_ref()
    }
}

impl Backward {
    fn build(regex: &str) -> Option<Self> {
        let dfa = DFA::builder()
            .configure(
                LazyConfig::new()
                    .match_kind(MatchKind::All)
                    .skip_cache_capacity_check(true),
            )
            .thompson(
                thompson::Config::new()
                    .reverse(true)
                    .nfa_size_limit(Some(NFA_BYTES_MAX * 2)),
            )
            .syntax(syntax())
            .build(regex)
            .ok()?;
        let of = dfa.clone();
        let memory: Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe> =
            Box::new(move || of.create_cache());
        Some(Self {
            dfa,
            memory: Pool::new(memory),
        })
    }

    /// Calls `tell` with each place where a match starts, from the last to the first, as long as it wants more.
    fn each_start(&self, text: &[u8], (first, last): (usize, usize), tell: &mut dyn FnMut(usize) -> bool) {
        let mut cache = self.memory.get();
        let cache = &mut *cache;
        let input = Input::new(text);
        let Ok(mut state) = self.dfa.start_state_reverse(cache, &input) else {
            return;
        };
        for (at, byte) in text.iter().enumerate().rev() {
            let Ok(next) = self.dfa.next_state(cache, state, *byte) else {
                return;
            };
            state = next;
            if state.is_dead() {
                return;
            }
            // A match is told one byte late.
            let start = at + 1;
            if start < first {
                return;
            }
            if state.is_match() && start <= last && !tell(start) {
                return;
            }
        }
        let ended = self.dfa.next_eoi_state(cache, state);
        if first == 0 && ended.is_ok_and(|state| state.is_match()) {
            tell(0);
        }
    }
}

/// What a text must hold, in any case, for a pattern to stand in it; none if that cannot be said.
pub(super) fn holds(source: &BytesSource) -> Option<Vec<Vec<u8>>> {
    let mut literals = Vec::new();
    for (regex, _) in source.narrow.iter().chain(&source.wide) {
        let hir = ParserBuilder::new()
            .utf8(false)
            .unicode(false)
            .build()
            .parse(regex)
            .ok()?;
        let ends = [ExtractKind::Prefix, ExtractKind::Suffix];
        let found = ends.into_iter().find_map(|kind| {
            let sequence = Extractor::new().kind(kind).extract(&hir);
            let literals = sequence.literals()?;
            let long = literals.iter().all(|literal| literal.len() >= HOLD_BYTES_MIN);
            (long && !literals.is_empty()).then(|| literals.iter().map(|one| one.as_bytes().to_vec()).collect())
        });
        let found: Vec<Vec<u8>> = found?;
        literals.extend(found);
    }
    // The automaton reads over case.
    for literal in &mut literals {
        literal.make_ascii_lowercase();
    }
    literals.sort_unstable();
    literals.dedup();
    Some(literals)
}

/// Whether the matches of a pattern can be counted one by one.
pub(crate) fn can_count(source: &BytesSource) -> bool {
    counted(source).iter().all(|(one, _)| Backward::build(one).is_some())
}

/// Alternatives that can be told apart while counting: where a match must be whole, those of either width.
fn counted(source: &BytesSource) -> Vec<(String, bool)> {
    let list = |these: &[(String, Position)]| join(these.iter().map(|(one, _)| one.as_str()));
    if !source.whole {
        let all = source.narrow.iter().chain(&source.wide);
        return vec![(join(all.map(|(one, _)| one.as_str())), false)];
    }
    let mut counted = Vec::new();
    if !source.narrow.is_empty() {
        counted.push((format!("(?:{}){NARROW_END}", list(&source.narrow)), false));
    }
    if !source.wide.is_empty() {
        counted.push((format!("(?:{}){WIDE_END}", list(&source.wide)), true));
    }
    counted
}

fn join<'a>(alternatives: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = alternatives.map(|one| format!("(?:{one})")).collect();
    all.join("|")
}

fn syntax() -> syntax::Config {
    syntax::Config::new().utf8(false).unicode(false)
}

fn letter(text: &[u8], at: Option<usize>) -> bool {
    at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether no letter and no digit stands before `start`.
fn begins_whole(text: &[u8], start: usize, wide: bool) -> bool {
    if wide {
        let zero = start.checked_sub(1).and_then(|at| text.get(at)) == Some(&0);
        return !(zero && letter(text, start.checked_sub(2)));
    }
    !letter(text, start.checked_sub(1))
}

/// Whether nothing of the kind touches a match, of either width.
fn is_whole(text: &[u8], range: &Range<usize>) -> bool {
    let wide = text.get(range.start + 1) == Some(&0);
    let zero = text.get(range.end + 1) == Some(&0);
    let ends = if wide {
        zero && letter(text, Some(range.end))
    } else {
        letter(text, Some(range.end))
    };
    begins_whole(text, range.start, wide) && !ends
}

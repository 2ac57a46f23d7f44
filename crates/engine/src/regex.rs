//! Linear-time regexes.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::checks::Check;

/// A compiled regex never needs more than this.
const NFA_BYTES_MAX: usize = 1 << 20;
/// Matches looked at in one window before the search gives up on a validator.
const TRIES_MAX: usize = 16;
/// The same for values, which may start at every word.
const VALUE_TRIES_MAX: usize = 64;

/// A pattern that looks at bytes and always ends in linear time. It is compiled when it is first asked
/// for: most processes never see a text that needs most of them.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
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

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compile(&self.source).ok()).as_ref()
    }

    /// The first match inside `window` of `text` that the validator accepts: the group in it, if it has one.
    pub(crate) fn find(&self, text: &[u8], window: Range<usize>) -> Option<Range<usize>> {
        let regex = self.regex()?;
        let mut from = window.start;
        for _ in 0..if self.value { VALUE_TRIES_MAX } else { TRIES_MAX } {
            let input = Input::new(text).range(from..window.end.min(text.len()));
            let found = regex.search(&input)?;
            let whole = found.range();
            let range = marked(regex, text, whole.clone());
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

/// Whether a range is no piece of something longer: a hash, a path, a version, a run of base64. Letters and
/// digits touch, also over one sign that joins.
fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| text.get(index)).copied().unwrap_or(b' ');
    let (before, earlier) = (range.start.checked_sub(1), range.start.checked_sub(2));
    let (after, later) = (at(Some(range.end)), at(Some(range.end + 1)));
    let (before, earlier) = (at(before), at(earlier));
    let joins_before = b"-_./+\\@%&~$".contains(&before);
    let joins_after = b"-_./+\\@=".contains(&after);
    !(before.is_ascii_alphanumeric()
        || after.is_ascii_alphanumeric()
        || before == b'_'
        || after == b'_'
        || joins_before && (earlier.is_ascii_alphanumeric() || earlier == before)
        || joins_after && later.is_ascii_alphanumeric()
        // In JSON and code, `:` stands between a name and its value, but not between two numbers.
        || before == b':' && earlier.is_ascii_digit()
        || after == b':' && later.is_ascii_digit())
}

/// Where the letters and digits at `from` end; at least one byte further.
fn word_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from + 1..).unwrap_or_default();
    from + 1 + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
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
mod tests {
    use super::Pattern;
    use crate::checks::Check;

    #[test]
    fn a_validator_refuses_and_the_search_goes_on() {
        let pattern = Pattern::new(r"\b\d{16}\b".to_owned(), false, Some(Check::Luhn), 256);
        let text = b"1234567812345678 then 4111111111111111";
        assert_eq!(pattern.find(text, 0..text.len()), Some(22..38));
        assert_eq!(pattern.find(text, 0..20), None);
    }

    #[test]
    fn a_value_is_no_piece_of_something_longer() {
        let pattern = Pattern::new(r"(?-u)\d{4}(?: \d{4})?".to_owned(), false, None, 256).for_values(true);
        let found = |text: &str| {
            let range = pattern.find(text.as_bytes(), 0..text.len());
            range.and_then(|range| text.get(range)).map(str::to_owned)
        };
        for alone in [
            "no 1234.",
            "(1234)",
            "id=1234, x",
            "id:1234",
            "之1234之",
            "#1234",
            "-1234 ",
        ] {
            assert_eq!(found(alone), Some("1234".to_owned()), "{alone}");
        }
        for piece in [
            "v1.1234", "a-1234", "1234-b", "x/1234", "12:1234", "_1234", "1234=a", "--1234", "12345",
        ] {
            assert_eq!(found(piece), None, "{piece}");
        }
        assert_eq!(found("a-1234 5678"), Some("5678".to_owned()));
    }

    #[test]
    fn what_is_found_ends_between_characters() {
        let found = |pattern: &str, text: &str| {
            let pattern = Pattern::new(pattern.to_owned(), false, None, 256);
            pattern
                .find(text.as_bytes(), 0..text.len())
                .and_then(|range| text.get(range).map(str::to_owned))
        };
        let alone = r"(?-u)(?:^|[^\d])\d{4}(?:[^\d]|$)";
        assert_eq!(found(alone, "之1234之").as_deref(), Some("1234"));
        assert_eq!(found(alone, "é1234 é").as_deref(), Some("1234 "));
        assert_eq!(found(alone, "1234").as_deref(), Some("1234"));
        assert_eq!(found(r"(?-u)\xb9", "a之b").as_deref(), Some("之"));
    }

    #[test]
    fn a_group_marks_what_is_found_and_checked() {
        let key = r"(?:card|no)[:=](\d{16})(?:;|$)|iban=(\w+)";
        let pattern = Pattern::new(key.to_owned(), false, Some(Check::Luhn), 256);
        let text = b"card:1234567812345678;no=4111111111111111;";
        assert_eq!(pattern.find(text, 0..text.len()), Some(25..41));
        let pattern = Pattern::new(key.to_owned(), false, None, 256);
        assert_eq!(pattern.find(b"my iban=DE89", 0..12), Some(8..12));
        // What parts two matches may belong to both.
        assert_eq!(pattern.find(text, 0..text.len()), Some(5..21));
    }
}

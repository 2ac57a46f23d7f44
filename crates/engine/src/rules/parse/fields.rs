//! Typed reading of maps and scalars, and the errors that go with it.

use std::ops::RangeInclusive;

use super::document::{Key, Node, Value};
use crate::rules::source::{Position, RuleError};

/// Longest piece of a file that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Makes errors for one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) path: &'a str,
}

impl Report<'_> {
    pub(super) fn error(self, at: Position, message: String, expected: String) -> RuleError {
        RuleError {
            path: self.path.to_owned(),
            at,
            expected,
            message,
        }
    }
}

/// The entries of a map whose keys are all known.
pub(super) struct Fields<'a> {
    report: Report<'a>,
    at: Position,
    entries: Vec<(Key, Node)>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(report: Report<'a>, node: Node, keys: &[&str]) -> Result<Self, RuleError> {
        let (at, kind) = (node.at, node.kind());
        let Value::Map(entries) = node.value else {
            let expected = format!("a map with keys of {}", names(keys));
            return Err(report.error(at, format!("{kind} stands for a map"), expected));
        };
        match entries.iter().find(|(key, _)| !keys.contains(&key.text.as_str())) {
            Some((key, _)) => Err(unknown(report, key.at, "key", &key.text, keys)),
            None => Ok(Self { report, at, entries }),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        self.take_entry(name).map(|(_, node)| node)
    }

    /// The value with its key, whose place serves for errors on their combination.
    pub(super) fn take_entry(&mut self, name: &str) -> Option<(Key, Node)> {
        let index = self.entries.iter().position(|(key, _)| key.text == name)?;
        Some(self.entries.swap_remove(index))
    }

    pub(super) fn require(&mut self, name: &str) -> Result<Node, RuleError> {
        let missing = self.report.error(
            self.at,
            format!("missing key `{name}`"),
            format!("`{name}` among the keys of this map"),
        );
        self.take(name).ok_or(missing)
    }
}

/// An error on a name that is not one of `known`.
pub(super) fn unknown(report: Report<'_>, at: Position, what: &str, name: &str, known: &[&str]) -> RuleError {
    let mut expected = format!("one of {}", names(known));
    if let Some(nearest) = nearest(name, known) {
        expected.push_str(&format!(", did you mean `{nearest}`?"));
    }
    report.error(at, format!("unknown {what} {}", shown(name)), expected)
}

/// The meaning of a name.
pub(super) fn one_of<T: Copy>(
    report: Report<'_>,
    node: &Node,
    what: &str,
    known: &[(&str, T)],
) -> Result<T, RuleError> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let Some(text) = node.scalar() else {
        let expected = format!("one of {}", self::names(&names));
        return Err(report.error(node.at, format!("{} stands for the {what}", node.kind()), expected));
    };
    let meaning = known
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, meaning)| *meaning);
    meaning.ok_or_else(|| unknown(report, node.at, what, text, &names))
}

/// The meanings of a list of names.
pub(super) fn one_of_list<T: Copy>(
    report: Report<'_>,
    node: Node,
    what: &str,
    known: &[(&str, T)],
) -> Result<Vec<T>, RuleError> {
    non_empty_list(report, node)?
        .iter()
        .map(|node| one_of(report, node, what, known))
        .collect()
}

pub(super) fn boolean(report: Report<'_>, node: &Node, what: &str) -> Result<bool, RuleError> {
    one_of(report, node, what, &[("true", true), ("false", false)])
}

/// A whole number inside `range`.
pub(super) fn number(
    report: Report<'_>,
    node: &Node,
    what: &str,
    range: RangeInclusive<usize>,
) -> Result<usize, RuleError> {
    let value = node.scalar().and_then(|text| text.parse().ok());
    value.filter(|value| range.contains(value)).ok_or_else(|| {
        report.error(
            node.at,
            format!("{} is no value for `{what}`", node.shown()),
            format!("a whole number from {} to {}", range.start(), range.end()),
        )
    })
}

pub(super) fn list(report: Report<'_>, node: Node) -> Result<Vec<Node>, RuleError> {
    let (at, shown) = (node.at, node.shown());
    match node.value {
        Value::List(nodes) => Ok(nodes),
        _ => Err(report.error(at, format!("{shown} stands for a list"), "a list".to_owned())),
    }
}

pub(super) fn non_empty_list(report: Report<'_>, node: Node) -> Result<Vec<Node>, RuleError> {
    let at = node.at;
    let nodes = list(report, node)?;
    if nodes.is_empty() {
        return Err(report.error(at, "empty list".to_owned(), "at least one entry".to_owned()));
    }
    Ok(nodes)
}

/// A text that is not blank, and that any YAML reader takes for a text.
pub(super) fn text(report: Report<'_>, node: Node) -> Result<(String, Position), RuleError> {
    let (at, kind) = (node.at, node.kind());
    let Value::Scalar { text, quoted } = node.value else {
        return Err(report.error(at, format!("{kind} stands for a text"), "a text".to_owned()));
    };
    if text.trim().is_empty() || (!quoted && matches!(text.as_str(), "~" | "null" | "Null" | "NULL")) {
        return Err(report.error(at, "empty text".to_owned(), "a text".to_owned()));
    }
    if !quoted && is_read_otherwise(&text) {
        let message = format!("YAML reads {} as a number or a truth value", shown(&text));
        return Err(report.error(at, message, format!("a text in quotes: `\"{text}\"`")));
    }
    Ok((text, at))
}

fn is_read_otherwise(text: &str) -> bool {
    const WORDS: [&str; 6] = ["true", "false", "yes", "no", "on", "off"];
    // `Yes` and `YES` are read so too, but `yEs` is a text.
    let (lower, upper) = (text.to_ascii_lowercase(), text.to_ascii_uppercase());
    let rest_is_lower = text.chars().skip(1).all(|letter| letter.is_ascii_lowercase());
    let is_word = WORDS.contains(&lower.as_str()) && (rest_is_lower || text == upper);
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.replace('_', "").parse::<f64>().is_ok();
    is_word || is_number
}

/// A piece of the file in backticks, shortened.
pub(super) fn shown(text: &str) -> String {
    if text.chars().nth(SHOWN_CHARS_MAX).is_none() {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    format!("`{start}…`")
}

fn names(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The known name with the fewest edits, if a slip of the hand may have made the difference.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.chars().count() > SHOWN_CHARS_MAX {
        return None;
    }
    known
        .iter()
        .map(|known| (edits(name, known), *known))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, known)| *edits <= 1 + known.chars().count() / 3)
        .map(|(_, known)| known)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (index, from) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(b.chars()) {
            let best = (diagonal + usize::from(from != to)).min(*cell + 1).min(left + 1);
            diagonal = *cell;
            left = best;
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{edits, nearest};

    #[test]
    fn the_fewest_edits_win() {
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("confidense", "confidence"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(nearest("severty", &["status", "severity"]), Some("severity"));
        assert_eq!(nearest("banana", &["status", "severity"]), None);
    }
}

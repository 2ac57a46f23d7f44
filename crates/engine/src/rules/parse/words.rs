//! Entries of word lists: words, phrases, stems and references to lexicons.

use super::document::Node;
use super::fields::{Report, non_empty_list, shown, text};
use crate::rules::source::{Position, RuleError};

/// How a lexicon, a lexicon file and a pattern may be called.
pub(super) const NAME_FORM: &str = "a name of 1 to 40 letters, digits, `_` and `-`";

const NAME_LEN_MAX: usize = 40;
/// A shorter stem would match too much; a longer one is a word.
const STEM_LEN_MIN: usize = 2;
const STEM_LEN_MAX: usize = 24;

/// Reads a list of words.
pub(super) fn words(report: Report<'_>, node: Node) -> Result<Vec<(String, Position)>, RuleError> {
    let mut words = Vec::new();
    for entry in non_empty_list(report, node)? {
        let (word, at) = text(report, entry)?;
        check(&word).map_err(|(message, expected)| report.error(at, message, expected))?;
        words.push((word, at));
    }
    words.shrink_to_fit();
    Ok(words)
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_LEN_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What is wrong with an entry, and what would be right.
type Fault = (String, String);

fn check(word: &str) -> Result<(), Fault> {
    if let Some(reference) = word.strip_prefix('$') {
        return check_reference(word, reference);
    }
    if !word.chars().any(char::is_alphanumeric) {
        let message = format!("{} has no letter and no digit", shown(word));
        return Err((message, "a word; punctuation belongs into `text`".to_owned()));
    }
    word.split_whitespace().try_for_each(|part| check_stem(word, part))
}

fn check_reference(word: &str, reference: &str) -> Result<(), Fault> {
    match reference.split_once('.') {
        Some((file, name)) if is_name(file) && is_name(name) => Ok(()),
        _ => {
            let message = format!("{} is no reference to a lexicon", shown(word));
            Err((message, "`$file.name`, such as `$en.override_verb`".to_owned()))
        }
    }
}

/// A `*` may only end a word, and only after a stem of fitting length.
fn check_stem(word: &str, part: &str) -> Result<(), Fault> {
    let Some((before, after)) = part.split_once('*') else {
        return Ok(());
    };
    if !after.is_empty() {
        let message = format!("`*` inside {}", shown(word));
        return Err((message, "`*` at the end of a word only".to_owned()));
    }
    // A hyphen or an apostrophe parts words, so only what follows the last one is the stem.
    let stem = before
        .rsplit(|letter: char| letter.is_ascii_punctuation())
        .next()
        .unwrap_or_default();
    let min = if stem.is_ascii() { STEM_LEN_MIN } else { 1 };
    let len = stem.chars().count();
    if (min..=STEM_LEN_MAX).contains(&len) {
        return Ok(());
    }
    let message = format!("the stem of {} has length {len}", shown(word));
    Err((
        message,
        format!("a stem of {min} to {STEM_LEN_MAX} characters before `*`"),
    ))
}

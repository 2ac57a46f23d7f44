//! The conditions of a rule: which patterns must stand together, and how.

use super::document::Node;
use super::fields::{Fields, Report, boolean, non_empty_list, number, shown, text, unknown};
use super::when::when;
use crate::rules::source::{ConditionSource, PatternSource, RuleError};

const KEYS: [&str; 6] = ["all", "none", "within", "ordered", "sentence", "when"];
const WHEN_KEYS: [&str; 1] = ["when"];
const WITHIN_DEFAULT: usize = 12;
const WITHIN_MAX: usize = 1000;

/// Reads all conditions of a rule.
pub(super) fn conditions(
    report: Report<'_>,
    node: Node,
    patterns: &[PatternSource],
) -> Result<Vec<ConditionSource>, RuleError> {
    non_empty_list(report, node)?
        .into_iter()
        .map(|node| condition(report, node, patterns))
        .collect()
}

fn condition(report: Report<'_>, node: Node, patterns: &[PatternSource]) -> Result<ConditionSource, RuleError> {
    let at = node.at;
    if node.has("when") {
        let mut fields = Fields::of(report, node, &WHEN_KEYS)?;
        let node = fields.require("when")?;
        return Ok(ConditionSource {
            at,
            all: Vec::new(),
            none: Vec::new(),
            within: WITHIN_DEFAULT,
            ordered: false,
            sentence: false,
            when: Some(when(report, node, patterns)?),
        });
    }
    let mut fields = Fields::of(report, node, &KEYS)?;
    let all_node = fields.require("all")?;
    let all_at = all_node.at;
    let all = references(report, all_node, patterns, &[])?;
    if !all.iter().any(|index| patterns.get(*index).is_some_and(is_trigger)) {
        let message = "no pattern of `all` can start a match".to_owned();
        let expected = "at least one pattern with `words`, `text` or `shape`".to_owned();
        return Err(report.error(all_at, message, expected));
    }
    let regexes = || {
        all.iter()
            .filter_map(|index| patterns.get(*index))
            .filter(|one| !is_trigger(one))
    };
    if regexes().count() > 1 && regexes().any(|pattern| pattern.value) {
        let message = "a pattern with `value` beside another regex".to_owned();
        return Err(report.error(all_at, message, "one regex where it finds values".to_owned()));
    }
    let none = match fields.take("none") {
        Some(node) => refused(report, node, patterns, &all)?,
        None => Vec::new(),
    };
    let within = match fields.take("within") {
        Some(node) => number(report, &node, "within", 1..=WITHIN_MAX)?,
        None => WITHIN_DEFAULT,
    };
    let mut flag = |name: &str| match fields.take(name) {
        Some(node) => boolean(report, &node, name),
        None => Ok(false),
    };
    let ordered = flag("ordered")?;
    let sentence = flag("sentence")?;
    Ok(ConditionSource {
        at,
        all,
        none,
        within,
        ordered,
        sentence,
        when: None,
    })
}

/// Regexes run only near what matched, so there is nothing near which one could be absent.
fn refused(report: Report<'_>, node: Node, patterns: &[PatternSource], all: &[usize]) -> Result<Vec<usize>, RuleError> {
    let at = node.at;
    let none = references(report, node, patterns, all)?;
    let regex = none
        .iter()
        .filter_map(|index| patterns.get(*index))
        .find(|one| !is_trigger(one));
    match regex {
        Some(pattern) => Err(report.error(
            at,
            format!("regex pattern `{}` in `none`", pattern.name),
            "patterns with `words`, `text` or `shape`".to_owned(),
        )),
        None => Ok(none),
    }
}

fn is_trigger(pattern: &PatternSource) -> bool {
    pattern.regex.is_empty()
}

/// Indices of patterns by their names, none twice and none of `taken`.
fn references(
    report: Report<'_>,
    node: Node,
    patterns: &[PatternSource],
    taken: &[usize],
) -> Result<Vec<usize>, RuleError> {
    let mut indices = Vec::new();
    for entry in non_empty_list(report, node)? {
        let (name, at) = text(report, entry)?;
        let Some(index) = patterns.iter().position(|pattern| pattern.name == name) else {
            let known: Vec<&str> = patterns.iter().map(|pattern| pattern.name.as_str()).collect();
            return Err(unknown(report, at, "pattern", &name, &known));
        };
        if patterns.get(index).is_some_and(|pattern| pattern.bytes.is_some()) {
            let message = format!("pattern {} of `bytes` beside words", shown(&name));
            return Err(report.error(at, message, "patterns of `bytes` in `when` only".to_owned()));
        }
        if indices.contains(&index) || taken.contains(&index) {
            let message = format!("pattern {} is named twice", shown(&name));
            return Err(report.error(at, message, "each pattern once in a condition".to_owned()));
        }
        indices.push(index);
    }
    Ok(indices)
}

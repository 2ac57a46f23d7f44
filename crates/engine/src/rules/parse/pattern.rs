//! The named patterns of a rule.

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;

use super::document::{Node, Value};
use super::fields::{Fields, Report, boolean, non_empty_list, number, one_of, shown, text};
use super::words::{NAME_FORM, is_name, words};
use crate::checks::CHECKS;
use crate::lexicon::parse_text;
use crate::payload::Payload;
use crate::rules::source::{BytesSource, PatternSource, Position, RuleError, Shape};

const KEYS: [&str; 12] = [
    "words", "text", "anchor", "regex", "exact", "value", "check", "reach", "shape", "bytes", "wide", "whole",
];
const SHAPES: [(&str, Shape); 4] = [
    ("digits", Shape::Digits),
    ("number", Shape::Number),
    ("blob", Shape::Blob),
    ("unseen", Shape::Unseen),
];

/// Bytes behind a candidate that a regex looks at, unless the rule wants more.
const REACH_MIN: usize = 256;
const REACH_MAX: usize = 4096;
/// A compiled regex never needs more than this.
const NFA_BYTES_MAX: usize = 1 << 20;
/// Compiling is the costly part of reading a rule, so a rule has a share of it.
const REGEXES_MAX: usize = 64;
const TEXT_BYTES_MIN: usize = 2;

/// Reads all patterns of a rule.
pub(super) fn patterns(report: Report<'_>, node: Node) -> Result<Vec<PatternSource>, RuleError> {
    let (at, kind) = (node.at, node.kind());
    let Value::Map(entries) = node.value else {
        let expected = "a map from names to patterns".to_owned();
        return Err(report.error(at, format!("{kind} stands for the patterns"), expected));
    };
    if entries.is_empty() {
        return Err(report.error(at, "no patterns".to_owned(), "at least one pattern".to_owned()));
    }
    let mut patterns = Vec::new();
    let mut regexes = 0;
    for (key, node) in entries {
        if !is_name(&key.text) {
            let message = format!("{} is no pattern name", shown(&key.text));
            return Err(report.error(key.at, message, NAME_FORM.to_owned()));
        }
        let pattern = pattern(report, key.text, node, REGEXES_MAX - regexes)?;
        let bytes = pattern
            .bytes
            .as_ref()
            .map_or(0, |bytes| bytes.narrow.len() + bytes.wide.len());
        regexes += pattern.regex.len() + bytes;
        patterns.push(pattern);
    }
    patterns.shrink_to_fit();
    Ok(patterns)
}

fn pattern(report: Report<'_>, name: String, node: Node, regexes_left: usize) -> Result<PatternSource, RuleError> {
    let at = node.at;
    let mut fields = Fields::of(report, node, &KEYS)?;
    let mut pattern = PatternSource {
        name,
        at,
        words: Vec::new(),
        text: Vec::new(),
        regex: Vec::new(),
        shape: None,
        anchor_line: false,
        exact: false,
        value: false,
        check: None,
        reach: REACH_MIN,
        bytes: None,
    };
    if let Some(node) = fields.take("words") {
        pattern.words = words(report, node)?;
    }
    if let Some(node) = fields.take("text") {
        pattern.text = texts(report, node)?;
    }
    if let Some(node) = fields.take("shape") {
        let payloads = Payload::NAMES.map(|(name, payload)| (name, Shape::Payload(payload)));
        let shapes: Vec<(&str, Shape)> = SHAPES.into_iter().chain(payloads).collect();
        pattern.shape = Some(one_of(report, &node, "shape", &shapes)?);
    }
    if let Some(node) = fields.take("regex") {
        pattern.regex = regexes(report, node, regexes_left, check_regex)?;
    }
    pattern.bytes = bytes(report, &mut fields, regexes_left)?;
    check_kinds(report, &pattern)?;
    modifiers(report, &mut fields, &mut pattern)?;
    Ok(pattern)
}

/// A pattern is a list of words and texts, or a regex, or a shape.
fn check_kinds(report: Report<'_>, pattern: &PatternSource) -> Result<(), RuleError> {
    let kinds = [
        !pattern.words.is_empty() || !pattern.text.is_empty(),
        !pattern.regex.is_empty(),
        pattern.shape.is_some(),
        pattern.bytes.is_some(),
    ];
    let message = match kinds.iter().filter(|kind| **kind).count() {
        0 => format!("pattern `{}` matches nothing", pattern.name),
        1 => return Ok(()),
        _ => format!("pattern `{}` is of several kinds", pattern.name),
    };
    let expected = "`words` and/or `text`, or `regex`, or `shape`, or `bytes` and/or `wide`".to_owned();
    Err(report.error(pattern.at, message, expected))
}

/// Reads what refines a pattern of one kind and would be lost on the others.
fn modifiers(report: Report<'_>, fields: &mut Fields<'_>, pattern: &mut PatternSource) -> Result<(), RuleError> {
    let misplaced = |at: Position, key: &str, kind: &str| {
        let message = format!("`{key}` in a pattern without `{kind}`");
        report.error(at, message, format!("`{key}` beside `{kind}` only"))
    };
    if let Some((key, node)) = fields.take_entry("anchor") {
        if pattern.text.is_empty() {
            return Err(misplaced(key.at, "anchor", "text"));
        }
        pattern.anchor_line = one_of(report, &node, "anchor", &[("line", true)])?;
    }
    if let Some((key, node)) = fields.take_entry("exact") {
        if pattern.regex.is_empty() {
            return Err(misplaced(key.at, "exact", "regex"));
        }
        pattern.exact = boolean(report, &node, "exact")?;
    }
    if let Some((key, node)) = fields.take_entry("value") {
        if pattern.regex.is_empty() {
            return Err(misplaced(key.at, "value", "regex"));
        }
        pattern.value = boolean(report, &node, "value")?;
    }
    if let Some((key, node)) = fields.take_entry("check") {
        if pattern.regex.is_empty() {
            return Err(misplaced(key.at, "check", "regex"));
        }
        pattern.check = Some(one_of(report, &node, "check", CHECKS)?);
    }
    if let Some((key, node)) = fields.take_entry("reach") {
        if pattern.regex.is_empty() {
            return Err(misplaced(key.at, "reach", "regex"));
        }
        pattern.reach = number(report, &node, "reach", REACH_MIN..=REACH_MAX)?;
    }
    Ok(())
}

/// Regexes over the bytes of the original.
fn bytes(report: Report<'_>, fields: &mut Fields<'_>, left: usize) -> Result<Option<BytesSource>, RuleError> {
    let mut read = |name: &str| match fields.take(name) {
        Some(node) => regexes(report, node, left, check_bytes),
        None => Ok(Vec::new()),
    };
    let (narrow, wide) = (read("bytes")?, read("wide")?);
    let whole = fields.take_entry("whole");
    if narrow.is_empty() && wide.is_empty() {
        return match whole {
            Some((key, _)) => {
                let message = "`whole` in a pattern without `bytes`".to_owned();
                Err(report.error(key.at, message, "`whole` beside `bytes` or `wide` only".to_owned()))
            }
            None => Ok(None),
        };
    }
    let whole = match whole {
        Some((_, node)) => boolean(report, &node, "whole")?,
        None => false,
    };
    Ok(Some(BytesSource { narrow, wide, whole }))
}

fn texts(report: Report<'_>, node: Node) -> Result<Vec<(String, Position)>, RuleError> {
    let mut texts = Vec::new();
    for entry in non_empty_list(report, node)? {
        let (literal, at) = text(report, entry)?;
        // Literals are found by their ASCII punctuation, once full-width forms and the like are folded.
        let folded = parse_text(&literal);
        if folded.len() < TEXT_BYTES_MIN || !folded.iter().any(u8::is_ascii_punctuation) {
            return Err(report.error(
                at,
                format!("text {} has too little to hold on to", shown(&literal)),
                format!(
                    "at least {TEXT_BYTES_MIN} bytes, one of them ASCII punctuation; plain words belong into `words`"
                ),
            ));
        }
        texts.push((literal, at));
    }
    Ok(texts)
}

/// What is wrong with a regex, and what would be right.
type Fault = (String, String);

/// One regex, or a list of alternatives.
fn regexes(
    report: Report<'_>,
    node: Node,
    left: usize,
    check: fn(&str) -> Result<(), Fault>,
) -> Result<Vec<(String, Position)>, RuleError> {
    let at = node.at;
    let nodes = match node.value {
        Value::Scalar { .. } => vec![node],
        _ => non_empty_list(report, node)?,
    };
    if nodes.len() > left {
        let expected = format!("at most {REGEXES_MAX} in a rule");
        return Err(report.error(at, "too many regexes".to_owned(), expected));
    }
    let mut regexes = Vec::new();
    for node in nodes {
        let (regex, at) = text(report, node)?;
        check(&regex).map_err(|(message, expected)| report.error(at, message, expected))?;
        regexes.push((regex, at));
    }
    Ok(regexes)
}

fn check_regex(regex: &str) -> Result<(), Fault> {
    check_built(regex, syntax::Config::new().utf8(false))
}

fn check_bytes(regex: &str) -> Result<(), Fault> {
    check_built(regex, syntax::Config::new().utf8(false).unicode(false))
}

fn check_built(regex: &str, syntax: syntax::Config) -> Result<(), Fault> {
    let config = Config::new()
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        .onepass_size_limit(Some(0))
        .dfa(false)
        .hybrid(false);
    let built = Regex::builder().configure(config).syntax(syntax).build(regex);
    match built {
        Ok(_) => Ok(()),
        Err(error) if error.size_limit().is_some() => Err((
            format!("regex {} is too large", shown(regex)),
            format!("a regex that compiles to at most {NFA_BYTES_MAX} bytes; shorten its repetitions"),
        )),
        Err(error) => Err((
            format!("regex {} is wrong: {}", shown(regex), cause(&error)),
            "a linear-time regex, without look-around and back-references".to_owned(),
        )),
    }
}

/// The last line of a syntax error names the cause; those above it repeat the regex.
fn cause(error: &BuildError) -> String {
    let full = error
        .syntax_error()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let last = full.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

//! Reads rule and lexicon files, and says exactly where and why one cannot be read.

mod condition;
mod document;
mod fields;
mod pattern;
mod when;
mod words;

use crate::category::{CATEGORIES, MODEL_CATEGORY_COUNT, category_code};
use crate::rules::source::{Flow, LexiconSource, Mention, Position, RuleError, RuleSource, Status};

use document::{Node, Value, read};
use fields::{Fields, Report, list, non_empty_list, one_of, one_of_list, text, unknown};

/// Bytes that a rule or lexicon file may have.
const FILE_BYTES_MAX: usize = 256 << 10;

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// A rule.
    Rule(Box<RuleSource>),
    /// The lists of a lexicon file, in file order.
    Lexicons(Vec<LexiconSource>),
}

/// Reads one file: a lexicon file if a folder of its path is named `lexicons`, else a rule.
///
/// References to lexicons are checked for their form only.
///
/// # Errors
/// The first thing that the format does not allow, with its place and what is allowed there.
pub fn parse_file(path: &str, text: &str) -> Result<Parsed, RuleError> {
    let report = Report { path };
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes", text.len());
        return Err(report.error(START, message, format!("at most {FILE_BYTES_MAX} bytes")));
    }
    let root = read(report, text)?;
    let (folders, name) = split_path(path);
    if folders.contains(&"lexicons") {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        return lexicons(report, stem, root).map(Parsed::Lexicons);
    }
    rule(report, folders.last().copied(), root).map(|rule| Parsed::Rule(Box::new(rule)))
}

/// Where a file starts.
const START: Position = Position { line: 1, column: 1 };

const ID_LEN_MIN: usize = 3;
const ID_LEN_MAX: usize = 40;

const KEYS: [&str; 17] = [
    "id",
    "title",
    "category",
    "status",
    "severity",
    "confidence",
    "paranoia",
    "languages",
    "direction",
    "origins",
    "tags",
    "mention",
    "entity",
    "patterns",
    "conditions",
    "catch",
    "spare",
];

const SEVERITIES: [(&str, u8); 4] = [("low", 0), ("medium", 1), ("high", 2), ("critical", 3)];

const STATUSES: [(&str, Status); 3] = [
    ("experimental", Status::Experimental),
    ("stable", Status::Stable),
    ("deprecated", Status::Deprecated),
];

const DIRECTIONS: [(&str, Flow); 3] = [("input", Flow::Input), ("output", Flow::Output), ("both", Flow::Both)];

const MENTIONS: [(&str, Mention); 2] = [("discount", Mention::Discount), ("ignore", Mention::Ignore)];

/// Bit = origin code.
const ORIGINS: [(&str, u8); 6] = [
    ("system", 1 << 0),
    ("user", 1 << 1),
    ("assistant", 1 << 2),
    ("tool", 1 << 3),
    ("retrieval", 1 << 4),
    ("memory", 1 << 5),
];
/// Categories whose rules say what kind of thing they find.
const ENTITY_CATEGORIES: [&str; 2] = ["pii", "secret"];
const ORIGINS_ALL: u8 = 0b11_1111;

fn split_path(path: &str) -> (Vec<&str>, &str) {
    let mut parts: Vec<&str> = path.split(['/', '\\']).collect();
    let name = parts.pop().unwrap_or_default();
    (parts, name)
}

fn rule(report: Report<'_>, folder: Option<&str>, root: Node) -> Result<RuleSource, RuleError> {
    let at = root.at;
    let mut fields = Fields::of(report, root, &KEYS)?;
    let id = rule_id(report, &fields.require("id")?)?;
    let title = text(report, fields.require("title")?)?.0;
    let category = category(report, folder, fields.take("category"), at)?;
    let status = match fields.take("status") {
        Some(node) => one_of(report, &node, "status", &STATUSES)?,
        None => Status::Stable,
    };
    let severity = one_of(report, &fields.require("severity")?, "severity", &SEVERITIES)?;
    let confidence = confidence(report, &fields.require("confidence")?)?;
    let paranoia = match fields.take("paranoia") {
        Some(node) => fields::number(report, &node, "paranoia", 1..=4)?,
        None => 1,
    };
    let languages = languages(report, fields.require("languages")?)?;
    let direction = match fields.take("direction") {
        Some(node) => one_of(report, &node, "direction", &DIRECTIONS)?,
        None => Flow::Both,
    };
    let origins = origins(report, fields.take("origins"))?;
    let tags = match fields.take("tags") {
        Some(node) => strings(report, list(report, node)?)?,
        None => Vec::new(),
    };
    let mention = match fields.take("mention") {
        Some(node) => one_of(report, &node, "mention", &MENTIONS)?,
        None => default_mention(category),
    };
    let entity = fields
        .take_entry("entity")
        .map(|(key, node)| entity(report, category, key.at, &node))
        .transpose()?;
    let patterns = pattern::patterns(report, fields.require("patterns")?)?;
    let conditions = condition::conditions(report, fields.require("conditions")?, &patterns)?;
    let catch = strings(report, non_empty_list(report, fields.require("catch")?)?)?;
    let spare = strings(report, non_empty_list(report, fields.require("spare")?)?)?;
    Ok(RuleSource {
        id,
        path: report.path.to_owned(),
        at,
        title,
        category,
        status,
        severity,
        confidence,
        paranoia: u8::try_from(paranoia).unwrap_or(u8::MAX),
        languages,
        direction,
        origins,
        tags,
        mention,
        entity,
        patterns,
        conditions,
        catch,
        spare,
    })
}

fn rule_id(report: Report<'_>, node: &Node) -> Result<String, RuleError> {
    let id = node.scalar().unwrap_or_default();
    let letters = id
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if letters && (ID_LEN_MIN..=ID_LEN_MAX).contains(&id.len()) {
        return Ok(id.to_owned());
    }
    Err(report.error(
        node.at,
        format!("{} is no rule id", node.shown()),
        format!("{ID_LEN_MIN} to {ID_LEN_MAX} of `a` to `z`, `0` to `9` and `-`"),
    ))
}

/// The folder names the category; rules kept elsewhere name it themselves.
fn category(report: Report<'_>, folder: Option<&str>, key: Option<Node>, at: Position) -> Result<u8, RuleError> {
    if let Some(node) = key {
        let name = node.scalar().unwrap_or_default();
        return category_code(name).ok_or_else(|| unknown(report, node.at, "category", name, &CATEGORIES));
    }
    let folder = folder.unwrap_or_default();
    category_code(folder).ok_or_else(|| {
        let mut error = unknown(report, at, "category", folder, &CATEGORIES);
        error.message = format!(
            "the file's folder is no category and it has no `category`: {}",
            error.message
        );
        error
    })
}

/// A text attack that is quoted is being talked about; a payload works wherever it stands.
fn default_mention(category: u8) -> Mention {
    let speaks = ["harmful_request", "unbounded_consumption"];
    let is_text = category < MODEL_CATEGORY_COUNT || speaks.iter().any(|name| category_code(name) == Some(category));
    if is_text { Mention::Discount } else { Mention::Ignore }
}

/// Only private data and secrets are things that have a kind.
fn entity(report: Report<'_>, category: u8, key_at: Position, node: &Node) -> Result<String, RuleError> {
    if !ENTITY_CATEGORIES
        .iter()
        .any(|name| category_code(name) == Some(category))
    {
        let message = "`entity` in a rule of another category".to_owned();
        let expected = format!("`entity` in rules of `{}` only", ENTITY_CATEGORIES.join("` and `"));
        return Err(report.error(key_at, message, expected));
    }
    let name = node.scalar().unwrap_or_default();
    let snake = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && !name.contains("__");
    if snake && name.len() <= ID_LEN_MAX {
        return Ok(name.to_owned());
    }
    Err(report.error(
        node.at,
        format!("{} is no entity", node.shown()),
        format!("words of `a` to `z` and `0` to `9` joined by `_`, at most {ID_LEN_MAX} characters"),
    ))
}

fn origins(report: Report<'_>, node: Option<Node>) -> Result<u8, RuleError> {
    let Some(node) = node else {
        return Ok(ORIGINS_ALL);
    };
    let bits = one_of_list(report, node, "origin", &ORIGINS)?;
    Ok(bits.into_iter().fold(0, |bits, bit| bits | bit))
}

fn confidence(report: Report<'_>, node: &Node) -> Result<f32, RuleError> {
    let value = node
        .scalar()
        .and_then(|text| text.parse::<f32>().ok())
        .unwrap_or(f32::NAN);
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(report.error(
        node.at,
        format!("{} is no confidence", node.shown()),
        "a number from 0 to 1".to_owned(),
    ))
}

fn languages(report: Report<'_>, node: Node) -> Result<Vec<String>, RuleError> {
    let mut languages = Vec::new();
    for entry in non_empty_list(report, node)? {
        let (code, at) = text(report, entry)?;
        if !is_language(&code) {
            return Err(report.error(
                at,
                format!("{} is no language", fields::shown(&code)),
                "a language code such as `en` or `zh-Hant`, or `any`".to_owned(),
            ));
        }
        languages.push(code);
    }
    Ok(languages)
}

fn is_language(code: &str) -> bool {
    let mut parts = code.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn strings(report: Report<'_>, nodes: Vec<Node>) -> Result<Vec<String>, RuleError> {
    nodes
        .into_iter()
        .map(|node| text(report, node).map(|(text, _)| text))
        .collect()
}

fn lexicons(report: Report<'_>, stem: &str, root: Node) -> Result<Vec<LexiconSource>, RuleError> {
    if !words::is_name(stem) {
        return Err(report.error(
            START,
            format!("{} is no lexicon file name", fields::shown(stem)),
            words::NAME_FORM.to_owned(),
        ));
    }
    let at = root.at;
    let Value::Map(entries) = root.value else {
        return Err(report.error(
            at,
            format!("{} stands for the lexicons", root.kind()),
            "a map from lexicon names to lists of words".to_owned(),
        ));
    };
    let mut lexicons = Vec::new();
    for (key, node) in entries {
        if !words::is_name(&key.text) {
            return Err(report.error(
                key.at,
                format!("{} is no lexicon name", fields::shown(&key.text)),
                words::NAME_FORM.to_owned(),
            ));
        }
        lexicons.push(LexiconSource {
            name: format!("{stem}.{}", key.text),
            entries: words::words(report, node)?,
            path: report.path.to_owned(),
        });
    }
    Ok(lexicons)
}

//! The closed form of a policy, read and checked: nothing that it lets through can go wrong later.

use std::collections::HashSet;

use super::conditions::{Builder, VALUE_MAX};
use super::formulas::Formula;
use super::json::{self, Value};
use super::{Action, ImageError};

const VERSION: i64 = 1;
const BYTES_MAX: usize = 16 << 20;
const RULES_MAX: usize = 4_000;
const FEATURES_MAX: usize = 4_096;
const TEMPORAL_MAX: usize = 200;
const NODES_MAX: usize = 200_000;
const VALUES_MAX: usize = 10_000;
const PRIORITY_MAX: i64 = 1_000_000;
const COUNT_MAX: i64 = 1_000;
const WINDOW_MS_MAX: i64 = 31 * 24 * 3_600_000;
const TEXT_LEN_MAX: usize = 4_096;
pub(super) const SCOPES: [&str; 3] = ["session", "user", "tenant"];

/// A policy as it was read; conditions are numbers of the builder's table.
pub(super) struct Image {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) features: Vec<Feature>,
    pub(super) rules: Vec<Rule>,
    pub(super) default: Action,
    pub(super) on_error: Action,
    pub(super) temporal: Vec<Temporal>,
    pub(super) builder: Builder,
}

pub(super) struct Feature {
    pub(super) name: String,
    pub(super) most: u32,
    pub(super) values: Vec<String>,
    pub(super) source: Source,
    pub(super) attempts: bool,
    pub(super) scope: usize,
}

/// Where a feature's value comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Request,
    Since(u32, u32),
    Previous(u32),
    Count { when: u32, window_ms: u64 },
}

pub(super) struct Rule {
    pub(super) id: String,
    pub(super) action: Action,
    pub(super) when: u32,
}

pub(super) struct Temporal {
    pub(super) id: String,
    pub(super) action: Action,
    pub(super) formula: Formula,
}

impl Image {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        if bytes.len() > BYTES_MAX {
            return Err(ImageError::new("", format!("it is larger than {BYTES_MAX} bytes")));
        }
        let value = json::read(bytes)?;
        let keys = [
            "v", "id", "version", "features", "rules", "default", "on_error", "temporal",
        ];
        let [v, id, version, features, rules, default, on_error, temporal] = keys_of(&value, "", keys)?;
        if *v != Value::Whole(VERSION) {
            return Err(ImageError::new(
                "v",
                format!("this version reads images of version {VERSION} only"),
            ));
        }
        let mut image = Self {
            id: text(id, "id", 1)?,
            version: within(version, 1, VALUE_MAX, "version")?,
            features: Vec::new(),
            rules: Vec::new(),
            default: action(default, "default")?,
            on_error: action(on_error, "on_error")?,
            temporal: Vec::new(),
            builder: Builder::default(),
        };
        image.read_features(features)?;
        image.read_rules(rules)?;
        image.read_temporal(temporal)?;
        image.check_nodes()?;
        let ids = image
            .rules
            .iter()
            .map(|it| &it.id)
            .chain(image.temporal.iter().map(|it| &it.id));
        unique(ids, "rules", "id")?;
        Ok(image)
    }

    fn read_features(&mut self, given: &Value) -> Result<(), ImageError> {
        for (at, value) in list(given, "features", FEATURES_MAX)?.iter().enumerate() {
            let feature = self.feature(value, at)?;
            self.features.push(feature);
            self.check_nodes()?;
        }
        unique(self.features.iter().map(|it| &it.name), "features", "name")
    }

    fn feature(&mut self, given: &Value, at: usize) -> Result<Feature, ImageError> {
        let place = format!("features/{at}");
        let [name, most] = keys_with(
            given,
            &place,
            ["name", "most"],
            &["values", "history", "count", "attempts", "per"],
        )?;
        let values = match given.get("values") {
            Some(values) => texts(values, &format!("{place}/values"))?,
            None => Vec::new(),
        };
        let source = self.source(given, at, &place)?;
        let is_raw = matches!(source, Source::Request);
        let attempts = match given.get("attempts") {
            None => false,
            Some(Value::Bool(attempts)) => *attempts,
            Some(_) => return Err(ImageError::new(format!("{place}/attempts"), "not true or false")),
        };
        let scope = match given.get("per") {
            None => Some(0),
            Some(Value::Text(per)) => SCOPES.iter().position(|it| it == per),
            Some(_) => None,
        };
        let scope = scope
            .ok_or_else(|| ImageError::new(format!("{place}/per"), format!("not one of {}", SCOPES.join(", "))))?;
        if is_raw && (attempts || scope != 0) {
            return Err(ImageError::new(place, "only a history or a count belongs to a scope"));
        }
        if !is_raw && !values.is_empty() {
            return Err(ImageError::new(
                place,
                "it is more than one of values, history and count",
            ));
        }
        let most_max = match source {
            Source::Request => VALUE_MAX,
            Source::Count { .. } => COUNT_MAX,
            Source::Since(..) | Source::Previous(_) => 1,
        };
        let most = within(most, 1, most_max, &format!("{place}/most"))?;
        if !values.is_empty() && usize::try_from(most) != Ok(values.len()) {
            return Err(ImageError::new(format!("{place}/most"), "not the number of its values"));
        }
        Ok(Feature {
            name: text(name, &format!("{place}/name"), 1)?,
            most: u32::try_from(most).unwrap_or(0),
            values,
            source,
            attempts,
            scope,
        })
    }

    /// Features that look back see only those before them.
    fn source(&mut self, given: &Value, before: usize, place: &str) -> Result<Source, ImageError> {
        match (given.get("history"), given.get("count")) {
            (None, None) => Ok(Source::Request),
            (Some(history), None) => self.history(history, before, &format!("{place}/history")),
            (None, Some(count)) => {
                let place = format!("{place}/count");
                let [when, window] = keys_of(count, &place, ["when", "window_ms"])?;
                let window = within(window, 1, WINDOW_MS_MAX, &format!("{place}/window_ms"))?;
                Ok(Source::Count {
                    when: self.builder.read(when, before, &format!("{place}/when"), 1)?,
                    window_ms: u64::try_from(window).unwrap_or(1),
                })
            }
            _ => Err(ImageError::new(
                place,
                "it is more than one of values, history and count",
            )),
        }
    }

    fn history(&mut self, given: &Value, before: usize, place: &str) -> Result<Source, ImageError> {
        let mut part = |value: &Value, at: usize| self.builder.read(value, before, &format!("{place}/{at}"), 1);
        if let Value::List(items) = given
            && let [Value::Text(operator), parts @ ..] = items.as_slice()
        {
            match (operator.as_str(), parts) {
                ("since", [holds, begins]) => return Ok(Source::Since(part(holds, 1)?, part(begins, 2)?)),
                ("previous", [holds]) => return Ok(Source::Previous(part(holds, 1)?)),
                _ => {}
            }
        }
        Err(ImageError::new(
            place,
            "not `[\"since\", COND, COND]` or `[\"previous\", COND]`",
        ))
    }

    fn read_rules(&mut self, given: &Value) -> Result<(), ImageError> {
        let mut last = i64::MAX;
        for (at, value) in list(given, "rules", RULES_MAX)?.iter().enumerate() {
            let place = format!("rules/{at}");
            let [id, priority, done, when, reason] =
                keys_of(value, &place, ["id", "priority", "action", "when", "reason"])?;
            text(reason, &format!("{place}/reason"), 0)?;
            let priority = within(priority, 0, PRIORITY_MAX, &format!("{place}/priority"))?;
            let done = action(done, &format!("{place}/action"))?;
            let key = done as i64 + 5 * priority;
            if key > last {
                return Err(ImageError::new(
                    place,
                    "rules must stand in falling order of their keys",
                ));
            }
            last = key;
            self.rules.push(Rule {
                id: text(id, &format!("{place}/id"), 1)?,
                action: done,
                when: self
                    .builder
                    .read(when, self.features.len(), &format!("{place}/when"), 1)?,
            });
            self.check_nodes()?;
        }
        Ok(())
    }

    fn read_temporal(&mut self, given: &Value) -> Result<(), ImageError> {
        for (at, value) in list(given, "temporal", TEMPORAL_MAX)?.iter().enumerate() {
            let place = format!("temporal/{at}");
            let [id, done, formula, reason] = keys_of(value, &place, ["id", "action", "formula", "reason"])?;
            text(reason, &format!("{place}/reason"), 0)?;
            let formula = Formula::read(
                formula,
                &mut self.builder,
                self.features.len(),
                &format!("{place}/formula"),
            )?;
            self.temporal.push(Temporal {
                id: text(id, &format!("{place}/id"), 1)?,
                action: action(done, &format!("{place}/action"))?,
                formula,
            });
            self.check_nodes()?;
        }
        Ok(())
    }

    fn check_nodes(&self) -> Result<(), ImageError> {
        let nodes = self.builder.read;
        if nodes > NODES_MAX {
            return Err(ImageError::new(
                "",
                format!("its conditions have `{nodes}` nodes, more than {NODES_MAX}"),
            ));
        }
        Ok(())
    }
}

impl Value {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// The values of exactly these keys.
fn keys_of<'v, const N: usize>(given: &'v Value, place: &str, keys: [&str; N]) -> Result<[&'v Value; N], ImageError> {
    keys_with(given, place, keys, &[])
}

/// The values of these keys; of others, those in `more` may stand there.
fn keys_with<'v, const N: usize>(
    given: &'v Value,
    place: &str,
    keys: [&str; N],
    more: &[&str],
) -> Result<[&'v Value; N], ImageError> {
    let Value::Object(members) = given else {
        return Err(ImageError::new(place, "not an object"));
    };
    if let Some(missing) = keys.iter().find(|key| given.get(key).is_none()) {
        return Err(ImageError::new(place, format!("the key `{missing}` is missing")));
    }
    if let Some((unknown, _)) = members
        .iter()
        .find(|(name, _)| !keys.contains(&name.as_str()) && !more.contains(&name.as_str()))
    {
        let unknown: String = unknown.chars().take(80).collect();
        return Err(ImageError::new(place, format!("the key `{unknown}` is not known")));
    }
    Ok(keys.map(|key| given.get(key).unwrap_or(&Value::Null)))
}

fn list<'v>(given: &'v Value, place: &str, most: usize) -> Result<&'v [Value], ImageError> {
    match given {
        Value::List(items) if items.len() <= most => Ok(items),
        Value::List(items) => Err(ImageError::new(
            place,
            format!("`{}` are more than {most}", items.len()),
        )),
        _ => Err(ImageError::new(place, "not a list")),
    }
}

fn texts(given: &Value, place: &str) -> Result<Vec<String>, ImageError> {
    let items = list(given, place, VALUES_MAX)?.iter().enumerate();
    let texts = items
        .map(|(at, value)| text(value, &format!("{place}/{at}"), 0))
        .collect::<Result<Vec<_>, _>>()?;
    unique(texts.iter(), place, "value")?;
    Ok(texts)
}

fn text(given: &Value, place: &str, least: usize) -> Result<String, ImageError> {
    match given {
        Value::Text(text) if (least..=TEXT_LEN_MAX).contains(&text.chars().count()) => Ok(text.clone()),
        Value::Text(_) => Err(ImageError::new(
            place,
            format!("not of {least} to {TEXT_LEN_MAX} characters"),
        )),
        _ => Err(ImageError::new(place, "not a text")),
    }
}

fn within(given: &Value, least: i64, most: i64, place: &str) -> Result<i64, ImageError> {
    match given {
        Value::Whole(value) if (least..=most).contains(value) => Ok(*value),
        _ => Err(ImageError::new(
            place,
            format!("not a whole number from {least} to {most}"),
        )),
    }
}

fn action(given: &Value, place: &str) -> Result<Action, ImageError> {
    match given {
        Value::Whole(code) => u8::try_from(*code).ok().and_then(Action::of),
        _ => None,
    }
    .ok_or_else(|| ImageError::new(place, "not the code of an action, 0 to 4"))
}

fn unique<'t>(names: impl Iterator<Item = &'t String>, place: &str, what: &str) -> Result<(), ImageError> {
    let mut seen = HashSet::new();
    for (at, name) in names.enumerate() {
        if !seen.insert(name) {
            let name: String = name.chars().take(80).collect();
            return Err(ImageError::new(
                format!("{place}/{at}"),
                format!("the {what} `{name}` is there already"),
            ));
        }
    }
    Ok(())
}

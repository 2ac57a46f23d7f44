//! Conditions of all rules in one table: what two rules ask alike is asked once a request.

use std::collections::HashMap;

use super::ImageError;
use super::json::Value;

/// How deep a condition or formula may be nested, as in the form's reader in Python.
pub(super) const DEPTH_MAX: usize = 64;
/// The largest value of a feature, and the largest number that one is compared with.
pub(super) const VALUE_MAX: i64 = (1 << 31) - 1;

/// How many comparisons an explanation names.
const TOLD_MAX: usize = 64;

/// One step of a condition; branches name other steps, which stand before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    True,
    False,
    AtLeast { feature: u32, least: u32 },
    Equal { feature: u32, value: u32 },
    Not(u32),
    And(u32, u32),
    Or(u32, u32),
}

/// The conditions of an image; equal ones have equal numbers.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    nodes: Vec<Node>,
}

/// What is known of conditions under one request: 0 nothing yet, 1 false, 2 true.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<u8>);

impl Known {
    pub(super) fn forget(&mut self, conditions: &Conditions) {
        self.0.clear();
        self.0.resize(conditions.nodes.len(), 0);
    }
}

impl Conditions {
    pub(super) fn node(&self, at: u32) -> Node {
        self.nodes.get(at as usize).copied().unwrap_or(Node::False)
    }

    /// Whether a condition holds of a request.
    pub(super) fn holds(&self, at: u32, values: &[u32], known: &mut Known) -> bool {
        match self.node(at) {
            Node::True => return true,
            Node::False => return false,
            // To look a number up costs less than to remember what came of it.
            Node::AtLeast { feature, least } => return value(values, feature) >= least,
            Node::Equal { feature, value: wanted } => return value(values, feature) == wanted,
            Node::Not(_) | Node::And(..) | Node::Or(..) => {}
        }
        if let Some(&told) = known.0.get(at as usize)
            && told != 0
        {
            return told == 2;
        }
        let holds = match self.node(at) {
            Node::Not(part) => !self.holds(part, values, known),
            Node::And(left, right) => self.holds(left, values, known) && self.holds(right, values, known),
            Node::Or(left, right) => self.holds(left, values, known) || self.holds(right, values, known),
            _ => false,
        };
        if let Some(slot) = known.0.get_mut(at as usize) {
            *slot = 1 + u8::from(holds);
        }
        holds
    }

    /// The comparisons that decided, in the order they were made: with these, whatever else is asked, the
    /// condition is what it is.
    pub(super) fn decided_by(&self, at: u32, values: &[u32], known: &mut Known, told: &mut Vec<u32>) {
        match self.node(at) {
            Node::True | Node::False => {}
            Node::AtLeast { .. } | Node::Equal { .. } => {
                if told.len() < TOLD_MAX && !told.contains(&at) {
                    told.push(at);
                }
            }
            Node::Not(part) => self.decided_by(part, values, known, told),
            Node::And(left, right) => self.decided_by_branch(false, (left, right), values, known, told),
            Node::Or(left, right) => self.decided_by_branch(true, (left, right), values, known, told),
        }
    }

    fn decided_by_branch(
        &self,
        settles: bool,
        parts: (u32, u32),
        values: &[u32],
        known: &mut Known,
        told: &mut Vec<u32>,
    ) {
        let left = self.holds(parts.0, values, known) == settles;
        let right = self.holds(parts.1, values, known) == settles;
        // One part that settles it is enough; where none does, both are needed.
        if left || !right {
            self.decided_by(parts.0, values, known, told);
        }
        if !left {
            self.decided_by(parts.1, values, known, told);
        }
    }
}

fn value(values: &[u32], feature: u32) -> u32 {
    values.get(feature as usize).copied().unwrap_or(0)
}

/// Puts conditions into the table, each once.
#[derive(Debug, Default)]
pub(super) struct Builder {
    conditions: Conditions,
    places: HashMap<Node, u32>,
    /// How many nodes were read, equal ones counted again.
    pub(super) read: usize,
}

impl Builder {
    pub(super) fn finish(self) -> Conditions {
        self.conditions
    }

    /// Reads a condition over the first `features` features.
    pub(super) fn read(
        &mut self,
        given: &Value,
        features: usize,
        place: &str,
        depth: usize,
    ) -> Result<u32, ImageError> {
        self.read += 1;
        let (operator, parts) = opened(given, place, depth)?;
        let node = match (operator, parts) {
            ("tt", []) => Node::True,
            ("ff", []) => Node::False,
            ("ge", [feature, least]) => Node::AtLeast {
                feature: number(feature, features, place)?,
                least: whole(least, place)?,
            },
            ("eq", [feature, value]) => Node::Equal {
                feature: number(feature, features, place)?,
                value: whole(value, place)?,
            },
            ("not", [part]) => Node::Not(self.read(part, features, &format!("{place}/1"), depth + 1)?),
            ("and" | "or", [left, right]) => {
                let left = self.read(left, features, &format!("{place}/1"), depth + 1)?;
                let right = self.read(right, features, &format!("{place}/2"), depth + 1)?;
                if operator == "and" {
                    Node::And(left, right)
                } else {
                    Node::Or(left, right)
                }
            }
            _ => return Err(no(place, "condition", operator, parts.len())),
        };
        Ok(self.place(node))
    }

    fn place(&mut self, node: Node) -> u32 {
        let next = u32::try_from(self.conditions.nodes.len()).unwrap_or(u32::MAX);
        let at = *self.places.entry(node).or_insert(next);
        if at == next {
            self.conditions.nodes.push(node);
        }
        at
    }
}

/// The operator of a list and what follows it.
pub(super) fn opened<'v>(given: &'v Value, place: &str, depth: usize) -> Result<(&'v str, &'v [Value]), ImageError> {
    if depth > DEPTH_MAX {
        return Err(ImageError::new(place, format!("nested deeper than {DEPTH_MAX} levels")));
    }
    if let Value::List(items) = given
        && let Some((Value::Text(operator), parts)) = items.split_first()
    {
        return Ok((operator, parts));
    }
    Err(ImageError::new(place, "not a list that begins with an operator"))
}

pub(super) fn no(place: &str, what: &str, operator: &str, parts: usize) -> ImageError {
    let operator: String = operator.chars().take(80).collect();
    ImageError::new(place, format!("`{operator}` with {parts} parts is no {what}"))
}

fn number(given: &Value, features: usize, place: &str) -> Result<u32, ImageError> {
    match given {
        Value::Whole(at) if usize::try_from(*at).is_ok_and(|it| it < features) => Ok(u32::try_from(*at).unwrap_or(0)),
        _ => Err(ImageError::new(
            format!("{place}/1"),
            format!("not the number of one of the {features} features before"),
        )),
    }
}

fn whole(given: &Value, place: &str) -> Result<u32, ImageError> {
    match given {
        Value::Whole(value @ 0..=VALUE_MAX) => Ok(u32::try_from(*value).unwrap_or(0)),
        _ => Err(ImageError::new(
            format!("{place}/2"),
            format!("not a whole number from 0 to {VALUE_MAX}"),
        )),
    }
}

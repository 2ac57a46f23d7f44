//! Which rules a request can fulfil at all: each rule stands under a comparison that it cannot do without.

use std::collections::{BTreeMap, HashMap};

use super::conditions::{Conditions, Node};

/// Rules by the comparisons that they need; asked once a request.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_feature: Vec<Entries>,
    /// Bits of the rules that need nothing in particular.
    always: Vec<u64>,
}

/// What is known of one feature.
#[derive(Debug, Default)]
struct Entries {
    feature: u32,
    /// Rules by the value that the feature must have, in rising order.
    equal: Vec<(u32, Vec<u32>)>,
    /// Rules by the value that the feature must reach, in rising order.
    at_least: Vec<(u32, Vec<u32>)>,
}

/// Comparisons of which a condition needs one; none if it may hold without any.
type Needs = Option<Vec<u32>>;

impl Index {
    pub(super) fn new(conditions: &Conditions, rules: &[u32]) -> Self {
        let uses = uses(conditions, rules);
        let mut index = Self {
            by_feature: Vec::new(),
            always: vec![0; rules.len().div_ceil(64)],
        };
        let mut by_node: HashMap<u32, Vec<u32>> = HashMap::new();
        for (at, rule) in (0u32..).zip(rules) {
            match needs(conditions, *rule, true, &uses) {
                None => set(&mut index.always, at),
                Some(nodes) => {
                    for node in nodes {
                        by_node.entry(node).or_default().push(at);
                    }
                }
            }
        }
        let mut by_feature: BTreeMap<u32, Entries> = BTreeMap::new();
        for (node, rules) in by_node {
            match conditions.node(node) {
                Node::AtLeast { feature, least } => {
                    by_feature.entry(feature).or_default().at_least.push((least, rules))
                }
                Node::Equal { feature, value } => by_feature.entry(feature).or_default().equal.push((value, rules)),
                _ => {}
            }
        }
        for (feature, mut entries) in by_feature {
            entries.feature = feature;
            entries.equal.sort_unstable();
            entries.at_least.sort_unstable();
            index.by_feature.push(entries);
        }
        index
    }

    /// Sets the bit of every rule that may hold.
    pub(super) fn candidates(&self, values: &[u32], bits: &mut Vec<u64>) {
        bits.clear();
        bits.extend_from_slice(&self.always);
        for entries in &self.by_feature {
            let value = values.get(entries.feature as usize).copied().unwrap_or(0);
            // No comparison that is needed is met by 0, which is what most features are.
            if value == 0 {
                continue;
            }
            if let Ok(at) = entries.equal.binary_search_by_key(&value, |it| it.0) {
                entries.equal.get(at).into_iter().for_each(|it| set_all(bits, &it.1));
            }
            let reached = entries.at_least.iter().take_while(|it| it.0 <= value);
            reached.for_each(|it| set_all(bits, &it.1));
        }
    }
}

/// The numbers of the bits that are set, in rising order.
pub(super) fn each(bits: &[u64]) -> impl Iterator<Item = u32> {
    (0u32..).step_by(64).zip(bits).flat_map(|(base, word)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let at = (left != 0).then(|| base + left.trailing_zeros());
            left &= left.wrapping_sub(1);
            at
        })
    })
}

fn set_all(bits: &mut [u64], rules: &[u32]) {
    rules.iter().for_each(|rule| set(bits, *rule));
}

fn set(bits: &mut [u64], at: u32) {
    if let Some(word) = bits.get_mut(at as usize / 64) {
        *word |= 1 << (at % 64);
    }
}

/// In how many rules each comparison stands: one that stands in few tells them apart.
fn uses(conditions: &Conditions, rules: &[u32]) -> HashMap<u32, usize> {
    let mut uses = HashMap::new();
    for rule in rules {
        let mut seen = Vec::new();
        let mut left = vec![*rule];
        while let Some(at) = left.pop() {
            match conditions.node(at) {
                Node::AtLeast { .. } | Node::Equal { .. } => seen.push(at),
                Node::Not(part) => left.push(part),
                Node::And(one, other) | Node::Or(one, other) => left.extend([one, other]),
                Node::True | Node::False => {}
            }
        }
        seen.sort_unstable();
        seen.dedup();
        for at in seen {
            *uses.entry(at).or_insert(0) += 1;
        }
    }
    uses
}

/// Comparisons that no 0 meets, of which one must hold if the condition `is` as told.
fn needs(conditions: &Conditions, at: u32, is: bool, uses: &HashMap<u32, usize>) -> Needs {
    match conditions.node(at) {
        Node::True | Node::False => ((conditions.node(at) == Node::True) != is).then(Vec::new),
        Node::AtLeast { least: value, .. } | Node::Equal { value, .. } => (is && value > 0).then(|| vec![at]),
        Node::Not(part) => needs(conditions, part, !is, uses),
        Node::And(left, right) | Node::Or(left, right) => {
            let left = needs(conditions, left, is, uses);
            let right = needs(conditions, right, is, uses);
            if matches!(conditions.node(at), Node::And(..)) == is {
                better(left, right, conditions, uses)
            } else {
                left.zip(right).map(|(mut left, right)| {
                    left.extend(right);
                    left.sort_unstable();
                    left.dedup();
                    left
                })
            }
        }
    }
}

/// Of two sets of comparisons, each of which is needed, the one that fewer requests meet.
fn better(left: Needs, right: Needs, conditions: &Conditions, uses: &HashMap<u32, usize>) -> Needs {
    let cost = |nodes: &Vec<u32>| -> usize {
        let each = nodes.iter().map(|node| {
            // A value is reached more often than it is met.
            let weight = if matches!(conditions.node(*node), Node::Equal { .. }) {
                1
            } else {
                2
            };
            uses.get(node).copied().unwrap_or(1) * weight
        });
        each.sum()
    };
    match (left, right) {
        (Some(left), Some(right)) => Some(if cost(&left) <= cost(&right) { left } else { right }),
        (left, right) => left.or(right),
    }
}

//! When a condition is worth a look: what must be in a text before its classes are gathered.

use std::collections::HashMap;

use crate::lexicon::{ClassSet, Gate};
use crate::rules::compile::Condition;

/// Pairs of classes that get a bit of their own.
const PAIRS_MAX: usize = 63;
/// The bit of classes that open the gate by themselves: both halves of a pair at once.
const OPEN: u64 = 1 << 63;

/// What waking up conditions needs to know.
pub(super) struct Plan {
    /// For each class, the conditions it triggers.
    pub(super) triggers: Vec<Vec<u32>>,
    /// The classes that trigger any.
    pub(super) trigger_classes: ClassSet,
    /// For each class, what it does to the gate.
    pub(super) gates: Vec<Gate>,
}

impl Plan {
    /// Hangs each condition on its rarest class. Where even that one is common, the condition also waits
    /// for its second rarest: such a pair of classes shares a bit, set on one side by the first and on
    /// the other by the second. `common` says of each class how often it is met.
    pub(super) fn of(conditions: &[Condition], common: &[f32]) -> Self {
        let mut triggers = vec![Vec::new(); common.len()];
        let mut pairs: HashMap<(u16, u16), f32> = HashMap::new();
        let mut rarest_two = Vec::with_capacity(conditions.len());
        let of = |class: u16| common.get(usize::from(class)).copied().unwrap_or(0.0);
        for (index, condition) in (0_u32..).zip(conditions) {
            let mut classes = condition.all.clone();
            classes.sort_by(|a, b| of(*a).total_cmp(&of(*b)).then(a.cmp(b)));
            let Some(first) = classes.first() else { continue };
            if let Some(slot) = triggers.get_mut(usize::from(*first)) {
                slot.push(index);
            }
            let pair = (*first, classes.get(1).copied());
            rarest_two.push(pair);
            if let (first, Some(second)) = pair {
                pairs.insert((first, second), of(first));
            }
        }
        let mut by_use: Vec<_> = pairs.into_iter().collect();
        by_use.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let bits: HashMap<(u16, u16), u64> = by_use
            .into_iter()
            .take(PAIRS_MAX)
            .zip(0..)
            .map(|((pair, _), bit)| (pair, 1 << bit))
            .collect();
        let mut gates = vec![Gate::default(); common.len()];
        let mut change = |class: u16, how: &dyn Fn(&mut Gate)| {
            if let Some(gate) = gates.get_mut(usize::from(class)) {
                how(gate);
            }
        };
        for (first, second) in rarest_two {
            match second.and_then(|second| Some((second, bits.get(&(first, second))?))) {
                Some((second, bit)) => {
                    change(first, &|gate| gate.first |= bit);
                    change(second, &|gate| gate.second |= bit);
                }
                None => change(first, &|gate| {
                    gate.first |= OPEN;
                    gate.second |= OPEN;
                }),
            }
        }
        let trigger_classes = ClassSet::of(
            triggers
                .iter()
                .zip(0_u16..)
                .filter(|(list, _)| !list.is_empty())
                .map(|(_, class)| class),
            common.len(),
        );
        Self {
            triggers,
            trigger_classes,
            gates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::lexicon::Gate;
    use crate::rules::compile::Condition;

    fn condition(all: &[u16]) -> Condition {
        Condition {
            rule: 0,
            all: all.to_vec(),
            none: Vec::new(),
            patterns: Vec::new(),
            within: 10,
            ordered: false,
            sentence: false,
        }
    }

    #[test]
    fn a_condition_wakes_only_with_both_of_its_rarest_classes() {
        let plan = Plan::of(&[condition(&[0, 1, 2]), condition(&[3])], &[50.0, 7.0, 9.0, 80.0]);
        assert_eq!(plan.triggers, [vec![], vec![0], vec![], vec![1]]);
        let open = |classes: &[usize]| {
            let mut text = Gate::default();
            for class in classes {
                text.join(plan.gates[*class]);
            }
            text.is_open()
        };
        assert!(open(&[1, 2]));
        assert!(!open(&[1]) && !open(&[2, 0]));
        assert!(open(&[3]));
    }
}

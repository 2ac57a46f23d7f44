//! One event: look back, decide, and let what it changes come about.

use super::conditions::{Known, Node};
use super::formulas::{FALSE, Left, Room, TooLarge};
use super::image::Source;
use super::state::{BYTES_MAX, Memories, Memory, Origin};
use super::{Action, Atom, Decision, PolicySet, SCOPES, Scratch, States, degraded, index, state};

impl PolicySet {
    /// Decides on one event.
    ///
    /// `values` are those of the features by their numbers: what is missing is 0, what is out of bounds is
    /// taken for the nearest bound, and what looks back is computed. `now_ms` never runs backwards against what
    /// a state has counted.
    #[must_use]
    pub fn decide(&self, values: &[i64], states: States<'_>, now_ms: u64, scratch: &mut Scratch) -> Decision {
        self.decide_or(values, Some(states), now_ms, scratch)
    }

    /// Decides on one event with the states of all scopes in one; gives also the one that follows, or none where
    /// it stays as it was.
    #[must_use]
    pub fn decide_joined(
        &self,
        values: &[i64],
        state: &[u8],
        now_ms: u64,
        scratch: &mut Scratch,
    ) -> (Decision, Option<Vec<u8>>) {
        let states = state::part(state);
        let decision = self.decide_or(values, states, now_ms, scratch);
        let before = states.unwrap_or_default();
        if states.is_some() && decision.states.iter().all(Option::is_none) {
            return (decision, None);
        }
        let mut each = decision.states.iter().zip(before);
        let after = std::array::from_fn(|_| {
            each.next()
                .map(|(after, before)| after.as_deref().unwrap_or(before))
                .unwrap_or_default()
        });
        let joined = state::join(after);
        (decision, Some(joined))
    }

    /// The value of every feature, with the states of all scopes in one.
    #[must_use]
    pub fn extended_joined(&self, values: &[i64], state: &[u8], now_ms: u64, scratch: &mut Scratch) -> Vec<u32> {
        self.extended(values, state::part(state).unwrap_or_default(), now_ms, scratch)
    }

    /// Decides; none are states that nobody could read.
    fn decide_or(&self, values: &[i64], states: Option<States<'_>>, now_ms: u64, scratch: &mut Scratch) -> Decision {
        let mut judged = self.judge(values, states.unwrap_or_default(), now_ms, states.is_none(), scratch);
        let states = judged
            .pending
            .take()
            .map(|it| self.settle(it, judged.action.admits(), now_ms));
        let states = states.unwrap_or_default();
        let mut decision = Decision {
            action: judged.action,
            held: judged.held,
            violated: judged.violated,
            states,
            degraded: judged.missed,
        };
        if decision.states.iter().flatten().any(|it| it.len() > BYTES_MAX) {
            decision.degraded |= degraded::STATE_TOO_LARGE;
            decision.action = decision.action.max(self.on_error);
            decision.states = [None, None, None];
        }
        decision
    }

    /// What the policy says of an event; nothing has changed yet. `broken` says that there was a state which
    /// nobody could read.
    pub(super) fn judge(
        &self,
        values: &[i64],
        states: States<'_>,
        now_ms: u64,
        broken: bool,
        scratch: &mut Scratch,
    ) -> Judged {
        let Scratch {
            values: extended,
            known,
            bits,
            room,
        } = scratch;
        let remembers = self.remembers().contains(&true);
        let (memories, mut missed) = if remembers {
            self.recall(states)
        } else {
            (Default::default(), 0)
        };
        if broken && remembers {
            missed |= degraded::STATE_UNREADABLE;
        }
        self.extend(values, &memories, now_ms, extended, known);
        self.index.candidates(extended, bits);
        let mut held = Vec::new();
        for at in index::each(bits) {
            if let Some(rule) = self.rules.get(at as usize)
                && self.conditions.holds(rule.when, extended, known)
            {
                held.push(at);
            }
        }
        let winner = held.first().and_then(|at| self.rules.get(*at as usize));
        let action = winner.map_or(self.default, |rule| rule.action);
        let (left, violated) = self.progress(&memories, extended, known, room, &mut missed);
        let broken = violated.iter().filter_map(|at| self.temporal.get(*at as usize));
        let mut action = broken.map(|it| it.action).fold(action, Action::max);
        if missed & degraded::FAILED != 0 {
            action = action.max(self.on_error);
        }
        let pending = remembers.then(|| Pending {
            memories,
            left,
            values: std::mem::take(extended),
            known: std::mem::take(known),
        });
        Judged {
            action,
            held,
            violated,
            missed,
            pending,
        }
    }

    /// Lets an event come about, or be remembered as an attempt, and gives the states that are others now.
    pub(super) fn settle(&self, pending: Pending, admitted: bool, now_ms: u64) -> [Option<Vec<u8>>; SCOPES] {
        let Pending {
            memories,
            left,
            values,
            mut known,
        } = pending;
        let mut rewrite = memories
            .each_ref()
            .map(|it| !matches!(it.1, Origin::Same | Origin::New));
        let mut memories = memories.map(|it| it.0);
        self.remember(&mut memories, &mut rewrite, admitted, now_ms, &values, &mut known);
        let ([session, ..], [rewrite_session, ..]) = (&mut memories, &mut rewrite);
        for (temporal, left) in self.temporal.iter().zip(left).filter(|_| admitted) {
            if let (Some(left), Some(memory)) = (left, session.each.get_mut(temporal.memory)) {
                *memory = Memory::Left(left);
                *rewrite_session = true;
            }
        }
        let mut each = self.layouts.iter().zip(&memories).zip(rewrite);
        std::array::from_fn(|_| {
            let ((layout, memories), rewrite) = each.next()?;
            rewrite.then(|| layout.write(memories))
        })
    }

    /// The value of every feature for one event, those that look back included.
    #[must_use]
    pub fn extended(&self, values: &[i64], states: States<'_>, now_ms: u64, scratch: &mut Scratch) -> Vec<u32> {
        let (memories, _) = self.recall(states);
        self.extend(values, &memories, now_ms, &mut scratch.values, &mut scratch.known);
        scratch.values.clone()
    }

    /// The comparisons that decided whether a rule, or a condition of a formula, holds of [`Self::extended`]
    /// values. Rules are counted first, then formulas.
    #[must_use]
    pub fn decided_by(&self, which: usize, extended: &[u32], scratch: &mut Scratch) -> Vec<Atom> {
        scratch.known.forget(&self.conditions);
        let mut told = Vec::new();
        if let Some(rule) = self.rules.get(which) {
            self.conditions
                .decided_by(rule.when, extended, &mut scratch.known, &mut told);
        } else if let Some(formula) = which.checked_sub(self.rules.len()).and_then(|at| self.formulas.get(at)) {
            for condition in formula.conditions() {
                self.conditions
                    .decided_by(condition, extended, &mut scratch.known, &mut told);
            }
        }
        let atoms = told.iter().filter_map(|at| {
            let (feature, at_least, number) = match self.conditions.node(*at) {
                Node::AtLeast { feature, least } => (feature, true, least),
                Node::Equal { feature, value } => (feature, false, value),
                _ => return None,
            };
            let value = extended.get(feature as usize).copied().unwrap_or(0);
            Some(Atom {
                feature,
                at_least,
                number,
                value,
            })
        });
        atoms.collect()
    }

    fn recall(&self, states: States<'_>) -> ([(Memories, Origin); SCOPES], u8) {
        let mut missed = 0;
        let mut states = states.into_iter();
        let memories = self.layouts.each_ref().map(|layout| {
            // Where nothing is remembered, nothing is read.
            let bytes = states.next().filter(|_| !layout.parts.is_empty()).unwrap_or_default();
            let read = layout.read(bytes, &self.formulas);
            missed |= match read.1 {
                Origin::New | Origin::Same => 0,
                Origin::Migrated { whole: true } => degraded::STATE_MIGRATED,
                Origin::Migrated { whole: false } => degraded::STATE_MIGRATED | degraded::STATE_BEGUN,
                Origin::Unreadable => degraded::STATE_UNREADABLE,
            };
            read
        });
        (memories, missed)
    }

    fn extend(
        &self,
        given: &[i64],
        memories: &[(Memories, Origin); SCOPES],
        now_ms: u64,
        values: &mut Vec<u32>,
        known: &mut Known,
    ) {
        known.forget(&self.conditions);
        values.clear();
        for (at, feature) in self.features.iter().enumerate() {
            let memory = memories.get(feature.memory.0).map(|it| &it.0);
            let kept = memory.and_then(|it| it.each.get(feature.memory.1));
            let value = match (feature.source, kept) {
                (Source::Request, _) => {
                    let given = given.get(at).copied().unwrap_or(0);
                    u32::try_from(given.clamp(0, i64::from(feature.most))).unwrap_or(0)
                }
                (Source::Since(holds, begins), Some(Memory::Bit(before))) => u32::from(
                    self.conditions.holds(begins, values, known)
                        || (*before && self.conditions.holds(holds, values, known)),
                ),
                (Source::Previous(_), Some(Memory::Bit(before))) => u32::from(*before),
                (Source::Count { window_ms, .. }, Some(Memory::Times(times))) => {
                    let now = now_ms.max(memory.map_or(0, |it| it.clock));
                    let past = times.partition_point(|time| time.saturating_add(window_ms) <= now);
                    u32::try_from(times.len() - past)
                        .unwrap_or(feature.most)
                        .min(feature.most)
                }
                _ => 0,
            };
            values.push(value);
        }
    }

    /// What is left of each formula after the event, and which it breaks.
    fn progress(
        &self,
        memories: &[(Memories, Origin); SCOPES],
        values: &[u32],
        known: &mut Known,
        room: &mut Room,
        missed: &mut u8,
    ) -> (Vec<Option<Left>>, Vec<u32>) {
        let (mut stepped, mut violated) = (Vec::with_capacity(self.formulas.len()), Vec::new());
        let [(session, _), ..] = memories;
        for ((at, formula), temporal) in (0u32..).zip(&self.formulas).zip(&self.temporal) {
            let Some(Memory::Left(left)) = session.each.get(temporal.memory) else {
                stepped.push(None);
                continue;
            };
            match formula.step(left, room, |condition| self.conditions.holds(condition, values, known)) {
                Ok(after) if after.root == FALSE => {
                    violated.push(at);
                    stepped.push(None);
                }
                Ok(after) => stepped.push((after != *left).then_some(after)),
                Err(TooLarge) => {
                    *missed |= degraded::FORMULA_TOO_LARGE;
                    stepped.push(None);
                }
            }
        }
        (stepped, violated)
    }

    /// Lets the event change what is looked back on; what is not admitted is remembered as an attempt alone.
    fn remember(
        &self,
        memories: &mut [Memories; SCOPES],
        changed: &mut [bool; SCOPES],
        admitted: bool,
        now_ms: u64,
        values: &[u32],
        known: &mut Known,
    ) {
        let now = memories.each_ref().map(|it| it.clock.max(now_ms));
        for (at, feature) in self.features.iter().enumerate() {
            if !(admitted || feature.attempts) {
                continue;
            }
            let (scope, place) = feature.memory;
            let (Some(memories), Some(now), Some(changed)) =
                (memories.get_mut(scope), now.get(scope), changed.get_mut(scope))
            else {
                continue;
            };
            match (feature.source, memories.each.get_mut(place)) {
                (Source::Since(..) | Source::Previous(_), Some(Memory::Bit(bit))) => {
                    let after = match feature.source {
                        Source::Previous(holds) => self.conditions.holds(holds, values, known),
                        _ => values.get(at) == Some(&1),
                    };
                    *changed |= *bit != after;
                    *bit = after;
                }
                (Source::Count { when, .. }, Some(Memory::Times(times)))
                    if self.conditions.holds(when, values, known) =>
                {
                    if times.len() >= feature.most as usize {
                        times.remove(0);
                    }
                    times.push(*now);
                    memories.clock = *now;
                    *changed = true;
                }
                _ => {}
            }
        }
    }
}

/// What a policy says of an event before anything has changed.
pub(super) struct Judged {
    pub(super) action: Action,
    pub(super) held: Vec<u32>,
    pub(super) violated: Vec<u32>,
    pub(super) missed: u8,
    /// None where nothing is remembered.
    pub(super) pending: Option<Pending>,
}

/// What the event is about to change.
pub(super) struct Pending {
    memories: [(Memories, Origin); SCOPES],
    left: Vec<Option<Left>>,
    values: Vec<u32>,
    known: Known,
}

//! Several policies side by side: each decides for itself, the gravest action counts.

use super::state::{BYTES_MAX, Reader, number};
use super::{Action, Atom, ImageError, PolicySet, SCOPES, Scratch, States, degraded, text_print};

/// Policies that are in force together.
#[derive(Debug)]
pub struct PolicySets {
    sets: Vec<Member>,
    features: Vec<SharedFeature>,
}

#[derive(Debug)]
struct Member {
    set: std::sync::Arc<PolicySet>,
    /// Where each feature's value stands among the shared ones.
    places: Vec<Option<u32>>,
    print: u64,
}

/// What a request must tell, once for all policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFeature {
    /// Its name.
    pub name: String,
    /// The largest value.
    pub most: u32,
    /// The texts that stand for 1, 2 and so on.
    pub values: Vec<String>,
}

/// What one of the policies says of an event, if it says anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Which policy.
    pub set: u32,
    /// Its action.
    pub action: Action,
    /// The rules that hold, the one that counts first.
    pub held: Vec<u32>,
    /// The formulas that the event would break for good.
    pub violated: Vec<u32>,
    /// See [`degraded`].
    pub degraded: u8,
}

/// What all of them say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetsDecision {
    /// The gravest action.
    pub action: Action,
    /// Those that have something to say.
    pub spoken: Vec<Spoken>,
    /// The states that follow; none where a state stays as it was.
    pub states: [Option<Vec<u8>>; SCOPES],
}

impl PolicySets {
    /// Puts policies side by side.
    ///
    /// # Errors
    /// Two of them have the same id: a state could not tell them apart.
    pub fn new(sets: Vec<std::sync::Arc<PolicySet>>) -> Result<Self, ImageError> {
        let mut ids = std::collections::HashSet::new();
        if let Some(twin) = sets.iter().find(|it| !ids.insert(text_print(it.id()))) {
            return Err(ImageError::new("", format!("two policies have the id `{}`", twin.id())));
        }
        let mut features: Vec<SharedFeature> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let members = sets.into_iter().map(|set| {
            let places = set.features.iter().map(|it| {
                if !matches!(it.source, super::image::Source::Request) {
                    return None;
                }
                let next = u32::try_from(features.len()).unwrap_or(u32::MAX);
                let key = (it.name.clone(), it.most, it.values.clone());
                let at = *known.entry(key).or_insert(next);
                if at == next {
                    features.push(SharedFeature {
                        name: it.name.clone(),
                        most: it.most,
                        values: it.values.clone(),
                    });
                }
                Some(at)
            });
            let places = places.collect();
            let print = text_print(set.id());
            Member { set, places, print }
        });
        let sets = members.collect();
        Ok(Self { sets, features })
    }

    /// What a request must tell, in the order of the values.
    #[must_use]
    pub fn features(&self) -> &[SharedFeature] {
        &self.features
    }

    /// The policies.
    pub fn sets(&self) -> impl Iterator<Item = &PolicySet> {
        self.sets.iter().map(|it| it.set.as_ref())
    }

    /// Which scopes remember something.
    #[must_use]
    pub fn remembers(&self) -> [bool; SCOPES] {
        let mut any = [false; SCOPES];
        for member in &self.sets {
            for (any, one) in any.iter_mut().zip(member.set.remembers()) {
                *any |= one;
            }
        }
        any
    }

    /// The comparisons that decided `which` rule or formula of a policy; see [`PolicySet::decided_by`].
    #[must_use]
    pub fn decided_by(
        &self,
        shared: &[i64],
        states: States<'_>,
        now_ms: u64,
        which: (usize, usize),
        scratch: &mut Scratch,
    ) -> Vec<Atom> {
        let Some(member) = self.sets.get(which.0) else {
            return Vec::new();
        };
        let own = states.map(|it| {
            self.parts(it)
                .and_then(|it| it.get(which.0).copied())
                .unwrap_or_default()
        });
        let mut values = Vec::new();
        member.values(shared, &mut values);
        let extended = member.set.extended(&values, own, now_ms, scratch);
        member.set.decided_by(which.1, &extended, scratch)
    }

    /// Decides on one event; what one policy does not admit happened for none.
    #[must_use]
    pub fn decide(&self, shared: &[i64], states: States<'_>, now_ms: u64, scratch: &mut Scratch) -> SetsDecision {
        let mut states = states.into_iter().zip(self.remembers());
        let mut broken = false;
        let parts: [Vec<&[u8]>; SCOPES] = std::array::from_fn(|_| match states.next() {
            Some((bytes, true)) => self.parts(bytes).unwrap_or_else(|| {
                broken = true;
                Vec::new()
            }),
            _ => Vec::new(),
        });
        let own = |at: usize| parts.each_ref().map(|it| it.get(at).copied().unwrap_or_default());
        let mut values = Vec::new();
        let mut judged = Vec::with_capacity(self.sets.len());
        for (at, member) in self.sets.iter().enumerate() {
            member.values(shared, &mut values);
            judged.push(member.set.judge(&values, own(at), now_ms, broken, scratch));
        }
        let mut action = judged.iter().map(|it| it.action).max().unwrap_or(Action::Allow);
        let mut written: [Written; SCOPES] = Default::default();
        for ((at, member), judged) in self.sets.iter().enumerate().zip(&mut judged) {
            let Some(pending) = judged.pending.take() else { continue };
            let after = member.set.settle(pending, action.admits(), now_ms);
            for ((written, after), before) in written.iter_mut().zip(after).zip(own(at)) {
                written.put(member.print, after, before);
            }
        }
        let mut states = written.map(Written::finish);
        if states.iter().flatten().any(|it| it.len() > BYTES_MAX) {
            states = [None, None, None];
            for (member, judged) in self.sets.iter().zip(&mut judged) {
                if member.set.remembers().contains(&true) {
                    judged.missed |= degraded::STATE_TOO_LARGE;
                    judged.action = judged.action.max(member.set.on_error);
                    action = action.max(judged.action);
                }
            }
        }
        let spoken = (0u32..).zip(judged).filter_map(|(set, it)| {
            let speaks = it.action > Action::Allow || it.missed != 0 || !it.held.is_empty() || !it.violated.is_empty();
            speaks.then_some(Spoken {
                set,
                action: it.action,
                held: it.held,
                violated: it.violated,
                degraded: it.missed,
            })
        });
        SetsDecision {
            action,
            spoken: spoken.collect(),
            states,
        }
    }

    /// The bytes of each policy's own state; none if they are no states.
    fn parts<'s>(&self, bytes: &'s [u8]) -> Option<Vec<&'s [u8]>> {
        let mut parts: Vec<&[u8]> = vec![&[]; self.sets.len()];
        if bytes.is_empty() {
            return Some(parts);
        }
        let mut reader = Reader {
            left: bytes.strip_prefix(&HEAD)?,
        };
        while !reader.left.is_empty() {
            let print = reader.fixed()?;
            let len = usize::try_from(reader.number()?).ok()?;
            let own = reader.take(len)?;
            // A policy that is no longer in force has no place here.
            if let Some(at) = self.sets.iter().position(|it| it.print == print) {
                parts.get_mut(at).into_iter().for_each(|it| *it = own);
            }
        }
        Some(parts)
    }
}

impl Member {
    /// The values of its own features out of the shared ones.
    fn values(&self, shared: &[i64], values: &mut Vec<i64>) {
        values.clear();
        let own = |place: &Option<u32>| place.and_then(|at| shared.get(at as usize)).copied().unwrap_or(0);
        values.extend(self.places.iter().map(own));
    }
}

const HEAD: [u8; 3] = *b"AS\x01";

/// The states of all policies for one scope, one after another.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    changed: bool,
}

impl Written {
    fn put(&mut self, print: u64, after: Option<Vec<u8>>, before: &[u8]) {
        self.changed |= after.is_some();
        let own = after.as_deref().unwrap_or(before);
        if own.is_empty() {
            return;
        }
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&HEAD);
        }
        self.bytes.extend_from_slice(&print.to_le_bytes());
        number(&mut self.bytes, own.len() as u64);
        self.bytes.extend_from_slice(own);
    }

    fn finish(self) -> Option<Vec<u8>> {
        self.changed.then_some(self.bytes)
    }
}

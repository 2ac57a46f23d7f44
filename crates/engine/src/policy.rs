//! Policies at work: an image in its closed form, and what it decides about one event after another.
//!
//! An image is read once into a table of conditions, an index over its rules and a monitor for each temporal
//! formula. A decision takes the values of one request and the states of its session, user and tenant, and
//! gives the action, what led to it, and the states that follow. It is total: whatever the values and the
//! bytes, there is an answer, and where something could not be done the answer says so.

mod conditions;
mod deciding;
mod formulas;
mod image;
mod index;
mod json;
mod several;
mod state;

use std::fmt;

use self::conditions::{Conditions, Known, Node};
use self::formulas::{Formula, Room};
use self::image::{Image, Source};
use self::index::Index;
use self::state::{Layout, Part, What};

pub use self::several::{PolicySets, SetsDecision, SharedFeature, Spoken};

/// What a policy says to do, rising in weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    Allow,
    /// Tell somebody.
    Flag,
    /// Take out what must not pass.
    Redact,
    /// Let a person decide first.
    Review,
    /// Let nothing pass.
    Block,
}

impl Action {
    fn of(code: u8) -> Option<Self> {
        [Self::Allow, Self::Flag, Self::Redact, Self::Review, Self::Block]
            .get(usize::from(code))
            .copied()
    }

    /// Whether the event happens; if not, no state remembers it, except as an attempt.
    const fn admits(self) -> bool {
        (self as u8) < (Self::Review as u8)
    }
}

/// Why an image was refused, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageError {
    /// A path such as `rules/3/when/1`, or a byte.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl ImageError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}`: {}", self.place, self.message)
    }
}

impl std::error::Error for ImageError {}

/// What could not be done as it should: bits of [`Decision::degraded`].
pub mod degraded {
    /// More was left of a formula than a state may hold: it stays as it was, and `on_error` speaks.
    pub const FORMULA_TOO_LARGE: u8 = 1;
    /// A state was written by another version of the image: what both know was taken over.
    pub const STATE_MIGRATED: u8 = 2;
    /// Of such a state, something is new in this version and begins with this event.
    pub const STATE_BEGUN: u8 = 4;
    /// A state is none, or broken: it begins anew, and `on_error` speaks.
    pub const STATE_UNREADABLE: u8 = 8;
    /// The states that follow would be too large: they stay as they were, and `on_error` speaks.
    pub const STATE_TOO_LARGE: u8 = 16;
    /// Those for which `on_error` speaks.
    pub const FAILED: u8 = FORMULA_TOO_LARGE | STATE_UNREADABLE | STATE_TOO_LARGE;
}

/// How many scopes there are: session, user, tenant.
pub const SCOPES: usize = 3;
/// The states of session, user and tenant; an empty one is that of before the first event.
pub type States<'s> = [&'s [u8]; SCOPES];

/// What an image says of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The gravest of what rules, formulas and failures say.
    pub action: Action,
    /// The rules that hold, the one that counts first.
    pub held: Vec<u32>,
    /// The formulas that this event would break for good.
    pub violated: Vec<u32>,
    /// The states that follow; none where a state stays as it was.
    pub states: [Option<Vec<u8>>; SCOPES],
    /// What could not be done as it should: see [`degraded`].
    pub degraded: u8,
}

/// One comparison that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    /// Which feature.
    pub feature: u32,
    /// Whether it was asked for at least this number; if not, for exactly this one.
    pub at_least: bool,
    /// The number that it was compared with.
    pub number: u32,
    /// The value that it had.
    pub value: u32,
}

/// A policy that is ready to decide; threads share it.
#[derive(Debug)]
pub struct PolicySet {
    id: String,
    version: i64,
    features: Vec<Feature>,
    conditions: Conditions,
    rules: Vec<Rule>,
    index: Index,
    default: Action,
    on_error: Action,
    formulas: Vec<Formula>,
    temporal: Vec<Temporal>,
    layouts: [Layout; SCOPES],
}

#[derive(Debug)]
struct Feature {
    name: String,
    most: u32,
    values: Vec<String>,
    source: Source,
    attempts: bool,
    /// Scope and place in its memories, of what is remembered.
    memory: (usize, usize),
}

#[derive(Debug)]
struct Rule {
    id: String,
    action: Action,
    when: u32,
}

#[derive(Debug)]
struct Temporal {
    id: String,
    action: Action,
    /// Place in the memories of the session.
    memory: usize,
}

/// Room for decisions, used again and again by one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    values: Vec<u32>,
    known: Known,
    bits: Vec<u64>,
    room: Room,
}

impl PolicySet {
    /// Reads an image; states are bound to its `digest`.
    ///
    /// # Errors
    /// The bytes are no image, or one that breaks a limit; says where.
    pub fn load(bytes: &[u8], digest: [u8; 16]) -> Result<Self, ImageError> {
        Ok(Self::of(Image::read(bytes)?, digest))
    }

    fn of(image: Image, digest: [u8; 16]) -> Self {
        let conditions = image.builder.finish();
        let (features, prints, mut parts) = features_of(image.features, &conditions);
        let [session, ..] = &mut parts;
        let (mut temporal, mut formulas) = (Vec::new(), Vec::new());
        for (at, given) in (0u32..).zip(image.temporal) {
            let print = given
                .formula
                .fingerprint(|it| condition_print(it, &conditions, &features, &prints));
            temporal.push(Temporal {
                id: given.id,
                action: given.action,
                memory: session.len(),
            });
            session.push(Part {
                of: What::Formula(at),
                fingerprint: print,
            });
            formulas.push(given.formula);
        }
        let whens: Vec<u32> = image.rules.iter().map(|it| it.when).collect();
        let mut scope = 0;
        Self {
            id: image.id,
            version: image.version,
            index: Index::new(&conditions, &whens),
            conditions,
            rules: image
                .rules
                .into_iter()
                .map(|it| Rule {
                    id: it.id,
                    action: it.action,
                    when: it.when,
                })
                .collect(),
            features,
            default: image.default,
            on_error: image.on_error,
            formulas,
            temporal,
            layouts: parts.map(|parts| {
                scope += 1;
                Layout::new(parts, digest, scope - 1)
            }),
        }
    }

    /// The name of the image.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version of the image.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// How many features it has; a request gives a value for each, those that look back count for nothing.
    #[must_use]
    pub const fn feature_count(&self) -> usize {
        self.features.len()
    }

    /// The names of rules and then of formulas.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|it| it.id.as_str());
        rules.chain(self.temporal.iter().map(|it| it.id.as_str()))
    }

    /// What happens when something cannot be done as it should.
    #[must_use]
    pub const fn on_error(&self) -> Action {
        self.on_error
    }

    /// Which scopes remember something.
    #[must_use]
    pub fn remembers(&self) -> [bool; SCOPES] {
        self.layouts.each_ref().map(|it| !it.parts.is_empty())
    }
}

/// What is remembered, by scope.
type Parts = [Vec<Part>; SCOPES];

/// The features, their fingerprints, and what is remembered of them.
fn features_of(given: Vec<image::Feature>, conditions: &Conditions) -> (Vec<Feature>, Vec<u64>, Parts) {
    let mut parts = Parts::default();
    let mut features: Vec<Feature> = Vec::with_capacity(given.len());
    let mut prints: Vec<u64> = Vec::with_capacity(given.len());
    for (at, given) in (0u32..).zip(given) {
        let fingerprint = fingerprint_of(&given, conditions, &features, &prints);
        prints.push(fingerprint);
        let what = match given.source {
            Source::Request => None,
            Source::Since(..) | Source::Previous(_) => Some(What::Bit(at)),
            Source::Count { window_ms, .. } => Some(What::Times {
                feature: at,
                most: given.most,
                window_ms,
            }),
        };
        let kept = parts.get_mut(given.scope).map_or(0, |it| it.len());
        if let (Some(of), Some(parts)) = (what, parts.get_mut(given.scope)) {
            parts.push(Part { of, fingerprint });
        }
        features.push(Feature {
            name: given.name,
            most: given.most,
            values: given.values,
            source: given.source,
            attempts: given.attempts,
            memory: (given.scope, kept),
        });
    }
    (features, prints, parts)
}

/// Mixes numbers into one that stands for them all; not to be relied on against somebody who seeks collisions.
fn mix(numbers: &[u64]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15;
    for number in numbers {
        hash = (hash ^ number).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    }
    hash
}

fn text_print(text: &str) -> u64 {
    text.bytes()
        .fold(mix(&[text.len() as u64]), |hash, byte| mix(&[hash, u64::from(byte)]))
}

/// A feature as a number that is the same in every version of the image: raw ones by name, others by what they
/// are made of.
fn fingerprint_of(given: &image::Feature, conditions: &Conditions, features: &[Feature], prints: &[u64]) -> u64 {
    let condition = |at: u32| condition_print(at, conditions, features, prints);
    let scope = given.scope as u64 * 2 + u64::from(given.attempts);
    match given.source {
        Source::Request => mix(&[1, text_print(&given.name)]),
        Source::Since(holds, begins) => mix(&[2, scope, condition(holds), condition(begins)]),
        Source::Previous(holds) => mix(&[3, scope, condition(holds)]),
        Source::Count { when, window_ms } => mix(&[4, scope, condition(when), window_ms, u64::from(given.most)]),
    }
}

fn condition_print(at: u32, conditions: &Conditions, features: &[Feature], prints: &[u64]) -> u64 {
    let below = |at: u32| condition_print(at, conditions, features, prints);
    let feature = |at: u32| prints.get(at as usize).copied().unwrap_or(0);
    let named = |at: u32| {
        features
            .get(at as usize)
            .map(|it| it.values.as_slice())
            .unwrap_or_default()
    };
    match conditions.node(at) {
        Node::True => mix(&[10]),
        Node::False => mix(&[11]),
        Node::AtLeast { feature: of, least } => {
            // Of texts, which stand before one another says nothing unless all of them are the same.
            let order = named(of).iter().fold(0, |hash, text| mix(&[hash, text_print(text)]));
            mix(&[12, feature(of), u64::from(least), order])
        }
        Node::Equal { feature: of, value } => {
            let text = usize::try_from(value)
                .ok()
                .and_then(|it| named(of).get(it.checked_sub(1)?));
            match text {
                Some(text) => mix(&[13, feature(of), text_print(text)]),
                // That it is none of the texts depends on which they are.
                None => mix(&[
                    14,
                    feature(of),
                    u64::from(value),
                    named(of).iter().fold(0, |hash, it| hash ^ text_print(it)),
                ]),
            }
        }
        Node::Not(part) => mix(&[15, below(part)]),
        Node::And(one, other) => mix(&[16, below(one), below(other)]),
        Node::Or(one, other) => mix(&[17, below(one), below(other)]),
    }
}

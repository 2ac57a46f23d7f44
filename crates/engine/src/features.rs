//! What fusion looks at: the model's scores, the rules' evidence and the structure of a text, as one
//! row of numbers in a fixed order.

use crate::category::{CATEGORY_COUNT, MODEL_CATEGORY_COUNT};
use crate::rules::matching::Context;
use crate::text::{Stats, View, byte_kind};

/// Lexicons in `lexicons/context.yml` that only count. The order is part of the model format.
pub const CONTEXT_LEXICONS: [&str; 18] = [
    "reporting",
    "teaching",
    "negation",
    "model_noun",
    "second_person",
    "override_verb",
    "order_noun",
    "prior",
    "reveal_verb",
    "secret_noun",
    "send_verb",
    "secrecy",
    "urgency",
    "authority",
    "persona",
    "restriction",
    "harm_noun",
    "fiction",
];

/// Index of the lexicon whose words turn a quotation into a mention.
pub(crate) const REPORTING: u8 = 0;

/// Counted like the lexicons, but not features: words rotated by thirteen, and written backwards.
pub(crate) const ROTATED_WORDS: u8 = CONTEXT_LEXICONS.len() as u8;
pub(crate) const REVERSED_WORDS: u8 = ROTATED_WORDS + 1;
/// How many things are counted.
pub(crate) const COUNTED: usize = CONTEXT_LEXICONS.len() + 2;

const STRUCTURE: [&str; 26] = [
    "ngram_whole",
    "ngram_window",
    "ngram_sentence",
    "ngram_lift",
    "ngram_derived",
    "log_tokens",
    "log_blocks",
    "best_window_place",
    "rules_strongest",
    "rules_noisy_or",
    "rules_mentioned",
    "rules_distinct",
    "rules_anomaly",
    "rules_payload",
    "rules_derived",
    "derived_decoded",
    "derived_rewritten",
    "invisible",
    "mixed_scripts",
    "upper_share",
    "digit_share",
    "punctuation_share",
    "newline_share",
    "quoted",
    "code",
    "foreign_share",
];

/// Features for an attack that hold for a text as a whole: `invisible` and `mixed_scripts`.
pub(crate) const COUNTED_OVER_ALL: [usize; 2] = [17, 18];

const CIRCUMSTANCE: [&str; 6] = [
    "unspaced_share",
    "longest_token",
    "sentence_length",
    "from_document",
    "from_system",
    "outgoing",
];

/// Numbers in a row.
pub const FEATURE_COUNT: usize =
    STRUCTURE.len() + CIRCUMSTANCE.len() + MODEL_CATEGORY_COUNT as usize + CONTEXT_LEXICONS.len();

/// The names of all features, in row order.
#[must_use]
pub fn feature_names() -> Vec<String> {
    let categories = crate::category::CATEGORIES
        .iter()
        .take(usize::from(MODEL_CATEGORY_COUNT));
    STRUCTURE
        .iter()
        .map(|name| (*name).to_owned())
        .chain(CIRCUMSTANCE.iter().map(|name| (*name).to_owned()))
        .chain(categories.map(|name| format!("rules_{name}")))
        .chain(CONTEXT_LEXICONS.iter().map(|name| format!("context_{name}")))
        .collect()
}

/// The n-gram model's view of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NgramScores {
    /// All features together.
    pub(crate) whole: f32,
    /// The best window.
    pub(crate) window: f32,
    /// The best short window.
    pub(crate) sentence: f32,
    /// First block of the best short window, and how many blocks there are.
    pub(crate) best_block: usize,
    pub(crate) blocks: usize,
    /// Blocks and words that were heard: not those that are nothing but code.
    pub(crate) heard_blocks: usize,
    pub(crate) tokens: usize,
}

impl NgramScores {
    /// Nothing to read was found.
    pub(crate) const SILENT: Self = Self {
        whole: Derived::SCORE_NONE,
        window: Derived::SCORE_NONE,
        sentence: Derived::SCORE_NONE,
        best_block: 0,
        blocks: 0,
        heard_blocks: 0,
        tokens: 0,
    };
    /// Longer texts than this many blocks count as a mean, and shorter ones than this many words, as `log1p`, say
    /// too little.
    const FLAT_BLOCKS: f32 = 5.28;
    const SHORT_TOKENS: f32 = 3.2;

    /// How much is to be made of what was heard, by length: what `training/fusion.py` calls `base`.
    pub(crate) fn loudness(&self) -> f32 {
        let blocks = float(self.heard_blocks) + 1.0;
        let flat = self.whole * (Self::FLAT_BLOCKS / blocks.max(Self::FLAT_BLOCKS)).sqrt();
        let short = (Self::SHORT_TOKENS - log1p(float(self.tokens))).max(0.0);
        flat + 0.15 * self.window - 0.4 * log1p(float(self.heard_blocks)) - 1.2 * short
    }
}

/// What the rules found, views of all kinds together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// Strongest score in use, by category.
    pub(crate) strongest: [f32; CATEGORY_COUNT],
    /// Probability that none of the matches in use on the model is an attack, if they were independent.
    pub(crate) none_true: f32,
    /// Strongest discounted match on the model, before the discount.
    pub(crate) mentioned: f32,
    /// Different rules in use against the model.
    pub(crate) distinct: u32,
    /// Strongest match that only a decoded or rewritten view shows.
    pub(crate) derived: f32,
}

impl Evidence {
    pub(crate) const NONE: Self = Self {
        strongest: [0.0; CATEGORY_COUNT],
        none_true: 1.0,
        mentioned: 0.0,
        distinct: 0,
        derived: 0.0,
    };
}

/// What the views made of a text showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Derived {
    pub(crate) decoded: u32,
    pub(crate) rewritten: u32,
    /// Best n-gram score among them.
    pub(crate) score: f32,
    /// The n-gram scores of the view that speaks for the text, which may be the text itself without its codes.
    pub(crate) voice: Option<NgramScores>,
}

impl Derived {
    /// The score of a text without derived views.
    pub(crate) const SCORE_NONE: f32 = -8.0;
    pub(crate) const NONE: Self = Self {
        decoded: 0,
        rewritten: 0,
        score: Self::SCORE_NONE,
        voice: None,
    };
}

/// How a view is built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Build {
    stats: Stats,
    bytes: usize,
    tokens: usize,
    sentences: u32,
    /// How often words of the context lexicons stand in it.
    counts: [u32; COUNTED],
}

impl Build {
    #[inline(always)]
    pub(crate) fn of(view: &View, counts: &[u32; COUNTED]) -> Self {
        Self {
            stats: view.stats,
            bytes: view.text().len(),
            tokens: view.tokens.len(),
            sentences: view.tokens.last().map_or(1, |token| token.sentence + 1),
            counts: *counts,
        }
    }
}

/// Writes the row for one text.
#[inline(always)]
pub(crate) fn row(
    build: &Build,
    ngram: NgramScores,
    evidence: &Evidence,
    derived: Derived,
    context: Context,
) -> [f32; FEATURE_COUNT] {
    let mut row = [0.0; FEATURE_COUNT];
    let structure = structure(build, derived.voice.unwrap_or(ngram), evidence, derived);
    let circumstance = circumstance(build, context);
    let thinned = 1.0 / (1.0 + float(build.tokens) / 32.0);
    let (first, rest) = row.split_at_mut(structure.len());
    first.copy_from_slice(&structure);
    let (first, rest) = rest.split_at_mut(circumstance.len());
    first.copy_from_slice(&circumstance);
    let (second, third) = rest.split_at_mut(usize::from(MODEL_CATEGORY_COUNT));
    for (slot, strongest) in second.iter_mut().zip(&evidence.strongest) {
        *slot = *strongest;
    }
    for (slot, count) in third.iter_mut().zip(&build.counts) {
        *slot = (*count).min(8) as f32 * thinned;
    }
    row
}

/// What the detectors say, and how the text is built.
#[inline(always)]
fn structure(build: &Build, ngram: NgramScores, evidence: &Evidence, derived: Derived) -> [f32; STRUCTURE.len()] {
    let stats = &build.stats;
    let bytes = float(build.bytes.max(1));
    let share = |count: u32| count as f32 / bytes;
    let category = |code: usize| evidence.strongest.get(code).copied().unwrap_or(0.0);
    let on_model = (0..usize::from(MODEL_CATEGORY_COUNT)).map(category).fold(0.0, f32::max);
    let payload = (10..=14).map(category).fold(0.0, f32::max);
    [
        ngram.whole,
        ngram.window,
        ngram.sentence,
        ngram.window - ngram.whole,
        derived.score,
        log1p(float(ngram.tokens)),
        log1p(float(ngram.heard_blocks)),
        if ngram.blocks > 1 {
            float(ngram.best_block) / float(ngram.blocks - 1)
        } else {
            0.5
        },
        on_model,
        1.0 - evidence.none_true,
        evidence.mentioned,
        (evidence.distinct as f32).min(6.0),
        category(17),
        payload,
        evidence.derived,
        (derived.decoded as f32).min(4.0),
        (derived.rewritten as f32).min(4.0),
        log1p(stats.invisible as f32),
        log1p(stats.mixed_tokens as f32),
        share(stats.upper),
        share(stats.digit),
        share(stats.punctuation),
        share(stats.newline),
        (stats.quote as f32).min(8.0) / 8.0,
        flag(stats.kinds & byte_kind::BACKTICK != 0),
        stats.foreign_letters as f32 / bytes,
    ]
}

/// Which script, how long, from where and where to.
#[inline(always)]
fn circumstance(build: &Build, context: Context) -> [f32; CIRCUMSTANCE.len()] {
    let stats = &build.stats;
    let bytes = float(build.bytes.max(1));
    let tokens = float(build.tokens);
    let sentences = build.sentences as f32;
    [
        stats.single_tokens as f32 / bytes,
        log1p(stats.longest_token as f32),
        (tokens / sentences).min(60.0) / 60.0,
        flag(context.origin >= 3),
        flag(context.origin == 0),
        flag(context.direction == 1),
    ]
}

const fn flag(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}

/// The logarithm of `1 + x` to base 2, linear between powers of two: a feature needs no more, and this
/// gives the same bits on every platform.
fn log1p(value: f32) -> f32 {
    let bits = (value.max(0.0) + 1.0).to_bits();
    let exponent = (bits >> 23) as f32 - 127.0;
    let fraction = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000) - 1.0;
    exponent + fraction
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a text; a rounding of 2^-24 is nothing to a score"
)]
fn float(value: usize) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::{COUNTED_OVER_ALL, FEATURE_COUNT, STRUCTURE, feature_names};

    #[test]
    fn what_is_counted_over_all_is_named() {
        assert_eq!(COUNTED_OVER_ALL.map(|at| STRUCTURE[at]), ["invisible", "mixed_scripts"]);
    }

    #[test]
    fn every_number_has_one_name() {
        let mut names = feature_names();
        assert_eq!(names.len(), FEATURE_COUNT);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), FEATURE_COUNT);
    }
}

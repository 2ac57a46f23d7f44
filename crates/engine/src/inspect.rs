//! One text in, one outcome out: read, match, score, look beneath, fuse, decide.

mod beneath;
mod bytes;
mod decide;
mod deeper;
mod exclude;
mod glance;
mod kept;
mod nearby;
mod overlap;
mod spared;
mod voice;
mod work;

use std::ops::Range;
use std::sync::Arc;

use self::beneath::{Layer, Loudest, to_root};
use self::exclude::exclude;
pub(crate) use self::glance::Noticed;
use self::kept::with_kept;
pub use self::spared::Spared;
use self::voice::Codes;
use self::work::{Describe, Judge};
use crate::category::{CATEGORY_COUNT, MODEL_CATEGORY_COUNT};
use crate::decode::Decoded;
use crate::dense::{self, Dense, Terms};
use crate::features::{Build, Derived, Evidence, FEATURE_COUNT, NgramScores, row};
use crate::limits::Limits;
use crate::map::OffsetMap;
use crate::masks::Classify;
use crate::memo::{Memo, next_owner};
use crate::model::{Model, ModelError};
use crate::ngram::BlockSum;
use crate::rewrite::{Rewrite, may_rewrite};
use crate::rules::compile::{RuleSelection, Rulebook};
use crate::rules::matching::{Context, ContextCounts, Match, Scratch as MatchScratch};
use crate::rules::source::{RuleError, RuleSource};
use crate::shape::hints;
use crate::text::View;

/// What a mention leaves of a rule's confidence.
const MENTION_DISCOUNT: f32 = 0.3;
/// The least score at which a rule match counts as evidence in use.
const IN_USE_MIN: f32 = 0.5;

/// What the engine says should happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// Nothing to say.
    Allow = 0,
    /// Let through, tell someone.
    Flag = 1,
    /// Stop.
    Block = 4,
}

/// Confidence at which each category is flagged and blocked; above 1 means never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// By category code.
    pub flag: [f32; CATEGORY_COUNT],
    /// By category code.
    pub block: [f32; CATEGORY_COUNT],
}

impl Thresholds {
    /// The least confidence at which anything is flagged.
    fn lowest_flag(&self) -> f32 {
        self.flag.iter().copied().fold(f32::INFINITY, f32::min)
    }
}

/// Who speaks in a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    /// A rule, by its index into [`Engine::rules`].
    Rule(u32),
    /// The n-gram model.
    Ngrams,
    /// The dense model.
    Dense,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Who says so.
    pub detector: Detector,
    /// Category code.
    pub category: u8,
    /// Bytes of the inspected text.
    pub span: Range<usize>,
    /// The detector's own score.
    pub score: f32,
    /// 0 low … 3 critical.
    pub severity: u8,
    /// Quoted and talked about.
    pub mention: bool,
    /// Decoders and rewrites between the text and what was found, outermost first.
    pub chain: Vec<&'static str>,
    /// The words behind the finding, as bytes of the inspected text.
    pub parts: Vec<Range<usize>>,
}

/// Everything the engine believes about a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What should happen.
    pub action: Action,
    /// The leading category, if any reaches its flag threshold.
    pub category: Option<u8>,
    /// Of the leading category; 0 if there is none.
    pub severity: u8,
    /// Calibrated, of the leading category, else of an attack on the model.
    pub confidence: f32,
    /// The fused logit behind it.
    pub score: f32,
    /// Calibrated confidence by category.
    pub confidences: [f32; CATEGORY_COUNT],
    /// Best first.
    pub findings: Vec<Finding>,
    /// A limit stopped the search for hidden text.
    pub exhausted: bool,
    /// The dense model did not read the text to its end.
    pub unread: bool,
    /// Bit by bit, the tiers that ran.
    pub tiers: u8,
}

impl Outcome {
    /// What a limit cut short, as bits: 1 the search for hidden text, 2 the reading of the dense model.
    #[must_use]
    pub fn cut_short(&self) -> u8 {
        u8::from(self.exhausted) | u8::from(self.unread) << 1
    }
}

/// What an engine is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Path and text of rule and lexicon files.
    pub rules: &'a [(String, String)],
    /// Rules the operator wrote: their confidence is taken at its word.
    pub user_rules: &'a [(String, String)],
    /// The bytes of a model file; without one, rules alone decide.
    pub model: Option<&'a [u8]>,
    /// When to flag and block.
    pub thresholds: Thresholds,
    /// 1 … 4.
    pub paranoia: u8,
    /// Rule id globs and the origin code they are excluded for, `None` for all.
    pub exclude: &'a [(String, Option<u8>)],
}

/// Why an engine cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// A rule file.
    Rule(RuleError),
    /// The model file.
    Model(ModelError),
}

impl std::fmt::Display for SetupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rule(error) => error.fmt(f),
            Self::Model(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SetupError {}

/// Rules, model and thresholds, ready to judge texts. Immutable: share it between threads.
#[derive(Debug)]
pub struct Engine {
    pub(crate) rulebook: Rulebook,
    pub(crate) model: Model,
    thresholds: Thresholds,
    /// What holds for a text on its way out.
    answers: Thresholds,
    limits: Limits,
    /// Tells this engine from all others.
    pub(crate) number: u64,
    /// Rules from here on are the operator's.
    user_from: u32,
    /// The dense model, and when it is asked.
    dense: Option<(Arc<Dense>, Terms)>,
}

/// Working memory for one thread; grows to the largest text seen.
#[derive(Debug, Default)]
pub struct Scratch {
    base: View,
    derived: View,
    matching: MatchScratch,
    memo: Memo,
    base_context: ContextCounts,
    matches: Vec<Match>,
    sums: Vec<BlockSum>,
    layers: Vec<Layer>,
    /// What the views beneath say, and how they are built.
    readings: Vec<(NgramScores, Build)>,
    rewrites: Vec<Rewrite>,
    decoded: Vec<Decoded>,
    codes: Codes,
    /// Parts of the text that are spelt letter by letter.
    unreadable: Codes,
    found: Vec<Finding>,
    dense: dense::Scratch,
    /// Something decoded found no room.
    cut_short: bool,
    /// Findings that are not to count.
    spared: Vec<Spared>,
}

impl Engine {
    /// Builds an engine.
    ///
    /// # Errors
    /// The first rule file or the model file that cannot be used.
    pub fn new(setup: &Setup<'_>) -> Result<Self, SetupError> {
        let mut files = setup.rules.to_vec();
        files.extend_from_slice(setup.user_rules);
        let selection = RuleSelection {
            paranoia: setup.paranoia,
        };
        let mut rulebook = Rulebook::build(&files, selection).map_err(SetupError::Rule)?;
        let user_paths: std::collections::HashSet<&str> =
            setup.user_rules.iter().map(|(path, _)| path.as_str()).collect();
        let is_user = |source: &RuleSource| user_paths.contains(source.path.as_str());
        let user_from = rulebook
            .sources
            .iter()
            .position(is_user)
            .unwrap_or(rulebook.sources.len());
        for (glob, origin) in setup.exclude {
            exclude(&mut rulebook, glob, *origin);
        }
        let model = match setup.model {
            Some(bytes) => Model::parse(bytes).map_err(SetupError::Model)?,
            None => Model::untrained(),
        };
        let user_from = u32::try_from(user_from).unwrap_or(u32::MAX);
        Ok(Self {
            rulebook,
            model,
            thresholds: setup.thresholds,
            answers: setup.thresholds,
            limits: Limits::DEFAULT,
            number: next_owner(),
            user_from,
            dense: None,
        })
    }

    /// Lets a dense model read what the other tiers are not sure of.
    #[must_use]
    pub fn with_dense(mut self, model: Arc<Dense>, terms: Terms) -> Self {
        self.dense = Some((model, terms));
        self
    }

    /// Judges texts on their way out by thresholds of their own.
    #[must_use]
    pub const fn with_answers(mut self, thresholds: Thresholds) -> Self {
        self.answers = thresholds;
        self
    }

    /// All rules as written, also those not in force. [`Finding::rule`] points in here.
    #[must_use]
    pub fn rules(&self) -> &[RuleSource] {
        &self.rulebook.sources
    }

    /// The card the trainer put into the model file, as JSON.
    #[must_use]
    pub fn model_card(&self) -> &str {
        &self.model.meta
    }

    /// Judges one text. Never fails, whatever the text.
    #[must_use]
    pub fn inspect(&self, text: &str, context: Context, scratch: &mut Scratch) -> Outcome {
        crate::kernel::run(Judge {
            engine: self,
            text,
            context,
            scratch,
        })
    }

    /// Judges one text with the working memory that this thread keeps; what a long text needs is given back.
    #[must_use]
    pub fn inspect_here(&self, text: &str, context: Context) -> Outcome {
        with_kept(text.len(), |scratch| self.inspect(text, context, scratch))
    }

    /// The feature row fusion sees, for training.
    #[must_use]
    pub fn features(&self, text: &str, context: Context, scratch: &mut Scratch) -> [f32; FEATURE_COUNT] {
        crate::kernel::run(Describe {
            engine: self,
            text,
            context,
            scratch,
        })
    }
}

/// Keys are found letter by letter, so they are not looked for where letters are no longer those of the text.
const SECRET: u8 = 9;

/// Whether a rewrite takes signs for others.
fn respells(name: &str) -> bool {
    matches!(name, "leet" | "repeats")
}

/// What all detectors together say of a text.
struct Seen {
    row: [f32; FEATURE_COUNT],
    evidence: Evidence,
    user_strongest: f32,
    /// The logit of what stands around the strongest matches of a long text, and of what lies beneath.
    apart: f32,
    ngram: NgramScores,
    loudest: Option<Loudest>,
    exhausted: bool,
    direction: u8,
}

impl Engine {
    #[inline(always)]
    fn see<K: Classify>(&self, kernel: K, text: &str, context: Context, scratch: &mut Scratch) -> Seen {
        scratch.found.clear();
        scratch.matches.clear();
        scratch.matching.gave_up = false;
        scratch.base.read(kernel, text, &self.rulebook.lexicon.anchors);
        self.walk(
            &scratch.base,
            &mut scratch.memo,
            &mut scratch.matching,
            &mut scratch.sums,
        );
        self.rulebook.find(
            &scratch.base,
            text,
            context,
            &mut scratch.matching,
            &mut scratch.matches,
        );
        self.spare_matches(scratch);
        let mut ngram = self.model.ngram_scores(&scratch.sums, scratch.base.tokens.len());
        let mut apart = self.judge_nearby(context, scratch);
        let mut derived = Derived::NONE;
        let mut loudest = None;
        let mut exhausted = false;
        if !scratch.matches.is_empty() {
            self.take_matches(true, &[], &[], scratch);
        }
        self.take_bytes(text, context, &mut scratch.found);
        scratch.base_context = scratch.matching.context_counts;
        let decode = hints(&scratch.base, text, &scratch.base_context);
        if may_rewrite(&scratch.base) || decode.any() || !scratch.base.smuggled.is_empty() {
            (derived, loudest, exhausted) = self.look_beneath(kernel, text, context, &mut ngram, scratch);
        }
        exhausted |= scratch.matching.gave_up;
        overlap::keep_surest(&mut scratch.found, &self.rulebook.sources, self.user_from);
        scratch.spare_findings();
        let (evidence, user_strongest) = self.weigh(&scratch.found);
        let build = Build::of(&scratch.base, &scratch.base_context);
        let row = row(&build, ngram, &evidence, derived, context);
        if derived.voice.is_some() {
            apart = apart.max(self.judge_readings(&evidence, context, scratch));
        }
        Seen {
            row,
            evidence,
            user_strongest,
            apart,
            ngram,
            loudest,
            exhausted,
            direction: context.direction,
        }
    }

    /// Turns the matches of one view into findings on the inspected text.
    fn take_matches(&self, base: bool, maps: &[Arc<OffsetMap>], chain: &[&'static str], scratch: &mut Scratch) {
        let Scratch {
            matches,
            found,
            base: base_view,
            derived,
            ..
        } = scratch;
        let view = if base { &*base_view } else { &*derived };
        for matched in matches.drain(..) {
            let Some(rule) = self.rulebook.rules.get(matched.rule as usize) else {
                continue;
            };
            if rule.category == SECRET && chain.iter().any(|name| respells(name)) {
                continue;
            }
            let back = |start: u32, end: u32| to_root(maps, view.map.to_source(start as usize..end as usize));
            let span = back(matched.start, matched.end);
            let known = found.iter().any(|finding| {
                finding.detector == Detector::Rule(rule.source)
                    && finding.span.start < span.end.max(span.start + 1)
                    && span.start < finding.span.end
            });
            if known || found.len() >= self.limits.findings_max * 4 {
                continue;
            }
            let discount = if matched.mention { MENTION_DISCOUNT } else { 1.0 };
            found.push(Finding {
                detector: Detector::Rule(rule.source),
                category: rule.category,
                span,
                score: rule.confidence * discount,
                severity: rule.severity,
                mention: matched.mention,
                chain: chain.to_vec(),
                parts: matched.parts.iter().map(|(start, end)| back(*start, *end)).collect(),
            });
        }
    }

    /// Sums the findings up, by category and over all.
    fn weigh(&self, found: &[Finding]) -> (Evidence, f32) {
        let mut evidence = Evidence::NONE;
        let mut user_strongest = 0.0_f32;
        for (index, finding) in found.iter().enumerate() {
            let on_model = finding.category < MODEL_CATEGORY_COUNT;
            if finding.mention {
                evidence.mentioned = evidence.mentioned.max(finding.score / MENTION_DISCOUNT);
                continue;
            }
            if let Some(strongest) = evidence.strongest.get_mut(usize::from(finding.category)) {
                *strongest = strongest.max(finding.score);
            }
            if !on_model {
                continue;
            }
            let again = found
                .iter()
                .take(index)
                .any(|other| other.detector == finding.detector && !other.mention);
            if !again {
                evidence.none_true *= 1.0 - finding.score.min(0.99);
                evidence.distinct += 1;
            }
            if !finding.chain.is_empty() {
                evidence.derived = evidence.derived.max(finding.score);
            }
            if matches!(finding.detector, Detector::Rule(rule) if rule >= self.user_from) {
                user_strongest = user_strongest.max(finding.score);
            }
        }
        (evidence, user_strongest)
    }
}

//! Many texts at once, on all cores; results as columns, details only where there are any.

use crate::inspect::{Engine, Outcome};
use crate::rules::matching::Context;

/// Texts a worker takes at a time: enough to forget the cost of taking, few enough to share fairly.
const CHUNK: usize = 128;

/// Outcomes of many texts, one entry a text in every column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// [`crate::Action`] codes.
    pub action: Vec<u8>,
    /// Category code, −1 for none.
    pub category: Vec<i8>,
    /// 0 low … 3 critical.
    pub severity: Vec<u8>,
    /// Bit by bit, the tiers that ran.
    pub tier: Vec<u8>,
    /// Calibrated confidence.
    pub confidence: Vec<f32>,
    /// Fused logit.
    pub score: Vec<f32>,
    /// How many findings.
    pub findings: Vec<u16>,
    /// What was cut short, as [`Outcome::cut_short`] says it.
    pub exhausted: Vec<u8>,
    /// Whole outcomes of texts with findings or a category, or cut short, by index.
    pub details: Vec<(usize, Outcome)>,
}

/// Tiers 0 and 1 always run.
pub const TIERS_RUN: u8 = 0b11;

impl Columns {
    fn with_capacity(count: usize) -> Self {
        Self {
            action: Vec::with_capacity(count),
            category: Vec::with_capacity(count),
            severity: Vec::with_capacity(count),
            tier: Vec::with_capacity(count),
            confidence: Vec::with_capacity(count),
            score: Vec::with_capacity(count),
            findings: Vec::with_capacity(count),
            exhausted: Vec::with_capacity(count),
            details: Vec::new(),
        }
    }

    fn push(&mut self, outcome: Outcome) {
        let index = self.action.len();
        self.action.push(outcome.action as u8);
        self.category
            .push(outcome.category.map_or(-1, |code| i8::try_from(code).unwrap_or(-1)));
        self.severity.push(outcome.severity);
        self.tier.push(outcome.tiers);
        self.confidence.push(outcome.confidence);
        self.score.push(outcome.score);
        self.findings
            .push(u16::try_from(outcome.findings.len()).unwrap_or(u16::MAX));
        let cut_short = outcome.cut_short();
        self.exhausted.push(cut_short);
        if !outcome.findings.is_empty() || outcome.category.is_some() || cut_short > 0 {
            self.details.push((index, outcome));
        }
    }

    fn append(&mut self, mut other: Self) {
        let base = self.action.len();
        self.action.append(&mut other.action);
        self.category.append(&mut other.category);
        self.severity.append(&mut other.severity);
        self.tier.append(&mut other.tier);
        self.confidence.append(&mut other.confidence);
        self.score.append(&mut other.score);
        self.findings.append(&mut other.findings);
        self.exhausted.append(&mut other.exhausted);
        self.details.extend(
            other
                .details
                .into_iter()
                .map(|(index, outcome)| (base + index, outcome)),
        );
    }

    /// The whole outcome of a text that had something to say.
    #[must_use]
    pub fn detail(&self, index: usize) -> Option<&Outcome> {
        let place = self.details.binary_search_by_key(&index, |(known, _)| *known).ok()?;
        self.details.get(place).map(|(_, outcome)| outcome)
    }
}

impl Engine {
    /// Judges texts, on `threads` threads (0: one a core). The order of results is that of the texts,
    /// and each is what [`Engine::inspect`] gives.
    #[must_use]
    pub fn inspect_batch(&self, texts: &[&str], context: Context, threads: usize) -> Columns {
        if threads == 1 || texts.len() <= CHUNK {
            return self.inspect_chunk(texts, context);
        }
        self.inspect_parallel(texts, context, threads)
    }

    fn inspect_chunk(&self, texts: &[&str], context: Context) -> Columns {
        let mut columns = Columns::with_capacity(texts.len());
        for text in texts {
            columns.push(self.inspect_here(text, context));
        }
        columns
    }

    #[cfg(feature = "parallel")]
    fn inspect_parallel(&self, texts: &[&str], context: Context, threads: usize) -> Columns {
        use rayon::prelude::*;

        let work = || {
            texts
                .par_chunks(CHUNK)
                .map(|chunk| self.inspect_chunk(chunk, context))
                .collect::<Vec<_>>()
        };
        let pool = match threads {
            0 => crate::threads::pool(),
            _ => crate::threads::start(threads),
        };
        // No thread to be had: the calling one does the work.
        let parts = pool.map_or_else(|| vec![self.inspect_chunk(texts, context)], |pool| pool.install(work));
        let mut columns = Columns::with_capacity(texts.len());
        for part in parts {
            columns.append(part);
        }
        columns
    }

    #[cfg(not(feature = "parallel"))]
    fn inspect_parallel(&self, texts: &[&str], context: Context, _threads: usize) -> Columns {
        self.inspect_chunk(texts, context)
    }
}

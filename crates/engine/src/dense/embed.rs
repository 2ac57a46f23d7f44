//! What a text is about, as a row of numbers: the mean of its pieces, the common ones counting less.

use super::forward::{Bench, Network, SEGMENT};
use super::lanes::{self, Lanes, Work};
use super::pieces::{Piece, Pieces};
use super::{BYTES_MAX, Dense, Scratch};

/// A piece that is so common counts half.
const COMMON: f64 = 1e-3;

impl Dense {
    /// How many numbers stand for a text.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        2 * self.network.width
    }

    /// The numbers that stand for a normalised text, of which the beginning is read; nothing where there is no
    /// piece. The first half knows each piece by itself, the second with its neighbours.
    #[must_use]
    pub fn embed(&self, text: &str, scratch: &mut Scratch) -> Option<Vec<f32>> {
        let Scratch { pieces, cut, forward } = scratch;
        pieces.clear();
        let end = (0..=BYTES_MAX.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))?;
        self.pieces.cut(text.get(..end)?, 0, BYTES_MAX, cut, pieces);
        let row = lanes::run(Embed {
            network: &self.network,
            names: &self.pieces,
            pieces,
            bench: forward,
        });
        row.filter(|row| row.iter().all(|value| value.is_finite()))
    }
}

struct Embed<'a> {
    network: &'a Network,
    names: &'a Pieces,
    pieces: &'a [Piece],
    bench: &'a mut Bench,
}

impl Work for Embed<'_> {
    type Output = Option<Vec<f32>>;

    #[inline(always)]
    fn with<L: Lanes>(self, lanes: L) -> Option<Vec<f32>> {
        let Self {
            network, pieces, bench, ..
        } = self;
        let weights: Vec<f32> = pieces.iter().map(|piece| weight(self.names.score(piece.id))).collect();
        let total: f32 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        network.prepare(SEGMENT, bench);
        let mut alone = vec![0.0; network.width];
        let mut beside = vec![0.0; network.width];
        for start in (0..pieces.len()).step_by(SEGMENT) {
            let end = (start + SEGMENT).min(pieces.len());
            let first = start.saturating_sub(network.reach());
            let last = (end + network.reach()).min(pieces.len());
            network.embed(pieces.get(first..last).unwrap_or_default(), bench);
            let weights = weights.get(start..end).unwrap_or_default();
            network.add_rows(start - first, weights, bench, &mut alone);
            for block in &network.blocks {
                network.convolve(lanes, block, last - first, bench);
            }
            network.add_rows(start - first, weights, bench, &mut beside);
        }
        Some(alone.into_iter().chain(beside).map(|value| value / total).collect())
    }
}

impl Network {
    /// Adds rows from one on, each with its weight.
    fn add_rows(&self, from: usize, weights: &[f32], bench: &Bench, sums: &mut [f32]) {
        let (groups, margin) = (self.groups(), self.margin());
        let rows = bench
            .x
            .get((margin + from) * groups..)
            .unwrap_or_default()
            .chunks_exact(groups);
        for (row, weight) in rows.zip(weights) {
            for (sum, value) in sums.iter_mut().zip(row.as_flattened()) {
                *sum += weight * value;
            }
        }
    }
}

/// From the logarithm of how often a piece occurs.
fn weight(score: f64) -> f32 {
    (COMMON / (COMMON + score.exp())) as f32
}

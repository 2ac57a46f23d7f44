//! What a text is about, as a row of numbers: the mean of its pieces, the common ones counting less.

use super::forward::Network;
use super::{BYTES_MAX, Dense, Scratch};

/// A piece that is so common counts half.
const COMMON: f64 = 1e-3;

impl Dense {
    /// How many numbers stand for a text.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        self.network.width
    }

    /// The numbers that stand for a normalised text, of which the beginning is read; nothing where there is no
    /// piece.
    #[must_use]
    pub fn embed(&self, text: &str, scratch: &mut Scratch) -> Option<Vec<f32>> {
        let Scratch { pieces, cut, .. } = scratch;
        pieces.clear();
        let end = (0..=BYTES_MAX.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))?;
        self.pieces.cut(text.get(..end)?, 0, BYTES_MAX, cut, pieces);
        let mut total = 0.0;
        let mut sums = vec![0.0; self.network.width];
        for piece in pieces {
            let weight = weight(self.pieces.score(piece.id));
            total += weight;
            self.network.add_row(piece.id as usize, weight, &mut sums);
        }
        let whole = total > 0.0 && sums.iter().all(|value: &f32| value.is_finite());
        whole.then(|| sums.into_iter().map(|value| value / total).collect())
    }
}

impl Network {
    /// Adds the embedding of a piece with its weight.
    fn add_row(&self, id: usize, weight: f32, sums: &mut [f32]) {
        let scale = weight * self.scales.get(id).copied().unwrap_or(0.0);
        let row = self.embeddings.get(id * self.width..(id + 1) * self.width);
        for (sum, value) in sums.iter_mut().zip(row.unwrap_or_default()) {
            *sum += scale * f32::from(*value);
        }
    }
}

/// From the logarithm of how often a piece occurs.
fn weight(score: f64) -> f32 {
    (COMMON / (COMMON + score.exp())) as f32
}

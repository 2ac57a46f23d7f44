//! Tier 2: a small dense model that reads for meaning what the n-grams are not sure of.
//!
//! A normalised text is cut into pieces of words; each piece has an embedding; a few convolutions let
//! neighbours speak to each other; attention sums up windows; two layers give logits. Everything comes
//! from one file, and none of it can fail on a text.

mod embed;
mod file;
mod forward;
mod lanes;
mod layer;
mod pieces;
mod terms;
mod words;

use std::ops::Range;

pub use self::file::crc32;
pub use self::pieces::Piece;
pub(crate) use self::pieces::Pieces;
pub use self::terms::{FEATURES, Terms, TermsError};
use crate::category::MODEL_CATEGORY_COUNT;

const KINDS: usize = MODEL_CATEGORY_COUNT as usize;
/// Attack, harm, and the kinds of attack.
const OUTPUTS: usize = 2 + KINDS;
/// A text up to here is read whole; of a longer one half as much of its beginning, and a quarter each of the
/// place that tier 1 found loudest and of its end.
const BYTES_MAX: usize = 32 << 10;
/// A stretch has at most one piece for so many bytes of the text; what is cut finer is not read to its end.
const PIECE_BYTES_MIN: usize = 4;
/// Of a short stretch, every piece is read.
const PIECES_MIN: usize = 2 << 10;

/// A dense model, as its file has it. Immutable: share it between threads and engines.
#[derive(Debug)]
pub struct Dense {
    pieces: pieces::Pieces,
    network: forward::Network,
    card: String,
}

/// What the model says of a text, before anybody weighs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Logit of an attack, of the loudest window.
    pub attack: f32,
    /// Logit of something harmful, the highest of all windows.
    pub harm: f32,
    /// Logits of the kinds of attack, in the order of the categories, of the loudest window.
    pub kinds: [f32; KINDS],
    /// The loudest window, in bytes of the text that was read.
    pub span: Range<usize>,
    /// Nothing was left unread.
    pub whole: bool,
}

impl Reading {
    /// The code of the likeliest kind of attack.
    #[must_use]
    pub fn kind(&self) -> u8 {
        let likeliest = self
            .kinds
            .iter()
            .zip(0_u8..)
            .max_by(|a, b| a.0.total_cmp(b.0).then(b.1.cmp(&a.1)));
        likeliest.map_or(0, |(_, code)| code)
    }
}

/// Working memory for one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    pieces: Vec<Piece>,
    cut: pieces::Bench,
    forward: forward::Bench,
}

impl Dense {
    /// The card the trainer put into the file, as JSON.
    #[must_use]
    pub fn card(&self) -> &str {
        &self.card
    }

    /// What it knows of words.
    pub(crate) const fn vocabulary(&self) -> &Pieces {
        &self.pieces
    }

    /// The pieces of a normalised text, as far as it is read.
    #[must_use]
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        let mut scratch = Scratch::default();
        self.pieces
            .cut(text, 0, usize::MAX, &mut scratch.cut, &mut scratch.pieces);
        scratch.pieces
    }

    /// Reads a normalised text; `loudest` is a byte of the place that must not be left out. None where there
    /// is nothing to read, or the model has no number for it.
    #[must_use]
    pub fn read(&self, text: &str, loudest: usize, scratch: &mut Scratch) -> Option<Reading> {
        let mut best: Option<Reading> = None;
        let stretches = stretches(text, loudest.min(text.len()));
        let mut whole = stretches.iter().map(ExactSizeIterator::len).sum::<usize>() == text.len();
        for stretch in stretches {
            let (reading, all) = self.read_stretch(text, stretch, scratch);
            whole &= all;
            let Some(reading) = reading else {
                continue;
            };
            best = Some(match best {
                Some(known) => louder(known, reading),
                None => reading,
            });
        }
        best.map(|reading| Reading { whole, ..reading })
    }

    fn read_stretch(&self, text: &str, stretch: Range<usize>, scratch: &mut Scratch) -> (Option<Reading>, bool) {
        let Scratch { pieces, cut, forward } = scratch;
        pieces.clear();
        let most = (stretch.len() / PIECE_BYTES_MIN).max(PIECES_MIN);
        let part = text.get(stretch.clone()).unwrap_or_default();
        let whole = self.pieces.cut(part, stretch.start, most, cut, pieces);
        let heard = lanes::run(forward::Listen {
            network: &self.network,
            pieces,
            bench: forward,
        });
        let Some(heard) = heard else {
            return (None, whole && pieces.is_empty());
        };
        let [attack, _, kinds @ ..] = heard.outputs;
        let inside = pieces.get(heard.from..heard.to).unwrap_or_default();
        let start = inside.first().map_or(0, |piece| piece.start as usize);
        let end = inside.last().map_or(start, |piece| piece.end as usize);
        let reading = Reading {
            attack,
            harm: heard.harm,
            kinds,
            span: start..end,
            whole,
        };
        (Some(reading), whole)
    }
}

/// What of two stretches is said of both.
fn louder(first: Reading, second: Reading) -> Reading {
    let harm = first.harm.max(second.harm);
    let louder = if second.attack > first.attack { second } else { first };
    Reading { harm, ..louder }
}

/// The parts of a text that are read, in order and apart.
fn stretches(text: &str, loudest: usize) -> Vec<Range<usize>> {
    if text.len() <= BYTES_MAX {
        return std::iter::once(0..text.len()).collect();
    }
    let boundary = |at: usize| {
        (at..text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(text.len())
    };
    let head = boundary(BYTES_MAX / 2);
    let around = boundary(loudest.saturating_sub(BYTES_MAX / 8).max(head));
    let around_end = boundary((loudest + BYTES_MAX / 8).min(text.len()).max(around));
    let tail = boundary((text.len() - BYTES_MAX / 4).max(around_end));
    let parts = [0..head, around..around_end, tail..text.len()];
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

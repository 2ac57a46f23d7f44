//! The learned part: its file, and what it computes.
//!
//! A model file is `AIDMODEL`, a version, then tagged sections, then the SHA-256 of all of it (checked
//! where the file is read, not here). Everything is little-endian. See `training/` for how one is made.

use crate::features::{FEATURE_COUNT, NgramScores};
use crate::ngram::{BlockSum, FEATURE_BITS, TABLE_BITS, TABLE_LEN};
use crate::text::View;

const MAGIC: &[u8; 8] = b"AIDMODEL";
const VERSION: u32 = 1;
const HIDDEN_MAX: usize = 16;
const KNOTS_MAX: usize = 4096;
/// Blocks of the window and of the short window.
const WINDOW_BLOCKS: usize = 6;
const SENTENCE_BLOCKS: usize = 2;
/// Columns of the category table: seven categories, one spare.
const CATEGORY_COLUMNS: usize = 8;

/// A model file that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError(pub String);

impl std::fmt::Display for ModelError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

/// Everything learned.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) table: Box<[i8; TABLE_LEN]>,
    scale: f32,
    bias: f32,
    fusion: Fusion,
    knots: Vec<(f32, f32)>,
    categories: Option<Categories>,
    /// The card the trainer put in, as JSON.
    pub(crate) meta: String,
}

/// One number for each hidden unit; unused ones are zero. As wide as two vector registers, so that a
/// feature is added to all units in two instructions.
type Units = [f32; HIDDEN_MAX];

#[derive(Debug)]
struct Fusion {
    mean: [f32; FEATURE_COUNT],
    inverse_deviation: [f32; FEATURE_COUNT],
    /// What each feature adds to each unit. A linear combiner is one unit and its mirror image.
    weights: Box<[Units; FEATURE_COUNT]>,
    biases: Units,
    out: Units,
    out_bias: f32,
}

#[derive(Debug)]
struct Categories {
    bits: u32,
    scale: f32,
    bias: [f32; CATEGORY_COLUMNS],
    table: Vec<i8>,
}

impl Model {
    /// A model that knows nothing: fusion rests on rules alone.
    pub(crate) fn untrained() -> Self {
        let mut linear = [0.0; FEATURE_COUNT];
        for (name, weight) in crate::features::feature_names().iter().zip(&mut linear) {
            if name == "rules_noisy_or" {
                *weight = 10.0;
            }
        }
        let fusion = Fusion::linear([0.0; FEATURE_COUNT], [1.0; FEATURE_COUNT], &linear, -6.0);
        Self {
            table: zero_table(),
            scale: 0.0,
            bias: 0.0,
            fusion,
            knots: vec![(-8.0, 0.001), (0.0, 0.5), (8.0, 0.999)],
            categories: None,
            meta: String::from("{\"name\":\"untrained\"}"),
        }
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A wrong magic, version, section or size; a number that is not finite; knots that fall.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader { rest: bytes };
        if reader.take(8)? != MAGIC {
            return Err(refuse("not a model file: the first eight bytes are not `AIDMODEL`"));
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(refuse(&format!("model format {version}, this engine reads {VERSION}")));
        }
        let mut model = Self::untrained();
        let (mut has_ngram, mut has_fusion, mut has_knots) = (false, false, false);
        for _ in 0..reader.u32()?.min(64) {
            let tag = reader.take(4)?;
            let len = usize::try_from(reader.u64()?).map_err(|_| refuse("a section longer than memory"))?;
            let mut section = Reader {
                rest: reader.take(len)?,
            };
            match tag {
                b"META" => model.meta = String::from_utf8_lossy(section.rest).into_owned(),
                b"NGRM" => {
                    model.read_ngram(&mut section)?;
                    has_ngram = true;
                }
                b"FUSE" => {
                    model.fusion = Fusion::read(&mut section)?;
                    has_fusion = true;
                }
                b"CALI" => {
                    model.knots = read_knots(&mut section)?;
                    has_knots = true;
                }
                b"CATS" => model.categories = Some(Categories::read(&mut section)?),
                // A newer trainer may add sections; what this engine needs is checked below.
                _ => {}
            }
        }
        if has_ngram && has_fusion && has_knots {
            Ok(model)
        } else {
            Err(refuse("a model needs the sections NGRM, FUSE and CALI"))
        }
    }

    fn read_ngram(&mut self, section: &mut Reader<'_>) -> Result<(), ModelError> {
        let bits = section.u32()?;
        if bits != TABLE_BITS {
            return Err(refuse(&format!("a table of {bits} bits, this engine has {TABLE_BITS}")));
        }
        self.scale = section.finite()?;
        self.bias = section.finite()?;
        section.take(12)?;
        for (weight, byte) in self.table.iter_mut().zip(section.take(TABLE_LEN)?) {
            *weight = i8::from_le_bytes([*byte]);
        }
        Ok(())
    }

    /// The logit of some features.
    #[inline(always)]
    fn logit(&self, sum: i32, count: u32) -> f32 {
        let norm = (count.max(1) as f32).sqrt();
        (self.bias + self.scale * sum as f32 / norm).clamp(-20.0, 20.0)
    }

    /// Scores a text from its block sums: as a whole, and by the best windows of two sizes, so that an
    /// attack in a long harmless text is not diluted.
    #[inline(always)]
    pub(crate) fn ngram_scores(&self, sums: &[BlockSum], tokens: usize) -> NgramScores {
        let (sum, count) = sums
            .iter()
            .fold((0, 0), |(sum, count), block| (sum + block.sum, count + block.count));
        let whole = self.logit(sum, count);
        let (window, _) = if sums.len() <= WINDOW_BLOCKS {
            (whole, 0)
        } else {
            self.best_window(sums, WINDOW_BLOCKS)
        };
        let (sentence, best_block) = if sums.len() <= SENTENCE_BLOCKS {
            (whole, 0)
        } else {
            self.best_window(sums, SENTENCE_BLOCKS)
        };
        NgramScores {
            whole,
            window,
            sentence,
            best_block,
            blocks: sums.len(),
            heard_blocks: sums.len(),
            tokens,
        }
    }

    fn best_window(&self, sums: &[BlockSum], blocks: usize) -> (f32, usize) {
        sums.windows(blocks)
            .map(|window| {
                let (sum, count) = window
                    .iter()
                    .fold((0, 0), |(sum, count), block| (sum + block.sum, count + block.count));
                self.logit(sum, count)
            })
            .enumerate()
            .fold(
                (f32::MIN, 0),
                |best, (index, score)| if score > best.0 { (score, index) } else { best },
            )
    }

    /// The fused logit of a feature row.
    #[inline(always)]
    pub(crate) fn fuse(&self, row: &[f32; FEATURE_COUNT]) -> f32 {
        self.fusion.forward(row)
    }

    /// The calibrated probability of a fused logit: linear between knots, flat outside.
    #[inline]
    pub(crate) fn confidence(&self, logit: f32) -> f32 {
        let after = self.knots.partition_point(|(x, _)| *x <= logit);
        match (
            after.checked_sub(1).and_then(|index| self.knots.get(index)),
            self.knots.get(after),
        ) {
            (Some((x0, y0)), Some((x1, y1))) if x1 > x0 => y0 + (y1 - y0) * (logit - x0) / (x1 - x0),
            (Some((_, y)), _) | (None, Some((_, y))) => *y,
            (None, None) => 0.0,
        }
    }

    /// The most likely of the categories on the model, by the words of the text.
    #[inline(never)]
    pub(crate) fn category(&self, view: &View) -> u8 {
        self.categories
            .as_ref()
            .map_or(0, |categories| categories.classify(view))
    }

    /// The tokens of a block range that speak most for an attack, best first.
    #[inline(never)]
    pub(crate) fn loudest_tokens(&self, view: &View, from: usize, to: usize, most: usize) -> Vec<(u32, u32)> {
        let weight = |hash: u64| i32::from(self.table.get(crate::ngram::table_index(hash)).copied().unwrap_or(0));
        let mut scored = Vec::new();
        let mut last = 0;
        for token in &view.tokens {
            let inside = (token.start as usize) >= from && (token.start as usize) < to;
            if inside {
                scored.push((
                    crate::ngram::word_weights(last, token.hash, weight),
                    token.start,
                    token.end,
                ));
            }
            last = token.hash;
        }
        scored.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        scored
            .into_iter()
            .filter(|(weight, ..)| *weight > 0)
            .take(most)
            .map(|(_, start, end)| (start, end))
            .collect()
    }
}

fn zero_table() -> Box<[i8; TABLE_LEN]> {
    vec![0; TABLE_LEN]
        .into_boxed_slice()
        .try_into()
        .unwrap_or_else(|_| Box::new([0; TABLE_LEN]))
}

impl Fusion {
    fn read(section: &mut Reader<'_>) -> Result<Self, ModelError> {
        let inputs = section.u32()? as usize;
        if inputs != FEATURE_COUNT {
            return Err(refuse(&format!(
                "fusion of {inputs} features, this engine has {FEATURE_COUNT}"
            )));
        }
        let hidden = section.u32()? as usize;
        if hidden > HIDDEN_MAX {
            return Err(refuse(&format!("{hidden} hidden units, at most {HIDDEN_MAX}")));
        }
        let mean = array(&section.floats(inputs)?);
        let inverse_deviation = array(&section.floats(inputs)?);
        if hidden == 0 {
            let linear = array(&section.floats(inputs)?);
            return Ok(Self::linear(mean, inverse_deviation, &linear, section.finite()?));
        }
        let mut weights = Box::new([[0.0; HIDDEN_MAX]; FEATURE_COUNT]);
        for unit in 0..hidden {
            for (feature, weight) in weights.iter_mut().zip(section.floats(inputs)?) {
                if let Some(slot) = feature.get_mut(unit) {
                    *slot = weight;
                }
            }
        }
        Ok(Self {
            mean,
            inverse_deviation,
            weights,
            biases: array(&section.floats(hidden)?),
            out: array(&section.floats(hidden)?),
            out_bias: section.finite()?,
        })
    }

    /// `x` is the difference of its positive and its negative part.
    fn linear(
        mean: [f32; FEATURE_COUNT],
        inverse_deviation: [f32; FEATURE_COUNT],
        linear: &[f32; FEATURE_COUNT],
        out_bias: f32,
    ) -> Self {
        let weights = Box::new(linear.map(|weight| array(&[weight, -weight])));
        Self {
            mean,
            inverse_deviation,
            weights,
            biases: [0.0; HIDDEN_MAX],
            out: array(&[1.0, -1.0]),
            out_bias,
        }
    }

    #[inline(always)]
    fn forward(&self, row: &[f32; FEATURE_COUNT]) -> f32 {
        let mut scaled = *row;
        for ((value, mean), inverse) in scaled.iter_mut().zip(&self.mean).zip(&self.inverse_deviation) {
            // Nothing a text can hold may push one feature out of the range training saw by far.
            *value = ((*value - mean) * inverse).clamp(-8.0, 8.0);
        }
        let mut units = self.biases;
        for (value, weights) in scaled.iter().zip(self.weights.iter()) {
            for (unit, weight) in units.iter_mut().zip(weights) {
                *unit += value * weight;
            }
        }
        self.sum_up(&units)
    }

    /// What the hidden units say together. Apart, because beside it the compiler would hold the units one by one,
    /// in the order in which they are added here.
    #[inline(never)]
    fn sum_up(&self, units: &Units) -> f32 {
        units
            .iter()
            .zip(&self.out)
            .fold(self.out_bias, |sum, (unit, out)| sum + unit.max(0.0) * out)
    }
}

/// An array that starts with `values`; the rest is zero.
fn array<const N: usize>(values: &[f32]) -> [f32; N] {
    let mut array = [0.0; N];
    for (slot, value) in array.iter_mut().zip(values) {
        *slot = *value;
    }
    array
}

impl Categories {
    fn read(section: &mut Reader<'_>) -> Result<Self, ModelError> {
        let bits = section.u32()?;
        if !(8..=FEATURE_BITS).contains(&bits) {
            return Err(refuse(&format!("a category table of {bits} bits")));
        }
        let scale = section.finite()?;
        let mut bias = [0.0; CATEGORY_COLUMNS];
        for slot in &mut bias {
            *slot = section.finite()?;
        }
        let bytes = section.take(CATEGORY_COLUMNS << bits)?;
        Ok(Self {
            bits,
            scale,
            bias,
            table: bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect(),
        })
    }

    fn classify(&self, view: &View) -> u8 {
        let mut sums = [0_i32; CATEGORY_COLUMNS];
        let mut count = 0_u32;
        let mut last = 0;
        for token in &view.tokens {
            for hash in crate::ngram::category_hashes(last, token.hash) {
                let from = (hash >> (64 - self.bits)) as usize * CATEGORY_COLUMNS;
                let row = self.table.get(from..from + CATEGORY_COLUMNS).unwrap_or_default();
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum += i32::from(*weight);
                }
                count += 1;
            }
            last = token.hash;
        }
        let norm = (count.max(1) as f32).sqrt();
        let scores = sums
            .iter()
            .zip(&self.bias)
            .take(usize::from(crate::category::MODEL_CATEGORY_COUNT));
        scores
            .map(|(sum, bias)| bias + self.scale * *sum as f32 / norm)
            .zip(0_u8..)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(0, |(_, category)| category)
    }
}

fn read_knots(section: &mut Reader<'_>) -> Result<Vec<(f32, f32)>, ModelError> {
    let count = section.u32()? as usize;
    if count == 0 || count > KNOTS_MAX {
        return Err(refuse(&format!("{count} calibration knots, wanted 1 to {KNOTS_MAX}")));
    }
    let knots = (0..count)
        .map(|_| Ok((section.finite()?, section.finite()?)))
        .collect::<Result<Vec<_>, ModelError>>()?;
    let rising = knots
        .windows(2)
        .all(|pair| matches!(pair, [(x0, y0), (x1, y1)] if x0 <= x1 && y0 <= y1));
    let probabilities = knots.iter().all(|(_, y)| (0.0..=1.0).contains(y));
    if rising && probabilities {
        Ok(knots)
    } else {
        Err(refuse("calibration knots must rise, and end in [0, 1]"))
    }
}

/// Bytes not read yet.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| refuse("the file ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        self.take(N)?.try_into().map_err(|_| refuse("the file ends too early"))
    }

    fn u32(&mut self) -> Result<u32, ModelError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, ModelError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn finite(&mut self) -> Result<f32, ModelError> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(refuse("a number that is not finite"))
        }
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, ModelError> {
        (0..count).map(|_| self.finite()).collect()
    }
}

fn refuse(why: &str) -> ModelError {
    ModelError(why.to_owned())
}

//! From pieces to logits: embeddings, blocks of convolution, attention over windows, two layers.
//!
//! A text goes through in segments, so that memory is the same for every length. Each segment is computed
//! with its neighbourhood, as far as the blocks look; what that adds is thrown away.

use super::OUTPUTS;
use super::lanes::{LANES, Lanes, Line, Work};
use super::layer::{Layer, ZERO};
use super::pieces::Piece;

const HEADS_MAX: usize = 8;
const STRIDE_MAX: usize = 256;
/// Pieces of a segment, about; a whole number of strides.
const SEGMENT: usize = 128;
/// Rows of any kernel's tile, at most.
const ROWS_MAX: usize = 8;

/// Adds to each piece what it and one neighbour on either side say.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) dilation: usize,
    pub(super) layer: Layer,
}

/// Everything between pieces and logits.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) width: usize,
    pub(super) heads: usize,
    pub(super) window: usize,
    pub(super) stride: usize,
    pub(super) scales: Vec<f32>,
    pub(super) embeddings: Vec<i8>,
    pub(super) blocks: Vec<Block>,
    pub(super) queries: Vec<f32>,
    pub(super) inner: Layer,
    pub(super) outer: Layer,
}

/// What one stretch of pieces says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    /// Of the window with the highest first output.
    pub(super) outputs: [f32; OUTPUTS],
    /// The highest second output of all windows.
    pub(super) harm: f32,
    /// Pieces of that window, from and to.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Working memory; its size depends on the model alone.
#[derive(Debug, Default)]
pub(super) struct Bench {
    x: Vec<Line>,
    y: Vec<Line>,
    pools: Vec<Pool>,
    pooled: Vec<f32>,
    hidden: Vec<Line>,
}

/// What attention makes of one stride of pieces.
#[derive(Clone, Debug, Default)]
struct Pool {
    /// By head: the highest score.
    tops: [f32; HEADS_MAX],
    /// By head: the sum of the weights.
    sums: [f32; HEADS_MAX],
    /// By head: the weighted sum of the rows.
    rows: Vec<Line>,
    /// The highest number of each column.
    most: Vec<Line>,
}

/// One stretch of pieces, waiting for a kernel.
pub(super) struct Listen<'a> {
    pub(super) network: &'a Network,
    pub(super) pieces: &'a [Piece],
    pub(super) bench: &'a mut Bench,
}

impl Work for Listen<'_> {
    type Output = Option<Heard>;

    #[inline(always)]
    fn with<L: Lanes>(self, lanes: L) -> Option<Heard> {
        self.network.listen(lanes, self.pieces, self.bench)
    }
}

impl Network {
    fn groups(&self) -> usize {
        self.width.div_ceil(LANES)
    }

    fn reach(&self) -> usize {
        self.blocks.iter().map(|block| block.dilation).sum()
    }

    /// Rows of zeros on either side of a segment.
    fn margin(&self) -> usize {
        self.blocks.iter().map(|block| block.dilation).max().unwrap_or(0)
    }

    /// The outputs of the loudest window; none where there is no piece or no number.
    #[inline(always)]
    fn listen<L: Lanes>(&self, lanes: L, pieces: &[Piece], bench: &mut Bench) -> Option<Heard> {
        let segment = (SEGMENT / self.stride).max(1) * self.stride;
        self.prepare(segment, bench);
        let mut heard: Option<Heard> = None;
        let mut finished = 0;
        for start in (0..pieces.len()).step_by(segment) {
            let end = (start + segment).min(pieces.len());
            let first = start.saturating_sub(self.reach());
            let last = (end + self.reach()).min(pieces.len());
            let rows = last - first;
            self.embed(pieces.get(first..last).unwrap_or_default(), bench);
            for block in &self.blocks {
                self.convolve(lanes, block, rows, bench);
            }
            for from in (start..end).step_by(self.stride) {
                let to = (from + self.stride).min(end);
                self.pool(lanes, from - first..to - first, finished, bench);
                finished += 1;
                let strides = bench.pools.len();
                if finished >= strides || to == pieces.len() {
                    let begun = finished.saturating_sub(strides) * self.stride;
                    self.hear(lanes, finished.min(strides), begun..to, bench, &mut heard);
                }
            }
        }
        heard.filter(|heard| heard.harm.is_finite() && heard.outputs.iter().all(|value| value.is_finite()))
    }

    fn prepare(&self, segment: usize, bench: &mut Bench) {
        let rows = 2 * self.margin() + segment + 2 * self.reach() + ROWS_MAX;
        let groups = self.groups();
        bench.x.resize(rows * groups, ZERO);
        bench.y.resize(rows * groups, ZERO);
        bench.pools.resize_with(self.window / self.stride, Pool::default);
        for pool in &mut bench.pools {
            pool.rows.resize(self.heads * groups, ZERO);
            pool.most.resize(groups, ZERO);
        }
    }

    /// Writes the rows of the pieces, with nothing but zeros around them.
    #[inline(always)]
    fn embed(&self, pieces: &[Piece], bench: &mut Bench) {
        let (groups, margin) = (self.groups(), self.margin());
        let (from, to) = (margin * groups, (margin + pieces.len()) * groups);
        let behind = to + (margin + ROWS_MAX) * groups;
        for buffer in [&mut bench.x, &mut bench.y] {
            for around in [0..from, to..behind.min(buffer.len())] {
                buffer.get_mut(around).unwrap_or_default().fill(ZERO);
            }
        }
        let rows = bench.x.get_mut(from..to).unwrap_or_default().chunks_exact_mut(groups);
        for (row, piece) in rows.zip(pieces) {
            let id = piece.id as usize;
            let scale = self.scales.get(id).copied().unwrap_or(0.0);
            let bytes = self.embeddings.get(id * self.width..(id + 1) * self.width);
            let row = row.as_flattened_mut();
            for (to, from) in row.iter_mut().zip(bytes.unwrap_or_default()) {
                *to = scale * f32::from(*from);
            }
            row.get_mut(self.width..).unwrap_or_default().fill(0.0);
        }
    }

    /// Runs one block over all rows: from `x` to `y`, which then change names.
    #[inline(always)]
    fn convolve<L: Lanes>(&self, lanes: L, block: &Block, rows: usize, bench: &mut Bench) {
        let (groups, margin) = (self.groups(), self.margin());
        let Bench { x, y, .. } = bench;
        for (group, (panel, bias)) in block.layer.panels().enumerate() {
            for first in (0..rows).step_by(L::ROWS) {
                let mut sums = [*bias; ROWS_MAX];
                for (side, panel) in panel.chunks_exact(self.width).enumerate() {
                    let at = margin + first + side * block.dilation - block.dilation;
                    let mut tile: [&[f32]; ROWS_MAX] = [&[]; ROWS_MAX];
                    let from = x.get(at * groups..).unwrap_or_default().chunks_exact(groups);
                    for (slot, row) in tile.iter_mut().zip(from).take(L::ROWS) {
                        *slot = row.as_flattened().get(..self.width).unwrap_or_default();
                    }
                    lanes.tile(&tile, panel, &mut sums);
                }
                let at = (margin + first) * groups + group;
                let old = x.get(at..).unwrap_or_default().iter().step_by(groups);
                let new = y.get_mut(at..).unwrap_or_default().iter_mut().step_by(groups);
                for ((new, old), sum) in new.zip(old).zip(&sums).take(L::ROWS.min(rows - first)) {
                    let positive = lanes.max(lanes.load(sum), lanes.load(&ZERO));
                    lanes.store(lanes.add(lanes.load(old), positive), new);
                }
            }
        }
        std::mem::swap(&mut bench.x, &mut bench.y);
    }

    /// Sums up the rows of one stride.
    #[inline(always)]
    fn pool<L: Lanes>(&self, lanes: L, rows: std::ops::Range<usize>, number: usize, bench: &mut Bench) {
        let (groups, margin) = (self.groups(), self.margin());
        let Bench { x, pools, .. } = bench;
        let strides = pools.len().max(1);
        let Some(pool) = pools.get_mut(number % strides) else {
            return;
        };
        let x = x
            .get((margin + rows.start) * groups..(margin + rows.end) * groups)
            .unwrap_or_default();
        pool.most.fill([f32::MIN; LANES]);
        pool.rows.fill(ZERO);
        for row in x.chunks_exact(groups) {
            for (most, line) in pool.most.iter_mut().zip(row) {
                lanes.store(lanes.max(lanes.load(most), lanes.load(line)), most);
            }
        }
        let mut weights = [0.0; STRIDE_MAX];
        let weights = weights.get_mut(..rows.len()).unwrap_or_default();
        let heads = self
            .queries
            .chunks_exact(self.width)
            .zip(pool.rows.chunks_exact_mut(groups));
        for ((query, sum), (top, total)) in heads.zip(pool.tops.iter_mut().zip(&mut pool.sums)) {
            *top = f32::MIN;
            for (weight, row) in weights.iter_mut().zip(x.chunks_exact(groups)) {
                *weight = dot(query, row.as_flattened());
                *top = top.max(*weight);
            }
            for weight in weights.iter_mut() {
                *weight = exp(*weight - *top);
            }
            *total = weights.iter().sum();
            for (weight, row) in weights.iter().zip(x.chunks_exact(groups)) {
                for (sum, line) in sum.iter_mut().zip(row) {
                    lanes.store(
                        lanes.mul_add(lanes.splat(*weight), lanes.load(line), lanes.load(sum)),
                        sum,
                    );
                }
            }
        }
    }

    /// Computes the window that the first `strides` pools make up, and keeps it if it is the loudest.
    #[inline(always)]
    fn hear<L: Lanes>(
        &self,
        lanes: L,
        strides: usize,
        pieces: std::ops::Range<usize>,
        bench: &mut Bench,
        heard: &mut Option<Heard>,
    ) {
        let groups = self.groups();
        let Bench {
            pools, pooled, hidden, ..
        } = bench;
        let pools = pools.get(..strides).unwrap_or_default();
        pooled.clear();
        for head in 0..self.heads {
            let of = |values: &[f32; HEADS_MAX]| values.get(head).copied().unwrap_or(0.0);
            let top = pools.iter().map(|pool| of(&pool.tops)).fold(f32::MIN, f32::max);
            let mut mean = [0.0; 128];
            let mut total = 0.0;
            for pool in pools {
                let share = exp(of(&pool.tops) - top);
                total += share * of(&pool.sums);
                let rows = pool.rows.get(head * groups..).unwrap_or_default().as_flattened();
                for (mean, value) in mean.iter_mut().zip(rows).take(self.width) {
                    *mean += share * value;
                }
            }
            pooled.extend(mean.iter().take(self.width).map(|value| value / total));
        }
        for column in 0..self.width {
            let values = pools.iter().filter_map(|pool| pool.most.as_flattened().get(column));
            pooled.push(values.copied().fold(f32::MIN, f32::max));
        }
        self.inner.apply(lanes, pooled, hidden);
        pooled.clear();
        pooled.extend(
            hidden
                .as_flattened()
                .iter()
                .take(self.outer.inputs)
                .map(|unit| unit.max(0.0)),
        );
        self.outer.apply(lanes, pooled, hidden);
        let Some(outputs) = hidden.as_flattened().first_chunk::<OUTPUTS>() else {
            return;
        };
        note(heard, outputs, pieces);
    }
}

fn note(heard: &mut Option<Heard>, outputs: &[f32; OUTPUTS], pieces: std::ops::Range<usize>) {
    let [attack, harm, ..] = *outputs;
    let known = heard.map_or((f32::NEG_INFINITY, f32::NEG_INFINITY), |heard| {
        (heard.outputs.first().copied().unwrap_or(f32::NEG_INFINITY), heard.harm)
    });
    match heard {
        Some(heard) if attack <= known.0 => heard.harm = heard.harm.max(harm),
        _ => {
            *heard = Some(Heard {
                outputs: *outputs,
                harm: harm.max(known.1),
                from: pieces.start,
                to: pieces.end,
            });
        }
    }
}

/// The products of two rows, summed in sixteen parts that are then added in pairs.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut parts = [0.0_f32; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for ((part, a), b) in parts.iter_mut().zip(a).zip(b) {
            *part += a * b;
        }
    }
    let mut width = parts.len() / 2;
    while width > 0 {
        let (low, high) = parts.split_at_mut(width);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        width /= 2;
    }
    parts.first().copied().unwrap_or(0.0)
}

/// The exponential function of a number that is not positive, the same on every processor.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Adding and taking away this number rounds to a whole one.
    const ROUND: f32 = 12_582_912.0;
    let x = x.max(-87.0);
    let whole = x * std::f32::consts::LOG2_E + ROUND;
    let power = whole - ROUND;
    let rest = (x - power * 0.693_359_4) + power * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        sum = sum * rest + coefficient;
    }
    let near_one = sum * rest * rest + rest + 1.0;
    // The lowest bits of `whole` are the power of two.
    near_one * f32::from_bits((whole.to_bits() << 23).wrapping_add(0x3f80_0000))
}

#[cfg(test)]
mod tests {
    use super::{Bench, Block, Heard, Layer, Listen, Network, exp};
    use crate::dense::lanes::{Portable, Work};
    use crate::dense::pieces::Piece;

    const WIDTH: usize = 48;

    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % 2001) as f32 / 10_000.0 - 0.1
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    fn network() -> Network {
        let block = |seed, dilation| Block {
            dilation,
            layer: Layer::new(&numbers(seed, 3 * WIDTH * WIDTH), &numbers(seed + 1, WIDTH)),
        };
        Network {
            width: WIDTH,
            heads: 3,
            window: 64,
            stride: 32,
            scales: vec![0.01; 50],
            embeddings: (0..50 * WIDTH)
                .map(|at| ((at * 97 % 251) as u8).cast_signed())
                .collect(),
            blocks: vec![block(3, 1), block(5, 2)],
            queries: numbers(7, 3 * WIDTH),
            inner: Layer::new(&numbers(9, 4 * WIDTH * 33), &numbers(10, 33)),
            outer: Layer::new(&numbers(11, 33 * 9), &numbers(12, 9)),
        }
    }

    fn said(heard: Option<Heard>) -> Vec<f32> {
        heard.map_or_else(Vec::new, |heard| [&heard.outputs[..], &[heard.harm]].concat())
    }

    #[test]
    fn every_kernel_gives_the_same_outputs() {
        let network = network();
        let mut bench = Bench::default();
        for count in [0, 1, 5, 6, 31, 64, 65, 128, 129, 700] {
            let pieces: Vec<Piece> = (0..count)
                .map(|at| Piece {
                    id: at * 31 % 50,
                    start: at,
                    end: at + 1,
                })
                .collect();
            let mut listen = |kernel: u8| {
                let work = Listen {
                    network: &network,
                    pieces: &pieces,
                    bench: &mut bench,
                };
                #[cfg(target_arch = "x86_64")]
                {
                    use crate::dense::lanes::x86::{Avx2, Avx512};
                    if let (1, Some(lanes)) = (kernel, Avx2::detect()) {
                        return Some(said(work.with(lanes)));
                    }
                    if let (2, Some(lanes)) = (kernel, Avx512::detect()) {
                        return Some(said(work.with(lanes)));
                    }
                }
                (kernel == 0).then(|| said(work.with(Portable)))
            };
            let plain = listen(0).unwrap_or_default();
            assert_eq!(plain.is_empty(), count == 0);
            let (half, wide) = (listen(1), listen(2));
            if let (Some(half), Some(wide)) = (&half, &wide) {
                assert_eq!(half, wide);
            }
            for fused in [half, wide].into_iter().flatten() {
                assert_eq!(fused.len(), plain.len());
                for (fused, plain) in fused.iter().zip(&plain) {
                    assert!((fused - plain).abs() < 1e-4 * plain.abs().max(1.0), "{fused} {plain}");
                }
            }
        }
    }

    #[test]
    fn the_exponential_function_is_one() {
        for at in 0..2000 {
            let x = -0.043 * at as f32;
            let (mine, right) = (exp(x), f64::from(x).exp());
            assert!((f64::from(mine) - right).abs() <= 3e-7 * right + 1e-37, "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }
}

//! Layers of weights, laid out for the kernels.

use super::lanes::{LANES, Lanes, Line};

pub(super) const ZERO: Line = [0.0; LANES];

/// A linear layer whose outputs are computed a line at a time.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    /// By group of outputs, then by input.
    panels: Vec<Line>,
    /// By group of outputs.
    bias: Vec<Line>,
}

impl Layer {
    /// `weights` are by input, then by output.
    pub(super) fn new(weights: &[f32], bias: &[f32]) -> Self {
        let outputs = bias.len().max(1);
        let rows: Vec<&[f32]> = weights.chunks_exact(outputs).collect();
        let groups = outputs.div_ceil(LANES);
        let panels = (0..groups).flat_map(|group| rows.iter().map(move |row| line(row, group)));
        Self {
            inputs: rows.len(),
            panels: panels.collect(),
            bias: (0..groups).map(|group| line(bias, group)).collect(),
        }
    }

    pub(super) fn panels(&self) -> impl Iterator<Item = (&[Line], &Line)> {
        self.panels.chunks_exact(self.inputs).zip(&self.bias)
    }

    /// The layer of one row.
    #[inline(always)]
    pub(super) fn apply<L: Lanes>(&self, lanes: L, row: &[f32], outputs: &mut Vec<Line>) {
        outputs.clear();
        for (panel, bias) in self.panels() {
            // Four sums, because each addition waits for the one before.
            let mut sums = [
                lanes.load(bias),
                lanes.load(&ZERO),
                lanes.load(&ZERO),
                lanes.load(&ZERO),
            ];
            for (lines, values) in panel.chunks(4).zip(row.chunks(4)) {
                for ((sum, line), value) in sums.iter_mut().zip(lines).zip(values) {
                    *sum = lanes.mul_add(lanes.splat(*value), lanes.load(line), *sum);
                }
            }
            let [a, b, c, d] = sums;
            let mut output = ZERO;
            lanes.store(lanes.add(lanes.add(a, b), lanes.add(c, d)), &mut output);
            outputs.push(output);
        }
    }
}

/// The numbers of one group, zeros behind the last.
fn line(row: &[f32], group: usize) -> Line {
    let mut line = ZERO;
    for (to, from) in line.iter_mut().zip(row.iter().skip(group * LANES)) {
        *to = *from;
    }
    line
}

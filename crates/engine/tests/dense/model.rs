//! A dense model small enough to be written in a test, and what it should say, computed the plain way.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use aidefence_engine::dense::crc32;

pub(crate) const OUTPUTS: usize = 9;
const MARK: char = '\u{2581}';

/// Numbers that are the same in every run.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// Between −1 and 1.
    pub(crate) fn number(&mut self) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 - 1.0
    }

    fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * size).collect()
    }
}

/// Everything that a model file holds.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) hidden: usize,
    pub(crate) window: usize,
    pub(crate) stride: usize,
    pub(crate) chunk: usize,
    pub(crate) dilations: Vec<usize>,
    pub(crate) pieces: Vec<String>,
    pub(crate) scores: Vec<f32>,
    scales: Vec<f32>,
    embeddings: Vec<i8>,
    blocks: Vec<(Vec<f32>, Vec<f32>)>,
    queries: Vec<f32>,
    inner: (Vec<f32>, Vec<f32>),
    outer: (Vec<f32>, Vec<f32>),
    pub(crate) card: String,
}

/// What the model says: outputs of the loudest window, harm of all, and the pieces of that window.
pub(crate) struct Said {
    pub(crate) outputs: [f64; OUTPUTS],
    pub(crate) harm: f64,
    pub(crate) window: std::ops::Range<usize>,
    /// By how much the loudest window is louder than the next.
    pub(crate) margin: f64,
}

impl Model {
    pub(crate) fn random(seed: u64, width: usize, heads: usize, hidden: usize, dilations: &[usize]) -> Self {
        let mut dice = Dice(seed);
        let words = [
            "ignore",
            "all",
            "previous",
            "instructions",
            "the",
            "weather",
            "задание",
            "忽略",
            "a",
            "i",
            "g",
        ];
        let mut pieces = vec![String::from("<unk>"), String::from(MARK)];
        for word in words {
            pieces.push(format!("{MARK}{word}"));
            pieces.push(word.to_owned());
        }
        pieces.extend(
            [
                "ign", "ore", "ing", "pre", "vious", "struct", "за", "да", "ние", "略", "e", "n",
            ]
            .map(str::to_owned),
        );
        let count = pieces.len();
        let scores = (0..count).map(|_| -6.0 + 4.0 * dice.number()).collect::<Vec<_>>();
        let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let scores = std::iter::once(least - 10.0)
            .chain(scores.into_iter().skip(1))
            .collect();
        Self {
            width,
            heads,
            hidden,
            window: 64,
            stride: 32,
            chunk: 48,
            dilations: dilations.to_vec(),
            pieces,
            scores,
            scales: (0..count).map(|_| 0.01 + 0.005 * dice.number()).collect(),
            embeddings: (0..count * width)
                .map(|_| (dice.below(255) as i16 - 127) as i8)
                .collect(),
            blocks: dilations
                .iter()
                .map(|_| (dice.numbers(width, 0.3), dice.numbers(3 * width * width, 0.12)))
                .collect(),
            queries: dice.numbers(heads * width, 0.5),
            inner: (
                dice.numbers((heads + 1) * width * hidden, 0.1),
                dice.numbers(hidden, 0.1),
            ),
            outer: (dice.numbers(hidden * OUTPUTS, 0.5), dice.numbers(OUTPUTS, 0.1)),
            card: String::from("{\"name\":\"tiny\"}"),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"AIDD".to_vec();
        let sizes = [
            1,
            self.pieces.len(),
            self.width,
            self.dilations.len(),
            self.heads,
            self.hidden,
            OUTPUTS,
            self.window,
            self.stride,
            self.chunk,
        ];
        for size in sizes.iter().chain(&self.dilations) {
            bytes.extend((*size as u32).to_le_bytes());
        }
        let mut end = 0;
        for len in std::iter::once(0).chain(self.pieces.iter().map(String::len)) {
            end += len as u32;
            bytes.extend(end.to_le_bytes());
        }
        bytes.extend(self.pieces.concat().as_bytes());
        pad(&mut bytes);
        floats(&mut bytes, &self.scores);
        floats(&mut bytes, &self.scales);
        bytes.extend(self.embeddings.iter().map(|value| value.cast_unsigned()));
        pad(&mut bytes);
        for (bias, weights) in &self.blocks {
            floats(&mut bytes, bias);
            floats(&mut bytes, weights);
        }
        floats(&mut bytes, &self.queries);
        for (weights, bias) in [&self.inner, &self.outer] {
            floats(&mut bytes, weights);
            floats(&mut bytes, bias);
        }
        bytes.extend((self.card.len() as u32).to_le_bytes());
        bytes.extend(self.card.as_bytes());
        pad(&mut bytes);
        seal(bytes)
    }

    /// The ids of the pieces of a normalised text, by trying every way to cut it.
    pub(crate) fn cut(&self, text: &str) -> Vec<u32> {
        let known: HashMap<&str, usize> = self
            .pieces
            .iter()
            .enumerate()
            .skip(1)
            .map(|(id, it)| (it.as_str(), id))
            .collect();
        let mut ids = Vec::new();
        let words = text.split(|letter: char| letter.is_whitespace() || letter == MARK);
        for word in words.filter(|word| !word.is_empty()) {
            let letters: Vec<char> = std::iter::once(MARK).chain(word.chars()).collect();
            for chunk in letters.chunks(self.chunk) {
                ids.extend(self.cut_chunk(chunk, &known));
            }
        }
        ids
    }

    fn cut_chunk(&self, chunk: &[char], known: &HashMap<&str, usize>) -> Vec<u32> {
        let mut best: Vec<Option<(f64, usize, u32)>> = vec![None; chunk.len() + 1];
        best[0] = Some((0.0, 0, 0));
        for start in 0..chunk.len() {
            let before = best[start].unwrap().0;
            for end in start + 1..=chunk.len() {
                let name: String = chunk[start..end].iter().collect();
                let id = match known.get(name.as_str()) {
                    Some(id) => *id,
                    None if end == start + 1 => 0,
                    None => continue,
                };
                let score = before + f64::from(self.scores[id]);
                if best[end].is_none_or(|(known, ..)| score > known) {
                    best[end] = Some((score, start, id as u32));
                }
            }
        }
        let (mut ids, mut end) = (Vec::new(), chunk.len());
        while end > 0 {
            let (_, start, id) = best[end].unwrap();
            ids.push(id);
            end = start;
        }
        ids.reverse();
        ids.dedup_by(|a, b| *a == 0 && *b == 0);
        ids
    }

    /// What the model says of pieces; none of no pieces.
    pub(crate) fn say(&self, ids: &[u32]) -> Option<Said> {
        let mut x: Vec<Vec<f64>> = ids.iter().map(|id| self.embedding(*id as usize)).collect();
        for ((bias, weights), dilation) in self.blocks.iter().zip(&self.dilations) {
            x = self.convolve(&x, bias, weights, *dilation);
        }
        let count = (x.len().saturating_sub(self.window - self.stride))
            .div_ceil(self.stride)
            .max(1);
        let mut said: Option<Said> = None;
        for number in 0..count {
            let from = number * self.stride;
            let window = from..(from + self.window).min(x.len());
            if window.is_empty() {
                return None;
            }
            let outputs = self.outputs(&x[window.clone()]);
            let known = said.as_ref().map_or(f64::NEG_INFINITY, |said| said.outputs[0]);
            let harm = said.as_ref().map_or(outputs[1], |said| said.harm.max(outputs[1]));
            let margin = (outputs[0] - known)
                .abs()
                .min(said.as_ref().map_or(f64::INFINITY, |said| said.margin));
            if outputs[0] > known {
                said = Some(Said {
                    outputs,
                    harm,
                    window,
                    margin,
                });
            } else if let Some(said) = &mut said {
                (said.harm, said.margin) = (harm, margin);
            }
        }
        said
    }

    fn embedding(&self, id: usize) -> Vec<f64> {
        let row = &self.embeddings[id * self.width..(id + 1) * self.width];
        row.iter()
            .map(|value| f64::from(*value) * f64::from(self.scales[id]))
            .collect()
    }

    fn convolve(&self, x: &[Vec<f64>], bias: &[f32], weights: &[f32], dilation: usize) -> Vec<Vec<f64>> {
        let at = |place: usize, side: usize| (place + side * dilation).checked_sub(dilation).and_then(|at| x.get(at));
        (0..x.len())
            .map(|place| {
                let output = |to: usize| {
                    let mut sum = f64::from(bias[to]);
                    for side in 0..3 {
                        let Some(row) = at(place, side) else { continue };
                        for (from, value) in row.iter().enumerate() {
                            sum += value * f64::from(weights[(side * self.width + from) * self.width + to]);
                        }
                    }
                    x[place][to] + sum.max(0.0)
                };
                (0..self.width).map(output).collect()
            })
            .collect()
    }

    fn outputs(&self, window: &[Vec<f64>]) -> [f64; OUTPUTS] {
        let mut pooled = Vec::new();
        for query in self.queries.chunks(self.width) {
            let score = |row: &Vec<f64>| row.iter().zip(query).map(|(a, b)| a * f64::from(*b)).sum::<f64>();
            let weights: Vec<f64> = window.iter().map(|row| score(row).exp()).collect();
            let total: f64 = weights.iter().sum();
            for column in 0..self.width {
                pooled.push(
                    window
                        .iter()
                        .zip(&weights)
                        .map(|(row, weight)| row[column] * weight)
                        .sum::<f64>()
                        / total,
                );
            }
        }
        for column in 0..self.width {
            pooled.push(window.iter().map(|row| row[column]).fold(f64::NEG_INFINITY, f64::max));
        }
        let hidden: Vec<f64> = layer(&self.inner, &pooled)
            .into_iter()
            .map(|unit| unit.max(0.0))
            .collect();
        layer(&self.outer, &hidden).try_into().unwrap()
    }
}

fn layer((weights, bias): &(Vec<f32>, Vec<f32>), row: &[f64]) -> Vec<f64> {
    let sum = |to: usize| {
        let parts = row
            .iter()
            .enumerate()
            .map(|(from, value)| value * f64::from(weights[from * bias.len() + to]));
        parts.sum::<f64>() + f64::from(bias[to])
    };
    (0..bias.len()).map(sum).collect()
}

/// Puts the checksum behind the bytes.
pub(crate) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = crc32(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn floats(bytes: &mut Vec<u8>, values: &[f32]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

//! The file of the dense model, `tier2.aidd`: everything in it is checked before anything is used.
//!
//! Little-endian, each section on a multiple of four bytes: magic, version and sizes; dilations; pieces
//! (offsets, bytes, scores); embeddings (a scale a row, then rows of one byte a number); blocks; queries;
//! the two layers behind the pooling; the card as JSON; the CRC-32 of all of it.

use std::ops::RangeInclusive;

use super::forward::{Block, Network};
use super::layer::Layer;
use super::pieces::Pieces;
use super::{Dense, OUTPUTS};
use crate::model::ModelError;

const MAGIC: &[u8; 4] = b"AIDD";
const VERSION: u32 = 1;
const PIECES_MAX: usize = 1 << 20;
const CARD_BYTES_MAX: usize = 1 << 20;
/// How far, in pieces, all blocks together may look to either side.
const REACH_MAX: usize = 64;

/// What the file says of its sections.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    pieces: usize,
    width: usize,
    blocks: usize,
    heads: usize,
    hidden: usize,
    window: usize,
    stride: usize,
    chunk: usize,
}

impl Dense {
    /// Reads a model file.
    ///
    /// # Errors
    /// A wrong magic, version, size or checksum; a piece that is no text or stands twice; a number that is
    /// not finite.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut reader = Reader { all: bytes, at: 0 };
        if reader.take(4, "the magic")? != MAGIC {
            return Err(refuse("not a dense model: the first four bytes are not `AIDD`"));
        }
        let version = reader.u32("the format")?;
        if version != VERSION {
            return Err(refuse(&format!(
                "dense model format {version}, this engine reads {VERSION}"
            )));
        }
        check_sum(bytes)?;
        let sizes = Sizes::read(&mut reader)?;
        let dilations = read_dilations(&mut reader, &sizes)?;
        let pieces = read_pieces(&mut reader, &sizes)?;
        let scales = reader.floats(sizes.pieces, "embedding scales")?;
        let embeddings = reader.take_padded(sizes.pieces * sizes.width, "embeddings")?;
        let network = Network {
            width: sizes.width,
            heads: sizes.heads,
            window: sizes.window,
            stride: sizes.stride,
            scales,
            embeddings: embeddings.iter().map(|byte| i8::from_le_bytes([*byte])).collect(),
            blocks: dilations
                .into_iter()
                .map(|dilation| read_block(&mut reader, sizes.width, dilation))
                .collect::<Result<_, _>>()?,
            queries: reader.floats(sizes.heads * sizes.width, "queries")?,
            inner: read_layer(
                &mut reader,
                (sizes.heads + 1) * sizes.width,
                sizes.hidden,
                "hidden layer",
            )?,
            outer: read_layer(&mut reader, sizes.hidden, OUTPUTS, "output layer")?,
        };
        let card = read_card(&mut reader)?;
        reader.u32("the checksum")?;
        if reader.at != bytes.len() {
            return Err(refuse("bytes behind the checksum"));
        }
        Ok(Self { pieces, network, card })
    }
}

impl Sizes {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let pieces = reader.size("pieces", 2..=PIECES_MAX)?;
        let width = reader.size("numbers of an embedding", 16..=128)?;
        let blocks = reader.size("blocks", 0..=8)?;
        let heads = reader.size("heads", 1..=8)?;
        let hidden = reader.size("hidden units", 1..=256)?;
        reader.size("outputs", OUTPUTS..=OUTPUTS)?;
        let window = reader.size("pieces of a window", 1..=2048)?;
        let stride = reader.size("pieces of a stride", 1..=256)?;
        let chunk = reader.size("characters of a chunk", 1..=256)?;
        if !width.is_multiple_of(16) {
            return Err(refuse(&format!(
                "embeddings of {width} numbers, expected a multiple of 16"
            )));
        }
        if !window.is_multiple_of(stride) || window / stride > 8 {
            return Err(refuse(&format!(
                "windows of {window} pieces every {stride}, expected 1 to 8 strides a window"
            )));
        }
        Ok(Self {
            pieces,
            width,
            blocks,
            heads,
            hidden,
            window,
            stride,
            chunk,
        })
    }
}

fn read_dilations(reader: &mut Reader<'_>, sizes: &Sizes) -> Result<Vec<usize>, ModelError> {
    let dilations = (0..sizes.blocks)
        .map(|_| reader.size("the dilation of a block", 1..=REACH_MAX))
        .collect::<Result<Vec<_>, _>>()?;
    let reach: usize = dilations.iter().sum();
    if reach > REACH_MAX {
        return Err(refuse(&format!(
            "blocks that look {reach} pieces aside, at most {REACH_MAX}"
        )));
    }
    Ok(dilations)
}

fn read_pieces(reader: &mut Reader<'_>, sizes: &Sizes) -> Result<Pieces, ModelError> {
    let offsets = reader.take((sizes.pieces + 1) * 4, "piece offsets")?;
    let (offsets, _) = offsets.as_chunks::<4>();
    let offsets: Vec<usize> = offsets.iter().map(|word| u32::from_le_bytes(*word) as usize).collect();
    let total = offsets.last().copied().unwrap_or(0);
    let bytes = reader.take_padded(total, "piece bytes")?;
    let names = offsets
        .windows(2)
        .map(|pair| {
            let [from, to] = pair else { return None };
            bytes.get(*from..*to)
        })
        .collect::<Option<Vec<_>>>();
    let Some(names) = names.filter(|_| offsets.first() == Some(&0)) else {
        return Err(refuse("piece offsets must rise from 0"));
    };
    let scores = reader.floats(sizes.pieces, "piece scores")?;
    Pieces::build(&names, scores, sizes.chunk).map_err(|why| refuse(&why))
}

fn read_block(reader: &mut Reader<'_>, width: usize, dilation: usize) -> Result<Block, ModelError> {
    let bias = reader.floats(width, "the bias of a block")?;
    let weights = reader.floats(3 * width * width, "the weights of a block")?;
    Ok(Block {
        dilation,
        layer: Layer::new(&weights, &bias),
    })
}

fn read_layer(reader: &mut Reader<'_>, inputs: usize, outputs: usize, what: &str) -> Result<Layer, ModelError> {
    let weights = reader.floats(inputs * outputs, what)?;
    let bias = reader.floats(outputs, what)?;
    Ok(Layer::new(&weights, &bias))
}

fn read_card(reader: &mut Reader<'_>) -> Result<String, ModelError> {
    let len = reader.size("bytes of the card", 0..=CARD_BYTES_MAX)?;
    let card = reader.take_padded(len, "the card")?;
    let card = std::str::from_utf8(card).map_err(|_| refuse("the card is not UTF-8"))?;
    Ok(card.to_owned())
}

fn check_sum(bytes: &[u8]) -> Result<(), ModelError> {
    let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
        return Err(refuse("the file ends too early"));
    };
    if crc32(body) == u32::from_le_bytes(*sum) {
        Ok(())
    } else {
        Err(refuse("the checksum does not fit: the file is damaged"))
    }
}

/// CRC-32 as zlib has it, eight bytes at a time.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLES: [[u32; 256]; 8] = crc_tables();
    let pick = |table: usize, byte: u32| -> u32 {
        let row = TABLES.get(table).and_then(|row| row.get((byte & 0xff) as usize));
        row.copied().unwrap_or(0)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut sum = u32::MAX;
    for word in words {
        let [a, b, c, d, e, f, g, h] = *word;
        let low = u32::from_le_bytes([a, b, c, d]) ^ sum;
        let high = u32::from_le_bytes([e, f, g, h]);
        sum = pick(7, low) ^ pick(6, low >> 8) ^ pick(5, low >> 16) ^ pick(4, low >> 24);
        sum ^= pick(3, high) ^ pick(2, high >> 8) ^ pick(1, high >> 16) ^ pick(0, high >> 24);
    }
    for byte in rest {
        sum = (sum >> 8) ^ pick(0, sum ^ u32::from(*byte));
    }
    !sum
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time, where a wrong index is an error of the compiler"
)]
const fn crc_tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// A place in the bytes.
struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], ModelError> {
        let taken = self
            .at
            .checked_add(count)
            .and_then(|end| self.all.get(self.at..end))
            .ok_or_else(|| refuse(&format!("the file ends too early, in {what}")))?;
        self.at += count;
        Ok(taken)
    }

    /// Takes bytes, and the zero bytes behind them up to a multiple of four.
    fn take_padded(&mut self, count: usize, what: &str) -> Result<&'a [u8], ModelError> {
        let taken = self.take(count, what)?;
        let padding = self.take(self.at.next_multiple_of(4) - self.at, what)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(refuse(&format!("bytes that are not zero behind {what}")));
        }
        Ok(taken)
    }

    fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        let bytes = self.take(4, what)?.first_chunk::<4>();
        Ok(bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes)))
    }

    fn size(&mut self, what: &str, allowed: RangeInclusive<usize>) -> Result<usize, ModelError> {
        let size = self.u32(what)? as usize;
        if allowed.contains(&size) {
            return Ok(size);
        }
        let (low, high) = allowed.into_inner();
        Err(refuse(&format!("{what}: {size}, expected {low} to {high}")))
    }

    fn floats(&mut self, count: usize, what: &str) -> Result<Vec<f32>, ModelError> {
        let (words, _) = self.take(count * 4, what)?.as_chunks::<4>();
        let floats: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        if floats.iter().all(|value| value.is_finite()) {
            Ok(floats)
        } else {
            Err(refuse(&format!("a number that is not finite, in {what}")))
        }
    }
}

fn refuse(why: &str) -> ModelError {
    ModelError(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn sums_are_those_of_zlib() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(&[7; 100]), 0x2fcb_0660);
    }
}

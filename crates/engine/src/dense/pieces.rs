//! Words cut into the likeliest pieces: a unigram model over a trie of all pieces.

use crate::text::narrow;

/// The piece for what no piece knows.
pub(super) const UNKNOWN: u32 = 0;
/// Stands before each word.
pub(super) const MARK: &str = "\u{2581}";
const PIECE_BYTES_MAX: usize = 255;
pub(super) const NONE: u32 = u32::MAX;
/// Up to so many children, looking at one after the other is faster than a call.
const SCAN_MAX: usize = 12;

/// A piece of a text, in bytes of the normalised text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its number in the model.
    pub id: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Working memory of the cut.
#[derive(Debug, Default)]
pub(super) struct Bench {
    chunk: Vec<u8>,
    best: Vec<Step>,
}

/// The best way to a byte of a chunk.
#[derive(Clone, Copy, Debug)]
struct Step {
    score: f64,
    from: u32,
    id: u32,
}

const UNREACHED: Step = Step {
    score: f64::NEG_INFINITY,
    from: 0,
    id: NONE,
};

#[derive(Clone, Copy, Debug)]
struct Node {
    /// Its first child; the last one stands before the first child of the next node.
    children: u32,
    /// The piece that ends here, or none.
    end: u32,
}

/// All pieces: a trie whose nodes stand level by level, so that the children of a node are neighbours.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// By node: the byte that leads to it.
    labels: Vec<u8>,
    nodes: Vec<Node>,
    /// By first byte: its node, or none.
    roots: Box<[u32; 256]>,
    scores: Vec<f32>,
    chunk: usize,
}

impl Pieces {
    /// Builds the trie. `chunk` is how many characters of a word are looked at together.
    pub(super) fn build(names: &[&[u8]], scores: Vec<f32>, chunk: usize) -> Result<Self, String> {
        let sorted = sorted(names)?;
        let mut pieces = Self {
            labels: vec![0],
            nodes: Vec::new(),
            roots: Box::new([NONE; 256]),
            scores,
            chunk,
        };
        // One level after the other; a node is the range of pieces that begin with it.
        let mut level = vec![(0, narrow(sorted.len()))];
        let mut depth = 0;
        while !level.is_empty() {
            level = pieces.grow(names, &sorted, &level, depth)?;
            depth += 1;
        }
        pieces.nodes.push(Node {
            children: narrow(pieces.labels.len()),
            end: NONE,
        });
        for node in pieces.below(0) {
            if let Some(root) = pieces
                .labels
                .get(node)
                .and_then(|label| pieces.roots.get_mut(usize::from(*label)))
            {
                *root = narrow(node);
            }
        }
        pieces.labels.shrink_to_fit();
        pieces.nodes.shrink_to_fit();
        Ok(pieces)
    }

    /// Finishes the nodes of a level, and gives those of the next.
    fn grow(
        &mut self,
        names: &[&[u8]],
        sorted: &[u32],
        level: &[(u32, u32)],
        depth: usize,
    ) -> Result<Vec<(u32, u32)>, String> {
        let name = |at: u32| -> &[u8] {
            let id = sorted.get(at as usize).copied().unwrap_or(UNKNOWN);
            names.get(id as usize).copied().unwrap_or_default()
        };
        let mut next = Vec::new();
        for (from, to) in level {
            let mut at = *from;
            let mut end = NONE;
            while at < *to && name(at).len() == depth {
                if end != NONE {
                    return Err(format!("piece `{}` stands twice", String::from_utf8_lossy(name(at))));
                }
                end = sorted.get(at as usize).copied().unwrap_or(NONE);
                at += 1;
            }
            self.nodes.push(Node {
                children: narrow(self.labels.len()),
                end,
            });
            while at < *to {
                let label = name(at).get(depth).copied().unwrap_or(0);
                let first = at;
                while at < *to && name(at).get(depth) == Some(&label) {
                    at += 1;
                }
                self.labels.push(label);
                next.push((first, at));
            }
        }
        Ok(next)
    }

    fn below(&self, node: usize) -> std::ops::Range<usize> {
        match self.nodes.get(node..node + 2) {
            Some([this, next]) => this.children as usize..next.children as usize,
            _ => 0..0,
        }
    }

    /// The node that a first byte leads to, or [`NONE`].
    pub(super) fn root(&self, byte: u8) -> Option<u32> {
        self.roots.get(usize::from(byte)).copied()
    }

    /// The piece that ends at a node.
    pub(super) fn piece_at(&self, node: usize) -> Option<u32> {
        self.nodes.get(node).map(|node| node.end).filter(|id| *id != NONE)
    }

    #[inline]
    pub(super) fn child(&self, node: usize, byte: u8) -> Option<usize> {
        let below = self.below(node);
        let from = below.start;
        let labels = self.labels.get(below)?;
        let at = if labels.len() <= SCAN_MAX {
            labels.iter().position(|label| *label == byte)
        } else {
            memchr::memchr(byte, labels)
        };
        at.map(|at| from + at)
    }

    /// Cuts `text`, which starts at byte `base` of the normalised text, and appends at most `most` pieces.
    /// Says whether all of it was cut.
    pub(super) fn cut(&self, text: &str, base: usize, most: usize, bench: &mut Bench, pieces: &mut Vec<Piece>) -> bool {
        let most = pieces.len() + most;
        let is_space = |letter: char| letter.is_whitespace() || letter == '\u{2581}';
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            let mut at = base + (word.as_ptr().addr() - text.as_ptr().addr());
            let mut rest = word;
            let mut room = self.chunk - 1;
            bench.chunk.clear();
            bench.chunk.extend(MARK.as_bytes());
            // A chunk may be nothing but the mark.
            loop {
                let len = rest.char_indices().nth(room).map_or(rest.len(), |(len, _)| len);
                let (part, behind) = rest.split_at_checked(len).unwrap_or((rest, ""));
                let mark = bench.chunk.len();
                bench.chunk.extend(part.as_bytes());
                self.cut_chunk(at, mark, bench, pieces);
                if pieces.len() >= most {
                    let unread = text.get(at + len - base..).unwrap_or_default();
                    let whole = pieces.len() == most && unread.chars().all(is_space);
                    pieces.truncate(most);
                    return whole;
                }
                if behind.is_empty() {
                    break;
                }
                at += len;
                rest = behind;
                room = self.chunk;
                bench.chunk.clear();
            }
        }
        true
    }

    /// Finds the likeliest pieces of a chunk whose first `mark` bytes do not stand in the text.
    fn cut_chunk(&self, at: usize, mark: usize, bench: &mut Bench, pieces: &mut Vec<Piece>) {
        let Bench { chunk, best } = bench;
        best.clear();
        best.resize(chunk.len() + 1, UNREACHED);
        if let Some(start) = best.first_mut() {
            start.score = 0.0;
        }
        let mut start = 0;
        while let Some(first) = chunk.get(start) {
            let letter = letter_len(*first);
            let known = self.reach(chunk, start, letter, best);
            if !known {
                let before = best.get(start).map_or(f64::NEG_INFINITY, |step| step.score);
                relax(best, start, start + letter, before + self.score(UNKNOWN), UNKNOWN);
            }
            start += letter;
        }
        let from = pieces.len();
        let mut end = chunk.len();
        while let Some(step) = best.get(end).filter(|_| end > 0) {
            let start = step.from as usize;
            let place = |byte: usize| narrow(at + byte.saturating_sub(mark));
            match pieces.get_mut(from..).and_then(<[Piece]>::last_mut) {
                // What is unknown is one unknown, however long.
                Some(last) if step.id == UNKNOWN && last.id == UNKNOWN => last.start = place(start),
                _ => pieces.push(Piece {
                    id: step.id,
                    start: place(start),
                    end: place(end),
                }),
            }
            if start >= end {
                break;
            }
            end = start;
        }
        if let Some(found) = pieces.get_mut(from..) {
            found.reverse();
        }
    }

    /// Tries all pieces that begin at `start`; says whether one of them is the first character alone.
    #[inline]
    fn reach(&self, chunk: &[u8], start: usize, letter: usize, best: &mut [Step]) -> bool {
        let before = best.get(start).map_or(f64::NEG_INFINITY, |step| step.score);
        let mut known = false;
        let mut bytes = chunk.get(start..).unwrap_or_default().iter();
        let first = bytes.next().and_then(|byte| self.roots.get(usize::from(*byte)));
        let mut node = match first {
            Some(node) if *node != NONE => *node as usize,
            _ => return false,
        };
        let mut end = start + 1;
        loop {
            if let Some(id) = self.piece_at(node) {
                relax(best, start, end, before + self.score(id), id);
                known |= end == start + letter;
            }
            let Some(child) = bytes.next().and_then(|byte| self.child(node, *byte)) else {
                return known;
            };
            node = child;
            end += 1;
        }
    }

    /// The logarithm of how often a piece occurs.
    pub(super) fn score(&self, id: u32) -> f64 {
        f64::from(self.scores.get(id as usize).copied().unwrap_or(0.0))
    }
}

#[inline]
fn relax(best: &mut [Step], from: usize, to: usize, score: f64, id: u32) {
    if let Some(step) = best.get_mut(to)
        && (step.id == NONE || score > step.score)
    {
        *step = Step {
            score,
            from: narrow(from),
            id,
        };
    }
}

/// Bytes of the character that begins with `first`.
pub(super) const fn letter_len(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

/// The numbers of all pieces but the unknown, in the order of their bytes.
fn sorted(names: &[&[u8]]) -> Result<Vec<u32>, String> {
    let mut keyed = Vec::with_capacity(names.len());
    for (id, name) in (0_u32..).zip(names).skip(1) {
        if name.is_empty() || name.len() > PIECE_BYTES_MAX || std::str::from_utf8(name).is_err() {
            return Err(format!(
                "piece {id} is not a text of 1 to {PIECE_BYTES_MAX} bytes of UTF-8"
            ));
        }
        // Most pieces are told apart by their first bytes: a number compares faster than a list.
        let mut head = [0; 8];
        for (to, from) in head.iter_mut().zip(*name) {
            *to = *from;
        }
        keyed.push((u64::from_be_bytes(head), id));
    }
    let name = |id: u32| names.get(id as usize).copied().unwrap_or_default();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1))));
    Ok(keyed.into_iter().map(|(_, id)| id).collect())
}

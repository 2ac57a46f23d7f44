//! What a session, user or tenant brings along from earlier events, as bytes.
//!
//! Magic `AP`, format, scope, the digest of the image, a sum of all that follows, then the clock, then for each
//! part its fingerprint and what is known of it. Fingerprints are made of names, not of numbers: another version
//! of the same image finds again what it shares with the one that wrote the bytes.

use super::formulas::{Formula, Kind, LEFT_MAX, Left, Made};
use super::{States, mix};

const MAGIC: [u8; 2] = *b"AP";
const FORMAT: u8 = 1;
const HEAD: usize = 4 + 16 + 8;
/// Larger states are not kept: what would become one is answered by `on_error`.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// One thing that is remembered, and under which number it is known again.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) of: What,
    pub(super) fingerprint: u64,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Whether something held: the feature's number.
    Bit(u32),
    /// When something happened: the feature's number, how many times are kept, and how long.
    Times { feature: u32, most: u32, window_ms: u64 },
    /// What is left of a formula.
    Formula(u32),
}

/// One thing that is remembered, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Bit(bool),
    /// Rising.
    Times(Vec<u64>),
    Left(Left),
}

/// The memory of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memories {
    /// When the latest event happened that was counted.
    pub(super) clock: u64,
    pub(super) each: Vec<Memory>,
}

/// How bytes were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// There were none.
    #[default]
    New,
    /// This very image wrote them.
    Same,
    /// Another version wrote them; whether all parts were known again.
    Migrated { whole: bool },
    /// They are not the state of this scope, or broken.
    Unreadable,
}

/// The parts of one scope, and how their bytes begin.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) parts: Vec<Part>,
    digest: [u8; 16],
    scope: u8,
}

impl Layout {
    pub(super) fn new(parts: Vec<Part>, digest: [u8; 16], scope: u8) -> Self {
        Self { parts, digest, scope }
    }

    pub(super) fn fresh(&self, formulas: &[Formula]) -> Memories {
        let each = self.parts.iter().map(|part| match part.of {
            What::Bit(_) => Memory::Bit(false),
            What::Times { .. } => Memory::Times(Vec::new()),
            What::Formula(at) => Memory::Left(formulas.get(at as usize).map(Formula::whole).unwrap_or_default()),
        });
        Memories {
            clock: 0,
            each: each.collect(),
        }
    }

    pub(super) fn read(&self, bytes: &[u8], formulas: &[Formula]) -> (Memories, Origin) {
        if bytes.is_empty() {
            return (self.fresh(formulas), Origin::New);
        }
        let read = self.open(bytes).and_then(|(mut reader, same)| {
            if same {
                self.read_same(&mut reader, formulas)
            } else {
                self.migrate(&mut reader, formulas)
            }
        });
        read.unwrap_or_else(|| (self.fresh(formulas), Origin::Unreadable))
    }

    fn open<'b>(&self, bytes: &'b [u8]) -> Option<(Reader<'b>, bool)> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let (begin, rest) = head.split_at_checked(4)?;
        let (digest, sum) = rest.split_at_checked(16)?;
        let fits = begin == [MAGIC[0], MAGIC[1], FORMAT, self.scope] && sum == sum_of(body).to_le_bytes();
        fits.then_some((Reader { left: body }, digest == self.digest))
    }

    fn read_same(&self, reader: &mut Reader<'_>, formulas: &[Formula]) -> Option<(Memories, Origin)> {
        let mut memories = Memories {
            clock: reader.number()?,
            each: Vec::with_capacity(self.parts.len()),
        };
        for part in &self.parts {
            reader.fixed()?;
            memories.each.push(reader.memory(part.of, memories.clock, formulas)?);
        }
        reader.left.is_empty().then_some((memories, Origin::Same))
    }

    /// Takes over every part that both versions have.
    fn migrate(&self, reader: &mut Reader<'_>, formulas: &[Formula]) -> Option<(Memories, Origin)> {
        let mut memories = self.fresh(formulas);
        memories.clock = reader.number()?;
        let mut known = vec![false; self.parts.len()];
        while !reader.left.is_empty() {
            let fingerprint = reader.fixed()?;
            let raw = reader.raw()?;
            for (at, part) in self
                .parts
                .iter()
                .enumerate()
                .filter(|(_, it)| it.fingerprint == fingerprint)
            {
                let memory = Reader { left: raw }.memory(part.of, memories.clock, formulas)?;
                memories
                    .each
                    .get_mut(at)
                    .into_iter()
                    .for_each(|it| *it = memory.clone());
                known.get_mut(at).into_iter().for_each(|it| *it = true);
            }
        }
        let whole = known.iter().all(|it| *it);
        Some((memories, Origin::Migrated { whole }))
    }

    pub(super) fn write(&self, memories: &Memories) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + 12 * self.parts.len() + 8);
        bytes.extend_from_slice(&[MAGIC[0], MAGIC[1], FORMAT, self.scope]);
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(&[0; 8]);
        number(&mut bytes, memories.clock);
        for (part, memory) in self.parts.iter().zip(&memories.each) {
            bytes.extend_from_slice(&part.fingerprint.to_le_bytes());
            match (memory, part.of) {
                (Memory::Bit(bit), _) => bytes.extend_from_slice(&[BIT, u8::from(*bit)]),
                (Memory::Times(times), What::Times { window_ms, .. }) => {
                    write_times(&mut bytes, times, memories.clock, window_ms);
                }
                (Memory::Left(left), _) => write_left(&mut bytes, left),
                _ => {}
            }
        }
        let sum = sum_of(bytes.get(HEAD..).unwrap_or_default()).to_le_bytes();
        bytes
            .get_mut(HEAD - 8..HEAD)
            .into_iter()
            .for_each(|it| it.copy_from_slice(&sum));
        bytes
    }
}

const BIT: u8 = 0;
const TIMES: u8 = 1;
const LEFT: u8 = 2;

fn write_times(bytes: &mut Vec<u8>, times: &[u64], clock: u64, window_ms: u64) {
    // No later event looks further back than its window from the clock.
    let past = times.partition_point(|time| time.saturating_add(window_ms) <= clock);
    let kept = times.get(past..).unwrap_or_default();
    bytes.push(TIMES);
    number(bytes, kept.len() as u64);
    let mut last = clock;
    for time in kept.iter().rev() {
        number(bytes, last.saturating_sub(*time));
        last = *time;
    }
}

fn write_left(bytes: &mut Vec<u8>, left: &Left) {
    bytes.push(LEFT);
    number(bytes, left.made.len() as u64);
    for made in &left.made {
        let parts = left.parts_of(*made);
        number(bytes, ((parts.len() as u64) << 2) | made.kind as u64);
        parts.iter().for_each(|part| number(bytes, u64::from(*part)));
    }
    number(bytes, u64::from(left.root));
}

const JOINED: [u8; 3] = *b"AJ\x01";

/// The states of all scopes as one, for whoever keeps them together.
pub(super) fn join(states: States<'_>) -> Vec<u8> {
    let mut bytes = Vec::from(JOINED);
    for state in states {
        number(&mut bytes, state.len() as u64);
        bytes.extend_from_slice(state);
    }
    bytes
}

/// Takes apart what [`join`] made; none if it is something else.
pub(super) fn part(bytes: &[u8]) -> Option<States<'_>> {
    let mut states = States::default();
    if bytes.is_empty() {
        return Some(states);
    }
    let mut reader = Reader {
        left: bytes.strip_prefix(&JOINED)?,
    };
    for state in &mut states {
        let len = usize::try_from(reader.number()?).ok()?;
        *state = reader.take(len)?;
    }
    reader.left.is_empty().then_some(states)
}

/// Writes a number, seven bits a byte.
pub(super) fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// A sum that tells bytes that were cut or changed by accident; it keeps nobody out.
fn sum_of(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words
        .iter()
        .fold(bytes.len() as u64, |sum, word| mix(&[sum, u64::from_le_bytes(*word)]));
    rest.iter().fold(sum, |sum, byte| mix(&[sum, u64::from(*byte)]))
}

/// Bytes that are read from the front.
pub(super) struct Reader<'b> {
    pub(super) left: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn fixed(&mut self) -> Option<u64> {
        let (head, rest) = self.left.split_first_chunk::<8>()?;
        self.left = rest;
        Some(u64::from_le_bytes(*head))
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.left.split_at_checked(len)?;
        self.left = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        let (head, rest) = self.left.split_first()?;
        self.left = rest;
        Some(*head)
    }

    fn memory(&mut self, what: What, clock: u64, formulas: &[Formula]) -> Option<Memory> {
        match (self.byte()?, what) {
            (BIT, What::Bit(_)) => match self.byte()? {
                bit @ (0 | 1) => Some(Memory::Bit(bit == 1)),
                _ => None,
            },
            (TIMES, What::Times { most, .. }) => self.times(most, clock).map(Memory::Times),
            (LEFT, What::Formula(at)) => self.left_of(formulas.get(at as usize)?).map(Memory::Left),
            _ => None,
        }
    }

    fn times(&mut self, most: u32, clock: u64) -> Option<Vec<u64>> {
        let count = usize::try_from(self.number()?).ok()?;
        if count > most as usize {
            return None;
        }
        let mut times = Vec::with_capacity(count);
        let mut last = clock;
        for _ in 0..count {
            last = last.checked_sub(self.number()?)?;
            times.push(last);
        }
        times.reverse();
        Some(times)
    }

    fn left_of(&mut self, formula: &Formula) -> Option<Left> {
        let mut left = Left::default();
        let count = self.number()?;
        for at in 0..count {
            let head = self.number()?;
            let kind = match head & 3 {
                0 => Kind::Not,
                1 => Kind::And,
                2 => Kind::Or,
                _ => return None,
            };
            let parts = head >> 2;
            if (kind == Kind::Not) != (parts == 1) || parts == 0 {
                return None;
            }
            let start = u32::try_from(left.parts.len()).ok()?;
            for _ in 0..parts {
                let part = self.number()?;
                if part >= u64::from(formula.written()) + at {
                    return None;
                }
                left.parts.push(u32::try_from(part).ok()?);
            }
            let end = u32::try_from(left.parts.len()).ok()?;
            left.made.push(Made { kind, start, end });
        }
        if left.made.len() > LEFT_MAX || left.parts.len() > LEFT_MAX {
            return None;
        }
        left.root = u32::try_from(self.number()?).ok()?;
        (u64::from(left.root) < u64::from(formula.written()) + count).then_some(left)
    }

    /// The bytes of one part, whatever it is.
    fn raw(&mut self) -> Option<&'b [u8]> {
        let before = self.left;
        match self.byte()? {
            BIT => {
                self.byte()?;
            }
            TIMES => {
                for _ in 0..self.number()? {
                    self.number()?;
                }
            }
            LEFT => {
                for _ in 0..self.number()? {
                    for _ in 0..self.number()? >> 2 {
                        self.number()?;
                    }
                }
                self.number()?;
            }
            _ => return None,
        }
        before.get(..before.len() - self.left.len())
    }
}

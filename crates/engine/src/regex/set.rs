//! Which bytes, and which characters, a step of a program takes.

use regex_syntax::hir::Class as HirClass;

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Set([u64; 4]);

impl Set {
    #[inline(always)]
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    pub(super) fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, theirs)| mine & theirs != 0)
    }
}

/// What one step takes: a byte, or a character of several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Class {
    /// Bytes that are taken by themselves.
    pub(super) bytes: Set,
    /// Characters of more than one byte, as sorted ranges.
    wide: Vec<(char, char)>,
}

impl Class {
    pub(super) fn of(class: &HirClass) -> Self {
        let mut bytes = Set::default();
        let mut wide = Vec::new();
        match class {
            HirClass::Bytes(class) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| bytes.add(byte));
                }
            }
            HirClass::Unicode(class) => {
                for range in class.ranges() {
                    let (start, end) = (range.start(), range.end());
                    (start..=end.min('\x7f')).for_each(|ascii| bytes.add(ascii as u8));
                    if end > '\x7f' {
                        wide.push((start.max('\u{80}'), end));
                    }
                }
            }
        }
        Self { bytes, wide }
    }

    pub(super) fn of_byte(byte: u8) -> Self {
        let mut bytes = Set::default();
        bytes.add(byte);
        Self {
            bytes,
            wide: Vec::new(),
        }
    }

    /// Bytes that what it takes may begin with.
    pub(super) fn firsts(&self) -> Set {
        let mut firsts = self.bytes;
        if !self.wide.is_empty() {
            (0xC2..=0xF4).for_each(|lead| firsts.add(lead));
        }
        firsts
    }

    /// Whether everything it takes is one byte long.
    pub(super) fn is_narrow(&self) -> bool {
        self.wide.is_empty()
    }

    /// How many bytes it takes at the beginning of `rest`; 0 if none.
    #[inline(always)]
    pub(super) fn takes(&self, rest: &[u8]) -> usize {
        match rest.first() {
            Some(byte) if self.bytes.has(*byte) => 1,
            Some(0xC2..=0xF4) if !self.wide.is_empty() => self.takes_wide(rest),
            _ => 0,
        }
    }

    #[inline(never)]
    fn takes_wide(&self, rest: &[u8]) -> usize {
        let Some(found) = first_char(rest) else { return 0 };
        let place = self.wide.partition_point(|(_, end)| *end < found);
        let taken = self.wide.get(place).is_some_and(|(start, _)| *start <= found);
        if taken { found.len_utf8() } else { 0 }
    }
}

/// The character that some bytes begin with.
pub(super) fn first_char(bytes: &[u8]) -> Option<char> {
    let len = match bytes.first()? {
        0..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    std::str::from_utf8(bytes.get(..len)?).ok()?.chars().next()
}

/// The character that some bytes end with.
pub(super) fn last_char(bytes: &[u8]) -> Option<char> {
    let starts = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xC0 != 0x80);
    let start = (bytes.len().saturating_sub(4)..bytes.len()).rev().find(starts)?;
    first_char(bytes.get(start..)?)
}

//! Interning: equal things get one number, and the numbers of a theory stay what they are in every
//! check that builds on it.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Maps from numbers of ours: no secret key, so that every run is the same.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Mixer>>;
pub(crate) type Set<K> = std::collections::HashSet<K, BuildHasherDefault<Mixer>>;

pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    let wide = (a ^ 0x9e37_79b9_7f4a_7c15) as u128 * (b ^ 0xd6e8_feb8_6659_fd93) as u128;
    (wide as u64) ^ ((wide >> 64) as u64)
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0, value);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

pub(crate) trait Item: PartialEq {
    fn hash(&self) -> u64;
}

/// Items in the order they came, and a table of open addresses to find them by.
#[derive(Debug)]
pub(crate) struct Table<T> {
    items: Vec<T>,
    /// Number + 1 of an item; 0 is free. Never more than half full.
    slots: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            slots: Vec::new(),
        }
    }
}

impl<T: Item> Table<T> {
    #[inline]
    fn find(&self, item: &T, hash: u64, probes: &mut u64) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let number = self.slots.get(at)?.checked_sub(1)?;
            if self.items.get(number as usize)? == item {
                return Some(number);
            }
            *probes += 1;
            at = (at + 1) & mask;
        }
    }

    fn push(&mut self, item: T, hash: u64) -> u32 {
        if self.slots.len() < 2 * (self.items.len() + 1) {
            self.grow();
        }
        let number = self.items.len() as u32;
        self.items.push(item);
        self.place(number, hash);
        number
    }

    fn place(&mut self, number: u32, hash: u64) {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = number + 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots.clear();
        self.slots.resize(size, 0);
        for number in 0..self.items.len() {
            if let Some(hash) = self.items.get(number).map(Item::hash) {
                self.place(number as u32, hash);
            }
        }
    }
}

/// Three tables, one above the other: a theory, what an export adds to it, and what a check makes
/// for itself and throws away.
#[derive(Debug)]
pub(crate) struct Store<T> {
    base: Arc<Table<T>>,
    own: Table<T>,
    scratch: Table<T>,
    /// Where new items go.
    passing: bool,
    pub(crate) probes: u64,
}

const SCRATCH: u32 = 1 << 31;

impl<T: Item> Store<T> {
    pub(crate) fn new(base: Arc<Table<T>>) -> Self {
        Self {
            base,
            own: Table::default(),
            scratch: Table::default(),
            passing: false,
            probes: 0,
        }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        if number >= SCRATCH {
            return self.scratch.items.get((number - SCRATCH) as usize);
        }
        let at = number as usize;
        match at.checked_sub(self.base.items.len()) {
            None => self.base.items.get(at),
            Some(at) => self.own.items.get(at),
        }
    }

    #[inline]
    pub(crate) fn find(&mut self, item: &T, hash: u64) -> Option<u32> {
        let own = self.base.items.len() as u32;
        self.base
            .find(item, hash, &mut self.probes)
            .or_else(|| self.own.find(item, hash, &mut self.probes).map(|at| at + own))
            .or_else(|| self.scratch.find(item, hash, &mut self.probes).map(|at| at | SCRATCH))
    }

    /// The number of an item that `find` did not know.
    pub(crate) fn add(&mut self, item: T, hash: u64) -> u32 {
        if self.passing {
            return self.scratch.push(item, hash) | SCRATCH;
        }
        self.own.push(item, hash) + self.base.items.len() as u32
    }

    pub(crate) fn intern(&mut self, item: T) -> u32 {
        let hash = item.hash();
        self.find(&item, hash).unwrap_or_else(|| self.add(item, hash))
    }

    /// From here on new items are passing ones.
    pub(crate) fn pass(&mut self) {
        self.passing = true;
    }

    pub(crate) fn passing_len(&self) -> usize {
        self.scratch.items.len()
    }

    pub(crate) fn forget(&mut self) {
        self.scratch = Table::default();
    }

    /// What the next check builds on.
    pub(crate) fn into_base(self) -> Arc<Table<T>> {
        Arc::new(self.own)
    }
}

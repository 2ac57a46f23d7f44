//! From hashes to what they stand for: a filter that says no, and a table that says what.

use std::collections::HashMap;

use crate::text::narrow;

const FILTER_BITS_LOG: u32 = 18;
const FILTER_BITS: usize = 1 << FILTER_BITS_LOG;

/// A set that answers “surely not” from a few kilobytes.
#[derive(Clone, Debug)]
pub(super) struct Filter(Box<[u64; FILTER_BITS / 64]>);

impl Filter {
    pub(super) fn new() -> Self {
        Self(
            vec![0; FILTER_BITS / 64]
                .into_boxed_slice()
                .try_into()
                .unwrap_or_else(|_| Box::new([0; FILTER_BITS / 64])),
        )
    }

    pub(super) fn insert(&mut self, hash: u64) {
        for place in places(hash) {
            if let Some(word) = self.0.get_mut(place >> 6) {
                *word |= 1 << (place & 63);
            }
        }
    }

    #[inline(always)]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        places(hash)
            .iter()
            .all(|place| self.0.get(place >> 6).is_some_and(|word| word >> (place & 63) & 1 == 1))
    }
}

/// The two bits of a hash; the second is asked for only where the first is set.
#[inline(always)]
const fn places(hash: u64) -> [usize; 2] {
    [
        (hash >> (64 - FILTER_BITS_LOG)) as usize,
        (hash >> (64 - 2 * FILTER_BITS_LOG)) as usize & (FILTER_BITS - 1),
    ]
}

/// What a found key leads to: a lexeme, or with the upper bit a place in [`Lexicon::anchored`].
pub(crate) type Target = u32;
pub(crate) const ANCHORED: u32 = 1 << 31;

/// Targets by hash, while they are being gathered.
pub(super) type Gathered = HashMap<u64, Vec<Target>>;

/// Targets by hash: one probe for most, neighbours in memory for the rest. Hashes are good enough to be
/// their own place.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    slots: Vec<Slot>,
    more: Vec<Target>,
    shift: u32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    hash: u64,
    first: Target,
    /// Where further targets stand in [`Index::more`].
    from: u32,
    /// Targets in all; 0 in a free slot.
    count: u32,
}

impl Index {
    pub(super) fn build(gathered: Gathered) -> Self {
        let bits = (gathered.len() * 2).next_power_of_two().trailing_zeros().max(4);
        let mut index = Self {
            slots: vec![Slot::default(); 1 << bits],
            more: Vec::new(),
            shift: 64 - bits,
        };
        let mut all: Vec<_> = gathered.into_iter().collect();
        // The order of a hash map is not the same twice; an engine is.
        all.sort_unstable_by_key(|(hash, _)| *hash);
        for (hash, targets) in all {
            let Some((first, rest)) = targets.split_first() else {
                continue;
            };
            let slot = Slot {
                hash,
                first: *first,
                from: narrow(index.more.len()),
                count: narrow(targets.len()),
            };
            index.more.extend_from_slice(rest);
            let mut place = (hash >> index.shift) as usize;
            while index.slots.get(place).is_some_and(|slot| slot.count > 0) {
                place = (place + 1) & (index.slots.len() - 1);
            }
            if let Some(free) = index.slots.get_mut(place) {
                *free = slot;
            }
        }
        index
    }

    #[inline(always)]
    pub(super) fn for_each(&self, hash: u64, mut on: impl FnMut(Target)) {
        let mut place = (hash >> self.shift) as usize;
        while let Some(slot) = self.slots.get(place) {
            if slot.count == 0 {
                return;
            }
            if slot.hash == hash {
                on(slot.first);
                if slot.count > 1 {
                    let rest = slot.from as usize..(slot.from + slot.count - 1) as usize;
                    self.more
                        .get(rest)
                        .unwrap_or_default()
                        .iter()
                        .for_each(|target| on(*target));
                }
                return;
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }
}

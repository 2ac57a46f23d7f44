//! Sets of classes.

/// A set of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSet(Vec<u64>);

impl ClassSet {
    /// The set of `classes`, with room for `count`.
    pub(crate) fn of(classes: impl Iterator<Item = u16>, count: usize) -> Self {
        let mut set = Self::default();
        set.reset(count);
        for class in classes {
            set.mark(class);
        }
        set
    }

    /// Empties the set and makes room for `count` classes.
    pub(crate) fn reset(&mut self, count: usize) {
        self.0.clear();
        self.0.resize(count.div_ceil(64), 0);
    }

    #[inline(always)]
    pub(crate) fn mark(&mut self, class: u16) {
        if let Some(word) = self.0.get_mut(usize::from(class) / 64) {
            *word |= 1 << (class % 64);
        }
    }

    #[inline(always)]
    pub(crate) fn add_all(&mut self, row: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(row) {
            *word |= other;
        }
    }

    #[inline(always)]
    pub(crate) fn has(&self, class: u16) -> bool {
        self.0
            .get(usize::from(class) / 64)
            .is_some_and(|word| word >> (class % 64) & 1 == 1)
    }

    /// Its bits, 64 classes a word.
    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    /// The classes both in the set and in a row of bits, in order.
    #[inline(always)]
    pub(crate) fn common(&self, row: &[u64], mut on: impl FnMut(usize)) {
        for (place, (a, b)) in self.0.iter().zip(row).enumerate() {
            let mut both = a & b;
            while both != 0 {
                on(place * 64 + both.trailing_zeros() as usize);
                both &= both - 1;
            }
        }
    }
}

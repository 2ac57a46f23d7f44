//! Sets of classes.

/// A set of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassSet(Vec<u64>);

impl ClassSet {
    pub(crate) fn of(classes: impl Iterator<Item = u16>) -> Self {
        let mut set = Self::default();
        for class in classes {
            set.insert(class);
        }
        set
    }

    /// Empties the set and makes room for `count` classes.
    pub(crate) fn reset(&mut self, count: usize) {
        self.0.clear();
        self.0.resize(count.div_ceil(64), 0);
    }

    pub(crate) fn insert(&mut self, class: u16) {
        let place = usize::from(class) / 64;
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        self.mark(class);
    }

    #[inline(always)]
    pub(crate) fn mark(&mut self, class: u16) {
        if let Some(word) = self.0.get_mut(usize::from(class) / 64) {
            *word |= 1 << (class % 64);
        }
    }

    #[inline(always)]
    pub(super) fn add_all(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    #[inline(always)]
    pub(crate) fn has(&self, class: u16) -> bool {
        self.0
            .get(usize::from(class) / 64)
            .is_some_and(|word| word >> (class % 64) & 1 == 1)
    }

    /// The classes in both sets, in order.
    #[inline(always)]
    pub(crate) fn common(&self, other: &Self, mut on: impl FnMut(usize)) {
        for (place, (a, b)) in self.0.iter().zip(&other.0).enumerate() {
            let mut both = a & b;
            while both != 0 {
                on(place * 64 + both.trailing_zeros() as usize);
                both &= both - 1;
            }
        }
    }
}

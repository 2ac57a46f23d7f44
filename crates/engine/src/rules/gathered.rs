//! Hits by class, for the classes that some condition asks for.

use crate::lexicon::{ClassSet, Hit, Lexicon};

/// The hits of every class that some candidate asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    asked: ClassSet,
    /// For each class, one more than the place of its list; 0 if it was not asked for.
    place_of: Vec<u16>,
    lists: Vec<Vec<Hit>>,
    used: usize,
}

impl Gathered {
    /// Forgets the last view.
    pub(super) fn reset(&mut self, class_count: usize) {
        self.asked.common(self.asked.words(), |class| {
            if let Some(place) = self.place_of.get_mut(class) {
                *place = 0;
            }
        });
        self.asked.reset(class_count);
        self.place_of.resize(class_count, 0);
        self.used = 0;
    }

    /// Wants the hits of a class.
    pub(super) fn ask(&mut self, class: u16) {
        let Some(place) = self.place_of.get_mut(usize::from(class)).filter(|place| **place == 0) else {
            return;
        };
        self.used += 1;
        *place = u16::try_from(self.used).unwrap_or(u16::MAX);
        self.asked.mark(class);
        match self.lists.get_mut(self.used - 1) {
            Some(list) => list.clear(),
            None => self.lists.push(Vec::new()),
        }
    }

    /// Hands every hit to the classes that asked for it, in one pass.
    pub(super) fn distribute(&mut self, hits: &[Hit], lexicon: &Lexicon) {
        let Self {
            asked,
            place_of,
            lists,
            used,
        } = self;
        for hit in hits {
            lexicon.asking(hit.lexeme, asked, |class| {
                let place = place_of.get(class).copied().unwrap_or(0);
                if let Some(list) = usize::from(place).checked_sub(1).and_then(|place| lists.get_mut(place)) {
                    list.push(*hit);
                }
            });
        }
        for list in lists.iter_mut().take(*used) {
            // Phrases are found at their anchor, so a list is sorted but for a few.
            if !list.is_sorted() {
                list.sort_unstable();
            }
        }
    }

    /// The hits of a class that was asked for, in order.
    pub(super) fn of(&self, class: u16) -> &[Hit] {
        let place = self.place_of.get(usize::from(class)).copied().unwrap_or(0);
        let list = usize::from(place)
            .checked_sub(1)
            .and_then(|place| self.lists.get(place));
        list.map_or(&[], Vec::as_slice)
    }
}

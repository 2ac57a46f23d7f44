//! What the regexes of values match in a view, each place looked at once however many conditions ask.

use std::ops::Range;

use crate::regex::{Pattern, Sight, Starts};

/// Shorter texts are looked at as a whole.
const WHOLE_LEN: usize = 1 << 10;

/// Everything seen so far in one view.
#[derive(Clone, Debug, Default)]
pub(super) struct Sightings {
    /// Where values may begin, up to `read`.
    starts: Starts,
    read: usize,
    /// For each pattern asked about, what it matches; the first `used` are of this view.
    lists: Vec<List>,
    used: usize,
    /// By pattern, one more than the place of its list; zero for those that nobody asked about.
    places: Vec<u16>,
}

#[derive(Clone, Debug, Default)]
struct List {
    pattern: u32,
    /// The part of the text whose starts were tried.
    tried: Range<usize>,
    sights: Vec<Sight>,
    /// The pattern has to search by itself.
    alone: bool,
}

impl Sightings {
    /// Forgets the last view.
    pub(super) fn reset(&mut self) {
        self.starts.clear();
        self.read = 0;
        for list in self.lists.iter().take(self.used) {
            if let Some(place) = self.places.get_mut(list.pattern as usize) {
                *place = 0;
            }
        }
        self.used = 0;
    }

    /// Whether a pattern certainly matches nowhere in a text.
    pub(super) fn rule_out(&mut self, number: u32, pattern: &Pattern, text: &[u8]) -> bool {
        if text.len() > WHOLE_LEN {
            return false;
        }
        let place = self.list(number, pattern, text, 0..text.len());
        let list = self.lists.get(place);
        list.is_some_and(|list| !list.alone && list.sights.is_empty())
    }

    /// The first value of a pattern inside a window.
    pub(super) fn find(
        &mut self,
        number: u32,
        pattern: &Pattern,
        text: &[u8],
        window: Range<usize>,
    ) -> Option<Range<usize>> {
        let place = self.list(number, pattern, text, window.clone());
        match self.lists.get_mut(place).filter(|list| !list.alone) {
            Some(list) => pattern.find_sighted(text, window, &mut list.sights),
            None => pattern.find(text, window),
        }
    }

    /// The list of a pattern, in which everything that begins inside a window stands.
    fn list(&mut self, number: u32, pattern: &Pattern, text: &[u8], window: Range<usize>) -> usize {
        let known = self.places.get(number as usize).copied().unwrap_or_default();
        let place = usize::from(known).checked_sub(1).unwrap_or_else(|| self.begin(number));
        let Some(list) = self.lists.get_mut(place).filter(|list| !list.alone) else {
            return place;
        };
        let wanted = if text.len() <= WHOLE_LEN { 0..text.len() } else { window };
        if list.tried.start <= wanted.start && wanted.end <= list.tried.end {
            return place;
        }
        if wanted.start < list.tried.start || wanted.start > list.tried.end {
            list.sights.clear();
            list.tried = wanted.start..wanted.start;
        }
        if self.read < wanted.end {
            self.starts.read(text, self.read..wanted.end);
            self.read = wanted.end;
        }
        list.alone = !pattern.sight(text, &self.starts, list.tried.end..wanted.end, &mut list.sights);
        list.tried.end = wanted.end;
        place
    }

    fn begin(&mut self, number: u32) -> usize {
        let place = self.used;
        self.used += 1;
        if self.places.len() <= number as usize {
            self.places.resize(number as usize + 1, 0);
        }
        if let Some(known) = self.places.get_mut(number as usize) {
            *known = u16::try_from(self.used).unwrap_or_default();
        }
        if self.lists.len() < self.used {
            self.lists.push(List::default());
        }
        if let Some(list) = self.lists.get_mut(place) {
            list.pattern = number;
            list.tried = 0..0;
            list.sights.clear();
            list.alone = false;
        }
        place
    }
}

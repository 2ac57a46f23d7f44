//! The way back: from a derived text to the text it was derived from.

use std::ops::Range;

/// One run of a derived text and the source it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    /// First byte in the derived text.
    derived: u32,
    /// First byte in the source.
    source: u32,
    /// Bytes of source that the run covers.
    source_len: u32,
    /// The run was copied byte for byte, so positions inside it are exact.
    linear: bool,
}

/// Maps byte ranges of a derived text to byte ranges of its source.
///
/// Runs that were copied keep exact positions; a replaced run (a decoded escape, a folded character)
/// maps to the whole source it stands for. An empty map is the identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetMap {
    segments: Vec<Segment>,
}

impl OffsetMap {
    /// The map of a text onto itself.
    #[must_use]
    pub const fn identity() -> Self {
        Self { segments: Vec::new() }
    }

    /// Whether every position maps to itself.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.segments.is_empty()
    }

    /// Forgets all runs, keeping the memory.
    pub fn clear(&mut self) {
        self.segments.clear();
    }

    /// Makes room for so many more runs.
    pub(crate) fn reserve(&mut self, runs: usize) {
        self.segments.reserve(runs);
    }

    /// Notes that the derived text continues at `derived` with a copy of source bytes from `source`.
    pub fn push_copied(&mut self, derived: usize, source: usize, len: usize) {
        if len == 0 {
            return;
        }
        let (derived, source, len) = (narrow(derived), narrow(source), narrow(len));
        if let Some(last) = self.segments.last_mut() {
            let same_shift =
                last.linear && last.source + last.source_len == source && last.derived + last.source_len == derived;
            if same_shift {
                last.source_len += len;
                return;
            }
        }
        self.segments.push(Segment {
            derived,
            source,
            source_len: len,
            linear: true,
        });
    }

    /// Notes that the derived text continues at `derived` with something that stands for
    /// `source` as a whole.
    pub fn push_replaced(&mut self, derived: usize, source: Range<usize>) {
        let len = source.end.saturating_sub(source.start);
        self.segments.push(Segment {
            derived: narrow(derived),
            source: narrow(source.start),
            source_len: narrow(len),
            linear: false,
        });
    }

    /// The source range that `range` of the derived text came from.
    ///
    /// The answer is ordered (`start <= end`) for any input, also for ranges outside the text.
    #[must_use]
    pub fn to_source(&self, range: Range<usize>) -> Range<usize> {
        if self.segments.is_empty() {
            return range.start..range.end.max(range.start);
        }
        let start = self.source_start(range.start);
        if range.end <= range.start {
            return start..start;
        }
        let end = self.source_end(range.end);
        if end > start {
            return start..end;
        }
        // A text written backwards runs against its source, so the last run comes first there.
        let first = self.source_start(range.end - 1).min(start);
        first..self.source_end(range.start + 1).max(start)
    }

    /// What was replaced in the source, run by run, given the derived text. A line end stands for what was left
    /// out between two runs, and is none.
    pub(crate) fn replaced<'a>(&'a self, derived: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        self.segments
            .iter()
            .filter(|segment| !segment.linear && derived.get(segment.derived as usize) != Some(&b'\n'))
            .map(|segment| segment.source as usize..(segment.source + segment.source_len) as usize)
            .filter(|range| !range.is_empty())
    }

    fn source_start(&self, position: usize) -> usize {
        let Some(segment) = self.segment_at(position) else {
            return 0;
        };
        if segment.linear {
            let inside = position - segment.derived as usize;
            segment.source as usize + inside.min(segment.source_len as usize)
        } else {
            segment.source as usize
        }
    }

    fn source_end(&self, end: usize) -> usize {
        let Some(segment) = self.segment_at(end.saturating_sub(1)) else {
            return 0;
        };
        if segment.linear {
            let inside = end - segment.derived as usize;
            segment.source as usize + inside.min(segment.source_len as usize)
        } else {
            (segment.source + segment.source_len) as usize
        }
    }

    fn segment_at(&self, position: usize) -> Option<&Segment> {
        let after = self
            .segments
            .partition_point(|segment| segment.derived as usize <= position);
        self.segments.get(after.checked_sub(1)?)
    }
}

/// Texts are limited far below 4 GiB before they reach the engine's core.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::OffsetMap;

    #[test]
    fn copied_runs_are_exact_and_replaced_runs_are_whole() {
        // derived "ab<c" from source "ab&lt;c"
        let mut map = OffsetMap::identity();
        map.push_copied(0, 0, 2);
        map.push_replaced(2, 2..6);
        map.push_copied(3, 6, 1);
        assert_eq!(map.to_source(0..1), 0..1);
        assert_eq!(map.to_source(1..3), 1..6);
        assert_eq!(map.to_source(2..3), 2..6);
        assert_eq!(map.to_source(3..4), 6..7);
        assert_eq!(map.to_source(0..4), 0..7);
    }

    #[test]
    fn runs_may_stand_in_the_opposite_order() {
        // derived "no way" from source "yaw on"
        let mut map = OffsetMap::identity();
        map.push_replaced(0, 4..6);
        map.push_replaced(2, 3..4);
        map.push_replaced(3, 0..3);
        assert_eq!(map.to_source(0..2), 4..6);
        assert_eq!(map.to_source(0..6), 0..6);
        assert_eq!(map.to_source(2..6), 0..4);
    }

    #[test]
    fn identity_maps_to_itself_and_empty_ranges_stay_ordered() {
        let map = OffsetMap::identity();
        assert_eq!(map.to_source(3..9), 3..9);
        assert_eq!(map.to_source(4..4), 4..4);
    }
}

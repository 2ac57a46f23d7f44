//! From the text as it was given to the text as it is read.

use std::ops::Range;

use crate::text::View;

/// The range of the normalised text that a range of its source became.
pub(crate) fn from_source(view: &View, range: &Range<usize>) -> Range<u32> {
    if view.map.is_identity() {
        return crate::text::narrow(range.start)..crate::text::narrow(range.end);
    }
    // Positions are monotone, so a binary search over the map finds both ends.
    let len = view.text().len();
    let position = |wanted: usize| {
        let (mut low, mut high) = (0, len);
        while low < high {
            let middle = low.midpoint(high);
            if view.map.to_source(middle..middle + 1).start < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        crate::text::narrow(low)
    };
    let start = position(range.start);
    start..position(range.end).max(start)
}

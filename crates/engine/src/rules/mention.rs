//! Use or mention: whether a match is an order, or someone's words about one.

use crate::lexicon::Hit;
use crate::text::View;

/// Tokens around a match in which a reporting word makes it a mention.
const REPORT_REACH: u32 = 12;

/// Whether a match stands in quotation marks or code and someone is reporting about it.
pub(super) fn is_mention<'a>(view: &View, chosen: impl Iterator<Item = &'a Hit>, reports: &[u32]) -> bool {
    let (mut start, mut end, mut first, mut last) = (u32::MAX, 0, u32::MAX, 0);
    for hit in chosen {
        start = start.min(hit.start);
        end = end.max(hit.end);
        first = first.min(hit.first);
        last = last.max(hit.last);
    }
    let reported = reports.iter().any(|report| {
        (*report < first && first - report <= REPORT_REACH) || (*report > last && report - last <= REPORT_REACH / 2)
    });
    reported && is_enclosed(view.text(), start as usize, end as usize)
}

/// Whether an odd number of one kind of quotation mark opens before `start` on its line (or an odd
/// number of code fences before it at all) and one closes after `end`.
fn is_enclosed(text: &[u8], start: usize, end: usize) -> bool {
    const LOOK_AROUND_MAX: usize = 2048;
    let before = text
        .get(start.saturating_sub(LOOK_AROUND_MAX)..start)
        .unwrap_or_default();
    let after = text
        .get(end..(end + LOOK_AROUND_MAX).min(text.len()))
        .unwrap_or_default();
    let line_before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let line_after = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    for mark in [b'"', b'`', b'\''] {
        // An apostrophe between letters is not a quotation mark.
        let opens = |index: usize| {
            line_before.get(index) == Some(&mark)
                && (mark != b'\''
                    || index == 0
                    || !line_before.get(index - 1).is_some_and(u8::is_ascii_alphanumeric)
                    || !line_before.get(index + 1).is_some_and(u8::is_ascii_alphanumeric))
        };
        let opened = (0..line_before.len()).filter(|index| opens(*index)).count() % 2 == 1;
        if opened && line_after.contains(&mark) {
            return true;
        }
    }
    let fences = before.windows(3).filter(|window| *window == b"```").count();
    fences % 2 == 1 && after.windows(3).any(|window| window == b"```")
}

/// Whether bytes stand in a block of code that is opened and closed, so that a reader is shown them.
pub(super) fn is_shown(text: &[u8], start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let fences = memchr::memmem::find_iter(before, b"```").count();
    fences % 2 == 1 && memchr::memmem::find(after, b"```").is_some()
}

//! Values stand alone, so a match can only begin where nothing touches it: such places are looked for once in
//! a view, and each regex is tried at those its first byte allows.

use std::ops::Range;

use super::outline::{Look, Outline};
use super::program::Program;
use super::walk::Walk;
use super::{Pattern, VALUE_TRIES_MAX, WAYS, on_characters};

/// Where a value may begin, and with which byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) at: u32,
    byte: u8,
    look: Look,
}

/// What a regex matches at one place, if nothing ends its window before.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) start: u32,
    end: u32,
    /// Whether it is accepted; unknown until somebody asks.
    good: Option<bool>,
}

/// Appends where values may begin in a part of a text.
pub(crate) fn starts_of_values(text: &[u8], part: Range<usize>, starts: &mut Vec<Start>) {
    let bytes = text.get(part.clone()).unwrap_or_default();
    for (offset, byte) in bytes.iter().enumerate() {
        let at = part.start + offset;
        // Nothing begins inside a character.
        if byte & 0xC0 != 0x80 && begins_alone(text, at) {
            starts.push(Start {
                at: crate::text::narrow(at),
                byte: *byte,
                look: Look::of(text, at),
            });
        }
    }
}

impl Pattern {
    /// The program, of values that are found start by start.
    fn by_starts(&self) -> Option<&Program> {
        self.program()
            .filter(|program| self.value && !self.exact && !program.first.may_be_nothing())
    }

    /// Appends what matches at some starts. Returns whether it could be said.
    pub(crate) fn sight(&self, text: &[u8], starts: &[Start], sights: &mut Vec<Sight>) -> bool {
        let Some(program) = self.by_starts() else {
            return false;
        };
        let outline = program.outline.get_or_init(|| Outline::of(program));
        WAYS.with(|kept| {
            let mut ways = kept.take();
            let mut walk = Walk::new(program, text, starts.len(), text.len(), &mut ways);
            let mut said = true;
            for start in starts {
                if !program.first.may_be(Some(start.byte)) || !outline.fits(start.look) {
                    continue;
                }
                match walk.match_at(start.at as usize) {
                    Ok(None) => {}
                    Ok(Some(end)) => sights.push(Sight {
                        start: start.at,
                        end: crate::text::narrow(end),
                        good: None,
                    }),
                    Err(_) => {
                        said = false;
                        break;
                    }
                }
            }
            kept.replace(ways);
            said
        })
    }

    /// What [`Pattern::find`] finds in a window, given all that matches in it.
    pub(crate) fn find_sighted(&self, text: &[u8], window: Range<usize>, sights: &mut [Sight]) -> Option<Range<usize>> {
        let mut from = window.start;
        let mut tries = 0;
        let first = sights.partition_point(|sight| (sight.start as usize) < from);
        for sight in sights.iter_mut().skip(first) {
            let start = sight.start as usize;
            if start >= window.end || tries >= VALUE_TRIES_MAX {
                return None;
            }
            if start < from {
                continue;
            }
            let whole = start..sight.end as usize;
            let (range, good) = if whole.end <= window.end {
                let good = *sight.good.get_or_insert_with(|| self.is_value(text, &whole));
                (whole, good)
            } else {
                let Some(range) = self.first_in(text, start, window.end) else {
                    continue;
                };
                let good = self.is_value(text, &range);
                (range, good)
            };
            if good {
                return Some(on_characters(text, range));
            }
            tries += 1;
            // A value may begin with a later group of what was taken for one.
            from = word_end(text, start);
        }
        None
    }

    /// What matches at `start` if nothing from `end` on can be taken.
    fn first_in(&self, text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
        let (whole, _) = self.search(text, start..end)?;
        (whole.start == start).then_some(whole)
    }

    fn is_value(&self, text: &[u8], range: &Range<usize>) -> bool {
        let bytes = text.get(range.clone()).unwrap_or_default();
        stands_alone(text, range) && self.check.is_none_or(|check| check.accepts(bytes))
    }
}

/// Whether a range is no piece of something longer: a hash, a path, a version, a run of base64. Letters and
/// digits touch, also over one sign that joins.
pub(super) fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    begins_alone(text, range.start) && ends_alone(text, range.end)
}

#[inline(always)]
pub(super) fn begins_alone(text: &[u8], start: usize) -> bool {
    let at = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).copied();
    let before = at(1).unwrap_or(b' ');
    if before == b' ' {
        return true;
    }
    let earlier = at(2).unwrap_or(b' ');
    let joins = b"-_./+\\@%&~$".contains(&before);
    !(before.is_ascii_alphanumeric()
        || before == b'_'
        || joins && (earlier.is_ascii_alphanumeric() || earlier == before)
        // In JSON and code, `:` stands between a name and its value, but not between two numbers.
        || before == b':' && earlier.is_ascii_digit())
}

#[inline(always)]
fn ends_alone(text: &[u8], end: usize) -> bool {
    let after = text.get(end).copied().unwrap_or(b' ');
    let later = text.get(end + 1).copied().unwrap_or(b' ');
    let joins = b"-_./+\\@=".contains(&after);
    !(after.is_ascii_alphanumeric()
        || after == b'_'
        || joins && later.is_ascii_alphanumeric()
        || after == b':' && later.is_ascii_digit())
}

/// Where the letters and digits at `from` end; at least one byte further.
pub(super) fn word_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from + 1..).unwrap_or_default();
    from + 1 + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

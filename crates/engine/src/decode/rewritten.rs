//! Whole texts rewritten letter by letter: rot13 and writing backwards.

use std::ops::Range;

use super::disguise::{Disguise, disguised_parts};
use super::escapes::paragraphs_around;
use super::turned::{OVERRIDE, overridden, turned_lines};
use super::{Bound, Codec, Decoded, boundary_before};
use crate::map::OffsetMap;

/// Moves the letters back by thirteen places where words are rotated.
pub(super) fn rot13(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let parts = disguised_parts(source, Disguise::Rotated)
        .into_iter()
        .map(|part| paragraphs_around(source, part));
    rewritten(source, parts, Codec::Rot13, bound, |part, start, text, map| {
        map.push_copied(text.len(), start, part.len());
        text.extend(part.chars().map(rotate));
    })
}

/// Turns round what an override shows backwards, else what holds words or punctuation written backwards.
pub(super) fn reversed(source: &str, bound: &mut Bound) -> Option<Decoded> {
    if source.contains(OVERRIDE) {
        return overridden(source, bound);
    }
    let mut parts: Vec<_> = disguised_parts(source, Disguise::Reversed)
        .into_iter()
        .map(|part| paragraphs_around(source, part))
        .chain(turned_lines(source))
        .collect();
    parts.sort_unstable_by_key(|part| part.start);
    parts.dedup_by(|next, kept| {
        let joined = next.start <= kept.end;
        if joined {
            kept.end = kept.end.max(next.end);
        }
        joined
    });
    rewritten(source, parts.into_iter(), Codec::Reversed, bound, turn_round)
}

/// Rewrites the parts, which are in order.
fn rewritten(
    source: &str,
    parts: impl Iterator<Item = Range<usize>>,
    codec: Codec,
    bound: &mut Bound,
    rewrite: impl Fn(&str, usize, &mut String, &mut OffsetMap),
) -> Option<Decoded> {
    let mut text = String::new();
    let mut map = OffsetMap::identity();
    let mut span: Option<Range<usize>> = None;
    for mut part in parts {
        bound.cut |= text.len() >= bound.most;
        if bound.cut {
            break;
        }
        if let Some(span) = &mut span {
            part = part.start.max(span.end)..part.end.max(span.end);
            map.push_replaced(text.len(), span.end..part.start);
            text.push('\n');
        }
        let room = boundary_before(source, part.start.saturating_add(bound.most - text.len()));
        bound.cut |= room < part.end;
        part.end = part.end.min(room);
        rewrite(source.get(part.clone())?, part.start, &mut text, &mut map);
        span = Some(span.map_or(part.start, |span| span.start)..part.end);
    }
    span.map(|span| Decoded { codec, span, text, map })
}

/// Appends `part`, which starts at `start`, letter by letter from its end.
pub(super) fn turn_round(part: &str, start: usize, text: &mut String, map: &mut OffsetMap) {
    // One entry a word keeps the map small and spans on whole words.
    let mut end = start + part.len();
    let mut word = None;
    for (at, letter) in part.char_indices().rev() {
        let kind = Kind::of(letter);
        if word.is_some_and(|(known, _)| known != kind || kind == Kind::Single) {
            let start = start + at + letter.len_utf8();
            push_word(map, word, start..end);
            end = start;
            word = None;
        }
        word = word.or(Some((kind, text.len())));
        text.push(letter);
    }
    push_word(map, word, start..end);
}

fn push_word(map: &mut OffsetMap, word: Option<(Kind, usize)>, source: Range<usize>) {
    if let Some((_, derived)) = word {
        map.push_replaced(derived, source);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Other,
    /// Scripts may have no spaces, so each character outside ASCII stands for itself.
    Single,
}

impl Kind {
    const fn of(letter: char) -> Self {
        if !letter.is_ascii() {
            Self::Single
        } else if letter.is_ascii_alphanumeric() {
            Self::Word
        } else {
            Self::Other
        }
    }
}

fn rotate(letter: char) -> char {
    match letter {
        'a'..='m' | 'A'..='M' => shift(letter, 13),
        'n'..='z' | 'N'..='Z' => shift(letter, -13),
        other => other,
    }
}

fn shift(letter: char, places: i8) -> char {
    u8::try_from(letter).map_or(letter, |byte| char::from(byte.wrapping_add_signed(places)))
}

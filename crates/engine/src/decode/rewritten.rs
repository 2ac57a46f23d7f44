//! Whole texts rewritten letter by letter: rot13 and writing backwards.

use super::disguise::{Disguise, disguised_part};
use super::escapes::paragraphs_around;
use super::{Codec, Decoded};
use crate::map::OffsetMap;

/// Moves the letters back by thirteen places in the paragraphs that hold rotated words.
pub(super) fn rot13(source: &str) -> Option<Decoded> {
    let span = paragraphs_around(source, disguised_part(source, Disguise::Rotated)?);
    let text: String = source.get(span.clone())?.chars().map(rotate).collect();
    let mut map = OffsetMap::identity();
    map.push_copied(0, span.start, text.len());
    Some(Decoded {
        codec: Codec::Rot13,
        span,
        text,
        map,
    })
}

/// Turns the paragraphs round that hold words written backwards.
pub(super) fn reversed(source: &str) -> Option<Decoded> {
    let span = paragraphs_around(source, disguised_part(source, Disguise::Reversed)?);
    let part = source.get(span.clone())?;
    let mut text = String::with_capacity(part.len());
    let mut map = OffsetMap::identity();
    // One entry a word keeps the map small and spans on whole words.
    let mut end = span.end;
    let mut word = None;
    for (at, letter) in part.char_indices().rev() {
        let kind = Kind::of(letter);
        if word.is_some_and(|(known, _)| known != kind || kind == Kind::Single) {
            let start = span.start + at + letter.len_utf8();
            push_word(&mut map, word, start..end);
            end = start;
            word = None;
        }
        word = word.or(Some((kind, text.len())));
        text.push(letter);
    }
    push_word(&mut map, word, span.start..end);
    Some(Decoded {
        codec: Codec::Reversed,
        span,
        text,
        map,
    })
}

fn push_word(map: &mut OffsetMap, word: Option<(Kind, usize)>, source: std::ops::Range<usize>) {
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

//! What a lexeme may be, and how one is read from a rule.

use super::shapes::Digits;
use super::{Hit, hit, word_of};
use crate::fold::{Fold, fold};
use crate::masks::Portable;
use crate::payload::Payload;
use crate::text::{Token, View, low_bytes};

/// One way a class may be written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// Consecutive tokens.
    Words(Vec<Element>),
    /// A literal with punctuation in it, and whether it counts only at the start of a line.
    Text { literal: Vec<u8>, line: bool },
    /// A token with at least three digits.
    Digits(Digits),
    /// At least nine digits in neighbouring tokens.
    Number,
    /// At least twenty characters without a space.
    Blob,
    /// A row of characters of no width.
    Unseen,
    /// Something that the programs behind a model would run.
    Payload(Payload),
}

/// One token of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Element {
    Exact { hash: u64, word: Vec<u8> },
    Stem(Vec<u8>),
}

/// One word of a phrase, as it is compared.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Exact(u64),
    /// A stem of at most eight bytes, and which of them count.
    Stem {
        head: u64,
        mask: u64,
    },
    LongStem(Box<[u8]>),
}

#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// Where its steps stand.
    pub(super) first_step: usize,
    pub(super) elements: Vec<Element>,
    pub(super) lexeme: u32,
    /// Which element the phrase is found by.
    pub(super) anchor: usize,
}

impl Phrase {
    /// Looks whether the whole phrase stands around the token it was found by.
    #[inline(never)]
    pub(super) fn find(&self, steps: &[Step], view: &View, at: usize, on: &mut impl FnMut(Hit)) {
        let Some(first) = at.checked_sub(self.anchor) else {
            return;
        };
        let len = self.elements.len();
        let steps = steps.get(self.first_step..self.first_step + len).unwrap_or_default();
        let Some(tokens) = view.tokens.get(first..first + len) else {
            return;
        };
        if steps.iter().zip(tokens).all(|(step, token)| step.matches(view, token)) {
            on(hit(view, self.lexeme, first, first + len - 1));
        }
    }
}

impl Step {
    pub(super) fn of(element: &Element) -> Self {
        match element {
            Element::Exact { hash, .. } => Self::Exact(*hash),
            Element::Stem(stem) if stem.len() <= 8 => {
                let (head, mask) = element.head();
                Self::Stem { head, mask }
            }
            Element::Stem(stem) => Self::LongStem(stem.as_slice().into()),
        }
    }

    #[inline(always)]
    fn matches(&self, view: &View, token: &Token) -> bool {
        match self {
            Self::Exact(hash) => token.hash == *hash,
            Self::Stem { head, mask } => token.head & mask == *head,
            Self::LongStem(stem) => {
                let bytes = view
                    .text()
                    .get(token.start as usize..token.end as usize)
                    .unwrap_or_default();
                bytes.starts_with(stem)
            }
        }
    }
}

impl Element {
    pub(super) fn len(&self) -> usize {
        let (Self::Exact { word, .. } | Self::Stem(word)) = self;
        word.len()
    }

    /// How a token it accepts starts: eight bytes, and which of them count.
    pub(super) fn head(&self) -> (u64, u64) {
        match self {
            Self::Exact { word, .. } => (word_of(word), u64::MAX),
            Self::Stem(stem) => (word_of(stem), low_bytes(stem.len())),
        }
    }
}

/// Reads a `words` entry the way texts are read. A trailing `*` makes a word a stem; characters that
/// are tokens of their own are always whole.
pub(crate) fn parse_words(entry: &str, view: &mut View) -> Vec<Element> {
    let mut elements = Vec::new();
    for piece in entry.split_whitespace() {
        let stem = piece.ends_with('*') && !piece.chars().any(|c| matches!(fold(c), Fold::Single(_)));
        view.read(Portable, piece, &[false; 256]);
        let count = view.tokens.len();
        for (index, token) in view.tokens.iter().enumerate() {
            let bytes = view
                .text()
                .get(token.start as usize..token.end as usize)
                .unwrap_or_default();
            elements.push(if stem && index + 1 == count {
                Element::Stem(bytes.to_vec())
            } else {
                Element::Exact {
                    hash: token.hash,
                    word: bytes.to_vec(),
                }
            });
        }
    }
    elements
}

/// Reads a `text` entry the way texts are read.
pub(crate) fn parse_text(entry: &str) -> Vec<u8> {
    let mut view = View::default();
    view.read(Portable, entry, &[false; 256]);
    view.text().to_vec()
}

//! Names: a prefix and a last part, a word or a number.

use std::sync::Arc;

use crate::table::{Item, Store, Table, mix};

pub(crate) type Name = u32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Root,
    Word(Name, Box<str>),
    Number(Name, u64),
}

impl Item for Part {
    fn hash(&self) -> u64 {
        match self {
            Self::Root => 0,
            Self::Word(prefix, word) => word
                .as_bytes()
                .iter()
                .fold(mix(1, u64::from(*prefix)), |hash, byte| mix(hash, u64::from(*byte))),
            Self::Number(prefix, number) => mix(mix(2, u64::from(*prefix)), *number),
        }
    }
}

/// No prefix and no part.
pub(crate) const ROOT: Name = 0;
/// A printed name is cut here.
const SHOWN: usize = 200;

#[derive(Debug)]
pub(crate) struct Names {
    parts: Store<Part>,
}

impl Names {
    pub(crate) fn new(base: Arc<Table<Part>>) -> Self {
        let mut parts = Store::new(base);
        parts.intern(Part::Root);
        Self { parts }
    }

    pub(crate) fn word(&mut self, prefix: Name, word: &str) -> Name {
        self.parts.intern(Part::Word(prefix, word.into()))
    }

    pub(crate) fn number(&mut self, prefix: Name, number: u64) -> Name {
        self.parts.intern(Part::Number(prefix, number))
    }

    /// The name that a text with points stands for.
    pub(crate) fn path(&mut self, text: &str) -> Name {
        text.split('.').fold(ROOT, |prefix, word| self.word(prefix, word))
    }

    /// How long the table was searched since this was asked.
    pub(crate) const fn take_probes(&mut self) -> u64 {
        std::mem::replace(&mut self.parts.probes, 0)
    }

    /// Whether a name lies under a prefix (and is not the prefix itself).
    pub(crate) fn is_under(&self, mut name: Name, prefix: Name) -> bool {
        // A prefix is always older than what stands under it, so this ends.
        while let Some(Part::Word(next, _) | Part::Number(next, _)) = self.parts.get(name) {
            if *next == prefix {
                return true;
            }
            name = *next;
        }
        false
    }

    pub(crate) fn show(&self, mut name: Name) -> String {
        let mut parts = Vec::new();
        let mut length = 0;
        while let Some(part) = self.parts.get(name) {
            let (next, word) = match part {
                Part::Root => break,
                Part::Word(next, word) => (*next, word.chars().take(SHOWN).collect()),
                Part::Number(next, number) => (*next, number.to_string()),
            };
            length += word.len() + 1;
            parts.push(word);
            if length > SHOWN {
                parts.push("…".to_owned());
                break;
            }
            name = next;
        }
        parts.reverse();
        parts.join(".")
    }

    pub(crate) fn into_base(self) -> Arc<Table<Part>> {
        self.parts.into_base()
    }
}

//! The table behind folding: the Basic Multilingual Plane, one number a character.

use std::sync::OnceLock;

use super::{CHAR_MASK, Fold, TAG_MASK, TAG_SHIFT, compute, encode, is_jamo, is_look_alike_script};

const PLANE: usize = 0x1_0000;

/// What a character becomes, and what else a reader wants to know of it, in one number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(u32);

impl Entry {
    /// Becomes a Latin letter.
    pub(crate) const LATIN: u32 = 1 << 27;
    /// Becomes a letter of a script whose letters pass for Latin ones.
    pub(crate) const LOOK_ALIKE: u32 = 1 << 28;
    /// A capital letter.
    pub(crate) const UPPER: u32 = 1 << 29;
    /// Not one character for another: nothing, several, or a part of a syllable.
    pub(crate) const ODD: u32 = 1 << 30;

    /// What is kept in the table for a character.
    fn of(c: char) -> Self {
        let fold = compute(c);
        let flag = |yes: bool, flag: u32| if yes { flag } else { 0 };
        let flags = match fold {
            Fold::Word(folded) => {
                flag(folded.is_ascii_alphabetic(), Self::LATIN)
                    | flag(is_look_alike_script(folded), Self::LOOK_ALIKE)
                    | flag(is_upper(c), Self::UPPER)
                    | flag(is_jamo(folded), Self::ODD)
            }
            Fold::Single(_) | Fold::Gap(_) => 0,
            Fold::Drop | Fold::Many => Self::ODD,
        };
        Self(encode(fold) | flags)
    }

    /// Without what a reader wants to know besides.
    pub(super) const fn fold(self) -> u32 {
        self.0 & (TAG_MASK << TAG_SHIFT | CHAR_MASK)
    }

    /// The code point of the character it becomes.
    #[inline(always)]
    pub(crate) const fn code(self) -> u32 {
        self.0 & CHAR_MASK
    }

    #[inline(always)]
    pub(crate) const fn is(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    #[inline(always)]
    pub(crate) const fn is_word(self) -> bool {
        self.0 >> TAG_SHIFT & TAG_MASK == 0
    }

    #[inline(always)]
    pub(crate) const fn is_single(self) -> bool {
        self.0 >> TAG_SHIFT & TAG_MASK == 1
    }
}

/// The entries of the Basic Multilingual Plane, by code point.
pub(crate) fn plane() -> &'static [Entry] {
    static TABLE: OnceLock<Box<[Entry]>> = OnceLock::new();
    TABLE.get_or_init(|| {
        (0..PLANE as u32)
            .map(|code| char::from_u32(code).map_or(Entry(encode(Fold::Drop)), Entry::of))
            .collect()
    })
}

/// Whether a letter is a capital one.
pub(crate) fn is_upper(c: char) -> bool {
    has_case(c) && c.is_uppercase()
}

/// Whether letters of this part of Unicode come in two cases.
const fn has_case(c: char) -> bool {
    matches!(c as u32, 0..=0x058F | 0x10A0..=0x10FF | 0x13A0..=0x13FF | 0x1C80..=0x1FFF | 0x2100..=0x2DFF | 0xA640..=0xABBF | 0xFF21..=0xFF5A | 0x1_0400..)
}

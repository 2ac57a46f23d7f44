//! Folding of single characters: NFKC, case, accents, look-alikes and characters nobody can see.
//!
//! One table lookup says what a character of the Basic Multilingual Plane becomes; the rare rest is
//! computed. Sources: Unicode Standard Annex 15 (normalisation forms) by way of
//! `unicode-normalization`, Unicode Technical Standard 39 (confusables) for the idea of skeletons; the
//! look-alike list below is our own and holds letters only.

mod plane;

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

pub(crate) use self::plane::{Entry, is_upper, plane};

/// What a character contributes to normalised text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// A letter or digit of a script that separates words by spaces.
    Word(char),
    /// A character of a script written without spaces: a token of its own.
    Single(char),
    /// Anything between tokens.
    Gap(char),
    /// Invisible or a combining mark: nothing at all.
    Drop,
    /// Several characters (a ligature, a fraction): see [`expand`].
    Many,
}

const TAG_SHIFT: u32 = 24;
const TAG_MASK: u32 = 7;
const CHAR_MASK: u32 = (1 << TAG_SHIFT) - 1;

/// Folds one character.
#[inline]
pub(crate) fn fold(c: char) -> Fold {
    let entry = match plane().get(c as usize) {
        Some(entry) => entry.fold(),
        None => beyond(c),
    };
    decode(entry)
}

/// The longest expansion; only the honorific U+FDFA has a longer one, whose first two words say enough.
const EXPANSION_LEN_MAX: usize = 8;
/// Characters are kept by 256.
const PAGE_SHIFT: u32 = 8;
const PAGE_COUNT: usize = 0x11_0000 >> PAGE_SHIFT;

/// What a character outside the plane of the table becomes, kept for its page from the first one on.
fn beyond(c: char) -> u32 {
    static PAGES: [OnceLock<Box<[u32]>>; PAGE_COUNT] = [const { OnceLock::new() }; PAGE_COUNT];
    let page = PAGES.get(c as usize >> PAGE_SHIFT).map(|page| {
        page.get_or_init(|| {
            letters_beside(c)
                .map(|letter| encode(letter.map_or(Fold::Drop, compute)))
                .collect()
        })
    });
    page.and_then(|page| page.get(c as usize & 0xFF))
        .copied()
        .unwrap_or_else(|| encode(Fold::Drop))
}

/// The 256 characters of a page, none where there is no such character.
fn letters_beside(c: char) -> impl Iterator<Item = Option<char>> {
    let first = c as u32 >> PAGE_SHIFT << PAGE_SHIFT;
    (first..first + 256).map(char::from_u32)
}

/// All characters a [`Fold::Many`] character stands for, folded.
pub(crate) fn expand(c: char, out: &mut Vec<char>) {
    /// Where the expansion of each character of a page ends, and all of them in a row.
    type Page = (Box<[u16]>, Box<[char]>);
    static PAGES: [OnceLock<Page>; PAGE_COUNT] = [const { OnceLock::new() }; PAGE_COUNT];
    out.clear();
    let Some(page) = PAGES.get(c as usize >> PAGE_SHIFT) else {
        return;
    };
    let (ends, letters) = page.get_or_init(|| {
        let mut all = Vec::new();
        let ends = letters_beside(c).map(|letter| {
            if let Some(letter) = letter.filter(|letter| fold(*letter) == Fold::Many) {
                compute_expansion(letter, &mut all);
            }
            u16::try_from(all.len()).unwrap_or(u16::MAX)
        });
        (ends.collect(), all.into_boxed_slice())
    });
    let place = c as usize & 0xFF;
    let end_of = |place: usize| ends.get(place).map_or(0, |end| usize::from(*end));
    let start = place.checked_sub(1).map_or(0, end_of);
    out.extend_from_slice(letters.get(start..end_of(place)).unwrap_or_default());
}

fn compute_expansion(c: char, out: &mut Vec<char>) {
    if let Some(pair) = digraph(c) {
        out.extend(pair);
        return;
    }
    // Folding may itself end in a digraph: U+01E2 is an Æ with a macron.
    for part in std::iter::once(c).nfkc().take(EXPANSION_LEN_MAX) {
        match compute(part) {
            Fold::Word(folded) | Fold::Single(folded) | Fold::Gap(folded) => out.push(folded),
            Fold::Many => match compute_single(part) {
                Fold::Word(folded) | Fold::Single(folded) | Fold::Gap(folded) => {
                    out.extend(digraph(folded).map_or_else(|| vec![folded], Vec::from));
                }
                Fold::Drop | Fold::Many => {}
            },
            Fold::Drop => {}
        }
    }
}

fn encode(fold: Fold) -> u32 {
    match fold {
        Fold::Word(c) => c as u32,
        Fold::Single(c) => 1 << TAG_SHIFT | c as u32,
        Fold::Gap(c) => 2 << TAG_SHIFT | c as u32,
        Fold::Drop => 3 << TAG_SHIFT,
        Fold::Many => 4 << TAG_SHIFT,
    }
}

#[inline]
fn decode(entry: u32) -> Fold {
    let c = char::from_u32(entry & CHAR_MASK).unwrap_or(' ');
    match entry >> TAG_SHIFT & TAG_MASK {
        0 => Fold::Word(c),
        1 => Fold::Single(c),
        2 => Fold::Gap(c),
        3 => Fold::Drop,
        _ => Fold::Many,
    }
}

/// The parts that decomposed Hangul syllables come in.
pub(crate) const fn is_jamo(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11FF)
}

/// Letters that plain spelling writes as two.
fn digraph(c: char) -> Option<[char; 2]> {
    match c {
        'ß' | 'ẞ' => Some(['s', 's']),
        'æ' | 'Æ' => Some(['a', 'e']),
        'œ' | 'Œ' => Some(['o', 'e']),
        'þ' | 'Þ' => Some(['t', 'h']),
        _ => None,
    }
}

fn compute(c: char) -> Fold {
    // Half of the plane is its own form; saying so saves most of the time the table takes to build.
    match c as u32 {
        0x3400..=0x4DBF | 0x4E00..=0x9FFF => return Fold::Single(c),
        0xA000..=0xA48C | 0xAC00..=0xD7A3 => return Fold::Word(c),
        0xE000..=0xF8FF => return Fold::Gap(c),
        _ => {}
    }
    if is_invisible(c) {
        return Fold::Drop;
    }
    if digraph(c).is_some() {
        return Fold::Many;
    }
    if let Some(letter) = enclosed_letter(c) {
        return Fold::Word(letter);
    }
    let mut parts = std::iter::once(c).nfkc();
    match (parts.next(), parts.next()) {
        (Some(single), None) => settle(compute_single(single)),
        (None, _) => Fold::Drop,
        _ => Fold::Many,
    }
}

/// Folds the result again until nothing changes, so that folding folded text is the identity.
fn settle(first: Fold) -> Fold {
    let mut fold = first;
    for _ in 0..4 {
        let (Fold::Word(c) | Fold::Single(c) | Fold::Gap(c)) = fold else {
            return fold;
        };
        if c.is_ascii() {
            return fold;
        }
        if digraph(c).is_some() {
            return Fold::Many;
        }
        let again = compute_single(c);
        if again == fold {
            return fold;
        }
        fold = again;
    }
    fold
}

/// Folds a character that NFKC leaves alone.
fn compute_single(c: char) -> Fold {
    if is_invisible(c) || is_strippable_mark(c) {
        return Fold::Drop;
    }
    if let Some(plain) = plain_quote(c) {
        return Fold::Gap(plain);
    }
    if c.is_whitespace() || c == '\u{2800}' {
        return Fold::Gap(if c == '\n' || c == '\u{2028}' || c == '\u{2029}' {
            '\n'
        } else {
            ' '
        });
    }
    let base = always_latin(base_letter(c));
    let lower = base.to_lowercase().next().unwrap_or(base);
    let lower = always_latin(base_letter(lower));
    if is_unspaced_script(lower) {
        Fold::Single(lower)
    } else if lower.is_alphanumeric() || is_kept_mark(lower) {
        Fold::Word(lower)
    } else {
        Fold::Gap(lower)
    }
}

/// The letter without its accents, kana without their voicing: half-width and decomposed kana carry
/// theirs as a character of its own. Hangul stays composed; scripts whose marks are vowels keep them.
fn base_letter(c: char) -> char {
    if ('\u{AC00}'..='\u{D7A3}').contains(&c) {
        return c;
    }
    let mut parts = std::iter::once(c).nfd();
    match (parts.next(), parts.next()) {
        (Some(base), Some(mark)) if is_strippable_mark(mark) => base,
        _ => c,
    }
}

/// Scripts written without spaces between words.
pub(crate) fn is_unspaced_script(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF            // Thai, Lao
        | 0x1000..=0x109F          // Burmese
        | 0x1780..=0x17FF          // Khmer
        | 0x3005..=0x3007 | 0x3041..=0x30FF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF
        | 0x2_0000..=0x3_FFFF)
        && c != '\u{30FB}'
}

/// Marks that belong to the spelling (vowel signs of the Indic scripts, nuktas, viramas).
fn is_kept_mark(c: char) -> bool {
    matches!(c as u32, 0x0900..=0x0DFF | 0x0F00..=0x0FFF) && c != '\u{0964}' && c != '\u{0965}'
}

fn is_strippable_mark(c: char) -> bool {
    matches!(c as u32,
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x05BF | 0x05C1..=0x05C2 | 0x05C4..=0x05C5 | 0x05C7
        | 0x0610..=0x061A | 0x0640 | 0x064B..=0x065F | 0x0670 | 0x06D6..=0x06DC | 0x06DF..=0x06E8 | 0x06EA..=0x06ED
        | 0x1AB0..=0x1AFF | 0x3099..=0x309C | 0xFF9E..=0xFF9F | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Characters that leave no mark on a screen.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c as u32,
        0x00AD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
        | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
        | 0xFFF0..=0xFFF8 | 0x1_BCA0..=0x1_BCA3 | 0x1_D173..=0x1_D17A | 0xE_0000..=0xE_0FFF)
        || matches!(c as u32, 0x00..=0x08 | 0x0E..=0x1F | 0x7F..=0x84 | 0x86..=0x9F)
}

/// A byte smuggled in a character that shows nothing: Unicode tags carry ASCII, variation selectors
/// carry any byte (VS1–16 are 0–15, VS17–256 are 16–255).
pub(crate) fn smuggled_byte(c: char) -> Option<u8> {
    match c as u32 {
        code @ 0xE_0020..=0xE_007E => u8::try_from(code - 0xE_0000).ok(),
        code @ 0xFE00..=0xFE0F => u8::try_from(code - 0xFE00).ok(),
        code @ 0xE_0100..=0xE_01EF => u8::try_from(code - 0xE_0100 + 16).ok(),
        _ => None,
    }
}

/// Squared, circled and flag letters that NFKC does not touch.
fn enclosed_letter(c: char) -> Option<char> {
    let offset = match c as u32 {
        code @ 0x1_F130..=0x1_F149 => code - 0x1_F130,
        code @ 0x1_F150..=0x1_F169 => code - 0x1_F150,
        code @ 0x1_F170..=0x1_F189 => code - 0x1_F170,
        code @ 0x1_F1E6..=0x1_F1FF => code - 0x1_F1E6,
        code @ 0x24B6..=0x24CF => code - 0x24B6,
        code @ 0x24D0..=0x24E9 => code - 0x24D0,
        _ => return None,
    };
    char::from_u32('a' as u32 + offset)
}

fn plain_quote(c: char) -> Option<char> {
    match c {
        '“' | '”' | '„' | '‟' | '«' | '»' | '「' | '」' | '『' | '』' | '＂' | '〝' | '〞' => {
            Some('"')
        }
        '‘' | '’' | '‚' | '‛' | '‹' | '›' | 'ʼ' | '＇' | '′' => Some('\''),
        '。' | '｡' | '।' | '॥' | '۔' => Some('.'),
        '、' | '،' => Some(','),
        '？' | '؟' => Some('?'),
        '！' => Some('!'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => Some('-'),
        _ => None,
    }
}

/// Latin letters in disguise that no living orthography mixes with plain ones, plus letters whose
/// stroke NFD does not take off.
fn always_latin(c: char) -> char {
    match c {
        'ł' | 'Ł' | 'ʟ' | 'ɫ' | 'ƚ' => 'l',
        'đ' | 'Đ' | 'ð' | 'Ð' | 'ᴅ' | 'ɖ' => 'd',
        'ø' | 'Ø' | 'ᴏ' | 'ɵ' => 'o',
        'ħ' | 'Ħ' | 'ʜ' => 'h',
        'ı' | 'İ' | 'ɪ' | 'ɩ' | 'ӏ' | 'Ӏ' => 'i',
        'ŧ' | 'Ŧ' | 'ᴛ' => 't',
        'ʙ' | 'ƀ' | 'ɓ' => 'b',
        'ᴀ' | 'ɑ' => 'a',
        'ᴄ' => 'c',
        'ᴇ' => 'e',
        'ꜰ' | 'ƒ' => 'f',
        'ɢ' | 'ɡ' | 'ǥ' => 'g',
        'ᴊ' | 'ɉ' | 'ȷ' => 'j',
        'ᴋ' => 'k',
        'ᴍ' => 'm',
        'ɴ' | 'ŋ' => 'n',
        'ᴘ' => 'p',
        'ꞯ' => 'q',
        'ʀ' | 'ɍ' => 'r',
        'ꜱ' | 'ſ' => 's',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' | 'ɏ' => 'y',
        'ᴢ' | 'ƶ' => 'z',
        other => other,
    }
}

/// The Latin letter that a letter of another script looks like, for words that mix scripts.
pub(crate) fn look_alike(c: char) -> Option<char> {
    Some(match c {
        // Cyrillic
        'а' => 'a',
        'в' | 'ь' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'є' => 'e',
        'ғ' => 'f',
        'ԍ' => 'g',
        'н' | 'һ' => 'h',
        'і' => 'i',
        'ј' => 'j',
        'к' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'п' => 'n',
        'о' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'г' | 'я' => 'r',
        'ѕ' => 's',
        'т' => 't',
        'ц' => 'u',
        'ѵ' => 'v',
        'ԝ' | 'ш' => 'w',
        'х' => 'x',
        'у' => 'y',
        // Greek
        'α' => 'a',
        'β' => 'b',
        'ϲ' | 'ς' => 'c',
        'δ' => 'd',
        'ε' => 'e',
        'η' => 'n',
        'ι' => 'i',
        'κ' => 'k',
        'μ' => 'm',
        'ν' => 'v',
        'ο' | 'σ' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'υ' => 'u',
        'χ' => 'x',
        'γ' => 'y',
        'ω' => 'w',
        'ζ' => 'z',
        // Armenian, Cherokee, Georgian letters seen in smuggled words
        'ա' => 'w',
        'օ' => 'o',
        'ո' => 'n',
        'ս' => 'u',
        'ց' => 'g',
        'հ' => 'h',
        'յ' => 'j',
        'զ' => 'q',
        _ => return None,
    })
}

/// The Cyrillic letter that a Latin one passes for, in words that are Cyrillic for the most part.
pub(crate) fn cyrillic_for(c: char) -> Option<char> {
    Some(match c {
        'a' => 'а',
        'b' => 'в',
        'c' => 'с',
        'e' => 'е',
        'h' => 'н',
        'i' => 'і',
        'k' => 'к',
        'm' => 'м',
        'o' => 'о',
        'p' => 'р',
        't' => 'т',
        'x' => 'х',
        'y' => 'у',
        _ => return None,
    })
}

/// Whether a letter belongs to a script whose letters pass for Latin ones.
pub(crate) fn is_look_alike_script(c: char) -> bool {
    matches!(c as u32, 0x0370..=0x03FF | 0x0400..=0x052F | 0x0530..=0x058F | 0x13A0..=0x13FF)
}

#[cfg(test)]
mod tests {
    use super::{Fold, expand, fold, smuggled_byte};

    #[test]
    fn letters_lose_case_accents_and_disguise() {
        for (given, wanted) in [
            ('É', 'e'),
            ('ü', 'u'),
            ('ł', 'l'),
            ('İ', 'i'),
            ('Ａ', 'a'),
            ('𝓲', 'i'),
            ('🅸', 'i'),
            ('Ⓐ', 'a'),
            ('Й', 'и'),
            ('ệ', 'e'),
        ] {
            assert_eq!(fold(given), Fold::Word(wanted), "{given}");
        }
    }

    #[test]
    fn scripts_without_spaces_stand_alone_and_the_unseen_is_dropped() {
        assert_eq!(fold('忽'), Fold::Single('忽'));
        assert_eq!(fold('ガ'), Fold::Single('カ'));
        assert_eq!(fold('한'), Fold::Word('한'));
        for unseen in ['\u{200B}', '\u{202E}', '\u{E0041}', '\u{0301}', '\u{FE0F}', '\u{AD}'] {
            assert_eq!(fold(unseen), Fold::Drop);
        }
    }

    #[test]
    fn one_character_may_be_several() {
        assert_eq!(fold('ﬁ'), Fold::Many);
        let mut out = Vec::new();
        expand('ﬁ', &mut out);
        assert_eq!(out, ['f', 'i']);
        expand('ß', &mut out);
        assert_eq!(out, ['s', 's']);
    }

    #[test]
    fn smuggled_bytes_come_back() {
        assert_eq!(smuggled_byte('\u{E0069}'), Some(b'i'));
        assert_eq!(smuggled_byte('\u{E0159}'), Some(b'i'));
        assert_eq!(smuggled_byte('i'), None);
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for code in 0x80..0x1_F200_u32 {
            let Some(c) = char::from_u32(code) else { continue };
            if let Fold::Word(folded) | Fold::Single(folded) | Fold::Gap(folded) = fold(c) {
                if folded.is_ascii() {
                    continue;
                }
                assert_eq!(fold(folded), fold(c), "U+{code:04X}");
            }
        }
    }
}

//! A text as decoders want it: without what is laid over its characters, in the case it was written in.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::wide::is_latin_in_disguise;
use crate::decode::OVERRIDE;
use crate::fold::{is_invisible, is_look_alike_script, look_alike};
use crate::map::OffsetMap;

/// Characters that must be dressed up before the text is undressed.
const DRESSED_MIN: usize = 8;

/// `source` with plain letters for styled ones, and without marks and characters that show nothing. None where there
/// is little of either.
pub(crate) fn undressed(source: &str, mixed: bool, most: usize) -> Option<(String, OffsetMap)> {
    if !has_dressed(source, mixed) {
        return None;
    }
    let look_alikes = mixed && is_latin_in_disguise(source);
    // What shows backwards is for a decoder to turn round.
    let overridden = source.contains(OVERRIDE);
    let is_kept = |c: char| overridden && matches!(c, '\u{202a}'..='\u{202e}');
    let (mut text, mut map, mut dressed) = (String::new(), OffsetMap::identity(), 0);
    for (at, c) in source.char_indices() {
        if text.len() >= most {
            break;
        }
        if c.is_ascii() || is_kept(c) {
            map.push_copied(text.len(), at, c.len_utf8());
            text.push(c);
        } else if is_invisible(c) || matches!(c, '\u{300}'..='\u{36f}') {
            dressed += 1;
        } else {
            let from = text.len();
            plain(c, look_alikes, &mut text);
            dressed += usize::from(text.get(from..).is_some_and(str::is_ascii));
            map.push_replaced(from, at..at + c.len_utf8());
        }
    }
    (dressed >= DRESSED_MIN).then_some((text, map))
}

/// Whether enough characters are dressed up for the text to be worth writing anew.
fn has_dressed(source: &str, mixed: bool) -> bool {
    let mut left = DRESSED_MIN;
    let mut rest = source;
    // From one character beyond ASCII to the next: most of most texts needs no look.
    while let Some(at) = rest.as_bytes().iter().position(|byte| !byte.is_ascii()) {
        let Some(tail) = rest.get(at..) else { break };
        let mut chars = tail.chars();
        left -= usize::from(chars.next().is_some_and(|c| may_be_dressed(c, mixed)));
        if left == 0 {
            return true;
        }
        rest = chars.as_str();
    }
    false
}

/// Whether a character may be laid over others or be a form of one; letters of living scripts are turned away.
const fn may_be_dressed(c: char, mixed: bool) -> bool {
    match c as u32 {
        0xAD => true,
        0..0x300 | 0x590..0x115F | 0x1E00..0x2000 | 0x2E80..0xF900
        // Dashes and quotes, the euro, arrows, pictures: no forms of letters, and all of them seen.
        | 0x2010..0x2024 | 0x20AC | 0x2190..0x2200 | 0x1F300..0x1F700 => false,
        0x370..0x590 => mixed,
        _ => true,
    }
}

/// Writes what a character beyond ASCII is a form of.
fn plain(c: char, look_alikes: bool, text: &mut String) {
    if let Some(letter) = enclosed(c) {
        text.push(letter);
    } else if let Some(letter) = cased_look_alike(c).filter(|_| look_alikes) {
        text.push(letter);
    } else if std::iter::once(c).nfkc().all(|part| part.is_ascii()) {
        text.extend(std::iter::once(c).nfkc());
    } else {
        text.push(c);
    }
}

/// Squared, circled and flag letters. Only circled ones have a case.
fn enclosed(c: char) -> Option<char> {
    let (first, offset) = match u32::from(c) {
        code @ 0x1_F130..=0x1_F149 => ('A', code - 0x1_F130),
        code @ 0x1_F150..=0x1_F169 => ('A', code - 0x1_F150),
        code @ 0x1_F170..=0x1_F189 => ('A', code - 0x1_F170),
        code @ 0x1_F1E6..=0x1_F1FF => ('A', code - 0x1_F1E6),
        code @ 0x24B6..=0x24CF => ('A', code - 0x24B6),
        code @ 0x24D0..=0x24E9 => ('a', code - 0x24D0),
        _ => return None,
    };
    char::from_u32(u32::from(first) + offset)
}

fn cased_look_alike(c: char) -> Option<char> {
    let lower = c.to_lowercase().next().filter(|lower| is_look_alike_script(*lower))?;
    let letter = look_alike(lower)?;
    Some(if lower == c {
        letter
    } else {
        letter.to_ascii_uppercase()
    })
}

/// Whether the letters are one: a letter of any script with the marks that belong to it.
pub(crate) fn is_one_letter(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some() && letters.all(is_combining_mark)
}

#[cfg(test)]
mod tests {
    use super::{is_invisible, may_be_dressed, plain, undressed};

    #[test]
    fn letters_keep_their_case() {
        for (given, wanted) in [
            ("ａＧＶｓｂＧ８＝", "aGVsbG8="),
            ("ⓐⒼⓋⓢⓑⒼ８⓪", "aGVsbG80"),
            (
                "a\u{200b}G\u{ad}V\u{2060}s\u{301}b\u{200b}G\u{200b}8\u{200b}=\u{200b}",
                "aGVsbG8=",
            ),
            ("аСbcеХоРуКАB", "aCbceXoPyKAB"),
        ] {
            let found = undressed(given, true, usize::MAX).map(|(text, _)| text);
            assert_eq!(found.as_deref(), Some(wanted), "{given}");
        }
    }

    #[test]
    fn signs_that_are_turned_away_would_not_count() {
        for c in [0x2010..0x2024, 0x20AC..0x20AD, 0x2190..0x2200, 0x1F300..0x1F700]
            .into_iter()
            .flatten()
            .filter_map(char::from_u32)
        {
            assert!(!may_be_dressed(c, true));
            let mut read = String::new();
            plain(c, true, &mut read);
            assert!(!is_invisible(c) && !read.is_ascii(), "{c}");
        }
    }

    #[test]
    fn ordinary_letters_stay() {
        for text in [
            "Ein schöner Satz über Möbel, Äpfel, Öl, Übermut",
            "Это обычный текст",
            "これは文です",
        ] {
            assert_eq!(undressed(text, true, usize::MAX), None, "{text}");
        }
    }
}

//! The lane for texts with anything but ASCII in them.

use unicode_normalization::char::compose;

use super::{
    Cut, Letter, PAD, PLAIN_LEN_MAX, Scripts, View, byte_kind, has_triple, has_wide_triple, may_be_word, narrow,
};
use crate::decode::{OVERRIDE, row_from};
use crate::fold::{
    Fold, cyrillic_for, expand, fold, is_invisible, is_jamo, is_look_alike_script, is_upper, look_alike,
};
use crate::masks::Classify;

/// Bytes from which ASCII text is worth a segment.
pub(super) const SEGMENT_LEN_MIN: usize = 8;
/// From how many bytes on a run counts as long.
const RUN_LEN: usize = 16;

impl View {
    pub(super) fn read_wide<K: Classify>(&mut self, kernel: K, source: &str, anchor: &[bool; 256]) {
        let mut cut = Cut::default();
        let mut at = 0;
        while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
            if self.word.is_empty()
                && let Some(plain) = plain_opening(rest.as_bytes())
            {
                self.map.push_copied(self.padded.len(), at, plain.len());
                let behind = rest.as_bytes().get(plain.len()).copied();
                self.read_segment(kernel, plain, behind, &mut cut, anchor);
                at += plain.len();
                continue;
            }
            let Some(c) = rest.chars().next() else { break };
            let after = at + c.len_utf8();
            self.read_character(
                c,
                (narrow(at), narrow(after)),
                rest.as_bytes().get(c.len_utf8()),
                &mut cut,
                source,
                anchor,
            );
            at = after;
        }
        self.end_word(cut.sentence, source);
        self.padded.extend([0; PAD]);
        self.note_neighbours();
        self.stats.triples = has_triple(&self.padded) || has_wide_triple(&self.padded);
        self.stats.letter_like = self.stats.kinds & byte_kind::LETTER_LIKE != 0 && has_letter_like(self.text());
        self.stats.turned = is_turned(self.text());
        // Encoded text is ASCII; words of other scripts are long by themselves.
        let is_solid = |byte: u8| byte.is_ascii() && !byte.is_ascii_whitespace();
        self.stats.long_run = row_from(source.as_bytes(), 0, RUN_LEN, is_solid).is_some();
    }

    fn read_character(
        &mut self,
        c: char,
        at: (u32, u32),
        next: Option<&u8>,
        cut: &mut Cut,
        source: &str,
        anchor: &[bool; 256],
    ) {
        match fold(c) {
            Fold::Word(folded) => self.letter(c, folded, at),
            Fold::Single(folded) => {
                self.end_word(cut.sentence, source);
                self.single(folded, at, cut.sentence);
            }
            Fold::Gap(folded) => {
                self.end_word(cut.sentence, source);
                let before_space = next.is_none_or(|byte| byte.is_ascii_whitespace() || !byte.is_ascii());
                cut.sentence += u32::from(folded == '\n' || (matches!(folded, '.' | '!' | '?') && before_space));
                self.gap(folded, at, anchor);
            }
            Fold::Drop => self.drop_character(c, at),
            Fold::Many => self.many(c, at, cut.sentence, source, anchor),
        }
    }

    /// A character that is a token.
    fn single(&mut self, folded: char, at: (u32, u32), sentence: u32) {
        let from = self.padded.len();
        self.put(folded, at);
        self.wide_close(from, sentence, false, folded.is_ascii_digit());
        self.stats.single_tokens += 1;
    }

    fn letter(&mut self, original: char, folded: char, (start, end): (u32, u32)) {
        self.stats.upper += u32::from(is_upper(original));
        self.stats.digit += u32::from(folded.is_ascii_digit());
        self.stats.foreign_letters += u32::from(!folded.is_ascii());
        if is_jamo(folded)
            && let Some(last) = self.word.last_mut()
            && let Some(syllable) = compose(last.folded, folded)
        {
            *last = Letter {
                folded: syllable,
                start: last.start,
                end,
            };
            return;
        }
        self.scripts.note(folded);
        self.word.push(Letter { folded, start, end });
    }

    fn many(&mut self, c: char, at: (u32, u32), sentence: u32, source: &str, anchor: &[bool; 256]) {
        let mut parts = std::mem::take(&mut self.parts);
        expand(c, &mut parts);
        for folded in &parts {
            match fold(*folded) {
                Fold::Word(_) => self.letter(c, *folded, at),
                Fold::Single(_) => {
                    self.end_word(sentence, source);
                    self.single(*folded, at, sentence);
                }
                _ => {
                    self.end_word(sentence, source);
                    self.gap(*folded, at, anchor);
                }
            }
        }
        self.parts = parts;
    }

    fn gap(&mut self, folded: char, at: (u32, u32), anchor: &[bool; 256]) {
        let position = self.padded.len();
        self.put(folded, at);
        match u8::try_from(folded) {
            Ok(byte) if byte.is_ascii_whitespace() => self.stats.newline += u32::from(byte == b'\n'),
            Ok(byte) if byte.is_ascii() => {
                self.stats.quote += u32::from(byte == b'"');
                self.stats.stop += u32::from(matches!(byte, b'.' | b'!' | b'?'));
                self.note_punctuation(byte, position, false, anchor);
            }
            _ => self.stats.punctuation += 1,
        }
    }

    pub(super) fn drop_character(&mut self, c: char, at: (u32, u32)) {
        if !is_invisible(c) {
            return;
        }
        self.stats.invisible += 1;
        self.stats.overridden |= c == OVERRIDE;
        self.smuggled.take(c, at);
    }

    /// Writes the letters gathered so far as one token.
    fn end_word(&mut self, sentence: u32, source: &str) {
        if self.word.is_empty() {
            return;
        }
        let Scripts { latin, other, digits } = std::mem::take(&mut self.scripts);
        let mixed = latin > 0 && other > 0;
        let disguised = other > 0 && *self.disguised.get_or_insert_with(|| is_latin_in_disguise(source));
        let replace = mixed || (disguised && other > 0);
        // A letter that only Cyrillic has makes it a Cyrillic word with Latin letters in it; so do more
        // Cyrillic letters than Latin ones, where the text holds true Cyrillic at all.
        let foreign = |letter: &Letter| is_cyrillic(letter.folded) && look_alike(letter.folded).is_none();
        let to_cyrillic = mixed && ((!disguised && other > latin) || self.word.iter().any(foreign));
        let from = self.padded.len();
        let word = std::mem::take(&mut self.word);
        for letter in &word {
            let folded = match (replace, to_cyrillic) {
                (true, true) => cyrillic_for(letter.folded),
                (true, false) => look_alike(letter.folded),
                (false, _) => None,
            };
            self.put(folded.unwrap_or(letter.folded), (letter.start, letter.end));
        }
        self.word = word;
        self.word.clear();
        self.wide_close(from, sentence, replace, digits > 0);
        self.stats.mixed_tokens += u32::from(replace);
    }

    fn put(&mut self, c: char, (start, end): (u32, u32)) {
        let position = self.padded.len();
        let mut buffer = [0; 4];
        let encoded = c.encode_utf8(&mut buffer).as_bytes();
        self.padded.extend_from_slice(encoded);
        if encoded.len() == (end - start) as usize {
            self.map.push_copied(position, start as usize, encoded.len());
        } else {
            self.map.push_replaced(position, start as usize..end as usize);
        }
    }

    /// Ends a token at the end of what is written.
    fn wide_close(&mut self, from: usize, sentence: u32, mixed: bool, digits: bool) {
        let end = self.padded.len();
        self.padded.extend([0; 16]);
        if digits || end - from > PLAIN_LEN_MAX {
            self.close(from, end, sentence);
        } else {
            self.close_plain(from, narrow(end - from), sentence);
        }
        self.padded.truncate(end);
        if let Some(last) = self.tokens.last_mut() {
            last.mixed = mixed;
        }
    }
}

/// Whether a stop stands in front of a word, with nothing but white space before it.
fn is_turned(text: &[u8]) -> bool {
    let opens = |before: Option<&u8>| before.is_none_or(|byte| matches!(byte, b' ' | 9..=13));
    memchr::memchr3_iter(b'.', b'!', b'?', text).any(|at| {
        text.get(at + 1).copied().is_some_and(may_be_word)
            && opens(at.checked_sub(1).and_then(|before| text.get(before)))
    })
}

/// Whether a sign that passes for a letter stands between letters or digits.
fn has_letter_like(text: &[u8]) -> bool {
    text.windows(3).any(|window| match window {
        [before, sign, after] => {
            byte_kind::of(*sign) == byte_kind::LETTER_LIKE
                && before.is_ascii_alphanumeric()
                && after.is_ascii_alphanumeric()
        }
        _ => false,
    })
}

/// The ASCII text up to the last end of a word before something else comes, if it is worth a segment.
fn plain_opening(rest: &[u8]) -> Option<&[u8]> {
    let len = ascii_len(rest);
    let plain = rest.get(..len)?;
    let end = if len == rest.len() {
        len
    } else {
        plain
            .iter()
            .rposition(|byte| !byte.is_ascii_alphanumeric())
            .map_or(0, |last| last + 1)
    };
    plain.get(..end).filter(|plain| plain.len() >= SEGMENT_LEN_MIN)
}

/// How many bytes are ASCII before one that is not.
fn ascii_len(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<32>();
    let plain = blocks.iter().take_while(|block| block.is_ascii()).count() * 32;
    let rest = bytes.get(plain..).unwrap_or_default();
    plain + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

const fn is_cyrillic(c: char) -> bool {
    matches!(c as u32, 0x0400..=0x052F)
}

/// Latin text written with letters of another script: there are Latin letters, and every word of the
/// other script could be read as Latin. Real Russian or Greek beside Latin holds letters that cannot.
pub(super) fn is_latin_in_disguise(source: &str) -> bool {
    let mut latin = false;
    let mut parts = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.get(ascii_len(rest.as_bytes())..).unwrap_or_default();
        let Some(c) = rest.chars().next() else {
            return latin || source.bytes().any(|byte| byte.is_ascii_alphabetic());
        };
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match fold(c) {
            Fold::Word(folded) if is_look_alike_script(folded) && look_alike(folded).is_none() => return false,
            // Letters in fancy dress read as Latin too.
            Fold::Word(folded) => latin |= folded.is_ascii_alphabetic(),
            Fold::Many => {
                parts.clear();
                expand(c, &mut parts);
                if parts
                    .iter()
                    .any(|part| is_look_alike_script(*part) && look_alike(*part).is_none())
                {
                    return false;
                }
                latin |= parts.iter().any(char::is_ascii_alphabetic);
            }
            _ => {}
        }
    }
}

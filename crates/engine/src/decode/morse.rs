//! Morse code: dots and dashes, a space between letters, a bar or a wider space between words.

use super::plausible::reads_like_text;
use super::{Bound, Codec, Decoded, Runs};

/// Finds and decodes Morse code; letters come out small.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let run_min = bound.run_min;
    let mut runs = Runs::new(Codec::Morse, bound);
    let mut run = Run::default();
    for (at, letter) in source.char_indices() {
        match Sign::of(letter) {
            Some(sign) => run.note(sign, at, letter.len_utf8()),
            None if runs.is_full() => break,
            None => run.end(run_min, &mut runs),
        }
    }
    run.end(run_min, &mut runs);
    runs.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Dot,
    Dash,
    Space,
    Bar,
}

impl Sign {
    const fn of(letter: char) -> Option<Self> {
        match letter {
            '.' | '·' | '•' | '∙' => Some(Self::Dot),
            '-' | '_' | '–' | '—' | '−' => Some(Self::Dash),
            ' ' | '\t' => Some(Self::Space),
            '/' | '|' | '\n' | '\r' => Some(Self::Bar),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Run {
    text: String,
    /// First and last sign that is not white space.
    start: Option<usize>,
    end: usize,
    signs: usize,
    /// Dots and dashes of the open letter below a leading one; 0 when none is open.
    code: usize,
    spaces: usize,
    unknown: usize,
    letters: usize,
}

impl Run {
    fn note(&mut self, sign: Sign, at: usize, len: usize) {
        match sign {
            Sign::Dot | Sign::Dash => {
                self.start.get_or_insert(at);
                self.end = at + len;
                self.signs += 1;
                let code = self.code.max(1) << 1 | usize::from(sign == Sign::Dash);
                // One bit more than any letter has stays unknown however long it grows.
                self.code = if code < LETTERS.len() { code } else { LETTERS.len() };
                self.spaces = 0;
            }
            Sign::Space => {
                self.close_letter();
                self.spaces += 1;
                if self.spaces > 1 {
                    self.close_word();
                }
            }
            Sign::Bar => {
                self.close_letter();
                self.close_word();
            }
        }
    }

    fn close_letter(&mut self) {
        if self.code == 0 {
            return;
        }
        match LETTERS.get(self.code).copied().flatten() {
            Some(letter) => self.text.push(letter),
            None => self.unknown += 1,
        }
        self.letters += 1;
        self.code = 0;
    }

    fn close_word(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn end(&mut self, run_min: usize, runs: &mut Runs<'_>) {
        if self.start.is_none() {
            return;
        }
        self.close_letter();
        let run = std::mem::take(self);
        let text = run.text.trim_end();
        if let Some(start) = run.start
            && run.signs >= run_min
            && run.unknown * 10 <= run.letters
            && reads_like_text(text)
        {
            runs.add(start..run.end, text);
        }
    }
}

static LETTERS: [Option<char>; 128] = letters();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn letters() -> [Option<char>; 128] {
    let mut letters = [None; 128];
    let mut at = 0;
    while at < CODES.len() {
        let (letter, signs) = CODES[at];
        let signs = signs.as_bytes();
        let mut code = 1;
        let mut sign = 0;
        while sign < signs.len() {
            code = code << 1 | (signs[sign] == b'-') as usize;
            sign += 1;
        }
        letters[code] = Some(letter);
        at += 1;
    }
    letters
}

/// ITU-R M.1677-1.
const CODES: [(char, &str); 53] = [
    ('a', ".-"),
    ('b', "-..."),
    ('c', "-.-."),
    ('d', "-.."),
    ('e', "."),
    ('f', "..-."),
    ('g', "--."),
    ('h', "...."),
    ('i', ".."),
    ('j', ".---"),
    ('k', "-.-"),
    ('l', ".-.."),
    ('m', "--"),
    ('n', "-."),
    ('o', "---"),
    ('p', ".--."),
    ('q', "--.-"),
    ('r', ".-."),
    ('s', "..."),
    ('t', "-"),
    ('u', "..-"),
    ('v', "...-"),
    ('w', ".--"),
    ('x', "-..-"),
    ('y', "-.--"),
    ('z', "--.."),
    ('0', "-----"),
    ('1', ".----"),
    ('2', "..---"),
    ('3', "...--"),
    ('4', "....-"),
    ('5', "....."),
    ('6', "-...."),
    ('7', "--..."),
    ('8', "---.."),
    ('9', "----."),
    ('.', ".-.-.-"),
    (',', "--..--"),
    ('?', "..--.."),
    ('\'', ".----."),
    ('!', "-.-.--"),
    ('/', "-..-."),
    ('(', "-.--."),
    (')', "-.--.-"),
    ('&', ".-..."),
    (':', "---..."),
    (';', "-.-.-."),
    ('=', "-...-"),
    ('+', ".-.-."),
    ('-', "-....-"),
    ('_', "..--.-"),
    ('"', ".-..-."),
    ('@', ".--.-."),
];

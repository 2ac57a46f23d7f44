//! Tells a hidden text from bytes that merely happened to decode.

/// Which bytes may be text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or UTF-16 as its zero bytes or byte order mark show.
    Unicode,
    /// Latin-1 too, which gives every byte a meaning and so needs stronger evidence.
    Latin1,
}

/// A hidden text shorter than this says too little to be told from chance.
const CHARS_MIN: usize = 6;
const DISTINCT_LETTERS_MIN: u32 = 4;

/// The bytes as text, if that reads like language or code.
pub(super) fn text_of(bytes: &[u8], charset: Charset) -> Option<String> {
    let text = match charset {
        Charset::Unicode => utf16(bytes).or_else(|| utf8(bytes).map(str::to_owned))?,
        Charset::Latin1 => latin1(bytes)?,
    };
    let is_plausible = |text: &str| is_plausible(text) || (charset == Charset::Unicode && is_printable(text));
    if text.len() > SAMPLED_FROM && !samples(&text).any(is_plausible) {
        return None;
    }
    is_plausible(&text).then_some(text)
}

/// A long text may end within a character, where it was cut to find room.
fn utf8(bytes: &[u8]) -> Option<&str> {
    const CUT_FROM: usize = 1 << 10;
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && bytes.len() >= CUT_FROM => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
}

/// Longer texts are read whole only where a sample reads like one.
const SAMPLED_FROM: usize = 64 << 10;
const SAMPLE_LEN: usize = 1 << 10;
const SAMPLE_COUNT: usize = 16;

/// Stretches of a long text, evenly spread.
fn samples(text: &str) -> impl Iterator<Item = &str> {
    let boundary = |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(at);
    (0..SAMPLE_COUNT).filter_map(move |number| {
        let start = text.len() / SAMPLE_COUNT * number;
        text.get(boundary(start)..boundary(start + SAMPLE_LEN))
    })
}

fn is_plausible(text: &str) -> bool {
    reads_like_text(text) || is_encoded_again(text)
}

/// Whether a text is too long to show nothing but characters by chance: of all bytes a third is printable ASCII,
/// and hardly any are characters of several bytes in a row.
pub(crate) fn is_printable(text: &str) -> bool {
    const LEN_MIN: usize = 24;
    const DISTINCT_MIN: u32 = 8;
    let mut seen = 0_u64;
    let shows = text.chars().all(|letter| {
        seen |= 1 << (u32::from(letter) & 63);
        letter == '\n' || letter == '\t' || letter == '\r' || !is_unprintable(letter)
    });
    let wide = text.bytes().filter(|byte| !byte.is_ascii()).count();
    // Between the two the odds are worse: a lone byte beyond ASCII is more often a character by chance.
    let pure = wide == 0 || wide * 3 >= text.len();
    // The head of a token, say: machine data in braces is no code.
    let data = text.starts_with('{') && text.ends_with('}');
    text.len() >= LEN_MIN && shows && pure && !data && seen.count_ones() >= DISTINCT_MIN
}

/// Whether bytes that begin with `head` may be text of any kind that [`text_of`] knows: enough to turn
/// chance away before all of it is decoded.
pub(super) fn may_begin_text(head: &[u8], charset: Charset) -> bool {
    match charset {
        Charset::Unicode => {
            let marked = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            // A character that the end of the head cuts has no length of error.
            let readable = || std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
            marked || memchr::memchr(0, head).is_some() || readable()
        }
        Charset::Latin1 => head
            .iter()
            .all(|byte| matches!(byte, 0x20..0x7f | 0xc0.. | b'\n' | b'\r' | b'\t')),
    }
}

/// Whether a text is one more encoded run. Bytes that decoded by chance are hardly ever all of one
/// alphabet: a third of all bytes is in the largest, to the power of the length.
fn is_encoded_again(text: &str) -> bool {
    const LEN_MIN: usize = 16;
    let bare = text.strip_prefix("<~").map_or(text, |rest| rest.trim_end_matches("~>"));
    let shared = |known: u8, byte: u8| known & ALPHABETS.get(usize::from(byte)).copied().unwrap_or(0);
    // In blocks, so that what is no such run is left early.
    let mut blocks = bare.as_bytes().chunks(64);
    let common = blocks.try_fold(u8::MAX, |known, block| {
        let common = block.iter().copied().fold(known, shared);
        (common != 0).then_some(common)
    });
    bare.len() >= LEN_MIN && common.is_some()
}

/// The alphabets that each byte belongs to: of base64 and what is part of it, of ASCII85, and of escapes, Morse
/// and digits in groups.
static ALPHABETS: [u8; 256] = alphabets();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn alphabets() -> [u8; 256] {
    let mut alphabets = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let letter = byte as u8;
        let radix = letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n');
        let ascii85 = matches!(letter, b'!'..=b'u' | b'z' | b'\n');
        let escapes = letter.is_ascii_hexdigit()
            || matches!(
                letter,
                b'%' | b'&' | b'#' | b';' | b'\\' | b'u' | b'U' | b'x' | b'X' | b'+' | b'{' | b'}' | b'='
            )
            || matches!(
                letter,
                b'.' | b'-' | b'_' | b'/' | b'|' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r'
            );
        alphabets[byte] = radix as u8 | (ascii85 as u8) << 1 | (escapes as u8) << 2;
        byte += 1;
    }
    alphabets
}

/// UTF-16 shows by a byte order mark, or by the zero bytes beside ASCII characters.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (body, big_endian) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        _ => (bytes, zeros_come_first(bytes)?),
    };
    let (pairs, _) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| {
        if big_endian {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    });
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

fn zeros_come_first(bytes: &[u8]) -> Option<bool> {
    memchr::memchr(0, bytes)?;
    let (pairs, _) = bytes.as_chunks::<2>();
    let (mut first, mut second) = (0_usize, 0_usize);
    for [a, b] in pairs {
        first += usize::from(*a == 0);
        second += usize::from(*b == 0);
    }
    let enough = pairs.len().div_ceil(3);
    if first >= enough && second == 0 {
        return Some(true);
    }
    (second >= enough && first == 0).then_some(false)
}

/// Latin-1 in running use is words of mostly ASCII with a few accented letters.
fn latin1(bytes: &[u8]) -> Option<String> {
    let (mut letters, mut accented, mut spaces) = (0_usize, 0_usize, 0_usize);
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => letters += 1,
            0xc0.. => accented += 1,
            b' ' => spaces += 1,
            0x20..0x7f | b'\n' | b'\r' | b'\t' => {}
            _ => return None,
        }
    }
    let words = (letters + accented) * 5 >= (bytes.len() - spaces) * 4;
    let sparse = accented * 5 <= bytes.len() && spaces * 12 >= bytes.len();
    (words && sparse).then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
}

/// Mostly printable, with letters that stand together as the letters of a language or of code do.
pub(super) fn reads_like_text(text: &str) -> bool {
    Counts::of(text).is_some_and(|counts| {
        counts.chars >= CHARS_MIN
            && counts.is_printable(counts.chars)
            && counts.distinct() >= DISTINCT_LETTERS_MIN
            && counts.has_enough_letters()
            && counts.has_vowels_between_consonants()
            && counts.keeps_to_its_scripts()
            && counts.keeps_to_its_case()
    })
}

#[derive(Default)]
struct Counts {
    chars: usize,
    unprintable: usize,
    spaces: usize,
    letters: usize,
    ascii_letters: usize,
    vowels: usize,
    /// Neighbouring letters of different scripts.
    script_changes: usize,
    /// A capital, or a digit, right behind a small letter.
    case_changes: usize,
    /// Letters seen, hashed into bits.
    seen: u64,
}

impl Counts {
    /// None as soon as too many characters cannot be printed, however the text goes on.
    fn of(text: &str) -> Option<Self> {
        let mut counts = Self::default();
        let mut before = ' ';
        for letter in text.chars() {
            match u8::try_from(letter).ok().and_then(|byte| ASCII.get(usize::from(byte))) {
                Some(class) => counts.note_ascii(letter, *class, before),
                None => counts.note_wide(letter, before),
            }
            if counts.unprintable > CHARS_MIN && !counts.is_printable(text.len()) {
                return None;
            }
            before = letter;
        }
        Some(counts)
    }

    #[inline]
    fn note_ascii(&mut self, letter: char, class: u8, before: char) {
        self.chars += 1;
        self.unprintable += usize::from(class & UNPRINTABLE != 0);
        self.spaces += usize::from(class & SPACE != 0);
        self.case_changes += usize::from(class & (UPPER | DIGIT) != 0 && before.is_ascii_lowercase());
        if class & LETTER != 0 {
            self.letters += 1;
            self.ascii_letters += 1;
            self.vowels += usize::from(class & VOWEL != 0);
            self.seen |= 1 << (u32::from(letter) & 31);
            self.script_changes += usize::from(!before.is_ascii() && is_foreign(before, letter));
        }
    }

    fn note_wide(&mut self, letter: char, before: char) {
        self.chars += 1;
        self.unprintable += usize::from(is_unprintable(letter));
        self.spaces += usize::from(letter.is_whitespace());
        if letter.is_alphabetic() {
            self.letters += 1;
            self.seen |= 1 << (u32::from(letter) & 63);
            self.script_changes += usize::from(is_foreign(before, letter));
        }
    }

    const fn is_printable(&self, chars: usize) -> bool {
        self.unprintable * 100 <= chars * 15
    }

    const fn distinct(&self) -> u32 {
        self.seen.count_ones()
    }

    /// Machine data in braces and quotes (a token's header, say) is not worth reading; a sentence in
    /// them is.
    fn has_enough_letters(&self) -> bool {
        let solid = self.chars - self.spaces;
        let share = if self.spaces == 0 { 65 } else { 40 };
        self.letters * 100 >= solid * share
    }

    fn has_vowels_between_consonants(&self) -> bool {
        let latin = self.ascii_letters * 2 > self.letters;
        !latin || (self.vowels * 12 >= self.ascii_letters && self.vowels * 4 <= self.ascii_letters * 3)
    }

    const fn keeps_to_its_scripts(&self) -> bool {
        self.script_changes * 8 <= self.letters
    }

    const fn keeps_to_its_case(&self) -> bool {
        self.case_changes * 8 <= self.letters
    }
}

const UNPRINTABLE: u8 = 1;
const SPACE: u8 = 2;
const LETTER: u8 = 4;
const UPPER: u8 = 8;
const DIGIT: u8 = 16;
const VOWEL: u8 = 32;

static ASCII: [u8; 128] = ascii();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn ascii() -> [u8; 128] {
    let mut classes = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' => SPACE,
            0..0x20 | 0x7f => UNPRINTABLE,
            b'0'..=b'9' => DIGIT,
            b'A' | b'E' | b'I' | b'O' | b'U' | b'Y' => LETTER | UPPER | VOWEL,
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y' => LETTER | VOWEL,
            b'A'..=b'Z' => LETTER | UPPER,
            b'a'..=b'z' => LETTER,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

fn is_unprintable(letter: char) -> bool {
    matches!(letter, '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..) || letter.is_control()
}

/// Whether two neighbours are letters that no language writes together.
fn is_foreign(before: char, letter: char) -> bool {
    script(before) != script(letter) && before.is_alphabetic()
}

/// Not the true script: only as fine as needed to see that neighbours do not belong together.
fn script(letter: char) -> u32 {
    match u32::from(letter) {
        0..0x250 | 0x1e00..0x1f00 => 0,
        0x370..0x400 | 0x1f00..0x2000 => 1,
        0x400..0x530 => 2,
        0x590..0x600 => 3,
        0x600..0x780 | 0xfb50..0xfe00 | 0xfe70..0xff00 => 4,
        // Japanese mixes kana and Han, Korean Hangul and Han.
        0x1100..0x1200 | 0x2e80..0xa000 | 0xac00..0xd7b0 | 0xf900..0xfb00 | 0xff00..0xfff0 | 0x2_0000.. => 5,
        other => other >> 7,
    }
}

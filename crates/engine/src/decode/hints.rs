//! Which codecs can possibly find something, told in one pass over the bytes.

use super::Codec;
use super::disguise::{Disguise, DisguiseCount, Word};

/// Cheap signs that gate the codecs.
///
/// A caller that already walks over the text can fill it from its own pass. A sign that is set
/// needlessly costs time; one that is missing hides the codec's views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one independent sign each")]
pub struct Hints {
    /// A `%` somewhere: percent escapes.
    pub percent: bool,
    /// A `&` somewhere: character references.
    pub ampersand: bool,
    /// A `\` somewhere: escapes of source code.
    pub backslash: bool,
    /// `U+` or `u+` somewhere: code points by name.
    pub code_point: bool,
    /// An `=` somewhere: quoted-printable.
    pub equals: bool,
    /// At least 16 bytes in a row without ASCII white space: base64, base32, hex, binary, ASCII85.
    pub long_run: bool,
    /// At least 16 bytes of neighbouring words made only of hex digits, `x` and `,:;|`: hex and
    /// binary in groups.
    pub spaced_digits: bool,
    /// At least 16 bytes of neighbouring words made only of dots, dashes, bars and slashes: Morse.
    pub morse: bool,
    /// [`DisguiseCount`] shows rotated words.
    pub rot13: bool,
    /// [`DisguiseCount`] shows words written backwards, a stop stands in front of a word, or an override says so.
    pub reversed: bool,
}

/// Bytes from which a run counts as long.
const RUN_MIN: usize = 16;

impl Hints {
    /// Everything set: every codec looks.
    pub const ALL: Self = Self {
        percent: true,
        ampersand: true,
        backslash: true,
        code_point: true,
        equals: true,
        long_run: true,
        spaced_digits: true,
        morse: true,
        rot13: true,
        reversed: true,
    };

    /// Reads the signs of `source`.
    #[must_use]
    pub fn of(source: &str) -> Self {
        let mut pass = Pass::default();
        for byte in source.bytes() {
            pass.note(byte);
        }
        pass.finish()
    }

    /// Whether any codec can find something.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.percent
            || self.ampersand
            || self.backslash
            || self.code_point
            || self.equals
            || self.long_run
            || self.spaced_digits
            || self.morse
            || self.rot13
            || self.reversed
    }

    pub(super) const fn allow(&self, codec: Codec) -> bool {
        match codec {
            Codec::Url => self.percent,
            Codec::HtmlEntity => self.ampersand,
            Codec::UnicodeEscape => self.backslash || self.code_point,
            Codec::QuotedPrintable => self.equals,
            Codec::Rot13 => self.rot13,
            Codec::Reversed => self.reversed,
            Codec::Base64 | Codec::Base32 | Codec::Ascii85 => self.long_run,
            Codec::Hex | Codec::Binary => self.long_run || self.spaced_digits,
            Codec::Morse => self.morse,
        }
    }
}

const SPACE: u8 = 1;
const DIGITS: u8 = 2;
const MORSE: u8 = 4;
const PERCENT: u8 = 8;
const AMPERSAND: u8 = 16;
const BACKSLASH: u8 = 32;
const EQUALS: u8 = 64;
const PLUS: u8 = 128;

static CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks the bounds"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = class_of(byte as u8);
        byte += 1;
    }
    classes
}

const fn class_of(byte: u8) -> u8 {
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0c => SPACE,
        b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X' | b',' | b':' | b';' => DIGITS,
        b'|' => DIGITS | MORSE,
        b'.' | b'-' | b'_' | b'/' => MORSE,
        // Bytes of the middle dots, bullets and long dashes that also serve.
        0xc2 | 0xe2 | 0x80 | 0x88 | 0x92..=0x94 | 0x99 | 0xa2 | 0xb7 => MORSE,
        b'%' => PERCENT,
        b'&' => AMPERSAND,
        b'\\' => BACKSLASH,
        b'=' => EQUALS,
        b'+' => PLUS,
        _ => 0,
    }
}

/// [`OVERRIDE`](super::OVERRIDE) as UTF-8.
const OVERRIDE_BYTES: u32 = 0xE2_80_AE;

#[derive(Default)]
struct Pass {
    /// Classes seen anywhere.
    seen: u8,
    /// Bytes since the last white space, and the classes they all have.
    run: usize,
    common: u8,
    /// Bytes of the current row of words with a common class.
    digits: usize,
    morse: usize,
    /// The last four bytes, the last one lowest.
    before: u32,
    /// A stop stands in front of a word, or an override somewhere.
    turned: bool,
    word: Word,
    count: DisguiseCount,
    hints: Hints,
}

impl Pass {
    #[inline]
    fn note(&mut self, byte: u8) {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(0);
        self.seen |= class;
        if class & SPACE == 0 {
            self.common = if self.run == 0 { class } else { self.common & class };
            self.run += 1;
        } else if self.run > 0 {
            self.end_run();
        }
        if class & PLUS != 0 {
            self.hints.code_point |= self.before as u8 | 0x20 == b'u';
        }
        let stop = match self.before.to_be_bytes() {
            [_, _, opens, b'.' | b'!' | b'?'] | [opens, 0xE3, 0x80, 0x82] => Some(opens),
            _ => None,
        };
        self.turned |= matches!(stop, Some(0 | b' ' | 9..=13)) && (byte.is_ascii_alphanumeric() || !byte.is_ascii());
        self.before = self.before << 8 | u32::from(byte);
        self.turned |= self.before & 0xFF_FFFF == OVERRIDE_BYTES;
        if let Some((head, len)) = self.word.push(byte) {
            self.count.note(head, len);
        }
    }

    fn end_run(&mut self) {
        self.hints.long_run |= self.run >= RUN_MIN;
        self.digits = if self.common & DIGITS != 0 {
            self.digits + self.run
        } else {
            0
        };
        self.morse = if self.common & MORSE != 0 {
            self.morse + self.run
        } else {
            0
        };
        self.hints.spaced_digits |= self.digits >= RUN_MIN;
        self.hints.morse |= self.morse >= RUN_MIN;
        self.run = 0;
    }

    fn finish(mut self) -> Hints {
        // White space at the end closes what is open.
        self.note(b' ');
        Hints {
            percent: self.seen & PERCENT != 0,
            ampersand: self.seen & AMPERSAND != 0,
            backslash: self.seen & BACKSLASH != 0,
            equals: self.seen & EQUALS != 0,
            rot13: self.count.shows(Disguise::Rotated),
            reversed: self.turned || self.count.shows(Disguise::Reversed),
            ..self.hints
        }
    }
}

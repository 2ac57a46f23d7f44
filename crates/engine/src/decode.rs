//! Decoders that are found by the shape of what they decode.
//!
//! One call peels one layer; the caller feeds the results back in to peel the next.

mod digits;
mod disguise;
mod escapes;
mod hints;
mod html;
mod morse;
mod plausible;
mod quoted_printable;
mod radix64;
mod rewritten;

mod ascii85;
mod unicode;
mod url;

use std::ops::Range;

pub use disguise::{Disguise, DisguiseCount};
pub(crate) use disguise::{REVERSED, ROTATED};
pub use hints::Hints;

use crate::limits::Limits;
use crate::map::OffsetMap;

/// Decoded views of one text never get less room than this, however short the text.
const DECODED_BYTES_MIN: usize = 64 << 10;

/// How a text was hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// RFC 4648 section 4 and 5, with or without padding.
    Base64,
    /// RFC 4648 section 6.
    Base32,
    /// Two digits a byte, together or apart.
    Hex,
    /// Eight binary digits a byte, together or apart.
    Binary,
    /// Letters moved by thirteen places.
    Rot13,
    /// `%69`.
    Url,
    /// `&lt;`, `&#105;`, `&#x69;`.
    HtmlEntity,
    /// `\u0069`, `\u{69}`, `\x69`, `\151`, `U+0069`.
    UnicodeEscape,
    /// Dots and dashes.
    Morse,
    /// Written backwards.
    Reversed,
    /// Five characters for four bytes.
    Ascii85,
    /// `=69`.
    QuotedPrintable,
}

impl Codec {
    /// Every codec, in the order in which they are tried.
    pub const ALL: [Self; 12] = [
        Self::Url,
        Self::HtmlEntity,
        Self::UnicodeEscape,
        Self::QuotedPrintable,
        Self::Rot13,
        Self::Reversed,
        Self::Base64,
        Self::Base32,
        Self::Hex,
        Self::Binary,
        Self::Ascii85,
        Self::Morse,
    ];

    /// The name in a decoding chain.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Binary => "binary",
            Self::Rot13 => "rot13",
            Self::Url => "url",
            Self::HtmlEntity => "html_entity",
            Self::UnicodeEscape => "unicode_escape",
            Self::Morse => "morse",
            Self::Reversed => "reversed",
            Self::Ascii85 => "ascii85",
            Self::QuotedPrintable => "quoted_printable",
        }
    }
}

/// What one codec found in a text.
///
/// The escaping codecs keep the plain text around the escapes, so that a sentence of which only some
/// letters are hidden reads as a whole. The others give the decoded runs alone, one a line: many
/// short runs make one view, so that no number of harmless runs can crowd out a harmful one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// How it was hidden.
    pub codec: Codec,
    /// The part of the source that was read, on character boundaries.
    pub span: Range<usize>,
    /// The readable text.
    pub text: String,
    /// From `text` to the source (not to `span`).
    pub map: OffsetMap,
}

/// Decodes everything in `source` that any codec recognises, one layer deep, at most one view a codec.
///
/// `hints` says which codecs can possibly find something; see [`Hints::of`]. Returns whether every view
/// found room within `limits`.
pub fn decode_all(source: &str, hints: Hints, limits: &Limits, out: &mut Vec<Decoded>) -> bool {
    if !hints.any() {
        return true;
    }
    let mut room = Room {
        bytes: source
            .len()
            .saturating_mul(limits.decoded_ratio_max)
            .max(DECODED_BYTES_MIN),
        views: limits.views_max,
    };
    let mut whole = true;
    for codec in Codec::ALL {
        if !hints.allow(codec) {
            continue;
        }
        let Some(found) = decode_one(codec, source, hints, limits) else {
            continue;
        };
        if room.take(found.text.len()) {
            out.push(found);
        } else {
            whole = false;
        }
    }
    whole
}

fn decode_one(codec: Codec, source: &str, hints: Hints, limits: &Limits) -> Option<Decoded> {
    match codec {
        Codec::Base64 => radix64::base64(source, limits),
        Codec::Base32 => radix64::base32(source, limits),
        Codec::Hex => digits::hex(source, limits, hints.spaced_digits),
        Codec::Binary => digits::binary(source, limits),
        Codec::Rot13 => rewritten::rot13(source),
        Codec::Url => url::decode(source),
        Codec::HtmlEntity => html::decode(source),
        Codec::UnicodeEscape => unicode::decode(source),
        Codec::Morse => morse::decode(source, limits),
        Codec::Reversed => rewritten::reversed(source),
        Codec::Ascii85 => ascii85::decode(source, limits),
        Codec::QuotedPrintable => quoted_printable::decode(source),
    }
}

/// Where the next `len` bytes in a row are all as wanted. Where the last of them is not, none of those before
/// it needs a look.
pub(crate) fn row_from(source: &[u8], from: usize, len: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut start = from;
    loop {
        let row = source.get(start..start + len.max(1))?;
        match row.iter().rposition(|byte| !wanted(*byte)) {
            Some(border) => start += border + 1,
            None => return Some(start),
        }
    }
}

/// What is left of the bounds on decoded views.
struct Room {
    bytes: usize,
    views: usize,
}

impl Room {
    fn take(&mut self, bytes: usize) -> bool {
        if self.views == 0 || bytes > self.bytes {
            return false;
        }
        self.views -= 1;
        self.bytes -= bytes;
        true
    }
}

/// The decoded runs of one codec, gathered into one view.
struct Runs {
    codec: Codec,
    text: String,
    map: OffsetMap,
    span: Option<Range<usize>>,
}

impl Runs {
    fn new(codec: Codec) -> Self {
        Self {
            codec,
            text: String::new(),
            map: OffsetMap::identity(),
            span: None,
        }
    }

    fn add(&mut self, run: Range<usize>, text: &str) {
        if let Some(span) = &mut self.span {
            self.map.push_replaced(self.text.len(), span.end..run.start);
            self.text.push('\n');
            span.end = run.end;
        } else {
            self.span = Some(run.clone());
        }
        self.map.push_replaced(self.text.len(), run);
        self.text.push_str(text);
    }

    fn finish(self) -> Option<Decoded> {
        let Self { codec, text, map, span } = self;
        span.map(|span| Decoded { codec, span, text, map })
    }
}

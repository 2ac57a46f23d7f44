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
mod turned;

mod ascii85;
mod unicode;
mod url;
mod words;

use std::ops::Range;

pub use disguise::{Disguise, DisguiseCount};
pub use hints::Hints;
pub(crate) use plausible::is_printable;
pub(crate) use turned::OVERRIDE;
pub(crate) use words::{reversed, rotated};

use crate::limits::Limits;
use crate::map::OffsetMap;

/// Decoded views of one text never get less room than this, however short the text.
const DECODED_BYTES_MIN: usize = 64 << 10;
/// Bytes either side of what was undone where it stands that belong to the view: a rule may want what stands
/// around. What lies farther from any of it is left out, so that a few changes in a long text make a short view.
pub(crate) const SURROUNDINGS: usize = 256;

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
    decode_within(source, hints, limits, usize::MAX, out)
}

/// Like [`decode_all`], but no view gets longer than `most` bytes: what nobody will read is not decoded.
pub(crate) fn decode_within(source: &str, hints: Hints, limits: &Limits, most: usize, out: &mut Vec<Decoded>) -> bool {
    let mut left = source
        .len()
        .saturating_mul(limits.decoded_ratio_max)
        .max(DECODED_BYTES_MIN);
    let mut views = limits.views_max;
    let mut whole = true;
    for codec in Codec::ALL.into_iter().filter(|codec| hints.allow(*codec)) {
        let mut bound = Bound {
            run_min: limits.encoded_run_min,
            most: most.min(left),
            cut: false,
        };
        let Some(found) = decode_one(codec, source, hints, &mut bound) else {
            continue;
        };
        whole &= !bound.cut && views > 0;
        if views > 0 {
            views -= 1;
            left = left.saturating_sub(found.text.len());
            out.push(found);
        }
    }
    whole
}

/// Whether `source` decodes to anything.
pub(crate) fn decodes(source: &str, hints: Hints, limits: &Limits) -> bool {
    /// Of a view that is only asked for.
    const MOST: usize = 1 << 10;
    Codec::ALL.into_iter().any(|codec| {
        let mut bound = Bound {
            run_min: limits.encoded_run_min,
            most: MOST,
            cut: false,
        };
        hints.allow(codec) && decode_one(codec, source, hints, &mut bound).is_some()
    })
}

fn decode_one(codec: Codec, source: &str, hints: Hints, bound: &mut Bound) -> Option<Decoded> {
    match codec {
        Codec::Base64 => radix64::base64(source, bound),
        Codec::Base32 => radix64::base32(source, bound),
        Codec::Hex => digits::hex(source, bound, hints.spaced_digits),
        Codec::Binary => digits::binary(source, bound),
        Codec::Rot13 => rewritten::rot13(source, bound),
        Codec::Url => url::decode(source, bound),
        Codec::HtmlEntity => html::decode(source, bound),
        Codec::UnicodeEscape => unicode::decode(source, bound),
        Codec::Morse => morse::decode(source, bound),
        Codec::Reversed => rewritten::reversed(source, bound),
        Codec::Ascii85 => ascii85::decode(source, bound),
        Codec::QuotedPrintable => quoted_printable::decode(source, bound),
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

/// The last position not behind `at` at which a character starts.
pub(crate) fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// What one view may hold.
struct Bound {
    /// Shortest encoded run that is looked at.
    run_min: usize,
    /// Bytes of the view.
    most: usize,
    /// There was more than that.
    cut: bool,
}

/// The decoded runs of one codec, gathered into one view.
struct Runs<'a> {
    codec: Codec,
    text: String,
    map: OffsetMap,
    span: Option<Range<usize>>,
    bound: &'a mut Bound,
}

impl<'a> Runs<'a> {
    const fn new(codec: Codec, bound: &'a mut Bound) -> Self {
        Self {
            codec,
            text: String::new(),
            map: OffsetMap::identity(),
            span: None,
            bound,
        }
    }

    /// Bytes that still find room.
    const fn left(&self) -> usize {
        self.bound.most.saturating_sub(self.text.len())
    }

    /// Whether nothing more is taken.
    const fn is_full(&self) -> bool {
        self.bound.cut
    }

    /// Adds what `run` says, as far as there is room.
    fn add(&mut self, run: Range<usize>, text: &str) {
        let separator = usize::from(self.span.is_some());
        let kept = boundary_before(text, self.left().saturating_sub(separator));
        self.bound.cut |= kept < text.len();
        let Some(text) = text.get(..kept).filter(|text| !text.is_empty()) else {
            return;
        };
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
        let Self {
            codec, text, map, span, ..
        } = self;
        span.map(|span| Decoded { codec, span, text, map })
    }
}

//! What stands in an attribute.

/// Bytes of an address that are looked at for its scheme.
const SCHEME_BYTES_MAX: usize = 1024;

/// Schemes that do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Script,
    /// A document inside the address.
    Document,
}

/// The scheme of an address as a browser reads it: entities resolved, white space and control characters gone.
pub(super) fn scheme(given: &[u8]) -> Option<Scheme> {
    let mut plain = [0_u8; 32];
    let mut len = 0;
    let mut rest = given.get(..given.len().min(SCHEME_BYTES_MAX)).unwrap_or_default();
    while let Some((byte, used)) = character(rest) {
        rest = rest.get(used..).unwrap_or_default();
        if byte <= b' ' || (len == 0 && matches!(byte, b'"' | b'\'' | b'`')) {
            continue;
        }
        let Some(slot) = plain.get_mut(len) else { break };
        *slot = byte.to_ascii_lowercase();
        len += 1;
    }
    let mut plain = plain.get(..len).unwrap_or_default();
    // Some readers take what stands behind these for the address.
    while let Some(rest) = plain.strip_prefix(b"feed:").or_else(|| plain.strip_prefix(b"pcast:")) {
        plain = rest;
    }
    let script = [
        &b"javascript:"[..],
        b"vbscript:",
        b"livescript:",
        b"mocha:",
        b"jscript:",
    ];
    let document = [
        &b"data:text/html"[..],
        b"data:application/xhtml",
        b"data:image/svg",
        b"data:text/xml",
        b"data:text/javascript",
    ];
    if script.iter().any(|known| plain.starts_with(known)) {
        return Some(Scheme::Script);
    }
    document
        .iter()
        .any(|known| plain.starts_with(known))
        .then_some(Scheme::Document)
}

/// The next character of an attribute, and how many bytes it takes.
fn character(rest: &[u8]) -> Option<(u8, usize)> {
    let first = *rest.first()?;
    if first != b'&' {
        return Some((first, 1));
    }
    let named: [(&[u8], u8); 7] = [
        (b"&rpar;", b')'),
        (b"&apos;", b'\''),
        (b"&quot;", b'"'),
        (b"&colon;", b':'),
        (b"&tab;", b'\t'),
        (b"&newline;", b'\n'),
        (b"&lpar;", b'('),
    ];
    if let Some((name, byte)) = named.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some((*byte, name.len()));
    }
    let Some(digits) = rest.strip_prefix(b"&#") else {
        return Some((first, 1));
    };
    let (hex, digits) = match digits.strip_prefix(b"x") {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    let count = digits
        .iter()
        .take(10)
        .take_while(|byte| {
            if hex {
                byte.is_ascii_hexdigit()
            } else {
                byte.is_ascii_digit()
            }
        })
        .count();
    if count == 0 {
        return Some((first, 1));
    }
    let value = digits.iter().take(count).fold(0_u32, |sum, byte| {
        let digit = char::from(*byte).to_digit(16).unwrap_or(0);
        sum.saturating_mul(if hex { 16 } else { 10 }).saturating_add(digit)
    });
    let ended = usize::from(digits.get(count) == Some(&b';'));
    let used = 2 + usize::from(hex) + count + ended;
    Some((u8::try_from(value).unwrap_or(b'?'), used))
}

/// Calls that show that a script runs, or reach for what it should not.
const CALLS: [&[u8]; 33] = [
    b"alert(",
    b"alert`",
    b"prompt(",
    b"prompt`",
    b"confirm(",
    b"confirm`",
    b"eval(",
    b"print(",
    b"document.cookie",
    b"document.write",
    b"document.domain",
    b"document.location",
    b"window.location",
    b"string.fromcharcode",
    b"innerhtml",
    b"atob(",
    b"settimeout(",
    b"setinterval(",
    b"constructor(",
    b"constructor.",
    b"import(",
    b"fetch(",
    b"xmlhttprequest",
    b"location=",
    b"location.",
    b"javascript:",
    b"vbscript:",
    b"msgbox",
    b"execscript",
    b"newactivexobject(",
    b"\\u0061",
    b"self[",
    b"top[",
];

/// Whether a piece of script is one of an attack.
pub(super) fn runs_code(given: &[u8]) -> bool {
    let plain = plain(given);
    CALLS.iter().any(|known| memchr::memmem::find(&plain, known).is_some())
}

/// A piece of script with entities resolved and without white space.
pub(super) fn plain(given: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(given.len().min(SCHEME_BYTES_MAX));
    let mut rest = given.get(..given.len().min(SCHEME_BYTES_MAX)).unwrap_or_default();
    while let Some((byte, used)) = character(rest) {
        rest = rest.get(used..).unwrap_or_default();
        if byte > b' ' {
            plain.push(byte.to_ascii_lowercase());
        }
    }
    plain
}

/// Whether a style runs a script.
pub(super) fn styles_code(given: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(given.len());
    let mut at = 0;
    while let Some(byte) = given.get(at) {
        let rest = given.get(at..).unwrap_or_default();
        if rest.starts_with(b"/*") {
            // A comment inside a word is there to hide it.
            let end = rest
                .windows(2)
                .position(|pair| pair == b"*/")
                .map_or(rest.len(), |end| end + 2);
            at += end;
            continue;
        }
        let (byte, used) = escaped(rest).unwrap_or((*byte, 1));
        if byte > b' ' && byte != b'\\' {
            plain.push(byte.to_ascii_lowercase());
        }
        at += used;
    }
    [
        &b"expression("[..],
        b"javascript:",
        b"vbscript:",
        b"behavior:",
        b"-moz-binding",
        b"binding:url",
        b"@import'",
        b"@import\"",
        b"url(data:text",
        b"rel=stylesheethref=javascript",
    ]
    .iter()
    .any(|known| memchr::memmem::find(&plain, known).is_some())
}

/// A character that a style writes as its number: `\28`, of ASCII. It takes a space behind it with it.
fn escaped(rest: &[u8]) -> Option<(u8, usize)> {
    const DIGITS_MAX: usize = 6;
    let digits = rest.strip_prefix(b"\\")?;
    let count = digits
        .iter()
        .take(DIGITS_MAX)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    // Less than two digits say a character that nobody sees, and may be a letter of a word.
    let written = std::str::from_utf8(digits.get(..count).filter(|_| count > 1)?).ok()?;
    let byte = u8::from_str_radix(written, 16).ok().filter(u8::is_ascii_graphic)?;
    let space = usize::from(digits.get(count) == Some(&b' '));
    Some((byte, 1 + count + space))
}

/// Whether a style holds what ends it early, or spells its words in escapes.
pub(super) fn breaks_style(given: &[u8]) -> bool {
    let escapes = given
        .windows(2)
        .filter(|pair| matches!(pair, [b'\\', next] if next.is_ascii_hexdigit()))
        .count();
    let template = memchr::memmem::find(given, b"{{").is_some() || memchr::memmem::find(given, b"${").is_some();
    let ends = given.iter().any(|byte| matches!(byte, b'{' | b'}' | b'['));
    escapes >= 3 || hides_an_end(given) || (ends && !template) || memchr::memmem::find(given, b"/*/").is_some()
}

/// Whether a reference stands for a character that ends a string of a style, or a comment is never closed.
fn hides_an_end(given: &[u8]) -> bool {
    let mut at = 0;
    while let Some((byte, used)) = given.get(at..).and_then(character) {
        if used > 1 && byte < b' ' {
            return true;
        }
        at += used;
    }
    let comment = memchr::memmem::rfind(given, b"/*");
    comment.is_some_and(|at| {
        given
            .get(at..)
            .is_some_and(|rest| memchr::memmem::find(rest, b"*/").is_none())
    })
}

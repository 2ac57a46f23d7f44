//! Character references of HTML.

use memchr::memchr_iter;

use super::escapes::{Escape, Replacer, is_readable, number};
use super::{Bound, Codec, Decoded};

/// Longest reference looked at, without the ampersand.
const REFERENCE_LEN_MAX: usize = 16;
/// So many references to mere punctuation that they may be there to tear words apart.
const QUIET_MAX: usize = 8;

/// Decodes character references where they stand.
pub(super) fn decode(source: &str, bound: &mut Bound) -> Option<Decoded> {
    let bytes = source.as_bytes();
    let mut replacer = Replacer::new(source, bound);
    let mut count = 0;
    let mut loud = false;
    for start in memchr_iter(b'&', bytes) {
        if replacer.is_full() {
            break;
        }
        let window = bytes
            .get(start + 1..bytes.len().min(start + 1 + REFERENCE_LEN_MAX))
            .unwrap_or_default();
        let Some((letter, len)) = numeric(window).or_else(|| named(window)) else {
            continue;
        };
        if !is_readable(letter) {
            continue;
        }
        loud |= letter.is_alphanumeric() || matches!(letter, '<' | '>');
        count += 1;
        replacer.replace(Escape {
            start,
            end: start + 1 + len,
            letter: Some(letter),
        });
    }
    // `&nbsp;` and `&amp;` are everywhere in web pages and hide nothing.
    if loud || count > QUIET_MAX {
        replacer.finish(Codec::HtmlEntity)
    } else {
        None
    }
}

/// `#105;` or `#x69;`; the semicolon may be missing, as browsers allow.
fn numeric(window: &[u8]) -> Option<(char, usize)> {
    let (digits, radix, skip) = match window {
        [b'#', b'x' | b'X', rest @ ..] => (rest, 16, 2),
        [b'#', rest @ ..] => (rest, 10, 1),
        _ => return None,
    };
    let len = digits
        .iter()
        .take_while(|digit| char::from(**digit).is_digit(radix))
        .count();
    // Leading zeros are a way round filters that look for the plain form.
    let zeros = digits.iter().take(len).take_while(|digit| **digit == b'0').count();
    let letter = char::from_u32(number(digits.get(zeros..len)?, radix)?)?;
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    Some((letter, skip + len + semicolon))
}

fn named(window: &[u8]) -> Option<(char, usize)> {
    let len = window.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = window.get(..len)?;
    if window.get(len) == Some(&b';') {
        return Some((letter_of(name)?, len + 1));
    }
    // The four that browsers also accept without a semicolon and that matter here.
    let bare: [&[u8]; 4] = [b"lt", b"gt", b"amp", b"quot"];
    bare.contains(&name).then_some(())?;
    Some((letter_of(name)?, len))
}

fn letter_of(name: &[u8]) -> Option<char> {
    let at = NAMES.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    NAMES.get(at).map(|(_, letter)| *letter)
}

/// The references in common use, sorted by name for the search.
const NAMES: [(&str, char); 96] = [
    ("AElig", 'Æ'),
    ("Aacute", 'Á'),
    ("Agrave", 'À'),
    ("Auml", 'Ä'),
    ("Ccedil", 'Ç'),
    ("Eacute", 'É'),
    ("NewLine", '\n'),
    ("Ntilde", 'Ñ'),
    ("Oslash", 'Ø'),
    ("Ouml", 'Ö'),
    ("Tab", '\t'),
    ("Uuml", 'Ü'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("aelig", 'æ'),
    ("agrave", 'à'),
    ("amp", '&'),
    ("apos", '\''),
    ("aring", 'å'),
    ("ast", '*'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("bsol", '\\'),
    ("bull", '•'),
    ("ccedil", 'ç'),
    ("cent", '¢'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("copy", '©'),
    ("deg", '°'),
    ("dollar", '$'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("egrave", 'è'),
    ("emsp", ' '),
    ("ensp", ' '),
    ("equals", '='),
    ("euml", 'ë'),
    ("euro", '€'),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("hellip", '…'),
    ("hyphen", '-'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iexcl", '¡'),
    ("igrave", 'ì'),
    ("iquest", '¿'),
    ("iuml", 'ï'),
    ("laquo", '«'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("ldquo", '“'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("ntilde", 'ñ'),
    ("num", '#'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("ograve", 'ò'),
    ("oslash", 'ø'),
    ("ouml", 'ö'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("pound", '£'),
    ("quest", '?'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rdquo", '”'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("rsquo", '’'),
    ("sect", '§'),
    ("semi", ';'),
    ("sol", '/'),
    ("szlig", 'ß'),
    ("thinsp", ' '),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("uuml", 'ü'),
    ("verbar", '|'),
    ("vert", '|'),
];

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}

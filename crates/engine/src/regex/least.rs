//! What a value has at least: a text without it cannot hold the value.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// ASCII digits that every match of a regex holds, as far as its shape tells; and of what only matches ASCII letters
/// and digits, how many bytes.
pub(crate) fn least_of(source: &str) -> (u32, u32) {
    let Ok(hir) = ParserBuilder::new().utf8(false).build().parse(source) else {
        return (0, 0);
    };
    let len = hir.properties().minimum_len().filter(|_| is_word(&hir)).unwrap_or(0);
    (digits(&hir), u32::try_from(len).unwrap_or(0))
}

/// As deep as the parser lets a regex be.
fn digits(hir: &Hir) -> u32 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => {
            let digits = literal.0.iter().filter(|byte| byte.is_ascii_digit());
            u32::try_from(digits.count()).unwrap_or(u32::MAX)
        }
        HirKind::Class(class) => u32::from(within(class, |byte| byte.is_ascii_digit())),
        HirKind::Repetition(repetition) => digits(&repetition.sub).saturating_mul(repetition.min),
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(digits).fold(0, u32::saturating_add),
        HirKind::Alternation(ways) => ways.iter().map(digits).min().unwrap_or(0),
    }
}

fn is_word(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(u8::is_ascii_alphanumeric),
        HirKind::Class(class) => within(class, |byte| byte.is_ascii_alphanumeric()),
        HirKind::Repetition(repetition) => is_word(&repetition.sub),
        HirKind::Capture(capture) => is_word(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_word),
    }
}

/// Whether a class takes nothing but such bytes.
fn within(class: &Class, wanted: impl Fn(u8) -> bool) -> bool {
    match class {
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .all(|range| (range.start()..=range.end()).all(&wanted)),
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .all(|range| range.end().is_ascii() && (range.start()..=range.end()).all(|letter| wanted(letter as u8))),
    }
}

#[cfg(test)]
mod tests {
    use super::least_of;

    #[test]
    fn what_every_match_holds_is_counted() {
        for (regex, wanted) in [
            (r"(?-u)\d{6}[-+]\d{3}[0-9a-f]", (9, 0)),
            (r"(?-u)[a-z]{2}9{0,3}\d(?:[05][1-9]|3[01])(?:12)+", (5, 7)),
            (r"\d{3,}(a|\d)?x", (0, 0)),
            (r"(?-u:\d){3,}(?:[0-9]x|77)", (4, 5)),
            ("[^0-9]", (0, 0)),
            ("", (0, 0)),
            ("(", (0, 0)),
        ] {
            assert_eq!(least_of(regex), wanted, "{regex}");
        }
    }
}

//! Expressions put into a template, and pieces put into a search filter of a directory.

use std::ops::Range;

/// Bytes that are looked at.
const TEXT_BYTES_MAX: usize = 4096;
/// Bytes of one expression.
const EXPRESSION_BYTES_MAX: usize = 512;
/// Expressions that are looked at.
const EXPRESSIONS_MAX: usize = 32;
/// Words around an expression that make the text prose.
const PROSE_WORDS: usize = 8;

/// Openings and their ends.
const BRACKETS: [(&[u8], &[u8]); 6] = [
    (b"{{", b"}}"),
    (b"${", b"}"),
    (b"<%", b"%>"),
    (b"#{", b"}"),
    (b"*{", b"}"),
    (b"{%", b"%}"),
];

/// What reaches out of a template; whatever the text around it.
const REACHES: [&[u8]; 33] = [
    b"__class__",
    b"__mro__",
    b"__globals__",
    b"__subclasses__",
    b"__builtins__",
    b"__import__",
    b"__init__",
    b"getruntime",
    b".exec(",
    b"processbuilder",
    b"t(java.",
    b"java.lang",
    b"freemarker.template",
    b"popen(",
    b"system(",
    b"constructor.constructor",
    b".constructor(",
    b"self.env",
    b"_self",
    b"registerundefinedfiltercallback",
    b"request.application",
    b"lipsum",
    b"cycler",
    b"get_user_file(",
    b"file.open(",
    b"phpinfo(",
    b"child_process",
    b"global.process",
    b"require(",
    b"getclass(",
    b"`id`",
    b"file_excerpt",
    b"fromcharcode",
];

/// Finds an expression that runs code, or that tries whether one would.
pub(crate) fn find(text: &[u8]) -> Option<Range<usize>> {
    let text = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    let words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| word.iter().all(u8::is_ascii_alphabetic) && word.len() > 1);
    let prose = words.take(PROSE_WORDS).count() >= PROSE_WORDS;
    let starts = memchr::memchr2_iter(b'{', b'<', text);
    for start in starts.take(EXPRESSIONS_MAX) {
        let expression = |from: usize| {
            let rest = text.get(from..)?;
            let (open, close) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open))?;
            let inner = rest.get(open.len()..)?;
            let inner = inner.get(..inner.len().min(EXPRESSION_BYTES_MAX))?;
            let end = memchr::memmem::find(inner, close)?;
            let code = inner.get(..end)?;
            let counts = reaches(code) || (!prose && tries(code));
            counts.then_some(from..from + open.len() + end + close.len())
        };
        let found = expression(start).or_else(|| expression(start.saturating_sub(1)));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn reaches(expression: &[u8]) -> bool {
    REACHES
        .iter()
        .any(|known| memchr::memmem::find(expression, known).is_some())
}

/// `7*7` and `7*'7'`: nobody wants the result, only whether there is one.
fn tries(expression: &[u8]) -> bool {
    let plain: Vec<u8> = expression
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'\'' | b'"' | b'='))
        .collect();
    let mut sides = plain.split(|byte| matches!(byte, b'*' | b'+'));
    let number = |side: Option<&[u8]>| {
        side.is_some_and(|side| !side.is_empty() && side.len() <= 12 && side.iter().all(u8::is_ascii_digit))
    };
    number(sides.next()) && number(sides.next()) && sides.next().is_none()
}

/// Finds what closes a search filter of a directory and goes on with one of its own.
pub(crate) fn find_filter(text: &[u8]) -> Option<Range<usize>> {
    let value = text
        .get(..text.len().min(EXPRESSION_BYTES_MAX))
        .unwrap_or_default()
        .trim_ascii();
    let close = memchr::memmem::find(value, b")(")?;
    let before = value.get(..close).unwrap_or_default();
    let after = value.get(close + 2..).unwrap_or_default();
    let opened = before.iter().filter(|byte| **byte == b'(').count();
    let closed = before.iter().filter(|byte| **byte == b')').count();
    let term = after.iter().position(|byte| *byte == b'=').is_some_and(|at| {
        let name = after.get(..at).unwrap_or_default();
        name.len() <= 32
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"|&!()*-".contains(byte))
    });
    let joint = after.starts_with(b"|") || after.starts_with(b"&") || after.starts_with(b"!");
    // A whole filter opens before it closes; a value closes what it did not open.
    let one_word = !before.iter().any(u8::is_ascii_whitespace);
    (opened == 0 && closed == 0 && one_word && (term || joint)).then_some(0..value.len())
}

#[cfg(test)]
mod tests {
    use super::{find, find_filter};

    #[test]
    fn code_in_a_template_is_found() {
        for text in [
            "{{7*7}}",
            "${ 6*9 }",
            "<%= 8*8 %>",
            "#{3*3}",
            "{{ ''.__class__.__mro__ }}",
            "${t(java.lang.runtime).getruntime()}",
            "my name is {{config.__init__.__globals__}} and this is a longer text with many words in it",
        ] {
            assert!(find(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "{{ user.name }}",
            "${home}/bin",
            "{% for x in items %}",
            "f(x) = {x*2}",
            "how do i print {{ 7*7 }} in a jinja template so that the user sees the sum of it",
            "${{ github.ref }}",
            "a[[1]] + b[[2]]",
        ] {
            assert!(find(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_closes_a_filter_is_found() {
        for text in ["*)(uid=*", "admin)(&)", "x)(|(cn=*", "*)(!(mail=a"] {
            assert!(find_filter(text.as_bytes()).is_some(), "{text}");
        }
        for text in ["(&(uid=ann)(mail=*))", "f(a)(b=1)", "call(x)(y)", "hello :)(: there"] {
            assert!(find_filter(text.as_bytes()).is_none(), "{text}");
        }
    }
}

//! Pieces of script without mark-up: what closes a string of a script, and what only tries whether it runs.

mod ways;

use super::Trick;
use super::value::plain;

/// Longest piece that is looked at.
const PIECE_BYTES_MAX: usize = 400;
/// Words in a row before a piece is prose.
const WORDS_MAX: usize = 4;
/// Signs without a letter that are a script all the same.
const SIGNS_MIN: usize = 30;
/// Bytes of a value before the string it closes.
const VALUE_BYTES_MAX: usize = 24;

/// What shows that a script runs, or takes what it should not; without white space.
const PROBES: [&[u8]; 28] = [
    b"alert(",
    b"alert`",
    b"prompt(",
    b"prompt`",
    b"confirm(",
    b"confirm`",
    b"print(",
    b"eval(",
    b"(alert)",
    b"(prompt)",
    b"(confirm)",
    b"=alert",
    b"=prompt",
    b"=confirm",
    b"alert.call",
    b"alert.apply",
    b"alert?.",
    b"document.cookie",
    b"document.domain",
    b"document.write",
    b"document.location",
    b"window.location",
    b"string.fromcharcode",
    b"constructor(",
    b"onerror=",
    b"location=",
    b"import(",
    b"fetch(",
];

/// What is called to see whether anything is.
const CALLS: [&[u8]; 4] = [b"alert", b"prompt", b"confirm", b"print"];

/// By which names a script reaches everything else.
const GLOBALS: [&[u8]; 8] = [
    b"top",
    b"self",
    b"window",
    b"this",
    b"parent",
    b"frames",
    b"globalthis",
    b"document",
];

/// What a short value does inside a script.
pub(super) fn find(text: &[u8]) -> Option<Trick> {
    let text = text.trim_ascii();
    if text.len() > PIECE_BYTES_MAX || text.len() < 3 || is_prose(text) {
        return None;
    }
    let plain = plain(text);
    if !may_run(&plain) {
        return None;
    }
    if breaks_out(&plain) || (plain.starts_with(b"*/") && has_probe(&plain)) || ends_a_script(&plain) {
        return Some(Trick::Breakout);
    }
    let tried = tries(&plain) || tries(parameter(&plain)) || is_stripped(&plain) || writes_code(&plain);
    let runs = tried || reaches(&plain) || is_signs(&plain) || names_a_call(&plain) || ways::run(&plain);
    runs.then_some(Trick::Script)
}

/// Whether a piece holds any of what all scripts below are made of: a bracket, or how a name begins.
fn may_run(plain: &[u8]) -> bool {
    let bracketed = plain
        .iter()
        .any(|byte| matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'`'));
    bracketed
        || plain.windows(4).any(|head| {
            matches!(
                head,
                b"aler" | b"prom" | b"conf" | b"docu" | b"loca" | b"scri" | b"oner" | b"java"
            )
        })
}

fn is_prose(text: &[u8]) -> bool {
    let words = text.split(u8::is_ascii_whitespace);
    let plain = words.filter(|word| word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic));
    plain.take(WORDS_MAX + 1).count() > WORDS_MAX
}

fn has_probe(plain: &[u8]) -> bool {
    PROBES.iter().any(|known| memchr::memmem::find(plain, known).is_some())
}

/// `';alert(1)//`: ends the string or the block that it would stand in, and goes on.
fn breaks_out(plain: &[u8]) -> bool {
    let quote = plain.iter().position(|byte| b"'\"`})]".contains(byte));
    let Some(at) = quote.filter(|at| *at <= VALUE_BYTES_MAX) else {
        return false;
    };
    let before = plain.get(..at).unwrap_or_default();
    let value = before
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"\\_-.*/>?&=%".contains(byte));
    let after = plain.get(at + 1..).unwrap_or_default();
    // An empty string, and then what goes on.
    let after = match (plain.get(at), after.split_first()) {
        (Some(quote), Some((same, rest))) if quote == same && b"'\"`".contains(quote) => rest,
        _ => after,
    };
    let goes_on = after.first().is_some_and(|byte| b";-+*/%^&|,)}]><?:".contains(byte));
    // What ends in a call that it began with is code of its own, not a piece of someone else's.
    let balanced = balance(plain) == 0 && !matches!(plain.get(at), Some(b'\'' | b'"' | b'`'));
    let ends_block = closes_first(plain) && has_probe(plain);
    let behind_value = at > 0 && plain.get(..at).is_some_and(|before| before.contains(&b';'));
    (value && goes_on && !balanced && has_probe(after)) || ends_block || (behind_value && goes_on_behind(plain))
}

/// `scriptalert(1)/script`, `¼script¾`: a script whose brackets a filter took away, or that another set of characters
/// gives back.
fn is_stripped(plain: &[u8]) -> bool {
    const OPENED_OTHERWISE: &[u8] = "1\u{2044}4script3\u{2044}4".as_bytes();
    let Some(at) = memchr::memmem::find(plain, b"script") else {
        return false;
    };
    let body = plain.get(at + b"script".len()..).unwrap_or_default();
    let closed = body.strip_suffix(b">").unwrap_or(body).ends_with(b"/script");
    let begun = PROBES.iter().any(|known| body.starts_with(known));
    (closed && begun) || memchr::memmem::find(plain, OPENED_OTHERWISE).is_some()
}

/// `d="alert('…` and `c="javascript:"`: a name for a string that is a script.
fn writes_code(plain: &[u8]) -> bool {
    let named = plain
        .iter()
        .take(VALUE_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let text = match plain.get(named..) {
        Some([b'=', b'"' | b'\'', text @ ..]) if named > 0 => text,
        _ => return false,
    };
    let scheme = [&b"javascript:"[..], b"vbscript:"]
        .iter()
        .any(|known| text.starts_with(known));
    let call = CALLS
        .iter()
        .take(3)
        .any(|call| text.strip_prefix(*call).is_some_and(|rest| rest.starts_with(b"(")));
    scheme || call
}

/// Whether a call that only tries stands anywhere in what is no value.
pub(super) fn tries_anywhere(names: &[u8]) -> bool {
    CALLS.iter().take(3).any(|call| {
        memchr::memmem::find_iter(names, call).any(|at| {
            let after = names.get(at + call.len()..).unwrap_or_default();
            let before = at.checked_sub(1).and_then(|at| names.get(at));
            matches!(after.first(), Some(b'(' | b'`')) && !before.is_some_and(|byte| byte.is_ascii_alphanumeric())
        })
    })
}

/// `…alert(1)</script>`: ends a script that began outside of the value.
fn ends_a_script(plain: &[u8]) -> bool {
    let before = memchr::memmem::find(plain, b"</script").and_then(|at| plain.get(..at));
    before.is_some_and(|before| memchr::memmem::find(before, b"<script").is_none() && has_probe(before))
}

/// `}alert(1);{`: closes what it did not open.
fn closes_first(plain: &[u8]) -> bool {
    let mut open = 0_i32;
    plain.iter().take(VALUE_BYTES_MAX).any(|byte| {
        open += match byte {
            b'(' | b'{' | b'[' => 1,
            b')' | b'}' | b']' => -1,
            _ => 0,
        };
        open < 0
    }) && matches!(plain.first(), Some(b'}' | b')' | b']'))
}

/// `x;alert(1)//`: a value, and then a call that only tries.
fn goes_on_behind(plain: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b';', plain) else {
        return false;
    };
    let value = plain.get(..end).unwrap_or_default();
    let named = value.len() <= 12 && value.iter().all(u8::is_ascii_alphanumeric);
    named && plain.ends_with(b"//") && tries(plain.get(end + 1..).unwrap_or_default())
}

/// Brackets that are opened, less those that are closed.
fn balance(plain: &[u8]) -> i32 {
    plain.iter().fold(0, |open, byte| match byte {
        b'(' | b'{' | b'[' => open + 1,
        b')' | b'}' | b']' => open - 1,
        _ => open,
    })
}

/// The last parameter of an address, or what an address of data holds.
fn parameter(plain: &[u8]) -> &[u8] {
    if let Some(data) = plain.strip_prefix(b"data:,") {
        return data;
    }
    let address = plain.starts_with(b"//") || plain.starts_with(b"http://") || plain.starts_with(b"https://");
    let last = memchr::memrchr(b'=', plain).filter(|_| address);
    last.and_then(|at| plain.get(at + 1..)).unwrap_or_default()
}

/// `alert(1)`, with an argument that nobody wants to read.
fn tries(plain: &[u8]) -> bool {
    let rest = plain.strip_prefix(b"?").map_or(plain, |query| {
        let named = query.iter().take(VALUE_BYTES_MAX).position(|byte| *byte == b'=');
        named.and_then(|at| query.get(at + 1..)).unwrap_or(query)
    });
    let rest = rest.strip_prefix(b"window.").unwrap_or(rest);
    let Some(call) = CALLS.iter().find(|call| rest.starts_with(call)) else {
        return false;
    };
    let after = rest.get(call.len()..).unwrap_or_default();
    let (inner, close) = match after {
        [b'(', inner @ ..] => (inner, b')'),
        [b'`', inner @ ..] => (inner, b'`'),
        _ => return false,
    };
    let Some(end) = memchr::memrchr(close, inner) else {
        return false;
    };
    let argument = inner.get(..end).unwrap_or_default();
    let tail = inner.get(end + 1..).unwrap_or_default();
    let number = argument.len() <= 6 && argument.iter().all(u8::is_ascii_digit);
    let known: [&[u8]; 13] = [
        b"document.",
        b"location",
        b"origin",
        b"string.",
        b"/xss/",
        b"'xss'",
        b"\"xss\"",
        // Words that stand for any word.
        b"'foo'",
        b"'bar'",
        b"'test'",
        b"\"foo\"",
        b"\"bar\"",
        b"\"test\"",
    ];
    let asked = known.iter().any(|known| argument.starts_with(known));
    let python = *call == b"print" && !(argument.is_empty() && tail.is_empty());
    let ends = tail.len() <= 4 && tail.iter().all(|byte| b";/>\"',-".contains(byte));
    ends && (number || asked) && !python
}

/// `top["al"+"ert"](1)`, `[1].find(alert)`, `a=alert,a(1)`.
fn reaches(plain: &[u8]) -> bool {
    let has = |wanted: &[u8]| memchr::memmem::find(plain, wanted).is_some();
    let computed = GLOBALS.iter().any(|global| {
        plain
            .strip_prefix(*global)
            .is_some_and(|rest| rest.starts_with(b"[") && has(b"]("))
    });
    let built = has(b"constructor(") && (has(b")()") || has(b")``")) && plain.starts_with(b"[");
    computed || built
}

/// A script of nothing but brackets and signs.
fn is_signs(plain: &[u8]) -> bool {
    plain.len() >= SIGNS_MIN
        && plain.iter().all(|byte| b"[]()!+{}".contains(byte))
        && memchr::memmem::find(plain, b"[]").is_some()
}

/// A call by another name, or as an argument.
fn names_a_call(plain: &[u8]) -> bool {
    CALLS.iter().take(3).any(|call| {
        memchr::memmem::find_iter(plain, call).any(|at| {
            let before = at.checked_sub(1).and_then(|at| plain.get(at));
            let after = plain.get(at + call.len());
            let passed = matches!(before, Some(b'(' | b','))
                && matches!(after, Some(b')' | b','))
                && memchr::memchr(b'(', plain).is_some_and(|open| open < at);
            let on_event =
                after.is_none() && before == Some(&b'=') && hangs_on_an_event(plain.get(..at - 1).unwrap_or_default());
            let renamed = before == Some(&b'=') && matches!(after, Some(b',' | b';')) && at < 16;
            passed || renamed || on_event
        })
    })
}

/// `window.onload` and the like.
fn hangs_on_an_event(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    last.len() > 4 && last.starts_with(b"on") && last.iter().all(u8::is_ascii_lowercase)
}

//! Ways to run a script that do not begin with the call: wrapped, handed on, built from a constructor, loaded.

use memchr::memmem::{find, find_iter};

/// What is called to see whether a script runs.
const CALLS: [&[u8]; 3] = [b"alert", b"prompt", b"confirm"];

/// Operators that are words; white space is gone.
const OPERATORS: [&[u8]; 10] = [
    b"void", b"typeof", b"delete", b"await", b"new", b"return", b"throw", b"else", b"yield", b"in",
];

/// How a script begins that calls itself, widens the scope, or throws what is to be caught.
const WRAPPERS: [&[u8]; 11] = [
    b"(function",
    b"!function",
    b"+function",
    b"-function",
    b"~function",
    b"voidfunction",
    b"(()=>",
    b"(async()=>",
    b"with(",
    b"throwonerror=",
    b"{onerror=",
];

/// Addresses of scripts that nobody writes into a value.
const LOADED: [&[u8]; 8] = [
    b"import('data:",
    b"import(\"data:",
    b"import('//",
    b"import(\"//",
    b"getscript('//",
    b"getscript(\"//",
    b"globaleval('",
    b"globaleval(\"",
];

/// A longer piece with such a call in it may be code of its own.
const TRY_BYTES_MAX: usize = 48;
/// Bytes of an argument that nobody wants to read.
const ARGUMENT_BYTES_MAX: usize = 8;
/// Signs without a letter or a digit that are a script all the same, and the brackets among them.
const SIGNS_MIN: usize = 30;
const BRACKETS_MIN: usize = 8;

/// Whether a short piece, without its white space, runs a script in one of these ways.
pub(super) fn run(plain: &[u8]) -> bool {
    let tried = plain.len() <= TRY_BYTES_MAX && tries_somewhere(plain);
    let run = wraps(plain) || hands_on(plain) || builds(plain) || loads(plain);
    tried || run || leads_away(plain) || is_disguised(plain) || is_bare_signs(plain)
}

/// `(function(){alert(1)})()`, `with(document)alert(cookie)`, `throw onerror=alert,1`.
fn wraps(plain: &[u8]) -> bool {
    let opened = WRAPPERS.iter().any(|known| plain.starts_with(known));
    opened && (tries_somewhere(plain) || find(plain, b"onerror=alert").is_some())
}

/// A call with an argument that nobody wants to read.
fn tries_somewhere(plain: &[u8]) -> bool {
    CALLS.iter().any(|call| {
        find_iter(plain, call).any(|at| {
            if !begins_a_word(plain.get(..at).unwrap_or_default()) {
                return false;
            }
            let after = plain.get(at + call.len()..).unwrap_or_default();
            let Some((b'(' | b'`', inner)) = after.split_first() else {
                return false;
            };
            let end = inner.iter().position(|byte| matches!(byte, b')' | b'`'));
            let argument = end.and_then(|end| inner.get(..end)).unwrap_or_default();
            let number = argument.len() <= ARGUMENT_BYTES_MAX && argument.iter().all(u8::is_ascii_digit);
            number
                || matches!(
                    argument,
                    b"cookie" | b"domain" | b"document.cookie" | b"document.domain"
                )
        })
    })
}

/// Whether a name may begin behind this: not in the middle of another one, but behind an operator that is a word.
fn begins_a_word(before: &[u8]) -> bool {
    let len = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'$'))
        .count();
    let word = before.get(before.len() - len..).unwrap_or_default();
    word.is_empty() || OPERATORS.contains(&word)
}

/// `alert.call(this, 1)`, `Reflect.apply(alert, null, [1])`.
fn hands_on(plain: &[u8]) -> bool {
    CALLS.iter().any(|call| {
        let rest = plain.strip_prefix(*call).unwrap_or_default();
        let method = [&b".call("[..], b".apply(", b".bind("]
            .iter()
            .any(|it| rest.starts_with(it));
        let reflected = plain
            .strip_prefix(b"reflect.apply(")
            .is_some_and(|rest| rest.starts_with(call));
        method || reflected
    })
}

/// ``Set.constructor`alert(1)``` ``, `[].sort(toString.constructor)` and what else makes a function of a text.
fn builds(plain: &[u8]) -> bool {
    let has = |wanted: &[u8]| find(plain, wanted).is_some();
    let templated = (has(b"constructor`") || has(b"function`")) && plain.trim_ascii_end().ends_with(b"``");
    let rewritten = has(b"constructor.prototype") && CALLS.iter().any(|call| has(call));
    templated || rewritten || (has(b"$eval(") && CALLS.iter().any(|call| has(call)))
}

/// `import('data:…')`, a control that opens a window, or an element that loads a script from wherever.
fn loads(plain: &[u8]) -> bool {
    let has = |wanted: &[u8]| find(plain, wanted).is_some();
    let element = (has(b"createelement('script')") || has(b"createelement(\"script\")"))
        && (has(b".src='//") || has(b".src=\"//"));
    let control = has(b"newactivexobject(") && CALLS.iter().any(|call| has(call));
    element || control || LOADED.iter().any(|known| has(known))
}

/// `location=name`, `top.location.href = location.hash`: goes where the one who sent it says.
fn leads_away(plain: &[u8]) -> bool {
    let mut rest = plain;
    for global in [&b"window."[..], b"document.", b"self.", b"top.", b"parent."] {
        rest = rest.strip_prefix(global).unwrap_or(rest);
    }
    let Some(rest) = rest.strip_prefix(b"location") else {
        return false;
    };
    let rest = rest.strip_prefix(b".href").unwrap_or(rest);
    let to = rest.strip_prefix(b"=").unwrap_or_default();
    let to = to.strip_suffix(b";").unwrap_or(to);
    matches!(to, b"name" | b"window.name") || to.starts_with(b"location.hash") || to.starts_with(b"location.search")
}

/// `eval("\x61…")`: what is run is written so that nobody can read it.
fn is_disguised(plain: &[u8]) -> bool {
    let called = plain.strip_prefix(b"eval(").unwrap_or_default();
    let text = called.get(1..).unwrap_or_default();
    matches!(called.first(), Some(b'\'' | b'"' | b'`')) && (text.starts_with(b"\\x") || text.starts_with(b"\\u00"))
}

/// A script without a letter or a digit: `($=[$=[]][(__=!$+$)[_=-~-~-~$]…`.
fn is_bare_signs(plain: &[u8]) -> bool {
    let brackets = |open: u8| plain.iter().filter(|byte| **byte == open).count();
    plain.len() >= SIGNS_MIN
        && plain.is_ascii()
        && !plain.iter().any(u8::is_ascii_alphanumeric)
        && find(plain, b"[]").is_some()
        && brackets(b'[') + brackets(b'(') >= BRACKETS_MIN
        && brackets(b'(') > 0
        && (plain.contains(&b'~') || plain.contains(&b'$') || plain.contains(&b'_'))
}

#[cfg(test)]
mod tests {
    use super::run;

    fn runs(text: &str) -> bool {
        let plain: Vec<u8> = text.to_lowercase().bytes().filter(|byte| *byte > b' ').collect();
        run(&plain)
    }

    #[test]
    fn calls_that_stand_further_in_are_found() {
        for text in [
            "(function(){alert(7)})()",
            "!function(){ prompt() }()",
            "(() => confirm`3`)()",
            "with(document)alert(cookie)",
            "throw onerror=alert,9",
            "confirm.bind(null, 4)()",
            "Reflect.apply(prompt, null, [2])",
            "Map.constructor`alert\\x285\\x29```",
            "[].x.constructor.prototype.at=[].join;confirm(8)",
            "import(\"data:text/javascript,go()\")",
            "s=document.createElement('script');s.src='//drop.invalid/a.js'",
            "eval('\\x61\\x6c')",
            "void alert(3)",
            "(0, eval)('alert(6)')",
            "top.location = location.hash.slice(1)",
            "($=[$=[]][(__=!$+$)[_=-~-~-~$]+({}+$)[_/_]])()",
        ] {
            assert!(runs(text), "{text}");
        }
    }

    #[test]
    fn code_that_people_write_is_not() {
        for text in [
            "(function () { console.log('ready') })()",
            "(() => fetch('/api/items'))()",
            "with(open(path)) as file",
            "alert('Saved')",
            "array.map(String)",
            "Date.constructor.name",
            "import('./chart.js')",
            "$.getScript('/static/app.js')",
            "eval(expression)",
            "location.href = '/home'",
            "if (items.length > limit) alert(limit)",
            "2alert(2)",
            "(^_^) (>_<) [x] [ ] [ ] (o_o) (-_-) (*_*) [ ]",
            "const s = document.createElement('script'); s.src = '/static/app.js'",
        ] {
            assert!(!runs(text), "{text}");
        }
    }
}

//! Payloads for the programs behind a model: told by how those programs would read them.
//!
//! One look at the signs between the words says which of the readers is worth asking; an ordinary sentence asks none.

mod address;
mod markup;
mod path;
mod shell;
mod sql;
mod template;

use std::ops::Range;

use crate::text::{View, byte_kind};

/// What a payload does; each kind is a shape that rules can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Payload {
    /// Makes the condition of a query true or false.
    SqlLogic,
    /// Adds a result to that of a query.
    SqlUnion,
    /// Adds a statement to a query.
    SqlStacked,
    /// Cuts the rest of a query off.
    SqlTail,
    /// Makes a database wait, read or tell.
    SqlCall,
    /// Asks how a query is built.
    SqlProbe,
    /// Runs a script by itself.
    ScriptElement,
    /// Runs a script on an event.
    ScriptEvent,
    /// Leads to a script.
    ScriptLink,
    /// Closes the mark-up it is put into.
    ScriptBreakout,
    /// Climbs out of a folder in disguise.
    PathHidden,
    /// Is nothing but the path of a file of the system.
    PathSystem,
    /// Goes on with a command behind a value.
    ShellChain,
    /// Is a command whose output is put in.
    ShellSubstitution,
    /// Calls an interpreter.
    ShellCall,
    /// Is code in a template.
    TemplateCode,
    /// Closes a search filter of a directory.
    DirectoryFilter,
    /// Leads to the service that tells a machine of the cloud who it is.
    AddressMetadata,
    /// Leads to an inner address in disguise.
    AddressHidden,
}

impl Payload {
    /// Every kind by its name in rules.
    pub(crate) const NAMES: [(&'static str, Self); 19] = [
        ("sql_logic", Self::SqlLogic),
        ("sql_union", Self::SqlUnion),
        ("sql_stacked", Self::SqlStacked),
        ("sql_tail", Self::SqlTail),
        ("sql_call", Self::SqlCall),
        ("sql_probe", Self::SqlProbe),
        ("script_element", Self::ScriptElement),
        ("script_event", Self::ScriptEvent),
        ("script_link", Self::ScriptLink),
        ("script_breakout", Self::ScriptBreakout),
        ("path_hidden", Self::PathHidden),
        ("path_system", Self::PathSystem),
        ("shell_chain", Self::ShellChain),
        ("shell_substitution", Self::ShellSubstitution),
        ("shell_call", Self::ShellCall),
        ("template_code", Self::TemplateCode),
        ("directory_filter", Self::DirectoryFilter),
        ("address_metadata", Self::AddressMetadata),
        ("address_hidden", Self::AddressHidden),
    ];
}

/// Signs that a reader waits for, as bits.
mod sign {
    pub(super) const QUOTE: u16 = 1;
    pub(super) const COMPARE: u16 = 2;
    pub(super) const BREAK: u16 = 4;
    pub(super) const ROUND: u16 = 8;
    pub(super) const TAG: u16 = 16;
    pub(super) const CURLY: u16 = 32;
    pub(super) const ESCAPE: u16 = 64;
    pub(super) const DOTS: u16 = 128;
    pub(super) const COMMENT: u16 = 256;
    pub(super) const COLON: u16 = 512;
    pub(super) const TICK: u16 = 1024;

    /// What a byte may announce.
    pub(super) const fn of(byte: u8) -> u16 {
        match byte {
            b'\'' | b'"' => QUOTE,
            b'=' | b'>' => COMPARE,
            b'<' => COMPARE | TAG,
            b';' | b'|' | b'&' => BREAK,
            b'(' | b')' => ROUND,
            b'{' => CURLY,
            b'%' | b'\\' => ESCAPE,
            b'#' | b'*' | b'@' => COMMENT,
            b':' => COLON,
            b'`' | b'$' => TICK,
            _ => 0,
        }
    }
}

/// So many words in a row at the start of a text are a sentence; no value that was tampered with begins so.
const LEAD_WORDS: usize = 8;
/// Longest value in which a piece of script is looked for.
const PIECE_BYTES_MAX: usize = 400;
/// Longest value that is looked at without a sign.
const GLUED_BYTES_MAX: usize = 256;
/// Bytes within which signs are looked for.
const SIGNS_BYTES_MAX: usize = 4096;
/// Climbing in disguise is looked for in texts up to so many bytes; rules look in longer ones.
const PATH_BYTES_MAX: usize = 512;

/// Calls `on` for each payload in a view, with the bytes it covers.
#[inline(always)]
pub(crate) fn scan(view: &View, on: &mut impl FnMut(Payload, Range<usize>)) {
    let text = view.text();
    if begins_as_a_sentence(view) {
        let escapes = view.stats.kinds & (byte_kind::PERCENT | byte_kind::BACKSLASH) != 0;
        let mut signs = if escapes { sign::ESCAPE } else { 0 };
        signs |= if memchr::memchr(b'{', text).is_some() {
            sign::CURLY
        } else {
            0
        };
        signs |= if address::has_any(text) { sign::COLON } else { 0 };
        if signs != 0 {
            read_any(text, signs, on);
        }
        return;
    }
    let signs = signs_of(view) | if opens_like_a_query(text) { sign::ROUND } else { 0 };
    if signs != 0 || opens_like_a_path(text) {
        read_value(text, signs, on);
        read_any(text, signs, on);
    }
}

/// Whether a text begins with words that only spaces, commas and the like part.
#[inline(always)]
fn begins_as_a_sentence(view: &View) -> bool {
    let text = view.text();
    let mut at = 0;
    let mut words = 0;
    for token in view.tokens.iter().take(LEAD_WORDS) {
        let plain = match text.get(at..token.start as usize) {
            Some([b' ' | b'\''] | [b',' | b'.' | b'?' | b'!', b' ']) => words > 0,
            Some([]) => words == 0,
            _ => false,
        };
        if !plain || token.digits > 0 {
            return false;
        }
        words += 1;
        at = token.end as usize;
    }
    words == LEAD_WORDS
}

/// The signs that stand between words.
#[inline(always)]
fn signs_of(view: &View) -> u16 {
    let text = view.text();
    let text = text.get(..text.len().min(SIGNS_BYTES_MAX)).unwrap_or_default();
    let mut signs = 0;
    let mut at = 0;
    let near = view
        .tokens
        .iter()
        .take_while(|token| (token.end as usize) <= text.len());
    let ends = near.map(|token| (token.start as usize, token.end as usize));
    for (start, end) in ends.chain(std::iter::once((text.len(), text.len()))) {
        let gap = text.get(at..start).unwrap_or_default();
        at = end;
        match gap {
            // An apostrophe inside a word is an apostrophe.
            [] | [b' ' | b',' | b'\''] => {}
            [only] => signs |= sign::of(*only),
            gap => signs |= signs_in(gap),
        }
    }
    signs
}

fn signs_in(gap: &[u8]) -> u16 {
    let mut signs = 0;
    let mut last = 0;
    for byte in gap {
        signs |= sign::of(*byte);
        signs |= match (last, byte) {
            (b'.' | b'/', b'.') => sign::DOTS,
            (b'-', b'-') => sign::COMMENT,
            _ => 0,
        };
        last = *byte;
    }
    signs
}

/// What goes on in words needs no sign: `1e0union select 2`, `1 and 1 not between 2 and 3`, `case 1 when 1 then 2 end`.
#[inline(always)]
fn opens_like_a_query(text: &[u8]) -> bool {
    let has = |wanted: &[u8]| memchr::memmem::find(text, wanted).is_some();
    let short = text.len() <= GLUED_BYTES_MAX;
    match text {
        [b'0'..=b'9' | b'.' | b'-' | b'u', ..] if short => has(b"union") || has(b" not "),
        [b'c', b'a', b's', b'e', b' ', ..] if short => has(b" when "),
        _ => false,
    }
}

/// A text that begins as an absolute path, or behind a line end.
#[inline(always)]
fn opens_like_a_path(text: &[u8]) -> bool {
    matches!(
        text,
        [b'/' | b'\n' | b'\\' | b'.' | b'?', ..] | [_, b':', b'/', ..] | [b'0', b'x', b'2' | b'5', ..]
    )
}

/// Asks the readers of whole values whose signs are there.
#[inline(never)]
fn read_value(text: &[u8], signs: u16, on: &mut impl FnMut(Payload, Range<usize>)) {
    let has = |wanted: u16| signs & wanted != 0;
    if has(sign::QUOTE | sign::COMPARE | sign::BREAK | sign::ROUND | sign::COMMENT | sign::TICK)
        && let Some((trick, range)) = sql::find(text)
    {
        on(of_sql(trick), range);
    }
    // A bracket may be written as a reference to its character.
    let referred = || {
        [&b"&#"[..], b"&lpar;"]
            .iter()
            .any(|known| memchr::memmem::find(text, known).is_some())
    };
    let called = text.len() <= PIECE_BYTES_MAX && (has(sign::ROUND | sign::TICK) || (has(sign::BREAK) && referred()));
    let marked = has(sign::TAG | sign::COLON) || (has(sign::COMPARE) && has(sign::QUOTE));
    if (marked || called || text.starts_with(b"on") || text.ends_with(b"/script"))
        && let Some((trick, range)) = markup::find(text)
    {
        on(of_markup(trick), range);
    }
    let line_end = matches!(text, [b'\n', ..] | [b'"' | b'\'', b'\n', ..]);
    let written = has(sign::ESCAPE) && memchr::memmem::find(text, b"\\n").is_some();
    let spelled = text.starts_with(b"+");
    if (has(sign::BREAK | sign::TICK | sign::ROUND) || line_end || written || spelled)
        && let Some((trick, range)) = shell::find(text)
    {
        on(of_shell(trick), range);
    }
    if has(sign::ROUND)
        && let Some(range) = template::find_filter(text)
    {
        on(Payload::DirectoryFilter, range);
    }
}

/// Asks the readers of what may stand anywhere.
#[inline(never)]
fn read_any(text: &[u8], signs: u16, on: &mut impl FnMut(Payload, Range<usize>)) {
    let has = |wanted: u16| signs & wanted != 0;
    let climbs = has(sign::ESCAPE | sign::DOTS) && text.len() <= PATH_BYTES_MAX;
    if (climbs || opens_like_a_path(text))
        && let Some((trick, range)) = path::find(text)
    {
        let payload = match trick {
            path::Trick::Hidden => Payload::PathHidden,
            path::Trick::System => Payload::PathSystem,
        };
        on(payload, range);
    }
    if (has(sign::CURLY) || (has(sign::TAG) && has(sign::ESCAPE)))
        && let Some(range) = template::find(text)
    {
        on(Payload::TemplateCode, range);
    }
    if has(sign::COLON)
        && let Some((trick, range)) = address::find(text)
    {
        let payload = match trick {
            address::Trick::Metadata => Payload::AddressMetadata,
            address::Trick::Hidden => Payload::AddressHidden,
        };
        on(payload, range);
    }
}

const fn of_sql(trick: sql::Trick) -> Payload {
    match trick {
        sql::Trick::Logic => Payload::SqlLogic,
        sql::Trick::Union => Payload::SqlUnion,
        sql::Trick::Stacked => Payload::SqlStacked,
        sql::Trick::Tail => Payload::SqlTail,
        sql::Trick::Call => Payload::SqlCall,
        sql::Trick::Probe => Payload::SqlProbe,
    }
}

const fn of_markup(trick: markup::Trick) -> Payload {
    match trick {
        markup::Trick::Script => Payload::ScriptElement,
        markup::Trick::Event => Payload::ScriptEvent,
        markup::Trick::Link => Payload::ScriptLink,
        markup::Trick::Breakout => Payload::ScriptBreakout,
    }
}

const fn of_shell(trick: shell::Trick) -> Payload {
    match trick {
        shell::Trick::Chain => Payload::ShellChain,
        shell::Trick::Substitution => Payload::ShellSubstitution,
        shell::Trick::Interpreter => Payload::ShellCall,
    }
}

#[cfg(test)]
mod tests {
    use super::{Payload, scan};
    use crate::masks::Portable;
    use crate::text::View;

    fn found(text: &str) -> Vec<Payload> {
        let mut view = View::default();
        view.read(Portable, text, &[false; 256]);
        let mut found = Vec::new();
        scan(&view, &mut |payload, range| {
            assert!(range.start <= range.end && range.end <= view.text().len(), "{text}");
            found.push(payload);
        });
        found
    }

    #[test]
    fn each_reader_is_asked_for_its_signs() {
        for (text, wanted) in [
            ("7 or 3=3", Payload::SqlLogic),
            ("<svg onload=alert(3)>", Payload::ScriptEvent),
            ("..%c0%af..%c0%afkeys", Payload::PathHidden),
            ("/etc/issue", Payload::PathSystem),
            ("; ls -la", Payload::ShellChain),
            ("{{8*8}}", Payload::TemplateCode),
            ("*)(uid=*", Payload::DirectoryFilter),
            ("http://2130706433/", Payload::AddressHidden),
            ("http://169.254.169.254/latest/", Payload::AddressMetadata),
        ] {
            assert!(found(text).contains(&wanted), "{text}: {:?}", found(text));
        }
    }

    /// Cuts and joins of payloads, so that every reader meets broken input.
    #[test]
    fn no_text_makes_a_reader_fail() {
        let mut state = 7_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..state % 13 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(state >> 33).unwrap_or(0) % PIECES.len();
                text.push_str(PIECES.get(at).copied().unwrap_or_default());
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            found(&text);
        }
    }

    const PIECES: [&str; 44] = [
        "'",
        "\"",
        "/*",
        "*/",
        "--",
        "#",
        "%",
        "%2",
        "%25%3",
        "%c0",
        "%u22",
        "<",
        "</",
        "<a ",
        "=",
        "&#",
        "&#x",
        "{{",
        "}}",
        "${",
        ")(",
        "or",
        "1",
        "select",
        "union",
        "(",
        ")",
        ";",
        "|",
        "`",
        "$(",
        "\\",
        "..",
        "/",
        "0x",
        "@",
        "[",
        "é",
        "日",
        "\n",
        " ",
        "+",
        "style=\\6",
        "-",
    ];
}

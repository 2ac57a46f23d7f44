//! Script in mark-up, told by the elements and attributes a browser would see.
//!
//! Reads tags as a browser does: a name behind `<`, then attributes parted by white space, slashes or quotes, with
//! or without quotes around their values. What makes a browser run a script counts; what only shows something does not.

mod ends;
mod names;
mod piece;
mod value;

use std::ops::Range;

use self::names::{is_event, is_everyday};
use self::value::{Scheme, breaks_style, plain, runs_code, scheme, styles_code};

/// Bytes that are looked at: one more than a value may have.
const TEXT_BYTES_MAX: usize = 1025;
/// Tags that are looked at.
const TAGS_MAX: usize = 256;
/// Bytes of all tags together, and what a tag without any counts for.
const TAGS_BYTES_MAX: usize = 3 * TEXT_BYTES_MAX;
const TAG_COST: usize = 8;
/// Bytes of one tag.
const TAG_BYTES_MAX: usize = 2048;
/// Bytes of a script that are looked at.
const SCRIPT_BYTES_MAX: usize = 512;
/// A longer text is a page or an answer, in which mark-up may be the matter itself: rules judge those.
const VALUE_BYTES_MAX: usize = 1024;

/// Line ends from which on a text is a page.
const PAGE_LINES_MIN: usize = 4;
/// Longest name of a parameter.
const NAME_BYTES_MAX: usize = 24;

/// What mark-up does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trick {
    /// Runs a script by itself.
    Script,
    /// Runs a script on an event.
    Event,
    /// Leads to a script.
    Link,
    /// Closes the attribute or element it is put into.
    Breakout,
}

struct Tag<'a> {
    name: &'a [u8],
    /// Everything between the name and the end.
    rest: &'a [u8],
    end: usize,
    closing: bool,
}

/// Finds the first piece of mark-up that runs something.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let text = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    if let Some(trick) = ends::document_cut_off(text) {
        return Some((trick, 0..text.len()));
    }
    if !is_value(text) {
        return piece::find(text).map(|trick| (trick, 0..text.len()));
    }
    // In a page of several lines mark-up is the matter itself: what only may be an attack is none there.
    let page = memchr::memchr_iter(b'\n', text).take(PAGE_LINES_MIN).count() == PAGE_LINES_MIN;
    let mut weak = None;
    let mut budget = TAGS_BYTES_MAX;
    for start in memchr::memchr_iter(b'<', text).take(TAGS_MAX) {
        let Some(tag) = tag_at(text, start) else { continue };
        if tag.closing && !page && ends::what_began_outside(text, start, tag.name) {
            weak.get_or_insert((Trick::Breakout, start..tag.end));
        }
        // Tags that nothing ends lie in each other.
        let Some(left) = usize::checked_sub(budget, tag.rest.len() + TAG_COST) else {
            break;
        };
        budget = left;
        let found = judge(text, start, &tag, page);
        if let Some((trick, sure)) = found {
            if sure {
                return Some((trick, start..tag.end));
            }
            if !page {
                weak.get_or_insert((trick, start..tag.end));
            }
        }
    }
    let whole = || {
        bare(text)
            .or_else(|| ends::every_context(text))
            .or_else(|| piece::find(text))
    };
    weak.or_else(|| whole().map(|trick| (trick, 0..text.len())))
}

/// A text that may be a whole parameter: short, of one line, and not a sentence around the mark-up.
fn is_value(text: &[u8]) -> bool {
    let first = memchr::memchr(b'<', text).unwrap_or(text.len());
    let before = text.get(..first).unwrap_or_default();
    let tagged = first < text.len();
    let words = before
        .split(|byte| {
            if tagged {
                !byte.is_ascii_alphanumeric()
            } else {
                byte.is_ascii_whitespace()
            }
        })
        .filter(|word| word.len() > 1 && (tagged || is_word(word)));
    let last = memchr::memrchr(b'>', text).map_or(text.len(), |at| at + 1);
    let after = text.get(last..).unwrap_or_default().split(u8::is_ascii_whitespace);
    let prose = after.filter(|word| word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic));
    text.len() <= VALUE_BYTES_MAX && words.take(4).count() <= 3 && prose.take(5).count() <= 4
}

/// Letters, and perhaps a stop behind them.
fn is_word(word: &[u8]) -> bool {
    let word = word
        .strip_suffix(b":")
        .or_else(|| word.strip_suffix(b","))
        .unwrap_or(word);
    word.iter().all(u8::is_ascii_alphabetic)
}

/// Reads the tag at `start`.
fn tag_at(text: &[u8], start: usize) -> Option<Tag<'_>> {
    let inside = text.get(start + 1..text.len().min(start + TAG_BYTES_MAX))?;
    let closing = inside.first() == Some(&b'/') && inside.get(1) != Some(&b'/');
    let inside = inside.get(usize::from(closing)..)?;
    let odd = inside
        .iter()
        .take_while(|byte| matches!(**byte, 0 | b'/' | b'<' | b'?'))
        .count();
    // Behind two slashes what stands in a tag may begin with its attributes.
    let spaces = inside.get(odd..)?.iter().take_while(|byte| **byte == b' ').count();
    let odd = if inside.starts_with(b"//") { odd + spaces } else { odd };
    let inside = inside.get(odd..)?;
    let len = inside.iter().take_while(|byte| is_name(**byte)).count();
    if len == 0 {
        return None;
    }
    let (name, rest) = inside.split_at_checked(len)?;
    let offset = start + 1 + usize::from(closing) + odd + len;
    let stop = end_of_tag(rest);
    Some(Tag {
        name,
        rest: rest.get(..stop).unwrap_or_default(),
        end: (offset + stop + 1).min(text.len()),
        closing,
    })
}

/// Where the `>` outside of quotes stands; a quote that nothing closes is none.
fn end_of_tag(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        let quoted = at > 0 && matches!(rest.get(at - 1), Some(b'=' | b' '));
        match byte {
            b'>' => return at,
            b'\'' | b'"' if quoted => {
                let inner = rest.get(at + 1..).unwrap_or_default();
                at += inner.iter().position(|other| other == byte).map_or(0, |len| len + 1);
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_')
}

/// What a tag does, and whether that is sure wherever it stands.
fn judge(text: &[u8], start: usize, tag: &Tag<'_>, page: bool) -> Option<(Trick, bool)> {
    // `<https://…>` is an address.
    if tag.closing || (tag.name.ends_with(b":") && tag.rest.starts_with(b"//")) {
        return None;
    }
    // `<javascript:…>` is a link of a text that is made into a page.
    let linked = text.get(start + 1..tag.end).unwrap_or_default();
    if matches!(scheme(linked), Some(Scheme::Script)) && !is_inert(linked) {
        return Some((Trick::Link, true));
    }
    let breaks_out = start > 0 && closes_something(text.get(..start).unwrap_or_default());
    let name = tag.name.rsplit(|byte| *byte == b':').next().unwrap_or(tag.name);
    // `<scr&#9;ipt>`: a name that nobody would spell so.
    if tag.rest.starts_with(b"&") && plain(linked).starts_with(b"script") {
        return Some((Trick::Script, true));
    }
    if name.starts_with(b"script") {
        return Some((Trick::Script, breaks_out || (!page && runs_script(text, tag))));
    }
    let mut found = None;
    for (attribute, given) in Attributes::of(tag.rest) {
        if is_event(attribute) && !given.is_empty() {
            let sure = runs_code(given) || breaks_out;
            if sure {
                return Some((Trick::Event, true));
            }
            // What a form does when it is used is how pages are written.
            if !is_everyday(attribute) {
                found = Some((Trick::Event, false));
            }
        }
        let unknown = attribute.starts_with(b"on") && attribute.len() > 4 && !is_everyday(attribute);
        if (unknown && !given.starts_with(b"{") && is_short(tag)) || is_odd(name, attribute, given) {
            found.get_or_insert((Trick::Event, false));
        }
        match scheme(given) {
            Some(Scheme::Script) if !is_inert(given) => return Some((Trick::Link, true)),
            Some(Scheme::Document) if name != b"img" => found = Some((Trick::Link, false)),
            _ => {}
        }
        if loads(name, attribute, given) {
            return Some((Trick::Link, true));
        }
        if attribute == b"style" && styles_code(given) {
            return Some((Trick::Script, true));
        }
        if attribute == b"style" && breaks_style(given) {
            found = Some((Trick::Script, false));
        }
    }
    if holds_styles(name) && styles_code(near(text, start)) {
        return Some((Trick::Script, true));
    }
    if calls_in_a_name(tag.rest) {
        found.get_or_insert((Trick::Script, false));
    }
    found.or_else(|| breaks_out.then_some((Trick::Breakout, false)))
}

/// Elements in or behind which styles stand.
fn holds_styles(name: &[u8]) -> bool {
    matches!(name, b"style" | b"link" | b"meta" | b"import" | b"xml")
}

/// So much of a text from a tag on as a script or a style is looked at.
fn near(text: &[u8], start: usize) -> &[u8] {
    text.get(start..text.len().min(start + SCRIPT_BYTES_MAX))
        .unwrap_or_default()
}

/// A call where the name of an attribute belongs: what is left of an address that was cut up.
fn calls_in_a_name(rest: &[u8]) -> bool {
    let names = rest.split(|byte| *byte == b'=').next().unwrap_or_default();
    matches!(rest.first(), Some(b' ' | b'/')) && !names.contains(&b'{') && piece::tries_anywhere(names)
}

/// Loads a document that is written into the attribute, or that the page is sent to.
fn loads(name: &[u8], attribute: &[u8], given: &[u8]) -> bool {
    let page = attribute == b"srcdoc" && (memchr::memchr(b'<', given).is_some() || runs_code(given));
    let sent = name == b"meta"
        && attribute == b"content"
        && memchr::memmem::find(given, b"url=").is_some_and(|at| {
            let address = given.get(at + 4..).unwrap_or_default();
            scheme(address).is_some()
        });
    let based = name == b"base" && attribute == b"href" && given.starts_with(b"//");
    page || sent || based
}

/// A tag of one attribute or two: a probe, not a page.
fn is_short(tag: &Tag<'_>) -> bool {
    Attributes::of(tag.rest).filter(|(_, given)| !given.is_empty()).count() <= 2
}

/// Ways to load or restyle a page that pages do not go.
fn is_odd(name: &[u8], attribute: &[u8], given: &[u8]) -> bool {
    let imports = matches!(
        name,
        b"import" | b"namespace" | b"listener" | b"handler" | b"xml-stylesheet"
    );
    let charset = attribute == b"charset" && (given.starts_with(b"x-") || given.starts_with(b"utf-7"));
    let scriptlet = attribute == b"type" && given == b"text/x-scriptlet";
    let outside = attribute == b"xlink:href" && given.starts_with(b"//");
    let refresh = attribute == b"http-equiv" && given == b"link";
    imports || charset || scriptlet || outside || refresh || (attribute == b"src" && given.starts_with(b"view-source:"))
}

/// `javascript:void(0)` and its like lead nowhere.
fn is_inert(given: &[u8]) -> bool {
    let plain: Vec<u8> = given
        .iter()
        .copied()
        .filter(|byte| byte.is_ascii_alphanumeric() || *byte == b':')
        .collect();
    matches!(
        plain.as_slice(),
        b"javascript:" | b"javascript:void0" | b"javascript:void" | b"javascript:false"
    )
}

/// A script that only shows that it runs, or takes what it should not have.
fn runs_script(text: &[u8], tag: &Tag<'_>) -> bool {
    let body = near(text, tag.end);
    let stop = body.windows(2).position(|pair| pair == b"</").unwrap_or(body.len());
    runs_code(body.get(..stop).unwrap_or_default())
}

/// The text before a tag ends a quote, an attribute or an element that it did not begin.
fn closes_something(before: &[u8]) -> bool {
    let tail = before.get(before.len().saturating_sub(8)..).unwrap_or_default();
    let trimmed = tail.trim_ascii_end();
    let ended = trimmed.ends_with(b"\">")
        || trimmed.ends_with(b"'>")
        || trimmed.ends_with(b"\"/>")
        || trimmed.ends_with(b"'/>");
    let opened = memchr::memchr(b'<', before).is_some();
    ended && !opened && before.len() <= 40
}

/// A value without any tag that goes on as an attribute, or is a script address.
fn bare(text: &[u8]) -> Option<Trick> {
    // Also as the value of a parameter: `?go=javascript:…`.
    let named = text
        .iter()
        .take(NAME_BYTES_MAX)
        .position(|byte| matches!(byte, b'=' | b'<'));
    let named = named.filter(|at| text.get(*at) == Some(&b'='));
    let starts = [Some(0), named.map(|at| at + 1), text.starts_with(b"?").then_some(1)];
    for address in starts.into_iter().flatten().filter_map(|at| text.get(at..)) {
        if matches!(scheme(address), Some(Scheme::Script)) && !is_inert(address) {
            return Some(Trick::Link);
        }
    }
    if text.starts_with(b"on")
        && Attributes::of(text)
            .next()
            .is_some_and(|(name, given)| is_event(name) && !given.is_empty())
    {
        return Some(Trick::Event);
    }
    let quote = text.iter().position(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let from = quote.map_or(0, |at| at + 1);
    let tagged = memchr::memchr(b'<', text.get(..from).unwrap_or_default()).is_some();
    let rest = text.get(from..)?;
    let found = Attributes::of(rest).any(|(name, given)| {
        !tagged && is_event(name) && (runs_code(given) || quote.is_some_and(|at| at <= 16)) && !given.is_empty()
    });
    found.then_some(Trick::Breakout)
}

/// Attributes, as lenient as browsers are.
struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    const fn of(rest: &'a [u8]) -> Self {
        Self { rest }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let skip = self.rest.iter().position(|byte| byte.is_ascii_alphabetic())?;
        self.rest = self.rest.get(skip..)?;
        let len = self.rest.iter().take_while(|byte| is_name(**byte)).count().max(1);
        let (name, rest) = self.rest.split_at_checked(len)?;
        let space = rest.iter().take_while(|byte| is_filler(**byte)).count();
        let after = rest.get(space..).unwrap_or_default();
        let Some((b'=', after)) = after.split_first() else {
            self.rest = rest;
            return Some((name, &[]));
        };
        let filled = after.iter().take_while(|byte| is_filler(**byte)).count();
        let after = after.get(filled..).unwrap_or_default();
        let (given, rest) = match after.first() {
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                let inner = after.get(1..).unwrap_or_default();
                let end = inner.iter().position(|byte| byte == quote).unwrap_or(inner.len());
                (inner.get(..end), inner.get(end + 1..))
            }
            _ => {
                let coded = after.starts_with(b"&#");
                let ends = |byte: &u8| byte.is_ascii_whitespace() && !coded;
                let end = after.iter().position(ends).unwrap_or(after.len());
                (after.get(..end), after.get(end..))
            }
        };
        self.rest = rest.unwrap_or_default();
        Some((name, given.unwrap_or_default()))
    }
}

/// What browsers pass over between a name, its `=` and its value.
const fn is_filler(byte: u8) -> bool {
    byte <= b' '
}

#[cfg(test)]
mod tests {
    use super::{Trick, find};

    fn trick(text: &str) -> Option<Trick> {
        find(text.to_lowercase().as_bytes()).map(|(trick, _)| trick)
    }

    #[test]
    fn what_makes_a_browser_run_something_is_found() {
        for (text, wanted) in [
            ("<script>alert(3)</script>", Trick::Script),
            ("<ScRiPt src=//drop.invalid/x.js></script>", Trick::Script),
            ("<img src=q onerror=prompt(8)>", Trick::Event),
            ("<svg/onload=confirm`5`>", Trick::Event),
            ("\"><b onmouseover=top.go()>x", Trick::Event),
            ("<a href=\"java\tscript:alert(7)\">go</a>", Trick::Link),
            ("<a href='&#106;avascript:alert(7)'>go</a>", Trick::Link),
            ("<iframe src=\"data:text/html;base64,PHNjcmlwdD4=\">", Trick::Link),
            ("\" onfocus=alert(4) autofocus x=\"", Trick::Breakout),
            ("<div style=\"width:expression(alert(2))\">", Trick::Script),
            ("javascript:alert(9)", Trick::Link),
            ("[go](<javascript:alert(6)>)", Trick::Link),
            ("//drop.invalid/find?as=js&call=alert(4);", Trick::Script),
            ("''?alert(5):''", Trick::Breakout),
            ("data:,alert()", Trick::Script),
            ("alert&lpar;8&#41", Trick::Script),
            ("<scr&#9;ipt>go()</scr&#9;ipt>", Trick::Script),
            ("<// style=x:expression\\28 go()\\29>", Trick::Script),
            ("<p style=\"font:'a&#10;;color:red'\">", Trick::Script),
            ("<img 7;avascript:alert(2)>", Trick::Script),
            ("<if e=\"new ActiveXObject('a').parentWindow.alert(2)\">", Trick::Script),
            ("scriptprompt(4)/script", Trick::Script),
            ("1\u{2044}4script3\u{2044}4go()", Trick::Script),
            ("part=\"javascript:\";", Trick::Script),
            ("go.to='top'</script>", Trick::Breakout),
            ("'); prompt(3)</script>'); ?>", Trick::Breakout),
            ("</b>//\"'`-->", Trick::Breakout),
            ("\"data:text/html,here\"></object>", Trick::Link),
        ] {
            assert_eq!(trick(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn ordinary_mark_up_and_signs_are_not() {
        for text in [
            "a < b and c > d",
            "<p>Hello <b>world</b></p>",
            "<a href=\"https://example.com/\">here</a>",
            "<img src=\"cat.png\" alt=\"a cat\">",
            "Vec<String> and Map<K, V>",
            "x <- c(1, 2)",
            "I <3 you",
            "How do I write a button with <button onclick=\"save()\">Save</button> in plain HTML and wire it up?",
            "The page loads its code with <script src=\"/static/app.js\"></script> at the end of the body, as usual.",
            "<https://example.com/path>",
            "name@example.com",
            "on time = in time",
            "</script>",
            "Ben &amp; Jerry (Vermont)",
            "<p style=\"font: 12px/1.5 'Open Sans' /* ours */\">",
            "<Button onPress={() => alert('Saved')} title=\"Save\" />",
            "<button @click=\"confirm('Delete?')\">Delete</button>",
            "const quotes = \"'`\";",
            "title=\"Alert\"",
            "\"data:text/html\" is a media type",
        ] {
            assert_eq!(trick(text), None, "{text}");
        }
    }
}

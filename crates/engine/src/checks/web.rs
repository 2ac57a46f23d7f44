//! Addresses of the web that are not what they look like, or carry more than an address needs.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::fold::{Fold, fold, is_look_alike_script, look_alike};

const NAMES: &str = include_str!("names.txt");
/// A name from which one typing error is told.
const TYPO_LEN_MIN: usize = 6;
/// Bytes that a value must decode to, to be taken for a text.
const CARRIED_MIN: usize = 12;
const CODE_LEN_MIN: usize = 16;
/// Spaces of a text that is written out in an address.
const CARRIED_SPACES_MIN: usize = 3;
const HOST_LEN_MAX: usize = 253;
const HOST_LABEL_LEN_MIN: usize = 28;
/// Second levels under which names are given out.
const SECOND_LEVELS: [&str; 8] = ["co", "com", "org", "net", "gov", "ac", "edu", "or"];
/// Ends of names that a text is taken for an address by.
const ENDS: [&str; 30] = [
    "com", "org", "net", "gov", "edu", "io", "info", "biz", "app", "dev", "bank", "eu", "de", "fr", "es", "it", "nl",
    "pl", "uk", "us", "ca", "ch", "at", "be", "br", "jp", "cn", "ru", "in", "au",
];
/// Hosts whose addresses stand for others, and are known to.
const STANDS_FOR_OTHERS: [&str; 12] = [
    "t.co",
    "lnkd.in",
    "youtu.be",
    "bit.ly",
    "goo.gl",
    "tinyurl.com",
    "aka.ms",
    "g.co",
    "amzn.to",
    "doi.org",
    "outlook.com",
    "archive.org",
];
/// Hosts that draw what stands in an address.
const DRAWS: [&str; 10] = [
    "shields.io",
    "placeholder.com",
    "placehold.co",
    "dummyimage.com",
    "quickchart.io",
    "codecogs.com",
    "wikimedia.org",
    "googleapis.com",
    "mermaid.ink",
    "plantuml.com",
];

struct Names {
    known: HashSet<&'static str>,
    /// Those of which a typing error is told, by length.
    distinct: HashMap<usize, Vec<&'static str>>,
    spared: HashSet<&'static str>,
}

fn names() -> &'static Names {
    static READ: OnceLock<Names> = OnceLock::new();
    READ.get_or_init(|| {
        let mut read = Names {
            known: HashSet::new(),
            distinct: HashMap::new(),
            spared: HashSet::new(),
        };
        for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
            if let Some(spared) = line.strip_prefix("! ") {
                read.spared.insert(spared);
                continue;
            }
            let name = line.trim_end_matches('*');
            read.known.insert(name);
            if line.ends_with('*') {
                read.distinct.entry(name.len()).or_default().push(name);
            }
        }
        read
    })
}

/// A host that reads like a well-known name, and is not it.
pub(super) fn lookalike_host(bytes: &[u8]) -> bool {
    let Some(host) = host_of(bytes) else { return false };
    let name = registered(&host);
    let label = name.split('.').next().unwrap_or_default();
    if names().known.contains(label) || names().spared.contains(label) {
        return false;
    }
    let Some(plain) = decoded(label) else { return false };
    if mixes_scripts(&plain) {
        return true;
    }
    let read = skeleton(&plain);
    let stands_for = |part: &str| names().known.contains(part);
    let disguised =
        read != label && (stands_for(&read) || read.split('-').any(|part| stands_for(part) && !label.contains(part)));
    disguised || is_typo(&read)
}

/// One wrong, missing, doubled or exchanged letter in a name that no other word is close to.
fn is_typo(label: &str) -> bool {
    let len = label.len();
    if !(TYPO_LEN_MIN - 1..=24).contains(&len) || names().known.contains(label) || names().spared.contains(label) {
        return false;
    }
    (len - 1..=len + 1).any(|near| {
        let distinct = names().distinct.get(&near).map(Vec::as_slice).unwrap_or_default();
        distinct
            .iter()
            .any(|name| name.len() >= TYPO_LEN_MIN && is_one_off(label.as_bytes(), name.as_bytes()))
    })
}

/// Whether two words differ by one letter, or by two that changed places.
fn is_one_off(one: &[u8], other: &[u8]) -> bool {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    // What is not even alike at its first letter is another word.
    if same == 0 {
        return false;
    }
    let (one, other) = (
        one.get(same..).unwrap_or_default(),
        other.get(same..).unwrap_or_default(),
    );
    match (one, other) {
        ([_, rest @ ..], other) if rest == other => true,
        (one, [_, rest @ ..]) if rest == one => true,
        ([a, b, one @ ..], [c, d, other @ ..]) if a == d && b == c && one == other => true,
        ([_, one @ ..], [_, other @ ..]) => one == other,
        _ => false,
    }
}

/// Letters of Latin beside those of a script that holds look-alikes.
fn mixes_scripts(label: &str) -> bool {
    let latin = label.chars().any(|c| c.is_ascii_alphabetic());
    latin && label.chars().any(|c| !c.is_ascii() && is_look_alike_script(c))
}

/// What a reader takes a label for.
fn skeleton(label: &str) -> String {
    let mixed_case = label.chars().any(char::is_lowercase);
    let mut folded = Vec::new();
    for letter in label.chars() {
        if letter == 'I' && mixed_case {
            folded.push('l');
        } else {
            // Before it is folded: what looks like a letter may fold to another.
            let lower = letter.to_lowercase().next().unwrap_or(letter);
            match look_alike(lower).map_or_else(|| fold(letter), Fold::Word) {
                Fold::Word(plain) | Fold::Single(plain) | Fold::Gap(plain) => folded.push(plain),
                Fold::Drop | Fold::Many => {}
            }
        }
    }
    let digits = label.chars().any(char::is_alphabetic);
    let plain: String = folded
        .into_iter()
        .flat_map(char::to_lowercase)
        .map(|letter| match look_alike(letter).unwrap_or(letter) {
            '0' if digits => 'o',
            '1' if digits => 'l',
            '3' if digits => 'e',
            '4' if digits => 'a',
            '5' if digits => 's',
            other => other,
        })
        .collect();
    plain.replace("rn", "m").replace("vv", "w")
}

/// A label as it shows, out of its form for the wire. None if that is broken.
fn decoded(label: &str) -> Option<String> {
    match label.to_ascii_lowercase().strip_prefix("xn--") {
        Some(code) => punycode(code),
        None => Some(label.to_owned()),
    }
}

/// RFC 3492 for labels of at most 63 characters.
fn punycode(code: &str) -> Option<String> {
    let (base, tail) = code.rsplit_once('-').unwrap_or(("", code));
    let mut letters: Vec<char> = base.chars().collect();
    let (mut point, mut at, mut bias, mut first) = (128_u32, 0_u32, 72_u32, true);
    let mut digits = tail.bytes().take(63).peekable();
    while digits.peek().is_some() {
        let before = at;
        let (mut weight, mut k) = (1_u32, 36_u32);
        loop {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            at = at.checked_add(digit.checked_mul(weight)?)?;
            let least = k.saturating_sub(bias).clamp(1, 26);
            if digit < least {
                break;
            }
            weight = weight.checked_mul(36 - least)?;
            k += 36;
        }
        let len = u32::try_from(letters.len()).ok()? + 1;
        let mut delta = (at - before) / if first { 700 } else { 2 };
        first = false;
        delta += delta / len;
        let mut steps = 0;
        while delta > 455 {
            delta /= 35;
            steps += 36;
        }
        bias = steps + 36 * delta / (delta + 38);
        point = point.checked_add(at / len)?;
        at %= len;
        letters.insert(at as usize, char::from_u32(point)?);
        at += 1;
    }
    Some(letters.into_iter().collect())
}

/// The host of an address, without port and name of a user; as it was written.
fn host_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    let fits = host.len() <= HOST_LEN_MAX && host.contains('.') && !host.starts_with('.');
    fits.then(|| host.to_owned())
}

/// The name that was registered: the host without what stands in front of it.
fn registered(host: &str) -> &str {
    let labels: Vec<&str> = host.rsplit('.').collect();
    let levels = match labels.as_slice() {
        [end, second, _, ..] if end.len() == 2 && SECOND_LEVELS.contains(second) => 3,
        _ => 2,
    };
    let mut from = host.len();
    for _ in 0..levels {
        match host.get(..from).and_then(|head| head.rfind('.')) {
            Some(dot) => from = dot,
            None => return host,
        }
    }
    host.get(from + 1..).unwrap_or(host)
}

/// An address, other than of a drawing service, that carries a readable text: in a code, or written out.
pub(super) fn carries_text(bytes: &[u8]) -> bool {
    let told = |value: &Value| is_coded(&value.bytes) || (value.asked && is_sentence(&value.bytes));
    draws(bytes).is_none_or(|drawn| !drawn) && values(bytes).iter().any(told)
}

/// An address that carries a readable text in a code.
pub(super) fn carries_code(bytes: &[u8]) -> bool {
    values(bytes).iter().any(|value| is_coded(&value.bytes))
}

/// A host whose labels hold a text in a code, or too much to be a name.
pub(super) fn carries_in_host(bytes: &[u8]) -> bool {
    let Some(host) = host_of(bytes) else { return false };
    let own = registered(&host).len();
    let Some(labels) = host.get(..host.len() - own) else {
        return false;
    };
    let long = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain && label.len() >= HOST_LABEL_LEN_MIN && label.bytes().any(|byte| byte.is_ascii_digit())
    };
    let coded = |label: &str| label.len() >= CODE_LEN_MIN && (reads(&unhex(label)) || reads(&unbase32(label)));
    labels.split('.').any(coded) || labels.split('.').filter(|label| long(label)).count() >= 2
}

/// Whether a host draws what stands in its addresses; none if there is no host.
fn draws(bytes: &[u8]) -> Option<bool> {
    let host = host_of(bytes)?.to_ascii_lowercase();
    Some(DRAWS.contains(&registered(&host)))
}

/// A part of an address, with its percent codes undone.
struct Value {
    bytes: Vec<u8>,
    /// It stands in the question of the address: names of files hold words as well.
    asked: bool,
}

/// What stands in an address behind its host.
fn values(bytes: &[u8]) -> Vec<Value> {
    let from = bytes
        .windows(3)
        .position(|window| window == b"://")
        .map_or(0, |at| at + 3);
    let rest = bytes.get(from..).unwrap_or_default();
    let path = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    let behind = rest.get(path..).unwrap_or_default();
    let asks_from = behind
        .iter()
        .position(|byte| b"?#".contains(byte))
        .unwrap_or(behind.len());
    let mut at = 0;
    behind
        .split(|byte| b"/?#&;".contains(byte))
        .map(|part| {
            let asked = at > asks_from;
            at += part.len() + 1;
            let name = part
                .iter()
                .position(|byte| *byte == b'=')
                .filter(|at| *at <= 24 && at + 1 < part.len());
            // A `=` at the end of base64 parts nothing.
            let padded = name.is_some_and(|at| part.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'='));
            let value = match name {
                Some(at) if !padded => part.get(at + 1..).unwrap_or_default(),
                _ => part,
            };
            Value {
                bytes: unescaped(value),
                asked,
            }
        })
        .collect()
}

fn unescaped(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let code = value.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|code| Some(digit(*code.first()?)? << 4 | digit(*code.get(1)?)?)) {
            Some(decoded) => {
                plain.push(decoded);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

fn is_coded(value: &[u8]) -> bool {
    value.len() >= CODE_LEN_MIN
        && (reads(&unbase64(value)) || reads(&unhex(std::str::from_utf8(value).unwrap_or_default())))
}

/// Words with spaces between them.
fn is_sentence(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let spaces = text.chars().filter(|c| matches!(c, ' ' | '+')).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    spaces >= CARRIED_SPACES_MIN && letters >= CARRIED_MIN && letters * 10 >= text.chars().count() * 6
}

/// Whether bytes are a text: printable to the last, and made of letters for the most part.
fn reads(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let letters = text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').count();
    bytes.len() >= CARRIED_MIN
        && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
        && letters * 4 >= text.chars().count() * 3
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The bytes of hexadecimal digits; none of them if anything else stands there.
fn unhex(text: &str) -> Vec<u8> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let decoded = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() {
        decoded.collect::<Option<_>>().unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// The bytes of base64, with or without padding, in either alphabet; none if anything else stands there.
fn unbase64(value: &[u8]) -> Vec<u8> {
    gather(value, 6, |byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' | b' ' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    })
}

fn unbase32(label: &str) -> Vec<u8> {
    gather(label.as_bytes(), 5, |byte| match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => Some(letter - b'a'),
        digit @ b'2'..=b'7' => Some(digit - b'2' + 26),
        _ => None,
    })
}

fn gather(code: &[u8], bits: u32, value_of: impl Fn(u8) -> Option<u8>) -> Vec<u8> {
    let end = code.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let (mut kept, mut held, mut decoded) = (0_u32, 0_u32, Vec::new());
    for byte in code.get(..end).unwrap_or_default() {
        let Some(value) = value_of(*byte) else {
            return Vec::new();
        };
        kept = kept << bits | u32::from(value);
        held += bits;
        if held >= 8 {
            held -= 8;
            decoded.push((kept >> held) as u8);
            kept &= (1 << held) - 1;
        }
    }
    decoded
}

/// A link whose text is an address, and another one than it leads to.
pub(super) fn other_host(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let parts = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]("),
        None => of_element(&text),
    };
    let Some((shown, target)) = parts else { return false };
    let (Some(shown), Some(target)) = (shown_host(shown), host_of(target.trim_start_matches('<').as_bytes())) else {
        return false;
    };
    let target = target.to_ascii_lowercase();
    let (shown, leads) = (registered(&shown), registered(&target));
    shown != leads && !STANDS_FOR_OTHERS.contains(&leads) && !STANDS_FOR_OTHERS.contains(&shown)
}

/// Text and target of `<a href="target">text`.
fn of_element(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("href")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let rest = quote.map_or(rest, |quote| rest.trim_start_matches(quote));
    let (target, _) = rest.split_once(['"', '\'', ' ', '>'])?;
    let (_, shown) = text.split_once('>')?;
    Some((shown, target))
}

/// The host that a link's text shows, if it is one.
fn shown_host(text: &str) -> Option<String> {
    let text = text
        .trim()
        .trim_end_matches("</a")
        .trim_matches(['`', '*', '_', '<', '>']);
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    if text.chars().any(char::is_whitespace) {
        return None;
    }
    let host = host_of(text.as_bytes())?.to_ascii_lowercase();
    let end = host.rsplit('.').next().unwrap_or_default();
    (is_address || ENDS.contains(&end)).then_some(host)
}

#[cfg(test)]
mod tests;

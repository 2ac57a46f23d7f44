//! Paths that climb out of their folder, told by what they are once every way of writing a dot and a slash is undone.
//!
//! Percent escapes in any depth, overlong UTF-8, escapes that are no hex digits but split paths on some servers, zero
//! bytes and back slashes in between. Plain climbing is left to the rules: programs do it all day. What counts here is
//! climbing that somebody took pains to hide, and a value that is nothing but a file which no user asks for.

use std::ops::Range;

/// Bytes that are looked at.
const TEXT_BYTES_MAX: usize = 4096;
/// Escapes within escapes that are undone.
const DEPTH_MAX: usize = 4;
/// Steps up before hidden climbing counts.
const STEPS_MIN: usize = 2;
/// Longest sensitive path.
const PATH_BYTES_MAX: usize = 200;

/// Equal letters in a row that are no name.
const FLOOD_BYTES_MIN: usize = 200;

/// What a path does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trick {
    /// Climbs, and hides that it does.
    Hidden,
    /// Names a file of the system, and nothing else.
    System,
}

/// One sign of a path, however it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Dot,
    Slash,
    /// An escape that stands for nothing a path needs.
    Noise,
    Other,
}

/// Finds what a path does.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let value = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    let value_trimmed = value.trim_ascii();
    if value_trimmed.iter().any(u8::is_ascii_whitespace) {
        return hidden(value);
    }
    if names_system_file(value_trimmed) || is_flood(value_trimmed) {
        return Some((Trick::System, 0..value.len()));
    }
    hidden(value)
}

/// Looks for climbing that is written oddly.
fn hidden(value: &[u8]) -> Option<(Trick, Range<usize>)> {
    let mut climb = Climb::default();
    let mut at = 0;
    while at < value.len() {
        let (sign, used, coded) = sign_at(value, at);
        if let Some(start) = climb.take(sign, coded, at) {
            return Some((Trick::Hidden, start..(at + used).min(value.len())));
        }
        at += used.max(1);
    }
    climb.finish().map(|start| (Trick::Hidden, start..value.len()))
}

/// Steps up, one after the other.
#[derive(Default)]
struct Climb {
    start: usize,
    dots: usize,
    steps: usize,
    /// Signs that no plain path has: escapes, doubled slashes, back slashes before slashes.
    odd: usize,
    separators: usize,
    last_slash: bool,
    /// Dots of all segments.
    all_dots: usize,
}

impl Climb {
    /// Takes the next sign; the start of the climb once it is one.
    fn take(&mut self, sign: Sign, coded: bool, at: usize) -> Option<usize> {
        if self.dots == 0 && self.steps == 0 && self.separators == 0 {
            self.start = at;
        }
        match sign {
            Sign::Dot => {
                self.dots += 1;
                self.all_dots += 1;
                self.last_slash = false;
                self.odd += usize::from(coded);
            }
            Sign::Slash | Sign::Noise => {
                self.step();
                self.odd += usize::from(coded || self.last_slash || sign == Sign::Noise);
                self.separators += 1;
                self.last_slash = true;
            }
            Sign::Other => {
                self.step();
                let found = self.found();
                *self = Self::default();
                return found;
            }
        }
        None
    }

    const fn step(&mut self) {
        if self.dots >= 2 {
            self.steps += 1;
            // Three dots climb nowhere but on a server that takes some of them away.
            self.odd += (self.dots > 2) as usize;
        }
        self.dots = 0;
    }

    fn found(&self) -> Option<usize> {
        let noisy = self.steps >= STEPS_MIN && self.odd >= STEPS_MIN && self.separators > 0;
        let mazy = self.steps >= 1 && self.odd >= 3;
        let single = self.separators >= 4 && self.odd >= 1 && self.all_dots >= 2;
        (noisy || mazy || single).then_some(self.start)
    }

    fn finish(mut self) -> Option<usize> {
        self.step();
        self.found()
    }
}

/// The sign at `at`, how many bytes it takes, and whether it was written as an escape.
fn sign_at(value: &[u8], at: usize) -> (Sign, usize, bool) {
    match value.get(at) {
        Some(b'.') => (Sign::Dot, 1, false),
        Some(b'/' | b'\\') => (Sign::Slash, 1, false),
        Some(b'0') if value.get(at + 1) == Some(&b'x') => match value.get(at + 2..at + 4) {
            Some(b"2e") => (Sign::Dot, 4, true),
            Some(b"2f" | b"5c") => (Sign::Slash, 4, true),
            _ => (Sign::Other, 1, false),
        },
        Some(b'%') => escape(value, at),
        _ => (Sign::Other, 1, false),
    }
}

/// Undoes one escape, and those inside of it.
fn escape(value: &[u8], at: usize) -> (Sign, usize, bool) {
    let rest = value.get(at..).unwrap_or_default();
    if let [b'%', b'u', hex @ ..] = rest {
        let sign = match hex.get(..4) {
            Some(b"002e" | b"ff0e") => Sign::Dot,
            Some(b"2215" | b"2216" | b"002f" | b"005c" | b"ff0f" | b"efc8" | b"f025") => Sign::Slash,
            _ => Sign::Other,
        };
        return (sign, 6, true);
    }
    let Some((byte, used)) = unescaped(rest, DEPTH_MAX) else {
        return malformed(rest);
    };
    let sign = match byte {
        b'.' => Sign::Dot,
        b'/' | b'\\' => Sign::Slash,
        0 | 1 => Sign::Noise,
        0xC0.. => return overlong(rest, byte, used),
        _ => Sign::Other,
    };
    (sign, used, true)
}

/// The byte an escape stands for: `%2e`, `%252e`, `%%32%65`.
fn unescaped(rest: &[u8], depth: usize) -> Option<(u8, usize)> {
    let inner = rest.strip_prefix(b"%")?;
    let (high, first) = digit(inner, depth)?;
    let (low, second) = digit(inner.get(first..)?, depth)?;
    let byte = high << 4 | low;
    let used = 1 + first + second;
    if byte == b'%' && depth > 0 {
        // `%25` begins another escape.
        let mut again = vec![b'%'];
        again.extend(rest.get(used..(used + 24).min(rest.len()))?);
        if let Some((deeper, more)) = unescaped(&again, depth - 1) {
            return Some((deeper, used + more - 1));
        }
    }
    Some((byte, used))
}

/// A hex digit, which may be an escape itself.
fn digit(rest: &[u8], depth: usize) -> Option<(u8, usize)> {
    let first = *rest.first()?;
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if let Some(digit) = hex(first) {
        return Some((digit, 1));
    }
    if depth == 0 {
        return None;
    }
    let (byte, used) = unescaped(rest, depth - 1)?;
    Some((hex(byte)?, used))
}

/// Overlong forms, and those that only look like one: `%c0%ae`, `%e0%80%af`, `%c0%5c`.
fn overlong(rest: &[u8], lead: u8, used: usize) -> (Sign, usize, bool) {
    let more = match lead {
        0xC0..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF7 => 3,
        0xF8..=0xFB => 4,
        _ => 5,
    };
    let mut len = used;
    let mut value = u32::from(lead) & (0x7F >> (more + 1));
    for _ in 0..more {
        let next = rest.get(len..).unwrap_or_default();
        let Some((byte, used)) = unescaped(next, DEPTH_MAX) else {
            let (_, used, _) = malformed(next);
            let sign = if next.first() == Some(&b'%') {
                Sign::Slash
            } else {
                Sign::Other
            };
            return (sign, len + if sign == Sign::Slash { used } else { 0 }, true);
        };
        len += used;
        if matches!(byte, b'.' | b'/' | b'\\') {
            value = u32::from(byte);
            break;
        }
        value = value << 6 | u32::from(byte & 0x3F);
    }
    let sign = match value & 0x7F {
        0x2E => Sign::Dot,
        0x2F | 0x5C => Sign::Slash,
        _ if value < 0x80 => Sign::Noise,
        _ => Sign::Other,
    };
    (sign, len, true)
}

/// `%` and two signs that are no hex digits: some servers reckon with them all the same.
fn malformed(rest: &[u8]) -> (Sign, usize, bool) {
    let pair = rest.get(1..3).unwrap_or_default();
    if pair.len() == 2 && pair.iter().all(u8::is_ascii_alphanumeric) {
        return (Sign::Noise, 3, true);
    }
    (Sign::Other, 1, false)
}

/// Files that are told by the end of their path, wherever they lie.
const FILES: [&[u8]; 40] = [
    b"/passwd",
    b"/shadow",
    b"/gshadow",
    b"/master.passwd",
    b"/sudoers",
    b"/boot.ini",
    b"/win.ini",
    b"/system.ini",
    b"/web.config",
    b"/.htaccess",
    b"/.htpasswd",
    b"/.bash_history",
    b"/id_rsa",
    b"/authorized_keys",
    b"/php.ini",
    b"/httpd.conf",
    b"/apache2.conf",
    b"/apache.conf",
    b"/my.cnf",
    b"/my.ini",
    b"/proftpd.conf",
    b"/pure-ftpd.conf",
    b"/vsftpd.conf",
    b"/access.log",
    b"/error.log",
    b"/access_log",
    b"/error_log",
    b"/ntuser.dat",
    b"/repair/sam",
    b"/config/sam",
    b"/security.log",
    b"/wp-config.php",
    b"/config.inc.php",
    b"/drivers/etc/hosts",
    b"/tomcat-users.xml",
    b"/shells.log",
    b"/web-inf/web.xml",
    b"/secevent.evt",
    b"/pureftpd.passwd",
    b"/.mysql_history",
];

/// Folders in which every file is the system's own.
const FOLDERS: [&[u8]; 16] = [
    b"/etc/",
    b"/proc/self/",
    b"/proc/version",
    b"/proc/cmdline",
    b"/var/log/",
    b"/var/adm/",
    b"/var/spool/cron",
    b"/usr/local/apache",
    b"/usr/local/etc/",
    b"/usr/local/cpanel",
    b"/usr/local/php",
    b"/opt/apache",
    b"/opt/lampp/",
    b"/opt/xampp/",
    b"/volumes/macintosh_hd",
    b"/var/www/logs/",
];

/// Whether the whole value is the path of a file that belongs to the system.
fn names_system_file(value: &[u8]) -> bool {
    if value.len() > PATH_BYTES_MAX || value.len() < 5 {
        return false;
    }
    let clean = value.split(|byte| *byte == 0).next().unwrap_or_default();
    let clean = clean.split(|byte| *byte == b'%').next().unwrap_or(clean);
    let drive = matches!(clean, [b'a'..=b'z', b':', b'/' | b'\\', ..]);
    let local = clean.strip_prefix(b"file:").map(|rest| {
        let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
        rest.get(slashes.saturating_sub(1)..).unwrap_or_default()
    });
    let clean = local.unwrap_or(clean);
    let path: Vec<u8> = clean
        .iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect();
    let rooted = drive || path.starts_with(b"/");
    let plain = path
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-: ~+@".contains(byte));
    let known = FILES.iter().any(|file| path.ends_with(file)) || FOLDERS.iter().any(|folder| path.starts_with(folder));
    rooted && plain && known
}

/// A path that is padded until something behind it is cut off, or climbing of which the slashes were lost on the way.
fn is_flood(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"/") else {
        let dots = value.iter().take_while(|byte| **byte == b'.').count();
        return dots >= 8 && value.get(dots..).is_some_and(|rest| rest.starts_with(b"etc"));
    };
    let padding = rest.first().copied().unwrap_or(0);
    let len = rest.iter().take_while(|byte| **byte == padding).count();
    padding.is_ascii_alphanumeric() && len >= FLOOD_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use super::{Trick, find};

    fn trick(text: &str) -> Option<Trick> {
        find(text.to_lowercase().as_bytes()).map(|(trick, _)| trick)
    }

    #[test]
    fn climbing_in_disguise_is_found() {
        for text in [
            "..%2f..%2fconf/keys",
            "%2e%2e%2f%2e%2e%2fkeys",
            "%252e%252e%252f%252e%252e%252fkeys",
            "..%c0%af..%c0%afkeys",
            "%c0%ae%c0%ae/%c0%ae%c0%ae/keys",
            "%e0%80%ae%e0%80%ae%e0%80%af%e0%80%ae%e0%80%ae%e0%80%afkeys",
            "..%%32%66..%%32%66keys",
            "....//....//keys",
            "..\\/..\\/keys",
            "..0x2f..0x2fkeys",
            "..%c0%qf..%c0%qfkeys",
            "/.//..//.//..//keys",
            "..%u2215..%u2215keys",
        ] {
            assert_eq!(trick(text), Some(Trick::Hidden), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_a_file_of_the_system_is_found() {
        for text in [
            "/etc/issue",
            "c:\\windows\\win.ini",
            "file:///etc/group",
            "/usr/local/apache/logs/access_log",
            "/.htaccess",
            "/proc/self/environ%00",
        ] {
            assert_eq!(trick(text), Some(Trick::System), "{text}");
        }
    }

    #[test]
    fn paths_of_every_day_are_not() {
        for text in [
            "../../lib/util.js",
            "import x from '../../../src/x'",
            "/home/ann/notes.txt",
            "src/main.rs",
            "https://example.com/a//b/../c",
            "Wait... what... really...",
            "100%25 sure",
            "Edit /etc/hosts and restart",
            "C:\\Users\\ann\\report.docx",
            "...",
            "caf%c3%a9%20au%20lait",
            "../../../..",
        ] {
            assert_eq!(trick(text), None, "{text}");
        }
    }
}

//! Paths that climb out of their folder, told by what they are once every way of writing a dot and a slash is undone.
//!
//! Percent escapes in any depth, overlong UTF-8, escapes that are no hex digits but split paths on some servers, zero
//! bytes and back slashes in between. Plain climbing is left to the rules: programs do it all day. What counts here is
//! climbing that somebody took pains to hide, and a value that is nothing but a file which no user asks for.

mod escape;
mod files;

use std::ops::Range;

use self::escape::sign_at;
use self::files::{climbs_to_file, is_flood, names_system_file};

/// Bytes that are looked at.
const TEXT_BYTES_MAX: usize = 4096;
/// Longest value that may be nothing but a climb.
const CLIMB_BYTES_MAX: usize = 400;
/// Steps up before hidden climbing counts.
const STEPS_MIN: usize = 2;
/// The same, where wildcards stand for the dots.
const WILD_STEPS_MIN: usize = 4;
/// Broken escapes in a row that are there to confuse.
const BROKEN_MIN: usize = 4;

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
    /// A dot where names are matched by wildcards.
    Wild,
    /// An escape that stands for nothing a path needs.
    Noise,
    /// An escape of bytes that no text has, in any encoding that servers take.
    Broken,
    Other,
}

/// Finds what a path does.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let value = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    let value_trimmed = value.trim_ascii();
    if value_trimmed.iter().any(u8::is_ascii_whitespace) {
        return hidden(value);
    }
    if names_system_file(value_trimmed) || climbs_to_file(value_trimmed) || is_flood(value_trimmed) {
        return Some((Trick::System, 0..value.len()));
    }
    if only_climbs(value_trimmed) {
        return Some((Trick::Hidden, 0..value.len()));
    }
    hidden(value)
}

/// A value that is nothing but a climb no user types: above the root, or with slashes of both kinds, doubled or escaped.
fn only_climbs(value: &[u8]) -> bool {
    // Lists of attacks end in the name of a file that is yet to be put in.
    let end = memchr::memchr(b'{', value)
        .filter(|_| value.ends_with(b"}"))
        .unwrap_or(value.len());
    let climb = value.get(..end.min(CLIMB_BYTES_MAX)).unwrap_or_default();
    let (mut at, mut steps, mut dots, mut odd, mut still) = (0, 0, 0, 0, 0);
    let mut last = (0, 0);
    while at < climb.len() {
        let (sign, used, coded) = sign_at(climb, at);
        let byte = climb.get(at).copied().unwrap_or(0);
        odd += coded;
        match sign {
            Sign::Dot => dots += 1,
            Sign::Slash => {
                steps += usize::from(dots >= 2);
                still += usize::from(dots == 1);
                dots = 0;
                // Two in a row, or one of each kind.
                odd += usize::from(last.1 > 0 && (last.0 != byte || last.1 == at));
                last = (byte, at + used);
            }
            _ => return false,
        }
        at += used.max(1);
    }
    steps += usize::from(dots >= 2);
    // Only a list of attacks has the name of a file missing behind back slashes or many slashes.
    let missing = end < value.len() && (last.0 == b'\\' || odd > 1);
    if missing && climb.len() < CLIMB_BYTES_MAX {
        return true;
    }
    let rooted = matches!(climb.first(), Some(b'/' | b'\\')) && climb.len() > 3;
    climb.len() < CLIMB_BYTES_MAX && steps > 0 && (odd > 0 || rooted || still >= 2)
}

/// Looks for climbing that is written oddly.
fn hidden(value: &[u8]) -> Option<(Trick, Range<usize>)> {
    let mut climb = Climb::default();
    let mut at = 0;
    while at < value.len() {
        let (sign, used, coded) = if climb.dots >= 2 && lost_escape(value, at, climb.steps > 0) {
            (Sign::Slash, 2, 1)
        } else {
            sign_at(value, at)
        };
        if let Some(start) = climb.take(sign, coded, at) {
            return Some((Trick::Hidden, start..(at + used).min(value.len())));
        }
        at += used.max(1);
    }
    climb.finish().map(|start| (Trick::Hidden, start..value.len()))
}

/// `..2f..2f`: escapes that lost their sign on the way.
fn lost_escape(value: &[u8], at: usize, again: bool) -> bool {
    let rest = value.get(at..).unwrap_or_default();
    (rest.starts_with(b"2f") || rest.starts_with(b"5c")) && (again || matches!(rest.get(2), Some(b'.') | None))
}

/// Steps up, one after the other.
#[derive(Default)]
struct Climb {
    start: usize,
    dots: usize,
    steps: usize,
    /// Question marks, which stand for a dot where names are matched by wildcards.
    wild: usize,
    /// Escapes of bytes that no text has.
    broken: usize,
    /// Signs that no plain path has: escapes, doubled slashes, back slashes before slashes.
    odd: usize,
    separators: usize,
    last_slash: bool,
    /// Dots of all segments.
    all_dots: usize,
}

impl Climb {
    /// Takes the next sign; the start of the climb once it is one.
    fn take(&mut self, sign: Sign, coded: usize, at: usize) -> Option<usize> {
        if self.dots == 0 && self.steps == 0 && self.separators == 0 {
            self.start = at;
        }
        match sign {
            Sign::Dot => {
                self.dots += 1;
                self.all_dots += 1;
                self.last_slash = false;
                self.odd += coded;
            }
            // A zero byte in the middle of two dots.
            Sign::Noise if self.dots == 1 => self.odd += coded,
            Sign::Wild => {
                self.dots += 1;
                self.wild += 1;
                self.last_slash = false;
            }
            Sign::Slash | Sign::Noise | Sign::Broken => {
                self.step();
                self.odd += coded.max(usize::from(self.last_slash || sign != Sign::Slash));
                self.broken += usize::from(sign == Sign::Broken);
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
        let broken = self.broken >= BROKEN_MIN || (self.broken >= 2 && self.separators > self.broken);
        if self.wild > 0 {
            let hidden = self.steps >= STEPS_MIN && self.odd >= STEPS_MIN;
            let single = self.steps >= 1 && self.odd >= 3;
            return (broken || hidden || single || self.steps >= WILD_STEPS_MIN).then_some(self.start);
        }
        let noisy = self.steps >= STEPS_MIN && self.odd >= STEPS_MIN && self.separators > 0;
        let mazy = self.steps >= 1 && self.odd >= 3;
        let single = self.separators >= 4 && self.odd >= 1 && self.all_dots >= 2;
        (noisy || mazy || single || broken).then_some(self.start)
    }

    fn finish(mut self) -> Option<usize> {
        self.step();
        self.found()
    }
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

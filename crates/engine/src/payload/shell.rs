//! Commands put into a value, told by how a shell would go on reading.
//!
//! A value that is no command line of its own, and then a separator, a substitution or a call of an interpreter with a
//! program that looks around, fetches or waits. Whole command lines are left alone: they begin with their program.

use std::ops::Range;

/// Bytes that are looked at.
const TEXT_BYTES_MAX: usize = 2048;
/// Bytes of a value that stand before what was put in.
const VALUE_BYTES_MAX: usize = 48;

/// Bytes within which a substitution behind a joint is looked for.
const JOINED_BYTES_MAX: usize = 256;

/// How a command is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trick {
    /// `; id`, `| id`, `&& id`.
    Chain,
    /// `$(id)` and the like.
    Substitution,
    /// `system('id')`.
    Interpreter,
}

/// Programs that look around, fetch, wait or open a way in; sorted.
const PROGRAMS: [&[u8]; 76] = [
    b"arp",
    b"awk",
    b"bash",
    b"cat",
    b"certutil",
    b"chmod",
    b"cmd",
    b"cmd.exe",
    b"crontab",
    b"curl",
    b"dig",
    b"dir",
    b"echo",
    b"env",
    b"exec",
    b"expr",
    b"fetch",
    b"find",
    b"ftp",
    b"getent",
    b"head",
    b"hostname",
    b"id",
    b"ifconfig",
    b"ipconfig",
    b"kill",
    b"ls",
    b"lsof",
    b"mail",
    b"more",
    b"nc",
    b"ncat",
    b"net",
    b"netcat",
    b"netsh",
    b"netstat",
    b"nslookup",
    b"perl",
    b"php",
    b"ping",
    b"powershell",
    b"printenv",
    b"ps",
    b"pwd",
    b"python",
    b"python3",
    b"reg",
    b"rm",
    b"route",
    b"ruby",
    b"schtasks",
    b"sh",
    b"shutdown",
    b"sleep",
    b"socat",
    b"ssh",
    b"su",
    b"sudo",
    b"sysinfo",
    b"systeminfo",
    b"tail",
    b"tasklist",
    b"telnet",
    b"tftp",
    b"timeout",
    b"touch",
    b"type",
    b"uname",
    b"ver",
    b"w",
    b"wget",
    b"which",
    b"who",
    b"whoami",
    b"wmic",
    b"xxd",
];

/// Calls by which a language runs a command or code.
const CALLS: [&[u8]; 18] = [
    b"phpversion(",
    b"system(",
    b"exec(",
    b"passthru(",
    b"shell_exec(",
    b"popen(",
    b"proc_open(",
    b"pcntl_exec(",
    b"eval(",
    b"assert(",
    b"phpinfo(",
    b"os.system(",
    b"subprocess.",
    b"get_user_file(",
    b"include(",
    b"print(`",
    b"sysinfo(",
    b"injectx(",
];

/// Finds how a command is put in.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let value = text.get(..text.len().min(TEXT_BYTES_MAX)).unwrap_or_default();
    chain(value)
        .or_else(|| spelled(value))
        .or_else(|| written_line_end(value))
        .or_else(|| substitution(value))
        .or_else(|| joined_substitution(value))
        .or_else(|| interpreter(value))
        .map(|(trick, start)| (trick, start..value.len()))
}

/// A separator behind nothing, or behind a short value, and then a program.
fn chain(value: &[u8]) -> Option<(Trick, usize)> {
    if is_row(value) {
        return None;
    }
    let mut at = 0;
    while let Some(byte) = value.get(at).filter(|_| at <= VALUE_BYTES_MAX) {
        if matches!(byte, b';' | b'|' | b'&' | b'\n' | b'\r') {
            let signs = signs_len(value, at);
            let rest = value.get(at + signs..).unwrap_or_default();
            let before = value.get(..at).unwrap_or_default();
            // Behind a line end of a longer text stands its next line.
            let line_end = matches!(byte, b'\n' | b'\r');
            if line_end && memchr::memchr_iter(b'\n', rest).take(3).count() > 2 {
                return None;
            }
            if is_tampered(before) && runs(rest, before.trim_ascii().is_empty()) {
                return Some((Trick::Chain, at));
            }
            at += signs;
        } else {
            at += 1;
        }
    }
    None
}

/// `+dir+c:/`: a space in an address, then a program and what it needs, with spaces of the same kind.
fn spelled(value: &[u8]) -> Option<(Trick, usize)> {
    let rest = value.strip_prefix(b"+")?;
    let name = rest.split(|byte| *byte == b'+').next()?;
    let argued = rest.get(name.len() + 1).is_some_and(|byte| !byte.is_ascii_whitespace());
    (argued && PROGRAMS.binary_search(&name).is_ok() && runs(rest, true)).then_some((Trick::Chain, 0))
}

/// `\\n/usr/bin/id\\n`: a line end that was written out, and a program behind it.
fn written_line_end(value: &[u8]) -> Option<(Trick, usize)> {
    let near = value.get(..value.len().min(VALUE_BYTES_MAX))?;
    memchr::memmem::find_iter(near, b"\\n").find_map(|at| {
        let rest = value.get(at + 2..).unwrap_or_default();
        // A terminal that is told to go up a line.
        let hidden = rest
            .strip_prefix(b"\\033[2")
            .map(|rest| rest.strip_prefix(b"a").unwrap_or(rest));
        let rooted = rest.starts_with(b"/");
        let follows = hidden.or_else(|| (rooted && at <= 2).then_some(rest))?;
        runs(follows, true).then_some((Trick::Chain, at))
    })
}

/// ``x||`id -a` ``: a joint and then a command whose output is put in.
fn joined_substitution(value: &[u8]) -> Option<(Trick, usize)> {
    let near = value.get(..value.len().min(JOINED_BYTES_MAX))?;
    memchr::memmem::find_iter(near, b"||`").find_map(|at| {
        let rest = value.get(at + 3..).unwrap_or_default();
        runs(rest, true).then_some((Trick::Substitution, at))
    })
}

/// A row of a table begins and ends with a bar, with others in between.
fn is_row(value: &[u8]) -> bool {
    let line = value
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let bars = line.iter().filter(|byte| **byte == b'|').count();
    line.starts_with(b"| ") && line.ends_with(b"|") && bars >= 3
}

/// Separators and spaces in a row, escaped line ends among them.
fn signs_len(value: &[u8], at: usize) -> usize {
    let rest = value.get(at..).unwrap_or_default();
    rest.iter()
        .take_while(|byte| byte.is_ascii_whitespace() || b";|&`$({\"'+".contains(byte))
        .count()
        .max(1)
}

/// What stands before the separator is a value: empty, a number, an address, or something that is closed.
fn is_tampered(before: &[u8]) -> bool {
    let before = before.trim_ascii();
    if before.is_empty() {
        return true;
    }
    let one_word = !before.iter().any(u8::is_ascii_whitespace);
    let closed = matches!(before.last(), Some(b'\'' | b'"' | b')' | b'}'));
    let address = before.iter().any(u8::is_ascii_digit)
        && before
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".:@-_".contains(byte));
    let program = PROGRAMS.binary_search(&before).is_ok();
    one_word && !program && (closed || address || before.len() <= 2)
}

/// What follows is a program and what it needs.
fn runs(rest: &[u8], alone: bool) -> bool {
    let rest = match rest {
        [b'\\', b'n', rest @ ..] => rest,
        rest => rest,
    };
    let path = rest
        .split(|byte| byte.is_ascii_whitespace() || b";|&`$<>(){}\"'%+,".contains(byte))
        .next();
    let path = path.unwrap_or_default();
    // A line end that was written out: `id\n`.
    let path = path.strip_suffix(b"\\n").unwrap_or(path);
    let path = path.strip_suffix(b"\\r").unwrap_or(path);
    let name = path
        .rsplit(|byte| matches!(byte, b'/' | b'\\'))
        .next()
        .unwrap_or_default();
    // `/???/c?t`: wildcards that only the shell fills in.
    let wild = path.iter().filter(|byte| matches!(byte, b'?' | b'*')).count();
    if path.starts_with(b"/") && wild >= 2 {
        return true;
    }
    if PROGRAMS.binary_search(&name).is_err() {
        return CALLS.iter().any(|call| rest.starts_with(call));
    }
    let after = rest.get(path.len()..).unwrap_or_default();
    let words = after
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let prose = words
        .clone()
        .take(6)
        .filter(|word| word.iter().all(u8::is_ascii_alphabetic) && word.len() > 1)
        .count();
    let rooted = path.len() > name.len() || (name == b"net" && words.clone().next().is_some_and(is_of_net));
    let english: [&[u8]; 17] = [
        b"more", b"find", b"type", b"head", b"mail", b"touch", b"which", b"who", b"kill", b"route", b"net", b"ps",
        b"w", b"exec", b"find", b"cat", b"echo",
    ];
    let ambiguous = english.contains(&name) && !rooted;
    let ended = after.is_empty() || after.starts_with(b";") || after.starts_with(b"|") || after.starts_with(b"&");
    match (ambiguous, alone) {
        (true, _) => {
            (ended && !matches!(name, b"more" | b"who" | b"type" | b"which" | b"mail" | b"head" | b"w"))
                || (prose <= 2 && has_sign(after))
        }
        (false, true) => prose <= 3 || (name.len() > 3 && before_words_of(name)),
        (false, false) => prose <= 2,
    }
}

/// Programs whose arguments are words, and whose names are none.
fn before_words_of(name: &[u8]) -> bool {
    let known: [&[u8]; 6] = [b"netsh", b"wmic", b"schtasks", b"tasklist", b"certutil", b"systeminfo"];
    known.contains(&name)
}

/// What `net` is asked for.
fn is_of_net(word: &[u8]) -> bool {
    let known: [&[u8]; 8] = [
        b"user",
        b"users",
        b"localgroup",
        b"group",
        b"view",
        b"share",
        b"accounts",
        b"session",
    ];
    known.contains(&word)
}

/// Arguments that only programs get.
fn has_sign(after: &[u8]) -> bool {
    after.iter().any(|byte| b"/\\-$<>|;%*~".contains(byte))
}

/// `$(id)` or `` `id` `` as the value, or within quotes that it closes.
fn substitution(value: &[u8]) -> Option<(Trick, usize)> {
    let trimmed = value
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || b"\"'".contains(byte))
        .count();
    let rest = value.get(trimmed..).unwrap_or_default();
    let (inner, close) = match rest {
        [b'$', b'(', inner @ ..] => (inner, b')'),
        [b'`', inner @ ..] => (inner, b'`'),
        _ => return None,
    };
    let end = inner.iter().position(|byte| *byte == close)?;
    let tail = inner.get(end + 1..).unwrap_or_default();
    let whole = tail
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || b"\"'`);&|#".contains(byte));
    let command = inner.get(..end).unwrap_or_default();
    let command = command.strip_prefix(b"`").unwrap_or(command);
    let arguments = command.iter().any(u8::is_ascii_whitespace) || close == b')';
    (whole && arguments && runs(command, true)).then_some((Trick::Substitution, trimmed))
}

/// A value that is nothing but a call which runs a command or code.
fn interpreter(value: &[u8]) -> Option<(Trick, usize)> {
    let open = value
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || b";:'\".){}$[@|&<?".contains(byte))
        .count();
    let rest = value.get(open..).unwrap_or_default();
    let rest = rest.strip_prefix(b"php ").unwrap_or(rest);
    let lead = value.get(..open).unwrap_or_default();
    let given: [&[u8]; 5] = [b"_get[", b"_post[", b"_request[", b"_cookie[", b"_server["];
    if lead.ends_with(b"{$") && given.iter().any(|known| rest.starts_with(known)) {
        return Some((Trick::Interpreter, open));
    }
    // What stands in `${@…}` is run by a language that only wanted to read a name.
    let complex = lead.ends_with(b"{${") || lead.ends_with(b"${@");
    let name = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    if complex && name > 2 && rest.get(name) == Some(&b'(') {
        return Some((Trick::Interpreter, open));
    }
    let call = CALLS.iter().find(|call| rest.starts_with(call))?;
    let inner = rest.get(call.len()..).unwrap_or_default();
    let shell = inner.trim_ascii_start();
    let quoted = matches!(shell.first(), Some(b'\'' | b'"' | b'`' | b'$'));
    let command = shell.get(usize::from(quoted)..).unwrap_or_default();
    let first = command
        .split(|byte| byte.is_ascii_whitespace() || b"'\"`);|&".contains(byte))
        .next()
        .unwrap_or_default();
    let names_program = quoted && lead.is_empty() && PROGRAMS.binary_search(&first).is_ok();
    let probes = matches!(*call, b"phpinfo(" | b"phpversion(")
        || names_program
        || command.starts_with(b"phpinfo")
        || command.starts_with(b"$_")
        || shell.starts_with(b"$_");
    (probes || (quoted && runs(command, true))).then_some((Trick::Interpreter, open))
}

#[cfg(test)]
mod tests {
    use super::{PROGRAMS, Trick, find};

    fn trick(text: &str) -> Option<Trick> {
        find(text.to_lowercase().as_bytes()).map(|(trick, _)| trick)
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(PROGRAMS.is_sorted());
    }

    #[test]
    fn commands_behind_a_value_are_found() {
        for (text, wanted) in [
            ("; ls -la", Trick::Chain),
            ("| whoami", Trick::Chain),
            ("&& ping -c 9 127.0.0.1", Trick::Chain),
            ("10.0.0.7; uname -a", Trick::Chain),
            ("x'; sleep 9 #", Trick::Chain),
            ("\n/usr/bin/id\n", Trick::Chain),
            ("$(curl drop.invalid)", Trick::Substitution),
            ("`ping drop.invalid`", Trick::Substitution),
            ("system('ls')", Trick::Interpreter),
            (";phpinfo();", Trick::Chain),
            ("+type+c:\\boot.ini", Trick::Chain),
        ] {
            assert_eq!(trick(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn command_lines_and_prose_are_not() {
        for text in [
            "cd build && make",
            "cat notes.txt | sort | uniq -c",
            "git add . && git commit -m 'x'; git push",
            "ls; pwd",
            "R&D; find out more",
            "Tom & Jerry",
            "`ls`",
            "$(document).ready(function() {})",
            "salt & pepper; more or less",
            "a | b",
            "system(x) of equations",
            "for i in 1 2; do echo $i; done",
            "I like cats; cat pictures are nice",
            "+49 170 555 01",
            "+sort+order",
        ] {
            assert_eq!(trick(text), None, "{text}");
        }
    }
}

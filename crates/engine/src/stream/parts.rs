//! The part of a regex that is the value: what stands in its groups, or all of it.

/// The regexes of the values that `pattern` finds, and whether they are parts of it. They accept at least
/// whatever the groups accept.
pub(super) fn value_parts(pattern: &str) -> (bool, Vec<String>) {
    let found = groups(pattern);
    if found.is_empty() {
        return (false, vec![ascii_borders(pattern)]);
    }
    // Flags hold where they stand; wherever case is ignored somewhere, ignoring it everywhere accepts more.
    let flags = match (pattern.contains("(?-u"), pattern.contains("(?i")) {
        (true, true) => "(?i-u)",
        (true, false) => "(?-u)",
        (false, true) => "(?i)",
        (false, false) => "",
    };
    let part = |part: &&str| ascii_borders(&format!("{flags}{part}"));
    (true, found.iter().map(part).collect())
}

/// What stands in the groups that mark something, outermost first.
fn groups(pattern: &str) -> Vec<&str> {
    let bytes = pattern.as_bytes();
    let mut found = Vec::new();
    // Where each open bracket stands, and whether it marks.
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (at, byte) in plain(bytes) {
        match byte {
            b'(' => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let named = rest.starts_with(b"?P<") || rest.starts_with(b"?<");
                let marks = !rest.starts_with(b"?") || named;
                let inner = if named {
                    at + 2 + rest.iter().position(|byte| *byte == b'>').unwrap_or(0)
                } else {
                    at + 1
                };
                open.push((inner, marks && !open.iter().any(|(_, marks)| *marks)));
            }
            b')' => {
                if let Some((inner, true)) = open.pop() {
                    found.extend(pattern.get(inner..at));
                }
            }
            _ => {}
        }
    }
    found
}

/// The brackets of a regex that are neither escaped nor in a class, and where they stand.
fn plain(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    let (mut escaped, mut class) = (false, 0_usize);
    bytes.iter().enumerate().filter_map(move |(at, byte)| {
        if escaped {
            escaped = false;
            return None;
        }
        match byte {
            b'\\' => escaped = true,
            b'[' => class += 1,
            b']' if class > 0 && !opens_class(bytes, at) => class -= 1,
            b'(' | b')' if class == 0 => return Some((at, *byte)),
            _ => {}
        }
        None
    })
}

/// Whether a `]` is the first sign of its class, and so one of its members.
fn opens_class(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    before.ends_with(b"[") || before.ends_with(b"[^")
}

/// An automaton knows the borders of ASCII words only.
fn ascii_borders(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            written.push(character);
            continue;
        }
        match characters.next() {
            Some('b') => written.push_str("(?-u:\\b)"),
            Some('B') => written.push_str("(?-u:\\B)"),
            Some(other) => written.extend(['\\', other]),
            None => written.push('\\'),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::value_parts;

    #[test]
    fn groups_are_the_value() {
        for (pattern, wanted) in [
            (r"(?-u)\bkey=(\w+)", vec![r"(?-u)\w+"]),
            (r"(?i:key)[^)(\]]=([]a(]+)\)(x)", vec!["(?i)[]a(]+", "(?i)x"]),
            (r"\d{4}(?: \d{4})", vec![r"\d{4}(?: \d{4})"]),
            (r"\((a(b)c)\)", vec!["a(b)c"]),
            (r"(?P<name>x)|(?<other>y)", vec!["x", "y"]),
            (r"\bx\\b", vec![r"(?-u:\b)x\\b"]),
        ] {
            assert_eq!(value_parts(pattern).1, wanted, "{pattern}");
        }
    }
}

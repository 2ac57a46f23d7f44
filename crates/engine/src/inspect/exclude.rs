//! Rules that an operator leaves out, by their ids.

use crate::rules::compile::Rulebook;

/// Leaves rules out whose id fits `glob` (`*` stands for anything), for one origin or all.
pub(super) fn exclude(rulebook: &mut Rulebook, glob: &str, origin: Option<u8>) {
    let Rulebook { rules, sources, .. } = rulebook;
    for rule in rules {
        let Some(source) = sources.get(rule.source as usize) else {
            continue;
        };
        if fits(glob.as_bytes(), source.id.as_bytes()) {
            rule.origins &= origin.map_or(0, |origin| !(1 << origin));
        }
    }
}

/// Glob matching with `*` only, in linear time.
fn fits(glob: &[u8], id: &[u8]) -> bool {
    let mut parts = glob.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = id.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        if part.is_empty() {
            continue;
        }
        let Some(at) = rest.windows(part.len()).position(|window| window == part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn globs() {
        for (glob, id, wanted) in [
            ("*", "x", true),
            ("en-*", "en-1", true),
            ("en-*", "de-1", false),
            ("a*c*e", "abcde", true),
            ("a*c", "abcd", false),
            ("abc", "abc", true),
        ] {
            assert_eq!(fits(glob.as_bytes(), id.as_bytes()), wanted, "{glob} {id}");
        }
    }
}

//! Exports with one token changed: refused, or still true.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

mod support;

use aidefence_kernel::{Limits, Theory};
use support::shelf::shelf;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Where the tokens of a line begin and end: numbers and words.
fn tokens(line: &str) -> Vec<(usize, usize)> {
    let (mut found, mut start) = (vec![], None);
    for (at, byte) in line.bytes().enumerate() {
        match (byte.is_ascii_alphanumeric() || byte == b'_', start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                found.push((begin, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// A line with one token changed, and the key that the token belongs to.
fn change(line: &str, words: &[&str], dice: &mut Dice) -> (String, String) {
    let places = tokens(line);
    let (begin, end) = places[dice.below(places.len())];
    let token = &line[begin..end];
    let new = match token.parse::<usize>() {
        Ok(number) => match dice.below(4) {
            0 => (number + 1).to_string(),
            1 => number.saturating_sub(1).to_string(),
            2 => dice.below(number + 2).to_string(),
            _ => dice.below(20).to_string(),
        },
        Err(_) if token == "true" => "false".to_owned(),
        Err(_) if token == "false" => "true".to_owned(),
        Err(_) => words[dice.below(words.len())].to_owned(),
    };
    let before = &line[..begin];
    let key = before.rsplit('"').nth(1).unwrap_or_default().to_owned();
    (
        format!("{before}{new}{}", &line[end..]),
        if token.parse::<usize>().is_ok() {
            key
        } else {
            format!("{key}:{token}")
        },
    )
}

const WORDS: [&str; 16] = [
    "thm", "def", "lam", "forallE", "succ", "max", "imax", "param", "app", "const", "sort", "bvar", "abbrev", "opaque",
    "value", "type",
];

/// What a term is may change and stay the same by definition: `Nat.pred`, and what it stands for.
const SAME: [&str; 1] = [r#"{"ie":306,"app":{"fn":304,"arg":5}}"#];

/// Names that are only read by people, names of what nobody uses yet, and hints how to unfold.
fn is_harmless(key: &str) -> bool {
    matches!(key, "name" | "pre" | "regular" | "::abbrev" | "::opaque") || key.starts_with("::")
}

/// With `MUTATIONS=10000` it takes four seconds of an optimised build.
#[test]
fn a_changed_theory_is_refused_or_as_true_as_before() {
    let text = shelf().text();
    let lines: Vec<&str> = text.lines().collect();
    let mut dice = Dice(0x5eed);
    let limits = Limits {
        steps: 20_000_000,
        bytes: 64 << 20,
    };
    let count = std::env::var("MUTATIONS").map_or(1_500, |count| count.parse().unwrap());
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..count {
        let at = 1 + dice.below(lines.len() - 1);
        let (line, key) = change(lines[at], &WORDS, &mut dice);
        if line == lines[at] {
            continue;
        }
        let mut changed = lines.clone();
        changed[at] = &line;
        match Theory::load((changed.join("\n") + "\n").as_bytes(), &[], limits) {
            Ok(_) if is_harmless(&key) || SAME.contains(&line.as_str()) => accepted += 1,
            Ok(_) => panic!("accepted: {} became {line}", lines[at]),
            Err(refusal) => {
                assert_ne!(refusal.message, "the checker ended without an answer", "{line}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10 * accepted, "{refused} refused, {accepted} accepted");
}

//! Rules over the bytes of the original: where they hold, what they report, and what they refuse.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aidefence_engine::category::CATEGORY_COUNT;
use aidefence_engine::rules::parse::parse_file;
use aidefence_engine::{Context, Engine, Scratch, Setup, Thresholds};

const PLAIN: Context = Context {
    origin: 1,
    direction: 0,
};

fn rule(patterns: &str, when: &str) -> String {
    format!(
        "id: bytes-1\ntitle: t\nseverity: low\nconfidence: 0.9\nlanguages: [any]\ncategory: anomaly\n\
         patterns:\n{patterns}\nconditions:\n  - when: '{when}'\ncatch: [x]\nspare: [y]\n"
    )
}

fn engine(patterns: &str, when: &str) -> Engine {
    let files = [("x.yml".to_owned(), rule(patterns, when))];
    Engine::new(&Setup {
        rules: &files,
        user_rules: &[],
        model: None,
        thresholds: Thresholds {
            flag: [0.5; CATEGORY_COUNT],
            block: [2.0; CATEGORY_COUNT],
        },
        paranoia: 1,
        exclude: &[],
    })
    .unwrap()
}

fn spans(engine: &Engine, text: &str) -> Vec<String> {
    let outcome = engine.inspect(text, PLAIN, &mut Scratch::default());
    let found = outcome
        .findings
        .iter()
        .map(|finding| text.get(finding.span.clone()).unwrap().to_owned());
    found.collect()
}

fn holds(patterns: &str, when: &str, text: &str) -> bool {
    !spans(&engine(patterns, when), text).is_empty()
}

const ABC: &str = "  a: { bytes: 'alpha' }\n  b: { bytes: '(?i)beta' }\n  c: { bytes: 'x[0-9]+' }";

#[test]
fn conditions_are_what_they_say() {
    for (when, text, wanted) in [
        ("a", "an alpha here", true),
        ("a", "an Alpha here", false),
        ("b", "BETA", true),
        ("a and b", "alpha", false),
        ("a and b", "beta alpha", true),
        ("a and not b", "alpha", true),
        ("a and not b", "alpha beta", false),
        ("not a", "beta", true),
        ("a or b and c", "alpha", true),
        ("(a or b) and c", "alpha", false),
        ("2 of (a, b, c)", "alpha x1", true),
        ("2 of (a, b, c)", "alpha alpha", false),
        ("all of (a, b)", "beta alpha", true),
        ("none of (a, b)", "x1", true),
        ("any of (a, b and c)", "beta x7", true),
        ("a at 0", "alpha", true),
        ("a at 1", "alpha", false),
        ("a at end-5", "the alpha", true),
        ("a at end-5", "the alpha.", false),
        ("a in 1..4", "..alpha", true),
        ("a in 3..4", "..alpha", false),
        ("a in end-6..end", "long before alpha", true),
        ("a in end-6..end", "alpha long before", false),
        ("count(c) == 3", "x1 x2 x3", true),
        ("count(c) > 1", "x1", false),
        ("count(c in 0..4) == 2", "x1 x2 x3", true),
        ("count(c) <= 1 and a", "alpha x1", true),
        ("size < 6 and a", "alpha", true),
        ("size < 5 and a", "alpha", false),
        ("size == 0 or a", "", true),
    ] {
        assert_eq!(holds(ABC, when, text), wanted, "{when}: {text}");
    }
}

#[test]
fn what_overlaps_is_counted_by_its_starts() {
    let pairs = "  a: { bytes: 'aa' }\n  r: { bytes: 'b+' }";
    for (when, text, wanted) in [
        ("count(a) == 3", "aaaa", true),
        ("count(r) == 4", "bb bb", true),
        ("count(r in 3..9) == 2", "bb bb", true),
    ] {
        assert_eq!(holds(pairs, when, text), wanted, "{when}: {text}");
    }
}

#[test]
fn a_whole_match_touches_no_letter_of_its_width() {
    let whole = "  a: { bytes: 'foo', wide: 'f\\x00o\\x00o\\x00', whole: true }";
    for (text, wanted) in [
        ("foo", true),
        ("a foo.", true),
        ("foo_", true),
        ("foos", false),
        ("afoo", false),
        ("food foo", true),
        ("f\0o\0o\0", true),
        ("f\0o\0o\0s\0", false),
        ("s\0f\0o\0o\0", false),
        ("sf\0o\0o\0", true),
    ] {
        assert_eq!(holds(whole, "a", text), wanted, "{text:?}");
    }
}

#[test]
fn findings_show_every_place_of_what_speaks_first() {
    let engine = engine(ABC, "a and c");
    assert_eq!(spans(&engine, "x1 alpha, alpha"), ["alpha", "alpha"]);
    let outcome = engine.inspect("x1 alpha", PLAIN, &mut Scratch::default());
    assert_eq!(outcome.findings.first().unwrap().parts, [3..8, 0..2]);
    // A group marks what is found, and an end inside a character is moved to its edge.
    let marked = "  a: { bytes: 'key=(\\w+);' }\n  b: { bytes: '\\xC3' }";
    assert_eq!(spans(&self::engine(marked, "a"), "key=abc;"), ["abc"]);
    assert_eq!(spans(&self::engine(marked, "b"), "é"), ["é"]);
    // What is absent shows nowhere: the text as such is the evidence.
    assert_eq!(spans(&self::engine(ABC, "not a"), "nothing"), ["nothing"]);
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let words = "  a: { bytes: 'alpha' }\n  w: { words: [word] }";
    let wide = "  a: { bytes: '(?u:\\bx\\b)' }";
    for (patterns, when, message) in [
        (words, "w", "unknown pattern of `bytes` `w`"),
        (words, "z", "unknown pattern of `bytes` `z`"),
        (words, "a and", "an end at character 6 of `when`"),
        (words, "(a", "an end at character 3 of `when`"),
        (words, "a b", "`b` at character 3 of `when`"),
        (words, "count(a)", "an end at character 9 of `when`"),
        (words, "a at b", "`b` at character 6 of `when`"),
        (words, "a ; a", "`;` is no part of a condition at character 3 of `when`"),
        (
            words,
            "size > 99999999999999999999",
            "`99999999999999999999` is too large at character 8 of `when`",
        ),
        (wide, "count(a) > 2", "pattern `a` cannot be counted"),
    ] {
        let error = parse_file("x.yml", &rule(patterns, when)).unwrap_err();
        assert_eq!(error.message, message, "{when}");
        assert_eq!(error.at.line, 11 - usize::from(patterns == wide), "{when}");
    }
    let deep = format!("{}a{}", "(".repeat(60), ")".repeat(60));
    assert!(parse_file("x.yml", &rule(ABC, &deep)).is_err());
    let beside = rule(words, "a").replace("  - when: 'a'", "  - { all: [a, w] }");
    let error = parse_file("x.yml", &beside).unwrap_err();
    assert_eq!(error.message, "pattern `a` of `bytes` beside words");
}

#[test]
fn regexes_that_look_at_every_text_are_few() {
    let many: Vec<String> = (0..65)
        .map(|n| format!("  p{n}: {{ bytes: '[a-z]{n}[a-z]' }}"))
        .collect();
    let when: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
    let halves = [&many[..33], &many[33..]].map(|part| part.join("\n"));
    let whens = [&when[..33], &when[33..]].map(|part| part.join(" or "));
    let files: Vec<(String, String)> = (0..2)
        .map(|n| {
            let text = rule(&halves[n], &whens[n]).replace("bytes-1", &format!("bytes-{n}"));
            (format!("{n}.yml"), text)
        })
        .collect();
    let setup = Setup {
        rules: &files,
        user_rules: &[],
        model: None,
        thresholds: Thresholds {
            flag: [0.5; CATEGORY_COUNT],
            block: [2.0; CATEGORY_COUNT],
        },
        paranoia: 1,
        exclude: &[],
    };
    let error = Engine::new(&setup).unwrap_err().to_string();
    assert!(error.contains("at most 64 such patterns"), "{error}");
}

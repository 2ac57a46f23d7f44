//! What a regex finds, and that a program and the automaton say the same of any text.

use super::program::Program;
use super::{Pattern, Starts, walk_through};
use crate::checks::Check;

/// Every kind of step, alone and in each other's way.
const PATTERNS: [&str; 28] = [
    r"(?-u)a{2,4}ab",
    r"(?-u)a{2,4}?ab",
    r"(?-u)[a-c]*c-[0-2]+?2",
    r"(?-u)\b(?:a|ab|abc)\b",
    r"(?-u)(?:a|ab)(?:c|bcd)?1",
    r"(?-u)(?:ab?){1,3}-",
    r"(?-u)(?:ab?){1,3}?-",
    r"(?-u)(?:[ab]1|c)+2",
    r"(?-u)(?:[ab]1|c)+?2",
    r"(?-u)(?i:key|token)[^\n]*?(?i:a|b)[a-c]*=([0-2]{2,})(?:[^a-c0-2]|$)",
    r"(?-u)^a|b$|\n",
    r"(?m-u)^a+$",
    r"(?-u)\d{1,2}(?:[ .-]?\d){2,5}",
    r"(?-u)(?:\+|00)\d{1,3}[ .-]{0,2}(?:\(0?\d{0,4}\)[ .-]?)?\d",
    r"(?-u)(a)|(b)|((c))",
    r"(?-u)(?:(a)|b){2}c",
    r"(?-u)(?:a{1,2}|b){2,3}1",
    r"[^a-c]{2,}é",
    r"\bé+\b",
    r"\B1",
    r"[α-ωé]{1,3}(?:a|\w{2})",
    r".{2}-",
    r"(?s).+?2",
    r"(?i)ß|k",
    r"(?-u)[\x80-\xff]+a",
    r"(?-u)a(?:b(?:c(?:1)?)?)?-",
    r"(?-u)(?:a|b|c|1|2){3,}-(?:a|b)",
    r"(?-u)[a-c]{3}[a-c0-2]{2}\b",
];
const ALPHABET: [&str; 17] = [
    "a", "b", "c", "0", "1", "2", "-", " ", ".", "=", "\n", "é", "ω", "+", "key", "K", "ß",
];

#[test]
fn programs_find_what_the_automaton_finds() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let patterns = PATTERNS.map(|source| {
        let pattern = Pattern::new(source.to_owned(), false, None, 256);
        assert!(pattern.program().is_some(), "{source}");
        pattern
    });
    let mut found = 0;
    for _ in 0..4_000 {
        let len = draw(24);
        let text: String = (0..len)
            .filter_map(|_| ALPHABET.get(draw(ALPHABET.len())))
            .copied()
            .collect();
        let boundaries: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        let cut = |at: usize| boundaries.get(at).copied().unwrap_or(0);
        let (from, to) = (draw(boundaries.len()), draw(boundaries.len()));
        let window = cut(from.min(to))..cut(from.max(to));
        for pattern in &patterns {
            let Some(program) = pattern.program() else { continue };
            let walked = walk_through(program, text.as_bytes(), window.clone(), false);
            let searched = pattern.search_long(text.as_bytes(), window.clone());
            assert_eq!(walked.ok(), Some(searched.clone()), "{pattern:?} {text:?} {window:?}");
            found += usize::from(searched.is_some());
        }
    }
    assert!(found > 5_000, "{found}");
}

#[test]
fn what_takes_too_many_steps_is_left_to_the_automaton() {
    let pattern = Pattern::new(r"(?-u)(?:a+b?)+(?:a+b?)+c".to_owned(), false, None, 256);
    let text = "a".repeat(400);
    let program = pattern.program();
    assert!(program.is_some_and(|program| walk_through(program, text.as_bytes(), 0..400, false).is_err()));
    assert_eq!(pattern.find(text.as_bytes(), 0..400), None);
    let text = text + "c";
    assert_eq!(pattern.find(text.as_bytes(), 0..401), Some(0..401));
}

#[test]
fn what_is_no_list_of_steps_has_no_program() {
    assert!(Program::of(r"(?:a?)*b").is_none());
    assert!(Program::of(r"(?:[ab]c){4000}").is_none());
}

#[test]
fn a_validator_refuses_and_the_search_goes_on() {
    let pattern = Pattern::new(r"\b\d{16}\b".to_owned(), false, Some(Check::Luhn), 256);
    let text = b"1234567812345678 then 4111111111111111";
    assert_eq!(pattern.find(text, 0..text.len()), Some(22..38));
    assert_eq!(pattern.find(text, 0..20), None);
}

#[test]
fn a_value_is_no_piece_of_something_longer() {
    let pattern = Pattern::new(r"(?-u)\d{4}(?: \d{4})?".to_owned(), false, None, 256).for_values(true);
    let found = |text: &str| {
        let range = pattern.find(text.as_bytes(), 0..text.len());
        range.and_then(|range| text.get(range)).map(str::to_owned)
    };
    for alone in [
        "no 1234.",
        "(1234)",
        "id=1234, x",
        "id:1234",
        "之1234之",
        "#1234",
        "-1234 ",
    ] {
        assert_eq!(found(alone), Some("1234".to_owned()), "{alone}");
    }
    for piece in [
        "v1.1234", "a-1234", "1234-b", "x/1234", "12:1234", "_1234", "1234=a", "--1234", "12345",
    ] {
        assert_eq!(found(piece), None, "{piece}");
    }
    assert_eq!(found("a-1234 5678"), Some("5678".to_owned()));
}

#[test]
fn what_is_found_ends_between_characters() {
    let found = |pattern: &str, text: &str| {
        let pattern = Pattern::new(pattern.to_owned(), false, None, 256);
        pattern
            .find(text.as_bytes(), 0..text.len())
            .and_then(|range| text.get(range).map(str::to_owned))
    };
    let alone = r"(?-u)(?:^|[^\d])\d{4}(?:[^\d]|$)";
    assert_eq!(found(alone, "之1234之").as_deref(), Some("1234"));
    assert_eq!(found(alone, "é1234 é").as_deref(), Some("1234 "));
    assert_eq!(found(alone, "1234").as_deref(), Some("1234"));
    assert_eq!(found(r"(?-u)\xb9", "a之b").as_deref(), Some("之"));
}

#[test]
fn a_group_marks_what_is_found_and_checked() {
    let key = r"(?:card|no)[:=](\d{16})(?:;|$)|iban=(\w+)";
    let pattern = Pattern::new(key.to_owned(), false, Some(Check::Luhn), 256);
    let text = b"card:1234567812345678;no=4111111111111111;";
    assert_eq!(pattern.find(text, 0..text.len()), Some(25..41));
    let pattern = Pattern::new(key.to_owned(), false, None, 256);
    assert_eq!(pattern.find(b"my iban=DE89", 0..12), Some(8..12));
    // What parts two matches may belong to both.
    assert_eq!(pattern.find(text, 0..text.len()), Some(5..21));
}

#[test]
fn looks_turn_no_value_away() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let alphabet = [
        "1", "23", "4567", "890123", "a", "bc", "def", "-", ".", " ", " ", "(", "+", "/", "_", ",",
    ];
    let patterns = [
        r"(?-u)\d{4}[ -]?\d{4}(?:[ -]?\d{3})?|\d{12,19}",
        r"(?-u)[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}",
        r"(?-u)(?:\+|00)\d{1,3}[ .-]{0,2}(?:\(0?\d{0,4}\)[ .-]?)?\d(?:[ .-]?\d){5,13}",
        r"(?-u)[a-z0-9][a-z0-9._%+-]{0,63}\.(?:[a-z0-9-]{1,63}\.){0,4}[a-z]{2,24}",
        r"(?-u)\d{1,3}(?:\.\d{1,3}){1,3}|def\d|bc{2,}?",
        // So many branches that they are chosen by the look of a place.
        r"(?-u)\d{6}-\d|\d{3}[ .]\d|1\d{2,3}|\d{4}[ -][a-z]|[a-z]{3}|\d [a-z]{2}\d|\d{2}|4[56]?7",
    ]
    .map(|source| Pattern::new(source.to_owned(), false, None, 256).for_values(true));
    let mut seen = 0;
    for _ in 0..20_000 {
        let len = draw(12);
        let text: String = (0..len)
            .filter_map(|_| alphabet.get(draw(alphabet.len())))
            .copied()
            .collect();
        let text = text.as_bytes();
        let mut starts = Starts::default();
        starts.read(text, 0..text.len());
        for pattern in &patterns {
            let mut sights = Vec::new();
            assert!(pattern.sight(text, &starts, 0..text.len(), &mut sights));
            let sighted = pattern.find_sighted(text, 0..text.len(), &mut sights);
            assert_eq!(sighted, pattern.find(text, 0..text.len()), "{pattern:?} {text:?}");
            seen += usize::from(sighted.is_some());
        }
    }
    assert!(seen > 500, "{seen}");
}

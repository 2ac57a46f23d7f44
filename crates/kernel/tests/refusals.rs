//! Texts that are no exports, and exports that would take too much.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics fails")]

mod support;

use aidefence_kernel::{Cause, Limits, Refusal, Theory};
use support::shelf::shelf;
use support::{Book, META};

fn load(text: &str) -> Result<Theory, Refusal> {
    Theory::load(text.as_bytes(), &["propext"], Limits::default())
}

#[track_caller]
fn malformed(lines: &[&str], word: &str) {
    let text = format!("{META}\n{}\n", lines.join("\n"));
    let refusal = load(&text).unwrap_err();
    assert!(refusal.to_string().contains(word), "{refusal} does not say: {word}");
    assert!(
        matches!(refusal.cause, Cause::Malformed | Cause::Unsupported | Cause::Limit),
        "{refusal:?}"
    );
    assert!(refusal.line > 0);
}

const A: &str = r#"{"in":1,"str":{"pre":0,"str":"a"}}"#;
const PROP: &str = r#"{"ie":0,"sort":0}"#;

#[test]
fn numbers_have_no_gaps_and_nothing_stands_twice() {
    malformed(
        &[r#"{"in":2,"str":{"pre":0,"str":"a"}}"#],
        "number 2 stands where 1 is next",
    );
    malformed(
        &[r#"{"in":0,"str":{"pre":0,"str":"a"}}"#],
        "number 0 stands where 1 is next",
    );
    malformed(&[A, A], "number 1 stands where 2 is next");
    malformed(&[A, r#"{"in":2,"str":{"pre":0,"str":"a"}}"#], "a second time");
    malformed(&[A, r#"{"in":2,"str":{"pre":0,"str":"\u0061"}}"#], "a second time");
    malformed(&[r#"{"il":1,"succ":0}"#, r#"{"il":2,"succ":0}"#], "a second time");
    malformed(&[r#"{"il":2,"succ":0}"#], "number 2 stands where 1 is next");
    malformed(&[PROP, r#"{"ie":1,"sort":0}"#], "a second time");
    malformed(&[r#"{"ie":1,"sort":0}"#], "number 1 stands where 0 is next");
    let binder = |at: u32, name: u32| {
        format!(r#"{{"ie":{at},"lam":{{"name":{name},"type":0,"body":0,"binderInfo":"default"}}}}"#)
    };
    malformed(&[A, PROP, &binder(1, 0), &binder(2, 0)], "a second time");
    // Names of binders are part of an entry, though not of a term.
    assert!(load(&[META, A, PROP, &binder(1, 0), &binder(2, 1)].join("\n")).is_ok());
}

#[test]
fn nothing_speaks_of_what_comes_later() {
    malformed(&[r#"{"in":1,"str":{"pre":1,"str":"a"}}"#], "number 1 is not given");
    malformed(&[r#"{"il":1,"succ":1}"#], "number 1 is not given");
    malformed(&[r#"{"il":1,"max":[0,7]}"#], "number 7 is not given");
    malformed(&[r#"{"il":1,"param":3}"#], "number 3 is not given");
    malformed(&[r#"{"ie":0,"app":{"fn":0,"arg":0}}"#], "number 0 is not given");
    malformed(&[PROP, r#"{"ie":1,"app":{"fn":0,"arg":2}}"#], "number 2 is not given");
    malformed(&[A, r#"{"ie":0,"const":{"name":1,"us":[4]}}"#], "number 4 is not given");
    malformed(
        &[A, r#"{"thm":{"name":1,"levelParams":[],"type":0,"value":0,"all":[]}}"#],
        "number 0 is not given",
    );
}

#[test]
fn lines_are_what_the_format_says() {
    for (line, word) in [
        ("", "unexpected text at column 1"),
        ("[]", "no object"),
        ("5", "no object"),
        ("{}", "neither name, level, expression nor declaration"),
        (r#"{"ie":0,"sort":0}x"#, "more text"),
        (r#"{"ie":0, "sort":0}"#, "expected a key"),
        (r#"{"ie":0,"sort":0,}"#, "expected a key"),
        (r#"{"ie":0,"sort":00}"#, "begins with zero"),
        (r#"{"ie":0,"sort":-1}"#, "unexpected text"),
        (r#"{"ie":0,"sort":0.0}"#, "expected `}`"),
        (r#"{"ie":0,"sort":1e0}"#, "expected `}`"),
        (r#"{"ie":0,"sort":null}"#, "unexpected text"),
        (r#"{"ie":0,"sort":99999999999999999999}"#, "too great"),
        (r#"{"ie":0,"sort":"0"}"#, "`sort` must be a whole number"),
        (r#"{"ie":0,"sort":0,"sort":0}"#, "a key stands twice"),
        (r#"{"ie":0,"sort":0,"more":0}"#, "unknown key `more`"),
        (r#"{"ie":0,"sort":0,"bvar":0}"#, "unknown key `sort`"),
        (r#"{"ie":0,"blob":0}"#, "no known kind"),
        (r#"{"ie":0,"bvar":4294967296}"#, "too far out"),
        (r#"{"ie":0,"natVal":"x"}"#, "decimal digits"),
        (r#"{"ie":0,"natVal":""}"#, "decimal digits"),
        (r#"{"ie":0,"natVal":"-1"}"#, "decimal digits"),
        (r#"{"ie":0,"natVal":"01"}"#, "decimal digits"),
        (r#"{"ie":0,"natVal":"1_0"}"#, "decimal digits"),
        (r#"{"ie":0,"natVal":5}"#, "`natVal` must be a text"),
        (r#"{"ie":0,"strVal":"x"}"#, "texts are not judged"),
        (r#"{"ie":0,"mdata":{"expr":0,"data":{}}}"#, "remarks"),
        (r#"{"ie":0,"sort":[[[[[[[[[[0]]]]]]]]]]}"#, "too deep"),
        (r#"{"in":1,"str":{"pre":0,"str":"\x"}}"#, "unknown escape"),
        (r#"{"in":1,"str":{"pre":0,"str":"\ud800"}}"#, "expected `\\`"),
        (r#"{"in":1,"str":{"pre":0,"str":"\ud800\u0041"}}"#, "half a character"),
        (r#"{"in":1,"str":{"pre":0,"str":"\udc00"}}"#, "half a character"),
        (r#"{"in":1,"str":{"pre":0,"str":"\u00g0"}}"#, "four hexadecimal digits"),
        (r#"{"in":1,"str":{"pre":0,"str":"\u00e"}}"#, "four hexadecimal digits"),
        (r#"{"in":1,"str":{"pre":0,"str":"a}}"#, "does not end"),
        (r#"{"in":1,"str":{"pre":0,"str":"\"#, "unknown escape"),
        ("{\"in\":1,\"str\":{\"pre\":0,\"str\":\"a\tb\"}}", "does not end"),
        (
            r#"{"ie":0,"lam":{"name":0,"type":0,"body":0,"binderInfo":"default"}}"#,
            "number 0 is not given",
        ),
    ] {
        malformed(&[line], word);
    }
    malformed(
        &[
            PROP,
            r#"{"ie":1,"lam":{"name":0,"type":0,"body":0,"binderInfo":"odd"}}"#,
        ],
        "binder of no known kind",
    );
    malformed(&[PROP, ""], "unexpected text");
    malformed(&[META], "neither name");
}

#[test]
fn an_export_begins_with_its_version() {
    for text in ["", "\n", "{}\n", "x", r#"{"meta":{}}"#, PROP] {
        assert_eq!(load(text).unwrap_err().cause, Cause::Malformed, "{text}");
    }
    let other = META.replace(r#""format":{"version":"3.1.0"}"#, r#""format":{"version":"3.2.0"}"#);
    assert_eq!(load(&other).unwrap_err().cause, Cause::Unsupported);
    assert_eq!(
        Theory::load(b"\xff", &[], Limits::default()).unwrap_err().cause,
        Cause::Malformed
    );
    assert!(load(META).is_ok());
}

#[test]
fn unsafe_things_are_not_judged() {
    let shelf = shelf();
    let mut book = shelf.clone();
    book.def("Cert.t", &[], "Nat", "5");
    for safety in ["unsafe", "partial"] {
        let text = book.text().replace(
            r#""safety":"safe","all":[]}}"#,
            &format!(r#""safety":"{safety}","all":[]}}}}"#),
        );
        assert_eq!(load(&text).unwrap_err().cause, Cause::Unsupported);
    }
    let text = shelf.text().replace(r#""isUnsafe":false"#, r#""isUnsafe":true"#);
    assert_eq!(load(&text).unwrap_err().cause, Cause::Unsupported);
}

#[test]
fn terms_nested_too_deep_are_refused() {
    let mut book = shelf();
    let (succ, mut last) = (book.term("Nat.succ"), book.term("7"));
    for _ in 0..25_000 {
        last = book.term_entry(format!(r#""app":{{"fn":{succ},"arg":{last}}}"#));
    }
    let refusal = book.judge().unwrap_err();
    assert_eq!(refusal.cause, Cause::Limit);
    assert!(refusal.message.contains("nests deeper"), "{refusal}");
}

/// Adds `def name : of := (the last term)`.
fn define(book: &mut Book, name: &str, of: &str, value: usize) {
    let (name, of) = (book.name(name), book.term(of));
    book.lines.push(format!(
        r#"{{"def":{{"name":{name},"levelParams":[],"type":{of},"value":{value},"hints":"abbrev","safety":"safe","all":[]}}}}"#
    ));
}

#[test]
fn what_may_nest_does_not_exhaust_the_stack() {
    type Nest = fn(&mut Book, usize) -> String;
    let shapes: [(&str, Nest); 6] = [
        ("Nat", |book, last| {
            format!(r#""app":{{"fn":{},"arg":{last}}}"#, book.term("Nat.succ"))
        }),
        ("Nat", |book, last| {
            format!(r#""app":{{"fn":{},"arg":{last}}}"#, book.term("(fun (x Nat) x)"))
        }),
        ("Nat", |book, last| {
            let nat = book.term("Nat");
            format!(r#""letE":{{"name":0,"type":{nat},"value":{last},"body":{last},"nondep":false}}"#)
        }),
        ("Nat", |book, last| {
            format!(r#""app":{{"fn":{},"arg":{last}}}"#, book.term("(Nat.add 1)"))
        }),
        ("Type", |book, last| {
            let nat = book.term("Nat");
            format!(r#""lam":{{"name":0,"type":{nat},"body":{last},"binderInfo":"default"}}"#)
        }),
        ("Nat", |book, last| {
            let pair = book.term("(fun (x Nat) (Pair.mk x x))");
            let made = book.term_entry(format!(r#""app":{{"fn":{pair},"arg":{last}}}"#));
            let name = book.name("Pair");
            format!(r#""proj":{{"typeName":{name},"idx":0,"struct":{made}}}"#)
        }),
    ];
    for (of, nest) in shapes {
        for count in [3_000, 9_000, 19_900] {
            let mut book = shelf();
            let mut last = book.term("7");
            for _ in 0..count {
                let body = nest(&mut book, last);
                last = book.term_entry(body);
            }
            define(&mut book, "Cert.deep", of, last);
            book.thm(
                "Cert.t",
                &[],
                "(Eq.{1} Nat (Nat.add 0 Cert.deep) 7)",
                "(Eq.refl.{1} Nat 7)",
            );
            // Accepted or refused: an answer, from a thread whose stack held.
            if let Err(refusal) = book.judge() {
                assert_ne!(refusal.message, "the checker ended without an answer");
            }
        }
    }
}

#[test]
fn a_list_as_long_as_the_longest_policy_is_judged() {
    let mut book = shelf();
    let (pair, mut last) = (book.term("(Pair.mk 3)"), book.term("7"));
    let first = book.term("(fun (w Pair) (proj Pair 1 w))");
    for _ in 0..4_000 {
        let made = book.term_entry(format!(r#""app":{{"fn":{pair},"arg":{last}}}"#));
        last = book.term_entry(format!(r#""app":{{"fn":{first},"arg":{made}}}"#));
    }
    define(&mut book, "Cert.long", "Nat", last);
    book.thm("Cert.t", &[], "(Eq.{1} Nat Cert.long 7)", "(Eq.refl.{1} Nat 7)");
    book.judge().unwrap();
}

#[test]
fn what_takes_too_long_is_refused() {
    for (of, value) in [
        ("(Eq.{1} Nat (Nat.pow 2 (Nat.pow 2 64)) 7)", "(Eq.refl.{1} Nat 7)"),
        (
            "(Eq.{1} Nat (Nat.mul (Nat.pow 2 60000) (Nat.pow 2 60000)) 7)",
            "(Eq.refl.{1} Nat 7)",
        ),
        (
            "(Eq.{1} Nat (Nat.rec.{1} (fun (n Nat) Nat) 0 (fun (n Nat) (ih Nat) (Nat.succ ih)) 100000000) 7)",
            "(Eq.refl.{1} Nat 7)",
        ),
        (
            "(pi (x Nat) (Eq.{1} Nat (Nat.add x 100000000) (Nat.add 100000000 x)))",
            "(fun (x Nat) (Eq.refl.{1} Nat (Nat.add x 100000000)))",
        ),
    ] {
        let mut book = shelf();
        book.thm("Cert.t", &[], of, value);
        let limits = Limits {
            steps: 3_000_000,
            bytes: 64 << 20,
        };
        let refusal = Theory::load(book.text().as_bytes(), &[], limits).unwrap_err();
        assert!(matches!(refusal.cause, Cause::Limit | Cause::Wrong), "{refusal}");
    }
}

#[test]
fn memory_is_counted() {
    let text = shelf().text();
    let all = load(&text).unwrap().judged().clone();
    let limits = |bytes| Limits {
        bytes,
        ..Limits::default()
    };
    let refusal = Theory::load(text.as_bytes(), &[], limits(all.bytes / 2)).unwrap_err();
    assert_eq!(refusal.cause, Cause::Limit);
    assert!(refusal.message.contains("bytes of memory"), "{refusal}");
    assert_eq!(
        Theory::load(text.as_bytes(), &[], limits(10)).unwrap_err().cause,
        Cause::Limit
    );
    // A long number is memory too.
    let mut book = shelf();
    let digits = "9".repeat(30_000);
    book.term_entry(format!(r#""natVal":"{digits}""#));
    assert_eq!(book.judge().unwrap_err().cause, Cause::Unsupported);
}

#[test]
fn levels_nested_too_deep_are_refused() {
    let mut book = shelf();
    let first = book.lines.iter().filter(|line| line.starts_with(r#"{"il":"#)).count();
    for last in first..first + 600 {
        book.lines.push(format!(r#"{{"il":{},"succ":{last}}}"#, last + 1));
    }
    let refusal = book.judge().unwrap_err();
    assert_eq!(refusal.cause, Cause::Limit, "{refusal}");
}

#[test]
fn a_declaration_of_many_level_parameters_is_refused() {
    let mut book = shelf();
    let params: Vec<String> = (0..101).map(|at| format!("u{at}")).collect();
    let params: Vec<&str> = params.iter().map(String::as_str).collect();
    book.def("Cert.t", &params, "Type", "Nat");
    assert_eq!(book.judge().unwrap_err().cause, Cause::Limit);
}

#[test]
fn an_export_may_be_cut_anywhere() {
    let text = shelf().text();
    let mut loaded = 0;
    for end in (0..text.len()).step_by(97) {
        let (cut, rest) = text.split_at(end);
        // A cut between lines leaves a shorter theory; any other leaves none.
        let is_between = end > 0 && (cut.ends_with('\n') || rest.starts_with('\n'));
        assert_eq!(load(cut).is_ok(), is_between, "{end}");
        loaded += usize::from(is_between);
    }
    assert!(loaded > 0);
}

//! What an export says of its own types and recursors, and Lean's kernel would say otherwise: nothing
//! of it is taken over, also where it would mean the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

mod support;

use support::attack::{book, refused};
use support::shelf::{AND, BOOL, EQ, IFF, NAT, OR, TRUE, UNIT};
use support::{Book, Inductive};

/// Levels that are zero, and are not written so.
const NOUGHTS: [&str; 5] = [
    "(max 0 0)",
    "(imax 0 0)",
    "(imax 1 0)",
    "(max 0 (imax 1 0))",
    "(imax 2 (max 0 0))",
];

/// A text with its occurrence number `at` of a word replaced.
fn replaced(text: &str, word: &str, at: usize, by: &str) -> Option<String> {
    let (begin, _) = text.match_indices(word).nth(at)?;
    Some(format!("{}{by}{}", &text[..begin], &text[begin + word.len()..]))
}

#[test]
fn a_constructor_decides_by_its_own_binders_what_its_proofs_may_tell() {
    for it in [AND, IFF] {
        let (name, of) = it.cases[0];
        for nought in NOUGHTS {
            for at in 0..2 {
                let other = replaced(of, "Prop", at, &format!("(sort {nought})")).unwrap();
                refused(
                    &book(&[Inductive {
                        cases: &[(name, &other)],
                        ..it
                    }]),
                    "eliminates into other universes",
                );
            }
        }
    }
}

#[test]
fn a_type_that_is_not_spelled_prop_has_no_proof_that_stands_for_all() {
    for nought in NOUGHTS {
        let of = format!("(sort {nought})");
        refused(&book(&[Inductive { of: &of, ..TRUE }]), "counts wrongly");
    }
}

#[test]
fn a_recursor_has_the_level_parameters_that_lean_gives_it() {
    let all: [(Inductive<'_>, &[&[&str]]); 4] = [
        (NAT, &[&[], &["v"], &["u_1"], &["u", "u"], &["u", "v"], &["v", "u"]]),
        (AND, &[&[], &["v"], &["u", "v"]]),
        (OR, &[&["u"], &["v"]]),
        (
            EQ,
            &[
                &[],
                &["u"],
                &["u_1"],
                &["u_1", "u"],
                &["v", "u_1"],
                &["u", "v"],
                &["u", "u_1", "v"],
            ],
        ),
    ];
    for (it, others) in all {
        for rec_levels in others {
            let mut text = it.rec.to_owned();
            if *rec_levels == ["v"] || *rec_levels == ["v", "u_1"] {
                // Said consistently, it would be the same recursor under another name.
                text = text.replace("(sort u)", "(sort v)");
            }
            let book = book(&[Inductive {
                rec_levels,
                rec: &text,
                ..it
            }]);
            refused(&book, "eliminates into other universes");
        }
    }
}

/// A type in any universe with one value, its level parameter called `u`.
fn single<'a>(rec_levels: &'a [&'a str], rec: &'a str, rules: &'a [support::Rule<'a>]) -> Inductive<'a> {
    Inductive {
        name: "Single",
        levels: &["u"],
        of: "(sort u)",
        recursive: false,
        cases: &[("Single.mk", "Single.{u}")],
        rec_levels,
        rec,
        rules,
        ..NAT
    }
}

#[test]
fn the_level_of_motives_gets_the_first_name_that_is_free() {
    let rec = "(pi (C (-> Single.{u} (sort u_1))) (m (C Single.mk.{u})) (t Single.{u}) (C t))";
    let rule = "(fun (C (-> Single.{u} (sort u_1))) (m (C Single.mk.{u})) m)";
    book(&[single(&["u_1", "u"], rec, &[("Single.mk", 0, rule)])])
        .judge()
        .unwrap();
    let (rec, rule) = (rec.replace("u_1", "u_2"), rule.replace("u_1", "u_2"));
    let rules = [("Single.mk", 0, rule.as_str())];
    let it = single(&["u_2", "u"], &rec, &rules);
    refused(&book(&[it]), "eliminates into other universes");
}

/// A type whose only field speaks of it and holds none of it.
const SPEAKS: Inductive<'static> = Inductive {
    name: "Speaks",
    recursive: true,
    cases: &[("Speaks.mk", "(-> ((fun (X Type) Nat) Speaks) Speaks)")],
    rec: "(pi (C (-> Speaks (sort u))) (m (pi (x ((fun (X Type) Nat) Speaks)) (C (Speaks.mk x)))) (t Speaks) (C t))",
    rules: &[(
        "Speaks.mk",
        1,
        "(fun (C (-> Speaks (sort u))) (m (pi (x ((fun (X Type) Nat) Speaks)) (C (Speaks.mk x)))) (x ((fun (X Type) Nat) Speaks)) (m x))",
    )],
    ..NAT
};

/// A type whose field is a function only when it is computed.
const HIDES: Inductive<'static> = Inductive {
    name: "Hides",
    cases: &[("Hides.mk", "(-> ((fun (X Type) (-> Nat X)) Hides) Hides)")],
    rec: "(pi (C (-> Hides (sort u))) (m (pi (f ((fun (X Type) (-> Nat X)) Hides)) (ih (pi (n Nat) (C (f n)))) (C (Hides.mk f)))) (t Hides) (C t))",
    rules: &[(
        "Hides.mk",
        1,
        "(fun (C (-> Hides (sort u))) (m (pi (f ((fun (X Type) (-> Nat X)) Hides)) (ih (pi (n Nat) (C (f n)))) (C (Hides.mk f)))) (f ((fun (X Type) (-> Nat X)) Hides)) (m f (fun (n Nat) (Hides.rec.{u} C m (f n)))))",
    )],
    ..NAT
};

#[test]
fn whether_a_type_is_recursive_goes_by_what_is_written() {
    let flagged = |it: &Inductive<'_>, recursive: bool, reflexive: bool| -> Book {
        let mut book = book(&[
            NAT,
            Inductive {
                recursive,
                ..it.clone()
            },
        ]);
        let line = book.lines.pop().unwrap();
        let said = format!(r#""isReflexive":{reflexive}"#);
        book.lines.push(line.replace(r#""isReflexive":false"#, &said));
        book
    };
    let word = "whether it is recursive";
    for it in [SPEAKS, HIDES] {
        flagged(&it, true, false).judge().unwrap();
        refused(&flagged(&it, false, false), word);
        refused(&flagged(&it, true, true), word);
    }
    // A function that is written as one.
    let plain = Inductive {
        cases: &[("Hides.mk", "(-> (-> Nat Hides) Hides)")],
        ..HIDES
    };
    refused(&flagged(&plain, true, false), word);
    refused(&flagged(&plain, false, true), word);
    let text = |text: &str| text.replace("((fun (X Type) (-> Nat X)) Hides)", "(-> Nat Hides)");
    let (rec, rule) = (text(plain.rec), text(plain.rules[0].2));
    let rules = [("Hides.mk", 1, rule.as_str())];
    flagged(
        &Inductive {
            rec: &rec,
            rules: &rules,
            ..plain
        },
        true,
        true,
    )
    .judge()
    .unwrap();
}

/// Every number, flag and list that an export says of its types, changed: each is computed.
#[test]
fn nothing_that_a_type_says_of_itself_is_believed() {
    for it in [NAT, BOOL, EQ, TRUE, AND, OR, IFF, UNIT] {
        let mut sound = book(std::slice::from_ref(&it));
        sound.judge().unwrap();
        let line = sound.lines.pop().unwrap();
        let mut tried = 0;
        for key in [
            "numParams",
            "numIndices",
            "numNested",
            "numFields",
            "numMotives",
            "numMinors",
            "nfields",
            "cidx",
        ] {
            for (begin, word) in line.match_indices(&format!("\"{key}\":")) {
                let rest = &line[begin + word.len()..];
                let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap();
                let told: usize = rest[..digits].parse().unwrap();
                for other in [told + 1, told.wrapping_sub(1), 7].into_iter().filter(|it| *it < 9) {
                    let before = &line[..begin + word.len()];
                    tried += refuses(&sound, &format!("{before}{other}{}", &rest[digits..]));
                }
            }
        }
        for flag in ["isRec", "isReflexive", "isUnsafe", "k"] {
            for (from, to) in [("true", "false"), ("false", "true")] {
                let from = format!("\"{flag}\":{from}");
                for at in 0..line.matches(&from).count() {
                    let other = replaced(&line, &from, at, &format!("\"{flag}\":{to}")).unwrap();
                    tried += refuses(&sound, &other);
                }
            }
        }
        for list in ["all", "ctors", "levelParams", "recs", "rules"] {
            for at in 0..line.matches(&format!("\"{list}\":[")).count() {
                let from = format!("\"{list}\":[");
                for to in [format!("\"{list}\":[0,"), format!("\"{list}\":[0],\"x{list}\":[")] {
                    tried += refuses(&sound, &replaced(&line, &from, at, &to).unwrap());
                }
            }
        }
        assert!(tried > 30, "{}: {tried}", it.name);
    }
}

#[track_caller]
fn refuses(book: &Book, line: &str) -> usize {
    let mut changed = book.clone();
    changed.lines.push(line.to_owned());
    assert!(changed.judge().is_err(), "accepted: {line}");
    1
}

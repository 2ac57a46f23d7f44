//! Attempts to have something false accepted, by types and recursors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod support;

use support::attack::{self, book, refused};
use support::shelf::{AND, BOOL, EQ, EXISTS, FALSE, NAT, OR, TRUE, UNIT, shelf};
use support::{Book, Inductive};

/// A type with one constructor; what its recursor says does not matter, for it must not get there.
fn bad<'a>(of: &'a str, case: &'a [(&'a str, &'a str)]) -> Inductive<'a> {
    Inductive {
        name: "Bad",
        of,
        cases: case,
        rec: "(pi (C (-> Bad Prop)) (t Bad) (C t))",
        rec_levels: &[],
        rules: &[("Bad.mk", 1, "Prop")],
        ..NAT
    }
}

#[test]
fn a_type_that_takes_itself_is_not_positive() {
    for case in [
        "(-> (-> Bad False) Bad)",
        "(-> (-> (-> Bad Nat) Nat) Bad)",
        "(-> (-> Nat Bad Nat) Bad)",
        "(-> ((fun (X Type) (-> X False)) Bad) Bad)",
        "(-> (Not Bad) Bad)",
        "(-> (let (X Type Bad) (-> X False)) Bad)",
    ] {
        let mut book = shelf();
        book.def("Not", &[], "(-> Type Prop)", "(fun (X Type) (-> X False))");
        book.inductive(&bad("Type", &[("Bad.mk", case)]));
        refused(&book, "not positive");
    }
    let mut book = shelf();
    book.def("Id", &[], "(-> Type Type)", "(fun (X Type) X)");
    book.inductive(&bad("Type", &[("Bad.mk", "(-> (Pair.box Bad) Bad)")]));
    refused(&book, "not declared");
}

#[test]
fn a_type_nested_in_another_is_not_judged() {
    let mut book = shelf();
    book.opaque("Box", &[], "(-> Type Type)", "(fun (X Type) X)");
    book.inductive(&bad("Type", &[("Bad.mk", "(-> (Box Bad) Bad)")]));
    refused(&book, "nests what is being declared");
}

#[test]
fn a_field_may_not_live_higher_than_its_type() {
    for (of, case) in [
        ("Type", "(-> Type Bad)"),
        ("Type", "(-> (-> Nat Type) Bad)"),
        ("(sort u)", "(-> Nat Bad)"),
        ("(sort (imax 1 u))", "(-> Nat Bad)"),
        ("(sort (max 1 u))", "(-> (sort u) Bad)"),
    ] {
        let mut book = shelf();
        let plain = [("Bad.mk", case)];
        let mut it = bad(of, &plain);
        let levelled = case.replace("Bad)", "Bad.{u})");
        let cases = [("Bad.mk", levelled.as_str())];
        if of.contains('u') {
            it = Inductive {
                levels: &["u"],
                cases: &cases,
                ..it
            };
        }
        book.inductive(&it);
        refused(&book, "greater universe");
    }
}

#[test]
fn a_type_is_a_type_and_its_constructors_build_it() {
    for (of, case, word) in [
        ("Nat", "Bad", "a type is expected"),
        ("(-> Nat Nat)", "Bad", "a type is expected"),
        ("Type", "Nat", "does not build its type"),
        ("Type", "(-> Bad Nat)", "does not build its type"),
        ("(-> Nat Type)", "Bad", "a type is expected"),
        ("Type", "5", "a type is expected"),
    ] {
        let mut book = shelf();
        let mut it = bad(of, &[]);
        it.indices = usize::from(of.starts_with("(->"));
        let cases = [("Bad.mk", case)];
        it.cases = &cases;
        it.rules = &[("Bad.mk", 0, "Prop")];
        if case == "(-> Bad Nat)" {
            it.rules = &[("Bad.mk", 1, "Prop")];
        }
        book.inductive(&it);
        refused(&book, word);
    }
}

#[test]
fn counts_of_parameters_and_indices_are_not_believed() {
    for (params, indices, word) in [
        (3, 0, "fewer parameters"),
        (1, 1, "indices"),
        (2, 0, "indices"),
        (1, 2, "index"),
    ] {
        let mut book = Book::theory();
        book.inductive(&Inductive { params, indices, ..EQ });
        match book.judge() {
            Ok(_) => panic!("{params} {indices} accepted"),
            Err(refusal) => assert!(!refusal.message.is_empty(), "{word}"),
        }
    }
    // An index that changes is no parameter.
    let mut book = shelf();
    let mut it = bad(
        "(-> Nat Type)",
        &[("Bad.mk", "(pi (n Nat) (x (Bad (Nat.succ n))) (Bad n))")],
    );
    it.params = 1;
    book.inductive(&it);
    refused(&book, "nests what is being declared");
    // Nor may it be used at other levels.
    let mut book = shelf();
    let it = Inductive {
        levels: &["u", "v"],
        ..bad("(sort (succ (max u v)))", &[("Bad.mk", "(-> Bad.{v,u} Bad.{u,v})")])
    };
    book.inductive(&it);
    refused(&book, "nests what is being declared");
}

#[test]
fn a_proof_does_not_eliminate_into_data() {
    for it in [OR, EXISTS] {
        let levelled = it.rec.replacen(" Prop)) (", " (sort u))) (", 1);
        assert_ne!(levelled, it.rec);
        let mut book = attack::book(&[NAT]);
        book.inductive(&Inductive {
            rec_levels: &["u"],
            rec: &levelled,
            ..it
        });
        refused(&book, "eliminates into other universes");
    }
    let levelled = OR.rec.replace("Prop)) (l", "Type)) (l");
    let mut book = Book::theory();
    book.inductive(&Inductive { rec: &levelled, ..OR });
    refused(&book, "another type than the recursor");
}

#[test]
fn a_type_that_may_be_a_proposition_does_not_eliminate_into_data() {
    let rec = "(pi (C (-> Two.{u} (sort v))) (a (C Two.a.{u})) (b (C Two.b.{u})) (t Two.{u}) (C t))";
    let rules = [
        (
            "Two.a",
            0,
            "(fun (C (-> Two.{u} (sort v))) (a (C Two.a.{u})) (b (C Two.b.{u})) a)",
        ),
        (
            "Two.b",
            0,
            "(fun (C (-> Two.{u} (sort v))) (a (C Two.a.{u})) (b (C Two.b.{u})) b)",
        ),
    ];
    let it = Inductive {
        name: "Two",
        levels: &["u"],
        of: "(sort u)",
        cases: &[("Two.a", "Two.{u}"), ("Two.b", "Two.{u}")],
        recursive: false,
        rec_levels: &["v", "u"],
        rec,
        rules: &rules,
        ..NAT
    };
    refused(&book(&[it]), "eliminates into other universes");
}

#[test]
fn a_recursor_is_what_its_type_demands() {
    let cases: [(&str, &str); 4] = [
        ("(z (C Nat.zero)) ", ""),
        ("(ih (C n)) ", ""),
        ("(C (Nat.succ n))", "(C n)"),
        ("(t Nat) (C t)", "(t Nat) (C Nat.zero)"),
    ];
    for (from, to) in cases {
        let rec = NAT.rec.replacen(from, to, 1);
        assert_ne!(rec, NAT.rec);
        let types = [Inductive { rec: &rec, ..NAT }];
        assert!(book(&types).judge().is_err(), "{from} -> {to}");
    }
    let (zero, succ) = (NAT.rules[0].2, NAT.rules[1].2);
    for (from, to) in [
        ("(s n (Nat.rec.{u} C z s n))", "(s n (Nat.rec.{u} C z s (Nat.succ n)))"),
        ("(s n (Nat.rec.{u} C z s n))", "z"),
        ("(s n (Nat.rec.{u} C z s n))", "(Nat.rec.{u} C z s (Nat.succ n))"),
    ] {
        let rule = succ.replacen(from, to, 1);
        assert_ne!(rule, succ);
        let rules = [("Nat.zero", 0, zero), ("Nat.succ", 1, rule.as_str())];
        assert!(book(&[Inductive { rules: &rules, ..NAT }]).judge().is_err(), "{to}");
    }
    let (no, yes) = (BOOL.rules[0].2, BOOL.rules[1].2);
    for rules in [
        [("Bool.false", 0, yes), ("Bool.true", 0, no)],
        [("Bool.false", 0, no), ("Bool.true", 0, no)],
        [("Bool.true", 0, no), ("Bool.false", 0, yes)],
        [("Bool.false", 0, no), ("Bool.false", 0, no)],
        [("Bool.false", 1, no), ("Bool.true", 0, yes)],
    ] {
        assert!(
            book(&[Inductive { rules: &rules, ..BOOL }]).judge().is_err(),
            "{rules:?}"
        );
    }
}

#[test]
fn only_types_of_one_bare_proof_compute_from_any_proof() {
    for it in [AND, OR, FALSE, UNIT, BOOL] {
        let mut book = Book::theory();
        book.inductive(&Inductive { any_proof: true, ..it });
        refused(&book, "counts wrongly");
    }
    let mut book = Book::theory();
    book.inductive(&Inductive {
        any_proof: false,
        ..TRUE
    });
    refused(&book, "counts wrongly");
}

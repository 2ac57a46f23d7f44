//! Attempts to have something false accepted, by terms and additions to a theory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod support;

use aidefence_kernel::{Cause, Limits};
use support::attack::{book, no_definition, no_theorem, refused};
use support::shelf::{EQ, NAT, UNIT, shelf};
use support::{Book, Inductive};

#[test]
fn a_projection_does_not_look_into_a_proof() {
    let witness = "(pi (p (-> Nat Prop)) (h (Some p)) Nat)";
    no_definition(
        &[],
        witness,
        "(fun (p (-> Nat Prop)) (h (Some p)) (proj Some 0 h))",
        "projection out of a proof",
    );
    no_theorem(
        "(pi (p (-> Nat Prop)) (h (Some p)) (p (proj Some 0 h)))",
        "(fun (p (-> Nat Prop)) (h (Some p)) (proj Some 1 h))",
        "projection out of a proof",
    );
}

#[test]
fn a_projection_is_typed() {
    for (of, value, word) in [
        (
            "(-> Bool Nat)",
            "(fun (b Bool) (proj Bool 0 b))",
            "exactly one constructor",
        ),
        (
            "(-> Nat Nat)",
            "(fun (n Nat) (proj Nat 0 n))",
            "exactly one constructor",
        ),
        (
            "(-> Pair Nat)",
            "(fun (w Pair) (proj Pair 2 w))",
            "a function is expected",
        ),
        (
            "(-> Pair Nat)",
            "(fun (w Pair) (proj Unit 0 w))",
            "says `Unit` of another type",
        ),
        (
            "(-> Pair Nat)",
            "(fun (w Pair) (proj Nowhere 0 w))",
            "says `Nowhere` of another type",
        ),
        ("(-> Pair Bool)", "(fun (w Pair) (proj Pair 0 w))", "another type"),
        (
            "(-> (-> Nat Nat) Nat)",
            "(fun (f (-> Nat Nat)) (proj Pair 0 f))",
            "no structure",
        ),
        (
            "(-> (Eq.{1} Nat 0 0) Nat)",
            "(fun (e (Eq.{1} Nat 0 0)) (proj Eq 0 e))",
            "another type",
        ),
        ("Nat", "(proj Pair 0 Pair.mk)", "no structure"),
    ] {
        no_definition(&[], of, value, word);
    }
}

#[test]
fn data_of_one_type_is_not_the_same() {
    for (binders, of, a, b) in [
        ("(x Nat) (y Nat)", "Nat", "x", "y"),
        ("(x Bool) (y Bool)", "Bool", "x", "y"),
        ("(p Prop) (q Prop)", "Prop", "p", "q"),
        ("(x Pair) (y Pair)", "Pair", "x", "y"),
        ("(A Type) (x A) (y A)", "A", "x", "y"),
    ] {
        let of = format!("(pi {binders} (Eq.{{1}} {of} {a} {b}))");
        let value =
            format!("(fun {binders} (Eq.refl.{{1}} _ {a}))").replace('_', if a == "p" { "Prop" } else { "Nat" });
        assert_ne!(
            shelf().thm("Cert.t", &[], &of, &value).judge().map(|_| ()),
            Ok(()),
            "{of}"
        );
    }
    let (of, value) = ("(Eq.{1} Bool Bool.true Bool.false)", "(Eq.refl.{1} Bool Bool.true)");
    no_theorem(of, value, "another type than is declared");
    // A type in any universe may be data.
    let binders = "(A (sort u)) (x A) (y A)";
    no_definition(
        &["u"],
        &format!("(pi {binders} (Eq.{{u}} A x y))"),
        &format!("(fun {binders} (Eq.refl.{{u}} A x))"),
        "another type",
    );
}

#[test]
fn a_theorem_states_a_proposition() {
    no_theorem("Nat", "5", "must state a proposition");
    no_theorem("Type", "Nat", "must state a proposition");
    no_theorem("5", "5", "a type is expected");
    let mut book = shelf();
    book.thm(
        "Cert.t",
        &["u"],
        "(pi (A (sort u)) (x A) A)",
        "(fun (A (sort u)) (x A) x)",
    );
    refused(&book, "must state a proposition");
}

#[test]
fn universes_do_not_contain_themselves() {
    no_definition(&[], "Type", "Type", "another type");
    no_definition(&["u"], "(sort u)", "(sort u)", "another type");
    no_definition(&[], "Type", "(pi (A Type) A)", "another type");
    no_definition(
        &["u"],
        "(sort (succ u))",
        "(pi (A (sort (succ u))) (sort u))",
        "another type",
    );
    let mut book = shelf();
    book.def("Cert.t", &[], "Prop", "(pi (A Prop) A)");
    book.judge().unwrap();
}

#[test]
fn levels_are_declared_once_and_given_in_full() {
    no_definition(&[], "(sort (succ u))", "(sort u)", "parameter `u` is not declared");
    no_definition(
        &["v"],
        "Type",
        "((fun (A (sort (succ (succ u)))) Nat) (sort u))",
        "parameter `u` is not declared",
    );
    no_definition(&["u", "u"], "(sort (succ u))", "(sort u)", "declared twice");
    no_theorem(
        "(Eq Nat 0 0)",
        "(Eq.refl.{1} Nat 0)",
        "takes 1 universe levels and got 0",
    );
    no_theorem(
        "(Eq.{1} Nat 0 0)",
        "(Eq.refl.{1,1} Nat 0)",
        "takes 1 universe levels and got 2",
    );
    no_theorem("(Eq.{2} Nat 0 0)", "(Eq.refl.{2} Nat 0)", "another type");
    let mut book = Book::theory();
    book.inductive(&Inductive {
        levels: &["u_1", "u_1"],
        ..EQ
    });
    refused(&book, "");
    let mut book = Book::theory();
    book.inductive(&Inductive {
        rec_levels: &["u_1", "u_1"],
        ..EQ
    });
    assert!(book.judge().is_err());
}

#[test]
fn bound_variables_have_binders() {
    for (of, value) in [
        ("#0", "Nat"),
        ("Type", "#0"),
        ("(-> Nat Nat)", "(fun (x Nat) #1)"),
        ("(-> Nat Nat)", "(fun (x #0) x)"),
        ("(pi (x #3) Type)", "Nat"),
        ("Type", "(let (x #0 Nat) Nat)"),
        ("Type", "(let (x Type #0) x)"),
        ("Nat", "(proj Pair 0 #7)"),
        ("(-> Nat Nat)", "(fun (x Nat) #1000000)"),
    ] {
        no_definition(&[], of, value, "outside its binder");
    }
    let open = Inductive {
        rec: "(pi (C (-> Nat (sort u))) (z (C Nat.zero)) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) (t Nat) (C #9))",
        ..NAT
    };
    refused(&book(&[open]), "outside its binder");
}

#[test]
fn every_part_of_a_term_is_typed() {
    for (of, value, word) in [
        ("Nat", "(Nat.succ Bool.true)", "argument 1 of `Nat.succ`"),
        ("Nat", "(5 5)", "a function is expected"),
        ("Nat", "(Nat.zero 5)", "a function is expected"),
        ("(-> Nat Nat)", "(fun (x 3) x)", "a type is expected"),
        ("Type", "(pi (x 3) Nat)", "a type is expected"),
        ("Type", "(pi (x Nat) 3)", "a type is expected"),
        ("Nat", "((fun (x Nat) 5) Bool.true)", "argument 1"),
        ("Nat", "(let (x Bool 7) 5)", "the value of a `let`"),
        ("Nat", "(let (x 7 7) 5)", "a type is expected"),
        (
            "Nat",
            "((fun (x (Eq.{1} Nat 0 1)) 5) (Eq.refl.{1} Nat 0))",
            "argument 1",
        ),
        (
            "Nat",
            "((fun (f (-> Bool Bool)) 5) (fun (b Bool) (Nat.succ b)))",
            "argument 1 of `Nat.succ`",
        ),
        ("Nat", "(proj Pair 0 (Pair.mk 1 Bool.true))", "argument 2 of `Pair.mk`"),
    ] {
        no_definition(&[], of, value, word);
    }
}

#[test]
fn what_is_thrown_away_is_judged_too() {
    // An argument that reduction drops, ill-typed inside.
    no_definition(
        &[],
        "Nat",
        "(Nat.rec.{1} (fun (n Nat) Nat) 5 (fun (n Nat) (ih Bool) 5) 0)",
        "argument 3",
    );
    no_theorem("False", "((fun (x False) x) ((fun (y Nat) y) 5))", "another type");
    no_theorem(
        "(-> (Eq.{1} Nat 0 1) False)",
        "(fun (e (Eq.{1} Nat 0 1)) e)",
        "another type",
    );
}

#[test]
fn a_delta_adds_definitions_and_theorems_under_its_prefix_only() {
    let base = shelf();
    let theory = base.load().unwrap();
    let check = |delta: &Book| theory.check(delta.text().as_bytes(), "Cert.x", Limits::default());
    let mut good = base.delta();
    good.def("Cert.x.d", &[], "Nat", "5")
        .thm("Cert.x.t.more", &[], "True", "True.intro");
    assert_eq!(check(&good).unwrap().declarations, ["Cert.x.d", "Cert.x.t.more"]);
    for name in ["Cert.x", "Cert.t", "Cert.xx.t", "t", "Nat.x", "x.Cert.x.t"] {
        let mut delta = base.delta();
        delta.thm(name, &[], "True", "True.intro");
        let refusal = check(&delta).unwrap_err();
        assert!(refusal.message.contains("not under `Cert.x`"), "{name}: {refusal}");
    }
    type Write = fn(&mut Book);
    let forbidden: [(Write, &str); 4] = [
        (|delta| _ = delta.axiom("Cert.x.t", &[], "False"), "axiom"),
        (|delta| _ = delta.opaque("Cert.x.t", &[], "Nat", "5"), "opaque"),
        (|delta| _ = delta.quot("Cert.x.t", &[], "Nat", "type"), "quot"),
        (
            |delta| {
                _ = delta.inductive(&Inductive {
                    name: "Cert.x.t",
                    ..UNIT
                })
            },
            "inductive",
        ),
    ];
    for (write, word) in forbidden {
        let mut delta = base.delta();
        write(&mut delta);
        let refusal = check(&delta).unwrap_err();
        assert_eq!(refusal.cause, Cause::Malformed);
        assert!(refusal.message.contains(word), "{refusal}");
    }
    let mut twice = base.delta();
    twice.lines.push(support::META.to_owned());
    assert_eq!(check(&twice).unwrap_err().cause, Cause::Malformed);
}

#[test]
fn a_delta_leaves_its_theory_as_it_was() {
    let base = shelf();
    let theory = base.load().unwrap();
    let mut first = base.delta();
    first.def("Cert.d", &[], "Nat", "5");
    let mut second = base.delta();
    second.thm("Cert.t", &[], "(Eq.{1} Nat Cert.d 5)", "(Eq.refl.{1} Nat 5)");
    theory
        .check(first.text().as_bytes(), "Cert", Limits::default())
        .unwrap();
    let refusal = theory
        .check(second.text().as_bytes(), "Cert", Limits::default())
        .unwrap_err();
    assert!(refusal.message.contains("`Cert.d` is not declared"), "{refusal}");
}

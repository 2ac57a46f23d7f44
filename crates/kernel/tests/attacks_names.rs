//! Attempts to have something false accepted, by names that mean something: numbers, axioms, quotients.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod support;

use aidefence_kernel::{Limits, Theory};
use support::attack::{self, book, no_theorem, refused};
use support::shelf::{BOOL, EQ, IFF, MUL, NAT, TRUE, UNIT, shelf};
use support::{Book, Inductive};

#[test]
fn the_natural_numbers_are_the_natural_numbers() {
    let swapped = [("Nat.succ", "(-> Nat Nat)"), ("Nat.zero", "Nat")];
    let rec = "(pi (C (-> Nat (sort u))) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) (z (C Nat.zero)) (t Nat) (C t))";
    let of = "(fun (C (-> Nat (sort u))) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) (z (C Nat.zero))";
    let (succ, zero) = (
        format!("{of} (n Nat) (s n (Nat.rec.{{u}} C s z n)))"),
        format!("{of} z)"),
    );
    let rules = [("Nat.succ", 1, succ.as_str()), ("Nat.zero", 0, zero.as_str())];
    refused(
        &book(&[Inductive {
            cases: &swapped,
            rec,
            rules: &rules,
            ..NAT
        }]),
        "kept for the natural numbers",
    );
    // Without a successor: 1 would be a number that nothing builds.
    let unit = Inductive {
        name: "Nat",
        cases: &[("Nat.zero", "Nat")],
        rec: "(pi (C (-> Nat (sort u))) (z (C Nat.zero)) (t Nat) (C t))",
        rules: &[("Nat.zero", 0, "(fun (C (-> Nat (sort u))) (z (C Nat.zero)) z)")],
        ..UNIT
    };
    refused(&book(&[unit]), "kept for the natural numbers");
    let mut early = Book::theory();
    early.def("Cert.t", &[], "Type", "((fun (x 5) Prop) 5)");
    refused(&early, "`Nat` is not declared yet");
    for name in ["Nat", "Nat.zero", "Nat.succ"] {
        let mut other = Book::theory();
        other.def(name, &[], "(sort 2)", "Type");
        refused(&other, "kept for the natural numbers");
    }
}

#[test]
fn arithmetic_is_arithmetic() {
    let types = [NAT, BOOL, EQ];
    for (name, of, value) in [
        ("Nat.add", "(-> Nat Nat Nat)", "(fun (a Nat) (b Nat) a)"),
        ("Nat.add", "(-> Nat Nat Nat)", "(fun (a Nat) (b Nat) (Nat.succ a))"),
        ("Nat.add", "(-> Nat Nat Bool)", "(fun (a Nat) (b Nat) Bool.true)"),
        ("Nat.add", "Nat", "5"),
        ("Nat.mul", "(-> Nat Nat Nat)", MUL),
        ("Nat.pred", "(-> Nat Nat)", "(fun (a Nat) a)"),
        ("Nat.sub", "(-> Nat Nat Nat)", "(fun (a Nat) (b Nat) a)"),
        ("Nat.beq", "(-> Nat Nat Bool)", "(fun (a Nat) (b Nat) Bool.true)"),
        ("Nat.ble", "(-> Nat Nat Bool)", "(fun (a Nat) (b Nat) Bool.false)"),
        ("Nat.pow", "(-> Nat Nat Nat)", "(fun (a Nat) (b Nat) 1)"),
    ] {
        let mut book = attack::book(&types);
        let value = value
            .replace("Nat.add ih", "Nat.succ ih")
            .replace("(Nat.succ ih a)", "(Nat.succ ih)");
        book.def(name, &[], of, &value);
        assert!(book.judge().is_err(), "{name} := {value}");
    }
    for as_what in ["opaque", "thm"] {
        let mut book = attack::book(&types);
        match as_what {
            "opaque" => book.opaque("Nat.add", &[], "(-> Nat Nat Nat)", "(fun (a Nat) (b Nat) 7)"),
            _ => book.thm("Nat.add", &[], "(Eq.{1} Nat 0 0)", "(Eq.refl.{1} Nat 0)"),
        };
        book.thm("Cert.t", &[], "(Eq.{1} Nat (Nat.add 2 2) 4)", "(Eq.refl.{1} Nat 4)");
        assert!(book.judge().is_err(), "{as_what}");
    }
}

#[test]
fn an_axiom_must_be_known_permitted_and_as_it_is_known() {
    let mut book = shelf();
    book.axiom("Cert.absurd", &[], "False");
    refused(&book, "an axiom that is not known");
    let mut book = shelf();
    book.axiom("Classical.choice", &["u"], "(pi (A (sort u)) A)");
    refused(&book, "not permitted");
    for of in [
        "False",
        "(pi (a Prop) (b Prop) (Eq.{1} Prop a b))",
        "(pi (a Prop) (b Prop) (h (-> a b)) (Eq.{1} Prop a b))",
        "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop b False))",
        "(pi (a Prop) (b Prop) (h (And a b)) (Eq.{1} Prop a b))",
    ] {
        let mut book = shelf();
        book.axiom("propext", &[], of);
        refused(&book, "does not say what its name stands for");
    }
    let mut book = shelf();
    book.axiom(
        "propext",
        &["u"],
        "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop a b))",
    );
    refused(&book, "another number of universe levels");
    let good = shelf()
        .axiom("propext", &[], "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop a b))")
        .text();
    let refusal = Theory::load(good.as_bytes(), &[], Limits::default()).unwrap_err();
    assert!(refusal.message.contains("not permitted"), "{refusal}");
}

#[test]
fn an_axiom_speaks_of_the_true_equivalence() {
    // One implication is not both: with this `Iff`, `propext` would make `False` of `True`.
    let half = Inductive {
        cases: &[(
            "Iff.intro",
            "(pi (a Prop) (b Prop) (x (-> a b)) (y (-> a b)) (Iff a b))",
        )],
        rec: "(pi (a Prop) (b Prop) (C (-> (Iff a b) (sort u))) (i (pi (x (-> a b)) (y (-> a b)) (C (Iff.intro a b x y)))) (t (Iff a b)) (C t))",
        rules: &[(
            "Iff.intro",
            2,
            "(fun (a Prop) (b Prop) (C (-> (Iff a b) (sort u))) (i (pi (x (-> a b)) (y (-> a b)) (C (Iff.intro a b x y)))) (x (-> a b)) (y (-> a b)) (i x y))",
        )],
        ..IFF
    };
    let mut forged = book(&[EQ, half]);
    forged.axiom("propext", &[], "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop a b))");
    refused(&forged, "`Iff` is not the one");
    let mut forged = book(&[EQ]);
    forged.def("Iff", &[], "(-> Prop Prop Prop)", "(fun (a Prop) (b Prop) (-> a b))");
    forged.axiom("propext", &[], "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop a b))");
    refused(&forged, "`Iff` is not the one");
}

#[test]
fn nothing_proves_itself() {
    for kind in ["thm", "opaque", "def"] {
        let mut book = shelf();
        match kind {
            "thm" => book.thm("Cert.t", &[], "False", "Cert.t"),
            "opaque" => book.opaque("Cert.t", &[], "False", "Cert.t"),
            _ => book.def("Cert.t", &[], "False", "Cert.t"),
        };
        refused(&book, "`Cert.t` is not declared before it is used");
    }
    let mut book = shelf();
    book.thm("Cert.a", &[], "False", "Cert.b")
        .thm("Cert.b", &[], "False", "Cert.a");
    refused(&book, "`Cert.b` is not declared before it is used");
    no_theorem("False", "(False.rec.{0} (fun (t False) False) Cert.t)", "not declared");
}

#[test]
fn a_name_means_one_thing() {
    for name in ["Bool", "Nat.rec", "Bool.true", "True.intro", "Nat.add", "Eq.refl"] {
        let mut book = shelf();
        book.thm(name, &[], "True", "True.intro");
        refused(&book, "declared already");
    }
    let mut twice = shelf();
    twice
        .thm("Cert.t", &[], "True", "True.intro")
        .thm("Cert.t", &[], "(Eq.{1} Nat 0 0)", "(Eq.refl.{1} Nat 0)");
    refused(&twice, "declared already");
    // A recursor or a constructor whose name is taken.
    for name in ["Bool.rec", "Bool.true", "Bool"] {
        let mut book = attack::book(&[TRUE]);
        book.thm(name, &[], "True", "True.intro").inductive(&BOOL);
        refused(&book, "declared already");
    }
    let same = Inductive {
        cases: &[("Bool", "Bool"), ("Bool.true", "Bool")],
        ..BOOL
    };
    assert!(book(&[same]).judge().is_err());
    let same = Inductive {
        cases: &[("Bool.true", "Bool"), ("Bool.true", "Bool")],
        ..BOOL
    };
    assert!(book(&[same]).judge().is_err());
    let mut both = Book::theory();
    both.mutual(&[BOOL, BOOL]);
    assert!(both.judge().is_err());
}

#[test]
fn quotients_are_as_they_must_be() {
    let relation = "(-> A A Prop)";
    let good = format!("(pi (A (sort u)) (r {relation}) (sort u))");
    for (name, of, kind) in [
        ("Quot", "(pi (A (sort u)) (sort u))".to_owned(), "type"),
        ("Quot", good.clone(), "ctor"),
        ("Cert.Quot", good.clone(), "type"),
        ("Quot", format!("(pi (A (sort u)) (r {relation}) (sort 1))"), "type"),
    ] {
        let mut book = shelf();
        book.quot(name, &["u"], &of, kind);
        assert!(book.judge().is_err(), "{name} {of} {kind}");
    }
    // Without the proof that the function respects the relation.
    let mut book = shelf();
    book.quot("Quot", &["u"], &good, "type").quot(
        "Quot.lift",
        &["u", "v"],
        &format!("(pi (A (sort u)) (r {relation}) (B (sort v)) (f (-> A B)) (q (Quot.{{u}} A r)) B)"),
        "lift",
    );
    refused(&book, "not `Quot.lift` as it must be");
    let mut book = shelf();
    book.axiom("Quot.sound", &["u"], "False");
    refused(&book, "`Quot` is not the one");
}

//! What must be accepted: each way of computing, each equality by definition.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod support;

use aidefence_kernel::{Cause, Limits};
use support::shelf::{self, shelf};

/// Whether two terms of a type are the same by definition: `Eq.refl` proves them equal.
#[track_caller]
fn same(of: &str, a: &str, b: &str) {
    let judged = equal(&["u", "v"], of, a, b);
    assert!(judged.is_ok(), "{a} = {b}: {judged:?}");
}

#[track_caller]
fn differ(of: &str, a: &str, b: &str) {
    let judged = equal(&["u", "v"], of, a, b);
    assert_eq!(judged.map_err(|refusal| refusal.cause), Err(Cause::Wrong), "{a} = {b}");
}

fn equal(levels: &[&str], of: &str, a: &str, b: &str) -> Result<(), aidefence_kernel::Refusal> {
    let mut book = shelf();
    let statement = format!("(Eq.{{1}} {of} {a} {b})");
    let proof = format!("(Eq.refl.{{1}} {of} {a})");
    book.thm("Cert.t", levels, &statement, &proof);
    book.judge().map(|_| ())
}

/// Under binders: what holds for every `x`, `y` of `Nat`, `p`, `q` of `Prop` and `f` of `Nat → Nat`.
#[track_caller]
fn same_open(of: &str, a: &str, b: &str) {
    let judged = equal_open(of, a, b);
    assert!(judged.is_ok(), "{a} = {b}: {judged:?}");
}

#[track_caller]
fn differ_open(of: &str, a: &str, b: &str) {
    let judged = equal_open(of, a, b);
    assert_eq!(judged.map_err(|refusal| refusal.cause), Err(Cause::Wrong), "{a} = {b}");
}

fn equal_open(of: &str, a: &str, b: &str) -> Result<(), aidefence_kernel::Refusal> {
    let binders = "(x Nat) (y Nat) (p Prop) (q Prop) (f (-> Nat Nat)) (w Pair) (c Unit) (d Unit) (h p) (k p)";
    let mut book = shelf();
    let statement = format!("(pi {binders} (Eq.{{1}} {of} {a} {b}))");
    let proof = format!("(fun {binders} (Eq.refl.{{1}} {of} {a}))");
    book.thm("Cert.t", &[], &statement, &proof);
    book.judge().map(|_| ())
}

#[test]
fn the_shelf_is_sound() {
    let judged = shelf().judge().unwrap();
    assert_eq!(judged.axioms, Vec::<&str>::new());
    assert!(judged.declarations.contains(&"Nat.rec".to_owned()));
}

#[test]
fn beta_applies_functions() {
    same("Nat", "((fun (x Nat) x) 3)", "3");
    same("Nat", "((fun (x Nat) (y Nat) x) 3 4)", "3");
    same_open("Nat", "((fun (a Nat) (f a)) x)", "(f x)");
    differ_open("Nat", "((fun (a Nat) (f a)) x)", "(f y)");
}

#[test]
fn delta_unfolds_definitions() {
    let mut book = shelf();
    book.def("Cert.two", &[], "Nat", "(Nat.succ (Nat.succ Nat.zero))");
    book.thm("Cert.t", &[], "(Eq.{1} Nat Cert.two 2)", "(Eq.refl.{1} Nat 2)");
    book.judge().unwrap();
}

#[test]
fn an_opaque_value_does_not_unfold() {
    let mut book = shelf();
    book.opaque("Cert.two", &[], "Nat", "2");
    book.thm("Cert.t", &[], "(Eq.{1} Nat Cert.two 2)", "(Eq.refl.{1} Nat 2)");
    assert_eq!(book.judge().unwrap_err().cause, Cause::Wrong);
}

#[test]
fn zeta_opens_lets() {
    same("Nat", "(let (x Nat 3) (Nat.succ x))", "4");
    same_open("Nat", "(let (a Nat x) (f a))", "(f x)");
}

#[test]
fn iota_runs_recursors() {
    same(
        "Nat",
        "(Nat.rec.{1} (fun (n Nat) Nat) 5 (fun (n Nat) (ih Nat) (Nat.succ ih)) 3)",
        "8",
    );
    same(
        "Bool",
        "(Bool.rec.{1} (fun (b Bool) Bool) Bool.true Bool.false Bool.true)",
        "Bool.false",
    );
    same_open("Nat", "(Nat.add x (Nat.succ y))", "(Nat.succ (Nat.add x y))");
    differ_open("Nat", "(Nat.add x y)", "(Nat.add y x)");
}

#[test]
fn projections_take_fields() {
    same("Nat", "(proj Pair 1 (Pair.mk 3 4))", "4");
    same_open("Nat", "(proj Pair 0 (Pair.mk x y))", "x");
    differ_open("Nat", "(proj Pair 0 (Pair.mk x y))", "y");
}

#[test]
fn numbers_are_what_constructors_build() {
    same("Nat", "0", "Nat.zero");
    same("Nat", "(Nat.succ (Nat.succ 1))", "3");
    differ("Nat", "2", "3");
    differ("Nat", "0", "(Nat.succ 0)");
    same_open("Nat", "(Nat.add x 2)", "(Nat.succ (Nat.succ x))");
}

#[test]
fn arithmetic_computes() {
    same(
        "Nat",
        "(Nat.add 123456789012345678901234567890 1)",
        "123456789012345678901234567891",
    );
    same("Nat", "(Nat.mul 4294967296 4294967296)", "18446744073709551616");
    same("Nat", "(Nat.sub 3 5)", "0");
    same("Nat", "(Nat.sub 5000000000 1)", "4999999999");
    same(
        "Nat",
        "(Nat.pow 2 200)",
        "1606938044258990275541962092341162602522202993782792835301376",
    );
    same("Nat", "(Nat.pow 0 0)", "1");
    same("Nat", "(Nat.pow 0 7)", "0");
    same("Nat", "(Nat.pred 0)", "0");
    same("Bool", "(Nat.beq 5000000000 5000000000)", "Bool.true");
    same("Bool", "(Nat.beq 5000000000 5000000001)", "Bool.false");
    same("Bool", "(Nat.ble 5000000000 5000000001)", "Bool.true");
    same("Bool", "(Nat.ble 5000000001 5000000000)", "Bool.false");
    differ("Nat", "(Nat.add 2 2)", "5");
    differ("Bool", "(Nat.ble 7 6)", "Bool.true");
}

#[test]
fn eta_of_functions_and_records() {
    same_open("(-> Nat Nat)", "(fun (a Nat) (f a))", "f");
    same_open("Pair", "(Pair.mk (proj Pair 0 w) (proj Pair 1 w))", "w");
    differ_open("Pair", "(Pair.mk (proj Pair 1 w) (proj Pair 0 w))", "w");
    same_open("Unit", "c", "d");
    same_open(
        "Nat",
        "(Pair.rec.{1} (fun (t Pair) Nat) (fun (a Nat) (b Nat) b) w)",
        "(proj Pair 1 w)",
    );
}

#[test]
fn proofs_of_one_proposition_are_the_same() {
    let mut book = shelf();
    let binders = "(p Prop) (q (-> p Prop)) (h p) (k p) (r (q h))";
    book.thm(
        "Cert.t",
        &[],
        &format!("(pi {binders} (q k))"),
        &format!("(fun {binders} r)"),
    );
    book.judge().unwrap();
}

#[test]
fn any_proof_of_an_equality_computes() {
    let mut book = shelf();
    let binders = "(x Nat) (e (Eq.{1} Nat x x)) (a Nat)";
    let cast = "(Eq.rec.{1,1} Nat x (fun (b Nat) (t (Eq.{1} Nat x b)) Nat) a x e)";
    book.thm(
        "Cert.t",
        &[],
        &format!("(pi {binders} (Eq.{{1}} Nat {cast} a))"),
        &format!("(fun {binders} (Eq.refl.{{1}} Nat a))"),
    );
    book.judge().unwrap();
}

#[test]
fn universe_levels_compare_as_they_do_in_lean() {
    for (a, b) in [
        ("(max u v)", "(max v u)"),
        ("(imax u 0)", "0"),
        ("(imax u (succ u))", "(max u (succ u))"),
        ("(max 1 (succ u))", "(succ u)"),
        ("(succ (max u v))", "(max (succ v) (succ u))"),
        ("(imax 1 u)", "u"),
        ("(max u u)", "u"),
        ("(max u (succ u))", "(succ u)"),
        ("(imax u u)", "u"),
    ] {
        let mut book = shelf();
        book.def(
            "Cert.t",
            &["u", "v"],
            &format!("(sort (succ {a}))"),
            &format!("(sort {b})"),
        );
        assert!(book.judge().is_ok(), "{a} = {b}: {:?}", book.judge());
    }
    for (a, b) in [
        ("u", "v"),
        ("(imax u v)", "(max u v)"),
        ("(succ u)", "u"),
        ("(max u 1)", "u"),
        ("0", "u"),
        // These mean the same, but Lean's kernel does not see it.
        ("(imax u (succ v))", "(max u (succ v))"),
        ("(imax 1 (succ u))", "(succ u)"),
        ("(imax (max u v) (imax u v))", "(imax u v)"),
        // Nor do we here, where it does.
        ("(imax u (imax v u))", "(max (imax v u) u)"),
    ] {
        let mut book = shelf();
        book.def(
            "Cert.t",
            &["u", "v"],
            &format!("(sort (succ {a}))"),
            &format!("(sort {b})"),
        );
        assert_eq!(
            book.judge().map_err(|refusal| refusal.cause),
            Err(Cause::Wrong),
            "{a} = {b}"
        );
    }
}

#[test]
fn quotients_compute() {
    let mut book = shelf();
    let relation = "(-> A A Prop)";
    book.quot("Quot", &["u"], &format!("(pi (A (sort u)) (r {relation}) (sort u))"), "type")
        .quot("Quot.mk", &["u"], &format!("(pi (A (sort u)) (r {relation}) (a A) (Quot.{{u}} A r))"), "ctor")
        .quot(
            "Quot.lift",
            &["u", "v"],
            &format!(
                "(pi (A (sort u)) (r {relation}) (B (sort v)) (f (-> A B)) (h (pi (a A) (b A) (s (r a b)) (Eq.{{v}} B (f a) (f b)))) (q (Quot.{{u}} A r)) B)"
            ),
            "lift",
        )
        .quot(
            "Quot.ind",
            &["u"],
            &format!(
                "(pi (A (sort u)) (r {relation}) (B (-> (Quot.{{u}} A r) Prop)) (m (pi (a A) (B (Quot.mk.{{u}} A r a)))) (q (Quot.{{u}} A r)) (B q))"
            ),
            "ind",
        )
        .axiom(
            "Quot.sound",
            &["u"],
            &format!(
                "(pi (A (sort u)) (r {relation}) (a A) (b A) (h (r a b)) (Eq.{{u}} (Quot.{{u}} A r) (Quot.mk.{{u}} A r a) (Quot.mk.{{u}} A r b)))"
            ),
        );
    let binders =
        "(r (-> Nat Nat Prop)) (f (-> Nat Nat)) (h (pi (a Nat) (b Nat) (s (r a b)) (Eq.{1} Nat (f a) (f b)))) (x Nat)";
    let lifted = "(Quot.lift.{1,1} Nat r Nat f h (Quot.mk.{1} Nat r x))";
    book.thm(
        "Cert.t",
        &[],
        &format!("(pi {binders} (Eq.{{1}} Nat {lifted} (f x)))"),
        &format!("(fun {binders} (Eq.refl.{{1}} Nat (f x)))"),
    );
    let judged = book.judge().unwrap();
    assert_eq!(judged.axioms, ["Quot.sound"]);
}

#[test]
fn propositional_extensionality_is_an_axiom_and_is_named() {
    let mut book = shelf();
    book.axiom("propext", &[], "(pi (a Prop) (b Prop) (h (Iff a b)) (Eq.{1} Prop a b))");
    let theory = book.load().unwrap();
    let mut delta = book.delta();
    delta.thm("Cert.plain", &[], "True", "True.intro");
    assert_eq!(
        theory
            .check(delta.text().as_bytes(), "Cert", Limits::default())
            .unwrap()
            .axioms,
        Vec::<&str>::new()
    );
    let twice = "(Iff.intro True True (fun (x True) x) (fun (x True) x))";
    delta.thm(
        "Cert.t",
        &[],
        "(Eq.{1} Prop True True)",
        &format!("(propext True True {twice})"),
    );
    delta.thm("Cert.through", &[], "(Eq.{1} Prop True True)", "Cert.t");
    let judged = theory
        .check(delta.text().as_bytes(), "Cert", Limits::default())
        .unwrap();
    assert_eq!(judged.axioms, ["propext"]);
    assert_eq!(judged.declarations, ["Cert.plain", "Cert.t", "Cert.through"]);
}

#[test]
fn types_declared_together_are_judged() {
    let rec_head = "(C (-> Even Prop)) (D (-> Odd Prop)) (z (C Even.zero)) (s (pi (o Odd) (ih (D o)) (C (Even.succ o)))) (t (pi (e Even) (ih (C e)) (D (Odd.succ e))))";
    let levels = rec_head.replace("Prop", "(sort u)");
    let even_rec = format!("(pi {levels} (x Even) (C x))");
    let odd_rec = format!("(pi {levels} (x Odd) (D x))");
    let zero = format!("(fun {levels} z)");
    let even_succ = format!("(fun {levels} (o Odd) (s o (Odd.rec.{{u}} C D z s t o)))");
    let odd_succ = format!("(fun {levels} (e Even) (t e (Even.rec.{{u}} C D z s t e)))");
    let even_rules = [("Even.zero", 0, zero.as_str()), ("Even.succ", 1, &even_succ)];
    let odd_rules = [("Odd.succ", 1, odd_succ.as_str())];
    let even = support::Inductive {
        name: "Even",
        cases: &[("Even.zero", "Even"), ("Even.succ", "(-> Odd Even)")],
        recursive: true,
        rec: &even_rec,
        rules: &even_rules,
        ..shelf::NAT
    };
    let odd = support::Inductive {
        name: "Odd",
        cases: &[("Odd.succ", "(-> Even Odd)")],
        rec: &odd_rec,
        rules: &odd_rules,
        ..even.clone()
    };
    let mut book = shelf();
    book.mutual(&[even.clone(), odd.clone()]);
    let count = "(fun (x Even) Nat) (fun (x Odd) Nat) 0 (fun (o Odd) (ih Nat) (Nat.succ ih)) (fun (e Even) (ih Nat) (Nat.succ ih))";
    let two = "(Even.succ (Odd.succ Even.zero))";
    book.thm(
        "Cert.t",
        &[],
        &format!("(Eq.{{1}} Nat (Even.rec.{{1}} {count} {two}) 2)"),
        "(Eq.refl.{1} Nat 2)",
    );
    book.judge().unwrap();

    let mut swapped = shelf();
    swapped.mutual(&[
        even,
        support::Inductive {
            rules: &[("Odd.succ", 1, &even_succ)],
            ..odd
        },
    ]);
    assert_eq!(swapped.judge().unwrap_err().cause, Cause::Wrong);
}

#[test]
fn the_same_check_takes_the_same_steps() {
    let (first, second) = (shelf().judge().unwrap(), shelf().judge().unwrap());
    assert_eq!(first, second);
    assert!(first.steps > 0);
}

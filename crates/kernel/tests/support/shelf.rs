//! Types that tests build on, with recursors written by hand: an independent word on what the
//! checker makes for itself.

use super::{Book, Inductive};

pub(crate) const NAT: Inductive<'static> = Inductive {
    name: "Nat",
    levels: &[],
    of: "Type",
    params: 0,
    indices: 0,
    recursive: true,
    cases: &[("Nat.zero", "Nat"), ("Nat.succ", "(-> Nat Nat)")],
    rec_levels: &["u"],
    rec: "(pi (C (-> Nat (sort u))) (z (C Nat.zero)) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) (t Nat) (C t))",
    rules: &[
        (
            "Nat.zero",
            0,
            "(fun (C (-> Nat (sort u))) (z (C Nat.zero)) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) z)",
        ),
        (
            "Nat.succ",
            1,
            "(fun (C (-> Nat (sort u))) (z (C Nat.zero)) (s (pi (n Nat) (ih (C n)) (C (Nat.succ n)))) (n Nat) (s n (Nat.rec.{u} C z s n)))",
        ),
    ],
    any_proof: false,
};

pub(crate) const BOOL: Inductive<'static> = Inductive {
    name: "Bool",
    levels: &[],
    of: "Type",
    params: 0,
    indices: 0,
    recursive: false,
    cases: &[("Bool.false", "Bool"), ("Bool.true", "Bool")],
    rec_levels: &["u"],
    rec: "(pi (C (-> Bool (sort u))) (f (C Bool.false)) (t (C Bool.true)) (b Bool) (C b))",
    rules: &[
        (
            "Bool.false",
            0,
            "(fun (C (-> Bool (sort u))) (f (C Bool.false)) (t (C Bool.true)) f)",
        ),
        (
            "Bool.true",
            0,
            "(fun (C (-> Bool (sort u))) (f (C Bool.false)) (t (C Bool.true)) t)",
        ),
    ],
    any_proof: false,
};

pub(crate) const EQ: Inductive<'static> = Inductive {
    name: "Eq",
    levels: &["u_1"],
    of: "(pi (A (sort u_1)) (-> A A Prop))",
    params: 2,
    indices: 1,
    recursive: false,
    cases: &[("Eq.refl", "(pi (A (sort u_1)) (a A) (Eq.{u_1} A a a))")],
    rec_levels: &["u", "u_1"],
    rec: "(pi (A (sort u_1)) (a A) (C (pi (b A) (-> (Eq.{u_1} A a b) (sort u)))) (r (C a (Eq.refl.{u_1} A a))) (b A) (t (Eq.{u_1} A a b)) (C b t))",
    rules: &[(
        "Eq.refl",
        0,
        "(fun (A (sort u_1)) (a A) (C (pi (b A) (-> (Eq.{u_1} A a b) (sort u)))) (r (C a (Eq.refl.{u_1} A a))) r)",
    )],
    any_proof: true,
};

pub(crate) const TRUE: Inductive<'static> = Inductive {
    name: "True",
    levels: &[],
    of: "Prop",
    params: 0,
    indices: 0,
    recursive: false,
    cases: &[("True.intro", "True")],
    rec_levels: &["u"],
    rec: "(pi (C (-> True (sort u))) (i (C True.intro)) (t True) (C t))",
    rules: &[("True.intro", 0, "(fun (C (-> True (sort u))) (i (C True.intro)) i)")],
    any_proof: true,
};

pub(crate) const FALSE: Inductive<'static> = Inductive {
    name: "False",
    levels: &[],
    of: "Prop",
    params: 0,
    indices: 0,
    recursive: false,
    cases: &[],
    rec_levels: &["u"],
    rec: "(pi (C (-> False (sort u))) (t False) (C t))",
    rules: &[],
    any_proof: false,
};

pub(crate) const AND: Inductive<'static> = Inductive {
    name: "And",
    levels: &[],
    of: "(-> Prop Prop Prop)",
    params: 2,
    indices: 0,
    recursive: false,
    cases: &[("And.intro", "(pi (a Prop) (b Prop) (x a) (y b) (And a b))")],
    rec_levels: &["u"],
    rec: "(pi (a Prop) (b Prop) (C (-> (And a b) (sort u))) (i (pi (x a) (y b) (C (And.intro a b x y)))) (t (And a b)) (C t))",
    rules: &[(
        "And.intro",
        2,
        "(fun (a Prop) (b Prop) (C (-> (And a b) (sort u))) (i (pi (x a) (y b) (C (And.intro a b x y)))) (x a) (y b) (i x y))",
    )],
    any_proof: false,
};

pub(crate) const OR: Inductive<'static> = Inductive {
    name: "Or",
    levels: &[],
    of: "(-> Prop Prop Prop)",
    params: 2,
    indices: 0,
    recursive: false,
    cases: &[
        ("Or.inl", "(pi (a Prop) (b Prop) (x a) (Or a b))"),
        ("Or.inr", "(pi (a Prop) (b Prop) (y b) (Or a b))"),
    ],
    rec_levels: &[],
    rec: "(pi (a Prop) (b Prop) (C (-> (Or a b) Prop)) (l (pi (x a) (C (Or.inl a b x)))) (r (pi (y b) (C (Or.inr a b y)))) (t (Or a b)) (C t))",
    rules: &[
        (
            "Or.inl",
            1,
            "(fun (a Prop) (b Prop) (C (-> (Or a b) Prop)) (l (pi (x a) (C (Or.inl a b x)))) (r (pi (y b) (C (Or.inr a b y)))) (x a) (l x))",
        ),
        (
            "Or.inr",
            1,
            "(fun (a Prop) (b Prop) (C (-> (Or a b) Prop)) (l (pi (x a) (C (Or.inl a b x)))) (r (pi (y b) (C (Or.inr a b y)))) (y b) (r y))",
        ),
    ],
    any_proof: false,
};

pub(crate) const IFF: Inductive<'static> = Inductive {
    name: "Iff",
    levels: &[],
    of: "(-> Prop Prop Prop)",
    params: 2,
    indices: 0,
    recursive: false,
    cases: &[(
        "Iff.intro",
        "(pi (a Prop) (b Prop) (x (-> a b)) (y (-> b a)) (Iff a b))",
    )],
    rec_levels: &["u"],
    rec: "(pi (a Prop) (b Prop) (C (-> (Iff a b) (sort u))) (i (pi (x (-> a b)) (y (-> b a)) (C (Iff.intro a b x y)))) (t (Iff a b)) (C t))",
    rules: &[(
        "Iff.intro",
        2,
        "(fun (a Prop) (b Prop) (C (-> (Iff a b) (sort u))) (i (pi (x (-> a b)) (y (-> b a)) (C (Iff.intro a b x y)))) (x (-> a b)) (y (-> b a)) (i x y))",
    )],
    any_proof: false,
};

pub(crate) const UNIT: Inductive<'static> = Inductive {
    name: "Unit",
    levels: &[],
    of: "Type",
    params: 0,
    indices: 0,
    recursive: false,
    cases: &[("Unit.mk", "Unit")],
    rec_levels: &["u"],
    rec: "(pi (C (-> Unit (sort u))) (i (C Unit.mk)) (t Unit) (C t))",
    rules: &[("Unit.mk", 0, "(fun (C (-> Unit (sort u))) (i (C Unit.mk)) i)")],
    any_proof: false,
};

/// A pair of numbers.
pub(crate) const PAIR: Inductive<'static> = Inductive {
    name: "Pair",
    levels: &[],
    of: "Type",
    params: 0,
    indices: 0,
    recursive: false,
    cases: &[("Pair.mk", "(-> Nat Nat Pair)")],
    rec_levels: &["u"],
    rec: "(pi (C (-> Pair (sort u))) (i (pi (x Nat) (y Nat) (C (Pair.mk x y)))) (t Pair) (C t))",
    rules: &[(
        "Pair.mk",
        2,
        "(fun (C (-> Pair (sort u))) (i (pi (x Nat) (y Nat) (C (Pair.mk x y)))) (x Nat) (y Nat) (i x y))",
    )],
    any_proof: false,
};

/// A proof that there is a number with a property: hides which.
pub(crate) const EXISTS: Inductive<'static> = Inductive {
    name: "Some",
    levels: &[],
    of: "(-> (-> Nat Prop) Prop)",
    params: 1,
    indices: 0,
    recursive: false,
    cases: &[("Some.intro", "(pi (p (-> Nat Prop)) (n Nat) (h (p n)) (Some p))")],
    rec_levels: &[],
    rec: "(pi (p (-> Nat Prop)) (C (-> (Some p) Prop)) (i (pi (n Nat) (h (p n)) (C (Some.intro p n h)))) (t (Some p)) (C t))",
    rules: &[(
        "Some.intro",
        2,
        "(fun (p (-> Nat Prop)) (C (-> (Some p) Prop)) (i (pi (n Nat) (h (p n)) (C (Some.intro p n h)))) (n Nat) (h (p n)) (i n h))",
    )],
    any_proof: false,
};

pub(crate) const ADD: &str =
    "(fun (a Nat) (b Nat) (Nat.rec.{1} (fun (n Nat) Nat) a (fun (n Nat) (ih Nat) (Nat.succ ih)) b))";
pub(crate) const MUL: &str =
    "(fun (a Nat) (b Nat) (Nat.rec.{1} (fun (n Nat) Nat) 0 (fun (n Nat) (ih Nat) (Nat.add ih a)) b))";
pub(crate) const POW: &str =
    "(fun (a Nat) (b Nat) (Nat.rec.{1} (fun (n Nat) Nat) 1 (fun (n Nat) (ih Nat) (Nat.mul ih a)) b))";
pub(crate) const PRED: &str = "(fun (a Nat) (Nat.rec.{1} (fun (n Nat) Nat) 0 (fun (n Nat) (ih Nat) n) a))";
pub(crate) const SUB: &str =
    "(fun (a Nat) (b Nat) (Nat.rec.{1} (fun (n Nat) Nat) a (fun (n Nat) (ih Nat) (Nat.pred ih)) b))";
pub(crate) const BEQ: &str = "(fun (a Nat) (Nat.rec.{1} (fun (n Nat) (-> Nat Bool)) (fun (b Nat) (Nat.rec.{1} (fun (n Nat) Bool) Bool.true (fun (n Nat) (ih Bool) Bool.false) b)) (fun (m Nat) (f (-> Nat Bool)) (fun (b Nat) (Nat.rec.{1} (fun (n Nat) Bool) Bool.false (fun (n Nat) (ih Bool) (f n)) b))) a))";
pub(crate) const BLE: &str = "(fun (a Nat) (Nat.rec.{1} (fun (n Nat) (-> Nat Bool)) (fun (b Nat) (Nat.rec.{1} (fun (n Nat) Bool) Bool.true (fun (n Nat) (ih Bool) Bool.true) b)) (fun (m Nat) (f (-> Nat Bool)) (fun (b Nat) (Nat.rec.{1} (fun (n Nat) Bool) Bool.false (fun (n Nat) (ih Bool) (f n)) b))) a))";

/// All of these types, and arithmetic on numbers.
pub(crate) fn shelf() -> Book {
    let mut book = Book::theory();
    for it in [NAT, BOOL, EQ, TRUE, FALSE, AND, OR, IFF, UNIT, PAIR, EXISTS] {
        book.inductive(&it);
    }
    let binary = "(-> Nat Nat Nat)";
    book.def("Nat.add", &[], binary, ADD)
        .def("Nat.mul", &[], binary, MUL)
        .def("Nat.pow", &[], binary, POW)
        .def("Nat.pred", &[], "(-> Nat Nat)", PRED)
        .def("Nat.sub", &[], binary, SUB)
        .def("Nat.beq", &[], "(-> Nat Nat Bool)", BEQ)
        .def("Nat.ble", &[], "(-> Nat Nat Bool)", BLE);
    book
}

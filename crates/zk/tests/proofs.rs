//! Whole proofs: what they show, what they are refused for, and that they do not tell.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod drawn;

use std::sync::LazyLock;

use aidefence_zk::{ACTIONS, Keys, Literal, Opening, PROOF_BYTES_MAX, Program, Request, SIZES, Statement, salt};
use drawn::{Drawn, literals, values};
use proptest::prelude::*;

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::new(SIZES[0]).unwrap());
static MADE: LazyLock<(Statement, Vec<u8>)> = LazyLock::new(|| made(&[9]));

fn policy() -> Vec<Literal> {
    let last = Literal {
        ends_clause: true,
        ends_rule: true,
        ..Literal::default()
    };
    vec![
        Literal {
            constant: 5,
            action: 4,
            ..last
        },
        last,
    ]
}

fn made(values: &[u32]) -> (Statement, Vec<u8>) {
    let drawn = Drawn::new(policy(), values).unwrap();
    prove(&drawn)
}

fn prove(drawn: &Drawn) -> (Statement, Vec<u8>) {
    KEYS.prove(&drawn.program, &drawn.policy, &drawn.request, &drawn.about)
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_proof_shows_its_decision_and_nothing_else(
        literals in literals(30), values in values(), other in 1..ACTIONS,
    ) {
        let drawn = Drawn::new(literals, &values).unwrap();
        let (statement, proof) = prove(&drawn);
        prop_assert_eq!(Some(statement.action), drawn.program.decide(drawn.request.values()));
        prop_assert_eq!(KEYS.verify(&statement, &proof), Ok(()));
        let (policy, request) = MADE.0.commitments();
        let wrong = [
            Statement { action: (statement.action + other) % ACTIONS, ..statement },
            Statement { policy: MADE.0.policy, ..statement },
            Statement { request: MADE.0.request, ..statement },
            Statement { policy: statement.request, request: statement.policy, ..statement },
            Statement::read(30, &policy, &request, statement.action).unwrap(),
        ];
        for it in wrong {
            prop_assert!(KEYS.verify(&it, &proof).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_proof_is_refused(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let (statement, mut proof) = MADE.clone();
        let at = at.index(proof.len());
        proof[at] ^= 1 << bit;
        prop_assert!(KEYS.verify(&statement, &proof).is_err());
    }

    #[test]
    fn a_proof_cut_short_is_refused(at in any::<prop::sample::Index>()) {
        let (statement, proof) = &*MADE;
        prop_assert!(KEYS.verify(statement, &proof[..at.index(proof.len())]).is_err());
    }

    #[test]
    fn bytes_that_are_no_proof_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..9_000)) {
        prop_assert!(KEYS.verify(&MADE.0, &bytes).is_err());
    }

    #[test]
    fn bytes_behind_a_proof_are_refused(bytes in prop::collection::vec(any::<u8>(), 1..20_000)) {
        let (statement, proof) = &*MADE;
        let longer: Vec<u8> = proof.iter().chain(&bytes).copied().collect();
        prop_assert!(KEYS.verify(statement, &longer).is_err());
    }
}

#[test]
fn a_proof_of_another_policy_is_refused() {
    let drawn = Drawn::new(policy(), &[9]).unwrap();
    let (ours, _) = prove(&drawn);
    let mut other = policy();
    other[0].constant = 6;
    let other = Drawn {
        program: Program::new(other).unwrap(),
        ..drawn
    };
    let (theirs, proof) = prove(&other);
    assert_eq!(ours.request, theirs.request);
    assert_eq!(KEYS.verify(&theirs, &proof), Ok(()));
    assert!(KEYS.verify(&ours, &proof).is_err());
}

#[test]
fn features_of_another_policy_are_refused() {
    let mut drawn = Drawn::new(policy(), &[9]).unwrap();
    drawn.about.schema = 8u64.into();
    assert!(
        KEYS.prove(&drawn.program, &drawn.policy, &drawn.request, &drawn.about)
            .is_err()
    );
    let theirs = drawn.request.commit(8u64.into(), drawn.about.salt);
    assert_ne!(theirs, drawn.request.commit(7u64.into(), drawn.about.salt));
}

#[test]
fn the_same_shown_twice_looks_different_and_tells_no_secret() {
    let secret = 0xdead_beef;
    let drawn = Drawn::new(policy(), &[secret]).unwrap();
    let (first, second) = (prove(&drawn), prove(&drawn));
    assert_eq!(first.0, second.0);
    assert_eq!(KEYS.verify(&second.0, &second.1), Ok(()));
    // Every part is blinded anew: no block of 32 bytes of one proof stands at its place in the other.
    let same = first
        .1
        .chunks(32)
        .zip(second.1.chunks(32))
        .filter(|(a, b)| a == b)
        .count();
    assert_eq!(same, 0);
    for hidden in [secret.to_le_bytes(), secret.to_be_bytes()] {
        assert!(!first.1.windows(4).any(|it| it == hidden));
    }
    let salts = [drawn.policy.salt, drawn.about.salt].map(|it| aidefence_zk::written(&it));
    let told = aidefence_zk::hex_of(&first.1);
    assert!(salts.iter().all(|it| !told.contains(it.as_str())));
}

#[test]
fn a_fresh_salt_makes_another_commitment() {
    let (program, request) = (Program::new(policy()).unwrap(), Request::new(&[9]).unwrap());
    let (one, two) = (salt(), salt());
    assert_ne!(
        program.commit(7u64.into(), one).unwrap(),
        program.commit(7u64.into(), two).unwrap()
    );
    assert_ne!(request.commit(7u64.into(), one), request.commit(7u64.into(), two));
}

#[test]
fn only_one_spelling_is_read() {
    let (policy, request) = MADE.0.commitments();
    assert_eq!(Statement::read(30, &policy, &request, 4), Ok(MADE.0));
    assert!(Statement::read(31, &policy, &request, 4).is_err());
    assert!(Statement::read(30, &policy, &request, ACTIONS).is_err());
    for wrong in [
        "",
        "00",
        &"f".repeat(64),
        &"g".repeat(64),
        &"0".repeat(66),
        &"ä".repeat(32),
    ] {
        assert!(Statement::read(30, wrong, &request, 4).is_err());
        assert!(Opening::read(wrong, None).is_err());
    }
    assert!(aidefence_zk::bytes_of(&"0".repeat(2 * PROOF_BYTES_MAX + 2), PROOF_BYTES_MAX).is_err());
}

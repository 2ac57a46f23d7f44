//! The circuit decides as the policy does: on the level of equations, without proofs.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod drawn;

use aidefence_zk::{ACTIONS, Fault, Literal, Program, Request, SIZES, SLOTS, Statement, check_constraints};
use drawn::{Drawn, literals, values};
use proptest::prelude::*;

fn statement(drawn: &Drawn) -> Result<Statement, Fault> {
    Ok(Statement {
        size: drawn.program.size(),
        policy: drawn.program.commit(drawn.policy.schema, drawn.policy.salt)?,
        request: drawn.request.commit(drawn.about.schema, drawn.about.salt),
        action: drawn
            .program
            .decide(drawn.request.values())
            .ok_or_else(|| Fault::from("undecided"))?,
    })
}

fn check(claimed: &Statement, drawn: &Drawn) -> Result<(), Fault> {
    check_constraints(claimed, &drawn.program, &drawn.policy, &drawn.request, &drawn.about)
}

/// What a policy decides, written otherwise than the product does: clauses first, then rules.
fn plainly(literals: &[Literal], values: &[u32]) -> Option<u8> {
    let rules: Vec<&[Literal]> = literals.split_inclusive(|it| it.ends_rule).collect();
    let holds = |clause: &&[Literal]| {
        clause.iter().all(|it| {
            let value = values.get(usize::from(it.slot)).copied().unwrap_or(0);
            let compared = if it.is_equal {
                value == it.constant
            } else {
                value >= it.constant
            };
            compared ^ it.is_negated
        })
    };
    let fires = |rule: &&&[Literal]| {
        rule.split_inclusive(|it| it.ends_clause)
            .filter(|it| it.iter().any(|it| it.ends_clause))
            .any(|it| holds(&it))
    };
    rules
        .iter()
        .filter(|it| it.iter().any(|it| it.ends_rule))
        .find(fires)?
        .last()
        .map(|it| it.action)
}

proptest! {
    // As many cases as `PROPTEST_CASES` says.
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn the_circuit_takes_the_right_decision_and_no_other(
        literals in literals(30), values in values(), other in 1..ACTIONS,
    ) {
        let drawn = Drawn::new(literals.clone(), &values).unwrap();
        let right = statement(&drawn).unwrap();
        prop_assert_eq!(Some(right.action), plainly(&literals, &values));
        prop_assert_eq!(check(&right, &drawn), Ok(()));
        let wrong = Statement { action: (right.action + other) % ACTIONS, ..right };
        prop_assert!(check(&wrong, &drawn).is_err());
    }
}

#[test]
fn commitments_of_something_else_are_refused() {
    let block = |constant| Literal {
        constant,
        ends_clause: true,
        ends_rule: true,
        action: 4,
        ..Literal::default()
    };
    let default = Literal {
        ends_clause: true,
        ends_rule: true,
        ..Literal::default()
    };
    let drawn = Drawn::new(vec![block(5), default], &[9, 1]).unwrap();
    let right = statement(&drawn).unwrap();
    assert_eq!(check(&right, &drawn), Ok(()));
    let other_policy = Drawn {
        program: Program::new(vec![block(6), default]).unwrap(),
        ..drawn
    };
    assert!(check(&right, &other_policy).is_err());
    let other_request = Drawn {
        request: Request::new(&[9, 2]).unwrap(),
        ..Drawn::new(vec![block(5), default], &[9, 1]).unwrap()
    };
    assert!(check(&right, &other_request).is_err());
}

#[test]
fn a_policy_that_decides_nothing_has_no_proof() {
    let never = Literal {
        is_negated: true,
        ends_clause: true,
        ends_rule: true,
        ..Literal::default()
    };
    let drawn = Drawn::new(vec![never], &[1]).unwrap();
    assert_eq!(drawn.program.decide(drawn.request.values()), None);
    let claimed = Statement {
        size: drawn.program.size(),
        policy: drawn.program.commit(drawn.policy.schema, drawn.policy.salt).unwrap(),
        request: drawn.request.commit(drawn.about.schema, drawn.about.salt),
        action: 0,
    };
    assert!(check(&claimed, &drawn).is_err());
}

#[test]
fn every_circuit_holds_as_many_literals_as_it_says() {
    for size in SIZES {
        let rule = |at: usize| Literal {
            slot: u8::try_from(at % SLOTS).unwrap(),
            constant: 3,
            ends_clause: true,
            ends_rule: true,
            action: 1,
            ..Literal::default()
        };
        let mut literals: Vec<Literal> = (0..size.literals - 1).map(rule).collect();
        literals.push(Literal {
            constant: 0,
            action: 4,
            ..rule(0)
        });
        let drawn = Drawn::new(literals, &[2; SLOTS]).unwrap();
        assert_eq!(drawn.program.size(), size);
        let right = statement(&drawn).unwrap();
        assert_eq!(right.action, 4);
        assert_eq!(check(&right, &drawn), Ok(()));
    }
}

#[test]
fn what_no_circuit_holds_is_refused() {
    let most = SIZES.map(|it| it.literals).into_iter().max().unwrap();
    assert!(Program::new(vec![Literal::default(); most + 1]).is_err());
    assert!(
        Program::new(vec![Literal {
            slot: 64,
            ..Literal::default()
        }])
        .is_err()
    );
    assert!(
        Program::new(vec![Literal {
            action: 1,
            ..Literal::default()
        }])
        .is_err()
    );
    assert!(
        Program::new(vec![Literal {
            ends_rule: true,
            ..Literal::default()
        }])
        .is_err()
    );
    let beyond = Literal {
        ends_clause: true,
        ends_rule: true,
        action: 5,
        ..Literal::default()
    };
    assert!(Program::new(vec![beyond]).is_err());
    assert!(Request::new(&[0; SLOTS + 1]).is_err());
}

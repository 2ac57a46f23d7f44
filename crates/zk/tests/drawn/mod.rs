//! Random policies and requests: few values, so that everything that can happen does.

use aidefence_zk::{ACTIONS, Fault, Literal, Opening, Program, Request, SLOTS, salt};
use proptest::prelude::*;

const NUMBERS: [u32; 8] = [0, 1, 2, 255, 256, 10_000, u32::MAX - 1, u32::MAX];

pub(crate) fn literals(most: usize) -> impl Strategy<Value = Vec<Literal>> {
    let one = (
        any::<bool>(),
        0..SLOTS,
        number(),
        any::<[bool; 2]>(),
        0..3u8,
        0..ACTIONS,
    )
        .prop_map(
            |(is_near, slot, constant, [is_equal, is_negated], ends, action)| Literal {
                slot: u8::try_from(if is_near { slot % 3 } else { slot }).unwrap_or(0),
                constant,
                is_equal,
                is_negated,
                ends_clause: ends > 0,
                ends_rule: ends > 1,
                action: if ends > 1 { action } else { 0 },
            },
        );
    let end = Literal {
        ends_clause: true,
        ends_rule: true,
        ..Literal::default()
    };
    // The last rule always holds, as the default of a policy does.
    (prop::collection::vec(one, 0..most - 1), 0..ACTIONS).prop_map(move |(mut all, action)| {
        if let Some(last) = all.last_mut() {
            (last.ends_clause, last.ends_rule) = (true, true);
        }
        all.push(Literal { action, ..end });
        all
    })
}

pub(crate) fn values() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(number(), 0..=SLOTS)
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => prop::sample::select(NUMBERS.as_slice()), 1 => any::<u32>()]
}

/// A policy and a request with fresh salts.
pub(crate) struct Drawn {
    pub(crate) program: Program,
    pub(crate) request: Request,
    pub(crate) policy: Opening,
    pub(crate) about: Opening,
}

impl Drawn {
    pub(crate) fn new(literals: Vec<Literal>, values: &[u32]) -> Result<Self, Fault> {
        let policy = Opening {
            salt: salt(),
            schema: 7u64.into(),
        };
        let about = Opening { salt: salt(), ..policy };
        Ok(Self {
            program: Program::new(literals)?,
            request: Request::new(values)?,
            policy,
            about,
        })
    }
}

//! Policies through their public door: states that last, states of others, limits, several side by side.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::sync::Arc;

use aidefence_engine::policy::{Action, Decision, PolicySet, PolicySets, Scratch, degraded};

fn image(version: u32, features: &str, rules: &str, temporal: &str) -> String {
    format!(
        r#"{{"default":0,"features":[{features}],"id":"p","on_error":4,"rules":[{rules}],"temporal":[{temporal}],"v":1,"version":{version}}}"#
    )
}

fn load(text: &str, digest: u8) -> PolicySet {
    PolicySet::load(text.as_bytes(), [digest; 16]).unwrap()
}

/// Session states of one policy after one event after another.
struct Session {
    set: PolicySet,
    state: Vec<u8>,
}

impl Session {
    fn event(&mut self, values: &[i64], now_ms: u64) -> Decision {
        let decision = self
            .set
            .decide(values, [&self.state, b"", b""], now_ms, &mut Scratch::default());
        if let [Some(state), ..] = &decision.states {
            self.state.clone_from(state);
        }
        decision
    }
}

const SEND: &str = r#"{"most":1,"name":"send"}"#;
const SECRET: &str = r#"{"most":1,"name":"secret"}"#;
const NO_SEND_AFTER_SECRET: &str = r#"{"action":4,"formula":["release",["ff"],["or",["not",["atom",["eq",1,1]]],["wnext",["release",["ff"],["not",["atom",["eq",0,1]]]]]]],"id":"t","reason":""}"#;

#[test]
fn a_formula_is_broken_once_and_for_all_tries() {
    let text = image(1, &format!("{SEND},{SECRET}"), "", NO_SEND_AFTER_SECRET);
    let mut session = Session {
        set: load(&text, 1),
        state: Vec::new(),
    };
    assert_eq!(session.event(&[1, 0], 0).action, Action::Allow);
    assert_eq!(session.event(&[0, 1], 1).action, Action::Allow);
    for now in 2..5 {
        let decision = session.event(&[1, 0], now);
        assert_eq!(
            (decision.action, decision.violated.as_slice()),
            (Action::Block, &[0][..])
        );
        assert_eq!(
            decision.states,
            [None, None, None],
            "what is not admitted did not happen"
        );
    }
    assert_eq!(session.event(&[0, 0], 9).action, Action::Allow);
}

#[test]
fn another_version_takes_over_what_it_knows() {
    let text = image(1, &format!("{SEND},{SECRET}"), "", NO_SEND_AFTER_SECRET);
    let mut session = Session {
        set: load(&text, 1),
        state: Vec::new(),
    };
    session.event(&[0, 1], 0);
    // The same formula over features with other numbers, and beside it something new.
    let formula = NO_SEND_AFTER_SECRET.replace(r#"["eq",0,1]"#, r#"["eq",2,1]"#);
    let once = r#"{"history":["since",["tt"],["eq",2,1]],"most":1,"name":"sent"}"#;
    let features = format!(r#"{{"most":1,"name":"other"}},{SECRET},{SEND},{once}"#);
    session.set = load(&image(2, &features, "", &formula), 2);
    let decision = session.event(&[0, 0, 1], 5);
    assert_eq!(decision.action, Action::Block);
    assert_eq!(decision.degraded, degraded::STATE_MIGRATED | degraded::STATE_BEGUN);
    let decision = session.event(&[0, 0, 1], 6);
    assert_eq!(
        (decision.action, decision.degraded),
        (Action::Block, 0),
        "now it is a state of this version"
    );
}

#[test]
fn bytes_of_others_are_refused_and_on_error_speaks() {
    let text = image(1, &format!("{SEND},{SECRET}"), "", NO_SEND_AFTER_SECRET);
    let mut session = Session {
        set: load(&text, 1),
        state: Vec::new(),
    };
    session.event(&[0, 1], 0);
    let good = session.state.clone();
    for at in 0..good.len() {
        // The digest may differ: that is another version of the image.
        for bit in [1u8, 0x80].into_iter().filter(|_| !(4..20).contains(&at)) {
            session.state.clone_from(&good);
            session.state[at] ^= bit;
            let decision = session.event(&[0, 0], 1);
            assert_eq!(
                (decision.action, decision.degraded),
                (Action::Block, degraded::STATE_UNREADABLE),
                "{at}"
            );
        }
        session.state = good[..at].to_vec();
        let unreadable = session.event(&[0, 0], 1).degraded == degraded::STATE_UNREADABLE;
        assert_eq!(unreadable, at > 0, "cut at {at}");
    }
    session.state = b"something else entirely, and long enough to be a state".to_vec();
    assert_eq!(session.event(&[0, 0], 1).degraded, degraded::STATE_UNREADABLE);
    assert_eq!(session.event(&[0, 0], 2).degraded, 0, "it has begun anew");
}

#[test]
fn repeated_duties_do_not_pile_up() {
    // Always, after a secret, some later event is a send: without folding, one more part an event is left.
    let formula = r#"["release",["ff"],["or",["not",["atom",["eq",1,1]]],["until",["tt"],["atom",["eq",0,1]]]]]"#;
    let temporal = format!(r#"{{"action":4,"formula":{formula},"id":"t","reason":""}}"#);
    let mut session = Session {
        set: load(&image(1, &format!("{SEND},{SECRET}"), "", &temporal), 1),
        state: Vec::new(),
    };
    let lengths: Vec<usize> = (0..50)
        .map(|now| {
            session.event(&[0, 1], now);
            session.state.len()
        })
        .collect();
    assert_eq!(lengths.iter().min(), lengths.iter().max());
}

#[test]
fn what_one_policy_refuses_happened_for_none() {
    let counted = r#"{"count":{"when":["tt"],"window_ms":1000},"most":9,"name":"count"}"#;
    let limit = r#"{"action":4,"id":"r","priority":0,"reason":"","when":["ge",1,2]}"#;
    let counting = image(1, &format!("{SEND},{counted}"), limit, "");
    let refusing = image(
        1,
        SEND,
        r#"{"action":3,"id":"r","priority":0,"reason":"","when":["eq",0,1]}"#,
        "",
    )
    .replace(r#""id":"p""#, r#""id":"q""#);
    let sets = PolicySets::new(vec![Arc::new(load(&counting, 1)), Arc::new(load(&refusing, 2))]).unwrap();
    assert_eq!(sets.features().len(), 1, "what both ask is told once");
    let mut state = Vec::new();
    let mut event = |send: i64, now_ms: u64| {
        let decision = sets.decide(&[send], [&state, b"", b""], now_ms, &mut Scratch::default());
        if let [Some(after), ..] = &decision.states {
            state.clone_from(after);
        }
        let spoken: Vec<u32> = decision.spoken.iter().map(|it| it.set).collect();
        (decision.action, spoken)
    };
    assert_eq!(event(0, 0), (Action::Allow, vec![]));
    for _ in 0..3 {
        assert_eq!(event(1, 1), (Action::Review, vec![1]));
    }
    assert_eq!(event(0, 2), (Action::Allow, vec![]), "only one was counted");
    assert_eq!(event(0, 3), (Action::Block, vec![0]));
    assert_eq!(event(1, 4), (Action::Block, vec![0, 1]));
    assert_eq!(event(0, 1002), (Action::Allow, vec![]));
}

#[test]
fn shared_bytes_that_nobody_can_read_are_refused() {
    let counted = r#"{"count":{"when":["tt"],"window_ms":1000},"most":9,"name":"count"}"#;
    let sets = PolicySets::new(vec![Arc::new(load(&image(1, counted, "", ""), 1))]).unwrap();
    let decision = sets.decide(&[], [b"???", b"", b""], 0, &mut Scratch::default());
    assert_eq!(
        (decision.action, decision.spoken[0].degraded),
        (Action::Block, degraded::STATE_UNREADABLE)
    );
    assert!(
        PolicySets::new(vec![
            Arc::new(load(&image(1, "", "", ""), 1)),
            Arc::new(load(&image(2, "", "", ""), 2))
        ])
        .is_err()
    );
}

#[test]
fn explains_by_the_comparisons_that_decided() {
    let when = r#"["and",["or",["eq",0,1],["eq",1,1]],["not",["ge",2,500]]]"#;
    let rule = format!(r#"{{"action":4,"id":"r","priority":0,"reason":"","when":{when}}}"#);
    let set = load(
        &image(
            1,
            &format!(r#"{SEND},{SECRET},{{"most":10000,"name":"score"}}"#),
            &rule,
            "",
        ),
        1,
    );
    let told = |values: &[u32]| -> Vec<(u32, u32)> {
        set.decided_by(0, values, &mut Scratch::default())
            .iter()
            .map(|it| (it.feature, it.value))
            .collect()
    };
    assert_eq!(told(&[0, 1, 40]), [(1, 1), (2, 40)]);
    assert_eq!(told(&[1, 1, 40]), [(0, 1), (2, 40)]);
    assert_eq!(told(&[0, 0, 40]), [(0, 0), (1, 0)]);
    assert_eq!(told(&[1, 0, 900]), [(2, 900)]);
}

#[test]
fn refuses_images_with_the_place() {
    let rule = |when: &str, action: u32, priority: u32| {
        format!(r#"{{"action":{action},"id":"r{action}{priority}","priority":{priority},"reason":"","when":{when}}}"#)
    };
    let cases = [
        (image(1, SEND, &rule(r#"["ge",1,0]"#, 1, 1), ""), "rules/0/when/1"),
        (image(1, SEND, &rule(r#"["and",["tt"]]"#, 1, 1), ""), "rules/0/when"),
        (image(1, SEND, &rule(r#"["tt"]"#, 5, 1), ""), "rules/0/action"),
        (
            image(
                1,
                SEND,
                &format!("{},{}", rule(r#"["tt"]"#, 1, 1), rule(r#"["tt"]"#, 2, 1)),
                "",
            ),
            "rules/1",
        ),
        (
            image(1, r#"{"history":["previous",["eq",0,1]],"most":1,"name":"a"}"#, "", ""),
            "features/0/history/1/1",
        ),
        (
            image(
                1,
                r#"{"count":{"when":["tt"],"window_ms":0},"most":1,"name":"a"}"#,
                "",
                "",
            ),
            "features/0/count/window_ms",
        ),
        (image(1, r#"{"most":1,"name":"a","per":"user"}"#, "", ""), "features/0"),
        (image(1, &format!("{SEND},{SEND}"), "", ""), "features/1"),
        (
            image(
                1,
                SEND,
                &rule(&format!("{}[\"tt\"]{}", "[\"not\",".repeat(64), "]".repeat(64)), 1, 1),
                "",
            ),
            &format!("rules/0/when{}", "/1".repeat(64)),
        ),
        (image(0, "", "", ""), "version"),
    ];
    for (text, place) in cases {
        let error = PolicySet::load(text.as_bytes(), [0; 16]).err().unwrap();
        assert_eq!(error.place, place, "{error}");
    }
}

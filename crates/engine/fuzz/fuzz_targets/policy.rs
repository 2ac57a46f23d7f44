//! No bytes make the reader of images or the reader of states panic; what was written is read again.
#![no_main]

use aidefence_engine::policy::{PolicySet, PolicySets, Scratch, degraded};
use libfuzzer_sys::fuzz_target;

/// Everything that remembers: two histories, a count, and a formula that is never settled.
const IMAGE: &str = r#"{"default":0,"features":[{"most":1,"name":"a"},{"most":9,"name":"b"},
{"history":["since",["eq",0,1],["ge",1,2]],"most":1,"name":"c"},{"history":["previous",["eq",0,1]],"most":1,"name":"d"},
{"count":{"when":["eq",0,1],"window_ms":100},"most":3,"name":"e"}],"id":"p","on_error":4,
"rules":[{"action":4,"id":"r","priority":1,"reason":"","when":["ge",4,3]}],
"temporal":[{"action":3,"formula":["release",["ff"],["or",["not",["atom",["eq",0,1]]],["until",["atom",["ge",1,1]],
["next",["atom",["eq",1,0]]]]]],"id":"t","reason":""}],"v":1,"version":1}"#;

fuzz_target!(|bytes: &[u8]| {
    let mut scratch = Scratch::default();
    if let Ok(made) = PolicySet::load(bytes, [1; 16]) {
        run(&made, b"", &mut scratch);
    }
    let Ok(known) = PolicySet::load(IMAGE.as_bytes(), [7; 16]) else { return };
    run(&known, bytes, &mut scratch);
    // The sum of the bytes keeps nearly everything out; these get past it.
    let (decision, after) = known.decide_joined(&[1, 0], b"", 1, &mut scratch);
    assert_eq!(decision.degraded, 0);
    run(&known, &after.unwrap_or_default(), &mut scratch);
    if let Ok(sets) = PolicySets::new(vec![std::sync::Arc::new(known)]) {
        let _ = sets.decide(&[1, 2], [bytes, bytes, bytes], 5, &mut scratch);
    }
});

fn run(set: &PolicySet, state: &[u8], scratch: &mut Scratch) {
    let mut state = state.to_vec();
    for event in 0..6 {
        let values = [event & 1, event & 2, 9, -1, 1 << 40];
        let (decision, after) = set.decide_joined(&values, &state, event.unsigned_abs(), scratch);
        if event > 0 {
            assert_eq!(decision.degraded & degraded::STATE_UNREADABLE, 0, "what we wrote, we read");
        }
        state = after.unwrap_or(state);
    }
}

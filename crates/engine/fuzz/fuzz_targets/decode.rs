//! No text makes a decoder panic, outgrow its bounds or point outside the text.
#![no_main]

use aidefence_engine::decode::{Hints, decode_all};
use aidefence_engine::limits::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let limits = Limits::DEFAULT;
    let mut hinted = Vec::new();
    decode_all(source, Hints::of(source), &limits, &mut hinted);
    let mut forced = Vec::new();
    decode_all(source, Hints::ALL, &limits, &mut forced);
    // Hints may hide a view in a text that no encoder writes; they never add one.
    assert!(hinted.iter().all(|view| forced.contains(view)));
    let total: usize = forced.iter().map(|view| view.text.len()).sum();
    assert!(total <= (limits.decoded_ratio_max * source.len()).max(64 << 10));
    for view in &forced {
        assert!(source.get(view.span.clone()).is_some());
        for (at, letter) in view.text.char_indices() {
            let range = view.map.to_source(at..at + letter.len_utf8());
            assert!(source.get(range.clone()).is_some(), "{range:?} of {source:?}");
            assert!(view.span.start <= range.start && range.end <= view.span.end);
        }
    }
});

//! Normalizing any text ends, and normalizing the result changes nothing.
#![no_main]

use aidefence_engine::training::{block_features, normalized};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let once = normalized(source);
    assert_eq!(normalized(&once), once);
    let features = block_features(source);
    assert_eq!(features.counts.iter().sum::<u32>() as usize, features.ids.len());
    assert_eq!(features.counts.len(), features.starts.len());
    assert!(features.starts.iter().all(|start| *start as usize <= source.len()));
});

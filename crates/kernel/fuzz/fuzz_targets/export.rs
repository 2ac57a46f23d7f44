//! No bytes make the checker panic, as a theory or as what is added to one; equal bytes take equal
//! steps.
#![no_main]

use std::sync::OnceLock;

use aidefence_kernel::{Limits, Theory};
use libfuzzer_sys::fuzz_target;

const META: &str = r#"{"meta":{"exporter":{"name":"fuzz","version":"3.1.0"},"format":{"version":"3.1.0"},"lean":{"githash":"0","version":"4.28.0"}}}"#;
const LIMITS: Limits = Limits {
    steps: 200_000,
    bytes: 16 << 20,
};

fn theory() -> Option<&'static Theory> {
    static THEORY: OnceLock<Option<Theory>> = OnceLock::new();
    THEORY.get_or_init(|| Theory::load(META.as_bytes(), &["propext"], LIMITS).ok()).as_ref()
}

fuzz_target!(|bytes: &[u8]| {
    let _ = Theory::load(bytes, &["propext"], LIMITS);
    let whole = [META.as_bytes(), b"\n", bytes].concat();
    let steps = |found: Result<Theory, aidefence_kernel::Refusal>| match found {
        Ok(theory) => theory.judged().steps,
        Err(refusal) => {
            assert_ne!(refusal.message, "the checker ended without an answer");
            refusal.steps
        }
    };
    let first = steps(Theory::load(&whole, &["propext"], LIMITS));
    assert_eq!(first, steps(Theory::load(&whole, &["propext"], LIMITS)));
    if let Some(theory) = theory() {
        let _ = theory.check(bytes, "Cert", LIMITS);
    }
});

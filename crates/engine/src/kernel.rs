//! Runs the same code with the widest instructions the processor has.

use crate::masks::Classify;
#[cfg(not(target_arch = "x86_64"))]
use crate::masks::Portable;
#[cfg(target_arch = "x86_64")]
use crate::masks::{Avx2, Sse2};

/// Something to do, whatever the kernel.
pub(crate) trait Work {
    type Output;
    fn with<K: Classify>(self, kernel: K) -> Self::Output;
}

/// Does the work with the best kernel there is.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn run<W: Work>(work: W) -> W::Output {
    match Avx2::detect() {
        // SAFETY: `detect` found every feature that `wide` is compiled for.
        Some(kernel) => unsafe { wide(work, kernel) },
        None => work.with(Sse2),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn wide<W: Work>(work: W, kernel: Avx2) -> W::Output {
    work.with(kernel)
}

/// Does the work with the best kernel there is.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn run<W: Work>(work: W) -> W::Output {
    work.with(Portable)
}

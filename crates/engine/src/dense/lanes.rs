//! Thirty-two numbers at a time, with the widest instructions the processor has.
//!
//! Every kernel adds in the same order. With fused multiply-add, which processors have had since 2013, all
//! give the same bits; without it the last digits differ.

/// Something to do, whatever the kernel.
pub(super) trait Work {
    type Output;
    fn with<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// How many numbers are computed together.
pub(super) const LANES: usize = 32;

/// Numbers side by side.
pub(super) type Line = [f32; LANES];

/// Arithmetic on lines of numbers.
pub(super) trait Lanes: Copy {
    type Wide: Copy;
    /// Rows that are computed together: as many as registers hold the sums of.
    const ROWS: usize;
    fn load(self, from: &Line) -> Self::Wide;
    fn store(self, from: Self::Wide, to: &mut Line);
    fn splat(self, value: f32) -> Self::Wide;
    /// `a · b + c`.
    fn mul_add(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide;
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn add(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// Adds up what `panel` makes of as many rows as fit the kernel; see [`tile`].
    fn tile(self, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]);
}

/// Does the work with the best kernel there is.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    if let Some(lanes) = x86::Avx512::detect() {
        // SAFETY: `detect` found every feature that the function is compiled for.
        return unsafe { x86::with_avx512(work, lanes) };
    }
    match x86::Avx2::detect() {
        // SAFETY: as above.
        Some(lanes) => unsafe { x86::with_avx2(work, lanes) },
        None => work.with(Portable),
    }
}

/// Does the work with the best kernel there is.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    work.with(Portable)
}

/// Adds to each sum what a row makes of a panel: number by number of the row, times a line of the panel.
#[inline(always)]
fn tile<L: Lanes, const ROWS: usize>(lanes: L, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
    let (Some(rows), Some(sums)) = (rows.first_chunk::<ROWS>(), sums.first_chunk_mut::<ROWS>()) else {
        return;
    };
    let mut kept = sums.each_ref().map(|sum| lanes.load(sum));
    let rows = rows.map(|row| row.get(..panel.len()).unwrap_or_default());
    if rows.iter().any(|row| row.len() != panel.len()) {
        return;
    }
    for (at, line) in panel.iter().enumerate() {
        let line = lanes.load(line);
        for (sum, row) in kept.iter_mut().zip(rows) {
            let value = row.get(at).copied().unwrap_or(0.0);
            *sum = lanes.mul_add(lanes.splat(value), line, *sum);
        }
    }
    for (sum, kept) in sums.iter_mut().zip(kept) {
        lanes.store(kept, sum);
    }
}

/// Plain Rust, for any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Lanes for Portable {
    type Wide = Line;
    const ROWS: usize = 1;

    #[inline(always)]
    fn load(self, from: &Line) -> Line {
        *from
    }

    #[inline(always)]
    fn store(self, from: Line, to: &mut Line) {
        *to = from;
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Line {
        [value; LANES]
    }

    #[inline(always)]
    fn mul_add(self, a: Line, b: Line, c: Line) -> Line {
        let mut sum = c;
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            // Where the processor has no such instruction, the exact function is a hundred times as slow.
            *sum = if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                a.mul_add(b, *sum)
            } else {
                a * b + *sum
            };
        }
        sum
    }

    #[inline(always)]
    fn max(self, a: Line, b: Line) -> Line {
        let mut most = a;
        for (most, b) in most.iter_mut().zip(b) {
            *most = if *most > b { *most } else { b };
        }
        most
    }

    #[inline(always)]
    fn add(self, a: Line, b: Line) -> Line {
        let mut sum = a;
        for (sum, b) in sum.iter_mut().zip(b) {
            *sum += b;
        }
        sum
    }

    #[inline(always)]
    fn tile(self, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
        tile::<Self, { Self::ROWS }>(self, rows, panel, sums);
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_set1_ps,
        _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps,
        _mm512_storeu_ps,
    };

    use super::{Lanes, Line, Work, tile};

    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    pub(in crate::dense) fn with_avx2<W: Work>(work: W, lanes: Avx2) -> W::Output {
        work.with(lanes)
    }

    #[target_feature(enable = "avx512f,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    pub(in crate::dense) fn with_avx512<W: Work>(work: W, lanes: Avx512) -> W::Output {
        work.with(lanes)
    }

    /// By itself, so that all pointers have registers.
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    #[inline(never)]
    fn tile_avx2(lanes: Avx2, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
        tile::<Avx2, { Avx2::ROWS }>(lanes, rows, panel, sums);
    }

    /// As above.
    #[target_feature(enable = "avx512f,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    #[inline(never)]
    fn tile_avx512(lanes: Avx512, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
        tile::<Avx512, { Avx512::ROWS }>(lanes, rows, panel, sums);
    }

    fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
    }

    /// Four registers of eight. Built only by [`Avx2::detect`].
    #[derive(Clone, Copy)]
    pub(in crate::dense) struct Avx2(());

    impl Avx2 {
        /// The kernel, when this processor has what it needs.
        #[inline]
        pub(in crate::dense) fn detect() -> Option<Self> {
            has_avx2().then_some(Self(()))
        }
    }

    /// Two registers of sixteen. Built only by [`Avx512::detect`].
    #[derive(Clone, Copy)]
    pub(in crate::dense) struct Avx512(());

    impl Avx512 {
        /// The kernel, when this processor has what it needs.
        #[inline]
        pub(in crate::dense) fn detect() -> Option<Self> {
            (is_x86_feature_detected!("avx512f") && has_avx2()).then_some(Self(()))
        }
    }

    impl Lanes for Avx2 {
        type Wide = [__m256; 4];
        const ROWS: usize = 3;

        #[inline(always)]
        fn load(self, from: &Line) -> [__m256; 4] {
            let from = from.as_ptr();
            // SAFETY: an `Avx2` exists only where the instructions do, and there are so many numbers.
            unsafe {
                [
                    _mm256_loadu_ps(from),
                    _mm256_loadu_ps(from.add(8)),
                    _mm256_loadu_ps(from.add(16)),
                    _mm256_loadu_ps(from.add(24)),
                ]
            }
        }

        #[inline(always)]
        fn store(self, from: [__m256; 4], to: &mut Line) {
            let to = to.as_mut_ptr();
            // SAFETY: as above.
            unsafe {
                _mm256_storeu_ps(to, from[0]);
                _mm256_storeu_ps(to.add(8), from[1]);
                _mm256_storeu_ps(to.add(16), from[2]);
                _mm256_storeu_ps(to.add(24), from[3]);
            }
        }

        #[inline(always)]
        fn splat(self, value: f32) -> [__m256; 4] {
            // SAFETY: an `Avx2` exists only where the instructions do.
            unsafe { [_mm256_set1_ps(value); 4] }
        }

        #[inline(always)]
        fn mul_add(self, a: [__m256; 4], b: [__m256; 4], c: [__m256; 4]) -> [__m256; 4] {
            // SAFETY: as above.
            unsafe {
                [
                    _mm256_fmadd_ps(a[0], b[0], c[0]),
                    _mm256_fmadd_ps(a[1], b[1], c[1]),
                    _mm256_fmadd_ps(a[2], b[2], c[2]),
                    _mm256_fmadd_ps(a[3], b[3], c[3]),
                ]
            }
        }

        #[inline(always)]
        fn max(self, a: [__m256; 4], b: [__m256; 4]) -> [__m256; 4] {
            // SAFETY: as above.
            unsafe {
                [
                    _mm256_max_ps(a[0], b[0]),
                    _mm256_max_ps(a[1], b[1]),
                    _mm256_max_ps(a[2], b[2]),
                    _mm256_max_ps(a[3], b[3]),
                ]
            }
        }

        #[inline(always)]
        fn add(self, a: [__m256; 4], b: [__m256; 4]) -> [__m256; 4] {
            // SAFETY: as above.
            unsafe {
                [
                    _mm256_add_ps(a[0], b[0]),
                    _mm256_add_ps(a[1], b[1]),
                    _mm256_add_ps(a[2], b[2]),
                    _mm256_add_ps(a[3], b[3]),
                ]
            }
        }

        #[inline(always)]
        fn tile(self, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
            // SAFETY: an `Avx2` exists only where the instructions do.
            unsafe { tile_avx2(self, rows, panel, sums) }
        }
    }

    impl Lanes for Avx512 {
        type Wide = [__m512; 2];
        const ROWS: usize = 6;

        #[inline(always)]
        fn load(self, from: &Line) -> [__m512; 2] {
            // SAFETY: an `Avx512` exists only where the instructions do, and there are so many numbers.
            unsafe { [_mm512_loadu_ps(from.as_ptr()), _mm512_loadu_ps(from.as_ptr().add(16))] }
        }

        #[inline(always)]
        fn store(self, from: [__m512; 2], to: &mut Line) {
            // SAFETY: as above.
            unsafe {
                _mm512_storeu_ps(to.as_mut_ptr(), from[0]);
                _mm512_storeu_ps(to.as_mut_ptr().add(16), from[1]);
            }
        }

        #[inline(always)]
        fn splat(self, value: f32) -> [__m512; 2] {
            // SAFETY: an `Avx512` exists only where the instructions do.
            unsafe { [_mm512_set1_ps(value); 2] }
        }

        #[inline(always)]
        fn mul_add(self, a: [__m512; 2], b: [__m512; 2], c: [__m512; 2]) -> [__m512; 2] {
            // SAFETY: as above.
            unsafe { [_mm512_fmadd_ps(a[0], b[0], c[0]), _mm512_fmadd_ps(a[1], b[1], c[1])] }
        }

        #[inline(always)]
        fn max(self, a: [__m512; 2], b: [__m512; 2]) -> [__m512; 2] {
            // SAFETY: as above.
            unsafe { [_mm512_max_ps(a[0], b[0]), _mm512_max_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn add(self, a: [__m512; 2], b: [__m512; 2]) -> [__m512; 2] {
            // SAFETY: as above.
            unsafe { [_mm512_add_ps(a[0], b[0]), _mm512_add_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn tile(self, rows: &[&[f32]], panel: &[Line], sums: &mut [Line]) {
            // SAFETY: an `Avx512` exists only where the instructions do.
            unsafe { tile_avx512(self, rows, panel, sums) }
        }
    }
}

//! Sixty-four bytes at a time: which of them are letters, digits, quotes, ends of sentences.

/// One bit a byte, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// ASCII letters and digits.
    pub(crate) word: u64,
    /// `A`–`Z`.
    pub(crate) upper: u64,
    /// `0`–`9`.
    pub(crate) digit: u64,
    /// Space, tab, line feed, carriage return and the other ASCII separators.
    pub(crate) space: u64,
    /// Line feed.
    pub(crate) newline: u64,
    /// `"`.
    pub(crate) quote: u64,
    /// `.`, `!` and `?`.
    pub(crate) stop: u64,
    /// Everything but ASCII.
    pub(crate) high: u64,
    /// ASCII that shows nothing and is neither space nor line feed.
    pub(crate) control: u64,
}

impl Masks {
    /// Adds the masks of the bytes from `shift` on.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    const fn join(&mut self, part: Self, shift: usize) {
        self.word |= part.word << shift;
        self.upper |= part.upper << shift;
        self.digit |= part.digit << shift;
        self.space |= part.space << shift;
        self.newline |= part.newline << shift;
        self.quote |= part.quote << shift;
        self.stop |= part.stop << shift;
        self.high |= part.high << shift;
        self.control |= part.control << shift;
    }
}

/// How bytes are classified; every implementation gives the same masks.
pub(crate) trait Classify: Copy {
    /// Classifies one block.
    fn classify(self, block: &[u8; 64]) -> Masks;
}

/// Plain Rust, for any processor.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Classify for Portable {
    #[inline(always)]
    fn classify(self, block: &[u8; 64]) -> Masks {
        let mut masks = Masks::default();
        for (index, byte) in block.iter().enumerate() {
            let bit = 1_u64 << index;
            let set = |yes: bool| if yes { bit } else { 0 };
            masks.word |= set(byte.is_ascii_alphanumeric());
            masks.upper |= set(byte.is_ascii_uppercase());
            masks.digit |= set(byte.is_ascii_digit());
            masks.space |= set(matches!(byte, b' ' | 9..=13));
            masks.newline |= set(*byte == b'\n');
            masks.quote |= set(*byte == b'"');
            masks.stop |= set(matches!(byte, b'.' | b'!' | b'?'));
            masks.high |= set(!byte.is_ascii());
            masks.control |= set(byte.is_ascii_control() && *byte != b'\n');
        }
        masks
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Sse2};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Classify, Masks};
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cmplt_epi8,
        _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm256_and_si256, _mm256_andnot_si256,
        _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
        _mm256_set1_epi8,
    };

    /// 16 bytes an instruction; part of every x86-64.
    #[derive(Clone, Copy)]
    pub(crate) struct Sse2;

    impl Classify for Sse2 {
        #[inline(always)]
        fn classify(self, block: &[u8; 64]) -> Masks {
            let mut masks = Masks::default();
            let (chunks, _) = block.as_chunks::<16>();
            for (index, chunk) in chunks.iter().enumerate() {
                let shift = 16 * index;
                // SAFETY: SSE2 is part of every x86-64 processor.
                let part = unsafe { sixteen(chunk) };
                masks.join(part, shift);
            }
            masks
        }
    }

    /// Eight bytes as one little-endian number.
    #[inline(always)]
    fn word_at<const N: usize>(bytes: &[u8; N], index: usize) -> i64 {
        let (words, _) = bytes.as_chunks::<8>();
        words.get(index).map_or(0, |word| i64::from_le_bytes(*word))
    }

    #[target_feature(enable = "sse2")]
    #[inline]
    fn sixteen(bytes: &[u8; 16]) -> Masks {
        #[target_feature(enable = "sse2")]
        #[inline]
        fn between(v: __m128i, low: u8, high: u8) -> __m128i {
            #[expect(
                clippy::cast_possible_wrap,
                reason = "all bounds are ASCII, and bytes over 127 must compare negative"
            )]
            let (below, above) = ((low - 1) as i8, (high + 1) as i8);
            _mm_and_si128(
                _mm_cmpgt_epi8(v, _mm_set1_epi8(below)),
                _mm_cmplt_epi8(v, _mm_set1_epi8(above)),
            )
        }
        #[target_feature(enable = "sse2")]
        #[inline]
        fn is(v: __m128i, byte: u8) -> __m128i {
            #[expect(clippy::cast_possible_wrap, reason = "ASCII only")]
            let byte = byte as i8;
            _mm_cmpeq_epi8(v, _mm_set1_epi8(byte))
        }
        #[target_feature(enable = "sse2")]
        #[inline]
        fn below_space(v: __m128i) -> __m128i {
            _mm_and_si128(
                _mm_cmpgt_epi8(v, _mm_set1_epi8(-1)),
                _mm_cmplt_epi8(v, _mm_set1_epi8(32)),
            )
        }
        #[target_feature(enable = "sse2")]
        #[inline]
        fn bits(v: __m128i) -> u64 {
            #[expect(clippy::cast_sign_loss, reason = "a movemask is a bit set")]
            let bits = _mm_movemask_epi8(v) as u32;
            u64::from(bits)
        }
        let v = _mm_set_epi64x(word_at(bytes, 1), word_at(bytes, 0));
        let upper = between(v, b'A', b'Z');
        let digit = between(v, b'0', b'9');
        let newline = is(v, b'\n');
        Masks {
            word: bits(_mm_or_si128(_mm_or_si128(upper, between(v, b'a', b'z')), digit)),
            upper: bits(upper),
            digit: bits(digit),
            space: bits(_mm_or_si128(is(v, b' '), between(v, 9, 13))),
            newline: bits(newline),
            quote: bits(is(v, b'"')),
            stop: bits(_mm_or_si128(_mm_or_si128(is(v, b'.'), is(v, b'!')), is(v, b'?'))),
            high: bits(v),
            control: bits(_mm_andnot_si128(newline, _mm_or_si128(below_space(v), is(v, 127)))),
        }
    }

    /// 32 bytes an instruction. Built only by [`Avx2::detect`].
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        /// The kernel, when this processor has what it needs.
        #[inline]
        pub(crate) fn detect() -> Option<Self> {
            let present = std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("bmi1")
                && std::arch::is_x86_feature_detected!("bmi2")
                && std::arch::is_x86_feature_detected!("lzcnt")
                && std::arch::is_x86_feature_detected!("popcnt");
            present.then_some(Self(()))
        }
    }

    impl Classify for Avx2 {
        #[inline(always)]
        fn classify(self, block: &[u8; 64]) -> Masks {
            let (halves, _) = block.as_chunks::<32>();
            let mut masks = Masks::default();
            for (index, half) in halves.iter().enumerate() {
                let shift = 32 * index;
                // SAFETY: an `Avx2` value exists only if `detect` found the instructions.
                let part = unsafe { thirty_two(half) };
                masks.join(part, shift);
            }
            masks
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn thirty_two(bytes: &[u8; 32]) -> Masks {
        #[target_feature(enable = "avx2")]
        #[inline]
        fn between(v: __m256i, low: u8, high: u8) -> __m256i {
            #[expect(
                clippy::cast_possible_wrap,
                reason = "all bounds are ASCII, and bytes over 127 must compare negative"
            )]
            let (below, above) = ((low - 1) as i8, (high + 1) as i8);
            _mm256_and_si256(
                _mm256_cmpgt_epi8(v, _mm256_set1_epi8(below)),
                _mm256_cmpgt_epi8(_mm256_set1_epi8(above), v),
            )
        }
        #[target_feature(enable = "avx2")]
        #[inline]
        fn is(v: __m256i, byte: u8) -> __m256i {
            #[expect(clippy::cast_possible_wrap, reason = "ASCII only")]
            let byte = byte as i8;
            _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte))
        }
        #[target_feature(enable = "avx2")]
        #[inline]
        fn below_space(v: __m256i) -> __m256i {
            _mm256_and_si256(
                _mm256_cmpgt_epi8(v, _mm256_set1_epi8(-1)),
                _mm256_cmpgt_epi8(_mm256_set1_epi8(32), v),
            )
        }
        #[target_feature(enable = "avx2")]
        #[inline]
        fn bits(v: __m256i) -> u64 {
            #[expect(clippy::cast_sign_loss, reason = "a movemask is a bit set")]
            let bits = _mm256_movemask_epi8(v) as u32;
            u64::from(bits)
        }
        let v = _mm256_set_epi64x(
            word_at(bytes, 3),
            word_at(bytes, 2),
            word_at(bytes, 1),
            word_at(bytes, 0),
        );
        let upper = between(v, b'A', b'Z');
        let digit = between(v, b'0', b'9');
        let newline = is(v, b'\n');
        Masks {
            word: bits(_mm256_or_si256(_mm256_or_si256(upper, between(v, b'a', b'z')), digit)),
            upper: bits(upper),
            digit: bits(digit),
            space: bits(_mm256_or_si256(is(v, b' '), between(v, 9, 13))),
            newline: bits(newline),
            quote: bits(is(v, b'"')),
            stop: bits(_mm256_or_si256(_mm256_or_si256(is(v, b'.'), is(v, b'!')), is(v, b'?'))),
            high: bits(v),
            control: bits(_mm256_andnot_si256(
                newline,
                _mm256_or_si256(below_space(v), is(v, 127)),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Classify, Portable};

    #[test]
    fn every_kernel_gives_the_same_masks() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..2000 {
            let block: [u8; 64] = std::array::from_fn(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_le_bytes()[0]
            });
            let plain = Portable.classify(&block);
            #[cfg(target_arch = "x86_64")]
            {
                assert_eq!(plain, super::Sse2.classify(&block));
                if let Some(avx2) = super::Avx2::detect() {
                    assert_eq!(plain, avx2.classify(&block));
                }
            }
            assert_eq!(plain.upper & !plain.word, 0);
        }
    }
}

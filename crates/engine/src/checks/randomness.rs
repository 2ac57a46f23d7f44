//! How much a run of bytes looks drawn by chance.

use std::sync::LazyLock;

/// Bits a byte from which a run is taken for random.
const DENSE_BITS_MIN: f32 = 3.5;

/// Whether the bytes are as mixed as those of a key.
pub(super) fn is_dense(bytes: &[u8]) -> bool {
    entropy_bits(bytes) >= DENSE_BITS_MIN
}

/// Shannon entropy in bits a byte.
pub(super) fn entropy_bits(bytes: &[u8]) -> f32 {
    if bytes.len() < STEPS.len() {
        return entropy_of_short(bytes);
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of a short run")]
    let total = bytes.len().max(1) as f32;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            #[expect(clippy::cast_precision_loss, reason = "counts of a short run")]
            let share = *count as f32 / total;
            -share * share.log2()
        })
        .sum()
}

/// How much n · log2 n grows from each n to the next.
static STEPS: LazyLock<[f64; 256]> = LazyLock::new(|| {
    let weight = |count: u32| f64::from(count) * f64::from(count.max(1)).log2();
    let mut count = 0;
    [0.0; 256].map(|_| {
        count += 1;
        weight(count) - weight(count - 1)
    })
});

/// The same, of fewer bytes than a byte counts: log2 n less the mean of log2 of what each byte was counted, so that one
/// look at each byte is enough.
fn entropy_of_short(bytes: &[u8]) -> f32 {
    let steps: &[f64; 256] = &STEPS;
    let mut counts = [0_u8; 256];
    let (mut own, mut whole) = (0.0, 0.0);
    for (byte, all) in bytes.iter().zip(steps) {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            own += steps.get(usize::from(*count)).copied().unwrap_or_default();
            *count += 1;
        }
        whole += all;
    }
    #[expect(clippy::cast_precision_loss, reason = "a length below 256")]
    let total = bytes.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "at most 8 bits")]
    let bits = ((whole - own) / total) as f32;
    bits
}

#[cfg(test)]
mod tests {
    use super::{entropy_bits, entropy_of_short};

    #[test]
    fn bits_are_those_of_the_formula() {
        assert!(entropy_bits(b"").abs() < 1e-6 && entropy_bits(b"aaaa").abs() < 1e-6);
        // Borders of the checks must fall where they would on paper.
        assert_eq!(entropy_bits(b"0011223344556677").to_bits(), 3.0_f32.to_bits());
        let mut state = 1_u32;
        for len in 1..=255 {
            let bytes: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 27) as u8
            })
            .take(len)
            .collect();
            let counted = (0..=u8::MAX).map(|byte| bytes.iter().filter(|one| **one == byte).count());
            let shares = counted
                .filter(|count| *count > 0)
                .map(|count| count as f64 / len as f64);
            let bits: f64 = shares.map(|share| -share * share.log2()).sum();
            assert!((f64::from(entropy_of_short(&bytes)) - bits).abs() < 1e-5, "{len}");
        }
    }
}

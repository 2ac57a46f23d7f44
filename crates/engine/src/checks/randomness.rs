//! How much a run of bytes looks drawn by chance.

/// Bits a byte from which a run is taken for random.
const DENSE_BITS_MIN: f32 = 3.5;

/// Whether the bytes are as mixed as those of a key.
pub(super) fn is_dense(bytes: &[u8]) -> bool {
    entropy_bits(bytes) >= DENSE_BITS_MIN
}

/// Shannon entropy in bits a byte.
pub(super) fn entropy_bits(bytes: &[u8]) -> f32 {
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

//! Addresses of crypto currencies.

use super::sha256::sha256;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// A version byte, a hash of 20 bytes, four bytes of a checksum.
const PAYLOAD_LEN: usize = 25;

/// Base58 whose last four bytes are the start of the hash of the hash of the others.
pub(super) fn base58check(bytes: &[u8]) -> bool {
    let mut payload = [0_u8; PAYLOAD_LEN];
    for byte in bytes {
        let Some(digit) = BASE58.iter().position(|known| known == byte) else {
            return false;
        };
        let mut carry = u32::try_from(digit).unwrap_or(0);
        for place in payload.iter_mut().rev() {
            carry += u32::from(*place) * 58;
            [.., *place] = carry.to_be_bytes();
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let Some((body, sum)) = payload.split_at_checked(PAYLOAD_LEN - 4) else {
        return false;
    };
    // Each leading zero byte is written as one `1`, which keeps the length of the text honest.
    let ones = bytes.iter().take_while(|byte| **byte == b'1').count();
    let zeros = payload.iter().take_while(|byte| **byte == 0).count();
    ones == zeros && sha256(&sha256(body)).starts_with(sum)
}

/// BIP 173 and BIP 350: the sum over what stands before and behind the last `1` is one of two constants.
pub(super) fn bech32(bytes: &[u8]) -> bool {
    let Some(parting) = bytes.iter().rposition(|byte| *byte == b'1') else {
        return false;
    };
    let (prefix, data) = bytes.split_at(parting);
    let data = data.get(1..).unwrap_or_default();
    let Some(values) = data.iter().map(|byte| value32(*byte)).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let high = prefix.iter().map(|byte| u32::from(byte.to_ascii_lowercase() >> 5));
    let low = prefix.iter().map(|byte| u32::from(byte & 31));
    let sum = high.chain([0]).chain(low).chain(values).fold(1, polymod);
    data.len() >= 6 && matches!(sum, 1 | 0x2BC8_30A3)
}

fn value32(byte: u8) -> Option<u32> {
    let place = BECH32.iter().position(|known| *known == byte.to_ascii_lowercase())?;
    u32::try_from(place).ok()
}

fn polymod(sum: u32, value: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3];
    let top = sum >> 25;
    let shifted = (sum & 0x01FF_FFFF) << 5 ^ value;
    (0..)
        .zip(GENERATOR)
        .filter(|(bit, _)| top >> bit & 1 == 1)
        .fold(shifted, |sum, (_, term)| sum ^ term)
}

#[cfg(test)]
mod tests {
    use super::{base58check, bech32};

    #[test]
    fn checksums() {
        assert!(base58check(b"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"));
        assert!(!base58check(b"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3"));
        assert!(!base58check(b"11BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2") && !base58check(b"0") && !base58check(b""));
        assert!(bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(!bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
        assert!(!bech32(b"") && !bech32(b"bc1") && !bech32(b"bc1bbbbbbbb"));
    }
}

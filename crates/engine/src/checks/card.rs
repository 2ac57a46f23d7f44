//! Numbers of payment cards.

/// ISO/IEC 7812-1, annex B.
pub(super) fn luhn(bytes: &[u8]) -> bool {
    let mut sum = 0;
    let mut digits = 0_usize;
    let mut same = true;
    let mut first = None;
    for byte in bytes.iter().rev().filter(|byte| byte.is_ascii_digit()) {
        let digit = u32::from(byte - b'0');
        same &= *first.get_or_insert(digit) == digit;
        let doubled = if digits % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
        digits += 1;
    }
    digits >= 12 && !same && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::luhn;

    #[test]
    fn check_digits() {
        assert!(luhn(b"4111 1111 1111 1111"));
        assert!(!luhn(b"4111 1111 1111 1112"));
        assert!(!luhn(b"0000 0000 0000 0000"));
    }
}

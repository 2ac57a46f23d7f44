//! Numbers of banks and accounts.

/// ISO 13616: move the first four characters to the end, letters to numbers, remainder 1 by 97.
pub(super) fn iban(bytes: &[u8]) -> bool {
    let clean: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&clean.len()) {
        return false;
    }
    let Some((head, tail)) = clean.split_at_checked(4) else {
        return false;
    };
    let remainder = tail.iter().chain(head).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.to_ascii_lowercase() - b'a') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::iban;

    #[test]
    fn check_digits() {
        assert!(iban(b"DE89 3704 0044 0532 0130 00"));
        assert!(!iban(b"DE89 3704 0044 0532 0130 01"));
    }
}

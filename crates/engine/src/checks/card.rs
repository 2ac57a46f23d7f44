//! Numbers of payment cards.

use super::digits::{Digits, luhn_sum};

/// Numbers that payment firms publish for tests: they pay nothing and belong to no one.
const TEST_CARDS: [u64; 24] = [
    378_282_246_310_005,
    371_449_635_398_431,
    378_734_493_671_000,
    30_569_309_025_904,
    38_520_000_023_237,
    3_530_111_333_300_000,
    3_566_002_020_360_505,
    4_000_056_655_665_556,
    4_012_888_888_881_881,
    4_111_111_111_111_111,
    4_242_424_242_424_242,
    4_917_610_000_000_000,
    4_988_438_843_884_305,
    5_105_105_105_105_100,
    5_111_111_111_111_118,
    5_200_828_282_828_210,
    5_424_000_000_000_015,
    5_454_545_454_545_454,
    5_555_555_555_554_444,
    2_223_003_122_003_222,
    2_223_000_048_400_011,
    6_011_000_990_139_424,
    6_011_111_111_111_117,
    6_200_000_000_000_005,
];

/// ISO/IEC 7812-1, annex B.
pub(super) fn luhn(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| digits.all().len() >= 12 && digits.luhn())
}

/// A number with a check digit, in the range and of the length of some brand, that is no test card.
pub(super) fn card(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| is_branded(&digits) && digits.luhn() && !is_test(&digits))
}

/// A number published for tests.
pub(super) fn test_card(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| is_test(&digits))
}

fn is_test(digits: &Digits) -> bool {
    TEST_CARDS.contains(&digits.number(0, digits.all().len().min(19)))
}

fn is_branded(digits: &Digits) -> bool {
    let len = digits.all().len();
    match (digits.number(0, 2), digits.number(0, 4)) {
        (34 | 37, _) => len == 15,
        (36 | 38 | 39, _) | (_, 3000..=3059 | 3095) => matches!(len, 14 | 16..=19),
        (35, _) => matches!(len, 16..=19),
        (_, 1800 | 2131) => len == 15,
        (51..=55, _) | (_, 2200..=2204 | 2221..=2720) => matches!(len, 16..=19),
        (40..=49, _) => matches!(len, 13 | 16 | 18 | 19),
        (50 | 56..=58 | 67, _) | (_, 6304 | 6390) => matches!(len, 12..=19),
        (60 | 62 | 64 | 65 | 81, _) => matches!(len, 16..=19),
        _ => false,
    }
}

/// ISO/IEC 7812 over 15 digits: a mobile device.
pub(super) fn imei(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 15).is_some_and(|digits| digits.luhn())
}

/// Ten digits of a provider of health care, counted as behind 80840.
pub(super) fn us_npi(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| (luhn_sum(digits.all()) + 24).is_multiple_of(10))
}

#[cfg(test)]
mod tests {
    use super::{card, imei, luhn, test_card, us_npi};

    #[test]
    fn check_digits() {
        assert!(luhn(b"4111 1111 1111 1111"));
        assert!(!luhn(b"4111 1111 1111 1112"));
        assert!(!luhn(b"0000 0000 0000 0000"));
        assert!(card(b"4539 5787 6362 1486") && !card(b"4539 5787 6362 1487"));
        assert!(!card(b"4111 1111 1111 1111") && test_card(b"4111 1111 1111 1111"));
        // The check digit fits, but no brand has such numbers.
        assert!(luhn(b"9539578763621485") && !card(b"9539578763621485"));
        assert!(imei(b"49-015420-323751-8") && !imei(b"49-015420-323751-9"));
        assert!(us_npi(b"1234567893") && !us_npi(b"1234567894"));
    }
}

//! Telephone numbers: calling codes, lengths by country, and numbers that belong to no one.

/// Calling codes with the least and most digits behind them, where the plan of the country is known well.
const PLANS: &[(u64, usize, usize)] = &[
    (1, 10, 10),
    (7, 10, 10),
    (20, 8, 10),
    (27, 9, 9),
    (30, 10, 10),
    (31, 9, 9),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 8, 11),
    (40, 9, 9),
    (41, 9, 9),
    (43, 7, 13),
    (44, 9, 10),
    (45, 8, 8),
    (46, 7, 9),
    (47, 8, 8),
    (48, 9, 9),
    (49, 6, 12),
    (51, 8, 9),
    (52, 10, 11),
    (53, 6, 8),
    (54, 10, 11),
    (55, 10, 11),
    (56, 9, 9),
    (57, 8, 10),
    (58, 10, 10),
    (60, 8, 10),
    (61, 9, 9),
    (62, 8, 12),
    (63, 8, 10),
    (64, 8, 10),
    (65, 8, 8),
    (66, 8, 9),
    (81, 9, 10),
    (82, 8, 10),
    (84, 9, 10),
    (86, 10, 11),
    (90, 10, 10),
    (91, 10, 10),
    (92, 9, 10),
    (93, 9, 9),
    (94, 9, 9),
    (95, 7, 10),
    (98, 10, 10),
];
/// The first two digits of the calling codes of three digits.
const LONG_CODES: &[u64] = &[
    21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99,
];

/// A number somebody may answer: of a length that its country has, none for fiction, none toll-free.
pub(super) fn phone(bytes: &[u8]) -> bool {
    let mut digits = [0_u8; 20];
    let mut len = 0;
    // An extension is no part of the number.
    for byte in bytes
        .iter()
        .take_while(|byte| **byte != b'x')
        .filter(|byte| byte.is_ascii_digit())
    {
        let Some(slot) = digits.get_mut(len) else { return false };
        *slot = *byte;
        len += 1;
    }
    let digits = digits.get(..len).unwrap_or_default();
    let number = |part: &[u8]| {
        part.iter()
            .fold(0_u64, |number, byte| number * 10 + u64::from(byte - b'0'))
    };
    let mut others = digits.windows(2).filter(|pair| pair.first() != pair.last());
    if others.next().is_none() {
        return false;
    }
    let national = match bytes.first() {
        Some(b'+') => digits,
        _ if digits.starts_with(b"00") => digits.get(2..).unwrap_or_default(),
        _ => return (7..=13).contains(&len) && is_american_or_none(digits, &number),
    };
    let behind = |code: usize| national.len().saturating_sub(code);
    let code = |len: usize| number(national.get(..len).unwrap_or_default());
    if let Some((_, least, most)) = PLANS
        .iter()
        .find(|(known, ..)| code(if *known < 10 { 1 } else { 2 }) == *known)
    {
        let plan_len = if matches!(code(1), 1 | 7) { 1 } else { 2 };
        // People write the zero of the trunk in brackets as well.
        let fits = (*least..=*most + 1).contains(&behind(plan_len));
        return fits && (code(1) != 1 || is_american_or_none(national.get(1..).unwrap_or_default(), &number));
    }
    LONG_CODES.contains(&code(2)) && (6..=10).contains(&behind(3))
}

/// Whether a number of ten digits, if it is American, is somebody's: 555-0100 to 555-0199 are for fiction.
fn is_american_or_none(digits: &[u8], number: &impl Fn(&[u8]) -> u64) -> bool {
    let digits = match digits {
        [b'1', rest @ ..] if rest.len() == 10 => rest,
        other => other,
    };
    let (area, local) = match digits.len() {
        10 => digits.split_at(3),
        7 => (b"".as_slice(), digits),
        _ => return true,
    };
    let toll_free = matches!(number(area), 800 | 833 | 844 | 855 | 866 | 877 | 888);
    let fiction = matches!(
        number(local),
        5_550_100..=5_550_199 | 5_551_212 | 5_551_234 | 1_234_567 | 4_567_890
    );
    !toll_free && !fiction
}

#[cfg(test)]
mod tests {
    use super::phone;

    #[test]
    fn numbers_that_somebody_may_answer() {
        for real in [
            "+44 7700 118 204",
            "+1-604-218-5272",
            "+81 90 6123 8841",
            "0049 30 9018 2233",
            "(312) 867 4410",
            "13800138955",
            "01 42 68 53 71",
            "+358 40 123 4567",
            "780-848-2181 x12",
            "60-56-85-91",
            "218-5272",
        ] {
            assert!(phone(real.as_bytes()), "{real}");
        }
        for none in [
            "1-800-555-0100",
            "555-0142",
            "(212) 555-0142",
            "+830 123 4567",
            "+33 1 23",
            "000-000-0000",
            "123-456-7890",
            "+",
            "",
        ] {
            assert!(!phone(none.as_bytes()), "{none}");
        }
    }
}

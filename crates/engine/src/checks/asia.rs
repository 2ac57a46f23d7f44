//! Numbers of people and firms in Asia, Africa and the Pacific.

use super::digits::{DateParts, Digits, compact, is_day, value_of};

/// The dihedral group of ten, as the scheme of Verhoeff multiplies in it.
const fn verhoeff_product(a: usize, b: usize) -> usize {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// What a digit becomes in each place from the right.
const VERHOEFF: [[usize; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// Indian person: twelve digits by Verhoeff; none begins with 0 or 1.
pub(super) fn in_aadhaar(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 12).is_some_and(|digits| {
        let turned = digits.all().iter().rev().zip(VERHOEFF.iter().cycle());
        let value = |digit: u8, row: &[usize; 10]| row.get(usize::from(digit)).copied().unwrap_or(0);
        let check = turned.fold(0, |product, (digit, row)| verhoeff_product(product, value(*digit, row)));
        digits.at(0) > 1 && check == 0
    })
}

/// Indian goods and services tax number: a state, then weights 1 and 2, by 36.
pub(super) fn in_gstin(bytes: &[u8]) -> bool {
    let Some([body @ .., check]) = compact::<15>(bytes) else {
        return false;
    };
    let products = body
        .iter()
        .zip([1, 2].iter().cycle())
        .map(|(byte, weight)| value_of(*byte) * weight);
    let sum: u32 = products.map(|product| product / 36 + product % 36).sum();
    let state = body.iter().take(2).fold(0, |state, byte| state * 10 + value_of(*byte));
    matches!(state, 1..=38 | 97 | 99) && (36 - sum % 36) % 36 == value_of(check)
}

/// Chinese resident: an area, a day of birth; powers of two by eleven, the tenth is X.
pub(super) fn cn_resident(bytes: &[u8]) -> bool {
    let Some([body @ .., check]) = compact::<18>(bytes) else {
        return false;
    };
    Digits::exactly(&body, 17).is_some_and(|digits| {
        let sum = digits.weighted(&[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
        let area =
            matches!(digits.number(0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
        let born = (1900..=2099).contains(&digits.number(6, 4)) && is_day(digits.number(10, 2), digits.number(12, 2));
        area && born && b"10X98765432".get(sum as usize % 11) == Some(&check)
    })
}

/// Japanese person: weights 6 to 2, then 7 to 2.
pub(super) fn jp_my_number(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 12).is_some_and(|digits| {
        let rest = digits.weighted(&[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        digits.at(11) == if rest <= 1 { 0 } else { 11 - rest }
    })
}

/// Korean resident: a day of birth and a digit that tells century and sex. Numbers since 2020 are drawn by
/// chance, so their check digit says nothing.
pub(super) fn kr_rrn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13)
        .is_some_and(|digits| digits.has_date(0, DateParts::YearMonthDay) && matches!(digits.at(6), 1..=8))
}

/// Person in Singapore: weights 2, 7 to 2; the letter depends on the first.
pub(super) fn sg_nric(bytes: &[u8]) -> bool {
    let Some([kind, body @ .., check]) = compact::<9>(bytes) else {
        return false;
    };
    Digits::exactly(&body, 7).is_some_and(|digits| {
        let sum = digits.weighted(&[2, 7, 6, 5, 4, 3, 2]) as usize;
        let wanted = match kind {
            b'S' => b"JZIHGFEDCBA".get(sum % 11),
            b'T' => b"JZIHGFEDCBA".get((sum + 4) % 11),
            b'F' => b"XWUTRQPNMLK".get(sum % 11),
            b'G' => b"XWUTRQPNMLK".get((sum + 4) % 11),
            b'M' => b"XWUTRQPNJLK".get((sum + 3) % 11),
            _ => None,
        };
        wanted == Some(&check)
    })
}

/// Person in Taiwan: the letter as two digits, weights 1, 9 to 1, 1.
pub(super) fn tw_id(bytes: &[u8]) -> bool {
    // Letters in the order of their numbers, from 10.
    const LETTERS: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some([letter, body @ ..]) = compact::<10>(bytes) else {
        return false;
    };
    let Some(place) = (10..).zip(LETTERS).find(|(_, known)| **known == letter) else {
        return false;
    };
    Digits::exactly(&body, 9).is_some_and(|digits| {
        let sum = place.0 / 10 + place.0 % 10 * 9 + digits.weighted(&[8, 7, 6, 5, 4, 3, 2, 1, 1]);
        matches!(digits.at(0), 1 | 2 | 8 | 9) && sum % 10 == 0
    })
}

/// Thai person: weights 13 to 2, by eleven and by ten.
pub(super) fn th_id(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13).is_some_and(|digits| {
        let rest = digits.weighted(&[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        (11 - rest) % 10 == digits.at(12) && matches!(digits.at(0), 1..=8)
    })
}

/// Person in Hong Kong: one or two letters, six digits; weights 9 to 1, by eleven, the tenth is A.
pub(super) fn hk_id(bytes: &[u8]) -> bool {
    let clean: Vec<u8> = bytes
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_uppercase)
        .collect();
    let Some((check, body)) = clean.split_last() else {
        return false;
    };
    // Where there is one letter, a space stands for the other.
    let front = if body.len() == 7 { 36 * 9 } else { 0 };
    let products = body
        .iter()
        .rev()
        .zip(2..)
        .map(|(byte, weight)| value_of(*byte) * weight);
    let rest = (front + products.sum::<u32>()) % 11;
    let wanted = match rest {
        0 => b'0',
        1 => b'A',
        rest => b'0' + u8::try_from(11 - rest).unwrap_or(0),
    };
    matches!(body.len(), 7 | 8) && *check == wanted
}

/// Person in Malaysia: a day of birth and a place.
pub(super) fn my_nric(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 12).is_some_and(|digits| {
        let place = matches!(digits.number(6, 2), 1..=16 | 21..=68 | 71 | 72 | 74..=79 | 82..=93 | 98 | 99);
        place && digits.has_date(0, DateParts::YearMonthDay)
    })
}

/// Person in Indonesia: a region and a day of birth, to which women add 40.
pub(super) fn id_nik(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 16).is_some_and(|digits| {
        matches!(digits.number(0, 2), 11..=99) && is_day(digits.number(8, 2), digits.number(6, 2) % 40)
    })
}

/// Person in the Emirates: 784, a year of birth; ISO/IEC 7812.
pub(super) fn ae_id(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 15)
        .is_some_and(|digits| digits.number(0, 3) == 784 && matches!(digits.number(3, 4), 1900..=2099) && digits.luhn())
}

/// Israeli person: up to nine digits, ISO/IEC 7812.
pub(super) fn il_id(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| matches!(digits.all().len(), 8 | 9) && digits.luhn())
}

/// South African person: a day of birth, citizen or resident; ISO/IEC 7812.
pub(super) fn za_id(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13).is_some_and(|digits| {
        digits.has_date(0, DateParts::YearMonthDay) && matches!(digits.at(10), 0..=2) && digits.luhn()
    })
}

/// Australian taxpayer: weights by eleven.
pub(super) fn au_tfn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| digits.weighted(&[1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0)
}

/// Australian firm: the first digit less one, weights by 89.
pub(super) fn au_abn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let sum = digits.weighted(&[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
        digits.at(0) != 0 && (sum - 10) % 89 == 0
    })
}

/// Australian health card: the ninth digit checks the first eight.
pub(super) fn au_medicare(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| {
        let sum = digits.weighted(&[1, 3, 7, 9, 1, 3, 7, 9]);
        matches!(digits.all().len(), 10 | 11) && matches!(digits.at(0), 2..=6) && sum % 10 == digits.at(8)
    })
}

/// New Zealand taxpayer: eight or nine digits, two rounds of weights.
pub(super) fn nz_ird(bytes: &[u8]) -> bool {
    let Some(digits) = Digits::of(bytes) else {
        return false;
    };
    let short = digits.all().len() == 8;
    let rest = |weights: &[u32]| digits.weighted(weights.get(usize::from(short)..).unwrap_or_default()) % 11;
    let first = rest(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let rest = if first == 1 {
        rest(&[7, 4, 3, 2, 5, 2, 7, 6])
    } else {
        first
    };
    let check = (11 - rest) % 11;
    let given_out = (10_000_000..150_000_000).contains(&digits.number(0, digits.all().len()));
    given_out && matches!(digits.all().len(), 8 | 9) && check != 10 && check == digits.at(digits.all().len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(in_aadhaar(b"2341 2341 2346") && !in_aadhaar(b"2341 2341 2347"));
        assert!(in_gstin(b"27AAPFU0939F1ZV") && !in_gstin(b"27AAPFU0939F1ZO"));
        assert!(cn_resident(b"11010519491231002X") && !cn_resident(b"110105194912310021"));
        assert!(jp_my_number(b"5621 2342 3419") && !jp_my_number(b"562123423410"));
        assert!(kr_rrn(b"971013-1019902") && !kr_rrn(b"971013-9019902") && !kr_rrn(b"971313-1019902"));
        assert!(sg_nric(b"S1234567D") && !sg_nric(b"S1234567E") && sg_nric(b"M1234567K"));
        assert!(tw_id(b"A123456789") && !tw_id(b"A123456788"));
        assert!(th_id(b"1-1017-00230-70-8") && !th_id(b"1101700230707"));
        assert!(hk_id(b"A123456(3)") && !hk_id(b"A123456(4)") && !hk_id(b""));
        assert!(my_nric(b"770305-02-1234") && !my_nric(b"771305-02-1234"));
        assert!(id_nik(b"3171011708450001") && !id_nik(b"3171013218450001"));
        assert!(ae_id(b"784-1980-1234567-8") && !ae_id(b"784-1980-1234567-9"));
        assert!(il_id(b"3933742-3") && !il_id(b"3933742-2"));
        assert!(za_id(b"7503305044089") && !za_id(b"8503305044089"));
        assert!(au_tfn(b"123 456 782") && !au_tfn(b"999 999 999"));
        assert!(au_abn(b"83 914 571 673") && !au_abn(b"99 999 999 999"));
        assert!(au_medicare(b"2123 45670 1") && !au_medicare(b"2123 45678 1"));
        assert!(nz_ird(b"49-091-850") && nz_ird(b"136-410-132") && !nz_ird(b"136-410-133"));
    }
}

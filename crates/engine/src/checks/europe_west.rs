//! Numbers of people and firms in western and southern Europe.

use super::digits::{Digits, compact, is_day, iso_11_10, luhn_sum, value_of};

/// German tax number of a person: MOD 11,10, and among the first ten digits one stands twice or thrice.
pub(super) fn de_tax(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let body = digits.all().get(..10).unwrap_or_default();
        let times = |wanted: u8| body.iter().filter(|digit| **digit == wanted).count();
        let most = (0..=9).map(times).max().unwrap_or(0);
        let repeated = (0..=9).filter(|digit| times(*digit) > 1).count();
        digits.at(0) != 0 && matches!(most, 2 | 3) && repeated == 1 && iso_11_10(digits.all())
    })
}

/// Document number of ICAO 9303 with its check digit: weights 7, 3 and 1.
pub(super) fn icao(bytes: &[u8]) -> bool {
    compact::<10>(bytes).is_some_and(|number| {
        let Some((check, body)) = number.split_last() else {
            return false;
        };
        let weights = [7, 3, 1].iter().cycle();
        let sum: u32 = body
            .iter()
            .zip(weights)
            .map(|(byte, weight)| value_of(*byte) * weight)
            .sum();
        check.is_ascii_digit() && sum % 10 == value_of(*check)
    })
}

/// German pension insurance: area, day of birth, a letter as two digits, serial; digit sums of products.
pub(super) fn de_social(bytes: &[u8]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
    let Some(number) = compact::<12>(bytes) else {
        return false;
    };
    let [front @ .., letter, first, second, check] = number;
    if !letter.is_ascii_uppercase() || !front.iter().chain([&first, &second, &check]).all(u8::is_ascii_digit) {
        return false;
    }
    let place = value_of(letter) - 9;
    let values = front.iter().map(|byte| value_of(*byte));
    let values = values.chain([place / 10, place % 10, value_of(first), value_of(second)]);
    let products = values.zip(WEIGHTS).map(|(value, weight)| value * weight);
    let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
    sum % 10 == value_of(check)
}

/// French number of the directory: 97 less the remainder of the first 13 digits; Corsica writes 2A and 2B.
pub(super) fn fr_nir(bytes: &[u8]) -> bool {
    let Some(number) = compact::<15>(bytes) else {
        return false;
    };
    let corsica = match number.get(5..7) {
        Some(b"2A") => Some((b'1', b'9')),
        Some(b"2B") => Some((b'1', b'8')),
        _ => None,
    };
    let mut plain = number;
    if let (Some((tens, ones)), [_, _, _, _, _, a, b, ..]) = (corsica, &mut plain) {
        (*a, *b) = (tens, ones);
    }
    plain.iter().all(u8::is_ascii_digit)
        && Digits::exactly(&plain, 15).is_some_and(|digits| 97 - digits.number(0, 13) % 97 == digits.number(13, 2))
}

/// French firm: nine digits, ISO/IEC 7812.
pub(super) fn fr_siren(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| digits.luhn())
}

/// French establishment: a firm and five digits more, ISO/IEC 7812 over both.
pub(super) fn fr_siret(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 14).is_some_and(|digits| {
        let firm = digits.all().get(..9).unwrap_or_default();
        digits.luhn() && luhn_sum(firm).is_multiple_of(10)
    })
}

const SPANISH_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Spanish identity number: the letter that the remainder by 23 names.
pub(super) fn es_dni(bytes: &[u8]) -> bool {
    compact::<9>(bytes).is_some_and(|number| spanish_letter_fits(number, b'0'))
}

/// The same for foreigners: X, Y and Z stand for 0, 1 and 2.
pub(super) fn es_nie(bytes: &[u8]) -> bool {
    compact::<9>(bytes).is_some_and(|number| match number {
        [first @ b'X'..=b'Z', ..] => spanish_letter_fits(number, first - b'X' + b'0'),
        _ => false,
    })
}

fn spanish_letter_fits(number: [u8; 9], first: u8) -> bool {
    let [own, middle @ .., letter] = number;
    let first = if own.is_ascii_digit() { own } else { first };
    let mut digits = [first; 8];
    for (to, from) in digits.iter_mut().skip(1).zip(middle) {
        *to = from;
    }
    let remainder = Digits::exactly(&digits, 8).map(|digits| digits.number(0, 8) % 23);
    remainder
        .and_then(|remainder| SPANISH_LETTERS.get(usize::try_from(remainder).ok()?))
        .is_some_and(|wanted| *wanted == letter)
}

/// Spanish firm: digits in odd places count twice, digit by digit; the check is a digit or a letter.
pub(super) fn es_cif(bytes: &[u8]) -> bool {
    let Some([kind, body @ .., check]) = compact::<9>(bytes) else {
        return false;
    };
    if !kind.is_ascii_uppercase() || !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let odd = body.iter().step_by(2).map(|byte| value_of(*byte) * 2);
    let even: u32 = body.iter().skip(1).step_by(2).map(|byte| value_of(*byte)).sum();
    let sum = odd.map(|double| double / 10 + double % 10).sum::<u32>() + even;
    let digit = (10 - sum % 10) % 10;
    value_of(check) == digit || b"JABCDEFGHI".get(digit as usize) == Some(&check)
}

/// Values of characters in odd places of an Italian fiscal code, 0 to 9 and A to Z.
const ITALIAN_ODD: [u32; 36] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
    22, 25, 24, 23,
];

/// Italian fiscal code: odd places by a table, even ones as they are; the rest by 26 is the last letter.
pub(super) fn it_fiscal_code(bytes: &[u8]) -> bool {
    let Some([body @ .., check]) = compact::<16>(bytes) else {
        return false;
    };
    let even = |byte: u8| {
        if byte.is_ascii_digit() {
            value_of(byte)
        } else {
            value_of(byte) - 10
        }
    };
    let value = |(place, byte): (usize, &u8)| match place % 2 {
        0 => ITALIAN_ODD.get(value_of(*byte) as usize).copied().unwrap_or(0),
        _ => even(*byte),
    };
    let sum: u32 = body.iter().enumerate().map(value).sum();
    check.is_ascii_uppercase() && sum % 26 == even(check)
}

/// Italian value-added tax number: eleven digits, ISO/IEC 7812, the office that gave it out before the last.
pub(super) fn it_vat(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let office = matches!(digits.number(7, 3), 1..=100 | 120 | 121 | 888 | 999);
        office && digits.number(0, 7) > 0 && digits.luhn()
    })
}

/// Portuguese tax number: weights 9 to 2, eleven less the remainder, ten and eleven as zero.
pub(super) fn pt_nif(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| {
        let check = 11 - digits.weighted(&[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        let kind = matches!(digits.at(0), 1..=3 | 5 | 6 | 8) || matches!(digits.number(0, 2), 45 | 70..=79 | 90..=99);
        kind && (if check > 9 { 0 } else { check }) == digits.at(8)
    })
}

/// Dutch citizen number: the test of eleven, the last digit counts minus one.
pub(super) fn nl_bsn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| {
        let sum = digits.weighted(&[9, 8, 7, 6, 5, 4, 3, 2]);
        sum % 11 == digits.at(8) % 11 && digits.number(0, 9) > 999_999
    })
}

/// Belgian national number: 97 less the remainder, with a 2 in front for those born since 2000.
pub(super) fn be_national(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let (body, check) = (digits.number(0, 9), digits.number(9, 2));
        // People whose day of birth is not known have zeros, others more months than there are.
        let month = digits.number(2, 2) % 20;
        let dated = month == 0 || is_day(month, digits.number(4, 2).max(1));
        dated && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
    })
}

/// Health number of England and Wales: weights 10 to 2, eleven less the remainder.
pub(super) fn gb_nhs(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        let check = 11 - digits.weighted(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        check % 11 == digits.at(9) && check != 10
    })
}

/// Irish public service number: weights 8 to 2, the letter that the remainder by 23 names; a second letter
/// counts nine times.
pub(super) fn ie_pps(bytes: &[u8]) -> bool {
    let mut clean = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let mut sum = 0;
    for weight in (2..=8).rev() {
        match clean.next() {
            Some(byte) if byte.is_ascii_digit() => sum += value_of(*byte) * weight,
            _ => return false,
        }
    }
    let Some(letter) = clean.next().filter(|byte| byte.is_ascii_alphabetic()) else {
        return false;
    };
    let second = clean.next().map_or(0, |byte| value_of(*byte).wrapping_sub(9));
    // W stands for no one in old numbers.
    let second = if second == 23 { 0 } else { second };
    let wanted = (sum + second.wrapping_mul(9)) % 23;
    value_of(*letter).wrapping_sub(9) % 23 == wanted && clean.next().is_none()
}

/// Austrian insurance number: weights around the check digit in the fourth place, then a day of birth.
pub(super) fn at_svnr(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        let sum = digits.weighted(&[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
        let month = digits.number(6, 2);
        digits.at(0) > 0 && sum % 11 == digits.at(3) && is_day(if month > 12 { 12 } else { month }, digits.number(4, 2))
    })
}

/// Swiss insurance number: a bar code of 13 digits that begins with the country's 756.
pub(super) fn ch_ahv(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13).is_some_and(|digits| {
        let sum = digits.weighted(&[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
        digits.number(0, 3) == 756 && sum % 10 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(de_tax(b"86095742719") && !de_tax(b"86095742718"));
        assert!(icao(b"L01X00T471") && !icao(b"L01X00T472"));
        assert!(de_social(b"15070649C103") && !de_social(b"15070649C104"));
        assert!(fr_nir(b"2 95 10 99 126 111 93") && !fr_nir(b"2 95 10 99 126 111 94"));
        assert!(fr_siren(b"552 008 443") && fr_siret(b"73282932000074") && !fr_siret(b"73282932000075"));
        assert!(es_dni(b"54362315K") && !es_dni(b"54362315Z"));
        assert!(es_nie(b"X-5253868-R") && !es_nie(b"X5253868S") && !es_nie(b"A5253868R"));
        assert!(es_cif(b"J99216582") && !es_cif(b"J99216583"));
        assert!(it_fiscal_code(b"RCCMNL83S18D969H") && !it_fiscal_code(b"RCCMNL83S18D969I"));
        assert!(it_vat(b"00743110157") && !it_vat(b"00743110158"));
        assert!(pt_nif(b"501964843") && !pt_nif(b"501964842"));
        assert!(nl_bsn(b"111222333") && !nl_bsn(b"111252333"));
        assert!(be_national(b"85.07.30-033.28") && !be_national(b"85.07.30-033.29"));
        assert!(gb_nhs(b"943 476 5870") && !gb_nhs(b"943 476 5871"));
        assert!(ie_pps(b"6433435F") && ie_pps(b"6433435OA") && !ie_pps(b"6433435E"));
        assert!(at_svnr(b"1237 010180") && !at_svnr(b"2237 010180"));
        assert!(ch_ahv(b"756.9217.0769.85") && !ch_ahv(b"756.9217.0769.84"));
    }
}

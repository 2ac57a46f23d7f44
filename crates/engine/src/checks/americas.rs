//! Numbers of people and firms in the Americas.

use super::digits::{DateParts, Digits, compact, is_day, value_of};

/// Social security number: area, group and serial that are given out, and none of those that are known
/// from advertisements.
pub(super) fn us_ssn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| {
        let (area, group, serial) = (digits.number(0, 3), digits.number(3, 2), digits.number(5, 4));
        let famous = matches!(
            digits.number(0, 9),
            78_051_120 | 219_099_999 | 123_456_789 | 987_654_321
        );
        area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !famous
    })
}

/// Registration to prescribe: two letters and seven digits, odd places and twice the even ones.
pub(super) fn us_dea(bytes: &[u8]) -> bool {
    let Some([kind, name, digits @ ..]) = compact::<9>(bytes) else {
        return false;
    };
    // The second is the first of a family name, or a 9 for a firm.
    kind.is_ascii_uppercase()
        && (name.is_ascii_uppercase() || name == b'9')
        && digits.iter().all(u8::is_ascii_digit)
        && Digits::exactly(&digits, 7).is_some_and(|digits| digits.weighted(&[1, 2, 1, 2, 1, 2]) % 10 == digits.at(6))
}

/// Canadian insurance number: nine digits, ISO/IEC 7812; none begins with 0 or 8.
pub(super) fn ca_sin(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| digits.luhn() && !matches!(digits.at(0), 0 | 8))
}

/// Brazilian person: two digits by eleven, weights 10 to 2 and 11 to 2.
pub(super) fn br_cpf(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let check = |sum: u32| sum * 10 % 11 % 10;
        check(digits.weighted(&[10, 9, 8, 7, 6, 5, 4, 3, 2])) == digits.at(9)
            && check(digits.weighted(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == digits.at(10)
    })
}

/// Brazilian firm: the same with weights that run from 2 to 9.
pub(super) fn br_cnpj(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 14).is_some_and(|digits| {
        let check = |sum: u32| sum * 10 % 11 % 10;
        check(digits.weighted(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == digits.at(12)
            && check(digits.weighted(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == digits.at(13)
    })
}

/// Mexican person: letters of the name, a day of birth, a state; weights 18 to 2.
pub(super) fn mx_curp(bytes: &[u8]) -> bool {
    let Some([body @ .., check]) = compact::<18>(bytes) else {
        return false;
    };
    // Letters behind N count one more: Ñ stands between.
    let value = |byte: u8| value_of(byte) + u32::from(byte > b'N');
    let products = body
        .iter()
        .zip((2..=18).rev())
        .map(|(byte, weight)| value(*byte) * weight);
    let dated = Digits::of(body.get(4..10).unwrap_or_default())
        .is_some_and(|digits| digits.all().len() == 6 && digits.has_date(0, DateParts::YearMonthDay));
    dated && (10 - products.sum::<u32>() % 10) % 10 == value_of(check)
}

/// Mexican tax number of a person (13 characters) or a firm (12): letters, a date; weights 13 to 2.
pub(super) fn mx_rfc(bytes: &[u8]) -> bool {
    let clean: Vec<u8> = bytes
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_uppercase)
        .collect();
    let Some(([check], body)) = clean.split_last_chunk::<1>().map(|(body, check)| (check, body)) else {
        return false;
    };
    let letters = body.len().wrapping_sub(8);
    if !matches!(letters, 3 | 4) {
        return false;
    }
    // 0 to 9, A to N, &, O to Z; a firm has a space in front, which is 37.
    let value = |byte: u8| value_of(byte) + u32::from(byte > b'N');
    let front = if letters == 3 { 37 * 13 } else { 0 };
    let products = body.iter().rev().zip(2..).map(|(byte, weight)| value(*byte) * weight);
    let rest = (front + products.sum::<u32>()) % 11;
    let wanted = match rest {
        0 => b'0',
        1 => b'A',
        rest => b'0' + u8::try_from(11 - rest).unwrap_or(0),
    };
    let dated = Digits::of(body.get(letters..letters + 6).unwrap_or_default())
        .is_some_and(|digits| digits.all().len() == 6 && digits.has_date(0, DateParts::YearMonthDay));
    dated && *check == wanted
}

/// Argentine person or firm: weights 5 to 2, then 7 to 2.
pub(super) fn ar_cuit(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let kind = matches!(digits.number(0, 2), 20 | 23 | 24 | 27 | 30 | 33 | 34);
        kind && digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0
    })
}

/// Chilean person or firm: weights 2 to 7 from the right, the tenth is K.
pub(super) fn cl_rut(bytes: &[u8]) -> bool {
    let clean: Vec<u8> = bytes
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .copied()
        .collect();
    let Some((check, body)) = clean.split_last() else {
        return false;
    };
    let weights = (2..=7).cycle();
    let sum: u32 = body
        .iter()
        .rev()
        .zip(weights)
        .map(|(byte, weight)| value_of(*byte) * weight)
        .sum();
    let wanted = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    matches!(body.len(), 7 | 8)
        && body.iter().all(u8::is_ascii_digit)
        && Digits::of(body).is_some()
        && check.to_ascii_uppercase() == wanted
}

/// Colombian firm or person: primes as weights.
pub(super) fn co_nit(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        let rest = digits.weighted(&[41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
        digits.at(9) == if rest < 2 { rest } else { 11 - rest }
    })
}

/// Ecuadorian person: a province, and ten digits by ISO/IEC 7812.
pub(super) fn ec_cedula(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10)
        .is_some_and(|digits| matches!(digits.number(0, 2), 1..=24 | 30 | 50) && digits.at(2) < 6 && digits.luhn())
}

/// Peruvian taxpayer: weights 5 to 2, then 7 to 2.
pub(super) fn pe_ruc(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let check = (11 - digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10;
        matches!(digits.number(0, 2), 10 | 15 | 17 | 20) && check == digits.at(10)
    })
}

/// A day written in digits, in any order of its parts.
pub(super) fn date(bytes: &[u8]) -> bool {
    let mut parts = [0_u64; 3];
    let groups = bytes
        .split(|byte| !byte.is_ascii_digit())
        .filter(|group| !group.is_empty());
    let mut count = 0;
    for group in groups {
        let Some(slot) = parts.get_mut(count) else { return false };
        *slot = group
            .iter()
            .fold(0, |number, byte| (number * 10 + u64::from(byte - b'0')).min(9999));
        count += 1;
    }
    let [a, b, c] = parts;
    count == 3
        && if a > 31 {
            (1900..=2099).contains(&a) && is_day(b, c)
        } else {
            is_day(b, a) || is_day(a, b)
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(
            us_ssn(b"514-38-0360") && !us_ssn(b"666-38-0360") && !us_ssn(b"078-05-1120") && !us_ssn(b"514-00-0360")
        );
        assert!(us_dea(b"AB1234563") && !us_dea(b"AB1234564"));
        assert!(ca_sin(b"123-456-782") && !ca_sin(b"999-999-999") && !ca_sin(b"046 454 286"));
        assert!(br_cpf(b"390.533.447-05") && !br_cpf(b"231.002.999-00"));
        assert!(br_cnpj(b"16.727.230/0001-97") && !br_cnpj(b"16.727.230/0001-98"));
        assert!(mx_curp(b"BOXW310820HNERXN09") && !mx_curp(b"BOXW310820HNERXN08"));
        assert!(mx_rfc(b"GODE561231GR8") && !mx_rfc(b"GODE561231GR9") && !mx_rfc(b""));
        assert!(ar_cuit(b"20-05536168-2") && !ar_cuit(b"20-05536168-3"));
        assert!(cl_rut(b"12.531.909-2") && !cl_rut(b"12531909-3") && !cl_rut(b""));
        assert!(co_nit(b"213.123.432-1") && !co_nit(b"2131234325"));
        assert!(ec_cedula(b"171430710-3") && !ec_cedula(b"171430710-4"));
        assert!(pe_ruc(b"20512333797") && !pe_ruc(b"20512333798"));
        assert!(
            date(b"04/17/1988") && date(b"17.4.88") && date(b"1985-04-12") && !date(b"32.13.1999") && !date(b"1.2")
        );
    }
}

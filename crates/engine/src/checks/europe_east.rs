//! Numbers of people and firms in northern and eastern Europe, Türkiye included.

use super::digits::{DateParts, Digits, compact, is_day, iso_11_10, luhn_sum};

/// Polish person: weights 1, 3, 7 and 9; the month tells the century.
pub(super) fn pl_pesel(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let sum = digits.weighted(&[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
        sum % 10 == 0 && is_day(digits.number(2, 2) % 20, digits.number(4, 2))
    })
}

/// Polish tax number.
pub(super) fn pl_nip(bytes: &[u8]) -> bool {
    let sum = |digits: &Digits| digits.weighted(&[6, 5, 7, 2, 3, 4, 5, 6, 7]);
    Digits::exactly(bytes, 10).is_some_and(|digits| sum(&digits) % 11 == digits.at(9))
}

/// Polish firm, the short form.
pub(super) fn pl_regon(bytes: &[u8]) -> bool {
    let sum = |digits: &Digits| digits.weighted(&[8, 9, 2, 3, 4, 5, 6, 7]);
    Digits::exactly(bytes, 9).is_some_and(|digits| sum(&digits) % 11 % 10 == digits.at(8))
}

/// Swedish person or firm: ISO/IEC 7812 over the last ten digits; a person has a day of birth, raised by
/// 60 for those who were only coordinated.
pub(super) fn se_person(bytes: &[u8]) -> bool {
    Digits::of(bytes).is_some_and(|digits| {
        let Some(from) = digits.all().len().checked_sub(10).filter(|from| matches!(from, 0 | 2)) else {
            return false;
        };
        let day = digits.number(from + 4, 2);
        let dated = is_day(digits.number(from + 2, 2), if day > 60 { day - 60 } else { day });
        dated && luhn_sum(digits.all().get(from..).unwrap_or_default()).is_multiple_of(10)
    })
}

/// Norwegian person: two digits by eleven; D-numbers add 40 to the day, H-numbers to the month.
pub(super) fn no_person(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let first = digits.weighted(&[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
        let second = digits.weighted(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
        let dated = is_day(digits.number(2, 2) % 40, digits.number(0, 2) % 40);
        dated && first % 11 == 0 && second % 11 == 0
    })
}

/// Danish person: a day of birth. Its sum by eleven ran out in 2007 and says nothing any more.
pub(super) fn dk_cpr(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| digits.has_date(0, DateParts::DayMonthYear))
}

/// Finnish person: a day of birth and the letter that the remainder by 31 names.
pub(super) fn fi_hetu(bytes: &[u8]) -> bool {
    const LETTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    // The sign of the century may be a letter.
    let (Some(date), Some([.., a, b, c, check])) = (bytes.get(..6), bytes.get(7..)) else {
        return false;
    };
    let number: Vec<u8> = date.iter().chain([a, b, c]).copied().collect();
    Digits::exactly(&number, 9).is_some_and(|digits| {
        let remainder = usize::try_from(digits.number(0, 9) % 31).unwrap_or(0);
        digits.has_date(0, DateParts::DayMonthYear) && LETTERS.get(remainder) == Some(&check.to_ascii_uppercase())
    })
}

/// Czech or Slovak person: divisible by eleven; women add 50 to the month, the crowded years 20 more.
pub(super) fn cz_rc(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        let number = digits.number(0, 10);
        let fits = number % 11 == 0 || digits.number(0, 9) % 11 == 10 && digits.at(9) == 0;
        let month = digits.number(2, 2) % 50;
        fits && is_day(if month > 20 { month - 20 } else { month }, digits.number(4, 2))
    })
}

/// Romanian person: weights 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9, a day of birth and a county.
pub(super) fn ro_cnp(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13).is_some_and(|digits| {
        let rest = digits.weighted(&[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        let county = matches!(digits.number(7, 2), 1..=48 | 51 | 52 | 70 | 80..=83);
        county
            && digits.at(0) != 0
            && digits.has_date(1, DateParts::YearMonthDay)
            && digits.at(12) == if rest == 10 { 1 } else { rest }
    })
}

/// Greek tax number: powers of two, then by eleven and by ten.
pub(super) fn gr_afm(bytes: &[u8]) -> bool {
    let sum = |digits: &Digits| digits.weighted(&[256, 128, 64, 32, 16, 8, 4, 2]);
    Digits::exactly(bytes, 9).is_some_and(|digits| sum(&digits) % 11 % 10 == digits.at(8))
}

/// Greek insurance number: a day of birth, ISO/IEC 7812.
pub(super) fn gr_amka(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| digits.luhn() && digits.has_date(0, DateParts::DayMonthYear))
}

/// Bulgarian person: weights are powers of two by eleven; the month tells the century.
pub(super) fn bg_egn(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        let rest = digits.weighted(&[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
        // Twenty more months stand for the century before, forty more for the one after.
        let month = digits.number(2, 2);
        rest == digits.at(9) && month <= 52 && is_day(month % 20, digits.number(4, 2))
    })
}

/// Croatian person or firm: MOD 11,10.
pub(super) fn hr_oib(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| iso_11_10(digits.all()))
}

/// Person of the countries of former Yugoslavia: a day of birth, weights 7 to 2 twice.
pub(super) fn jmbg(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 13).is_some_and(|digits| {
        let rest = 11 - digits.weighted(&[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        (if rest > 9 { 0 } else { rest }) == digits.at(12) && is_day(digits.number(2, 2), digits.number(0, 2))
    })
}

/// Hungarian tax number of a person: begins with 8, weights 1 to 9.
pub(super) fn hu_tax(bytes: &[u8]) -> bool {
    let sum = |digits: &Digits| digits.weighted(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    Digits::exactly(bytes, 10).is_some_and(|digits| digits.at(0) == 8 && sum(&digits) % 11 == digits.at(9))
}

/// Estonian or Lithuanian person: two rounds of weights.
pub(super) fn baltic(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let first = digits.weighted(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
        let second = digits.weighted(&[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
        let check = if first == 10 { second } else { first };
        check == digits.at(10) && matches!(digits.at(0), 1..=6) && digits.has_date(1, DateParts::YearMonthDay)
    })
}

/// Russian tax number of a firm (ten digits) or a person (twelve).
pub(super) fn ru_inn(bytes: &[u8]) -> bool {
    let Some(digits) = Digits::of(bytes) else {
        return false;
    };
    let fits = |weights: &[u32], at: usize| digits.weighted(weights) % 11 % 10 == digits.at(at);
    match digits.all().len() {
        10 => fits(&[2, 4, 10, 3, 5, 9, 4, 6, 8], 9),
        12 => fits(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10) && fits(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11),
        _ => false,
    }
}

/// Russian insurance number: weights 9 to 1, by 101.
pub(super) fn ru_snils(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let rest = digits.weighted(&[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
        u64::from(rest) == digits.number(9, 2)
    })
}

/// Turkish person: the tenth digit from odd and even places, the eleventh from all.
pub(super) fn tr_kimlik(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        let odd = digits.weighted(&[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let even = digits.weighted(&[0, 1, 0, 1, 0, 1, 0, 1]);
        // Ninety keeps the difference above zero without changing its last digit.
        let tenth = (odd * 7 + 90 - even) % 10;
        digits.at(0) != 0 && tenth == digits.at(9) && (odd + even + tenth) % 10 == digits.at(10)
    })
}

/// Ukrainian tax number: weights with signs, by eleven and by ten.
pub(super) fn ua_rnokpp(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 10).is_some_and(|digits| {
        // −1, 5, 7, 9, 4, 6, 10, 5, 7: ten is minus one by eleven.
        digits.weighted(&[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == digits.at(9)
    })
}

/// Latvian person: a day of birth and a weighted sum; those of 2017 and after begin with 32 and hold none.
pub(super) fn lv_person(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 11).is_some_and(|digits| {
        if digits.number(0, 2) == 32 {
            return true;
        }
        let sum = digits.weighted(&[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
        digits.has_date(0, DateParts::DayMonthYear) && (1 + sum) % 11 % 10 == digits.at(10)
    })
}

/// Icelandic person or firm: weights 3, 2, then 7 to 2; the ninth digit checks.
pub(super) fn is_kennitala(bytes: &[u8]) -> bool {
    compact::<10>(bytes).is_some_and(|number| {
        Digits::exactly(&number, 10).is_some_and(|digits| {
            let sum = digits.weighted(&[3, 2, 7, 6, 5, 4, 3, 2, 1]);
            sum % 11 == 0 && is_day(digits.number(2, 2), digits.number(0, 2) % 40) && matches!(digits.at(9), 0 | 8 | 9)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(pl_pesel(b"44051401359") && !pl_pesel(b"44051401358"));
        assert!(pl_nip(b"856-734-62-15") && !pl_nip(b"856-734-62-16"));
        assert!(pl_regon(b"192598184") && !pl_regon(b"192598183"));
        assert!(se_person(b"880320-0016") && se_person(b"198803200016") && !se_person(b"880320-0018"));
        assert!(no_person(b"15108695088") && !no_person(b"15108695077"));
        assert!(dk_cpr(b"211062-5629") && !dk_cpr(b"511062-5629"));
        assert!(fi_hetu(b"131052-308T") && !fi_hetu(b"131052-308U") && !fi_hetu(b"131052"));
        assert!(cz_rc(b"710319/2745") && !cz_rc(b"710319/2746"));
        assert!(ro_cnp(b"1630615123457") && !ro_cnp(b"1630615123458"));
        assert!(gr_afm(b"094259216") && !gr_afm(b"094259215"));
        assert!(gr_amka(b"01013099997") && !gr_amka(b"01013099999"));
        assert!(bg_egn(b"7523169263") && !bg_egn(b"7552010004"));
        assert!(hr_oib(b"33392005961") && !hr_oib(b"33392005962"));
        assert!(jmbg(b"0101006500006") && !jmbg(b"0101006500007"));
        assert!(hu_tax(b"8071592153") && !hu_tax(b"8071592154"));
        assert!(baltic(b"36805280109") && baltic(b"33309240064") && !baltic(b"36805280108"));
        assert!(ru_inn(b"1234567894") && ru_inn(b"123456789047") && !ru_inn(b"123456789037"));
        assert!(ru_snils(b"112-233-445 95") && !ru_snils(b"112-233-445 96"));
        assert!(tr_kimlik(b"17291716060") && !tr_kimlik(b"17291716050"));
        assert!(ua_rnokpp(b"1759013776") && !ua_rnokpp(b"1759013770"));
        assert!(lv_person(b"161175-19997") && !lv_person(b"161175-19998"));
        assert!(is_kennitala(b"450401-3150") && !is_kennitala(b"450401-3160"));
    }
}

//! Digits of a number, and the sums that check them.

/// Longest number that is checked.
const LEN_MAX: usize = 40;

/// The digits of a number without what stands between them.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    values: [u8; LEN_MAX],
    len: usize,
}

impl Digits {
    /// The digits among `bytes`; none if there are too many, or all are the same.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut found = Self {
            values: [0; LEN_MAX],
            len: 0,
        };
        for byte in bytes.iter().filter(|byte| byte.is_ascii_digit()) {
            *found.values.get_mut(found.len)? = byte - b'0';
            found.len += 1;
        }
        let first = found.all().first()?;
        // Filled in, not given out.
        if found.all().iter().all(|digit| digit == first) {
            return None;
        }
        Some(found)
    }

    /// The same, if there are exactly `len`.
    pub(super) fn exactly(bytes: &[u8], len: usize) -> Option<Self> {
        Self::of(bytes).filter(|digits| digits.len == len)
    }

    pub(super) fn all(&self) -> &[u8] {
        self.values.get(..self.len).unwrap_or_default()
    }

    /// The digit at `index`, from 0.
    pub(super) fn at(&self, index: usize) -> u32 {
        self.all().get(index).copied().map_or(0, u32::from)
    }

    /// The number that `len` digits from `from` write.
    pub(super) fn number(&self, from: usize, len: usize) -> u64 {
        let digits = self.all().get(from..from + len).unwrap_or_default();
        digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
    }

    /// Digits times weights, added up; the first digit has the first weight.
    pub(super) fn weighted(&self, weights: &[u32]) -> u32 {
        let products = self.all().iter().zip(weights);
        products.map(|(digit, weight)| u32::from(*digit) * weight).sum()
    }

    /// ISO/IEC 7812-1, annex B.
    pub(super) fn luhn(&self) -> bool {
        luhn_sum(self.all()).is_multiple_of(10)
    }

    /// Whether six digits from `from` are a day, a month and two digits of a year, in the order of `parts`.
    pub(super) fn has_date(&self, from: usize, parts: DateParts) -> bool {
        let two = |index: usize| self.number(from + index, 2);
        match parts {
            DateParts::YearMonthDay => is_day(two(2), two(4)),
            DateParts::DayMonthYear => is_day(two(2), two(0)),
        }
    }
}

/// The order in which a number holds a date.
#[derive(Clone, Copy)]
pub(super) enum DateParts {
    YearMonthDay,
    DayMonthYear,
}

/// Whether there is such a day in some year.
pub(super) const fn is_day(month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    day >= 1 && day <= days
}

/// Every second digit from the right, beginning with the second, counts twice, and then digit by digit.
pub(super) fn luhn_sum(digits: &[u8]) -> u32 {
    let places = digits.iter().rev().enumerate();
    places
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (1, digit @ 5..) => digit * 2 - 9,
            (1, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum()
}

/// ISO 7064, MOD 11,10: whether the last digit fits those before it.
pub(super) fn iso_11_10(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last() else {
        return false;
    };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*last)
}

/// The value of a digit or letter: 0 to 9, then A as 10 to Z as 35.
pub(super) fn value_of(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        letter => u32::from(letter.to_ascii_uppercase().wrapping_sub(b'A')) + 10,
    }
}

/// Letters and digits in upper case, without what stands between them; none if there are more than `N`.
pub(super) fn compact<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut found = [0; N];
    let mut len = 0;
    for byte in bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        *found.get_mut(len)? = byte.to_ascii_uppercase();
        len += 1;
    }
    (len == N).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Digits, compact, is_day, iso_11_10, luhn_sum};

    #[test]
    fn sums() {
        assert_eq!(luhn_sum(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]) % 10, 0);
        assert!(iso_11_10(&[0, 7, 9, 4, 5]));
        assert!(!iso_11_10(&[0, 7, 9, 4, 6]) && !iso_11_10(&[]));
        assert!(is_day(2, 29) && !is_day(2, 30) && !is_day(13, 1) && !is_day(4, 31) && !is_day(1, 0));
    }

    #[test]
    fn only_what_is_there_counts() {
        assert!(Digits::of(b"").is_none() && Digits::of(b"77-77").is_none() && Digits::of(&[b'1'; 99]).is_none());
        assert!(Digits::exactly(b"12 34", 4).is_some_and(|four| four.number(1, 3) == 234 && four.number(3, 9) == 0));
        assert_eq!(compact::<3>(b"a-b c"), Some(*b"ABC"));
        assert!(compact::<3>(b"ab").is_none() && compact::<3>(b"abcd").is_none());
    }
}

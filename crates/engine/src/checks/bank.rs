//! Numbers of banks and accounts.

use super::digits::{Digits, value_of};

/// How long an account number of each country is, by the registry of ISO 13616.
const IBAN_LENS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18\
FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20\
MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24\
XK20YE30";

/// ISO 13616: the length of its country; and with the first four characters moved to the end and letters
/// as numbers, remainder 1 by 97.
pub(super) fn iban(bytes: &[u8]) -> bool {
    let clean = || bytes.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let mut country = clean().take(2).map(u8::to_ascii_uppercase);
    let country = [country.next().unwrap_or(0), country.next().unwrap_or(0)];
    let (entries, _) = IBAN_LENS.as_chunks::<4>();
    let Some([.., tens, ones]) = entries.iter().find(|entry| entry.starts_with(&country)) else {
        return false;
    };
    let len = usize::from(tens - b'0') * 10 + usize::from(ones - b'0');
    if clean().count() != len {
        return false;
    }
    let turned = clean().skip(4).chain(clean().take(4));
    let remainder = turned.fold(0, |rest, byte| {
        let shift = if byte.is_ascii_digit() { 10 } else { 100 };
        (rest * shift + value_of(*byte)) % 97
    });
    remainder == 1
}

/// A routing number of the United States: a district that exists, weights 3, 7 and 1.
pub(super) fn us_aba(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 9).is_some_and(|digits| {
        let district = digits.number(0, 2);
        let exists = matches!(district, 1..=12 | 21..=32 | 61..=72 | 80);
        exists && digits.weighted(&[3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0
    })
}

/// A Mexican account number: 18 digits, weights 3, 7 and 1, each product by its last digit.
pub(super) fn mx_clabe(bytes: &[u8]) -> bool {
    Digits::exactly(bytes, 18).is_some_and(|digits| {
        let weights = [3, 7, 1].iter().cycle();
        let body = digits.all().iter().take(17).zip(weights);
        let sum: u32 = body.map(|(digit, weight)| u32::from(*digit) * weight % 10).sum();
        (10 - sum % 10) % 10 == digits.at(17)
    })
}

/// A bank identifier of ISO 9362 whose middle is a country.
pub(super) fn bic(bytes: &[u8]) -> bool {
    const COUNTRIES: &[u8] = b"ADAEAFAGALAMAOARATAUAZBABBBDBEBFBGBHBIBJBNBOBRBSBTBWBYBZCACDCGCHCICLCMCNCOCRCUCVCYCZDEDJDKDMDODZECEEEGES\
ETFIFJFOFRGAGBGDGEGGGHGIGMGNGRGTGYHKHNHRHTHUIDIEILIMINIQIRISITJEJMJOJPKEKGKHKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMGMKMLMMMN\
MOMRMTMUMVMWMXMYMZNANENGNINLNONPNZOMPAPEPGPHPKPLPRPSPTPYQARORSRURWSASBSCSDSESGSISKSLSMSNSRSTSVSYSZTDTGTHTJTLTMTNTRTTTWTZUA\
UGUSUYUZVAVCVEVGVNVUWSXKYEZAZMZW";
    let (countries, _) = COUNTRIES.as_chunks::<2>();
    let country = bytes.get(4..6).unwrap_or_default();
    countries.iter().any(|known| known.eq_ignore_ascii_case(country))
}

#[cfg(test)]
mod tests {
    use super::{bic, iban, mx_clabe, us_aba};

    #[test]
    fn check_digits() {
        assert!(iban(b"DE89 3704 0044 0532 0130 00") && iban(b"gb33bukb20201555555555"));
        assert!(!iban(b"DE89 3704 0044 0532 0130 01"));
        // The remainder is right, the length is not that of the country, or there is no such country.
        assert!(!iban(b"DE89 3704 0044 0532 0130") && !iban(b"ZZ89 3704 0044 0532 0130 00") && !iban(b""));
        assert!(us_aba(b"021000021") && !us_aba(b"021000022") && !us_aba(b"991000021"));
        assert!(mx_clabe(b"032180000118359719") && !mx_clabe(b"032180000118359718"));
        assert!(bic(b"deutdeff") && !bic(b"deutqqff") && !bic(b"de"));
    }
}

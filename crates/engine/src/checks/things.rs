//! Numbers of vehicles and machines, addresses of networks and places, and what stands in for real ones.

use super::digits::value_of;

/// Vehicle: letters as numbers, weights, by eleven; the ninth character checks, the tenth is X.
pub(super) fn vin(bytes: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: u8| match byte.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => u32::from(digit - b'0'),
        letter @ b'A'..=b'I' => u32::from(letter - b'A') + 1,
        letter @ b'J'..=b'R' => u32::from(letter - b'J') + 1,
        letter => u32::from(letter.wrapping_sub(b'S')) + 2,
    };
    let sum: u32 = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| value(*byte) * weight)
        .sum();
    let mixed = bytes.iter().any(u8::is_ascii_alphabetic) && bytes.iter().any(u8::is_ascii_digit);
    let wanted = b"0123456789X".get(sum as usize % 11);
    mixed && bytes.len() == 17 && bytes.get(8).map(u8::to_ascii_uppercase).as_ref() == wanted
}

/// Domains reserved for examples and tests, and what is written where a domain belongs.
const NO_DOMAINS: [&[u8]; 21] = [
    b"example",
    b"test",
    b"invalid",
    b"localhost",
    b"local",
    b"example.com",
    b"example.org",
    b"example.net",
    b"example.edu",
    b"domain.com",
    b"yourdomain.com",
    b"mydomain.com",
    b"test.com",
    b"yourcompany.com",
    b"foo.com",
    b"bar.com",
    b"foo.bar",
    b"acme.com",
    b"contoso.com",
    b"fabrikam.com",
    b"users.noreply.github.com",
];
/// Mailboxes that answer no one, and what is written where a name belongs.
const NO_NAMES: [&[u8]; 19] = [
    b"noreply",
    b"no-reply",
    b"no_reply",
    b"donotreply",
    b"do-not-reply",
    b"mailer-daemon",
    b"git",
    b"user",
    b"username",
    b"youremail",
    b"your-email",
    b"your.email",
    b"yourname",
    b"your.name",
    b"someone",
    b"foo",
    b"bar",
    b"name",
    b"email",
];
/// What file names end with.
const FILES: [&[u8]; 20] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"ts", b"py", b"json", b"yml", b"yaml", b"html",
    b"htm", b"md", b"txt", b"java", b"cpp", b"service",
];

/// A mail address of a person: none of a domain that is reserved for examples, none that answers no one, and
/// none that ends like the name of a file.
pub(super) fn email(bytes: &[u8]) -> bool {
    let Some(at) = bytes.iter().rposition(|byte| *byte == b'@') else {
        return false;
    };
    let (name, domain) = bytes.split_at(at);
    let domain = domain.get(1..).unwrap_or_default();
    // A reserved domain and everything beneath it.
    let beneath = |known: &&[u8]| {
        domain.len().checked_sub(known.len()).is_some_and(|front| {
            let (front, end) = domain.split_at(front);
            end.eq_ignore_ascii_case(known) && (front.is_empty() || front.ends_with(b"."))
        })
    };
    let last = domain.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_one_of = |known: &[&[u8]], bytes: &[u8]| known.iter().any(|one| one.eq_ignore_ascii_case(bytes));
    !NO_DOMAINS.iter().any(beneath)
        && !is_one_of(&NO_NAMES, name)
        && !is_one_of(&FILES, last)
        && !name.ends_with(b".")
        && !domain.windows(2).any(|pair| pair == b"..")
}

/// An address that a router of the open net may carry: none of a home or office, of the machine itself,
/// of documentation, of groups, and none of the well-known resolvers.
pub(super) fn public_ipv4(bytes: &[u8]) -> bool {
    let mut parts = [0_u32; 4];
    let mut count = 0;
    for group in bytes.split(|byte| *byte == b'.') {
        let Some(slot) = parts.get_mut(count) else { return false };
        if group.is_empty() || group.len() > 3 || !group.iter().all(u8::is_ascii_digit) {
            return false;
        }
        *slot = group
            .iter()
            .fold(0, |number, byte| number * 10 + u32::from(byte - b'0'));
        count += 1;
    }
    if count != 4 || parts.iter().any(|part| *part > 255) {
        return false;
    }
    !matches!(
        parts,
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [8, 8, 8, 8]
            | [8, 8, 4, 4]
            | [1, 1, 1, 1]
            | [1, 0, 0, 1]
            | [9, 9, 9, 9]
            | [1, 2, 3, 4]
    )
}

/// The same of an address of sixteen bytes, with or without a run of zeros left out.
pub(super) fn public_ipv6(bytes: &[u8]) -> bool {
    let groups = || bytes.split(|byte| *byte == b':');
    let gaps = bytes.windows(2).filter(|pair| pair == b"::").count();
    let filled = groups().filter(|group| !group.is_empty()).count();
    let fits = match gaps {
        0 => filled == 8 && groups().count() == 8,
        1 => (2..=7).contains(&filled),
        _ => false,
    };
    let number = |group: &[u8]| {
        let digit = |byte: &u8| value_of(*byte);
        group.iter().map(digit).fold(0_u32, |number, digit| number * 16 + digit)
    };
    let mut numbers = groups().filter(|group| !group.is_empty()).map(number);
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let reserved = matches!((first, second), (0..=0xFF, _) | (0xFC00..=0xFFFF, _) | (0x2001, 0xDB8));
    fits && groups().all(|group| group.len() <= 4) && !reserved
}

/// A network card: six pairs of hex digits; none for everyone, none of zeros.
pub(super) fn mac(bytes: &[u8]) -> bool {
    let digits = || {
        bytes
            .iter()
            .filter(|byte| byte.is_ascii_hexdigit())
            .map(u8::to_ascii_lowercase)
    };
    let first = digits().next();
    digits().count() == 12 && !digits().all(|digit| Some(digit) == first)
}

/// Latitude and longitude in degrees, with four digits or more behind the point of each.
pub(super) fn coordinates(bytes: &[u8]) -> bool {
    let mut numbers = bytes
        .split(|byte| !byte.is_ascii_digit() && *byte != b'.')
        .filter(|group| group.contains(&b'.'));
    let mut within = |limit: u32| {
        let mut halves = numbers.next().unwrap_or_default().split(|byte| *byte == b'.');
        let whole = halves.next().unwrap_or_default();
        let behind = halves.next().unwrap_or_default().len();
        let degrees = whole
            .iter()
            .fold(0, |number: u32, byte| (number * 10 + u32::from(byte - b'0')).min(999));
        !whole.is_empty() && behind >= 4 && degrees <= limit
    };
    within(90) && within(180)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vehicles() {
        assert!(vin(b"1M8GDM9AXKP042788") && vin(b"1m8gdm9axkp042788") && !vin(b"1M8GDM9A0KP042788"));
        assert!(!vin(b"11111111111111111") && !vin(b""));
    }

    #[test]
    fn mail_of_people() {
        for real in ["j.okafor@uni-lagos.ng", "x@mail.latest.com", "support@nilsson.se"] {
            assert!(email(real.as_bytes()), "{real}");
        }
        for other in [
            "a@example.com",
            "a@sub.example.org",
            "b@firma.invalid",
            "c@x.test",
            "noreply@shop.de",
            "git@github.com",
            "icon@2x.png",
            "a.@b.de",
            "a@b..de",
            "nothing",
        ] {
            assert!(!email(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn addresses_of_the_open_net() {
        for open in ["86.121.97.248", "172.32.0.1", "100.63.2.2"] {
            assert!(public_ipv4(open.as_bytes()), "{open}");
        }
        for other in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.20",
            "203.0.113.9",
            "256.1.1.1",
            "1.2.3",
            "8.8.8.8",
            "1.2.3.4.5",
        ] {
            assert!(!public_ipv4(other.as_bytes()), "{other}");
        }
        for open in ["6e40:4041:c617:e898:c11:40d2:c669:2eb4", "2a02:908::17"] {
            assert!(public_ipv6(open.as_bytes()), "{open}");
        }
        for other in [
            "::1",
            "fe80::1",
            "2001:db8::1",
            "1:2:3",
            "6e40::1::2",
            "ff02::1",
            "10:15:20",
        ] {
            assert!(!public_ipv6(other.as_bytes()), "{other}");
        }
        assert!(mac(b"3c:22:fb:9a:01:7e") && !mac(b"ff:ff:ff:ff:ff:ff") && !mac(b"00:00:00:00:00:00"));
    }

    #[test]
    fn places() {
        assert!(coordinates(b"36.050202, -63.833139") && coordinates(b"latitude: -79.09012, longitude: -31.81235"));
        assert!(!coordinates(b"96.050202, -63.833139") && !coordinates(b"3.14, 2.71") && !coordinates(b""));
    }
}

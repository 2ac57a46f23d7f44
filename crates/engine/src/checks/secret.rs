//! Keys, tokens and key blocks: what providers built into them, and what nobody would type by hand.

use memchr::memmem;

use super::randomness::entropy_bits;

/// Bits a byte that any key drawn by chance has, hexadecimal ones too.
const DRAWN_BITS_MIN: f32 = 2.8;
/// Bits a byte of a key that nothing but the word before it announces.
const MIXED_BITS_MIN: f32 = 3.3;
const MIXED_HEX_BITS_MIN: f32 = 3.0;
/// One in so many characters is of another kind than the one before it, or it was not drawn.
const TURNS_SHARE: usize = 5;
/// Letters and digits in a row that a key has somewhere.
const CHUNK_LEN_MIN: usize = 12;
/// The same letter or digit so often in a row was typed.
const RUN_MAX: usize = 7;
/// The longest word that is looked for as repeated over and over.
const PERIOD_MAX: usize = 12;
/// Characters in base64 that the smallest private key takes.
const KEY_BLOCK_LEN_MIN: usize = 48;
/// No word is so long, but a line of base64 is.
const KEY_LINE_LEN_MIN: usize = 24;
/// Bytes of a header or a pair of names that are decoded to look into.
const DECODED_MAX: usize = 4096;

/// What stands where a key belongs. Five letters and more: shorter words turn up in keys by chance.
const PLACEHOLDERS: [&[u8]; 15] = [
    b"example",
    b"sample",
    b"dummy",
    b"redacted",
    b"placeholder",
    b"changeme",
    b"replace",
    b"insert",
    b"your_",
    b"your-",
    b"yourkey",
    b"yourtoken",
    b"yoursecret",
    b"yourapi",
    b"xxxxx",
];
/// Names and passwords that manuals use.
const PLACEHOLDER_PAIRS: [&[u8]; 6] = [
    b"user:pass",
    b"user:password",
    b"username:password",
    b"aladdin:open sesame",
    b"aladdin:opensesame",
    b"test:test",
];

/// A key drawn by chance, not typed and no placeholder.
pub(super) fn random(bytes: &[u8]) -> bool {
    entropy_bits(bytes) >= DRAWN_BITS_MIN && !is_typed(bytes) && !is_placeholder(bytes)
}

/// A key that only its name announces: random, of letters and digits in turn, and no UUID.
pub(super) fn mixed(bytes: &[u8]) -> bool {
    let least = if bytes.iter().all(u8::is_ascii_hexdigit) {
        MIXED_HEX_BITS_MIN
    } else {
        MIXED_BITS_MIN
    };
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let turns = pairs
        .filter(|(a, b)| kind(**a) != kind(**b) && kind(**a) < 3 && kind(**b) < 3)
        .count();
    // Names of things are short words with signs between them.
    let chunks = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    let longest = chunks.map(<[u8]>::len).max().unwrap_or_default();
    turns * TURNS_SHARE >= bytes.len()
        && longest >= CHUNK_LEN_MIN
        && bytes.iter().any(u8::is_ascii_digit)
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && entropy_bits(bytes) >= least
        && !is_uuid(bytes)
        && random(bytes)
}

/// A token whose last six characters are the CRC-32 of the others, in base 62.
pub(super) fn token_crc(bytes: &[u8]) -> bool {
    const TAIL: usize = 6;
    let body = bytes.rsplit(|byte| *byte == b'_').next().unwrap_or_default();
    let Some((drawn, tail)) = body.len().checked_sub(TAIL).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    let mut told = 0_u64;
    for byte in tail {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return false,
        };
        told = told * 62 + u64::from(digit);
    }
    !drawn.is_empty() && told == u64::from(crc32(drawn))
}

/// A token of that shape with another tail: mistyped, cut, or invented.
pub(super) fn token_without_crc(bytes: &[u8]) -> bool {
    random(bytes) && !token_crc(bytes)
}

/// An access key id of AWS: base 32, and the account it names has twelve digits.
pub(super) fn aws_key_id(bytes: &[u8]) -> bool {
    const KIND: usize = 4;
    /// The characters that hold the account's 40 bits, after one bit and before seven.
    const ACCOUNT_CHARS: usize = 10;
    const ACCOUNT_MAX: u64 = 999_999_999_999;
    let Some((_, body)) = bytes.split_at_checked(KIND) else {
        return false;
    };
    let mut head = 0_u64;
    for (at, byte) in body.iter().enumerate() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return false,
        };
        if at < ACCOUNT_CHARS {
            head = head << 5 | u64::from(digit);
        }
    }
    // Ids from before the account was written into them.
    let old = matches!(body.first(), Some(b'I' | b'J'));
    let account = head >> 9 & 0xFF_FFFF_FFFF;
    random(bytes) && (old || account <= ACCOUNT_MAX)
}

/// An id of that shape that AWS cannot have given out: mistyped or invented.
pub(super) fn aws_key_shape(bytes: &[u8]) -> bool {
    random(bytes) && !aws_key_id(bytes)
}

/// A signed token whose head is JSON and names an algorithm.
pub(super) fn jwt(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|byte| *byte == b'.').map(decode64);
    let (Some(Some(head)), Some(claims)) = (parts.next(), parts.next()) else {
        return false;
    };
    // The one everybody knows from the manuals.
    let known = claims.is_some_and(|claims| memmem::find(&claims, b"John Doe").is_some());
    head.first() == Some(&b'{') && memmem::find(&head, b"\"alg\"").is_some() && !known
}

/// A block of base64 that is long enough for a private key.
pub(super) fn key_block(bytes: &[u8]) -> bool {
    const RULE: &[u8] = b"-----";
    let Some(begin) = memmem::find(bytes, RULE) else {
        return false;
    };
    let rest = bytes.get(begin + RULE.len()..).unwrap_or_default();
    let Some(body) = memmem::find(rest, RULE).and_then(|at| rest.get(at + RULE.len()..)) else {
        return false;
    };
    let body = memmem::find(body, RULE).map_or(body, |end| body.get(..end).unwrap_or_default());
    // In a string of a program a line ends with a sign for it.
    let mut kept = Vec::with_capacity(body.len());
    let (mut row, mut longest) = (0, 0);
    let mut after_backslash = false;
    for line in body.split(|byte| *byte == b'\n') {
        if memmem::find(line, b": ").is_some() && memmem::find(line, b"\\n").is_none() {
            continue;
        }
        for byte in line {
            let sign = after_backslash && matches!(byte, b'n' | b'r');
            after_backslash = *byte == b'\\';
            if !sign && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
                kept.push(*byte);
                row += 1;
                longest = longest.max(row);
            } else {
                row = 0;
            }
        }
        row = 0;
    }
    longest >= KEY_LINE_LEN_MIN
        && kept.len() >= KEY_BLOCK_LEN_MIN
        && entropy_bits(&kept) >= MIXED_BITS_MIN
        && !repeats(&kept)
}

/// Base64 of a private key block.
pub(super) fn wrapped_key(bytes: &[u8]) -> bool {
    decode64(bytes).is_some_and(|block| memmem::find(&block, b"PRIVATE KEY-----").is_some())
}

/// Base64 of a name and a password.
pub(super) fn basic(bytes: &[u8]) -> bool {
    const PASSWORD_LEN_MIN: usize = 3;
    let Some(pair) = decode64(bytes) else { return false };
    let Some(colon) = memchr::memchr(b':', &pair) else {
        return false;
    };
    let shown = pair.iter().all(|byte| *byte >= b' ' && *byte != 0x7F);
    let known = PLACEHOLDER_PAIRS.iter().any(|known| pair.eq_ignore_ascii_case(known));
    colon > 0 && pair.len() > colon + PASSWORD_LEN_MIN && shown && !known && std::str::from_utf8(&pair).is_ok()
}

/// A password that somebody chose: no placeholder, and no word that only says what belongs there.
pub(super) fn password(bytes: &[u8]) -> bool {
    const LEN_MIN: usize = 4;
    const WORD_LEN_MIN: usize = 8;
    const STAND_INS: [&[u8]; 9] = [
        b"password",
        b"passwd",
        b"passw",
        b"secret",
        b"token",
        b"apikey",
        b"passphrase",
        b"credential",
        b"hunter2",
    ];
    let plain = bytes.iter().all(u8::is_ascii_alphabetic);
    let lower = bytes.to_ascii_lowercase();
    let stands_in = plain && STAND_INS.iter().any(|word| memmem::find(&lower, word).is_some());
    bytes.len() >= if plain { WORD_LEN_MIN } else { LEN_MIN }
        && !stands_in
        && !is_typed(bytes)
        && !is_placeholder(bytes)
}

/// A bot's token, which begins with its number in base64.
pub(super) fn discord(bytes: &[u8]) -> bool {
    let number = bytes.split(|byte| *byte == b'.').next().and_then(decode64);
    number.is_some_and(|number| (17..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit))
        && random(bytes)
}

/// BIP 173: letters and digits behind the last `1`, with a checksum of six.
pub(super) fn bech32(bytes: &[u8]) -> bool {
    const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATORS: [u32; 5] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3];
    let Some(mark) = memchr::memrchr(b'1', bytes) else {
        return false;
    };
    let (name, data) = (bytes.get(..mark), bytes.get(mark + 1..));
    let (Some(name), Some(data)) = (name, data) else {
        return false;
    };
    let mut sum = 1_u32;
    let mut step = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x1FF_FFFF) << 5 ^ value;
        for (bit, generator) in GENERATORS.iter().enumerate() {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    let name: Vec<u8> = name.iter().map(u8::to_ascii_lowercase).collect();
    name.iter().for_each(|byte| step(u32::from(byte >> 5)));
    step(0);
    name.iter().for_each(|byte| step(u32::from(byte & 31)));
    for byte in data {
        let Some(value) = CHARSET.iter().position(|known| *known == byte.to_ascii_lowercase()) else {
            return false;
        };
        step(u32::try_from(value).unwrap_or_default());
    }
    data.len() >= 6 && sum == 1
}

/// Whether somebody ran a finger along the keys: one key for long, letters or digits in their order, or the
/// same word over and over.
fn is_typed(bytes: &[u8]) -> bool {
    let mut run = 0;
    let mut longest = 0;
    let mut previous = None;
    for byte in bytes {
        run = if previous == Some(byte) { run + 1 } else { 1 };
        // Zero bits are many A in base64, and set ones many slashes.
        if byte.is_ascii_alphanumeric() && *byte != b'A' {
            longest = longest.max(run);
        }
        previous = Some(byte);
    }
    let next = |a: u8, b: u8| a.checked_add(1) == Some(b);
    let climbs = |step: usize| more_than(bytes, step, bytes.len() / 2, next);
    longest > RUN_MAX || climbs(1) || climbs(2) || repeats(bytes)
}

fn repeats(bytes: &[u8]) -> bool {
    (1..=PERIOD_MAX).any(|period| more_than(bytes, period, bytes.len() * 3 / 4, |a, b| a == b))
}

/// Whether more than `wanted` bytes are `alike` with those `step` places further on. Looks no further than that is
/// possible: in a key that was drawn hardly any two are.
fn more_than(bytes: &[u8], step: usize, wanted: usize, alike: impl Fn(u8, u8) -> bool) -> bool {
    let behind = bytes.get(step..).unwrap_or_default();
    let Some(mut spare) = behind.len().checked_sub(wanted + 1) else {
        return false;
    };
    for (a, b) in bytes.iter().zip(behind) {
        if !alike(*a, *b) {
            let Some(left) = spare.checked_sub(1) else {
                return false;
            };
            spare = left;
        }
    }
    true
}

fn is_placeholder(bytes: &[u8]) -> bool {
    // A key is short: to look at each place costs less than to prepare a search for each word.
    let begins = |rest: &[u8]| {
        let head = |word: &&[u8]| {
            rest.get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        PLACEHOLDERS.iter().any(head)
    };
    let may_begin = |pair: &[u8]| match pair {
        [first, second] => matches!(
            &[first | 0x20, second | 0x20],
            b"ch" | b"du" | b"ex" | b"in" | b"pl" | b"re" | b"sa" | b"xx" | b"yo"
        ),
        _ => false,
    };
    let mut pairs = bytes.windows(2).enumerate().filter(|(_, pair)| may_begin(pair));
    pairs.any(|(at, _)| bytes.get(at..).is_some_and(begins))
}

fn is_uuid(bytes: &[u8]) -> bool {
    let lengths = bytes.split(|byte| *byte == b'-').map(<[u8]>::len);
    lengths.eq([8, 4, 4, 4, 12]) && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}

/// Base64 of either alphabet, padded or not; `None` where another sign stands in it.
fn decode64(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    let signs = bytes.iter().take(DECODED_MAX).take_while(|byte| **byte != b'=');
    for byte in signs {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push((held >> bits).to_le_bytes()[0]);
        }
    }
    Some(decoded)
}

/// CRC-32 as in ISO 3309; bit by bit, for a token is short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |rest, byte| {
        (0..8).fold(rest ^ u32::from(*byte), |rest, _| {
            let carry = if rest & 1 == 1 { 0xEDB8_8320 } else { 0 };
            rest >> 1 ^ carry
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{
        aws_key_id, aws_key_shape, basic, bech32, crc32, discord, jwt, key_block, mixed, password, random, token_crc,
        token_without_crc, wrapped_key,
    };

    #[test]
    fn check_digits() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let token = b"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";
        assert!(token_crc(token) && !token_without_crc(token));
        let other = b"npm_Fake0NotReal1Invented2ForTests4NqlqZ";
        assert!(!token_crc(other) && token_without_crc(other));
        assert!(!token_crc(b"npm_") && !token_crc(b"npm_000000"));
        // From BIP 173.
        assert!(bech32(b"A12UEL5L"));
        assert!(bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxv"));
        assert!(!bech32(b"A12UEB5L") && !bech32(b"none"));
    }

    #[test]
    fn ids_of_aws_name_an_account_of_twelve_digits() {
        assert!(aws_key_id(b"AKIAQ2FAKE7NOT3REAL4") && !aws_key_shape(b"AKIAQ2FAKE7NOT3REAL4"));
        assert!(!aws_key_id(b"AKIA77FAKE7NOT3REAL4"), "an account beyond them");
        assert!(!aws_key_id(b"AKIAQ1FAKE7NOT3REAL4"), "no base 32");
        assert!(aws_key_shape(b"AKIAQ1FAKE7NOT3REAL4"));
        assert!(!aws_key_shape(b"AKIAIOSFODNN7EXAMPLE"));
    }

    #[test]
    fn what_was_typed_is_not_random() {
        for drawn in [
            "0ff1ce5decade8facade2c0ffee3d00d",
            "Fake0NotReal1Invented2ForTests3Only4",
        ] {
            assert!(random(drawn.as_bytes()), "{drawn}");
        }
        for typed in [
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "abcdefghijklmnopqrstuvwxyz012345",
            "a1b2c3d4e5f6g7h8i9j0k1l2",
            "abc123def456abc123def456abc123def456",
            "0123456789abcdef0123456789abcdef",
            "your_api_key_0f1e2d9c8b7a",
            "FAKEFAKEFAKEFAKEFAKEFAKE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ] {
            assert!(!random(typed.as_bytes()), "{typed}");
        }
    }

    #[test]
    fn names_of_things_are_not_mixed() {
        assert!(mixed(b"q7Zk2mX9vB4tR8wL1nC6pD3s") && mixed(b"3c9e1f7a5b2d8046e9f1a3c5b7d90248"));
        for name in [
            "projects/main/keys/primary-2041",
            "3f2a9c1d-0e4b-5f6a-7c8d-9e0f1a2b3c4d",
            "settings.auth.provider2.access",
            "thisisaverylongnameofathing1",
            "20410101123456789012",
        ] {
            assert!(!mixed(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_is_in_base64_is_looked_into() {
        assert!(jwt(b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.c2ln"));
        assert!(!jwt(b"eyJmYWtlIjoxfQ.eyJzdWIiOiJmYWtlIn0.c2ln"), "no algorithm");
        assert!(
            !jwt(b"eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiSm9obiBEb2UifQ.c2ln"),
            "from a manual"
        );
        assert!(basic(b"c3ZjOm4wdC1yZWFs") && !basic(b"dXNlcm5hbWU6cGFzc3dvcmQ=") && !basic(b"dW5kZXJzdGFuZA=="));
        assert!(discord(
            b"MTAwMDAwMDAwMDAwMDAwMDA0Mg.Fake0_.Fake0_NotReal1-Invented2_ForTests3"
        ));
        assert!(!discord(
            b"Tm90QU51bWJlckF0QWxsMDAw.Fake0_.Fake0_NotReal1-Invented2_ForTests3"
        ));
        assert!(wrapped_key(b"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t") && !wrapped_key(b"LS0tLS1CRUdJTiBDRVJU"));
    }

    #[test]
    fn a_key_block_holds_lines_of_base64() {
        let line = "MIIEpAIBFake0Not/Real1Invented+2ForTests3Only4Fake5Not6Real7Inve";
        let block = |body: &str| key_block(format!("-----BEGIN KEY-----\n{body}\n-----END KEY-----").as_bytes());
        assert!(block(line));
        assert!(block(&format!("Proc-Type: 4,ENCRYPTED\n\n{line}\n{line}9\n{line}")));
        assert!(block(&line.replace("1Inv", "\\n1Inv")));
        assert!(!block("MIIEFake0Not/Real1Invented"), "too short");
        assert!(!block(
            "and then the lines of base64 follow which nobody should ever see at all"
        ));
        assert!(!block(&"x".repeat(64)));
    }

    #[test]
    fn placeholders_begin_with_letters_that_are_looked_for() {
        for word in super::PLACEHOLDERS {
            let shouted: Vec<u8> = [b"0", word, b"9".as_slice()].concat().to_ascii_uppercase();
            assert!(super::is_placeholder(word) && super::is_placeholder(&shouted));
        }
    }

    #[test]
    fn passwords_are_no_words_for_them() {
        for chosen in ["n0t-Real", "N0tReal77", "correcthorse", "n0t%2Freal%21"] {
            assert!(password(chosen.as_bytes()), "{chosen}");
        }
        for word in [
            "password",
            "mypassword",
            "secret",
            "pass",
            "xxxxxxxx",
            "your_password",
            "changeme",
        ] {
            assert!(!password(word.as_bytes()), "{word}");
        }
    }
}

//! The end of a text that is still growing: where the last word begins, and what it may belong to.

/// A word or group is not followed back further than this.
const RUN_BYTES_MAX: usize = 16 << 10;
/// Groups that may spell something together are followed back so many at most.
const GROUPS_MAX: usize = 1 << 10;
/// White space between two groups of one code.
const GAP_MAX: usize = 4;
/// Letters or digits of a short group: pairs of hex digits, eight bits.
const GROUP_LEN_MAX: usize = 8;
/// From here on a run may be a line of an encoding.
const LINE_LEN_MIN: usize = 16;

/// Where the word or code at the end of `text` begins; its length if nothing there is open.
pub(super) fn open_from(text: &str) -> usize {
    groups_from(text, word_from(text))
}

/// Where the last word begins, up to white space or a character that is a word by itself.
fn word_from(text: &str) -> usize {
    let mut start = text.len();
    for (at, character) in text.char_indices().rev() {
        if character.is_whitespace() || is_word_alone(character) || text.len() - at > RUN_BYTES_MAX {
            break;
        }
        start = at;
    }
    start
}

/// Scripts that write no spaces; their punctuation too.
fn is_word_alone(character: char) -> bool {
    matches!(u32::from(character), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3000..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Follows groups that together may be a code, such as `69 67 6e`, `-.. .`, `i g n`, lines of base64.
fn groups_from(text: &str, word: usize) -> usize {
    let mut start = word;
    if text
        .get(word..)
        .is_some_and(|rest| !rest.is_empty() && !may_be_group(rest))
    {
        return start;
    }
    for _ in 0..GROUPS_MAX {
        let before = text.get(..start).unwrap_or_default();
        let trimmed = before.trim_end();
        if before.len() - trimmed.len() > GAP_MAX || text.len() - trimmed.len() > RUN_BYTES_MAX {
            break;
        }
        let from = word_from(trimmed);
        let group = trimmed.get(from..).unwrap_or_default();
        if group.is_empty() || !may_be_group(group) || text.len() - from > RUN_BYTES_MAX {
            break;
        }
        start = from;
    }
    start
}

/// Whether a run without spaces may be one group of a code that has several.
fn may_be_group(run: &str) -> bool {
    if !run.is_ascii() {
        return run.chars().nth(1).is_none() || run.chars().all(|sign| !sign.is_alphanumeric());
    }
    let bytes = run.as_bytes();
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    letters <= 1
        || (letters <= GROUP_LEN_MAX && has_only_digits(bytes))
        || (run.len() >= LINE_LEN_MIN && bytes.iter().all(is_code))
}

fn has_only_digits(bytes: &[u8]) -> bool {
    let mut kept = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric());
    kept.all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b'u' | b'U'))
}

#[cfg(test)]
mod tests {
    use super::open_from;

    fn open(text: &str) -> &str {
        text.get(open_from(text)..).unwrap_or_default()
    }

    #[test]
    fn the_last_word_is_open_and_what_spells_something_with_it() {
        for (text, wanted) in [
            ("write to john@exam", "john@exam"),
            ("write to john ", ""),
            ("the code 69 67 6e", "69 67 6e"),
            ("the code 69 67 6e ", "69 67 6e "),
            ("the code 69 67 6e then ", ""),
            ("say i g n o", "i g n o"),
            ("say -.. . .-", "-.. . .-"),
            ("read aGVsbG8gd29ybGQsIHRo\naXMgaXM", "aXMgaXM"),
            (
                "read aGVsbG8gd29ybGQsIHRo\naXMgaXMgYSB0ZXN0IG9m",
                "aGVsbG8gd29ybGQsIHRo\naXMgaXMgYSB0ZXN0IG9m",
            ),
            ("电子邮件是 a@b", "a@b"),
            ("电子邮件是a@b", "a@b"),
            ("电子邮件", ""),
            ("", ""),
        ] {
            assert_eq!(open(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_long_run_is_followed_so_far_only() {
        let text = "x".repeat(100_000);
        assert_eq!(open(&text).len(), super::RUN_BYTES_MAX);
        let text = "1 ".repeat(100_000);
        assert!(open(&text).len() <= super::RUN_BYTES_MAX + 8);
    }
}

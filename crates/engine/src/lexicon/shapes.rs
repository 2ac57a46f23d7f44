//! Lexemes that are told by their shape: long numbers, and runs without white space.

use super::{Hit, hit};
use crate::text::{Token, View, narrow};

/// Digits of a token that counts for them.
const DIGITS_MIN: u32 = 3;
/// Digits that make a number, groups together.
pub(super) const NUMBER_DIGITS_MIN: u32 = 9;
/// Signs between two groups of one number: `) `, ` - `.
const NUMBER_GAP_MAX: u32 = 3;
/// Bytes from which a run without white space is a blob.
const BLOB_LEN_MIN: u32 = 20;

/// Neighbouring tokens with digits.
#[derive(Clone, Copy)]
struct Number {
    first: usize,
    last: usize,
    start: u32,
    end: u32,
    digits: u32,
}

/// Which tokens with digits are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digits {
    /// How many the text holds, all together.
    text: u32,
    /// How long the token is.
    token_len: u32,
}

impl Digits {
    pub(crate) const ANY: Self = Self::of(0, 0);

    /// Those that a value may stand in which holds so many digits and, if it is one word, has so many bytes.
    pub(crate) const fn of(digits: u32, word_len: u32) -> Self {
        Self {
            text: if digits > DIGITS_MIN { digits } else { DIGITS_MIN },
            token_len: word_len,
        }
    }

    /// Whether a view may hold any.
    #[inline(always)]
    pub(super) const fn may_be_in(self, view: &View) -> bool {
        view.stats.digit >= self.text && view.stats.longest_token >= self.token_len
    }

    /// Calls `on` for each of them.
    #[inline(always)]
    pub(super) fn find(self, view: &View, lexeme: u32, on: &mut impl FnMut(Hit)) {
        let meant = |token: &Token| u32::from(token.digits) >= DIGITS_MIN && token.end - token.start >= self.token_len;
        for (index, _) in view.tokens.iter().enumerate().filter(|(_, token)| meant(token)) {
            on(hit(view, lexeme, index, index));
        }
    }
}

/// Calls `on` for neighbouring tokens that hold enough digits together.
#[inline(never)]
pub(super) fn numbers(view: &View, lexeme: u32, on: &mut impl FnMut(Hit)) {
    let mut take = |number: Number| {
        if number.digits >= NUMBER_DIGITS_MIN {
            on(Hit {
                lexeme,
                first: narrow(number.first),
                last: narrow(number.last),
                start: number.start,
                end: number.end,
            });
        }
    };
    let mut open: Option<Number> = None;
    for (index, token) in view.tokens.iter().enumerate().filter(|(_, token)| token.digits > 0) {
        let digits = digits_of(view, token);
        match &mut open {
            Some(number) if number.last + 1 == index && token.start - number.end <= NUMBER_GAP_MAX => {
                number.last = index;
                number.end = token.end;
                number.digits += digits;
            }
            _ => {
                let next = Number {
                    first: index,
                    last: index,
                    start: token.start,
                    end: token.end,
                    digits,
                };
                open.replace(next).into_iter().for_each(&mut take);
            }
        }
    }
    open.into_iter().for_each(take);
}

fn digits_of(view: &View, token: &Token) -> u32 {
    let bytes = view.text().get(token.start as usize..token.end as usize);
    narrow(
        bytes
            .unwrap_or_default()
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .count(),
    )
}

/// Calls `on` for runs of tokens with no white space between them.
#[inline(never)]
pub(super) fn blobs(view: &View, lexeme: u32, on: &mut impl FnMut(Hit)) {
    let text = view.text();
    let mut run: Option<(usize, u32)> = None;
    let mut previous_end = 0;
    let mut end = |run: Option<(usize, u32)>, next: usize, end: u32| {
        if let Some((first, start)) = run
            && end - start >= BLOB_LEN_MIN
        {
            on(Hit {
                lexeme,
                first: narrow(first),
                last: narrow(next.saturating_sub(1)),
                start,
                end,
            });
        }
    };
    for (index, token) in view.tokens.iter().enumerate() {
        let gap = text
            .get(previous_end as usize..token.start as usize)
            .unwrap_or_default();
        // A run ends at white space, and at letters of other scripts, which need none to end a word.
        let ascii = token.head & 0x80 == 0;
        let joined = ascii
            && run.is_some()
            && gap.len() <= 4
            && !gap.iter().any(|byte| byte.is_ascii_whitespace() || *byte >= 0x80);
        if !joined {
            end(run, index, previous_end);
            run = Some((index, token.start));
        }
        previous_end = token.end;
    }
    end(run, view.tokens.len(), previous_end);
}

/// Calls `on` for the tokens on both sides of some bytes of the source.
#[inline(never)]
pub(super) fn beside(view: &View, (from, _): (u32, u32), lexeme: u32, on: &mut impl FnMut(Hit)) {
    let place = |token: &Token| view.map.to_source(token.start as usize..token.end as usize).start;
    let behind = view.tokens.partition_point(|token| place(token) < from as usize);
    let first = behind.saturating_sub(1);
    let last = behind.min(view.tokens.len().saturating_sub(1));
    if let (Some(before), Some(after)) = (view.tokens.get(first), view.tokens.get(last)) {
        on(Hit {
            lexeme,
            first: narrow(first),
            last: narrow(last),
            start: before.start,
            end: after.end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::numbers;
    use crate::masks::Portable;
    use crate::text::View;

    #[test]
    fn nine_digits_make_a_number_in_one_group_or_several() {
        for (text, wanted) in [
            ("call (212) 555-0142 now", vec!["212) 555-0142"]),
            (
                "4111 1111 1111 1111, or 900101-1234567",
                vec!["4111 1111 1111 1111, or 900101-1234567"],
            ),
            ("in 2019 or 2020, 12 of 150", vec![]),
            ("123456789 and 12345678", vec!["123456789"]),
            ("a 1 b 2 c 345678901", vec!["345678901"]),
        ] {
            let mut view = View::default();
            view.read(Portable, text, &[false; 256]);
            let mut found = Vec::new();
            numbers(&view, 0, &mut |hit| {
                found.push(String::from_utf8_lossy(&view.text()[hit.start as usize..hit.end as usize]).into_owned());
            });
            // Words between groups end a number.
            let wanted: Vec<String> = wanted
                .iter()
                .flat_map(|found| found.split(", or "))
                .map(str::to_owned)
                .collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}

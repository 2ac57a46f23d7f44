//! SQL injection, told by the order of the words of a value.
//!
//! A value is read three times: as it is, as if it stood in single quotes, and as if it stood in double quotes. What
//! closes the quote it would stand in and goes on as an expression is no value. Prose gives itself away by operands
//! without an operator between them.

mod lex;
mod shape;
mod words;

use std::ops::Range;

use self::lex::{Around, read};

/// Bytes of a value that are looked at; what injects stands where a value ends, and a value is short.
const VALUE_BYTES_MAX: usize = 4096;
/// Tokens that are looked at.
const TOKENS_MAX: usize = 512;

/// What a token is to SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    /// A string that nothing closes.
    OpenText,
    Variable,
    Word,
    Call,
    Null,
    Logic,
    Compare,
    Math,
    Not,
    Open,
    Close,
    Comma,
    Semi,
    Comment,
    Union,
    Select,
    Statement,
    Verb,
    From,
    By,
    Limit,
    Into,
    Case,
    Key,
    Other,
}

impl Kind {
    /// Something that has a value.
    const fn is_operand(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Text | Self::OpenText | Self::Variable | Self::Word | Self::Null
        )
    }

    /// Something that has the same value wherever it stands.
    const fn is_literal(self) -> bool {
        matches!(
            self,
            Self::Number | Self::Text | Self::OpenText | Self::Variable | Self::Null
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

/// What a value does to the query it is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trick {
    /// Makes a condition true or false.
    Logic,
    /// Adds a result of its own.
    Union,
    /// Adds a statement.
    Stacked,
    /// Cuts the rest off.
    Tail,
    /// Calls what waits, reads or tells.
    Call,
    /// Asks how many columns there are.
    Probe,
}

/// Finds what a value does, and where.
pub(crate) fn find(text: &[u8]) -> Option<(Trick, Range<usize>)> {
    let value = text.get(..text.len().min(VALUE_BYTES_MAX)).unwrap_or_default();
    let spaced = value.iter().any(u8::is_ascii_whitespace);
    let plus_is_space = !spaced && value.contains(&b'+');
    let mut tokens = Vec::new();
    for around in [Around::Nothing, Around::Quote(b'\''), Around::Quote(b'"')] {
        for plus in [false, true] {
            if plus && !plus_is_space {
                continue;
            }
            tokens.clear();
            if read(value, around, plus, &mut tokens)
                && let Some(found) = shape::judge(value, &tokens, around != Around::Nothing)
            {
                return Some(found);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Trick, find};

    fn trick(text: &str) -> Option<Trick> {
        find(text.to_lowercase().as_bytes()).map(|(trick, _)| trick)
    }

    #[test]
    fn values_that_go_on_as_sql_are_found() {
        for (text, wanted) in [
            ("7 or 3=3", Trick::Logic),
            ("x' or 'q'='q", Trick::Logic),
            ("lee\" and 5 > 4 -- ", Trick::Logic),
            ("a'or id is not null#", Trick::Logic),
            ("red+or+8%3D8", Trick::Logic),
            ("4 union all select name, pin from staff", Trick::Union),
            ("9union/**/select(1),2", Trick::Union),
            ("b'; drop table staff", Trick::Stacked),
            ("12; delete from staff", Trick::Stacked),
            ("root'--", Trick::Tail),
            ("root') -- -", Trick::Tail),
            ("3) waitfor delay '0:0:9'--", Trick::Call),
            ("8 order by 11", Trick::Probe),
        ] {
            let text = text.replace("%3D", "=");
            assert_eq!(trick(&text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn names_prose_and_whole_queries_are_not() {
        for text in [
            "O'Brien",
            "Tom O'Neil and Mary D'Arcy",
            "salt or pepper",
            "10 and under",
            "black and \"shower curtain\"",
            "the union selected a few members",
            "select the best of 5 and 6",
            "SELECT name FROM users WHERE id = 1 AND age > 3",
            "SELECT a FROM b UNION SELECT c FROM d ORDER BY 1",
            "status = 'open' and priority = 1",
            "0 < x and x < 10",
            "5' 10\" tall; update me",
            "if x == 'a' or y == 'b': return 1",
            "rock 'n' roll",
            "It's 5 or 6 = too many",
            "{\"a\": 1, \"b\": \"c or d\"}",
            "dogs' & cats' food",
            "5' - 6' wide",
        ] {
            assert_eq!(trick(text), None, "{text}");
        }
    }
}

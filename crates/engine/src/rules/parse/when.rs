//! Conditions over the bytes of the original, as one expression: `a and not (b or 2 of (c, d))`.

use std::collections::BTreeSet;

use super::document::Node;
use super::fields::{Report, shown, text, unknown};
use crate::rules::bytes::{can_count, presence};
use crate::rules::source::{Bound, Compare, PatternSource, RuleError, When};

const DEPTH_MAX: usize = 24;
const PARTS_MAX: usize = 1024;
const RESERVED: [&str; 11] = [
    "and", "or", "not", "of", "all", "any", "none", "at", "in", "count", "size",
];

/// Reads one expression.
pub(super) fn when(report: Report<'_>, node: Node, patterns: &[PatternSource]) -> Result<When, RuleError> {
    let (source, at) = text(report, node)?;
    let fault = |fault: Fault| match fault {
        Fault::Unknown(name) => {
            let known: Vec<&str> = patterns
                .iter()
                .filter(|pattern| pattern.bytes.is_some())
                .map(|pattern| pattern.name.as_str())
                .collect();
            unknown(report, at, "pattern of `bytes`", &name, &known)
        }
        Fault::Form {
            at: place,
            found,
            expected,
        } => {
            let message = format!("{found} at character {} of `when`", place + 1);
            report.error(at, message, expected.to_owned())
        }
    };
    let tokens = cut(&source).map_err(fault)?;
    let mut reader = Reader {
        tokens: &tokens,
        next: 0,
        patterns,
        end: source.chars().count(),
        parts: 0,
    };
    let tree = reader.either(0).map_err(fault)?;
    if reader.next < tokens.len() {
        return Err(fault(reader.wrong("`and`, `or` or the end")));
    }
    let uncountable = |pattern: &&PatternSource| pattern.bytes.as_ref().is_some_and(|bytes| !can_count(bytes));
    if let Some(pattern) = counted(&tree, patterns)
        .into_iter()
        .find_map(|index| patterns.get(index).filter(uncountable))
    {
        let message = format!("pattern {} cannot be counted", shown(&pattern.name));
        let expected = "a smaller regex, with `(?-u:\\b)` for `\\b`, where `when` counts it or it is `whole`";
        return Err(report.error(at, message, expected.to_owned()));
    }
    Ok(tree)
}

/// Patterns whose matches are counted one by one, or that must be whole.
fn counted(tree: &When, patterns: &[PatternSource]) -> BTreeSet<usize> {
    match tree {
        When::Least(_, parts) => parts.iter().flat_map(|part| counted(part, patterns)).collect(),
        When::Not(part) => counted(part, patterns),
        When::Count {
            pattern,
            compare,
            number,
            ..
        } => {
            let source = patterns.get(*pattern).and_then(|pattern| pattern.bytes.as_ref());
            let whole = source.is_some_and(|bytes| bytes.whole);
            let one_by_one = whole || presence(*compare, *number).is_none();
            one_by_one.then_some(*pattern).into_iter().collect()
        }
        When::Size(..) => BTreeSet::new(),
    }
}

enum Fault {
    Unknown(String),
    Form {
        at: usize,
        found: String,
        expected: &'static str,
    },
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(u64),
    /// `end`, or so many bytes before it.
    End(u64),
    Compare(Compare),
    Open,
    Close,
    Comma,
    Range,
}

const COMPARES: [(&str, Compare); 6] = [
    ("<=", Compare::AtMost),
    (">=", Compare::AtLeast),
    ("==", Compare::Equal),
    ("!=", Compare::Unequal),
    ("<", Compare::Less),
    (">", Compare::More),
];
const SIGNS: [(&str, Token); 4] = [
    ("..", Token::Range),
    ("(", Token::Open),
    (")", Token::Close),
    (",", Token::Comma),
];

/// Tokens with the character each starts at.
fn cut(source: &str) -> Result<Vec<(Token, usize)>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut at = 0;
    while let Some(first) = rest.chars().next() {
        let (token, len) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else {
            let (token, len) = token(rest, at)?;
            (Some(token), len)
        };
        tokens.extend(token.map(|token| (token, at)));
        at += rest.get(..len).unwrap_or_default().chars().count();
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(tokens)
}

fn token(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let letters = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-');
    let len = rest.bytes().take_while(|letter| letters(*letter)).count();
    if let Some(word) = rest.get(..len).filter(|word| !word.is_empty()) {
        return Ok((named(word, at)?, len));
    }
    if let Some((sign, compare)) = COMPARES.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((Token::Compare(*compare), sign.len()));
    }
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((token.clone(), sign.len()));
    }
    let found: String = rest.chars().take(1).collect();
    Err(Fault::Form {
        at,
        found: format!("{} is no part of a condition", shown(&found)),
        expected: "names, numbers, `(`, `)`, `,`, `..` and comparisons",
    })
}

/// A word of letters, digits, `_` and `-`.
fn named(word: &str, at: usize) -> Result<Token, Fault> {
    if word == "end" {
        return Ok(Token::End(0));
    }
    let number = |digits: &str| digits.parse::<u64>().ok();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let before_end = word.strip_prefix("end-").filter(|rest| digits(rest));
    let (value, token): (&str, fn(u64) -> Token) = match before_end {
        Some(rest) => (rest, Token::End),
        None if digits(word) => (word, Token::Number),
        None => return Ok(Token::Word(word.to_owned())),
    };
    number(value).map(token).ok_or_else(|| Fault::Form {
        at,
        found: format!("{} is too large", shown(word)),
        expected: "a number of at most 64 bits",
    })
}

struct Reader<'a> {
    tokens: &'a [(Token, usize)],
    next: usize,
    patterns: &'a [PatternSource],
    end: usize,
    parts: usize,
}

impl Reader<'_> {
    fn either(&mut self, depth: usize) -> Result<When, Fault> {
        let mut parts = vec![self.both(depth)?];
        while self.word("or") {
            parts.push(self.both(depth)?);
        }
        Ok(least(1, parts))
    }

    fn both(&mut self, depth: usize) -> Result<When, Fault> {
        let mut parts = vec![self.one(depth)?];
        while self.word("and") {
            parts.push(self.one(depth)?);
        }
        let all = parts.len();
        Ok(least(all, parts))
    }

    fn one(&mut self, depth: usize) -> Result<When, Fault> {
        self.parts += 1;
        if depth > DEPTH_MAX || self.parts > PARTS_MAX {
            return Err(self.wrong("a condition with fewer parts and parentheses"));
        }
        if self.word("not") {
            return Ok(When::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign(&Token::Open) {
            let inner = self.either(depth + 1)?;
            self.want(&Token::Close, "`)`")?;
            return Ok(inner);
        }
        if self.word("size") {
            let (compare, number) = self.comparison()?;
            return Ok(When::Size(compare, number));
        }
        if self.word("count") {
            return self.count();
        }
        match self.quantity() {
            Some(quantity) => self.some_of(quantity, depth),
            None => self.presence(),
        }
    }

    /// `all`, `any`, `none` or a number in front of `of`.
    fn quantity(&mut self) -> Option<Quantity> {
        let quantity = match &self.tokens.get(self.next)?.0 {
            Token::Word(word) if word == "all" => Quantity::All,
            Token::Word(word) if word == "any" => Quantity::Least(1),
            Token::Word(word) if word == "none" => Quantity::None,
            Token::Number(number) => Quantity::Least(*number),
            _ => return None,
        };
        self.next += 1;
        Some(quantity)
    }

    fn some_of(&mut self, quantity: Quantity, depth: usize) -> Result<When, Fault> {
        if !self.word("of") {
            return Err(self.wrong("`of`"));
        }
        self.want(&Token::Open, "`(`")?;
        let mut parts = vec![self.either(depth + 1)?];
        while self.sign(&Token::Comma) {
            parts.push(self.either(depth + 1)?);
        }
        self.want(&Token::Close, "`,` or `)`")?;
        Ok(match quantity {
            Quantity::All => When::Least(parts.len(), parts),
            Quantity::None => When::Not(Box::new(When::Least(1, parts))),
            Quantity::Least(number) => When::Least(usize::try_from(number).unwrap_or(usize::MAX), parts),
        })
    }

    /// `count(name in 0..100) > 3`
    fn count(&mut self) -> Result<When, Fault> {
        self.want(&Token::Open, "`(`")?;
        let pattern = self.pattern()?;
        let within = if self.word("in") { Some(self.range()?) } else { None };
        self.want(&Token::Close, "`in` or `)`")?;
        let (compare, number) = self.comparison()?;
        Ok(When::Count {
            pattern,
            within,
            compare,
            number,
        })
    }

    /// `name`, `name at 0` or `name in 0..100`
    fn presence(&mut self) -> Result<When, Fault> {
        let pattern = self.pattern()?;
        let within = if self.word("at") {
            let bound = self.bound()?;
            Some((bound, bound))
        } else if self.word("in") {
            Some(self.range()?)
        } else {
            None
        };
        Ok(When::Count {
            pattern,
            within,
            compare: Compare::AtLeast,
            number: 1,
        })
    }

    fn pattern(&mut self) -> Result<usize, Fault> {
        let Some((Token::Word(name), _)) = self.tokens.get(self.next) else {
            return Err(self.wrong("the name of a pattern, `not`, `(`, `size`, `count` or `any of`"));
        };
        if RESERVED.contains(&name.as_str()) {
            return Err(self.wrong("the name of a pattern, and none that has a meaning here"));
        }
        let known = |pattern: &PatternSource| pattern.name == *name && pattern.bytes.is_some();
        let index = self.patterns.iter().position(known);
        let index = index.ok_or_else(|| Fault::Unknown(name.clone()))?;
        self.next += 1;
        Ok(index)
    }

    fn range(&mut self) -> Result<(Bound, Bound), Fault> {
        let first = self.bound()?;
        self.want(&Token::Range, "`..`")?;
        Ok((first, self.bound()?))
    }

    fn bound(&mut self) -> Result<Bound, Fault> {
        let bound = match self.tokens.get(self.next) {
            Some((Token::Number(bytes), _)) => Bound::Start(*bytes),
            Some((Token::End(bytes), _)) => Bound::End(*bytes),
            _ => return Err(self.wrong("a number of bytes, `end` or `end-` and a number")),
        };
        self.next += 1;
        Ok(bound)
    }

    fn comparison(&mut self) -> Result<(Compare, u64), Fault> {
        let Some((Token::Compare(compare), _)) = self.tokens.get(self.next) else {
            return Err(self.wrong("a comparison: `<`, `<=`, `==`, `!=`, `>=` or `>`"));
        };
        self.next += 1;
        let Some((Token::Number(number), _)) = self.tokens.get(self.next) else {
            return Err(self.wrong("a number"));
        };
        self.next += 1;
        Ok((*compare, *number))
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.next), Some((Token::Word(word), _)) if word == wanted);
        self.next += usize::from(found);
        found
    }

    fn sign(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|(token, _)| token == wanted);
        self.next += usize::from(found);
        found
    }

    fn want(&mut self, wanted: &Token, expected: &'static str) -> Result<(), Fault> {
        if self.sign(wanted) {
            return Ok(());
        }
        Err(self.wrong(expected))
    }

    fn wrong(&self, expected: &'static str) -> Fault {
        let token = self.tokens.get(self.next);
        Fault::Form {
            at: token.map_or(self.end, |(_, at)| *at),
            found: token.map_or_else(|| "an end".to_owned(), |(token, _)| spoken(token)),
            expected,
        }
    }
}

enum Quantity {
    All,
    None,
    Least(u64),
}

fn least(number: usize, mut parts: Vec<When>) -> When {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            When::Least(number, parts)
        }
        None => When::Least(number, parts),
    }
}

fn spoken(token: &Token) -> String {
    match token {
        Token::Word(word) => shown(word),
        Token::Number(number) => format!("`{number}`"),
        Token::End(_) => "`end`".to_owned(),
        Token::Compare(_) => "a comparison".to_owned(),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Comma => "`,`".to_owned(),
        Token::Range => "`..`".to_owned(),
    }
}

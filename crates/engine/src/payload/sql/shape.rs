//! What the order of the tokens gives away.

mod whole;

use std::ops::Range;

use super::lex::is_break;
use super::{Kind, Token, Trick};

/// Bytes behind a comment sign that are still a tail, not a remark.
const TAIL_BYTES_MAX: usize = 4;
/// Tokens from the start of a value to where its trick begins.
const HEAD_TOKENS_MAX: usize = 12;

/// Judges the tokens of a value; `quoted` if the first of them closes a quote.
pub(super) fn judge(value: &[u8], tokens: &[Token], quoted: bool) -> Option<(Trick, Range<usize>)> {
    let line = Line { value, tokens, quoted };
    let end = tokens.last()?.end;
    (0..tokens.len())
        .find_map(|at| line.trick_at(at).map(|trick| (trick, at)))
        .or_else(|| {
            line.tail()
                .or_else(|| line.expression())
                .or_else(|| line.whole())
                .map(|trick| (trick, 0))
        })
        .and_then(|(trick, at)| Some((trick, tokens.get(at.saturating_sub(1))?.start..end)))
}

struct Line<'a> {
    value: &'a [u8],
    tokens: &'a [Token],
    quoted: bool,
}

/// What stands between two joints of an expression.
#[derive(Clone, Copy, Default)]
struct Part {
    compares: bool,
    literals: usize,
    words: usize,
    calls: bool,
    selects: bool,
    /// Ends with the value, or with a comment.
    last: bool,
    commented: bool,
}

impl Line<'_> {
    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn word(&self, at: usize) -> &[u8] {
        self.tokens
            .get(at)
            .and_then(|token| self.value.get(token.start..token.end))
            .unwrap_or_default()
    }

    /// Operands without an operator in the first `count` tokens.
    fn breaks(&self, count: usize) -> usize {
        let tokens = self.tokens.get(..count.min(self.tokens.len())).unwrap_or_default();
        tokens
            .iter()
            .zip(tokens.iter().skip(1))
            .filter(|(last, next)| is_break(**last, **next))
            .count()
    }

    /// A whole query, which is no value that was tampered with.
    fn is_query(&self) -> bool {
        if self.quoted {
            // The quote of a program around a query.
            return self.kind(1) == Some(Kind::Select);
        }
        let first = (0..self.tokens.len()).find(|at| self.kind(*at) != Some(Kind::Open));
        let bracketed = first.is_some_and(|at| at > 0);
        match first.and_then(|at| self.kind(at)) {
            Some(Kind::Select) => !bracketed,
            Some(Kind::Statement | Kind::Verb) => true,
            _ => false,
        }
    }

    /// The value of a parameter stands in front: a quote it closes, or a literal.
    fn has_value_before(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default();
        let lead = before
            .iter()
            .find(|token| !matches!(token.kind, Kind::Open | Kind::Math));
        before.len() <= HEAD_TOKENS_MAX && (self.quoted || lead.is_some_and(|token| token.kind.is_literal()))
    }

    fn trick_at(&self, at: usize) -> Option<Trick> {
        let kind = self.kind(at)?;
        let query = self.is_query();
        match kind {
            Kind::Union if !query && self.unites(at) => Some(Trick::Union),
            Kind::Semi if !query && self.stacks(at) => Some(Trick::Stacked),
            Kind::Statement if self.waits(at) => Some(Trick::Call),
            Kind::Statement | Kind::Call if self.quoted && at > 0 && self.breaks(at) == 0 && self.starts(at) => {
                Some(Trick::Stacked)
            }
            Kind::Into if !query && self.writes(at) => Some(Trick::Call),
            Kind::Logic if !query && self.decides(at) => Some(Trick::Logic),
            Kind::Math | Kind::Compare if !query && self.reckons(at) => Some(Trick::Call),
            Kind::Call | Kind::Open if at == 0 && !self.quoted && self.asks() => Some(Trick::Call),
            Kind::By | Kind::Limit if !query && self.probes(at) => Some(Trick::Probe),
            _ => None,
        }
    }

    /// `… union [all] [(] select` and what may follow.
    fn unites(&self, at: usize) -> bool {
        let mut next = at + 1;
        while matches!(self.kind(next), Some(Kind::Key | Kind::Open | Kind::Math)) {
            next += 1;
        }
        let select = self.kind(next) == Some(Kind::Select);
        let selects = match self.kind(next + 1) {
            Some(Kind::Word) => !matches!(self.kind(next + 2), Some(Kind::Word | Kind::Key | Kind::Logic)),
            Some(Kind::Select | Kind::Statement) => false,
            Some(_) => true,
            None => self.has_value_before(at) || at == 0,
        };
        select && selects && self.breaks(at) <= usize::from(self.quoted)
    }

    /// `… ; statement`.
    fn stacks(&self, at: usize) -> bool {
        let before = at <= HEAD_TOKENS_MAX && self.breaks(at) == 0 && at > 0;
        // `name: x; select …` is a list, `x; drop …` of a bare word may be one.
        let named = self.quoted
            || matches!(
                self.kind(0),
                Some(Kind::Number | Kind::Text | Kind::Variable | Kind::Open)
            );
        let next = self
            .tokens
            .iter()
            .skip(at + 1)
            .take_while(|token| token.kind == Kind::Open);
        let start = at + 1 + next.count();
        before && self.starts(start) && (named || self.starts_hard(start))
    }

    /// What `at` begins is a statement as SQL writes it.
    fn starts(&self, at: usize) -> bool {
        let next = self.kind(at + 1);
        let within = |wanted: &[u8]| (at + 1..at + 6).any(|place| self.word(place) == wanted);
        let name = matches!(next, Some(Kind::Word | Kind::Variable));
        match self.word(at) {
            b"select" => match next {
                Some(Kind::Word) => !matches!(self.kind(at + 2), Some(Kind::Word)),
                Some(kind) => kind.is_literal() || matches!(kind, Kind::Math | Kind::Call | Kind::Open | Kind::Key),
                None => false,
            },
            b"insert" => within(b"into"),
            b"delete" => within(b"from"),
            b"update" => within(b"set"),
            b"drop" if self.kind(at + 2) == Some(Kind::Comment) => next == Some(Kind::Word),
            b"load" => matches!(self.word(at + 1), b"data" | b"xml"),
            b"drop" | b"create" | b"alter" => self.is_object(at + 1),
            b"truncate" => self.word(at + 1) == b"table",
            b"exec" | b"execute" => {
                let named = |byte: &u8| matches!(byte, b'_' | b'.');
                matches!(next, Some(Kind::Open | Kind::Variable)) || self.word(at + 1).iter().any(named)
            }
            b"declare" => matches!(next, Some(Kind::Variable)) || (name && within(b"cursor")),
            b"shutdown" => matches!(next, None | Some(Kind::Comment | Kind::Semi | Kind::Key)),
            b"waitfor" => self.word(at + 1) == b"delay",
            b"if" => matches!(next, Some(Kind::Open)) || matches!(next, Some(kind) if kind.is_literal()),
            b"begin" => self.kind(at + 1) == Some(Kind::Statement) || self.kind(at + 2) == Some(Kind::Statement),
            b"call" => next == Some(Kind::Word) && self.kind(at + 2) == Some(Kind::Open),
            b"do" => matches!(next, Some(Kind::Open | Kind::Call)),
            _ => false,
        }
    }

    /// Also behind a bare word, where a list of commands could stand.
    fn starts_hard(&self, at: usize) -> bool {
        let word = self.word(at);
        matches!(word, b"drop" | b"waitfor" | b"truncate" | b"shutdown" | b"declare")
            || (matches!(word, b"if")
                && self
                    .tokens
                    .iter()
                    .skip(at)
                    .any(|token| self.word_of(token) == b"waitfor"))
    }

    fn word_of(&self, token: &Token) -> &[u8] {
        self.value.get(token.start..token.end).unwrap_or_default()
    }

    fn is_object(&self, at: usize) -> bool {
        let known: [&[u8]; 10] = [
            b"table",
            b"database",
            b"user",
            b"view",
            b"index",
            b"schema",
            b"function",
            b"procedure",
            b"login",
            b"trigger",
        ];
        known.contains(&self.word(at)) && self.tokens.len() > at + 1
    }

    /// `waitfor delay '…'`.
    fn waits(&self, at: usize) -> bool {
        self.word(at) == b"waitfor" && self.word(at + 1) == b"delay" && self.breaks(at) <= 1
    }

    /// `into outfile '…'`.
    fn writes(&self, at: usize) -> bool {
        matches!(self.word(at + 1), b"outfile" | b"dumpfile") && self.has_value_before(at) && self.breaks(at) == 0
    }

    /// The part of an expression that begins at `from`.
    fn part(&self, from: usize) -> Part {
        let mut part = Part::default();
        for (at, token) in self.tokens.iter().enumerate().skip(from) {
            match token.kind {
                Kind::Logic | Kind::Semi | Kind::Union if at > from => return part,
                Kind::Compare => part.compares = true,
                Kind::Select => part.selects = true,
                Kind::Call => part.calls = true,
                Kind::Word if self.kind(at + 1) == Some(Kind::Open) => part.calls = true,
                Kind::Word => part.words += 1,
                Kind::Comment => {
                    part.commented = true;
                    part.last = true;
                    return part;
                }
                kind if kind.is_literal() => part.literals += 1,
                _ => {}
            }
        }
        part.last = true;
        part
    }

    /// `… or 1=1` in all its forms.
    fn decides(&self, at: usize) -> bool {
        let value = at
            .checked_sub(1)
            .and_then(|before| self.kind(before))
            .is_some_and(|kind| kind.is_operand() || kind == Kind::Close);
        // What follows is read as far as the next joint; prose must not stand there.
        let part = self.part(at + 1);
        let same = part.compares && part.words == 0 && (part.literals > 1 || part.calls);
        // What ends in a comparison asks a person.
        let open = self.tokens.last().is_some_and(|token| token.kind == Kind::Compare);
        if (!value && at > 0) || open {
            return false;
        }
        let asks = part.compares && (part.literals > 0 || part.calls) || part.selects;
        let breaks = self.breaks(self.tokens.len()).saturating_sub(self.slack());
        if self.quoted {
            let ends = part.last && part.literals + part.words > 0 && (part.commented || self.closes());
            let ends = ends && self.tokens.len() > 3;
            return breaks == 0 && (part.compares || part.selects || part.calls || ends);
        }
        let compared = self.tokens.iter().take(at).any(|token| token.kind == Kind::Compare);
        let tampered = (at == 0 || self.has_value_before(at)) && !compared && (asks || self.calls_data(at + 1));
        let tampered = tampered && (at > 0 || self.calls_data(1));
        // `3 < 5 && 5 < 7` compares on both sides of a sign: that is reckoning.
        let sign = matches!(self.word(at), b"&&" | b"||");
        let prose = breaks > 1 || (breaks == 1 && !part.selects && !part.calls);
        self.breaks(at) == 0 && !prose && ((same && !(sign && compared)) || tampered)
    }

    /// The last token is a string that the query itself will close, behind an operator.
    fn closes(&self) -> bool {
        let last = self.tokens.len().saturating_sub(1);
        matches!(self.kind(last), Some(Kind::OpenText | Kind::Text))
            && last
                .checked_sub(1)
                .and_then(|before| self.kind(before))
                .is_some_and(|kind| matches!(kind, Kind::Logic | Kind::Compare | Kind::Math | Kind::Not))
    }

    /// A function that only a database has.
    fn calls_data(&self, from: usize) -> bool {
        let known: [&[u8]; 24] = [
            b"ascii",
            b"ord",
            b"version",
            b"database",
            b"user",
            b"char",
            b"chr",
            b"sleep",
            b"pg_sleep",
            b"benchmark",
            b"substring",
            b"substr",
            b"mid",
            b"load_file",
            b"extractvalue",
            b"updatexml",
            b"elt",
            b"make_set",
            b"db_name",
            b"randomblob",
            b"connection_id",
            b"isnull",
            b"exists",
            b"lpad",
        ];
        (from..self.tokens.len()).any(|at| self.kind(at) == Some(Kind::Call) && known.contains(&self.word(at)))
    }

    /// `1-ascii(…)`, `1*(select …)`.
    fn reckons(&self, at: usize) -> bool {
        let mut next = at + 1;
        while self.kind(next) == Some(Kind::Open) {
            next += 1;
        }
        let sub = next > at + 1 && self.kind(next) == Some(Kind::Select);
        let call = self.kind(next) == Some(Kind::Call) && self.calls_data(next);
        let lone = at == 0 && sub && self.kind(at) == Some(Kind::Compare);
        let before = lone || at > 0 && self.has_value_before(at);
        before && (sub || call) && self.breaks(self.tokens.len()) <= self.slack()
    }

    /// Names without `as` are rare in an expression, and common in a query inside of one.
    fn slack(&self) -> usize {
        let inner = |at: usize| self.kind(at) == Some(Kind::Open) && self.kind(at + 1) == Some(Kind::Select);
        let queries = (0..self.tokens.len()).any(inner) || self.calls_data(0);
        if queries { self.tokens.len() / 6 } else { 0 }
    }

    /// The whole value is a query in brackets, or a question about the server.
    fn asks(&self) -> bool {
        let starts = (0..self.tokens.len())
            .find(|at| self.kind(*at) != Some(Kind::Open))
            .unwrap_or(0);
        let query = self.kind(starts) == Some(Kind::Select);
        let from = self.tokens.iter().any(|token| token.kind == Kind::From);
        let about_server = (1..self.tokens.len()).any(|at| {
            let word = self.word(at);
            let called = matches!(word, b"version" | b"database" | b"schema" | b"connection_id" | b"user")
                && self.kind(at) == Some(Kind::Call)
                && self.kind(at + 2) == Some(Kind::Close);
            called || word.starts_with(b"@@") || matches!(word, b"current_user" | b"system_user")
        });
        let waits = matches!(self.word(0), b"benchmark" | b"pg_sleep")
            || (self.word(0) == b"sleep" && self.tokens.last().is_some_and(|token| token.kind == Kind::Comment));
        let nested = self.kind(0) == Some(Kind::Call) && self.tokens.len() > 3 && about_server;
        let asked = (query && (from || about_server)) || waits || nested;
        asked && self.breaks(self.tokens.len()) <= self.slack().min(1)
    }

    /// `1 order by 9`, `1 limit 0,1 --`, `1 procedure analyse()`.
    fn probes(&self, at: usize) -> bool {
        let sorted = self.kind(at) == Some(Kind::By) && self.kind(at.saturating_sub(1)) == Some(Kind::Key);
        let head = if sorted { at - 1 } else { at };
        let follows = match self.kind(at + 1) {
            Some(Kind::Number) => !matches!(self.kind(at + 2), Some(Kind::Word | Kind::Other)),
            Some(Kind::Call | Kind::Open) => true,
            _ => false,
        };
        let limit = self.kind(at) == Some(Kind::Limit) && (self.quoted || self.part(at).commented);
        let commented = self.tokens.last().is_some_and(|token| token.kind == Kind::Comment);
        let placed = self.has_value_before(head) || (head == 0 && commented);
        (head > 0 || sorted) && placed && (sorted || limit) && follows && self.breaks(head) == 0
    }

    /// A value that closes its quote and cuts the rest off, or a number that does.
    fn tail(&self) -> Option<Trick> {
        let (last, before) = self.tokens.split_last()?;
        let body = self.value.get(last.start..last.end).unwrap_or_default();
        let spaced = self
            .value
            .get(last.start.wrapping_sub(1))
            .is_some_and(u8::is_ascii_whitespace);
        let tail = match body {
            [b'#', rest @ ..] => (!spaced || rest.is_empty()) && rest.len() <= TAIL_BYTES_MAX,
            [b'-', b'-', rest @ ..] | [b'/', b'*', rest @ ..] => rest.len() <= TAIL_BYTES_MAX,
            _ => false,
        };
        let only_closed = before
            .iter()
            .skip(1)
            .all(|token| matches!(token.kind, Kind::Close | Kind::Semi));
        let first = before.first()?.kind;
        let words = self.word(0).split(u8::is_ascii_whitespace).count();
        let empty = !body.iter().any(u8::is_ascii_alphanumeric) && !body.starts_with(b"#");
        let bare = matches!(first, Kind::Number | Kind::Variable) && empty && before.len() == 1;
        (tail && only_closed && ((self.quoted && words <= 2) || bare)).then_some(Trick::Tail)
    }

    /// A value that closes its quote and goes on as an expression up to a comment or to the quote of the query.
    fn expression(&self) -> Option<Trick> {
        let joined = self
            .tokens
            .iter()
            .any(|token| matches!(token.kind, Kind::Logic | Kind::Compare));
        let odd = self
            .tokens
            .iter()
            .any(|token| matches!(token.kind, Kind::Other | Kind::Semi | Kind::Comma));
        let second = self.kind(1)?;
        let goes_on = matches!(
            second,
            Kind::Logic | Kind::Compare | Kind::Math | Kind::Close | Kind::Not | Kind::Text
        );
        let ends = self.closes() || self.tokens.last()?.kind == Kind::Comment;
        let whole = self.quoted && self.tokens.len() >= 4 && joined && goes_on && ends && !odd;
        (whole && self.breaks(self.tokens.len()) == 0).then_some(Trick::Logic)
    }
}

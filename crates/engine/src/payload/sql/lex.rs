//! Cutting a value into the tokens of SQL.

use super::{Kind, TOKENS_MAX, Token, words};

/// What the query has around the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    Quote(u8),
}

/// Words before the quote that a value closes; more of them are a sentence.
const WORDS_BEFORE_MAX: usize = 6;
/// Operands without an operator between them before a text is prose.
const PROSE_AFTER: usize = 3;

/// Reads `value`; false if it cannot be what the surroundings say, or is prose.
pub(super) fn read(value: &[u8], around: Around, plus_is_space: bool, tokens: &mut Vec<Token>) -> bool {
    let mut reader = Reader {
        value,
        at: 0,
        plus_is_space,
    };
    if let Around::Quote(quote) = around {
        let Some(end) = memchr::memchr(quote, value) else {
            return false;
        };
        let before = value.get(..end).unwrap_or_default();
        let words = before.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        if words.take(WORDS_BEFORE_MAX + 1).count() > WORDS_BEFORE_MAX {
            return false;
        }
        reader.at = end + 1;
        tokens.push(Token {
            kind: Kind::Text,
            start: 0,
            end: end + 1,
        });
    }
    let mut breaks = 0;
    while let Some(token) = reader.next() {
        if let Some(last) = tokens.last() {
            breaks += usize::from(is_break(*last, token));
        }
        if breaks >= PROSE_AFTER + tokens.len() / 6 || tokens.len() >= TOKENS_MAX {
            return false;
        }
        tokens.push(token);
    }
    !tokens.is_empty()
}

/// Whether two tokens that follow each other have no place in an expression.
pub(super) const fn is_break(last: Token, next: Token) -> bool {
    let strings = matches!(last.kind, Kind::Text) && matches!(next.kind, Kind::Text | Kind::OpenText);
    let alias = matches!(last.kind, Kind::Close) && matches!(next.kind, Kind::Word);
    let left = last.kind.is_operand() || matches!(last.kind, Kind::Close);
    let right = next.kind.is_operand() || matches!(next.kind, Kind::Call | Kind::Not);
    let group = matches!(last.kind, Kind::Number | Kind::Text) && matches!(next.kind, Kind::Open);
    matches!(next.kind, Kind::Other) || (left && right && !strings && !alias) || group
}

struct Reader<'a> {
    value: &'a [u8],
    at: usize,
    plus_is_space: bool,
}

impl Reader<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.value.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.at;
        if start >= self.value.len() {
            return None;
        }
        let kind = self.token();
        self.at = self.at.max(start + 1).min(self.value.len());
        Some(Token {
            kind,
            start,
            end: self.at,
        })
    }

    /// White space, comments inside, and what only looks like one.
    fn skip_space(&mut self) {
        loop {
            let byte = self.byte(0);
            if self.at >= self.value.len() {
                return;
            }
            let space = byte <= b' ' || byte == b'`' || byte == 0x7F || (byte == b'+' && self.is_spacing_plus());
            if space {
                self.at += 1;
            } else if byte == b'/' && self.byte(1) == b'*' {
                let Some(len) = self.comment_len() else { return };
                self.at += len;
            } else if byte == b'*' && self.byte(1) == b'/' {
                self.at += 2;
            } else if (byte == b'#' || (byte == b'-' && self.byte(1) == b'-')) && self.line_goes_on() {
                self.at += self.line_len();
            } else {
                return;
            }
        }
    }

    /// A plus in a form stands for a space, except between digits.
    fn is_spacing_plus(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.value.get(at)).copied();
        let digits = before.is_some_and(|byte| byte.is_ascii_digit()) && self.byte(1).is_ascii_digit();
        self.plus_is_space && !digits
    }

    /// The length of a comment that ends before the value does; of one that a server runs, only of its opening.
    fn comment_len(&self) -> Option<usize> {
        let rest = self.value.get(self.at + 2..)?;
        if rest.first() == Some(&b'!') {
            let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
            return Some(3 + digits);
        }
        let end = rest.windows(2).position(|pair| pair == b"*/")?;
        (end + 4 + self.at < self.value.len()).then_some(end + 4)
    }

    fn line_len(&self) -> usize {
        let rest = self.value.get(self.at..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    }

    fn line_goes_on(&self) -> bool {
        let rest = self.value.get(self.at + self.line_len()..).unwrap_or_default();
        rest.iter().any(|byte| !byte.is_ascii_whitespace())
    }

    fn token(&mut self) -> Kind {
        let byte = self.byte(0);
        match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            b'\'' | b'"' => self.string(byte),
            b'@' => self.variable(),
            b'[' => self.bracketed(),
            b'\\' if self.byte(1) == b'n' => self.take(2, Kind::Null),
            b'(' => self.take(1, Kind::Open),
            b')' => self.take(1, Kind::Close),
            b',' => self.take(1, Kind::Comma),
            b';' => self.take(1, Kind::Semi),
            _ => self.sign(byte),
        }
    }

    const fn take(&mut self, len: usize, kind: Kind) -> Kind {
        self.at += len;
        kind
    }

    fn sign(&mut self, byte: u8) -> Kind {
        let next = self.byte(1);
        match (byte, next) {
            (b'#', _) | (b'-', b'-') | (b'/', b'*') => {
                self.at = self.value.len();
                Kind::Comment
            }
            (b'|', b'|') | (b'&', b'&') => self.take(2, Kind::Logic),
            (b'<', b'=') if self.byte(2) == b'>' => self.take(3, Kind::Compare),
            (b'<', b'=' | b'>' | b'<') | (b'>', b'=' | b'>') | (b'!' | b'=', b'=') => self.take(2, Kind::Compare),
            (b':', b'=') => self.take(2, Kind::Compare),
            (b':', b':') => {
                // A cast: the type belongs to what stands before it.
                let rest = self.value.get(self.at + 2..).unwrap_or_default();
                let name = rest.iter().take_while(|byte| is_name(**byte)).count();
                self.take(2 + name, Kind::Close)
            }
            (b'=' | b'<' | b'>', _) => self.take(1, Kind::Compare),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'^', _) => self.take(1, Kind::Math),
            (b'!' | b'~', _) => self.take(1, Kind::Not),
            (b'.', _) => self.take(1, Kind::Math),
            _ => self.take(1, Kind::Other),
        }
    }

    /// A number ends where a word of SQL is glued to it; any other letters make it a name.
    fn number(&mut self) -> Kind {
        let rest = self.value.get(self.at..).unwrap_or_default();
        if let [b'0', b'x', hex @ ..] = rest {
            let digits = hex.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            if digits > 0 {
                return self.take(2 + digits, Kind::Number);
            }
        }
        let mut len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if rest.get(len) == Some(&b'.') {
            len += 1;
            let digits = rest.iter().skip(len).take_while(|byte| byte.is_ascii_digit());
            len += digits.count();
        }
        let mut name = rest.get(len..).unwrap_or_default();
        if let [b'e', digit, ..] = name
            && digit.is_ascii_digit()
        {
            let digits = name.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
            len += 1 + digits;
            name = name.get(1 + digits..).unwrap_or_default();
        }
        let letters = name.iter().take_while(|byte| is_name(**byte)).count();
        let glued = name.get(..letters).unwrap_or_default();
        let typed = glued.get(1..).unwrap_or_default();
        if letters == 0 || words::class_of(glued).is_some() {
            self.take(len, Kind::Number)
        } else if matches!(glued, [b'd' | b'f', ..]) && words::class_of(typed).is_some() {
            self.take(len + 1, Kind::Number)
        } else {
            self.take(len + letters, Kind::Word)
        }
    }

    fn word(&mut self) -> Kind {
        let rest = self.value.get(self.at..).unwrap_or_default();
        let len = rest
            .iter()
            .take_while(|byte| is_name(**byte) || **byte == b'.' || **byte == b'$')
            .count();
        let word = rest.get(..len).unwrap_or_default();
        let plain = word.iter().position(|byte| *byte == b'.').unwrap_or(len);
        let class = words::class_of(word);
        if class.is_none() && plain < len && words::class_of(word.get(..plain).unwrap_or_default()).is_some() {
            // `select.1`: the stop is a space to some servers.
            self.at += plain;
            return self.known(word.get(..plain).unwrap_or_default());
        }
        self.at += len;
        self.known(word)
    }

    /// The class of a word; what is a function is one only before a bracket.
    fn known(&self, word: &[u8]) -> Kind {
        let class = words::class_of(word).unwrap_or(Kind::Word);
        let rest = self.value.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|byte| **byte > b' ');
        match class {
            Kind::Call if next == Some(&b'(') => Kind::Call,
            Kind::Call => Kind::Word,
            // `1 not between 0 and 2`: the comparison is the next word.
            Kind::Not if self.compares_next() => Kind::Key,
            class => class,
        }
    }

    fn compares_next(&self) -> bool {
        let rest = self.value.get(self.at..).unwrap_or_default().trim_ascii_start();
        let len = rest.iter().take_while(|byte| is_name(**byte)).count();
        words::class_of(rest.get(..len).unwrap_or_default()) == Some(Kind::Compare)
    }

    fn string(&mut self, quote: u8) -> Kind {
        let rest = self.value.get(self.at + 1..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == quote) {
            Some(end) => self.take(end + 2, Kind::Text),
            None => {
                self.at = self.value.len();
                Kind::OpenText
            }
        }
    }

    fn variable(&mut self) -> Kind {
        let rest = self.value.get(self.at..).unwrap_or_default();
        let signs = rest.iter().take_while(|byte| **byte == b'@').count();
        let name = rest
            .iter()
            .skip(signs)
            .take_while(|byte| is_name(**byte) || **byte == b'.');
        let len = signs + name.count();
        self.take(len, Kind::Variable)
    }

    fn bracketed(&mut self) -> Kind {
        let rest = self.value.get(self.at + 1..).unwrap_or_default();
        let name = rest.iter().take_while(|byte| is_name(**byte)).count();
        if name > 0 && rest.get(name) == Some(&b']') {
            return self.take(name + 2, Kind::Word);
        }
        self.take(1, Kind::Other)
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

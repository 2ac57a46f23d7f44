//! One line of an export: a JSON object without white space, of words, whole numbers, lists.

use std::borrow::Cow;

use crate::limits::{Res, malformed};

/// Objects and lists within one another.
const DEPTH_MAX: usize = 8;

#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Bool(bool),
    Number(u64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Keys in the order they came, none twice.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Object<'a> {
    pairs: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads a line that must be one object.
    pub(crate) fn read(line: &'a str) -> Res<Self> {
        let mut reader = Reader { text: line, at: 0 };
        let value = reader.value(0)?;
        match value {
            Json::Object(object) if reader.at == line.len() => Ok(object),
            Json::Object(_) => malformed("more text after the object"),
            _ => malformed("the line is no object"),
        }
    }

    /// Takes a value out; what is left at the end is too much.
    pub(crate) fn take(&mut self, key: &str) -> Option<Json<'a>> {
        let at = self.pairs.iter().position(|(name, _)| name == key)?;
        Some(self.pairs.swap_remove(at).1)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name == key)
    }

    pub(crate) fn number(&mut self, key: &str) -> Res<u64> {
        match self.take(key) {
            Some(Json::Number(number)) => Ok(number),
            _ => malformed(format!("`{key}` must be a whole number")),
        }
    }

    pub(crate) fn count(&mut self, key: &str) -> Res<usize> {
        let number = self.number(key)?;
        usize::try_from(number).or_else(|_| malformed(format!("`{key}` is too great")))
    }

    pub(crate) fn bool(&mut self, key: &str) -> Res<bool> {
        match self.take(key) {
            Some(Json::Bool(value)) => Ok(value),
            _ => malformed(format!("`{key}` must be true or false")),
        }
    }

    pub(crate) fn text(&mut self, key: &str) -> Res<Cow<'a, str>> {
        match self.take(key) {
            Some(Json::Text(text)) => Ok(text),
            _ => malformed(format!("`{key}` must be a text")),
        }
    }

    pub(crate) fn list(&mut self, key: &str) -> Res<Vec<Json<'a>>> {
        match self.take(key) {
            Some(Json::List(list)) => Ok(list),
            _ => malformed(format!("`{key}` must be a list")),
        }
    }

    pub(crate) fn object(&mut self, key: &str) -> Res<Self> {
        match self.take(key) {
            Some(Json::Object(object)) => Ok(object),
            _ => malformed(format!("`{key}` must be an object")),
        }
    }

    /// Fails when something was not asked for.
    pub(crate) fn end(self) -> Res<()> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, _)) => malformed(format!("unknown key `{}`", key.chars().take(40).collect::<String>())),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Res<()> {
        if self.peek() != Some(byte) {
            return malformed(format!("expected `{}` at column {}", char::from(byte), self.at + 1));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Res<Json<'a>> {
        if depth > DEPTH_MAX {
            return malformed("lists and objects nest too deep");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(Json::Text),
            Some(b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", true),
            Some(b'f') => self.word("false", false),
            _ => malformed(format!("unexpected text at column {}", self.at + 1)),
        }
    }

    fn word(&mut self, word: &str, value: bool) -> Res<Json<'a>> {
        match self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            true => {
                self.at += word.len();
                Ok(Json::Bool(value))
            }
            false => malformed(format!("unexpected text at column {}", self.at + 1)),
        }
    }

    fn number(&mut self) -> Res<u64> {
        let start = self.at;
        let mut number: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let next = number
                .checked_mul(10)
                .and_then(|number| number.checked_add(u64::from(digit - b'0')));
            let Some(next) = next else {
                return malformed(format!("a number is too great at column {}", start + 1));
            };
            number = next;
            self.at += 1;
        }
        let has_zero = self.text.as_bytes().get(start) == Some(&b'0');
        if has_zero && self.at - start > 1 {
            return malformed(format!("a number begins with zero at column {}", start + 1));
        }
        Ok(number)
    }

    fn list(&mut self, depth: usize) -> Res<Json<'a>> {
        self.at += 1;
        let mut list = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.peek() != Some(b',') {
                self.expect(b']')?;
                return Ok(Json::List(list));
            }
            self.at += 1;
        }
    }

    fn object(&mut self, depth: usize) -> Res<Json<'a>> {
        self.at += 1;
        let mut object = Object::default();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(object));
        }
        loop {
            if self.peek() != Some(b'"') {
                return malformed(format!("expected a key at column {}", self.at + 1));
            }
            let key = self.text()?;
            if object.has(&key) {
                return malformed(format!("a key stands twice at column {}", self.at + 1));
            }
            if object.pairs.len() >= 16 {
                return malformed("an object of too many keys");
            }
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            object.pairs.push((key, value));
            if self.peek() != Some(b',') {
                self.expect(b'}')?;
                return Ok(Json::Object(object));
            }
            self.at += 1;
        }
    }

    fn text(&mut self) -> Res<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped(start).map(Cow::Owned),
                Some(0x20..) => self.at += 1,
                _ => return malformed(format!("a text does not end at column {}", start + 1)),
            }
        }
    }

    /// A text with a backslash in it, from its start.
    fn escaped(&mut self, start: usize) -> Res<String> {
        let mut text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(next) = rest.chars().next() else {
                return malformed(format!("a text does not end at column {}", start + 1));
            };
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\u{1f}' => return malformed(format!("a control character at column {}", self.at)),
                next => text.push(next),
            }
        }
    }

    fn escape(&mut self) -> Res<char> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return malformed(format!("unknown escape at column {}", self.at)),
        })
    }

    fn code_point(&mut self) -> Res<char> {
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return malformed(format!("half a character at column {}", self.at));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some(found) => Ok(found),
            None => malformed(format!("half a character at column {}", self.at)),
        }
    }

    fn four_digits(&mut self) -> Res<u32> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return malformed(format!(
                "four hexadecimal digits are expected at column {}",
                self.at + 1
            ));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).or_else(|_| malformed("four hexadecimal digits are expected"))
    }
}

//! JSON of whole numbers, read strictly: no fractions, no key twice, nothing behind the end.

use super::ImageError;

/// Conditions and formulas are nested 64 deep at most, an atom's condition inside its formula.
const DEPTH_MAX: usize = 200;

/// What the text held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Object(Vec<(String, Value)>),
    List(Vec<Value>),
    Text(String),
    Whole(i64),
    Bool(bool),
    Null,
}

/// Reads a whole text.
pub(super) fn read(bytes: &[u8]) -> Result<Value, ImageError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refuse(error.valid_up_to(), "not UTF-8"))?
        .as_bytes();
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(refuse(reader.at, "something stands behind the end"))
    }
}

fn refuse(at: usize, message: &str) -> ImageError {
    ImageError::new(
        format!("byte {at}"),
        format!("it is not JSON of whole numbers: {message}"),
    )
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, ImageError> {
        if depth > DEPTH_MAX {
            return Err(self.error("nested too deep"));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.whole(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ImageError> {
        self.at += 1;
        let mut members: Vec<(String, Value)> = Vec::new();
        while !self.closes(b'}', members.is_empty())? {
            let key = self.string()?;
            // Objects of an image have a handful of keys; one with more is refused a moment later.
            if members.iter().any(|(known, _)| *known == key) {
                return Err(self.error("a key stands twice"));
            }
            if members.len() > 64 {
                return Err(self.error("an object has more than 64 keys"));
            }
            self.skip_space();
            self.expect(b':')?;
            members.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self, depth: usize) -> Result<Value, ImageError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.closes(b']', items.is_empty())? {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::List(items))
    }

    /// Whether the bracket closes here; if not, what comes next is a member.
    fn closes(&mut self, bracket: u8, first: bool) -> Result<bool, ImageError> {
        self.skip_space();
        if self.peek() == Some(bracket) {
            self.at += 1;
            return Ok(true);
        }
        if !first {
            self.expect(b',')?;
            self.skip_space();
        }
        Ok(false)
    }

    fn whole(&mut self) -> Result<Value, ImageError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let digits = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let written = self.text.get(digits..self.at).unwrap_or_default();
        if written.len() > 1 && written.first() == Some(&b'0') {
            return Err(self.error("a number begins with 0"));
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.error("a number is not whole"));
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        std::str::from_utf8(written)
            .ok()
            .and_then(|it| it.parse().ok())
            .map(Value::Whole)
            .ok_or_else(|| self.error("a number cannot be read"))
    }

    fn word(&mut self) -> Result<Value, ImageError> {
        let left = self.text.get(self.at..).unwrap_or_default();
        for (word, value) in [
            (&b"true"[..], Value::Bool(true)),
            (b"false", Value::Bool(false)),
            (b"null", Value::Null),
        ] {
            if left.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("a value is missing"))
    }

    fn string(&mut self) -> Result<String, ImageError> {
        self.expect(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let character = self.escape()?;
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte >= b' ' => bytes.push(byte),
                _ => return Err(self.error("a text does not end, or holds a control character")),
            }
        }
        String::from_utf8(bytes).map_err(|_| self.error("a text is not UTF-8"))
    }

    fn escape(&mut self) -> Result<char, ImageError> {
        Ok(match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unit_pair()?,
            _ => return Err(self.error("an escape is unknown")),
        })
    }

    fn unit_pair(&mut self) -> Result<char, ImageError> {
        let first = self.unit()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            let second = self.unit()?;
            0x1_0000
                + ((first - 0xd800) << 10)
                + (second.wrapping_sub(0xdc00) & 0x3ff)
                + if (0xdc00..0xe000).contains(&second) {
                    0
                } else {
                    0x11_0000
                }
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.error("half a surrogate pair"))
    }

    fn unit(&mut self) -> Result<u32, ImageError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.error("an escape is cut short"))?;
        }
        Ok(unit)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), ImageError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.error(&format!("expected `{}`", char::from(byte))))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += 1;
        byte
    }

    fn error(&self, message: &str) -> ImageError {
        refuse(self.at, message)
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, read};

    #[test]
    fn reads_what_an_image_is_made_of() {
        let value = read(r#" {"a" : [1,-20,true,false,null,"x\n\u00e4\ud83d\ude00\"é"],"b":{}} "#.as_bytes());
        let list = vec![
            Value::Whole(1),
            Value::Whole(-20),
            Value::Bool(true),
            Value::Bool(false),
            Value::Null,
            Value::Text("x\nä😀\"é".to_owned()),
        ];
        let whole = Value::Object(vec![
            ("a".to_owned(), Value::List(list)),
            ("b".to_owned(), Value::Object(vec![])),
        ]);
        assert_eq!(value, Ok(whole));
    }

    #[test]
    fn refuses_everything_else_with_its_place() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "{",
            "[1",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{\"a\":1,\"a\":2}",
            "1.5",
            "1e3",
            "01",
            "-",
            "99999999999999999999",
            "tru",
            "\"a",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\u12\"",
            "[] []",
            "\"\u{1}\"",
            &deep,
        ] {
            assert!(
                read(text.as_bytes()).is_err_and(|it| it.place.starts_with("byte ")),
                "{text}"
            );
        }
        assert!(read(b"\xff").is_err());
    }
}

//! Bytes that come in pieces, cut anywhere: whole characters go on, the rest waits.

/// Bytes of a character that is not complete.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    bytes: Vec<u8>,
    /// Something was no UTF-8.
    pub(super) mended: bool,
}

impl Waiting {
    /// How many bytes wait for the rest of their character.
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends what is complete to `text`; each piece that is no UTF-8 becomes one U+FFFD.
    pub(super) fn read(&mut self, chunk: &[u8], text: &mut String) {
        let joined;
        let bytes = if self.bytes.is_empty() {
            chunk
        } else {
            joined = [self.bytes.as_slice(), chunk].concat();
            joined.as_slice()
        };
        let mut kept = Vec::new();
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(part) = chunks.next() {
            text.push_str(part.valid());
            let rest = part.invalid();
            if rest.is_empty() {
                continue;
            }
            if chunks.peek().is_none() && may_go_on(rest) {
                kept = rest.to_vec();
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
                self.mended = true;
            }
        }
        self.bytes = kept;
    }

    /// Nothing follows: what waits is no character.
    pub(super) fn end(&mut self, text: &mut String) {
        if !self.bytes.is_empty() {
            self.bytes.clear();
            text.push(char::REPLACEMENT_CHARACTER);
            self.mended = true;
        }
    }
}

/// Whether bytes at the very end of what came are the beginning of a character.
fn may_go_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::Waiting;

    #[test]
    fn any_cut_gives_the_same_text() {
        let source: &[u8] = b"a \xc3\xa9 \xf0\x9f\x98\x80 \xff \xe2\x82 z \xed\xa0\x80 \xf0\x9f";
        let whole = String::from_utf8_lossy(source);
        for size in 1..source.len() {
            let (mut waiting, mut text) = (Waiting::default(), String::new());
            for chunk in source.chunks(size) {
                waiting.read(chunk, &mut text);
                assert!(waiting.len() < 4);
            }
            waiting.end(&mut text);
            assert_eq!(text, whole, "{size}");
            assert!(waiting.mended);
        }
    }

    #[test]
    fn good_bytes_are_not_mended() {
        let (mut waiting, mut text) = (Waiting::default(), String::new());
        for byte in "grün 漢字 😀\u{FFFD}".bytes() {
            waiting.read(&[byte], &mut text);
        }
        waiting.end(&mut text);
        assert_eq!(text, "grün 漢字 😀\u{FFFD}");
        assert!(!waiting.mended);
    }
}

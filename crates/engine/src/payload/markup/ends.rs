//! What ends mark-up that stands outside of a value.

use super::Trick;
use super::value::{Scheme, scheme};

/// Bytes behind three kinds of quotes within which a comment or a section is ended too.
const REACH: usize = 8;

/// Whether the closing tag at `start` ends a script that began outside of the value, behind a piece of it.
pub(super) fn what_began_outside(text: &[u8], start: usize, name: &[u8]) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let is_code = before.iter().any(|byte| matches!(byte, b'=' | b';' | b'('));
    name == b"script" && is_code && memchr::memmem::find(before, b"<script").is_none()
}

/// `"'`-->`: ends a string of any kind, and a comment or a section with it, wherever it may come to stand.
pub(super) fn every_context(text: &[u8]) -> Option<Trick> {
    let ends = text.windows(3).enumerate().any(|(at, quotes)| {
        let all = [b'"', b'\'', b'`'].iter().all(|quote| quotes.contains(quote));
        let near = |rest: &[u8]| {
            let rest = rest.get(..REACH).unwrap_or(rest);
            let ended: [&[u8]; 3] = [b"-->", b"]]>", b"*/"];
            ended.iter().any(|known| memchr::memmem::find(rest, known).is_some())
        };
        all && text.get(at + quotes.len()..).is_some_and(near)
    });
    ends.then_some(Trick::Breakout)
}

/// `"data:text/html;base64,…">`: the end of a tag whose address is a document.
pub(super) fn document_cut_off(text: &[u8]) -> Option<Trick> {
    let closed = match text {
        [b'"', b'd', ..] => &b"\">"[..],
        [b'\'', b'd', ..] => &b"'>"[..],
        _ => return None,
    };
    let ends = memchr::memmem::find(text, closed).is_some();
    (ends && matches!(scheme(text), Some(Scheme::Document))).then_some(Trick::Link)
}

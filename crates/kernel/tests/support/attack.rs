//! What attacks have in common.

use super::shelf::shelf;
use super::{Book, Inductive};

/// Fails unless the book is refused with these words.
#[track_caller]
pub(crate) fn refused(book: &Book, word: &str) {
    match book.judge() {
        Ok(_) => panic!("accepted, but should say: {word}"),
        Err(refusal) => assert!(refusal.to_string().contains(word), "{refusal} does not say: {word}"),
    }
}

/// A book of these types alone.
pub(crate) fn book(types: &[Inductive<'_>]) -> Book {
    let mut book = Book::theory();
    for it in types {
        book.inductive(it);
    }
    book
}

/// Fails unless a theorem of this statement and proof, added to the shelf, is refused.
#[track_caller]
pub(crate) fn no_theorem(of: &str, value: &str, word: &str) {
    let mut book = shelf();
    book.thm("Cert.t", &[], of, value);
    refused(&book, word);
}

/// The same for a definition.
#[track_caller]
pub(crate) fn no_definition(levels: &[&str], of: &str, value: &str, word: &str) {
    let mut book = shelf();
    book.def("Cert.t", levels, of, value);
    refused(&book, word);
}

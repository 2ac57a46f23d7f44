//! The working memory that a thread keeps from one text to the next.

use std::cell::RefCell;

use super::Scratch;

/// Of a longer text the memory is given back: it is more than twenty times the text, and a service has
/// many threads.
const TEXT_BYTES_MAX: usize = 64 << 10;

thread_local! {
    static KEPT: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Works on a text of so many bytes with the memory of this thread.
pub(super) fn with_kept<T>(text_bytes: usize, work: impl FnOnce(&mut Scratch) -> T) -> T {
    KEPT.with(|kept| match kept.try_borrow_mut() {
        Ok(mut scratch) => {
            let done = work(&mut scratch);
            if text_bytes > TEXT_BYTES_MAX {
                scratch.give_back();
            }
            done
        }
        Err(_) => work(&mut Scratch::default()),
    })
}

impl Scratch {
    /// Gives back what is as large as the text was, and keeps what is known of words.
    fn give_back(&mut self) {
        *self = Self {
            memo: std::mem::take(&mut self.memo),
            ..Self::default()
        };
    }
}

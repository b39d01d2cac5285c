//! The promise that is being checked: everything that breaks it panics with its words.

use std::fmt::Debug;

#[derive(Debug, Clone, Copy)]
pub(super) struct Promise(pub(super) &'static str);

impl Promise {
    #[track_caller]
    pub(super) fn broken(&self, seen: &str) -> ! {
        panic!("broken promise: {}\n  seen: {seen}", self.0)
    }

    #[track_caller]
    pub(super) fn holds(&self, kept: bool, seen: impl FnOnce() -> String) {
        assert!(kept, "broken promise: {}\n  seen: {}", self.0, seen());
    }

    #[track_caller]
    pub(super) fn equal<T: PartialEq + Debug>(&self, what: &str, seen: &T, promised: &T) {
        self.holds(seen == promised, || format!("{what}: {}, instead of {}", short(seen), short(promised)));
    }

    /// What a call of the store gave: an error is a broken promise.
    #[track_caller]
    pub(super) fn answered<T, E: std::error::Error>(&self, call: &str, answer: Result<T, E>) -> T {
        match answer {
            Ok(answer) => answer,
            Err(error) => self.broken(&format!("{call} failed: {error}")),
        }
    }
}

/// A mebibyte is not worth printing.
pub(super) fn short(seen: &impl Debug) -> String {
    let text = format!("{seen:?}");
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{}… ({} bytes of text)", &text[..end], text.len()),
        None => text,
    }
}

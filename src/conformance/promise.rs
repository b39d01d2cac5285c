//! The promise that is being checked, and how a case fails: once, with what was expected and what was seen instead.

use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe, Location};

/// How many characters of a value are told.
const TOLD: usize = 200;
/// How many characters are told before the first difference of two long values.
const BEFORE: usize = 40;

/// A case, and its promise in the words of the trait's documentation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    pub(super) case: &'static str,
    pub(super) words: &'static str,
}

/// What a case found. It is thrown without the panic hook, so that of many threads that find it only one tells it.
struct Broken(String);

impl Promise {
    #[track_caller]
    pub(super) fn broken(&self, got: &str) -> ! {
        self.fail(&format!("  got: {got}"))
    }

    #[track_caller]
    pub(super) fn holds(&self, kept: bool, got: impl FnOnce() -> String) {
        if !kept {
            self.broken(&got());
        }
    }

    #[track_caller]
    pub(super) fn equal<T: PartialEq + Debug>(&self, what: &str, seen: &T, promised: &T) {
        if seen != promised {
            let [seen, promised] = apart(&format!("{seen:?}"), &format!("{promised:?}"));
            self.fail(&format!("  expected: {what}: {promised}\n  got: {seen}"));
        }
    }

    /// What a call of the store gave: an error is a broken promise.
    #[track_caller]
    pub(super) fn answered<T, E: std::error::Error>(&self, call: &str, answer: Result<T, E>) -> T {
        match answer {
            Ok(answer) => answer,
            Err(error) => self.broken(&format!("{call} failed: {error}")),
        }
    }

    #[track_caller]
    fn fail(&self, found: &str) -> ! {
        let at = Location::caller();
        let told =
            format!("broken promise `{}`: {}\n{found}\n  at: {}:{}", self.case, self.words, at.file(), at.line());
        if cfg!(panic = "unwind") { panic::resume_unwind(Box::new(Broken(told))) } else { panic!("{told}") }
    }
}

/// Runs a case. What breaks its promise is one panic, at the line of the caller.
#[track_caller]
pub(super) fn check(case: impl FnOnce()) {
    match panic::catch_unwind(AssertUnwindSafe(case)).map_err(|thrown| thrown.downcast::<Broken>()) {
        Ok(()) => {}
        Err(Ok(broken)) => panic!("{}", broken.0),
        // A panic of the store or the fixture was told when it happened.
        Err(Err(thrown)) => panic::resume_unwind(thrown),
    }
}

/// Two values that differ, cut to where they do.
fn apart(one: &str, other: &str) -> [String; 2] {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let is_long = one.chars().count().max(other.chars().count()) > TOLD;
    let from = if is_long { same.saturating_sub(BEFORE) } else { 0 };
    [one, other].map(|text| cut(text, from))
}

/// A mebibyte is not worth printing.
pub(super) fn short(seen: &impl Debug) -> String {
    cut(&format!("{seen:?}"), 0)
}

fn cut(text: &str, from: usize) -> String {
    let told: String = text.chars().skip(from).take(TOLD).collect();
    let (before, after) = (if from > 0 { "…" } else { "" }, text.chars().count() > from + TOLD);
    if after { format!("{before}{told}… ({} bytes of text)", text.len()) } else { format!("{before}{told}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_values_are_told_from_where_they_differ() {
        let one = |end: &str| format!("{}{end}", "x".repeat(1000));
        let [one, other] = apart(&one("here"), &one("there"));
        assert_eq!((one.ends_with("xhere"), other.ends_with("xthere")), (true, true));
        assert!(one.chars().count() < 60 && one.starts_with('…'));
        assert_eq!(apart("1", "2"), ["1", "2"].map(str::to_owned));
        assert!(short(&"é".repeat(100_000)).chars().count() < 250);
    }

    #[test]
    fn a_broken_promise_is_told_in_four_lines_once_also_by_many_threads() {
        let promise = Promise { case: "one_wins", words: "Let one win." };
        let told = panic::catch_unwind(|| {
            check(|| drop(crate::conformance::at_once::at_once(4, |racer| promise.equal("who won", &racer, &9))));
        });
        let told = *told.unwrap_err().downcast::<String>().unwrap();
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines[..2], ["broken promise `one_wins`: Let one win.", "  expected: who won: 9"]);
        assert!(lines.len() == 4 && lines[2].starts_with("  got: ") && lines[3].starts_with("  at: "), "{told}");
    }
}

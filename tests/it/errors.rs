//! Errors: each cause is told once, in the text or as the source.

use std::error::Error;

use tripartite::failure::{Classify, Failure};
use tripartite::history::{EntryError, HistoryEntry};
use tripartite::queue::Slot;
use tripartite::schedule::{Schedule, Timetable};
use tripartite::work::{ConnectError, WorkError};

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct Full;

impl Classify for Full {
    fn failure(&self) -> Failure {
        Failure::Retry { after: None }
    }
}

/// How often the text of an error and of its sources has a word, and how many texts there are.
fn told(error: &dyn Error, word: &str) -> usize {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts.iter().map(|text| text.matches(word).count()).sum()
}

#[test]
fn a_cause_is_told_once() {
    let store = WorkError::Store(Full);
    assert_eq!(told(&store, "the disk is full"), 1);
    assert_eq!(told(&ConnectError::Work(store), "the disk is full"), 1);
    let wrong = Schedule::Hourly { minute: 60 };
    let cause = Timetable::new(&wrong).unwrap_err();
    let text = cause.to_string();
    assert_eq!(told(&ConnectError::<Full>::Schedule(cause), &text), 1);
    let cut_off = HistoryEntry::from_json(b"{").unwrap_err();
    assert!(matches!(cut_off, EntryError::Json(_)));
    assert_eq!(told(&cut_off, "EOF"), 1);
    assert_eq!(told(&Slot::from_bytes(b"{").unwrap_err(), "EOF"), 1);
}

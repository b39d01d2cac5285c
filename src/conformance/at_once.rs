//! Races: threads that begin at the same moment.

use std::sync::Barrier;
use std::{panic, thread};

/// How many threads a race has.
pub(super) const RACERS: usize = 16;

/// Lets threads begin at the same moment, and gives what each came to. A panic of one is a panic of the case.
#[track_caller]
pub(super) fn at_once<T: Send>(threads: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    let begin = |number| {
        start.wait();
        each(number)
    };
    thread::scope(|scope| {
        let begin = &begin;
        let racers: Vec<_> = (0..threads).map(|number| scope.spawn(move || begin(number))).collect();
        let came: Vec<_> = racers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        came.into_iter().map(|came| came.unwrap_or_else(|broken| panic::resume_unwind(broken))).collect()
    })
}

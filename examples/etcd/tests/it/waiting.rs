//! Waiting for other processes.

use std::thread;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "the tests wait for other processes")]
pub(crate) fn pause(span: Duration) {
    thread::sleep(span);
}

#[expect(clippy::disallowed_methods, reason = "it is measured")]
pub(crate) fn begin() -> Instant {
    Instant::now()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, at_most: Duration, mut is_so: impl FnMut() -> bool) {
    let begun = begin();
    while !is_so() {
        assert!(begun.elapsed() < at_most, "not within {at_most:?}: {what}");
        pause(Duration::from_millis(20));
    }
}

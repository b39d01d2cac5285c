//! What wakes the workers of a process between two ticks, and ends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Wakes the workers of a process, and ends them.
///
/// A worker notes what has rung before it looks at what is due. So a trigger that is stored while it looks, and then
/// rung for, is not slept over.
///
/// ```
/// use std::time::Duration;
/// use nightly_sync::work::Bell;
/// let bell = Bell::default();
/// let heard = bell.heard();
/// bell.ring();
/// bell.wait(heard, Duration::from_secs(3600)); // it has rung since: no hour
/// bell.end();
/// bell.pause(Duration::from_secs(3600));
/// assert!(bell.ended());
/// ```
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<State>,
    changed: Condvar,
    asked: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    rung: u64,
    ended: bool,
}

impl Bell {
    /// There is something to do.
    pub fn ring(&self) {
        let mut state = self.state();
        state.rung = state.rung.wrapping_add(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Each worker ends: one that is at a job gives it back between two steps of its run.
    pub fn end(&self) {
        self.state().ended = true;
        self.changed.notify_all();
    }

    /// Whether they are to end.
    pub fn ended(&self) -> bool {
        self.state().ended || self.asked.load(Ordering::SeqCst)
    }

    /// What ends them as well, once it is set. Setting it wakes nobody, so whoever sleeps sees it later: it is for
    /// signals, in which nothing else may be done.
    ///
    /// ```
    /// use std::sync::atomic::Ordering;
    /// let bell = nightly_sync::work::Bell::default();
    /// bell.asked().store(true, Ordering::SeqCst);
    /// assert!(bell.ended());
    /// ```
    pub fn asked(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// How often it has rung.
    pub fn heard(&self) -> u64 {
        self.state().rung
    }

    /// Sleeps until it rings or the span is over; not at all if it has rung since so often.
    pub fn wait(&self, heard: u64, span: Duration) {
        self.sleep(span, |state| state.rung == heard);
    }

    /// Sleeps until the span is over, however often it rings.
    pub fn pause(&self, span: Duration) {
        self.sleep(span, |_| true);
    }

    fn sleep(&self, span: Duration, still: impl Fn(&State) -> bool) {
        // A poisoned lock still counts: nothing in here can panic half way.
        let slept = self.changed.wait_timeout_while(self.state(), span, |state| !state.ended && still(state));
        drop(slept.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

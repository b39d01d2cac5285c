//! Swaps and entries that are done together, with one thing wrong.

use std::future::poll_fn;
use std::sync::{MutexGuard, PoisonError};
use std::task::Poll;

use tripartite::jobs::{AppendOf, JobStore, Swap, SwapAll, SwapOf, Version};

use super::fault::Fault::*;
use super::faulty::{Faulty, now};

/// Waits once, as for the answer of a server.
async fn wait() {
    let mut first = true;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

impl Faulty {
    pub(super) async fn all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> SwapAll {
        match self.fault {
            AllUnable => return SwapAll::Unable,
            AllAppendsFirst => self.append_all(entries),
            AllSwapsOneByOne if !self.alone(|| self.would_conflict(swaps)) => {
                let mut versions = Vec::new();
                for swap in swaps {
                    let Swap::Applied(version) = now(self.compare_and_swap(swap)) else { return SwapAll::Conflict };
                    versions.push(version);
                    wait().await;
                }
                self.append_all(entries);
                return SwapAll::Applied(versions);
            }
            AllAppendsApart => {
                let done = self.alone(|| self.swap_all_now(swaps));
                wait().await;
                if let SwapAll::Applied(_) = done {
                    self.append_all(entries);
                }
                return done;
            }
            _ => {}
        }
        let done = self.alone(|| {
            let done = self.swap_all_now(swaps);
            if let SwapAll::Applied(_) = done {
                self.append_all(entries);
            }
            done
        });
        if self.fault == AllSaysUnable { SwapAll::Unable } else { done }
    }

    /// Only such calls write then, under one lock.
    fn alone<T>(&self, act: impl FnOnce() -> T) -> T {
        let _one_at_a_time: MutexGuard<'_, ()> = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    fn append_all(&self, entries: &[AppendOf]) {
        for entry in entries {
            let new = self.fault != AllForgetsEntries && now(self.append(entry));
            if !new && self.fault == AllTrustsTheFirstEntry {
                return;
            }
        }
    }

    fn swap_all_now(&self, swaps: &[SwapOf]) -> SwapAll {
        if self.fault == AllWithoutCompare {
            for swap in swaps {
                let _ = self.force(&swap.key, swap.next.as_ref());
            }
            let version = |swap: &SwapOf| self.read_record(&swap.key).map_or(Version(0), |stored| stored.version);
            return SwapAll::Applied(swaps.iter().map(version).collect());
        }
        if self.fault != AllStopsAtAConflict && self.would_conflict(swaps) {
            return SwapAll::Conflict;
        }
        let mut versions = Vec::new();
        for swap in swaps {
            match now(self.compare_and_swap(swap)) {
                Swap::Applied(version) => versions.push(version),
                Swap::Conflict => return SwapAll::Conflict,
            }
        }
        SwapAll::Applied(versions)
    }
}

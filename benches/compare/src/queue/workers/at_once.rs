//! Workers that run at once.

use std::thread;
use std::time::Duration;

use tripartite::drive::block_on;

use crate::postgres::server::runtime;
use crate::rounds::elapsed;

/// How workers run at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum AtOnce {
    /// As tasks of the runtime, which has as many threads as the runtime of the peers.
    Tasks,
    /// As threads: what they wait for keeps a thread waiting.
    Threads,
}

impl AtOnce {
    /// How long all of them take.
    #[expect(clippy::disallowed_methods, reason = "a host may have threads, and this is one")]
    pub(super) fn run<F: Future<Output = ()> + Send + 'static>(self, workers: impl Iterator<Item = F>) -> Duration {
        let workers: Vec<F> = workers.collect();
        let all = || match self {
            Self::Tasks => {
                let running: Vec<_> = workers.into_iter().map(|worker| runtime().spawn(worker)).collect();
                running.into_iter().for_each(|worker| block_on(worker).expect("a worker does not panic"));
            }
            Self::Threads => {
                let running = workers.into_iter().map(|worker| thread::spawn(move || block_on(worker)));
                let running: Vec<_> = running.collect();
                running.into_iter().for_each(|worker| worker.join().expect("a worker does not panic"));
            }
        };
        elapsed(all).0
    }
}

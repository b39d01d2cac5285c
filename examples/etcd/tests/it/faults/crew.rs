//! Who asks for jobs, who does them, and what all of them write down, on whatever store.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fs, thread};

use tripartite::drive::block_on;
use tripartite::failure::Classify;
use tripartite::jobs::JobStore;
use tripartite::queue::State;
use tripartite::work::Queue;

use super::labour::{KEYS, ask, books, is_lively, key, rules};
use super::table::{Moment, table};
use super::{pause, until};
use crate::history::{Book, Recorded, nanoseconds};

/// How long it may take until a job is done again once all is well.
const LIVELY: Duration = Duration::from_secs(10);

/// A directory that goes with its owner, except for whoever looks for the reason of a panic.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn within(directory: &Path) -> Self {
        let place = directory.join(format!("tripartite-faults-{}-{}", std::process::id(), nanoseconds()));
        fs::create_dir(&place).unwrap();
        Self(place)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

pub(super) struct Crew<S> {
    over: Arc<AtomicBool>,
    asker: Option<JoinHandle<()>>,
    workers: Vec<Child>,
    place: PathBuf,
    book: Book,
    pub(super) probe: Queue<Recorded<S>>,
    pub(super) moments: Vec<Moment>,
    probes: usize,
}

impl<S> Drop for Crew<S> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

impl<S: JobStore<Error: Classify> + Send + Sync + 'static> Crew<S> {
    /// Begins to ask, and waits until the first job is done.
    pub(super) fn begin(place: &Path, workers: Vec<Child>, open: impl Fn() -> S) -> Self {
        let asking = |name: &str| {
            let book = Book::open(&place.join(format!("calls-{name}")));
            Queue::new(Recorded { store: open(), book }).rules(rules())
        };
        let over = Arc::new(AtomicBool::new(false));
        let asker = {
            let (over, queue, book) = (Arc::clone(&over), asking("asker"), Book::open(&place.join("asked")));
            #[expect(clippy::disallowed_methods, reason = "somebody asks while the test does something else")]
            thread::spawn(move || ask(&queue, &book, || over.load(Ordering::SeqCst)))
        };
        let (probe, book) = (asking("probe"), Book::open(&place.join("asked-probe")));
        let (asker, place) = (Some(asker), place.to_owned());
        let mut crew = Self { over, asker, workers, place, book, probe, moments: Vec::new(), probes: 0 };
        crew.is_lively(Duration::from_secs(60));
        pause(Duration::from_secs(2));
        crew
    }

    /// How long it takes until a new job is done.
    fn is_lively(&mut self, at_most: Duration) -> Duration {
        self.probes += 1;
        is_lively(&self.probe, &self.book, self.probes, at_most)
    }

    /// Waits until jobs are done again after a fault.
    pub(super) fn recovers(&mut self, fault: &'static str, begun: u64, healed: u64) {
        let gap = self.is_lively(LIVELY);
        self.moments.push(Moment { fault, begun, healed, gap });
    }

    /// Waits until everything is done, and checks all that was written down. `before` that nobody asks any more.
    pub(super) fn check(&mut self, before: impl FnOnce(&Self)) -> String {
        self.over.store(true, Ordering::SeqCst);
        self.asker.take().unwrap().join().unwrap();
        before(self);
        for number in 0..KEYS {
            until(&format!("{} is done", key(number)), Duration::from_secs(90), || {
                let slot = block_on(self.probe.slot(&key(number))).unwrap();
                slot.is_none_or(|slot| slot.state == State::Idle && slot.covered >= slot.wanted)
            });
        }
        for worker in &mut self.workers {
            drop(worker.stdin.take());
            worker.wait().unwrap();
        }
        let books = |what| books(&self.place, what);
        let calls = crate::history::is_linearizable(&books("calls-")).unwrap();
        table(&self.moments, calls, &books("asked"), &books("jobs-"))
    }
}

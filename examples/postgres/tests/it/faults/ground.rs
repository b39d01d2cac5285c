//! Two servers, workers and who triggers them, and what is done to them.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Signal;
use tripartite::drive::block_on;
use tripartite::queue::State;
use tripartite::work::Queue;
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use super::Fault;
use super::labour::{KEYS, ask, books, is_lively, key, rules};
use super::network::{HOSTS, NODES, Network};
use super::pair::Pair;
use super::table::{Moment, table};
use super::worker::{self, SCHEMA};
use crate::history::{Book, Recorded, nanoseconds};
use crate::server::runtime;
use crate::waiting::{pause, until};

/// How long it may take until a job is done again once all is well.
const LIVELY: Duration = Duration::from_secs(10);

type Asking = Queue<Recorded<PostgresJobStore>>;

pub(super) struct Ground {
    // In this order they are dropped: who asks, the workers, the servers, their networks.
    over: Arc<AtomicBool>,
    asker: Option<JoinHandle<()>>,
    workers: Vec<Child>,
    pair: Pair,
    network: Network,
    place: PathBuf,
    book: Book,
    probe: Asking,
    moments: Vec<Moment>,
    probes: usize,
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

fn asking(address: &str, place: &std::path::Path, name: &str) -> Asking {
    let pool = Pool::on(runtime(), address).unwrap().at_most(1);
    let store = block_on(PostgresJobStore::open_in(pool, SCHEMA)).unwrap();
    Queue::new(Recorded { store, book: Book::open(&place.join(format!("calls-{name}"))) }).rules(rules())
}

impl Ground {
    pub(super) fn new(network: Network) -> Self {
        let place = std::env::temp_dir().join(format!("tripartite-faults-{}-{}", std::process::id(), nanoseconds()));
        fs::create_dir(&place).unwrap();
        let pair = Pair::new([0, 1].map(|number| network.beside(number)), true);
        let address = pair.address();
        block_on(format::migrate(&Pool::on(runtime(), &address).unwrap(), SCHEMA)).unwrap();
        let workers = (0..HOSTS).map(|host| worker::begin(&network.within(NODES + host), &address, &place, host));
        let workers = workers.collect();
        let over = Arc::new(AtomicBool::new(false));
        let asker = {
            let (over, queue) = (Arc::clone(&over), asking(&address, &place, "asker"));
            let book = Book::open(&place.join("asked"));
            #[expect(clippy::disallowed_methods, reason = "somebody asks while the test does something else")]
            thread::spawn(move || ask(&queue, &book, || over.load(Ordering::SeqCst)))
        };
        let (probe, book) = (asking(&address, &place, "probe"), Book::open(&place.join("asked-probe")));
        let (asker, moments, probes) = (Some(asker), Vec::new(), 0);
        let mut ground = Self { over, asker, workers, pair, network, place, book, probe, moments, probes };
        ground.is_lively(Duration::from_secs(60));
        pause(Duration::from_secs(2));
        ground
    }

    /// Lets something go wrong for a while, and waits until jobs are done again.
    pub(super) fn suffer(&mut self, fault: Fault, hold: Duration) {
        let begun = nanoseconds();
        let host = NODES + self.moments.len() % HOSTS;
        match fault {
            Fault::Kill => self.pair.primary().kill(),
            Fault::Stop => self.pair.primary().signal(Signal::STOP),
            Fault::CutWorker => self.network.isolate(host),
            Fault::Failover => self.pair.primary().signal(Signal::KILL),
        }
        pause(hold);
        match fault {
            Fault::Kill => self.pair.primary().start(),
            Fault::Stop => self.pair.primary().signal(Signal::CONT),
            Fault::CutWorker => self.network.heal(host),
            Fault::Failover => self.pair.promote(),
        }
        let healed = nanoseconds();
        let gap = self.is_lively(LIVELY);
        self.moments.push(Moment { fault: fault.name(), begun, healed, gap });
        pause(Duration::from_secs(2));
        if fault == Fault::Failover {
            self.pair.rebuild();
        }
    }

    /// How long it takes until a new job is done.
    fn is_lively(&mut self, at_most: Duration) -> Duration {
        self.probes += 1;
        is_lively(&self.probe, &self.book, self.probes, at_most)
    }

    /// Waits until everything is done, and checks all that was written down.
    pub(super) fn check(mut self) -> String {
        self.over.store(true, Ordering::SeqCst);
        self.asker.take().unwrap().join().unwrap();
        for number in 0..KEYS {
            until(&format!("{} is done", key(number)), Duration::from_secs(90), || {
                let slot = block_on(self.probe.slot(&key(number))).unwrap();
                slot.is_none_or(|slot| slot.state == State::Idle && slot.covered == slot.wanted)
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

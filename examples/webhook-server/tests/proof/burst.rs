//! A burst of events while a sync is running: at most one more sync follows, and no event is lost.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use nightly_sync::app::now;
use nightly_sync::listing::JsonLines;
use nightly_sync::store::SqliteStore;
use nightly_sync::work::{OpenError, Registers};
use tripartite::id::WorkerId;
use tripartite::queue::{Outcome, State};
use tripartite::run::Done;
use tripartite::work::{Handler, Job, Opened, Worker};

use crate::bench::{Bench, Server, quick, sender, setting};
use crate::client::{event, signed};

const KEYS: [&str; 2] = ["ballybeg/federation", "dunmore/federation"];
const MEMBERS: usize = 50;
const SENDERS: usize = 4;

/// The registers, held at a moment: the source has been opened, and what it says from then on is not seen.
struct Held<'a> {
    registers: Registers<'a>,
    began: Sender<()>,
    goes_on: Mutex<Receiver<()>>,
}

impl Handler for Held<'_> {
    type Connector = JsonLines;
    type Store = SqliteStore;
    type Error = OpenError;

    async fn open(&self, job: &Job) -> Result<Opened<JsonLines, SqliteStore>, OpenError> {
        let opened = self.registers.open(job).await?;
        self.began.send(()).unwrap();
        self.goes_on.lock().unwrap().recv().unwrap();
        Ok(opened)
    }

    async fn close(&self, job: &Job, store: &SqliteStore, done: &Done) -> Result<(), OpenError> {
        self.registers.close(job, store, done).await
    }
}

#[test]
fn a_burst_during_a_sync_is_one_more_sync() {
    let bench = Bench::new();
    let server = bench.serve(0);
    let count = setting("PROOF_EVENTS", 500);
    let first: BTreeMap<String, u64> = (0..MEMBERS).map(|n| (format!("F-{n}"), 0)).collect();
    for key in KEYS {
        bench.list(key, &first);
        bench.nightly(&["trigger", "--key", key]);
    }
    let ends = thread::scope(|scope| {
        let running: Vec<_> = KEYS
            .iter()
            .enumerate()
            .map(|(number, _)| {
                let ((began, begins), (go_on, goes_on)) = (channel(), channel());
                let bench = &bench;
                let worker = scope.spawn(move || {
                    let (queue, db) = (bench.queue(), bench.db());
                    let registers = Registers { db: &db, queue: &queue, now };
                    let held = Held { registers, began, goes_on: Mutex::new(goes_on) };
                    let mut settings = quick();
                    // Nobody extends it while it is held.
                    settings.lease = std::time::Duration::from_secs(3600);
                    settings.gate.running = u32::try_from(KEYS.len()).unwrap().try_into().unwrap();
                    let mut worker = Worker::new(WorkerId::new(format!("held-{number}")).unwrap(), settings);
                    worker.tick_blocking(&queue, &held, &now).unwrap()
                });
                begins.recv().unwrap();
                (worker, go_on)
            })
            .collect();
        for key in KEYS {
            assert!(matches!(bench.slot(key).state, State::Running { .. }), "{key}");
        }
        let last = burst(&bench, &server, count);
        for key in KEYS {
            let slot = bench.slot(key);
            assert!(matches!(slot.state, State::Running { .. }), "nothing else began");
            assert_eq!(bench.known(key), slot.wanted - 1);
        }
        running.iter().for_each(|(_, go_on)| go_on.send(()).unwrap());
        for (worker, _) in running {
            let attempt = worker.join().unwrap().attempt.unwrap();
            assert_eq!(attempt.outcome, Outcome::Completed { follow_up: true });
        }
        last
    });
    let followed = bench.drain();
    assert_eq!(followed.len(), KEYS.len(), "one follow-up a key, however many events: {followed:?}");
    let mut lost = 0;
    for key in KEYS {
        let slot = bench.slot(key);
        assert_eq!((slot.wanted, slot.covered), (bench.known(key) + 1, slot.wanted), "{key}");
        let stored = bench.stored(key);
        lost += ends[key].iter().filter(|(id, phone)| stored.get(*id) != Some(phone)).count();
        assert_eq!(stored.len(), MEMBERS);
    }
    println!("{count} events over {MEMBERS} members of each of {} keys: lost {lost}", KEYS.len());
    assert_eq!(lost, 0);
}

/// Sends so many events, each after what it tells of has happened at the source; what the source says in the end.
fn burst(bench: &Bench, server: &Server, count: usize) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
    let source = Mutex::new(KEYS.map(|key| (key, BTreeMap::<String, u64>::new())));
    for (_, members) in source.lock().unwrap().iter_mut() {
        members.extend((0..MEMBERS).map(|n| (format!("F-{n}"), 0)));
    }
    thread::scope(|scope| {
        for number in 0..SENDERS {
            let source = &source;
            scope.spawn(move || {
                let mut client = server.client();
                for n in (number..count).step_by(SENDERS) {
                    let member = format!("F-{}", (n * 7) % MEMBERS);
                    let key = {
                        let mut source = source.lock().unwrap();
                        let (key, members) = &mut source[(n / SENDERS) % KEYS.len()];
                        members.insert(member.clone(), n as u64 + 1);
                        bench.list(key, members);
                        *key
                    };
                    let sent = signed(&sender(key), key, &format!("msg_{n}"), 0, &event("member.updated", &member));
                    assert_eq!(client.post(&sent).unwrap().status, 202);
                }
            });
        }
    });
    assert_eq!(server.counts()["accepted"], count as u64);
    source.into_inner().unwrap().into()
}

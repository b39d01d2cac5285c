//! Syncs that are held at a moment of our choice.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use nightly_sync::app::now;
use nightly_sync::listing::Listing;
use nightly_sync::store::Store;
use nightly_sync::work::{Bell, OpenError, Registers};
use tripartite::id::WorkerId;
use tripartite::queue::{Outcome, State};
use tripartite::run::Done;
use tripartite::work::{Handler, Job, Session, Worker};

use crate::bench::{Bench, quick};

/// The registers, held at a moment: the source has been opened, and what it says from then on is not seen.
struct Held<'a> {
    registers: Registers<'a>,
    began: Sender<()>,
    goes_on: Mutex<Receiver<()>>,
}

impl Handler for Held<'_> {
    type Connector = Listing;
    type Store = Store;
    type Error = OpenError;

    async fn open(&self, job: &Job) -> Result<Session<Listing, Store>, OpenError> {
        let opened = self.registers.open(job).await?;
        self.began.send(()).unwrap();
        self.goes_on.lock().unwrap().recv().unwrap();
        Ok(opened)
    }

    async fn close(&self, job: &Job, store: &Store, done: &Done) -> Result<(), OpenError> {
        self.registers.close(job, store, done).await
    }
}

/// Runs the job that waits for each key, all at once, and does something while each of them has begun and read its
/// source. Each of them completes, and has a follow-up.
pub(crate) fn hold<T>(bench: &Bench, keys: &[&str], meanwhile: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let running: Vec<_> = (0..keys.len())
            .map(|number| {
                let ((began, begins), (go_on, goes_on)) = (channel(), channel());
                let running = u32::try_from(keys.len()).unwrap();
                let worker = scope.spawn(move || {
                    let (queue, db) = (bench.queue(), bench.db().into());
                    let registers = Registers { db: &db, queue: &queue, bell: &Bell::default(), now };
                    let held = Held { registers, began, goes_on: Mutex::new(goes_on) };
                    let mut settings = quick();
                    // Nobody extends it while it is held.
                    settings.lease = Duration::from_secs(3600);
                    settings.gate.running = running.try_into().unwrap();
                    let mut worker = Worker::new(
                        WorkerId::new(format!("held-{number}")).unwrap(),
                        nightly_sync::work::incarnation(),
                        settings,
                    );
                    worker.tick_blocking(&queue, &held, &now).unwrap()
                });
                begins.recv().unwrap();
                (worker, go_on)
            })
            .collect();
        let all_run = || keys.iter().all(|key| matches!(bench.slot(key).state, State::Running { .. }));
        assert!(all_run());
        let done = meanwhile();
        assert!(all_run(), "nothing else began");
        running.iter().for_each(|(_, go_on)| go_on.send(()).unwrap());
        for (worker, _) in running {
            let attempt = worker.join().unwrap().attempt.unwrap();
            assert_eq!(attempt.outcome, Outcome::Completed { follow_up: true });
        }
        done
    })
}

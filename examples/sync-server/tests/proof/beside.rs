//! The server's worker, `nightly-sync work` and `nightly-sync trigger` on one database, all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::queue::Ended;

use crate::bench::{Bench, sender, setting, sync_key};
use crate::client::{event, signed};

const KEYS: [&str; 2] = ["ballybeg/federation", "dunmore/federation"];
const MEMBERS: u64 = 20;

#[test]
fn the_server_and_nightly_sync_work_on_one_database() {
    let bench = Bench::new();
    let first: BTreeMap<String, u64> = (0..MEMBERS).map(|n| (format!("F-{n}"), 0)).collect();
    for key in KEYS {
        bench.list(key, &first);
        bench.nightly(&["trigger", "--key", key]);
    }
    let work = || bench.nightly(&["work", "--until-idle", "--workers", "2", "--spacing", "0", "--backoff", "1"]);
    work();
    let server = bench.serve_at_leisure(1);
    let (count, done) = (setting("PROOF_EVENTS", 500) as u64 / 2, AtomicBool::new(false));
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                work();
                bench.nightly(&["trigger", "--key", KEYS[0]]);
            }
        });
        // Also when a sender fails.
        let over = Over(&done);
        let senders: Vec<_> = KEYS
            .map(|key| {
                let (bench, server, mut source) = (&bench, &server, first.clone());
                scope.spawn(move || {
                    let mut client = server.client();
                    for n in 0..count / KEYS.len() as u64 {
                        let member = format!("F-{}", n * 7 % MEMBERS);
                        source.insert(member.clone(), n + 1);
                        bench.list(key, &source);
                        let sent = signed(&sender(key), key, &format!("msg_{n}"), 0, &event("member.updated", &member));
                        assert_eq!(client.post(&sent).unwrap().status, 202);
                    }
                    source
                })
            })
            .into();
        let sources: Vec<_> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        drop(over);
        beside.join().unwrap();
        work();
        for (key, source) in KEYS.iter().zip(&sources) {
            assert_eq!(bench.stored(key), *source, "{key}");
        }
    });
    assert_eq!(server.end().0.code(), Some(0));
    for key in KEYS {
        once_each(&bench, key);
    }
}

/// Ends the work beside it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Everything that was wanted is covered, and each attempt ended once, as completed.
fn once_each(bench: &Bench, key: &str) {
    let slot = bench.slot(key);
    assert_eq!(slot.wanted, slot.covered);
    let (queue, key) = (bench.queue(), sync_key(key));
    let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
    let entries = block_on(queue.history(&key, all, None, usize::from(u16::MAX))).unwrap();
    let tokens: BTreeSet<_> = entries.iter().map(|entry| entry.attempt.token).collect();
    assert_eq!(tokens.len(), entries.len(), "each token ends once");
    assert_eq!(tokens.last().map(|token| token.0), Some(slot.token.0));
    let ends: Vec<_> = entries.iter().filter(|entry| !matches!(entry.attempt.ended, Ended::Completed { .. })).collect();
    assert!(ends.is_empty(), "{ends:?}");
}

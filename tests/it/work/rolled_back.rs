//! A store that takes a whole chain back when one swap of it conflicts does not say which one that was.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::gate::{Gate, Limits};
use tripartite::jobs::{AppendOf, JobStore, StoreKey, Swap, SwapOf, forward_job_store};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::work::{Queue, Settings, Worker};

use super::club::{Club, key};
use crate::queue_support::incarnation;

#[derive(Debug, Default)]
struct RollsBack {
    inner: MemoryJobStore,
    chains: AtomicUsize,
}

impl RollsBack {
    fn within(&self) -> &MemoryJobStore {
        &self.inner
    }
}

impl JobStore for RollsBack {
    type Error = Infallible;

    forward_job_store!(plain: get, compare_and_swap, due, append, read, prune, swap_many, get_many, due_many);

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Infallible> {
        self.chains.fetch_add(1, Ordering::Relaxed);
        for swap in swaps {
            if self.inner.get(&swap.key).await?.map(|stored| stored.version) != swap.expect {
                return Ok(vec![Swap::Conflict; swaps.len()]);
            }
        }
        self.inner.swap_chain(swaps, entries).await
    }
}

/// The gate is the last record of the chain that ends an attempt. Somebody else has changed it meanwhile.
#[test]
fn an_attempt_ends_after_a_conflict_of_the_last_record_of_its_chain() {
    let (club, queue) = (Club::new(), Arc::new(Queue::new(RollsBack::default())));
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let _ = block_on(queue.apply(&key("a/f"), None, trigger, club.now())).unwrap();
    let (others, limits, now) = (Arc::clone(&queue), Limits::new(5, Duration::from_secs(1)), club.now());
    club.source(move |_| {
        let (store, gate) = (&others.store().inner, StoreKey::of("gate", ["f"]));
        let mut stored = block_on(store.get(&gate)).unwrap().unwrap();
        let before: Gate = serde_json::from_slice(&stored.row.bytes).unwrap();
        let later = now + TimeDelta::seconds(5);
        let next = before.admit(&limits, &key("b/f"), &"other".parse().unwrap(), later, later + TimeDelta::minutes(5));
        stored.row.bytes = serde_json::to_vec(&next.next).unwrap();
        let swap = block_on(store.compare_and_swap(&SwapOf::new(
            gate.clone(),
            Some(stored.version),
            Some(stored.row.clone()),
        )))
        .unwrap();
        assert!(matches!(swap, Swap::Applied(_)));
        Ok(())
    });
    let settings = Settings::default().gate(limits);
    let mut worker = Worker::new("w".parse().unwrap(), incarnation(7), settings);
    let attempt = worker.tick_blocking(&*queue, &club, &club.watch).unwrap().attempt.unwrap();
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
    let chains = queue.store().chains.load(Ordering::Relaxed);
    assert!(chains <= 5, "{chains} chains: the record that was changed is not read again");
    let gate = block_on(queue.gate("f")).unwrap().unwrap();
    assert_eq!(gate.running(club.now()).count(), 1, "the other one's ticket");
}

//! Sixty-four clients swap the same few keys, many at a time and in any order: nobody is a victim of a deadlock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use crate::server::{Cluster, Sql, runtime};

const CLIENTS: u64 = 64;
/// So many keys: a batch of another client has one of them nearly always.
const KEYS: u64 = 24;
const BATCH: u64 = 6;

#[test]
fn twenty_thousand_have_no_deadlock() {
    println!("{}", swap(20_000));
}

/// `cargo test --release -p tripartite-postgres --test it -- --ignored --exact --nocapture swaps::a_million_have_no_deadlock`
#[test]
#[ignore = "takes minutes: the long form"]
fn a_million_have_no_deadlock() {
    println!("{}", swap(1_000_000));
}

#[expect(clippy::disallowed_methods, reason = "it is measured")]
fn swap(all: u64) -> String {
    let cluster = Cluster::new(&["-c", "fsync=off", "-c", "max_connections=80"]);
    let pool = Pool::on(runtime(), &cluster.address()).unwrap().at_most(64);
    block_on(format::migrate(&pool, "tripartite")).unwrap();
    let store = block_on(PostgresJobStore::open(pool)).unwrap();
    let (done, applied, begun) = (AtomicU64::new(0), AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (store, done, applied) = (&store, &done, &applied);
            scope.spawn(move || {
                // A generator of its own for each client: the order of the keys is what it is about.
                let mut seed = client.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                while done.fetch_add(BATCH, Ordering::Relaxed) < all {
                    let keys: Vec<StoreKey> = (0..BATCH).map(|_| key(next(&mut seed) % KEYS)).collect();
                    let known = block_on(store.get_many(&keys)).unwrap();
                    let row = |at: usize| Some(Row::new(vec![at as u8; 200], Shard(0)));
                    let swaps: Vec<SwapOf> = keys
                        .into_iter()
                        .zip(known)
                        .enumerate()
                        .map(|(at, (key, known))| SwapOf::new(key, known.map(|known| known.version), row(at)))
                        .collect();
                    // A chain is a batch that stops at its first conflict.
                    let swapped = match next(&mut seed) % 2 {
                        0 => block_on(store.swap_many(&swaps)),
                        _ => block_on(store.swap_chain(&swaps, &[])),
                    };
                    let swapped = swapped.unwrap_or_else(|error| panic!("client {client}: {error}"));
                    let count = swapped.iter().filter(|swap| matches!(swap, Swap::Applied(_))).count();
                    applied.fetch_add(count as u64, Ordering::Relaxed);
                }
            });
        }
    });
    let took: Duration = begun.elapsed();
    let found = Sql::at(&cluster.address()).value("SELECT sum(deadlocks) FROM pg_stat_database");
    assert_eq!(found.as_deref(), Some("0"), "deadlocks that the server has counted");
    let applied = applied.into_inner();
    assert!(applied > all / 1000, "{applied}");
    format!("{all} swaps by {CLIENTS} clients in {took:.0?}, {applied} of them applied, no deadlock")
}

fn key(number: u64) -> StoreKey {
    StoreKey::of("slot", [format!("org-{number}").as_str(), "federation"])
}

/// The next number of a xorshift generator.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

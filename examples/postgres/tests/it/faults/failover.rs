//! What a failover keeps, and what it does not: seen by the checker, call by call.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Stored, Swap, SwapOf};
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use super::pair::Pair;
use super::worker::SCHEMA;
use super::{LONG, pause};
use crate::history::{Book, Recorded, is_linearizable};
use crate::server::runtime;
use crate::waiting::until;

/// Clients that write down what they see of one key.
struct Clients<'p> {
    pair: &'p mut Pair,
    dir: PathBuf,
    key: StoreKey,
}

impl<'p> Clients<'p> {
    fn new(pair: &'p mut Pair, dir: &Path, name: &str) -> Self {
        let dir = dir.join(name);
        fs::create_dir(&dir).unwrap();
        let clients = Self { pair, dir, key: StoreKey::of("case", [name]) };
        assert!(matches!(clients.swap("first", None, b"1"), Swap::Applied(_)));
        clients
    }

    /// A client with connections of its own, as one that has just begun.
    fn client(&self, name: &str) -> Recorded<PostgresJobStore> {
        let pool = Pool::on(runtime(), &self.pair.address()).unwrap().at_most(1);
        let store = block_on(PostgresJobStore::open_in(pool, SCHEMA)).unwrap();
        Recorded { store, book: Book::open(&self.dir.join(name)) }
    }

    fn get(&self, name: &str) -> Option<Stored> {
        block_on(self.client(name).get(&self.key)).unwrap()
    }

    fn swap(&self, name: &str, before: Option<&Stored>, bytes: &[u8]) -> Swap {
        let row = Row::new(bytes.to_vec(), Shard(0));
        let expect = before.map(|stored| stored.version);
        block_on(self.client(name).compare_and_swap(&SwapOf::new(self.key.clone(), expect, Some(row.clone())))).unwrap()
    }

    /// What all of them saw.
    fn seen(&self) -> Result<usize, String> {
        let books = fs::read_dir(&self.dir).unwrap().flatten();
        let books: Vec<_> = books.map(|book| fs::read_to_string(book.path()).unwrap()).collect();
        is_linearizable(&books)
    }

    /// A swap of which the standby does not hear is asked for, something else is done meanwhile, and the server is gone before
    /// the standby has heard. Whether the swap was acknowledged.
    fn swap_unheard(&mut self, meanwhile: impl FnOnce(&Pair)) -> bool {
        let before = self.get("before").unwrap();
        let sender: Pid = self.pair.hold_back();
        let client = self.client("unheard");
        let row = Row::new(b"2".to_vec(), Shard(0));
        thread::scope(|scope| {
            let swapping = scope.spawn(|| {
                block_on(client.compare_and_swap(&SwapOf::new(
                    self.key.clone(),
                    Some(before.version),
                    Some(row.clone()),
                )))
            });
            meanwhile(self.pair);
            self.pair.primary().signal(Signal::KILL);
            let _ = kill_process(sender, Signal::KILL);
            matches!(swapping.join().unwrap(), Ok(Swap::Applied(_)))
        })
    }
}

/// Waits until a commit waits for the standby.
fn a_commit_waits(pair: &Pair) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let sql = pair.sql();
    until("a commit waits", LONG, || sql.value(waiting).as_deref() == Some("1"));
}

#[test]
fn a_synchronous_standby_has_all_that_was_acknowledged_and_others_may_not() {
    let dir = std::env::temp_dir().join(format!("tripartite-failover-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let mut pair = Pair::new(["127.0.0.1", "127.0.0.2"].map(str::to_owned), true);
    block_on(format::migrate(&Pool::on(runtime(), &pair.address()).unwrap(), SCHEMA)).unwrap();

    // A commit of which the standby has not heard is not acknowledged, and nobody sees it.
    let mut clients = Clients::new(&mut pair, &dir, "synchronous");
    let is_acknowledged = clients.swap_unheard(a_commit_waits);
    assert!(!is_acknowledged);
    clients.pair.promote();
    assert_eq!(clients.get("after").unwrap().row.bytes, b"1");
    assert_eq!(clients.seen(), Ok(4));

    // The old server is started again, as itself: whoever comes to it first sees what is over.
    let after = clients.get("after").unwrap();
    assert!(matches!(clients.swap("second", Some(&after), b"3"), Swap::Applied(_)));
    clients.pair.standby().start();
    until("somebody comes to the old one", LONG, || clients.get("late").unwrap().row.bytes != b"3");
    let wrong = clients.seen().unwrap_err();
    assert!(wrong.contains("case"), "{wrong}");
    clients.pair.standby().stop_at_once();
    clients.pair.rebuild();

    // Somebody cancels the wait for the standby: the commit is acknowledged, and the standby does not have it.
    let mut clients = Clients::new(&mut pair, &dir, "cancelled");
    let is_acknowledged = clients.swap_unheard(|pair| {
        a_commit_waits(pair);
        pair.sql().run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        pause(Duration::from_millis(300));
    });
    assert!(is_acknowledged);
    clients.pair.promote();
    let _ = clients.get("after");
    let wrong = clients.seen().unwrap_err();
    assert!(wrong.contains("case"), "{wrong}");
    clients.pair.rebuild();

    // No commit waits for an asynchronous standby.
    pair.waits(false);
    let mut clients = Clients::new(&mut pair, &dir, "asynchronous");
    let heard = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()";
    until("the standby has all", LONG, || clients.pair.sql().value(heard).as_deref() == Some("1"));
    let is_acknowledged = clients.swap_unheard(|_| pause(Duration::from_millis(300)));
    assert!(is_acknowledged);
    clients.pair.promote();
    let _ = clients.get("after");
    let wrong = clients.seen().unwrap_err();
    assert!(wrong.contains("case"), "{wrong}");
    fs::remove_dir_all(&dir).unwrap();
}

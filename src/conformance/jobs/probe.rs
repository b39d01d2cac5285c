//! A job store under test: the calls of the cases, with retries where a store may be stale.

use std::fmt::Debug;
use std::ops::{Deref, Range};
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};

use super::Fixture;
use crate::conformance::promise::{Promise, short};
use crate::failure::{Classify, Failure};
use crate::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPage, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Stored,
    Swap, SwapAll, SwapOf, Taken, Version,
};
use crate::work::WorkError;

/// How often a read that may be stale is repeated.
const PATIENCE: usize = 300;
/// How often a write that conflicts is repeated.
const TRIES: usize = 100_000;
/// Where most cases look for due keys.
pub(super) const SHARD: Shard = Shard(0);

/// A store under test, and the promise that is being checked.
pub(super) struct Probe<'s, F> {
    fixture: &'s F,
    promise: Promise,
}

impl<F> Deref for Probe<'_, F> {
    type Target = Promise;

    fn deref(&self) -> &Promise {
        &self.promise
    }
}

/// What can go wrong in the store of a fixture.
type ErrorOf<F> = <<F as Fixture>::Store as JobStore>::Error;

impl<'s, F: Fixture> Probe<'s, F> {
    pub(super) fn new(fixture: &'s F, promise: Promise) -> Self {
        Self { fixture, promise }
    }

    pub(super) fn store(&self) -> &'s F::Store {
        self.fixture.store()
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.fixture.block_on(future)
    }

    /// What the work column read of a job.
    #[track_caller]
    pub(super) fn reads_job<T>(&self, read: Result<T, WorkError<ErrorOf<F>>>) -> T {
        match read {
            Ok(read) => read,
            Err(error) => self.broken(&error.to_string()),
        }
    }

    /// Asks until the answer is the promised one, or patience ends.
    #[track_caller]
    pub(super) fn in_the_end<T: PartialEq + Debug>(&self, what: &str, promised: &T, read: impl Fn() -> T) {
        self.equal(what, &patiently(read, |seen| seen == promised), promised);
    }

    #[track_caller]
    pub(super) fn get(&self, key: &StoreKey) -> Option<Stored> {
        self.answered("get", self.block_on(self.store().get(key)))
    }

    /// Checks what a key holds.
    #[track_caller]
    pub(super) fn finds(&self, key: &StoreKey, promised: Option<&Stored>) {
        self.in_the_end(&format!("the record of {}", short(&key.as_str())), &promised.cloned(), || self.get(key));
    }

    #[track_caller]
    pub(super) fn does(&self, swap: &SwapOf) -> Swap {
        self.answered("compare_and_swap", self.block_on(self.store().compare_and_swap(swap)))
    }

    #[track_caller]
    pub(super) fn swap(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Swap {
        self.does(&SwapOf::new(key.clone(), expect, next.cloned()))
    }

    /// A swap that must not conflict.
    #[track_caller]
    pub(super) fn put(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Version {
        match self.swap(key, expect, next) {
            Swap::Applied(version) => version,
            Swap::Conflict => self.broken(&format!("a conflict, where {expect:?} was right")),
        }
    }

    /// Creates a record, and returns it as it is stored.
    #[track_caller]
    pub(super) fn create(&self, key: &StoreKey, row: Row) -> Stored {
        let version = self.put(key, None, Some(&row));
        Stored::new(row, version)
    }

    #[track_caller]
    pub(super) fn conflicts(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) {
        self.equal("the swap's answer", &self.swap(key, expect, next), &Swap::Conflict);
    }

    /// A swap in a race: `None` when it may or may not have taken effect.
    #[track_caller]
    pub(super) fn race_swap(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Option<Swap> {
        self.unless_unknown(self.block_on(self.store().compare_and_swap(&SwapOf::new(
            key.clone(),
            expect,
            next.cloned(),
        ))))
    }

    #[track_caller]
    pub(super) fn race_many(&self, swaps: &[SwapOf]) -> Option<Vec<Swap>> {
        self.unless_unknown(self.block_on(self.store().swap_many(swaps)))
    }

    #[track_caller]
    pub(super) fn race_take(&self, swaps: &[SwapOf]) -> Option<Option<Taken>> {
        self.unless_unknown(self.block_on(self.store().take(swaps)))
    }

    #[track_caller]
    pub(super) fn race_chain(&self, swaps: &[SwapOf]) -> Option<Vec<Swap>> {
        self.unless_unknown(self.block_on(self.store().swap_chain(swaps, &[])))
    }

    /// Swaps that are done together; one by one by a store that is unable.
    #[track_caller]
    pub(super) fn race_all(&self, swaps: &[SwapOf]) -> Option<Vec<Swap>> {
        match self.unless_unknown(self.block_on(self.store().swap_all(swaps, &[])))? {
            SwapAll::Applied(versions) => Some(versions.into_iter().map(Swap::Applied).collect()),
            SwapAll::Conflict => Some(vec![Swap::Conflict; swaps.len()]),
            SwapAll::Unable => self.race_many(swaps),
        }
    }

    #[track_caller]
    pub(super) fn race_append(&self, log: &StoreKey, entry: &LogEntry) -> Option<bool> {
        self.unless_unknown(self.block_on(self.store().append(&AppendOf::new(log.clone(), entry.clone()))))
    }

    #[track_caller]
    fn unless_unknown<T>(&self, answer: Result<T, ErrorOf<F>>) -> Option<T> {
        match answer {
            Err(error) if matches!(error.failure(), Failure::Retry { .. }) => None,
            answer => Some(self.answered("a write", answer)),
        }
    }

    /// Does something again until it gives a value.
    #[track_caller]
    pub(super) fn persist<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        match (0..TRIES).find_map(|_| attempt()) {
            Some(value) => value,
            None => self.broken(&format!("no write got through in {TRIES} tries")),
        }
    }

    #[track_caller]
    pub(super) fn swap_many(&self, swaps: &[SwapOf]) -> Vec<Swap> {
        self.answered("swap_many", self.block_on(self.store().swap_many(swaps)))
    }

    #[track_caller]
    pub(super) fn take(&self, swaps: &[SwapOf]) -> Option<Taken> {
        self.answered("take", self.block_on(self.store().take(swaps)))
    }

    #[track_caller]
    pub(super) fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Vec<Swap> {
        self.answered("swap_chain", self.block_on(self.store().swap_chain(swaps, entries)))
    }

    #[track_caller]
    pub(super) fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> SwapAll {
        self.answered("swap_all", self.block_on(self.store().swap_all(swaps, entries)))
    }

    #[track_caller]
    pub(super) fn get_many(&self, keys: &[StoreKey]) -> Vec<Option<Stored>> {
        self.answered("get_many", self.block_on(self.store().get_many(keys)))
    }

    #[track_caller]
    pub(super) fn due_many(&self, pages: &[DueOf]) -> Vec<DuePage> {
        self.answered("due_many", self.block_on(self.store().due_many(pages)))
    }

    #[track_caller]
    pub(super) fn due(&self, shard: Shard, until: DateTime<Utc>, limit: usize) -> DuePage {
        self.page(&DueOf::new(shard, until, limit))
    }

    #[track_caller]
    pub(super) fn page(&self, page: &DueOf) -> DuePage {
        self.answered("due", self.block_on(self.store().due(page)))
    }

    /// Checks what is listed on one large page.
    #[track_caller]
    pub(super) fn lists(&self, shard: Shard, until: DateTime<Utc>, promised: &[(DateTime<Utc>, StoreKey)]) {
        let promised = DuePage::new(promised.to_vec(), false);
        self.in_the_end("the due keys", &promised, || self.due(shard, until, 10_000));
    }

    #[track_caller]
    pub(super) fn append(&self, log: &StoreKey, entry: &LogEntry) -> bool {
        self.answered("append", self.block_on(self.store().append(&AppendOf::new(log.clone(), entry.clone()))))
    }

    /// Appends entries that are new.
    #[track_caller]
    pub(super) fn append_all(&self, log: &StoreKey, entries: &[LogEntry]) {
        for entry in entries {
            self.equal("whether it is new", &self.append(log, entry), &true);
        }
    }

    #[track_caller]
    pub(super) fn read(&self, page: &ReadOf) -> LogPage {
        self.answered("read", self.block_on(self.store().read(page)))
    }

    /// Checks what a log has.
    #[track_caller]
    pub(super) fn reads(&self, log: &StoreKey, promised: &[LogEntry]) {
        self.reads_of(&ReadOf::new(log.clone(), always(), 10_000), promised);
    }

    #[track_caller]
    pub(super) fn reads_of(&self, page: &ReadOf, promised: &[LogEntry]) {
        self.in_the_end("the entries", &promised.to_vec(), || self.read(page).entries);
    }

    #[track_caller]
    pub(super) fn prune(&self, log: &StoreKey, before: DateTime<Utc>, limit: usize) -> u64 {
        self.answered("prune", self.block_on(self.store().prune(&PruneOf::new(log.clone(), before, limit))))
    }

    /// Prunes until nothing is removed any more, and says how many were.
    #[track_caller]
    pub(super) fn prune_all(&self, log: &StoreKey, before: DateTime<Utc>) -> u64 {
        let removed = (0..TRIES).map(|_| self.prune(log, before, 1000));
        removed.take_while(|removed| *removed > 0).sum()
    }
}

/// Reads until what is seen satisfies, or patience ends; the last that was seen.
pub(super) fn patiently<T>(read: impl Fn() -> T, satisfied: impl Fn(&T) -> bool) -> T {
    for _ in 0..PATIENCE {
        let seen = read();
        if satisfied(&seen) {
            return seen;
        }
        thread::yield_now();
    }
    read()
}

/// A point in virtual time, in seconds.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

/// The range that all cases but one keep to.
pub(super) fn always() -> Range<DateTime<Utc>> {
    DateTime::UNIX_EPOCH..at(1_000_000_000)
}

pub(super) fn key(name: &str) -> StoreKey {
    StoreKey::of("case", [name])
}

/// A row that is never due.
pub(super) fn row(bytes: impl Into<Vec<u8>>) -> Row {
    Row::new(bytes.into(), SHARD)
}

pub(super) fn due_row(bytes: impl Into<Vec<u8>>, due: DateTime<Utc>, shard: Shard) -> Row {
    Row::new(bytes.into(), shard).due(due)
}

pub(super) fn entry(at: DateTime<Utc>, id: &str) -> LogEntry {
    LogEntry::new(LogPosition::new(at, id.to_owned()), format!("entry {id}").into_bytes())
}

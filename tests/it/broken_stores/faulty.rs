//! A store in memory with one thing wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPage, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Stored,
    Swap, SwapAll, SwapOf, Taken, Version,
};
use tripartite::memory::MemoryJobStore;

use super::fault::Fault::{self, *};

/// A store with a fault.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) fault: Fault,
    inner: MemoryJobStore,
    side: Mutex<Side>,
    pub(super) busy: Mutex<()>,
}

/// What a fault needs to remember.
#[derive(Debug, Default)]
struct Side {
    versions: BTreeMap<StoreKey, u64>,
    keys: BTreeSet<StoreKey>,
    logs: BTreeSet<StoreKey>,
    shards: BTreeSet<Shard>,
    ever_due: BTreeSet<(Shard, DateTime<Utc>, StoreKey)>,
    left: BTreeSet<(Shard, DateTime<Utc>, StoreKey)>,
    listed: BTreeSet<StoreKey>,
    ids: BTreeSet<String>,
    offsets: BTreeMap<LogPosition, usize>,
    appends: u64,
}

pub(super) fn now<T>(answer: impl Future<Output = Result<T, Infallible>>) -> T {
    let Ok(answer) = block_on(answer);
    answer
}

impl Faulty {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, inner: MemoryJobStore::default(), side: Mutex::default(), busy: Mutex::default() }
    }

    fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, key: &StoreKey) -> StoreKey {
        match self.fault {
            CaseInsensitiveKeys => StoreKey::of("x", [&*key.as_str().to_lowercase()]),
            UnescapedKeys => StoreKey::of("x", [&*key.parts().join("/")]),
            KeysCutAt255 => StoreKey::of("x", [&key.as_str()[..key.as_str().len().min(255)]]),
            _ => key.clone(),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let kept = match self.fault {
            BytesEndAtNul => bytes.split(|byte| *byte == 0).next().unwrap_or_default(),
            BytesCutAt64K => &bytes[..bytes.len().min(1 << 16)],
            _ => bytes,
        };
        kept.to_vec()
    }

    fn time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self.fault {
            WholeSeconds => DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at),
            NanosecondsIn64Bits => DateTime::from_timestamp_nanos(at.timestamp_nanos_opt().unwrap_or(i64::MAX)),
            _ => at,
        }
    }

    pub(super) fn read_record(&self, key: &StoreKey) -> Option<Stored> {
        now(self.inner.get(&self.key(key)))
    }

    /// Writes whatever is there.
    pub(super) fn force(&self, key: &StoreKey, next: Option<&Row>) -> Swap {
        loop {
            let version = self.read_record(key).map(|stored| stored.version);
            if let applied @ Swap::Applied(_) =
                now(self.inner.compare_and_swap(&SwapOf::new(self.key(key), version, next.cloned())))
            {
                return applied;
            }
        }
    }

    fn remember(&self, key: &StoreKey, next: Option<&Row>) {
        let mut side = self.side();
        side.keys.insert(key.clone());
        if let Some(row) = next {
            side.shards.insert(row.shard);
            side.ever_due.extend(row.due.map(|due| (row.shard, due, key.clone())));
        }
    }

    fn swap(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Swap {
        let plain = |expect| now(self.inner.compare_and_swap(&SwapOf::new(self.key(key), expect, next.cloned())));
        let there = || self.read_record(key).map(|stored| stored.version);
        match self.fault {
            BlindWrite => self.force(key, next),
            CreateOverwrites if expect.is_none() && next.is_some() => self.force(key, next),
            DeleteIgnoresVersion if next.is_none() && there().is_some() => self.force(key, next),
            CompareWithoutLock => {
                if there() != expect {
                    return Swap::Conflict;
                }
                thread::yield_now();
                self.force(key, next)
            }
            VersionsFromOneAgain | VersionConstant => self.swap_counting(key, expect, next),
            _ => match plain(expect) {
                Swap::Conflict => {
                    self.after_conflict(key, next);
                    Swap::Conflict
                }
                Swap::Applied(version) => self.after_swap(key, expect, next, version),
            },
        }
    }

    /// With versions of its own making.
    fn swap_counting(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Swap {
        let mut side = self.side();
        if side.versions.get(key).copied().map(Version) != expect {
            return Swap::Conflict;
        }
        let grown = if self.fault == VersionConstant { 7 } else { expect.map_or(1, |version| version.0 + 1) };
        match next {
            Some(_) => side.versions.insert(key.clone(), grown),
            None => side.versions.remove(key),
        };
        let _ = self.force(key, next);
        Swap::Applied(Version(grown))
    }

    fn after_conflict(&self, key: &StoreKey, next: Option<&Row>) {
        match (self.fault, self.read_record(key)) {
            (ConflictWrites, _) => {
                let _ = self.force(key, next);
            }
            (DueLostOnConflict, Some(stored)) => {
                let _ = self.force(key, Some(&stored.row.due(None)));
            }
            _ => {}
        }
    }

    fn after_swap(&self, key: &StoreKey, expect: Option<Version>, next: Option<&Row>, version: Version) -> Swap {
        match (self.fault, next, expect) {
            (OldVersionAnswered, _, Some(old)) => return Swap::Applied(old),
            (DeleteTakesTheLogAlong, None, _) => {
                now(self.inner.prune(&PruneOf::new(key.clone(), DateTime::<Utc>::MAX_UTC, usize::MAX)));
            }
            (DeleteTakesNeighbours, None, _) => {
                let keys = self.side().keys.clone();
                for neighbour in keys {
                    let _ = self.force(&neighbour, None);
                }
            }
            _ => {}
        }
        Swap::Applied(version)
    }

    fn list(&self, page: &DueOf) -> DuePage {
        let (shard, until, after) = (page.shard, page.until, page.after.as_ref());
        let all = |shard, until, after: Option<&(DateTime<Utc>, StoreKey)>| {
            now(self.inner.due(&DueOf::new(shard, until, usize::MAX).after(after.cloned()))).keys
        };
        let mut keys = match self.fault {
            DueBeforeTheEndOnly => all(shard, until - TimeDelta::microseconds(1), after),
            DueAtAnyTime => all(shard, DateTime::<Utc>::MAX_UTC, after),
            DueOfAllShards => {
                let shards = self.side().shards.clone();
                shards.into_iter().flat_map(|shard| all(shard, until, after)).collect()
            }
            DueSkipsTies => {
                let mut keys = all(shard, until, after);
                keys.retain(|(at, _)| after.is_none_or(|after| *at > after.0));
                keys
            }
            DueByKey => {
                let mut keys = all(shard, until, None);
                keys.sort_by(|a, b| a.1.cmp(&b.1));
                keys.retain(|(_, key)| after.is_none_or(|after| *key > after.1));
                keys
            }
            DueForEver => {
                let ever = self.side().ever_due.clone();
                let of_shard = ever.into_iter().filter(|(of, at, _)| *of == shard && *at <= until);
                let listed = of_shard.map(|(_, at, key)| (at, key));
                listed.filter(|listed| after.is_none_or(|after| listed > after)).collect()
            }
            FormerStaysListed => {
                let left = self.side().left.clone();
                let of_shard = left.into_iter().filter(|(of, at, _)| *of == shard && *at <= until);
                let left = of_shard.map(|(_, at, key)| (at, key)).filter(|key| after.is_none_or(|after| key > after));
                left.chain(all(shard, until, after)).collect::<BTreeSet<_>>().into_iter().collect()
            }
            _ => all(shard, self.time(until), after),
        };
        if self.fault == DueOnlyOnce {
            let mut side = self.side();
            keys.retain(|(_, key)| side.listed.insert(key.clone()));
        }
        DuePage::new(keys, false)
    }

    fn append_entry(&self, AppendOf { log, entry, .. }: &AppendOf) -> bool {
        self.side().logs.insert(log.clone());
        let mut entry = LogEntry::new(entry.position.clone(), self.bytes(&entry.bytes));
        entry.position.at = self.time(entry.position.at);
        let id = &mut entry.position.id;
        match self.fault {
            AppendAgain => {
                let mut side = self.side();
                side.appends += 1;
                id.push_str(&format!("\0{:09}", side.appends));
            }
            AppendByTimeAndId => id.push_str(&format!("\0{}", entry.position.at.timestamp_micros())),
            CaseInsensitiveIds => *id = id.to_lowercase(),
            IdsAcrossLogs if !self.side().ids.insert(id.clone()) => return false,
            AppendDropsWhenBusy => {
                let Ok(_held) = self.busy.try_lock() else { return true };
                thread::yield_now();
                return now(self.inner.append(&AppendOf::new(log.clone(), entry.clone())));
            }
            _ => {}
        }
        now(self.inner.append(&AppendOf::new(self.key(log), entry.clone())))
    }

    fn read_entries(&self, page: &ReadOf) -> LogPage {
        let ReadOf { log, range, after, limit, bytes, .. } = page;
        let (range, after, limit, bytes) = (range.clone(), after.as_ref(), *limit, *bytes);
        let tick = TimeDelta::microseconds(1);
        let range = match self.fault {
            ReadToTheEndInclusive => range.start..range.end + tick,
            ReadBehindTheStartOnly => range.start + tick..range.end,
            ReadOfAllTime => DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC,
            _ => range,
        };
        let all = ReadOf::new(self.key(log), range, usize::MAX).bytes(usize::MAX);
        let mut entries = now(self.inner.read(&all)).entries;
        for entry in &mut entries {
            let id = &mut entry.position.id;
            id.truncate(id.find('\0').unwrap_or(id.len()));
        }
        match self.fault {
            ReadFromTheBeginning => {}
            ReadSkipsTies => entries.retain(|entry| after.is_none_or(|after| entry.position.at > after.at)),
            ReadByOffset => {
                let known = after.and_then(|after| self.side().offsets.get(after).copied());
                let passed = |after: &LogPosition| entries.iter().filter(|entry| entry.position <= *after).count();
                let offset = known.or_else(|| after.map(passed)).unwrap_or(0).min(entries.len());
                entries = entries.split_off(offset);
                entries.truncate(limit);
                if let Some(last) = entries.last() {
                    self.side().offsets.insert(last.position.clone(), offset + entries.len());
                }
                // A reader of pages takes its time.
                thread::yield_now();
            }
            _ => entries.retain(|entry| after.is_none_or(|after| entry.position > *after)),
        }
        let mut page = page.clone();
        match self.fault {
            ReadWithoutLimit => page.limit = usize::MAX,
            ReadOfAnySize => page.bytes = usize::MAX,
            _ => {}
        }
        let found = entries.into_iter().filter(|entry| self.fault != ReadWithoutTheLarge || entry.bytes.len() <= bytes);
        let Ok(mut page) = page.page(found.map(Ok::<_, Infallible>));
        match self.fault {
            ReadBackwards => page.entries.reverse(),
            ReadSaysTheEnd => page.more = false,
            ReadSaysMoreOfAFullPage => page.more = page.entries.len() == limit,
            _ => {}
        }
        page
    }
}

impl JobStore for Faulty {
    type Error = Infallible;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, Infallible> {
        let mut stored = self.read_record(key);
        match self.fault {
            EmptyForMissing if stored.is_none() => {
                let row = Row::new(vec![], Shard(0));
                stored = Some(Stored::new(row, Version(0)));
            }
            TornRead => {
                thread::yield_now();
                let later = self.read_record(key);
                if let (Some(stored), Some(later)) = (&mut stored, later) {
                    let half = stored.row.bytes.len() / 2;
                    if later.row.bytes.len() == stored.row.bytes.len() {
                        stored.row.bytes[half..].copy_from_slice(&later.row.bytes[half..]);
                    }
                }
            }
            VersionsFromOneAgain | VersionConstant => {
                let side = self.side();
                // Under the lock that the writers hold, so that this is the only fault.
                let row = self.read_record(key).map(|stored| stored.row);
                let version = side.versions.get(key).copied().map(Version);
                stored = row.zip(version).map(|(row, version)| Stored::new(row, version));
            }
            _ => {}
        }
        Ok(stored)
    }

    async fn compare_and_swap(&self, SwapOf { key, expect, next, former, .. }: &SwapOf) -> Result<Swap, Infallible> {
        if self.fault == FormerInsteadOfVersion && former.is_some() {
            return Ok(self.force(key, next.as_ref()));
        }
        let kept = |row: &Row| Row::new(self.bytes(&row.bytes), row.shard).due(row.due.map(|due| self.time(due)));
        let answer = self.swap(key, *expect, next.as_ref().map(kept).as_ref());
        if answer != Swap::Conflict {
            self.remember(key, next.as_ref());
            let left = former.and_then(|mark| Some((mark.shard, mark.due?, key.clone())));
            self.side().left.extend(left);
        }
        Ok(answer)
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, Infallible> {
        let mut due = self.list(page);
        due.more = due.keys.len() > page.limit && self.fault != DueWithoutMore;
        if self.fault != DueWithoutLimit {
            due.keys.truncate(page.limit);
        }
        Ok(due)
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, Infallible> {
        let new = self.append_entry(append);
        Ok(match self.fault {
            AppendSaysOld => false,
            AppendSaysNew => true,
            _ => new,
        })
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, Infallible> {
        Ok(self.read_entries(page))
    }

    async fn prune(&self, PruneOf { log, before, limit, .. }: &PruneOf) -> Result<u64, Infallible> {
        let before = match self.fault {
            PruneInclusive => *before + TimeDelta::microseconds(1),
            PruneEverything => DateTime::<Utc>::MAX_UTC,
            PruneNothing => return Ok(0),
            _ => self.time(*before),
        };
        let limit = if self.fault == PruneWithoutLimit { usize::MAX } else { *limit };
        if self.fault == PruneAllLogs {
            let logs = self.side().logs.clone();
            return Ok(logs.iter().map(|log| now(self.inner.prune(&PruneOf::new(log.clone(), before, limit)))).sum());
        }
        Ok(now(self.inner.prune(&PruneOf::new(self.key(log), before, limit))))
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, Infallible> {
        let one = |swap: &SwapOf| now(self.compare_and_swap(swap));
        Ok(match self.fault {
            BatchBackwards => swaps.iter().rev().map(one).collect::<Vec<_>>().into_iter().rev().collect(),
            BatchStopsAtConflict => {
                let mut stopped = false;
                let each = |swap| {
                    let answer = if stopped { Swap::Conflict } else { one(swap) };
                    stopped |= answer == Swap::Conflict;
                    answer
                };
                swaps.iter().map(each).collect()
            }
            BatchWithoutCompare => swaps.iter().map(|swap| self.force(&swap.key, swap.next.as_ref())).collect(),
            _ => swaps.iter().map(one).collect(),
        })
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, Infallible> {
        Ok(self.take_one(swaps))
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, Infallible> {
        let mut stored: Vec<_> = keys.iter().map(|key| now(self.get(key))).collect();
        match self.fault {
            ReadsWithoutTheMissing => stored.retain(Option::is_some),
            ReadsByKey => {
                let sorted: BTreeSet<_> = keys.iter().collect();
                stored = sorted.into_iter().map(|key| now(self.get(key))).collect();
            }
            _ => {}
        }
        Ok(stored)
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, Infallible> {
        let mut pages = pages.to_vec();
        match self.fault {
            PagesByShard => pages.sort_by_key(|page| page.shard),
            PagesFromTheBeginning => pages.iter_mut().for_each(|page| page.after = None),
            _ => {}
        }
        Ok(pages.iter().map(|page| now(self.due(page))).collect())
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Infallible> {
        Ok(self.chain(swaps, entries))
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Infallible> {
        Ok(self.all(swaps, entries).await)
    }
}

//! The due keys that a worker knows, and the order in which it tries them.

mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use xxhash_rust::xxh3::xxh3_64;

use self::waiting::WaitingJobs;
use super::error::WorkError;
use super::keys::{connector, sync_key};
use super::lane::Lane;
use super::queue::Queue;
use crate::gate::Turn;
use crate::id::{ConnectorId, Incarnation, SyncKey};
use crate::jobs::{DueOf, DuePage, JobStore, Shard, StoreKey};

/// How many due keys are asked for in one call.
const PAGE: usize = 500;
/// How many waiting jobs a worker holds at a time, if one of them may start.
const MOST: usize = 10_000;
/// How many waiting jobs of each kind are looked at for the gates that are read in one call.
const AHEAD: usize = 32;
/// For how long a worker relies on the keys that it has read.
const TRUST: TimeDelta = TimeDelta::seconds(5);
/// Among how many of the next jobs a worker chooses at most.
const SPREAD: usize = 64;
/// How many urgent jobs a worker starts in a row while a scheduled one may start.
const IN_A_ROW: u8 = 3;

type Position = (DateTime<Utc>, StoreKey);

/// A due key that no gate keeps waiting.
#[derive(Debug)]
pub(super) enum Due {
    Slot(SyncKey),
    Connection(ConnectorId),
    /// Not a record of this crate, or one of a later version.
    Unknown(StoreKey),
}

/// The due keys of a worker.
#[derive(Debug)]
pub(super) struct DueQueue {
    pub(super) ungated: VecDeque<Due>,
    urgent: WaitingJobs,
    scheduled: WaitingJobs,
    /// A number of this worker, so that workers begin at different shards and organisations.
    seed: u64,
    read_at: Option<DateTime<Utc>>,
    /// The positions at which the next reading goes on, for shards whose end the last one has not reached.
    after: BTreeMap<Shard, Position>,
    /// The shards whose end this reading has not reached.
    more: BTreeMap<Shard, (Lane, Position)>,
    /// The shards whose end no reading has reached since the last start, and when something in all others is next.
    unread: BTreeSet<Shard>,
    read_next: Option<DateTime<Utc>>,
    /// When the first later key that this reading has found is due.
    first_later: Option<DateTime<Utc>>,
    /// How many urgent jobs it has started since a scheduled one.
    in_a_row: u8,
    /// Whether a job was tried after others were skipped.
    tried: bool,
    /// Among how many of the next jobs it chooses. More than one where it has met other workers lately.
    spread: usize,
    /// How often it has chosen among several.
    chosen: u64,
}

impl DueQueue {
    pub(super) fn new(incarnation: &Incarnation) -> Self {
        let name = StoreKey::of("worker", [incarnation.to_string().as_str()]);
        Self {
            ungated: VecDeque::new(),
            urgent: WaitingJobs::default(),
            scheduled: WaitingJobs::default(),
            seed: xxh3_64(name.as_str().as_bytes()),
            read_at: None,
            after: BTreeMap::new(),
            more: BTreeMap::new(),
            unread: BTreeSet::new(),
            read_next: None,
            first_later: None,
            in_a_row: 0,
            tried: false,
            spread: 1,
            chosen: 0,
        }
    }

    fn waiting(&mut self, kind: Turn) -> &mut WaitingJobs {
        match kind {
            Turn::Urgent => &mut self.urgent,
            Turn::Scheduled => &mut self.scheduled,
        }
    }

    /// Reads the due keys in one round trip: always the urgent jobs, and the rest if it was not read lately or
    /// `everything` is true. If nothing is left then, it reads the rest, too. Returns whether it read everything.
    pub(super) async fn read<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        everything: bool,
    ) -> Result<bool, WorkError<S::Error>> {
        let lately = self.read_at.take().is_some_and(|at| at <= now && now - at < TRUST);
        self.first_later = None;
        self.more.retain(|_, (lane, _)| lately && !everything && *lane == Lane::Scheduled);
        if everything || !lately {
            // The urgent ones first: a store may read the pages one by one, and meanwhile more of them become due.
            self.read_lanes(queue, &[Lane::Urgent, Lane::Ungated, Lane::Scheduled], now).await?;
            return Ok(true);
        }
        self.read_lanes(queue, &[Lane::Urgent], now).await?;
        let none_left = self.urgent.keys.is_empty() && self.scheduled.keys.is_empty() && self.ungated.is_empty();
        if none_left {
            self.read_lanes(queue, &[Lane::Ungated, Lane::Scheduled], now).await?;
        }
        Ok(none_left)
    }

    /// Reads the next page of each shard of some lanes, in place of what is known of them.
    async fn read_lanes<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        lanes: &[Lane],
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let mut pages = Vec::new();
        for lane in lanes {
            for shard in queue.shards_of(*lane, self.seed) {
                // This tick handles a whole page of ungated keys, so the next reading always goes on behind it.
                let after = match lane {
                    Lane::Ungated => self.after.remove(&shard),
                    Lane::Urgent | Lane::Scheduled => self.after.get(&shard).cloned(),
                };
                pages.push((*lane, shard, after));
            }
        }
        let pages = self.read_pages(queue, pages, now).await?;
        if lanes.contains(&Lane::Ungated) {
            self.ungated.clear();
        }
        for lane in lanes {
            let keys =
                pages.iter().filter(|(of, _)| of == lane).flat_map(|(_, keys)| keys).cloned().collect::<Vec<_>>();
            match lane {
                Lane::Ungated => {
                    self.ungated.extend(keys.into_iter().map(due));
                    let shards = queue.shards_of(*lane, self.seed);
                    let more = shards.filter_map(|shard| self.more.get(&shard).map(|(_, at)| (shard, at.clone())));
                    self.after.extend(more);
                }
                Lane::Urgent => {
                    let jobs = self.jobs(keys);
                    self.urgent.fill(jobs);
                }
                Lane::Scheduled => {
                    let jobs = self.jobs(keys);
                    self.scheduled.fill(jobs);
                }
            }
        }
        self.read_at = Some(now);
        Ok(())
    }

    /// The jobs among some keys. Any other key is handled with the ungated ones.
    fn jobs(&mut self, keys: Vec<StoreKey>) -> Vec<SyncKey> {
        let mut jobs = Vec::new();
        for key in keys {
            match due(key) {
                Due::Slot(key) => jobs.push(key),
                other => self.ungated.push_back(other),
            }
        }
        jobs
    }

    /// The due keys on pages of shards, each behind a position. The call also returns the first keys that are not due
    /// yet.
    async fn read_pages<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        pages: Vec<(Lane, Shard, Option<Position>)>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(Lane, Vec<StoreKey>)>, WorkError<S::Error>> {
        // Without an end a page also shows when the first later key is due, which saves a second call.
        let of = |(_, shard, after): &(Lane, Shard, Option<Position>)| {
            DueOf::new(*shard, DateTime::<Utc>::MAX_UTC, PAGE).after(after.clone())
        };
        let asked: Vec<_> = pages.iter().map(of).collect();
        let read = queue.store().due_many(&asked).await.map_err(WorkError::Store)?;
        let pages = pages.into_iter().zip(read);
        Ok(pages.map(|((lane, shard, _), page)| (lane, self.take_page(lane, shard, page, now))).collect())
    }

    fn take_page(&mut self, lane: Lane, shard: Shard, page: DuePage, now: DateTime<Utc>) -> Vec<StoreKey> {
        let later = page.keys.iter().map(|(at, _)| *at).filter(|at| *at > now).min();
        self.first_later = self.first_later.into_iter().chain(later).min();
        match page.keys.last().filter(|_| page.more && later.is_none()) {
            Some(last) => self.more.insert(shard, (lane, last.clone())),
            None => self.more.remove(&shard),
        };
        page.keys.into_iter().filter(|(at, _)| *at <= now).map(|(_, key)| key).collect()
    }

    /// Adds a job that waits, and that was listed with the ungated keys.
    pub(super) fn add(&mut self, key: SyncKey, kind: Turn) {
        self.waiting(kind).add(key);
    }

    /// Sorts the waiting jobs by the turns of their organisations.
    pub(super) fn sort(&mut self) {
        let seed = self.seed;
        self.urgent.sort(seed);
        self.scheduled.sort(seed);
    }

    /// Reads on beyond the first pages, since something may start and organisations take turns. Returns whether it read
    /// anything.
    pub(super) async fn read_on<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
    ) -> Result<bool, WorkError<S::Error>> {
        let mut read = false;
        loop {
            let mut pages = Vec::new();
            for kind in [Turn::Urgent, Turn::Scheduled] {
                // As many pages as there is room for.
                let room = MOST.saturating_sub(self.waiting(kind).keys.len()).div_ceil(PAGE);
                let shards = queue.shards_of(Lane::of_kind(kind), self.seed);
                let more =
                    shards.filter_map(|shard| self.more.get(&shard).map(|(lane, at)| (*lane, shard, Some(at.clone()))));
                pages.extend(more.take(room));
            }
            if pages.is_empty() {
                return Ok(read);
            }
            read = true;
            for (lane, keys) in self.read_pages(queue, pages, now).await? {
                let kind = if lane == Lane::Urgent { Turn::Urgent } else { Turn::Scheduled };
                self.jobs(keys).into_iter().for_each(|key| self.add(key, kind));
            }
        }
    }

    /// The connectors of the next jobs, each once: not many, since their gates are read together.
    pub(super) fn next_connectors(&self) -> BTreeSet<ConnectorId> {
        let keys = [&self.urgent, &self.scheduled].into_iter().flat_map(|waiting| waiting.keys.iter().take(AHEAD));
        keys.map(|key| key.connector.clone()).collect()
    }

    /// The next job to try. It is taken out, and counts as waiting until [`mark_tried`](Self::mark_tried).
    pub(super) fn next(&mut self) -> Option<(SyncKey, Turn)> {
        let order = match self.in_a_row < IN_A_ROW {
            true => [Turn::Urgent, Turn::Scheduled],
            false => [Turn::Scheduled, Turn::Urgent],
        };
        loop {
            for kind in order {
                let among = self.spread.min(self.waiting(kind).keys.len());
                let place = if among > 1 { self.draw(among) } else { 0 };
                if let Some(key) = self.waiting(kind).keys.remove(place) {
                    return Some((key, kind));
                }
            }
            if !std::mem::take(&mut self.tried) {
                return None;
            }
            order.into_iter().for_each(|kind| self.waiting(kind).restore_skipped());
        }
    }

    /// A number below another one, which is not that of another worker.
    fn draw(&mut self, below: usize) -> usize {
        self.chosen += 1;
        (xxh3_64(&(self.seed ^ self.chosen).to_le_bytes()) % below as u64) as usize
    }

    /// Somebody else has started a job that this worker has tried. Workers that go on in the same order meet at each job, so
    /// this one chooses among more of the next ones from now on.
    pub(super) fn mark_lost(&mut self) {
        self.spread = (2 * self.spread).min(SPREAD);
    }

    /// The next jobs of a kind at the same gate, which may be claimed in place of the one that was chosen: none while this
    /// worker meets nobody.
    pub(super) fn rivals(&self, connector: &ConnectorId, kind: Turn, at_most: usize) -> Vec<SyncKey> {
        let waiting = match kind {
            Turn::Urgent => &self.urgent,
            Turn::Scheduled => &self.scheduled,
        };
        let of_the_gate = waiting.keys.iter().filter(|key| key.connector == *connector);
        of_the_gate.take(at_most.min(self.spread - 1)).cloned().collect()
    }

    /// A job is no longer to be tried, because somebody else has started it, or this worker has.
    pub(super) fn remove(&mut self, key: &SyncKey, kind: Turn) {
        let waiting = self.waiting(kind);
        if let Some(place) = waiting.keys.iter().position(|waits| waits == key) {
            waiting.keys.remove(place);
            self.mark_tried(key, kind);
        }
    }

    /// Skips a job because it is the other kind's turn at its gate. It is tried once no job of that kind is left.
    pub(super) fn skip(&mut self, key: SyncKey, kind: Turn) {
        self.waiting(kind).skipped.push(key);
    }

    /// Puts a job back in front, and sorts anew what has been added meanwhile.
    pub(super) fn put_back(&mut self, key: SyncKey, kind: Turn) {
        self.waiting(kind).keys.push_front(key);
        self.sort();
    }

    /// The job is tried now, and no longer waits.
    pub(super) fn mark_tried(&mut self, key: &SyncKey, kind: Turn) {
        self.tried = true;
        if let Some(count) = self.waiting(kind).counts.get_mut(&key.connector) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether a job of the other kind waits at the same gate.
    pub(super) fn other_kind_waits(&self, connector: &ConnectorId, kind: Turn) -> bool {
        let other = match kind {
            Turn::Urgent => &self.scheduled,
            Turn::Scheduled => &self.urgent,
        };
        other.counts.get(connector).is_some_and(|count| *count > 0)
    }

    /// Whether the job to try behind one of a kind that has started is of the same connector, as far as is known.
    pub(super) fn goes_on_with(&self, connector: &ConnectorId, started: Turn) -> bool {
        let in_a_row = if started == Turn::Urgent { self.in_a_row.saturating_add(1) } else { 0 };
        let first = |waiting: &WaitingJobs| {
            waiting.skipped.first().or(waiting.keys.front()).map(|key| key.connector == *connector)
        };
        let (urgent, scheduled) = (first(&self.urgent), first(&self.scheduled));
        let next = if in_a_row < IN_A_ROW { urgent.or(scheduled) } else { scheduled.or(urgent) };
        next.unwrap_or(false)
    }

    /// The job's gate is shut, so none of its connector's jobs is tried in this tick.
    pub(super) fn shut_gate(&mut self, key: SyncKey, kind: Turn) {
        self.urgent.shut_gate(&key.connector);
        self.scheduled.shut_gate(&key.connector);
        self.waiting(kind).behind_shut_gate.push(key);
    }

    /// A job has started: the next reading begins with what has been due for longest.
    pub(super) fn mark_started(&mut self, key: &SyncKey, kind: Turn) {
        self.spread = (self.spread - 1).max(1);
        self.waiting(kind).served = Some(key.org.clone());
        self.in_a_row = match kind {
            Turn::Urgent => self.in_a_row.saturating_add(1),
            Turn::Scheduled => 0,
        };
        self.urgent.restore_all();
        self.scheduled.restore_all();
        let more = &self.more;
        self.after.retain(|shard, _| more.get(shard).is_some_and(|(lane, _)| *lane == Lane::Ungated));
        self.unread.clear();
        self.read_next = None;
    }

    /// When to read again, given that nothing of this reading could start and that something of it could at `next`: at
    /// once, until the end of each shard is reached.
    pub(super) fn next_wakeup<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        self.read_at = None;
        if self.unread.is_empty() {
            self.unread = queue.all_shards().collect();
        }
        self.after = std::mem::take(&mut self.more).into_iter().map(|(shard, (_, at))| (shard, at)).collect();
        self.unread.retain(|shard| self.after.contains_key(shard));
        let read_next = [self.read_next, self.first_later, next].into_iter().flatten().min();
        if self.unread.is_empty() {
            self.read_next = None;
            return read_next;
        }
        self.read_next = read_next;
        Some(now)
    }
}

fn due(key: StoreKey) -> Due {
    match (sync_key(&key), connector(&key)) {
        (Some(key), _) => Due::Slot(key),
        (None, Some(connector)) => Due::Connection(connector),
        (None, None) => Due::Unknown(key),
    }
}

//! The due keys that a worker knows, and the order in which it tries them.

mod reading;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use xxhash_rust::xxh3::xxh3_64;

pub(super) use self::reading::Look;
use self::reading::{Ask, Cursor, Reading};
use super::error::WorkError;
use super::keys::{connector, sync_key};
use super::lane::Lane;
use super::lookahead;
use super::queue::Queue;
use crate::gate::Turn;
use crate::id::{ConnectorId, Incarnation, SyncKey};
use crate::jobs::{DueOf, DuePage, JobStore, Shard, StoreKey};

/// How many due keys are asked for in one call.
const PAGE: usize = 500;
/// How many of the urgent jobs are looked at before each job, where they are more than that.
const HEAD: usize = 64;
/// How many waiting jobs a worker holds at a time, if one of them may start.
const MOST: usize = 10_000;
/// How many waiting jobs of each kind are looked at for the gates that are read in one call.
const GATES_AHEAD: usize = 32;
/// For how long a worker relies on the keys that it has read.
const TRUST: TimeDelta = TimeDelta::seconds(5);
/// For how long a worker that knows its next jobs does not look whether an urgent one has come.
const GLANCE: TimeDelta = TimeDelta::milliseconds(100);
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
///
/// It holds the jobs that it has read until it has tried them: a list of waiting jobs is read on, and read again from its
/// beginning only where that costs a few keys for each job. In between a worker looks at the last page of each list, for
/// what has become due, and at the first urgent jobs.
#[derive(Debug)]
pub(super) struct DueQueue {
    pub(super) ungated: VecDeque<Due>,
    urgent: Reading,
    scheduled: Reading,
    /// A number of this worker, so that workers begin at different shards and organisations.
    seed: u64,
    looked_at: Option<DateTime<Utc>>,
    /// When it looked at the urgent jobs.
    glanced_at: Option<DateTime<Utc>>,
    cursors: BTreeMap<Shard, Cursor>,
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
    /// Which of the next jobs it has chosen.
    place: usize,
}

impl DueQueue {
    pub(super) fn new(incarnation: &Incarnation) -> Self {
        let name = StoreKey::of("worker", [incarnation.to_string().as_str()]);
        Self {
            ungated: VecDeque::new(),
            urgent: Reading::default(),
            scheduled: Reading::default(),
            seed: xxh3_64(name.as_str().as_bytes()),
            looked_at: None,
            glanced_at: None,
            cursors: BTreeMap::new(),
            unread: BTreeSet::new(),
            read_next: None,
            first_later: None,
            in_a_row: 0,
            tried: false,
            spread: 1,
            chosen: 0,
            place: 0,
        }
    }

    fn waiting(&self, kind: Turn) -> &Reading {
        match kind {
            Turn::Urgent => &self.urgent,
            Turn::Scheduled => &self.scheduled,
        }
    }

    fn waiting_mut(&mut self, kind: Turn) -> &mut Reading {
        match kind {
            Turn::Urgent => &mut self.urgent,
            Turn::Scheduled => &mut self.scheduled,
        }
    }

    /// Looks for due keys in at most one round trip: in all lists if it did not lately, or as far as it is told to. If nothing
    /// is left then, it looks at the rest, too. Returns whether it looked at everything.
    pub(super) async fn read<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        look: Look,
    ) -> Result<bool, WorkError<S::Error>> {
        let looked_at = self.looked_at.take().filter(|at| *at <= now && now - *at < TRUST);
        self.first_later = None;
        self.urgent.jobs.restore_all(now);
        self.scheduled.jobs.restore_all(now);
        let just_now = self.glanced_at.take().filter(|at| *at <= now && now - *at < GLANCE);
        if look == Look::Seldom && just_now.is_some() && looked_at.is_some() && !self.is_empty() {
            self.glanced_at = just_now;
            self.looked_at = looked_at;
            return Ok(false);
        }
        if look == Look::Everywhere || looked_at.is_none() {
            // The urgent ones first: a store may read the pages one by one, and meanwhile more of them become due.
            self.look(queue, &[Lane::Urgent, Lane::Ungated, Lane::Scheduled], now).await?;
            return Ok(true);
        }
        self.look(queue, &[Lane::Urgent], now).await?;
        let none_left = self.is_empty();
        if none_left {
            self.look(queue, &[Lane::Ungated, Lane::Scheduled], now).await?;
        } else {
            self.looked_at = looked_at;
        }
        Ok(none_left)
    }

    fn is_empty(&self) -> bool {
        self.urgent.jobs.len() == 0 && self.scheduled.jobs.len() == 0 && self.ungated.is_empty()
    }

    /// Looks at each shard of some lanes.
    async fn look<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        lanes: &[Lane],
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let mut asks = Vec::new();
        for lane in lanes {
            let shards: Vec<_> = queue.shards_of(*lane, self.seed).collect();
            let anew = self.begin(*lane, &shards, now);
            if *lane == Lane::Urgent && !anew {
                let glance = |shard: &Shard| Ask { lane: *lane, shard: *shard, after: None, is_glance: true };
                asks.extend(shards.iter().map(glance));
                if lanes.len() == 1 {
                    continue;
                }
            }
            asks.extend(shards.into_iter().map(|shard| {
                let after = self.cursors.get(&shard).and_then(|cursor| cursor.after.clone());
                Ask { lane: *lane, shard, after, is_glance: false }
            }));
        }
        self.read_pages(queue, asks, now).await?;
        (self.looked_at, self.glanced_at) = (Some(now), Some(now));
        Ok(())
    }

    /// Begins a lane at its beginning, if it may be read again. Returns whether it may.
    fn begin(&mut self, lane: Lane, shards: &[Shard], now: DateTime<Utc>) -> bool {
        let (reading, free) = match lane {
            // A tick handles a whole page of ungated keys, so the next one goes on behind it.
            Lane::Ungated => {
                self.ungated.clear();
                return false;
            }
            Lane::Urgent => (&mut self.urgent, HEAD),
            Lane::Scheduled => (&mut self.scheduled, PAGE),
        };
        let more = shards.iter().any(|shard| self.cursors.get(shard).is_some_and(|cursor| cursor.more));
        let anew = reading.is_paid(free, more, now) || (reading.lacks_passed() && !more);
        if anew {
            reading.begin(now);
            shards.iter().for_each(|shard| drop(self.cursors.remove(shard)));
        }
        anew
    }

    /// Reads pages of shards, and holds what is due. They also show the first keys that are not due yet.
    async fn read_pages<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        asks: Vec<Ask>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        // Without an end a page also shows when the first later key is due, which saves a second call.
        let of = |ask: &Ask| {
            let limit = if ask.is_glance { HEAD } else { PAGE };
            DueOf::new(ask.shard, DateTime::<Utc>::MAX_UTC, limit).after(ask.after.clone())
        };
        let asked: Vec<_> = asks.iter().map(of).collect();
        let read = queue.store().due_many(&asked).await.map_err(WorkError::Store)?;
        let (mut urgent, mut scheduled) = (Vec::new(), Vec::new());
        for (ask, page) in asks.into_iter().zip(read) {
            let lane = ask.lane;
            for key in self.take_page(ask, page, now) {
                match (lane, due(key)) {
                    (Lane::Urgent, Due::Slot(key)) => urgent.push(key),
                    (Lane::Scheduled, Due::Slot(key)) => scheduled.push(key),
                    // What is no job is handled with the ungated keys.
                    (_, other) => self.ungated.push_back(other),
                }
            }
        }
        self.urgent.hold(urgent, self.seed);
        self.scheduled.hold(scheduled, self.seed);
        Ok(())
    }

    /// The keys of a page that are due.
    fn take_page(&mut self, ask: Ask, page: DuePage, now: DateTime<Utc>) -> impl Iterator<Item = StoreKey> + use<> {
        let later = page.keys.iter().map(|(at, _)| *at).filter(|at| *at > now).min();
        self.first_later = self.first_later.into_iter().chain(later).min();
        if !ask.is_glance {
            let cursor = match page.keys.last().filter(|_| page.more && later.is_none()) {
                Some(last) => Cursor { after: Some(last.clone()), more: true },
                // The ungated ones begin at their beginning again.
                None => Cursor { after: ask.after.filter(|_| ask.lane != Lane::Ungated), more: false },
            };
            self.cursors.insert(ask.shard, cursor);
        }
        page.keys.into_iter().filter(move |(at, _)| *at <= now).map(|(_, key)| key)
    }

    /// Adds a job that waits, and that was listed with the ungated keys.
    pub(super) fn add(&mut self, key: SyncKey, kind: Turn) {
        let seed = self.seed;
        self.waiting_mut(kind).hold(vec![key], seed);
    }

    /// Reads on as far as there is room, since something may start and organisations take turns. Returns whether it read
    /// anything.
    pub(super) async fn read_on<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
    ) -> Result<bool, WorkError<S::Error>> {
        let mut read = false;
        loop {
            let mut asks = Vec::new();
            for kind in [Turn::Urgent, Turn::Scheduled] {
                let lane = Lane::of_kind(kind);
                let room = MOST.saturating_sub(self.waiting(kind).jobs.len()) / PAGE;
                let more = queue.shards_of(lane, self.seed).filter_map(|shard| {
                    let cursor = self.cursors.get(&shard).filter(|cursor| cursor.more)?;
                    Some(Ask { lane, shard, after: cursor.after.clone(), is_glance: false })
                });
                asks.extend(more.take(room));
            }
            if asks.is_empty() {
                return Ok(read);
            }
            read = true;
            self.read_pages(queue, asks, now).await?;
        }
    }

    /// The connectors of the next jobs, each once: not many, since their gates are read together.
    pub(super) fn next_connectors(&self) -> BTreeSet<ConnectorId> {
        let next = [&self.urgent, &self.scheduled].into_iter().flat_map(|reading| reading.jobs.next(GATES_AHEAD));
        next.map(|key| key.connector.clone()).collect()
    }

    /// The jobs behind the one that was chosen, of which the records are read together with it: one less than told, or as many
    /// as can be where others have started what this worker tried.
    pub(super) fn next_jobs(&self, kind: Turn, reach: usize) -> Vec<SyncKey> {
        let reach = if self.spread > 1 { lookahead::MOST } else { reach };
        let next = self.waiting(kind).jobs.next(self.place + reach - 1);
        next.into_iter().skip(self.place).cloned().collect()
    }

    /// The next job to try: where it chooses among several, one that is known, if any is. It waits until
    /// [`mark_tried`](Self::mark_tried).
    pub(super) fn next(&mut self, is_known: impl Fn(&SyncKey) -> bool) -> Option<(SyncKey, Turn)> {
        let order = match self.in_a_row < IN_A_ROW {
            true => [Turn::Urgent, Turn::Scheduled],
            false => [Turn::Scheduled, Turn::Urgent],
        };
        loop {
            for kind in order {
                let next = self.waiting(kind).jobs.next(self.spread);
                let (place, chosen) = match (next.len(), next.iter().position(|key| is_known(key))) {
                    (0, _) => continue,
                    (1, _) => (0, self.chosen),
                    (_, Some(known)) => (known, self.chosen),
                    (among, None) => {
                        // What it reads from there on is tried first, so the one that is due longest is chosen more often.
                        let drawn = self.draw(among + among.div_ceil(8));
                        (if drawn < among { drawn } else { 0 }, self.chosen + 1)
                    }
                };
                let key = next[place].clone();
                (self.place, self.chosen) = (place, chosen);
                return Some((key, kind));
            }
            if !std::mem::take(&mut self.tried) {
                return None;
            }
            self.urgent.jobs.restore_skipped();
            self.scheduled.jobs.restore_skipped();
        }
    }

    /// A number below another one, which is not that of another worker.
    fn draw(&self, below: usize) -> usize {
        (xxh3_64(&(self.seed ^ (self.chosen + 1)).to_le_bytes()) % below as u64) as usize
    }

    /// Somebody else has started a job that this worker has tried. Workers that go on in the same order meet at each job, so
    /// this one chooses among more of the next ones from now on.
    pub(super) fn mark_lost(&mut self) {
        self.spread = (2 * self.spread).min(SPREAD);
    }

    /// Jobs of a kind at the same gate that are known and may be claimed in place of the one that was chosen: none while this
    /// worker meets nobody.
    pub(super) fn rivals(
        &self,
        (connector, kind): (&ConnectorId, Turn),
        at_most: usize,
        is_known: impl Fn(&SyncKey) -> bool,
    ) -> Vec<SyncKey> {
        let next = self.waiting(kind).jobs.next_of(connector, SPREAD).filter(|key| is_known(key));
        next.take(at_most.min(self.spread - 1)).cloned().collect()
    }

    /// Skips the jobs of a connector, because it is the other kind's turn at its gate. They are tried once no job of that
    /// kind is left.
    pub(super) fn skip(&mut self, connector: &ConnectorId, kind: Turn) {
        self.waiting_mut(kind).jobs.skip(connector);
    }

    /// The job is tried now, because its turn has come or somebody else has started it, and no longer waits.
    pub(super) fn mark_tried(&mut self, key: &SyncKey, kind: Turn) {
        self.tried |= self.waiting_mut(kind).take(key);
    }

    /// Somebody else has started a job behind the one that is tried now. It no longer waits, and that has taken no turn.
    pub(super) fn mark_started_elsewhere(&mut self, key: &SyncKey, kind: Turn) {
        self.tried |= self.waiting_mut(kind).pass(key);
    }

    /// A job that was tried may start at this time.
    pub(super) fn put_off(&mut self, key: SyncKey, kind: Turn, at: DateTime<Utc>) {
        self.waiting_mut(kind).jobs.put_off(key, at);
    }

    /// Whether a job of the other kind waits at the same gate.
    pub(super) fn other_kind_waits(&self, connector: &ConnectorId, kind: Turn) -> bool {
        let other = match kind {
            Turn::Urgent => &self.scheduled,
            Turn::Scheduled => &self.urgent,
        };
        other.jobs.waits_at(connector) > 0
    }

    /// Whether the job to try behind one of a kind that has started is of the same connector, as far as is known.
    pub(super) fn goes_on_with(&self, connector: &ConnectorId, started: Turn) -> bool {
        let in_a_row = if started == Turn::Urgent { self.in_a_row.saturating_add(1) } else { 0 };
        let (urgent, scheduled) = (self.urgent.jobs.next_connector(), self.scheduled.jobs.next_connector());
        let next = if in_a_row < IN_A_ROW { urgent.or(scheduled) } else { scheduled.or(urgent) };
        next == Some(connector)
    }

    /// The gate of a connector is shut, so none of its jobs is tried in this tick.
    pub(super) fn shut_gate(&mut self, connector: &ConnectorId) {
        self.urgent.jobs.shut_gate(connector);
        self.scheduled.jobs.shut_gate(connector);
    }

    /// A job that was tried waits as before.
    pub(super) fn put_back(&mut self, key: SyncKey, kind: Turn) {
        self.waiting_mut(kind).jobs.put_back(key);
    }

    /// A job has started.
    pub(super) fn mark_started(&mut self, key: &SyncKey, kind: Turn) {
        self.spread = (self.spread - 1).max(1);
        self.waiting_mut(kind).jobs.mark_served(&key.org);
        self.in_a_row = match kind {
            Turn::Urgent => self.in_a_row.saturating_add(1),
            Turn::Scheduled => 0,
        };
        self.unread.clear();
        self.read_next = None;
    }

    /// When to look again, given that nothing that was read could start and that something of it could at `next`: at once,
    /// until the end of each shard is reached.
    pub(super) fn next_wakeup<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        self.looked_at = None;
        if self.unread.is_empty() {
            self.unread = queue.all_shards().collect();
        }
        let cursors = &self.cursors;
        self.unread.retain(|shard| cursors.get(shard).is_some_and(|cursor| cursor.more));
        let later = [self.urgent.jobs.next_later(), self.scheduled.jobs.next_later()];
        let read_next = [self.read_next, self.first_later, next].into_iter().chain(later).flatten().min();
        let ends = self.unread.is_empty() && !self.urgent.lacks_passed() && !self.scheduled.lacks_passed();
        self.read_next = read_next.filter(|_| !ends);
        if ends { read_next } else { Some(now) }
    }
}

fn due(key: StoreKey) -> Due {
    match (sync_key(&key), connector(&key)) {
        (Some(key), _) => Due::Slot(key),
        (None, Some(connector)) => Due::Connection(connector),
        (None, None) => Due::Unknown(key),
    }
}

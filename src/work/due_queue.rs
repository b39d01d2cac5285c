//! What a worker knows of what is due, and the order in which it tries it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::lane::Lane;
use super::queue::{connector, sync_key};
use super::{Queue, WorkError};
use crate::gate::{Turn, fair};
use crate::id::{ConnectorId, OrgId, SyncKey};
use crate::jobs::{JobStore, Shard, StoreKey};

/// How many due keys are asked for in one call.
const PAGE: usize = 500;
/// How many waiting jobs a worker keeps in mind at a time, if one of them may start.
const MOST: usize = 10_000;
/// How long it trusts them.
const TRUST: TimeDelta = TimeDelta::seconds(5);
/// How many urgent ones a worker starts in a row while a scheduled one may start.
const IN_A_ROW: u8 = 3;

type Position = (DateTime<Utc>, StoreKey);

/// What is looked at whatever the gates say.
#[derive(Debug)]
pub(super) enum Due {
    Slot(SyncKey),
    Connection(ConnectorId),
    /// No record of ours, or one of a later version.
    Unknown(StoreKey),
}

/// Jobs of one kind that wait.
#[derive(Debug, Default)]
struct Line {
    keys: VecDeque<SyncKey>,
    /// Those whose turn it was not.
    put_off: Vec<SyncKey>,
    /// Those whose gate lets nobody in: until the next tick they do not wait.
    aside: Vec<SyncKey>,
    /// How many there are of each connector that wait.
    of: BTreeMap<ConnectorId, usize>,
    served: Option<OrgId>,
    /// Whether they stand in the order of their turns.
    arranged: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct DueQueue {
    pub(super) others: VecDeque<Due>,
    urgent: Line,
    scheduled: Line,
    /// A number of the worker's own.
    own: u64,
    read_at: Option<DateTime<Utc>>,
    /// Where the next look goes on, in shards of which the last one has not seen the end.
    after: BTreeMap<Shard, Position>,
    /// What this look has not seen the end of.
    more: BTreeMap<Shard, (Lane, Position)>,
    /// The shards whose end no look has seen since the last start, and what was next in all others.
    unseen: BTreeSet<Shard>,
    seen_next: Option<DateTime<Utc>>,
    /// When the first key is due that this look has seen and that is not due yet.
    pub(super) first: Option<DateTime<Utc>>,
    /// How many urgent ones it has started since a scheduled one.
    in_a_row: u8,
    /// Whether one was tried since some were put off.
    tried: bool,
}

impl Line {
    fn fill(&mut self, keys: Vec<SyncKey>) {
        *self = Self { keys: keys.into(), served: self.served.take(), ..Self::default() };
        for key in &self.keys {
            *self.of.entry(key.connector.clone()).or_default() += 1;
        }
    }

    fn add(&mut self, key: SyncKey) {
        *self.of.entry(key.connector.clone()).or_default() += 1;
        self.keys.push_back(key);
        self.arranged = false;
    }

    /// Organisations in turns, behind the one that was served last.
    fn arrange(&mut self, own: u64) {
        if std::mem::replace(&mut self.arranged, true) {
            return;
        }
        let keys: Vec<_> = std::mem::take(&mut self.keys).into();
        if self.served.is_none() && !keys.is_empty() {
            // Workers that begin together begin at different organisations.
            self.served = Some(keys[(own % keys.len() as u64) as usize].org.clone());
        }
        self.keys = fair(keys, |key| key, self.served.as_ref()).into();
    }

    /// Those that were put off come first again.
    fn restore(&mut self) {
        let rest = std::mem::take(&mut self.keys);
        self.keys = std::mem::take(&mut self.put_off).into();
        self.keys.extend(rest);
    }

    fn set_aside(&mut self, connector: &ConnectorId) {
        if self.of.remove(connector).is_some() {
            let (keys, put_off) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.put_off));
            for key in put_off.into_iter().chain(keys) {
                if key.connector == *connector { self.aside.push(key) } else { self.keys.push_back(key) }
            }
        }
    }

    /// Those that were set aside wait again.
    fn begin_anew(&mut self) {
        self.restore();
        for key in std::mem::take(&mut self.aside) {
            self.add(key);
        }
    }
}

impl DueQueue {
    pub(super) fn new(own: u64) -> Self {
        Self {
            others: VecDeque::new(),
            urgent: Line::default(),
            scheduled: Line::default(),
            own,
            read_at: None,
            after: BTreeMap::new(),
            more: BTreeMap::new(),
            unseen: BTreeSet::new(),
            seen_next: None,
            first: None,
            in_a_row: 0,
            tried: false,
        }
    }

    fn line(&mut self, kind: Turn) -> &mut Line {
        match kind {
            Turn::Urgent => &mut self.urgent,
            Turn::Scheduled => &mut self.scheduled,
        }
    }

    /// Reads what is due: what is urgent in any case, the rest unless it knows that well enough. Whether it read all.
    pub(super) async fn look<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        anew: bool,
    ) -> Result<bool, WorkError<S::Error>> {
        let lately = self.read_at.take().is_some_and(|at| at <= now && now - at < TRUST);
        self.first = None;
        self.more.retain(|_, (lane, _)| lately && !anew && *lane == Lane::Scheduled);
        let urgent = self.pages(queue, Lane::Urgent, now).await?;
        let none_left = urgent.is_empty() && self.scheduled.keys.is_empty() && self.others.is_empty();
        self.urgent.fill(urgent);
        let whole = anew || !lately || none_left;
        if whole {
            self.look_at_the_rest(queue, now).await?;
        }
        self.read_at = Some(now);
        Ok(whole)
    }

    async fn look_at_the_rest<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        self.others.clear();
        for shard in queue.shards_of(Lane::Ungated, self.own) {
            let after = self.after.remove(&shard);
            let keys = self.page(queue, Lane::Ungated, shard, after, now).await?;
            self.others.extend(keys.into_iter().map(due));
            // Whatever is found here is seen to, so the next look goes on in any case.
            self.after.extend(self.more.get(&shard).map(|(_, at)| (shard, at.clone())));
        }
        let scheduled = self.pages(queue, Lane::Scheduled, now).await?;
        self.scheduled.fill(scheduled);
        Ok(())
    }

    async fn pages<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        lane: Lane,
        now: DateTime<Utc>,
    ) -> Result<Vec<SyncKey>, WorkError<S::Error>> {
        let mut slots = Vec::new();
        for shard in queue.shards_of(lane, self.own) {
            let after = self.after.get(&shard).cloned();
            let keys = self.page(queue, lane, shard, after, now).await?;
            self.sort_out(keys, &mut slots);
        }
        Ok(slots)
    }

    /// What is no slot, or cannot be read as one, is looked at with the others.
    fn sort_out(&mut self, keys: Vec<StoreKey>, slots: &mut Vec<SyncKey>) {
        for key in keys {
            match due(key) {
                Due::Slot(key) => slots.push(key),
                other => self.others.push_back(other),
            }
        }
    }

    /// A page of a shard behind a position; the first key that is not due yet comes with it.
    async fn page<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        lane: Lane,
        shard: Shard,
        after: Option<Position>,
        now: DateTime<Utc>,
    ) -> Result<Vec<StoreKey>, WorkError<S::Error>> {
        let far = DateTime::<Utc>::MAX_UTC;
        let page = queue.store().due(shard, far, after.as_ref(), PAGE).await.map_err(WorkError::Store)?;
        let later = page.keys.iter().map(|(at, _)| *at).filter(|at| *at > now).min();
        self.first = self.first.into_iter().chain(later).min();
        match page.keys.last().filter(|_| page.more && later.is_none()) {
            Some(last) => self.more.insert(shard, (lane, last.clone())),
            None => self.more.remove(&shard),
        };
        Ok(page.keys.into_iter().filter(|(at, _)| *at <= now).map(|(_, key)| key).collect())
    }

    /// A job that waits, which was found among what is not gated.
    pub(super) fn add(&mut self, key: SyncKey, kind: Turn) {
        self.line(kind).add(key);
    }

    /// Puts what waits into the order of its turns.
    pub(super) fn arrange(&mut self) {
        let own = self.own;
        self.urgent.arrange(own);
        self.scheduled.arrange(own);
    }

    /// Something may start: so that organisations take turns, reads on beyond the first pages. Whether it read anything.
    pub(super) async fn read_on<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
    ) -> Result<bool, WorkError<S::Error>> {
        let mut read = false;
        for kind in [Turn::Urgent, Turn::Scheduled] {
            for shard in queue.shards_of(lane_of(kind), self.own) {
                while self.line(kind).keys.len() < MOST
                    && let Some((lane, after)) = self.more.get(&shard).cloned()
                {
                    let (keys, mut slots) = (self.page(queue, lane, shard, Some(after), now).await?, Vec::new());
                    self.sort_out(keys, &mut slots);
                    slots.into_iter().for_each(|key| self.add(key, kind));
                    read = true;
                }
            }
        }
        Ok(read)
    }

    /// The next one to try. One that is taken out is no longer among those that wait.
    pub(super) fn next(&mut self) -> Option<(SyncKey, Turn)> {
        let order = match self.in_a_row < IN_A_ROW {
            true => [Turn::Urgent, Turn::Scheduled],
            false => [Turn::Scheduled, Turn::Urgent],
        };
        loop {
            for kind in order {
                if let Some(key) = self.line(kind).keys.pop_front() {
                    return Some((key, kind));
                }
            }
            if !std::mem::take(&mut self.tried) {
                return None;
            }
            order.into_iter().for_each(|kind| self.line(kind).restore());
        }
    }

    /// It is the other kind's turn at its gate: it is tried once none of those is left.
    pub(super) fn put_off(&mut self, key: SyncKey, kind: Turn) {
        self.line(kind).put_off.push(key);
    }

    /// It stands first again, in an order that may have changed.
    pub(super) fn give_back(&mut self, key: SyncKey, kind: Turn) {
        self.line(kind).keys.push_front(key);
        self.arrange();
    }

    /// It is tried now, and waits no longer.
    pub(super) fn tries(&mut self, key: &SyncKey, kind: Turn) {
        self.tried = true;
        if let Some(count) = self.line(kind).of.get_mut(&key.connector) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether one of the other kind waits for the same gate.
    pub(super) fn other_waits(&self, connector: &ConnectorId, kind: Turn) -> bool {
        let other = match kind {
            Turn::Urgent => &self.scheduled,
            Turn::Scheduled => &self.urgent,
        };
        other.of.get(connector).is_some_and(|count| *count > 0)
    }

    /// Its gate lets nobody in, so none of its jobs is tried in this tick.
    pub(super) fn set_aside(&mut self, key: SyncKey, kind: Turn) {
        self.urgent.set_aside(&key.connector);
        self.scheduled.set_aside(&key.connector);
        self.line(kind).aside.push(key);
    }

    /// One has started: the next look begins with the longest due.
    pub(super) fn started(&mut self, key: &SyncKey, kind: Turn) {
        self.line(kind).served = Some(key.org.clone());
        self.in_a_row = match kind {
            Turn::Urgent => self.in_a_row.saturating_add(1),
            Turn::Scheduled => 0,
        };
        self.urgent.begin_anew();
        self.scheduled.begin_anew();
        let more = &self.more;
        self.after.retain(|shard, _| more.get(shard).is_some_and(|(lane, _)| *lane == Lane::Ungated));
        self.unseen.clear();
        self.seen_next = None;
    }

    /// Nothing of what this look has seen could start, and `next` is when something of it could. When to look again: at
    /// once, where the end is not seen yet.
    pub(super) fn ended<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        self.read_at = None;
        if self.unseen.is_empty() {
            self.unseen = queue.all_shards().collect();
        }
        self.after = std::mem::take(&mut self.more).into_iter().map(|(shard, (_, at))| (shard, at)).collect();
        self.unseen.retain(|shard| self.after.contains_key(shard));
        let seen = [self.seen_next, self.first, next].into_iter().flatten().min();
        if self.unseen.is_empty() {
            self.seen_next = None;
            return seen;
        }
        self.seen_next = seen;
        Some(now)
    }
}

fn lane_of(kind: Turn) -> Lane {
    Lane::urgent(kind == Turn::Urgent)
}

fn due(key: StoreKey) -> Due {
    match (sync_key(&key), connector(&key)) {
        (Some(key), _) => Due::Slot(key),
        (None, Some(connector)) => Due::Connection(connector),
        (None, None) => Due::Unknown(key),
    }
}

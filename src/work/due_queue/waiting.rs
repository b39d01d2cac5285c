//! The jobs of one kind that wait, in the order of their organisations' turns.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::id::{ConnectorId, OrgId, SyncKey};

/// A job's place in the order: in each round an organisation has one turn, and organisations go by name.
type Place = (u64, SyncKey);

/// The jobs of one kind that wait. Each of its methods costs about the same however many jobs there are.
#[derive(Debug, Default)]
pub(super) struct WaitingJobs {
    /// The jobs of each connector. No line is empty.
    lines: BTreeMap<ConnectorId, BTreeSet<Place>>,
    /// The first job of each line whose jobs may be tried.
    heads: BTreeSet<Place>,
    /// The connectors whose gate is shut.
    shut: BTreeSet<ConnectorId>,
    /// The connectors at whose gate it is the other kind's turn.
    skipped: BTreeSet<ConnectorId>,
    /// The round of each job.
    rounds: BTreeMap<SyncKey, u64>,
    /// The last round of each organisation, and how many of its jobs wait.
    orgs: BTreeMap<OrgId, (u64, usize)>,
    /// The organisation that was served last, and in which round.
    served: Option<(u64, OrgId)>,
    /// The round of the job that was taken out last.
    taken: u64,
    /// Jobs that were tried, and when to try them again.
    later: BTreeSet<(DateTime<Utc>, SyncKey)>,
}

impl WaitingJobs {
    pub(super) fn len(&self) -> usize {
        self.rounds.len()
    }

    pub(super) fn waits_at(&self, connector: &ConnectorId) -> usize {
        self.lines.get(connector).map_or(0, BTreeSet::len)
    }

    /// The connectors of which at least so many jobs wait.
    pub(super) fn connectors_with(&self, jobs: usize) -> BTreeSet<ConnectorId> {
        let long = self.lines.iter().filter(|(_, line)| line.len() >= jobs);
        long.map(|(connector, _)| connector.clone()).collect()
    }

    /// Forgets all jobs, but not whose turn it is.
    pub(super) fn clear(&mut self) {
        *self = Self { served: self.served.take().map(|(_, org)| (0, org)), ..Self::default() };
    }

    /// Workers that begin together begin at different organisations.
    pub(super) fn begin_at(&mut self, org: &OrgId) {
        self.served.get_or_insert_with(|| (0, org.clone()));
    }

    /// Adds a job behind those of its organisation, unless it waits already. Returns whether it was added.
    pub(super) fn add(&mut self, key: SyncKey) -> bool {
        if self.rounds.contains_key(&key) {
            return false;
        }
        let turn = self.served.as_ref().map_or(0, |(round, org)| round + u64::from(key.org <= *org));
        let round = self.orgs.get(&key.org).map_or(turn, |(last, _)| turn.max(last + 1));
        self.put((round, key));
        true
    }

    /// Puts a job that was taken out where it was.
    pub(super) fn put_back(&mut self, key: SyncKey) {
        if !self.rounds.contains_key(&key) {
            self.put((self.taken, key));
        }
    }

    fn put(&mut self, place: Place) {
        let (round, key) = &place;
        self.rounds.insert(key.clone(), *round);
        let (last, count) = self.orgs.entry(key.org.clone()).or_default();
        (*last, *count) = ((*last).max(*round), *count + 1);
        let connector = key.connector.clone();
        self.change_line(&connector, |line| line.insert(place));
    }

    /// Takes a job out. Returns whether it was there.
    pub(super) fn take(&mut self, key: &SyncKey) -> bool {
        let round = self.remove(key);
        self.taken = round.unwrap_or(self.taken);
        round.is_some()
    }

    /// Takes a job out that has no turn. Returns its round, if it was there.
    pub(super) fn remove(&mut self, key: &SyncKey) -> Option<u64> {
        let round = self.rounds.remove(key)?;
        if let Some((_, count)) = self.orgs.get_mut(&key.org) {
            *count -= 1;
            if *count == 0 {
                self.orgs.remove(&key.org);
            }
        }
        self.change_line(&key.connector, |line| line.remove(&(round, key.clone())));
        Some(round)
    }

    fn change_line(&mut self, connector: &ConnectorId, change: impl FnOnce(&mut BTreeSet<Place>) -> bool) {
        let line = self.lines.entry(connector.clone()).or_default();
        let before = line.first().cloned();
        change(line);
        let after = line.first().cloned();
        if after.is_none() {
            self.lines.remove(connector);
        }
        if before == after || self.shut.contains(connector) || self.skipped.contains(connector) {
            return;
        }
        before.map(|head| self.heads.remove(&head));
        self.heads.extend(after);
    }

    /// The next jobs that may be tried, so many at most.
    pub(super) fn next(&self, most: usize) -> Vec<&SyncKey> {
        let mut fronts: BTreeSet<&Place> = self.heads.iter().take(most).collect();
        let mut next = Vec::new();
        while next.len() < most
            && let Some(place) = fronts.pop_first()
        {
            next.push(&place.1);
            if let Some(line) = self.lines.get(&place.1.connector) {
                fronts.extend(line.range(place..).nth(1));
            }
        }
        next
    }

    /// The next jobs of a connector, so many at most.
    pub(super) fn next_of(&self, connector: &ConnectorId, most: usize) -> impl Iterator<Item = &SyncKey> {
        self.lines.get(connector).into_iter().flatten().take(most).map(|(_, key)| key)
    }

    /// The connector of the job to try next, also where it was the other kind's turn.
    pub(super) fn next_connector(&self) -> Option<&ConnectorId> {
        let skipped = self.skipped.iter().filter_map(|connector| self.lines.get(connector)?.first());
        skipped.chain(self.heads.first()).min().map(|(_, key)| &key.connector)
    }

    /// A job of this organisation was started, the one that was taken out last.
    pub(super) fn mark_served(&mut self, org: &OrgId) {
        self.served = Some((self.taken, org.clone()));
    }

    /// The jobs of a connector are not tried, for its gate is shut.
    pub(super) fn shut_gate(&mut self, connector: &ConnectorId) {
        self.hide(connector);
        self.shut.insert(connector.clone());
    }

    /// The jobs of a connector are tried once no other job of this kind is left.
    pub(super) fn skip(&mut self, connector: &ConnectorId) {
        self.hide(connector);
        self.skipped.insert(connector.clone());
    }

    fn hide(&mut self, connector: &ConnectorId) {
        if let Some(head) = self.lines.get(connector).and_then(BTreeSet::first) {
            self.heads.remove(head);
        }
    }

    /// Skipped jobs may be tried.
    pub(super) fn restore_skipped(&mut self) {
        for connector in std::mem::take(&mut self.skipped) {
            if !self.shut.contains(&connector) {
                self.heads.extend(self.lines.get(&connector).and_then(BTreeSet::first).cloned());
            }
        }
    }

    /// All jobs may be tried, also those that were put off until now.
    pub(super) fn restore_all(&mut self, now: DateTime<Utc>) {
        self.skipped.append(&mut self.shut);
        self.restore_skipped();
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            self.later.pop_first().map(|(_, key)| self.add(key));
        }
    }

    /// A job that was taken out is tried again at this time.
    pub(super) fn put_off(&mut self, key: SyncKey, at: DateTime<Utc>) {
        self.later.insert((at, key));
    }

    /// When a job that was put off is to be tried.
    pub(super) fn next_later(&self) -> Option<DateTime<Utc>> {
        self.later.first().map(|(at, _)| *at)
    }
}

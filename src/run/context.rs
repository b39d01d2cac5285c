//! What every phase of a run needs: its options, its index of records, and their outcomes.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Slot};
use super::options::{Mode, Run};
use super::outcomes::Outcomes;
use crate::id::ExternalId;
use crate::matching::Crowds;
use crate::store::{IndexEntry, Loaded, Presence};

#[derive(Debug)]
pub(super) struct Context {
    pub(super) run: Run,
    pub(super) index: Index,
    /// The match keys that more than a few records have.
    pub(super) crowds: Crowds,
    /// The ids that several records here have.
    shared: BTreeSet<ExternalId>,
    pub(super) outcomes: Outcomes,
}

/// Linked records, by their ids.
pub(super) type ById = BTreeMap<ExternalId, Loaded>;

impl Context {
    pub(super) fn new(run: Run) -> Self {
        let outcomes = Outcomes::new(&run.policy);
        Self { run, index: Index::default(), crowds: Crowds::default(), shared: BTreeSet::new(), outcomes }
    }

    /// Whether what is planned of a page is written before the next one is fetched.
    pub(super) fn streams(&self) -> bool {
        self.run.mode == Mode::Streaming && !self.run.dry
    }

    /// How many records were listed so far, each once, and how many items cannot be read as a record.
    pub(super) fn processed(&self) -> u64 {
        self.index.listed_now() + self.outcomes.besides()
    }

    pub(super) fn add_to_index(&mut self, entries: &[IndexEntry]) {
        let policy = self.run.policy.fingerprint();
        for entry in entries {
            let fresh = entry.synced.filter(|synced| synced.revision == entry.revision && synced.policy == policy);
            // A missed record is always looked at, so that its count is set back. An inactive record with a count of 0
            // was listed: if it may be another person by now, that was asked already.
            let fresh = fresh.filter(|_| entry.missed == 0);
            self.outcomes.were_open(u64::from(entry.open));
            let slot = self.index.link(entry.id.as_str(), entry.can_be_missing(), fresh.map(|synced| synced.seen));
            let present = entry.presence == Presence::Active;
            if present || (entry.presence == Presence::Removed && entry.open > 0) {
                self.index.matters(slot, present);
            }
        }
    }

    /// A run that reads no index takes from the loaded records what the index would have told.
    pub(super) fn learn<'l>(&mut self, loaded: impl Iterator<Item = &'l Loaded>) {
        if self.run.only.is_none() {
            return;
        }
        for record in loaded {
            let can_be_missing = record.presence == Presence::Active && record.synced.is_some();
            if self.index.learn(record.id.as_str(), can_be_missing) {
                self.outcomes.were_open(record.open.len() as u64);
            }
        }
    }

    /// The records by their ids, without those whose id several records have.
    pub(super) fn by_id(&mut self, linked: Vec<Loaded>) -> ById {
        let mut loaded = ById::new();
        for record in linked {
            let id = record.id.clone();
            if loaded.insert(id.clone(), record).is_some() {
                self.shared.insert(id);
            }
        }
        loaded.retain(|id, _| !self.shared.contains(id));
        loaded
    }

    /// Whether several records here have this id.
    pub(super) fn is_shared(&self, id: &ExternalId) -> bool {
        self.shared.contains(id)
    }

    /// Whether the record was linked when the index was read, and no longer is: its link was given up, or another run
    /// gave it another id.
    pub(super) fn has_vanished(&self, slot: Slot, id: &ExternalId, loaded: &ById) -> bool {
        self.index.is_linked(slot) && !loaded.contains_key(id) && !self.is_shared(id)
    }

    /// Skips a record that lost its link: this run has looked for no candidates. The next run reads the new links.
    pub(super) fn leave_to_the_next(&mut self, id: ExternalId) {
        self.index.set_aside(id.as_str());
        self.outcomes.skipped(id, "its link was given up while the run was under way");
    }
}

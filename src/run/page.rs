//! What is done with a page of the listing: who changed is loaded, and what cannot be relied on is set aside.

use std::collections::{BTreeMap, BTreeSet};

use super::core::{Core, Purpose};
use super::index::{Before, Sighting, Slot};
use super::{Loading, Step, repeat};
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::plan::Quarantined;
use crate::source::{Item, Malformed, Page, RemoteRecord};
use crate::store::{LoadRequest, Loaded};

impl Core {
    pub(super) fn listed(mut self: Box<Self>, page: Page) -> Step {
        let mut changed = BTreeMap::new();
        for item in page.items {
            let only = self.run.only.as_ref();
            let nameless = item.ids().next().is_none();
            if only.is_some_and(|only| !nameless && !item.ids().any(|id| only.binary_search(id).is_ok())) {
                self.counts.ignored += 1;
                continue;
            }
            for id in item.ids() {
                self.unanswered.remove(id);
            }
            match item {
                Item::Record(remote) => self.list(remote, &mut changed),
                Item::Malformed(malformed) => self.malformed(malformed, &mut changed),
                Item::Tombstone { id, version } => self.tombstone(id, version),
                Item::Rekeyed { from, to } => self.rekeyed(from, to),
            }
        }
        if changed.is_empty() && self.doubtful.is_empty() {
            return self.turn(page.next);
        }
        let doubtful: BTreeSet<&ExternalId> = self.doubtful.iter().map(|(_, remote)| &remote.id).collect();
        let ids = changed.values().map(|remote: &RemoteRecord| &remote.id).chain(doubtful).cloned().collect();
        let near = self.near(changed.values().filter(|remote| !self.index.knows(remote.id.as_str())));
        let purpose = Purpose::Page(changed.into_iter().collect(), page.next);
        Step::Loading(Loading { core: self, wanted: LoadRequest { ids, near }, purpose })
    }

    fn list(&mut self, remote: RemoteRecord, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let (slot, sighting) = self.index.list(remote.id.as_str(), remote.version, remote.fingerprint());
        if matches!(sighting, Sighting::Unchanged | Sighting::Changed) {
            self.census.count(&remote.record);
        }
        match sighting {
            Sighting::Unchanged => {
                self.counts.processed += 1;
                self.counts.unchanged += 1;
            }
            Sighting::Changed => {
                self.counts.processed += 1;
                changed.insert(slot, remote);
            }
            Sighting::Repeated => self.counts.duplicates += 1,
            Sighting::SetAside => {}
            Sighting::Reworded => {
                let planned = self.ops.get(&slot).and_then(|op| op.remote.as_ref());
                let planned = planned.or(self.pending.get(&slot).map(|pending| &pending.remote.record));
                match changed.get(&slot).map(|first| &first.record).or(planned) {
                    None => self.doubtful.push((slot, remote)),
                    Some(first) if repeat::same(self.run.policy.schema(), first, &remote.record) => {
                        self.counts.duplicates += 1;
                    }
                    Some(_) => self.contradicted(remote.id, changed),
                }
            }
        }
    }

    pub(super) fn contradicted(&mut self, id: ExternalId, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let problem = "the listing has this record twice, and not the same".to_owned();
        self.set_aside(Quarantined::of(id, Situation::DuplicateRemote, problem), changed);
    }

    /// Now that it is known what the first statement came to.
    pub(super) fn settle(&mut self, loaded: &BTreeMap<ExternalId, Loaded>) {
        for (slot, remote) in std::mem::take(&mut self.doubtful) {
            let first = loaded.get(&remote.id);
            if self.index.is_set_aside(slot) {
                continue;
            }
            if first.is_some_and(|first| repeat::is_known(self.run.policy.schema(), first, &remote.record)) {
                self.counts.duplicates += 1;
            } else {
                self.contradicted(remote.id, &mut BTreeMap::new());
            }
        }
    }

    fn malformed(&mut self, malformed: Malformed, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let Malformed { place, id, problem } = malformed;
        let quarantined =
            Quarantined { id, place: Some(place), situation: Situation::Malformed, problem, matched: None };
        if quarantined.id.is_some() {
            self.set_aside(quarantined, changed);
        } else {
            self.nameless += 1;
            self.counts.processed += 1;
            self.counts.quarantined += 1;
            self.quarantined.push(quarantined);
        }
    }

    /// Takes back whatever was planned for a record, so that it is neither written nor taken for missing.
    pub(super) fn set_aside(&mut self, quarantined: Quarantined, changed: &mut BTreeMap<Slot, RemoteRecord>) {
        let Some(id) = &quarantined.id else { return };
        let (slot, before) = self.index.set_aside(id.as_str());
        let planned = self.ops.remove(&slot).is_some() | self.pending.remove(&slot).is_some();
        let taken_back = changed.remove(&slot).is_some() | planned;
        match before {
            Before::SetAside => {}
            Before::Listed if taken_back => self.counts.quarantined += 1,
            // What the first statement came to stands, and in streaming mode may be written; the second is set aside.
            Before::Listed if self.streams() => {
                self.counts.processed += 1;
                self.counts.quarantined += 1;
            }
            Before::Listed => {
                self.counts.unchanged -= 1;
                self.counts.quarantined += 1;
            }
            Before::Unlisted => {
                self.counts.processed += 1;
                self.counts.quarantined += 1;
            }
        }
        self.quarantined.push(quarantined);
    }
}

//! What goes wrong in reading.

use std::collections::BTreeMap;
use std::thread;

use tripartite::conformance::records::schema;
use tripartite::id::ExternalId;
use tripartite::matching::{FEW, MatchKey, MatchRules};
use tripartite::memory::{Kept, MemoryStore};
use tripartite::source::Cursor;
use tripartite::store::{Candidate, CandidateQuery, IndexEntry, IndexPage, Loaded, Presence, Revision, Synced};
use tripartite::value::{Record, RecordBuilder, Value};

use super::fault::Fault::*;
use super::faulty::{Faulty, Moment};

/// How many entries a page has.
pub(super) const PAGE: usize = 10;

fn entry(id: &ExternalId, kept: &Kept) -> IndexEntry {
    let Kept { presence, revision, synced, .. } = *kept;
    IndexEntry::new(id.clone(), revision)
        .presence(presence)
        .synced(synced)
        .open(kept.open.len() as u32)
        .missed(kept.missed)
}

fn empty(id: ExternalId) -> Loaded {
    let local = RecordBuilder::new(0).finish();
    let (presence, revision) = (Presence::Active, Revision(0));
    Loaded::new(id, revision, local).presence(presence)
}

impl Faulty {
    fn moment(&self) -> Moment {
        let lagging = self.side().before.as_ref().filter(|_| self.fault == ReadsLag).map(|(moment, _)| moment.clone());
        let mut moment = lagging.unwrap_or_else(|| self.inner.records());
        if self.fault == DeletedIsForgotten {
            moment.retain(|id, _| !self.side().deleted.contains(id));
        }
        if self.fault == UnsyncedIsForgotten {
            moment.retain(|id, kept| kept.synced.is_some() || !self.side().deleted.contains(id));
        }
        moment
    }

    fn presence(&self, presence: Presence) -> Presence {
        match (self.fault, presence) {
            (RemovedIsDeactivated, Presence::Removed) => Presence::Deactivated,
            (DeactivatedIsRemoved, Presence::Deactivated) => Presence::Removed,
            (_, presence) => presence,
        }
    }

    pub(super) fn list(&self, after: Option<&Cursor>) -> IndexPage {
        if self.fault == ReadsMakeRevisions {
            self.moment().keys().for_each(|id| self.inner.change(id, |_| ()).unwrap());
        }
        if self.fault == PageOfNothingFirst && after.is_none() {
            return IndexPage::new(vec![], Some(Cursor(String::new())));
        }
        let mut all: Vec<_> = self.moment().iter().map(|(id, kept)| entry(id, kept)).collect();
        if self.fault == IndexOfTheUnlinked {
            let unlinked = (0..self.side().unlinked).map(|row| empty(ExternalId::new(format!("row {row}")).unwrap()));
            let entry = |Loaded { id, presence, revision, .. }| IndexEntry::new(id, revision).presence(presence);
            all.extend(unlinked.map(entry));
        }
        if self.fault == IndexOfTheSyncedOnly {
            all.retain(|entry| entry.synced.is_some());
        }
        let mut page = self.page_of(all, after);
        for entry in &mut page.entries {
            self.spoil(entry);
        }
        page
    }

    fn spoil(&self, entry: &mut IndexEntry) {
        entry.presence = self.presence(entry.presence);
        match self.fault {
            IndexWithoutConflicts => entry.open = 0,
            IndexInStepAlways => {
                let now = entry.revision;
                entry.synced = entry.synced.map(|synced| Synced::new(now, synced.seen, synced.policy));
            }
            RevisionOfTheIndexIsItsOwn => entry.revision.0 += 1,
            IndexForgetsHowOftenTheRemovedWereMissed if entry.presence == Presence::Removed => entry.missed = 0,
            _ => {}
        }
    }

    fn page_of(&self, mut all: Vec<IndexEntry>, after: Option<&Cursor>) -> IndexPage {
        let place = |(row, entry): (usize, &IndexEntry)| match self.fault {
            IndexByOffset => format!("{row:09}"),
            IndexByLastChange => format!("{:09}/{}", entry.revision.0, entry.id),
            _ => entry.id.to_string(),
        };
        if self.fault == IndexByLastChange {
            all.sort_by_key(|entry| (entry.revision, entry.id.clone()));
        }
        let places: Vec<_> = all.iter().enumerate().map(place).collect();
        let behind = |place: &String| after.is_none_or(|after| *place > after.0);
        let mut rest: Vec<_> = places.into_iter().zip(all).filter(|(place, _)| behind(place)).collect();
        let more = rest.len() > PAGE;
        rest.truncate(PAGE);
        let next = rest.last().filter(|_| more).map(|(place, _)| Cursor(place.clone()));
        IndexPage::new(rest.into_iter().map(|(_, entry)| entry).collect(), next)
    }

    pub(super) fn read(&self, ids: &[ExternalId]) -> Vec<Loaded> {
        let ids = if self.fault == LoadOf999 { &ids[..ids.len().min(999)] } else { ids };
        let moment = self.moment();
        let read = |asked: &ExternalId| {
            let id = self.id(asked);
            let found = moment.get(&id).map(|kept| self.loaded(asked, &id, kept));
            found.or_else(|| (self.fault == LoadOfTheUnlinked).then(|| empty(asked.clone())))
        };
        let mut loaded: Vec<_> = ids.iter().filter_map(read).collect();
        if self.fault == LoadTwice && loaded.len() > 1 {
            loaded.push(loaded[0].clone());
        }
        if self.fault == LoadBackwards {
            loaded.reverse();
        }
        loaded
    }

    fn loaded(&self, asked: &ExternalId, id: &ExternalId, kept: &Kept) -> Loaded {
        if self.fault == TornLoad {
            thread::yield_now();
        }
        // A second look at the record, as a second statement takes it.
        let later = self.inner.get(id).filter(|_| self.fault == TornLoad).map_or(kept.revision, |kept| kept.revision);
        let mut loaded = Loaded::new(asked.clone(), later, kept.local.clone())
            .presence(self.presence(kept.presence))
            .base(kept.base.clone())
            .synced(kept.synced)
            .open(kept.open.values().cloned().collect())
            .missed(kept.missed);
        if matches!(self.fault, NothingIsZero | NullsAreMissing) {
            loaded.local = self.without_nulls(&loaded.local);
        }
        loaded
    }

    pub(super) fn near(&self, near: &CandidateQuery) -> Vec<Candidate> {
        let mut near = near.clone();
        match self.fault {
            CandidatesUpTo999Keys => near.keys.truncate(999),
            CandidatesByTheFirstRule => {
                near.rules = MatchRules::new(&schema(), near.rules.rules()[..1].to_vec()).unwrap();
            }
            _ => {}
        }
        let mut found = self.reckoned(&self.inner, &near);
        if self.fault == CandidatesOfTheNeighbour {
            found.extend(self.reckoned(&self.other, &near));
        }
        found.retain(|candidate| match self.fault {
            CandidatesOfTheFree => candidate.linked.is_none(),
            CandidatesOfTheLinked => candidate.linked.is_some(),
            DeletedIsNoCandidate => !self.side().deleted_here.contains(&candidate.local),
            _ => true,
        });
        match self.fault {
            CandidatesUpToAFew => found = self.at_most(FEW, found, &near),
            // In whatever order they are there, so that one key's crowd takes the room of another key's only record.
            CandidatesUpToAPage => found.truncate(FEW + 1),
            _ => {}
        }
        for candidate in &mut found {
            candidate.presence = self.presence(candidate.presence);
            match self.fault {
                ForgetsWhatItIsNot => candidate.is_not.clear(),
                CandidatesAreActive => candidate.presence = Presence::Active,
                _ => {}
            }
        }
        found
    }

    /// Of each key so many.
    fn at_most(&self, most: usize, found: Vec<Candidate>, near: &CandidateQuery) -> Vec<Candidate> {
        let mut given: BTreeMap<MatchKey, usize> = BTreeMap::new();
        let mut is_within = |key: MatchKey| {
            *given.entry(key).or_default() += 1;
            given[&key] <= most
        };
        let keys = |candidate: &Candidate| {
            near.rules.keys(&candidate.record).into_iter().filter(|key| near.keys.contains(key)).collect::<Vec<_>>()
        };
        found
            .into_iter()
            .filter(|candidate| keys(candidate).into_iter().filter(|key| is_within(*key)).count() > 0)
            .collect()
    }

    /// The candidates by what the store takes for the keys of its records.
    fn reckoned(&self, store: &MemoryStore, near: &CandidateQuery) -> Vec<Candidate> {
        let linked = store.records().into_iter().map(|(id, kept)| (Some(id), kept));
        let all = linked.chain(store.free().into_values().map(|kept| (None, kept)));
        let has_key = |record: &Record| near.rules.keys(record).iter().any(|key| near.keys.contains(key));
        // Keys that are kept until their record changes, whatever rules they were made by.
        let has_kept_key = |candidate: &Candidate| {
            let mut side = self.side();
            let fresh = || (candidate.record.clone(), near.rules.keys(&candidate.record));
            let kept = side.keys.entry(candidate.local.clone()).or_insert_with(fresh);
            if kept.0 != candidate.record {
                *kept = fresh();
            }
            kept.1.iter().any(|key| near.keys.contains(key))
        };
        let candidate = |(linked, kept): (Option<ExternalId>, Kept)| {
            Candidate::new(kept.id, kept.revision, kept.local)
                .presence(kept.presence)
                .linked(linked)
                .is_not(kept.is_not.into_iter().collect())
        };
        let keyed = |candidate: &Candidate| {
            if self.fault == KeysOfOtherRules {
                return has_kept_key(candidate);
            }
            let remembers = matches!(self.fault, KeysOfTheFirstDay | KeysOfWhatWasCommitted);
            let mut side = self.side();
            let known = side.first.entry(candidate.local.clone()).or_insert_with(|| candidate.record.clone());
            self.fault == CandidatesOfAll || has_key(if remembers { known } else { &candidate.record })
        };
        all.map(candidate).filter(keyed).collect()
    }

    fn without_nulls(&self, record: &Record) -> Record {
        let mut row = RecordBuilder::new(record.len());
        for (position, field) in record.fields().enumerate() {
            let value = field.to_value();
            if !value.is_null() {
                row.set(position, &value).unwrap();
            } else if self.fault == NothingIsZero {
                row.set(position, &Value::from(0)).unwrap();
            }
        }
        row.finish()
    }
}

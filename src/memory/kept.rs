//! A record as the memory store keeps it: how users and ops change it, and what the index and a load tell of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ExternalId, LocalId};
use crate::schema::Strategy;
use crate::store::{
    Action, Base, Batch, ConflictChange, IndexEntry, Loaded, Op, OpenConflict, Presence, Revision, Synced,
};
use crate::value::Record;

/// A record of a [`MemoryStore`](super::MemoryStore).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Kept {
    /// What the host calls it; it never changes.
    pub id: LocalId,
    /// The host's record.
    pub local: Record,
    /// Its revision.
    pub revision: Revision,
    /// Whether it is there.
    pub presence: Presence,
    /// The base.
    pub base: Option<Base>,
    /// When it was last in step.
    pub synced: Option<Synced>,
    /// Its open conflicts, by unit.
    pub open: BTreeMap<String, OpenConflict>,
    /// A strategy of its own.
    pub strategy: Option<Strategy>,
    /// How many complete listings in a row did not have it.
    pub missed: u32,
    /// Records of the source that a person has said it is not.
    pub is_not: BTreeSet<ExternalId>,
}

impl Kept {
    /// A record that was never in step.
    pub(super) fn new(id: LocalId, local: Record, revision: u64) -> Self {
        Self {
            id,
            local,
            revision: Revision(revision),
            presence: Presence::Active,
            base: None,
            synced: None,
            open: BTreeMap::new(),
            strategy: None,
            missed: 0,
            is_not: BTreeSet::new(),
        }
    }
}

/// Changes a record as a user does. What it is called stays.
pub(super) fn changed(kept: &mut Kept, change: impl FnOnce(&mut Kept)) {
    let id = kept.id.clone();
    change(kept);
    kept.id = id;
    kept.revision.0 += 1;
}

pub(super) fn apply(kept: &mut Kept, batch: &Batch, op: &Op) {
    match &op.action {
        Action::Create(record) => kept.local = record.clone(),
        Action::Update(patch) => kept.local = kept.local.patched(patch),
        Action::Reactivate(patch) => {
            kept.local = kept.local.patched(patch);
            kept.presence = Presence::Active;
        }
        Action::Deactivate => kept.presence = Presence::Deactivated,
        Action::Touch => {}
    }
    kept.revision.0 += u64::from(op.makes_revision());
    kept.missed = op.missed;
    if let Some(base) = &op.base {
        kept.base = Some(Base { record: base.clone(), schema: batch.schema, version: op.version });
    }
    if let Some(seen) = op.seen {
        kept.synced = Some(Synced { revision: kept.revision, seen, policy: batch.policy });
    }
    for change in &op.conflicts {
        match change {
            ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                kept.open.insert(conflict.unit.clone(), conflict.clone());
            }
            ConflictChange::Close { unit } => {
                kept.open.remove(unit);
            }
        }
    }
}

pub(super) fn entry(id: &ExternalId, kept: &Kept) -> IndexEntry {
    IndexEntry {
        id: id.clone(),
        presence: kept.presence,
        revision: kept.revision,
        synced: kept.synced,
        open: kept.open.len() as u32,
        missed: kept.missed,
    }
}

pub(super) fn loaded(id: &ExternalId, kept: &Kept) -> Loaded {
    Loaded {
        id: id.clone(),
        presence: kept.presence,
        revision: kept.revision,
        local: kept.local.clone(),
        base: kept.base.clone(),
        synced: kept.synced,
        open: kept.open.values().cloned().collect(),
        strategy: kept.strategy.clone(),
        missed: kept.missed,
    }
}

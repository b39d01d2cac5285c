//! Ops: what a store carries out, the precondition of each op, and its outcome.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Revision;
use crate::audit::{AuditEntry, Situation};
use crate::detect::Clash;
use crate::id::{ExternalId, LocalId, RunId};
use crate::value::{Fingerprint, Record, Value};

/// What must hold when an op is carried out.
///
/// | the op | expects | otherwise |
/// |---|---|---|
/// | creates a record | that no record has its id | a user linked a record by hand: it is merged with that record |
/// | changes a linked record | the revision that was read | a user edited it: it is planned once more |
/// | links a record here | the revision that was read, no external id, and that no record has the op's id | it is planned once more |
///
/// This enum is exhaustive: a store must check every precondition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// No record has this external id.
    Unlinked,
    /// The linked record has this revision.
    Revision(Revision),
    /// This record has this revision and no external id, and no record has the op's id. The store links it to the op's
    /// id, and carries out the rest of the op.
    Free {
        /// The host's id of the record.
        local: LocalId,
        /// Its revision.
        revision: Revision,
    },
}

/// What happens to the host's record. A missing field of a patch leaves the value, and a null field clears it.
///
/// This enum is exhaustive: a store must carry out every action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is created with these values and linked.
    Create(Record),
    /// It is patched.
    Update(Record),
    /// It is patched and made active again.
    Reactivate(Record),
    /// It is marked inactive; nothing is deleted.
    Deactivate,
    /// The record stays as it is; only what the host remembers about it changes.
    Touch,
}

impl Action {
    /// The name.
    ///
    /// ```
    /// use tripartite::store::Action;
    /// // as the audit and a stored plan have it
    /// assert_eq!(Action::Deactivate.name(), "deactivate");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Update(_) => "update",
            Self::Reactivate(_) => "reactivate",
            Self::Deactivate => "deactivate",
            Self::Touch => "touch",
        }
    }
}

/// Everything that happens to one record, to be carried out as one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Op {
    /// What the source calls it.
    pub id: ExternalId,
    /// The old external id, if the record gets a new one. Link, base and conflicts move from the old id to `id` if no
    /// record has `id`; then the rest is carried out. The precondition is about the record under its old id.
    pub rekeyed: Option<ExternalId>,
    /// The situation of the record.
    pub situation: Situation,
    /// What happens to the host's record.
    pub action: Action,
    /// The precondition.
    pub expect: Precondition,
    /// The [state](super::Loaded::state) that the op was made from: what was remembered of the record, without its
    /// values. A host can ignore it. A run that applies a stored plan compares it, because newer decisions may have
    /// been written since.
    pub made_from: Option<Fingerprint>,
    /// The new base; `None` leaves the old one, with its version. It may be the first of a record that has none. What it
    /// has beyond the fields of the schema ([`Record::extra`]) is part of it: marks of what a person approved stand there.
    pub base: Option<Record>,
    /// The version of the source's record that was looked at, if the source counts versions. A store keeps it beside
    /// `base`, a missing one too, and only if the op has a base. Without a base it may be an older version than the
    /// stored one, which was looked at and ignored.
    pub version: Option<u64>,
    /// The source's record that was decided on; `None` if the source does not have it.
    pub remote: Option<Record>,
    /// The fingerprint of that record. The store remembers it as [`Synced`](super::Synced), with the revision after
    /// this op.
    pub seen: Option<Fingerprint>,
    /// How many complete listings in a row did not have it, with the flag [`LEFT`](super::LEFT) after a sync
    /// deactivated it and [`KEPT`](super::KEPT) after a user made it active again. The store remembers the whole
    /// number, zero too. A user's edit does not change it.
    pub missed: u32,
    /// The changes of its open conflicts.
    pub conflicts: Vec<ConflictChange>,
    /// The audit entries to append.
    pub entries: Vec<AuditEntry>,
}

impl Op {
    /// Whether the op links a record here that has no external id yet.
    ///
    /// ```
    /// use tripartite::decide::link;
    /// use tripartite::id::{ExternalId, LocalId, PersonId};
    /// use tripartite::store::{Action, Revision};
    /// let op = link(
    ///     &ExternalId::new("FED-1")?,
    ///     &LocalId::new("17")?,
    ///     Revision(3),
    ///     &PersonId::new("Nuala")?,
    /// );
    /// assert!(op.links() && op.action == Action::Touch); // no field is touched by it
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn links(&self) -> bool {
        matches!(self.expect, Precondition::Free { .. })
    }

    /// Whether the op changes neither the host's record, its id, an open conflict nor the audit. A silent op only
    /// remembers that the source's record was looked at, or looked for.
    ///
    /// ```
    /// use tripartite::source::RemoteRecord;
    /// use tripartite::store::{Action, Revision, Synced};
    /// # use tripartite::store::{Base, Loaded, Presence};
    /// # use tripartite::id::ExternalId;
    /// use tripartite::plan::plan_linked;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// # let record = |email: &str| schema.record(&serde_json::json!({ "email": email }));
    /// # let id = ExternalId::new("7")?;
    /// # let loaded = Loaded::new(id.clone(), Revision(1), record("aine@example.org")?)
    /// #     .base(Base::new(record("aine@example.org")?, schema.fingerprint()));
    /// // Base and local are "aine@example.org"; the source now spells it in another way.
    /// let remote = RemoteRecord::new(id, record("Aine@Example.org")?);
    /// let op = plan_linked(&Policy::new(schema.clone()), &remote, &loaded)
    ///     .ok_or("nothing to remember")?;
    /// // only the base changes: it has the new spelling
    /// assert!(op.is_silent() && op.base.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_silent(&self) -> bool {
        let moves = self.rekeyed.is_some() || self.links();
        self.action == Action::Touch && !moves && self.conflicts.is_empty() && self.entries.is_empty()
    }

    /// Whether the record has a larger [`Revision`] after the op: the op changes the record, its id, its base or an
    /// open conflict. A plan that was made from an earlier revision is then stale, as after a user's edit. An op that
    /// only notes that the source's record was looked at, or looked for, makes no revision.
    ///
    /// ```
    /// use tripartite::decide::{Answer, decide};
    /// # use tripartite::store::{Action, Base, ConflictChange, Loaded, Presence, Revision};
    /// # use tripartite::source::RemoteRecord;
    /// # use tripartite::id::{ExternalId, PersonId};
    /// # use tripartite::plan::plan_linked;
    /// # use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};
    /// # let schema = Schema::builder().strategy(Strategy::MERGE).field(Field::new("phone", Kind::Text)).build()?;
    /// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
    /// # let policy = Policy::new(schema.clone());
    /// # let id = ExternalId::new("7")?;
    /// # let mut loaded = Loaded::new(id.clone(), Revision(3), record("2")?)
    /// #     .base(Base::new(record("1")?, schema.fingerprint()));
    /// # let still = RemoteRecord::new(id.clone(), record("1")?);
    /// # let remote = RemoteRecord::new(id, record("3")?);
    /// let looked = plan_linked(&policy, &still, &loaded).ok_or("the edit was not seen yet")?;
    /// assert!(!looked.makes_revision()); // the edit stays, and the source is where it was
    /// # let opened = plan_linked(&policy, &remote, &loaded).ok_or("a conflict")?;
    /// # assert!(opened.makes_revision());
    /// # loaded.open = opened.conflicts.into_iter().filter_map(|change| match change {
    /// #     ConflictChange::Open(conflict) => Some(conflict),
    /// #     _ => None,
    /// # }).collect();
    /// // Later, in a conflict about it, a person keeps the value here, while a run is about to
    /// // write the record:
    /// let op =
    ///     decide(&policy, &loaded, &[("phone", Answer::TakeLocal)], &PersonId::new("Nuala")?)?;
    /// // nothing is written, and the run looks again
    /// assert!(op.action == Action::Touch && op.makes_revision());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Revision`]: super::Revision
    pub fn makes_revision(&self) -> bool {
        let moves = self.rekeyed.is_some() || self.links();
        self.action != Action::Touch || moves || self.base.is_some() || !self.conflicts.is_empty()
    }
}

/// The unit of a conflict about the record as a whole: the source changed a record that a user removed, or no longer
/// has a record that a user edited. No field or group has this name.
pub const WHOLE_RECORD: &str = "";

/// A conflict that waits for a person. A record has at most one for each unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenConflict {
    /// The field or group, or [`WHOLE_RECORD`].
    pub unit: String,
    /// How the sides collide.
    pub clash: Clash,
    /// The places inside an object or a set of records where the sides collide, as JSON Pointers in which a record stands by
    /// its key (`/type=work/value`); empty for the whole field.
    pub paths: Vec<String>,
    /// The base; `None` when there is none. The values of a group are maps by the names of its fields. The values of
    /// the whole record are maps of the fields that a side changed, and null for the side that no longer has the
    /// record.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::audit::stated")]
    pub base: Option<Value>,
    /// The host's value.
    pub local: Value,
    /// The source's value.
    pub remote: Value,
}

/// A change of an open conflict.
///
/// This enum is exhaustive: a store must carry out every change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictChange {
    /// It is opened.
    Open(OpenConflict),
    /// It is updated: a side changed, and it is still the same conflict.
    Update(OpenConflict),
    /// It is closed: the sides agree, or only one still differs, or a person decided.
    Close {
        /// The field or group.
        unit: String,
    },
}

/// Ops to be carried out in one call. Each op is carried out whole or not at all. A host may use one transaction for
/// all of them.
///
/// The audit entries of its ops have stand-ins for the values of redacted and hashed fields ([`Privacy`]), so a store
/// can keep them as they are. The values to write are in the actions and the bases. A run builds its own batches;
/// [`decide::batch`](crate::decide::batch()) builds those of people's decisions.
///
/// [`Privacy`]: crate::schema::Privacy
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Batch {
    /// The run they belong to.
    pub run: RunId,
    /// When the run takes place.
    pub at: DateTime<Utc>,
    /// The schema, to store beside the bases.
    pub schema: Fingerprint,
    /// The policy, to store in [`Synced`](super::Synced).
    pub policy: Fingerprint,
    /// The ops.
    pub ops: Vec<Op>,
}

/// The outcome of an op.
///
/// This enum is exhaustive: a run must know what became of every op.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpOutcome {
    /// It was carried out.
    Applied {
        /// The host's id of the record.
        local: LocalId,
    },
    /// Its precondition no longer holds; nothing of it was carried out. A run loads the record and plans it once more. An
    /// op that neither is as expected nor could be written is stale.
    Stale,
    /// Its precondition holds, but it cannot be carried out, and nothing of it was: the backend refuses a value. A run
    /// reports the problem and goes on; nothing is tried again before the next run.
    Failed {
        /// Why, without any value.
        problem: String,
    },
}

//! Ops: what a host carries out, what it expects to find, and what came of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Revision;
use crate::audit::{AuditEntry, Situation};
use crate::detect::Clash;
use crate::id::{ExternalId, LocalId, RunId};
use crate::value::{Fingerprint, Record, Value};

/// What must still be so when an op is carried out.
///
/// | the op | expects | else |
/// |---|---|---|
/// | creates a record | that nobody has its id | somebody linked one by hand: it is merged with that |
/// | changes a linked record | the revision that was read | a user edited it: it is planned once more |
/// | links a record here | that it still is as it was read, without an id, and that nobody has the op's | both |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// No record has this external id.
    Unlinked,
    /// The linked record has this revision.
    Revision(Revision),
    /// This record has this revision and no external id, and no record has the op's. It is linked to that, and the rest
    /// is carried out.
    Free {
        /// What the host calls it.
        local: LocalId,
        /// Its revision.
        revision: Revision,
    },
}

/// What happens to the host's record. In a patch, a missing field stays, a null one becomes null.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It is created with these values and linked.
    Create(Record),
    /// It is patched.
    Update(Record),
    /// It is patched and active again.
    Reactivate(Record),
    /// It is marked inactive; nothing is deleted.
    Deactivate,
    /// Nothing; only what the host remembers about it changes.
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
pub struct Op {
    /// What the source calls it.
    pub id: ExternalId,
    /// What it was linked to until now. Its link, base and conflicts move from there, if nobody has the new id; then the
    /// rest is carried out. What is expected is expected of the record under its old id.
    pub rekeyed: Option<ExternalId>,
    /// In what situation it is.
    pub situation: Situation,
    /// What happens to the host's record.
    pub action: Action,
    /// What must still be so.
    pub expect: Precondition,
    /// The [state](super::Loaded::state) that it was made from: what was remembered of the record, whatever its values.
    /// A host need not look at it. A stored plan that is applied compares it, because a plan can be older than what was
    /// written since.
    pub made_from: Option<Fingerprint>,
    /// The new base; `None` leaves it.
    pub base: Option<Record>,
    /// The version of the source's record, where it counts; stored beside the base.
    pub version: Option<u64>,
    /// The source's record that was decided on; `None` when it is missing there.
    pub remote: Option<Record>,
    /// Its fingerprint, to be remembered with the revision after this op as [`Synced`](super::Synced).
    pub seen: Option<Fingerprint>,
    /// How many complete listings in a row did not have it, with [`LEFT`](super::LEFT) once a sync deactivated it and
    /// [`KEPT`](super::KEPT) once a person took it back. The store remembers the whole number, zero too, whatever users do.
    pub missed: u32,
    /// What becomes of its open conflicts.
    pub conflicts: Vec<ConflictChange>,
    /// What goes into the audit.
    pub entries: Vec<AuditEntry>,
}

impl Op {
    /// Whether it gives a record here, which had no external id, its own.
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

    /// Whether it changes nothing of the host's record, its id, an open conflict or the audit. A silent op only remembers
    /// that the source's record was looked at, or looked for.
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
    /// # let loaded = Loaded {
    /// #     id: id.clone(),
    /// #     presence: Presence::Active,
    /// #     revision: Revision(1),
    /// #     local: record("aine@example.org")?,
    /// #     base: Some(Base { record: record("aine@example.org")?, schema: schema.fingerprint(), version: None }),
    /// #     synced: None,
    /// #     open: vec![],
    /// #     strategy: None,
    /// #     missed: 0,
    /// # };
    /// // Base and local are "aine@example.org"; the source now spells it in another way.
    /// let remote = RemoteRecord { id, version: None, record: record("Aine@Example.org")? };
    /// let op = plan_linked(&Policy::new(schema.clone()), &remote, &loaded)
    ///     .ok_or("nothing to remember")?;
    /// // no change, but the base has the new spelling
    /// assert!(op.is_silent() && op.base.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_silent(&self) -> bool {
        let moves = self.rekeyed.is_some() || self.links();
        self.action == Action::Touch && !moves && self.conflicts.is_empty() && self.entries.is_empty()
    }

    /// Whether the record has a larger [`Revision`] after it: it changes the record, its id, its base or an open conflict.
    /// A plan that was made from an earlier revision is then stale, as after a user's edit. An op that only notes that the
    /// source's record was looked at, or looked for, makes no revision.
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
    /// # let mut loaded = Loaded {
    /// #     id: id.clone(),
    /// #     presence: Presence::Active,
    /// #     revision: Revision(3),
    /// #     local: record("2")?,
    /// #     base: Some(Base { record: record("1")?, schema: schema.fingerprint(), version: None }),
    /// #     synced: None,
    /// #     open: vec![],
    /// #     strategy: None,
    /// #     missed: 0,
    /// # };
    /// # let still = RemoteRecord { id: id.clone(), version: None, record: record("1")? };
    /// # let remote = RemoteRecord { id, version: None, record: record("3")? };
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

/// The unit of a conflict that is about the record as a whole: the source changed what a user removed, or no longer has
/// what a user edited. No field or group has this name.
pub const WHOLE_RECORD: &str = "";

/// A conflict that waits for a person: exactly one for a record and unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenConflict {
    /// The field or group, or [`WHOLE_RECORD`].
    pub unit: String,
    /// How the sides collide.
    pub clash: Clash,
    /// Inside an object, where they do, as JSON Pointers; empty for the whole field.
    pub paths: Vec<String>,
    /// The base; `None` when there is none. Of a group, values are maps by the fields' names; of the whole record, maps of
    /// what one side changed, and null for the side that no longer has it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::audit::stated")]
    pub base: Option<Value>,
    /// The host's value.
    pub local: Value,
    /// The source's value.
    pub remote: Value,
}

/// What becomes of an open conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictChange {
    /// It is opened.
    Open(OpenConflict),
    /// A side moved on: it is still the same conflict.
    Update(OpenConflict),
    /// The sides agree, or only one still differs, or it was decided.
    Close {
        /// The field or group.
        unit: String,
    },
}

/// Ops to be carried out in one call, each as one, if the host can in one transaction.
///
/// The entries of its ops are what the audit may keep: of a field that is redacted or hashed ([`Privacy`]) they have
/// stand-ins, whatever the store does with them. The values to be written are in the actions and the bases. A run builds
/// its batches, and [`decide::batch`](crate::decide::batch()) those of people.
///
/// [`Privacy`]: crate::schema::Privacy
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Batch {
    /// The run they belong to.
    pub run: RunId,
    /// When the run takes place.
    pub at: DateTime<Utc>,
    /// The schema, to stand beside the bases.
    pub schema: Fingerprint,
    /// The policy, to stand in [`Synced`](super::Synced).
    pub policy: Fingerprint,
    /// The ops.
    pub ops: Vec<Op>,
}

/// What came of an op, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpOutcome {
    /// It was carried out, whole.
    Applied {
        /// What the host calls the record.
        local: LocalId,
    },
    /// What it expected was no longer so; nothing of it was carried out.
    Stale,
    /// It cannot be carried out, and nothing of it was.
    Failed {
        /// Why, without any value.
        problem: String,
    },
}

//! What a store keeps of a linked record: its line of the index, and the loaded record with its base.

use serde::{Deserialize, Serialize};

use super::OpenConflict;
use crate::id::ExternalId;
use crate::schema::{Schema, Strategy};
use crate::setters::setters;
use crate::source::Cursor;
use crate::value::{Fingerprint, Record};

/// The host's counter of changes to one record. Every change of the record makes it larger, by a user or a sync.
///
/// This struct is exhaustive: it is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Whether the host's record is active.
///
/// This enum is exhaustive: a store must keep every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is active.
    Active,
    /// A sync deactivated it, because it was missing from the source.
    Deactivated,
    /// A user deactivated or deleted it.
    Removed,
}

/// What the host remembers of the last time a record was in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Synced {
    /// The local revision, after that sync's own write.
    pub revision: Revision,
    /// The fingerprint of the source's record that was decided on.
    pub seen: Fingerprint,
    /// The policy of that decision.
    pub policy: Fingerprint,
}

impl Synced {
    /// The local revision after a sync's own write, the fingerprint of the source's record, and that of the policy.
    ///
    /// ```
    /// use tripartite::store::{Revision, Synced};
    /// use tripartite::value::Fingerprint;
    /// let (seen, policy) = (Fingerprint::of(b"record"), Fingerprint::of(b"policy"));
    /// assert_eq!(Synced::new(Revision(4), seen, policy).revision, Revision(4));
    /// ```
    pub fn new(revision: Revision, seen: Fingerprint, policy: Fingerprint) -> Self {
        Self { revision, seen, policy }
    }
}

/// One line of the host's index of linked records. It is small and flat, because there is one for every record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexEntry {
    /// What the source calls it.
    pub id: ExternalId,
    /// Whether it is there.
    pub presence: Presence,
    /// Its current revision.
    pub revision: Revision,
    /// When it was last in step, if ever.
    pub synced: Option<Synced>,
    /// How many of its conflicts are open.
    pub open: u32,
    /// [`Op::missed`](super::Op::missed) of the last op, unchanged.
    pub missed: u32,
}

impl IndexEntry {
    /// An active record that was never in step, has no open conflict and was never missing. A store states what it keeps
    /// of the rest; the suite finds what is forgotten.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::store::{IndexEntry, Presence, Revision};
    /// let entry = IndexEntry::new(ExternalId::new("7")?, Revision(3));
    /// assert!(entry.clone().presence(Presence::Removed).synced.is_none());
    /// assert!(entry.synced.is_none()); // linked by hand, and never in step
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn new(id: ExternalId, revision: Revision) -> Self {
        Self { id, presence: Presence::Active, revision, synced: None, open: 0, missed: 0 }
    }

    setters! {
        presence: Presence,
        synced: impl Into<Option<Synced>>,
        open: u32,
        missed: u32,
    }

    /// Whether the record is active and was in step once. The source never had other records, so they cannot be
    /// missing.
    pub(crate) fn can_be_missing(&self) -> bool {
        self.presence == Presence::Active && self.synced.is_some()
    }
}

/// A page of the host's index.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IndexPage {
    /// The entries.
    pub entries: Vec<IndexEntry>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

impl IndexPage {
    /// A page of entries, and where to go on; `None` at the end.
    ///
    /// ```
    /// use tripartite::store::IndexPage;
    /// // a store without records has one page
    /// assert!(IndexPage::new(vec![], None).next.is_none());
    /// ```
    pub fn new(entries: Vec<IndexEntry>, next: Option<Cursor>) -> Self {
        Self { entries, next }
    }
}

/// The base of a record, as the host stored it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Base {
    /// The record as of the last committed decision, with its fields by name under the present schema.
    pub record: Record,
    /// The schema it was stored under.
    pub schema: Fingerprint,
    /// The version of the source's record, if the source counts versions. The source makes it, so it may be any number. In a
    /// signed column of 64 bits a store keeps its bits, `version as i64`, reads them back `as u64`, and never compares it in
    /// SQL.
    pub version: Option<u64>,
}

impl Base {
    /// The record, accepted under the present schema: one that was stored under another may have values that its fields no
    /// longer read.
    pub(crate) fn accepted(&self, schema: &Schema) -> Record {
        if self.schema == schema.fingerprint() { self.record.clone() } else { schema.accepted(&self.record) }
    }

    /// A base of a source that counts no versions.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::store::Base;
    /// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let record = schema.record(&serde_json::json!({"phone": "1"}))?;
    /// assert_eq!(Base::new(record, schema.fingerprint()).version(8).version, Some(8));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(record: Record, schema: Fingerprint) -> Self {
        Self { record, schema, version: None }
    }

    setters! {
        version: impl Into<Option<u64>>,
    }
}

/// A linked record, loaded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// What the source calls it.
    pub id: ExternalId,
    /// Whether it is there.
    pub presence: Presence,
    /// Its revision, as of this load.
    pub revision: Revision,
    /// The record; fields that are null may be missing.
    pub local: Record,
    /// The base; `None` when it was never in step.
    pub base: Option<Base>,
    /// When it was last in step, if ever.
    pub synced: Option<Synced>,
    /// Its open conflicts.
    pub open: Vec<OpenConflict>,
    /// The strategy for this record alone, if it has one.
    pub strategy: Option<Strategy>,
    /// [`Op::missed`](super::Op::missed) of the last op, unchanged.
    pub missed: u32,
}

impl Loaded {
    /// An active record without a base, conflicts or a strategy of its own. A store states what it keeps of the rest; the
    /// suite finds what is forgotten.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::store::{Loaded, Revision};
    /// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let record = schema.record(&serde_json::json!({"phone": "1"}))?;
    /// let loaded = Loaded::new(ExternalId::new("7")?, Revision(3), record);
    /// assert!(loaded.base.is_none()); // linked by hand: its first sync is still to come
    /// assert_eq!(loaded.missed(2).missed, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(id: ExternalId, revision: Revision, local: Record) -> Self {
        Self {
            id,
            presence: Presence::Active,
            revision,
            local,
            base: None,
            synced: None,
            open: Vec::new(),
            strategy: None,
            missed: 0,
        }
    }

    setters! {
        presence: Presence,
        base: impl Into<Option<Base>>,
        synced: impl Into<Option<Synced>>,
        open: Vec<OpenConflict>,
        strategy: impl Into<Option<Strategy>>,
        missed: u32,
    }

    /// A fingerprint of what is remembered about the record: the base with its schema and version, what was last seen,
    /// how many listings did not have it, and the open conflicts. It does not depend on the record's values. `None` if
    /// nothing is remembered. Every sync and every decision that is written changes it; a user's edit does not.
    ///
    /// ```
    /// use tripartite::store::Base;
    /// # use tripartite::store::{Loaded, Presence, Revision};
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
    /// # let loaded = Loaded::new(ExternalId::new("7")?, Revision(3), record("1")?);
    /// assert_eq!(loaded.state(), None); // linked by hand, and never in step
    /// let edited = Loaded::new(loaded.id.clone(), Revision(4), record("2")?);
    /// assert_eq!(edited.state(), loaded.state());
    /// let base = Base::new(record("1")?, schema.fingerprint());
    /// assert!(loaded.base(base).state().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state(&self) -> Option<Fingerprint> {
        let Self { base, synced, open, missed, .. } = self;
        if base.is_none() && synced.is_none() && open.is_empty() && *missed == 0 {
            return None;
        }
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(missed.to_be_bytes());
        // Each part has a fixed width and a mark if it is missing, so two different states never have the same bytes.
        bytes.push(u8::from(base.is_some()));
        if let Some(Base { record, schema, version }) = base {
            bytes.extend(record.fingerprint().to_bytes());
            bytes.extend(schema.to_bytes());
            bytes.push(u8::from(version.is_some()));
            bytes.extend(version.unwrap_or_default().to_be_bytes());
        }
        bytes.push(u8::from(synced.is_some()));
        if let Some(Synced { revision, seen, policy }) = synced {
            bytes.extend(revision.0.to_be_bytes());
            bytes.extend(seen.to_bytes());
            bytes.extend(policy.to_bytes());
        }
        if !open.is_empty() {
            bytes.extend(
                serde_json::to_vec(open).expect("every key of it is a text, and nothing in it refuses to be written"),
            );
        }
        Some(Fingerprint::of(&bytes))
    }
}

//! The words spoken with a host: what it hands in, what it is asked to carry out, and what it answers.
//!
//! | from the host | to the host |
//! |---|---|
//! | [`Page`]s of [`Item`]s from the source | [`Batch`]es of [`Op`]s, each with its precondition |
//! | [`IndexPage`]s: what is linked, and when it was last in step | [`Entry`]s for the audit |
//! | [`Records`]: what is linked, with its base, and who else it could be | [`ConflictChange`]s |
//! | [`Outcome`]s of ops | [`Wanted`]: which records to load |
//!
//! Everything here is data. What a host must promise about it stands with the traits in [`host`](crate::host).
//!
//! One member, `FED-7`, whom the source gives a new number while somebody here edits the e-mail address, in the words
//! of this module:
//!
//! | who speaks | what is said |
//! |---|---|
//! | host, of its index | [`IndexEntry`]: revision 4, last in step at revision 3, so somebody edited it |
//! | source, on a page | [`RemoteRecord`]: version 9, another phone number |
//! | host, asked to load | [`Loaded`]: revision 4, the record, and the base of version 8 |
//! | crate, in a batch | [`Op`]: an [`Update`] of the phone alone, at revision 4; a base; two [`FieldEntry`]s |
//! | host, in answer | [`Applied`], and it is revision 5; or [`Stale`], and nothing was written |
//!
//! **Why does a patch state only what changes?** What it does not state cannot be overwritten by it, and a host that
//! shows it to a person shows what happens.
//!
//! **Why a revision, and not the time of the last change?** Two changes within one tick of a clock have one time. A
//! counter that every change makes larger is enough for a compare-and-set, and needs no clock.
//!
//! **Why is a rekeyed record no new one?** Its edits, its base and its conflicts would stay behind with the old id, which
//! the next complete listing no longer has; and a person would be there twice.
//!
//! **Why does an item that cannot be read stay an item?** A record that is left out of a listing looks deleted.
//! [`Malformed`] says that something is there, so nobody is taken for missing because of it.
//!
//! [`Update`]: Action::Update
//! [`Applied`]: Outcome::Applied
//! [`Stale`]: Outcome::Stale

mod audit;
mod candidate;
mod given_up;
#[cfg(feature = "audit-key")]
mod key;
mod left;
mod op;
pub(crate) mod privacy;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use audit::{Entry, FieldEntry, RecordEntry};
pub use candidate::{Candidate, Near, Records, Wanted};
pub(crate) use given_up::{gave_up, given_up, given_up_at, given_up_by};
#[cfg(feature = "audit-key")]
pub use key::{AuditKey, WeakKey};
pub use left::{KEPT, LEFT};
pub(crate) use left::{has_left, is_kept, listings_without};
pub use op::{Action, Batch, ConflictChange, Expect, Op, OpenConflict, Outcome, WHOLE_RECORD};
pub use privacy::KeyedHash;

use crate::id::ExternalId;
use crate::matching::Match;
use crate::schema::Strategy;
use crate::value::{Fingerprint, Record};

/// Where to go on in an enumeration, in the host's own terms: a page number, the last id, a token of the source. It is
/// handed back as it is and never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A page of the source's listing.
#[derive(Debug, Clone)]
pub struct Page {
    /// What stands on it.
    pub items: Vec<Item>,
    /// What comes after it.
    pub next: Next,
}

impl Page {
    /// The part of a whole listing that is about these records. What cannot be read and has no id is left out: it could be
    /// anybody's, and is the matter of a whole run.
    ///
    /// ```
    /// use tripartite::exchange::{Item, Malformed, Next, Page};
    /// # use tripartite::id::ExternalId;
    /// let ids = [ExternalId::new("7")?];
    /// let gone = Item::Tombstone { id: ids[0].clone(), version: None };
    /// let half = Item::Malformed(Malformed { place: "line 2".to_owned(), id: None, problem: "is no object".to_owned() });
    /// let page = Page { items: vec![gone, half], next: Next::Complete { total: None } }.only(&ids);
    /// assert_eq!((page.items.len(), page.next), (1, Next::Partial));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use]
    pub fn only(mut self, ids: &[ExternalId]) -> Self {
        let ids: BTreeSet<&ExternalId> = ids.iter().collect();
        self.items.retain(|item| item.ids().any(|id| ids.contains(id)));
        if !matches!(self.next, Next::More(_)) {
            self.next = Next::Partial;
        }
        self
    }
}

impl Item {
    /// The ids that it says something of: one, both of a move, or none.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &ExternalId> {
        let ids = match self {
            Self::Record(remote) => [Some(&remote.id), None],
            Self::Malformed(malformed) => [malformed.id.as_ref(), None],
            Self::Tombstone { id, .. } => [Some(id), None],
            Self::Rekeyed { from, to } => [Some(from), Some(to)],
        };
        ids.into_iter().flatten()
    }
}

/// What comes after a page of the source's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Another page.
    More(Cursor),
    /// Nothing: this is the end of everything the source has. Only such a listing can say who is missing.
    Complete {
        /// How many records the source says it has, where it says so; tombstones and moves are none, and one that is
        /// listed twice is one. Another count makes the listing partial.
        total: Option<u64>,
    },
    /// Nothing, but the source has more than was listed.
    Partial,
    /// Nothing: the listing was to be everything the source has, and it ends where no whole listing ends, as a file does
    /// that was cut off inside a record. What it has is taken, nobody is missing from it, and the report says why.
    BrokenOff {
        /// Where and how it ends, without its content.
        problem: String,
    },
}

/// One thing the source says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Item {
    /// A record.
    Record(RemoteRecord),
    /// Something that cannot be read as a record.
    Malformed(Malformed),
    /// That a record is gone. It is marked inactive, in a partial listing too; nothing is deleted.
    ///
    /// Beside a [`Record`](Self::Record) of the same id, the larger version is believed; where neither is larger, neither
    /// is believed.
    Tombstone {
        /// What the source called it.
        id: ExternalId,
        /// Which version of it this is, where the source counts. One older than what was decided on is ignored.
        version: Option<u64>,
    },
    /// That a record has another id from now on. What is linked to the old one is linked to the new one, with its base;
    /// where the new one is somebody's already, both are set aside.
    Rekeyed {
        /// What the source called it.
        from: ExternalId,
        /// What it calls it now.
        to: ExternalId,
    },
}

/// A record of the source.
#[derive(Debug, Clone)]
pub struct RemoteRecord {
    /// What the source calls it.
    pub id: ExternalId,
    /// Which version of it this is, where the source counts; the larger is the newer.
    pub version: Option<u64>,
    /// What it says.
    pub record: Record,
}

impl RemoteRecord {
    /// The fingerprint of what the source says: of the record, and of its version where the source counts. The same words
    /// in a newer version are looked at, so that an older one that comes later is known to be older.
    ///
    /// ```
    /// use tripartite::exchange::RemoteRecord;
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// let remote = RemoteRecord { id: ExternalId::new("7")?, version: None, record };
    /// assert_eq!(remote.fingerprint(), remote.record.fingerprint());
    /// let [first, second] = [Some(1), Some(2)].map(|version| RemoteRecord { version, ..remote.clone() });
    /// assert_ne!(first.fingerprint(), second.fingerprint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        let fields = self.record.fingerprint();
        self.version.map_or(fields, |version| fields.with(version))
    }
}

/// Something the source said that is no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Malformed {
    /// Where it stood, for a person to find it: `line 17`.
    pub place: String,
    /// Whose record it was to be, if that much can be read. When it cannot, it could be anybody's, and nobody is
    /// taken for missing in this run.
    pub id: Option<ExternalId>,
    /// What is wrong with it, without its content.
    pub problem: String,
}

/// The host's counter of changes to one record. Every change of the record, by whomever, makes it larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Whether the host's record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    Active,
    /// A sync deactivated it, because it was missing from the source.
    Deactivated,
    /// A user deactivated or deleted it.
    Removed,
}

/// What the host remembers of the last time a record was in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// The local revision, after that sync's own write.
    pub revision: Revision,
    /// The fingerprint of the source's record that was decided on.
    pub seen: Fingerprint,
    /// The policy it was decided by.
    pub policy: Fingerprint,
}

/// One line of the host's index of what is linked: small and flat, for every record there is.
#[derive(Debug, Clone)]
pub struct IndexEntry {
    /// What the source calls it.
    pub id: ExternalId,
    /// Whether it is there.
    pub presence: Presence,
    /// Its revision now.
    pub revision: Revision,
    /// When it was last in step, if ever.
    pub synced: Option<Synced>,
    /// How many conflicts of it are open.
    pub open: u32,
    /// [`Op::missed`] of the last op, kept as it is.
    pub missed: u32,
}

impl IndexEntry {
    /// Whether the record is active and was in step once. The source never had the rest, so only these can be missing.
    pub(crate) fn can_be_missing(&self) -> bool {
        self.presence == Presence::Active && self.synced.is_some()
    }
}

/// A page of the host's index.
#[derive(Debug, Clone)]
pub struct IndexPage {
    /// The entries.
    pub entries: Vec<IndexEntry>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// The base of a record, as the host stored it.
#[derive(Debug, Clone)]
pub struct Base {
    /// What the last committed decision saw, read by names under the present schema.
    pub record: Record,
    /// The schema it was stored under.
    pub schema: Fingerprint,
    /// Which version of the source's record it was, where the source counts.
    pub version: Option<u64>,
}

/// A linked record, loaded.
#[derive(Debug, Clone)]
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
    /// [`Op::missed`] of the last op, kept as it is.
    pub missed: u32,
}

impl Loaded {
    /// What is remembered of the record, whatever its values are now: the base with its schema and version, what was last
    /// seen, how many listings did not have it, and the open conflicts. `None` where nothing is remembered. Every sync
    /// and every person's decision that is written changes it; a user's edit does not.
    ///
    /// ```
    /// use tripartite::exchange::Base;
    /// # use tripartite::exchange::{Loaded, Presence, Revision};
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
    /// # let loaded = Loaded {
    /// #     id: ExternalId::new("7")?,
    /// #     presence: Presence::Active,
    /// #     revision: Revision(3),
    /// #     local: record("1")?,
    /// #     base: None,
    /// #     synced: None,
    /// #     open: vec![],
    /// #     strategy: None,
    /// #     missed: 0,
    /// # };
    /// assert_eq!(loaded.state(), None); // linked by hand, and never in step
    /// let edited = Loaded { revision: Revision(4), local: record("2")?, ..loaded.clone() };
    /// assert_eq!(edited.state(), loaded.state());
    /// let base = Base { record: record("1")?, schema: schema.fingerprint(), version: None };
    /// assert!(Loaded { base: Some(base), ..loaded }.state().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state(&self) -> Option<Fingerprint> {
        let Self { base, synced, open, missed, .. } = self;
        if base.is_none() && synced.is_none() && open.is_empty() && *missed == 0 {
            return None;
        }
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(missed.to_be_bytes());
        // Each part has one width, and a mark where it may be missing, so that no two states are written alike.
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

/// In what situation a record is, between the source and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Situation {
    /// Both sides have it.
    Linked,
    /// Only the source has it.
    Unmatched,
    /// A match rule says which record here it is, one that has no external id.
    Found,
    /// It could be several records here, or several of the source could be one here, or several here have its id.
    Ambiguous,
    /// The source has it again, after a sync deactivated it.
    Reappeared,
    /// Only the host has it: the source's listing was complete, or the source says that it is gone.
    Missing,
    /// A user deactivated or deleted it, and the source still has it as it was.
    LocalDeleted,
    /// One side no longer has it, and the other changed it.
    DeleteVsEdit,
    /// A sync deactivated it, a user made it active again, and the source still does not list it.
    KeptActive,
    /// The source gave it another id.
    Rekeyed,
    /// The source may have given it another id without saying so: the old one is no longer listed, and a new one is of
    /// somebody like it. Nothing is created and nobody deactivated until a person says whether the two are the same.
    Renamed,
    /// The source gives it an id that another record here has; or a match rule says that it is one here that has another
    /// id.
    IdentityConflict,
    /// The source says of a linked record that it is about somebody else, by every field that says who it is: its id may
    /// have been handed on. Nothing of that is written until a person says whether it is the same one.
    Replaced,
    /// What the source says is older than what was decided on.
    Stale,
    /// The source lists it twice, differently, or as there and gone; two spellings of the same are one statement.
    DuplicateRemote,
    /// What the source says is no record.
    Malformed,
}

/// Something the source said that was set aside for this run. It is looked at again in the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The record, if that much is known.
    pub id: Option<ExternalId>,
    /// Where it stood, if the connector said so.
    pub place: Option<String>,
    /// [`Situation::DuplicateRemote`], [`Situation::Malformed`], [`Situation::Found`], [`Situation::Ambiguous`],
    /// [`Situation::Renamed`] or [`Situation::IdentityConflict`].
    pub situation: Situation,
    /// What is wrong, without its content.
    pub problem: String,
    /// What the match rules say, where they do: which records here, which of the source, and by which rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
}

impl Quarantined {
    /// A record that is set aside for what the run found, without a place or a match.
    pub(crate) fn of(id: ExternalId, situation: Situation, problem: String) -> Self {
        Self { id: Some(id), place: None, situation, problem, matched: None }
    }

    /// Whether it only waits for a person to say that the one record here that was found is the one, or is the one that had
    /// another id before: nothing is wrong with it.
    ///
    /// ```
    /// use tripartite::exchange::{Quarantined, Situation};
    /// let problem = "the listing has this record twice, and not the same".to_owned();
    /// let aside = Quarantined { id: None, place: None, situation: Situation::DuplicateRemote, problem, matched: None };
    /// assert!(!aside.is_proposal());
    /// ```
    pub fn is_proposal(&self) -> bool {
        matches!(self.situation, Situation::Found | Situation::Renamed)
    }
}

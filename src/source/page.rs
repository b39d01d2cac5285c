//! Pages of a listing: the items on a page, and what comes after it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::setters::setters;
use crate::value::{Fingerprint, Record};

/// A position in an enumeration, in the host's own terms: a page number, the last id, a token of the source. The core
/// hands it back unchanged and never reads it.
///
/// This struct is exhaustive: it is a text of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// A page of the source's listing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The items on the page.
    pub items: Vec<Item>,
    /// What comes after the page.
    pub next: Next,
}

impl Page {
    /// A page of items, and what comes after it.
    ///
    /// ```
    /// use tripartite::source::{Next, Page};
    /// let empty = Page::new(vec![], Next::Complete { total: Some(0) });
    /// assert!(empty.items.is_empty()); // an empty register is said, and a guard asks about it
    /// ```
    pub fn new(items: Vec<Item>, next: Next) -> Self {
        Self { items, next }
    }

    /// The items of this page that are about these records. An item without an id is left out: it could be about any
    /// record, and a run of all records deals with it.
    ///
    /// ```
    /// use tripartite::source::{Item, Malformed, Next, Page};
    /// # use tripartite::id::ExternalId;
    /// let ids = [ExternalId::new("7")?];
    /// let gone = Item::Tombstone { id: ids[0].clone(), version: None };
    /// let half = Item::Malformed(Malformed::new("line 2", "is no object"));
    /// let page =
    ///     Page::new(vec![gone, half], Next::Complete { total: None }).only(&ids);
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
    /// The ids that the item is about: one, both ids of a move, or none.
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
///
/// This enum is exhaustive: a run must know how every page goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Another page.
    More(Cursor),
    /// The end of a complete listing. Only a complete listing shows which records are missing.
    Complete {
        /// The number of records that the source states, if it states one. Tombstones and moves do not count, and a
        /// record that is listed twice counts once. If another number was listed, the listing is partial.
        total: Option<u64>,
    },
    /// The end of a partial listing: the source has more records.
    Partial,
    /// The end of a listing that should have been complete and was cut off, for example a file that ends inside a
    /// record. Its records are synced, no record counts as missing, and the report says why.
    BrokenOff {
        /// Where and how the listing ends, without its content.
        problem: String,
    },
}

/// One statement of the source.
///
/// This enum is exhaustive: a wrapper of a connector must pass on or change every statement.
#[derive(Debug, Clone)]
pub enum Item {
    /// A record.
    Record(RemoteRecord),
    /// Something that cannot be read as a record.
    Malformed(Malformed),
    /// A record is gone. It is marked inactive, in a partial listing too; nothing is deleted.
    ///
    /// If the listing also has a [`Record`](Self::Record) of the same id, the larger version is believed. If neither
    /// version is larger, neither is believed.
    Tombstone {
        /// What the source called it.
        id: ExternalId,
        /// The version of the deletion, if the source counts versions. A tombstone that is older than the last decision
        /// is ignored.
        version: Option<u64>,
    },
    /// A record has another id from now on. The link and the base move from the old id to the new one. If another
    /// record here has the new id already, both are set aside.
    Rekeyed {
        /// What the source called it.
        from: ExternalId,
        /// The new id.
        to: ExternalId,
    },
}

/// A record of the source.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteRecord {
    /// The id that the source gives it.
    pub id: ExternalId,
    /// The version of the record, if the source counts versions. A larger version is newer.
    pub version: Option<u64>,
    /// The fields.
    pub record: Record,
}

impl RemoteRecord {
    /// A record of a source that counts no versions.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::source::RemoteRecord;
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// let remote = RemoteRecord::new(ExternalId::new("7")?, record);
    /// assert_eq!(remote.version, None);
    /// assert_eq!(remote.version(0).version, Some(0)); // zero is a version, too
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(id: ExternalId, record: Record) -> Self {
        Self { id, version: None, record }
    }

    setters! {
        version: impl Into<Option<u64>>,
    }

    /// The fingerprint of the record and its version. A record with the same fields and a newer version is looked at,
    /// so that an older version that comes later is known to be older.
    ///
    /// ```
    /// use tripartite::source::RemoteRecord;
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// let remote = RemoteRecord::new(ExternalId::new("7")?, record);
    /// assert_eq!(remote.fingerprint(), remote.record.fingerprint());
    /// let [first, second] =
    ///     [Some(1), Some(2)].map(|version| remote.clone().version(version));
    /// assert_ne!(first.fingerprint(), second.fingerprint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fingerprint(&self) -> Fingerprint {
        let fields = self.record.fingerprint();
        self.version.map_or(fields, |version| fields.with(version))
    }
}

/// An item of the listing that cannot be read as a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Malformed {
    /// Its place in the listing, for a person to find it: `line 17`.
    pub place: String,
    /// The id of the record, if it can be read. Without an id it could be any record, so no record counts as missing in
    /// this run.
    pub id: Option<ExternalId>,
    /// What is wrong with it, without its content.
    pub problem: String,
}

impl Malformed {
    /// An item at this place with this problem, whose id cannot be read.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::source::Malformed;
    /// let cut_off = Malformed::new("line 17", "ends inside a text");
    /// assert_eq!(cut_off.id, None); // it could be any record, so none counts as missing
    /// let named = cut_off.id(ExternalId::new("7")?);
    /// assert!(named.id.is_some());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), id: None, problem: problem.into() }
    }

    setters! {
        id: impl Into<Option<ExternalId>>,
    }
}

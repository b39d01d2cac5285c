//! What a source hands out: pages of items.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
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
    /// use tripartite::source::{Item, Malformed, Next, Page};
    /// # use tripartite::id::ExternalId;
    /// let ids = [ExternalId::new("7")?];
    /// let gone = Item::Tombstone { id: ids[0].clone(), version: None };
    /// let half = Item::Malformed(Malformed {
    ///     place: "line 2".to_owned(),
    ///     id: None,
    ///     problem: "is no object".to_owned(),
    /// });
    /// let page =
    ///     Page { items: vec![gone, half], next: Next::Complete { total: None } }.only(&ids);
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
    /// use tripartite::source::RemoteRecord;
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let record = schema.record(&serde_json::json!({"name": "Áine"}))?;
    /// let remote = RemoteRecord { id: ExternalId::new("7")?, version: None, record };
    /// assert_eq!(remote.fingerprint(), remote.record.fingerprint());
    /// let [first, second] =
    ///     [Some(1), Some(2)].map(|version| RemoteRecord { version, ..remote.clone() });
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

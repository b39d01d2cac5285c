//! Tombstones: the word of a source, between two listings, that a record is gone.
//!
//! A deletion marks a record inactive, and never deletes it. The host stores what the source said as a [`Tombstone`]
//! beside the slot of its key, and triggers a run. That run decides:
//!
//! 1. After its claim, a worker reads `tombstones/ORG/CONNECTOR`. It drives the run with a source that applies them
//!    ([`WithTombstones`](crate::work::WithTombstones)). A record is listed as gone
//!    ([`Item::Tombstone`](crate::source::Item::Tombstone)) if its tombstone [`stands`](Tombstone::stands) against what
//!    the source answers. The listing of a few records is never complete, so nobody is missing because of it.
//! 2. The run plans a tombstone like any other record that the source says is gone. The guards count it with all other
//!    deactivations.
//! 3. When the run is done, the worker stores the tombstones [`without`](Tombstones::without) those it had read. It
//!    keeps the tombstones of a blocked plan, and of records that could not be written.
//!
//! A record that the source does not know and that has no tombstone is left alone.
//!
//! The feature `webhook` stores the tombstones that a message tells of.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::failure::FormatError;
use crate::id::ExternalId;
use crate::setters::setters;
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// The most tombstones that are kept for a key. With the longest ids they take less than a mebibyte. If there are more,
/// the run reads all records, and its complete listing shows which records are gone.
pub const TOMBSTONE_LIMIT: usize = 500;

/// When something happened, as far as the sender says: by a version if it counts versions, or else by a time.
///
/// ```
/// use tripartite::tombstone::Order;
/// let (fifth, sixth) =
///     (Order::default().version(Some(5)), Order::default().version(Some(6)));
/// assert!(fifth.before(&sixth) && !sixth.before(&fifth) && !fifth.before(&fifth));
/// assert!(!fifth.before(&Order::default())); // an unknown order is never before
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Order {
    /// The version that the record has after the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The time of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

impl Order {
    setters! {
        version: impl Into<Option<u64>>,
        at: impl Into<Option<DateTime<Utc>>>,
    }

    /// Whether this is known to be before another. Times count only where a version is missing.
    pub fn before(&self, other: &Self) -> bool {
        match (self.version.zip(other.version), self.at.zip(other.at)) {
            (Some((this, that)), _) => this < that,
            (None, Some((this, that))) => this < that,
            (None, None) => false,
        }
    }
}

/// A sender's word that a record is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tombstone {
    /// When the record was deleted, as far as the sender says.
    #[serde(flatten)]
    pub order: Order,
    /// When it was received. This also distinguishes two tombstones of the same order.
    pub heard_at: DateTime<Utc>,
}

/// The answer of the source when a run asks for a record by its id.
///
/// This enum is exhaustive: a source has a record or it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It has no such record.
    Nothing,
    /// It has the record.
    Record {
        /// The version of the record, if the source counts versions.
        version: Option<u64>,
    },
}

impl Tombstone {
    /// A deletion of this order, received at this time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::tombstone::{Order, Tombstone};
    /// let gone = Tombstone::new(Order::default(), DateTime::UNIX_EPOCH);
    /// assert_eq!(gone.order.version, None); // the sender says nothing of its order
    /// ```
    pub fn new(order: Order, heard_at: DateTime<Utc>) -> Self {
        Self { order, heard_at }
    }

    /// Whether the record is to be marked inactive, given what the source says now.
    ///
    /// | the source has | of a version | the tombstone stands |
    /// |---|---|---|
    /// | nothing | – | yes |
    /// | a record | larger than the tombstone's | no: it was created again, or the deletion came late |
    /// | a record | as large, or smaller | yes: the source answered from before |
    /// | a record | unknown, here or there | no: the source was asked after the event, so it knows better |
    ///
    /// If the tombstone does not stand and the record is gone after all, the next complete listing shows it.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::tombstone::{Found, Order, Tombstone};
    /// let fifth = Order::default().version(Some(5));
    /// let tombstone = Tombstone::new(fifth, DateTime::<Utc>::UNIX_EPOCH);
    /// assert!(tombstone.stands(Found::Nothing));
    /// assert!(tombstone.stands(Found::Record { version: Some(5) }));
    /// assert!(!tombstone.stands(Found::Record { version: Some(6) }));
    /// assert!(!tombstone.stands(Found::Record { version: None }));
    /// ```
    pub fn stands(&self, found: Found) -> bool {
        match found {
            Found::Nothing => true,
            Found::Record { version } => self.order.version.zip(version).is_some_and(|(gone, there)| there <= gone),
        }
    }
}

/// The records of a key that a sender says are gone, until a run has looked at them.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::id::ExternalId;
/// use tripartite::tombstone::{Order, Tombstone, Tombstones};
/// let (id, now) = (ExternalId::new("7")?, DateTime::<Utc>::UNIX_EPOCH);
/// let version = |version| Tombstone::new(Order::default().version(version), now);
/// let mut tombstones = Tombstones::default();
/// tombstones.add(id.clone(), version(5));
/// let taken = tombstones.clone(); // a run begins
/// tombstones.add(id.clone(), version(9)); // the record is created and deleted once more
/// tombstones.add(id.clone(), version(7)); // an older tombstone changes nothing
/// let rest = tombstones.without(&taken); // the run is done
/// assert_eq!(rest.get(&id), Some(&version(9))); // for the next run
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tombstones {
    format: u32,
    records: BTreeMap<ExternalId, Tombstone>,
    /// Fields that a later version of this crate wrote. They are kept.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Stored tombstones that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTombstones {
    /// A later version of this crate wrote them.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Whether there was room for a tombstone.
///
/// This enum is exhaustive: there was room or there was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "for one that is spilled, everything must be listed"]
pub enum Added {
    /// It is kept, or a later tombstone of the same record was there.
    Kept,
    /// It is not kept: there are [`TOMBSTONE_LIMIT`] tombstones already.
    Spilled,
}

impl Default for Tombstones {
    fn default() -> Self {
        Self { format: FORMAT, records: BTreeMap::new(), rest: BTreeMap::new() }
    }
}

impl Tombstones {
    /// Checks tombstones that came back from storage.
    ///
    /// # Errors
    /// [`InvalidTombstones`], when they are of a later format.
    pub fn check(&self) -> Result<(), InvalidTombstones> {
        FormatError::check("these tombstones have", self.format, FORMAT).map_err(InvalidTombstones::Format)
    }

    /// The tombstone of a record.
    pub fn get(&self, id: &ExternalId) -> Option<&Tombstone> {
        self.records.get(id)
    }

    /// All of them, by record.
    pub fn iter(&self) -> impl Iterator<Item = (&ExternalId, &Tombstone)> {
        self.records.iter()
    }

    /// Whether there is no tombstone, so that the stored record can be deleted.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds one. The later of two tombstones of the same record stays. If neither is known to be later, the one that
    /// was added last stays.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::tombstone::{Added, Order, TOMBSTONE_LIMIT, Tombstone, Tombstones};
    /// let tombstone =
    ///     Tombstone::new(Order::default(), chrono::DateTime::UNIX_EPOCH);
    /// let mut tombstones = Tombstones::default();
    /// for number in 0..TOMBSTONE_LIMIT {
    ///     assert_eq!(
    ///         tombstones.add(ExternalId::new(number.to_string())?, tombstone),
    ///         Added::Kept
    ///     );
    /// }
    /// assert_eq!(tombstones.add(ExternalId::new("one more")?, tombstone), Added::Spilled);
    /// // its place is there
    /// assert_eq!(tombstones.add(ExternalId::new("0")?, tombstone), Added::Kept);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn add(&mut self, id: ExternalId, tombstone: Tombstone) -> Added {
        let full = self.records.len() >= TOMBSTONE_LIMIT;
        match self.records.get_mut(&id) {
            Some(known) if tombstone.order.before(&known.order) => Added::Kept,
            Some(known) => {
                *known = tombstone;
                Added::Kept
            }
            None if full => Added::Spilled,
            None => {
                self.records.insert(id, tombstone);
                Added::Kept
            }
        }
    }

    /// The tombstones of the records for which `asked` is true.
    #[must_use]
    pub fn only(&self, asked: impl Fn(&ExternalId) -> bool) -> Self {
        let mut some = self.clone();
        some.records.retain(|id, _| asked(id));
        some
    }

    /// The tombstones that are left after a run has looked at `taken`. A tombstone that has come since stays, even one
    /// of the same record.
    #[must_use = "nothing has happened until what is left is stored"]
    pub fn without(&self, taken: &Self) -> Self {
        let mut left = self.clone();
        left.records.retain(|id, tombstone| taken.records.get(id) != Some(tombstone));
        left
    }
}

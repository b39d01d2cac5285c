//! What a store keeps in logs: entries, their positions, and pages of them.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::StoreKey;
use crate::setters::setters;

/// The position of an entry in a log.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripartite::jobs::LogPosition;
/// let time = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
/// let at = |seconds, id: &str| LogPosition::new(time(seconds), id.to_owned());
/// assert!(at(1, "b") < at(2, "a")); // by time,
/// assert!(at(1, "B") < at(1, "a")); // then by the bytes of the id
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct LogPosition {
    /// Its time.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

impl LogPosition {
    /// The position at this time, of the entry with this id.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::LogPosition;
    /// let at = |id: &str| LogPosition::new(DateTime::UNIX_EPOCH, id.to_owned());
    /// assert!(at("") < at("a")); // an empty id comes before every other of its time
    /// ```
    pub fn new(at: DateTime<Utc>, id: String) -> Self {
        Self { at, id }
    }
}

/// An entry of a log: [`append`](crate::jobs::JobStore::append) takes it, and [`read`](crate::jobs::JobStore::read) returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// Its position.
    pub position: LogPosition,
    /// The entry, in the core's own form.
    pub bytes: Vec<u8>,
}

impl LogEntry {
    /// The entry at a position.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{LogEntry, LogPosition};
    /// let first = LogPosition::new(DateTime::UNIX_EPOCH, "a".to_owned());
    /// let entry = LogEntry::new(first, b"{}".to_vec());
    /// assert_eq!(entry.bytes, b"{}");
    /// ```
    pub fn new(position: LogPosition, bytes: Vec<u8>) -> Self {
        Self { position, bytes }
    }
}

/// An entry to append: the parameters of [`append`](crate::jobs::JobStore::append).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendOf {
    /// The log.
    pub log: StoreKey,
    /// The entry.
    pub entry: LogEntry,
}

impl AppendOf {
    /// An entry for a log.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{AppendOf, LogEntry, LogPosition};
    /// let position = LogPosition::new(DateTime::UNIX_EPOCH, "7".to_owned());
    /// let entry = LogEntry::new(position, vec![]); // an entry may be empty
    /// assert_eq!(AppendOf::new("history/a/b".parse()?, entry).log.parts()[0], "history");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(log: StoreKey, entry: LogEntry) -> Self {
        Self { log, entry }
    }
}

/// A page of a log: the parameters of [`read`](crate::jobs::JobStore::read).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOf {
    /// The log.
    pub log: StoreKey,
    /// The times of the entries on the page, the end excluded.
    pub range: Range<DateTime<Utc>>,
    /// The position behind which the page begins. `None`: it is the first page.
    pub after: Option<LogPosition>,
    /// How many entries the page has at most.
    pub limit: usize,
    /// How many bytes its entries have together at most. One that alone has more is a page by itself.
    pub bytes: usize,
}

impl ReadOf {
    /// How many bytes a page has at most, unless the caller says otherwise: 4 MiB, a few thousand entries of a history.
    pub const BYTES: usize = 4 << 20;

    /// The first page of a log: at most `limit` entries of a range of time, and [`BYTES`](Self::BYTES).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::jobs::{LogPosition, ReadOf};
    /// let start = DateTime::UNIX_EPOCH;
    /// let range = start..start + TimeDelta::days(1);
    /// let first = ReadOf::new("history/a/b".parse()?, range, 100);
    /// let last = LogPosition::new(start, "7".to_owned());
    /// assert_ne!(first.clone().after(last), first); // the page behind an entry
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(log: StoreKey, range: Range<DateTime<Utc>>, limit: usize) -> Self {
        Self { log, range, after: None, limit, bytes: Self::BYTES }
    }

    setters! {
        after: impl Into<Option<LogPosition>>,
        bytes: usize,
    }

    /// Cuts the page from the entries that a store finds behind the position, in their order. It takes the first one that
    /// is no longer on the page, and none behind that.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{LogEntry, LogPosition, ReadOf};
    /// let all = DateTime::UNIX_EPOCH..DateTime::<chrono::Utc>::MAX_UTC;
    /// let asked = ReadOf::new("history/a/b".parse()?, all, 10).bytes(5);
    /// let position = |id: &str| LogPosition::new(DateTime::UNIX_EPOCH, id.to_owned());
    /// let found = ["a", "b", "c"].map(|id| Ok::<_, ()>(LogEntry::new(position(id), vec![0; 2])));
    /// let page = asked.page(found).expect("no entry is an error");
    /// assert_eq!((page.entries.len(), page.more), (2, true)); // the third would be two bytes more
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first error among the entries.
    pub fn page<E>(&self, found: impl IntoIterator<Item = Result<LogEntry, E>>) -> Result<LogPage, E> {
        let (mut entries, mut left) = (Vec::new(), Some(self.bytes));
        for entry in found {
            let entry = entry?;
            // Nothing is left behind a first entry that is too large.
            left = left.and_then(|left| left.checked_sub(entry.bytes.len()));
            if entries.len() == self.limit || left.is_none() && !entries.is_empty() {
                return Ok(LogPage::new(entries, true));
            }
            entries.push(entry);
        }
        Ok(LogPage::new(entries, false))
    }
}

/// A page of a log, as [`read`](crate::jobs::JobStore::read) returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// The entries, in the order of their positions.
    pub entries: Vec<LogEntry>,
    /// Whether more entries of the range follow the last one.
    pub more: bool,
}

impl LogPage {
    /// The entries in the order of their positions, and whether more of the range follow the last one.
    ///
    /// ```
    /// use tripartite::jobs::LogPage;
    /// assert!(!LogPage::new(vec![], false).more); // nothing is in the range
    /// ```
    pub fn new(entries: Vec<LogEntry>, more: bool) -> Self {
        Self { entries, more }
    }
}

/// Old entries of a log: the parameters of [`prune`](crate::jobs::JobStore::prune).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PruneOf {
    /// The log.
    pub log: StoreKey,
    /// The time before which entries are removed. Those at it stay.
    pub before: DateTime<Utc>,
    /// How many are removed at most.
    pub limit: usize,
}

impl PruneOf {
    /// At most `limit` entries of a log that are older than a point in time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::PruneOf;
    /// let old = PruneOf::new("history/a/b".parse()?, DateTime::UNIX_EPOCH, 500);
    /// assert_eq!(old.log.parts()[0], "history"); // of one key, and not of others
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(log: StoreKey, before: DateTime<Utc>, limit: usize) -> Self {
        Self { log, before, limit }
    }
}

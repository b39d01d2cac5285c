//! What a store keeps: rows with their versions, pages of due keys, and entries of logs.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreKey;
use crate::setters::setters;

/// One of the parts into which due keys are divided, so that different workers can read different parts.
///
/// [`Queue::shards`](crate::work::Queue::shards) says how many there are.
///
/// This struct is exhaustive: it is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

/// A stored record: its bytes, and the time and the shard by which a store indexes it.
///
/// [`MemoryJobStore`](crate::memory::MemoryJobStore) has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The record, in the core's own form.
    pub bytes: Vec<u8>,
    /// When a worker should look at it.
    pub due: Option<DateTime<Utc>>,
    /// The shard in which it is listed when it is due.
    pub shard: Shard,
}

impl Row {
    /// A record that is not due, in this shard.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{Row, Shard};
    /// let row = Row::new(b"{}".to_vec(), Shard(0));
    /// assert_eq!(row.due, None); // no worker looks at it
    /// assert!(row.due(DateTime::UNIX_EPOCH).due.is_some());
    /// ```
    pub fn new(bytes: Vec<u8>, shard: Shard) -> Self {
        Self { bytes, due: None, shard }
    }

    setters! {
        due: impl Into<Option<DateTime<Utc>>>,
    }

    /// What a store indexes of it.
    ///
    /// ```
    /// use tripartite::jobs::{Mark, Row, Shard};
    /// assert_eq!(Row::new(vec![], Shard(3)).mark(), Mark { due: None, shard: Shard(3) });
    /// ```
    pub fn mark(&self) -> Mark {
        Mark { due: self.due, shard: self.shard }
    }

    /// Whether a job waits in it, so that a sleeping host wants to hear of it; see [`Bell`](crate::jobs::Bell). A worker
    /// finds everything else that is due, such as a lease that is over, when it looks the next time.
    ///
    /// Waiting jobs have the [shards](crate::work::Queue::shards) above 32,767. In a queue of more shards than that, other
    /// rows are taken for waiting jobs, too.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{Row, Shard};
    /// let in_shard = |shard| Row::new(vec![], Shard(shard)).due(DateTime::UNIX_EPOCH);
    /// assert!(in_shard(65534).is_waiting_job()); // an urgent one
    /// assert!(!in_shard(3).is_waiting_job()); // a lease, a schedule
    /// assert!(!Row::new(vec![], Shard(65534)).is_waiting_job()); // not due
    /// ```
    pub fn is_waiting_job(&self) -> bool {
        self.due.is_some() && self.shard.0 > u16::MAX / 2
    }
}

/// What a store indexes of a record: when it is due, and in which shard. See [`SwapOf::former`].
///
/// [`SwapOf`] has an example.
///
/// This struct is exhaustive: it is what an index of due keys needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When a worker should look at the record.
    pub due: Option<DateTime<Utc>>,
    /// The shard in which it is listed when it is due.
    pub shard: Shard,
}

/// A version of a stored record, counted by the store. A key never has the same version twice, also not after a delete.
///
/// The store makes every version, and the core only hands it back. So a signed column of 64 bits is enough for a store that
/// counts up from 1.
///
/// [`MemoryJobStore`](crate::memory::MemoryJobStore) has an example.
///
/// This struct is exhaustive: it is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A record as [`get`](crate::jobs::JobStore::get) read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The record.
    pub row: Row,
    /// Its version.
    pub version: Version,
}

impl Stored {
    /// A record with its version.
    ///
    /// ```
    /// use tripartite::jobs::{Row, Shard, Stored, Version};
    /// let stored = Stored::new(Row::new(b"{}".to_vec(), Shard(0)), Version(1));
    /// assert_eq!(stored.version, Version(1));
    /// ```
    pub fn new(row: Row, version: Version) -> Self {
        Self { row, version }
    }
}

/// The outcome of a compare-and-swap. [`MemoryJobStore`](crate::memory::MemoryJobStore) has an example.
///
/// This enum is exhaustive: a swap took effect or it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a conflict changed nothing"]
pub enum Swap {
    /// It took effect. A stored record has this version now.
    Applied(Version),
    /// The record does not have the expected version; nothing changed.
    Conflict,
}

/// A page of due keys, as [`due`](crate::jobs::JobStore::due) returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuePage {
    /// The keys with their times, the longest due first. Keys that are due at the same time are in their byte order.
    pub keys: Vec<(DateTime<Utc>, StoreKey)>,
    /// Whether more keys are due after the last one.
    pub more: bool,
}

impl DuePage {
    /// The keys with their times, the longest due first, and whether more are due after the last one.
    ///
    /// ```
    /// use tripartite::jobs::DuePage;
    /// assert!(!DuePage::new(vec![], false).more); // nothing is due
    /// ```
    pub fn new(keys: Vec<(DateTime<Utc>, StoreKey)>, more: bool) -> Self {
        Self { keys, more }
    }
}

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

/// A swap: the parameters of [`compare_and_swap`](crate::jobs::JobStore::compare_and_swap).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SwapOf {
    /// The key.
    pub key: StoreKey,
    /// The expected version; `None` expects that there is no record.
    pub expect: Option<Version>,
    /// The record to store; `None` deletes.
    pub next: Option<Row>,
    /// The mark of the record that has the expected version, if the caller knows it. A store that lists due keys beside the
    /// records removes it by this, and need not read the record first.
    pub former: Option<Mark>,
}

impl SwapOf {
    /// The swap of a key from the expected version to the next record.
    ///
    /// ```
    /// use tripartite::jobs::SwapOf;
    /// use tripartite::jobs::{Row, Shard, Version};
    /// let nothing = SwapOf::new("slot/a/b".parse()?, None, None);
    /// assert!(nothing.next.is_none()); // expects that there is no record, and stores none
    /// // Deletes a record that is due at no time, as the caller has read it.
    /// let row = Row::new(vec![], Shard(0));
    /// let deletion = SwapOf::new("slot/a/b".parse()?, Some(Version(7)), None).former(row.mark());
    /// assert_eq!(deletion.former.and_then(|mark| mark.due), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(key: StoreKey, expect: Option<Version>, next: Option<Row>) -> Self {
        Self { key, expect, next, former: None }
    }

    setters! {
        former: impl Into<Option<Mark>>,
    }
}

/// A page of due keys: the parameters of [`due`](crate::jobs::JobStore::due).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DueOf {
    /// The shard.
    pub shard: Shard,
    /// Until when the keys on the page are due, inclusive.
    pub until: DateTime<Utc>,
    /// The position behind which the page begins. `None`: it is the first page.
    pub after: Option<(DateTime<Utc>, StoreKey)>,
    /// How many keys the page has at most.
    pub limit: usize,
}

impl DueOf {
    /// The first page of a shard: at most `limit` keys that are due until a point in time.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::jobs::{DueOf, Shard};
    /// let first = DueOf::new(Shard(0), DateTime::UNIX_EPOCH, 500);
    /// let last = (DateTime::UNIX_EPOCH, "slot/a/b".parse()?);
    /// assert_ne!(first.clone().after(last), first); // the page behind a key
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(shard: Shard, until: DateTime<Utc>, limit: usize) -> Self {
        Self { shard, until, after: None, limit }
    }

    setters! {
        after: impl Into<Option<(DateTime<Utc>, StoreKey)>>,
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

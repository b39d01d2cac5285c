//! What a store keeps: rows with their versions, and pages of due keys.

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

/// What came of swaps and entries of which [`swap_all`](crate::jobs::JobStore::swap_all) does all or nothing.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{
///     AppendOf, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, SwapAll, SwapOf,
/// };
/// use tripartite::memory::MemoryJobStore;
/// let store = MemoryJobStore::default();
/// let create = |name| {
///     SwapOf::new(
///         StoreKey::of("case", [name]),
///         None,
///         Some(Row::new(b"{}".to_vec(), Shard(0))),
///     )
/// };
/// let position = LogPosition::new(DateTime::UNIX_EPOCH, "1".to_owned());
/// let entry = LogEntry::new(position, b"done".to_vec());
/// let entries = [AppendOf::new(StoreKey::of("history", ["a"]), entry)];
/// let done = block_on(store.swap_all(&[create("a"), create("b")], &entries))?;
/// assert!(matches!(done, SwapAll::Applied(versions) if versions.len() == 2));
/// // `b` is there, so `c` is not created either
/// let conflict = block_on(store.swap_all(&[create("c"), create("b")], &[]))?;
/// assert_eq!(conflict, SwapAll::Conflict);
/// assert_eq!(block_on(store.get(&StoreKey::of("case", ["c"])))?, None);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
///
/// This enum is exhaustive: all of it took effect, or nothing did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a conflict changed nothing"]
pub enum SwapAll {
    /// All swaps took effect, and the logs have all entries. The version of each record, in the order of the swaps.
    Applied(Vec<Version>),
    /// A record does not have the expected version; nothing changed.
    Conflict,
    /// The store cannot do these together; nothing changed.
    Unable,
}

/// Which of several swaps [`take`](crate::jobs::JobStore::take) has done.
///
/// ```
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{JobStore, Row, Shard, SwapOf, Version};
/// use tripartite::memory::MemoryJobStore;
/// let (store, row) = (MemoryJobStore::default(), Row::new(vec![], Shard(0)));
/// let conflict = SwapOf::new("slot/a/b".parse()?, Some(Version(7)), Some(row.clone()));
/// let free = SwapOf::new("slot/c/d".parse()?, None, Some(row));
/// let taken = block_on(store.take(&[conflict, free]))?.ok_or("one is free")?;
/// assert_eq!(taken.at, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// This struct is exhaustive: it is a place and what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its place among the swaps, counted from 0.
    pub at: usize,
    /// The version that the stored record has now.
    pub version: Version,
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

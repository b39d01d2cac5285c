use std::future::Future;
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::failure::Classify;

/// What a record of the work column is stored under: `slot/ORG/CONNECTOR`, `gate/GROUP`, and so on.
///
/// Its alphabet is what every store can take as a key: letters, digits and `- _ / = .`; anything else is percent-encoded by
/// [`StoreKey::of`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreKey(String);

impl StoreKey {
    /// The key of a kind of record, and the parts of its name. Different parts give different keys.
    ///
    /// ```
    /// use tripartite::host::StoreKey;
    /// assert_eq!(StoreKey::of("slot", ["ballybeg", "federation"]).as_str(), "slot/ballybeg/federation");
    /// assert_ne!(StoreKey::of("slot", ["a/b", "c"]), StoreKey::of("slot", ["a", "b/c"]));
    /// ```
    pub fn of<'a>(kind: &str, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut key = escaped(kind);
        for part in parts {
            key.push('/');
            key.push_str(&escaped(part));
        }
        Self(key)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind and the parts, as [`of`](Self::of) was given them.
    pub fn parts(&self) -> Vec<String> {
        self.0.split('/').map(unescaped).collect()
    }
}

fn escaped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            other => out.push_str(&format!("={other:02X}")),
        }
    }
    out
}

fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'=').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One of the parts that due keys are divided into, so that workers need not all read the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

/// A stored record: bytes, and what the core extracted from them so that a store can index it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The record, in the core's own form.
    pub bytes: Vec<u8>,
    /// When somebody should look at it.
    pub due: Option<DateTime<Utc>>,
    /// Among which due keys it is listed.
    pub shard: Shard,
}

/// A version of a stored record, in the store's own counting. Never given twice for a key, also not after a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record.
    pub row: Row,
    /// Its version.
    pub version: Version,
}

/// What came of a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a conflict changed nothing"]
pub enum Swap {
    /// It took effect; a record that is stored has this version now.
    Applied(Version),
    /// What was expected was no longer so; nothing changed.
    Conflict,
}

/// A page of due keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The keys, the longest due first; those due at the same time in the order of their keys.
    pub keys: Vec<(DateTime<Utc>, StoreKey)>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// Where an entry stands in a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// Its time.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it stands.
    pub position: LogPosition,
    /// The entry, in the core's own form.
    pub bytes: Vec<u8>,
}

/// Where the work column keeps its records: six methods, one of them atomic.
///
/// No transaction over several keys is needed, no clock of the server's, no expiry and no index but that of due keys.
pub trait JobStore {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Reads a record.
    ///
    /// * **Must**: give a record and a version that were stored together, never a torn mixture.
    /// * **May**: be stale.
    /// * **The core relies on** nothing read being trusted before a swap on its version succeeds.
    fn get(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Stores or deletes a record, if it is what was expected.
    ///
    /// * **Must**: be linearisable for each key. `expect: None` means that there is no record; `next: None` deletes it.
    ///   A version is never used again for the key, also not across delete and create. A conflict changes nothing.
    /// * **May**: fail with an error after having taken effect. What was expected is then read again before anything
    ///   else is said.
    /// * **The core relies on** two swaps that expect the same version never both taking effect.
    fn compare_and_swap(
        &self,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;

    /// Lists the keys of a shard that are due until a point in time (inclusive), behind a position.
    ///
    /// * **Must**: not lose a due key for ever: one that stays due is listed in the end.
    /// * **May**: be stale, list what is no longer due, and lag.
    /// * **The core relies on** it as a hint only.
    fn due(
        &self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> impl Future<Output = Result<Due, Self::Error>> + Send;

    /// Appends an entry to a log, unless one with its id is there.
    ///
    /// * **Must**: be durable before it answers. An entry whose id is there, at whatever time, changes nothing; the answer
    ///   says whether it was new.
    /// * **May**: fail after having taken effect; it is then appended again.
    /// * **The core relies on** an id standing in a log at most once.
    fn append(&self, log: &StoreKey, entry: &LogEntry) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Reads entries of a log in the order of their positions: those in a range of time (its end excluded), behind a
    /// position, at most `limit`.
    ///
    /// * **Must**: keep the total order by time and id.
    /// * **May**: be stale.
    /// * **The core relies on** paging by position: an entry that was there throughout is read exactly once.
    fn read(
        &self,
        log: &StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<LogEntry>, Self::Error>> + Send;

    /// Removes entries of a log that are older than a point in time (strictly), at most `limit`, and says how many.
    ///
    /// * **Must**: leave everything at that time and later.
    /// * **May**: remove fewer; it is called again while it removes any.
    /// * **The core relies on** nothing.
    fn prune(
        &self,
        log: &StoreKey,
        before: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

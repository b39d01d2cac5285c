//! Where a host keeps its jobs: the trait `JobStore`, which a host implements, and its types.
//!
//! A [`JobStore`] keeps records of bytes under [`StoreKey`]s, with versions, and logs. The core decides by pure
//! transitions, and stores the results by [compare-and-swap](JobStore::compare_and_swap).
//!
//! # Waking
//!
//! A worker finds what is due by looking for it. A host that wants a job to start at once, and not at the next look, sleeps
//! on a [`Bell`]. No method of the trait is about waking. A store that hears of writes rings the bell; with a store that does
//! not, a host looks more often.

mod erased;
mod forward;
mod log;
mod methods;
pub(crate) mod one_by_one;
mod row;
mod shared;
mod slots;
mod wake;

use std::future::Future;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::erased::DynJobStore;
pub use self::forward::forward_job_store;
pub use self::log::{AppendOf, LogEntry, LogPage, LogPosition, PruneOf, ReadOf};
pub use self::row::{DueOf, DuePage, Mark, Row, Shard, Stored, Swap, SwapAll, SwapOf, Taken, Version};
pub use self::slots::SlotStore;
pub use self::wake::{Bell, Rings, WakingStore};
use crate::failure::Classify;
use crate::id::escape::{escaped, unescaped};

/// The key of a stored record: `slot/ORG/CONNECTOR`, `gate/GROUP`, and so on.
///
/// It has only what every store accepts in a key: ASCII letters, digits and `- _ . / =`. In a part, [`StoreKey::of`] writes
/// every byte but letters, digits and `- _ .` as `=` and two hexadecimal digits; `/` stands between parts. A dot at the
/// end is written so, too: some stores refuse one.
///
/// A store that keeps a key as text reads it back by [`str::parse`]. [`of`](Self::of) and [`parts`](Self::parts) have examples.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreKey(String);

impl StoreKey {
    /// The key of a kind of record, and the parts of its name. Different parts give different keys.
    ///
    /// ```
    /// use tripartite::jobs::StoreKey;
    /// assert_eq!(
    ///     StoreKey::of("slot", ["ballybeg", "federation"]).as_str(),
    ///     "slot/ballybeg/federation"
    /// );
    /// assert_ne!(StoreKey::of("slot", ["a/b", "c"]), StoreKey::of("slot", ["a", "b/c"]));
    /// ```
    pub fn of<'a>(kind: &str, parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut key = escaped(kind, is_plain);
        for part in parts {
            key.push('/');
            key.push_str(&escaped(part, is_plain));
        }
        if key.ends_with('.') {
            key.pop();
            key.push_str(DOT);
        }
        Self(key)
    }

    /// The key under which an earlier version has kept what is kept under this one: it let a key end in a dot. `None` for
    /// all other keys.
    ///
    /// A [`Queue`](crate::work::Queue) leaves a record that it finds there where it is. A host that looks a record up
    /// itself, such as a slot for a fence, looks there first.
    ///
    /// ```
    /// use tripartite::jobs::StoreKey;
    /// let key = StoreKey::of("slot", ["ballybeg", "federation."]);
    /// assert_eq!(key.as_str(), "slot/ballybeg/federation=2E");
    /// let former = key.former().ok_or("it ends in a dot")?;
    /// assert_eq!(former.as_str(), "slot/ballybeg/federation.");
    /// assert_eq!((former.parts(), former.former()), (key.parts(), None));
    /// assert_eq!(StoreKey::of("slot", ["ballybeg.", "federation"]).former(), None);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn former(&self) -> Option<Self> {
        self.0.strip_suffix(DOT).map(|rest| Self(format!("{rest}.")))
    }

    /// The key as text.
    ///
    /// ```
    /// use tripartite::jobs::StoreKey;
    /// // byte by byte
    /// assert_eq!(StoreKey::of("slot", ["Áine", "f"]).as_str(), "slot/=C3=81ine/f");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind and the parts, as [`of`](Self::of) was given them.
    ///
    /// ```
    /// use tripartite::jobs::StoreKey;
    /// assert_eq!(StoreKey::of("slot", ["a/b=2F", ""]).parts(), ["slot", "a/b=2F", ""]);
    /// ```
    pub fn parts(&self) -> Vec<String> {
        self.0.split('/').map(|part| unescaped(part).unwrap_or_default()).collect()
    }
}

/// A dot at the end of a key.
const DOT: &str = "=2E";

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

/// Why a text is not the text of a [`StoreKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key has ASCII letters, digits and - _ . in its parts, / between them, and = before the two digits of any other byte"
)]
#[non_exhaustive]
pub struct InvalidStoreKey;

impl FromStr for StoreKey {
    type Err = InvalidStoreKey;

    /// Reads a key as a store keeps it, by [`as_str`](Self::as_str). It may end in a dot: earlier versions
    /// [stored](Self::former) such keys.
    ///
    /// ```
    /// use tripartite::jobs::StoreKey;
    /// let key = StoreKey::of("slot", ["Áine", "f"]);
    /// assert_eq!(key.as_str().parse(), Ok(key));
    /// assert!("slot/Áine/f".parse::<StoreKey>().is_err()); // not escaped
    /// ```
    fn from_str(text: &str) -> Result<Self, InvalidStoreKey> {
        let is_part = |part: &str| unescaped(part).is_some_and(|whole| escaped(&whole, is_plain) == part);
        let former = text.strip_suffix(DOT).map(|rest| format!("{rest}."));
        if former.as_deref().unwrap_or(text).split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidStoreKey)
        }
    }
}

impl TryFrom<String> for StoreKey {
    type Error = InvalidStoreKey;

    fn try_from(text: String) -> Result<Self, InvalidStoreKey> {
        text.parse()
    }
}

impl From<StoreKey> for String {
    fn from(key: StoreKey) -> Self {
        key.0
    }
}

/// The store of the job queue: six required methods, and six provided ones that a store may do faster.
///
/// The provided methods call the required ones one by one. Each call of a store on a server is a round trip, so such a
/// store writes the provided methods, too, each as one statement or one transaction. [`swap_all`](Self::swap_all) cannot be
/// done one by one, so the provided one does nothing, and the core does without.
///
/// A store needs no transaction over several keys, no server clock, no expiry, and no index except the one of due keys.
/// Every sentence under a **Must** is a case of the suite (`tripartite::conformance::jobs`), in the same words. A read may be
/// stale for a while; then it must return what the sentence says.
///
/// The parameters of a call are one value, so that a store that wraps another one passes them on as they are:
///
/// | method | of | answers |
/// |---|---|---|
/// | [`get`](Self::get) | [`StoreKey`] | [`Stored`], if there is a record |
/// | [`compare_and_swap`](Self::compare_and_swap) | [`SwapOf`] | [`Swap`] |
/// | [`due`](Self::due) | [`DueOf`] | [`DuePage`] |
/// | [`append`](Self::append) | [`AppendOf`] | whether it is new |
/// | [`read`](Self::read) | [`ReadOf`] | [`LogPage`] |
/// | [`prune`](Self::prune) | [`PruneOf`] | how many were removed |
///
/// # Of all methods
///
/// * **Must**:
///   - Tell keys apart byte for byte, also those that differ in case or in what is escaped.
///   - Take keys as long as two ids of 512 plain characters make them.
///   - Keep bytes as they are: all 256 values of them, none at all, or a mebibyte.
///   - Keep points in time to the microsecond.
///   - Keep points in time of the years 1 to 9999.
///   - Keep a record and a log of the same key apart.
///   - Bring a job to its end once, also where a call fails before or after it took effect.
/// * **May**: cut off what is finer than a microsecond, both in stored times and in those of requests; take a time
///   outside those years as the nearest one inside; refuse longer keys with an error; answer as it likes
///   when it is asked for no entry at all, which the core never does.
/// * **The core relies on** nothing about an error: after one, a write may or may not have taken effect. Only of a
///   [chain](Self::swap_chain) it relies on the order.
///
/// [`MemoryJobStore`](crate::memory::MemoryJobStore) is a short implementation to read.
pub trait JobStore {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Reads a record.
    ///
    /// * **Must**:
    ///   - Give nothing for a key that holds no record.
    ///   - Give the record that was stored, with the version that its swap answered.
    ///   - Give a record and a version that were stored together, never a torn mixture.
    /// * **May**: be stale. Give nothing for a key that ends in a dot, if the backend refuses such a key: the core stores
    ///   nothing new under one.
    /// * **The core relies on** the swap. It does not trust what it read until a swap on its version succeeds.
    fn get(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Stores or deletes a record if it has the expected version. `expect: None` expects that there is no record.
    /// `next: None` deletes it; the version in the answer then has no meaning. The caller may know the
    /// [mark](SwapOf::former) of the record that is expected. A store that lists due keys beside the records needs it, and
    /// any other ignores it.
    ///
    /// * **Must**:
    ///   - Create a record where none is expected, and only where there is none.
    ///   - Replace a record of the expected version, and of no other.
    ///   - Delete a record of the expected version, and of no other.
    ///   - Change nothing by a conflict: not the record, not its version, not when it is due.
    ///   - Give a key no version it had before, also not across delete and create.
    ///   - Leave all other keys as they are.
    ///   - Let one of several swaps that expect the same version take effect, and never two.
    ///   - Let one of several creations of a key take effect, and never two.
    ///   - Lose no update, however many write at once.
    ///   - Do a swap that tells the former mark as one that does not.
    ///   - Do the same in a batch and in a chain.
    /// * **May**: fail with an error after it took effect. The core then reads the record again before it goes on. A
    ///   swap from no record to no record may answer either way; the core never asks for one. Leave a key listed by a mark
    ///   that was told wrongly.
    /// * **The core relies on** two swaps that expect the same version never both taking effect: only this keeps two
    ///   workers from running one job. Swaps of one key must be linearisable. Swaps of different keys need no order. A
    ///   mark that it tells is that of the record with the expected version, as it was read or stored.
    fn compare_and_swap(&self, swap: &SwapOf) -> impl Future<Output = Result<Swap, Self::Error>> + Send;

    /// Lists the keys of a shard that are due until a point in time (inclusive), after a position, at most `limit`.
    ///
    /// * **Must**:
    ///   - List a key that is due, until a swap says otherwise.
    ///   - List what is due exactly at the end of the time asked for.
    ///   - List nothing that is due later, and nothing that is never due.
    ///   - List only the keys of the shard asked for.
    ///   - List the longest due first, and what is due at the same time in the byte order of the keys.
    ///   - List at most as many keys as asked for, and say whether there are more.
    ///   - Turn pages so that every due key is on exactly one, also where many are due at the same time.
    ///   - Move a key when a swap changes its time or its shard.
    ///   - Remove a key when a swap clears its time or deletes it.
    ///   - Lose no due key to a conflict.
    ///   - Agree with the records once nobody writes any more.
    /// * **May**: be stale for a while, and list keys that are no longer due.
    /// * **The core relies on** no due key being lost for ever. Apart from that, the list is only a hint.
    fn due(&self, page: &DueOf) -> impl Future<Output = Result<DuePage, Self::Error>> + Send;

    /// Appends an entry to a log, unless the log has an entry with its id.
    ///
    /// * **Must**:
    ///   - Keep an entry whose id is new to the log, and say that it is new.
    ///   - Change nothing for an id that is there, also if time and bytes differ, and say that it is not new.
    ///   - Tell ids apart byte for byte.
    ///   - Keep logs apart: an id may stand in each of them.
    ///   - Keep one of several entries with the same id that are appended at once, and say of one only that it is new.
    ///   - Lose no entry, however many append at once.
    /// * **May**: fail after it took effect; the core then appends the entry again. Remember an id longer than its
    ///   entry.
    /// * **The core relies on** an id being in a log at most once, and on an answered append being durable. The suite
    ///   cannot check that an entry survives a crash.
    fn append(&self, append: &AppendOf) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Reads a page of a log in the order of the positions: the entries in a range of time (its end excluded), after a
    /// position, at most `limit`, and at most so many bytes. [`ReadOf::page`] cuts it.
    ///
    /// * **Must**:
    ///   - Give entries in the order of their times, and those of the same time in the byte order of their ids.
    ///   - Give what is at the start of the range, and not what is at its end.
    ///   - Give nothing from a log that has no entries, or none in the range.
    ///   - Give only what is behind the position, also where no entry stands at it.
    ///   - Give at most as many entries as asked for, the first of them.
    ///   - Give at most as many bytes as asked for, or one entry that has more.
    ///   - Say whether more entries follow, also where none of them fits.
    ///   - Turn pages so that every entry is on exactly one, also where many have the same time.
    ///   - Give an entry that was there throughout exactly once, also while others are appended.
    /// * **May**: be stale.
    /// * **The core relies on** paging by position: an entry that was there throughout is read exactly once. While more
    ///   follow, a page has an entry.
    fn read(&self, page: &ReadOf) -> impl Future<Output = Result<LogPage, Self::Error>> + Send;

    /// Removes entries of a log that are older than a point in time (strictly), at most `limit`, and says how many.
    ///
    /// * **Must**:
    ///   - Leave everything at that time and later.
    ///   - Remove everything older, once called until it removes nothing.
    ///   - Remove at most as many as asked for, and say how many it removed.
    ///   - Leave other logs as they are.
    /// * **May**: remove fewer than asked for, but at least one if there is one. The core calls it again until it
    ///   removes none.
    /// * **The core relies on** nothing.
    fn prune(&self, old: &PruneOf) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Does several swaps, each by itself. It is not a transaction; it only saves round trips. The provided method does
    /// them one by one. A store that can do them in one round trip or one commit writes its own.
    ///
    /// * **Must**:
    ///   - Do the swaps of a batch as if one after the other, and answer for each in its order.
    ///   - Let a conflict in a batch stop nothing that comes behind it.
    ///   - Lose no update to a batch, however many write at once.
    /// * **May**: put them into one transaction. After an error, any of them may have taken effect.
    /// * **The core relies on** nothing beyond what it relies on for each swap.
    fn swap_many(&self, swaps: &[SwapOf]) -> impl Future<Output = Result<Vec<Swap>, Self::Error>> + Send
    where
        Self: Sync,
    {
        one_by_one::swap_many(self, swaps)
    }

    /// Does the first of several swaps that takes effect, and none behind it. Returns which one, or `None` if all conflict.
    ///
    /// Workers that wait for the same jobs claim by it: each offers claims of the next few, gets one of them in one call,
    /// and leaves the others. The provided method does the swaps one by one. A store that locks records writes its own, and
    /// passes over a record that somebody else has locked, instead of waiting for a conflict.
    ///
    /// * **Must**:
    ///   - Take the first of several swaps whose version is expected, and say which it was.
    ///   - Change nothing of the swaps that it does not take.
    ///   - Take none where all conflict, and say so.
    ///   - Take a record once, however many take at once.
    /// * **May**: pass over a swap of a record that somebody else changes at that moment, as if it conflicted. After an
    ///   error, one of them may have taken effect.
    /// * **The core relies on** at most one of them taking effect, also after an error or a crash.
    fn take(&self, swaps: &[SwapOf]) -> impl Future<Output = Result<Option<Taken>, Self::Error>> + Send
    where
        Self: Sync,
    {
        one_by_one::take(self, swaps)
    }

    /// Reads several records in one round trip. It is not a snapshot: each record is read as by [`get`](Self::get).
    ///
    /// * **Must**:
    ///   - Give for each of several keys what a read of that key alone gives, in the order of the keys.
    /// * **May**: be stale, some records more than others.
    /// * **The core relies on** nothing beyond what it relies on for each read.
    fn get_many(&self, keys: &[StoreKey]) -> impl Future<Output = Result<Vec<Option<Stored>>, Self::Error>> + Send
    where
        Self: Sync,
    {
        one_by_one::get_many(self, keys)
    }

    /// Lists several pages of due keys in one round trip, each as by [`due`](Self::due).
    ///
    /// * **Must**:
    ///   - Give for each of several pages what a listing of that page alone gives, in the order of the pages.
    /// * **May**: be stale, some pages more than others.
    /// * **The core relies on** nothing beyond what it relies on for each page.
    fn due_many(&self, pages: &[DueOf]) -> impl Future<Output = Result<Vec<DuePage>, Self::Error>> + Send
    where
        Self: Sync,
    {
        one_by_one::due_many(self, pages)
    }

    /// Does a chain of swaps, of which the first conflict stops the rest. If all of them took effect, it appends
    /// entries to logs, too.
    ///
    /// It need not be a transaction. Others may see the first swaps of a chain without the later ones. A store that does
    /// it as one transaction may commit what came before the conflict, or roll it back.
    ///
    /// * **Must**:
    ///   - Do the swaps of a chain as if one after the other, and answer for each in its order.
    ///   - Do nothing of a chain that comes behind its first conflict, and answer a conflict for that, too.
    ///   - Append the entries of a chain if all of its swaps took effect, and none otherwise.
    ///   - Lose no update to a chain, however many write at once.
    /// * **May**: take back the swaps before a conflict, if it answers a conflict for them, too. After an error, any
    ///   number of the first swaps may have taken effect, and if all did, any number of the entries.
    /// * **The core relies on** no swap of a chain taking effect without those before it, also after an error or a
    ///   crash, and on no entry without all swaps. The suite cannot check this for a crash.
    fn swap_chain(
        &self,
        swaps: &[SwapOf],
        entries: &[AppendOf],
    ) -> impl Future<Output = Result<Vec<Swap>, Self::Error>> + Send
    where
        Self: Sync,
    {
        one_by_one::swap_chain(self, swaps, entries)
    }

    /// Does several swaps of different records and appends entries to logs: all of it, or nothing.
    ///
    /// A worker ends an attempt by it, in one call: the slot that no longer holds the attempt, the entry of the history, and
    /// what follows from the end. Where the store is unable, the worker stores the end with the attempt in the slot, by
    /// [`swap_chain`](Self::swap_chain), and takes the attempt out by a swap of its own, once the history has the entry. The
    /// provided method is always unable. A store with transactions writes its own.
    ///
    /// * **Must**:
    ///   - Do all of several swaps and append all their entries, or change nothing and append nothing.
    ///   - Do all or nothing also where the caller no longer waits for the answer.
    ///   - Append the entries also where some of them are there.
    ///   - Change nothing where it is unable.
    ///   - Lose no update to swaps that are done together, however many write at once.
    /// * **May**: be unable, always or now and then, for example where a record is named twice or a transaction would be too
    ///   large. After an error, all of it or nothing may have taken effect.
    /// * **The core relies on** no swap of them taking effect without the entries, also after an error or a crash: a
    ///   finished attempt would be missing in the history. The suite cannot check this for a crash.
    fn swap_all(
        &self,
        swaps: &[SwapOf],
        entries: &[AppendOf],
    ) -> impl Future<Output = Result<SwapAll, Self::Error>> + Send {
        let _ = (swaps, entries);
        async { Ok(SwapAll::Unable) }
    }
}

//! The index: the rows with an external id and the links, merged by that id.
//!
//! | of an id there is | what it is |
//! |---|---|
//! | a row and a link | a record that was in step once, and where it was |
//! | a row | a record that somebody gave its external id by hand |
//! | a link | a record whose row a user deleted |
//!
//! Rows, links and open conflicts are each read in the order of their ids, so none is ever looked for.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{CachedStatement, Connection, Row, Rows, TransactionBehavior};
use tripartite::id::ExternalId;
use tripartite::source::Cursor;
use tripartite::store::{IndexEntry, IndexPage, Presence, Revision, Synced};
use tripartite::value::Fingerprint;

use super::StoreError;
use super::names::Names;
use super::removed::Removed;

/// How many entries a page has.
const PAGE: usize = 5000;

/// A row whose external id is a blob is the user's own business; every text stands before the first blob.
const MEMBERS: &str = "
SELECT {external_id}, {active}, {revision} FROM {members}
WHERE {external_id} > ?1 AND {external_id} < x'' ORDER BY {external_id}";

const LINKS: &str = "
SELECT external_id, deactivated, synced_revision, seen, policy FROM {tripartite_links}
WHERE external_id > ?1 ORDER BY external_id";

const CONFLICTS: &str = "
SELECT external_id, count(*) FROM {tripartite_conflicts}
WHERE external_id > ?1 GROUP BY external_id ORDER BY external_id";

/// A page. The cursor is the last id of the one before.
pub(super) fn page(conn: &mut Connection, names: &Names, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
    // All three see one moment.
    let tx = conn.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let prepare = |sql: &str| tx.prepare_cached(&names.sql(sql));
    let (mut members, mut links, mut conflicts) = (prepare(MEMBERS)?, prepare(LINKS)?, prepare(CONFLICTS)?);
    let after = after.map_or("", |after| &after.0);
    let mut merged = Merged {
        members: behind(&mut members, after)?,
        links: behind(&mut links, after)?,
        conflicts: behind(&mut conflicts, after)?,
        removed: Removed::of(&tx, names)?,
    };
    let mut entries = Vec::with_capacity(PAGE);
    while entries.len() < PAGE && merged.is_at_one() {
        entries.extend(merged.next()?);
    }
    let last = entries.last().filter(|_| entries.len() == PAGE);
    let next = last.map(|last: &IndexEntry| Cursor(last.id.to_string()));
    Ok(IndexPage::new(entries, next))
}

/// What stands behind an id, at the first of it.
fn behind<'a>(statement: &'a mut CachedStatement<'_>, after: &str) -> Result<Rows<'a>, StoreError> {
    let mut rows = statement.query([after])?;
    rows.advance()?;
    Ok(rows)
}

/// Three readings in one order, each at what it has not given yet.
struct Merged<'a> {
    members: Rows<'a>,
    links: Rows<'a>,
    conflicts: Rows<'a>,
    removed: Removed<'a>,
}

impl Merged<'_> {
    fn is_at_one(&self) -> bool {
        self.members.get().is_some() || self.links.get().is_some()
    }

    /// The next id's entry; `None` for an id that no source can have, which is the user's own business.
    fn next(&mut self) -> Result<Option<IndexEntry>, StoreError> {
        let (member, link) = (self.members.get(), self.links.get());
        let ids = (member.map(id_of).transpose()?, link.map(id_of).transpose()?);
        let order = match ids {
            (Some(member), Some(link)) => member.cmp(link),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let id = if order.is_le() { ids.0 } else { ids.1 };
        let id = id.and_then(|id| str::from_utf8(id).ok()).and_then(|id| ExternalId::new(id).ok());
        let (member, link) = (member.filter(|_| order.is_le()), link.filter(|_| order.is_ge()));
        let entry = id.map(|id| entry(id, member, link, &mut self.removed)).transpose()?;
        if order.is_le() {
            self.members.advance()?;
        }
        if order.is_ge() {
            self.links.advance()?;
        }
        entry.map(|entry| self.with_conflicts(entry)).transpose()
    }

    fn with_conflicts(&mut self, mut entry: IndexEntry) -> Result<IndexEntry, StoreError> {
        while let Some(conflict) = self.conflicts.get() {
            match id_of(conflict)?.cmp(entry.id.as_str().as_bytes()) {
                Ordering::Less => self.conflicts.advance()?,
                Ordering::Equal => {
                    entry.open = conflict.get::<_, i64>(1)?.try_into().unwrap_or(u32::MAX);
                    break;
                }
                Ordering::Greater => break,
            }
        }
        Ok(entry)
    }
}

/// Every text is one; what is no text stands behind all that are read.
fn id_of<'a>(row: &'a Row<'_>) -> Result<&'a [u8], StoreError> {
    Ok(row.get_ref(0)?.as_bytes().unwrap_or_default())
}

fn entry(
    id: ExternalId,
    member: Option<&Row<'_>>,
    link: Option<&Row<'_>>,
    removed: &mut Removed<'_>,
) -> Result<IndexEntry, StoreError> {
    let synced = link.map(|link| synced(link, 2)).transpose()?.flatten();
    let deactivated = link.and_then(|link| link.get_ref(1).ok()?.as_i64().ok());
    let Some(member) = member else {
        let (presence, revision) = (Presence::Removed, removed.revision(id.as_str())?);
        return Ok(IndexEntry::new(id, revision).presence(presence).synced(synced).missed(missed(deactivated)));
    };
    let presence = presence(member.get_ref(1)?.as_i64().unwrap_or(1), deactivated);
    let revision = revision(member, 2)?;
    Ok(IndexEntry::new(id, revision).presence(presence).synced(synced).missed(missed(deactivated)))
}

pub(super) fn presence(active: i64, deactivated: Option<i64>) -> Presence {
    match (active, deactivated.unwrap_or(0)) {
        (0, ..=0) => Presence::Removed,
        (0, _) => Presence::Deactivated,
        _ => Presence::Active,
    }
}

/// What the last op said of how often it was missed: so far below nought, or above one of who a sync deactivated.
pub(super) fn missed(deactivated: Option<i64>) -> u32 {
    let missed = match deactivated.unwrap_or(0) {
        deactivated @ 1.. => deactivated - 1,
        counted => counted.saturating_neg(),
    };
    u32::try_from(missed).unwrap_or(0)
}

/// The revision in a row, which starts at 1.
pub(super) fn revision(row: &Row<'_>, at: usize) -> Result<Revision, StoreError> {
    Ok(Revision(row.get_ref(at)?.as_i64().unwrap_or(0).cast_unsigned()))
}

/// When the record was last in step, out of three columns.
pub(super) fn synced(row: &Row<'_>, at: usize) -> Result<Option<Synced>, StoreError> {
    let Ok(revision) = row.get_ref(at)?.as_i64() else { return Ok(None) };
    let (Some(seen), Some(policy)) = (fingerprint(row, at + 1)?, fingerprint(row, at + 2)?) else { return Ok(None) };
    Ok(Some(Synced::new(Revision(revision.cast_unsigned()), seen, policy)))
}

pub(super) fn fingerprint(row: &Row<'_>, at: usize) -> Result<Option<Fingerprint>, StoreError> {
    let bytes = row.get_ref(at)?.as_blob_or_null().ok().flatten();
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(Fingerprint::from_bytes))
}

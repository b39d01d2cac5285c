//! The index: every row with an external id, and then every link whose row a user deleted.

use rusqlite::{Connection, Row};
use tripartite::exchange::{Cursor, IndexEntry, IndexPage, Presence, Revision, Synced};
use tripartite::id::ExternalId;
use tripartite::value::Fingerprint;

use super::{Register, StoreError};

/// How many entries a page has.
const PAGE: usize = 5000;

const MEMBERS: &str = "
SELECT m.local_id, m.external_id, m.active, m.revision, l.deactivated, l.synced_revision, l.seen, l.policy,
    (SELECT count(*) FROM {tripartite_conflicts} c WHERE c.external_id = m.external_id)
FROM {members} m LEFT JOIN {tripartite_links} l ON l.external_id = m.external_id
WHERE m.local_id > ?1 AND m.external_id IS NOT NULL
ORDER BY m.local_id LIMIT ?2";

const DELETED: &str = "
SELECT 0, l.external_id, 0, 0, 0, l.synced_revision, l.seen, l.policy,
    (SELECT count(*) FROM {tripartite_conflicts} c WHERE c.external_id = l.external_id)
FROM {tripartite_links} l
WHERE l.external_id > ?1 AND NOT EXISTS (SELECT 1 FROM {members} m WHERE m.external_id = l.external_id)
ORDER BY l.external_id LIMIT ?2";

/// A page. The cursor is the last row's key, `m` or `l` before it for the part that it is in.
pub(super) fn page(conn: &Connection, register: &Register, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
    match after.map(|after| after.0.split_at(1)) {
        Some(("l", id)) => deleted(conn, register, id),
        Some((_, key)) => members(conn, register, key.parse().unwrap_or(i64::MIN)),
        None => members(conn, register, i64::MIN),
    }
}

fn members(conn: &Connection, register: &Register, after: i64) -> Result<IndexPage, StoreError> {
    let mut statement = conn.prepare_cached(&register.sql(MEMBERS))?;
    let mut rows = statement.query((after, PAGE as i64))?;
    let (mut entries, mut read, mut last) = (Vec::with_capacity(PAGE), 0, after);
    while let Some(row) = rows.next()? {
        read += 1;
        last = row.get(0)?;
        entries.extend(entry(row)?);
    }
    let next = if read == PAGE { format!("m{last}") } else { "l".to_owned() };
    Ok(IndexPage { entries, next: Some(Cursor(next)) })
}

fn deleted(conn: &Connection, register: &Register, after: &str) -> Result<IndexPage, StoreError> {
    let mut statement = conn.prepare_cached(&register.sql(DELETED))?;
    let mut rows = statement.query((after, PAGE as i64))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.extend(entry(row)?);
    }
    let full = entries.len() == PAGE;
    let next = entries.last().filter(|_| full).map(|last| Cursor(format!("l{}", last.id)));
    Ok(IndexPage { entries, next })
}

/// A row whose external id no source can have is the user's own business.
fn entry(row: &Row<'_>) -> Result<Option<IndexEntry>, StoreError> {
    let Some(id) = row.get_ref(1)?.as_str().ok().and_then(|id| ExternalId::new(id).ok()) else {
        return Ok(None);
    };
    let revision = revision(row, 3)?;
    let deactivated = row.get::<_, Option<i64>>(4)?;
    let presence = presence(row.get_ref(2)?.as_i64().unwrap_or(1), deactivated);
    let open = row.get::<_, i64>(8)?.try_into().unwrap_or(u32::MAX);
    Ok(Some(IndexEntry { id, presence, revision, synced: synced(row, 5)?, open, missed: missed(deactivated) }))
}

pub(super) fn presence(active: i64, deactivated: Option<i64>) -> Presence {
    match (active, deactivated.unwrap_or(0)) {
        (0, ..=0) => Presence::Removed,
        (0, _) => Presence::Deactivated,
        _ => Presence::Active,
    }
}

/// How often in a row a complete listing did not have it: so far below nought.
pub(super) fn missed(deactivated: Option<i64>) -> u32 {
    u32::try_from(deactivated.unwrap_or(0).saturating_neg()).unwrap_or(0)
}

/// A row that was deleted has revision 0; a row starts at 1.
pub(super) fn revision(row: &Row<'_>, at: usize) -> Result<Revision, StoreError> {
    Ok(Revision(row.get::<_, Option<i64>>(at)?.unwrap_or(0).cast_unsigned()))
}

/// When the record was last in step, out of three columns.
pub(super) fn synced(row: &Row<'_>, at: usize) -> Result<Option<Synced>, StoreError> {
    let Some(revision) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
    let (Some(seen), Some(policy)) = (fingerprint(row, at + 1)?, fingerprint(row, at + 2)?) else { return Ok(None) };
    Ok(Some(Synced { revision: Revision(revision.cast_unsigned()), seen, policy }))
}

pub(super) fn fingerprint(row: &Row<'_>, at: usize) -> Result<Option<Fingerprint>, StoreError> {
    let bytes = row.get_ref(at)?.as_blob_or_null().ok().flatten();
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(Fingerprint::from_bytes))
}

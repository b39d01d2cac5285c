//! The index: the rows with an external id and the links, merged by that id.
//!
//! | of an id there is | what it is |
//! |---|---|
//! | a row and a link | a record that was in step once, and when |
//! | a row | a record that somebody gave its external id by hand |
//! | a link | a record whose row a user deleted |
//!
//! **Why no cursor of the server's?** It lives as long as its transaction, which would be open while the source is fetched:
//! the run would hold a connection all night, and keep vacuum from every row that is changed meanwhile. A page is a statement
//! of its own, of at most so many rows and links behind the last id, so it takes as much memory and time at the end as at
//! the beginning. A row that changes behind the page that has it gets a larger revision, and an op on it is stale.

use tokio_postgres::Row;
use tripartite::id::ExternalId;
use tripartite::source::Cursor;
use tripartite::store::{IndexEntry, IndexPage, Presence, Revision, Synced};
use tripartite::value::Fingerprint;

use super::StoreError;
use super::tables::Tables;
use crate::pool::Lease;

/// How many entries a page has.
const PAGE: usize = 5000;

/// The first rows and the first links behind an id, and whatever of them has a conflict. PostgreSQL need not put them in
/// order: the rows come in that of their ids, and the links that have no row behind them.
const LISTED: &str = "
SELECT coalesce(m.id, l.external_id), m.active, m.revision, l.removed, l.deactivated, l.missed, l.synced, l.seen, l.policy,
    c.open
FROM (
    SELECT {id} AS id, {is_active} AS active, m.{revision} AS revision
    FROM {records} m WHERE {id} > $1 ORDER BY {id} LIMIT $2
) m FULL JOIN (
    SELECT * FROM tripartite.links WHERE register = {n} AND external_id > $1 ORDER BY external_id LIMIT $2
) l ON l.external_id = m.id
LEFT JOIN (
    SELECT external_id, count(*) AS open FROM tripartite.conflicts WHERE register = {n} AND external_id > $1
    GROUP BY external_id ORDER BY external_id LIMIT $2
) c ON c.external_id = coalesce(m.id, l.external_id) COLLATE \"C\"";

/// The columns that only a row and only a link has a value in.
const SIDES: [usize; 2] = [1, 5];

/// A page. The cursor is the last id up to which the one before had both all rows and all links.
pub(super) async fn page(lease: &mut Lease, tables: &Tables, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
    let after = after.map_or("", |after| &after.0);
    let rows = lease.query(&tables.sql(LISTED), &[&after, &(PAGE as i64)]).await?;
    let last = SIDES.iter().filter_map(|side| end(&rows, *side)).min();
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: &str = row.get(0);
        if last.is_some_and(|last| id > last) {
            continue;
        }
        // An id that no source can have is the user's own business.
        entries.extend(ExternalId::new(id).ok().map(|id| entry(id, row)));
    }
    // Nearly all are in order already.
    entries.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(IndexPage::new(entries, last.map(|last| Cursor(last.to_owned()))))
}

/// The last id of a side that has a whole page, and so may have more.
fn end(rows: &[Row], side: usize) -> Option<&str> {
    let is_there = |row: &&Row| match side {
        1 => row.get::<_, Option<bool>>(side).is_some(),
        _ => row.get::<_, Option<i64>>(side).is_some(),
    };
    let (mut count, mut last) = (0, None);
    for row in rows.iter().filter(is_there) {
        count += 1;
        last = last.max(Some(row.get::<_, &str>(0)));
    }
    last.filter(|_| count == PAGE)
}

fn entry(id: ExternalId, row: &Row) -> IndexEntry {
    let known = Known::of(row, 1);
    let open = row.get::<_, Option<i64>>(9).map_or(0, |open| u32::try_from(open).unwrap_or(u32::MAX));
    let Known { presence, revision, synced, missed } = known;
    IndexEntry::new(id, revision).presence(presence).synced(synced).missed(missed).open(open)
}

/// What a row and its link say, from eight columns: whether it is active, its revision, and of the link when it was removed,
/// whether a sync deactivated it, how often it was missed, and when it was in step.
pub(super) struct Known {
    pub(super) presence: Presence,
    pub(super) revision: Revision,
    pub(super) synced: Option<Synced>,
    pub(super) missed: u32,
}

impl Known {
    pub(super) fn of(row: &Row, at: usize) -> Self {
        let (active, revision): (Option<bool>, Option<i64>) = (row.get(at), row.get(at + 1));
        let (removed, deactivated): (Option<i64>, Option<bool>) = (row.get(at + 2), row.get(at + 3));
        let presence = match (active, deactivated) {
            (Some(true), _) => Presence::Active,
            (Some(false), Some(true)) => Presence::Deactivated,
            _ => Presence::Removed,
        };
        let missed = row.get::<_, Option<i64>>(at + 4).and_then(|missed| u32::try_from(missed).ok());
        Self {
            presence,
            revision: Revision(revision.or(removed).unwrap_or(0).cast_unsigned()),
            synced: synced(row, at + 5),
            missed: missed.unwrap_or(0),
        }
    }
}

/// When the record was last in step, out of three columns.
fn synced(row: &Row, at: usize) -> Option<Synced> {
    let revision = row.get::<_, Option<i64>>(at)?;
    let (seen, policy) = (fingerprint(row, at + 1)?, fingerprint(row, at + 2)?);
    Some(Synced::new(Revision(revision.cast_unsigned()), seen, policy))
}

pub(super) fn fingerprint(row: &Row, at: usize) -> Option<Fingerprint> {
    row.get::<_, Option<&[u8]>>(at)?.try_into().ok().map(Fingerprint::from_bytes)
}

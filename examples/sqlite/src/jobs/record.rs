use rusqlite::{Connection, OptionalExtension, params};
use tripartite::jobs::{DueOf, DuePage, Row, Shard, StoreKey, Stored, Swap, SwapOf};

use super::JobsError;
use super::cell::{self, behind, micros, moment, rows};

const TABLE: &str = "tripartite_jobs";

const GET: &str = "SELECT bytes, due, shard, version FROM tripartite_jobs WHERE key = ?1";

const CREATE: &str = "
    INSERT INTO tripartite_jobs (key, bytes, due, shard, version)
    SELECT ?1, ?2, ?3, ?4, deleted + 1 FROM tripartite_jobs_meta WHERE true
    ON CONFLICT DO NOTHING RETURNING version";

const REPLACE: &str = "
    UPDATE tripartite_jobs SET bytes = ?2, due = ?3, shard = ?4, version = version + 1
    WHERE key = ?1 AND version = ?5";

const DELETE: &str = "DELETE FROM tripartite_jobs WHERE key = ?1 AND version = ?2";

/// The lower end is a pair, so that a page begins where the one before ended.
pub(super) const DUE: &str = "
    SELECT due, key FROM tripartite_jobs
    WHERE shard = ?1 AND due <= ?2 AND (due, key) >= (?3, ?4) ORDER BY due, key LIMIT ?5";

pub(super) const KEYS: &str = "SELECT key FROM tripartite_jobs WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";

pub(super) fn get(conn: &Connection, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
    let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found = conn.prepare_cached(GET)?.query_row([key.as_str()], columns).optional()?;
    let Some((bytes, due, shard, version)) = found else { return Ok(None) };
    let due = Option::map(due, |due| moment(TABLE, "due", due)).transpose()?;
    Ok(Some(Stored::new(Row::new(bytes, Shard(shard)).due(due), cell::version(version))))
}

/// One swap, within a transaction.
pub(super) fn swap(conn: &Connection, SwapOf { key, expect, next, .. }: &SwapOf) -> Result<Swap, JobsError> {
    // A version that is too large for the table was never given.
    let expect = match expect.map(|version| i64::try_from(version.0)).transpose() {
        Ok(expect) => expect,
        Err(_) => return Ok(Swap::Conflict),
    };
    let key = key.as_str();
    let applied = match (expect, next.as_ref()) {
        (None, None) => None,
        (None, Some(Row { bytes, due, shard, .. })) => {
            let row = params![key, bytes, due.map(micros), shard.0];
            conn.prepare_cached(CREATE)?.query_row(row, |row| row.get(0)).optional()?
        }
        (Some(expect), Some(Row { bytes, due, shard, .. })) => {
            let row = params![key, bytes, due.map(micros), shard.0, expect];
            (conn.prepare_cached(REPLACE)?.execute(row)? == 1).then_some(expect + 1)
        }
        (Some(expect), None) => (conn.prepare_cached(DELETE)?.execute(params![key, expect])? == 1).then_some(expect),
    };
    Ok(applied.map_or(Swap::Conflict, |version| Swap::Applied(cell::version(version))))
}

pub(super) fn due(conn: &Connection, page: &DueOf) -> Result<DuePage, JobsError> {
    let DueOf { shard, until, after, limit, .. } = page;
    let first = (i64::MIN, String::new());
    let (from, key) = after.as_ref().map_or(first, |(at, key)| (micros(*at), behind(key.as_str())));
    let mut statement = conn.prepare_cached(DUE)?;
    // One more than asked for says whether there are more.
    let asked = params![shard.0, micros(*until), from, key, rows(limit.saturating_add(1))];
    let listed = statement.query_map(asked, |row| Ok((row.get(0)?, cell::key(row.get(1)?)?)))?;
    let mut keys = listed
        .map(|listed| listed.map_err(JobsError::from).and_then(|(due, key)| Ok((moment(TABLE, "due", due)?, key))))
        .collect::<Result<Vec<_>, _>>()?;
    let more = keys.len() > *limit;
    keys.truncate(*limit);
    Ok(DuePage::new(keys, more))
}

pub(super) fn keys(
    conn: &Connection,
    under: &StoreKey,
    after: Option<&StoreKey>,
    limit: usize,
) -> Result<Vec<StoreKey>, JobsError> {
    let from = format!("{}/", under.as_str());
    // `0` comes right behind `/`.
    let end = format!("{}0", under.as_str());
    let from = after.map_or(from.clone(), |after| behind(after.as_str()).max(from));
    let mut statement = conn.prepare_cached(KEYS)?;
    let keys = statement.query_map(params![from, end, rows(limit)], |row| cell::key(row.get(0)?))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

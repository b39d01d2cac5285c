use rusqlite::{Connection, params};
use tripartite::jobs::{AppendOf, LogEntry, LogPage, LogPosition, PruneOf, ReadOf};

use super::JobsError;
use super::cell::{behind, micros, moment, rows};

const TABLE: &str = "tripartite_log";

const APPEND: &str = "INSERT INTO tripartite_log (log, at, id, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

pub(super) const READ: &str = "
    SELECT at, id, bytes FROM tripartite_log
    WHERE log = ?1 AND (at, id) >= (?2, ?3) AND at < ?4 ORDER BY at, id LIMIT ?5";

const PRUNE: &str = "
    DELETE FROM tripartite_log WHERE (log, at, id) IN (
        SELECT log, at, id FROM tripartite_log WHERE log = ?1 AND at < ?2 ORDER BY at, id LIMIT ?3
    )";

pub(super) fn append(conn: &Connection, AppendOf { log, entry, .. }: &AppendOf) -> Result<bool, JobsError> {
    let LogEntry { position: LogPosition { at, id, .. }, bytes, .. } = entry;
    let new = conn.prepare_cached(APPEND)?.execute(params![log.as_str(), micros(*at), id, bytes])?;
    Ok(new == 1)
}

pub(super) fn read(conn: &Connection, page: &ReadOf) -> Result<LogPage, JobsError> {
    let ReadOf { log, range, after, limit, .. } = page;
    let start = (micros(range.start), String::new());
    let (from, id) = after.as_ref().map_or(start.clone(), |after| (micros(after.at), behind(&after.id)).max(start));
    let mut statement = conn.prepare_cached(READ)?;
    // One more than asked for says whether there are more.
    let asked = params![log.as_str(), from, id, micros(range.end), rows(limit.saturating_add(1))];
    let entries = statement.query_map(asked, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    page.page(entries.map(|entry| {
        let (at, id, bytes) = entry?;
        Ok(LogEntry::new(LogPosition::new(moment(TABLE, "at", at)?, id), bytes))
    }))
}

pub(super) fn prune(conn: &Connection, PruneOf { log, before, limit, .. }: &PruneOf) -> Result<u64, JobsError> {
    let removed = conn.prepare_cached(PRUNE)?.execute(params![log.as_str(), micros(*before), rows(*limit)])?;
    Ok(removed as u64)
}

use tripartite::jobs::{AppendOf, LogEntry, LogPage, LogPosition, PruneOf, ReadOf};

use super::JobsError;
use super::cell::{moment, rows};
use crate::names::in_schema;
use crate::pool::{Lease, Sent};

const APPEND: &str = "INSERT INTO tripartite.log(log, at, id, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const READ: &str = "
SELECT at, id, bytes FROM (
    SELECT at, id, bytes, row_number() OVER in_order AS place,
        sum(octet_length(bytes)) OVER in_order - octet_length(bytes) AS before
    FROM tripartite.log WHERE log = $1 AND at >= $2 AND at < $3 {behind}
    WINDOW in_order AS (ORDER BY at, id) ORDER BY at, id LIMIT $4
) entries WHERE before <= $5 OR place <= 2 ORDER BY at, id";

const BEHIND: &str = "AND (at, id) > ($6, $7)";

/// Whoever prunes at the same time leaves each other's rows alone.
const PRUNE: &str = "
DELETE FROM tripartite.log l USING (
    SELECT at, id FROM tripartite.log WHERE log = $1 AND at < $2 ORDER BY at, id LIMIT $3 FOR UPDATE SKIP LOCKED
) old WHERE l.log = $1 AND l.at = old.at AND l.id = old.id";

/// The statements on the logs of a schema.
#[derive(Debug, Clone)]
pub(super) struct Statements {
    append: String,
    read: String,
    read_behind: String,
    prune: String,
}

impl Statements {
    pub(super) fn of(schema: &str) -> Self {
        let of = |sql| in_schema(schema, sql);
        let (read, read_behind) = (READ.replace("{behind}", ""), READ.replace("{behind}", BEHIND));
        Self { append: of(APPEND), read: of(&read), read_behind: of(&read_behind), prune: of(PRUNE) }
    }

    pub(super) async fn append(&self, lease: &mut Lease, append: &AppendOf) -> Result<bool, JobsError> {
        let sent = self.appending(append);
        Ok(lease.execute(&sent.sql, &sent.values()).await? == 1)
    }

    /// An append as one of several statements.
    pub(super) fn appending<'a>(&self, AppendOf { log, entry, .. }: &'a AppendOf) -> Sent<'a> {
        let LogEntry { position: LogPosition { at, id, .. }, bytes, .. } = entry;
        let values: Vec<Box<dyn tokio_postgres::types::ToSql + Sync + Send + 'a>> =
            vec![Box::new(log.as_str()), Box::new(moment(*at)), Box::new(id.as_bytes()), Box::new(bytes.as_slice())];
        Sent { sql: self.append.clone(), values }
    }

    pub(super) async fn read(&self, lease: &mut Lease, page: &ReadOf) -> Result<LogPage, JobsError> {
        let ReadOf { log, range, after, limit, bytes, .. } = page;
        let (log, start, end) = (log.as_str(), moment(range.start), moment(range.end));
        // The first that is no longer on the page says that there are more.
        let (most, bytes) = (rows(limit.saturating_add(1)), rows(*bytes));
        let found = match after {
            None => lease.query(&self.read, &[&log, &start, &end, &most, &bytes]).await?,
            Some(LogPosition { at, id, .. }) => {
                lease
                    .query(&self.read_behind, &[&log, &start, &end, &most, &bytes, &moment(*at), &id.as_bytes()])
                    .await?
            }
        };
        page.page(found.iter().map(entry))
    }

    pub(super) async fn prune(
        &self,
        lease: &mut Lease,
        PruneOf { log, before, limit, .. }: &PruneOf,
    ) -> Result<u64, JobsError> {
        Ok(lease.execute(&self.prune, &[&log.as_str(), &moment(*before), &rows(*limit)]).await?)
    }
}

fn entry(row: &tokio_postgres::Row) -> Result<LogEntry, JobsError> {
    let unreadable = |_| JobsError::Unreadable { table: "tripartite.log", column: "id" };
    let id = String::from_utf8(row.get(1)).map_err(unreadable)?;
    Ok(LogEntry::new(LogPosition::new(row.get(0), id), row.get(2)))
}

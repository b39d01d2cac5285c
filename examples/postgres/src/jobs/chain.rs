use std::collections::BTreeSet;

use tokio_postgres::types::ToSql;
use tripartite::jobs::{AppendOf, SwapAll, SwapOf};

use super::JobsError;
use super::cell::{moment, version};
use super::record::replaces;
use crate::names::in_schema;
use crate::pool::Lease;

/// All swaps and entries, or none of them. The locks are taken in the order of the keys, as those of a batch are, so
/// nobody waits for another in a circle.
///
/// The limit is for the planner. Without one it takes an unknown array for ten rows, finds that worse than the two of a plan for
/// just these values, and plans the statement at each call. A limit that it does not know it takes for a tenth.
const CHAIN: &str = "
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::timestamptz[], $5::integer[], $6::boolean[])
    WITH ORDINALITY AS asked(key, expect, bytes, due, shard, waits, place) LIMIT cardinality($1)
), held AS (
    SELECT asked.key FROM asked JOIN tripartite.jobs job ON job.key = asked.key AND job.version = asked.expect
    ORDER BY asked.key FOR UPDATE OF job
), replaced AS (
    UPDATE tripartite.jobs job SET bytes = asked.bytes, due = asked.due, shard = asked.shard,
        version = nextval('tripartite.versions')
    FROM asked WHERE job.key = asked.key AND (SELECT count(*) FROM held) = cardinality($1)
    RETURNING asked.place, asked.waits, job.version, job.tableoid
), appended AS (
    INSERT INTO tripartite.log(log, at, id, bytes)
    SELECT * FROM unnest($7::text[], $8::timestamptz[], $9::bytea[], $10::bytea[])
    WHERE (SELECT count(*) FROM held) = cardinality($1) ON CONFLICT DO NOTHING
)
SELECT version, CASE WHEN waits THEN pg_notify('tripartite_jobs', tableoid::text)::text END
FROM replaced ORDER BY place";

/// The statement on the records and logs of a schema.
#[derive(Debug, Clone)]
pub(super) struct Statement(String);

impl Statement {
    pub(super) fn of(schema: &str) -> Self {
        Self(in_schema(schema, CHAIN))
    }

    /// One statement, and so one round trip. It is unable to create or delete a record, or to change one twice.
    pub(super) async fn run(
        &self,
        lease: &mut Lease,
        swaps: &[SwapOf],
        entries: &[AppendOf],
    ) -> Result<SwapAll, JobsError> {
        let Some(rows) = swaps.iter().map(replaces).collect::<Option<Vec<_>>>() else { return Ok(SwapAll::Unable) };
        let keys: Vec<&str> = swaps.iter().map(|swap| swap.key.as_str()).collect();
        if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            return Ok(SwapAll::Unable);
        }
        let expect: Vec<i64> = rows.iter().map(|(expect, _)| *expect).collect();
        let bytes: Vec<&[u8]> = rows.iter().map(|(_, row)| &*row.bytes).collect();
        let due: Vec<_> = rows.iter().map(|(_, row)| row.due.map(moment)).collect();
        let shard: Vec<i32> = rows.iter().map(|(_, row)| i32::from(row.shard.0)).collect();
        let waits: Vec<bool> = rows.iter().map(|(_, row)| row.is_waiting_job()).collect();
        let logs: Vec<&str> = entries.iter().map(|append| append.log.as_str()).collect();
        let at: Vec<_> = entries.iter().map(|append| moment(append.entry.position.at)).collect();
        let ids: Vec<&[u8]> = entries.iter().map(|append| append.entry.position.id.as_bytes()).collect();
        let texts: Vec<&[u8]> = entries.iter().map(|append| &*append.entry.bytes).collect();
        let values: [&(dyn ToSql + Sync); 10] =
            [&keys, &expect, &bytes, &due, &shard, &waits, &logs, &at, &ids, &texts];
        let replaced = lease.query(&self.0, &values).await?;
        if replaced.len() < swaps.len() {
            return Ok(SwapAll::Conflict);
        }
        Ok(SwapAll::Applied(replaced.iter().map(|row| version(row.get(0))).collect()))
    }
}

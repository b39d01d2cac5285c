use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use tripartite::jobs::{DueOf, DuePage, Row, Shard, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken};

use super::JobsError;
use super::cell::{key, moment, rows, version};
use crate::names::in_schema;
use crate::pool::{Lease, Sent};

pub(super) const GET: &str = "SELECT bytes, due, shard, version FROM tripartite.jobs WHERE key = $1";

const GET_MANY: &str = "SELECT bytes, due, shard, version, key FROM tripartite.jobs WHERE key = ANY($1)";

const CREATE: &str = "
INSERT INTO tripartite.jobs(key, bytes, due, shard, version)
VALUES ($1, $2, $3, $4, nextval('tripartite.versions'))
ON CONFLICT DO NOTHING RETURNING version";

const REPLACE: &str = "
UPDATE tripartite.jobs SET bytes = $2, due = $3, shard = $4, version = nextval('tripartite.versions')
WHERE key = $1 AND version = $5 RETURNING version";

/// Who listens is told of a job that waits. `tableoid` names the table among those of all schemas.
const TOLD: &str = "SELECT version, pg_notify('tripartite_jobs', tableoid::text) FROM swapped";

const DELETE: &str = "DELETE FROM tripartite.jobs WHERE key = $1 AND version = $2 RETURNING version";

/// The lock is of the version that is expected, or the row is passed over. The limit is for the planner, as in `CHAIN`.
const TAKE: &str = "
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::timestamptz[], $5::integer[]) WITH ORDINALITY
    AS asked(key, expect, bytes, due, shard, place) LIMIT cardinality($1)
), free AS (
    SELECT asked.* FROM asked JOIN tripartite.jobs held ON held.key = asked.key AND held.version = asked.expect
    ORDER BY place LIMIT 1 FOR UPDATE OF held SKIP LOCKED
)
UPDATE tripartite.jobs job SET bytes = free.bytes, due = free.due, shard = free.shard,
    version = nextval('tripartite.versions')
FROM free WHERE job.key = free.key RETURNING free.place, job.version";

const DUE: &str = "
SELECT due, key FROM tripartite.jobs WHERE shard = $1 AND due <= $2 AND (due, key) > ($3, $4) ORDER BY due, key LIMIT $5";

const FIRST_DUE: &str = "
SELECT due, key FROM tripartite.jobs WHERE shard = $1 AND due <= $2 ORDER BY due, key LIMIT $3";

const KEYS: &str = "SELECT key FROM tripartite.jobs WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3";

/// The statements on the records of a schema.
#[derive(Debug, Clone)]
pub(super) struct Statements {
    get: String,
    get_many: String,
    create: String,
    replace: String,
    create_told: String,
    replace_told: String,
    delete: String,
    take: String,
    due: String,
    first_due: String,
    keys: String,
}

fn answer(row: Option<&tokio_postgres::Row>) -> Swap {
    row.map_or(Swap::Conflict, |row| Swap::Applied(version(row.get(0))))
}

/// The answers to swaps at some places; those that were not sent are conflicts.
fn answers(len: usize, places: &[usize], rows: &[Vec<tokio_postgres::Row>]) -> Vec<Swap> {
    let mut answers = vec![Swap::Conflict; len];
    for (at, rows) in places.iter().zip(rows) {
        answers[*at] = answer(rows.first());
    }
    answers
}

/// What a swap puts in place of which version, if it does that.
pub(super) fn replaces(swap: &SwapOf) -> Option<(i64, &Row)> {
    Some((i64::try_from(swap.expect?.0).ok()?, swap.next.as_ref()?))
}

/// The same with its key, if it tells nobody who listens.
fn replaces_quietly(swap: &SwapOf) -> Option<(&str, i64, &Row)> {
    let (expect, row) = replaces(swap).filter(|(_, row)| !row.is_waiting_job())?;
    Some((swap.key.as_str(), expect, row))
}

fn listing(rows: &[tokio_postgres::Row], limit: usize) -> Result<DuePage, JobsError> {
    let entry = |row: &tokio_postgres::Row| Ok((row.get(0), key(row.get(1))?));
    let mut keys = rows.iter().map(entry).collect::<Result<Vec<_>, JobsError>>()?;
    let more = keys.len() > limit;
    keys.truncate(limit);
    Ok(DuePage::new(keys, more))
}

fn stored(row: &tokio_postgres::Row) -> Result<Stored, JobsError> {
    let unreadable = |_| JobsError::Unreadable { table: "tripartite.jobs", column: "shard" };
    let shard = u16::try_from(row.get::<_, i32>(2)).map_err(unreadable)?;
    let due: Option<DateTime<Utc>> = row.try_get(1)?;
    Ok(Stored::new(Row::new(row.get(0), Shard(shard)).due(due), version(row.get(3))))
}

impl Statements {
    pub(super) fn of(schema: &str) -> Self {
        let of = |sql| in_schema(schema, sql);
        let told = |sql| format!("WITH swapped AS ({}, tableoid)\n{TOLD}", of(sql));
        Self {
            get: of(GET),
            get_many: of(GET_MANY),
            create: of(CREATE),
            replace: of(REPLACE),
            create_told: told(CREATE),
            replace_told: told(REPLACE),
            delete: of(DELETE),
            take: of(TAKE),
            due: of(DUE),
            first_due: of(FIRST_DUE),
            keys: of(KEYS),
        }
    }

    pub(super) async fn get(&self, lease: &mut Lease, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        lease.first(&self.get, &[&key.as_str()]).await?.map(|row| stored(&row)).transpose()
    }

    pub(super) async fn swap(&self, lease: &mut Lease, swap: &SwapOf) -> Result<Swap, JobsError> {
        let Some(swap) = self.prepared(swap) else { return Ok(Swap::Conflict) };
        Ok(answer(lease.first(&swap.sql, &swap.values()).await?.as_ref()))
    }

    /// The same on a connection or transaction of the host's.
    pub(super) async fn get_on<C: GenericClient + Sync>(
        &self,
        client: &C,
        key: &StoreKey,
    ) -> Result<Option<Stored>, JobsError> {
        client.query_opt(self.get.as_str(), &[&key.as_str()]).await?.map(|row| stored(&row)).transpose()
    }

    pub(super) async fn swap_on<C: GenericClient + Sync>(&self, client: &C, swap: &SwapOf) -> Result<Swap, JobsError> {
        let Some(swap) = self.prepared(swap) else { return Ok(Swap::Conflict) };
        Ok(answer(client.query_opt(swap.sql.as_str(), &swap.values()).await?.as_ref()))
    }

    /// `None` where nothing can be swapped: from no record to none, or from a version that was never given.
    fn prepared<'a>(&self, SwapOf { key, expect, next, .. }: &'a SwapOf) -> Option<Sent<'a>> {
        let expect = expect.map(|version| i64::try_from(version.0)).transpose().ok()?;
        let mut values: Vec<Box<dyn ToSql + Sync + Send + 'a>> = vec![Box::new(key.as_str())];
        if let Some(Row { bytes, due, shard, .. }) = next {
            let row: [Box<dyn ToSql + Sync + Send + 'a>; 3] =
                [Box::new(&**bytes), Box::new(due.map(moment)), Box::new(i32::from(shard.0))];
            values.extend(row);
        }
        let sql = match (expect.is_some(), next.as_ref().map(Row::is_waiting_job)) {
            (false, None) => return None,
            (false, Some(false)) => &self.create,
            (false, Some(true)) => &self.create_told,
            (true, Some(false)) => &self.replace,
            (true, Some(true)) => &self.replace_told,
            (true, None) => &self.delete,
        };
        if let Some(expect) = expect {
            values.push(Box::new(expect));
        }
        Some(Sent { sql: sql.clone(), values })
    }

    /// One statement for what replaces records and tells nobody, as claims do. Anything else is tried one by one.
    pub(super) async fn take(&self, lease: &mut Lease, swaps: &[SwapOf]) -> Result<Option<Taken>, JobsError> {
        let Some(rows) = swaps.iter().map(replaces_quietly).collect::<Option<Vec<_>>>() else {
            for (at, swap) in swaps.iter().enumerate() {
                if let Swap::Applied(version) = self.swap(lease, swap).await? {
                    return Ok(Some(Taken { at, version }));
                }
            }
            return Ok(None);
        };
        let keys: Vec<&str> = rows.iter().map(|(key, ..)| *key).collect();
        let expect: Vec<i64> = rows.iter().map(|(_, expect, _)| *expect).collect();
        let bytes: Vec<&[u8]> = rows.iter().map(|(.., row)| &*row.bytes).collect();
        let due: Vec<_> = rows.iter().map(|(.., row)| row.due.map(moment)).collect();
        let shard: Vec<i32> = rows.iter().map(|(.., row)| i32::from(row.shard.0)).collect();
        let taken = lease.first(&self.take, &[&keys, &expect, &bytes, &due, &shard]).await?;
        Ok(taken.map(|row| {
            let at = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
            Taken { at, version: version(row.get(1)) }
        }))
    }

    /// All in one transaction, so that the disk is waited for once.
    pub(super) async fn swap_many(&self, lease: &mut Lease, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let (places, sent) = self.in_key_order(swaps);
        if sent.is_empty() {
            return Ok(vec![Swap::Conflict; swaps.len()]);
        }
        let rows = lease.begin_with("BEGIN", &sent).await?;
        lease.end("COMMIT").await?;
        Ok(answers(swaps.len(), &places, &rows))
    }

    /// What is not one statement is one transaction, which a conflict takes back.
    pub(super) async fn swap_all(
        &self,
        lease: &mut Lease,
        swaps: &[SwapOf],
        entries: Vec<Sent<'_>>,
    ) -> Result<SwapAll, JobsError> {
        let (places, mut sent) = self.in_key_order(swaps);
        sent.extend(entries);
        if places.len() < swaps.len() || sent.is_empty() {
            return Ok(SwapAll::Conflict);
        }
        let rows = lease.begin_with("BEGIN", &sent).await?;
        let applied = answers(swaps.len(), &places, &rows).into_iter().map(|answer| match answer {
            Swap::Applied(version) => Some(version),
            Swap::Conflict => None,
        });
        let Some(versions) = applied.collect() else {
            lease.end("ROLLBACK").await?;
            return Ok(SwapAll::Conflict);
        };
        lease.end("COMMIT").await?;
        Ok(SwapAll::Applied(versions))
    }

    /// The swaps in the order of their keys, each with its place: so two transactions never wait for each other.
    fn in_key_order<'a>(&'a self, swaps: &'a [SwapOf]) -> (Vec<usize>, Vec<Sent<'a>>) {
        let mut order: Vec<usize> = (0..swaps.len()).collect();
        order.sort_by_key(|&at| &swaps[at].key);
        let swap = |at: usize| Some((at, self.prepared(&swaps[at])?));
        order.into_iter().filter_map(swap).unzip()
    }

    pub(super) async fn get_many(
        &self,
        lease: &mut Lease,
        keys: &[StoreKey],
    ) -> Result<Vec<Option<Stored>>, JobsError> {
        let asked: Vec<&str> = keys.iter().map(StoreKey::as_str).collect();
        let mut found = BTreeMap::new();
        for row in lease.query(&self.get_many, &[&asked]).await? {
            found.insert(row.get::<_, String>(4), stored(&row)?);
        }
        Ok(asked.into_iter().map(|key| found.get(key).cloned()).collect())
    }

    pub(super) async fn due_many(&self, lease: &mut Lease, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        let asked: Vec<_> = pages.iter().map(|page| self.asked(page)).collect();
        let listed = lease.send(&asked).await?;
        listed.iter().zip(pages).map(|(rows, page)| listing(rows, page.limit)).collect()
    }

    fn asked(&self, page: &DueOf) -> Sent<'static> {
        let DueOf { shard, until, after, limit, .. } = page;
        let mut values: Vec<Box<dyn ToSql + Sync + Send>> =
            vec![Box::new(i32::from(shard.0)), Box::new(moment(*until))];
        let sql = match after {
            Some((at, key)) => {
                values.push(Box::new(moment(*at)));
                values.push(Box::new(key.as_str().to_owned()));
                &self.due
            }
            None => &self.first_due,
        };
        // One more than asked for says whether there are more.
        values.push(Box::new(rows(limit.saturating_add(1))));
        Sent { sql: sql.clone(), values }
    }

    pub(super) async fn keys(
        &self,
        lease: &mut Lease,
        under: &StoreKey,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoreKey>, JobsError> {
        let first = format!("{}/", under.as_str());
        // `0` comes right behind `/`.
        let end = format!("{}0", under.as_str());
        let after = after.map_or(first.as_str(), |after| after.as_str().max(&first));
        let found = lease.query(&self.keys, &[&after, &end, &rows(limit)]).await?;
        found.iter().map(|row| key(row.get(0))).collect()
    }
}

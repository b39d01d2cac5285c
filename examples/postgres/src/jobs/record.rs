use chrono::{DateTime, Utc};
use tokio_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use tripartite::jobs::{DuePage, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version};

use super::JobsError;
use super::cell::{key, moment, rows, version};
use crate::names::in_schema;
use crate::pipeline::in_order;
use crate::pool::Lease;

pub(super) const GET: &str = "SELECT bytes, due, shard, version FROM tripartite.jobs WHERE key = $1";

const CREATE: &str = "
INSERT INTO tripartite.jobs(key, bytes, due, shard, version)
VALUES ($1, $2, $3, $4, nextval('tripartite.versions'))
ON CONFLICT DO NOTHING RETURNING version";

const REPLACE: &str = "
UPDATE tripartite.jobs SET bytes = $2, due = $3, shard = $4, version = nextval('tripartite.versions')
WHERE key = $1 AND version = $5 RETURNING version";

const DELETE: &str = "DELETE FROM tripartite.jobs WHERE key = $1 AND version = $2 RETURNING version";

const DUE: &str = "
SELECT due, key FROM tripartite.jobs WHERE shard = $1 AND due <= $2 AND (due, key) > ($3, $4) ORDER BY due, key LIMIT $5";

const FIRST_DUE: &str = "
SELECT due, key FROM tripartite.jobs WHERE shard = $1 AND due <= $2 ORDER BY due, key LIMIT $3";

const KEYS: &str = "SELECT key FROM tripartite.jobs WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3";

/// The statements on the records of a schema.
#[derive(Debug, Clone)]
pub(super) struct Statements {
    get: String,
    create: String,
    replace: String,
    delete: String,
    due: String,
    first_due: String,
    keys: String,
}

/// A swap as a statement and its values.
struct Prepared<'a> {
    sql: &'a str,
    values: Vec<Box<dyn ToSql + Sync + Send + 'a>>,
}

impl Prepared<'_> {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

fn answer(row: Option<&tokio_postgres::Row>) -> Swap {
    row.map_or(Swap::Conflict, |row| Swap::Applied(version(row.get(0))))
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
        Self {
            get: of(GET),
            create: of(CREATE),
            replace: of(REPLACE),
            delete: of(DELETE),
            due: of(DUE),
            first_due: of(FIRST_DUE),
            keys: of(KEYS),
        }
    }

    pub(super) async fn get(&self, lease: &mut Lease, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        lease.first(&self.get, &[&key.as_str()]).await?.map(|row| stored(&row)).transpose()
    }

    pub(super) async fn swap(
        &self,
        lease: &mut Lease,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> Result<Swap, JobsError> {
        let Some(swap) = self.prepared(key, expect, next) else { return Ok(Swap::Conflict) };
        Ok(answer(lease.first(swap.sql, &swap.values()).await?.as_ref()))
    }

    /// The same on a connection or transaction of the host's.
    pub(super) async fn get_on<C: GenericClient + Sync>(
        &self,
        client: &C,
        key: &StoreKey,
    ) -> Result<Option<Stored>, JobsError> {
        client.query_opt(self.get.as_str(), &[&key.as_str()]).await?.map(|row| stored(&row)).transpose()
    }

    pub(super) async fn swap_on<C: GenericClient + Sync>(
        &self,
        client: &C,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> Result<Swap, JobsError> {
        let Some(swap) = self.prepared(key, expect, next) else { return Ok(Swap::Conflict) };
        Ok(answer(client.query_opt(swap.sql, &swap.values()).await?.as_ref()))
    }

    /// `None` where nothing can be swapped: from no record to none, or from a version that was never given.
    fn prepared<'a>(
        &'a self,
        key: &'a StoreKey,
        expect: Option<Version>,
        next: Option<&'a Row>,
    ) -> Option<Prepared<'a>> {
        let expect = expect.map(|version| i64::try_from(version.0)).transpose().ok()?;
        let mut values: Vec<Box<dyn ToSql + Sync + Send + 'a>> = vec![Box::new(key.as_str())];
        if let Some(Row { bytes, due, shard, .. }) = next {
            let row: [Box<dyn ToSql + Sync + Send + 'a>; 3] =
                [Box::new(&**bytes), Box::new(due.map(moment)), Box::new(i32::from(shard.0))];
            values.extend(row);
        }
        let sql = match (expect.is_some(), next.is_some()) {
            (false, false) => return None,
            (false, true) => &self.create,
            (true, true) => &self.replace,
            (true, false) => &self.delete,
        };
        if let Some(expect) = expect {
            values.push(Box::new(expect));
        }
        Some(Prepared { sql, values })
    }

    /// All in one transaction, so that the disk is waited for once. The keys are locked in their order, so that two batches
    /// never wait for each other.
    pub(super) async fn swap_many(&self, lease: &mut Lease, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let mut order: Vec<usize> = (0..swaps.len()).collect();
        order.sort_by_key(|&at| &swaps[at].key);
        let mut sent = Vec::with_capacity(swaps.len());
        for at in order {
            let SwapOf { key, expect, next, .. } = &swaps[at];
            if let Some(swap) = self.prepared(key, *expect, next.as_ref()) {
                sent.push((at, lease.statement(swap.sql).await?, swap));
            }
        }
        if sent.is_empty() {
            return Ok(vec![Swap::Conflict; swaps.len()]);
        }
        lease.begin("BEGIN").await?;
        let client = lease.client();
        // They are sent in this order, without waiting for each other's answers.
        let asked = sent.iter().map(async |(_, statement, swap)| client.query_opt(statement, &swap.values()).await);
        let rows = in_order(asked).await?;
        lease.end("COMMIT").await?;
        let mut answers = vec![Swap::Conflict; swaps.len()];
        for ((at, ..), row) in sent.iter().zip(&rows) {
            answers[*at] = answer(row.as_ref());
        }
        Ok(answers)
    }

    pub(super) async fn due(
        &self,
        lease: &mut Lease,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> Result<DuePage, JobsError> {
        let (shard, until) = (i32::from(shard.0), moment(until));
        // One more than asked for says whether there are more.
        let most = rows(limit.saturating_add(1));
        let listed = match after {
            Some((at, key)) => lease.query(&self.due, &[&shard, &until, &moment(*at), &key.as_str(), &most]).await?,
            None => lease.query(&self.first_due, &[&shard, &until, &most]).await?,
        };
        let mut keys =
            listed.iter().map(|row| Ok((row.get(0), key(row.get(1))?))).collect::<Result<Vec<_>, JobsError>>()?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        Ok(DuePage::new(keys, more))
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

//! Candidates: who here a record of the source could be, found by an index of match keys.
//!
//! People edit the members with any SQL client, so the index cannot be written where the members are. Triggers mark which
//! rows changed; a load that looks for somebody makes their keys first, and only then asks.
//!
//! | table | what it holds |
//! |---|---|
//! | `tripartite.keys` | each row's keys, one for each rule whose fields it has all |
//! | `tripartite.unkeyed` | the rows that changed since their keys were made |
//! | `tripartite.ruled_out` | of whom a person has said that they are not one |
//!
//! Keys are as sensitive as what they are made of: a hash of an address is found again by whoever guesses the address.
//!
//! **What of a row that is changed meanwhile?** Whoever changes it holds its mark until their transaction ends, and keys are
//! made only of rows whose mark can be taken. A load reads the marks of its own moment, and makes the keys of those rows
//! itself. So it needs no right to write, but many marks make it slow.
//!
//! **And a dry run?** It may write nothing, so it makes the keys of the rows that are marked, or of all if they were made by other
//! rules, into memory, once. What somebody changes while it lasts, it need not see.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_postgres::Row;
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{FEW, MatchKey, MatchRules};
use tripartite::schema::Schema;
use tripartite::store::{Candidate, CandidateQuery, Presence};
use tripartite::value::Record;

use super::host::MARK_ALL;
use super::index::Known;
use super::layout::Layout;
use super::load::row_of;
use super::tables::Tables;
use super::{StoreError, database};
use crate::pool::Lease;

/// So many rows get their keys in one transaction, so that nobody waits long for another.
const AT_ONCE: usize = 1000;

/// What the keys were made by is stored as this.
const VERSION: &str = "keys";

/// Held by every batch while it looks whether the register has match keys, and until it ends.
pub(super) const SHARED: &str =
    "SELECT pg_advisory_xact_lock_shared('tripartite.registers'::regclass::oid::integer, {n})";

/// Held by whoever begins the keys anew: it waits for the batches that marked nothing.
const ALONE: &str = "SELECT pg_advisory_xact_lock('tripartite.registers'::regclass::oid::integer, {n})";

const MARKED: &str = "
SELECT local FROM tripartite.unkeyed WHERE register = {n} ORDER BY local LIMIT $1 FOR UPDATE SKIP LOCKED";

const REPLACED: [&str; 2] = [
    "DELETE FROM tripartite.keys d USING unnest($1::text[]) AS w(local) CROSS JOIN LATERAL (
        SELECT k.ctid FROM tripartite.keys k WHERE k.register = {n} AND k.local = w.local COLLATE \"C\" OFFSET 0
    ) k WHERE d.ctid = k.ctid",
    "DELETE FROM tripartite.unkeyed d USING unnest($1::text[]) AS w(local) CROSS JOIN LATERAL (
        SELECT k.ctid FROM tripartite.unkeyed k WHERE k.register = {n} AND k.local = w.local COLLATE \"C\" OFFSET 0
    ) k WHERE d.ctid = k.ctid",
];

const KEYED: &str = "
INSERT INTO tripartite.keys(register, key, local)
SELECT {n}, u.key, u.local FROM unnest($1::bytea[], $2::text[]) AS u(key, local) ON CONFLICT DO NOTHING";

/// Those who have one of the keys, of each key at most one more than can name somebody.
const FOUND: &str = "
SELECT f.local FROM unnest($1::bytea[]) AS w(key) CROSS JOIN LATERAL (
    SELECT k.local FROM tripartite.keys k WHERE k.register = {n} AND k.key = w.key ORDER BY k.local LIMIT $2
) f";

/// And those who are marked.
const OR_MARKED: &str = " UNION SELECT local FROM tripartite.unkeyed WHERE register = {n}";

const ALL_MARKED: &str = "
SELECT local FROM tripartite.unkeyed WHERE register = {n} AND local > $1 ORDER BY local LIMIT $2";

const ALL_ROWS: &str = "
SELECT m.{key}::text FROM {records} m WHERE $1 = '' OR m.{key} > nullif($1, '')::{key_type} ORDER BY m.{key} LIMIT $2";

/// Before the columns of the fields.
const COLUMNS: &str = "
SELECT w.local, {is_active}, m.{revision}, l.removed, l.deactivated, l.missed, l.synced, l.seen, l.policy,
    m.{external_id}::text, (SELECT array_agg(r.external_id ORDER BY r.external_id) FROM tripartite.ruled_out r
    WHERE r.register = {n} AND r.local = w.local COLLATE \"C\")";

const FIELDS: usize = 11;

const WANTED: &str = "
FROM unnest($1::text[]) AS w(local)
CROSS JOIN LATERAL (SELECT * FROM {records} m WHERE m.{key} = w.local::{key_type} OFFSET 0) m
LEFT JOIN LATERAL (
    SELECT * FROM tripartite.links l WHERE l.register = {n} AND l.external_id = {id} OFFSET 0
) l ON true";

/// How a register's rows are read.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) tables: &'a Tables,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
}

/// Keys that are not stored, each with a row that has it, in order.
#[derive(Debug)]
pub(super) struct Aside {
    version: String,
    keys: Vec<(MatchKey, Box<str>)>,
}

impl Aside {
    /// The keys of all rows whose stored keys are not those of the rules; `known`, where they were made already.
    pub(super) async fn of(
        lease: &mut Lease,
        rows: Rows<'_>,
        rules: &MatchRules,
        known: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, StoreError> {
        let (tables, version) = (rows.tables, rules.version().to_string());
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let stored = database::setting(lease, tables.schema(), tables.number(), VERSION).await?;
        let sql = tables.sql(if stored.as_deref() == Some(&version) { ALL_MARKED } else { ALL_ROWS });
        let (mut last, mut keys) = (String::new(), Vec::new());
        loop {
            let some = lease.query(&sql, &[&last, &(AT_ONCE as i64)]).await?;
            let locals: Vec<String> = some.iter().map(|row| row.get(0)).collect();
            let Some(end) = locals.last() else { break };
            last.clone_from(end);
            for (row, record) in read(lease, rows, &locals).await? {
                keys.extend(rules.keys(&record).into_iter().map(|key| (key, Box::from(row.get::<_, &str>(0)))));
            }
        }
        keys.sort_unstable();
        Ok(Arc::new(Self { version, keys }))
    }

    /// The rows that have a key, at most so many.
    fn having<'k>(&'k self, key: &'k MatchKey, most: usize) -> impl Iterator<Item = &'k str> {
        let first = self.keys.partition_point(|(known, _)| known < key);
        self.keys[first..].iter().take_while(move |(known, _)| known == key).take(most).map(|(_, local)| &**local)
    }
}

/// Makes the keys of all rows that are marked, but for those that somebody is changing.
pub(super) async fn refresh(lease: &mut Lease, rows: Rows<'_>, rules: &MatchRules) -> Result<(), StoreError> {
    let (tables, version) = (rows.tables, rules.version().to_string());
    let known = database::setting(lease, tables.schema(), tables.number(), VERSION).await?;
    if known.as_deref() != Some(&version) {
        begin_anew(lease, tables, &version).await?;
    }
    let any = tables.sql("SELECT FROM tripartite.unkeyed WHERE register = {n} LIMIT 1");
    while lease.first(&any, &[]).await?.is_some() {
        lease.begin("BEGIN").await?;
        let done = make(lease, rows, rules).await?;
        lease.end("COMMIT").await?;
        if done < AT_ONCE {
            break;
        }
    }
    Ok(())
}

/// Other rules make other keys of every row.
async fn begin_anew(lease: &mut Lease, tables: &Tables, version: &str) -> Result<(), StoreError> {
    lease.begin("BEGIN").await?;
    lease.batch(&tables.sql(ALONE)).await?;
    database::remember(lease, tables.schema(), tables.number(), VERSION, version).await?;
    lease.batch(&tables.sql("DELETE FROM tripartite.keys WHERE register = {n}")).await?;
    lease.batch(&tables.sql(MARK_ALL)).await?;
    Ok(lease.end("COMMIT").await?)
}

/// Makes the keys of some rows, and answers how many.
async fn make(lease: &mut Lease, rows: Rows<'_>, rules: &MatchRules) -> Result<usize, StoreError> {
    let marked = lease.query(&rows.tables.sql(MARKED), &[&(AT_ONCE as i64)]).await?;
    let locals: Vec<String> = marked.iter().map(|row| row.get(0)).collect();
    if locals.is_empty() {
        return Ok(0);
    }
    let (mut keys, mut whose) = (Vec::new(), Vec::new());
    for (row, record) in read(lease, rows, &locals).await? {
        for key in rules.keys(&record) {
            keys.push(key.to_bytes().to_vec());
            whose.push(row.get::<_, String>(0));
        }
    }
    for sql in REPLACED {
        lease.execute(&rows.tables.sql(sql), &[&locals]).await?;
    }
    lease.execute(&rows.tables.sql(KEYED), &[&keys, &whose]).await?;
    Ok(locals.len())
}

/// The rows that have one of the keys; of those that share one with many, some.
pub(super) async fn candidates(
    lease: &mut Lease,
    rows: Rows<'_>,
    near: &CandidateQuery,
    aside: Option<&Aside>,
) -> Result<Vec<Candidate>, StoreError> {
    let keys: Vec<Vec<u8>> = near.keys.iter().map(|key| key.to_bytes().to_vec()).collect();
    let most = i64::try_from(FEW + 1).unwrap_or(i64::MAX);
    let marked = if aside.is_some() { "" } else { OR_MARKED };
    let found = lease.query(&rows.tables.sql(&[FOUND, marked].concat()), &[&keys, &most]).await?;
    let mut locals: BTreeSet<String> = found.iter().map(|row| row.get(0)).collect();
    if let Some(aside) = aside {
        locals.extend(near.keys.iter().flat_map(|key| aside.having(key, FEW + 1)).map(str::to_owned));
    }
    let locals = Vec::from_iter(locals);
    let wanted: BTreeSet<&MatchKey> = near.keys.iter().collect();
    let mut candidates = Vec::new();
    for (row, record) in read(lease, rows, &locals).await? {
        if near.rules.keys(&record).iter().any(|key| wanted.contains(key)) {
            candidates.extend(candidate(&row, record));
        }
    }
    Ok(candidates)
}

/// The rows of these keys. One that no record can hold has no match keys, and is nobody's candidate.
async fn read(
    lease: &mut Lease,
    Rows { tables, layout, schema }: Rows<'_>,
    locals: &[String],
) -> Result<Vec<(Row, Record)>, StoreError> {
    if locals.is_empty() {
        return Ok(Vec::new());
    }
    let sql = tables.sql(COLUMNS) + &layout.selected() + &tables.sql(WANTED);
    let rows = lease.query(&sql, &[&locals]).await?;
    let read = |row: Row| row_of(layout, schema, &row, FIELDS).map(|record| (row, record));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// A row whose external id no source can have, such as one with a line break behind it, is neither linked nor free. It is
/// never linked unasked, like one that a user removed: a person sees whom it could be, and mends the id.
fn candidate(row: &Row, record: Record) -> Option<Candidate> {
    let id: Option<&str> = row.get(9);
    let linked = id.and_then(|id| ExternalId::new(id).ok());
    let local = LocalId::new(row.get::<_, &str>(0)).ok()?;
    let known = Known::of(row, 1);
    let presence = match known.presence {
        Presence::Active if linked.is_none() && id.is_some() => Presence::Removed,
        presence => presence,
    };
    let is_not = row.get::<_, Option<Vec<String>>>(10).unwrap_or_default();
    let is_not = is_not.iter().filter_map(|id| ExternalId::new(id).ok()).collect();
    Some(Candidate::new(local, known.revision, record).presence(presence).linked(linked).is_not(is_not))
}

//! Candidates: who here a record of the source could be, found by an index of match keys.
//!
//! People edit the members with any SQL client, so the index cannot be written where the members are. Triggers note
//! which rows moved; a load that looks for somebody reckons their keys first, and only then asks.
//!
//! | table | what it holds |
//! |---|---|
//! | `tripartite_keys` | each row's keys, one for each rule whose fields it has all |
//! | `tripartite_unkeyed` | the rows that moved since their keys were reckoned |
//! | `tripartite_not` | of whom a person has said that they are not one |
//!
//! Keys are as sensitive as what they are made of: a hash of an address is found again by whoever guesses the address.
//!
//! They are made when they are first needed. Nothing moved: one look into an empty table. Other rules, or another version
//! of the crate: every row is reckoned anew, so many at a time.
//!
//! **And a dry run?** It may write nothing, so where rows have moved it reckons all keys into a database of its own, which
//! is gone when it is closed.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{FEW, MatchKey, MatchRules};
use tripartite::schema::Schema;
use tripartite::store::{Candidate, CandidateQuery, Presence};
use tripartite::value::Record;
use tripartite_sql::quoted;

use super::fence::Fence;
use super::layout::Layout;
use super::load::row_of;
use super::names::Names;
use super::tables::remembering;
use super::{StoreError, begin_on, database, index};

/// So many rows are reckoned in one transaction, so that nobody waits long for another.
const AT_ONCE: usize = 1000;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS {tripartite_keys}(
    key BLOB NOT NULL,
    local_id INTEGER NOT NULL,
    PRIMARY KEY(key, local_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS {tripartite_keys_of} ON {tripartite_keys}(local_id);
CREATE TABLE IF NOT EXISTS {tripartite_unkeyed}(local_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS {tripartite_not}(
    local_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY(local_id, external_id)
) STRICT, WITHOUT ROWID;
";

/// What follows each change of a row. A client's own conflict clause would reach into a trigger, hence no `OR IGNORE`. A
/// row that is entered is nobody of whom something was said, also where it takes the number of one that is gone.
const TRIGGERS: &str = "
CREATE TRIGGER IF NOT EXISTS {members_keys_entered} AFTER INSERT ON {members}
BEGIN
    INSERT INTO {tripartite_unkeyed} SELECT NEW.{local_id}
    WHERE NOT EXISTS (SELECT 1 FROM {tripartite_unkeyed} WHERE local_id = NEW.{local_id});
    DELETE FROM {tripartite_not} WHERE local_id = NEW.{local_id};
END;
CREATE TRIGGER IF NOT EXISTS {members_keys_updated} AFTER UPDATE ON {members}
BEGIN
    INSERT INTO {tripartite_unkeyed} SELECT NEW.{local_id}
    WHERE NOT EXISTS (SELECT 1 FROM {tripartite_unkeyed} WHERE local_id = NEW.{local_id});
END;
CREATE TRIGGER IF NOT EXISTS {members_keys_moved} AFTER UPDATE OF {local_id} ON {members} WHEN NEW.{local_id} <> OLD.{local_id}
BEGIN
    DELETE FROM {tripartite_keys} WHERE local_id = OLD.{local_id};
    DELETE FROM {tripartite_not} WHERE local_id = OLD.{local_id};
END;
CREATE TRIGGER IF NOT EXISTS {members_keys_deleted} AFTER DELETE ON {members}
BEGIN
    DELETE FROM {tripartite_keys} WHERE local_id = OLD.{local_id};
    DELETE FROM {tripartite_not} WHERE local_id = OLD.{local_id};
END;
";

/// The names of the triggers.
pub(super) fn triggers() -> impl Iterator<Item = &'static str> {
    ["members_keys_entered", "members_keys_updated", "members_keys_moved", "members_keys_deleted"].into_iter()
}

/// What the keys were reckoned by.
const VERSION: &str = "keys";

/// The keys of a run that may not write.
const ASIDE: &str = "
DROP TABLE IF EXISTS keys;
CREATE TABLE keys(key BLOB NOT NULL, local_id INTEGER NOT NULL, PRIMARY KEY(key, local_id)) STRICT, WITHOUT ROWID";

/// A database of its own for the keys, and what the members were when they were reckoned.
#[derive(Debug)]
pub(super) struct Aside {
    conn: Connection,
    moment: (i64, String),
}

/// How a register's rows are read.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) names: &'a Names,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
}

/// A transaction in which the keys are those of the rows.
pub(super) fn fresh<'c>(
    conn: &'c Connection,
    fence: Option<&Fence>,
    rows: Rows<'_>,
    rules: &MatchRules,
) -> Result<Transaction<'c>, StoreError> {
    let version = rules.version().to_string();
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
    if is_fresh(&tx, rows.names, &version)? {
        return Ok(tx);
    }
    drop(tx);
    loop {
        let tx = begin_on(conn, fence)?;
        if known(&tx, rows.names)?.as_deref() != Some(&version) {
            begin_anew(&tx, rows.names, &version)?;
        }
        if reckon(&tx, rows, rules)? < AT_ONCE {
            return Ok(tx);
        }
        tx.commit()?;
    }
}

fn is_fresh(conn: &Connection, names: &Names, version: &str) -> Result<bool, StoreError> {
    if known(conn, names)?.as_deref() != Some(version) {
        return Ok(false);
    }
    Ok(!conn.prepare_cached(&names.sql("SELECT 1 FROM {tripartite_unkeyed} LIMIT 1"))?.exists([])?)
}

fn known(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let sql = names.sql("SELECT value FROM {tripartite_meta} WHERE key = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([VERSION], |row| row.get(0)).optional()?)
}

fn begin_anew(tx: &Connection, names: &Names, version: &str) -> Result<(), StoreError> {
    tables(tx, names)?;
    tx.execute_batch(&names.sql(
        "DELETE FROM {tripartite_keys}; DELETE FROM {tripartite_unkeyed};
         INSERT INTO {tripartite_unkeyed} SELECT {local_id} FROM {members};",
    ))?;
    Ok(tx.execute_batch(&remembering(names, VERSION, version))?)
}

/// Makes the tables, where they are not there yet.
pub(super) fn tables(tx: &Connection, names: &Names) -> Result<(), StoreError> {
    tx.execute_batch(&names.sql(TABLES))?;
    Ok(tx.execute_batch(&names.sql(TRIGGERS))?)
}

/// Reckons the keys of some rows that moved, and answers how many.
fn reckon(tx: &Connection, rows: Rows<'_>, rules: &MatchRules) -> Result<usize, StoreError> {
    let names = rows.names;
    let sql = names.sql("SELECT local_id FROM {tripartite_unkeyed} ORDER BY local_id LIMIT ?1");
    let moved: Vec<i64> =
        tx.prepare_cached(&sql)?.query_map([AT_ONCE as i64], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let Some(last) = moved.last() else { return Ok(0) };
    let mut keys: BTreeMap<i64, Vec<[u8; 16]>> = BTreeMap::new();
    each(tx, rows, &moved, |row, record| {
        keys.insert(row.get(0)?, rules.keys(record).into_iter().map(MatchKey::to_bytes).collect());
        Ok(())
    })?;
    for local in &moved {
        rekey(tx, names, *local, keys.get(local).map_or(&[], Vec::as_slice))?;
    }
    // They were the first of all.
    tx.prepare_cached(&names.sql("DELETE FROM {tripartite_unkeyed} WHERE local_id <= ?1"))?.execute([last])?;
    Ok(moved.len())
}

/// Most changes of a row, such as a link, are none of its keys.
fn rekey(tx: &Connection, names: &Names, local: i64, keys: &[[u8; 16]]) -> Result<(), StoreError> {
    let known = names.sql("SELECT key FROM {tripartite_keys} WHERE local_id = ?1 ORDER BY key");
    let mut known = tx.prepare_cached(&known)?;
    let known: Vec<[u8; 16]> = known.query_map([local], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut keys = keys.to_vec();
    keys.dedup();
    if known == keys {
        return Ok(());
    }
    tx.prepare_cached(&names.sql("DELETE FROM {tripartite_keys} WHERE local_id = ?1"))?.execute([local])?;
    let mut insert = tx.prepare_cached(&names.sql("INSERT INTO {tripartite_keys}(key, local_id) VALUES (?1, ?2)"))?;
    for key in keys {
        insert.execute(params![key, local])?;
    }
    Ok(())
}

/// The keys of all rows, for one that may not write; they stay while nobody else writes.
pub(super) fn aside(
    conn: &Connection,
    rows: Rows<'_>,
    rules: &MatchRules,
    kept: &mut Option<Aside>,
) -> Result<(), StoreError> {
    let data: i64 = conn.query_row("PRAGMA data_version", [], |row| row.get(0))?;
    let moment = (data, rules.version().to_string());
    if kept.as_ref().is_some_and(|kept| kept.moment == moment) {
        return Ok(());
    }
    // Without a name, it is a file that nobody sees.
    let beside = match kept.take() {
        Some(kept) => kept.conn,
        None => Connection::open("")?,
    };
    beside.execute_batch(ASIDE)?;
    let tx = Transaction::new_unchecked(&beside, TransactionBehavior::Deferred)?;
    let mut last = i64::MIN;
    let sql = rows.names.sql("SELECT {local_id} FROM {members} WHERE {local_id} > ?1 ORDER BY {local_id} LIMIT ?2");
    loop {
        let mut statement = conn.prepare_cached(&sql)?;
        let some = statement.query_map(params![last, AT_ONCE as i64], |row| row.get(0))?;
        let some: Vec<i64> = some.collect::<Result<_, _>>()?;
        let Some(end) = some.last() else { break };
        last = *end;
        let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO keys(key, local_id) VALUES (?1, ?2)")?;
        each(conn, rows, &some, |row, record| {
            for key in rules.keys(record) {
                insert.execute(params![key.to_bytes(), row.get::<_, i64>(0)?])?;
            }
            Ok(())
        })?;
    }
    tx.commit()?;
    *kept = Some(Aside { conn: beside, moment });
    Ok(())
}

/// The rows that have one of the keys; of those that share one with many, some.
pub(super) fn candidates(
    conn: &Connection,
    rows: Rows<'_>,
    near: &CandidateQuery,
    kept: Option<&Aside>,
) -> Result<Vec<Candidate>, StoreError> {
    let found = match kept {
        Some(kept) => locals(&kept.conn, "keys", &near.keys)?,
        None => locals(conn, &rows.names.sql("{tripartite_keys}"), &near.keys)?,
    };
    let mut candidates = Vec::new();
    each(conn, rows, &found, |row, record| {
        candidates.extend(candidate(row, record)?);
        Ok(())
    })?;
    ruled_out(conn, rows.names, &found, &mut candidates)?;
    Ok(candidates)
}

fn locals(conn: &Connection, table: &str, keys: &[MatchKey]) -> Result<Vec<i64>, StoreError> {
    let hex = |key: &MatchKey| key.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let keys = serde_json::to_string(&keys.iter().map(hex).collect::<Vec<_>>()).unwrap_or_default();
    // A key that more than a few have names nobody, and one more than a few show that.
    let last =
        format!("SELECT local_id FROM {table} WHERE key = unhex(j.value) ORDER BY local_id LIMIT 1 OFFSET {FEW}");
    let sql = format!(
        "SELECT DISTINCT k.local_id FROM json_each(?1) j CROSS JOIN {table} k
         ON k.key = unhex(j.value) AND k.local_id <= ifnull(({last}), {most})",
        most = i64::MAX
    );
    Ok(conn.prepare_cached(&sql)?.query_map([keys], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The columns before those of the fields.
const COLUMNS: &str = "m.{local_id}, m.{external_id}, m.{active}, m.{revision}, l.deactivated";
const FIELDS: usize = 5;

/// Hands out rows with their fields. One that no record can hold has no keys, and is nobody's candidate.
fn each(
    conn: &Connection,
    Rows { names, layout, schema }: Rows<'_>,
    locals: &[i64],
    mut work: impl FnMut(&Row<'_>, &Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut sql = format!("SELECT {}", names.sql(COLUMNS));
    for column in &layout.columns {
        sql.push_str(", ");
        sql.push_str(&column.as_ref().map_or("NULL".to_owned(), |column| format!("m.{}", quoted(column, '"'))));
    }
    sql.push_str(&names.sql(
        " FROM json_each(?1) j JOIN {members} m ON m.{local_id} = j.value
        LEFT JOIN {tripartite_links} l ON l.external_id = m.{external_id}",
    ));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([serde_json::to_string(locals).unwrap_or_default()])?;
    while let Some(row) = rows.next()? {
        if let Some(record) = row_of(schema, row, FIELDS)? {
            work(row, &record)?;
        }
    }
    Ok(())
}

/// A row whose external id no source can have, such as one with a line break behind it, is neither linked nor free. It is
/// never linked unasked, like one that a user removed: a person sees whom it could be, and mends the id.
fn candidate(row: &Row<'_>, record: &Record) -> Result<Option<Candidate>, StoreError> {
    let id = row.get_ref(1)?;
    let linked = id.as_str().ok().and_then(|id| ExternalId::new(id).ok());
    let mistaken = linked.is_none() && id != rusqlite::types::ValueRef::Null;
    // A number is an id.
    let Ok(local) = LocalId::new(row.get::<_, i64>(0)?.to_string()) else { return Ok(None) };
    let presence = match index::presence(row.get_ref(2)?.as_i64().unwrap_or(1), row.get(4)?) {
        Presence::Active if mistaken => Presence::Removed,
        presence => presence,
    };
    let (revision, record) = (index::revision(row, 3)?, record.clone());
    Ok(Some(Candidate::new(local, revision, record).presence(presence).linked(linked)))
}

fn ruled_out(conn: &Connection, names: &Names, found: &[i64], candidates: &mut [Candidate]) -> Result<(), StoreError> {
    if !database::has_table(conn, &names.table("tripartite_not"))? {
        return Ok(());
    }
    let sql = names
        .sql("SELECT n.local_id, n.external_id FROM json_each(?1) j JOIN {tripartite_not} n ON n.local_id = j.value");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([serde_json::to_string(found).unwrap_or_default()])?;
    while let Some(row) = rows.next()? {
        let (local, id) = (row.get::<_, i64>(0)?.to_string(), ExternalId::new(row.get::<_, String>(1)?));
        let of = candidates.iter_mut().filter(|candidate| candidate.local.as_str() == local);
        of.for_each(|candidate| candidate.is_not.extend(id.clone()));
    }
    Ok(())
}

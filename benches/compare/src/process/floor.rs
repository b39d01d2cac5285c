//! The least that could be done: programs that know their struct, decide nothing, and remember nothing.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use rusqlite::{Connection, Statement, params};
use serde::{Deserialize, Serialize};
use tripartite::run::BATCH;
use tripartite_sql::Settings;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

/// A line of the listing.
#[derive(Deserialize)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) date_of_birth: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) address: String,
}

/// Reads a listing line by line, each into a struct of owned texts; answers with the length of all ids, so that nothing
/// is left out.
pub(crate) fn read(listing: &Path) -> Result<usize, String> {
    let mut length = 0;
    each(listing, |member| {
        length += member.id.len();
        Ok(())
    })?;
    Ok(length)
}

/// Bulk insert of the members alone, into a table as the host's.
pub(crate) fn members(listing: &Path, db: &Path) -> Result<(), String> {
    let table = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE members(
        local_id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, active INTEGER NOT NULL DEFAULT 1,
        revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
        first_name TEXT, last_name TEXT, date_of_birth TEXT, email TEXT, phone TEXT, address TEXT)";
    let conn = Connection::open(db).and_then(|conn| conn.execute_batch(table).map(|()| conn)).map_err(told)?;
    let mut statement = conn.prepare(MEMBER).map_err(told)?;
    in_batches(&conn, listing, |member| insert_member(&mut statement, member).map_err(told))
}

/// Bulk insert of every row that the host's first import leaves behind, into the host's own tables.
pub(crate) fn rows(listing: &Path, db: &Path, schema: &Path) -> Result<(), String> {
    let text = fs::read_to_string(schema).map_err(told)?;
    let settings = Settings { schema: serde_json::from_str(&text).map_err(told)?, id_field: "id".to_owned() };
    let store = Database::open(db, Access::Write).and_then(|database| SqliteStore::new(database, settings));
    let mut done = Ok(());
    let work = |conn: &Connection| {
        done = all_rows(conn, listing);
        Ok(())
    };
    store.and_then(|store| store.with(work)).map_err(told)?;
    done
}

fn all_rows(conn: &Connection, listing: &Path) -> Result<(), String> {
    conn.execute_batch(SHAPE).map_err(told)?;
    conn.execute(KIND, params![RUN, AT, "record", None::<&str>, "Unmatched", None::<&str>, "create", CREATED])
        .map_err(told)?;
    let kind = conn.last_insert_rowid();
    let prepare = |sql| conn.prepare(sql).map_err(told);
    let (mut members, mut links, mut audit) = (prepare(MEMBER)?, prepare(LINK)?, prepare(ENTRY)?);
    in_batches(conn, listing, |member| {
        insert_member(&mut members, member).map_err(told)?;
        links.execute(params![member.id, [2_u8; 16], [3_u8; 16], i64::MAX]).map_err(told)?;
        audit.execute(params![member.id, kind, None::<&str>]).map(drop).map_err(told)
    })
}

/// Updates of the e-mail address and the telephone number of all members, prepared: with what the host leaves behind of
/// each, the link and two entries of the audit, which have the values that were there. No trigger stands in the way.
pub(crate) fn changes(listing: &Path, db: &Path) -> Result<(), String> {
    let conn = Connection::open(db).map_err(told)?;
    conn.execute_batch("PRAGMA synchronous = NORMAL").map_err(told)?;
    drop_triggers(&conn).map_err(told)?;
    let prepare = |sql| conn.prepare(sql).map_err(told);
    let (mut before, mut member, mut link) = (prepare(BEFORE)?, prepare(UPDATE)?, prepare(RELINK)?);
    let mut audit = prepare(ENTRY)?;
    let kind = |field| {
        let row = params![RUN, AT, "field", field, "RemoteOnly", "Changed", "TookRemote", None::<&str>];
        conn.execute(KIND, row).map(|_| conn.last_insert_rowid()).map_err(told)
    };
    let kinds = [kind("email")?, kind("phone")?];
    in_batches(&conn, listing, |Member { id, email, phone, .. }| {
        let was: [String; 2] = before.query_row([id], |row| Ok([row.get(0)?, row.get(1)?])).map_err(told)?;
        member.execute([id, email, phone]).map_err(told)?;
        link.execute(params![id, [2_u8; 16], [3_u8; 16], i64::MAX]).map_err(told)?;
        let fields = ["email", "phone"].into_iter().zip(kinds);
        for (((field, kind), was), is) in fields.zip(&was).zip([email, phone]) {
            audit.execute(params![id, kind, entry(field, was, is).map_err(told)?]).map_err(told)?;
        }
        Ok(())
    })
}

fn drop_triggers(conn: &Connection) -> rusqlite::Result<()> {
    let mut triggers = conn.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")?;
    let names = triggers.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    names.iter().try_for_each(|name| conn.execute_batch(&format!("DROP TRIGGER \"{name}\"")))
}

fn entry(field: &str, was: &str, is: &str) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Entry<'a> {
        field: &'a str,
        verdict: &'a str,
        detail: &'a str,
        decision: &'a str,
        rule: &'a str,
        base: &'a str,
        local: &'a str,
        remote: &'a str,
        result: &'a str,
        why: String,
    }
    let why = format!("The source changed {field} and nobody had edited it here, so the source's value was taken.");
    let (verdict, detail, decision, rule) = ("RemoteOnly", "Changed", "TookRemote", "remote_wins, the default");
    let (base, local, remote, result) = (was, was, is, is);
    serde_json::to_string(&Entry { field, verdict, detail, decision, rule, base, local, remote, result, why })
}

const BEFORE: &str = "SELECT email, phone FROM members WHERE external_id = ?1";

const UPDATE: &str = "UPDATE members SET email = ?2, phone = ?3, revision = revision + 1 WHERE external_id = ?1";

const RELINK: &str =
    "UPDATE tripartite_links SET seen = ?2, policy = ?3, synced_revision = 2, print = ?4 WHERE external_id = ?1";

const MEMBER: &str = "INSERT INTO members(
    external_id, first_name, last_name, date_of_birth, email, phone, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

const LINK: &str = "INSERT INTO tripartite_links(
    external_id, seen, policy, synced_revision, shape, print) VALUES (?1, ?2, ?3, 1, 1, ?4)";

/// The base stands in the row, with all fields.
const SHAPE: &str = r#"INSERT INTO tripartite_shapes VALUES (1, zeroblob(16),
    '["first_name","last_name","date_of_birth","email","phone","address"]')"#;

/// What the entries have alike.
const KIND: &str = "INSERT INTO tripartite_kinds(run, at, subject, field, verdict, detail, decision, entry)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const ENTRY: &str = "INSERT INTO tripartite_entries(external_id, kind, entry) VALUES (?1, ?2, ?3)";

/// As long as the host's own.
const RUN: &str = "2026-11-27T02:15:00Z-1";
const AT: &str = "2026-11-27T02:15:00Z";

const CREATED: &str = concat!(
    r#"{"record":{"situation":"Unmatched","action":"create","#,
    r#""why":"The source has this record and nothing here is linked to it, so it was created."}}"#
);

fn insert_member(statement: &mut Statement<'_>, member: &Member) -> rusqlite::Result<()> {
    let Member { id, first_name, last_name, date_of_birth, email, phone, address } = member;
    statement.execute(params![id, first_name, last_name, date_of_birth, email, phone, address]).map(drop)
}

/// In transactions of as many members as the host's batches have.
fn in_batches(
    conn: &Connection,
    listing: &Path,
    mut insert: impl FnMut(&Member) -> Result<(), String>,
) -> Result<(), String> {
    let mut inserted = 0;
    let mut open = Some(conn.unchecked_transaction().map_err(told)?);
    each(listing, |member| {
        insert(&member)?;
        inserted += 1;
        if inserted % BATCH == 0
            && let Some(full) = open.take()
        {
            full.commit().map_err(told)?;
            open = Some(conn.unchecked_transaction().map_err(told)?);
        }
        Ok(())
    })?;
    open.map_or(Ok(()), |rest| rest.commit().map_err(told))
}

/// Each line's member, read into one buffer.
pub(crate) fn each(listing: &Path, mut work: impl FnMut(Member) -> Result<(), String>) -> Result<(), String> {
    let mut lines = BufReader::new(File::open(listing).map_err(told)?);
    let mut line = String::new();
    while lines.read_line(&mut line).map_err(told)? > 0 {
        work(serde_json::from_str(&line).map_err(told)?)?;
        line.clear();
    }
    Ok(())
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

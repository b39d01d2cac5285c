//! The audit: what many entries have alike is stored once.
//!
//! A first import has a million entries that say the same of different records. So an entry has its number, its record
//! and its *kind*, and the kind has the rest.
//!
//! | table | what it holds |
//! |---|---|
//! | `tripartite_entries` | each entry: its number, its record, its kind, and its text where the kind has another one |
//! | `tripartite_kinds` | of each kind the run, its time, subject, field, verdict, detail and decision, a text that entries have alike, and the first and the last number of its entries |
//! | `tripartite_audit` | a view of both with a row for each entry; triggers carry out what is written into it |
//!
//! In a database of an earlier version `tripartite_audit` is a table with the columns of the view, so whatever reads it
//! reads both.
//!
//! **How are the entries of a run found?** By their numbers: the entries of a run follow one another, and its kinds know
//! the first and the last. So no index is written for each entry.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use tripartite::audit::{AuditEntry, FieldEntry, RecordEntry};
use tripartite_sql::situation;

use super::names::Names;
use super::{StoreError, database};

const TABLES: &str = include_str!("../../sql/audit.sql");

const VIEW: &str = include_str!("../../sql/audit_view.sql");

/// What an earlier version kept in one table. The first text of a kind is the one that entries have alike.
const PACK: &str = "
INSERT INTO {tripartite_kinds}(run, at, subject, field, verdict, detail, decision, first, last)
SELECT run, at, subject, field, verdict, detail, decision, min(seq), max(seq) FROM {tripartite_audit}
GROUP BY run, at, subject, field, verdict, detail, decision ORDER BY min(seq);
UPDATE {tripartite_kinds} SET entry = (SELECT entry FROM {tripartite_audit} WHERE seq = first)
WHERE subject = 'record';
INSERT INTO {tripartite_entries}(seq, external_id, kind, entry)
SELECT NEW.seq, NEW.external_id, k.id, nullif(NEW.entry, k.entry)
FROM {tripartite_audit} NEW CROSS JOIN {tripartite_kinds} k ON {alike} ORDER BY NEW.seq;
DROP TABLE {tripartite_audit};
";

/// Whether an entry is of the kind `k`.
const ALIKE: &str = "k.run = NEW.run AND k.field IS NEW.field AND k.verdict = NEW.verdict AND k.detail IS NEW.detail \
    AND k.at = NEW.at AND k.subject = NEW.subject AND k.decision = NEW.decision";

fn sql(names: &Names, text: &str) -> String {
    names.sql(&text.replace("{alike}", ALIKE))
}

/// The statements that make the audit.
pub(super) fn making(names: &Names) -> String {
    [TABLES, VIEW].map(|text| sql(names, text)).concat()
}

/// The statements that pack the audit of an earlier version.
pub(super) fn packing(names: &Names) -> String {
    [TABLES, PACK, VIEW].map(|text| sql(names, text)).concat()
}

/// Any entry.
pub(super) const ANY: &str = "TRUE";

/// The condition that an entry is of the run `?1`, and that its kind is one of `which`.
pub(super) fn of_run(conn: &Connection, names: &Names, which: &str) -> Result<String, StoreError> {
    if !database::has_table(conn, &names.table("tripartite_kinds"))? {
        return Ok(format!("run = ?1 AND {which}"));
    }
    let number = |number| format!("(SELECT {number} FROM {{tripartite_kinds}} WHERE run = ?1 AND {which})");
    let (first, last) = (number("min(first)"), number("max(last)"));
    Ok(names.sql(&format!("seq BETWEEN {first} AND {last} AND run = ?1 AND {which}")))
}

/// The statements of a register, written once for all batches.
#[derive(Debug)]
pub(super) struct Statements {
    find: String,
    make: String,
    insert: String,
    numbers: String,
}

impl Statements {
    pub(super) fn of(names: &Names) -> Self {
        Self {
            find: names.sql(
                "SELECT id, entry FROM {tripartite_kinds} WHERE run = ?1 AND field IS ?2 AND verdict = ?3
                 AND detail IS ?4 AND decision = ?5 AND at = ?6 AND subject = ?7",
            ),
            make: names.sql(
                "INSERT INTO {tripartite_kinds}(run, field, verdict, detail, decision, at, subject, entry)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            ),
            insert: names.sql("INSERT INTO {tripartite_entries}(external_id, kind, entry) VALUES (?1, ?2, ?3)"),
            numbers: names.sql(
                "UPDATE {tripartite_kinds} SET first = min(ifnull(first, ?2), ?2), last = max(ifnull(last, ?3), ?3)
                 WHERE id = ?1",
            ),
        }
    }
}

/// What the entries of a kind have alike within a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    /// `None`: about a record as a whole.
    field: Option<&'a str>,
    verdict: String,
    detail: Option<String>,
    decision: &'a str,
}

/// A kind that this batch has entries of.
struct Kind {
    id: i64,
    entry: Option<String>,
    /// The first and the last number of this batch's entries.
    numbers: Option<(i64, i64)>,
}

/// The last entry about a record as a whole: most of a batch have the same.
struct Noted<'a> {
    entry: &'a RecordEntry,
    kind: usize,
    /// Its text, where the kind has another one.
    own: Option<String>,
}

/// Writes the entries of one batch.
pub(super) struct Entries<'a> {
    tx: &'a Connection,
    sql: &'a Statements,
    run: &'a str,
    at: String,
    insert: CachedStatement<'a>,
    kinds: Vec<Kind>,
    by_name: BTreeMap<Name<'a>, usize>,
    /// The first entry of each kind about a field, so that the next ones of it need no name.
    fields: Vec<(&'a FieldEntry, usize)>,
    noted: Option<Noted<'a>>,
    /// A buffer for the text of each entry.
    text: Vec<u8>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(tx: &'a Connection, sql: &'a Statements, run: &'a str, at: String) -> Result<Self, StoreError> {
        let insert = tx.prepare_cached(&sql.insert)?;
        let (kinds, by_name, fields) = (Vec::new(), BTreeMap::new(), Vec::new());
        Ok(Self { tx, sql, run, at, insert, kinds, by_name, fields, noted: None, text: Vec::new() })
    }

    pub(super) fn add(&mut self, id: &str, entry: &'a AuditEntry) -> Result<(), StoreError> {
        match entry {
            AuditEntry::Field(field) => self.add_field(id, field, entry),
            AuditEntry::Record(entry) => self.add_record(id, entry),
        }
    }

    fn add_field(&mut self, id: &str, field: &'a FieldEntry, entry: &AuditEntry) -> Result<(), StoreError> {
        let kind = self.field(field)?;
        self.text.clear();
        let text = match serde_json::to_writer(&mut self.text, entry) {
            Ok(()) => str::from_utf8(&self.text).unwrap_or_default(),
            Err(_) => "",
        };
        insert(self.tx, &mut self.insert, &mut self.kinds[kind], id, Some(text))
    }

    fn field(&mut self, entry: &'a FieldEntry) -> Result<usize, StoreError> {
        let of = |entry: &'a FieldEntry| (&entry.field, entry.decision, &entry.verdict);
        if let Some((_, kind)) = self.fields.iter().find(|(known, _)| of(known) == of(entry)) {
            return Ok(*kind);
        }
        let (verdict, detail) = (entry.verdict.name().to_owned(), entry.verdict.detail());
        let kind =
            self.kind(Name { field: Some(&entry.field), verdict, detail, decision: entry.decision.name() }, None)?;
        self.fields.push((entry, kind));
        Ok(kind)
    }

    fn add_record(&mut self, id: &str, entry: &'a RecordEntry) -> Result<(), StoreError> {
        let noted = match self.noted.take().filter(|noted| noted.entry == entry) {
            Some(noted) => noted,
            None => self.record(entry)?,
        };
        let Noted { kind, own, .. } = self.noted.insert(noted);
        insert(self.tx, &mut self.insert, &mut self.kinds[*kind], id, own.as_deref())
    }

    fn record(&mut self, entry: &'a RecordEntry) -> Result<Noted<'a>, StoreError> {
        let text = serde_json::to_string(&AuditEntry::Record(entry.clone())).unwrap_or_default();
        let verdict = situation(entry.situation);
        let kind = self.kind(Name { field: None, verdict, detail: None, decision: &entry.action }, Some(&text))?;
        let own = Some(text).filter(|text| self.kinds[kind].entry.as_ref() != Some(text));
        Ok(Noted { entry, kind, own })
    }

    /// The kind of this name, which is made with this text where there is none.
    fn kind(&mut self, name: Name<'a>, text: Option<&str>) -> Result<usize, StoreError> {
        if let Some(&known) = self.by_name.get(&name) {
            return Ok(known);
        }
        let Name { field, verdict, detail, decision } = &name;
        let subject = if field.is_some() { "field" } else { "record" };
        let key = params![self.run, field, verdict, detail, decision, self.at, subject];
        let found = |row: &rusqlite::Row<'_>| Ok(Kind { id: row.get(0)?, entry: row.get(1)?, numbers: None });
        let found = self.tx.prepare_cached(&self.sql.find)?.query_row(key, found).optional()?;
        let kind = match found {
            Some(found) => found,
            None => {
                let row = params![self.run, field, verdict, detail, decision, self.at, subject, text];
                self.tx.prepare_cached(&self.sql.make)?.execute(row)?;
                Kind { id: self.tx.last_insert_rowid(), entry: text.map(str::to_owned), numbers: None }
            }
        };
        self.kinds.push(kind);
        self.by_name.insert(name, self.kinds.len() - 1);
        Ok(self.kinds.len() - 1)
    }

    /// Tells the kinds which numbers their entries have. Behind a savepoint that was rolled back, some are gone.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        let mut statement = self.tx.prepare_cached(&self.sql.numbers)?;
        for kind in self.kinds.drain(..) {
            if let Some((first, last)) = kind.numbers {
                statement.execute([kind.id, first, last])?;
            }
        }
        self.by_name.clear();
        self.fields.clear();
        self.noted = None;
        Ok(())
    }
}

fn insert(
    tx: &Connection,
    statement: &mut CachedStatement<'_>,
    kind: &mut Kind,
    id: &str,
    text: Option<&str>,
) -> Result<(), StoreError> {
    statement.execute(params![id, kind.id, text])?;
    let seq = tx.last_insert_rowid();
    kind.numbers = Some(kind.numbers.map_or((seq, seq), |(first, last)| (first.min(seq), last.max(seq))));
    Ok(())
}

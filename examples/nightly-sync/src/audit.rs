//! The audit, entry by entry, in the order it was written.
//!
//! As JSON lines every entry stands as it is stored, beside its run, time and record. As CSV (RFC 4180) it is a table
//! that a spreadsheet opens; a cell that a spreadsheet would take for a formula gets an apostrophe in front. An empty
//! cell is a value that was not there, `null` one that was empty.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use clap::ValueEnum;
use serde::Serialize;
use tripartite::audit::{AuditEntry, FieldEntry, RecordEntry};
use tripartite::history::csv_field;
use tripartite::id::PersonId;
use tripartite::value::Value;
use tripartite_sql::{situation, time};

use crate::store::{Access, AuditRow, Database, Place, Register, StoreError, UnknownRun};

/// How entries are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// An object a line.
    #[default]
    Jsonl,
    /// A table, RFC 4180.
    Csv,
}

/// Why the audit cannot be printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such run.
    #[error(transparent)]
    Run(#[from] UnknownRun),
    /// It cannot be written.
    #[error("cannot be printed: {0}")]
    Io(#[from] io::Error),
}

const COLUMNS: [&str; 17] = [
    "seq",
    "run",
    "at",
    "external_id",
    "subject",
    "field",
    "group",
    "verdict",
    "detail",
    "decision",
    "rule",
    "base",
    "local",
    "remote",
    "result",
    "why",
    "by",
];

/// Prints the audit. A reader who has seen enough and closes the pipe is no error.
///
/// # Errors
/// [`AuditError`], when the database cannot be read, the run is unknown, or the output cannot be written.
pub fn print(
    (db, register): (&Place, &Register),
    run: Option<&str>,
    format: Format,
    out: impl Write,
) -> Result<(), AuditError> {
    let database = Database::open(db, Access::Read)?;
    if let Some(run) = run {
        database.find_run(register, run)??;
    }
    let mut out = BufWriter::new(out);
    let mut written = Ok(());
    if format == Format::Csv {
        written = csv_line(&mut out, COLUMNS.map(Cow::Borrowed));
    }
    database.audit(register, run, |row| {
        if written.is_ok() {
            written = match format {
                Format::Jsonl => json_line(&mut out, &row),
                Format::Csv => csv_line(&mut out, cells(&row)),
            };
        }
        written.is_ok()
    })?;
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => {
            // What could not be flushed must not be tried again when the writer goes.
            drop(out.into_parts());
            Ok(())
        }
    }
}

#[derive(Serialize)]
struct JsonLine<'a> {
    seq: i64,
    run: &'a str,
    at: String,
    external_id: &'a str,
    subject: &'static str,
    #[serde(flatten)]
    entry: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Field(&'a FieldEntry),
    Record(&'a RecordEntry),
}

fn json_line(out: &mut impl Write, row: &AuditRow) -> io::Result<()> {
    let AuditRow { seq, run, at, external_id, entry, .. } = row;
    let (subject, entry) = match entry {
        AuditEntry::Field(entry) => ("field", Body::Field(entry)),
        AuditEntry::Record(entry) => ("record", Body::Record(entry)),
    };
    serde_json::to_writer(&mut *out, &JsonLine { seq: *seq, run, at: time(at), external_id, subject, entry })?;
    out.write_all(b"\n")
}

fn cells(row: &AuditRow) -> [Cow<'_, str>; 17] {
    let b = |text: &'_ str| Cow::<'static, str>::Owned(text.to_owned());
    let [run, id] = [&row.run, &row.external_id].map(|text| Cow::Borrowed(text.as_str()));
    let [seq, at] = [row.seq.to_string(), time(&row.at)].map(Cow::Owned);
    let by = |by: &Option<PersonId>| Cow::Owned(by.as_ref().map(ToString::to_string).unwrap_or_default());
    match &row.entry {
        AuditEntry::Field(entry) => [
            seq,
            run,
            at,
            id,
            b("field"),
            Cow::Borrowed(&entry.field),
            Cow::Borrowed(entry.group.as_deref().unwrap_or_default()),
            b(entry.verdict.name()),
            Cow::Owned(entry.verdict.detail().unwrap_or_default()),
            b(entry.decision.name()),
            Cow::Borrowed(&entry.rule),
            entry.base.as_ref().map(cell).unwrap_or_default(),
            cell(&entry.local),
            entry.remote.as_ref().map(cell).unwrap_or_default(),
            cell(&entry.result),
            Cow::Borrowed(&entry.why),
            by(&entry.by),
        ],
        AuditEntry::Record(entry) => {
            let verdict = situation(entry.situation);
            let none = || Cow::Borrowed("");
            let (action, why) = (Cow::Borrowed(&*entry.action), Cow::Borrowed(&*entry.why));
            let subject = b("record");
            let [field, group, detail, rule] = [(); 4].map(|()| none());
            let [base, local, remote, result] = [(); 4].map(|()| none());
            let verdict = Cow::Owned(verdict);
            let by = by(&entry.by);
            [
                seq, run, at, id, subject, field, group, verdict, detail, action, rule, base, local, remote, result,
                why, by,
            ]
        }
    }
}

/// Text as it is, all else as JSON.
fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(serde_json::to_string(other).unwrap_or_default()),
    }
}

fn csv_line<'a>(out: &mut impl Write, cells: [Cow<'a, str>; 17]) -> io::Result<()> {
    let mut line = String::new();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        csv_field(&mut line, &cell);
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

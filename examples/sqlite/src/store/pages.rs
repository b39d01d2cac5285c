//! Pages of one moment of a register, by the key behind which each begins, so that the last page costs what the first does.

use rusqlite::{OptionalExtension, params};
use tripartite::audit::AuditEntry;
use tripartite::id::LocalId;
use tripartite::value::Record;

use super::layout::quoted;
use super::snapshot::{CHANGED, ChangedRecord, Snapshot};
use super::{OpenRow, StoreError, database, load, record};

/// So many entries of the audit are read for a page, at most, beyond those of the record that it ends with.
const AT_ONCE: usize = 5000;

/// Some of the records that a run changed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ChangedPage {
    /// The records, in the order in which they were written.
    pub records: Vec<ChangedRecord>,
    /// What the next page is asked for by; `None` after the last one.
    pub next: Option<i64>,
}

/// A member, by its local id.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HereRow {
    /// Its external id, if it has one.
    pub external_id: Option<String>,
    /// What its row says.
    pub record: Record,
}

impl Snapshot<'_> {
    /// Open conflicts behind a record's id and a unit, by both: at most so many. The first page is behind two empty texts.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_page(&self, after: (&str, &str), most: usize) -> Result<Vec<OpenRow>, StoreError> {
        record::open_behind(self.conn, self.register, after, most)
    }

    /// How many conflicts are open.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn count_open(&self) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", self.table("tripartite_conflicts"));
        Ok(self.conn.query_row(&sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Records that [`changed`](Self::changed) hands out, behind the number of an entry: 0 for the first page, and then what
    /// the page before says. A page may have fewer than `most` records, also none, and still have a next one.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn changed_page(&self, run: &str, after: i64, most: usize) -> Result<ChangedPage, StoreError> {
        let Some(begin) = self.first_changed(run, after)? else { return Ok(ChangedPage::default()) };
        let (audit, of_run) = (self.table("tripartite_audit"), self.of_run()?);
        let sql = format!("SELECT seq, external_id, entry FROM {audit} WHERE {of_run} AND seq >= ?2 ORDER BY seq");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![run, begin])?;
        let (mut page, mut record, mut read, mut last) = (ChangedPage::default(), ChangedRecord::default(), 0, after);
        while let Some(row) = rows.next()? {
            let (seq, id): (i64, String) = (row.get(0)?, row.get(1)?);
            if record.id != id {
                page.records.extend(Some(std::mem::take(&mut record)).filter(ChangedRecord::is_told));
                if page.records.len() >= most || read > AT_ONCE {
                    page.next = Some(last);
                    return Ok(page);
                }
                record.id.clone_from(&id);
            }
            let Ok(entry) = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or_default()) else {
                return Err(StoreError::Unreadable { table: "tripartite_audit", id });
            };
            match entry {
                AuditEntry::Field(entry) => record.fields.push(entry),
                AuditEntry::Record(entry) => record.whole.push(entry),
            }
            (read, last) = (read + 1, seq);
        }
        page.records.extend(Some(record).filter(ChangedRecord::is_told));
        Ok(page)
    }

    /// Where the first entry can be that a page tells of. The kinds know it, so a million records that were only created are
    /// not looked at one by one.
    fn first_changed(&self, run: &str, after: i64) -> Result<Option<i64>, StoreError> {
        if !database::has_table(self.conn, &self.register.table("tripartite_kinds"))? {
            return Ok(Some(after + 1));
        }
        let kinds = self.table("tripartite_kinds");
        let sql = format!("SELECT min(max(first, ?2 + 1)) FROM {kinds} WHERE run = ?1 AND last > ?2 AND {CHANGED}");
        Ok(self.conn.query_row(&sql, params![run, after], |row| row.get(0))?)
    }

    /// A member by its local id; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, or the row cannot be held.
    pub fn here(&self, local: &LocalId) -> Result<Option<HereRow>, StoreError> {
        let Ok(number) = local.as_str().parse::<i64>() else { return Ok(None) };
        let mut sql = self.register.sql("SELECT {external_id}");
        for column in &self.layout.columns {
            sql.push_str(", ");
            sql.push_str(&column.as_ref().map_or("NULL".to_owned(), |column| quoted(column, '"')));
        }
        sql.push_str(&self.register.sql(" FROM {members} WHERE {local_id} = ?1"));
        let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, load::row_of(self.schema, row, 1)));
        let found = self.conn.prepare_cached(&sql)?.query_row([number], found).optional()?;
        let Some((external_id, record)) = found else { return Ok(None) };
        let unreadable = || StoreError::Unreadable { table: "members", id: local.to_string() };
        Ok(Some(HereRow { external_id, record: record?.ok_or_else(unreadable)? }))
    }
}

//! Pages of one moment of a register, by the key behind which each begins, so that the last page costs what the first does.

use rusqlite::{OptionalExtension, params};
use tripartite::id::LocalId;
use tripartite_sql::{CHANGED, ChangedPage, ChangedRecord, HereRow, OpenRow, quoted};

use super::snapshot::Snapshot;
use super::{StoreError, database, load, record};

/// So many entries of the audit are read for a page, at most, beyond those of the record that it ends with.
const AT_ONCE: usize = 5000;

impl Snapshot<'_> {
    /// Open conflicts behind a record's id and a unit, by both: at most so many. The first page is behind two empty texts.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_page(&self, after: (&str, &str), most: usize) -> Result<Vec<OpenRow>, StoreError> {
        record::open_behind(self.conn, self.names, after, most)
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
            record.add(entry);
            (read, last) = (read + 1, seq);
        }
        page.records.extend(Some(record).filter(ChangedRecord::is_told));
        Ok(page)
    }

    /// Where the first entry can be that a page tells of. The kinds know it, so a million records that were only created are
    /// not looked at one by one.
    fn first_changed(&self, run: &str, after: i64) -> Result<Option<i64>, StoreError> {
        if !database::has_table(self.conn, &self.names.table("tripartite_kinds"))? {
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
        let mut sql = self.names.sql("SELECT {external_id}");
        for column in &self.layout.columns {
            sql.push_str(", ");
            sql.push_str(&column.as_ref().map_or("NULL".to_owned(), |column| quoted(column, '"')));
        }
        sql.push_str(&self.names.sql(" FROM {members} WHERE {local_id} = ?1"));
        let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, load::row_of(self.schema, row, 1)));
        let found = self.conn.prepare_cached(&sql)?.query_row([number], found).optional()?;
        let Some((external_id, record)) = found else { return Ok(None) };
        let unreadable = || StoreError::Unreadable { table: "members", id: local.to_string() };
        Ok(Some(HereRow { external_id, record: record?.ok_or_else(unreadable)? }))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use tripartite::drive::drive_blocking;
    use tripartite::memory::Listing;
    use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};

    use tripartite_sql::Settings;

    use crate::store::{Database, SqliteStore, StoreError};

    /// Members of whom every third is in dispute about two fields, and every second was changed by the source.
    fn disputed() -> SqliteStore {
        let schema = Schema::builder()
            .strategy(Strategy::MERGE)
            .field(Field::new("name", Kind::Name))
            .field(Field::new("phone", Kind::Text))
            .field(Field::new("town", Kind::Text))
            .build()
            .unwrap();
        let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
        let store = SqliteStore::new(Database::in_memory().unwrap(), settings).unwrap();
        for night in ["1", "2"] {
            let record = |n: u32| {
                let said = if n.is_multiple_of(2) || n.is_multiple_of(3) { night } else { "1" };
                (format!("M{n:02}"), serde_json::json!({"name": format!("N{n}"), "phone": said, "town": said}))
            };
            let records: Vec<_> = (1..=30).map(record).collect();
            let listing = Listing::of(&schema, records.iter().map(|(id, said)| (id.as_str(), said))).unwrap();
            let run = store.run(Policy::new(schema.clone()), DateTime::UNIX_EPOCH).unwrap();
            let report = drive_blocking(run.start(), &listing, &store).unwrap().report;
            store.remember(&report).unwrap();
            if night == "1" {
                store.edit("UPDATE members SET phone = 'own', town = 'own' WHERE local_id % 3 = 0").unwrap();
            }
        }
        store
    }

    #[test]
    fn pages_together_are_all_that_is_open_each_once() {
        let store = disputed();
        let mut all = Vec::new();
        store
            .open_conflicts(|row| {
                all.push((row.external_id, row.conflict.unit));
                true
            })
            .unwrap();
        assert_eq!((all.len(), store.snapshot(|now| now.count_open()).unwrap().unwrap()), (20, 20));
        for most in [1, 2, 3, 7, 20, 21] {
            let (mut pages, mut after) = (Vec::new(), (String::new(), String::new()));
            loop {
                let page = store.snapshot(|now| now.open_page((&after.0, &after.1), most)).unwrap().unwrap();
                let Some(last) = page.last() else { break };
                after = (last.external_id.clone(), last.conflict.unit.clone());
                assert!(page.len() <= most);
                pages.extend(page.into_iter().map(|row| (row.external_id, row.conflict.unit)));
            }
            assert_eq!(pages, all, "by {most}");
        }
    }

    #[test]
    fn pages_together_are_all_that_a_run_changed() {
        let store = disputed();
        let run = store.snapshot(|now| now.last_run()).unwrap().unwrap().unwrap();
        let mut all = Vec::new();
        let each = |record: &super::ChangedRecord| {
            all.push(format!("{record:?}"));
            Ok::<_, StoreError>(true)
        };
        store.snapshot(|now| now.changed(&run, each)).unwrap().unwrap();
        assert_eq!(all.len(), 20);
        for most in [1, 3, 20, 100] {
            let (mut pages, mut after) = (Vec::new(), Some(0));
            while let Some(behind) = after {
                let page = store.snapshot(|now| now.changed_page(&run, behind, most)).unwrap().unwrap();
                assert!(page.records.len() <= most);
                pages.extend(page.records.iter().map(|record| format!("{record:?}")));
                after = page.next;
            }
            assert_eq!(pages, all, "by {most}");
        }
        let first = store.snapshot(|now| now.figures(9)).unwrap().unwrap()[0].run.clone();
        let page = store.snapshot(|now| now.changed_page(&first, 0, 5)).unwrap().unwrap();
        assert!(page.records.is_empty() && page.next.is_none(), "who was only created is not told of");
    }
}

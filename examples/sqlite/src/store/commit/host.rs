//! Writing into a table of the host's own: what a record does not state is left to the column's default, and what was
//! written is read back.
//!
//! The table may have triggers and types that change a value. A value that the table keeps otherwise than it was written
//! is not taken for an edit by a user: the op fails, and the run says so of the record.

use rusqlite::OptionalExtension;
use tripartite::schema::Schema;
use tripartite::store::{Action, Op, Revision};
use tripartite::value::{FieldRef, Record, RecordBuilder, Value};
use tripartite_sql::quoted;

use super::super::cell::{self, Cell};
use super::super::layout::Layout;
use super::super::{StoreError, index};
use super::{Found, Writer};

impl Layout {
    /// What is bound for a field. A null is written as an empty text where the column takes no null and both are the same.
    pub(super) fn cell<'a>(&self, schema: &Schema, position: usize, field: FieldRef<'a>) -> Cell<'a> {
        let kind = schema.fields()[position].kind();
        if field.is_null() && self.not_null.get(position) == Some(&true) && is_empty(schema, position, field) {
            return Cell::Text("".into());
        }
        Cell::of(kind, field)
    }
}

/// Whether an empty text says the same as a null.
fn is_empty(schema: &Schema, position: usize, null: FieldRef<'_>) -> bool {
    let mut row = RecordBuilder::new(schema.fields().len());
    row.set_text(position, "").is_ok() && schema.same(position, null, row.finish().field(position))
}

impl Writer<'_> {
    /// Whether the members stand in a table of the host's own.
    pub(super) fn is_in_host(&self) -> bool {
        self.sql.names.host().is_some()
    }

    /// A row of the fields that a record states.
    pub(super) fn create_in_host(&self, op: &Op, record: &Record) -> Result<Found, StoreError> {
        let names = &self.sql.names;
        let stated: Vec<_> = record.fields().enumerate().filter(|(_, field)| !field.is_missing()).collect();
        let mut sql = names.sql("INSERT INTO {members}({external_id}, {active}");
        for (position, _) in &stated {
            sql.push_str(", ");
            sql.push_str(&quoted(names.column(&self.schema.fields()[*position]), '"'));
        }
        sql.push_str(&format!(") VALUES (?, 1{})", ", ?".repeat(stated.len())));
        let mut statement = self.tx.prepare_cached(&sql)?;
        statement.raw_bind_parameter(1, op.id.as_str())?;
        for (at, (position, field)) in stated.into_iter().enumerate() {
            statement.raw_bind_parameter(at + 2, self.layout.cell(self.schema, position, field))?;
        }
        statement.raw_execute()?;
        Ok(Found { local: self.tx.last_insert_rowid(), revision: Revision(1), row: None, is_there: true })
    }

    /// The revision of a row that was written, if what stands in it is what was written.
    pub(super) fn read_back(&self, local: i64, action: &Action) -> Result<Revision, StoreError> {
        let written = match action {
            Action::Create(record) => record,
            Action::Update(patch) | Action::Reactivate(patch) => patch,
            _ => &self.schema.missing(),
        };
        let stated: Vec<_> = written.fields().enumerate().filter(|(_, field)| !field.is_missing()).collect();
        let names = &self.sql.names;
        let mut sql = names.sql("SELECT {revision}");
        for (position, _) in &stated {
            sql.push_str(&format!(", {}", quoted(names.column(&self.schema.fields()[*position]), '"')));
        }
        sql.push_str(&names.sql(" FROM {members} WHERE {local_id} = ?1"));
        let mut statement = self.tx.prepare_cached(&sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            let altered = stated.iter().enumerate().find_map(|(at, (position, field))| {
                let value = row.get_ref(at + 1).ok()?;
                (!self.keeps(*position, *field, value)).then_some(*position)
            });
            Ok((index::revision(row, 0), altered))
        };
        match statement.query_row([local], read).optional()? {
            Some((revision, None)) => revision,
            Some((_, Some(position))) => Err(self.altered(position)),
            None => Err(StoreError::Vanished),
        }
    }

    fn altered(&self, position: usize) -> StoreError {
        StoreError::Altered { field: self.schema.fields()[position].name().to_owned() }
    }

    fn keeps(&self, position: usize, written: FieldRef<'_>, value: rusqlite::types::ValueRef<'_>) -> bool {
        let mut row = RecordBuilder::new(self.schema.fields().len());
        let kind = self.schema.fields()[position].kind();
        if cell::read(kind, value, &mut row, position).is_err() {
            return false;
        }
        let row = row.finish();
        let kept = row.field(position);
        written == kept || self.schema.same(position, written, kept) || text(written) == text(kept)
    }
}

/// A value that is none of its kind is kept if it is still the same value.
fn text(field: FieldRef<'_>) -> String {
    match field.to_value() {
        Value::Text(text) => text,
        other => serde_json::to_string(&other).unwrap_or_default(),
    }
}

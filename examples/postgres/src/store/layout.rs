//! Which column each field is kept in.

use std::collections::BTreeSet;

use tripartite::schema::{Field, Kind, Schema};
use tripartite_sql::{AttachError, OWN_COLUMNS, Settings};

use super::StoreError;
use super::bases::Bases;
use super::host::{Column, Inspected, RecordTable};
use crate::names::{is_name, quoted};

/// How a register's table is.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The column of each field, by its position; `None` while there is none.
    pub(super) columns: Vec<Option<Column>>,
    /// What is to be carried out before the first write.
    pub(super) pending: Vec<String>,
    /// Whether others have triggers on the table, which may change a row once more.
    pub(super) is_watched: bool,
    /// Whether the store numbers and marks the rows of its own batches.
    pub(super) is_left: bool,
    /// The sequence of the keys of new rows, where all that is written into a row stands in it as it was written.
    pub(super) numbers: Option<String>,
    /// How bases that stand in their rows are read; `None` until the schema that is stored is known.
    pub(super) bases: Option<Bases>,
    /// Whether a base may be left in its row.
    pub(super) leaves: bool,
}

/// A field's column in `CREATE TABLE`.
pub(super) fn column(field: &Field) -> String {
    let name = quoted(field.name(), '"');
    match field.kind() {
        Kind::Boolean(words) if words.yes.is_empty() => format!("{name} boolean"),
        Kind::Integer => format!("{name} numeric"),
        kind if !kind.is_scalar() => format!("{name} json"),
        _ => format!("{name} text"),
    }
}

/// Whether every field of a new register can have a column of its own.
///
/// # Errors
/// [`StoreError::Column`], for the first field that cannot.
pub fn check(settings: &Settings) -> Result<(), StoreError> {
    let mut known: BTreeSet<&str> = OWN_COLUMNS.into();
    for (position, field) in settings.schema.fields().iter().enumerate() {
        let problem = |problem: String| Err(StoreError::Column { field: field.name().to_owned(), problem });
        if !is_name(field.name()) {
            return problem("a name has 1 to 63 bytes, and no NUL character".to_owned());
        }
        if settings.schema.position(&settings.id_field) == Some(position) {
            return problem(format!("`{}` is the listing's id field", settings.id_field));
        }
        if !known.insert(field.name()) {
            return problem(
                "the table has a column of this name; give it another name and this one as an alias".to_owned(),
            );
        }
    }
    Ok(())
}

/// The present layout. A new field of a store's own table gets a column, a renamed one keeps its own under the new name, and
/// the column of a field that is gone stays.
pub(super) fn of(schema: &Schema, host: &RecordTable, table: &Inspected) -> Result<Layout, StoreError> {
    for column in host.special() {
        if !table.has(column) {
            return Err(AttachError::Gone { table: host.host.table().to_owned(), column: column.to_owned() }.into());
        }
    }
    let (mut columns, mut pending) = (Vec::new(), Vec::new());
    for field in schema.fields() {
        let Some(name) = host.column_for(field) else {
            let problem =
                format!("no column of `{}` is named for it; attach the table again with one", host.host.table());
            return Err(StoreError::Column { field: field.name().to_owned(), problem });
        };
        if !host.is_own || table.has(name) {
            columns.push(Some(table.column(name)?.clone()));
            continue;
        }
        // An alias is the name of no other field.
        let was = field.aliases().find(|alias| table.has(alias) && !OWN_COLUMNS.contains(alias));
        let [alter, quoted_name] = [format!("ALTER TABLE {}", table.name), quoted(name, '"')];
        pending.push(match was {
            Some(was) => format!("{alter} RENAME COLUMN {} TO {quoted_name}", quoted(was, '"')),
            None => format!("{alter} ADD COLUMN {}", column(field)),
        });
        columns.push(was.map(|was| table.column(was)).transpose()?.cloned());
    }
    let is_left = table.is_left && !table.is_watched;
    let is_exact = host.is_own && columns.iter().flatten().all(Column::is_exact);
    let numbers = table.numbers.clone().filter(|_| is_left && is_exact && pending.is_empty());
    Ok(Layout { columns, pending, is_watched: table.is_watched, is_left, numbers, bases: None, leaves: false })
}

impl Layout {
    /// The same with bases that may stand in their rows, in the fields of the schema that is stored.
    pub(super) fn keeping(self, schema: &Schema, stored: Schema, host: &RecordTable, table: &Inspected) -> Self {
        let bases = Bases::new(stored, host, table);
        let leaves = bases.is_of(schema) && self.is_left && table.keeps && self.pending.is_empty();
        Self { bases: Some(bases), leaves, ..self }
    }

    /// The bases that are to be written out before the columns change, as far as they stand in their rows.
    pub(super) fn writes_out(&self, schema: &Schema) -> Option<&Bases> {
        self.bases.as_ref().filter(|bases| !self.pending.is_empty() || !bases.is_of(schema))
    }

    /// What is selected of the row `m`, each column as a text; with a comma before each.
    pub(super) fn selected(&self) -> String {
        let column = |column: &Option<Column>| column.as_ref().map_or(", NULL::text".to_owned(), Column::selected);
        self.columns.iter().map(column).collect()
    }
}

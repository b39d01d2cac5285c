//! What a table of the host's own looks like, and whether it can hold records.

use rusqlite::{Connection, OptionalExtension};
use tripartite::schema::{Field, Kind, Schema};
use tripartite_sql::{AttachError, HostTable};

use super::super::StoreError;

/// A table and its columns.
#[derive(Debug)]
pub(in super::super) struct Inspected {
    pub(super) table: String,
    columns: Vec<Column>,
}

#[derive(Debug)]
pub(in super::super) struct Column {
    pub(in super::super) name: String,
    declared: String,
    pub(in super::super) not_null: bool,
    has_default: bool,
    is_key: bool,
    is_generated: bool,
}

/// Reads the definition of a table.
pub(in super::super) fn inspect(conn: &Connection, table: &HostTable) -> Result<Inspected, StoreError> {
    let none = || AttachError::NoTable(table.table().to_owned());
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = ?1 COLLATE NOCASE AND ?2 = 'main' COLLATE NOCASE
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'tripartite\\_%' ESCAPE '\\'";
    let asked = [table.table(), table.schema().unwrap_or("main")];
    let table: String = conn.query_row(sql, asked, |row| row.get(0)).optional()?.ok_or_else(none)?;
    let sql = "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?1)";
    let mut statement = conn.prepare(sql)?;
    let columns = statement.query_map([&table], |row| {
        Ok(Column {
            name: row.get(0)?,
            declared: row.get(1)?,
            not_null: row.get(2)?,
            has_default: row.get(3)?,
            is_key: row.get::<_, i64>(4)? > 0,
            is_generated: row.get::<_, i64>(5)? != 0,
        })
    })?;
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(Inspected { table, columns })
}

impl Inspected {
    /// The column of this name, in whatever case it is written.
    pub(in super::super) fn column(&self, name: &str) -> Result<&Column, AttachError> {
        let found = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| AttachError::NoColumn { table: self.table.clone(), column: name.to_owned() })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.column(name).is_ok()
    }

    /// The table as it was named, with the names that its columns have.
    pub(super) fn named(&self, asked: &HostTable) -> Result<HostTable, AttachError> {
        let name = |column: &str| self.column(column).map(|column| column.name.clone());
        asked.spelled(None, &self.table, name)
    }

    /// Whether the table can hold the records of a schema.
    pub(super) fn check(&self, conn: &Connection, table: &HostTable, schema: &Schema) -> Result<(), StoreError> {
        self.check_key(conn, table)?;
        for field in schema.fields() {
            let Some(column) = table.column_for(field) else {
                let problem = format!("no column of `{}` is named for it", self.table);
                return Err(StoreError::Column { field: field.name().to_owned(), problem });
            };
            self.check_field(field, self.column(column)?)?;
        }
        let known = table.named_columns()?;
        self.check_id(table)?;
        let stays_empty =
            |column: &&Column| column.not_null && !column.has_default && !column.is_key && !column.is_generated;
        let unfilled = self.columns.iter().filter(stays_empty).find(|column| !known.contains(column.name.as_str()));
        let error = |column: &Column| AttachError::NotNull { table: self.table.clone(), column: column.name.clone() };
        unfilled.map_or(Ok(()), |column| Err(error(column).into()))
    }

    /// A key that is not the number of the row has an index of its own.
    fn check_key(&self, conn: &Connection, table: &HostTable) -> Result<(), StoreError> {
        let key = self.column(table.key())?;
        let alone = self.columns.iter().filter(|column| column.is_key).count() == 1;
        let sql = "SELECT wr = 0 FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
        let has_rowid: bool = conn.query_row(sql, [&self.table], |row| row.get(0))?;
        let indexed = conn.prepare("SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk'")?.exists([&self.table])?;
        if key.is_key && alone && has_rowid && !indexed && key.declared.eq_ignore_ascii_case("INTEGER") {
            return Ok(());
        }
        let expected = "its INTEGER PRIMARY KEY";
        Err(AttachError::Key { table: self.table.clone(), column: key.name.clone(), expected }.into())
    }

    fn check_field(&self, field: &Field, column: &Column) -> Result<(), AttachError> {
        let problem = if column.is_generated {
            "it is generated".to_owned()
        } else if !Affinity::of(&column.declared).keeps(field.kind(), &column.declared) {
            let (kind, declared) = (field.kind().name(), &column.declared);
            format!("a {kind} is text, and a column of type {declared} turns text that looks like a number into one")
        } else {
            return Ok(());
        };
        Err(AttachError::Column { field: field.name().to_owned(), column: column.name.clone(), problem })
    }

    fn check_id(&self, table: &HostTable) -> Result<(), AttachError> {
        let Some(id) = table.id_column() else { return Ok(()) };
        if Affinity::of(&self.column(id)?.declared) == Affinity::Text {
            return Ok(());
        }
        let problem = "its type must be TEXT".to_owned();
        Err(AttachError::Column { field: "external id".to_owned(), column: id.to_owned(), problem })
    }
}

/// What SQLite makes of a value, by the declared type: <https://sqlite.org/datatype3.html#affinity_name_examples>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Text,
    Blob,
    Number,
}

impl Affinity {
    fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |word: &str| declared.contains(word);
        if has("INT") {
            Self::Number
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || declared.is_empty() || declared == "ANY" {
            Self::Blob
        } else {
            Self::Number
        }
    }

    /// Whether a column gives back what a field says. A date with its hyphens is no number to SQLite.
    fn keeps(self, kind: &Kind, declared: &str) -> bool {
        match (self, kind) {
            (Self::Text | Self::Blob, _) | (Self::Number, Kind::Boolean(_) | Kind::Integer | Kind::Decimal(_)) => true,
            (Self::Number, Kind::Date { .. } | Kind::Timestamp(_)) => {
                let declared = declared.to_ascii_uppercase();
                declared.contains("DATE") || declared.contains("TIME")
            }
            _ => false,
        }
    }
}

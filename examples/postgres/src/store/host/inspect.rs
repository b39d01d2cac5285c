//! What a table looks like, and whether it can hold records.

use tripartite::schema::{Field, Kind, Schema};
use tripartite_sql::{AttachError, HostTable};

use super::super::StoreError;
use super::ADDED;
use crate::names::quoted;
use crate::pool::Lease;

/// A table and its columns.
#[derive(Debug, Clone)]
pub(in super::super) struct Inspected {
    /// The schema and the table, quoted.
    pub(in super::super) name: String,
    table: String,
    schema: String,
    columns: Vec<Column>,
    /// Whether it has triggers of somebody else's.
    pub(in super::super) is_watched: bool,
    /// Whether its triggers leave a batch of the store's own to the store.
    pub(in super::super) is_left: bool,
    /// Whether a trigger keeps what a base reads from its row.
    pub(in super::super) keeps: bool,
    /// Whether it has triggers of a store's.
    pub(super) is_attached: bool,
    /// The sequence of its keys.
    pub(in super::super) numbers: Option<String>,
}

/// A column.
#[derive(Debug, Clone)]
pub(in super::super) struct Column {
    pub(in super::super) name: String,
    /// The type without its length or scale, quoted: a cast to a length would cut off in silence.
    pub(in super::super) cast: String,
    pub(in super::super) form: Form,
    pub(in super::super) not_null: bool,
    /// Whether a row as JSON has the text in it that the column is read as.
    pub(in super::super) is_kept: bool,
    declared: String,
    has_default: bool,
    is_generated: bool,
    is_unique: bool,
    /// Whether it is unique after each row, and not only after a statement or a transaction.
    is_unique_at_once: bool,
}

/// In which form a column takes and gives values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Form {
    Text,
    Boolean,
    Integer,
    Number,
    Date,
    /// A point in time with its zone.
    Moment,
    Json,
    Uuid,
    /// Something else.
    Other,
}

const TABLE: &str = "
SELECT n.nspname::text, c.relname::text, EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgname NOT LIKE 'tripartite\\_%'
), EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'tripartite_changed' AND t.tgenabled = 'O'
    AND t.tgqual IS NOT NULL
), EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'tripartite_kept' AND t.tgenabled = 'O'
), EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'tripartite_marked'
), (
    SELECT pg_get_serial_sequence($1, a.attname) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = $2 AND a.attidentity = 'd'
)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1) AND c.relkind = 'r' AND NOT c.relispartition";

const COLUMNS: &str = "
SELECT a.attname::text, t.typname::text, n.nspname::text, coalesce(b.typname, t.typname)::text,
    coalesce(b.typcategory, t.typcategory)::text, a.attnotnull, a.atthasdef OR a.attidentity <> '',
    a.attgenerated <> '', format_type(a.atttypid, a.atttypmod), EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    ), EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum AND i.indimmediate
    )
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// Reads the definition of a table.
pub(in super::super) async fn inspect(lease: &mut Lease, table: &HostTable) -> Result<Inspected, StoreError> {
    let mut name = quoted(table.table(), '"');
    if let Some(schema) = table.schema() {
        name = format!("{}.{name}", quoted(schema, '"'));
    }
    let Some(row) = lease.first(TABLE, &[&name, &table.key()]).await? else {
        return Err(AttachError::NoTable(table.table().to_owned()).into());
    };
    let (schema, found, is_watched): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
    let mut columns: Vec<Column> = lease.query(COLUMNS, &[&name]).await?.iter().map(column).collect();
    for added in table.added(ADDED).into_iter().filter(|_| table.is_beside()).map(beside) {
        if columns.iter().any(|column| column.name == added.name) {
            return Err(AttachError::Twice(added.name).into());
        }
        columns.push(added);
    }
    let name = format!("{}.{}", quoted(&schema, '"'), quoted(&found, '"'));
    let (is_left, keeps, is_attached, numbers) = (row.get(3), row.get(4), row.get(5), row.get(6));
    Ok(Inspected { name, table: found, schema, columns, is_watched, is_left, keeps, is_attached, numbers })
}

/// A column of the side table.
fn beside((name, definition): (&str, &str)) -> Column {
    let declared = definition.split(' ').next().unwrap_or_default();
    let (form, base) = match declared {
        "text" => (Form::Text, "text"),
        "boolean" => (Form::Boolean, "bool"),
        _ => (Form::Integer, "int8"),
    };
    Column {
        name: name.to_owned(),
        cast: format!("pg_catalog.{base}"),
        form,
        not_null: form != Form::Text,
        is_kept: false,
        declared: declared.to_owned(),
        has_default: form != Form::Text,
        is_generated: false,
        is_unique: false,
        is_unique_at_once: false,
    }
}

fn column(row: &tokio_postgres::Row) -> Column {
    let (typed, schema): (&str, &str) = (row.get(1), row.get(2));
    Column {
        name: row.get(0),
        cast: format!("{}.{}", quoted(schema, '"'), quoted(typed, '"')),
        form: form(row.get(3), row.get(4)),
        not_null: row.get(5),
        is_kept: is_kept(row.get(3), row.get(4)),
        has_default: row.get(6),
        is_generated: row.get(7),
        declared: row.get(8),
        is_unique: row.get(9),
        is_unique_at_once: row.get(10),
    }
}

fn form(base: &str, category: &str) -> Form {
    match (base, category) {
        ("bool", _) => Form::Boolean,
        ("int2" | "int4" | "int8", _) => Form::Integer,
        ("numeric" | "float4" | "float8", _) => Form::Number,
        ("date", _) => Form::Date,
        ("timestamptz", _) => Form::Moment,
        ("json" | "jsonb", _) => Form::Json,
        ("uuid", _) => Form::Uuid,
        // Strings, and enumerations.
        (_, "S" | "E") => Form::Text,
        _ => Form::Other,
    }
}

/// JSON has the blanks at the end of a `char`, and the digits of a float are those that the session asks for.
fn is_kept(base: &str, category: &str) -> bool {
    let others =
        ["text", "varchar", "citext", "bool", "int2", "int4", "int8", "numeric", "date", "timestamptz", "uuid"];
    category == "E" || others.contains(&base)
}

impl Column {
    /// Whether it gives back exactly the text that was put into it, and nothing where nothing was.
    pub(in super::super) fn is_exact(&self) -> bool {
        let is_plain = matches!(self.declared.as_str(), "text" | "boolean" | "numeric" | "json");
        is_plain && !self.has_default && !self.is_generated
    }
}

impl Form {
    /// Whether a field of this kind fits into such a column: what is written as text only into texts, as a phone number
    /// would lose its zero in a number.
    fn keeps(self, kind: &Kind) -> bool {
        match self {
            Self::Text => true,
            Self::Boolean => *kind == Kind::BOOLEAN,
            Self::Integer => *kind == Kind::Integer,
            Self::Number => matches!(kind, Kind::Integer) || matches!(kind, Kind::Decimal(notation) if !notation.comma),
            Self::Date => matches!(kind, Kind::Date { zone: None, .. }),
            Self::Moment => *kind == Kind::TIMESTAMP,
            Self::Json => !kind.is_scalar(),
            Self::Uuid => *kind == Kind::Text,
            Self::Other => false,
        }
    }
}

impl Inspected {
    pub(in super::super) fn column(&self, name: &str) -> Result<&Column, AttachError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| AttachError::NoColumn { table: self.table.clone(), column: name.to_owned() })
    }

    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.column(name).is_ok()
    }

    /// The table as it was named, with its schema.
    pub(super) fn named(&self, asked: &HostTable) -> Result<HostTable, AttachError> {
        asked.spelled(Some(&self.schema), &self.table, |column| Ok(column.to_owned()))
    }

    /// Whether the table can hold the records of a schema.
    pub(super) fn check(&self, table: &HostTable, schema: &Schema) -> Result<(), StoreError> {
        let key = self.column(table.key())?;
        let told = matches!(key.form, Form::Integer | Form::Uuid | Form::Text) && key.not_null && key.is_unique;
        if !told || key.is_generated {
            let expected = "a bigint, integer, uuid or text that is unique and not null by itself";
            return Err(AttachError::Key { table: self.table.clone(), column: key.name.clone(), expected }.into());
        }
        // Rows that exchange their keys would exchange what stands beside them.
        if table.is_beside() && !key.is_unique_at_once {
            let expected = "unique at once: a key that has its columns beside it cannot be deferrable";
            return Err(AttachError::Key { table: self.table.clone(), column: key.name.clone(), expected }.into());
        }
        for field in schema.fields() {
            let Some(column) = table.column_for(field) else {
                let problem = format!("no column of `{}` is named for it", self.table);
                return Err(StoreError::Column { field: field.name().to_owned(), problem });
            };
            check_field(field, self.column(column)?)?;
        }
        self.check_special(table)?;
        let known = table.named_columns()?;
        let stays_empty = |column: &&Column| column.not_null && !column.has_default && !column.is_generated;
        let unfilled = self.columns.iter().filter(stays_empty).find(|column| !known.contains(column.name.as_str()));
        let error = |column: &Column| AttachError::NotNull { table: self.table.clone(), column: column.name.clone() };
        unfilled.map_or(Ok(()), |column| Err(error(column).into()))
    }

    fn check_special(&self, table: &HostTable) -> Result<(), AttachError> {
        let problem = |field: &str, column: &str, problem: &str| AttachError::Column {
            field: field.to_owned(),
            column: column.to_owned(),
            problem: problem.to_owned(),
        };
        if let Some(id) = table.id_column()
            && (self.column(id)?.form != Form::Text || self.column(id)?.is_generated)
        {
            return Err(problem("external id", id, "its type must be text"));
        }
        if let Some(active) = table.active_column()
            && !matches!(self.column(active)?.form, Form::Boolean | Form::Integer)
        {
            return Err(problem("active", active, "its type must be boolean, or a whole number"));
        }
        Ok(())
    }
}

fn check_field(field: &Field, column: &Column) -> Result<(), AttachError> {
    let problem = if column.is_generated {
        "it is generated".to_owned()
    } else if !column.form.keeps(field.kind()) {
        format!("a {} does not fit into the type {}", field.kind().name(), column.declared)
    } else {
        return Ok(());
    };
    Err(AttachError::Column { field: field.name().to_owned(), column: column.name.clone(), problem })
}

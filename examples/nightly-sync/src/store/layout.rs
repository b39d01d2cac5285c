//! Which column each field is kept in, and what changes when the schema does.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};
use tripartite::schema::{Field, Kind, Schema};

use super::tables::{remembering, remembering_activity, schema_text};
use super::{Register, Settings, StoreError, database};

/// The columns that are not fields.
pub const OWN: [&str; 4] = ["local_id", "external_id", "active", "revision"];

/// The column of each field, by its position; `None` while there is none.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) columns: Vec<Option<String>>,
}

impl Layout {
    /// Every field in the column of its name.
    pub(super) fn fresh(schema: &Schema) -> Self {
        Self { columns: schema.fields().iter().map(|field| Some(field.name().to_owned())).collect() }
    }
}

/// Text as SQL quotes it.
pub(super) fn quoted(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        out.push(c);
        if c == mark {
            out.push(c);
        }
    }
    out.push(mark);
    out
}

/// A field's column in `CREATE TABLE`.
///
/// Whole numbers have no declared type: with `INTEGER`, SQLite would turn one beyond 64 bits into a rounded real.
pub(super) fn column(field: &Field) -> String {
    let name = quoted(field.name(), '"');
    match field.kind() {
        Kind::Boolean => format!("{name} INTEGER"),
        Kind::Integer => name,
        _ => format!("{name} TEXT"),
    }
}

impl Settings {
    /// Whether every field can have a column. SQLite does not tell `Email` and `email` apart.
    ///
    /// # Errors
    /// [`StoreError::Column`], for the first field that cannot.
    pub fn check(&self) -> Result<(), StoreError> {
        check(self)
    }
}

fn check(settings: &Settings) -> Result<(), StoreError> {
    let mut known: BTreeMap<String, &str> = OWN.iter().map(|&own| (own.to_owned(), own)).collect();
    for (position, field) in settings.schema.fields().iter().enumerate() {
        let problem = |problem: String| Err(StoreError::Column { field: field.name().to_owned(), problem });
        if field.name().contains('\0') {
            return problem("its name holds a NUL character".to_owned());
        }
        if settings.schema.position(&settings.id_field) == Some(position) {
            return problem(format!("`{}` is the listing's id field", settings.id_field));
        }
        if let Some(other) = known.insert(field.name().to_ascii_lowercase(), field.name()) {
            let what = if OWN.contains(&other) { "the table's own column" } else { "the column of field" };
            return problem(format!(
                "to SQLite its name is that of {what} `{other}`; give it another name and this one as an alias"
            ));
        }
    }
    Ok(())
}

/// The present layout, and the statements that make it the schema's. New fields get a column, renamed ones keep theirs
/// under the new name, and the columns of fields that are gone stay.
pub(super) fn change(
    conn: &Connection,
    register: &Register,
    settings: &Settings,
) -> Result<(Layout, Vec<String>), StoreError> {
    let stored = database::settings(conn, register)?;
    let known = columns(conn, register)?;
    let members = register.sql("{members}");
    let mut pending = Vec::new();
    let mut layout = Layout { columns: Vec::new() };
    for (position, field) in settings.schema.fields().iter().enumerate() {
        let column = match known.get(&field.name().to_ascii_lowercase()) {
            Some(column) => Some(column.clone()),
            None => renamed(&settings.schema, &known, position),
        };
        match &column {
            None => pending.push(format!("ALTER TABLE {members} ADD COLUMN {}", self::column(field))),
            Some(column) if column.eq_ignore_ascii_case(field.name()) => {}
            Some(column) => {
                let (old, new) = (quoted(column, '"'), quoted(field.name(), '"'));
                pending.push(format!("ALTER TABLE {members} RENAME COLUMN {old} TO {new}"));
            }
        }
        layout.columns.push(column);
    }
    pending.extend(remembering_activity(conn, register)?);
    if stored.schema.fingerprint() != settings.schema.fingerprint() {
        pending.push(remembering(register, "schema", &schema_text(settings)?));
    }
    if stored.id_field != settings.id_field {
        pending.push(remembering(register, "id_field", &settings.id_field));
    }
    Ok((layout, pending))
}

/// The column that has an alias of a field for its name, and no field's name.
fn renamed(schema: &Schema, known: &BTreeMap<String, String>, position: usize) -> Option<String> {
    let is_name = |column: &str| schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(column));
    known.values().find(|column| schema.position(column) == Some(position) && !is_name(column)).cloned()
}

fn columns(conn: &Connection, register: &Register) -> Result<BTreeMap<String, String>, StoreError> {
    let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([register.table("members")], |row| row.get::<_, String>(0))?;
    let mut columns = BTreeMap::new();
    for name in names {
        let name = name?;
        if !OWN.iter().any(|own| own.eq_ignore_ascii_case(&name)) {
            columns.insert(name.to_ascii_lowercase(), name);
        }
    }
    Ok(columns)
}

pub(super) fn settle(tx: &Transaction<'_>, pending: &[String]) -> Result<(), StoreError> {
    for statement in pending {
        tx.execute_batch(statement)?;
    }
    Ok(())
}

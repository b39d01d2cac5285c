//! Which column each field is kept in, and what changes when the schema does.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use tripartite::schema::{Field, Kind, Schema};
use tripartite_sql::{AttachError, HostTable, OWN_COLUMNS, Settings, quoted};

use super::bases::{self, Affinity, Bases, has_fields_of};
use super::host;
use super::names::Names;
use super::tables::{self, going_beyond_removed, remembering, remembering_activity, schema_text};
use super::{StoreError, database, entries, triggers};

/// How a register's tables are, and what must be changed before the first write.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The column of each field, by its position; `None` while there is none.
    pub(super) columns: Vec<Option<String>>,
    /// How bases that stand in their rows are read; `None` in a database of an earlier version.
    pub(super) bases: Option<Bases>,
    /// What the columns do to values, where bases may be left in their rows.
    pub(super) leaves: Option<Vec<Affinity>>,
    /// Whether the tables have no triggers but those that can have [nothing to do](triggers).
    pub(super) is_unwatched: bool,
    /// Of a table of the host's own, by position, whether the column of a field takes no null; else empty.
    pub(super) not_null: Vec<bool>,
    pub(super) pending: Pending,
    /// Whether the schema that is stored has the same fields.
    pub(super) is_ours: bool,
    /// SQLite's counter of changes of any table's definition.
    pub(super) moment: i64,
}

/// What must be carried out before the first write.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// The bases that stand in their rows are written out first.
    writes_out: bool,
    statements: Vec<String>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        !self.writes_out && self.statements.is_empty()
    }
}

impl Layout {
    /// Whether something is to be carried out first. A store whose schema was the stored one once does not take back what
    /// another has made of it meanwhile.
    pub(super) fn must_settle(&self, was_settled: bool) -> bool {
        !self.pending.is_empty() && (self.is_ours || !was_settled)
    }

    /// Whether the tables are still defined as they were.
    pub(super) fn is_current(&self, conn: &Connection) -> Result<bool, StoreError> {
        Ok(moment(conn)? == self.moment)
    }
}

fn moment(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))?)
}

/// A field's column in `CREATE TABLE`.
///
/// Whole numbers have no declared type: with `INTEGER`, SQLite would turn one beyond 64 bits into a rounded real.
pub(super) fn column(field: &Field) -> String {
    let name = quoted(field.name(), '"');
    match field.kind() {
        Kind::Boolean(_) => format!("{name} INTEGER"),
        Kind::Integer => name,
        _ => format!("{name} TEXT"),
    }
}

/// Whether every field of a new register can have a column. SQLite does not tell `Email` and `email` apart.
///
/// # Errors
/// [`StoreError::Column`], for the first field that cannot.
pub fn check(settings: &Settings) -> Result<(), StoreError> {
    let mut known: BTreeMap<String, &str> = OWN_COLUMNS.iter().map(|&own| (own.to_owned(), own)).collect();
    for (position, field) in settings.schema.fields().iter().enumerate() {
        let problem = |problem: String| Err(StoreError::Column { field: field.name().to_owned(), problem });
        if field.name().contains('\0') {
            return problem("its name holds a NUL character".to_owned());
        }
        if settings.schema.position(&settings.id_field) == Some(position) {
            return problem(format!("`{}` is the listing's id field", settings.id_field));
        }
        if let Some(other) = known.insert(field.name().to_ascii_lowercase(), field.name()) {
            let what = if OWN_COLUMNS.contains(&other) { "the table's own column" } else { "the column of field" };
            return problem(format!(
                "to SQLite its name is that of {what} `{other}`; give it another name and this one as an alias"
            ));
        }
    }
    Ok(())
}

/// The present layout. New fields get a column, renamed ones keep theirs under the new name, and the columns of fields
/// that are gone stay.
pub(super) fn of(conn: &Connection, names: &Names, settings: &Settings) -> Result<Layout, StoreError> {
    if let Some(host) = names.host() {
        return in_host(conn, names, settings, host);
    }
    let stored = database::settings(conn, names)?;
    let known = columns(conn, names)?;
    let mut pending = Pending::default();
    let columns = altered(names, &settings.schema, &known, &mut pending.statements);
    let is_ours = has_fields_of(&stored.schema, &settings.schema);
    let format = database::format(conn, names)?;
    let bases = match format.as_deref() {
        Some(tables::FIRST_FORMAT) => None,
        _ => Some(Bases { columns: in_columns(&stored.schema, &known), schema: stored.schema.clone() }),
    };
    let definitions = Definitions::of(conn, names)?;
    let is_kept = is_ours && bases.is_some() && pending.is_empty() && definitions.keeps_bases(conn, names)?;
    if !is_kept {
        keep_bases(names, settings, bases.is_some(), &mut pending);
    } else if definitions.foreign && bases::any(conn, names)? {
        pending.writes_out = true;
    }
    if format.as_deref() != Some(tables::FORMAT) {
        pending.statements.push(entries::packing(names));
        pending.statements.push(remembering(names, "format", tables::FORMAT));
    }
    pending.statements.extend(keeping_removed(conn, names)?);
    pending.statements.extend(definitions.missing(names, tables::of_rows()));
    pending.statements.extend(remembering_activity(conn, names)?);
    pending.statements.extend(going_beyond_removed(conn, names)?);
    pending.statements.extend(remembering_settings(names, &stored, settings)?);
    let leaves = (pending.is_empty() && !definitions.foreign).then(|| affinities(&columns, &known));
    let is_unwatched = is_unwatched(conn, names)?;
    Ok(Layout { columns, bases, leaves, is_unwatched, not_null: vec![], pending, is_ours, moment: moment(conn)? })
}

/// The layout where the members stand in a table of the host's own, to whose columns nothing is done.
fn in_host(conn: &Connection, names: &Names, settings: &Settings, host: &HostTable) -> Result<Layout, StoreError> {
    let stored = database::settings(conn, names)?;
    let table = host::inspect::inspect(conn, host)?;
    for column in host.special() {
        if table.column(column).is_err() {
            return Err(AttachError::Gone { table: host.table().to_owned(), column: column.to_owned() }.into());
        }
    }
    let (mut columns, mut not_null) = (Vec::new(), Vec::new());
    for field in settings.schema.fields() {
        let Some(name) = host.column_for(field) else {
            let problem = format!("no column of `{}` is named for it; attach the table again with one", host.table());
            return Err(StoreError::Column { field: field.name().to_owned(), problem });
        };
        let column = table.column(name)?;
        columns.push(Some(column.name.clone()));
        not_null.push(column.not_null);
    }
    let mut pending = Pending::default();
    pending.statements.extend(keeping_removed(conn, names)?);
    pending.statements.extend(Definitions::of(conn, names)?.missing(names, host::attach::triggers()));
    pending.statements.extend(going_beyond_removed(conn, names)?);
    pending.statements.extend(remembering_settings(names, &stored, settings)?);
    let (is_ours, moment) = (has_fields_of(&stored.schema, &settings.schema), moment(conn)?);
    // A foreign key may carry what is written on to a table that has triggers of the host's own.
    let is_unwatched = false;
    Ok(Layout { columns, bases: None, leaves: None, is_unwatched, not_null, pending, is_ours, moment })
}

/// What makes the tables that an earlier version did not have.
fn keeping_removed(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let has_table = database::has_table(conn, &names.table("tripartite_removed"))?;
    Ok((!has_table).then(|| names.sql(tables::BESIDE)))
}

fn remembering_settings(names: &Names, stored: &Settings, now: &Settings) -> Result<Vec<String>, StoreError> {
    let mut statements = Vec::new();
    if stored.schema.fingerprint() != now.schema.fingerprint() {
        statements.push(remembering(names, "schema", &schema_text(now)?));
    }
    if stored.id_field != now.id_field {
        statements.push(remembering(names, "id_field", &now.id_field));
    }
    Ok(statements)
}

/// Where every field is, and the statements that put it there.
fn altered(names: &Names, schema: &Schema, known: &Columns, statements: &mut Vec<String>) -> Vec<Option<String>> {
    let members = names.sql("{members}");
    let mut columns = Vec::new();
    for (position, field) in schema.fields().iter().enumerate() {
        let column = match known.get(&field.name().to_ascii_lowercase()) {
            Some((column, _)) => Some(column.clone()),
            None => renamed(schema, known, position),
        };
        match &column {
            None => statements.push(format!("ALTER TABLE {members} ADD COLUMN {}", self::column(field))),
            Some(column) if column.eq_ignore_ascii_case(field.name()) => {}
            Some(column) => {
                let (old, new) = (quoted(column, '"'), quoted(field.name(), '"'));
                statements.push(format!("ALTER TABLE {members} RENAME COLUMN {old} TO {new}"));
            }
        }
        columns.push(column);
    }
    columns
}

/// The triggers go before the columns change, and come anew behind.
fn keep_bases(names: &Names, settings: &Settings, has_shapes: bool, pending: &mut Pending) {
    pending.writes_out = has_shapes;
    pending.statements.insert(0, bases::forgetting(names));
    pending.statements.push(bases::keeping(names, &settings.schema));
    if !has_shapes {
        pending.statements.extend(bases::COLUMNS.map(|sql| names.sql(sql)));
    }
    pending.statements.push(names.sql(tables::BESIDE));
}

fn in_columns(schema: &Schema, known: &Columns) -> Vec<Option<String>> {
    let column = |field: &Field| known.get(&field.name().to_ascii_lowercase()).map(|(column, _)| column.clone());
    schema.fields().iter().map(column).collect()
}

fn affinities(columns: &[Option<String>], known: &Columns) -> Vec<Affinity> {
    let declared = |column: &String| known.get(&column.to_ascii_lowercase()).map(|(_, declared)| declared.as_str());
    let affinity = |column: &Option<String>| column.as_ref().and_then(declared).map_or(Affinity::Other, Affinity::of);
    columns.iter().map(affinity).collect()
}

/// The triggers and indexes of the members.
struct Definitions {
    triggers: BTreeSet<String>,
    /// Whether there is one of the user's own that can change a row unseen.
    foreign: bool,
}

impl Definitions {
    fn of(conn: &Connection, names: &Names) -> Result<Self, StoreError> {
        let members = names.table("members");
        let mut statement =
            conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE")?;
        let triggers: BTreeSet<String> =
            statement.query_map([&members], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let own: BTreeSet<String> =
            tables::triggers().chain(super::near::triggers()).map(|name| names.table(name)).collect();
        let sql = "SELECT 1 FROM pragma_index_list(?1) WHERE \"unique\" AND origin = 'c'";
        let foreign = triggers.iter().any(|name| !own.contains(name)) || conn.prepare(sql)?.exists([&members])?;
        Ok(Self { triggers, foreign })
    }

    fn has(&self, names: &Names, name: &str) -> bool {
        self.triggers.contains(&names.table(name))
    }

    fn keeps_bases(&self, conn: &Connection, names: &Names) -> Result<bool, StoreError> {
        Ok(bases::triggers().all(|name| self.has(names, name))
            && database::has_table(conn, &names.table("tripartite_kept"))?)
    }

    /// Those that went with a table that somebody made anew.
    fn missing<'a>(
        &self,
        names: &Names,
        triggers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> impl Iterator<Item = String> {
        let missing = triggers.into_iter().filter(|(name, _)| !self.has(names, name));
        missing.map(|(_, sql)| names.sql(sql))
    }
}

fn is_unwatched(conn: &Connection, names: &Names) -> Result<bool, StoreError> {
    let idle: BTreeSet<String> = triggers::idle().map(|name| names.table(name)).collect();
    let mut statement =
        conn.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE")?;
    for table in triggers::WRITTEN {
        let mut rows = statement.query([names.table(table)])?;
        while let Some(row) = rows.next()? {
            if !idle.contains(row.get_ref(0)?.as_str().unwrap_or_default()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The column that has an alias of a field for its name, and no field's name.
fn renamed(schema: &Schema, known: &Columns, position: usize) -> Option<String> {
    let is_name = |column: &str| schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(column));
    let names = known.values().map(|(column, _)| column);
    names.into_iter().find(|column| schema.position(column) == Some(position) && !is_name(column)).cloned()
}

/// The columns of fields and their declared types, by their names in lower case.
type Columns = BTreeMap<String, (String, String)>;

fn columns(conn: &Connection, names: &Names) -> Result<Columns, StoreError> {
    let mut statement = conn.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
    let found = statement.query_map([names.table("members")], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut columns = BTreeMap::new();
    for column in found {
        let column = column?;
        if !OWN_COLUMNS.iter().any(|own| own.eq_ignore_ascii_case(&column.0)) {
            columns.insert(column.0.to_ascii_lowercase(), column);
        }
    }
    Ok(columns)
}

/// Carries out what is pending, and answers with the layout that comes of it. Somebody else may have done some of it.
pub(super) fn settle(
    tx: &Connection,
    names: &Names,
    settings: &Settings,
    others: &[String],
) -> Result<Layout, StoreError> {
    let before = of(tx, names, settings)?;
    if before.pending.writes_out
        && let Some(bases) = &before.bases
    {
        bases.write_out(tx, names)?;
    }
    for statement in before.pending.statements.iter().chain(others) {
        tx.execute_batch(statement)?;
    }
    of(tx, names, settings)
}

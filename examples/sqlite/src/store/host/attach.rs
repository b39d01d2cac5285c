//! Attaching: the few columns, triggers and tables are added in one transaction, or nothing is.

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tripartite_sql::{AttachError, HostTable, Register, Settings, quoted};

use super::super::names::Names;
use super::super::{Database, StoreError, database, entries, layout, tables};
use super::{ADDED, Inspected, META, inspect};

/// The second holds nothing: the bases of such a register are stored whole.
const TABLES: &str = "
CREATE TABLE {tripartite_replaced}(local_id INTEGER PRIMARY KEY, external_id TEXT, active ANY, revision INTEGER) STRICT;
CREATE TABLE {tripartite_kept}(external_id TEXT PRIMARY KEY) WITHOUT ROWID;
";

/// The triggers on a table of the host's own, beside those of match keys.
pub(in super::super) fn triggers() -> impl Iterator<Item = (&'static str, &'static str)> {
    tables::of_rows().chain(tables::each_trigger(include_str!("../../../sql/attached.sql")))
}

impl Database {
    /// Makes a table of the host's own the records of a register. [`HostTable`] says what is added; nothing else of the
    /// table changes. A table that is attached already in the same way stays as it is. Columns of more fields may be named
    /// later.
    ///
    /// # Errors
    /// [`StoreError::Attach`] and [`StoreError::Column`] say what cannot be; then nothing was changed.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite_sqlite::rusqlite::Connection;
    /// use tripartite_sqlite::store::{Database, SqliteStore};
    /// use tripartite_sqlite::tripartite_sql::{HostTable, Register, Settings};
    /// let conn = Connection::open_in_memory()?;
    /// conn.execute_batch("CREATE TABLE people(id INTEGER PRIMARY KEY, full_name TEXT, note TEXT)")?;
    /// let database = Database::from_connection(conn)?;
    ///
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let settings = Settings { schema, id_field: "id".to_owned() };
    /// let table = HostTable::new("people", "id").column("name", "full_name");
    /// let register = Register::default();
    /// database.attach(&register, &table, &settings)?;
    /// database.attach(&register, &table, &settings)?; // nothing happens
    /// let otherwise = HostTable::new("people", "id").column("name", "note");
    /// assert!(database.attach(&register, &otherwise, &settings).is_err());
    ///
    /// let store = SqliteStore::of(register, database, settings)?;
    /// store.edit("INSERT INTO people(full_name) VALUES ('Áine')")?; // a record without a link
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(&self, register: &Register, table: &HostTable, settings: &Settings) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(self.connection(), TransactionBehavior::Immediate)?;
        if table.is_beside() {
            return Err(AttachError::NoSideTable(table.table().to_owned()).into());
        }
        let inspected = inspect(&tx, table)?;
        let (mut table, names) = (inspected.named(table)?, Names::of(register));
        let known = match database::holds(&tx, &names)? {
            true => Some(super::of(&tx, &names)?.ok_or_else(|| AttachError::Attached {
                register: register.to_string(),
                table: names.table("members"),
                problem: "a table of the host's own needs another register".to_owned(),
            })?),
            false => None,
        };
        if let Some(known) = &known {
            table.extend(register, known, |_| false)?;
        }
        inspected.check(&tx, &table, &settings.schema)?;
        let [_, id, _, revision] = table.special();
        if known.is_none() && inspected.has(revision) {
            return Err(AttachError::Taken(table.table().to_owned()).into());
        }
        let attached = names.in_host(Some(table.clone()));
        if known.is_some() && !inspected.has(id) {
            // Which row had which link went with the column.
            tx.execute_batch(&attached.sql("DELETE FROM {tripartite_links}; DELETE FROM {tripartite_conflicts}"))?;
        }
        add_columns(&tx, &attached, &inspected, &table)?;
        tx.execute_batch(&attached.sql(tables::BESIDE))?;
        if known.is_none() {
            tx.execute_batch(&attached.sql(TABLES))?;
            tx.execute_batch(&entries::making(&attached))?;
            tables::remember_all(&tx, &attached, tables::HOST_FORMAT, settings)?;
        }
        if known.as_ref() != Some(&table) {
            let text = serde_json::to_string(&table).unwrap_or_default();
            tx.execute_batch(&tables::remembering(&attached, META, &text))?;
        }
        add_triggers(&tx, &attached)?;
        Ok(tx.commit()?)
    }

    /// Whether every field of a schema can have a column in a register: one that is named, where its records stand in a
    /// table of the host's own.
    ///
    /// # Errors
    /// [`StoreError::Column`], for the first field that cannot; [`StoreError`], when the database cannot be read.
    pub fn check_fields(&self, register: &Register, settings: &Settings) -> Result<(), StoreError> {
        match self.attached(register)? {
            Some(table) => inspect(self.connection(), &table)?.check(self.connection(), &table, &settings.schema),
            None => layout::check(settings),
        }
    }

    /// How many rows a table of the host's own has.
    ///
    /// # Errors
    /// [`StoreError`], when there is no such table, or the database cannot be read.
    pub fn count_rows(&self, table: &HostTable) -> Result<u64, StoreError> {
        let table = quoted(&inspect(self.connection(), table)?.table, '"');
        let count =
            self.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?;
        Ok(count.cast_unsigned())
    }

    /// The table of the host's own that a register is kept in; `None` where it has a table of its own, or is not there.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn attached(&self, register: &Register) -> Result<Option<HostTable>, StoreError> {
        let names = Names::of(register);
        if database::holds(self.connection(), &names)? { super::of(self.connection(), &names) } else { Ok(None) }
    }
}

fn add_columns(tx: &Connection, names: &Names, is: &Inspected, table: &HostTable) -> Result<(), StoreError> {
    for (column, definition) in table.added(ADDED) {
        if !is.has(column) {
            tx.execute_batch(&names.sql(&format!("ALTER TABLE {{members}} ADD COLUMN {column} {definition}")))?;
        }
    }
    let index = "CREATE UNIQUE INDEX IF NOT EXISTS {tripartite_members_id} ON {members}({external_id})";
    tx.execute_batch(&names.sql(index)).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            let (column, table) = (table.special()[1].to_owned(), table.table().to_owned());
            AttachError::Ambiguous { table, column }.into()
        }
        _ => StoreError::from(error),
    })
}

fn add_triggers(tx: &Connection, names: &Names) -> Result<(), StoreError> {
    for (name, sql) in triggers() {
        if !database::has_trigger(tx, &names.table(name))? {
            tx.execute_batch(&names.sql(sql))?;
        }
    }
    Ok(())
}

//! The store of the records goes through the crate's own suite: as the only register of a file, as one of several, and
//! as two connections to one file. Users are another SQL client, with a connection of its own.

use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::{Connection, ToSql};
use tripartite::audit::AuditEntry;
use tripartite::conformance::records::{Fixture, RecordId, schema};
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::schema::Kind;
use tripartite::value::{Record, Value};
use tripartite_sql::{HostTable, ID_FIELD, Register, Settings};
use tripartite_sqlite::store::{Access, Database, SqliteStore, table_name};

use crate::bench::Bench;
use crate::shared::entry;
use crate::turns::Turns;

mod the_only_register {
    use super::Kept;
    tripartite::conformance::records::record_store!(super::Club::new(["", "ballybeg/federation"], 1, Kept::InItsOwn));
}

mod one_of_several_registers {
    use super::Kept;
    // To SQLite, names that differ in case only are one.
    tripartite::conformance::records::record_store!(super::Club::new(
        ["ballybeg/federation", "Ballybeg/federation"],
        1,
        Kept::InItsOwn
    ));
}

mod two_connections {
    use super::Kept;
    tripartite::conformance::records::record_store!(super::Club::new(
        ["o'\"x {members}=2f/gym", ""],
        2,
        Kept::InItsOwn
    ));
}

mod a_table_of_the_hosts_own {
    use super::Kept;
    tripartite::conformance::records::record_store!(super::Club::new(["", "ballybeg/federation"], 1, Kept::InTheHosts));
}

mod a_table_of_the_hosts_own_by_two_connections {
    use super::Kept;
    tripartite::conformance::records::record_store!(super::Club::new(
        ["Bally\"beg/federation", ""],
        2,
        Kept::InTheHosts
    ));
}

/// Where the records stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    InItsOwn,
    /// The neighbour's records stand in another table of the host's.
    InTheHosts,
}

/// A club's records in a file, with another client that edits them.
struct Club {
    store: Turns<SqliteStore>,
    client: Mutex<Connection>,
    register: Register,
    /// Its own name and its neighbour's.
    names: [&'static str; 2],
    bench: Arc<Bench>,
    kept: Kept,
}

fn register(name: &str) -> Register {
    if name.is_empty() { Register::default() } else { name.parse().unwrap() }
}

impl Club {
    fn new(names: [&'static str; 2], connections: usize, kept: Kept) -> Self {
        Self::on(Arc::new(Bench::new()), names, connections, kept)
    }

    fn on(bench: Arc<Bench>, names: [&'static str; 2], connections: usize, kept: Kept) -> Self {
        let register = register(names[0]);
        if kept == Kept::InTheHosts {
            attach(&bench, &register);
        }
        let open = |_| {
            let settings = Settings { schema: schema(), id_field: ID_FIELD.to_owned() };
            SqliteStore::of(register.clone(), Database::open(&bench.db(), Access::Write).unwrap(), settings).unwrap()
        };
        let store = Turns::new((0..connections).map(open), ());
        let client = bench.sql();
        client.busy_timeout(Duration::from_secs(10)).unwrap();
        Self { store, client: Mutex::new(client), register, names, bench, kept }
    }

    fn client(&self) -> MutexGuard<'_, Connection> {
        self.client.lock().unwrap()
    }

    fn members(&self) -> String {
        match self.kept {
            Kept::InItsOwn => quoted(&table_name(&self.register, "members")),
            Kept::InTheHosts => quoted(&host_table(&self.register)),
        }
    }

    /// The name that a column has here.
    fn column(&self, name: &str) -> String {
        match (self.kept, name) {
            (Kept::InItsOwn, name) => name.to_owned(),
            (Kept::InTheHosts, "local_id") => quoted("No."),
            (Kept::InTheHosts, "external_id") => "tripartite_id".to_owned(),
            (Kept::InTheHosts, "active") => "tripartite_active".to_owned(),
            (Kept::InTheHosts, name) => quoted(&host_column(name)),
        }
    }

    /// A client's edit of the row that has this in a column.
    fn set(&self, patch: &Record, column: &str, is: &dyn ToSql) {
        let (columns, column) = (columns(patch), self.column(column));
        let sets: Vec<_> = columns.iter().map(|(name, _)| format!("{} = ?", self.column(name))).collect();
        let mut values: Vec<&dyn ToSql> = columns.iter().map(|(_, value)| &**value).collect();
        values.push(is);
        self.change(&format!("UPDATE {} SET {} WHERE {column} = ?", self.members(), sets.join(", ")), &values);
    }

    fn setting(&self, set: &str, which: &str) -> String {
        let (column, value) = set.split_once(' ').unwrap();
        format!("UPDATE {} SET {} {value} WHERE {} = ?", self.members(), self.column(column), self.column(which))
    }

    /// A statement on the members that must concern one row.
    fn change(&self, sql: &str, values: &[&dyn ToSql]) {
        assert_eq!(self.client().execute(sql, values).unwrap(), 1, "{sql}");
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Each register is kept in another table.
fn host_table(register: &Register) -> String {
    format!("People of {}", table_name(register, "the club"))
}

fn host_column(field: &str) -> String {
    format!("the \"{field}\"")
}

/// The table of a club that knows nothing of the crate, with a column that is no field. To attach it twice is nothing.
fn attach(bench: &Bench, register: &Register) {
    let (schema, name) = (schema(), host_table(register));
    let mut table = HostTable::new(name.as_str(), "No.");
    let mut columns = String::new();
    for field in schema.fields() {
        let column = host_column(field.name());
        let declared = match field.kind() {
            Kind::Boolean(_) | Kind::Integer => "",
            _ => "VARCHAR(40)",
        };
        columns.push_str(&format!(", {} {declared}", quoted(&column)));
        table = table.column(field.name(), column);
    }
    bench.edit(&format!(
        "CREATE TABLE IF NOT EXISTS {}(\"No.\" INTEGER PRIMARY KEY{columns}, paid_until DATE NOT NULL DEFAULT '2026-12-31')",
        quoted(&name)
    ));
    let database = Database::open_host(&bench.db(), Access::Write).unwrap();
    let settings = Settings { schema, id_field: ID_FIELD.to_owned() };
    database.attach(register, &table, &settings).unwrap();
}

/// The column by which a row is found, and what stands in it.
fn which(of: RecordId<'_>) -> (&'static str, rusqlite::types::Value) {
    match of {
        RecordId::Linked(id) => ("external_id", id.as_str().to_owned().into()),
        RecordId::Unlinked(local) => ("local_id", row(local).into()),
    }
}

fn row(local: &LocalId) -> i64 {
    local.as_str().parse().unwrap()
}

/// What is stated, by its column, as a client writes it that knows nothing of the crate.
fn columns(record: &Record) -> Vec<(String, Box<dyn ToSql>)> {
    let schema = schema();
    let stated = schema.fields().iter().zip(record.fields()).filter(|(_, field)| !field.is_missing());
    stated.map(|(field, value)| (field.name().to_owned(), cell(value.to_value()))).collect()
}

fn cell(value: Value) -> Box<dyn ToSql> {
    match value {
        Value::Null => Box::new(rusqlite::types::Null),
        Value::Bool(bool) => Box::new(bool),
        Value::Int(int) => Box::new(i64::try_from(int).unwrap()),
        Value::Text(text) => Box::new(text),
        other => Box::new(serde_json::to_string(&other).unwrap()),
    }
}

impl Fixture for Club {
    type Store = Turns<SqliteStore>;

    fn store(&self) -> &Turns<SqliteStore> {
        &self.store
    }

    fn neighbour(&self) -> Self {
        let [own, other] = self.names;
        Self::on(Arc::clone(&self.bench), [other, own], self.store.stores.len(), self.kept)
    }

    /// The files as they are while all of it is still open: nothing is checkpointed, nothing closed.
    fn reopen(self) -> Self {
        let copy = Bench::new();
        for file in self.bench.files().iter().filter(|file| !file.ends_with("-shm")) {
            fs::copy(self.bench.path(file), copy.path(file)).unwrap();
        }
        Self::on(Arc::new(copy), self.names, self.store.stores.len(), self.kept)
    }

    fn page(&self) -> usize {
        5000
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        let columns = columns(fields);
        let names: String = columns.iter().map(|(name, _)| format!(", {}", self.column(name))).collect();
        let id = id.map(ExternalId::as_str);
        let mut values: Vec<&dyn ToSql> = vec![&id];
        values.extend(columns.iter().map(|(_, value)| &**value));
        let marks = ", ?".repeat(columns.len());
        self.change(
            &format!("INSERT INTO {}({}{names}) VALUES (?{marks})", self.members(), self.column("external_id")),
            &values,
        );
    }

    fn edit(&self, of: RecordId<'_>, patch: &Record) {
        let (column, is) = which(of);
        self.set(patch, column, &is);
    }

    fn deactivate(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.change(&self.setting("active = 0", column), &[&is]);
    }

    fn activate(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.change(&self.setting("active = 1", column), &[&is]);
    }

    fn delete(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.change(&format!("DELETE FROM {} WHERE {} = ?", self.members(), self.column(column)), &[&is]);
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        self.change(&self.setting("external_id = ?", "local_id"), &[&id.as_str(), &row(local)]);
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        let (store, at) = (self.store.within(), crate::bench::at());
        let run = store.next_run(&at).unwrap();
        store.rule_out(local, id, &PersonId::new("Nuala").unwrap(), (&run, &at)).unwrap();
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        let (audit, id) = (table_name(&self.register, "tripartite_entries"), id.as_str());
        let sql = format!(
            "CREATE TRIGGER \"refusing {id}\" BEFORE INSERT ON \"{audit}\" WHEN NEW.external_id = '{id}'
            BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        self.client().execute_batch(&sql).unwrap();
        true
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        let mut rows = Vec::new();
        let database = Database::open(&self.bench.db(), Access::Read).unwrap();
        let each = |row| {
            rows.push(entry(row));
            true
        };
        database.audit(&self.register, None, each).unwrap();
        rows
    }
}

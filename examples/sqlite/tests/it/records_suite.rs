//! The store of the records goes through the crate's own suite: as the only register of a file, as one of several, and
//! as two connections to one file. Users are another SQL client, with a connection of its own.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::{Connection, ToSql};
use tripartite::audit::AuditEntry;
use tripartite::conformance::records::{Fixture, schema};
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use tripartite::value::{Record, Value};
use tripartite_sqlite::store::{Access, Database, ID_FIELD, Register, Settings, SqliteStore, StoreError};

use crate::bench::Bench;

mod the_only_register {
    tripartite::conformance::records::record_store!(super::Club::new(["", "ballybeg/federation"], 1));
}

mod one_of_several_registers {
    // To SQLite, names that differ in case only are one.
    tripartite::conformance::records::record_store!(super::Club::new(
        ["ballybeg/federation", "Ballybeg/federation"],
        1
    ));
}

mod two_connections {
    tripartite::conformance::records::record_store!(super::Club::new(["o'\"x {members}=2f/gym", ""], 2));
}

/// A club's records in a file, with another client that edits them.
struct Club {
    store: Turns,
    client: Mutex<Connection>,
    register: Register,
    /// Its own name and its neighbour's.
    names: [&'static str; 2],
    bench: Arc<Bench>,
}

fn register(name: &str) -> Register {
    if name.is_empty() { Register::default() } else { name.parse().unwrap() }
}

impl Club {
    fn new(names: [&'static str; 2], connections: usize) -> Self {
        Self::on(Arc::new(Bench::new()), names, connections)
    }

    fn on(bench: Arc<Bench>, names: [&'static str; 2], connections: usize) -> Self {
        let register = register(names[0]);
        let open = |_| {
            let settings = Settings { schema: schema(), id_field: ID_FIELD.to_owned() };
            SqliteStore::of(register.clone(), Database::open(&bench.db(), Access::Write).unwrap(), settings).unwrap()
        };
        let store = Turns { stores: (0..connections).map(open).collect(), calls: AtomicUsize::new(0) };
        let client = bench.sql();
        client.busy_timeout(Duration::from_secs(10)).unwrap();
        Self { store, client: Mutex::new(client), register, names, bench }
    }

    fn client(&self) -> MutexGuard<'_, Connection> {
        self.client.lock().unwrap()
    }

    fn members(&self) -> String {
        format!("\"{}\"", self.register.table("members"))
    }

    /// A client's edit of the row that has this in a column.
    fn set(&self, patch: &Record, column: &str, is: &dyn ToSql) {
        let columns = columns(patch);
        let sets: Vec<_> = columns.iter().map(|(name, _)| format!("{name} = ?")).collect();
        let mut values: Vec<&dyn ToSql> = columns.iter().map(|(_, value)| &**value).collect();
        values.push(is);
        self.change(&format!("UPDATE {} SET {} WHERE {column} = ?", self.members(), sets.join(", ")), &values);
    }

    /// A statement on the members that must concern one row.
    fn change(&self, sql: &str, values: &[&dyn ToSql]) {
        assert_eq!(self.client().execute(sql, values).unwrap(), 1, "{sql}");
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
    type Store = Turns;

    fn store(&self) -> &Turns {
        &self.store
    }

    fn neighbour(&self) -> Self {
        let [own, other] = self.names;
        Self::on(Arc::clone(&self.bench), [other, own], self.store.stores.len())
    }

    /// The files as they are while all of it is still open: nothing is checkpointed, nothing closed.
    fn reopen(self) -> Self {
        let copy = Bench::new();
        for file in self.bench.files().iter().filter(|file| !file.ends_with("-shm")) {
            fs::copy(self.bench.path(file), copy.path(file)).unwrap();
        }
        Self::on(Arc::new(copy), self.names, self.store.stores.len())
    }

    fn page(&self) -> usize {
        5000
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        let columns = columns(fields);
        let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
        let id = id.map(ExternalId::as_str);
        let mut values: Vec<&dyn ToSql> = vec![&id];
        values.extend(columns.iter().map(|(_, value)| &**value));
        let marks = ", ?".repeat(columns.len());
        self.change(&format!("INSERT INTO {}(external_id{names}) VALUES (?{marks})", self.members()), &values);
    }

    fn edit(&self, id: &ExternalId, patch: &Record) {
        self.set(patch, "external_id", &id.as_str());
    }

    fn edit_here(&self, local: &LocalId, patch: &Record) {
        self.set(patch, "local_id", &row(local));
    }

    fn deactivate_here(&self, local: &LocalId) {
        self.change(&format!("UPDATE {} SET active = 0 WHERE local_id = ?", self.members()), &[&row(local)]);
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        let sql = format!("UPDATE {} SET external_id = ? WHERE local_id = ?", self.members());
        self.change(&sql, &[&id.as_str(), &row(local)]);
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        let (store, at) = (self.store.next(), crate::bench::at());
        let run = store.next_run(&at).unwrap();
        store.rule_out(local, id, &PersonId::new("Nuala").unwrap(), (&run, &at)).unwrap();
    }

    fn deactivate(&self, id: &ExternalId) {
        self.change(&format!("UPDATE {} SET active = 0 WHERE external_id = ?", self.members()), &[&id.as_str()]);
    }

    fn delete(&self, id: &ExternalId) {
        self.change(&format!("DELETE FROM {} WHERE external_id = ?", self.members()), &[&id.as_str()]);
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        let (audit, id) = (self.register.table("tripartite_entries"), id.as_str());
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
        let each = |row: tripartite_sqlite::store::AuditRow| {
            rows.push((RunId::new(row.run).unwrap(), ExternalId::new(row.external_id).unwrap(), row.entry));
            true
        };
        database.audit(&self.register, None, each).unwrap();
        rows
    }
}

/// One or several connections to a file: each call goes to another one than the call before.
struct Turns {
    stores: Vec<SqliteStore>,
    calls: AtomicUsize,
}

impl Turns {
    fn next(&self) -> &SqliteStore {
        &self.stores[self.calls.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }
}

impl RecordStore for Turns {
    type Error = StoreError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
        self.next().index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, StoreError> {
        self.next().load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, StoreError> {
        self.next().commit(batch).await
    }
}

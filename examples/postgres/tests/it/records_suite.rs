//! The store of the records goes through the crate's own suite: in tables of its own, and in tables of the host's with keys
//! and columns of other types. Users are another client, with a connection of its own.

use std::sync::Arc;

use tripartite::audit::AuditEntry;
use tripartite::conformance::records::{Fixture, RecordId, schema};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::schema::Kind;
use tripartite::value::{Record, Value};
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::{HostTable, ID_FIELD, Register, Settings};

use crate::server::{Place, Sql, pool, quoted};
use crate::shared::entry;
use crate::turns::Turns;

const ONE: [&str; 2] = ["", "ballybeg/federation"];
const TWO: [&str; 2] = ["ballybeg/federation", "o'\"x {members}=2F/gym"];

mod a_table_of_its_own {
    use super::{Club, Kept, ONE};
    tripartite::conformance::records::record_store!(Club::new(ONE, 1, Kept::ItsOwn));
}

mod two_pools {
    use super::{Club, Kept, TWO};
    tripartite::conformance::records::record_store!(Club::new(TWO, 2, Kept::ItsOwn));
}

mod a_table_of_the_hosts_own {
    use super::{Club, Kept, ONE};
    tripartite::conformance::records::record_store!(Club::new(ONE, 1, Kept::Texts));
}

mod columns_of_all_types {
    use super::{Club, Kept, TWO};
    tripartite::conformance::records::record_store!(Club::new(TWO, 2, Kept::Types));
}

mod a_table_that_gets_no_columns {
    use super::{Club, Kept, ONE};
    tripartite::conformance::records::record_store!(Club::new(ONE, 1, Kept::Beside));
}

/// Where the records stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    ItsOwn,
    /// In a table of the host's, each field in a text, under numbers.
    Texts,
    /// In a table of the host's, each field in a column of its type, under uuids.
    Types,
    /// As `Texts`, and what the store adds is in a side table.
    Beside,
}

/// A club's records, with another client that edits them.
struct Club {
    store: Turns<PostgresStore>,
    client: Sql,
    /// Its own name and its neighbour's.
    names: [&'static str; 2],
    place: Arc<Place>,
    kept: Kept,
}

fn register(name: &str) -> Register {
    if name.is_empty() { Register::default() } else { name.parse().unwrap() }
}

fn settings() -> Settings {
    Settings { schema: schema(), id_field: ID_FIELD.to_owned() }
}

impl Club {
    fn new(names: [&'static str; 2], pools: usize, kept: Kept) -> Self {
        Self::on(Arc::new(Place::new(4)), names, pools, kept)
    }

    fn on(place: Arc<Place>, names: [&'static str; 2], pools: usize, kept: Kept) -> Self {
        let (register, client) = (register(names[0]), Sql::new());
        let database = |pool| Database::of(pool).in_schema(place.schema.as_str());
        if kept != Kept::ItsOwn {
            attach(&client, &database(place.pool.clone()), &register, kept);
        }
        let open = |number| {
            let pool = if number == 0 { place.pool.clone() } else { pool(4) };
            block_on(PostgresStore::of(register.clone(), database(pool), settings())).unwrap()
        };
        let store = Turns::new((0..pools).map(open), ());
        Self { store, client, names, place, kept }
    }

    fn table(&self) -> &HostTable {
        self.store.stores[0].table()
    }

    fn members(&self) -> String {
        let (schema, table) = (self.table().schema().unwrap(), self.table().table());
        format!("{}.{}", quoted(schema, '"'), quoted(table, '"'))
    }

    /// The name that a column has here.
    fn column(&self, name: &str) -> String {
        match (self.kept, name) {
            (Kept::ItsOwn, name) => quoted(name, '"'),
            (_, "local_id") => quoted("No.", '"'),
            (_, "external_id") => "tripartite_id".to_owned(),
            (_, "active") => "tripartite_active".to_owned(),
            (_, name) => quoted(&host_column(name), '"'),
        }
    }

    /// A client's edit of the row that has this in a column.
    #[track_caller]
    fn set(&self, patch: &Record, column: &str, is: &str) {
        let set = |(name, value): (String, String)| format!("{} = {value}", self.column(&name));
        let sets: Vec<_> = values(patch).into_iter().map(set).collect();
        // A statement that sets nothing is none.
        if !sets.is_empty() {
            self.update(&sets.join(", "), column, is);
        }
    }

    /// What a row is found by that has this in a column.
    fn found(&self, column: &str, is: &str) -> String {
        let (named, is, key) = (self.column(column), quoted(is, '\''), self.column("local_id"));
        match self.store.stores[0].side_table() {
            Some(beside) if column == "external_id" => {
                format!("{key} = (SELECT {key} FROM {beside} WHERE {named} = {is})")
            }
            _ => format!("{named} = {is}"),
        }
    }

    #[track_caller]
    fn update(&self, sets: &str, column: &str, is: &str) {
        self.update_in(&self.members(), sets, column, is);
    }

    /// Changes a column that a store adds, wherever it is.
    #[track_caller]
    fn update_added(&self, sets: &str, column: &str, is: &str) {
        let table = self.store.stores[0].side_table().map_or_else(|| self.members(), str::to_owned);
        self.update_in(&table, sets, column, is);
    }

    #[track_caller]
    fn update_in(&self, table: &str, sets: &str, column: &str, is: &str) {
        self.client.change(&format!("UPDATE {table} SET {sets} WHERE {}", self.found(column, is)));
    }
}

/// The column by which a record is named, and what stands in it.
fn which(of: RecordId<'_>) -> (&'static str, &str) {
    match of {
        RecordId::Linked(id) => ("external_id", id.as_str()),
        RecordId::Unlinked(local) => ("local_id", local.as_str()),
    }
}

fn host_column(field: &str) -> String {
    format!("the \"{field}\"")
}

/// The table of a club that knows nothing of the crate, with a column that is no field. To attach it twice is nothing.
fn attach(client: &Sql, database: &Database, register: &Register, kept: Kept) {
    let (schema, name) = (schema(), format!("People of {register}"));
    let mut table = HostTable::new(name.as_str(), "No.").in_schema(database.schema());
    let mut columns = String::new();
    for field in schema.fields() {
        let column = host_column(field.name());
        let declared = match (kept, field.kind()) {
            (Kept::Texts | Kept::Beside, _) => "text",
            (_, Kind::Name) => "varchar(100)",
            (_, Kind::Date { .. }) => "date",
            (_, Kind::Timestamp(_)) => "timestamptz",
            (_, Kind::Integer | Kind::Decimal(_)) => "numeric",
            (_, Kind::Boolean(_)) => "boolean",
            (_, kind) if !kind.is_scalar() => "jsonb",
            _ => "text",
        };
        columns.push_str(&format!(", {} {declared}", quoted(&column, '"')));
        table = table.column(field.name(), column);
    }
    // The suite compares audits of two stores, and an audit names rows by their keys: they are counted.
    client.run(&format!("CREATE SEQUENCE IF NOT EXISTS {}.numbers", quoted(database.schema(), '"')));
    let next = format!("lpad(nextval('{}.numbers')::text, 12, '0')", database.schema());
    let key = match kept {
        Kept::Types => &format!("uuid DEFAULT ('00000000-0000-4000-8000-' || {next})::uuid PRIMARY KEY"),
        _ => "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    };
    client.run(&format!(
        "CREATE TABLE IF NOT EXISTS {}.{}(\"No.\" {key}{columns}, paid_until date NOT NULL DEFAULT '2026-12-31')",
        quoted(database.schema(), '"'),
        quoted(&name, '"')
    ));
    let table = if kept == Kept::Beside { table.beside() } else { table };
    block_on(database.attach(register, &table, &settings())).unwrap();
}

/// What is stated, by its column, as a client writes it that knows nothing of the crate.
fn values(record: &Record) -> Vec<(String, String)> {
    let schema = schema();
    let stated = schema.fields().iter().zip(record.fields()).filter(|(_, field)| !field.is_missing());
    stated.map(|(field, value)| (field.name().to_owned(), literal(value.to_value()))).collect()
}

fn literal(value: Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(bool) => format!("'{bool}'"),
        Value::Int(int) => format!("'{int}'"),
        Value::Text(text) => quoted(&text, '\''),
        other => quoted(&serde_json::to_string(&other).unwrap(), '\''),
    }
}

impl Fixture for Club {
    type Store = Turns<PostgresStore>;

    fn store(&self) -> &Turns<PostgresStore> {
        &self.store
    }

    fn neighbour(&self) -> Self {
        let [own, other] = self.names;
        Self::on(Arc::clone(&self.place), [other, own], self.store.stores.len(), self.kept)
    }

    /// The server keeps what was answered; `crash` kills it.
    fn reopen(self) -> Self {
        Self::on(self.place, self.names, self.store.stores.len(), self.kept)
    }

    fn page(&self) -> usize {
        5000
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        let id = id.map_or("NULL".to_owned(), |id| quoted(id.as_str(), '\''));
        let (names, values): (Vec<_>, Vec<_>) = values(fields).into_iter().unzip();
        let names: String = names.iter().map(|name| format!(", {}", self.column(name))).collect();
        let values: String = values.iter().map(|value| format!(", {value}")).collect();
        let (members, column) = (self.members(), self.column("external_id"));
        let Some(beside) = self.store.stores[0].side_table() else {
            return self.client.change(&format!("INSERT INTO {members}({column}{names}) VALUES ({id}{values})"));
        };
        // The default of a column that has one, for a row that states nothing.
        let (key, columns) = (self.column("local_id"), format!("paid_until{names}"));
        self.client.change(&format!("INSERT INTO {members}({columns}) VALUES (DEFAULT{values})"));
        let last = format!("(SELECT max({key}) FROM {members})");
        self.client.change(&format!("UPDATE {beside} SET {column} = {id} WHERE {key} = {last}"));
    }

    fn edit(&self, of: RecordId<'_>, patch: &Record) {
        let (column, is) = which(of);
        self.set(patch, column, is);
    }

    fn deactivate(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.update_added(&format!("{} = false", self.column("active")), column, is);
    }

    fn activate(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.update_added(&format!("{} = true", self.column("active")), column, is);
    }

    fn delete(&self, of: RecordId<'_>) {
        let (column, is) = which(of);
        self.client.change(&format!("DELETE FROM {} WHERE {}", self.members(), self.found(column, is)));
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        let set = format!("{} = {}", self.column("external_id"), quoted(id.as_str(), '\''));
        self.update_added(&set, "local_id", local.as_str());
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        let (store, at) = (self.store.within(), chrono::DateTime::UNIX_EPOCH);
        let run = block_on(store.next_run(&at)).unwrap();
        block_on(store.rule_out(local, id, &PersonId::new("Nuala").unwrap(), (&run, &at))).unwrap();
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        let (schema, name) = (quoted(&self.place.schema, '"'), quoted(&format!("refusing {id}"), '"'));
        self.client.run(&format!(
            "CREATE FUNCTION {schema}.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'refused'; END $$;
             CREATE TRIGGER {name} BEFORE INSERT ON {schema}.entries FOR EACH ROW
             WHEN (NEW.external_id = {}) EXECUTE FUNCTION {schema}.{name}()",
            quoted(id.as_str(), '\'')
        ));
        true
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        let mut rows = Vec::new();
        let each = |row| {
            rows.push(entry(row));
            true
        };
        block_on(self.store.within().audit(None, each)).unwrap();
        rows
    }
}

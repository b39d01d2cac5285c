//! A place of its own for every test: a directory with a database, and nights that a listing is synced in.

use std::ops::Deref;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tripartite::drive::drive_blocking;
use tripartite::memory::Listing;
use tripartite::run::{Done, Run};
use tripartite::schema::Policy;
use tripartite_sql::{Register, Settings};
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::place::Place;
use crate::shared::items;

/// The schema of [`members`].
pub(crate) const SCHEMA: &str = r#"{"fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#;

pub(crate) struct Bench(Place);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(Place::new())
    }

    /// After a first night.
    pub(crate) fn synced(text: &str) -> Self {
        let bench = Self::new();
        bench.sync(text);
        bench
    }

    pub(crate) fn of(database: &[u8]) -> Self {
        Self(Place::of(database))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The store of the unnamed register, under the schema that is stored, or that of [`members`].
    pub(crate) fn store(&self, access: Access) -> SqliteStore {
        let database = Database::open(&self.db(), access).unwrap();
        let known = database.settings(&Register::default()).unwrap();
        SqliteStore::new(database, known.unwrap_or_else(|| settings(SCHEMA))).unwrap()
    }

    /// A night of a complete listing of JSON lines.
    pub(crate) fn sync(&self, text: &str) -> Value {
        let store = self.store(Access::Write);
        let listing = Listing::new(items(store.schema(), text));
        let done = night(&store, |run| run, &listing);
        serde_json::to_value(&done.report).unwrap()
    }
}

impl Deref for Bench {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

pub(crate) fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

pub(crate) fn settings(schema: &str) -> Settings {
    Settings { schema: serde_json::from_str(schema).unwrap(), id_field: "id".to_owned() }
}

/// A run that is carried out and remembered, unless it is dry.
pub(crate) fn night(store: &SqliteStore, changed: impl FnOnce(Run) -> Run, listing: &Listing) -> Done {
    let run = changed(store.run(Policy::new(store.schema().clone()), at()).unwrap());
    let done = drive_blocking(run.start(), listing, store).unwrap();
    if done.plan.is_none() {
        store.settle().unwrap();
        store.remember(&done.report).unwrap();
    }
    done
}

/// The counts of a report, by their names.
pub(crate) fn counts<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("{name} is no count in {report}")))
}

/// So many members, with a name and a phone.
pub(crate) fn members(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|n| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"p{n}\"}}\n")).collect()
}

//! A place of its own for every test: a directory with a database, listings and schemas.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Output};

use nightly_sync::listing::Listing;
use serde_json::Value;
use tripartite::drive::block_on;
use tripartite::run::Step;
use tripartite::source::Connector;
use tripartite::store::RecordStore;
use tripartite_sqlite::store::SqliteStore;

use crate::place::Place;
use crate::side::OnServer;

/// The demonstration's files.
pub(crate) fn demo(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("demo").join(name)
}

pub(crate) struct Bench {
    place: Place,
    /// Where its database is, if that is no file.
    server: Option<OnServer>,
}

/// What a run printed.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout));
        assert_eq!(self.stdout.lines().count(), 1, "exactly one object");
        value
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { place: Place::new(), server: OnServer::new() }
    }

    /// After a first run, of a listing.
    pub(crate) fn synced(text: &str) -> Self {
        let bench = Self::new();
        bench.sync(text);
        bench
    }

    pub(crate) fn of(database: &[u8]) -> Self {
        Self { place: Place::of(database), server: None }
    }

    /// A file of the test's; for `members.db` the address on a server, if the database is there.
    pub(crate) fn path(&self, name: &str) -> String {
        match &self.server {
            Some(server) if name == "members.db" => server.url(),
            _ => self.dir.join(name).display().to_string(),
        }
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.dir.join(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn listing(&self, text: impl AsRef<[u8]>) -> String {
        self.write("listing.jsonl", text)
    }

    pub(crate) fn program(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_nightly-sync")).args(args).output().unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    pub(crate) fn edit(&self, sql: &str) {
        match &self.server {
            Some(server) => server.edit(sql),
            None => self.place.edit(sql),
        }
    }

    /// One value, as text.
    pub(crate) fn value(&self, sql: &str) -> Option<String> {
        match &self.server {
            Some(server) => server.value(sql),
            None => self.place.value(sql),
        }
    }

    /// Every row and column of a table, in order.
    pub(crate) fn dump(&self, table: &str) -> Vec<String> {
        match &self.server {
            Some(server) => server.dump(table),
            None => self.place.dump(table),
        }
    }

    /// The whole database.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.server {
            Some(server) => server.all().join("\n").into_bytes(),
            None => self.place.bytes(),
        }
    }

    /// A run with `--json`.
    pub(crate) fn run(&self, remote: &str, more: &[&str]) -> Ran {
        let db = self.path("members.db");
        self.program(&[&["run", "--db", &db, "--remote", remote, "--json"], more].concat())
    }

    /// A run that is expected to succeed, of a listing.
    pub(crate) fn sync(&self, text: &str) -> Value {
        let ran = self.run(&self.listing(text), &[]);
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        ran.json()
    }
}

impl Deref for Bench {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

/// The counts of a report, by their names.
pub(crate) fn counts<const N: usize>(report: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| report[name].as_u64().unwrap_or_else(|| panic!("{name} is no count in {report}")))
}

/// So many members, with a name and a phone.
pub(crate) fn members(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|n| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"p{n}\"}}\n")).collect()
}

/// Reads what a step of a run asks for; any other step is as it was.
pub(crate) fn looked(step: Step, source: &Listing, store: &SqliteStore) -> Step {
    match step {
        Step::Indexing(s) => {
            let page = block_on(store.index(s.request())).unwrap();
            s.resume(page)
        }
        Step::Fetching(s) => {
            let page = block_on(source.fetch(s.request())).unwrap();
            s.resume(page)
        }
        Step::Loading(s) => {
            let loaded = block_on(store.load(s.request())).unwrap();
            s.resume(loaded)
        }
        other => other,
    }
}

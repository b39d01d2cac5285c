//! A dump that is restored elsewhere goes on where it was: no number is given twice.

use std::fs;

use chrono::DateTime;
use tripartite::drive::{block_on, drive_blocking};
use tripartite::id::SyncKey;
use tripartite::jobs::{JobStore, Version};
use tripartite::memory::Listing;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::run::{Counts, RunOutcome};
use tripartite::schema::{Policy, Schema};
use tripartite::work::{Queue, slot_key};
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Settings;

use crate::bench::SCHEMA;
use crate::server::{Cluster, Sql, runtime};

struct Club {
    store: PostgresStore,
    queue: Queue<PostgresJobStore>,
    sql: Sql,
}

fn key() -> SyncKey {
    "ballybeg/federation".parse().unwrap()
}

impl Club {
    fn at(address: &str) -> Self {
        let pool = Pool::on(runtime(), address).unwrap();
        block_on(format::migrate(&pool, "tripartite")).unwrap();
        let settings = Settings { schema: serde_json::from_str(SCHEMA).unwrap(), id_field: "id".to_owned() };
        let store = block_on(PostgresStore::new(Database::of(pool.clone()), settings)).unwrap();
        let queue = Queue::new(block_on(PostgresJobStore::open(pool)).unwrap());
        Self { store, queue, sql: Sql::at(address) }
    }

    fn night(&self, names: &[(&str, &str)]) -> Counts {
        let schema: Schema = serde_json::from_str(SCHEMA).unwrap();
        let records = names.iter().map(|(id, name)| (*id, serde_json::json!({"name": name})));
        let listing = Listing::of(&schema, records).unwrap();
        let run = block_on(self.store.run(Policy::new(schema), DateTime::UNIX_EPOCH)).unwrap();
        let done = drive_blocking(run.start(), &listing, &self.store).unwrap();
        assert_eq!(done.report.outcome, RunOutcome::Succeeded);
        block_on(self.store.remember(&done.report)).unwrap();
        done.report.counts
    }

    fn trigger(&self) -> Outcome {
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
        block_on(self.queue.apply(&key(), None, trigger, DateTime::UNIX_EPOCH)).unwrap().outcome
    }

    fn version(&self) -> Version {
        block_on(self.queue.store().get(&slot_key(&key()))).unwrap().unwrap().version
    }

    fn number(&self, of: &str) -> i64 {
        self.sql.value(of).unwrap().parse().unwrap()
    }
}

#[test]
fn a_dump_that_is_restored_elsewhere_goes_on() {
    let [here, there] = [(); 2].map(|()| Cluster::new(&["-c", "fsync=off"]));
    let club = Club::at(&here.address());
    assert_eq!(club.night(&[("1", "Aine"), ("2", "Una"), ("3", "Niamh")]).created, 3);
    club.sql.run("UPDATE tripartite.members SET email = 'aine@example.org' WHERE external_id = '1'");
    club.sql.run("DELETE FROM tripartite.members WHERE external_id = '3'");
    assert_eq!(club.trigger(), Outcome::Enqueued);
    let (revision, entry, run) = (
        club.number("SELECT max(revision) FROM tripartite.members"),
        club.number("SELECT max(seq) FROM tripartite.audit"),
        club.sql.value("SELECT max(run) FROM tripartite.runs"),
    );
    let (member, version) = (club.number("SELECT max(local_id) FROM tripartite.members"), club.version());

    let dump = here.client("pg_dump", &["postgres"]);
    let file = there.keep("dump.sql", &String::from_utf8(dump).unwrap());
    there.client("psql", &["-v", "ON_ERROR_STOP=1", "-q", "-f", file.to_str().unwrap(), "postgres"]);
    fs::remove_file(file).unwrap();

    let club = Club::at(&there.address());
    assert_eq!(club.version(), version, "a worker that was at it goes on under the same version");
    let night = club.night(&[("1", "Aine"), ("2", "Una"), ("3", "Niamh"), ("4", "Orla")]);
    let expected = (1, 0, 0, 0);
    assert_eq!((night.created, night.updated, night.conflicts_detected, night.deactivated), expected, "{night:?}");
    assert_eq!(
        club.sql.value("SELECT count(*) FROM tripartite.members").as_deref(),
        Some("3"),
        "who was deleted stays so"
    );
    assert!(club.number("SELECT revision FROM tripartite.members WHERE external_id = '4'") > revision);
    assert!(club.number("SELECT max(local_id) FROM tripartite.members") > member + 1, "no key of a row is given twice");
    assert!(club.number("SELECT min(seq) FROM tripartite.audit WHERE external_id = '4'") > entry);
    assert_ne!(club.sql.value("SELECT max(run) FROM tripartite.runs"), run, "the run has an id of its own");
    assert_eq!(club.trigger(), Outcome::Merged, "the job waits there as well");
    assert!(club.version() > version, "no version is given twice");
    // An edit by hand still counts as one.
    club.sql.run("UPDATE tripartite.members SET name = 'Ashling' WHERE external_id = '1'");
    let night = club.night(&[("1", "Anna"), ("2", "Una"), ("3", "Niamh"), ("4", "Orla")]);
    assert_eq!((night.conflicts_detected, night.updated), (1, 1), "{night:?}");
}

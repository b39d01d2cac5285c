//! The version of the tables: who may use them, and what a program is told that may not.

use serde_json::json;
use tripartite::decide::batch;
use tripartite::drive::{block_on, drive_blocking};
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::memory::Listing;
use tripartite::plan::plan_creation;
use tripartite::schema::Policy;
use tripartite::source::RemoteRecord;
use tripartite::store::{OpOutcome, RecordStore};
use tripartite_postgres::format::{self, FORMAT};
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Register;

use crate::bench::Bench;
use crate::server::{Cluster, Sql, pool, runtime};

#[test]
fn a_schema_without_tables_says_who_makes_them() {
    let error = block_on(PostgresJobStore::open_in(pool(1), "nowhere")).unwrap_err();
    assert!(error.to_string().contains("calls `migrate` once"), "{error}");
    assert_eq!(error.failure(), Failure::Fatal);
    let error = block_on(format::migrate(&pool(1), &"x".repeat(64))).unwrap_err();
    assert!(error.to_string().contains("is no name of a schema"), "{error}");
}

#[test]
fn a_later_format_is_used_if_it_allows_it_and_else_refused_by_a_program_that_runs_too() {
    let bench = Bench::new();
    let (store, id) = (bench.store(), ExternalId::new("M1").unwrap());
    bench.night(&store, r#"{"id": "M1", "name": "Áine"}"#);
    let policy = Policy::new(bench.schema.clone());
    let created = |id: &str| {
        let remote = RemoteRecord::new(id.parse().unwrap(), bench.schema.record(&json!({"name": "Seán"})).unwrap());
        let op = plan_creation(&policy, &remote).unwrap();
        batch(&policy, "by-hand".parse().unwrap(), chrono::DateTime::UNIX_EPOCH, vec![op], None)
    };
    bench.sql.run(&format!("UPDATE meta SET format = {}", FORMAT + 1));
    assert!(block_on(store.record(&id)).is_ok());
    assert!(matches!(block_on(store.commit(&created("M2"))).unwrap()[..], [OpOutcome::Applied { .. }]));
    assert!(block_on(format::migrate(&bench.place.pool, &bench.place.schema)).is_ok());
    bench.sql.run(&format!("UPDATE meta SET oldest = {}", FORMAT + 1));
    let told = format!("have format {}, this version uses format {FORMAT}; use a later version", FORMAT + 1);
    let unwritten = block_on(store.commit(&created("M3"))).unwrap_err().to_string();
    assert_eq!(bench.sql.value("SELECT count(*) FROM members").as_deref(), Some("2"));
    bench.sql.run("ALTER TABLE settings RENAME TO something");
    for error in [
        unwritten,
        block_on(store.commit(&created("M4"))).unwrap_err().to_string(),
        block_on(store.record(&id)).unwrap_err().to_string(),
        block_on(format::migrate(&bench.place.pool, &bench.place.schema)).unwrap_err().to_string(),
        block_on(PostgresJobStore::open_in(bench.place.pool.clone(), &bench.place.schema)).unwrap_err().to_string(),
    ] {
        assert!(error.contains(&told), "{error}");
    }
}

/// A server with what an earlier version had written, as a dump has it, and the database there.
fn earlier(format: i32, dump: &str) -> (Cluster, Sql, Database) {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let sql = Sql::at(&cluster.address());
    sql.run(dump);
    sql.run("SET search_path = tripartite, public");
    let database = Database::of(Pool::on(runtime(), &cluster.address()).unwrap());
    let error = block_on(database.check()).unwrap_err().to_string();
    let told = format!("have format {format}, this version uses format 3; call `migrate`");
    assert!(error.contains(&told), "{error}");
    (cluster, sql, database)
}

fn migrate(sql: &Sql, database: &Database) {
    let audit = || sql.value("SELECT json_agg(a ORDER BY seq) FROM audit a").unwrap();
    let before = audit();
    block_on(database.migrate()).unwrap();
    block_on(database.migrate()).unwrap();
    assert_eq!(audit(), before, "the audit reads as it did");
}

/// `format_1.dump` is a dump of what the version with format 1 had written: two registers, an open conflict, an edit, a row
/// that somebody deleted.
#[test]
fn a_database_of_format_1_is_migrated_and_goes_on() {
    let (_cluster, sql, database) = earlier(1, include_str!("../data/format_1.dump"));
    migrate(&sql, &database);
    assert_eq!(
        sql.value("SELECT count(entry) FROM entries WHERE kind IN (SELECT id FROM kinds WHERE entry IS NOT NULL)")
            .as_deref(),
        Some("0")
    );

    let settings = block_on(database.settings(&Register::default())).unwrap().unwrap();
    let store = block_on(PostgresStore::new(database.clone(), settings.clone())).unwrap();
    let listed = [
        ("M1", json!({"name": "Áine", "email": "aine2@example.org", "member": true, "points": 17, "tags": ["a", "b"]})),
        ("M2", json!({"name": "Shane", "email": "shane@example.org", "member": false, "points": null, "tags": []})),
        ("M3", json!({"name": "Niamh", "email": "niamh@example.org", "member": true, "points": 5, "tags": ["c"]})),
        ("M5", json!({"name": "Nuala"})),
    ];
    let listing = Listing::of(&settings.schema, listed).unwrap();
    let run = block_on(store.run(Policy::new(settings.schema.clone()), chrono::DateTime::UNIX_EPOCH)).unwrap();
    let counts = drive_blocking(run.start(), &listing, &store).unwrap().report.counts;
    assert_eq!((counts.created, counts.updated, counts.conflicts_open), (1, 1, 1), "{counts:?}");
    assert_eq!(
        sql.value("SELECT name || ' ' || email FROM members WHERE external_id = 'M2'").as_deref(),
        Some("Shaun shane@example.org")
    );
    assert_eq!(
        sql.value("SELECT count(*) FROM members WHERE external_id = 'M3'").as_deref(),
        Some("0"),
        "it stays deleted"
    );
    assert_eq!(
        sql.value("SELECT count(*) FROM links WHERE shape IS NOT NULL").as_deref(),
        Some("2"),
        "bases stand in rows"
    );
    assert!(sql.value("SELECT min(seq) > 11 FROM audit WHERE external_id = 'M5'").as_deref() == Some("true"));

    let key: Register = "ballybeg/federation".parse().unwrap();
    let settings = block_on(database.settings(&key)).unwrap().unwrap();
    let store = block_on(PostgresStore::of(key, database, settings)).unwrap();
    sql.run("UPDATE people SET name = 'Edited' WHERE tripartite_id = 'M1'");
    let known = block_on(store.record(&ExternalId::new("M1").unwrap())).unwrap().unwrap();
    assert!(known.revision.0 > 12, "the triggers of a table of the host's own count edits");
}

/// `format_2.dump` is one of the database of before as the version with format 2 had migrated it, and written three more records.
#[test]
fn a_database_of_format_2_is_migrated_and_goes_on() {
    let (_cluster, sql, database) = earlier(2, include_str!("../data/format_2.dump"));
    sql.run("CREATE ROLE reader; GRANT SELECT ON audit TO reader; ALTER VIEW audit SET (security_invoker = on)");
    migrate(&sql, &database);
    assert_eq!(sql.value("SELECT has_table_privilege('reader', 'audit', 'SELECT')").as_deref(), Some("true"));
    let options = sql.value("SELECT reloptions FROM pg_class WHERE oid = 'audit'::regclass");
    assert_eq!(options.as_deref(), Some("{security_invoker=on}"));

    let settings = block_on(database.settings(&Register::default())).unwrap().unwrap();
    let store = block_on(PostgresStore::new(database.clone(), settings.clone())).unwrap();
    let listed = ["M8", "M9", "M10"].map(|id| (id, json!({"name": "Nuala"})));
    let listing = Listing::of(&settings.schema, listed).unwrap().partial();
    let run = block_on(store.run(Policy::new(settings.schema.clone()), chrono::DateTime::UNIX_EPOCH)).unwrap();
    assert_eq!(drive_blocking(run.start(), &listing, &store).unwrap().report.counts.created, 3);
    assert_eq!(sql.value("SELECT count(others) FROM entries").as_deref(), Some("1"));
    assert_eq!(
        sql.value("SELECT string_agg(external_id, ' ' ORDER BY seq) FROM audit WHERE seq > 16").as_deref(),
        Some("M8 M9 M10")
    );
    for (id, is_created) in [("M7", true), ("M10", true), ("M5", false)] {
        assert_eq!(block_on(store.was_created(&ExternalId::new(id).unwrap())).unwrap(), is_created, "{id}");
    }
    assert_eq!(block_on(store.prune_audit("2100-01-01T00:00:00Z".parse().unwrap())).unwrap(), 14);
}

#[test]
fn several_migrate_at_once() {
    let schema = format!("m{}", std::process::id());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| block_on(format::migrate(&pool(1), &schema)).unwrap());
        }
    });
}

//! A worker's role: it may neither create nor alter a table, and needs no more than the README says.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::matching::{MatchRule, Trust};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::work::Queue;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};

use crate::bench::Bench;
use crate::server::{address, runtime};

const LISTED: &str = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"aine@example.org\"}\n\
                      {\"id\": \"M2\", \"name\": \"Seán\", \"email\": \"sean@example.org\"}";

#[test]
fn a_role_that_may_alter_nothing_does_all_that_a_worker_does() {
    let bench = Bench::new();
    bench.attached("name text, email text");
    bench.sql.run("INSERT INTO people(name, email) VALUES ('Aine', 'aine@example.org')");
    let (schema, role) = (&bench.place.schema, format!("worker_{}", bench.place.schema));
    bench.sql.run(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
         REVOKE DELETE ON people FROM {role}"
    ));
    let pool = Pool::on(runtime(), &address().replace("user=postgres", &format!("user={role}"))).unwrap();
    let database = Database::of(pool.clone()).in_schema(schema.as_str());
    let store = block_on(PostgresStore::new(database, bench.settings())).unwrap();
    let rules = || vec![MatchRule::new("e-mail", ["email"]).trust(Trust::Trusted)];
    let report = bench.night_by(&store, LISTED, |run| run.matching(rules()).unwrap());
    assert_eq!((&report["created"], &report["linked"]), (&json!(1), &json!(1)), "{report}");
    let changed = LISTED.replace("Seán", "Shane");
    let report = bench.night_by(&store, &changed, |run| run.matching(rules()).unwrap());
    assert_eq!((&report["updated"], &report["unchanged"]), (&json!(1), &json!(1)), "{report}");
    bench.sql.run("DELETE FROM people WHERE tripartite_id = 'M2'");
    let moved = LISTED.replace("Seán", "Sean");
    bench.night_by(&store, &moved, |run| run.matching(rules()).unwrap());
    let queue = Queue::new(block_on(PostgresJobStore::open_in(pool, schema)).unwrap());
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let _ = block_on(queue.apply(&"a/b".parse().unwrap(), None, trigger, chrono::DateTime::UNIX_EPOCH)).unwrap();
    bench.sql.run(&format!("DROP OWNED BY {role}"));
}

//! A worker's role: it may neither create nor alter a table, and needs no more than the README says.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::matching::{MatchRule, Trust};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::work::Queue;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Register;

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

/// The tables whose rows have the number of their register.
const OF_REGISTER: [&str; 10] =
    ["settings", "links", "shapes", "conflicts", "kinds", "runs", "keys", "unkeyed", "ruled_out", "approved"];

/// The policies of the README, for a role of the first register.
fn policies(role: &str) -> String {
    let policy = |table: &str, rows: &str| {
        format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON {table} TO {role} USING ({rows});")
    };
    let own = OF_REGISTER.map(|table| policy(table, "register = 1")).concat();
    own + &policy("registers", "id = 1") + &policy("entries", "kind IN (SELECT id FROM kinds)")
}

#[test]
fn a_role_of_one_organisation_reaches_no_row_of_another() {
    let bench = Bench::new();
    let (schema, role) = (&bench.place.schema, format!("club_{}", bench.place.schema));
    let [own, other]: [Register; 2] = ["ballybeg/federation", "kilmore/federation"].map(|key| key.parse().unwrap());
    for register in [&own, &other] {
        let store = block_on(PostgresStore::of(register.clone(), bench.database(), bench.settings())).unwrap();
        bench.night(&store, LISTED);
    }
    bench.sql.run(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
         REVOKE ALL ON \"members/kilmore/federation\" FROM {role};
         ALTER VIEW audit SET (security_invoker = on); {}",
        policies(&role)
    ));
    let all = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ";
    let others = || {
        let of = |table: &str| bench.sql.value(&format!("{all} {table} t WHERE register = 2"));
        (OF_REGISTER.map(of), bench.sql.value(&format!("{all} \"members/kilmore/federation\" t")))
    };
    let before = others();
    let pool = Pool::on(runtime(), &address().replace("user=postgres", &format!("user={role}"))).unwrap();
    let database = Database::of(pool).in_schema(schema.as_str());
    let store = block_on(PostgresStore::of(own, database.clone(), bench.settings())).unwrap();
    bench.sql.run("UPDATE \"members/ballybeg/federation\" SET name = 'Ann' WHERE external_id = 'M1'");
    let listed = LISTED.replace("Áine", "Anna").replace("Seán", "Shane");
    let listed = format!("{listed}\n{{\"id\": \"M3\", \"name\": \"Niamh\"}}");
    let report = bench.night(&store, &listed);
    let counts = ["created", "updated", "conflicts_detected"].map(|count| report[count].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 1], "{report}");
    assert_eq!(others(), before);
    assert_eq!(block_on(database.registers()).unwrap().len(), 1, "of the others it does not even see the names");
    assert!(block_on(PostgresStore::of(other, database, bench.settings())).is_err());
    bench.sql.run(&format!("SET ROLE {role}"));
    for table in [&OF_REGISTER[..], &["audit"]].concat() {
        let seen = format!("SELECT count(*) || ' ' || count(*) FILTER (WHERE register = 1) FROM {table}");
        let seen = bench.sql.value(&seen).unwrap();
        assert!(seen.split_once(' ').is_some_and(|(all, own)| all == own), "{table}: {seen}");
    }
    bench.sql.run(&format!("RESET ROLE; DROP OWNED BY {role}"));
}

//! A dry run writes nothing, also where it looks for somebody.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::matching::{MatchRule, Trust};
use tripartite_postgres::store::PostgresStore;

use crate::bench::Bench;

const LISTED: &str = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"aine@example.org\"}\n\
                      {\"id\": \"M2\", \"name\": \"Seán\", \"email\": \"sean@example.org\"}";

fn by_email() -> Vec<MatchRule> {
    vec![MatchRule::new("e-mail", ["email"]).trust(Trust::Trusted)]
}

fn by_name() -> Vec<MatchRule> {
    vec![MatchRule::new("name", ["name"]).trust(Trust::Trusted)]
}

/// All that stands in the schema.
fn all(bench: &Bench) -> Vec<Option<String>> {
    let tables = bench.sql.value(&format!(
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = '{}'::regnamespace",
        bench.place.schema
    ));
    let tables = tables.unwrap();
    tables
        .split(' ')
        .map(|table| bench.sql.value(&format!("SELECT json_agg(t ORDER BY t::text) FROM {table} t")))
        .collect()
}

#[test]
fn a_dry_run_with_match_rules_writes_nothing_and_plans_the_same() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench
        .sql
        .run("INSERT INTO people(name, email) VALUES ('Aine', 'AINE@example.org'), ('Nobody', 'nobody@example.org')");
    let looking = block_on(PostgresStore::new(bench.database().to_look_at(), bench.settings())).unwrap();
    let dry = |rules: Vec<MatchRule>| {
        let before = all(&bench);
        let policy = tripartite::schema::Policy::new(bench.schema.clone());
        let run = block_on(looking.run(policy, chrono::DateTime::UNIX_EPOCH)).unwrap().matching(rules).unwrap().dry();
        let listing = tripartite::memory::Listing::new(crate::shared::items(&bench.schema, LISTED)).pages_of(1);
        let done = tripartite::drive::drive_blocking(run.start(), &listing, &looking).unwrap();
        assert_eq!(all(&bench), before, "a dry run wrote something");
        serde_json::to_value(&done.report).unwrap()
    };
    // No keys yet, keys that are fresh, rows that changed since, and keys of other rules.
    let plan = dry(by_email());
    assert_eq!((&plan["linked"], &plan["created"]), (&json!(1), &json!(1)), "{plan}");
    let report = bench.night_by(&store, LISTED, |run| run.matching(by_email()).unwrap());
    assert_eq!((&report["plan_id"], &report["linked"]), (&plan["plan_id"], &json!(1)));
    bench.sql.run("UPDATE people SET tripartite_id = NULL");
    bench.sql.run("UPDATE people SET email = 'sean2@example.org' WHERE name = 'Seán'");
    let plan = dry(by_email());
    assert_eq!((&plan["linked"], &plan["created"]), (&json!(1), &json!(1)), "Seán has another address by now: {plan}");
    let plan = dry(by_name());
    assert_eq!((&plan["linked"], &plan["created"]), (&json!(2), &json!(0)), "{plan}");
    let report = bench.night_by(&store, LISTED, |run| run.matching(by_name()).unwrap());
    assert_eq!((&report["plan_id"], &report["linked"]), (&plan["plan_id"], &json!(2)));
}

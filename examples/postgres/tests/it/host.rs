//! A table of the host's own: what is refused, what the host does to its rows, and what the table does to records.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::matching::{MatchRule, Trust};
use tripartite::store::{IndexEntry, Presence, RecordStore};
use tripartite_postgres::store::{PostgresStore, StoreError};
use tripartite_sql::{AttachError, HostTable, Register};

use crate::bench::Bench;

const LISTED: &str = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"aine@example.org\"}\n\
                      {\"id\": \"M2\", \"name\": \"Seán\", \"email\": \"sean@example.org\"}";

fn index(store: &PostgresStore) -> Vec<IndexEntry> {
    block_on(store.index(None)).unwrap().entries
}

fn problem(report: &serde_json::Value) -> String {
    report["unwritten"].to_string()
}

#[test]
fn a_table_that_cannot_hold_records_is_refused_and_stays_as_it_is() {
    let bench = Bench::new();
    let refused = |table: &str, host: HostTable| {
        bench.sql.run(&format!("DROP TABLE IF EXISTS people; CREATE TABLE people({table})"));
        let error = block_on(bench.database().attach(&Register::default(), &host, &bench.settings())).unwrap_err();
        let columns =
            "SELECT count(*) FROM information_schema.columns WHERE table_name = 'people' AND column_name LIKE 'trip%'";
        let own = format!("{columns} AND table_schema = '{}'", bench.place.schema);
        assert_eq!(bench.sql.value(&own).as_deref(), Some("0"));
        error
    };
    let people = || bench.people();
    for (table, host, why) in [
        ("id bigint, name text, email text", people(), "the key `id` of `people` is not a bigint"),
        ("id date PRIMARY KEY, name text, email text", people(), "the key `id` of `people` is not a bigint"),
        ("id bigint PRIMARY KEY, name text, email text", people(), "the column `id` of `people` is NOT NULL without"),
        ("id serial PRIMARY KEY, name text", people(), "has no column `email`"),
        ("id serial PRIMARY KEY, name text, email integer", people(), "a email does not fit into the type integer"),
        ("id serial PRIMARY KEY, name text, email text, paid date NOT NULL", people(), "the column `paid`"),
        (
            "id serial PRIMARY KEY, name text, email text",
            people().column("email", "name"),
            "the column `name` is named twice",
        ),
        ("id serial PRIMARY KEY, name text, email text", people().external_id("id"), "its type must be text"),
    ] {
        let told = refused(table, host).to_string();
        assert!(told.contains(why), "{told}");
    }
    assert!(matches!(
        block_on(bench.database().attach(&Register::default(), &HostTable::new("nobody", "id"), &bench.settings())),
        Err(StoreError::Attach(AttachError::NoTable(_)))
    ));
}

#[test]
fn rows_that_were_there_are_linked_by_a_rule_and_others_created() {
    let bench = Bench::new();
    let store = bench.attached("name varchar(40) NOT NULL, email text, paid_until date NOT NULL DEFAULT '2026-12-31'");
    bench.sql.run("INSERT INTO people(name, email) VALUES ('Aine', 'AINE@example.org')");
    let rules = || vec![MatchRule::new("e-mail", ["email"]).trust(Trust::Trusted)];
    let report = bench.night_by(&store, LISTED, |run| run.matching(rules()).unwrap());
    assert_eq!((&report["created"], &report["linked"]), (&json!(1), &json!(1)), "{report}");
    let both = "SELECT string_agg(tripartite_id || ' ' || name, ', ' ORDER BY tripartite_id) FROM people";
    assert_eq!(bench.sql.value(both).as_deref(), Some("M1 Áine, M2 Seán"));
    let again = bench.night_by(&store, LISTED, |run| run.matching(rules()).unwrap());
    assert_eq!(again["unchanged"], json!(2), "{again}");
}

#[test]
fn rows_that_a_run_without_rules_wrote_are_found_by_the_first_rule() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    let line = |id: &str, email: &str| format!("{{\"id\": \"{id}\", \"name\": \"Áine\", \"email\": \"{email}\"}}");
    let night = |lines: &[String]| {
        let rules = vec![MatchRule::new("e-mail", ["email"]).trust(Trust::Trusted)];
        bench.night_by(&store, &lines.join("\n"), |run| run.matching(rules).unwrap())
    };
    let mut lines = vec![line("M1", "aine@example.org")];
    bench.night(&store, &lines[0]);
    // Nobody looks for keys yet, so nothing is marked.
    assert_eq!(bench.sql.value("SELECT count(*) FROM unkeyed").as_deref(), Some("0"));
    lines.push(line("M2", "new@example.org"));
    lines.push(line("M3", "aine@example.org"));
    // M3 is like M1, who is linked: nobody is created a second time.
    assert_eq!(night(&lines)["created"], json!(1));
    lines.push(line("M4", "new@example.org"));
    assert_eq!(night(&lines)["created"], json!(0), "what a run writes that has rules is marked");
}

#[test]
fn whatever_a_client_does_to_a_row_is_seen() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text UNIQUE");
    bench.night(&store, LISTED);
    let revision = |store: &PostgresStore, at: usize| index(store)[at].revision;
    let mut last = revision(&store, 0);
    for statement in [
        "UPDATE people SET name = 'Ann' WHERE tripartite_id = 'M1'",
        "INSERT INTO people(name, email) VALUES ('x', 'aine@example.org') ON CONFLICT (email) DO UPDATE SET name = 'upserted'",
        "UPDATE people SET tripartite_revision = 0 WHERE tripartite_id = 'M1'",
        "UPDATE people SET id = 99 WHERE tripartite_id = 'M1'",
        "WITH gone AS (DELETE FROM people WHERE tripartite_id = 'M1' RETURNING name) SELECT name FROM gone",
        "INSERT INTO people(name, tripartite_id, tripartite_revision) VALUES ('again', 'M1', 1)",
        "TRUNCATE people",
    ] {
        bench.sql.run(statement);
        let now = revision(&store, 0);
        assert!(now > last, "{statement}: {now:?} after {last:?}");
        last = now;
    }
    let presences: Vec<_> = index(&store).iter().map(|entry| entry.presence).collect();
    assert_eq!(presences, [Presence::Removed, Presence::Removed]);
}

#[test]
fn an_id_that_a_user_takes_away_is_free() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.night(&store, LISTED);
    bench.sql.run("UPDATE people SET tripartite_id = NULL WHERE tripartite_id = 'M1'");
    assert_eq!(index(&store).len(), 1);
    let report = bench.night(&store, LISTED);
    assert_eq!((&report["created"], &report["unchanged"]), (&json!(1), &json!(1)), "{report}");
}

#[test]
fn what_the_table_refuses_is_told_of_its_record_alone_and_without_a_value() {
    let bench = Bench::new();
    let store = bench.attached("name varchar(5) CHECK (name <> 'Eoin'), email text UNIQUE");
    let listed = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"a@example.org\"}\n\
                  {\"id\": \"M2\", \"name\": \"Bartholomew\", \"email\": \"b@example.org\"}\n\
                  {\"id\": \"M3\", \"name\": \"Eoin\", \"email\": \"c@example.org\"}\n\
                  {\"id\": \"M4\", \"name\": \"Ann\", \"email\": \"a@example.org\"}\n\
                  {\"id\": \"M5\", \"name\": \"N\\u0000\", \"email\": \"e@example.org\"}\n\
                  {\"id\": \"M6\", \"name\": \"Úna\", \"email\": \"f@example.org\"}";
    let report = bench.night(&store, listed);
    assert_eq!(report["created"], json!(2), "{report}");
    let told = problem(&report);
    for why in ["a text is too long for its column", "people_name_check", "people_email_key", "has a NUL character"] {
        assert!(told.contains(why), "{told}");
    }
    assert!(!told.contains("Bartholomew") && !told.contains("a@example.org"), "{told}");
    assert_eq!(bench.sql.value("SELECT count(*) FROM links").as_deref(), Some("2"));
}

#[test]
fn a_table_that_keeps_another_value_is_told_of() {
    let bench = Bench::of(r#"{"fields": {"name": {"kind": "name"}, "fee": {"kind": "decimal"}}}"#);
    let store = bench.attached("name text, fee numeric(6, 2)");
    let report = bench
        .night(&store, "{\"id\": \"M1\", \"name\": \"Á\", \"fee\": \"1.50\"}\n{\"id\": \"M2\", \"fee\": \"0.125\"}");
    assert_eq!(report["created"], json!(1), "{report}");
    assert!(problem(&report).contains("keeps another value of field `fee`"), "{report}");
    let schema = &bench.place.schema;
    bench.sql.run(&format!(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN UPDATE {schema}.people SET name = upper(name) WHERE id = NEW.id AND name <> upper(name); RETURN NULL; END $$;
         CREATE TRIGGER shout AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION shout()"
    ));
    let store = bench.store();
    let report = bench
        .night(&store, "{\"id\": \"M1\", \"name\": \"Á\", \"fee\": \"1.5\"}\n{\"id\": \"M3\", \"name\": \"Oscar\"}");
    assert!(problem(&report).contains("keeps another value of field `name`"), "{report}");
    assert_eq!(bench.sql.value("SELECT count(*) FROM people").as_deref(), Some("1"));
}

#[test]
fn a_constraint_that_waits_for_the_commit_is_told_of_its_record() {
    let bench = Bench::new();
    bench.sql.run("CREATE TABLE known(name text PRIMARY KEY); INSERT INTO known VALUES ('Áine')");
    let store = bench.attached("name text REFERENCES known DEFERRABLE INITIALLY DEFERRED, email text");
    let report = bench.night(&store, LISTED);
    assert_eq!(report["created"], json!(1), "{report}");
    assert!(problem(&report).contains("people_name_fkey"), "{report}");
}

#[test]
fn a_column_that_is_renamed_or_retyped_meanwhile_is_seen() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.night(&store, LISTED);
    bench.sql.run("ALTER TABLE people ALTER COLUMN name TYPE varchar(80), ADD COLUMN more text");
    bench.sql.run("UPDATE people SET name = 'Ann' WHERE tripartite_id = 'M1'");
    let id = ExternalId::new("M1").unwrap();
    let kept = block_on(store.record(&id)).unwrap().unwrap();
    assert_eq!(kept.local.field(0).text(), Some("Ann"));
    bench.sql.run("ALTER TABLE people RENAME COLUMN name TO full_name");
    let error = block_on(store.record(&id)).unwrap_err();
    assert!(error.to_string().contains("has no column `name`"), "{error}");
}

#[test]
fn an_application_without_rights_on_the_tables_edits_its_own() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.night(&store, LISTED);
    let (schema, role) = (&bench.place.schema, format!("app_{}", bench.place.schema));
    bench.sql.run(&format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON people TO {role}; SET ROLE {role}"
    ));
    bench.sql.run(
        "UPDATE people SET name = 'Ann' WHERE tripartite_id = 'M1'; DELETE FROM people WHERE tripartite_id = 'M2'",
    );
    assert!(bench.sql.try_run("SELECT base FROM links").is_err());
    bench.sql.run(&format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}"));
    let presences: Vec<_> = index(&store).iter().map(|entry| entry.presence).collect();
    assert_eq!(presences, [Presence::Active, Presence::Removed]);
}

#[test]
fn a_table_that_is_detached_is_as_it_was_and_keeps_what_was_synced() {
    let bench = Bench::new();
    let register = Register::default();
    let columns = format!(
        "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
         WHERE table_name = 'people' AND table_schema = '{}'",
        bench.place.schema
    );
    bench.sql.run("CREATE TABLE people(id serial PRIMARY KEY, name text, email text, member_no text)");
    let before = bench.sql.value(&columns);
    let table = bench.people().external_id("member_no");
    block_on(bench.database().attach(&register, &table, &bench.settings())).unwrap();
    bench.night(&bench.store(), LISTED);
    for _ in 0..2 {
        // To attach what is attached is nothing.
        block_on(bench.database().attach(&register, &table, &bench.settings())).unwrap();
    }
    block_on(bench.database().detach(&register)).unwrap();
    assert_eq!(bench.sql.value(&columns), before);
    let all = "SELECT string_agg(member_no || ' ' || name, ', ' ORDER BY id) FROM people";
    assert_eq!(bench.sql.value(all).as_deref(), Some("M1 Áine, M2 Seán"));
    bench.sql.run("UPDATE people SET name = 'x', member_no = 'same'");
    let rest = "SELECT count(*) FROM pg_proc WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND proname <> 'audit_written'";
    assert_eq!(bench.sql.value(rest).as_deref(), Some("0"));
    let error = block_on(bench.database().detach(&register)).unwrap_err();
    assert!(matches!(error, StoreError::Attach(AttachError::NotAttached(_))), "{error}");
}

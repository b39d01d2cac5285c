//! A club's own table joins a register: what is added, the first night, edits by any client, and what is refused.

use serde_json::json;
use tripartite::matching::MatchRule;
use tripartite::memory::Listing;
use tripartite::run::{Done, RunOutcome};
use tripartite_sql::{AttachError, HostTable, Register};
use tripartite_sqlite::rusqlite::Connection;
use tripartite_sqlite::store::{Access, Database, SqliteStore, StoreError};

use crate::bench::{Bench, night, settings};
use crate::shared::items;

/// The club's table, with columns that are no fields.
const CLUB: &str = "
CREATE TABLE members(
    id INTEGER PRIMARY KEY,
    full_name VARCHAR(80) NOT NULL,
    born DATE,
    mail TEXT NOT NULL DEFAULT '',
    paid REAL NOT NULL DEFAULT 0 CHECK (paid >= 0),
    volunteers BOOLEAN,
    note TEXT
);
INSERT INTO members VALUES
    (1, 'Áine Byrne', '1990-05-04', 'aine@example.org', 12.5, 1, 'keeps the keys'),
    (2, 'Seán Walsh', '1985-01-02', '', 0, 0, NULL),
    (7, 'Una Daly', NULL, 'una@example.org', 3, NULL, 'not of the federation');
";

const SCHEMA: &str = r#"{"fields": {
    "name": {"kind": "name"}, "born": {"kind": "date"}, "email": {"kind": "email"}, "helper": {"kind": "boolean"}}}"#;

const RULES: &str = r#"[
    {"name": "e-mail and birthday", "fields": ["email", "born"], "trust": "trusted"},
    {"name": "name and birthday", "fields": ["name", "born"]}]"#;

/// One is linked by a rule that is trusted, one is only proposed, and one is new.
const FEDERATION: &str = r#"{"id": "F1", "name": "Áine Byrne", "born": "1990-05-04", "email": "AINE@example.org", "helper": true}
{"id": "F2", "name": "Seán Walsh", "born": "1985-01-02", "email": "sean@example.org", "helper": false}
{"id": "F3", "name": "Niamh Kelly", "born": "2001-07-08", "email": null, "helper": true}
"#;

fn table() -> HostTable {
    let table = HostTable::new("members", "id").column("name", "full_name").column("born", "born");
    table.column("email", "mail").column("helper", "volunteers")
}

fn host(bench: &Bench) -> Database {
    Database::open_host(&bench.db(), Access::Write).unwrap()
}

fn club() -> Bench {
    let bench = Bench::new();
    bench.edit(CLUB);
    host(&bench).attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    bench
}

fn sync(bench: &Bench, text: &str) -> Done {
    let rules: Vec<MatchRule> = serde_json::from_str(RULES).unwrap();
    let store = bench.store(Access::Write).matching(&rules).unwrap();
    let listing = Listing::new(items(store.schema(), text));
    night(&store, |run| run.matching(rules).unwrap(), &listing)
}

/// The club's own view of its table.
fn rows(bench: &Bench) -> Vec<String> {
    bench.dump("(SELECT id, full_name, born, mail, paid, volunteers, note FROM members)")
}

/// All definitions.
fn schema(bench: &Bench) -> String {
    bench.value("SELECT group_concat(name || ifnull(sql, ''), ';') FROM sqlite_schema").unwrap()
}

fn linked(bench: &Bench) -> String {
    let sql = "SELECT group_concat(id || '=' || tripartite_id, ' ') FROM (SELECT * FROM members ORDER BY id)";
    bench.value(sql).unwrap_or_default()
}

#[test]
fn on_the_first_night_rules_link_the_rows_that_were_there() {
    let bench = club();
    let before = bench.dump("(SELECT id, paid, note FROM members)");
    let done = sync(&bench, FEDERATION);
    let counts = &done.report.counts;
    assert_eq!((counts.linked, counts.proposed, counts.created), (1, 1, 1), "{:?}", done.report);
    assert_eq!(linked(&bench), "1=F1 8=F3");
    assert_eq!(
        bench.value("SELECT mail FROM members WHERE id = 8").as_deref(),
        Some(""),
        "as the column takes no null"
    );
    let after = bench.dump("(SELECT id, paid, note FROM members WHERE id < 8)");
    assert_eq!(after, before, "no other column is written");
    let again = sync(&bench, FEDERATION);
    let counts = &again.report.counts;
    assert_eq!((counts.unchanged, counts.updated, counts.created, counts.proposed), (2, 0, 0, 1));
}

#[test]
fn whatever_a_client_does_is_an_edit() {
    for (edit, expected, why) in [
        ("UPDATE members SET mail = 'a@club.example' WHERE id = 1", "a@club.example", "a plain update"),
        (
            "INSERT OR REPLACE INTO members(id, full_name, born, mail) VALUES (1, 'Áine Byrne', '1990-05-04', 'a@club.example')",
            "a@club.example",
            "a row that is replaced by its key",
        ),
        (
            "PRAGMA recursive_triggers = ON;
             REPLACE INTO members(id, full_name, born, mail) VALUES (1, 'Áine Byrne', '1990-05-04', 'a@club.example')",
            "a@club.example",
            "the same by a client whose triggers run on deletions, too",
        ),
        (
            "INSERT INTO members(id, full_name, mail) VALUES (1, '', 'a@club.example')
             ON CONFLICT DO UPDATE SET mail = excluded.mail",
            "a@club.example",
            "an upsert",
        ),
    ] {
        let bench = club();
        sync(&bench, FEDERATION);
        bench.edit(edit);
        assert_eq!(linked(&bench), "1=F1 8=F3", "{why}");
        let moved = FEDERATION.replace("Niamh", "Neasa");
        let counts = sync(&bench, &moved).report.counts;
        assert_eq!((counts.updated, counts.conflicts_detected), (1, 0), "{why}");
        assert_eq!(bench.value("SELECT mail FROM members WHERE id = 1").as_deref(), Some(expected), "{why}");
        let counts = sync(&bench, &moved.replace("AINE@", "aine.byrne@")).report.counts;
        assert_eq!(counts.conflicts_detected, 1, "{why}: both changed it");
    }
}

#[test]
fn a_row_that_a_client_deletes_is_not_brought_back() {
    let bench = club();
    sync(&bench, FEDERATION);
    bench.edit("DELETE FROM members WHERE id = 8");
    let counts = sync(&bench, &FEDERATION.replace("Niamh", "Neasa")).report.counts;
    assert_eq!((counts.created, counts.updated), (0, 0));
    assert_eq!(linked(&bench), "1=F1");
    bench.edit("UPDATE members SET tripartite_id = NULL WHERE id = 1");
    assert_eq!(sync(&bench, FEDERATION).report.counts.created, 0, "nor is one whose id was taken away");
    bench.edit("INSERT INTO members(id, full_name) VALUES (8, 'Somebody else')");
    assert_eq!(linked(&bench), "", "who takes the number of a row that is gone is somebody else");
}

#[test]
fn a_row_that_the_host_enters_is_its_own_until_a_rule_links_it() {
    let bench = club();
    sync(&bench, FEDERATION);
    bench.edit("INSERT INTO members(full_name, born, mail) VALUES ('Ciara Roe', '1999-09-09', 'ciara@example.org')");
    let counts = sync(&bench, FEDERATION).report.counts;
    assert_eq!((counts.unchanged, counts.deactivated), (2, 0), "nobody misses it");
    let line =
        r#"{"id": "F9", "name": "Ciara Roe", "born": "1999-09-09", "email": "ciara@example.org", "helper": null}"#;
    assert_eq!(sync(&bench, &format!("{FEDERATION}{line}\n")).report.counts.linked, 1);
    assert_eq!(linked(&bench), "1=F1 8=F3 9=F9");
}

#[test]
fn to_attach_twice_changes_nothing_and_more_columns_may_be_named() {
    let bench = club();
    sync(&bench, FEDERATION);
    let (before, rows) = (schema(&bench), rows(&bench));
    host(&bench).attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    assert_eq!(schema(&bench), before);
    assert_eq!(self::rows(&bench), rows);

    let wider = settings(&SCHEMA.replace(r#""name":"#, r#""note": {"kind": "text"}, "name":"#));
    let refused = SqliteStore::new(host(&bench), wider.clone()).unwrap_err();
    assert!(refused.to_string().contains("no column of `members` is named for it"), "{refused}");
    host(&bench).attach(&Register::default(), &table().column("note", "note"), &wider).unwrap();
    let store = SqliteStore::new(host(&bench), wider).unwrap();
    store.settle().unwrap();
    assert_eq!(host(&bench).attached(&Register::default()).unwrap().unwrap().column_of("note"), Some("note"));
}

#[test]
fn detached_the_table_is_as_it_was_and_keeps_what_was_synced() {
    let bench = Bench::new();
    bench.edit(CLUB);
    let before = schema(&bench);
    host(&bench).attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    sync(&bench, FEDERATION);
    let rows = rows(&bench);
    host(&bench).detach(&Register::default()).unwrap();
    assert_eq!(schema(&bench), before);
    assert_eq!(self::rows(&bench), rows);
    host(&bench).attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    assert_eq!(sync(&bench, FEDERATION).report.counts.linked, 1, "rules link them anew");
}

#[test]
fn what_cannot_be_attached_says_why_and_changes_nothing() {
    let bench = Bench::new();
    bench.edit(CLUB);
    bench.edit(
        "CREATE VIEW seen AS SELECT * FROM members;
         CREATE TABLE keyed(id TEXT PRIMARY KEY, n TEXT);
         CREATE TABLE numbers(id INTEGER PRIMARY KEY, phone NUMERIC, made TEXT AS (phone || 'x'));
         CREATE TABLE strict(id INTEGER PRIMARY KEY, n TEXT, since TEXT NOT NULL);
         CREATE TABLE ids(id INTEGER PRIMARY KEY, n TEXT, fed TEXT, num INTEGER);
         INSERT INTO ids VALUES (1, 'a', 'F1', 1), (2, 'b', 'F1', 2);",
    );
    let before = schema(&bench);
    let one = r#"{"fields": {"phone": {"kind": "text"}}}"#;
    let of = |table: &str, column: &str| HostTable::new(table, "id").column("phone", column);
    for (table, expected) in [
        (
            of("nobody", "n"),
            "there is no table `nobody`; a view cannot be attached, nor a virtual, foreign or partitioned table",
        ),
        (
            of("seen", "note"),
            "there is no table `seen`; a view cannot be attached, nor a virtual, foreign or partitioned table",
        ),
        (
            of("members", "note").in_schema("temp"),
            "there is no table `members`; a view cannot be attached, nor a virtual, foreign or partitioned table",
        ),
        (of("members", "tel"), "the table `members` has no column `tel`"),
        (of("keyed", "n"), "the key `id` of `keyed` is not its INTEGER PRIMARY KEY"),
        (HostTable::new("ids", "num").column("phone", "n"), "the key `num` of `ids` is not its INTEGER PRIMARY KEY"),
        (
            of("numbers", "PHONE"),
            "the column `phone` cannot keep the field `phone`: a text is text, and a column of type NUMERIC turns text \
             that looks like a number into one",
        ),
        (of("numbers", "made"), "the column `made` cannot keep the field `phone`: it is generated"),
        (
            of("strict", "n"),
            "no record could be created: the column `since` of `strict` is NOT NULL without a default, and no field is \
             kept in it",
        ),
        (of("ids", "n").external_id("n"), "the column `n` is named twice"),
        (of("ids", "n").external_id("fed"), "two rows of `ids` have one external id in `fed`"),
        (
            of("ids", "n").external_id("num"),
            "the column `num` cannot keep the field `external id`: its type must be TEXT",
        ),
        (
            HostTable::new("ids", "id"),
            "field `phone` cannot have a column of its own: no column of `ids` is named for it",
        ),
    ] {
        let refused = host(&bench).attach(&Register::default(), &table, &settings(one)).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        assert_eq!(schema(&bench), before, "{expected}");
    }
    let refused = Database::open(&bench.db(), Access::Write).unwrap_err();
    assert!(refused.to_string().contains("none whose name begins with `tripartite_`"), "{refused}");
}

#[test]
fn one_table_is_one_registers_and_one_register_has_one_table() {
    let bench = club();
    let (unnamed, named) = (Register::default(), "ballybeg/federation".parse().unwrap());
    let refused = |register: &Register, table: &HostTable| {
        host(&bench).attach(register, table, &settings(SCHEMA)).unwrap_err().to_string()
    };
    assert_eq!(refused(&named, &table()), "the table `members` is attached to another register already");
    let moved = table().column("email", "note");
    assert!(refused(&unnamed, &moved).contains("detach it before it is attached otherwise"));
    drop(SqliteStore::of(named.clone(), host(&bench), settings(SCHEMA)).unwrap());
    bench.edit("CREATE TABLE others(id INTEGER PRIMARY KEY, full_name TEXT, born TEXT, mail TEXT, volunteers INTEGER)");
    let other = HostTable::new("others", "id").column("name", "full_name").column("born", "born");
    let other = other.column("email", "mail").column("helper", "volunteers");
    assert!(refused(&named, &other).contains("a table of the host's own needs another register"));
    let third: Register = "ballybeg/gym".parse().unwrap();
    host(&bench).attach(&third, &other, &settings(SCHEMA)).unwrap();
    assert!(matches!(
        host(&bench).detach(&named),
        Err(StoreError::Attach(AttachError::NotAttached(register))) if register == "ballybeg/federation"
    ));
}

/// What the table refuses, or makes something else of, is told of its record, and nothing of it is written.
#[test]
fn a_record_that_the_table_does_not_take_fails_whole_and_the_others_are_written() {
    let twice = FEDERATION.replace("\"email\": null", "\"email\": \"una@example.org\"");
    for (own, listing, told) in [
        (
            "CREATE UNIQUE INDEX one ON members(mail) WHERE mail <> ''",
            twice.as_str(),
            "the database refused it: UNIQUE constraint failed: members.mail",
        ),
        (
            "CREATE TRIGGER t BEFORE INSERT ON members WHEN NEW.full_name LIKE 'Niamh%' BEGIN SELECT RAISE(ABORT, 'no'); END",
            FEDERATION,
            "a trigger of the database refused it",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON members BEGIN UPDATE members SET born = '1900-01-01' WHERE id = NEW.id; END",
            FEDERATION,
            "the table keeps another value of field `born` than was written",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON members BEGIN DELETE FROM members WHERE id = NEW.id; END",
            FEDERATION,
            "a trigger of the database took the row away again",
        ),
    ] {
        let bench = club();
        bench.edit(own);
        let done = sync(&bench, listing);
        assert_eq!(done.report.outcome, RunOutcome::Partial, "{told}");
        assert!(serde_json::to_string(&done.report).unwrap().contains(told), "{told}: {:?}", done.report);
        assert_eq!(linked(&bench), "1=F1", "{told}");
        let about = "(SELECT external_id FROM tripartite_links WHERE external_id = 'F3'
            UNION ALL SELECT external_id FROM tripartite_audit WHERE external_id = 'F3')";
        assert_eq!(bench.dump(about), [""; 0], "{told}");
    }
}

#[test]
fn a_trigger_of_the_hosts_that_writes_beside_the_fields_is_no_edit() {
    let bench = club();
    bench.edit(
        "CREATE TRIGGER touched AFTER UPDATE ON members BEGIN UPDATE members SET note = 'seen' WHERE id = NEW.id; END;
         CREATE TRIGGER entered AFTER INSERT ON members BEGIN UPDATE members SET note = 'new' WHERE id = NEW.id; END;",
    );
    sync(&bench, FEDERATION);
    let stale = "SELECT count(*) FROM tripartite_links JOIN members ON tripartite_id = external_id
        WHERE synced_revision <> tripartite_revision";
    assert_eq!(bench.value(stale).as_deref(), Some("0"), "the revision is read after the triggers have run");
    assert_eq!(sync(&bench, &FEDERATION.replace("Niamh", "Neasa")).report.counts.updated, 1);
    assert_eq!(bench.value(stale).as_deref(), Some("0"));
}

/// What is written here may be carried on by the database.
#[test]
fn triggers_of_other_tables_of_the_hosts_run() {
    let bench = Bench::new();
    bench.edit(
        "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, phone TEXT UNIQUE);
         CREATE TABLE calls(phone TEXT REFERENCES people(phone) ON UPDATE CASCADE);
         CREATE TABLE seen(phone TEXT);
         CREATE TRIGGER moved AFTER UPDATE ON calls BEGIN INSERT INTO seen VALUES (NEW.phone); END",
    );
    let table = HostTable::new("people", "id").column("name", "name").column("phone", "phone");
    host(&bench).attach(&Register::default(), &table, &settings(crate::bench::SCHEMA)).unwrap();
    bench.sync(&crate::bench::members(1..=2));
    bench.edit("INSERT INTO calls VALUES ('p1')");
    bench.sync(&crate::bench::members(1..=2).replace("p1", "q1"));
    assert_eq!(bench.value("SELECT phone FROM calls").as_deref(), Some("q1"));
    assert_eq!(bench.value("SELECT phone FROM seen").as_deref(), Some("q1"));
}

#[test]
fn ids_and_activity_may_stand_in_columns_of_the_hosts() {
    let bench = Bench::new();
    bench.edit(
        "CREATE TABLE people(no INTEGER PRIMARY KEY, fed_no TEXT, member BOOLEAN, name TEXT, phone TEXT, since TEXT);
         INSERT INTO people VALUES (1, 'M1', 1, 'N1', 'p1', '1999'), (2, NULL, NULL, 'own', NULL, '2000')",
    );
    let table = HostTable::new("people", "no").external_id("fed_no").active("member");
    let table = table.column("name", "name").column("phone", "phone");
    host(&bench).attach(&Register::default(), &table, &settings(crate::bench::SCHEMA)).unwrap();
    let report = bench.sync(&crate::bench::members(1..=9));
    assert_eq!(json!([report["created"], report["unchanged"]]), json!([8, 1]), "{report}");
    bench.sync(&crate::bench::members(1..=8));
    let who = "SELECT group_concat(fed_no || member, ' ') FROM people WHERE fed_no IN ('M1', 'M8', 'M9')";
    assert_eq!(bench.value(who).as_deref(), Some("M11 M81 M90"), "who is no longer listed is inactive");
    let added = "SELECT group_concat(name, ' ') FROM pragma_table_info('people') WHERE name GLOB 'tripartite*'";
    assert_eq!(bench.value(added).as_deref(), Some("tripartite_revision"));
}

/// Hosts change a table by making it anew.
#[test]
fn a_table_that_was_made_anew_without_the_added_columns_is_attached_again() {
    let bench = club();
    sync(&bench, FEDERATION);
    let made = "
        CREATE TABLE made(id INTEGER PRIMARY KEY, full_name TEXT, born DATE, mail TEXT, volunteers BOOLEAN);
        INSERT INTO made SELECT id, full_name, born, mail, volunteers FROM members;
        DROP TABLE members; ALTER TABLE made RENAME TO members;";
    bench.edit(made);
    let refused = SqliteStore::new(host(&bench), settings(SCHEMA)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the column `tripartite_id` of `members` is gone; attach the table again, and its rows are linked anew"
    );
    host(&bench).attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    bench.store(Access::Write).settle().unwrap();
    bench.edit("UPDATE members SET mail = 'x@example.org' WHERE id = 1");
    assert_eq!(
        bench.value("SELECT tripartite_revision FROM members WHERE id = 1").as_deref(),
        Some("2"),
        "triggers are back"
    );
    let counts = sync(&bench, FEDERATION).report.counts;
    assert_eq!((counts.linked, counts.proposed, counts.created), (0, 3, 0), "the mail was edited, and Niamh has none");
    bench.edit("UPDATE members SET mail = 'aine@example.org' WHERE id = 1");
    assert_eq!(sync(&bench, FEDERATION).report.counts.linked, 1);
}

#[test]
fn a_connection_of_the_hosts_is_used_as_it_is() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(CLUB).unwrap();
    let database = Database::from_connection(conn).unwrap();
    database.attach(&Register::default(), &table(), &settings(SCHEMA)).unwrap();
    let store = SqliteStore::new(database, settings(SCHEMA)).unwrap();
    let listing = Listing::new(items(store.schema(), FEDERATION));
    assert_eq!(night(&store, |run| run, &listing).report.counts.created, 3, "without rules nobody is found");
    let name = store.snapshot(|now| now.name("F3")).unwrap().unwrap();
    assert_eq!(name, "Niamh Kelly");
}

//! A base is stored where it differs from its row, and comes back as if it had been stored whole.

use proptest::prelude::*;
use serde_json::{Value, json};
use tripartite::drive::{block_on, drive_blocking};
use tripartite::id::ExternalId;
use tripartite::memory::Listing;
use tripartite::run::Run;
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Item, RemoteRecord};
use tripartite::store::{LoadRequest, Loaded, RecordStore};
use tripartite_sql::Settings;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, counts, members, night, settings};
use crate::shared::items;

/// A trigger of the user's own: with it, every base is stored whole.
const WHOLE: &str = "CREATE TRIGGER mine AFTER INSERT ON members BEGIN SELECT 1; END";

/// So many bases stand in their rows, and so many in their links.
fn stored(bench: &Bench) -> [String; 2] {
    let count = |which: &str| bench.value(&format!("SELECT count(*) FROM tripartite_links WHERE {which} IS NOT NULL"));
    ["shape", "base"].map(|which| count(which).unwrap())
}

fn ext(id: &str) -> ExternalId {
    ExternalId::new(id).unwrap()
}

/// The base by its fields' names.
fn base(bench: &Bench, id: &str) -> Option<String> {
    let store = bench.store(Access::Write);
    let base = store.record(&ext(id)).unwrap()?.base?;
    Some(serde_json::to_string(&store.schema().named(&base.record)).unwrap())
}

const ONE: &str = r#"{"name":"N1","phone":"p1"}"#;

#[test]
fn what_equals_the_row_is_not_stored_twice() {
    let bench = Bench::synced(&members(1..=3));
    assert_eq!(stored(&bench), ["3", "0"], "as they are created");
    bench.sync(&members(1..=3).replace("p1", "q1"));
    assert_eq!(stored(&bench), ["3", "0"], "and as they are updated");
    bench.edit("UPDATE members SET phone = 'hers' WHERE external_id = 'M2'");
    assert_eq!(bench.value("SELECT group_concat(external_id) FROM tripartite_kept").as_deref(), Some("M2"));
    bench.sync(&members(1..=3).replace("p2", "q2"));
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_kept").as_deref(), Some("0"), "the source was taken");
    assert_eq!(stored(&bench), ["3", "0"]);
}

#[test]
fn of_a_base_that_differs_only_the_difference_is_stored() {
    let bench = Bench::synced(&members(1..=2));
    bench.edit("UPDATE members SET phone = 'hers' WHERE external_id = 'M1'");
    bench.sync(&members(1..=2).replace("N1", "N9"));
    assert_eq!(
        bench.value("SELECT base FROM tripartite_links WHERE external_id = 'M1'").as_deref(),
        Some("{\"phone\":\"p1\"}")
    );
    assert_eq!(base(&bench, "M1").as_deref(), Some(r#"{"name":"N9","phone":"p1"}"#));
}

#[test]
fn whoever_changes_a_row_in_whatever_way_leaves_its_base() {
    for (edit, why) in [
        ("UPDATE members SET phone = 'x'", "plainly"),
        ("UPDATE members SET phone = NULL, name = 5", "with other types"),
        ("UPDATE members SET active = 0, revision = 7", "but none of its fields"),
        ("UPDATE members SET external_id = 'M7' WHERE external_id = 'M1'", "by giving it another id"),
        ("UPDATE members SET external_id = NULL", "by taking its id away"),
        ("UPDATE members SET local_id = 70 WHERE external_id = 'M1'", "by giving it another number"),
        ("DELETE FROM members", "by deleting it"),
        ("DELETE FROM members; INSERT INTO members(external_id, phone) VALUES ('M1', 'x')", "by entering it anew"),
        ("REPLACE INTO members(external_id, phone) VALUES ('M1', 'x')", "by replacing it"),
        ("REPLACE INTO members(local_id, phone) VALUES (1, 'x')", "by taking its number"),
        ("UPDATE OR REPLACE members SET external_id = 'M1' WHERE external_id = 'M2'", "by moving another in its place"),
        ("UPDATE OR REPLACE members SET local_id = 1 WHERE external_id = 'M2'", "by moving another to its number"),
        ("INSERT INTO members(external_id) VALUES ('M1') ON CONFLICT DO UPDATE SET phone = 'x'", "by an upsert"),
        ("PRAGMA recursive_triggers = ON; REPLACE INTO members(external_id) VALUES ('M1')", "with recursive triggers"),
        ("UPDATE members SET phone = 'x'; UPDATE members SET phone = 'y'", "twice"),
        ("UPDATE members SET phone = 'x'; DELETE FROM members", "and then deletes it"),
        ("ALTER TABLE members RENAME COLUMN phone TO tel", "by renaming a column"),
        ("ALTER TABLE members RENAME COLUMN phone TO tel; UPDATE members SET tel = 'x'", "and edits it then"),
        ("VACUUM", "not at all"),
    ] {
        let bench = Bench::synced(&members(1..=2));
        bench.edit(edit);
        // A run in which the columns are set right again, where one was renamed.
        let store = bench.store(Access::Write);
        let listing = Listing::new(items(store.schema(), &members(2..=2))).partial();
        night(&store, |run| run.only([ext("M2")]), &listing);
        assert_eq!(base(&bench, "M1").as_deref(), Some(ONE), "{why}");
    }
}

#[test]
fn the_column_of_a_field_cannot_be_dropped_beneath_a_base() {
    let bench = Bench::synced(&members(1..=2));
    let error = bench.sql().execute_batch("ALTER TABLE members DROP COLUMN phone").unwrap_err();
    assert!(error.to_string().contains("members_kept"), "{error}");
    let narrower = settings(r#"{"fields": {"name": {"kind": "name"}}}"#);
    let store = SqliteStore::new(Database::open(&bench.db(), Access::Write).unwrap(), narrower).unwrap();
    night(&store, |run| run, &Listing::new(items(store.schema(), &members(1..=2))));
    drop(store);
    bench.edit("ALTER TABLE members DROP COLUMN phone");
    assert_eq!(bench.sync(&members(1..=2))["unchanged"], 2, "once no field is kept in it, it can");
}

/// Nothing that happens to the rows can be relied on to be seen, so no base is left in them.
#[test]
fn with_triggers_or_unique_indexes_of_the_users_own_bases_are_stored_whole() {
    for own in [WHOLE, "CREATE UNIQUE INDEX one_phone ON members(phone)"] {
        let bench = Bench::synced(&members(1..=2));
        bench.edit(own);
        bench.sync(&members(1..=3));
        assert_eq!(stored(&bench), ["0", "3"], "{own}");
        bench.edit("REPLACE INTO members(external_id, phone) VALUES ('M8', 'p1')");
        assert_eq!(base(&bench, "M1").as_deref(), Some(ONE), "{own}");
    }
    let bench = Bench::synced(&members(1..=2));
    bench.edit("CREATE INDEX phones ON members(phone)");
    bench.sync(&members(1..=3));
    assert_eq!(stored(&bench), ["3", "0"], "an index that refuses nothing changes no row");
}

/// A table that somebody made anew has no triggers until the next write.
#[test]
fn a_row_that_changed_unseen_has_no_base_and_its_edit_is_not_overwritten_unseen() {
    let bench = Bench::synced(&members(1..=2));
    bench.edit(
        "CREATE TABLE made AS SELECT * FROM members;
         DROP TABLE members;
         CREATE TABLE members(local_id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, active INTEGER NOT NULL DEFAULT 1,
            revision INTEGER NOT NULL DEFAULT 1, name TEXT, phone TEXT);
         INSERT INTO members SELECT * FROM made;
         DROP TABLE made;
         UPDATE members SET phone = 'hers' WHERE external_id = 'M1'",
    );
    assert_eq!(base(&bench, "M1"), None);
    assert_eq!(base(&bench, "M2").as_deref(), Some(r#"{"name":"N2","phone":"p2"}"#), "it reads as it did");
    let report = bench.sync(&members(1..=2).replace(": \"p", ": \"q"));
    assert_eq!(counts(&report, ["updated", "conflicts_detected"]), [2, 1]);
    let told = "SELECT count(*) FROM tripartite_audit WHERE verdict = 'Conflict' AND entry LIKE '%hers%'";
    assert_eq!(bench.value(told).as_deref(), Some("1"), "what was overwritten can be restored");
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M2'");
    assert_eq!(base(&bench, "M2").as_deref(), Some(r#"{"name":"N2","phone":"q2"}"#), "the triggers are back");
}

/// What the version before wrote: every base in full, here of a member that was edited, and of one that was deleted.
const BEFORE: &[u8] = include_bytes!("../data/whole-bases.sqlite");

#[test]
fn a_database_of_the_version_before_is_read_as_it_is_and_goes_over_with_the_first_write() {
    let bench = Bench::of(BEFORE);
    let same = || {
        for (id, expected) in [
            ("M1", ONE),
            ("M2", r#"{"name":"N2","phone":"p2"}"#),
            ("M3", r#"{"name":"N3","phone":null}"#),
            ("M4", r#"{"name":"N4"}"#),
        ] {
            assert_eq!(base(&bench, id).as_deref(), Some(expected));
        }
    };
    same();
    let listing = members(1..=4).replace("p1", "q1").replace("\"p3\"", "null").replace(", \"phone\": \"p4\"", "");
    let before = bench.bytes();
    let reads = bench.store(Access::Read);
    let dry = night(&reads, Run::dry, &Listing::new(items(reads.schema(), &listing))).report.counts;
    drop(reads);
    assert_eq!((dry.updated, dry.created, dry.unchanged), (1, 0, 3));
    assert_eq!(bench.bytes(), before, "a dry run changes nothing");
    let older = bench.store(Access::Write);
    assert_eq!(counts(&bench.sync(&listing), ["updated", "created", "unchanged"]), [1, 0, 3]);
    assert_eq!(stored(&bench), ["1", "3"], "whose base moved on stands in its row");
    let seen = older.record(&ext("M1")).unwrap().unwrap().base.unwrap();
    assert_eq!(seen.record.field(1).text(), Some("q1"), "also for whom had it open before");
    assert_eq!(bench.value("SELECT value FROM tripartite_meta WHERE key = 'format'").as_deref(), Some("3"));
    assert_eq!(counts(&bench.sync(&listing), ["updated", "unchanged"]), [0, 4]);
}

pub(crate) fn schemas() -> [Schema; 5] {
    let plain = r#""name": {"kind": "name"}, "paid": {"kind": "boolean"}, "n": {"kind": "integer"}"#;
    [
        format!(r#"{plain}, "phone": {{"kind": "text"}}, "tags": {{"kind": "list"}}"#),
        format!(r#""tel": {{"kind": "text", "aliases": ["phone"]}}, {plain}"#),
        format!(r#"{plain}, "phone": {{"kind": "list"}}, "email": {{"kind": "email"}}"#),
        r#""paid": {"kind": "text"}, "n": {"kind": "text"}, "name": {"kind": "name"}"#.to_owned(),
        format!(r#"{plain}, "phone": {{"kind": "text", "strategy": "local_wins"}}, "tags": {{"kind": "list"}}"#),
    ]
    .map(|fields| serde_json::from_str(&format!("{{\"fields\": {{{fields}}}}}")).unwrap())
}

#[derive(Debug, Clone)]
pub(crate) enum Doing {
    /// A run over a partial listing, with versions or without.
    Night(Vec<(u8, Value)>, Option<u64>),
    /// A record gets another id at the source.
    Moved(u8, u8),
    /// What another SQL client does.
    Sql(String),
    /// The program is started again under another schema.
    Schema(usize),
}

fn record() -> impl Strategy<Value = Value> {
    let text =
        prop::sample::select(vec!["", "x", "X ", " x", "007", "7", "1", "true", "null", "[1]", "{", "Áine", "\0a"]);
    let value = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => prop::sample::select(vec![0, 1, 7, i64::MAX]).prop_map(Value::from),
        1 => prop::sample::select(vec![0.5, 5.0]).prop_map(Value::from),
        1 => Just(json!(["a", 1.5, {"b": null}])),
    ];
    let names = prop::sample::select(vec!["name", "phone", "paid", "n", "tags", "email", "beyond"]);
    prop::collection::btree_map(names, value, 0..7).prop_map(|fields| json!(fields))
}

fn sql() -> impl Strategy<Value = String> {
    let set = prop::sample::select(vec![
        "name = 'e'",
        "name = NULL",
        "paid = 1",
        "n = 7",
        "name = x'c3'",
        "active = 0",
        "active = 1",
    ]);
    let edit = prop_oneof![
        4 => set.prop_map(|set| format!("UPDATE members SET {set} WHERE external_id = 'A'")),
        1 => Just("DELETE FROM members WHERE external_id = 'A'".to_owned()),
        1 => Just("REPLACE INTO members(external_id, name) VALUES ('A', 'r')".to_owned()),
        1 => Just("REPLACE INTO members(local_id, external_id, n) VALUES (1, 'A', 3)".to_owned()),
        1 => Just("UPDATE OR REPLACE members SET external_id = 'A' WHERE external_id = 'B'".to_owned()),
        1 => Just("UPDATE OR REPLACE members SET local_id = 2 WHERE external_id = 'A'".to_owned()),
        1 => Just("UPDATE members SET external_id = NULL WHERE external_id = 'A'".to_owned()),
        1 => Just("INSERT OR IGNORE INTO members(external_id, n) VALUES ('A', 3)".to_owned()),
        1 => Just("DELETE FROM tripartite_links WHERE external_id = 'A'".to_owned()),
    ];
    (edit, 0..3_u8, 0..3_u8)
        .prop_map(|(edit, a, b)| edit.replace("'A'", &format!("'M{a}'")).replace("'B'", &format!("'M{b}'")))
}

/// What happens under one schema, to records such as these.
pub(crate) fn doing(record: impl Strategy<Value = Value>) -> impl Strategy<Value = Doing> {
    let said = prop::collection::vec((0..3_u8, record), 1..4);
    prop_oneof![
        6 => (said, prop::option::of(1..4_u64)).prop_map(|(said, version)| Doing::Night(said, version)),
        1 => (0..3_u8, 0..5_u8).prop_map(|(from, to)| Doing::Moved(from, to)),
        5 => sql().prop_map(Doing::Sql),
    ]
}

fn doing_to_schemas() -> impl Strategy<Value = Doing> {
    prop_oneof![12 => doing(record()), 1 => (0..5_usize).prop_map(Doing::Schema)]
}

/// A database, and the schema it is used under.
pub(crate) struct Kept {
    pub(crate) bench: Bench,
    pub(crate) schema: usize,
}

impl Kept {
    pub(crate) fn store(&self) -> SqliteStore {
        let settings = Settings { schema: schemas()[self.schema].clone(), id_field: "id".to_owned() };
        SqliteStore::new(Database::open(&self.bench.db(), Access::Write).unwrap(), settings).unwrap()
    }

    pub(crate) fn does(&mut self, doing: &Doing) {
        let items = match doing {
            Doing::Sql(sql) => return self.bench.edit(sql),
            Doing::Schema(schema) => {
                self.schema = *schema;
                return;
            }
            Doing::Night(said, version) => said
                .iter()
                .filter_map(|(id, fields)| {
                    let record = schemas()[self.schema].record(fields).ok()?;
                    Some(Item::Record(RemoteRecord::new(ext(&format!("M{id}")), record).version(*version)))
                })
                .collect(),
            Doing::Moved(from, to) => {
                vec![Item::Rekeyed { from: ext(&format!("M{from}")), to: ext(&format!("M{to}")) }]
            }
        };
        let (store, at) = (self.store(), chrono::DateTime::UNIX_EPOCH);
        let run = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at);
        drive_blocking(run.start(), &Listing::new(items).partial(), &store).unwrap();
    }

    /// What is remembered, but for revisions: a row that is replaced gets one that nobody can foresee.
    pub(crate) fn remembered(&self) -> Vec<String> {
        let (store, wanted) = (self.store(), LoadRequest::of((0..5).map(|id| ext(&format!("M{id}")))));
        let told = |loaded: Loaded| {
            let base = loaded.base.as_ref().map(|base| (base.record.clone(), base.schema, base.version));
            let text = base.as_ref().map(|(record, ..)| serde_json::to_string(&store.schema().named(record)).unwrap());
            let state = loaded.clone().synced(None).state();
            let (id, presence, open) = (loaded.id, loaded.presence, loaded.open.len());
            format!("{id} {presence:?} {open} {text:?} {base:?} {state:?}")
        };
        block_on(store.load(&wanted)).unwrap().linked.into_iter().map(told).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_happens_a_base_is_as_if_it_had_been_stored_whole(all in prop::collection::vec(doing_to_schemas(), 1..14)) {
        let mut kept = Kept { bench: Bench::new(), schema: 0 };
        let mut whole = Kept { bench: Bench::new(), schema: 0 };
        drop((kept.store(), whole.store()));
        whole.bench.edit(WHOLE);
        for doing in &all {
            kept.does(doing);
            whole.does(doing);
            prop_assert_eq!(kept.remembered(), whole.remembered(), "{:?}", doing);
        }
        prop_assert_eq!(stored(&whole.bench)[0].clone(), "0");
    }
}

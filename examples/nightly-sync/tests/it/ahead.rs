//! A listing that is read ahead is the same listing: page by page, and night by night.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tripartite::drive::{block_on, drive_blocking};
use tripartite::id::{ExternalId, RunId};
use tripartite::run::{Mode, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, Item, Next, Page};
use tripartite_sources::ahead::{Ahead as Read, HELD};
use tripartite_sources::file::{FileListing as Listing, Form, Input as Remote, Opened, Reading};
use tripartite_sources::records::Records;
use tripartite_sql::Settings;
use tripartite_sqlite::store::{Database, SqliteStore};

use crate::bench::Bench;

type Ahead = Read<Listing>;

fn schema() -> Schema {
    let phone = Kind::Phone { region: "IE".parse().unwrap() };
    Schema::builder().field(Field::new("name", Kind::Name)).field(Field::new("phone", phone)).build().unwrap()
}

fn listing(file: &str, page: usize) -> Listing {
    // What it is, is stated: its first line may be anything.
    let reading = Reading::default().form(Form::JsonLines).may_be_empty();
    let opened = Opened::open(&Remote::File(file.into()), &reading, "id").unwrap();
    opened.listing(Records::new(schema(), "id")).unwrap().pages_of(page)
}

/// Lines as a source has them, and as it should not.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let person = (0..30_u8, "[A-Zá]{0,6}", 0..9_u8).prop_map(|(id, name, n)| {
        format!("{{\"id\": \"M{id}\", \"name\": \"{name}\", \"phone\": \"087 123 456{n}\"}}")
    });
    let odd = prop::sample::select(vec![
        "",
        " ",
        "oops",
        "{\"id\": \"M1\"",
        "{\"id\": 18446744073709551617, \"name\": \"x\"}",
        "{\"name\": \"x\"}",
        "{\"id\": \"M2\", \"name\": 1.10000000000000000001}",
        "{\"id\": \"M3\", \"id\": \"M4\"}",
        "[1]",
    ]);
    prop::collection::vec(prop_oneof![8 => person, 1 => odd.prop_map(str::to_owned)], 0..40)
}

/// What a page says, and where it goes on.
fn told(page: &Page) -> (Vec<String>, Next) {
    let item = |item: &Item| match item {
        Item::Record(remote) => {
            let said: Vec<_> = remote.record.fields().map(|field| field.to_value()).collect();
            format!("{} {}", remote.id, serde_json::to_string(&said).unwrap())
        }
        other => format!("{other:?}"),
    };
    (page.items.iter().map(item).collect(), page.next.clone())
}

/// All that is left behind, but for the names of the runs.
fn dump(store: &SqliteStore) -> Vec<String> {
    let tables = ["members", "tripartite_links", "tripartite_conflicts", "tripartite_audit"];
    let rows = |table: &str| {
        store.with(|conn| {
            let mut statement = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1"))?;
            let columns = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?))).collect();
            let rows: Result<Vec<Vec<String>>, _> = statement.query_map([], row)?.collect();
            Ok(rows?.into_iter().map(|row| row.join("|")).collect::<Vec<_>>())
        })
    };
    tables.iter().flat_map(|table| rows(table).unwrap()).collect()
}

/// Two nights, whose reports and databases are handed out.
fn nights<C: Connector>(mode: Mode, sources: [C; 2]) -> (Vec<String>, Vec<String>) {
    let settings = Settings { schema: schema(), id_field: "id".to_owned() };
    let store = SqliteStore::new(Database::in_memory().unwrap(), settings).unwrap();
    let mut reports = Vec::new();
    for (night, source) in sources.iter().enumerate() {
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let run = Run::new(Policy::new(schema()), RunId::new(format!("night {night}")).unwrap(), at).mode(mode);
        let done = drive_blocking(run.start(), source, &store).unwrap_or_else(|error| panic!("{error}"));
        reports.push(serde_json::to_string(&done.report).unwrap());
    }
    (reports, dump(&store))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In order, from the beginning once more, or out of order: every page is the one that was asked for.
    #[test]
    fn every_page_is_the_same(lines in lines(), page in 1..5_usize, asked in prop::collection::vec(0..4_u8, 0..12)) {
        let bench = Bench::new();
        let file = bench.listing(lines.join("\n"));
        let (plain, ahead) = (listing(&file, page), Ahead::of(listing(&file, page)));
        let mut known: Vec<Option<Cursor>> = vec![None];
        let mut at = 0;
        for step in asked {
            let after = known[at].as_ref();
            let (one, other) = (block_on(plain.fetch(after)).unwrap(), block_on(ahead.fetch(after)).unwrap());
            prop_assert_eq!(told(&one), told(&other));
            if let Next::More(cursor) = one.next && !known.contains(&Some(cursor.clone())) {
                known.push(Some(cursor));
            }
            // Mostly on, now and then back.
            at = if step == 0 { 0 } else { (at + 1).min(known.len() - 1) };
        }
        let ids = [ExternalId::new("M1").unwrap(), ExternalId::new("M2").unwrap()];
        let (one, other) = (block_on(plain.fetch_only(&ids, None)), block_on(ahead.fetch_only(&ids, None)));
        prop_assert_eq!(told(&one.unwrap()), told(&other.unwrap()));
    }

    /// Nights come to the same, whether their listings are read ahead or not.
    #[test]
    fn nights_come_to_the_same(first in lines(), second in lines(), page in 1..5_usize, streams in any::<bool>()) {
        let bench = Bench::new();
        let files = [bench.write("one.jsonl", first.join("\n")), bench.write("two.jsonl", second.join("\n"))];
        let mode = if streams { Mode::Streaming } else { Mode::Planned };
        let plain = nights(mode, files.clone().map(|file| listing(&file, page)));
        let ahead = nights(mode, files.map(|file| Ahead::of(listing(&file, page))));
        prop_assert_eq!(plain, ahead);
    }
}

#[test]
fn more_than_may_wait_is_read_all_the_same() {
    let bench = Bench::new();
    let long = "x".repeat(3 << 20);
    let lines = HELD / long.len() + 10;
    let text: String = (0..lines).map(|n| format!("{{\"id\": \"M{n}\", \"name\": \"{long}\"}}\n")).collect();
    let ahead = Ahead::of(listing(&bench.listing(text), 1));
    let (mut after, mut read) = (None, 0);
    while let page = block_on(ahead.fetch(after.as_ref())).unwrap()
        && let Next::More(next) = page.next
    {
        read += page.items.len();
        after = Some(next);
    }
    assert_eq!(read, lines);
}

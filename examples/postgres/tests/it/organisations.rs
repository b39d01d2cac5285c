//! Two organisations of one server: each has its members, and a run holds few bytes of each.
//!
//! `MEMBERS=1000000 cargo test --release -p tripartite-postgres --test it -- --nocapture organisations` has a million each,
//! and prints what every night took.

use std::sync::Mutex;
use std::time::Instant;

use tripartite::drive::{block_on, drive_blocking};
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::run::{Mode, Run, RunOutcome};
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Connector, Cursor, Item, Next, Page, RemoteRecord};
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Register;

use crate::bench::Bench;

const PAGE: u64 = 1000;

/// So much a run takes however large the register is: its pages and batches.
const FIXED: u64 = 8 << 20;

/// And so much of each record.
const EACH: u64 = 64;

/// The listing of an organisation, made page by page. Every fiftieth member has the night in the name.
struct Members<'a> {
    schema: &'a Schema,
    organisation: &'a str,
    members: u64,
    night: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no such page")]
struct NoPage;

impl Classify for NoPage {
    fn failure(&self) -> Failure {
        Failure::Fatal
    }
}

impl Connector for Members<'_> {
    type Error = NoPage;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, NoPage> {
        let first = after.map_or(Ok(0), |after| after.0.parse::<u64>()).map_err(|_| NoPage)?;
        let end = self.members.min(first + PAGE);
        let item = |n: u64| {
            let (organisation, night) = (self.organisation, if n.is_multiple_of(50) { self.night } else { 0 });
            let email = format!("m{n}@{organisation}.example.org");
            let fields = serde_json::json!({"name": format!("Member {n} {night}"), "email": email});
            let id = ExternalId::new(format!("M{n}")).unwrap();
            Item::Record(RemoteRecord::new(id, self.schema.record(&fields).unwrap()))
        };
        let next =
            if end < self.members { Next::More(Cursor(end.to_string())) } else { Next::Complete { total: None } };
        Ok(Page::new((first..end).map(item).collect(), next))
    }
}

struct Organisation<'a> {
    name: &'a str,
    store: PostgresStore,
}

impl<'a> Organisation<'a> {
    fn new(bench: &Bench, database: &Database, name: &'a str) -> Self {
        let register: Register = format!("{name}/federation").parse().unwrap();
        let store = block_on(PostgresStore::of(register, database.clone(), bench.settings())).unwrap();
        Self { name, store }
    }

    /// A night; how many records it created and updated, and how many bytes it held at most.
    fn night(&self, schema: &Schema, members: u64, night: u64) -> (u64, u64, u64) {
        let mode = if night == 0 { Mode::Streaming } else { Mode::Planned };
        let id = format!("night-{night}").parse().unwrap();
        let run = Run::new(Policy::new(schema.clone()), id, chrono::DateTime::UNIX_EPOCH).mode(mode);
        let listing = Members { schema, organisation: self.name, members, night };
        let (from, done) = (now(), Mutex::new(None));
        let held = allocation_counter::measure(|| {
            *done.lock().unwrap() = Some(drive_blocking(run.start(), &listing, &self.store).unwrap().report);
        });
        let report = done.into_inner().unwrap().unwrap();
        assert_eq!(report.outcome, RunOutcome::Succeeded);
        let (took, bytes) = (from.elapsed().as_secs_f64(), held.bytes_max as f64 / members as f64);
        println!(
            "{}, night {night}: {took:.1} s, {bytes:.1} bytes a record allocated here and not freed here at most",
            self.name
        );
        (report.counts.created, report.counts.updated, held.bytes_max)
    }
}

#[expect(clippy::disallowed_methods, reason = "what is printed is what time it takes")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn each_has_its_own_and_a_run_holds_few_bytes_of_each_member() {
    let members = std::env::var("MEMBERS").map_or(5000, |members| members.parse().unwrap());
    let bench = Bench::new();
    let database = bench.database();
    let [one, other] = ["ballybeg", "kilmore"].map(|name| Organisation::new(&bench, &database, name));
    let most = FIXED + EACH * members;
    for organisation in [&one, &other] {
        // What a first import copies is freed by the thread of the connection, and so is counted as if it were held.
        let (created, ..) = organisation.night(&bench.schema, members, 0);
        assert_eq!(created, members);
    }
    let others = format!(
        "SELECT md5(string_agg(m::text, ',' ORDER BY external_id)) FROM \"members/{}/federation\" m",
        other.name
    );
    let before = bench.sql.value(&others);
    // A night in which every fiftieth changes, and the same once more.
    for changed in [members.div_ceil(50), 0] {
        let (_, updated, held) = one.night(&bench.schema, members, 1);
        assert_eq!(updated, changed);
        assert!(held <= most, "{held} bytes of {members} members");
    }
    assert_eq!(bench.sql.value(&others), before, "of the other organisation nothing is touched");
}

//! The example host as a whole process, against programs that do the least that could be done.
//!
//! | row | what runs | its floor |
//! |---|---|---|
//! | first import | `nightly-sync run` into a database that is not there yet, with the schema as a file | reads the listing, parses each line into a struct, and inserts the same rows into the same tables, prepared, in transactions of as many records under the same pragmas |
//! | unchanged records | `nightly-sync run` on the listing that was imported | reads the file line by line and parses each line into a struct |
//! | 2 % change | `nightly-sync run` on a listing in which every fiftieth has another e-mail address and telephone number | none: a million records take at most 2 s |
//! | everything changes | `nightly-sync run` on a listing in which everybody has another e-mail address and telephone number | reads the listing and updates the same rows, the links and the audit, prepared, in as large transactions, without triggers |
//!
//! Every run is a process of its own, timed from its start to its end: floor, host, floor, host. All of them are one
//! program beside this one, so that they are built alike; unlike this one it counts no allocations.
//!
//! **Which rows are the same?** All that the import leaves behind: of each person a row with the six fields and the id,
//! a link with the base and what was seen, and an entry of the audit. That both databases hold the same is checked. The
//! members alone, without links and audit, are measured, too.

pub(crate) mod place;
pub(crate) mod process;
mod same;

use self::place::Place;
use self::process::{Process, Ran};
use crate::effort::Effort;
use crate::rounds::{Times, median};
use crate::row::{Against, Measured, Row, Target};

/// From so many people on a target is judged. Below, what a process costs to start and to end is most of what it costs,
/// and the floor has none of it.
const JUDGED: u64 = 1_000_000;

/// 200 MB, in mebibytes.
const PEAK: f64 = 200e6 / (1 << 20) as f64;

/// 600 MB, in mebibytes: a plan of a million records that all change.
const PLANNED_PEAK: f64 = 600e6 / (1 << 20) as f64;

/// Two seconds for a million records, in nanoseconds a record.
const SOME: f64 = 2000.0;

/// The rows of the tables about `nightly-sync`.
pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    process::build()?;
    let place = Place::new(effort.people())?;
    let mut rows = import(effort, &place)?;
    rows.extend(unchanged(effort, &place)?);
    rows.extend(some(effort, &place)?);
    rows.extend(changed(effort, &place)?);
    Ok(rows)
}

/// As often an import is repeated at most.
const IMPORTS: usize = 5;

fn import(effort: &Effort, place: &Place) -> Result<Vec<Row>, String> {
    let records = effort.people();
    let (mut bare, mut floor, mut host) = (Series::default(), Series::default(), Series::default());
    for round in 0..effort.rounds.min(IMPORTS) {
        bare.add(records, &Process::Members.run(place, &place.fresh("members.db")?)?);
        floor.add(records, &Process::Rows.run(place, &place.fresh("floor.db")?)?);
        host.add(records, &Process::Import.run(place, &place.fresh("host.db")?)?);
        if round == 0 {
            same::check(&place.file("floor.db"), &place.file("host.db"))?;
        }
    }
    let inferred = Process::InferredImport.run(place, &place.fresh("inferred.db")?)?;
    let planned = Process::PlannedImport.run(place, &place.fresh("planned.db")?)?;
    let table = "nightly-sync, first import";
    Ok(vec![
        bare.row(table, "floor: the members alone"),
        floor.row(table, "floor: the same rows, prepared, in batches of the same size"),
        host.row_against(table, "`nightly-sync run`", "the same rows", &floor, target(effort, 2.0)),
        host.row_against(
            table,
            "`nightly-sync run`, beside the members alone",
            "the members alone",
            &bare,
            target(effort, 3.0),
        ),
        inferred.row(table, "`nightly-sync run` that infers the schema first", records),
        host.peak(table, "peak memory, page by page", None),
        inferred.peak(table, "peak memory, page by page, schema inferred"),
        Row {
            target: target(effort, PLANNED_PEAK).map(Target::AtMost),
            ..planned.peak(table, "peak memory, planned whole (a dry run)")
        },
    ])
}

fn target(effort: &Effort, most: f64) -> Option<f64> {
    (effort.people() >= JUDGED).then_some(most)
}

fn unchanged(effort: &Effort, place: &Place) -> Result<Vec<Row>, String> {
    let records = effort.people();
    let (mut floor, mut host) = (Series::default(), Series::default());
    // What the imports have left to be written would be written meanwhile, by a processor that both need.
    rustix::fs::sync();
    for _ in 0..effort.rounds {
        floor.add(records, &Process::Read.run(place, &place.file("host.db"))?);
        host.add(records, &Process::Unchanged.run(place, &place.file("host.db"))?);
    }
    let table = "nightly-sync, unchanged records";
    Ok(vec![
        floor.row(table, "floor: lines read and parsed into a struct"),
        host.row_against(table, "`nightly-sync run`", "the floor", &floor, target(effort, 2.5)),
        host.peak(table, "peak memory", target(effort, PEAK)),
    ])
}

/// A night on which every fiftieth changed.
fn some(effort: &Effort, place: &Place) -> Result<Vec<Row>, String> {
    let (records, mut host) = (effort.people(), Series::default());
    place.write_some(records).map_err(|error| error.to_string())?;
    for _ in 0..effort.rounds {
        let copy = place.copy("host.db", "some.db")?;
        rustix::fs::sync();
        host.add(records, &Process::Some.run(place, &copy)?);
    }
    let table = "nightly-sync, 2 % change";
    let most = target(effort, SOME).map(Target::AtMost);
    Ok(vec![
        Row { target: most, ..host.row(table, "`nightly-sync run`") },
        host.peak(table, "peak memory", target(effort, PEAK)),
    ])
}

/// As often everything is changed at most.
const CHANGES: usize = 3;

/// A night on which everybody changed, as when the source changes a format.
fn changed(effort: &Effort, place: &Place) -> Result<Vec<Row>, String> {
    let records = effort.people();
    let (mut floor, mut host) = (Series::default(), Series::default());
    for _ in 0..effort.rounds.min(CHANGES) {
        floor.add(records, &Process::Changes.run(place, &place.copy("host.db", "floor.db")?)?);
        host.add(records, &Process::Changed.run(place, &place.copy("host.db", "changed.db")?)?);
    }
    let planned = Process::PlannedChange.run(place, &place.file("host.db"))?;
    let table = "nightly-sync, everything changes";
    let most = target(effort, PLANNED_PEAK);
    Ok(vec![
        floor.row(table, "floor: the same updates, links and entries, prepared, in batches of the same size"),
        host.row_against(table, "`nightly-sync run`", "the floor", &floor, target(effort, 2.0)),
        host.peak(table, "peak memory", most),
        Row { target: most.map(Target::AtMost), ..planned.peak(table, "peak memory, only planned (a dry run)") },
    ])
}

/// The rounds of one program.
#[derive(Default)]
struct Series {
    times: Times,
    peaks: Vec<f64>,
}

impl Series {
    fn add(&mut self, records: u64, ran: &Ran) {
        self.times.start();
        self.times.add(records as usize, ran.took);
        self.peaks.push(ran.mebibytes);
    }

    fn row(&self, table: &'static str, name: &str) -> Row {
        Row { table, name: name.to_owned(), measured: self.times.measured(), against: None, target: None }
    }

    fn row_against(&self, table: &'static str, name: &str, of: &str, floor: &Self, most: Option<f64>) -> Row {
        let against: Against = self.times.against(of, &floor.times);
        Row { against: Some(against), target: most.map(Target::AtMost), ..self.row(table, name) }
    }

    fn peak(&self, table: &'static str, name: &str, most: Option<f64>) -> Row {
        let measured = Measured::Mebibytes(median(self.peaks.clone()));
        Row { table, name: name.to_owned(), measured, against: None, target: most.map(Target::AtMost) }
    }
}

impl Ran {
    fn row(&self, table: &'static str, name: &str, records: u64) -> Row {
        let pace = self.took.as_nanos() as f64 / records as f64;
        let measured = Measured::Nanoseconds { median: pace, least: pace };
        Row { table, name: name.to_owned(), measured, against: None, target: None }
    }

    fn peak(&self, table: &'static str, name: &str) -> Row {
        let measured = Measured::Mebibytes(self.mebibytes);
        Row { table, name: name.to_owned(), measured, against: None, target: None }
    }
}

//! One interleaved run over all contenders: each has its turn in every round, on a segment of the workload at a time.

use super::contender::{
    CONTENDERS, DETECT, FASTER, FIELDS, JSON, Made, NAIVE, PATCH, PLAN, ROWS, SERDE_DIFF, STRUCTS, TREEDIFF,
};
use super::crowd::{self, Crowd};
use crate::effort::Effort;
use crate::plot::{Line, grouped};
use crate::rounds::{Times, timed};
use crate::row::{Row, Target};

const TABLE: &str = "Detection: three versions of six fields";
const PEERS: &str = "Detection against peers";
const GROWTH: &str = "Detection against the number of people";

/// What was measured at one size of the workload.
struct Measured {
    people: u64,
    /// By contender.
    times: Vec<Times>,
}

impl Measured {
    fn of(&self, name: &str) -> &Times {
        let at = CONTENDERS.iter().position(|contender| contender.name == name);
        &self.times[at.expect("a contender is asked for by its own name")]
    }
}

/// The rows of the tables, and the lines of the plot.
pub(crate) fn measured(effort: &Effort) -> (Vec<Row>, Vec<Line>) {
    let sizes: Vec<Measured> = effort.sizes.iter().map(|&people| measure(people, effort.rounds)).collect();
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return Default::default() };
    let mut rows: Vec<Row> = CONTENDERS.iter().map(|contender| plain(last, contender.name)).collect();
    rows.extend(against_peers(last));
    let at_each = |size| [FIELDS, DETECT].map(|name| at_size(size, first, name, last.people));
    rows.extend(sizes.iter().flat_map(at_each));
    let line = |(contender, name)| {
        let points = sizes.iter().map(|size| (size.people, size.of(contender).measured().figure()));
        Line { name, points: points.collect() }
    };
    (rows, PLOTTED.map(line).into())
}

/// What is plotted, the floor first, each with a short name.
const PLOTTED: [(&str, &str); 8] = [
    (FIELDS, "raw fields"),
    (DETECT, "detect"),
    (PLAN, "detect, resolve, plan"),
    (SERDE_DIFF, "serde-diff"),
    (JSON, "serde_json equality"),
    (TREEDIFF, "treediff"),
    (PATCH, "json-patch"),
    (NAIVE, "the naive way"),
];

/// A contender against the floor.
fn plain(size: &Measured, name: &'static str) -> Row {
    let times = size.of(name);
    let against = (name != FIELDS).then(|| times.against("the floor", size.of(FIELDS)));
    let target = (name == DETECT).then_some(Target::AtMost(1.5));
    Row { table: TABLE, name: name.to_owned(), measured: times.measured(), against, target }
}

/// Detection against others; of those that only say whether something differs, against the faster.
fn against_peers(size: &Measured) -> Vec<Row> {
    let detect = size.of(DETECT);
    let against = |name: &str| detect.against(name, size.of(name));
    let whether = if against(JSON).ratio > against(SERDE_DIFF).ratio { JSON } else { SERDE_DIFF };
    let row = |(name, target)| Row {
        table: PEERS,
        name: DETECT.to_owned(),
        measured: detect.measured(),
        against: Some(against(name)),
        target,
    };
    let faster = |times| Some(Target::TimesFaster(times));
    [
        (ROWS, None),
        (STRUCTS, None),
        (whether, faster(3.0)),
        (PATCH, faster(8.0)),
        (TREEDIFF, faster(8.0)),
        (NAIVE, faster(200.0)),
        (FASTER, None),
    ]
    .map(row)
    .into()
}

/// A contender at one size, against itself at the smallest; the target is judged at the last.
fn at_size(size: &Measured, first: &Measured, name: &'static str, last: u64) -> Row {
    let grown = size.people != first.people;
    Row {
        table: GROWTH,
        name: named(name, size.people),
        measured: size.of(name).measured(),
        against: grown.then(|| size.of(name).beside(format!("{} people", grouped(first.people)), first.of(name))),
        target: (grown && size.people == last && name == DETECT).then_some(Target::AtMost(1.5)),
    }
}

/// The floor at one size, in nanoseconds.
pub(crate) fn floor(rows: &[Row], people: u64) -> Option<f64> {
    let name = named(FIELDS, people);
    rows.iter().find(|row| row.name == name).map(|row| row.measured.figure())
}

fn named(contender: &str, people: u64) -> String {
    format!("{contender}, {} people", grouped(people))
}

/// All contenders in each of so many rounds.
fn measure(people: u64, rounds: usize) -> Measured {
    let crowd = Crowd::of(people);
    let segments = crowd::segments(people);
    // What takes no time is gone over more often, so that a round can be measured; from the beginning to the end each
    // time, for a segment that is gone over twice running is in the cache, and no other is.
    let often = (100_000 / people).max(1) as usize;
    let mut times: Vec<Times> = CONTENDERS.iter().map(|_| Times::default()).collect();
    for round in 0..rounds {
        times.iter_mut().for_each(Times::start);
        for (again, step) in (0..often).flat_map(|again| (0..segments.len()).map(move |step| (again, step))) {
            let made = Made::of(&segments[step], &crowd);
            for (at, (contender, times)) in CONTENDERS.iter().zip(&mut times).enumerate() {
                let left_out = step % contender.one_in != round % contender.one_in.min(segments.len());
                if left_out || (contender.one_in > 1 && again > 0) {
                    continue;
                }
                // Not the segment that the one before has just brought into the cache.
                let records = &crowd.triples[segments[(step + 2 * at) % segments.len()].clone()];
                let mut people = 0;
                let took = timed(|| people = contender.turn(&crowd, records, &made));
                times.add(people, took);
            }
        }
    }
    Measured { people, times }
}

//! What is ever said in the world, and what it means, written down beside it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde_json::{Value as Json, json};
use tripartite::id::ExternalId;
use tripartite::schema::{Absent, FirstSync, Policy, Schema, SchemaBuilder, Strategy};
use tripartite::source::RemoteRecord;
use tripartite::value::{FieldRef, RecordBuilder, Value};

use crate::support::dice::Dice;
use crate::support::oracle::Judge;
use crate::support::words::Means;
use crate::support::{PLAIN, at as noon, ext, strategy};

/// Every column that a schema of the world may have. `one` and `two` are the group `pair` in some of them.
pub(super) const COLUMNS: [&str; 9] = ["name", "note", "tags", "data", "one", "two", "stamp", "first", "born"];
pub(super) const NOTE: usize = 1;
pub(super) const TAGS: usize = 2;
pub(super) const DATA: usize = 3;
pub(super) const STAMP: usize = 6;
/// Those that say who somebody is, where a schema has them.
pub(super) const WHO: [usize; 2] = [7, 8];
/// From this word on, each is one somebody's, in the columns that say who it is.
pub(super) const SOMEBODY: u8 = 8;

/// A record, a word for each column: 0 and 5 are null or another empty value, 1 and 2 two spellings of one value, 3 and 4
/// other values, 6 is none of the kind, 7 is left out; from [`SOMEBODY`] on more values of the columns of identity.
pub(super) type Words = [u8; COLUMNS.len()];

fn said(column: usize) -> Vec<Json> {
    let seven = match column {
        TAGS => {
            [json!(null), json!(["x"]), json!(["x "]), json!(["x", "y"]), json!(["z", "y"]), json!([]), json!({"x": 1})]
        }
        DATA => [
            json!(null),
            json!({"k": "a"}),
            json!({"k": "a", "m": {"n": "x"}}),
            json!({"k": "b", "l": "a"}),
            json!({"l": "c"}),
            json!({}),
            json!("a"),
        ],
        STAMP => [
            json!(null),
            json!("2024-01-05T12:00:00Z"),
            json!("2024-01-05T13:00:00+01:00"),
            json!("2024-01-05T12:30:00Z"),
            json!("2024-01-05T13:00:00Z"),
            json!(""),
            json!("noon"),
        ],
        _ => [json!(null), json!("a"), json!("a "), json!("b"), json!("c"), json!(" "), json!(["a"])],
    };
    // None of the two is what the other one is, so that they do not pass for columns that changed places.
    let somebody = |number: usize| json!(format!("{} {number}", COLUMNS[column]));
    let more = if WHO.contains(&column) { 8 } else { 0 };
    seven.into_iter().chain([json!(null)]).chain((0..more).map(somebody)).collect()
}

/// The value of a word; `None` when it is left out.
pub(super) fn value(column: usize, word: u8) -> Option<Value> {
    static ALL: OnceLock<Vec<Vec<Value>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let of = |column| said(column).into_iter().map(|json| serde_json::from_value(json).unwrap()).collect();
        (0..COLUMNS.len()).map(of).collect()
    });
    if word == 7 { None } else { all[column].get(usize::from(word)).cloned() }
}

/// What a value means, found without the crate.
pub(super) fn means(column: usize, value: Option<&Value>) -> Means {
    let Some(value) = value else { return Means::Missing };
    match (column, value) {
        (_, Value::Null) => Means::Null,
        (TAGS, Value::List(list)) => {
            let tags: BTreeSet<&str> = list.iter().filter_map(Value::as_text).map(str::trim).collect();
            Means::Is(intern(tags.into_iter().collect::<Vec<_>>().join("+")))
        }
        (DATA, Value::Map(_)) => Means::Is(intern(serde_json::to_string(value).unwrap())),
        (TAGS, Value::Text(text)) if !text.trim().is_empty() => Means::Is(intern(text.trim().to_owned())),
        (TAGS, Value::Map(_)) | (DATA, _) => Means::Nonsense(0),
        (_, Value::Text(text)) if text.trim().is_empty() => Means::Null,
        (STAMP, Value::Text(text)) => match text.as_str() {
            "2024-01-05T12:00:00Z" | "2024-01-05T13:00:00+01:00" => Means::Is("12:00"),
            "2024-01-05T12:30:00Z" => Means::Is("12:30"),
            "2024-01-05T13:00:00Z" => Means::Is("13:00"),
            _ => Means::Nonsense(0),
        },
        (_, Value::Text(text)) => Means::Is(intern(text.trim().to_owned())),
        _ => Means::Nonsense(0),
    }
}

/// What a value comes to on this side: what is left out or null is nothing.
pub(super) fn plain(column: usize, value: Option<&Value>) -> Means {
    match means(column, value) {
        Means::Missing => Means::Null,
        other => other,
    }
}

/// Seconds on a stamp.
pub(super) fn seconds(value: Option<&Value>) -> Option<i64> {
    match means(STAMP, value) {
        Means::Is("12:00") => Some(0),
        Means::Is("12:30") => Some(1800),
        Means::Is("13:00") => Some(3600),
        _ => None,
    }
}

/// Few texts, each kept for as long as the tests run.
fn intern(text: String) -> &'static str {
    thread_local! { static KNOWN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) }; }
    KNOWN.with_borrow_mut(|known| match known.get(text.as_str()) {
        Some(&text) => text,
        None => {
            let kept: &'static str = Box::leak(text.into_boxed_str());
            known.insert(kept);
            kept
        }
    })
}

/// The columns of each schema, and whether `one` and `two` are decided as one.
const SHAPES: [(&[usize], bool); 8] = [
    (&[0, 1], false),
    (&[0, TAGS], false),
    (&[NOTE, DATA], false),
    (&[0, 4, 5], true),
    (&[NOTE, STAMP], false),
    (&[0, NOTE, TAGS], false),
    (&[4, 5], false),
    (&[NOTE, WHO[0], WHO[1]], false),
];
/// In this shape the name is required.
const REQUIRED: u8 = 5;
/// In this one two columns say who somebody is, and a rule recognises them by both.
pub(super) const TELLS: u8 = 7;

/// How a source is decided: numbers, so that a history is short to write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) shape: u8,
    /// A place in [`PLAIN`]; after those come `newest_wins` and the host's own judge.
    pub(super) strategy: u8,
    /// Of the note alone.
    pub(super) note: Option<u8>,
    pub(super) absent: u8,
    pub(super) first: u8,
}

const STRATEGIES: usize = PLAIN.len() + 2;
const ENFORCED: u8 = 5;

impl Way {
    /// `enforces`: whether it may undo edits; of two sources that say different things of one field, one may.
    pub(super) fn any(dice: &mut Dice, enforces: bool) -> Self {
        let mut strategy = || match dice.below(STRATEGIES) as u8 {
            ENFORCED if !enforces => 0,
            strategy => strategy,
        };
        let (strategy, note) = (strategy(), strategy());
        Self {
            shape: if dice.in_a_hundred(25) { TELLS } else { dice.below(usize::from(TELLS)) as u8 },
            strategy,
            note: dice.in_a_hundred(20).then_some(note),
            absent: dice.below(3) as u8,
            first: if dice.in_a_hundred(60) { 0 } else { 1 + dice.below(3) as u8 },
        }
    }
}

impl Way {
    /// One of the columns that are decided on; now and then another.
    pub(super) fn column(&self, dice: &mut Dice) -> u8 {
        let columns = SHAPES[usize::from(self.shape)].0;
        if dice.in_a_hundred(5) { dice.small(COLUMNS.len()) } else { columns[dice.below(columns.len())] as u8 }
    }
}

/// A policy, and what the world knows of it.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) policy: Policy,
    /// By position in the schema.
    pub(super) columns: Vec<usize>,
    pub(super) absent: Absent,
    pub(super) first: Option<FirstSync>,
    pub(super) grouped: bool,
    pub(super) required: bool,
    /// Whether it says who somebody is.
    pub(super) tells: bool,
    strategy: Strategy,
    note: Option<Strategy>,
}

impl Frame {
    /// The frame of a way, made once.
    pub(super) fn of(way: Way) -> Rc<Self> {
        thread_local! { static KNOWN: RefCell<BTreeMap<Way, Rc<Frame>>> = const { RefCell::new(BTreeMap::new()) }; }
        KNOWN.with_borrow_mut(|known| known.entry(way).or_insert_with(|| Rc::new(Self::new(way))).clone())
    }

    fn new(way: Way) -> Self {
        let (columns, grouped) = SHAPES[usize::from(way.shape)];
        let absent = [Absent::NoOpinion, Absent::ClearedIfReported, Absent::Cleared][usize::from(way.absent)];
        let first = [None, Some(FirstSync::AdoptRemote), Some(FirstSync::AdoptLocal), Some(FirstSync::Review)];
        let first = first[usize::from(way.first)];
        let named = |number: u8| match (usize::from(number).checked_sub(PLAIN.len()), columns.contains(&STAMP)) {
            (None, _) => strategy(PLAIN[usize::from(number)]),
            (Some(0), true) => serde_json::from_value(json!({"newest_wins": {"stamp": "stamp"}})).unwrap(),
            (Some(0), false) => strategy("merge"),
            _ => serde_json::from_value(json!({"custom": "judge"})).unwrap(),
        };
        let (strategy, note) = (named(way.strategy), way.note.map(named));
        let required = way.shape == REQUIRED;
        let mut spec = json!({"strategy": strategy, "absent": absent, "fields": {}});
        for &column in columns {
            let kind = match column {
                TAGS => json!({"kind": "set", "of": "text"}),
                DATA => json!({"kind": "map"}),
                STAMP => json!({"kind": "timestamp"}),
                0 => json!({"kind": "text", "required": required}),
                who if WHO.contains(&who) => json!({"kind": "text", "identity": true}),
                NOTE if note.is_some() => json!({"kind": "text", "strategy": note}),
                _ => json!({"kind": "text"}),
            };
            spec["fields"][COLUMNS[column]] = kind;
        }
        if grouped {
            spec["groups"] = json!({"pair": ["one", "two"]});
        }
        if let Some(first) = first {
            spec["first_sync"] = json!(first);
        }
        let builder: SchemaBuilder = serde_json::from_value(spec).unwrap();
        let policy = Policy::new(builder.resolver("judge", Arc::new(Judge)).build().unwrap());
        let names = policy.schema().fields().iter().map(|field| field.name());
        let columns = names.map(|name| COLUMNS.iter().position(|column| *column == name).unwrap()).collect();
        let tells = way.shape == TELLS;
        Self { policy, columns, absent, first, grouped, required, tells, strategy, note }
    }

    pub(super) fn schema(&self) -> &Schema {
        self.policy.schema()
    }

    pub(super) fn strategy(&self, column: usize) -> &Strategy {
        self.note.as_ref().filter(|_| column == NOTE).unwrap_or(&self.strategy)
    }

    /// The strategy that records as a whole fall under.
    pub(super) fn strategy_of_all(&self) -> &Strategy {
        &self.strategy
    }

    /// The unit that a column is decided in.
    pub(super) fn unit(&self, column: usize) -> &'static str {
        if self.grouped && (column == 4 || column == 5) { "pair" } else { COLUMNS[column] }
    }

    /// A record as the source sends it; what the schema does not know is sent, too.
    pub(super) fn remote(&self, number: u32, version: Option<u64>, words: &Words) -> RemoteRecord {
        let mut row = RecordBuilder::new(self.columns.len());
        for (position, &column) in self.columns.iter().enumerate() {
            if let Some(value) = value(column, words[column]) {
                row.set(position, &value).unwrap();
            }
        }
        let beyond = (0..COLUMNS.len()).filter(|column| *column < 2 && !self.columns.contains(column));
        let beyond: BTreeMap<_, _> =
            beyond.filter_map(|column| Some((COLUMNS[column].to_owned(), value(column, words[column])?))).collect();
        if !beyond.is_empty() {
            row.set_extra(beyond).unwrap();
        }
        RemoteRecord::new(id(number), row.finish()).version(version)
    }
}

/// A field, if it is not left out.
pub(super) fn stated(field: FieldRef<'_>) -> Option<Value> {
    (!field.is_missing()).then(|| field.to_value())
}

/// So many numbers are ids of a source: the first half, and each of it spelled otherwise.
pub(super) const IDS: u32 = 16;
const OTHERWISE: u32 = IDS / 2;

/// What is an external id here, by its number: one of a source's, or one that was given up at a revision.
pub(super) fn id(number: u32) -> ExternalId {
    match (number % IDS, number / IDS) {
        (of, 0) if of < OTHERWISE => ext(&format!("m-{of}")),
        (of, 0) => ext(&format!("M-{}", of - OTHERWISE)),
        (of, at) => {
            let (revision, since) = ((at - 1) / TIMES, i64::from((at - 1) % TIMES));
            let at = (noon() + TimeDelta::seconds(since)).to_rfc3339_opts(SecondsFormat::AutoSi, true);
            ext(&format!("{}{GIVEN_UP}{revision}, {at}", id(of)))
        }
    }
}

const GIVEN_UP: &str = " (given up at revision) ";
/// More seconds than people of a history take.
const TIMES: u32 = 4096;

pub(super) fn number(id: &ExternalId) -> u32 {
    let (of, at) = id.as_str().split_once(GIVEN_UP).unwrap_or((id.as_str(), ""));
    let spelled = if of.starts_with('M') { OTHERWISE } else { 0 };
    let of = of[2..].parse::<u32>().unwrap() + spelled;
    let Some((revision, at)) = at.split_once(", ") else { return of };
    let since = (DateTime::parse_from_rfc3339(at).unwrap().to_utc() - noon()).num_seconds() as u32;
    of + IDS * (revision.parse::<u32>().unwrap() * TIMES + since + 1)
}

/// The same id, spelled otherwise.
pub(super) fn otherwise(number: u32) -> u32 {
    (number + OTHERWISE) % IDS
}

//! The truth table for the parts of a value: one record of a set, a field of it, a set inside it, in every row and under
//! every strategy, among other records and in every order and spelling.

use serde_json::{Value as Json, json};
use tripartite::schema::Policy;
use tripartite::value::Record;

use super::{COLUMNS, Row, TABLE};
use crate::support::{decide, linked, raw, record, schema};

/// Where in a value the row happens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// The value of a record that all sides have; null where the row has ∅.
    Value,
    /// The same, left out where the row has ∅.
    LeftOut,
    /// A record that is there or is not.
    Element,
    /// The same, decided as a whole.
    Atomic,
    /// A record of a set that a record of another set holds.
    Deeper,
}

const PLACES: [Place; 5] = [Place::Value, Place::LeftOut, Place::Element, Place::Atomic, Place::Deeper];

impl Place {
    fn policy(self, strategy: &str) -> Policy {
        let mut set = json!({"kind": "set_of_records", "key": ["k"], "fields": {"k": "email", "v": "text"}});
        if self == Self::Atomic {
            set["atomic"] = json!(true);
        }
        if self == Self::Deeper {
            set = json!({"kind": "set_of_records", "key": ["id"], "fields": {"id": "integer", "in": set}});
        }
        Policy::new(schema(json!({"strategy": strategy, "fields": {"f": set}})))
    }

    /// What a side has; `None` for an unknown base. Bits of `spelling` say how it is spelled, and in which order.
    fn side(self, symbol: &str, spelling: usize, is_local: bool) -> Option<Json> {
        let value = |letter: &str| if spelling & 1 == 0 { json!(letter) } else { json!(format!(" {letter} ")) };
        let key = if spelling & 2 == 0 { "x@b.ie" } else { "mailto:X@B.ie" };
        let element = match (symbol, self) {
            ("⊥", _) => return None,
            ("∅", Self::Value) => Some(json!({"k": key, "v": null})),
            ("∅", Self::LeftOut) => Some(json!({ "k": key })),
            ("∅", _) => None,
            (letter, _) => Some(json!({"k": key, "v": value(letter)})),
        };
        let mut list = vec![json!({"k": "a@b.ie", "v": "same"})];
        list.extend(element);
        list.extend(is_local.then(|| json!({"k": "z@b.ie", "v": "only here"})));
        if spelling & 4 != 0 {
            list.reverse();
        }
        Some(if self == Self::Deeper { json!([{"id": "1", "in": list}]) } else { Json::Array(list) })
    }

    /// What a record has for the row: the symbol's letter, ∅, or ⊥ where all of it is missing.
    fn found(self, record: &Record) -> String {
        let Some(field) = raw(record.field(0)) else { return "⊥".to_owned() };
        let list = if self == Self::Deeper { &field[0]["in"] } else { &field };
        let is_it = |element: &&Json| element["k"].as_str().is_some_and(|key| key.to_lowercase().contains("x@"));
        let element = list.as_array().and_then(|list| list.iter().find(is_it));
        let value = element.and_then(|element| element["v"].as_str()).map(str::trim);
        value.unwrap_or("∅").to_owned()
    }

    fn path(self, [_, local, remote]: [&str; 3]) -> String {
        let outer = if self == Self::Deeper { "/id=1/in" } else { "" };
        let is_whole = self == Self::Atomic || [local, remote].contains(&"∅");
        let is_whole = is_whole && ![Self::Value, Self::LeftOut].contains(&self);
        format!("{outer}/k=x@b.ie{}", if is_whole { "" } else { "/v" })
    }
}

/// What the table says, but for a part that the source leaves out and the base has not: it is left alone, also where a
/// field would be enforced.
fn expected(place: Place, row: &Row, column: usize) -> (String, String, bool) {
    let (base, local, remote, _, cells, _) = row;
    if place != Place::Value && *remote == "∅" && *base != "A" {
        return ((*local).to_owned(), "∅".to_owned(), false);
    }
    let (cell, open) = match cells[column].strip_suffix(" •") {
        Some(cell) => (cell, true),
        None => (cells[column], false),
    };
    let (local, base) = cell.split_once('/').unwrap();
    (local.to_owned(), base.to_owned(), open)
}

#[test]
fn every_row_holds_for_every_part() {
    for place in PLACES {
        for row in &TABLE {
            for (column, strategy) in COLUMNS.iter().enumerate() {
                // Each side in each of its spellings, and enough of all together.
                for spelling in (0..512).step_by(19) {
                    check(place, row, column, strategy, spelling);
                }
            }
        }
    }
}

fn check(place: Place, row: &Row, column: usize, strategy: &str, spelling: usize) {
    let policy = place.policy(strategy);
    let symbols = [row.0, row.1, row.2];
    let says = format!("{place:?} {symbols:?} under {strategy}, spelling {spelling}: {}", row.5);
    let side = |at: usize| {
        let side = place.side(symbols[at], spelling >> (3 * at) & 7, at == 1);
        record(policy.schema(), side.map_or_else(|| json!({}), |side| json!({ "f": side })))
    };
    let [base, local, remote] = [0, 1, 2].map(side);
    let after = decide(&policy, &linked(policy.schema(), Some(base), local.clone()), &remote);
    let (want_local, want_base, open) = expected(place, row, column);
    assert_eq!(place.found(&after.local), want_local, "{says}: local");
    assert_eq!(place.found(&after.base), want_base, "{says}: base");
    let paths: Vec<String> = after.open.iter().flat_map(|conflict| conflict.paths.clone()).collect();
    assert_eq!(paths, if open { vec![place.path(symbols)] } else { vec![] }, "{says}: what is open");
    if want_local == row.1 {
        assert_eq!(after.local, local, "{says}: the order and spelling here");
    }
    let now = raw(after.local.field(0)).unwrap().to_string();
    assert_eq!(now.matches("only here").count(), 1, "{says}: what only the host has stays");
    assert_eq!(now.matches("same").count(), 1, "{says}: and what nobody touched");
}

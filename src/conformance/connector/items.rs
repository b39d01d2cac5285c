//! Items: whether they say what the source says.

use std::collections::BTreeSet;

use serde_json::json;

use super::probe::{records, tombstones};
use super::world::{full, id, nth, remote, said};
use super::{Statement, schema};
use crate::source::{Item, RemoteRecord};

/// Ids that a careless connector takes for others.
const IDS: [&str; 17] = [
    "7", "07", "7.0", "1e3", "a", "A", "á", "a\u{301}", " a", "a ", "a b", "a/b", "a?b", "a%20b", "\"", "null", "true",
];

/// A version that fits no double.
const LARGE: u64 = (1 << 53) + 1;

/// The version of a listed record, if the item is one.
fn listed_version(item: &Item) -> Option<Option<u64>> {
    if let Item::Record(remote) = item { Some(remote.version) } else { None }
}

promises! { $ __conformance_connector_items in connector::items:
    /// Give each record the id that the source gives it, byte for byte.
    fn ids_as_given(probe) {
        let mut given = Vec::new();
        for (number, text) in IDS.iter().enumerate() {
            let one = RemoteRecord { id: id(text), ..full(number) };
            if probe.says(&Statement::Record(one.clone())) {
                given.push((one.id.clone(), BTreeSet::from([said(&one)])));
            }
        }
        probe.holds(given.len() > 5, || format!("the fixture can say {} of {} ids", given.len(), IDS.len()));
        probe.equal("the records", &records(&probe.list().items), &given.into_iter().collect());
    }

    /// Leave a field missing that the source does not state, and make one null that it clears.
    fn missing_or_null(probe) {
        let one = id("1");
        let some = [json!({"name": "Áine"}), json!({"note": "x"})];
        let cleared = [json!({"name": "Áine", "note": null}), json!({"born": null})];
        for json in some.iter().chain(&cleared) {
            let probe = probe.anew();
            let stated = remote(&one, json);
            if probe.says(&Statement::Record(stated.clone())) {
                let listed = records(&probe.list().items);
                probe.equal("what is stated", &listed.get(&one), &Some(&BTreeSet::from([said(&stated)])));
            }
        }
    }

    /// Give a value that is not of its field's kind as it is, in a record.
    fn value_of_no_kind(probe) {
        let odd = remote(&id("1"), &json!({"name": "Áine", "born": "spring 1990", "visits": "many"}));
        probe.has(odd.clone());
        let items = probe.list().items;
        let Some(Item::Record(listed)) = items.first() else {
            probe.broken(&format!("{} items, and no record first", items.len()))
        };
        for (position, field) in schema().fields().iter().enumerate() {
            let [listed, promised] = [listed, &odd].map(|remote| remote.record.field(position).to_value());
            probe.equal(field.name(), &listed, &promised);
        }
    }

    /// Give the version of a record and of a tombstone if the source counts versions.
    fn version_as_counted(probe) {
        for version in [1, 7, LARGE] {
            let probe = probe.anew();
            let record = full(1).version(version);
            if probe.says(&Statement::Record(record)) {
                let items = probe.list().items;
                let versions = items.iter().filter_map(listed_version).collect::<BTreeSet<_>>();
                probe.equal("the record's version", &versions, &BTreeSet::from([Some(version)]));
            }
            if probe.says(&Statement::Gone { id: nth(2), version: Some(version) }) {
                let versions: BTreeSet<_> = tombstones(&probe.list().items).into_values().collect();
                let is_counted = versions.iter().all(|listed| *listed == Some(version));
                probe.holds(is_counted, || format!("the tombstone's version: {versions:?}, instead of {version}"));
            }
        }
    }

    /// Give both statements if the source lists a record twice with different values.
    fn listed_twice(probe) {
        // On one page, and on two.
        for between in [0, probe.page()] {
            let probe = probe.anew();
            let one = id("twice");
            let statements = [1, 2].map(|number| RemoteRecord { id: one.clone(), ..full(number) });
            probe.has(statements[0].clone());
            probe.has_full(3..3 + between);
            probe.has(statements[1].clone());
            let listed = records(&probe.list().items).remove(&one).unwrap_or_default();
            for statement in statements.iter().map(said) {
                probe.holds(listed.contains(&statement), || format!("{listed:?}, without {statement:?}"));
            }
        }
    }

    /// Return a record that the source says is gone as `Item::Tombstone`.
    fn gone_is_a_tombstone(probe) {
        probe.has_full(0..2);
        if probe.says(&Statement::Gone { id: id("gone"), version: None }) {
            let items = probe.list().items;
            probe.equal("who is gone", &tombstones(&items).into_keys().collect::<Vec<_>>(), &vec![id("gone")]);
            probe.lists_full(&items, 0..2);
        }
    }

    /// Return a new id that the source gives a record as `Item::Rekeyed`.
    fn new_id_is_rekeyed(probe) {
        probe.has_full(0..2);
        if probe.says(&Statement::Rekeyed { from: id("old"), to: id("new") }) {
            let items = probe.list().items;
            let (old, new) = (id("old"), id("new"));
            let is_rekeyed = |item: &Item| matches!(item, Item::Rekeyed { from, to } if (from, to) == (&old, &new));
            probe.holds(items.iter().any(is_rekeyed), || format!("none of {} items says so", items.len()));
            probe.equal("who is gone", &tombstones(&items).len(), &0);
            probe.lists_full(&items, 0..2);
        }
    }
}

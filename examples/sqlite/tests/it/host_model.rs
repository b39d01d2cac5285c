//! Whatever happens, a table of the host's own keeps what a table of the store's keeps.

use proptest::prelude::*;
use serde_json::{Value, json};
use tripartite_sql::{HostTable, Register, Settings};
use tripartite_sqlite::store::{Access, Database};

use crate::bases::{Kept, doing, schemas};
use crate::bench::Bench;

/// The columns that the store would make, made by the host.
const TABLE: &str =
    "CREATE TABLE members(local_id INTEGER PRIMARY KEY, external_id TEXT, active INTEGER NOT NULL DEFAULT 1,
    name TEXT, paid INTEGER, n, phone TEXT, tags TEXT)";

fn attached() -> Bench {
    let bench = Bench::new();
    bench.edit(TABLE);
    let table = HostTable::new("members", "local_id").external_id("external_id").active("active");
    let names = ["name", "paid", "n", "phone", "tags"];
    let table = names.into_iter().fold(table, |table, name| table.column(name, name));
    let settings = Settings { schema: schemas()[0].clone(), id_field: "id".to_owned() };
    let database = Database::open_host(&bench.db(), Access::Write).unwrap();
    database.attach(&Register::default(), &table, &settings).unwrap();
    bench
}

/// Values that both tables give back; of others, the store's own table keeps something else without a word.
fn record() -> impl Strategy<Value = Value> {
    let text =
        || prop::sample::select(vec!["", "x", "X ", " x", "007", "7", "true", "[1]", "Áine"]).prop_map(Value::from);
    let fields = (
        prop::option::of(prop_oneof![4 => text(), 1 => Just(Value::Null)]),
        prop::option::of(prop_oneof![any::<bool>().prop_map(Value::from), Just(Value::Null)]),
        prop::option::of(prop::sample::select(vec![0, 7, i64::MAX]).prop_map(Value::from)),
        prop::option::of(prop_oneof![4 => text(), 1 => Just(Value::Null)]),
        prop::option::of(Just(json!(["a", 1.5, {"b": null}]))),
    );
    fields.prop_map(|(name, paid, n, phone, tags)| {
        let stated = [("name", name), ("paid", paid), ("n", n), ("phone", phone), ("tags", tags)];
        stated.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_is_the_same(all in prop::collection::vec(doing(record()), 1..14)) {
        let mut own = Kept { bench: Bench::new(), schema: 0 };
        let mut hosts = Kept { bench: attached(), schema: 0 };
        drop(own.store());
        for doing in &all {
            own.does(doing);
            hosts.does(doing);
            prop_assert_eq!(own.remembered(), hosts.remembered(), "{:?}", doing);
        }
        let rows = "(SELECT local_id, external_id, active, name, paid, n, phone, tags FROM members)";
        prop_assert_eq!(own.bench.dump(rows), hosts.bench.dump(rows));
    }
}

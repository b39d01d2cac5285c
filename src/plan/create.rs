//! The fast path for a new record without a decision: every value of the source is taken as stated.
//!
//! | the source's record | |
//! |---|---|
//! | every field stated, each a readable value or null | taken as it stands |
//! | a field left out, blank, unreadable, or null where one is required or in a group | decided on |
//! | more or fewer fields than the schema has | decided on |
//! | anything beyond the schema | decided on, and what is beyond is no base |
//! | a field that is written canonically, is the host's own, or holds a list or a map | decided on |
//!
//! In a first import nearly all records are of the first kind, and detecting and resolving them would take most of the
//! time. A law below checks that both paths give the same op.

use crate::detect::Side;
use crate::schema::{NullMeans, Policy, Schema, Strategy};
use crate::value::{FieldRef, Record};

/// Whether a new record is written, and stored as its base, exactly as the source states it.
pub(super) fn is_taken_as_it_stands(policy: &Policy, record: &Record) -> bool {
    let schema = policy.schema();
    let owned = |&unit: &_| *policy.deciding(unit, None).1 == Strategy::LocalOwned;
    record.len() == schema.fields().len()
        && !record.has_missing()
        && record.extra().is_missing()
        && record.fields().enumerate().all(|(position, said)| is_plain(schema, position, said))
        && !schema.units().iter().any(owned)
}

fn is_plain(schema: &Schema, position: usize, said: FieldRef<'_>) -> bool {
    let Some(field) = schema.fields().get(position) else { return false };
    if said.is_null() {
        let clears = schema.null_means(position) == NullMeans::Cleared;
        return clears && !field.is_required() && schema.group_of(position).is_none();
    }
    if schema.region_position(position).is_some() {
        return false;
    }
    let side = Side::new(schema, field, said);
    !said.is_composite() && !field.writes_canonical() && !side.null && said.is_exact() && side.check().is_ok()
}

#[cfg(test)]
#[cfg(all(feature = "idn", feature = "phone"))]
mod tests {
    use proptest::prelude::*;

    use super::super::record::{created_as_it_stands, created_with_care};
    use super::is_taken_as_it_stands;
    use crate::id::ExternalId;
    use crate::schema::{Field, Group, Kind, Policy, Schema, Strategy as Decides};
    use crate::source::RemoteRecord;
    use crate::value::{RecordBuilder, Value};

    fn policies() -> impl Strategy<Value = Policy> {
        let phone = Kind::Phone { region: "IE".parse().unwrap() };
        let kinds = [Kind::Name, Kind::DATE, Kind::Email, phone, Kind::Address, Kind::DECIMAL];
        let strategies = [
            Decides::RemoteWins,
            Decides::LocalWins,
            Decides::MERGE,
            Decides::Enforced,
            Decides::LocalOwned,
            Decides::FillOnly,
        ];
        (0..strategies.len(), 0..6_usize, 0..6_usize, any::<bool>()).prop_map(
            move |(strategy, required, written, group)| {
                let mut schema = Schema::builder().strategy(strategies[strategy].clone());
                for (at, kind) in kinds.iter().enumerate() {
                    let field = Field::new(format!("f{at}"), kind.clone());
                    let field = if at == required { field.required() } else { field };
                    schema = schema.field(if at == written && at > 3 { field.write_canonical() } else { field });
                }
                let schema = if group { schema.group(Group::new("g", ["f0", "f1"])) } else { schema };
                Policy::new(schema.build().unwrap())
            },
        )
    }

    fn said() -> impl Strategy<Value = Option<Value>> {
        let text = prop_oneof![
            Just("Áine"),
            Just("2001-02-29"),
            Just("2000-02-29"),
            Just("a@b.ie"),
            Just("a@"),
            Just("087 123 4567"),
            Just("112"),
            Just("1.50"),
            Just(" "),
            Just(","),
            Just(""),
        ];
        prop_oneof![
            1 => Just(None),
            2 => Just(Some(Value::Null)),
            12 => text.prop_map(|text| Some(Value::from(text))),
            1 => Just(Some(Value::from(42))),
            1 => Just(Some(Value::Float(0.12345678901234567))),
            1 => Just(Some(Value::List(vec![]))),
        ]
    }

    /// A value that its field reads, so that whole records are likely.
    fn fitting(at: usize) -> Value {
        Value::from(["Áine", "2000-02-29", "a@b.ie", "087 123 4567", "1 Main Street", "1.50"][at])
    }

    proptest! {
        /// Whatever is taken as it stands would have come to the same op, had it been decided on.
        #[test]
        fn it_comes_to_the_same(
            policy in policies(),
            odd in prop::collection::vec((0..6_usize, said()), 0..3),
            extra in 0..8_u8,
        ) {
            let mut said: Vec<Option<Value>> = (0..6).map(|at| Some(fitting(at))).collect();
            for (at, value) in odd {
                said[at] = value;
            }
            let mut row = RecordBuilder::new(6);
            for (at, value) in said.iter().enumerate() {
                if let Some(value) = value {
                    row.set(at, value).unwrap();
                }
            }
            if extra == 0 {
                row.set_extra([("more".to_owned(), Value::from(1))].into()).unwrap();
            }
            let remote = RemoteRecord { id: ExternalId::new("7").unwrap(), version: Some(3), record: row.finish() };
            let careful = created_with_care(&policy, &remote);
            if is_taken_as_it_stands(&policy, &remote.record) {
                prop_assert_eq!(Ok(created_as_it_stands(&remote)), careful);
            }
        }
    }

    #[test]
    fn most_are_taken() {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).field(Field::new("born", Kind::DATE));
        let policy = Policy::new(schema.build().unwrap());
        let is_taken =
            |said: serde_json::Value| is_taken_as_it_stands(&policy, &policy.schema().record(&said).unwrap());
        assert!(is_taken(serde_json::json!({"name": "Áine", "born": "2000-02-29"})));
        assert!(is_taken(serde_json::json!({"name": "Áine", "born": null})));
        assert!(!is_taken(serde_json::json!({"name": "Áine", "born": "2001-02-29"})), "no such day");
        assert!(!is_taken(serde_json::json!({"name": "Áine"})), "left out");
        let mut short = RecordBuilder::new(1);
        short.set_text(0, "Áine").unwrap();
        assert!(!is_taken_as_it_stands(&policy, &short.finish()), "of another schema");
    }
}

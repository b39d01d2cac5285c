//! What a build without features still does, and what it says of the kinds that it is without.

use tripartite::detect::{Sides, Verdict, detect};
use tripartite::resolve::{Decision, resolve};
use tripartite::schema::{Field, Kind, Policy, Schema, SchemaError};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn of_one(kind: Kind) -> std::result::Result<Schema, SchemaError> {
    Schema::builder().field(Field::new("field", kind)).build()
}

/// Refused with the feature's name, or taken: never taken and then read in another way.
#[test]
fn a_kind_whose_feature_is_off_is_refused_by_name() -> Result {
    let phone = Kind::Phone { region: "IE".parse()? };
    let nested = Kind::record([("at_work", Kind::set(Kind::Email))]);
    for (kind, of, feature, is_on) in [
        (Kind::Email, "field", "idn", cfg!(feature = "idn")),
        (phone, "field", "phone", cfg!(feature = "phone")),
        (nested, "field/at_work", "idn", cfg!(feature = "idn")),
    ] {
        let refused = of_one(kind).err().map(|error| error.to_string());
        let kind = if feature == "idn" { "email" } else { "phone" };
        let sentence = format!(
            "field `{of}`: the kind `{kind}` needs the feature `{feature}` of tripartite, which is off in this build"
        );
        assert_eq!(refused, (!is_on).then_some(sentence));
    }
    Ok(())
}

#[test]
fn a_schema_file_is_refused_in_the_same_words() -> Result {
    let file = serde_json::json!({"fields": {"mobile": {"kind": "phone", "region": "IE"}}});
    let refused = serde_json::from_value::<Schema>(file).err().map(|error| error.to_string());
    assert_eq!(refused.is_some(), cfg!(not(feature = "phone")));
    assert!(refused.is_none_or(|text| text.contains("the kind `phone` needs the feature `phone`")));
    Ok(())
}

#[test]
fn every_other_kind_is_read_and_merged() -> Result {
    let kinds = [
        ("text", Kind::Text, "a", " a", "b"),
        ("name", Kind::Name, "O'Brien", "O\u{2019}Brien", "Walsh"),
        ("date", Kind::DATE, "2024-01-05", " 2024-01-05", "2024-02-29"),
        ("timestamp", Kind::TIMESTAMP, "2024-01-05T12:00:00+01:00", "2024-01-05T11:00:00Z", "2024-01-05T12:00:00Z"),
        ("integer", Kind::Integer, "5", "+5", "6"),
        ("decimal", Kind::DECIMAL, "1.1", "1.10", "1.2"),
        ("boolean", Kind::BOOLEAN, "true", "TRUE", "false"),
        ("address", Kind::Address, "1 Main St, Dublin", "1 main st , dublin", "2 Main St, Dublin"),
    ];
    for (name, kind, base, respelt, changed) in kinds {
        let schema = of_one(kind)?;
        let record = |value: &str| schema.record(&serde_json::json!({"field": value}));
        let (base, local, remote) = (record(base)?, record(respelt)?, record(changed)?);
        let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
        assert!(matches!(changes.changes(), [change] if matches!(change.verdict, Verdict::RemoteOnly(_))), "{name}");
        let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
        assert_eq!(resolved.resolutions[0].decision, Decision::TookRemote, "{name}");
    }
    Ok(())
}

//! A struct in, a merged struct and the reasons out.

use serde::{Deserialize, Serialize};
use tripartite::detect::{Sides, detect};
use tripartite::resolve::resolve;
use tripartite::schema::{Field, Kind, Policy, Schema, Strategy};

#[derive(Debug, Serialize, Deserialize)]
struct Member {
    town: String,
    roles: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = Schema::builder()
        .strategy(Strategy::MERGE)
        .field(Field::new("town", Kind::Name))
        .field(Field::new("roles", Kind::set(Kind::Text)))
        .build()?;
    let member = |town: &str, roles: &[&str]| {
        schema.record(&Member { town: town.into(), roles: roles.iter().map(|&role| role.into()).collect() })
    };
    let base = member("Bray", &["player"])?; // what the last sync saw
    let local = member("Dublin", &["player", "coach"])?; // edited here since
    let remote = member("Cork", &["player", "referee"])?; // changed at the source since

    let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
    let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
    for resolution in &resolved.resolutions {
        println!("{}", resolution.why(&schema));
    }
    // Store this, and beside it `resolved.base()`: the base of the next comparison.
    let merged: Member = schema.read(&resolved.local())?;
    assert_eq!(merged.roles, ["player", "coach", "referee"]); // united
    // Two towns cannot both be right, so the edit stays and a person decides.
    assert!(merged.town == "Dublin" && resolved.is_open());
    Ok(())
}

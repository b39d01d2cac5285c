//! Kinds and schemas.

use std::time::Duration;

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::schema::{Absent, Fallback, Field, FirstSync, Group, Kind, Schema, Strategy};

/// How many fields a schema has at most.
const FIELDS: usize = 6;

/// A kind of the crate's own that this build knows.
impl<'a> Arbitrary<'a> for Kind {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        kind(u, true)
    }
}

/// A schema of one to six fields, `f0` to `f5`, with any strategies and, as the case may be, a group.
impl<'a> Arbitrary<'a> for Schema {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = u.int_in_range(1..=FIELDS)?;
        let mut schema = Schema::builder().strategy(strategy(u, false)?).absent(absent(u)?);
        if u.ratio(1, 2)? {
            schema = schema.first_sync(first_sync(u)?);
        }
        let is_grouped = count > 2 && u.ratio(1, 3)?;
        for position in 0..count {
            let in_group = is_grouped && position < 2;
            schema = schema.field(field(position, in_group, u)?);
        }
        if is_grouped {
            schema = schema.group(Group::new("group", ["f0", "f1"]).strategy(strategy(u, false)?));
        }
        // What cannot be built makes no case.
        schema.build().map_err(|_| ::arbitrary::Error::IncorrectFormat)
    }
}

fn field(position: usize, in_group: bool, u: &mut Unstructured<'_>) -> Result<Field> {
    let kind = Kind::arbitrary(u)?;
    let granular = kind.is_granular();
    let mut field = Field::new(format!("f{position}"), kind);
    if !in_group && u.ratio(1, 3)? {
        field = field.strategy(strategy(u, granular)?);
    }
    if u.ratio(1, 4)? {
        field = field.absent(absent(u)?);
    }
    for (set, change) in [
        (u.ratio(1, 8)?, Field::required as fn(Field) -> Field),
        (u.ratio(1, 8)?, Field::write_canonical),
        (u.ratio(1, 8)?, Field::empty_means_null),
    ] {
        field = if set { change(field) } else { field };
    }
    Ok(field)
}

fn kind(u: &mut Unstructured<'_>, nested: bool) -> Result<Kind> {
    let region = || "IE".parse().map_err(|_| ::arbitrary::Error::IncorrectFormat);
    Ok(match u.int_in_range(0..=if nested { 15 } else { 10 })? {
        1 => Kind::Name,
        2 if cfg!(feature = "idn") => Kind::Email,
        3 if cfg!(feature = "phone") => Kind::Phone { region: region()? },
        4 => Kind::DATE,
        5 => Kind::dates(["%d.%m.%Y", "%Y-%m-%d"]),
        6 => Kind::TIMESTAMP,
        7 => Kind::Integer,
        8 => Kind::DECIMAL,
        9 => Kind::BOOLEAN,
        10 => Kind::Address,
        11 => Kind::set(kind(u, false)?),
        12 => Kind::List,
        13 => Kind::Map,
        14 => Kind::record([("a", kind(u, false)?), ("b", kind(u, false)?)]),
        15 => Kind::set_of_records(["a"], [("a", kind(u, false)?), ("b", Kind::set(kind(u, false)?))]),
        _ => Kind::Text,
    })
}

fn strategy(u: &mut Unstructured<'_>, with_stamp: bool) -> Result<Strategy> {
    let fallback = *u.choose(&[Fallback::Review, Fallback::Remote, Fallback::Local])?;
    Ok(match u.int_in_range(0..=if with_stamp { 6 } else { 5 })? {
        0 => Strategy::RemoteWins,
        1 => Strategy::LocalWins,
        2 => Strategy::Merge { fallback },
        3 => Strategy::Enforced,
        4 => Strategy::LocalOwned,
        5 => Strategy::FillOnly,
        _ => Strategy::NewestWins { stamp: "f0".to_owned(), skew: Duration::from_secs(60), fallback },
    })
}

fn absent(u: &mut Unstructured<'_>) -> Result<Absent> {
    u.choose(&[Absent::NoOpinion, Absent::ClearedIfReported, Absent::Cleared]).copied()
}

fn first_sync(u: &mut Unstructured<'_>) -> Result<FirstSync> {
    u.choose(&[FirstSync::AdoptRemote, FirstSync::AdoptLocal, FirstSync::Review]).copied()
}

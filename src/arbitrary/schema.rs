//! Kinds and schemas.

use std::time::Duration;

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::normalize::boolean::Words;
use crate::normalize::{decimal, timestamp};
use crate::schema::{Absent, Fallback, Field, FirstSync, Gone, Group, IdRule, Kind, NullMeans, Schema, Strategy};

/// How many fields a schema has at most.
const FIELDS: usize = 6;

/// A kind of the crate's own that this build knows.
impl<'a> Arbitrary<'a> for Kind {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        kind(u, true)
    }
}

/// A schema of one to six fields, `f0` to `f5`, with any strategies and settings and, as the case may be, a group.
impl<'a> Arbitrary<'a> for Schema {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let count = u.int_in_range(1..=FIELDS)?;
        let mut schema = Schema::builder().strategy(strategy(u, false)?).absent(absent(u)?);
        if u.ratio(1, 2)? {
            schema = schema.first_sync(first_sync(u)?);
        }
        if u.ratio(1, 8)? {
            schema = schema.null_means(NullMeans::NoOpinion);
        }
        if u.ratio(1, 8)? {
            schema = schema.ids(IdRule { trim: u.arbitrary()?, case: u.arbitrary()?, leading_zeros: u.arbitrary()? });
        }
        let is_grouped = count > 2 && u.ratio(1, 3)?;
        let mut is_code = false;
        for position in 0..count {
            let in_group = is_grouped && position < 2;
            let field = field(position, in_group, is_code, u)?;
            is_code |= position == 0 && *field.kind() == Kind::Code;
            schema = schema.field(field);
        }
        if is_code && u.ratio(1, 2)? {
            schema = schema.gone(Gone::new("f0", ["GB"]));
        }
        if is_grouped {
            schema = schema.group(Group::new("group", ["f0", "f1"]).strategy(strategy(u, false)?));
        }
        // What cannot be built makes no case.
        schema.build().map_err(|_| ::arbitrary::Error::IncorrectFormat)
    }
}

/// `has_country`: the first field is a code, and may say where numbers are dialled.
fn field(position: usize, in_group: bool, has_country: bool, u: &mut Unstructured<'_>) -> Result<Field> {
    let kind = Kind::arbitrary(u)?;
    let (granular, is_phone) = (kind.is_granular(), matches!(kind, Kind::Phone { .. }));
    let mut field = Field::new(format!("f{position}"), kind);
    if is_phone && has_country && u.ratio(1, 2)? {
        field = field.region_from("f0");
    }
    if u.ratio(1, 6)? {
        field = field.null("N/A").null("-");
    }
    if u.ratio(1, 8)? {
        field = field.null_means(*u.choose(&[NullMeans::Cleared, NullMeans::NoOpinion])?);
    }
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

/// How many kinds are of one value, and how many there are.
const SCALARS: u32 = 16;
const KINDS: u32 = 22;

fn kind(u: &mut Unstructured<'_>, nested: bool) -> Result<Kind> {
    let region = || "IE".parse().map_err(|_| ::arbitrary::Error::IncorrectFormat);
    let zone = || "+05:30".parse().map(Some).map_err(|_| ::arbitrary::Error::IncorrectFormat);
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Ok(match u.int_in_range(0..=if nested { KINDS } else { SCALARS } - 1)? {
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
        11 => Kind::Code,
        12 => Kind::Date { formats: texts(&["%Y-%m-%d", "%Y%m%d"]), zone: zone()? },
        13 => Kind::Timestamp(timestamp::Notation { formats: texts(&["%d.%m.%Y %H:%M", "%s"]), zone: zone()? }),
        14 => Kind::Decimal(decimal::Notation { comma: u.arbitrary()?, precision: Some(u.int_in_range(0..=3)?) }),
        15 => Kind::Boolean(Words { yes: texts(&["Y", "ja"]), no: texts(&["N"]) }),
        16 => Kind::set(kind(u, false)?),
        17 => Kind::delimited(";", kind(u, false)?),
        18 => Kind::List,
        19 => Kind::Map,
        20 => Kind::record([("a", kind(u, false)?), ("b", kind(u, false)?)]),
        21 => Kind::set_of_records(["a"], [("a", kind(u, false)?), ("b", Kind::set(kind(u, false)?))]),
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

//! Values and records: of no schema, of a kind, and near another value.

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::schema::Kind;
use crate::value::{Record, RecordBuilder, Value};

/// How deep lists and maps stand in one another.
const DEEP: u8 = 3;
/// How many values a list or map has at most.
const MANY: usize = 4;
/// How many fields a record has that is of no schema.
const FIELDS: usize = 8;

/// A value of any form, up to three lists or maps deep. Its floats are finite, as those of every record.
impl<'a> Arbitrary<'a> for Value {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        any(u, DEEP)
    }
}

/// A record of up to eight positions, of no schema. [`Case`](super::Case) has records of one.
impl<'a> Arbitrary<'a> for Record {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut record = RecordBuilder::new(u.int_in_range(0..=FIELDS)?);
        for position in 0..record.len() {
            if u.ratio(3, 4)? {
                set(&mut record, position, &Value::arbitrary(u)?)?;
            }
        }
        Ok(record.finish())
    }
}

pub(super) fn set(record: &mut RecordBuilder, position: usize, value: &Value) -> Result<()> {
    // A value that no record can hold makes no case.
    record.set(position, value).map_err(|_| ::arbitrary::Error::IncorrectFormat)
}

fn any(u: &mut Unstructured<'_>, deep: u8) -> Result<Value> {
    Ok(match u.int_in_range(0..=if deep == 0 { 4 } else { 6 })? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => Value::Int(u.arbitrary()?),
        3 => Value::Float(Some(f64::arbitrary(u)?).filter(|float| float.is_finite()).unwrap_or(0.5)),
        4 => Value::Text(u.arbitrary()?),
        5 => Value::List(several(u, |u| any(u, deep - 1))?),
        _ => Value::Map(several(u, |u| Ok((u.arbitrary()?, any(u, deep - 1)?)))?.into_iter().collect()),
    })
}

fn several<'a, T>(u: &mut Unstructured<'a>, mut one: impl FnMut(&mut Unstructured<'a>) -> Result<T>) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=MANY)?).map(|_| one(u)).collect()
}

/// Texts of a kind: few values, in several spellings, and one that is none.
fn words(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Name => &["Áine", "A\u{301}ine ", "Áine  Walsh", "O'Brien", "O\u{2019}Brien", "aine"],
        Kind::Email => &["a@example.org", "A@EXAMPLE.ORG", " a@example.org", "b@bücher.example", "no address"],
        Kind::Phone { .. } => {
            &["087 123 4567", "+353871234567", "00353 87 123 4567", "(087) 1234567", "087 765 4321", "112", "none"]
        }
        Kind::Date { .. } => &[
            "2024-02-29",
            " 2024-02-29",
            "29.02.2024",
            "20240229",
            "2024-02-28T18:30:00Z",
            "2023-02-29",
            "1990-01-01",
            "spring",
        ],
        Kind::Timestamp(_) => &[
            "2024-01-05T12:00:00+01:00",
            "2024-01-05T11:00:00Z",
            "2024-01-05T11:00:00.000+0000",
            "05.01.2024 16:30",
            "1704452400",
            "2024-01-05",
            "noon",
        ],
        Kind::Integer => &["5", "+5", "05", "5.0", "-7", "1000000000000000000000000000000", "five"],
        Kind::Decimal(_) => {
            &["1.1", "1.10", "01.1", "1e2", "-0.0", "0.000000000000000000000001", "1,10", "1.100004", "much"]
        }
        Kind::Boolean(_) => &["true", "TRUE", "yes", "false", "0", "Y", "ja ", "n", "maybe"],
        Kind::Code => &["gb", " GB", "ie", "007", "7", "N/A"],
        Kind::Address => &["1 Main St, Dublin", "1 main st , dublin", "2 Main St, Dublin", " , ,"],
        _ => &["a", " a", "a ", "b", "e\u{301}", "\u{e9}", "ß"],
    }
}

/// A value of a kind, as a rule; sometimes null, empty, or anything.
pub(super) fn of_kind(kind: &Kind, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=15)? {
        15 => Value::Null,
        14 => Value::Text((*u.choose(&["", "N/A", " n/a ", "-"])?).to_owned()),
        13 => any(u, 1)?,
        12 => Value::Int(u.int_in_range(-2..=9)?),
        _ => match kind {
            Kind::Set { of, delimiter: Some(delimiter) } if u.arbitrary()? => {
                let words = several(u, |u| Ok(*u.choose(words(of))?))?;
                Value::Text(words.join(delimiter))
            }
            Kind::Set { of, .. } => Value::List(several(u, |u| of_kind(of, u))?),
            Kind::SetOfRecords { of, .. } => Value::List(several(u, |u| of_kind(of, u))?),
            Kind::List | Kind::Map => any(u, DEEP)?,
            Kind::Record { fields, .. } => {
                let mut record = std::collections::BTreeMap::new();
                for (key, kind) in fields {
                    if u.ratio(3, 4)? {
                        record.insert(key.clone(), of_kind(kind, u)?);
                    }
                }
                Value::Map(record)
            }
            scalar => Value::Text((*u.choose(words(scalar))?).to_owned()),
        },
    })
}

/// The same text spelt in another way. It is the same value in some kinds.
pub(super) fn respelt(value: &Value, u: &mut Unstructured<'_>) -> Result<Value> {
    let Value::Text(text) = value else { return Ok(value.clone()) };
    Ok(Value::Text(match u.int_in_range(0..=4)? {
        0 => format!(" {text}"),
        1 => format!("{text}\u{a0}"),
        2 => text.to_uppercase(),
        3 => text.to_lowercase(),
        _ => text.replace('\'', "\u{2019}").replace(' ', "  "),
    }))
}

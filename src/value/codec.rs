//! How values lie in a row: a tag and bytes, and inside lists and maps a tag, a length and bytes.

use super::Value;

const WORD: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Missing,
    Null,
    False,
    True,
    Int,
    BigInt,
    Float,
    Text,
    List,
    Map,
}

const TAGS: [Tag; 10] =
    [Tag::Missing, Tag::Null, Tag::False, Tag::True, Tag::Int, Tag::BigInt, Tag::Float, Tag::Text, Tag::List, Tag::Map];

impl Tag {
    /// Only this module writes tags, so an unknown one cannot occur; it would read as missing.
    pub(super) fn of(code: u8) -> Self {
        TAGS.get(usize::from(code)).copied().unwrap_or(Tag::Missing)
    }
}

pub(super) fn encode(value: &Value, out: &mut Vec<u8>) -> Tag {
    match value {
        Value::Null => Tag::Null,
        Value::Bool(false) => Tag::False,
        Value::Bool(true) => Tag::True,
        Value::Int(int) => match i64::try_from(*int) {
            Ok(int) => {
                out.extend_from_slice(&int.to_le_bytes());
                Tag::Int
            }
            Err(_) => {
                out.extend_from_slice(&int.to_le_bytes());
                Tag::BigInt
            }
        },
        Value::Float(float) => {
            out.extend_from_slice(&float.to_le_bytes());
            Tag::Float
        }
        Value::Text(text) => {
            out.extend_from_slice(text.as_bytes());
            Tag::Text
        }
        Value::List(list) => {
            for value in list {
                encode_nested(value, out);
            }
            Tag::List
        }
        Value::Map(map) => {
            for (key, value) in map {
                out.extend_from_slice(&(key.len() as u32).to_le_bytes());
                out.extend_from_slice(key.as_bytes());
                encode_nested(value, out);
            }
            Tag::Map
        }
    }
}

/// Tag, length, bytes. A length beyond `u32` cannot end in a record: its row is refused as too large.
pub(super) fn encode_nested(value: &Value, out: &mut Vec<u8>) {
    let head = out.len();
    out.extend_from_slice(&[0; 1 + WORD]);
    let tag = encode(value, out);
    let len = (out.len() - head - 1 - WORD) as u32;
    out[head] = tag as u8;
    out[head + 1..head + 1 + WORD].copy_from_slice(&len.to_le_bytes());
}

/// Only this module writes rows, so bytes that do not decode cannot occur; they would read as null.
pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Value {
    match tag {
        Tag::Missing | Tag::Null => Value::Null,
        Tag::False => Value::Bool(false),
        Tag::True => Value::Bool(true),
        Tag::Int => bytes.try_into().map_or(Value::Null, |b| Value::Int(i64::from_le_bytes(b).into())),
        Tag::BigInt => bytes.try_into().map_or(Value::Null, |b| Value::Int(i128::from_le_bytes(b))),
        Tag::Float => bytes.try_into().map_or(Value::Null, |b| Value::Float(f64::from_le_bytes(b))),
        Tag::Text => Value::Text(text(bytes)),
        Tag::List => {
            let mut rest = bytes;
            Value::List(std::iter::from_fn(|| decode_nested(&mut rest)).collect())
        }
        Tag::Map => {
            let mut rest = bytes;
            let entry = || Some((decode_key(&mut rest)?, decode_nested(&mut rest)?));
            Value::Map(std::iter::from_fn(entry).collect())
        }
    }
}

pub(super) fn decode_nested(rest: &mut &[u8]) -> Option<Value> {
    take_nested(rest).map(|(tag, bytes)| decode(tag, bytes))
}

fn take_nested<'a>(rest: &mut &'a [u8]) -> Option<(Tag, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    *rest = after;
    take(rest).map(|bytes| (Tag::of(tag), bytes))
}

/// Whether JSON keeps a value: reading what was written gives it back.
pub(super) fn is_kept_by_json(tag: Tag, bytes: &[u8]) -> bool {
    match tag {
        // Larger whole numbers are written as a text.
        Tag::BigInt => bytes.try_into().is_ok_and(|b| u64::try_from(i128::from_le_bytes(b)).is_ok()),
        // Others are written as null.
        Tag::Float => bytes.try_into().is_ok_and(|b| f64::from_le_bytes(b).is_finite()),
        _ => within(tag, bytes).all(|(tag, bytes)| is_kept_by_json(tag, bytes)),
    }
}

/// Whether every double in a value is as asked. The value is not made.
pub(super) fn all_doubles(tag: Tag, bytes: &[u8], is: &dyn Fn(f64) -> bool) -> bool {
    match tag {
        Tag::Float => bytes.try_into().is_ok_and(|b| is(f64::from_le_bytes(b))),
        _ => within(tag, bytes).all(|(tag, bytes)| all_doubles(tag, bytes, is)),
    }
}

/// The encoded values in a list or a map; in all else there are none.
pub(super) fn within(tag: Tag, bytes: &[u8]) -> impl Iterator<Item = (Tag, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || match tag {
        Tag::List => take_nested(&mut rest),
        Tag::Map => take(&mut rest).and_then(|_| take_nested(&mut rest)),
        _ => None,
    })
}

/// The keys of an encoded map, in their order.
pub(super) fn keys(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let key = take(&mut rest)?;
        rest = rest.get(1..)?;
        take(&mut rest)?;
        std::str::from_utf8(key).ok()
    })
}

fn decode_key(rest: &mut &[u8]) -> Option<String> {
    take(rest).map(text)
}

/// A text of a row is UTF-8, which this check is made for: the one of `from_utf8_lossy` takes three times as long.
fn text(bytes: &[u8]) -> String {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<WORD>()?;
    let (bytes, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = after;
    Some(bytes)
}

//! Merges sets: a member that either side added is in, and a member that either side removed is out.

use std::collections::BTreeSet;

use crate::normalize::text;
use crate::schema::{Reading, Schema, delimited, elements};
use crate::value::Value;

/// `(L∩R) ∪ (L∖B) ∪ (R∖B)` under canonical equality, in the host's order and spelling, what is new behind it. Without a
/// base that is the union. Blank elements are none. `None`: a side is no list, and as an empty one it would be lost.
///
/// Where the host has it as one text with a delimiter, so it has it afterwards, if every element can be told in it.
pub(super) fn merge(
    schema: &Schema,
    of: Reading<'_>,
    delimiter: Option<&str>,
    [base, local, remote]: [&Value; 3],
) -> Option<Value> {
    let parts = |side| elements(side, delimiter);
    // A blank text, or a declared null, is no set of one.
    let [base, local, remote] = [base, local, remote].map(|side| if is_null(of, side) { &Value::Null } else { side });
    let is_text = matches!(local, Value::Text(_)) || local.is_null() && matches!(remote, Value::Text(_));
    let is_without = local.is_null() || remote.is_null();
    let (base, local, remote) = (parts(base).unwrap_or_default(), parts(local)?, parts(remote)?);
    let key = |value: &Value| match schema.canonical_of(of, value) {
        Ok(canonical) => Key(canonical),
        Err(_) => Key(value.clone()),
    };
    let keys = |side: &[Value]| side.iter().map(key).collect::<BTreeSet<_>>();
    let (in_base, in_remote) = (keys(&base), keys(&remote));
    let mut merged = Vec::new();
    let mut seen = BTreeSet::new();
    let kept = local.iter().filter(|element| {
        let key = key(element);
        in_remote.contains(&key) || !in_base.contains(&key)
    });
    let added = remote.iter().filter(|element| !in_base.contains(&key(element)));
    for element in kept.chain(added) {
        let key = key(element);
        if !key.0.is_null() && seen.insert(key) {
            merged.push(element.clone());
        }
    }
    if merged.is_empty() && (is_without || delimiter.is_some()) {
        return Some(Value::Null);
    }
    let text = delimiter.filter(|_| is_text).and_then(|delimiter| delimited(&merged, delimiter));
    Some(text.unwrap_or(Value::List(merged)))
}

fn is_null(of: Reading<'_>, side: &Value) -> bool {
    side.is_null() || side.as_text().is_some_and(text::is_blank) || of.is_declared_null(side)
}

/// Elements ordered by their bytes; any order will do, as long as it is always the same.
#[derive(PartialEq)]
struct Key(Value);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        compare(&self.0, &other.0)
    }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            let order = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            order.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => {
            let order = a.iter().zip(b).map(|((ka, va), (kb, vb))| ka.cmp(kb).then_with(|| compare(va, vb)));
            order.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 2,
        Value::Float(_) => 3,
        Value::Text(_) => 4,
        Value::List(_) => 5,
        Value::Map(_) => 6,
    }
}

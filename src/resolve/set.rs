//! Merges sets: a member that either side added is in, and a member that either side removed is out.

use std::collections::BTreeSet;

use crate::schema::{Kind, Schema};
use crate::value::Value;

/// `(L∩R) ∪ (L∖B) ∪ (R∖B)` under canonical equality, in the host's order and spelling, what is new behind it. Without a
/// base that is the union. Blank elements are none. `None`: a side is no list, and as an empty one it would be lost.
pub(super) fn merge(schema: &Schema, of: &Kind, base: &Value, local: &Value, remote: &Value) -> Option<Value> {
    if !(is_set(local) && is_set(remote)) {
        return None;
    }
    let key = |value: &Value| match schema.canonical_of(of, value) {
        Ok(canonical) => Key(canonical),
        Err(_) => Key(value.clone()),
    };
    let keys = |side: &Value| elements(side).iter().map(key).collect::<BTreeSet<_>>();
    let (in_base, in_remote) = (keys(base), keys(remote));
    let mut merged = Vec::new();
    let mut seen = BTreeSet::new();
    let kept = elements(local).iter().filter(|element| {
        let key = key(element);
        in_remote.contains(&key) || !in_base.contains(&key)
    });
    let added = elements(remote).iter().filter(|element| !in_base.contains(&key(element)));
    for element in kept.chain(added) {
        let key = key(element);
        if !key.0.is_null() && seen.insert(key) {
            merged.push(element.clone());
        }
    }
    let is_null = merged.is_empty() && (local.is_null() || remote.is_null());
    Some(if is_null { Value::Null } else { Value::List(merged) })
}

fn is_set(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Null)
}

fn elements(value: &Value) -> &[Value] {
    match value {
        Value::List(list) => list,
        _ => &[],
    }
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

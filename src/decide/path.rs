//! Writes into nested values, at the places where two sides collide.

use std::collections::BTreeMap;

use crate::value::Value;

/// The keys of a JSON Pointer.
fn keys(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

/// What stands at a path, if anything does; null is something.
pub(super) fn find<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    keys(pointer).iter().try_fold(value, |value, key| match value {
        Value::Map(map) => map.get(key),
        _ => None,
    })
}

/// Puts a value at a path, or takes away what stands there. What is no object on the way becomes one.
pub(super) fn put(value: &mut Value, pointer: &str, new: Option<Value>) {
    put_at(value, &keys(pointer), new);
}

fn put_at(value: &mut Value, keys: &[String], new: Option<Value>) {
    let Some((first, rest)) = keys.split_first() else { return };
    if !matches!(value, Value::Map(_)) && new.is_some() {
        *value = Value::Map(BTreeMap::new());
    }
    let Value::Map(map) = value else { return };
    match new {
        Some(new) if rest.is_empty() => {
            map.insert(first.clone(), new);
        }
        None if rest.is_empty() => {
            map.remove(first);
        }
        Some(new) => put_at(map.entry(first.clone()).or_default(), rest, Some(new)),
        None => {
            if let Some(inner) = map.get_mut(first) {
                put_at(inner, rest, None);
            }
        }
    }
}

//! What the core notes in a base: lists of texts, each one more entry beside the fields.

use std::collections::BTreeMap;

use crate::value::{Record, Value};

/// The list of this name; empty where there is none.
pub(super) fn read(base: &Record, name: &str) -> Vec<String> {
    let extra = base.extra();
    // Most bases have none, and nothing is decoded for them.
    if !extra.keys().any(|key| key == name) {
        return Vec::new();
    }
    let Value::Map(mut extra) = extra.to_value() else { return Vec::new() };
    let Some(Value::List(marks)) = extra.remove(name) else { return Vec::new() };
    marks.iter().filter_map(|mark| mark.as_text().map(str::to_owned)).collect()
}

/// Replaces the list of this name among the entries of a base. A list without a text is not kept.
pub(super) fn write(extra: &mut BTreeMap<String, Value>, name: &str, marks: impl IntoIterator<Item = String>) {
    let marks: Vec<_> = marks.into_iter().map(Value::from).collect();
    match marks.is_empty() {
        true => extra.remove(name),
        false => extra.insert(name.to_owned(), Value::List(marks)),
    };
}

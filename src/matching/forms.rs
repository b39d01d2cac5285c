//! The canonical values of a record that each match rule compares.

use super::key::MatchKey;
use crate::schema::Schema;
use crate::value::{Record, Value};

/// The canonical values of the fields of each rule, and their key; `None` where one says nothing.
#[derive(Clone, PartialEq)]
pub(super) struct Forms(Vec<Option<Form>>);

#[derive(Clone, PartialEq)]
struct Form {
    key: MatchKey,
    values: Vec<Value>,
}

impl Forms {
    /// Each field is brought into its form at most once, however many rules name it.
    pub(super) fn of(schema: &Schema, rules: &[Vec<usize>], record: &Record) -> Self {
        let mut said: Vec<Option<Option<Value>>> = vec![None; schema.fields().len()];
        let mut form = |positions: &Vec<usize>| {
            let mut values = Vec::with_capacity(positions.len());
            for &at in positions {
                values.push(said[at].get_or_insert_with(|| value(schema, at, record)).clone()?);
            }
            let names = positions.iter().map(|&at| schema.fields()[at].name());
            Some(Form { key: MatchKey::of(names.zip(&values)), values })
        };
        Self(rules.iter().map(&mut form).collect())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = MatchKey> {
        self.keyed().map(|(_, key)| key)
    }

    /// The rules whose fields it has all, each with its key.
    pub(super) fn keyed(&self) -> impl Iterator<Item = (usize, MatchKey)> {
        self.0.iter().enumerate().filter_map(|(rule, form)| Some((rule, form.as_ref()?.key)))
    }

    /// The rules by which the two are one, each with its key.
    pub(super) fn agree<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, MatchKey)> + 'a {
        self.keyed().filter(|&(rule, _)| self.0[rule] == other.0[rule])
    }
}

/// The canonical value, if there is one that can be compared: a number that a reader of JSON may have rounded can be
/// another one.
fn value(schema: &Schema, at: usize, record: &Record) -> Option<Value> {
    let raw = record.field(at);
    if !schema.fields().get(at).is_some_and(|field| schema.is_exact(field, raw)) {
        return None;
    }
    match schema.canonical_in(at, record) {
        Ok(Value::Text(text)) if text.is_empty() => None,
        Ok(Value::Null) | Err(_) => None,
        Ok(value) => Some(value),
    }
}

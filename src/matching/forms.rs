//! The canonical values of a record that each match rule compares.

use std::borrow::Cow;

use super::is_placeholder;
use super::key::MatchKey;
use crate::normalize::accents;
use crate::schema::Schema;
use crate::value::{Record, Value};

/// The canonical values of the fields of each rule, and their key; `None` where one says nothing.
#[derive(Clone, PartialEq)]
pub(super) struct Forms(Vec<Option<Form>>);

/// The fields of a rule by position, and how they are compared.
#[derive(Clone, Copy)]
pub(super) struct RuleFields<'r> {
    pub(super) positions: &'r [usize],
    pub(super) ignore_accents: bool,
}

#[derive(Clone, PartialEq)]
struct Form {
    key: MatchKey,
    values: Vec<Value>,
}

impl Forms {
    /// Each field is brought into its form at most once, however many rules name it.
    pub(super) fn of<'r>(schema: &Schema, rules: impl Iterator<Item = RuleFields<'r>>, record: &Record) -> Self {
        let mut said: Vec<Option<Option<Value>>> = vec![None; schema.fields().len()];
        let form = |RuleFields { positions, ignore_accents }| {
            let mut values = Vec::with_capacity(positions.len());
            for &at in positions {
                let value = said[at].get_or_insert_with(|| value(schema, at, record)).clone()?;
                values.push(if ignore_accents { plain(value) } else { value });
            }
            // The keys of the two kinds of rule never meet, also where there is no accent.
            let name = |at: usize| match (schema.fields()[at].name(), ignore_accents) {
                (name, false) => Cow::Borrowed(name),
                (name, true) => Cow::Owned(format!("{name} without accents")),
            };
            let names: Vec<_> = positions.iter().map(|&at| name(at)).collect();
            Some(Form { key: MatchKey::of(names.iter().map(AsRef::as_ref).zip(&values)), values })
        };
        Self(rules.map(form).collect())
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

/// The value without accents.
fn plain(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(accents::without(&text).into_owned()),
        other => other,
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
        Ok(Value::Text(text)) if text.is_empty() || is_placeholder(&text) => None,
        Ok(Value::Null) | Err(_) => None,
        Ok(value) => Some(value),
    }
}

//! The parts of a value: the entries of an object by their keys, the records of a set by theirs.
//!
//! A record of a set has a name that its key gives it, whatever its place and spelling: `type=work`, and with a key of two
//! fields `system=phone,use=home`. In a text of such a key a comma is written `\,` and a backslash `\\`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::compare::wrong_type;
use super::{Kind, Reading, Schema};
use crate::value::{FieldRef, Problem, Value, scalar_text};

/// A part of a value.
#[derive(Debug, Clone)]
pub(crate) struct Part<'v> {
    /// Its key in an object, its name in a set.
    pub(crate) name: Cow<'v, str>,
    pub(crate) value: &'v Value,
    /// Where it stands: counted from 0.
    pub(crate) place: usize,
}

/// What becomes of a part: another value, or none.
pub(crate) type PartChange<'v> = (Cow<'v, str>, Option<Value>);

/// The part of this name, among parts in the order of their names.
pub(crate) fn part<'p, 'v>(parts: &'p [Part<'v>], name: &str) -> Option<&'p Part<'v>> {
    parts.binary_search_by(|part| (*part.name).cmp(name)).ok().map(|at| &parts[at])
}

impl Schema {
    /// The parts of a value in the order of their names; `None` if it is none that has parts, or a set in which two records
    /// have one key.
    pub(crate) fn parts<'k, 'v>(&self, reading: impl Into<Reading<'k>>, value: &'v Value) -> Option<Vec<Part<'v>>> {
        let reading = reading.into();
        match (reading.kind, value) {
            (Some(Kind::SetOfRecords { key, of }), value) => self.records_of(key, reading.inside(Some(of)), value).ok(),
            (None | Some(Kind::Map | Kind::Record { .. }), Value::Map(map)) => {
                let part = |(place, (name, value)): (usize, (&'v String, &'v Value))| Part {
                    name: Cow::Borrowed(name),
                    value,
                    place,
                };
                Some(map.iter().enumerate().map(part).collect())
            }
            _ => None,
        }
    }

    /// The [parts](Self::parts) of a value beside those of another version of it, from which most names are known.
    pub(crate) fn parts_beside<'v>(
        &self,
        reading: Reading<'_>,
        value: &'v Value,
        (other, known): (&Value, &[Part<'_>]),
    ) -> Option<Vec<Part<'v>>> {
        let Some(Kind::SetOfRecords { key, of }) = reading.kind else { return self.parts(reading, value) };
        let other = list(other).unwrap_or_default();
        let mut names = vec![None; other.len()];
        for part in known.iter().filter(|part| is_named(key, &part.name)) {
            names[part.place] = Some(&*part.name);
        }
        let known = |place: usize, record: &Value| {
            let name = names.get(place).copied().flatten()?;
            has_key_of(key, record, &other[place]).then(|| name.to_owned())
        };
        self.records_named(key, reading.inside(Some(of)), value, known).ok()
    }

    /// The records of a set in the order of their names. A record of nothing but nulls is none; one record where a list is
    /// expected is a set of one.
    pub(super) fn records_of<'v>(
        &self,
        key: &[String],
        of: Reading<'_>,
        value: &'v Value,
    ) -> Result<Vec<Part<'v>>, Problem> {
        self.records_named(key, of, value, |_, _| None)
    }

    /// The same, where some names are known already.
    fn records_named<'v>(
        &self,
        key: &[String],
        of: Reading<'_>,
        value: &'v Value,
        known: impl Fn(usize, &Value) -> Option<String>,
    ) -> Result<Vec<Part<'v>>, Problem> {
        let list = list(value).ok_or_else(|| wrong_type("a list", value))?;
        let mut parts = Vec::with_capacity(list.len());
        for (place, value) in list.iter().enumerate() {
            let name = match known(place, value) {
                None => self.record_name(key, of, value).map_err(|problem| problem.inside(&place.to_string()))?,
                name => name,
            };
            parts.extend(name.map(|name| Part { name: Cow::Owned(name), value, place }));
        }
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        match parts.windows(2).find(|pair| pair[0].name == pair[1].name) {
            None => Ok(parts),
            Some(pair) => {
                Err(Problem::DuplicateKey { key: key.join(", "), first: pair[0].place, second: pair[1].place })
            }
        }
    }

    /// The name of a record of a set; `None` if there is nothing in it.
    pub(super) fn record_name(
        &self,
        key: &[String],
        of: Reading<'_>,
        record: &Value,
    ) -> Result<Option<String>, Problem> {
        let (Some(Kind::Record { fields, .. }), Value::Map(map)) = (of.kind, record) else {
            return if record.is_null() { Ok(None) } else { Err(wrong_type("an object", record)) };
        };
        let (mut name, mut is_nameless) = (String::new(), true);
        for field in key {
            let raw = map.get(field).unwrap_or(&Value::Null);
            let kind = fields.get(field).unwrap_or(&Kind::Text);
            let text = self.key_text(of.inside(Some(kind)), raw).map_err(|problem| problem.inside(field))?;
            is_nameless &= text.is_empty();
            if !name.is_empty() {
                name.push(',');
            }
            name.push_str(field);
            name.push('=');
            push_escaped(&mut name, &text, key.len() > 1);
        }
        Ok(if is_nameless && self.is_nothing(of, record) { None } else { Some(name) })
    }

    /// The canonical text of a field of a key; nothing for null.
    fn key_text<'v>(&self, reading: Reading<'_>, raw: &'v Value) -> Result<Cow<'v, str>, Problem> {
        match (reading.kind, raw) {
            // Most keys are texts, and most of those stand as they are kept.
            (Some(kind @ (Kind::Text | Kind::Code | Kind::Email | Kind::Name)), Value::Text(text))
                if !reading.is_declared_null(raw) =>
            {
                self.canonical_text(kind, reading.region, text)
            }
            _ => Ok(Cow::Owned(scalar_text(&self.canonical_of(reading, raw)?).into_owned())),
        }
    }

    /// Whether two sets have the same records. One that is in both as it stands is not read.
    pub(super) fn same_records(&self, key: &[String], of: Reading<'_>, a: &Value, b: &Value) -> bool {
        let mut pairs = list(a).unwrap_or_default().iter().zip(list(b).unwrap_or_default());
        if pairs.find(|(a, b)| a != b).is_some_and(|(a, b)| self.differ_as_one(key, of, a, b)) {
            return false;
        }
        let (Ok(a), Ok(b)) = (self.records_of(key, of, a), self.records_of(key, of, b)) else { return false };
        let same = |(a, b): (&Part<'_>, &Part<'_>)| a.name == b.name && self.same_value(of, a.value, b.value);
        a.len() == b.len() && a.iter().zip(&b).all(same)
    }

    /// Whether two raw sets differ in the first record that is not in both as it stands. Only that one is read, of either.
    pub(crate) fn differ_in_the_first(&self, reading: Reading<'_>, a: FieldRef<'_>, b: FieldRef<'_>) -> bool {
        let Some(Kind::SetOfRecords { key, of }) = reading.kind else { return false };
        let first = a.elements().zip(b.elements()).find(|(a, b)| a != b);
        first.is_some_and(|(a, b)| self.differ_as_one(key, reading.inside(Some(of)), &a.to_value(), &b.to_value()))
    }

    /// Whether two records have one name and are not the same. Then their sets are not, whatever else is in them.
    fn differ_as_one(&self, key: &[String], of: Reading<'_>, a: &Value, b: &Value) -> bool {
        self.has_name_of(key, of, a, b) && !self.same_value(of, a, b)
    }

    /// Whether two records have one name, which their keys state letter for letter.
    fn has_name_of(&self, key: &[String], of: Reading<'_>, a: &Value, b: &Value) -> bool {
        let has_name = || self.record_name(key, of, a).is_ok_and(|name| name.is_some_and(|name| is_named(key, &name)));
        has_key_of(key, a, b) && has_name()
    }

    /// Whether each record of a raw set either stands in another as it is, at the same place, or has the name of the one
    /// there and `is` as asked. Then the set has no name that the other has not. What is the same is not read.
    fn is_another_in_place(
        &self,
        reading: Reading<'_>,
        [set, other]: [FieldRef<'_>; 2],
        is: impl Fn(Reading<'_>, &Value) -> bool,
    ) -> bool {
        let Some(Kind::SetOfRecords { key, of }) = reading.kind else { return false };
        let (of, mut others) = (reading.inside(Some(of)), other.elements());
        set.is_list()
            && set.elements().all(|record| match others.next() {
                Some(other) if record == other => true,
                Some(other) => {
                    let record = record.to_value();
                    self.has_name_of(key, of, &record, &other.to_value()) && is(of, &record)
                }
                None => false,
            })
    }

    /// A quick yes to whether a raw set of records can be read, beside one that was read before.
    pub(crate) fn reads_in_place(&self, reading: Reading<'_>, set: FieldRef<'_>, before: FieldRef<'_>) -> bool {
        self.is_another_in_place(reading, [set, before], |of, record| self.canonical_of(of, record).is_ok())
    }

    /// Three versions of a set of records, with null for each record that stands in all of them as it is, at the same place;
    /// `None` if there is no such record, or if it is not known that no version has a name twice: base and remote were read.
    /// The base is `None` if it is what the host has.
    pub(crate) fn apart(
        &self,
        reading: Reading<'_>,
        [base, local, remote]: [FieldRef<'_>; 3],
    ) -> Option<(Option<Value>, [Value; 2])> {
        let is_kept = base == local;
        let are_sets = matches!(reading.kind, Some(Kind::SetOfRecords { .. })) && base.is_list() && remote.is_list();
        if !are_sets || !is_kept && !self.is_another_in_place(reading, [local, base], |_, _| true) {
            return None;
        }
        let pairs = base.elements().zip(local.elements()).zip(remote.elements());
        let is_same: Vec<_> = pairs.map(|((base, local), remote)| base == local && local == remote).collect();
        let apart = |set: FieldRef<'_>| {
            let same = is_same.iter().copied().chain(std::iter::repeat(false));
            let record = |(record, is_same): (FieldRef<'_>, _)| if is_same { Value::Null } else { record.to_value() };
            Value::List(set.elements().zip(same).map(record).collect())
        };
        is_same.contains(&true).then(|| ((!is_kept).then(|| apart(base)), [apart(local), apart(remote)]))
    }

    /// Whether a set of records can be read, beside one that was read before: a record that is in both as it stands was.
    pub(crate) fn check_records(&self, reading: Reading<'_>, value: &Value, before: &Value) -> Result<(), Problem> {
        let Some(Kind::SetOfRecords { key, of }) = reading.kind else {
            return self.canonical_of(reading, value).map(drop);
        };
        let of = reading.inside(Some(of));
        let (new, old) = (self.records_of(key, of, value)?, list(before).unwrap_or_default());
        let moved: Vec<_> = new.iter().filter(|new| old.get(new.place) != Some(new.value)).collect();
        // To read a few costs less than to name all that were there.
        let is_few = moved.len() * 2 <= new.len();
        let known = if is_few { Vec::new() } else { self.records_of(key, of, before).unwrap_or_default() };
        for new in moved {
            if part(&known, &new.name).is_none_or(|known| known.value != new.value) {
                self.canonical_of(of, new.value).map_err(|problem| problem.inside(&new.place.to_string()))?;
            }
        }
        Ok(())
    }

    /// The canonical form of a set of records: in the order of their names.
    pub(super) fn canonical_records(&self, key: &[String], of: Reading<'_>, value: &Value) -> Result<Value, Problem> {
        let mut canonical = Vec::new();
        for part in self.records_of(key, of, value)? {
            let record = self.canonical_of(of, part.value);
            canonical.push(record.map_err(|problem| problem.inside(&part.place.to_string()))?);
        }
        Ok(Value::List(canonical))
    }
}

/// The raw records of a set: one record where a list is expected is a set of one.
fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(list) => Some(list),
        one @ Value::Map(_) => Some(std::slice::from_ref(one)),
        _ => None,
    }
}

/// Whether two records state the same key, letter for letter.
fn has_key_of(key: &[String], a: &Value, b: &Value) -> bool {
    let (Value::Map(a), Value::Map(b)) = (a, b) else { return false };
    key.iter().all(|field| a.get(field).is_some_and(|stated| b.get(field) == Some(stated)))
}

/// Whether a name has a key that is not null. Of another it depends on all of a record whether that is there.
fn is_named(key: &[String], name: &str) -> bool {
    name.len() + 1 > key.iter().map(|field| field.len() + 2).sum()
}

fn push_escaped(name: &mut String, text: &str, is_one_of_several: bool) {
    for char in text.chars() {
        if is_one_of_several && matches!(char, ',' | '\\') {
            name.push('\\');
        }
        name.push(char);
    }
}

/// The value after changes of parts, of which `parts` has those that it has. In a set all others keep their places, and new
/// ones stand at the end in the order of the changes.
pub(crate) fn with_parts(kind: Option<&Kind>, value: Value, parts: &[Part<'_>], changes: Vec<PartChange<'_>>) -> Value {
    if !matches!(kind, Some(Kind::SetOfRecords { .. })) {
        let mut map = if let Value::Map(map) = value { map } else { BTreeMap::new() };
        for (name, change) in changes {
            match change {
                Some(value) => map.insert(name.into_owned(), value),
                None => map.remove(&*name),
            };
        }
        return Value::Map(map);
    }
    let (mut changed, mut added) = (BTreeMap::new(), Vec::new());
    for (name, change) in changes {
        match part(parts, &name) {
            Some(part) => {
                changed.insert(part.place, change);
            }
            None => added.extend(change),
        }
    }
    let list = match value {
        Value::List(list) => list,
        one @ Value::Map(_) => vec![one],
        _ => Vec::new(),
    };
    let kept = list.into_iter().enumerate();
    let kept = kept.filter_map(|(place, record)| changed.remove(&place).unwrap_or(Some(record)));
    Value::List(kept.chain(added).collect())
}

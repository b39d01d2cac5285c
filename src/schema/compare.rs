//! A kind's canonical form and equality, for whole values.
//!
//! Equal bytes are equal. What differs is compared as text by the kind's own rule, without building either form where
//! the rule allows; only collections build their canonical value, because their order and nesting must be looked
//! through.

use std::borrow::Cow;
use std::collections::BTreeMap;

#[cfg(not(feature = "idn"))]
use super::absent::email;
#[cfg(not(feature = "phone"))]
use super::absent::phone;
use super::{Field, Kind, Reading, Schema, elements};
#[cfg(feature = "idn")]
use crate::normalize::email;
#[cfg(feature = "phone")]
use crate::normalize::phone;
use crate::normalize::phone::Region;
use crate::normalize::{address, code, date, integer, name, text};
use crate::value::{FieldRef, Problem, Record, RecordBuilder, Value, scalar_text};

impl Schema {
    /// The canonical form of a field's raw value, the one that [`write_canonical`](Field::write_canonical) writes.
    /// Null and missing are [`Value::Null`].
    ///
    /// # Errors
    /// The [`Problem`], when the raw value is none of the field's kind. There is no such position: as for a text.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::Problem;
    /// let schema = Schema::builder().field(Field::new("born", Kind::DATE)).build()?;
    /// let leap = schema.record(&serde_json::json!({"born": " 2000-02-29 "}))?;
    /// assert_eq!(schema.canonical(0, leap.field(0)).unwrap().as_text(), Some("2000-02-29"));
    /// // 1900 was no leap year
    /// let none = schema.record(&serde_json::json!({"born": "1900-02-29"}))?;
    /// assert_eq!(schema.canonical(0, none.field(0)), Err(Problem::NotADate));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn canonical(&self, position: usize, raw: FieldRef<'_>) -> Result<Value, Problem> {
        match self.fields().get(position) {
            Some(field) if self.is_null(field, raw) => Ok(Value::Null),
            Some(field) => self.canonical_of(field, &raw.to_value()),
            None => self.canonical_of(&Kind::Text, &raw.to_value()),
        }
    }

    /// [`canonical`](Self::canonical) of a field of a record, which may say where its telephone numbers are dialled.
    pub(crate) fn canonical_in(&self, position: usize, record: &Record) -> Result<Value, Problem> {
        self.canonical_dialled(position, record.field(position), self.region_in(position, record, None))
    }

    /// [`canonical`](Self::canonical) of a field whose telephone numbers are dialled in this region, if one is given.
    pub(crate) fn canonical_dialled(
        &self,
        position: usize,
        raw: FieldRef<'_>,
        region: Option<Region>,
    ) -> Result<Value, Problem> {
        match (self.fields().get(position), region) {
            (Some(field), region @ Some(_)) if !self.is_null(field, raw) => {
                self.canonical_of(field.reading().dialled_in(region), &raw.to_value())
            }
            _ => self.canonical(position, raw),
        }
    }

    /// Whether two raw values of a field are one value: the same bytes, or of one canonical form. Missing and null are one,
    /// and what is none of the field's kind equals only itself. There is no such position: as for a text.
    ///
    /// [`detect`](crate::detect::detect()) compares by this rule.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("born", Kind::DATE)).build()?;
    /// let born = |day: &str| schema.record(&serde_json::json!({"born": day}));
    /// let (leap, padded) = (born("2000-02-29")?, born(" 2000-02-29 ")?);
    /// assert!(schema.same(0, leap.field(0), padded.field(0)));
    /// // 1900 was no leap year, and a day that never was equals no other spelling of itself.
    /// let (never, padded) = (born("1900-02-29")?, born(" 1900-02-29 ")?);
    /// assert!(!schema.same(0, never.field(0), padded.field(0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn same(&self, position: usize, a: FieldRef<'_>, b: FieldRef<'_>) -> bool {
        let Some(field) = self.fields().get(position) else {
            return a == b || self.same_value(&Kind::Text, &a.to_value(), &b.to_value());
        };
        if self.is_null(field, a) || self.is_null(field, b) {
            return self.is_null(field, a) && self.is_null(field, b);
        }
        let glance = self.same_at_a_glance(field, a, b);
        glance.unwrap_or_else(|| self.same_value(field, &a.to_value(), &b.to_value()))
    }

    /// A base with only what its fields read today: after a change of the schema, a value that is no longer of its
    /// field's kind is no base.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("born", Kind::DATE)).build()?;
    /// let base = schema.record(&serde_json::json!({"born": "spring 1990"}))?; // was a text once
    /// assert!(schema.accepted(&base).field(0).is_missing());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accepted(&self, base: &Record) -> Record {
        let reads = |(position, raw): (usize, FieldRef<'_>)| match self.fields().get(position) {
            Some(field) => self.is_null(field, raw) || self.canonical_in(position, base).is_ok(),
            None => true,
        };
        if base.fields().enumerate().all(reads) {
            return base.clone();
        }
        let mut row = RecordBuilder::new(base.len());
        for (position, raw) in base.fields().enumerate().filter(|&pair| reads(pair)) {
            // Every part of a row fits into a row.
            let _ = row.set_field(position, raw);
        }
        if let Value::Map(extra) = base.extra().to_value() {
            let _ = row.set_extra(extra);
        }
        row.finish()
    }

    /// Whether a raw value is of the field's kind, where that can be told without building its canonical form.
    pub(crate) fn reads_at_a_glance(&self, field: &Field, raw: FieldRef<'_>) -> bool {
        let Some(bytes) = raw.text_bytes() else { return false };
        match &field.kind {
            Kind::Text | Kind::Name | Kind::Code | Kind::Address => true,
            Kind::Phone { region } => phone::is_at_a_glance(bytes, *region),
            Kind::Email if email::is_at_a_glance(bytes) => true,
            Kind::Custom(_) => false,
            // What is none of these kinds is equal to nothing.
            kind => kind.is_scalar() && raw.text().is_some_and(|raw| self.same_text(kind, raw, raw)),
        }
    }

    /// Whether two raw values, neither of them null, are one value to the field's kind, where that can be told without
    /// building their canonical forms.
    pub(crate) fn same_at_a_glance(&self, field: &Field, a: FieldRef<'_>, b: FieldRef<'_>) -> Option<bool> {
        if a == b {
            return Some(true);
        }
        let (one, other) = (a.text_bytes()?, b.text_bytes()?);
        let glance = match &field.kind {
            Kind::Text => Some(text::same_bytes(one, other)),
            Kind::Name => Some(name::same_bytes(one, other)),
            Kind::Code => Some(code::same_bytes(one, other)),
            Kind::Address => Some(address::same_bytes(one, other)),
            Kind::Email => email::same_at_a_glance(one, other),
            Kind::Phone { region } => phone::same_at_a_glance(one, other, *region),
            _ => None,
        };
        glance.or_else(|| self.same_texts_at_a_glance(&field.kind, a.text()?, b.text()?))
    }

    fn same_texts_at_a_glance(&self, kind: &Kind, a: &str, b: &str) -> Option<bool> {
        match kind {
            Kind::Phone { region } => (phone::alike(a, b) && phone::same(a, b, *region)).then_some(true),
            Kind::Custom(_) => None,
            kind => kind.is_scalar().then(|| self.same_text(kind, a, b)),
        }
    }

    /// Whether two values are one to a field, or to a kind alone.
    pub(crate) fn same_value<'k>(&self, reading: impl Into<Reading<'k>>, a: &Value, b: &Value) -> bool {
        let reading = reading.into();
        if a == b {
            return true;
        }
        // Nearly every record of a set is the same on both sides, and needs no canonical form.
        if let (Some(Kind::SetOfRecords { key, of }), Value::List(_), Value::List(_)) = (reading.kind, a, b) {
            return self.same_records(key, reading.inside(Some(of)), a, b);
        }
        matches!((self.canonical_of(reading, a), self.canonical_of(reading, b)), (Ok(a), Ok(b)) if a == b)
    }

    fn same_text(&self, kind: &Kind, a: &str, b: &str) -> bool {
        match kind {
            Kind::Text => text::same(a, b),
            Kind::Name => name::same(a, b),
            Kind::Email => email::same(a, b),
            Kind::Phone { region } => phone::same(a, b, *region),
            Kind::Code => code::same(a, b),
            Kind::Date { formats, zone: None } => date::same(a, b, formats),
            // Not by their value: what cannot be read equals itself there, and is no day.
            Kind::Date { formats, zone } => {
                let day = |raw| date::canonical_in(raw, formats, *zone);
                matches!((day(a), day(b)), (Ok(a), Ok(b)) if a == b)
            }
            Kind::Timestamp(notation) => notation.same(a, b),
            Kind::Integer => integer::same(a, b),
            Kind::Decimal(notation) => notation.same(a, b),
            Kind::Boolean(words) => words.same(a, b),
            Kind::Address => address::same(a, b),
            kind => self.same_value(kind, &Value::from(a), &Value::from(b)),
        }
    }

    pub(super) fn canonical_text<'a>(
        &self,
        kind: &Kind,
        region: Option<Region>,
        raw: &'a str,
    ) -> Result<Cow<'a, str>, Problem> {
        match kind {
            Kind::Name => Ok(name::canonical(raw)),
            Kind::Email => email::canonical(raw),
            Kind::Code => Ok(code::canonical(raw)),
            Kind::Phone { region: own } => phone::canonical(raw, region.unwrap_or(*own)),
            Kind::Date { formats, zone } => date::canonical_in(raw, formats, *zone),
            Kind::Timestamp(notation) => notation.canonical(raw),
            Kind::Integer => integer::canonical(raw),
            Kind::Decimal(notation) => notation.canonical(raw),
            Kind::Boolean(words) => words.canonical(raw).map(Cow::Borrowed),
            Kind::Address => Ok(address::canonical(raw)),
            Kind::Custom(name) => self.canonical_custom(name, &Value::from(raw)).map(Cow::Owned),
            _ => Ok(text::canonical(raw)),
        }
    }

    fn canonical_custom(&self, name: &str, raw: &Value) -> Result<String, Problem> {
        match self.custom_kind(name) {
            Some(kind) => kind.canonical(raw),
            None => Err(Problem::Custom(format!("is of the kind `{name}`, which is not registered"))),
        }
    }

    /// The canonical form of a value that may be nested; null stays null, and so does what is declared to be.
    pub(crate) fn canonical_of<'k>(&self, reading: impl Into<Reading<'k>>, raw: &Value) -> Result<Value, Problem> {
        let reading = reading.into();
        let Some(kind) = reading.kind else { return Ok(untyped(reading, raw)) };
        match (kind, raw) {
            (_, Value::Null) => Ok(Value::Null),
            (_, raw) if reading.is_declared_null(raw) => Ok(Value::Null),
            (Kind::Set { of, delimiter }, raw) => match elements(raw, delimiter.as_deref()) {
                Some(list) => self.canonical_set(reading.inside(Some(of)), &list, delimiter.is_some()),
                None => Err(wrong_type("a list", raw)),
            },
            (Kind::SetOfRecords { key, of }, value) => self.canonical_records(key, reading.inside(Some(of)), value),
            (Kind::List, Value::List(_)) | (Kind::Map, Value::Map(_)) => Ok(untyped(reading, raw)),
            (Kind::Record { fields, .. }, Value::Map(map)) => self.canonical_record(reading, fields, map),
            (Kind::List, other) => Err(wrong_type("a list", other)),
            (Kind::Map | Kind::Record { .. }, other) => Err(wrong_type("an object", other)),
            (Kind::Custom(name), raw) => self.canonical_custom(name, raw).map(Value::Text),
            (_, Value::List(_) | Value::Map(_)) => Err(wrong_type("one value", raw)),
            (_, Value::Float(float)) if !float.is_finite() => Err(Problem::NotFinite),
            (Kind::Decimal(notation), Value::Int(_) | Value::Float(_)) => {
                let text = scalar_text(raw);
                notation.of_numbers().canonical(&text).map(|text| typed(kind, text.into_owned()))
            }
            (kind, raw) => {
                let raw = scalar_text(raw);
                self.canonical_text(kind, reading.region, &raw).map(|text| typed(kind, text.into_owned()))
            }
        }
    }

    /// `by_text`: the set may be written as one text, which cannot state that a set is empty.
    fn canonical_set(&self, of: Reading<'_>, list: &[Value], by_text: bool) -> Result<Value, Problem> {
        let mut set = BTreeMap::new();
        for (place, element) in list.iter().enumerate() {
            let canonical = self.canonical_of(of, element).map_err(|problem| problem.inside(&place.to_string()))?;
            if !canonical.is_null() {
                set.insert(scalar_text(&canonical).into_owned(), canonical);
            }
        }
        if by_text && set.is_empty() {
            return Ok(Value::Null);
        }
        Ok(Value::List(set.into_values().collect()))
    }

    fn canonical_record(
        &self,
        reading: Reading<'_>,
        kinds: &BTreeMap<String, Kind>,
        map: &BTreeMap<String, Value>,
    ) -> Result<Value, Problem> {
        let mut canonical = BTreeMap::new();
        for (key, raw) in map {
            let value =
                self.canonical_of(reading.inside(kinds.get(key)), raw).map_err(|problem| problem.inside(key))?;
            if !value.is_null() {
                canonical.insert(key.clone(), value);
            }
        }
        Ok(Value::Map(canonical))
    }

    /// Whether no number in a field's raw value may be another one than was said: it was read exactly, or what was rounded
    /// is behind the digits that count.
    pub(crate) fn is_exact(&self, field: &Field, raw: FieldRef<'_>) -> bool {
        raw.is_exact() || counts_exactly(&field.kind, &raw.to_value())
    }
}

/// Whether every double in a value is exact in the digits that its kind counts.
fn counts_exactly(kind: &Kind, raw: &Value) -> bool {
    match (kind, raw) {
        (Kind::Decimal(notation), Value::Float(float)) => notation.is_exact(*float),
        (Kind::Decimal(_), Value::Text(_) | Value::Int(_) | Value::Null) => true,
        (Kind::Set { of, .. }, Value::List(list)) => list.iter().all(|element| counts_exactly(of, element)),
        _ => false,
    }
}

/// Whether there is no value in it but null.
pub(super) fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(list) => list.iter().all(is_hollow),
        Value::Map(map) => map.values().all(is_hollow),
        _ => false,
    }
}

fn typed(kind: &Kind, text: String) -> Value {
    match kind {
        _ if text.is_empty() => Value::Null,
        Kind::Boolean(_) => Value::Bool(text == "true"),
        // Beyond 64 bits a number is kept as its digits: most readers of JSON would round it.
        Kind::Integer => text.parse::<i64>().map_or(Value::Text(text), Value::from),
        _ => Value::Text(text),
    }
}

/// Inside a map nothing is declared but nulls: text is compared as text, numbers by value, a key that is null as one that
/// is not there.
fn untyped(reading: Reading<'_>, raw: &Value) -> Value {
    match raw {
        raw if reading.is_declared_null(raw) => Value::Null,
        Value::Text(raw) => match text::canonical(raw) {
            blank if blank.is_empty() => Value::Null,
            text => Value::Text(text.into_owned()),
        },
        Value::Float(float) => whole(*float).map_or(Value::Float(*float), Value::Int),
        Value::Int(int) => long(*int).map_or(Value::Int(*int), Value::Float),
        Value::List(list) => Value::List(list.iter().map(|value| untyped(reading, value)).collect()),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), untyped(reading, value)));
            Value::Map(entries.filter(|(_, value)| !value.is_null()).collect())
        }
        other => other.clone(),
    }
}

/// A double as the whole number that it is, if that has at most 64 bits.
fn whole(float: f64) -> Option<i128> {
    const BITS: std::ops::Range<f64> = -9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0;
    (float.fract() == 0.0 && BITS.contains(&float)).then_some(float as i128)
}

/// A whole number of more bits as the double that it is, if it is one.
fn long(int: i128) -> Option<f64> {
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    let float = int as f64;
    (whole(float).is_none() && float < LIMIT && float as i128 == int).then_some(float)
}

pub(super) fn wrong_type(expected: &str, found: &Value) -> Problem {
    Problem::WrongType { expected: expected.to_owned(), found: found.shape().to_owned() }
}

//! Places inside a value, as JSON Pointers (RFC 6901) in which the record of a set stands by its name:
//! `/type=work/value`.

use std::collections::BTreeMap;

use super::parts::{PartChange, part, with_parts};
use super::{Field, Kind, Reading, Schema, Strategy, Unit};
use crate::value::{Value, pointer};

/// The parts of a JSON Pointer.
fn steps(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

/// Several places, each looked for once, however many there are.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Whether this is one of the places.
    is_end: bool,
    below: BTreeMap<String, Places>,
}

impl Places {
    /// The places of these pointers.
    pub(crate) fn of<'p>(pointers: impl IntoIterator<Item = &'p String>) -> Self {
        let mut places = Self::default();
        for pointer in pointers {
            let mut at = &mut places;
            for step in steps(pointer) {
                at = at.below.entry(step).or_default();
            }
            at.is_end = true;
        }
        places
    }
}

impl Places {
    /// Leaves out the places that are enforced, where the innermost strategy that is stated decides. Whether any is left.
    pub(crate) fn retain_free(&mut self, reading: Reading<'_>, is_enforced: bool) -> bool {
        if self.is_end {
            return !is_enforced;
        }
        self.below.retain(|step, below| {
            let own = reading.kind.and_then(|kind| kind.strategy_of(step)).map(|own| *own == Strategy::Enforced);
            below.retain_free(reading.part(step), own.unwrap_or(is_enforced))
        });
        !self.below.is_empty()
    }
}

/// What stands at a place: how it is read, and its value, if there is one.
pub(crate) type Found<'k, 'v> = (Reading<'k>, Option<&'v Value>);

impl Schema {
    /// What stands at each of the places, in their order.
    pub(crate) fn find<'k, 'v>(&self, reading: Reading<'k>, value: &'v Value, places: &Places) -> Vec<Found<'k, 'v>> {
        let mut found = Vec::new();
        self.find_at(reading, Some(value), places, &mut found);
        found
    }

    fn find_at<'k, 'v>(
        &self,
        reading: Reading<'k>,
        value: Option<&'v Value>,
        places: &Places,
        found: &mut Vec<Found<'k, 'v>>,
    ) {
        if places.is_end {
            found.push((reading, value));
            return;
        }
        let parts = value.and_then(|value| self.parts(reading, value)).unwrap_or_default();
        for (step, below) in &places.below {
            let inner = part(&parts, step).map(|part| part.value);
            self.find_at(reading.part(step), inner, below, found);
        }
    }

    /// The value with another one at a place; null takes away what stands there. `None` if that would give a record of a set
    /// another key.
    pub(crate) fn put(&self, reading: Reading<'_>, value: &Value, place: &str, new: &Value) -> Option<Value> {
        self.put_at(reading, value, &steps(place).collect::<Vec<_>>(), new)
    }

    fn put_at(&self, reading: Reading<'_>, value: &Value, steps: &[String], new: &Value) -> Option<Value> {
        let Some((step, rest)) = steps.split_first() else { return Some(new.clone()) };
        let parts = self.parts(reading, value).unwrap_or_default();
        let old = part(&parts, step).map_or(&Value::Null, |part| part.value);
        let next = self.put_at(reading.part(step), old, rest, new)?;
        let is_gone = rest.is_empty() && next.is_null();
        if let Some(Kind::SetOfRecords { key, of }) = reading.kind
            && !is_gone
            && self.record_name(key, reading.inside(Some(of)), &next).ok()?.as_ref() != Some(step)
        {
            return None;
        }
        Some(with_parts(reading.kind, value.clone(), &parts, vec![(step.as_str().into(), (!is_gone).then_some(next))]))
    }

    /// The places at which two values differ: the deepest that tell it.
    pub(crate) fn differences(&self, reading: Reading<'_>, a: &Value, b: &Value) -> Places {
        let mut places = Places::default();
        if a == b {
            return places;
        }
        let sides = [a, b].map(|side| self.parts(reading, side).filter(|_| reading.kind.is_none_or(Kind::is_granular)));
        let [Some(one), Some(other)] = sides else {
            places.is_end = !self.same_value(reading, a, b);
            return places;
        };
        for name in one.iter().chain(&other).map(|part| &part.name) {
            let [a, b] = [&one, &other].map(|parts| part(parts, name).map(|part| part.value));
            let below = match (a, b) {
                (Some(a), Some(b)) => self.differences(reading.part(name), a, b),
                _ => Places { is_end: true, below: BTreeMap::new() },
            };
            if below.is_end || !below.below.is_empty() {
                places.below.insert(name.clone().into_owned(), below);
            }
        }
        places
    }

    /// The value with what another one has at the places; where that has nothing, it is taken away. What has no parts on
    /// the way gets them.
    pub(crate) fn graft(&self, reading: Reading<'_>, value: &Value, from: Option<&Value>, places: &Places) -> Value {
        if places.is_end {
            return from.cloned().unwrap_or_default();
        }
        let source = from.and_then(|from| self.parts(reading, from)).unwrap_or_default();
        let parts = self.parts(reading, value).unwrap_or_default();
        let mut changes: Vec<(usize, PartChange<'_>)> = Vec::new();
        for (step, below) in &places.below {
            let (old, new) = (part(&parts, step), part(&source, step));
            let change = match (below.is_end, old, new) {
                (_, None, None) => continue,
                (true, _, new) => new.map(|part| part.value.clone()),
                (false, old, new) => {
                    let old = old.map_or(&Value::Null, |part| part.value);
                    Some(self.graft(reading.part(step), old, new.map(|part| part.value), below))
                }
            };
            changes.push((new.map_or(usize::MAX, |part| part.place), (step.as_str().into(), change)));
        }
        if changes.is_empty() {
            return value.clone();
        }
        // What is new to a set comes in the order that it has at the other one.
        changes.sort_by_key(|(place, _)| *place);
        with_parts(reading.kind, value.clone(), &parts, changes.into_iter().map(|(_, change)| change).collect())
    }
}

impl Schema {
    /// The value of a field with what another value has at some places; where that has nothing, it is taken away. The records
    /// of a set keep their order, and new ones stand at the end.
    ///
    /// A place is a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)), as a
    /// [`Collision`](crate::resolve::Collision) has it. There is no such position: as for a map.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::value::Value;
    /// let kind = Kind::set_of_records(["k"], [("k", Kind::Email), ("n", Kind::Integer)]);
    /// let schema = Schema::builder().field(Field::new("f", kind)).build()?;
    /// let list = |json: &str| serde_json::from_str::<Value>(json);
    /// let own = list(r#"[{"k": "a@b.ie", "n": 1}, {"k": "c@d.ie"}]"#)?;
    /// let other = list(r#"[{"k": "e@f.ie"}, {"k": "A@B.ie", "n": 2, "m": 3}]"#)?;
    /// let places = ["/k=a@b.ie/n", "/k=c@d.ie"].map(str::to_owned);
    /// assert_eq!(
    ///     schema.grafted(0, &own, &other, &places),
    ///     list(r#"[{"k": "a@b.ie", "n": 2}]"#)?
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn grafted(&self, position: usize, value: &Value, from: &Value, places: &[String]) -> Value {
        let reading = self.fields().get(position).map_or(Reading::NOTHING, Field::reading);
        self.graft(reading, value, Some(from), &Places::of(places))
    }

    /// A place in a field for a text that holds no values: of a record in a set it names the fields of the key.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let kind = Kind::set_of_records(["k"], [("k", Kind::Email), ("n", Kind::Integer)]);
    /// let schema = Schema::builder().field(Field::new("f", kind)).build()?;
    /// assert_eq!(schema.told_place(0, "/k=a@b.ie/n"), "/k=…/n");
    /// // The keys of a map are told: nothing says that they are anybody's.
    /// assert_eq!(schema.told_place(1, "/a~1b"), "/a~1b");
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn told_place(&self, position: usize, place: &str) -> String {
        self.fields().get(position).map_or_else(|| place.to_owned(), |field| told_place(field.kind(), place))
    }

    /// The innermost strategy that is stated inside a field for a place in it.
    pub(crate) fn strategy_at(&self, unit: Unit, place: &str) -> Option<&Strategy> {
        let Unit::Field(position) = unit else { return None };
        let mut reading = self.fields().get(position).map_or(Reading::NOTHING, Field::reading);
        let mut strategy = None;
        for step in steps(place) {
            strategy = reading.kind.and_then(|kind| kind.strategy_of(&step)).or(strategy);
            reading = reading.part(&step);
        }
        strategy
    }

    /// The kind that is declared for a place in a field; none for a key that the schema does not have.
    ///
    /// ```
    /// use tripartite::schema::{Field, Kind, Schema};
    /// let kind = Kind::set_of_records(["k"], [("k", Kind::Email), ("n", Kind::Integer)]);
    /// let schema = Schema::builder().field(Field::new("f", kind)).build()?;
    /// assert_eq!(schema.kind_at(0, "/k=a@b.ie/n"), Some(&Kind::Integer));
    /// assert_eq!(schema.kind_at(0, "/k=a@b.ie/m"), None);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn kind_at(&self, position: usize, place: &str) -> Option<&Kind> {
        let field = self.fields().get(position).map_or(Reading::NOTHING, Field::reading);
        steps(place).fold(field, |reading, step| reading.part(&step)).kind
    }
}

/// A place for a text that holds no values: of a record in a set it has the fields of the key, without what they are.
pub(crate) fn told_place(kind: &Kind, place: &str) -> String {
    let mut reading = Reading::from(kind);
    let step = |step: String| {
        let outer = reading;
        reading = outer.part(&step);
        match outer.kind {
            Some(Kind::SetOfRecords { key, .. }) => format!("{}=…", key.join(",")),
            _ => step,
        }
    };
    pointer(&steps(place).map(step).collect::<Vec<_>>())
}

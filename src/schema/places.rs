//! Places inside a value, as JSON Pointers (RFC 6901) in which the record of a set stands by its name:
//! `/type=work/value`.

use std::collections::BTreeMap;

use super::parts::{PartChange, part, part_kind, with_parts};
use super::{Kind, Schema};
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

/// What stands at a place: its kind, if one is declared, and its value, if there is one.
pub(crate) type Found<'k, 'v> = (Option<&'k Kind>, Option<&'v Value>);

impl Schema {
    /// What stands at each of the places, in their order.
    pub(crate) fn find<'k, 'v>(&self, kind: Option<&'k Kind>, value: &'v Value, places: &Places) -> Vec<Found<'k, 'v>> {
        let mut found = Vec::new();
        self.find_at(kind, Some(value), places, &mut found);
        found
    }

    fn find_at<'k, 'v>(
        &self,
        kind: Option<&'k Kind>,
        value: Option<&'v Value>,
        places: &Places,
        found: &mut Vec<Found<'k, 'v>>,
    ) {
        if places.is_end {
            found.push((kind, value));
            return;
        }
        let parts = value.and_then(|value| self.parts(kind, value)).unwrap_or_default();
        for (step, below) in &places.below {
            let inner = part(&parts, step).map(|part| part.value);
            self.find_at(part_kind(kind, step), inner, below, found);
        }
    }

    /// The value with what another one has at the places; where that has nothing, it is taken away. What has no parts on
    /// the way gets them.
    pub(crate) fn graft(&self, kind: Option<&Kind>, value: &Value, from: Option<&Value>, places: &Places) -> Value {
        if places.is_end {
            return from.cloned().unwrap_or_default();
        }
        let source = from.and_then(|from| self.parts(kind, from)).unwrap_or_default();
        let parts = self.parts(kind, value).unwrap_or_default();
        let mut changes: Vec<(usize, PartChange<'_>)> = Vec::new();
        for (step, below) in &places.below {
            let (old, new) = (part(&parts, step), part(&source, step));
            let change = match (below.is_end, old, new) {
                (_, None, None) => continue,
                (true, _, new) => new.map(|part| part.value.clone()),
                (false, old, new) => {
                    let old = old.map_or(&Value::Null, |part| part.value);
                    Some(self.graft(part_kind(kind, step), old, new.map(|part| part.value), below))
                }
            };
            changes.push((new.map_or(usize::MAX, |part| part.place), (step.as_str().into(), change)));
        }
        if changes.is_empty() {
            return value.clone();
        }
        // What is new to a set comes in the order that it has at the other one.
        changes.sort_by_key(|(place, _)| *place);
        with_parts(kind, value, &parts, changes.into_iter().map(|(_, change)| change).collect())
    }
}

/// A place for a text that holds no values: of a record in a set it has the fields of the key, without what they are.
pub(crate) fn told_place(kind: &Kind, place: &str) -> String {
    let mut kind = Some(kind);
    let step = |step: String| {
        let outer = kind;
        kind = part_kind(outer, &step);
        match outer {
            Some(Kind::SetOfRecords { key, .. }) => format!("{}=…", key.join(",")),
            _ => step,
        }
    };
    pointer(&steps(place).map(step).collect::<Vec<_>>())
}

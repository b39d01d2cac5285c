//! Answers to single places of a conflict inside an object or a set of records; the rest of it stays open.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::unit::{Here, Settled, Step, checked, read_here, written};
use super::{Answer, DecideError, unit_named};
use crate::schema::{Places, Schema, Unit};
use crate::store::{ConflictChange, OpenConflict};
use crate::value::{Record, Value};

/// The open conflict that a name means, and the place in it: `emails/type=work/value` is a place of `emails`.
pub(super) fn asked<'a, 'n>(open: &'a [OpenConflict], name: &'n str) -> Option<(&'a OpenConflict, Option<&'n str>)> {
    if let Some(whole) = open.iter().find(|conflict| conflict.unit == name) {
        return Some((whole, None));
    }
    let place = |conflict: &'a OpenConflict| {
        let place = name.strip_prefix(conflict.unit.as_str())?;
        conflict.paths.iter().any(|path| path == place).then_some((conflict, Some(place)))
    };
    open.iter().find_map(place)
}

/// Answers by place, to one conflict.
pub(super) struct ByPlace<'a> {
    pub(super) conflict: &'a OpenConflict,
    pub(super) answers: Vec<(&'a str, &'a Answer)>,
}

/// The answers of each conflict that is answered by places, in the order of the conflicts' names.
pub(super) fn by_conflict<'a>(answers: Vec<(&'a OpenConflict, &'a str, &'a Answer)>) -> BTreeMap<&'a str, ByPlace<'a>> {
    let mut all: BTreeMap<&str, ByPlace<'_>> = BTreeMap::new();
    for (conflict, place, answer) in answers {
        let of = all.entry(&conflict.unit).or_insert(ByPlace { conflict, answers: Vec::new() });
        of.answers.push((place, answer));
    }
    all
}

/// What the answers to some places of a conflict come to, one after the other.
pub(super) fn settle<'a>(
    schema: &Schema,
    base: &Record,
    local: &Record,
    asked: &ByPlace<'a>,
) -> Result<Settled<'a>, DecideError> {
    let ByPlace { conflict, answers } = asked;
    let unit = unit_named(schema, &conflict.unit);
    let Some(unit @ Unit::Field(position)) = unit else {
        return Err(DecideError::NoSuchUnit { unit: conflict.unit.clone() });
    };
    let here = read_here(schema, position, local);
    let answered: BTreeSet<&str> = answers.iter().map(|(place, _)| *place).collect();
    let (done, left): (Vec<&String>, Vec<&String>) =
        conflict.paths.iter().partition(|path| answered.contains(path.as_str()));
    let known = base.field(position);
    // Nobody knows what each part was, so the parts become known together.
    if known.is_missing() && !left.is_empty() {
        return Err(DecideError::AllPlaces { unit: conflict.unit.clone(), open: conflict.paths.len() });
    }
    let before = local.field(position).to_value();
    let (mut now, mut steps) = (before.clone(), Vec::new());
    for &(place, answer) in answers {
        let result = taken(schema, here, &now, conflict, place, answer)?;
        let local = now.clone();
        now = result.clone().unwrap_or(now);
        let conflict: Cow<'_, OpenConflict> =
            Cow::Owned(OpenConflict { paths: vec![place.to_owned()], ..(*conflict).clone() });
        let remote = Some(conflict.remote.clone());
        steps.push(Step { unit, conflict, answer, position, local, result, remote });
    }
    let advanced = match known.is_missing() {
        true => conflict.remote.clone(),
        false => schema.graft(here.0.reading(), &known.to_value(), Some(&conflict.remote), &Places::of(done)),
    };
    let change = match left.is_empty() {
        true => ConflictChange::Close { unit: conflict.unit.clone() },
        false => ConflictChange::Update(OpenConflict {
            paths: left.into_iter().cloned().collect(),
            base: Some(advanced.clone()),
            local: now.clone(),
            ..(*conflict).clone()
        }),
    };
    let written = written(schema, here, now, &before).map(|value| (position, value));
    Ok(Settled { steps, written: written.into_iter().collect(), advanced: vec![(position, advanced)], change })
}

/// The host's value after one answer; `None` if it stays.
fn taken(
    schema: &Schema,
    here: Here<'_>,
    now: &Value,
    conflict: &OpenConflict,
    place: &str,
    answer: &Answer,
) -> Result<Option<Value>, DecideError> {
    let next = match answer {
        Answer::TakeLocal => return Ok(None),
        Answer::TakeRemote => {
            schema.graft(here.0.reading(), now, Some(&conflict.remote), &Places::of([&place.to_owned()]))
        }
        Answer::Value(value) => {
            let name = format!("{}{place}", conflict.unit);
            schema.put(here.0.reading(), now, place, value).ok_or(DecideError::OtherKey { place: name })?
        }
    };
    // What is written is a value of the field.
    Ok(written(schema, here, checked(schema, here, &next)?, now))
}

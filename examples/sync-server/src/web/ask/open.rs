//! Conflicts, each with what its record says now.

use chrono::{DateTime, Utc};
use nightly_sync::desk::{self, Desk};
use nightly_sync::report::html::disputed;

use nightly_sync::store::{Access, OpenRow, Register, Snapshot, StoreError};
use sha2::{Digest, Sha256};
use tripartite::decide::{Explained, explain};
use tripartite::detect::Clash;
use tripartite::id::ExternalId;
use tripartite::schema::{Policy, Schema};
use tripartite::store::{Loaded, OpenConflict, WHOLE_RECORD};
use tripartite::value::Value;

use super::super::session::hex;
use super::super::value::hidden;
use super::super::wrong::Wrong;
use super::super::{Web, person::Person};
use crate::users::Role;

/// A conflict, as it stands now.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(crate) register: Register,
    pub(crate) id: String,
    /// Whom it is about; empty where no field says so.
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) clash: Clash,
    pub(crate) rule: String,
    pub(crate) places: Vec<String>,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) edited: bool,
    pub(crate) base: Option<Value>,
    pub(crate) local: Value,
    pub(crate) remote: Value,
    /// Each side with what the other one has where they are in dispute.
    pub(crate) beside: [Value; 2],
    /// What tells this question from the one that it becomes when a side moves.
    pub(crate) print: String,
    pub(crate) schema: Schema,
}

impl Conflict {
    pub(crate) fn is_whole(&self) -> bool {
        self.unit == WHOLE_RECORD
    }
}

/// Open conflicts behind one, at most so many. Without `all_values` those of sensitive fields are hidden.
pub(super) fn page(
    (web, desk): (&Web, &Desk),
    (id, unit): (&str, &str),
    most: usize,
    all_values: bool,
) -> Result<Vec<Conflict>, Wrong> {
    let found = desk.store().snapshot(|now| {
        let (mut found, mut after) = (Vec::new(), (id.to_owned(), unit.to_owned()));
        while found.len() < most {
            let page = now.open_page((&after.0, &after.1), most)?;
            let Some(last) = page.last() else { break };
            after = (last.external_id.clone(), last.conflict.unit.clone());
            for row in &page {
                found.extend(as_it_stands(now, (web, desk), row, all_values)?);
            }
        }
        found.truncate(most);
        Ok::<_, StoreError>(found)
    })?;
    Ok(found?)
}

/// One conflict; none, where it is not open.
pub(crate) fn conflict(
    web: &Web,
    person: &Person,
    register: &Register,
    id: &str,
    unit: &str,
) -> Result<Option<Conflict>, Wrong> {
    let desk = Desk::open(&web.host.db, register, Access::Read)?;
    let all_values = person.user.may(Role::Answer, register);
    let Ok(record) = ExternalId::new(id) else { return Ok(None) };
    let found = desk.store().snapshot(|now| {
        let Some(loaded) = now.record(&record)? else { return Ok(None) };
        let Some(conflict) = loaded.open.into_iter().find(|open| open.unit == unit) else { return Ok(None) };
        // Behind the record's id stand its conflicts about fields; the one about all of it comes before them.
        let rows = now.open_page((id, ""), 64)?;
        let row = rows.into_iter().find(|row| row.external_id == id && row.conflict.unit == unit);
        let row = row.unwrap_or_else(|| OpenRow {
            external_id: id.to_owned(),
            conflict,
            why: String::new(),
            opened_run: String::new(),
            edited: false,
        });
        as_it_stands(now, (web, &desk), &row, all_values)
    })?;
    Ok(found?)
}

fn as_it_stands(
    now: &Snapshot<'_>,
    (web, desk): (&Web, &Desk),
    row: &OpenRow,
    all_values: bool,
) -> Result<Option<Conflict>, StoreError> {
    let Ok(id) = ExternalId::new(&*row.external_id) else { return Ok(None) };
    let Some(loaded) = now.record(&id)? else { return Ok(None) };
    let told = explain(desk.policy(), &loaded);
    let Some(told) = told.into_iter().find(|told| told.conflict.unit == row.conflict.unit) else { return Ok(None) };
    let name = now.name(&row.external_id)?;
    let mark = print(web, &told.conflict, &told.now);
    Ok(Some(Conflict { print: mark, ..shown(desk, now.register().clone(), name, row, told, all_values) }))
}

fn shown(desk: &Desk, register: Register, name: String, row: &OpenRow, told: Explained, all_values: bool) -> Conflict {
    let schema = desk.schema();
    let Explained { conflict, rule, now, edited, .. } = told;
    let hide = |value: &Value| {
        if all_values { value.clone() } else { hidden(schema, &conflict.unit, value) }
    };
    let [local, remote] = [hide(&now), hide(&conflict.remote)];
    let beside = [(&local, &remote), (&remote, &local)].map(|(own, other)| disputed(schema, &conflict, own, other));
    let position = schema.position(&conflict.unit).filter(|_| !all_values);
    let place = |place: &String| match position {
        Some(position) => schema.told_place(position, place),
        None => place.clone(),
    };
    Conflict {
        register,
        id: row.external_id.clone(),
        name,
        since: since(&row.opened_run),
        places: conflict.paths.iter().map(place).collect(),
        base: conflict.base.as_ref().map(hide),
        clash: conflict.clash,
        edited: edited.is_some(),
        schema: schema.clone(),
        unit: conflict.unit,
        rule,
        local,
        remote,
        beside,
        print: String::new(),
    }
}

/// When a run began: its id begins with that.
pub(crate) fn since(run: &str) -> Option<DateTime<Utc>> {
    let end = run.find('Z')? + 1;
    Some(DateTime::parse_from_rfc3339(&run[..end]).ok()?.with_timezone(&Utc))
}

fn print(web: &Web, conflict: &OpenConflict, now: &Value) -> String {
    let asked = serde_json::to_vec(&(&web.state.secret, conflict, now)).unwrap_or_default();
    hex(&Sha256::digest(asked)[..16])
}

/// Whether the question of a record is still the one of this print.
pub(crate) fn is_same(web: &Web, policy: &Policy, loaded: &Loaded, unit: &str, asked: &str) -> bool {
    let told = explain(policy, loaded);
    told.iter().any(|told| told.conflict.unit == unit && print(web, &told.conflict, &told.now) == asked)
}

/// The field or group that an answer is about, as the schema has it; none, where it has none.
pub(crate) fn field_of(schema: &Schema, unit: &str) -> Option<String> {
    let unit = desk::unit_of(schema, unit);
    let is_known = unit == WHOLE_RECORD || schema.units().iter().any(|known| schema.unit_name(*known) == unit);
    is_known.then_some(unit)
}

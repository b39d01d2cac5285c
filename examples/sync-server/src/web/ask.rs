//! The questions: what waits for a person in all registers that they may see, page by page.

mod matches;
mod open;

use nightly_sync::desk::Desk;
use nightly_sync::store::{Access, Database, Register};
use serde::Deserialize;
use tripartite::drive::block_on;
use tripartite::plan::PlanId;
use tripartite::queue::Held;
use tripartite::run::Report;

pub(super) use self::matches::{Candidate, Who, waiting};
pub(super) use self::open::{Conflict, conflict, field_of, is_same, since};
use super::Web;
use super::person::Person;
use super::say::{key, link, named};
use super::wrong::Wrong;
use crate::users::Role;

/// So many questions a page has.
pub(super) const PAGE: usize = 20;

/// What waits for a person.
#[derive(Debug)]
pub(super) enum Question {
    /// A plan that a guard stopped.
    Blocked(Box<Plan>),
    /// Whether a record of the source is a member here.
    Who(Box<Who>),
    /// A conflict.
    Conflict(Box<Conflict>),
}

/// A plan that a guard stopped.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) register: Register,
    /// What the queue holds back. A run by hand leaves nothing behind that could be answered here.
    pub(super) held: Held,
    /// The report of the run that made it, where that is the last one.
    pub(super) report: Option<Report>,
}

/// Behind which question a page begins.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Place {
    /// Of this register alone.
    #[serde(default)]
    pub(super) only: String,
    /// Of this kind alone: `plan`, `who` or `conflict`.
    #[serde(default)]
    pub(super) kind: String,
    /// The register.
    #[serde(default)]
    pub(super) reg: String,
    /// The kind of the question; nothing for the first page.
    #[serde(default)]
    pub(super) at: String,
    /// The record, or the number in the last report.
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) unit: String,
}

impl Place {
    pub(super) fn address(&self) -> String {
        let Self { only, kind, reg, at, id, unit } = self;
        link("/questions", &[("only", only), ("kind", kind), ("reg", reg), ("at", at), ("id", id), ("unit", unit)])
    }

    fn wants(&self, kind: &str) -> bool {
        self.kind.is_empty() || self.kind == kind
    }
}

/// The registers that somebody may see, in their order.
pub(super) fn registers(web: &Web, person: &Person) -> Result<Vec<Register>, Wrong> {
    let all = match Database::open(&web.db, Access::Read) {
        Ok(database) => database.registers()?,
        // Jobs may be there before there are members.
        Err(error) if error.is_new() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(all.into_iter().filter(|register| person.user.role(register).is_some()).collect())
}

/// The questions of a page, and where the next one begins.
pub(super) fn gathered(
    web: &Web,
    person: &Person,
    from: &Place,
    all: &[Register],
) -> Result<(Vec<Question>, Option<Place>), Wrong> {
    let mut found = Vec::new();
    let mut begun = from.at.is_empty();
    for register in all {
        let is_first = !begun && key(register) == from.reg;
        if (!begun && !is_first) || (!from.only.is_empty() && from.only != named(register)) {
            continue;
        }
        begun = true;
        let behind = if is_first { from.clone() } else { Place::default() };
        of_register(web, person, register, &behind, from, &mut found)?;
        if found.len() > PAGE {
            break;
        }
    }
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|(_, place)| {
        let Place { only, kind, .. } = from.clone();
        Place { only, kind, ..place.clone() }
    });
    Ok((found.into_iter().map(|(question, _)| question).collect(), next))
}

fn of_register(
    web: &Web,
    person: &Person,
    register: &Register,
    behind: &Place,
    wanted: &Place,
    found: &mut Vec<(Question, Place)>,
) -> Result<(), Wrong> {
    let desk = Desk::open(&web.db, register, Access::Read)?;
    let place = |at: &str, id: &str, unit: &str| Place {
        reg: key(register),
        at: at.to_owned(),
        id: id.to_owned(),
        unit: unit.to_owned(),
        ..Place::default()
    };
    let report = desk.last_report()?;
    if behind.at.is_empty()
        && wanted.wants("plan")
        && let Some(plan) = blocked(web, register, report.as_ref())?
    {
        found.push((Question::Blocked(Box::new(plan)), place("plan", "", "")));
    }
    if matches!(&*behind.at, "" | "plan" | "who")
        && wanted.wants("who")
        && let Some(report) = &report
    {
        let from = behind.id.parse::<usize>().ok().filter(|_| behind.at == "who").map_or(0, |last| last + 1);
        for (number, who) in waiting(&desk, report, from, PAGE + 1 - found.len().min(PAGE))? {
            found.push((Question::Who(Box::new(who)), place("who", &number.to_string(), "")));
        }
    }
    if wanted.wants("conflict") && found.len() <= PAGE {
        let after = if behind.at == "conflict" { (&*behind.id, &*behind.unit) } else { ("", "") };
        let all_values = person.user.may(Role::Answer, register);
        for open in open::page((web, &desk), after, PAGE + 1 - found.len(), all_values)? {
            let place = place("conflict", &open.id, &open.unit);
            found.push((Question::Conflict(Box::new(open)), place));
        }
    }
    Ok(())
}

/// The plan of a register that waits for a person.
pub(super) fn blocked(web: &Web, register: &Register, report: Option<&Report>) -> Result<Option<Plan>, Wrong> {
    let Some(key) = register.key() else { return Ok(None) };
    let held = block_on(web.queue.slot(key)).ok().flatten().and_then(|slot| slot.held);
    let Some(held) = held else { return Ok(None) };
    let report = report.filter(|report| held.plan.parse::<PlanId>() == Ok(report.plan_id));
    Ok(Some(Plan { register: register.clone(), held, report: report.cloned() }))
}

/// How many conflicts are open in all of these.
pub(super) fn count(web: &Web, all: &[Register]) -> Result<u64, Wrong> {
    if all.is_empty() {
        return Ok(0);
    }
    let database = Database::open(&web.db, Access::Read)?;
    if database.registers()?.len() == all.len() {
        return Ok(database.count_conflicts()?);
    }
    let mut count = 0;
    for register in all {
        let desk = Desk::open(&web.db, register, Access::Read)?;
        count += desk.store().snapshot(|now| now.count_open())??;
    }
    Ok(count)
}

//! The questions: what waits for a person in all registers that they may see, page by page.

mod matches;
mod open;

use chrono::{DateTime, Utc};
use nightly_sync::desk::Desk;
use nightly_sync::kept;
use nightly_sync::store::{Access, Database, Register};
use serde::Deserialize;
use tripartite::drive::block_on;
use tripartite::plan::PlanId;
use tripartite::queue::Held;
use tripartite::run::{Report, RunOutcome};

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
    /// Its id.
    pub(super) id: String,
    /// Why it was stopped, in the words of the queue.
    pub(super) why: String,
    pub(super) since: DateTime<Utc>,
    /// Whether a run by hand made it: then it is stored as it is, and not made anew from the source.
    pub(super) is_by_hand: bool,
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
    Ok(seen(web, person)?.1)
}

/// The same, with the open database; none, where nobody has synced into it.
pub(super) fn seen(web: &Web, person: &Person) -> Result<(Option<Database>, Vec<Register>), Wrong> {
    match Database::open(&web.host.db, Access::Read) {
        Ok(database) => {
            let all = database.registers()?;
            Ok((Some(database), all.into_iter().filter(|register| person.user.role(register).is_some()).collect()))
        }
        // Jobs may be there before there are members.
        Err(error) if error.is_new() => Ok((None, Vec::new())),
        Err(error) => Err(error.into()),
    }
}

/// The questions of a page, and where the next one begins.
pub(super) fn gathered(
    web: &Web,
    person: &Person,
    from: &Place,
    (database, all): (&Database, &[Register]),
) -> Result<(Vec<Question>, Option<Place>), Wrong> {
    let mut found = Vec::new();
    let mut begun = from.at.is_empty();
    for register in all {
        let is_first = !begun && key(register) == from.reg;
        if (!begun && !is_first) || (!from.only.is_empty() && from.only != named(register)) {
            continue;
        }
        begun = true;
        if !asks(web, database, register)? {
            continue;
        }
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

/// Whether a register may ask something at all: to open one takes longer than to see that it does not.
fn asks(web: &Web, database: &Database, register: &Register) -> Result<bool, Wrong> {
    if database.count_conflicts_of(register)? > 0 {
        return Ok(true);
    }
    let is_held = |key| Ok::<_, Wrong>(block_on(web.host.queue.slot(key))?.is_some_and(|slot| slot.held.is_some()));
    if register.key().map(is_held).transpose()?.unwrap_or_default() {
        return Ok(true);
    }
    let last = database.last_report(register)?;
    Ok(last.is_some_and(|last| {
        last.outcome == RunOutcome::Blocked || last.set_aside.iter().any(|it| it.matched.is_some())
    }))
}

fn of_register(
    web: &Web,
    person: &Person,
    register: &Register,
    behind: &Place,
    wanted: &Place,
    found: &mut Vec<(Question, Place)>,
) -> Result<(), Wrong> {
    let desk = Desk::open(&web.host.db, register, Access::Read)?;
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
        && let Some(plan) = blocked(web, &desk, report.as_ref())?
    {
        found.push((Question::Blocked(Box::new(plan)), place("plan", "", "")));
    }
    if matches!(&*behind.at, "" | "plan" | "who")
        && wanted.wants("who")
        && let Some(report) = &report
    {
        let from = behind.id.parse::<usize>().ok().filter(|_| behind.at == "who").map_or(0, |last| last + 1);
        let all_values = person.user.may(Role::Answer, register);
        for (number, who) in waiting(&desk, report, from, PAGE + 1 - found.len().min(PAGE), all_values)? {
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

/// The plan of a register that waits for a person: what the queue holds back, or else a run by hand.
pub(super) fn blocked(web: &Web, desk: &Desk, report: Option<&Report>) -> Result<Option<Plan>, Wrong> {
    let register = desk.store().register().clone();
    let held = register.key().and_then(|key| block_on(web.host.queue.slot(key)).ok().flatten()?.held);
    if let Some(Held { plan: id, why, since, .. }) = held {
        let report = report.filter(|report| id.parse::<PlanId>() == Ok(report.plan_id)).cloned();
        return Ok(Some(Plan { register, id, why, since, is_by_hand: false, report }));
    }
    match report {
        Some(last) if kept::is_held(desk.store(), last)? => {
            let (id, since) = (last.plan_id.to_string(), last.at);
            Ok(Some(Plan { register, id, why: String::new(), since, is_by_hand: true, report: Some(last.clone()) }))
        }
        _ => Ok(None),
    }
}

/// How many conflicts are open in all of these.
pub(super) fn count(database: &Database, all: &[Register]) -> Result<u64, Wrong> {
    let mut count = 0;
    for register in all {
        count += database.count_conflicts_of(register)?;
    }
    Ok(count)
}

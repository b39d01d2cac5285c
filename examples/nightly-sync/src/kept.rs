//! What a run leaves behind for people: its report, what the source says of those about whom is asked who they are, and a
//! plan that a guard stopped in a run by hand; and for the next run, whether the first import is still to be ended.
//!
//! What a worker's run is stopped with is held in the queue, and made anew from the source. A run by hand may have had any
//! listing, so its plan itself is kept, until another run has ended, or a person has said what becomes of it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tripartite::drive::DriveError;
use tripartite::id::ExternalId;
use tripartite::matching::RulesError;
use tripartite::memory::Listing;
use tripartite::plan::{Plan, PlanError, PlanId};
use tripartite::run::{Done, Report, RunOutcome, Scope};
use tripartite::schema::{Policy, Schema};
use tripartite::value::Value;

use crate::audit_key::{self, KeyError};
use crate::progress::Progress;
use crate::store::{Access, Database, Place, Register, Store, StoreError};
use crate::sync;
use crate::term::Console;

/// So many of those that are asked about are kept with their values.
const MOST: usize = 1000;

const ASKED: &str = "asked";
const HELD: &str = "held_plan";
const HELD_OPS: &str = "held_plan_ops";
const IMPORT: &str = "import";

/// What the source says of a record, by the fields' names.
pub type Said = BTreeMap<String, Value>;

/// What the source says of those about whom the last run asks who they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Asked {
    run: String,
    said: BTreeMap<ExternalId, Said>,
}

impl Asked {
    fn of(schema: &Schema, done: &Done) -> Self {
        let said = done.asked.iter().take(MOST).map(|remote| {
            let stated = schema.fields().iter().zip(remote.record.fields()).filter(|(_, value)| !value.is_missing());
            let said = stated.map(|(field, value)| (field.name().to_owned(), value.to_value())).collect();
            (remote.id.clone(), said)
        });
        Self { run: done.report.run.to_string(), said: said.collect() }
    }

    /// What is kept of a run; nothing, where another one has ended since.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn by(store: &Store, report: &Report) -> Result<Self, StoreError> {
        let text = store.note(ASKED)?;
        let asked: Self = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(if asked.run == report.run.as_str() { asked } else { Self::default() })
    }

    /// What the source says of a record, where it is kept.
    pub fn get(&self, id: &ExternalId) -> Option<&Said> {
        self.said.get(id)
    }
}

/// Whether a run is the first import of a register, or goes on with one that was cut short. Its plan would be as large as
/// the register, so it is written page by page.
///
/// # Errors
/// [`StoreError`], when the database cannot be read or written, or the store is fenced off.
pub fn is_import(store: &Store, is_new: bool) -> Result<bool, StoreError> {
    if is_new {
        store.keep_note(IMPORT, Some("begun"))?;
    }
    Ok(is_new || store.note(IMPORT)?.is_some())
}

/// Keeps what a run leaves behind.
///
/// # Errors
/// [`StoreError`], when the database cannot be written, or the store is fenced off.
pub fn keep(store: &Store, done: &Done) -> Result<(), StoreError> {
    keep_with(store, done, None)
}

/// Keeps what a run by hand leaves behind that a guard stopped, with its plan. The register stays under the schema that it has:
/// nothing is kept of a run under another one, which the command approves that the run prints.
///
/// # Errors
/// [`StoreError`], when the database cannot be written.
pub fn keep_blocked(place: &Place, ran: &Store, done: &Done) -> Result<(), StoreError> {
    let database = Database::open(place, Access::Write)?;
    let said = |schema: &Schema| serde_json::to_string(schema).ok();
    let Some(settings) = database.settings(ran.register())? else { return Ok(()) };
    if said(&settings.schema) != said(ran.schema()) {
        return Ok(());
    }
    keep_with(&Store::of(ran.register().clone(), database, settings)?, done, done.plan.as_ref())
}

fn keep_with(store: &Store, done: &Done, held: Option<&Plan>) -> Result<(), StoreError> {
    if done.plan.is_none() {
        store.settle()?;
    }
    store.remember(&done.report)?;
    let ends_import = done.report.scope == Scope::All && done.report.outcome != RunOutcome::Failed;
    if ends_import && store.note(IMPORT)?.is_some() {
        store.keep_note(IMPORT, None)?;
    }
    let asked = Asked::of(store.schema(), done);
    if !asked.said.is_empty() || store.note(ASKED)?.is_some() {
        let text = serde_json::to_string(&asked).ok().filter(|_| !asked.said.is_empty());
        store.keep_note(ASKED, text.as_deref())?;
    }
    match held.and_then(|plan| Some((plan.id().to_string(), serde_json::to_string(plan).ok()?))) {
        Some((id, ops)) => {
            store.keep_note(HELD_OPS, Some(&ops))?;
            store.keep_note(HELD, Some(&id))
        }
        None => drop_held(store),
    }
}

/// Whether the plan that the last run was stopped with is kept, and waits for a person.
///
/// # Errors
/// [`StoreError`], when the database cannot be read.
pub fn is_held(store: &Store, last: &Report) -> Result<bool, StoreError> {
    if last.outcome != RunOutcome::Blocked {
        return Ok(false);
    }
    Ok(store.note(HELD)?.is_some_and(|id| id.parse() == Ok(last.plan_id)))
}

/// Forgets the plan that is kept.
///
/// # Errors
/// [`StoreError`], when the database cannot be written, or the store is fenced off.
pub fn drop_held(store: &Store) -> Result<(), StoreError> {
    if store.note(HELD)?.is_some() {
        store.keep_note(HELD, None)?;
        store.keep_note(HELD_OPS, None)?;
    }
    Ok(())
}

/// Why a plan that is stored is not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeldError {
    /// No plan is kept, or another one.
    #[error("the plan is no longer kept: another run has ended since, or somebody has decided")]
    Gone,
    /// It cannot be read.
    #[error("the plan cannot be read: {0}")]
    Plan(#[from] PlanError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key of the audit cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The match rules do not fit the schema.
    #[error(transparent)]
    Match(#[from] RulesError),
    /// The database failed; batches may have been written.
    #[error(transparent)]
    Driven(#[from] Box<DriveError<Infallible, StoreError>>),
}

/// What came of a plan that was carried out.
pub type Driven = Result<Done, DriveError<Infallible, StoreError>>;

/// Opens a register to carry out a plan, under its own schema.
///
/// # Errors
/// [`HeldError`], when there is no such register, or it cannot be used.
pub fn open(place: &Place, register: &Register) -> Result<Store, HeldError> {
    let database = Database::open(place, Access::Write)?;
    let settings = database.required(register)?;
    let key = audit_key::of(&settings.schema)?;
    Ok(Store::of(register.clone(), database, settings)?.audit_keyed(key))
}

/// Carries out a plan that a person has approved. It reads no source: records that were edited since are planned anew, or
/// skipped.
///
/// # Errors
/// [`HeldError`], when it cannot begin.
pub fn carry_out(
    place: &Place,
    store: &Store,
    plan: Plan,
    at: DateTime<Utc>,
    progress: &mut Progress,
) -> Result<Driven, HeldError> {
    let rules = Database::open(place, Access::Read)?.rules(store.register())?;
    let run = store.run(Policy::new(store.schema().clone()), at)?.matching(rules)?;
    let newer = store.runs_since(plan.made_after())?;
    let source = Listing::new(Vec::new());
    Ok(sync::drive(run.since(&newer).apply(plan), &source, store, None, progress))
}

/// Carries out the plan of this id that a run by hand was stopped with.
///
/// # Errors
/// [`HeldError`], when another one is kept, or the database cannot be used.
pub fn pass(place: &Place, register: &Register, plan: PlanId, at: DateTime<Utc>) -> Result<Report, HeldError> {
    let store = open(place, register)?;
    let is_kept = store.note(HELD)?.is_some_and(|id| id.parse() == Ok(plan));
    let ops = store.note(HELD_OPS)?.filter(|_| is_kept).ok_or(HeldError::Gone)?;
    let read = Plan::read(store.schema(), &mut serde_json::Deserializer::from_str(&ops))?;
    if read.id() != plan {
        return Err(HeldError::Gone);
    }
    let done = carry_out(place, &store, read, at, &mut Progress::of(&Console::silent()))?.map_err(Box::new)?;
    store.settle()?;
    store.approve_aside(&done.report)?;
    store.remember(&done.report)?;
    drop_held(&store)?;
    Ok(done.report)
}

//! What people decide: open conflicts, values brought back, what was set aside, and how long the audit remembers.

mod matches;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tripartite::decide::{Answer, DecideError, Decided, Filter, batch, decide, decide_many, explain, restore};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::run::Report;
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::store::{LoadRequest, Loaded, Op, OpOutcome, OpenConflict, RecordStore, WHOLE_RECORD};
use tripartite::value::Value;

use super::{PARTIAL, SUCCEEDED, now};
use crate::audit_key::{self, KeyError};
use crate::cli::{Ask, ConflictsArgs, DecideArgs, Given, PruneArgs, QuarantineArgs, RestoreArgs, Which};
use crate::shell;
use crate::store::{Access, Database, LOADED_AT_ONCE, Place, Register, Store, StoreError};
use crate::term::Console;

/// So often a record is loaded anew that somebody changes meanwhile.
const TRIES: usize = 3;

/// So many refusals are told.
const TOLD: usize = 20;

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("{file}: {error}")]
    Store { file: String, error: StoreError },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("no record is linked to the id {0}")]
    Unlinked(ExternalId),
    #[error("there is no member {0} here")]
    NobodyHere(LocalId),
    #[error("member {local} is linked to {holds} already, and a link is never moved")]
    HasAnother { local: LocalId, holds: String },
    #[error(
        "{id} is linked to another member here already: {holds}, whom no run created for it; if the two are one, say so \
             with --double {holds}, which gives the id up and is marked inactive"
    )]
    IsAnothers { id: ExternalId, holds: LocalId },
    #[error("{id} is linked to member {holds}: {refusal}; say --double {holds} if that is right")]
    DoubleEdited { id: ExternalId, holds: LocalId, refusal: DecideError },
    #[error("--double: {id} is not linked to member {double}")]
    NotDouble { id: ExternalId, double: LocalId },
    #[error("{id}: {refusal}")]
    Refused { id: ExternalId, refusal: DecideError },
    #[error("{id}: its row was deleted; enter it anew with its external id, and the next run fills it")]
    Deleted { id: ExternalId },
    #[error("{id}: it was changed by others at every try; try again")]
    Busy { id: ExternalId },
    #[error("{id}: {problem}")]
    Failed { id: ExternalId, problem: String },
    #[error("--value: `{unit}` is no single value, so it is stated as JSON: {problem}")]
    NoJson { unit: String, problem: String },
    #[error("there is no entry {0} in the audit that is about a field")]
    NoEntry(i64),
}

/// A register to be asked.
struct Desk {
    store: Store,
    policy: Policy,
    file: String,
}

impl Desk {
    fn open(db: &Place, register: &Register, access: Access) -> Result<Self, Problem> {
        let file = db.to_string();
        let stored = |error| Problem::Store { file: file.clone(), error };
        let database = Database::open(db, access).map_err(stored)?;
        let settings = database.required(register).map_err(stored)?;
        let policy = Policy::new(settings.schema.clone());
        let key = audit_key::of(&settings.schema)?;
        let store = Store::of(register.clone(), database, settings).map_err(stored)?.audit_keyed(key);
        Ok(Self { store, policy, file })
    }

    fn stored<T>(&self, result: Result<T, StoreError>) -> Result<T, Problem> {
        result.map_err(|error| Problem::Store { file: self.file.clone(), error })
    }

    fn schema(&self) -> &Schema {
        self.policy.schema()
    }

    fn run(&self) -> Result<RunId, Problem> {
        self.stored(self.store.next_run(&now()))
    }

    fn commit(&self, run: &RunId, ops: Vec<Op>) -> Result<Vec<OpOutcome>, Problem> {
        self.stored(block_on(self.store.commit(&batch(&self.policy, run.clone(), now(), ops, self.store.audit_key()))))
    }

    /// Writes ops that belong together: all of them, or nothing.
    fn commit_all(&self, run: &RunId, ops: Vec<Op>) -> Result<Vec<OpOutcome>, Problem> {
        let batch = batch(&self.policy, run.clone(), now(), ops, self.store.audit_key());
        self.stored(self.store.commit_all(&batch))
    }

    /// Writes what is decided of one record, which is looked at anew if somebody changes it meanwhile.
    fn write(&self, id: &ExternalId, op: impl Fn(&Loaded) -> Result<Op, Problem>) -> Result<(), Problem> {
        let run = self.run()?;
        for _ in 0..TRIES {
            let loaded = self.stored(self.store.record(id))?.ok_or_else(|| Problem::Unlinked(id.clone()))?;
            match self.commit(&run, vec![op(&loaded)?])?.pop() {
                Some(OpOutcome::Applied { .. }) => return Ok(()),
                Some(OpOutcome::Failed { problem }) => return Err(Problem::Failed { id: id.clone(), problem }),
                _ => {}
            }
        }
        Err(Problem::Busy { id: id.clone() })
    }
}

pub(super) fn answer_to(console: &mut Console, ask: &Ask) -> Result<u8, Problem> {
    match ask {
        Ask::Conflicts(args) => conflicts(console, args),
        Ask::Decide(args) => decided(console, args),
        Ask::Restore(args) => restored(console, args),
        Ask::Quarantine(args) => quarantine(console, args),
        Ask::Prune(args) => prune(console, args),
        Ask::Matches(args) => matches::list(console, args),
        Ask::Link(args) => matches::link(console, args),
        Ask::Unlike(args) => matches::unlike(console, args),
    }
}

fn conflicts(console: &mut Console, args: &ConflictsArgs) -> Result<u8, Problem> {
    let desk = Desk::open(&args.db, &args.register, Access::Read)?;
    let filter = Filter::default().field(args.field.clone());
    let options = shell::options(&args.db, &args.register);
    let mut count = 0;
    for ids in desk.stored(desk.store.disputed())?.chunks(LOADED_AT_ONCE) {
        let mut records = desk.stored(block_on(desk.store.load(&LoadRequest::of(ids.to_vec()))))?.linked;
        records.sort_by(|a, b| a.id.cmp(&b.id));
        for loaded in &records {
            for told in explain(&desk.policy, loaded) {
                if args.field.is_some() && !filter.fits(&desk.policy, loaded, &told.conflict) {
                    continue;
                }
                count += 1;
                let conflict = &told.conflict;
                let values = [("base", conflict.base.as_ref()), ("local", Some(&conflict.local))];
                let values =
                    values.into_iter().chain([("remote", Some(&conflict.remote)), ("now", told.edited.as_ref())]);
                let values = values.filter(|_| args.values).filter_map(|(side, value)| Some((side, value?)));
                if args.json {
                    let mut line = json!({
                        "external_id": told.id, "unit": conflict.unit, "fields": told.fields, "clash": conflict.clash,
                        "paths": places(desk.schema(), conflict, args.values), "rule": told.rule, "why": told.why, "edited": told.edited.is_some(),
                    });
                    values.for_each(|(side, value)| line[side] = json!(value));
                    console.print(line);
                    continue;
                }
                let unit = if conflict.unit == WHOLE_RECORD { "(the record)" } else { &conflict.unit };
                let is_told = args.values || is_plain(desk.schema(), conflict);
                let edited = if told.edited.is_some() { " Somebody edited it here since." } else { "" };
                let (id, unit) = (console.paint.cyan(&told.id), console.paint.bold(unit));
                console.print(format!("{id}  {unit}  {}{edited}", told.why));
                values.for_each(|(side, value)| console.print(format!("    {side:<6} {}", json!(value))));
                console.print(format!("    {}", shell::decide(&options, told.id.as_str(), &conflict.unit)));
                // One place is the whole question.
                for place in
                    places(desk.schema(), conflict, true).iter().filter(|_| is_told && conflict.paths.len() > 1)
                {
                    let part = format!("{}{place}", conflict.unit);
                    console.print(format!("    {}", shell::decide(&options, told.id.as_str(), &part)));
                }
            }
        }
    }
    if !args.json {
        console.say(format!("{count} open"));
    }
    if !args.json && count > 0 {
        console.say(format!("answer each {}", shell::ANSWERS));
    }
    Ok(SUCCEEDED)
}

/// The places of a conflict; those of a private field without the keys of its records, unless its values are asked for.
fn places(schema: &Schema, conflict: &OpenConflict, values: bool) -> Vec<String> {
    let position = schema.position(&conflict.unit).filter(|_| !values && !is_plain(schema, conflict));
    let told = |place: &String| position.map_or_else(|| place.clone(), |position| schema.told_place(position, place));
    conflict.paths.iter().map(told).collect()
}

fn is_plain(schema: &Schema, conflict: &OpenConflict) -> bool {
    schema.position(&conflict.unit).is_none_or(|position| schema.fields()[position].privacy().is_plain())
}

fn decided(console: &mut Console, args: &DecideArgs) -> Result<u8, Problem> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    match &args.which {
        Which::One(id, field) => {
            let unit = unit_of(desk.schema(), field);
            let answer = answer(desk.schema(), &unit, &args.given)?;
            desk.write(id, |loaded| {
                if unit == WHOLE_RECORD && answer == Answer::TakeRemote && loaded.revision.0 == 0 {
                    return Err(Problem::Deleted { id: id.clone() });
                }
                let refused = |refusal| Problem::Refused { id: id.clone(), refusal };
                decide(&desk.policy, loaded, &[(&unit, answer.clone())], &args.by).map_err(refused)
            })?;
            console.print("decided");
            Ok(SUCCEEDED)
        }
        Which::All(filter) => all(console, &desk, filter, args),
    }
}

/// What came of one answer to many conflicts.
#[derive(Default)]
struct Tally {
    closed: usize,
    skipped: usize,
    left: Vec<String>,
}

fn all(console: &mut Console, desk: &Desk, filter: &Filter, args: &DecideArgs) -> Result<u8, Problem> {
    let unit = filter.field.as_deref().map(|field| unit_of(desk.schema(), field)).unwrap_or_default();
    let answer = answer(desk.schema(), &unit, &args.given)?;
    let (run, mut tally) = (desk.run()?, Tally::default());
    for ids in desk.stored(desk.store.disputed())?.chunks(LOADED_AT_ONCE) {
        let mut ids = ids.to_vec();
        for turn in 0..TRIES {
            let records = desk.stored(block_on(desk.store.load(&LoadRequest::of(ids.clone()))))?.linked;
            let Decided { ops, skipped, refused, .. } = decide_many(&desk.policy, &records, filter, &answer, &args.by);
            if turn == 0 {
                tally.skipped += skipped;
                tally.left.extend(refused.iter().map(|it| format!("{}: {}", it.id, it.why)));
            }
            let told: Vec<_> = ops.iter().map(|op| (op.id.clone(), op.conflicts.len())).collect();
            ids.clear();
            for ((id, closes), outcome) in told.into_iter().zip(desk.commit(&run, ops)?) {
                match outcome {
                    OpOutcome::Applied { .. } => tally.closed += closes,
                    OpOutcome::Failed { problem } => tally.left.push(format!("{id}: {problem}")),
                    OpOutcome::Stale => ids.push(id),
                }
            }
            if ids.is_empty() {
                break;
            }
        }
        tally.left.extend(ids.into_iter().map(|id| Problem::Busy { id }.to_string()));
    }
    let Tally { closed, skipped, left } = tally;
    console.print(format!("{closed} decided, {skipped} not meant, {} left open", left.len()));
    left.iter().take(TOLD).for_each(|line| console.say(format!("  {line}")));
    if left.len() > TOLD {
        console.say(format!("  … and {} more", left.len() - TOLD));
    }
    Ok(if left.is_empty() { SUCCEEDED } else { PARTIAL })
}

/// What is declared for a place in a field, by the field's name and the place.
fn kind_at<'s>(schema: &'s Schema, name: &str) -> Option<&'s Kind> {
    let place = |field: &Field| name.strip_prefix(field.name()).filter(|place| place.starts_with('/'));
    let mut fields = schema.fields().iter().enumerate();
    fields.find_map(|(position, field)| schema.kind_at(position, place(field)?))
}

/// The name of the unit that a field is decided with.
fn unit_of(schema: &Schema, field: &str) -> String {
    let group = schema.position(field).and_then(|position| schema.group_of(position));
    group.map_or_else(|| field.to_owned(), |group| group.name().to_owned())
}

fn answer(schema: &Schema, unit: &str, given: &Given) -> Result<Answer, Problem> {
    let text = match given {
        Given::Local => return Ok(Answer::TakeLocal),
        Given::Remote => return Ok(Answer::TakeRemote),
        Given::Value(text) => text,
    };
    let kind = schema.position(unit).map(|position| schema.fields()[position].kind()).or_else(|| kind_at(schema, unit));
    let is_json = match kind {
        None => schema.units().iter().any(|known| schema.unit_name(*known) == unit),
        Some(Kind::Address) => text.trim_start().starts_with('{'),
        Some(kind) => !kind.is_scalar(),
    };
    if !is_json {
        return Ok(Answer::Value(Value::from(text.as_str())));
    }
    // What serde says of a text may quote it.
    let problem = |error: serde_json::Error| format!("it is not JSON at column {}", error.column());
    let value = serde_json::from_str(text).map_err(problem);
    value.map(Answer::Value).map_err(|problem| Problem::NoJson { unit: unit.to_owned(), problem })
}

fn restored(console: &mut Console, args: &RestoreArgs) -> Result<u8, Problem> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let found = desk.stored(desk.store.overwritten(args.seq))?;
    let (id, entries) = found.ok_or(Problem::NoEntry(args.seq))?;
    let entries: Vec<_> = entries.iter().collect();
    desk.write(&id, |loaded| {
        let refused = |refusal| Problem::Refused { id: id.clone(), refusal };
        restore(&desk.policy, loaded, &entries, &args.by).map_err(refused)
    })?;
    let fields: Vec<_> = entries.iter().map(|entry| entry.field.as_str()).collect();
    console.print(format!("{id}: restored {}", fields.join(", ")));
    Ok(SUCCEEDED)
}

/// The report of the last run, and a desk to look at its records; where there was none, that is said.
fn last_run(console: &mut Console, args: &QuarantineArgs) -> Result<Option<(Report, Desk)>, Problem> {
    let stored = |error| Problem::Store { file: args.db.to_string(), error };
    let report = Database::open(&args.db, Access::Read).and_then(|database| database.last_report(&args.register));
    match report.map_err(stored)? {
        Some(report) => Ok(Some((report, Desk::open(&args.db, &args.register, Access::Read)?))),
        None => {
            console.say("there was no run yet");
            Ok(None)
        }
    }
}

fn quarantine(console: &mut Console, args: &QuarantineArgs) -> Result<u8, Problem> {
    let Some((report, desk)) = last_run(console, args)? else { return Ok(SUCCEEDED) };
    let options = shell::options(&args.db, &args.register);
    for aside in &report.set_aside {
        if args.json {
            console.print(json!(aside));
            continue;
        }
        let id = aside.id.as_ref().map_or("no readable id", |id| id.as_str());
        let place = aside.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        console.print(format!("{}  {place}{}", console.paint.cyan(id), aside.problem));
        if matches::waits(&desk, aside)? {
            matches::print_answers(console, &desk, &options, aside)?;
        }
    }
    if !args.json {
        console.say(format!("{} set aside by run {}", report.set_aside.len(), report.run));
    }
    Ok(SUCCEEDED)
}

fn prune(console: &mut Console, args: &PruneArgs) -> Result<u8, Problem> {
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let forgotten = desk.stored(desk.store.prune_audit(args.before))?;
    console.print(format!("{forgotten} entries from before {} forgotten", time(&args.before)));
    Ok(SUCCEEDED)
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

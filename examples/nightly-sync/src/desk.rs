//! The desk at which a person decides: open conflicts, values brought back, who is who.
//!
//! A decision looks at the record as it is now and is written only if nobody changed it meanwhile; else the record is
//! looked at anew. The command line and a page of the same database decide here.

mod undo;
mod who;

use tripartite::decide::{Answer, DecideError, Decided, Filter, batch, decide, decide_many, restore};
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::run::Report;
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::store::{LoadRequest, Loaded, Op, OpOutcome, RecordStore, WHOLE_RECORD};
use tripartite::value::Value;

pub use self::undo::Overwritten;
pub use self::who::{Claim, Linked, Unlinked};
use crate::audit_key::{self, KeyError};
use crate::context::now;
use crate::store::{Access, Database, LOADED_AT_ONCE, Place, Register, Store, StoreError};

/// So often a record is loaded anew that somebody changes meanwhile.
const TRIES: usize = 3;

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The database cannot be used.
    #[error("{file}: {error}")]
    Store {
        /// The database.
        file: String,
        /// Why.
        error: StoreError,
    },
    /// The key of the audit cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The id is nobody's here.
    #[error("no record is linked to the id {0}")]
    Unlinked(ExternalId),
    /// There is no such member.
    #[error("there is no member {0} here")]
    NobodyHere(LocalId),
    /// The member has another id.
    #[error("member {local} is linked to {holds} already, and a link is never moved")]
    HasAnother {
        /// The member.
        local: LocalId,
        /// Its id.
        holds: String,
    },
    /// Another member has the id.
    #[error(
        "{id} is linked to another member here already: {holds}, whom no run created for it; if the two are one, say so \
             with --double {holds}, which gives the id up and is marked inactive"
    )]
    IsAnothers {
        /// The id.
        id: ExternalId,
        /// The member who has it.
        holds: LocalId,
    },
    /// The member who would give the id up was edited.
    #[error("{id} is linked to member {holds}: {refusal}; say --double {holds} if that is right")]
    DoubleEdited {
        /// The id.
        id: ExternalId,
        /// The member who has it.
        holds: LocalId,
        /// Why it is not given up.
        refusal: DecideError,
    },
    /// The member who is named as a double does not have the id.
    #[error("--double: {id} is not linked to member {double}")]
    NotDouble {
        /// The id.
        id: ExternalId,
        /// The member.
        double: LocalId,
    },
    /// The answer cannot be carried out.
    #[error("{id}: {refusal}")]
    Refused {
        /// The record.
        id: ExternalId,
        /// Why.
        refusal: DecideError,
    },
    /// The question is not the one that was answered: somebody decided it, or a side changed.
    #[error("{id}: this has changed since it was asked")]
    Moved {
        /// The record.
        id: ExternalId,
    },
    /// The row that would be active again is gone.
    #[error("{id}: its row was deleted; enter it anew with its external id, and the next run fills it")]
    Deleted {
        /// The record.
        id: ExternalId,
    },
    /// Others were faster every time.
    #[error("{id}: it was changed by others at every try; try again")]
    Busy {
        /// The record.
        id: ExternalId,
    },
    /// The store refuses it.
    #[error("{id}: {problem}")]
    Failed {
        /// The record.
        id: ExternalId,
        /// Why.
        problem: String,
    },
    /// What is no single value was not stated as JSON.
    #[error("--value: `{unit}` is no single value, so it is stated as JSON: {problem}")]
    NoJson {
        /// The field or group.
        unit: String,
        /// Where it is none.
        problem: String,
    },
    /// The audit has no such entry.
    #[error("there is no entry {0} in the audit that is about a field")]
    NoEntry(i64),
}

/// A register to be asked.
#[derive(Debug)]
pub struct Desk {
    store: Store,
    policy: Policy,
    db: Place,
}

/// What came of one answer to many conflicts.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many conflicts were closed.
    pub closed: usize,
    /// How many open ones were not meant.
    pub skipped: usize,
    /// Those that were meant and stay open, each with why.
    pub left: Vec<String>,
    /// Under which run the audit has it.
    pub run: Option<RunId>,
}

impl Desk {
    /// A register that is there, under its own schema.
    ///
    /// # Errors
    /// [`DeskError`], when there is no such register, or it cannot be used.
    pub fn open(db: &Place, register: &Register, access: Access) -> Result<Self, DeskError> {
        let stored = |error| DeskError::Store { file: db.to_string(), error };
        let database = Database::open(db, access).map_err(stored)?;
        let settings = database.required(register).map_err(stored)?;
        let policy = Policy::new(settings.schema.clone());
        let key = audit_key::of(&settings.schema)?;
        let store = Store::of(register.clone(), database, settings).map_err(stored)?.audit_keyed(key);
        Ok(Self { store, policy, db: db.clone() })
    }

    /// Its records.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What decides where no person does.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Its schema.
    pub fn schema(&self) -> &Schema {
        self.policy.schema()
    }

    /// The report of the last run; `None` before the first.
    ///
    /// # Errors
    /// [`DeskError`], when the database cannot be read.
    pub fn last_report(&self) -> Result<Option<Report>, DeskError> {
        let report = Database::open(&self.db, Access::Read);
        self.stored(report.and_then(|database| database.last_report(self.store.register())))
    }

    /// What the store answered, with the name of the database.
    ///
    /// # Errors
    /// That of the store.
    pub fn stored<T>(&self, result: Result<T, StoreError>) -> Result<T, DeskError> {
        result.map_err(|error| DeskError::Store { file: self.db.to_string(), error })
    }

    fn run(&self) -> Result<RunId, DeskError> {
        self.stored(self.store.next_run(&now()))
    }

    fn commit(&self, run: &RunId, ops: Vec<Op>) -> Result<Vec<OpOutcome>, DeskError> {
        self.stored(block_on(self.store.commit(&batch(&self.policy, run.clone(), now(), ops, self.store.audit_key()))))
    }

    /// Writes ops that belong together: all of them, or nothing.
    fn commit_all(&self, run: &RunId, ops: Vec<Op>) -> Result<Vec<OpOutcome>, DeskError> {
        let batch = batch(&self.policy, run.clone(), now(), ops, self.store.audit_key());
        self.stored(self.store.commit_all(&batch))
    }

    /// Writes what is decided of one record, which is looked at anew if somebody changes it meanwhile.
    fn write(&self, id: &ExternalId, op: impl Fn(&Loaded) -> Result<Op, DeskError>) -> Result<RunId, DeskError> {
        let run = self.run()?;
        for _ in 0..TRIES {
            let loaded = self.stored(self.store.record(id))?.ok_or_else(|| DeskError::Unlinked(id.clone()))?;
            match self.commit(&run, vec![op(&loaded)?])?.pop() {
                Some(OpOutcome::Applied { .. }) => return Ok(run),
                Some(OpOutcome::Failed { problem }) => return Err(DeskError::Failed { id: id.clone(), problem }),
                _ => {}
            }
        }
        Err(DeskError::Busy { id: id.clone() })
    }

    /// Decides one open conflict: of a field, its group, or the record as a whole. `is_asked` says of the record, as it is
    /// when the answer is written, whether the question is still the one that was answered. The audit has the decision under
    /// the run that is returned.
    ///
    /// # Errors
    /// [`DeskError`]; then nothing was decided.
    pub fn decide(
        &self,
        id: &ExternalId,
        unit: &str,
        answer: &Answer,
        by: &PersonId,
        is_asked: impl Fn(&Loaded) -> bool,
    ) -> Result<RunId, DeskError> {
        self.decide_places(id, &[(unit, answer.clone())], by, is_asked)
    }

    /// As [`decide`](Self::decide), with an answer for each of some places of a conflict, `emails/type=work/value`: all of
    /// them are decided, or none. Places without an answer stay open.
    ///
    /// # Errors
    /// [`DeskError`]; then nothing was decided.
    pub fn decide_places(
        &self,
        id: &ExternalId,
        answers: &[(&str, Answer)],
        by: &PersonId,
        is_asked: impl Fn(&Loaded) -> bool,
    ) -> Result<RunId, DeskError> {
        let takes_back = answers.iter().any(|(name, answer)| *name == WHOLE_RECORD && *answer == Answer::TakeRemote);
        self.write(id, |loaded| {
            if !is_asked(loaded) {
                return Err(DeskError::Moved { id: id.clone() });
            }
            if takes_back && loaded.local.fields().all(|field| field.is_missing()) {
                return Err(DeskError::Deleted { id: id.clone() });
            }
            let refused = |refusal| DeskError::Refused { id: id.clone(), refusal };
            decide(&self.policy, loaded, answers, by).map_err(refused)
        })
    }

    /// Gives one answer to all open conflicts that a filter means.
    ///
    /// # Errors
    /// [`DeskError`], when the database cannot be used; what was decided stays so.
    pub fn decide_all(&self, filter: &Filter, answer: &Answer, by: &PersonId) -> Result<Tally, DeskError> {
        let run = self.run()?;
        let mut tally = Tally { run: Some(run.clone()), ..Tally::default() };
        for ids in self.stored(self.store.disputed())?.chunks(LOADED_AT_ONCE) {
            let mut ids = ids.to_vec();
            for turn in 0..TRIES {
                let records = self.stored(block_on(self.store.load(&LoadRequest::of(ids.clone()))))?.linked;
                let decided = decide_many(&self.policy, &records, filter, answer, by);
                let Decided { ops, skipped, refused, .. } = decided;
                if turn == 0 {
                    tally.skipped += skipped;
                    tally.left.extend(refused.iter().map(|it| format!("{}: {}", it.id, it.why)));
                }
                let told: Vec<_> = ops.iter().map(|op| (op.id.clone(), op.conflicts.len())).collect();
                ids.clear();
                for ((id, closes), outcome) in told.into_iter().zip(self.commit(&run, ops)?) {
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
            tally.left.extend(ids.into_iter().map(|id| DeskError::Busy { id }.to_string()));
        }
        Ok(tally)
    }

    /// Brings back what an entry of the audit says was overwritten; answers with the record and its fields.
    ///
    /// # Errors
    /// [`DeskError`]; then nothing was brought back.
    pub fn restore(&self, seq: i64, by: &PersonId) -> Result<(ExternalId, Vec<String>), DeskError> {
        let found = self.stored(self.store.overwritten(seq))?;
        let (id, entries) = found.ok_or(DeskError::NoEntry(seq))?;
        let told: Vec<_> = entries.iter().collect();
        self.write(&id, |loaded| {
            let refused = |refusal| DeskError::Refused { id: id.clone(), refusal };
            restore(&self.policy, loaded, &told, by).map_err(refused)
        })?;
        let fields = entries.iter().map(|entry| entry.field.clone()).collect();
        Ok((id, fields))
    }
}

/// What is declared for a place in a field, by the field's name and the place.
fn kind_at<'s>(schema: &'s Schema, name: &str) -> Option<&'s Kind> {
    let place = |field: &Field| name.strip_prefix(field.name()).filter(|place| place.starts_with('/'));
    let mut fields = schema.fields().iter().enumerate();
    fields.find_map(|(position, field)| schema.kind_at(position, place(field)?))
}

/// The name of the unit that a field is decided with.
///
/// ```
/// use nightly_sync::desk::unit_of;
/// use tripartite::schema::{Field, Group, Kind, Schema};
/// let schema = Schema::builder()
///     .field(Field::new("first", Kind::Name))
///     .field(Field::new("last", Kind::Name))
///     .group(Group::new("name", ["first", "last"]))
///     .build()?;
/// assert_eq!((unit_of(&schema, "last"), unit_of(&schema, "other")), ("name".to_owned(), "other".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unit_of(schema: &Schema, field: &str) -> String {
    let group = schema.position(field).and_then(|position| schema.group_of(position));
    group.map_or_else(|| field.to_owned(), |group| group.name().to_owned())
}

/// A value that a person states for a unit, as its kind reads it: what is no single value is stated as JSON.
///
/// # Errors
/// [`DeskError::NoJson`], when it is none.
pub fn stated(schema: &Schema, unit: &str, text: &str) -> Result<Answer, DeskError> {
    let kind = schema.position(unit).map(|position| schema.fields()[position].kind()).or_else(|| kind_at(schema, unit));
    let is_json = match kind {
        None => schema.units().iter().any(|known| schema.unit_name(*known) == unit),
        Some(Kind::Address) => text.trim_start().starts_with('{'),
        Some(kind) => !kind.is_scalar(),
    };
    if !is_json {
        return Ok(Answer::Value(Value::from(text)));
    }
    // What serde says of a text may quote it.
    let problem = |error: serde_json::Error| format!("it is not JSON at column {}", error.column());
    let value = serde_json::from_str(text).map_err(problem);
    value.map(Answer::Value).map_err(|problem| DeskError::NoJson { unit: unit.to_owned(), problem })
}

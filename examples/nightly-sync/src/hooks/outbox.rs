//! What is still to be sent, in the database of the jobs.

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::history::{Doing, KeyStatus};
use tripartite::id::SyncKey;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::work::{Queue, WorkError};

use super::send::send;
use super::standing::Standing;
use super::told::{Message, Told};
use crate::config::{Event, Hook};
use crate::store::{Access, Database, Jobs, JobsError, Place, Register, StoreError};
use crate::work::{self, Commands};

/// So often a record is read anew that somebody changes meanwhile.
const TRIES: usize = 20;

/// Why a message is not noted or not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The jobs cannot be used.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// The queue cannot be read.
    #[error(transparent)]
    Queue(#[from] WorkError<JobsError>),
    /// The members cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was told of a register cannot be read.
    #[error("what was told of {register} cannot be read: {problem}")]
    Broken {
        /// The register.
        register: String,
        /// Why.
        problem: String,
    },
    /// Others were faster every time.
    #[error("what was told of {register} was changed by others at every try")]
    Busy {
        /// The register.
        register: String,
    },
}

/// What is still to be sent, and to whom.
pub struct Outbox<'a> {
    db: &'a Place,
    hooks: &'a [Hook],
    queue: Queue<Jobs>,
}

impl<'a> Outbox<'a> {
    /// That of a database.
    ///
    /// # Errors
    /// [`HookError`], when it cannot be used.
    pub fn open(db: &'a Place, hooks: &'a [Hook]) -> Result<Self, HookError> {
        Ok(Self { db, hooks, queue: work::queue(db)? })
    }

    /// The same, to read it only; none, while nothing was ever noted or enrolled in it.
    ///
    /// # Errors
    /// [`HookError`], when it cannot be read.
    pub fn open_to_read(db: &'a Place, hooks: &'a [Hook]) -> Result<Option<Self>, HookError> {
        Ok(work::queue_to_read(db)?.map(|queue| Self { db, hooks, queue }))
    }

    /// Notes how a register stands and since when, with what is new about it.
    ///
    /// # Errors
    /// [`HookError`]; then nothing was noted.
    pub fn note(
        &self,
        register: &Register,
        standing: &Standing,
        (at, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), HookError> {
        let mut standing = standing.clone();
        standing.commands.extend(self.commands(register));
        let name = register.to_string();
        self.change(register, |told| (told.observe(&name, &standing, self.hooks, (at, now)), ())).map(|_| ())
    }

    /// Notes how all jobs stand.
    ///
    /// # Errors
    /// [`HookError`], for the first that cannot be noted.
    pub fn note_jobs(&self, now: DateTime<Utc>) -> Result<(), HookError> {
        for key in work::known(&self.queue)? {
            let status = match block_on(self.queue.status(&key)) {
                Ok(Some(status)) => status,
                // A tick tells of a record that cannot be read.
                Ok(None) | Err(WorkError::Broken { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let Some(at) = status.last_at else { continue };
            let register = Register::of(&key);
            if self.told(&register)?.is_none_or(|told| told.is_older_than(at, now)) {
                self.note(&register, &self.standing(&key, &status)?, (at, now))?;
            }
        }
        Ok(())
    }

    fn standing(&self, key: &SyncKey, status: &KeyStatus) -> Result<Standing, HookError> {
        let database = Database::open(self.db, Access::Read);
        let report = database.and_then(|database| database.last_report(&Register::of(key)));
        // A job that never opened its register has none.
        Ok(Standing::of_job(status, report.ok().flatten().as_ref()))
    }

    /// What a person may do about each event.
    fn commands(&self, register: &Register) -> Vec<(Event, String)> {
        let options = crate::shell::options(self.db, register);
        let mut commands = vec![
            (Event::Questions, format!("nightly-sync conflicts {options} --values")),
            (Event::Questions, format!("nightly-sync matches {options}")),
        ];
        let status = register.key().and_then(|key| Some((key, block_on(self.queue.status(key)).ok()??)));
        if let Some((key, KeyStatus { doing, held, .. })) = status {
            let about = Commands::new(self.db, Some(&self.queue));
            if matches!(doing, Doing::Dead { .. }) {
                commands.push((Event::Failed, about.about("redrive", key)));
            }
            commands.extend(held.map(|held| (Event::Blocked, about.pass(key, &held))));
        }
        commands
    }

    /// Sends what is due, and answers with what was not heard.
    ///
    /// # Errors
    /// [`HookError`], when the outbox cannot be used.
    pub fn deliver(&self, now: fn() -> DateTime<Utc>) -> Result<Vec<String>, HookError> {
        let mut unheard = Vec::new();
        for register in self.registers()? {
            while let Some(message) = self.change(&register, |mut told| {
                let taken = told.take(now());
                (told, taken)
            })? {
                self.send(&register, &message, now, &mut unheard)?;
            }
        }
        Ok(unheard)
    }

    fn send(
        &self,
        register: &Register,
        message: &Message,
        now: fn() -> DateTime<Utc>,
        unheard: &mut Vec<String>,
    ) -> Result<(), HookError> {
        let (mut left, mut problem) = (Vec::new(), None);
        for name in &message.left {
            // Who is no longer in the configuration is not told.
            let Some(hook) = self.hooks.iter().find(|hook| hook.name == *name) else { continue };
            if let Err(error) = send(&hook.target, message, now()) {
                left.push(name.clone());
                unheard.push(format!("hook `{name}` did not take {}: {error}", message.id));
                problem = Some(error);
            }
        }
        self.change(register, |mut told| {
            told.heard(&message.id, &left, problem.as_deref(), now());
            (told, ())
        })
    }

    /// Makes everything due that waits for its next try.
    ///
    /// # Errors
    /// [`HookError`], when the outbox cannot be used.
    pub fn hurry(&self, now: DateTime<Utc>) -> Result<(), HookError> {
        for register in self.registers()? {
            self.change(&register, |mut told| {
                told.hurry(now);
                (told, ())
            })?;
        }
        Ok(())
    }

    /// What waits to be sent.
    ///
    /// # Errors
    /// [`HookError`], when the outbox cannot be read.
    pub fn pending(&self) -> Result<Vec<Message>, HookError> {
        let mut pending = Vec::new();
        for register in self.registers()? {
            pending.extend(self.told(&register)?.map(|told| told.pending).unwrap_or_default());
        }
        Ok(pending)
    }

    fn told(&self, register: &Register) -> Result<Option<Told>, HookError> {
        let stored = block_on(self.queue.store().get(&key_of(register)))?;
        stored.map(|stored| read(register, &stored.row.bytes)).transpose()
    }

    /// The registers of which something was told.
    fn registers(&self) -> Result<Vec<Register>, HookError> {
        Ok(work::under(&self.queue, KIND)?.iter().filter_map(register_of).collect())
    }

    /// Changes what was told of a register, by one swap.
    fn change<T>(&self, register: &Register, change: impl Fn(Told) -> (Told, T)) -> Result<T, HookError> {
        let key = key_of(register);
        for _ in 0..TRIES {
            let stored = block_on(self.queue.store().get(&key))?;
            let version = stored.as_ref().map(|stored| stored.version);
            let told = stored.map(|stored| read(register, &stored.row.bytes)).transpose()?.unwrap_or_default();
            let (next, answer) = change(told.clone());
            if next == told {
                return Ok(answer);
            }
            let row = Row::new(next.bytes(), Shard(0));
            match block_on(self.queue.store().compare_and_swap(&SwapOf::new(key.clone(), version, Some(row.clone()))))?
            {
                Swap::Conflict => {}
                _ => return Ok(answer),
            }
        }
        Err(HookError::Busy { register: register.to_string() })
    }
}

/// The kind of the records.
const KIND: &str = "hook";

/// The unnamed register has one part, where every other one has two.
const UNNAMED: &str = "unnamed";

fn key_of(register: &Register) -> StoreKey {
    match register.key() {
        Some(key) => StoreKey::of(KIND, [key.org.as_str(), key.connector.as_str()]),
        None => StoreKey::of(KIND, [UNNAMED]),
    }
}

fn register_of(key: &StoreKey) -> Option<Register> {
    match &key.parts()[1..] {
        [org, connector] => {
            let key = SyncKey { org: org.parse().ok()?, connector: connector.parse().ok()? };
            Some(Register::of(&key))
        }
        _ => Some(Register::default()),
    }
}

fn read(register: &Register, bytes: &[u8]) -> Result<Told, HookError> {
    Told::read(bytes).map_err(|problem| HookError::Broken { register: register.to_string(), problem })
}

//! An open database, before it is known what stands in it.

use tripartite::drive::block_on;
use tripartite::id::RunId;
use tripartite::matching::MatchRule;
use tripartite::plan::Guards;
use tripartite::run::Report;
use tripartite_postgres::store as server;
use tripartite_sqlite::store::{self as file, Access};

use super::{AuditRow, HostTable, Place, Register, Settings, StoreError, UnknownRun};

/// An open database.
#[derive(Debug)]
pub enum Database {
    /// A file, or what is gone when it is closed.
    File(file::Database),
    /// On a server.
    Server(server::Database, Option<Trial>),
}

/// A copy of a table, for a dry run: gone when it is dropped.
#[derive(Debug)]
pub struct Trial(server::Trial);

impl Drop for Trial {
    fn drop(&mut self) {
        if let Err(error) = block_on(self.0.end()) {
            tracing::warn!(schema = self.0.database.schema(), %error, "the copy of a dry run is left behind");
        }
    }
}

impl Database {
    /// Opens one. On a server its tables are there, or that is an error.
    ///
    /// # Errors
    /// [`StoreError`], when it is not there, no database, or not ours.
    pub fn open(place: &Place, access: Access) -> Result<Self, StoreError> {
        match place {
            Place::Apart(members, _) => Self::open(members, access),
            Place::File(file) => Ok(Self::File(file::Database::open(file, access)?)),
            Place::Server(server) => {
                let schema = server.address().schema();
                let database = server::Database::of(server.pool()?).in_schema(schema);
                block_on(database.check())?;
                let looks = matches!(access, Access::Read);
                Ok(Self::Server(if looks { database.to_look_at() } else { database }, None))
            }
        }
    }

    /// Opens one that may have no tables of a store yet, to [attach](Self::attach) one of its own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_host(place: &Place, access: Access) -> Result<Self, StoreError> {
        match place {
            Place::Apart(members, _) => Self::open_host(members, access),
            Place::File(file) => Ok(Self::File(file::Database::open_host(file, access)?)),
            Place::Server(_) => Self::open(place, access),
        }
    }

    /// One that is gone when it is closed.
    ///
    /// # Errors
    /// [`StoreError`], when there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::File(file::Database::in_memory()?))
    }

    /// What it remembers of a register; `None` while it has none of that name.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read, or was written by a later version.
    pub fn settings(&self, register: &Register) -> Result<Option<Settings>, StoreError> {
        match self {
            Self::File(database) => Ok(database.settings(register)?),
            Self::Server(database, _) => Ok(block_on(database.settings(register))?),
        }
    }

    /// Whether it has a register.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    pub fn holds(&self, register: &Register) -> Result<bool, StoreError> {
        match self {
            Self::File(database) => Ok(database.holds(register)?),
            Self::Server(database, _) => Ok(block_on(database.attached(register))?.is_some()),
        }
    }

    /// Every register, the one without a name first.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn registers(&self) -> Result<Vec<Register>, StoreError> {
        let keys = match self {
            Self::File(database) => database.registers()?,
            Self::Server(database, _) => block_on(database.registers())?,
        };
        let unnamed = Some(Register::default()).filter(|register| self.holds(register).unwrap_or(false));
        Ok(unnamed.into_iter().chain(keys.iter().map(Register::of)).collect())
    }

    /// What it remembers of a register that must be there.
    ///
    /// # Errors
    /// As [`settings`](Self::settings); where there is none, the error names those that are there.
    pub fn required(&self, register: &Register) -> Result<Settings, StoreError> {
        match self {
            Self::File(database) => Ok(database.required(register)?),
            Self::Server(database, _) => match self.settings(register)? {
                Some(settings) => Ok(settings),
                None => {
                    let known = block_on(database.registers())?;
                    let known = known.iter().map(|key| Register::of(key).to_string()).collect();
                    Err(StoreError::NoRegister { register: register.to_string(), known })
                }
            },
        }
    }

    /// The match rules that it remembers for a register, in their order; none, where it is not there.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn rules(&self, register: &Register) -> Result<Vec<MatchRule>, StoreError> {
        match self {
            Self::File(database) => Ok(database.rules(register)?),
            Self::Server(database, _) if self.holds(register)? => Ok(block_on(database.rules(register))?),
            Self::Server(..) => Ok(Vec::new()),
        }
    }

    /// The guards that it remembers for a register; the default ones, if none.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be read.
    pub fn guards(&self, register: &Register) -> Result<Guards, StoreError> {
        match self {
            Self::File(database) => Ok(database.guards(register)?),
            Self::Server(database, _) if self.holds(register)? => Ok(block_on(database.guards(register))?),
            Self::Server(..) => Ok(Guards::default()),
        }
    }

    /// Whether every field of a schema can have a column in a register.
    ///
    /// # Errors
    /// [`StoreError`], for the first field that cannot, or when the database cannot be read.
    pub fn check_fields(&self, register: &Register, settings: &Settings) -> Result<(), StoreError> {
        match self {
            Self::File(database) => Ok(database.check_fields(register, settings)?),
            Self::Server(database, _) => Ok(block_on(database.check_fields(register, settings))?),
        }
    }

    /// How many rows a table of the club's own has.
    ///
    /// # Errors
    /// [`StoreError`], when there is no such table, or the database cannot be read.
    pub fn count_rows(&self, table: &HostTable) -> Result<u64, StoreError> {
        match self {
            Self::File(database) => Ok(database.count_rows(table)?),
            Self::Server(database, _) => Ok(block_on(database.count_rows(table))?),
        }
    }

    /// The database with a table of the club's own as the records of a register.
    ///
    /// # Errors
    /// [`StoreError`] says what cannot be; then nothing was changed.
    pub fn attach(self, register: &Register, table: &HostTable, settings: &Settings) -> Result<Self, StoreError> {
        match &self {
            Self::File(database) => database.attach(register, table, settings)?,
            Self::Server(database, _) => {
                block_on(database.attach(register, table, settings))?;
            }
        }
        Ok(self)
    }

    /// The same on a copy, which is gone when it is closed: for a dry run. A table that is attached already is only read.
    ///
    /// # Errors
    /// As [`attach`](Self::attach).
    pub fn try_attach(self, register: &Register, table: &HostTable, settings: &Settings) -> Result<Self, StoreError> {
        match &self {
            Self::File(database) => Self::File(database.copied()?).attach(register, table, settings),
            Self::Server(..) if self.holds(register)? => Ok(self),
            Self::Server(database, _) => {
                let trial = Trial(block_on(database.trial(table))?);
                let copy = trial.0.database.clone();
                block_on(copy.attach(register, &trial.0.table, settings))?;
                Ok(Self::Server(copy, Some(trial)))
            }
        }
    }

    /// How many conflicts wait for a person, in all registers together.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read.
    pub fn count_conflicts(&self) -> Result<u64, StoreError> {
        match self {
            Self::File(database) => Ok(database.count_conflicts()?),
            Self::Server(database, _) => Ok(block_on(database.count_conflicts())?),
        }
    }

    /// How many conflicts of one register wait for a person.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn count_conflicts_of(&self, register: &Register) -> Result<u64, StoreError> {
        match self {
            Self::File(database) => Ok(database.count_conflicts_of(register)?),
            Self::Server(database, _) => Ok(block_on(database.count_conflicts_of(register))?),
        }
    }

    /// The report of the last run of a register; `None` before the first.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn last_report(&self, register: &Register) -> Result<Option<Report>, StoreError> {
        match self {
            Self::File(database) => Ok(database.last_report(register)?),
            Self::Server(database, _) => Ok(block_on(self.reader(database, register)?.last_report())?),
        }
    }

    /// Whether a register had such a run.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn find_run(&self, register: &Register, run: &str) -> Result<Result<(), UnknownRun>, StoreError> {
        match self {
            Self::File(database) => Ok(database.find_run(register, run)?),
            Self::Server(database, _) => {
                let store = self.reader(database, register)?;
                if block_on(store.has_run(run))? {
                    return Ok(Ok(()));
                }
                let last = block_on(store.last_report())?.map(|report| report.run.to_string());
                Ok(Err(UnknownRun { run: run.to_owned(), last }))
            }
        }
    }

    /// Hands out a register's audit, of one run or of all, in order, until `each` has enough.
    ///
    /// # Errors
    /// [`StoreError`], when the register is not there, or the database cannot be read.
    pub fn audit(
        &self,
        register: &Register,
        run: Option<&str>,
        each: impl FnMut(AuditRow) -> bool,
    ) -> Result<(), StoreError> {
        match self {
            Self::File(database) => Ok(database.audit(register, run, each)?),
            Self::Server(database, _) => {
                let store = self.reader(database, register)?;
                // A text that is no id is that of no run.
                let Ok(run) = run.map(RunId::new).transpose() else { return Ok(()) };
                Ok(block_on(store.audit(run.as_ref(), each))?)
            }
        }
    }

    /// The register as it is used already.
    fn reader(&self, on: &server::Database, register: &Register) -> Result<server::PostgresStore, StoreError> {
        let settings = self.required(register)?;
        Ok(block_on(server::PostgresStore::of(register.clone(), on.clone(), settings))?)
    }
}

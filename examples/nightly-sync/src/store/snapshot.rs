//! One moment of a register, whatever others write meanwhile.

use std::cell::RefCell;

use tripartite::drive::block_on;
use tripartite::id::{ExternalId, LocalId};
use tripartite::schema::Schema;
use tripartite::store::Loaded;
use tripartite_postgres::store as server;
use tripartite_sqlite::store as file;

use super::{ChangedPage, ChangedRecord, HereRow, KnownRun, OpenRow, Register, RunFigures, StoreError};

/// One moment of a register. [`Store::snapshot`](super::Store::snapshot) hands it out.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pub(super) register: &'a Register,
    pub(super) schema: &'a Schema,
    pub(super) of: Of<'a>,
}

#[derive(Debug)]
pub(super) enum Of<'a> {
    File(&'a file::Snapshot<'a>),
    /// Borrowed for one call at a time: what is handed out is handed out between two.
    Server(Box<RefCell<server::Snapshot<'a>>>),
}

/// The same question to either.
macro_rules! ask {
    ($self:ident.$method:ident($($with:expr),*)) => {
        match &$self.of {
            Of::File(now) => now.$method($($with),*)?,
            Of::Server(now) => block_on(now.borrow_mut().$method($($with),*))?,
        }
    };
}

impl Snapshot<'_> {
    /// The register.
    pub fn register(&self) -> &Register {
        self.register
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        self.schema
    }

    /// What is known of a run; `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn run(&self, run: &str) -> Result<Option<KnownRun>, StoreError> {
        Ok(ask!(self.run(run)))
    }

    /// The last run, also if all that is left of it is its audit; `None` when nothing ran yet.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn last_run(&self) -> Result<Option<String>, StoreError> {
        Ok(ask!(self.last_run()))
    }

    /// The last runs that reported, at most so many, oldest first.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn figures(&self, most: usize) -> Result<Vec<RunFigures>, StoreError> {
        Ok(ask!(self.figures(most)))
    }

    /// Hands out the open conflicts, by their records' ids, until `each` answers `false`.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_conflicts(&self, mut each: impl FnMut(OpenRow) -> bool) -> Result<(), StoreError> {
        let now = match &self.of {
            Of::File(now) => return Ok(now.open_conflicts(each)?),
            Of::Server(now) => now,
        };
        let mut after = (String::new(), String::new());
        loop {
            let page = block_on(now.borrow_mut().open_conflicts((&after.0, &after.1)))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.external_id.clone(), last.conflict.unit.clone());
            for row in page {
                if !each(row) {
                    return Ok(());
                }
            }
        }
    }

    /// Open conflicts behind a record's id and a unit, by both: at most so many. The first page is behind two empty texts.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn open_page(&self, after: (&str, &str), most: usize) -> Result<Vec<OpenRow>, StoreError> {
        let now = match &self.of {
            Of::File(now) => return Ok(now.open_page(after, most)?),
            Of::Server(now) => now,
        };
        let mut page = block_on(now.borrow_mut().open_conflicts(after))?;
        page.truncate(most);
        Ok(page)
    }

    /// How many conflicts are open; on a server they are counted one page after another.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn count_open(&self) -> Result<u64, StoreError> {
        if let Of::File(now) = &self.of {
            return Ok(now.count_open()?);
        }
        let mut count = 0;
        self.open_conflicts(|_| {
            count += 1;
            true
        })?;
        Ok(count)
    }

    /// Records that [`changed`](Self::changed) hands out, behind the number of an entry: 0 for the first page, and then what
    /// the page before says.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn changed_page(&self, run: &str, after: i64, most: usize) -> Result<ChangedPage, StoreError> {
        Ok(match &self.of {
            Of::File(now) => now.changed_page(run, after, most)?,
            Of::Server(now) => block_on(now.borrow_mut().changed(run, after))?,
        })
    }

    /// What the row of a member says, by its local id. A server does not tell: `None`, as when there is none.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn here(&self, local: &LocalId) -> Result<Option<HereRow>, StoreError> {
        match &self.of {
            Of::File(now) => Ok(now.here(local)?),
            Of::Server(_) => Ok(None),
        }
    }

    /// A record with its open conflicts; `None` when nothing is linked by this id.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn record(&self, id: &ExternalId) -> Result<Option<Loaded>, StoreError> {
        Ok(ask!(self.record(id)))
    }

    /// How many records [`changed`](Self::changed) hands out.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn count_changed(&self, run: &str) -> Result<u64, StoreError> {
        Ok(ask!(self.count_changed(run)))
    }

    /// Hands out the records of a run in which a field was decided, or more than who is new or left, in the order in which
    /// they were written, until `each` answers `false`.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read, and whatever `each` returns.
    pub fn changed<E: From<StoreError>>(
        &self,
        run: &str,
        mut each: impl FnMut(&ChangedRecord) -> Result<bool, E>,
    ) -> Result<(), E> {
        let now = match &self.of {
            Of::File(now) => {
                return now.changed(run, |record| each(record).map_err(Told::Host)).map_err(Told::into_host);
            }
            Of::Server(now) => now,
        };
        let mut next = Some(0);
        while let Some(after) = next {
            let page = block_on(now.borrow_mut().changed(run, after)).map_err(StoreError::from)?;
            next = page.next;
            for record in page.records {
                if !each(&record)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The first records of a run to which something was done, by the name of the action, at most so many, and how many
    /// they were.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn of_action(&self, run: &str, action: &str, most: usize) -> Result<(Vec<String>, u64), StoreError> {
        Ok(ask!(self.of_action(run, action, most)))
    }

    /// The row that is linked to a record of the source.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn whose(&self, id: &str) -> Result<Option<LocalId>, StoreError> {
        Ok(ask!(self.whose(id)))
    }

    /// Whom a record is about, as its row says now; empty where no field says so. A field that is sensitive says nothing.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be read.
    pub fn name(&self, id: &str) -> Result<String, StoreError> {
        Ok(ask!(self.name(id)))
    }
}

/// What ends the handing out: the file, or the host.
enum Told<E> {
    File(file::StoreError),
    Host(E),
}

impl<E> From<file::StoreError> for Told<E> {
    fn from(error: file::StoreError) -> Self {
        Self::File(error)
    }
}

impl<E: From<StoreError>> Told<E> {
    fn into_host(self) -> E {
        match self {
            Self::File(error) => StoreError::from(error).into(),
            Self::Host(error) => error,
        }
    }
}

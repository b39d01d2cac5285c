//! Answers that were given together, taken back together.

use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::restore;
use tripartite::id::{ExternalId, PersonId, RunId};
use tripartite::store::Loaded;

use super::{Desk, DeskError, Tally};
use crate::store::{Access, Database};

/// A value that an answer overwrote, with the others of its group.
#[derive(Debug, Clone)]
pub struct Overwritten {
    /// The number of its entry in the audit.
    pub seq: i64,
    /// The record.
    pub id: ExternalId,
    /// What the audit has of its fields: of one, or of all of a group.
    pub entries: Vec<FieldEntry>,
}

impl Overwritten {
    fn holds(&self, id: &ExternalId, entry: &FieldEntry) -> bool {
        self.id == *id && entry.group.is_some() && self.entries[0].group == entry.group
    }
}

/// Whether a person gave the answer, and the audit keeps what it is about.
fn is_answer(entry: &FieldEntry) -> bool {
    matches!(&*entry.rule, "person: take_local" | "person: take_remote" | "person: value") && entry.kept.is_plain()
}

impl Desk {
    /// What the answers that were given under one run have overwritten, in their order.
    ///
    /// # Errors
    /// [`DeskError`], when the database cannot be read.
    pub fn overwritten_by(&self, run: &RunId) -> Result<Vec<Overwritten>, DeskError> {
        let mut all: Vec<Overwritten> = Vec::new();
        let database = self.stored(Database::open(&self.db, Access::Read))?;
        self.stored(database.audit(self.store.register(), Some(run.as_str()), |row| {
            let (AuditEntry::Field(entry), Ok(id)) = (row.entry, ExternalId::new(row.external_id)) else { return true };
            if !is_answer(&entry) {
                return true;
            }
            match all.iter_mut().rev().take(1).find(|known| known.holds(&id, &entry)) {
                Some(known) => known.entries.push(entry),
                None => all.push(Overwritten { seq: row.seq, id, entries: vec![entry] }),
            }
            true
        }))?;
        all.retain(|known| known.entries.iter().any(|entry| entry.local != entry.result));
        Ok(all)
    }

    /// Whether a record still has what the answer left there.
    pub fn stands(&self, loaded: &Loaded, overwritten: &Overwritten) -> bool {
        let schema = self.schema();
        overwritten.entries.iter().all(|entry| {
            schema.position(&entry.field).is_some_and(|at| loaded.local.field(at).to_value() == entry.result)
        })
    }

    /// Brings back what these answers overwrote, the last first. What somebody has changed since stays.
    ///
    /// # Errors
    /// [`DeskError`], when the database cannot be used; what was brought back stays so.
    pub fn take_back(&self, answers: &[Overwritten], by: &PersonId) -> Result<Tally, DeskError> {
        let mut tally = Tally::default();
        for answer in answers.iter().rev() {
            let (id, entries): (_, Vec<&FieldEntry>) = (&answer.id, answer.entries.iter().collect());
            let done = self.write(id, |loaded| {
                if !self.stands(loaded, answer) {
                    return Err(DeskError::Moved { id: id.clone() });
                }
                let refused = |refusal| DeskError::Refused { id: id.clone(), refusal };
                restore(&self.policy, loaded, &entries, by).map_err(refused)
            });
            match done {
                Ok(_) => tally.closed += 1,
                Err(error @ (DeskError::Store { .. } | DeskError::Key(_))) => return Err(error),
                Err(error) => tally.left.push(error.to_string()),
            }
        }
        Ok(tally)
    }
}

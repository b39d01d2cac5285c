//! Unique columns: two members who swap their logins, or hand one on, succeed in one batch.
//!
//! SQLite checks a unique column row by row, so the first of two writes that swap a value is refused, whatever the second
//! would do. What is refused for that reason is tried again:
//!
//! | the source says | what is done |
//! |---|---|
//! | A gets what B gives up, and is written first | A is tried again after B |
//! | A and B swap | A gives its value up for the length of the batch, B is written, then A |
//! | A, B and C pass it on in a ring | the same |
//! | A gets what B gives up in a later batch | A is stale once, so the run comes back to it behind all batches |
//! | A gets what B keeps | A fails, and is told which record has it; all others are written |
//!
//! A value is given up as null, or, where the column takes none, as a text that nobody has. Nobody sees it: it is all one
//! transaction.

use rusqlite::{OptionalExtension, ToSql, ffi};
use tripartite::store::{Action, Op, OpOutcome, Precondition, Revision};
use tripartite::value::Record;
use tripartite_sql::{Held, Parked, quoted};

use super::super::StoreError;
use super::{Writer, is_refusal, told};

/// What one attempt at an op came to.
pub(super) enum Tried {
    Over(OpOutcome),
    /// Another row has a value of these columns, and the database said so in these words.
    Collides {
        positions: Vec<usize>,
        problem: String,
    },
}

impl<'a> Writer<'a> {
    /// Carries out the ops of a batch, each in a savepoint of its own.
    pub(super) fn carry_out_apart(&mut self) -> Result<Vec<OpOutcome>, StoreError> {
        let (batch, mut held) = (self.batch, Vec::new());
        let mut outcomes = Vec::with_capacity(batch.ops.len());
        for (at, op) in batch.ops.iter().enumerate() {
            match self.carry_out(op)? {
                Tried::Over(outcome) => outcomes.push(outcome),
                Tried::Collides { positions, problem } => {
                    outcomes.push(OpOutcome::Stale);
                    held.push(Held { at, positions, problem });
                }
            }
        }
        let mut held = self.retry(held, &mut outcomes)?;
        let mut first = 0;
        while first < held.len() {
            match self.unwind(first, &held, &mut outcomes)? {
                Some(rest) => held = rest,
                None => first += 1,
            }
        }
        for one in held {
            let op = &batch.ops[one.at];
            if !self.collided.is_first(&batch.run, &op.id) {
                outcomes[one.at] = one.failed(self.holder(op, &one.positions)?);
            }
        }
        Ok(outcomes)
    }

    /// What an attempt that the database refused came to.
    pub(super) fn tried(&self, error: &StoreError) -> Tried {
        let positions = self.collided(error);
        let problem = told(error);
        if positions.is_empty() {
            Tried::Over(OpOutcome::Failed { problem })
        } else {
            Tried::Collides { positions, problem }
        }
    }

    /// The fields whose columns must be unique and are not.
    fn collided(&self, error: &StoreError) -> Vec<usize> {
        let StoreError::Sqlite(rusqlite::Error::SqliteFailure(inner, Some(message))) = error else { return Vec::new() };
        if inner.extended_code != ffi::SQLITE_CONSTRAINT_UNIQUE {
            return Vec::new();
        }
        let columns: Vec<&str> = message.rsplit(": ").next().unwrap_or_default().split(", ").collect();
        let fields = self.schema.fields().iter().enumerate();
        let is_named = |name: &str| columns.iter().any(|column| column.ends_with(&format!(".{name}")));
        fields.filter(|(_, field)| is_named(self.sql.names.column(field))).map(|(at, _)| at).collect()
    }

    /// Tries those that collide again, as long as one of them succeeds.
    fn retry(&mut self, mut held: Vec<Held>, outcomes: &mut [OpOutcome]) -> Result<Vec<Held>, StoreError> {
        loop {
            let before = held.len();
            let mut rest = Vec::new();
            for one in held {
                match self.carry_out(&self.batch.ops[one.at])? {
                    Tried::Over(outcome) => outcomes[one.at] = outcome,
                    Tried::Collides { .. } => rest.push(one),
                }
            }
            if rest.is_empty() || rest.len() == before {
                return Ok(rest);
            }
            held = rest;
        }
    }

    /// Lets one row give its values up, and writes the others and then it; `None` if that does not help it.
    fn unwind(
        &mut self,
        first: usize,
        held: &[Held],
        outcomes: &mut [OpOutcome],
    ) -> Result<Option<Vec<Held>>, StoreError> {
        let known: Vec<OpOutcome> = held.iter().map(|one| outcomes[one.at].clone()).collect();
        self.run_cached("SAVEPOINT parked")?;
        if self.park(&self.batch.ops[held[first].at], &held[first].positions)? {
            let rest = self.retry(Held::with_last(held, first), outcomes)?;
            self.parked = None;
            let is_written = matches!(outcomes[held[first].at], OpOutcome::Applied { .. });
            if is_written && rest.iter().all(|one| one.at != held[first].at) {
                self.run_cached("RELEASE parked")?;
                return Ok(Some(rest));
            }
        }
        self.parked = None;
        self.run_cached("ROLLBACK TO parked")?;
        self.run_cached("RELEASE parked")?;
        self.entries.settle()?;
        for (one, outcome) in held.iter().zip(known) {
            outcomes[one.at] = outcome;
        }
        Ok(None)
    }

    /// Takes the values of these fields out of a linked row that is as it was expected. Answers whether it did.
    fn park(&mut self, op: &'a Op, positions: &[usize]) -> Result<bool, StoreError> {
        let Precondition::Revision(expected) = op.expect else { return Ok(false) };
        let id = op.rekeyed.as_ref().unwrap_or(&op.id);
        let Some((local, before, _)) = self.find(op, &op.action, id)? else { return Ok(false) };
        if Revision(before) != expected {
            return Ok(false);
        }
        for nothing in ["NULL", "lower(hex(randomblob(16)))"] {
            let columns: Vec<String> = positions
                .iter()
                .map(|&at| quoted(self.sql.names.column(&self.schema.fields()[at]), '"') + " = " + nothing)
                .collect();
            let tail = self.sql.names.sql("WHERE {local_id} = ?");
            let sql = format!("UPDATE {} SET {} {tail}", self.sql.members, columns.join(", "));
            match self.tx.execute(&sql, [local]).map_err(StoreError::from) {
                Ok(_) => {
                    let after = self.find(op, &op.action, id)?.map_or(before, |(_, revision, _)| revision);
                    self.parked = Some(Parked { id: id.clone(), before: expected, after: Revision(after) });
                    return Ok(true);
                }
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The record that has the values which an op would write.
    fn holder(&self, op: &Op, positions: &[usize]) -> Result<Option<i64>, StoreError> {
        let written: &Record = match &op.action {
            Action::Create(record) | Action::Update(record) | Action::Reactivate(record) => record,
            _ => return Ok(None),
        };
        if positions.iter().any(|&at| written.field(at).is_missing()) {
            return Ok(None);
        }
        let cells: Vec<_> = positions.iter().map(|&at| self.layout.cell(self.schema, at, written.field(at))).collect();
        let is = |at: &usize| quoted(self.sql.names.column(&self.schema.fields()[*at]), '"') + " = ?";
        let columns: Vec<String> = positions.iter().map(is).collect();
        let select = self.sql.names.sql("SELECT {local_id} FROM {members} WHERE");
        let mut statement = self.tx.prepare(&format!("{select} {} LIMIT 1", columns.join(" AND ")))?;
        let values: Vec<&dyn ToSql> = cells.iter().map(|cell| cell as &dyn ToSql).collect();
        Ok(statement.query_row(&values[..], |row| row.get(0)).optional()?)
    }
}

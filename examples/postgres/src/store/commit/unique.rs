//! Unique columns: two members who swap their logins, or hand one on, succeed in one batch.
//!
//! PostgreSQL checks a unique column as soon as a row is written, so the first of two writes that swap a value is refused,
//! whatever the second would do. (A constraint that is deferred waits for the end of the transaction, and needs none of this.)
//! What is refused for that reason is tried again:
//!
//! | the source says | what is done |
//! |---|---|
//! | A gets what B gives up, and is written first | A is tried again after B |
//! | A and B swap | A gives its value up for the length of the batch, B is written, then A |
//! | A, B and C pass it on in a ring | the same |
//! | A gets what B gives up in a later batch | A is stale once, so the run comes back to it behind all batches |
//! | A gets what B keeps | A fails, and is told which record has it; all others are written |
//!
//! A value is given up as null, or, where the column takes none, as a text or a uuid that nobody has. Nobody sees it: it is all
//! one transaction.

use tripartite::store::{Action, Op, OpOutcome, Precondition, Revision};
use tripartite_sql::{Held, Parked};

use super::super::StoreError;
use super::super::host::Form;
use super::{Tried, Writer};
use crate::names::quoted;
use crate::pool::Sent;

/// The columns of a unique index of a table, also those within an expression.
const COLUMNS: &str = "
SELECT a.attname::text FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0
WHERE i.indrelid = to_regclass($1) AND c.relname = $2::text AND (
    a.attnum = ANY(i.indkey::int2[]) OR EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjid = i.indrelid
        AND d.refobjsubid = a.attnum
    )
)";

const FOUND: &str = "SELECT m.{key}::text, m.{revision} FROM {records} m WHERE {id} = $1";

impl<'a> Writer<'a> {
    /// Carries out the ops of a batch, each in a savepoint of its own.
    pub(super) async fn carry_out_apart(&mut self) -> Result<Vec<OpOutcome>, StoreError> {
        let (batch, mut held) = (self.batch, Vec::new());
        let mut outcomes = Vec::with_capacity(batch.ops.len());
        for (at, op) in batch.ops.iter().enumerate() {
            match self.write_apart(op).await? {
                Tried::Over(outcome) => outcomes.push(outcome),
                Tried::Collides { index, problem } => {
                    let positions = self.positions(&index).await?;
                    outcomes.push(OpOutcome::Stale);
                    held.push(Held { at, positions, problem });
                }
            }
        }
        let mut held = self.retry(held, &mut outcomes).await?;
        let mut first = 0;
        while first < held.len() {
            match self.unwind(first, &held, &mut outcomes).await? {
                Some(rest) => held = rest,
                None => first += 1,
            }
        }
        for one in held {
            let op = &batch.ops[one.at];
            if !self.collided.is_first(&batch.run, &op.id) {
                let holder = self.holder(op, &one.positions).await?;
                outcomes[one.at] = one.failed(holder);
            }
        }
        Ok(outcomes)
    }

    /// The fields whose columns a unique index is of.
    async fn positions(&mut self, index: &str) -> Result<Vec<usize>, StoreError> {
        let rows = self.lease.query(COLUMNS, &[&self.tables.members(), &index]).await?;
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let is_of = |column: &super::super::host::Column| names.contains(&column.name);
        let columns = self.layout.columns.iter().enumerate();
        Ok(columns.filter(|(_, column)| column.as_ref().is_some_and(is_of)).map(|(at, _)| at).collect())
    }

    /// Tries those that collide again, as long as one of them succeeds.
    async fn retry(&mut self, mut held: Vec<Held>, outcomes: &mut [OpOutcome]) -> Result<Vec<Held>, StoreError> {
        loop {
            let before = held.len();
            let mut rest = Vec::new();
            for one in held {
                match self.write_apart(&self.batch.ops[one.at]).await? {
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
    async fn unwind(
        &mut self,
        first: usize,
        held: &[Held],
        outcomes: &mut [OpOutcome],
    ) -> Result<Option<Vec<Held>>, StoreError> {
        let known: Vec<OpOutcome> = held.iter().map(|one| outcomes[one.at].clone()).collect();
        self.lease.batch("SAVEPOINT parked").await?;
        if self.park(&self.batch.ops[held[first].at], &held[first].positions).await? {
            let rest = self.retry(Held::with_last(held, first), outcomes).await?;
            self.parked = None;
            let is_written = matches!(outcomes[held[first].at], OpOutcome::Applied { .. });
            if is_written && rest.iter().all(|one| one.at != held[first].at) {
                self.lease.batch("RELEASE parked").await?;
                return Ok(Some(rest));
            }
        }
        self.parked = None;
        self.lease.batch("ROLLBACK TO parked; RELEASE parked").await?;
        for (one, outcome) in held.iter().zip(known) {
            outcomes[one.at] = outcome;
        }
        Ok(None)
    }

    /// Takes the values of these fields out of a linked row that is as it was expected. Answers whether it did.
    async fn park(&mut self, op: &'a Op, positions: &[usize]) -> Result<bool, StoreError> {
        let Precondition::Revision(expected) = op.expect else { return Ok(false) };
        let id = op.rekeyed.as_ref().unwrap_or(&op.id);
        let found = self.lease.first(&self.tables.sql(FOUND), &[&id.as_str()]).await?;
        let Some((local, before)) = found.map(|row| (row.get::<_, String>(0), row.get::<_, i64>(1))) else {
            return Ok(false);
        };
        if positions.is_empty() || Revision(before.cast_unsigned()) != expected {
            return Ok(false);
        }
        for is_null in [true, false] {
            let Some(sets) = self.given_up(positions, is_null) else { continue };
            let sql = self.tables.sql("UPDATE {members} m SET ") + &sets;
            let sql = sql + &self.tables.sql(" WHERE m.{key} = ($1::text)::{key_type} RETURNING m.{revision}");
            self.lease.batch("SAVEPOINT op").await?;
            match self.lease.first(&sql, &[&local]).await.map_err(StoreError::from) {
                Ok(row) => {
                    self.lease.batch("RELEASE op").await?;
                    let after = row.map_or(before, |row| row.get(0));
                    let (id, after) = (id.clone(), Revision(after.cast_unsigned()));
                    self.parked = Some(Parked { id, before: expected, after });
                    return Ok(true);
                }
                Err(error) if error.is_refusal() => self.lease.batch("ROLLBACK TO op; RELEASE op").await?,
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// What sets columns to nothing, or to what nobody has; `None` where a column takes no such value.
    fn given_up(&self, positions: &[usize], is_null: bool) -> Option<String> {
        let mut sets = Vec::new();
        for &position in positions {
            let column = self.layout.columns[position].as_ref()?;
            let value = match (is_null, column.form) {
                (true, _) => "NULL".to_owned(),
                (false, Form::Text | Form::Uuid) => {
                    format!("md5(random()::text || clock_timestamp()::text)::{}", column.cast)
                }
                _ => return None,
            };
            sets.push(format!("{} = {value}", quoted(&column.name, '"')));
        }
        Some(sets.join(", "))
    }

    /// The record that has the values which an op would write.
    async fn holder(&mut self, op: &'a Op, positions: &[usize]) -> Result<Option<String>, StoreError> {
        let (Action::Create(record) | Action::Update(record) | Action::Reactivate(record)) = &op.action else {
            return Ok(None);
        };
        let mut sent =
            Sent { sql: self.tables.sql("SELECT m.{key}::text FROM {records} m WHERE true"), values: vec![] };
        for &position in positions {
            let Some(column) = &self.layout.columns[position] else { return Ok(None) };
            if record.field(position).is_missing() {
                return Ok(None);
            }
            let Ok(cell) = column.cell(self.schema, position, record.field(position)) else { return Ok(None) };
            let (at, name) = (sent.values.len() + 1, quoted(&column.name, '"'));
            sent.sql.push_str(&format!(" AND m.{name} = (${at}::text)::{}", column.cast));
            sent.values.push(Box::new(cell.map(std::borrow::Cow::into_owned)));
        }
        sent.sql.push_str(" LIMIT 1");
        let rows = self.lease.send(&[sent]).await?.pop().unwrap_or_default();
        Ok(rows.first().map(|row| row.get(0)))
    }
}

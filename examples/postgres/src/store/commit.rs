//! Committing: each op whole or not at all, and only if what it expects is still so.
//!
//! | how a batch is carried out | |
//! |---|---|
//! | [`Together`](Way::Together) | a few statements write all ops; whatever the database refuses ends the transaction, and it is rolled back |
//! | [`Apart`](Way::Apart) | each op in a savepoint of its own; what is refused is that op's outcome |
//!
//! Nearly every batch goes through together. One that does not is carried out apart from its beginning, and so comes to
//! the same as if it had been from the first.
//!
//! A transaction first locks the rows that its ops expect something of, in the order of their ids, and then reads their
//! revisions. Whoever is changing one of them is waited for, so an edit that was not committed when the row was loaded has
//! another revision here. From then on nobody else can change them.

mod decide;
mod remember;
mod rows;

use std::collections::BTreeSet;

use tripartite::id::LocalId;
use tripartite::schema::Schema;
use tripartite::store::{Batch, Op, OpOutcome};

use self::decide::{Decided, Written};
pub(super) use self::remember::Line;
use super::StoreError;
use super::layout::Layout;
use super::tables::Tables;
use crate::pool::Lease;

/// How the ops of a batch are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: what is refused is an error, and the transaction must be rolled back.
    Together,
    /// By savepoints.
    Apart,
}

/// Constraints that wait for the end of a transaction are asked now, while it is known which op it was.
const CHECK: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// A row that is locked was waited for already, while the batch was carried out together.
const SHORTLY: &str = "SET LOCAL lock_timeout = '100ms'";

/// Carries out a batch in a transaction that somebody else commits.
pub(super) struct Writer<'a> {
    pub(super) lease: &'a mut Lease,
    pub(super) tables: &'a Tables,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
    pub(super) batch: &'a Batch,
    /// Whether what nobody had a moment ago is entered as if nobody could have it now: a second one ends the transaction.
    pub(super) is_plain: bool,
}

impl<'a> Writer<'a> {
    pub(super) async fn carry_out(&mut self, way: Way) -> Result<Vec<OpOutcome>, StoreError> {
        let batch = self.batch;
        let mut outcomes = Vec::with_capacity(batch.ops.len());
        match way {
            Way::Together => {
                for part in parts(&batch.ops) {
                    outcomes.extend(self.write(part).await?);
                }
            }
            Way::Apart => {
                self.is_plain = false;
                self.lease.batch(SHORTLY).await?;
                for op in &batch.ops {
                    outcomes.push(self.write_apart(op).await?);
                }
            }
        }
        Ok(outcomes)
    }

    /// Asks the constraints that wait, and answers the number of the transaction.
    pub(super) async fn check(&self) -> Result<Option<String>, StoreError> {
        Ok(self.lease.value(&format!("{CHECK}; SELECT pg_current_xact_id()::text")).await?)
    }

    async fn write_apart(&mut self, op: &'a Op) -> Result<OpOutcome, StoreError> {
        self.lease.batch("SAVEPOINT op").await?;
        let written = match self.write(std::slice::from_ref(op)).await {
            Ok(written) => self.lease.batch(CHECK).await.map(|()| written).map_err(StoreError::from),
            refused => refused,
        };
        match written {
            Ok(mut outcomes) => {
                self.lease.batch("RELEASE op; SET CONSTRAINTS ALL DEFERRED").await?;
                Ok(outcomes.pop().unwrap_or(OpOutcome::Stale))
            }
            Err(error) if error.is_refusal() => {
                self.lease.batch("ROLLBACK TO op; RELEASE op; SET CONSTRAINTS ALL DEFERRED").await?;
                // Somebody else may have been the first to give the id to a record.
                if error.is_double() && self.is_taken(op.id.as_str()).await? {
                    return Ok(OpOutcome::Stale);
                }
                Ok(OpOutcome::Failed { problem: error.refusal() })
            }
            // Whoever has been changing the row for so long will leave another revision.
            Err(error) if error.is_locked() => {
                self.lease.batch("ROLLBACK TO op; RELEASE op").await?;
                Ok(OpOutcome::Stale)
            }
            Err(error) => Err(error),
        }
    }

    /// Carries out ops of which none is about another one's record.
    async fn write(&mut self, ops: &'a [Op]) -> Result<Vec<OpOutcome>, StoreError> {
        let mut decided = self.decide(ops).await?;
        let mut written: Vec<Written<'a>> = Vec::with_capacity(ops.len());
        self.create(&mut decided, &mut written).await?;
        self.change(&mut decided, &mut written).await?;
        let mut outcomes: Vec<OpOutcome> = decided.iter().map(Decided::outcome).collect();
        for Written { at, local, .. } in &written {
            let id = LocalId::new(local).map_err(|problem| StoreError::Key { problem: problem.to_string() })?;
            outcomes[*at] = OpOutcome::Applied { local: id };
        }
        self.remember(&mut written).await?;
        Ok(outcomes)
    }
}

/// The ops in their order, cut where one is about a record of an earlier one, and around those that give a record an id.
fn parts(ops: &[Op]) -> Vec<&[Op]> {
    let (mut parts, mut first, mut ids) = (Vec::new(), 0, BTreeSet::new());
    for (at, op) in ops.iter().enumerate() {
        let moves = op.rekeyed.is_some() || op.links();
        if moves || !ids.insert(&op.id) {
            parts.push(&ops[first..at]);
            (first, ids) = (at, BTreeSet::from([&op.id]));
        }
        if moves {
            parts.push(&ops[at..=at]);
            (first, ids) = (at + 1, BTreeSet::new());
        }
    }
    parts.push(&ops[first..]);
    parts.retain(|part| !part.is_empty());
    parts
}

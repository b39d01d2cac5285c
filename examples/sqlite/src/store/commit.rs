//! Committing: each op whole or not at all, and only if what it expects is still so.
//!
//! | how a batch is carried out | |
//! |---|---|
//! | [`Together`](Way::Together) | the transaction is all there is; whatever the database refuses ends it, and it is rolled back |
//! | [`Apart`](Way::Apart) | each op in a savepoint of its own; what is refused is that op's outcome |
//!
//! Nearly every batch goes through together. One that does not is carried out apart from its beginning, and so comes to
//! the same as if it had been from the first.

mod host;
mod remember;
mod statements;
mod unique;

use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Transaction, params};
use tripartite::audit::{AuditEntry, RecordEntry};
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::schema::Schema;
use tripartite::store::{Action, Batch, Op, OpOutcome, Precondition, Revision};
use tripartite::value::{FieldRef, Record};
use tripartite_sql::{Collided, Parked, quoted, situation, time};

pub(super) use self::statements::Statements;
use super::bases::Leaving;
use super::cell::Cell;
use super::entries::Entries;
use super::error::refused;
use super::layout::Layout;
use super::removed::{self, Removed};
use super::triggers::Triggers;
use super::{StoreError, load};

/// How the ops of a batch are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: what is refused is an error, and the transaction must be rolled back.
    Together,
    /// By savepoints.
    Apart,
}

/// Carries out a batch in a transaction that somebody else commits.
pub(super) fn batch(
    tx: &Transaction<'_>,
    sql: &Statements,
    (schema, layout): (&Schema, &Layout),
    (batch, way): (&Batch, Way),
    (triggers, collided): (&mut Triggers, &mut Collided),
) -> Result<Vec<OpOutcome>, StoreError> {
    let free = way == Way::Together && are_free(tx, sql, batch)?;
    let unwatched =
        way == Way::Together && layout.is_unwatched && batch.ops.iter().all(|op| is_watched_by_none(op, free));
    triggers.set(tx, unwatched)?;
    // A shape that is made within a savepoint may be gone again.
    let affinities = layout.leaves.as_deref().filter(|_| way == Way::Together);
    let leaving = |affinities| Leaving::new(tx, &sql.names, schema, affinities, batch.schema);
    let mut writer = Writer {
        tx,
        layout,
        leaving: affinities.and_then(leaving),
        sql,
        schema,
        batch,
        run: batch.run.as_str(),
        at: time(&batch.at),
        free,
        // Where no trigger runs, none would keep a base that is about to be replaced.
        clears_shape: !unwatched,
        clears_kept: !unwatched || tx.prepare_cached(&sql.kept)?.exists([])?,
        taken: tx.prepare_cached(&sql.taken)?,
        find: tx.prepare_cached(&sql.find)?,
        find_row: None,
        update: None,
        insert: tx.prepare_cached(&sql.insert)?,
        link: tx.prepare_cached(&sql.link)?,
        relink: tx.prepare_cached(&sql.relink)?,
        removed: Removed::of(tx, &sql.names)?,
        parked: None,
        collided,
        entries: Entries::new(tx, &sql.entries, batch.run.as_str(), time(&batch.at))?,
    };
    let outcomes = match way {
        Way::Together => {
            batch.ops.iter().map(|op| Ok(outcome(writer.write(op)?))).collect::<Result<_, StoreError>>()?
        }
        Way::Apart => writer.carry_out_apart()?,
    };
    writer.entries.settle()?;
    Ok(outcomes)
}

/// Whether no trigger of this program has anything to do for an op: a creation of an id that nobody has, or a change that
/// stores the base anew and leaves `active` alone.
fn is_watched_by_none(op: &Op, free: bool) -> bool {
    match op.action {
        Action::Create(_) => free,
        Action::Update(_) => op.base.is_some() && !moves(op),
        Action::Touch => !moves(op) && (op.base.is_some() || !op.makes_revision()),
        _ => false,
    }
}

/// Whether a row gets another external id.
fn moves(op: &Op) -> bool {
    op.rekeyed.is_some() || op.links()
}

/// Whether nobody has an id of any creation in the batch, nor gets one in it. Of two creations for one id the second is
/// refused.
fn are_free(tx: &Connection, sql: &Statements, batch: &Batch) -> Result<bool, StoreError> {
    if batch.ops.iter().any(|op| op.rekeyed.is_some()) {
        return Ok(false);
    }
    let created = batch.ops.iter().filter(|op| op.expect == Precondition::Unlinked);
    load::none_is_taken(tx, &sql.any, created.map(|op| op.id.as_str()))
}

/// What an op came to, by the number of its record.
fn outcome(local: Option<i64>) -> OpOutcome {
    // A number is an id.
    local
        .and_then(|local| LocalId::new(local.to_string()).ok())
        .map_or(OpOutcome::Stale, |local| OpOutcome::Applied { local })
}

/// Appends an entry about a record that no op is about.
pub(super) fn note(
    tx: &Connection,
    sql: &Statements,
    (run, at): (&RunId, &DateTime<Utc>),
    id: &ExternalId,
    entry: &RecordEntry,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(&AuditEntry::Record(entry.clone())).unwrap_or_default();
    let (at, verdict) = (time(at), situation(entry.situation));
    let (field, detail): (Option<&str>, Option<&str>) = (None, None);
    let action = entry.action.as_str();
    let mut statement = tx.prepare_cached(&sql.note)?;
    statement.execute(params![run.as_str(), at, id.as_str(), "record", field, verdict, detail, action, text])?;
    Ok(())
}

struct Writer<'a> {
    tx: &'a Connection,
    layout: &'a Layout,
    /// Where bases may be left in their rows.
    leaving: Option<Leaving<'a>>,
    sql: &'a Statements,
    schema: &'a Schema,
    batch: &'a Batch,
    run: &'a str,
    at: String,
    /// Nobody has an id of any creation.
    free: bool,
    /// Whether a shape goes before its row is written: a trigger would keep the old base.
    clears_shape: bool,
    /// Whether what was kept of an old base goes.
    clears_kept: bool,
    taken: CachedStatement<'a>,
    find: CachedStatement<'a>,
    /// Made when the first base is to be left in its row.
    find_row: Option<CachedStatement<'a>>,
    /// The last update: most of a batch write the same fields.
    update: Option<Update<'a>>,
    insert: CachedStatement<'a>,
    link: CachedStatement<'a>,
    relink: CachedStatement<'a>,
    removed: Removed<'a>,
    /// A row that gave its unique values up until others are written.
    parked: Option<Parked>,
    collided: &'a mut Collided,
    entries: Entries<'a>,
}

/// A statement that writes some fields of a row.
struct Update<'a> {
    positions: Vec<usize>,
    /// What else it sets.
    also: &'static str,
    statement: CachedStatement<'a>,
}

/// A row that is as it was expected.
struct Found {
    local: i64,
    /// The revision it will have.
    revision: Revision,
    /// What stands in it then, where that is known.
    row: Option<Record>,
    /// Whether it is a row, and not only the link of one that a user deleted.
    is_there: bool,
}

impl<'a> Writer<'a> {
    fn carry_out(&mut self, op: &'a Op) -> Result<unique::Tried, StoreError> {
        self.run_cached("SAVEPOINT op")?;
        match self.write(op) {
            Ok(local) => {
                self.run_cached("RELEASE op")?;
                Ok(unique::Tried::Over(outcome(local)))
            }
            // A trigger may have rolled back everything; then there is no savepoint to go back to.
            Err(error) if is_refusal(&error) && !self.tx.is_autocommit() => {
                self.run_cached("ROLLBACK TO op")?;
                self.run_cached("RELEASE op")?;
                self.entries.settle()?;
                Ok(self.tried(&error))
            }
            Err(error) => Err(error),
        }
    }

    /// The local id of the record, or `None` when what was expected is no longer so; then nothing was written.
    fn write(&mut self, op: &'a Op) -> Result<Option<i64>, StoreError> {
        let found = match (&op.action, &op.expect) {
            (Action::Create(record), Precondition::Unlinked) => self.create(op, record)?,
            (Action::Create(_), _) | (_, Precondition::Unlinked) => None,
            (action, Precondition::Revision(revision)) => self.change(op, action, *revision)?,
            (action, Precondition::Free { local, revision }) => self.take_in(op, action, local, *revision)?,
        };
        let Some(mut found) = found else { return Ok(None) };
        if self.is_in_host() && found.is_there {
            found.revision = self.read_back(found.local, &op.action)?;
        }
        self.link(op, &found)?;
        for change in &op.conflicts {
            self.conflict(op, change)?;
        }
        for entry in &op.entries {
            self.entries.add(op.id.as_str(), entry)?;
        }
        Ok(Some(found.local))
    }

    fn create(&mut self, op: &Op, record: &Record) -> Result<Option<Found>, StoreError> {
        if !self.free && self.is_taken(&op.id)? {
            return Ok(None);
        }
        if self.is_in_host() {
            return self.create_in_host(op, record).map(Some);
        }
        let statement = &mut self.insert;
        statement.raw_bind_parameter(1, op.id.as_str())?;
        for (position, field) in self.schema.fields().iter().enumerate() {
            statement.raw_bind_parameter(position + 2, Cell::of(field.kind(), record.field(position)))?;
        }
        statement.raw_execute()?;
        Ok(Some(Found {
            local: self.tx.last_insert_rowid(),
            revision: Revision(1),
            row: Some(record.clone()),
            is_there: true,
        }))
    }

    fn is_taken(&mut self, id: &ExternalId) -> Result<bool, StoreError> {
        Ok(self.taken.exists([id.as_str()])?)
    }

    fn change(&mut self, op: &Op, action: &Action, expected: Revision) -> Result<Option<Found>, StoreError> {
        let from = op.rekeyed.as_ref().unwrap_or(&op.id);
        let known = self.find(op, action, from)?;
        let is_there = known.is_some();
        // Of a deleted row only the link is left, to be touched.
        let (local, mut revision, row) = match known {
            Some(known) => known,
            None => (0, self.removed.revision(from.as_str())?.0, None),
        };
        if Revision(revision) != Parked::expected(self.parked.as_ref(), from.as_str(), expected) {
            return Ok(None);
        }
        if !is_there && (*action != Action::Touch || !self.is_taken(from)?) {
            return Ok(None);
        }
        if from != &op.id {
            if self.is_taken(&op.id)? {
                return Ok(None);
            }
            for sql in &self.sql.rekey {
                self.tx.prepare_cached(sql)?.execute([from.as_str(), op.id.as_str()])?;
            }
            revision += u64::from(is_there);
        }
        let clear = self.sql.clear.iter().zip([self.clears_shape, self.clears_kept]);
        for (sql, _) in clear.filter(|(_, needed)| *needed && op.base.is_some()) {
            self.tx.prepare_cached(sql)?.execute([op.id.as_str()])?;
        }
        let written = match *action == Action::Touch && op.makes_revision() {
            true if is_there => self.update(local, &self.schema.missing(), "")?,
            true => removed::grow(self.tx, &self.sql.names, op.id.as_str()).map(|()| 1)?,
            false => self.act(local, action)?,
        };
        Ok(Some(Found { local, revision: Revision(revision + written), row, is_there }))
    }

    /// Where a record is, its revision, and what will stand in it where its base is to be written.
    fn find(
        &mut self,
        op: &Op,
        action: &Action,
        id: &ExternalId,
    ) -> Result<Option<(i64, u64, Option<Record>)>, StoreError> {
        let leaving = self.leaving.as_ref().filter(|_| op.base.is_some());
        let statement = match (leaving, &mut self.find_row) {
            (None, _) => &mut self.find,
            (Some(_), Some(statement)) => statement,
            (Some(_), none) => none.insert(self.tx.prepare_cached(&self.sql.find_row)?),
        };
        let patch = match action {
            Action::Update(patch) | Action::Reactivate(patch) => Some(patch),
            _ => None,
        };
        let row = |row: &rusqlite::Row<'_>| {
            let after = leaving.and_then(|leaving| leaving.after(row, 2, patch));
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?.cast_unsigned(), after))
        };
        Ok(statement.query_row([id.as_str()], row).optional()?)
    }

    /// Does to a row what an op says, and answers by how much its revision grew.
    fn act(&mut self, local: i64, action: &Action) -> Result<u64, StoreError> {
        match action {
            Action::Update(patch) => self.update(local, patch, ""),
            Action::Reactivate(patch) => self.update(local, patch, "{active} = 1, "),
            Action::Deactivate => self.update(local, &self.schema.missing(), "{active} = 0, "),
            _ => Ok(0),
        }
    }

    /// Gives a row that has no external id the op's.
    fn take_in(
        &mut self,
        op: &Op,
        action: &Action,
        local: &LocalId,
        expected: Revision,
    ) -> Result<Option<Found>, StoreError> {
        let Ok(local) = local.as_str().parse::<i64>() else { return Ok(None) };
        let revision = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(0)?.cast_unsigned());
        let known = self.tx.prepare_cached(&self.sql.free)?.query_row([local], revision).optional()?;
        if known.map(Revision) != Some(expected) || self.is_taken(&op.id)? {
            return Ok(None);
        }
        self.tx.prepare_cached(&self.sql.take_in)?.execute(params![local, op.id.as_str()])?;
        let grown = self.act(local, action)?;
        Ok(Some(Found { local, revision: Revision(expected.0 + 1 + grown), row: None, is_there: true }))
    }

    /// Writes the fields that a patch states, and answers by how much the revision grew.
    fn update(&mut self, local: i64, patch: &Record, also: &'static str) -> Result<u64, StoreError> {
        let stated = |(position, value): (usize, FieldRef<'_>)| (!value.is_missing()).then_some(position);
        let positions = || patch.fields().enumerate().filter_map(stated);
        let is_same = |update: &Update<'_>| update.also == also && positions().eq(update.positions.iter().copied());
        let update = match self.update.take().filter(is_same) {
            Some(update) => update,
            None => self.prepare_update(positions().collect(), also)?,
        };
        let Update { positions, statement, .. } = self.update.insert(update);
        for (at, &position) in positions.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, self.layout.cell(self.schema, position, patch.field(position)))?;
        }
        statement.raw_bind_parameter(positions.len() + 1, local)?;
        statement.raw_execute()?;
        Ok(1)
    }

    fn prepare_update(&self, positions: Vec<usize>, also: &'static str) -> Result<Update<'a>, StoreError> {
        let names = &self.sql.names;
        let mut sql = format!("UPDATE {} SET {}", self.sql.members, names.sql(also));
        for &position in &positions {
            sql.push_str(&quoted(names.column(&self.schema.fields()[position]), '"'));
            sql.push_str(" = ?, ");
        }
        sql.push_str(&names.sql("{revision} = {revision} + 1 WHERE {local_id} = ?"));
        Ok(Update { positions, also, statement: self.tx.prepare_cached(&sql)? })
    }

    fn run_cached(&self, sql: &str) -> Result<(), StoreError> {
        self.tx.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

/// Whether the database refused what was to be written, and would take something else.
pub(super) fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::Altered { .. } | StoreError::Vanished => true,
        StoreError::Sqlite(error) => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
        ),
        _ => false,
    }
}

/// What is told of a refusal, without any value.
pub(super) fn told(error: &StoreError) -> String {
    match error {
        StoreError::Sqlite(error) => refused(error),
        error => error.to_string(),
    }
}

//! Writing rows: those that state the same fields in one statement, which answers what stands in them then.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tripartite::store::{Action, Op};
use tripartite::value::Record;
use tripartite_sql::stored_base;

use super::super::StoreError;
use super::super::bases::Left;
use super::super::cell;
use super::super::host::Column;
use super::decide::{Also, Cells, Decided, Written};
use super::{Writer, moves};
use crate::names::quoted;
use crate::pool::Sent;

/// The answer's columns before those of the fields: what the row was found by, its key, its revision.
const FIELDS: usize = 3;

const REMOVED: &str = "
UPDATE tripartite.links SET removed = nextval('tripartite.revisions')
WHERE register = {n} AND external_id = $1 RETURNING removed";

/// Somebody else was the first.
pub(super) const DOUBLE: &str = " ON CONFLICT ({external_id} COLLATE \"C\") WHERE {external_id} IS NOT NULL DO NOTHING";

/// Which fields are written, what else, and whether their bases are.
type Shape = (Vec<usize>, Also, bool);

/// A row that is to be written.
pub(super) struct Pending<'a> {
    pub(super) at: usize,
    pub(super) op: &'a Op,
    /// The external id of a new row, or the key of one that is there.
    pub(super) whose: String,
    pub(super) cells: Cells<'a>,
    deactivated: bool,
    is_linked: bool,
}

/// Which fields of a row are read back once it is written, by their positions.
pub(super) struct Answered {
    positions: Vec<usize>,
    /// Whether these are all, for a base is left in the row.
    is_left: bool,
}

impl<'a> Writer<'a> {
    pub(super) async fn create(
        &mut self,
        decided: &mut [Decided<'a>],
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let mut shapes: BTreeMap<Vec<usize>, Vec<Pending<'a>>> = BTreeMap::new();
        for is in decided.iter_mut().filter(|is| matches!(is, Decided::Create { .. })) {
            if let Decided::Create { at, op, cells } = std::mem::replace(is, Decided::Stale) {
                let pending = Pending { at, op, whose: op.id.to_string(), cells, deactivated: false, is_linked: false };
                shapes.entry(positions(&pending.cells)).or_default().push(pending);
            }
        }
        for (positions, rows) in shapes {
            if self.layout.numbers.is_some() && self.is_own {
                self.enter(&positions, rows, written).await?;
                continue;
            }
            let answered = self.answered(&positions, self.leaves && self.is_own);
            if self.tables.has_side_table() {
                self.insert_beside(&positions, rows, &answered, written).await?;
                continue;
            }
            let sql = self.inserting(&positions, &answered)?;
            let answers = self.send(sql, &positions, &rows, None).await?;
            for pending in rows {
                match answers.get(&pending.whose) {
                    Some(row) => written.push(self.written(pending, (row, &answered), &positions).await?),
                    // Somebody else was the first, and it is stale; or a trigger did not let it be written.
                    None if self.is_taken(&pending.whose).await? => {}
                    None => return Err(StoreError::Vanished),
                }
            }
        }
        Ok(())
    }

    pub(super) async fn change(
        &mut self,
        decided: &mut [Decided<'a>],
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let mut shapes: BTreeMap<Shape, Vec<Pending<'a>>> = BTreeMap::new();
        for is in decided.iter_mut().filter(|is| matches!(is, Decided::Change { .. })) {
            let Decided::Change { at, op, row, cells, also, deactivated, is_linked } =
                std::mem::replace(is, Decided::Done)
            else {
                continue;
            };
            let moves = op.rekeyed.is_some() || op.links();
            let also = if moves && also == Also::NotAtAll && row.is_there { Also::Nothing } else { also };
            let deactivated = match op.action {
                Action::Deactivate => true,
                Action::Reactivate(_) => false,
                _ => deactivated,
            };
            if also == Also::NotAtAll {
                let revision = if row.is_there { row.revision } else { self.removed(op, row.revision).await? };
                let (left, is_changed) = (None, false);
                written.push(Written { at, op, local: row.local, revision, deactivated, is_linked, left, is_changed });
                continue;
            }
            let pending = Pending { at, op, whose: row.local, cells, deactivated, is_linked };
            shapes.entry((positions(&pending.cells), also, op.base.is_some())).or_default().push(pending);
        }
        for (shape, rows) in shapes {
            self.update(&shape, rows, written).await?;
        }
        Ok(())
    }

    /// Writes the same fields of some rows.
    async fn update(
        &mut self,
        (positions, also, has_base): &Shape,
        rows: Vec<Pending<'a>>,
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let is_own = self.is_own;
        // The trigger keeps what a base reads from its row.
        self.say_own(is_own && (*has_base || positions.is_empty())).await?;
        let moved = rows.iter().find(|row| moves(row.op)).map(|row| row.op.id.to_string());
        let answered = self.answered(positions, self.leaves && self.is_own && *has_base);
        let answers = match self.tables.has_side_table() {
            true => self.update_beside((positions, *also), &rows, moved, &answered).await?,
            false => {
                let sets = self.also_set(*also, moved.as_ref().map(|_| positions.len() + 2));
                let sets: Vec<String> = sets.into_iter().flatten().collect();
                let selected = self.tables.sql("m.{revision}") + &self.selected(&answered)?;
                let sql = self.updating(("{members}", positions), &sets, &selected)?;
                self.send(sql, positions, &rows, moved).await?
            }
        };
        for pending in rows {
            let row = answers.get(&pending.whose).ok_or(StoreError::Vanished)?;
            written.push(self.written(pending, (row, &answered), positions).await?);
        }
        self.say_own(is_own).await
    }

    /// The fields that are read back: those that were written, or all, where a base is left in the row.
    fn answered(&self, positions: &[usize], is_left: bool) -> Answered {
        let all = || (0..self.layout.columns.len()).collect();
        Answered { positions: if is_left { all() } else { positions.to_vec() }, is_left }
    }

    /// What is stored of the base of an op whose row reads as this.
    pub(super) async fn leave<'r>(
        &mut self,
        op: &Op,
        now: impl Fn(usize) -> Option<&'r str>,
    ) -> Result<Option<Left>, StoreError> {
        let Some(base) = op.base.as_ref().map(|base| stored_base(op, base)).filter(|_| self.leaves) else {
            return Ok(None);
        };
        let (columns, tables) = (&self.layout.columns, self.tables);
        let (schema, fingerprint) = (self.schema, self.batch.schema);
        self.shapes.leave((self.lease, tables), (schema, fingerprint), (&base, columns), now).await
    }

    /// The revision of a record whose row is gone, after an op that only touches it: its link has the revision.
    async fn removed(&mut self, op: &Op, revision: i64) -> Result<i64, StoreError> {
        if !op.makes_revision() {
            return Ok(revision);
        }
        let row = self.lease.first(&self.tables.sql(REMOVED), &[&op.id.as_str()]).await?;
        Ok(row.map_or(revision, |row| row.get(0)))
    }

    /// Sends a statement on some rows, and answers by what each was found.
    pub(super) async fn send(
        &mut self,
        sql: String,
        positions: &[usize],
        rows: &[Pending<'a>],
        moved: Option<String>,
    ) -> Result<BTreeMap<String, tokio_postgres::Row>, StoreError> {
        let sent = sent(sql, positions, rows, moved);
        let answers = self.lease.send(std::slice::from_ref(&sent)).await?.pop().unwrap_or_default();
        Ok(answers.into_iter().map(|row| (row.get(0), row)).collect())
    }

    /// The columns that are read back, with a comma before each.
    pub(super) fn selected(&self, answered: &Answered) -> Result<String, StoreError> {
        answered.positions.iter().map(|&position| Ok(self.column(position)?.selected())).collect()
    }

    pub(super) fn column(&self, position: usize) -> Result<&Column, StoreError> {
        let column = self.layout.columns.get(position).and_then(Option::as_ref);
        column.ok_or(StoreError::Unreadable { table: "members", id: position.to_string() })
    }

    fn inserting(&self, positions: &[usize], answered: &Answered) -> Result<String, StoreError> {
        let (into, from) = match self.is_own {
            true => (", {revision}", ", nextval('tripartite.revisions')"),
            false => ("", ""),
        };
        let mut sql = self.tables.sql(&format!("INSERT INTO {{members}} AS m({{external_id}}, {{active}}{into}"));
        let mut values = self.tables.sql(&format!(") SELECT u.id, {{true}}{from}"));
        let mut names = "u(id".to_owned();
        let mut arrays = "$1::text[]".to_owned();
        for (at, &position) in positions.iter().enumerate() {
            let column = self.column(position)?;
            sql.push_str(&format!(", {}", quoted(&column.name, '"')));
            values.push_str(&format!(", u.c{at}::{}", column.cast));
            names.push_str(&format!(", c{at}"));
            arrays.push_str(&format!(", ${}::text[]", at + 2));
        }
        let kept = self.selected(answered)?;
        let double = if self.is_plain { "" } else { DOUBLE };
        let rest =
            self.tables.sql(&format!("{double} RETURNING m.{{external_id}}::text, m.{{key}}::text, m.{{revision}}"));
        Ok(format!("{sql}{values} FROM unnest({arrays}) AS {names}){rest}{kept}"))
    }

    /// The statement that changes rows of one table, with what else it sets, and what it answers behind what each row was
    /// found by and its key.
    pub(super) fn updating(
        &self,
        (table, positions): (&str, &[usize]),
        sets: &[String],
        answered: &str,
    ) -> Result<String, StoreError> {
        let (mut names, mut arrays) = ("u(key".to_owned(), "$1::text[]".to_owned());
        let mut all = sets.to_vec();
        for (at, &position) in positions.iter().enumerate() {
            let column = self.column(position)?;
            all.push(format!("{} = u.c{at}::{}", quoted(&column.name, '"'), column.cast));
            names.push_str(&format!(", c{at}"));
            arrays.push_str(&format!(", ${}::text[]", at + 2));
        }
        let update = self.tables.sql(&format!("UPDATE {table} m SET "));
        let whose = self.tables.sql(&format!(
            "CROSS JOIN LATERAL (SELECT m.ctid FROM {table} m WHERE m.{{key}} = u.key::{{key_type}} OFFSET 0) at
            WHERE m.ctid = at.ctid RETURNING u.key, m.{{key}}::text, ",
        ));
        let sets = all.join(", ");
        Ok(format!("{update}{sets} FROM unnest({arrays}) AS {names}) {whose}{answered}"))
    }

    /// What is set of a row beside its fields: its revision, whether it is active, and the id of one that moves, which is the
    /// value at a place.
    pub(super) fn also_set(&self, also: Also, moved: Option<usize>) -> [Option<String>; 3] {
        // Else the trigger gives it the next revision.
        let revision = self.tables.sql(match self.is_own {
            true => "{revision} = nextval('tripartite.revisions')",
            false => "{revision} = m.{revision}",
        });
        let active = match also {
            Also::Active => Some(self.tables.sql("{active} = {true}")),
            Also::Inactive => Some(self.tables.sql("{active} = {false}")),
            _ => None,
        };
        let id = moved.map(|at| format!("{} = ${at}::text", self.tables.sql("{external_id}")));
        [Some(revision), active, id]
    }

    /// A row that was written, if what stands in it is what was written.
    pub(super) async fn written(
        &mut self,
        pending: Pending<'a>,
        (row, answered): (&tokio_postgres::Row, &Answered),
        positions: &[usize],
    ) -> Result<Written<'a>, StoreError> {
        let Pending { at, op, deactivated, is_linked, ref cells, .. } = pending;
        let now = |at: usize| row.get(FIELDS + if answered.is_left { positions[at] } else { at });
        if let Action::Create(record) | Action::Update(record) | Action::Reactivate(record) = &op.action {
            // What comes back as it was sent is kept, whatever it says.
            let changed = |at: &usize| cells[*at].1.as_deref() != now(*at);
            if let Some(from) = (0..positions.len()).find(changed) {
                self.compare(record, now, positions, from)?;
            }
        }
        let left = match answered.is_left {
            true => self.leave(op, |position| row.get(FIELDS + position)).await?,
            false => None,
        };
        let (local, revision) = (row.get(1), row.get(2));
        let mut written = Written { at, op, local, revision, deactivated, is_linked, left, is_changed: true };
        if self.layout.is_watched {
            self.look_again(&mut written, positions).await?;
        }
        Ok(written)
    }

    /// Whether the table keeps what was written. A row that a trigger changed, or a type that rounds, is not taken for an edit by
    /// a user.
    fn compare<'r>(
        &self,
        record: &Record,
        now: impl Fn(usize) -> Option<&'r str>,
        positions: &[usize],
        from: usize,
    ) -> Result<(), StoreError> {
        for (at, &position) in positions.iter().enumerate().skip(from) {
            if !cell::keeps(self.schema, position, self.column(position)?, record.field(position), now(at)) {
                return Err(StoreError::Altered { field: self.schema.fields()[position].name().to_owned() });
            }
        }
        Ok(())
    }

    /// Reads a row once more: a trigger that runs after the statement may have changed it.
    async fn look_again(&mut self, written: &mut Written<'a>, positions: &[usize]) -> Result<(), StoreError> {
        let mut sql = self.tables.sql("SELECT NULL::text, m.{key}::text, m.{revision}");
        sql.push_str(&self.selected(&self.answered(positions, false))?);
        sql.push_str(&self.tables.sql(" FROM {records} m WHERE m.{key} = ($1::text)::{key_type}"));
        let row = self.lease.first(&sql, &[&written.local]).await?.ok_or(StoreError::Vanished)?;
        if let Action::Create(record) | Action::Update(record) | Action::Reactivate(record) = &written.op.action {
            self.compare(record, |at| row.get(FIELDS + at), positions, 0)?;
        }
        written.revision = row.get(2);
        Ok(())
    }
}

/// A statement on some rows.
pub(super) fn sent<'r>(sql: String, positions: &[usize], rows: &'r [Pending<'_>], moved: Option<String>) -> Sent<'r> {
    let mut sent = Sent { sql, values: Vec::with_capacity(positions.len() + 2) };
    sent.values.push(Box::new(rows.iter().map(|row| row.whose.as_str()).collect::<Vec<_>>()));
    for at in 0..positions.len() {
        let column: Vec<Option<&str>> = rows.iter().map(|row| row.cells[at].1.as_deref()).collect();
        sent.values.push(Box::new(column));
    }
    if let Some(moved) = moved {
        sent.values.push(Box::new(moved));
    }
    sent
}

fn positions(cells: &[(usize, Option<Cow<'_, str>>)]) -> Vec<usize> {
    cells.iter().map(|(position, _)| *position).collect()
}

//! Writing rows of a table that has its added columns beside it: two statements where there is one elsewhere.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::super::StoreError;
use super::Writer;
use super::decide::{Also, Written};
use super::rows::{Answered, DOUBLE, Pending};
use crate::names::quoted;
use crate::pool::Sent;

/// What is set of new rows in the side table, behind their revision.
const LINKED: [&str; 2] = [", {external_id} = u.id", ", {active} = {true}"];

impl<'a> Writer<'a> {
    /// Writes the same fields of some rows, and whatever stands beside them.
    pub(super) async fn update_beside(
        &mut self,
        (positions, also): (&[usize], Also),
        rows: &[Pending<'a>],
        moved: Option<String>,
        answered: &Answered,
    ) -> Result<BTreeMap<String, Row>, StoreError> {
        let [has_active, has_id] = [self.tables.has_active(), self.tables.has_id()];
        let is_there = [false, has_active, has_id];
        let [there, beside] = [true, false].map(|is| {
            let at = moved.as_ref().map(|_| if is { positions.len() + 2 } else { 2 });
            let sets = self.also_set(also, at).into_iter().zip(is_there);
            sets.filter(|(_, there)| *there == is).filter_map(|(set, _)| set).collect::<Vec<_>>()
        });
        let sql = self.updating(("{revised}", &[]), &beside, &self.tables.sql("m.{revision}"))?;
        let answers = self.send(sql, &[], rows, moved.clone().filter(|_| !has_id)).await?;
        if positions.is_empty() && there.is_empty() {
            return Ok(answers);
        }
        let selected = self.tables.sql("tripartite.revised_{n}(m.{key}::text)") + &self.selected(answered)?;
        let sql = self.updating(("{members}", positions), &there, &selected)?;
        self.send(sql, positions, rows, moved.filter(|_| has_id)).await
    }

    /// Writes new rows one by one, as no answer tells several apart before they are linked, and then links all of them.
    pub(super) async fn insert_beside(
        &mut self,
        positions: &[usize],
        rows: Vec<Pending<'a>>,
        answered: &Answered,
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let sql = self.inserting_one(positions, answered)?;
        let sent = rows.iter().map(|row| {
            let cells = row.cells.iter().map(|(_, cell)| cell.as_deref().map(str::to_owned));
            let mut sent = Sent { sql: sql.clone(), values: vec![Box::new(row.whose.clone())] };
            sent.values.extend(cells.map(|cell| Box::new(cell) as _));
            sent
        });
        let sent: Vec<Sent<'_>> = sent.collect();
        let answers = self.lease.send(&sent).await?;
        let answers: BTreeMap<String, Row> = answers.into_iter().flatten().map(|row| (row.get(0), row)).collect();
        let keys: Vec<&str> = answers.values().map(|row| row.get(1)).collect();
        let revisions = self.link_beside(&answers.keys().map(String::as_str).collect::<Vec<_>>(), &keys).await?;
        for pending in rows {
            let whose = pending.whose.clone();
            match (answers.get(&whose), revisions.get(&whose)) {
                (Some(row), Some(revision)) => {
                    let row = self.written(pending, (row, answered), positions).await?;
                    written.push(Written { revision: *revision, ..row });
                }
                // Somebody else was the first, and it is stale; or a trigger did not let it be written.
                _ if self.is_taken(&whose).await? => {}
                _ => return Err(StoreError::Vanished),
            }
        }
        Ok(())
    }

    /// Gives new rows their ids. The answer is their revisions.
    async fn link_beside(&mut self, ids: &[&str], keys: &[&str]) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut sql = self.tables.sql("UPDATE {revised} m SET {revision} = m.{revision}");
        for (set, is_there) in LINKED.into_iter().zip([self.tables.has_id(), self.tables.has_active()]) {
            if !is_there {
                sql.push_str(&self.tables.sql(set));
            }
        }
        let from = " FROM unnest($1::text[], $2::text[]) AS u(id, key) WHERE m.{key} = u.key::{key_type}
            RETURNING u.id, m.{revision}";
        sql.push_str(&self.tables.sql(from));
        let rows = self.lease.query(&sql, &[&ids, &keys]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn inserting_one(&self, positions: &[usize], answered: &Answered) -> Result<String, StoreError> {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (at, &position) in positions.iter().enumerate() {
            let column = self.column(position)?;
            columns.push(quoted(&column.name, '"'));
            values.push(format!("(${}::text)::{}", at + 2, column.cast));
        }
        if self.tables.has_id() {
            columns.push(self.tables.sql("{external_id}"));
            values.push("$1::text".to_owned());
        }
        if self.tables.has_active() {
            columns.push(self.tables.sql("{active}"));
            values.push(self.tables.sql("{true}"));
        }
        let entered = match columns.is_empty() {
            true => "DEFAULT VALUES".to_owned(),
            false => format!("({}) VALUES ({})", columns.join(", "), values.join(", ")),
        };
        let into = self.tables.sql("INSERT INTO {members} AS m ");
        let double = if self.is_plain || !self.tables.has_id() { String::new() } else { self.tables.sql(DOUBLE) };
        let answer = self.tables.sql(" RETURNING $1::text, m.{key}::text, 0::bigint") + &self.selected(answered)?;
        Ok(into + &entered + &double + &answer)
    }
}

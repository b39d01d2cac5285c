//! Entering new rows of a table of the store's own: their keys and revisions are taken before, and what stands in them is
//! what is written, so nothing is read back. The rows are on their way while the links to them are made.

use tripartite::store::Action;

use super::super::StoreError;
use super::Writer;
use super::decide::Written;
use super::rows::{Pending, sent};
use crate::copying::{self, Field, Rows};
use crate::names::quoted;
use crate::pool::{PoolError, Sent};

/// The keys and the revisions of new rows, in their order.
const NUMBERS: &str = "
SELECT array_agg(nextval({keys})), array_agg(nextval('tripartite.revisions')) FROM generate_series(1, $1::int4)";

const COPY: &str = "COPY {members}({external_id}, {key}, {revision}, {active}";

impl<'a> Writer<'a> {
    /// What takes the numbers of all rows that may be entered.
    pub(super) fn numbering(&self, is_own: bool) -> Option<Sent<'static>> {
        let keys = self.layout.numbers.as_ref().filter(|_| is_own)?;
        let count = self.batch.ops.iter().filter(|op| matches!(op.action, Action::Create(_))).count();
        let count = i32::try_from(count).ok().filter(|count| *count > 0)?;
        let sql = self.tables.sql(NUMBERS).replace("{keys}", &quoted(keys, '\''));
        Some(Sent { sql, values: vec![Box::new(count)] })
    }

    pub(super) async fn enter(
        &mut self,
        positions: &[usize],
        rows: Vec<Pending<'a>>,
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let rest = self.numbers.len().checked_sub(rows.len()).ok_or(StoreError::Vanished)?;
        let numbers = self.numbers.split_off(rest);
        if self.copies && rows.len() >= copying::ROWS {
            self.copy(positions, &rows, &numbers).await?;
        } else {
            self.insert(positions, &rows, &numbers).await?;
        }
        for (Pending { at, op, cells, .. }, (key, revision)) in rows.into_iter().zip(numbers) {
            let cell = |position: usize| cells.iter().find(|(at, _)| *at == position)?.1.as_deref();
            let left = self.leave(op, cell).await?;
            let (local, deactivated, is_linked) = (key.to_string(), false, false);
            written.push(Written { at, op, local, revision, deactivated, is_linked, left, is_changed: true });
        }
        Ok(())
    }

    async fn insert(
        &mut self,
        positions: &[usize],
        rows: &[Pending<'a>],
        numbers: &[(i64, i64)],
    ) -> Result<(), StoreError> {
        let mut sent = sent(self.entering(positions)?, positions, rows, None);
        sent.values.push(Box::new(numbers.iter().map(|(key, _)| *key).collect::<Vec<_>>()));
        sent.values.push(Box::new(numbers.iter().map(|(_, revision)| *revision).collect::<Vec<_>>()));
        match self.lease.execute(&sent.sql, &sent.values()).await? == rows.len() as u64 {
            true => Ok(()),
            false => Err(StoreError::Vanished),
        }
    }

    async fn copy(
        &mut self,
        positions: &[usize],
        rows: &[Pending<'a>],
        numbers: &[(i64, i64)],
    ) -> Result<(), StoreError> {
        let mut sql = self.tables.sql(COPY);
        for &position in positions {
            sql.push_str(&format!(", {}", quoted(&self.column(position)?.name, '"')));
        }
        sql.push_str(") FROM STDIN");
        let (active, mut text) = (self.tables.sql("{true}"), Rows::default());
        for (row, (key, revision)) in rows.iter().zip(numbers) {
            let first = [Field::Text(&row.whose), Field::Number(*key), Field::Number(*revision), Field::Text(&active)];
            text.push(first.into_iter().chain(row.cells.iter().map(|(_, cell)| cell.as_deref().into())));
        }
        self.send_off(&sql, text, rows.len()).await
    }

    /// Begins to copy rows, once those before have arrived: in a transaction that failed none can begin.
    pub(super) async fn send_off(&mut self, sql: &str, rows: Rows, count: usize) -> Result<(), StoreError> {
        self.arrive().await?;
        self.under_way = Some((self.lease.copy(sql, rows).await?, count));
        Ok(())
    }

    /// Waits for the rows that are on their way.
    pub(super) async fn arrive(&mut self) -> Result<(), StoreError> {
        let Some((copying, count)) = self.under_way.take() else { return Ok(()) };
        match self.lease.copied(copying).await {
            Ok(copied) if copied == count as u64 => Ok(()),
            Ok(_) => Err(StoreError::Vanished),
            Err(PoolError::Postgres(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn entering(&self, positions: &[usize]) -> Result<String, StoreError> {
        let mut sql = self.tables.sql("INSERT INTO {members}({external_id}, {key}, {revision}, {active}");
        let (mut values, mut names) = (self.tables.sql("SELECT u.id, u.key, u.revision, {true}"), "u(id".to_owned());
        let mut arrays = "$1::text[]".to_owned();
        for (at, &position) in positions.iter().enumerate() {
            let column = self.column(position)?;
            sql.push_str(&format!(", {}", quoted(&column.name, '"')));
            values.push_str(&format!(", u.c{at}::{}", column.cast));
            names.push_str(&format!(", c{at}"));
            arrays.push_str(&format!(", ${}::text[]", at + 2));
        }
        let (key, revision) = (positions.len() + 2, positions.len() + 3);
        Ok(format!(
            "{sql}) {values} FROM unnest({arrays}, ${key}::int8[], ${revision}::int8[]) AS {names}, key, revision)"
        ))
    }
}

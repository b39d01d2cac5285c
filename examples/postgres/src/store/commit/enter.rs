//! Entering new rows of a table of the store's own: their keys and revisions are taken before, and what stands in them is
//! what is written, so nothing is read back. The rows are on their way while the links to them are made.

use tripartite::store::Action;

use super::super::StoreError;
use super::Writer;
use super::decide::Written;
use super::rows::{Pending, sent};
use crate::copying::{self, Copying, Field, Rows};
use crate::names::quoted;
use crate::pool::PoolError;

/// The keys of new rows, in their order, and the revision of all: none had one before, and whoever changes one takes the next.
const NUMBERS: &str = ",
    (SELECT array_agg(nextval({keys})) FROM generate_series(1, $3::int4)), nextval('tripartite.revisions')";

/// So many rows are sent at a time: the server enters the first while the others are made.
const SENT: usize = 100;

const COPY: &str = "COPY {members}({external_id}, {key}, {revision}, {active}";

impl<'a> Writer<'a> {
    /// What takes the numbers of all rows that may be entered, and how many they are.
    pub(super) fn numbering(&self, is_own: bool) -> Option<(String, i32)> {
        let keys = self.layout.numbers.as_ref().filter(|_| is_own)?;
        let count = self.batch.ops.iter().filter(|op| matches!(op.action, Action::Create(_))).count();
        let count = i32::try_from(count).ok().filter(|count| *count > 0)?;
        Some((self.tables.sql(NUMBERS).replace("{keys}", &quoted(keys, '\'')), count))
    }

    pub(super) async fn enter(
        &mut self,
        positions: &[usize],
        rows: Vec<Pending<'a>>,
        written: &mut Vec<Written<'a>>,
    ) -> Result<(), StoreError> {
        let (keys, revision) = &mut self.numbers;
        let rest = keys.len().checked_sub(rows.len()).ok_or(StoreError::Vanished)?;
        let (keys, revision) = (keys.split_off(rest), *revision);
        if self.copies && rows.len() >= copying::ROWS {
            self.copy(positions, &rows, (&keys, revision)).await?;
        } else {
            self.insert(positions, &rows, (&keys, revision)).await?;
        }
        for (Pending { at, op, cells, .. }, key) in rows.into_iter().zip(keys) {
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
        (keys, revision): (&[i64], i64),
    ) -> Result<(), StoreError> {
        let mut sent = sent(self.entering(positions)?, positions, rows, None);
        sent.values.push(Box::new(keys));
        sent.values.push(Box::new(revision));
        match self.lease.execute(&sent.sql, &sent.values()).await? == rows.len() as u64 {
            true => Ok(()),
            false => Err(StoreError::Vanished),
        }
    }

    async fn copy(
        &mut self,
        positions: &[usize],
        rows: &[Pending<'a>],
        (keys, revision): (&[i64], i64),
    ) -> Result<(), StoreError> {
        let mut sql = self.tables.sql(COPY);
        for &position in positions {
            sql.push_str(&format!(", {}", quoted(&self.column(position)?.name, '"')));
        }
        sql.push_str(") FROM STDIN");
        let (active, copying) = (self.tables.sql("{true}"), self.begin_copy(&sql).await?);
        for (rows, keys) in rows.chunks(SENT).zip(keys.chunks(SENT)) {
            let mut text = Rows::default();
            for (row, key) in rows.iter().zip(keys) {
                let first =
                    [Field::Text(&row.whose), Field::Number(*key), Field::Number(revision), Field::Text(&active)];
                text.push(first.into_iter().chain(row.cells.iter().map(|(_, cell)| cell.as_deref().into())));
            }
            copying.send(text);
        }
        copying.end();
        self.under_way = Some((copying, rows.len()));
        Ok(())
    }

    /// Sends rows on their way.
    pub(super) async fn send_off(&mut self, sql: &str, rows: Rows, count: usize) -> Result<(), StoreError> {
        let copying = self.begin_copy(sql).await?;
        copying.send(rows);
        copying.end();
        self.under_way = Some((copying, count));
        Ok(())
    }

    /// Begins to copy rows, once those before have arrived: in a transaction that failed none can begin.
    async fn begin_copy(&mut self, sql: &str) -> Result<Copying, StoreError> {
        self.arrive().await?;
        Ok(self.lease.copy(sql).await?)
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
        let (key, revision) = (positions.len() + 2, positions.len() + 3);
        let mut values = format!("SELECT u.id, u.key, ${revision}::int8, {}", self.tables.sql("{true}"));
        let mut names = "u(id".to_owned();
        let mut arrays = "$1::text[]".to_owned();
        for (at, &position) in positions.iter().enumerate() {
            let column = self.column(position)?;
            sql.push_str(&format!(", {}", quoted(&column.name, '"')));
            values.push_str(&format!(", u.c{at}::{}", column.cast));
            names.push_str(&format!(", c{at}"));
            arrays.push_str(&format!(", ${}::text[]", at + 2));
        }
        Ok(format!("{sql}) {values} FROM unnest({arrays}, ${key}::int8[]) AS {names}, key)"))
    }
}

//! What becomes of each op, by the rows and links as they are locked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tripartite::id::LocalId;
use tripartite::schema::Schema;
use tripartite::store::{Action, Op, OpOutcome, Precondition, Revision};
use tripartite::value::Record;
use tripartite_sql::Parked;

use super::super::StoreError;
use super::super::bases::Left;
use super::super::layout::Layout;
use super::Writer;
use crate::pool::Sent;

/// The values of an op's row, each by the position of its field.
pub(super) type Cells<'a> = Vec<(usize, Option<Cow<'a, str>>)>;

/// What becomes of an op.
pub(super) enum Decided<'a> {
    Stale,
    Failed(String),
    /// Its row is created.
    Create {
        at: usize,
        op: &'a Op,
        cells: Cells<'a>,
    },
    /// Its row is changed.
    Change {
        at: usize,
        op: &'a Op,
        row: Row,
        cells: Cells<'a>,
        also: Also,
        deactivated: bool,
        is_linked: bool,
    },
    /// It is carried out already.
    Done,
}

/// What else is written into a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Also {
    /// Not even the row: it is only touched.
    NotAtAll,
    Nothing,
    Active,
    Inactive,
}

/// An op that is carried out, as far as its row goes.
pub(super) struct Written<'a> {
    pub(super) at: usize,
    pub(super) op: &'a Op,
    pub(super) local: String,
    /// The revision of the row; of a row that is gone, the one it was removed at.
    pub(super) revision: i64,
    /// Whether a sync has deactivated it.
    pub(super) deactivated: bool,
    /// Whether it has a link already.
    pub(super) is_linked: bool,
    /// What is stored of a base that stands in the row.
    pub(super) left: Option<Left>,
    /// Whether the row was written.
    pub(super) is_changed: bool,
}

/// A row that is locked.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) local: String,
    pub(super) revision: i64,
    /// Whether it is there, and not only its link.
    pub(super) is_there: bool,
}

/// A link that is locked.
#[derive(Debug, Clone)]
struct Link {
    /// The revision at which its row was removed.
    removed: i64,
    /// The key that its row had.
    local: String,
    deactivated: bool,
}

/// The rows and links of some ids.
struct Found {
    rows: BTreeMap<String, Row>,
    links: BTreeMap<String, Link>,
}

impl Found {
    fn has(&self, id: &str) -> bool {
        self.rows.contains_key(id) || self.links.contains_key(id)
    }
}

const ROWS: &str = "
SELECT {id}, m.{key}::text, m.{revision} FROM unnest($1::text[]) AS w(id) CROSS JOIN LATERAL (
    SELECT * FROM {records} m WHERE {id} = w.id COLLATE \"C\" FOR NO KEY UPDATE
) m";

const LINKS: &str = "
SELECT l.external_id, coalesce(l.removed, 0), coalesce(l.local, l.external_id), l.deactivated
FROM unnest($1::text[]) AS w(id) CROSS JOIN LATERAL (
    SELECT * FROM tripartite.links l WHERE l.register = {n} AND l.external_id = w.id COLLATE \"C\" FOR UPDATE
) l";

const FREE: &str = "
SELECT m.{key}::text, m.{revision} FROM {records} m
WHERE m.{key} = ($1::text)::{key_type} AND m.{external_id} IS NULL FOR NO KEY UPDATE";

const TAKEN: &str = "
SELECT FROM {records} m WHERE {id} = $1 UNION ALL
SELECT FROM tripartite.links WHERE register = {n} AND external_id = $1";

/// Moves what is remembered of a record to its new id, before its row gets it: the trigger forgets what has the old one.
const REKEY: [&str; 2] = [
    "UPDATE tripartite.links SET external_id = $2 WHERE register = {n} AND external_id = $1",
    "UPDATE tripartite.conflicts SET external_id = $2 WHERE register = {n} AND external_id = $1",
];

impl Decided<'_> {
    /// The outcome of an op of which nothing is written.
    pub(super) fn outcome(&self) -> OpOutcome {
        match self {
            Self::Failed(problem) => OpOutcome::Failed { problem: problem.clone() },
            _ => OpOutcome::Stale,
        }
    }
}

fn same(revision: i64, expected: Revision) -> bool {
    Revision(revision.cast_unsigned()) == expected
}

impl<'a> Writer<'a> {
    pub(super) async fn is_taken(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.lease.first(&self.tables.sql(TAKEN), &[&id]).await?.is_some())
    }

    pub(super) async fn decide(&mut self, ops: &'a [Op]) -> Result<Vec<Decided<'a>>, StoreError> {
        let found = self.find(ops).await?;
        let mut decided = Vec::with_capacity(ops.len());
        for (at, op) in ops.iter().enumerate() {
            decided.push(match (&op.action, &op.expect) {
                (Action::Create(record), Precondition::Unlinked) => {
                    match self.early.pop_front().unwrap_or_else(|| cells(self.layout, self.schema, record)) {
                        _ if found.has(op.id.as_str()) => Decided::Stale,
                        Ok(cells) => Decided::Create { at, op, cells },
                        Err(problem) => Decided::Failed(problem),
                    }
                }
                (Action::Create(_), _) | (_, Precondition::Unlinked) => Decided::Stale,
                (_, Precondition::Revision(revision)) => self.linked(at, op, &found, *revision).await?,
                (_, Precondition::Free { local, revision }) => self.free(at, op, &found, local, *revision).await?,
            });
        }
        Ok(decided)
    }

    /// Locks rows and links, always in this order and in that of their ids.
    async fn find(&mut self, ops: &[Op]) -> Result<Found, StoreError> {
        // Of a batch that is carried out together it shows when the row is entered that somebody has the id.
        let is_new = |op: &&Op| self.is_own && op.expect == Precondition::Unlinked;
        let ids = ops.iter().filter(|op| !is_new(op)).flat_map(|op| [Some(&op.id), op.rekeyed.as_ref()]).flatten();
        // Rows are locked in the order in which they are asked for.
        let ids: BTreeSet<&str> = ids.map(tripartite::id::ExternalId::as_str).collect();
        let ids = Vec::from_iter(ids);
        if ids.is_empty() {
            return Ok(Found { rows: BTreeMap::new(), links: BTreeMap::new() });
        }
        let asked = |sql| Sent { sql: self.tables.sql(sql), values: vec![Box::new(ids.clone())] };
        let mut found = self.lease.send(&[asked(ROWS), asked(LINKS)]).await?;
        let (links, rows) = (found.pop().unwrap_or_default(), found.pop().unwrap_or_default());
        let row =
            |row: &tokio_postgres::Row| (row.get(0), Row { local: row.get(1), revision: row.get(2), is_there: true });
        let link = |row: &tokio_postgres::Row| {
            (row.get(0), Link { removed: row.get(1), local: row.get(2), deactivated: row.get(3) })
        };
        Ok(Found { rows: rows.iter().map(row).collect(), links: links.iter().map(link).collect() })
    }

    /// An op on a linked record. Of a record whose row is gone only the link is left to be touched.
    async fn linked(
        &mut self,
        at: usize,
        op: &'a Op,
        found: &Found,
        expected: Revision,
    ) -> Result<Decided<'a>, StoreError> {
        let from = op.rekeyed.as_ref().unwrap_or(&op.id).as_str();
        let link = found.links.get(from);
        let row = match (found.rows.get(from), link) {
            (Some(row), _) => Row::clone(row),
            (None, Some(link)) if op.action == Action::Touch => {
                Row { local: link.local.clone(), revision: link.removed, is_there: false }
            }
            _ => return Ok(Decided::Stale),
        };
        let moves = from != op.id.as_str();
        if !same(row.revision, Parked::expected(self.parked.as_ref(), from, expected))
            || moves && found.has(op.id.as_str())
        {
            return Ok(Decided::Stale);
        }
        let decided = self.changed(at, op, row, link);
        if moves && !matches!(decided, Decided::Failed(_)) {
            for sql in REKEY {
                self.lease.execute(&self.tables.sql(sql), &[&from, &op.id.as_str()]).await?;
            }
        }
        Ok(decided)
    }

    /// An op that gives a row its external id.
    async fn free(
        &mut self,
        at: usize,
        op: &'a Op,
        found: &Found,
        local: &LocalId,
        expected: Revision,
    ) -> Result<Decided<'a>, StoreError> {
        if found.has(op.id.as_str()) || !self.tables.is_key(local.as_str()) {
            return Ok(Decided::Stale);
        }
        let row = self.lease.first(&self.tables.sql(FREE), &[&local.as_str()]).await?;
        let row = row.map(|row| Row { local: row.get(0), revision: row.get(1), is_there: true });
        let row = row.filter(|row| row.local == local.as_str() && same(row.revision, expected));
        Ok(row.map_or(Decided::Stale, |row| self.changed(at, op, row, None)))
    }

    fn changed(&self, at: usize, op: &'a Op, row: Row, link: Option<&Link>) -> Decided<'a> {
        let (deactivated, is_linked) = (link.is_some_and(|link| link.deactivated), link.is_some());
        let (patch, also) = match &op.action {
            Action::Update(patch) => (Some(patch), Also::Nothing),
            Action::Reactivate(patch) => (Some(patch), Also::Active),
            Action::Deactivate => (None, Also::Inactive),
            _ if op.makes_revision() && row.is_there => (None, Also::Nothing),
            _ => (None, Also::NotAtAll),
        };
        match patch.map(|patch| cells(self.layout, self.schema, patch)).transpose() {
            Ok(cells) => {
                Decided::Change { at, op, row, cells: cells.unwrap_or_default(), also, deactivated, is_linked }
            }
            Err(problem) => Decided::Failed(problem),
        }
    }
}

/// The values of new records, in their order.
pub(super) fn created<'a>(layout: &Layout, schema: &Schema, ops: &'a [Op]) -> VecDeque<Result<Cells<'a>, String>> {
    let record = |op: &'a Op| match (&op.action, &op.expect) {
        (Action::Create(record), Precondition::Unlinked) => Some(cells(layout, schema, record)),
        _ => None,
    };
    ops.iter().filter_map(record).collect()
}

/// The values that a record states.
fn cells<'a>(layout: &Layout, schema: &Schema, record: &'a Record) -> Result<Cells<'a>, String> {
    let stated = record.fields().enumerate().filter(|(_, field)| !field.is_missing());
    let mut cells = Vec::with_capacity(record.len());
    for (position, field) in stated {
        let Some(Some(column)) = layout.columns.get(position) else {
            return Err("a field has no column yet".to_owned());
        };
        cells.push((position, column.cell(schema, position, field)?));
    }
    Ok(cells)
}

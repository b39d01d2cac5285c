//! Loading: the records of one page with their bases and conflicts, in one statement.

use std::sync::Arc;

use serde::de::DeserializeSeed;
use tokio_postgres::Row;
use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::store::{Base, Loaded, OpenConflict};
use tripartite::value::{Record, RecordBuilder};

use super::StoreError;
use super::bases::{Bases, Shapes};
use super::index::{Known, fingerprint};
use super::layout::Layout;
use super::tables::Tables;
use crate::pool::Lease;

/// Before the columns of the fields.
const COLUMNS: &str = "
SELECT w.id, {is_active}, m.{revision}, l.removed, l.deactivated, l.missed, l.synced, l.seen, l.policy,
    m.{key} IS NOT NULL, l.base::text, l.base_schema, l.base_version, l.shape, l.print, l.kept::text,
    (SELECT json_agg(c.conflict ORDER BY c.unit)::text FROM tripartite.conflicts c
     WHERE c.register = {n} AND c.external_id = w.id COLLATE \"C\")";

const FIELDS: usize = 17;

/// The shape of a base, and the columns behind it.
const SHAPE: usize = 13;

/// How the records of a register are read.
pub(super) struct Reader<'a> {
    pub(super) tables: &'a Tables,
    pub(super) layout: &'a Layout,
    pub(super) schema: &'a Schema,
    /// Those that are known; whoever reads learns of others.
    pub(super) shapes: Arc<Shapes>,
}

/// Of a first import there is nothing: that is asked once, and not of each id.
const WANTED: &str = "
FROM unnest($1::text[]) AS w(id)
LEFT JOIN LATERAL (SELECT * FROM {records} m WHERE {id} = w.id COLLATE \"C\" OFFSET 0) m ON true
LEFT JOIN LATERAL (
    SELECT * FROM tripartite.links l WHERE l.register = {n} AND l.external_id = w.id COLLATE \"C\" OFFSET 0
) l ON true
WHERE (m.{key} IS NOT NULL OR l.external_id IS NOT NULL) AND (
    EXISTS (SELECT FROM {linked} WHERE {external_id} IS NOT NULL)
    OR EXISTS (SELECT FROM tripartite.links WHERE register = {n})
)";

pub(super) async fn records(
    lease: &mut Lease,
    reader: &mut Reader<'_>,
    ids: &[ExternalId],
) -> Result<Vec<Loaded>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (tables, others) = (reader.tables, reader.other_bases().map(Bases::selected).unwrap_or_default());
    let sql = tables.sql(COLUMNS) + &reader.layout.selected() + &others + &tables.sql(WANTED);
    let mut ids: Vec<&str> = ids.iter().map(ExternalId::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = lease.query(&sql, &[&ids]).await?;
    if !reader.shapes.know(&rows, SHAPE) {
        reader.shapes = Arc::new(Shapes::read(lease, tables).await?);
    }
    rows.iter().map(|row| loaded(reader, row)).collect()
}

impl Reader<'_> {
    /// The bases whose rows have other fields than the schema.
    fn other_bases(&self) -> Option<&Bases> {
        self.layout.bases.as_ref().filter(|bases| !bases.is_of(self.schema))
    }

    /// The base, if there is one; `None` where it cannot be read.
    fn base(&self, row: &Row) -> Option<Option<Base>> {
        let (rest, version) = (row.get::<_, Option<&str>>(10), row.get::<_, Option<i64>>(12).map(i64::cast_unsigned));
        if row.get::<_, Option<i32>>(SHAPE).is_none() {
            return base(self.schema, row, rest).map(|base| base.map(|base| base.version(version)));
        }
        let first = FIELDS + self.other_bases().map_or(0, |_| self.layout.columns.len());
        let bases = self.layout.bases.as_ref()?;
        let base = bases.base(self.schema, &self.shapes, row, (rest, SHAPE, first));
        Some(base.map(|base| base.version(version)))
    }
}

fn loaded(reader: &Reader<'_>, row: &Row) -> Result<Loaded, StoreError> {
    let Reader { layout, schema, .. } = *reader;
    let text: &str = row.get(0);
    let unreadable = |table| StoreError::Unreadable { table, id: text.to_owned() };
    let id = ExternalId::new(text).map_err(|_| unreadable("tripartite.links"))?;
    let mut known = Known::of(row, 1);
    let is_there: bool = row.get(9);
    let local = match is_there {
        true => row_of(layout, schema, row, FIELDS).ok_or_else(|| unreadable("members"))?,
        false => {
            known.presence = tripartite::store::Presence::Removed;
            schema.missing()
        }
    };
    let open = match row.get::<_, Option<&str>>(16) {
        Some(text) => {
            serde_json::from_str::<Vec<OpenConflict>>(text).map_err(|_| unreadable("tripartite.conflicts"))?
        }
        None => Vec::new(),
    };
    let base = reader.base(row).ok_or_else(|| unreadable("tripartite.links"))?;
    let Known { presence, revision, synced, missed } = known;
    Ok(Loaded::new(id, revision, local).presence(presence).base(base).synced(synced).open(open).missed(missed))
}

/// A base that is stored whole.
fn base(schema: &Schema, row: &Row, text: Option<&str>) -> Option<Option<Base>> {
    let Some(text) = text else { return Some(None) };
    let record = schema.seed().deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?;
    Some(Some(Base::new(record, fingerprint(row, 11)?)))
}

/// The record in a row, from the column of its first field on; `None` where no record can hold it.
pub(super) fn row_of(layout: &Layout, schema: &Schema, row: &Row, first: usize) -> Option<Record> {
    let mut record = RecordBuilder::new(schema.fields().len());
    for (position, (field, column)) in schema.fields().iter().zip(&layout.columns).enumerate() {
        if let Some(column) = column {
            column.read(field.kind(), row.get(first + position), &mut record, position).ok()?;
        }
    }
    Some(record.finish())
}

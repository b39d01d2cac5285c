//! Loading: the records of one page, in two statements, at one moment.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};
use serde::de::DeserializeSeed;
use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::store::{Base, Loaded, OpenConflict, Presence};
use tripartite::value::{Record, RecordBuilder};
use tripartite_sql::quoted;

use super::bases::{Bases, SHAPE, Shapes, Stands, has_fields_of};
use super::layout::Layout;
use super::names::Names;
use super::removed::Removed;
use super::{StoreError, cell, index};

const CONFLICTS: &str = "
SELECT c.external_id, c.conflict FROM json_each(?1) j JOIN {tripartite_conflicts} c ON c.external_id = j.value
ORDER BY c.external_id, c.unit";

const TABLES: &str = "
FROM json_each(?1) j
LEFT JOIN {members} m ON m.{external_id} = j.value LEFT JOIN {tripartite_links} l ON l.external_id = j.value";

const KEPT: &str = " LEFT JOIN {tripartite_kept} k ON k.external_id = j.value";

const ANY_KEPT: &str = "SELECT 1 FROM {tripartite_kept}";

const ANY_OPEN: &str = "SELECT 1 FROM {tripartite_conflicts}";

const ANYBODY: &str = " WHERE m.{local_id} IS NOT NULL OR l.external_id IS NOT NULL";

/// Whether anybody has an id of this span.
pub(super) const ANY: &str = "
SELECT 1 FROM {members} WHERE {external_id} BETWEEN ?1 AND ?2 UNION ALL
SELECT 1 FROM {tripartite_links} WHERE external_id BETWEEN ?1 AND ?2";

/// The first column of a field.
const FIELDS: usize = 10;

/// In a transaction, so that all statements see one moment.
pub(super) fn records(
    tx: &Connection,
    names: &Names,
    layout: &Layout,
    schema: &Schema,
    ids: &[ExternalId],
) -> Result<Vec<Loaded>, StoreError> {
    if none_is_taken(tx, &names.sql(ANY), ids.iter().map(ExternalId::as_str))? {
        return Ok(Vec::new());
    }
    let ids = serde_json::to_string(ids).unwrap_or_default();
    let mut open = conflicts(tx, names, &ids)?;
    let reads = Reads::of(tx, names, layout, schema)?;
    let mut removed = Removed::of(tx, names)?;
    let mut statement = tx.prepare_cached(&reads.statement(names))?;
    let mut rows = statement.query([ids])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        if let Ok(id) = ExternalId::new(row.get::<_, String>(0)?) {
            let open = open.remove(id.as_str()).unwrap_or_default();
            let mut record = loaded(&reads, id, row, open)?;
            if row.get_ref(1)?.as_i64().is_err() {
                record.revision = removed.revision(record.id.as_str())?;
            }
            records.push(record);
        }
    }
    Ok(records)
}

/// Whether nobody has any of these ids, where one look at the span of them tells: as on a first night, and where new ids
/// are larger than the old ones.
pub(super) fn none_is_taken<'a>(
    conn: &Connection,
    any: &str,
    ids: impl Iterator<Item = &'a str> + Clone,
) -> Result<bool, StoreError> {
    let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else { return Ok(true) };
    Ok(!conn.prepare_cached(any)?.exists([first, last])?)
}

fn conflicts(conn: &Connection, names: &Names, ids: &str) -> Result<BTreeMap<String, Vec<OpenConflict>>, StoreError> {
    if !conn.prepare_cached(&names.sql(ANY_OPEN))?.exists([])? {
        return Ok(BTreeMap::new());
    }
    let mut statement = conn.prepare_cached(&names.sql(CONFLICTS))?;
    let mut rows = statement.query([ids])?;
    let mut open = BTreeMap::<String, Vec<OpenConflict>>::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let conflict = row.get_ref(1)?.as_str().ok().and_then(|conflict| serde_json::from_str(conflict).ok());
        let Some(conflict) = conflict else {
            return Err(StoreError::Unreadable { table: "tripartite_conflicts", id });
        };
        open.entry(id).or_default().push(conflict);
    }
    Ok(open)
}

/// How rows are read.
struct Reads<'a> {
    schema: &'a Schema,
    layout: &'a Layout,
    shapes: Shapes,
    /// Bases that are not stored stand in the rows, all of them: the triggers have kept none.
    all_in_rows: bool,
}

impl<'a> Reads<'a> {
    fn of(tx: &Connection, names: &Names, layout: &'a Layout, schema: &'a Schema) -> Result<Self, StoreError> {
        let Some(bases) = &layout.bases else {
            return Ok(Self { schema, layout, shapes: Shapes::default(), all_in_rows: false });
        };
        let are_alike = bases.columns == layout.columns && has_fields_of(&bases.schema, schema);
        let all_in_rows = are_alike && !tx.prepare_cached(&names.sql(ANY_KEPT))?.exists([])?;
        Ok(Self { schema, layout, shapes: Shapes::all(tx, names)?, all_in_rows })
    }

    fn statement(&self, names: &Names) -> String {
        let mut sql =
            "SELECT j.value, m.{local_id}, m.{active}, m.{revision}, l.deactivated, l.synced_revision, l.seen, \
            l.policy, l.base, l.base_version"
                .to_owned();
        debug_assert_eq!(sql.matches(',').count() + 1, FIELDS);
        sql = names.sql(&sql);
        for column in &self.layout.columns {
            sql.push_str(", ");
            match column {
                Some(column) => {
                    sql.push_str("m.");
                    sql.push_str(&quoted(column, '"'));
                }
                None => sql.push_str("NULL"),
            }
        }
        sql.push_str(", l.base_schema");
        let bases = self.layout.bases.as_ref();
        if bases.is_some() {
            sql.push_str(SHAPE);
        }
        let kept = bases.filter(|_| !self.all_in_rows);
        sql.push_str(&kept.map(Bases::selected).unwrap_or_default());
        sql.push_str(&names.sql(TABLES));
        if kept.is_some() {
            sql.push_str(&names.sql(KEPT));
        }
        sql + &names.sql(ANYBODY)
    }
}

fn loaded(reads: &Reads<'_>, id: ExternalId, row: &Row<'_>, open: Vec<OpenConflict>) -> Result<Loaded, StoreError> {
    let schema = reads.schema;
    let there = row.get_ref(1)?.as_i64().is_ok();
    let deactivated = row.get(4)?;
    let presence = match there {
        true => index::presence(row.get_ref(2)?.as_i64().unwrap_or(1), deactivated),
        false => Presence::Removed,
    };
    let unreadable = || StoreError::Unreadable { table: "members", id: id.to_string() };
    let local = if there { row_of(schema, row, FIELDS)?.ok_or_else(unreadable)? } else { schema.missing() };
    let base = base(reads, &id, row, &local)?;
    let (revision, synced) = (index::revision(row, 3)?, index::synced(row, 5)?);
    let missed = index::missed(deactivated);
    Ok(Loaded::new(id, revision, local).presence(presence).base(base).synced(synced).open(open).missed(missed))
}

/// The record in a row, from the column of its first field on; `None` where no record can hold it.
pub(super) fn row_of(schema: &Schema, row: &Row<'_>, first: usize) -> Result<Option<Record>, StoreError> {
    let mut record = RecordBuilder::new(schema.fields().len());
    for (position, field) in schema.fields().iter().enumerate() {
        if cell::read(field.kind(), row.get_ref(first + position)?, &mut record, position).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(record.finish()))
}

fn base(reads: &Reads<'_>, id: &ExternalId, row: &Row<'_>, local: &Record) -> Result<Option<Base>, StoreError> {
    let schema = reads.schema;
    let unreadable = || StoreError::Unreadable { table: "tripartite_links", id: id.to_string() };
    let text = row.get_ref(8)?.as_str_or_null().map_err(|_| unreadable())?;
    let version = row.get::<_, Option<i64>>(9)?.map(i64::cast_unsigned);
    let at = FIELDS + schema.fields().len();
    if let Some(bases) = &reads.layout.bases
        && let Some(shape) = row.get(at + 1)?
    {
        let stands = match reads.all_in_rows {
            true => Stands::InRow(local),
            false => Stands::InColumns(row, at + 3),
        };
        return Ok(bases.base(schema, &reads.shapes, (shape, row.get(at + 2)?), (text, version), &stands));
    }
    let Some(text) = text else { return Ok(None) };
    let record = schema.seed().deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|_| unreadable())?;
    let known = index::fingerprint(row, at)?.ok_or_else(unreadable)?;
    Ok(Some(Base::new(record, known).version(version)))
}

//! Bases that are not stored twice.
//!
//! After most commits the row says what the base says, field by field, as the source spelt it. Then the link has a
//! *shape* instead of a base: the names of the fields that are read from the row.
//!
//! | what happens | where the base is then |
//! |---|---|
//! | a record is created or updated as the source has it | in its row; the link has a shape, and of other fields their base |
//! | somebody edits, deletes or relinks the row | in `links.kept`: a trigger copied the row as it stood |
//! | the fields of the schema change | in the link, written out before the columns change |
//! | others have triggers on the table | in the link: a trigger can change what is written, later too |
//!
//! **What is read from a row?** Null and what a column with one value says, if it is the very value that the source said. It
//! is compared as it stands in the row once that is written, for a type of a table of the host's own may write it otherwise:
//! a `date` keeps `2026-01-31`, and of `31.1.2026` the link has the base. A `char` and a float read otherwise in JSON, in which
//! a trigger copies the row, so they have none of it. A field of which the source said nothing is no part of the shape, so it
//! is told from one that is null.
//!
//! **What if no trigger saw a change?** The link has a print of the base. Where what the row says has another one, the
//! record has no base, as one that was never in step: both sides are compared, and nothing is taken for unedited.

use std::collections::BTreeMap;

use serde::de::DeserializeSeed;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tripartite::schema::{Kind, Schema};
use tripartite::store::Base;
use tripartite::value::{FieldRef, Fingerprint, Record, RecordBuilder, Value};

use super::StoreError;
use super::cell::instant;
use super::host::{Column, Form, Inspected, RecordTable};
use super::tables::Tables;
use crate::pool::Lease;

/// So many links are written out at a time.
const AT_ONCE: i64 = 1000;

/// A source that leaves out other fields of each record has a shape for each; beyond so many, bases are stored whole.
const SHAPES: i64 = 512;

/// A set of fields has a bit for each.
const FIELDS: usize = 128;

const ALL: &str = "SELECT id, schema, fields::text FROM tripartite.shapes WHERE register = {n}";

const MAKE: &str = "
INSERT INTO tripartite.shapes(register, schema, fields) SELECT {n}, $1, $2::text::json
WHERE (SELECT count(*) FROM tripartite.shapes WHERE register = {n}) < $3 RETURNING id";

/// The columns of a link that a base is read from.
pub(super) const SELECTED: &str = ", l.shape, l.print, l.kept::text";

const WRITE: &str = "
UPDATE tripartite.links l SET base = u.base::json, base_schema = u.schema, shape = NULL, print = NULL, kept = NULL
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS u(id, base, schema)
WHERE l.register = {n} AND l.external_id = u.id COLLATE \"C\"";

/// How bases that stand in their rows are read: by the fields of the schema that is stored, and the columns they have.
#[derive(Debug, Clone)]
pub(super) struct Bases {
    schema: Schema,
    columns: Vec<Option<Column>>,
}

/// Which fields are read from a row, and under which schema they were its base.
#[derive(Debug, Clone)]
struct Shape {
    schema: Fingerprint,
    fields: Vec<String>,
}

/// All shapes of a register that are known, by their numbers, and by their schema and the set of their fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    by_id: BTreeMap<i32, Shape>,
    by_set: BTreeMap<([u8; 16], u128), Option<i32>>,
}

impl Shapes {
    /// Whether the shape of every row is known, whose number is in this column.
    pub(super) fn know(&self, rows: &[Row], at: usize) -> bool {
        rows.iter().all(|row| row.get::<_, Option<i32>>(at).is_none_or(|id| self.by_id.contains_key(&id)))
    }

    pub(super) async fn read(lease: &mut Lease, tables: &Tables) -> Result<Self, StoreError> {
        let mut shapes = Self::default();
        for row in lease.query(&tables.sql(ALL), &[]).await? {
            let id: i32 = row.get(0);
            let unreadable = || StoreError::Unreadable { table: "tripartite.shapes", id: id.to_string() };
            let schema = row.get::<_, &[u8]>(1).try_into().map_err(|_| unreadable())?;
            let fields = serde_json::from_str(row.get(2)).map_err(|_| unreadable())?;
            shapes.by_id.insert(id, Shape { schema: Fingerprint::from_bytes(schema), fields });
        }
        Ok(shapes)
    }
}

impl Bases {
    pub(super) fn new(stored: Schema, host: &RecordTable, table: &Inspected) -> Self {
        let column = |field| host.column_for(field).and_then(|name| table.column(name).ok().cloned());
        let columns = stored.fields().iter().map(column).collect();
        Self { schema: stored, columns }
    }

    /// Whether the rows of a schema have the fields of the one that is stored, whatever is done with them.
    pub(super) fn is_of(&self, schema: &Schema) -> bool {
        fn fields(schema: &Schema) -> impl Iterator<Item = (&str, &Kind)> {
            schema.fields().iter().map(|field| (field.name(), field.kind()))
        }
        fields(&self.schema).eq(fields(schema))
    }

    /// The columns of the fields of the row `m`, with a comma before each.
    pub(super) fn selected(&self) -> String {
        let column = |column: &Option<Column>| column.as_ref().map_or(", NULL::text".to_owned(), Column::selected);
        self.columns.iter().map(column).collect()
    }

    /// The base of a link that has a shape, under the schema that is stored. `None`: the row no longer says it, and nobody
    /// kept it.
    fn read(
        &self,
        shapes: &Shapes,
        row: &Row,
        (rest, at, first): (Option<&str>, usize, usize),
    ) -> Option<(Record, Fingerprint)> {
        let shape = shapes.by_id.get(&row.get::<_, Option<i32>>(at)?)?;
        let mut record = RecordBuilder::new(self.schema.fields().len());
        if let Some(text) = rest {
            let rest = self.schema.seed().deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?;
            for (position, field) in rest.fields().enumerate().filter(|(_, field)| !field.is_missing()) {
                record.set_field(position, field).ok()?;
            }
        }
        let kept: Option<BTreeMap<String, Box<RawValue>>> = match row.get::<_, Option<&str>>(at + 2) {
            Some(kept) => Some(serde_json::from_str(kept).ok()?),
            None => None,
        };
        for name in &shape.fields {
            let position = self.schema.fields().iter().position(|field| field.name() == name)?;
            let (kind, column) = (self.schema.fields()[position].kind(), self.columns[position].as_ref()?);
            let known = match &kept {
                Some(kept) => text_of(kept.get(&column.name)?.get())?,
                None => row.get::<_, Option<String>>(first + position),
            };
            column.read(kind, known.as_deref(), &mut record, position).ok()?;
        }
        let record = record.finish();
        (row.get::<_, Option<i64>>(at + 1) == Some(print(&record))).then_some((record, shape.schema))
    }

    /// The same for a schema that may be another.
    pub(super) fn base(
        &self,
        schema: &Schema,
        shapes: &Shapes,
        row: &Row,
        (rest, at, first): (Option<&str>, usize, usize),
    ) -> Option<Base> {
        let (record, known) = self.read(shapes, row, (rest, at, first))?;
        let record = match self.is_of(schema) {
            true => record,
            false => {
                let text = serde_json::to_string(&self.schema.named(&record)).ok()?;
                schema.seed().deserialize(&mut serde_json::Deserializer::from_str(&text)).ok()?
            }
        };
        Some(Base::new(record, known))
    }

    /// Writes out every base that stands in its row, within the transaction that is about to change the columns.
    pub(super) async fn write_out(&self, lease: &mut Lease, tables: &Tables) -> Result<(), StoreError> {
        let shapes = Shapes::read(lease, tables).await?;
        let from = tables.sql(
            " FROM (SELECT * FROM tripartite.links WHERE register = {n} AND external_id > $1 AND shape IS NOT NULL
                ORDER BY external_id LIMIT $2) l
            LEFT JOIN LATERAL (SELECT * FROM {records} m WHERE {id} = l.external_id OFFSET 0) m ON true
            ORDER BY l.external_id",
        );
        let sql = format!("SELECT l.external_id, l.base::text{SELECTED}{}{from}", self.selected());
        let mut last = String::new();
        loop {
            let rows = lease.query(&sql, &[&last, &AT_ONCE]).await?;
            let (mut ids, mut bases, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
            for row in &rows {
                let base = self.read(&shapes, row, (row.get(1), 2, 5));
                ids.push(row.get::<_, &str>(0));
                let text = |record: &Record| serde_json::to_string(&self.schema.named(record)).unwrap_or_default();
                bases.push(base.as_ref().map(|(record, _)| text(record)));
                schemas.push(base.map(|(_, schema)| schema.to_bytes().to_vec()));
            }
            let Some(end) = ids.last() else { return Ok(()) };
            lease.execute(&tables.sql(WRITE), &[&ids, &bases, &schemas]).await?;
            last = (*end).to_owned();
        }
    }
}

/// A value of JSON as the text of a column; the inner `None` is null. The outer one is nothing that a field is read from.
fn text_of(json: &str) -> Option<Option<String>> {
    match json.trim_start().as_bytes().first()? {
        b'n' => Some(None),
        b'"' => serde_json::from_str(json).ok().map(Some),
        b'[' | b'{' => None,
        _ => Some(Some(json.trim().to_owned())),
    }
}

/// So much of a record's fingerprint that two are not taken for one by chance.
fn print(record: &Record) -> i64 {
    let bytes = record.fingerprint().to_bytes();
    i64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// What is stored of a base that stands in its row.
pub(super) struct Left {
    /// The fields that do not.
    pub(super) rest: Option<String>,
    pub(super) shape: i32,
    pub(super) print: i64,
}

/// Whether a column of which this is read says exactly this.
fn says(column: &Column, kind: &Kind, said: FieldRef<'_>, now: Option<&str>) -> bool {
    if !column.is_kept || !kind.is_scalar() {
        return false;
    }
    let Some(now) = now else { return said.is_null() };
    match (said.text(), column.form) {
        (Some(said), Form::Text | Form::Uuid | Form::Date) => said == now,
        (Some(said), Form::Number) => *kind != Kind::Integer && said == now,
        (Some(said), Form::Moment) => said == instant(now),
        (None, Form::Boolean) => matches!(said.to_value(), Value::Bool(bool) if bool.to_string() == now),
        (None, Form::Integer | Form::Number) => {
            *kind == Kind::Integer && matches!(said.to_value(), Value::Int(int) if int.to_string() == now)
        }
        _ => false,
    }
}

impl Shapes {
    /// What is stored of a base whose row reads as this, field by field; `None`: the whole base.
    pub(super) async fn leave<'r>(
        &mut self,
        (lease, tables): (&mut Lease, &Tables),
        (schema, fingerprint): (&Schema, Fingerprint),
        (base, columns): (&Record, &[Option<Column>]),
        now: impl Fn(usize) -> Option<&'r str>,
    ) -> Result<Option<Left>, StoreError> {
        if schema.fields().len() > FIELDS {
            return Ok(None);
        }
        let (mut set, mut rest) = (0_u128, None);
        for (position, (field, column)) in schema.fields().iter().zip(columns).enumerate() {
            let said = base.field(position);
            if said.is_missing() {
                continue;
            }
            if column.as_ref().is_some_and(|column| says(column, field.kind(), said, now(position))) {
                set |= 1 << position;
            } else {
                // Every part of a record fits into a record.
                let _ = rest.get_or_insert_with(|| RecordBuilder::new(base.len())).set_field(position, said);
            }
        }
        if set == 0 || !base.extra().is_missing() {
            return Ok(None);
        }
        let Some(shape) = self.shape(lease, tables, (schema, fingerprint), set).await? else { return Ok(None) };
        let text = |rest: RecordBuilder| serde_json::to_string(&schema.named(&rest.finish())).unwrap_or_default();
        Ok(Some(Left { rest: rest.map(text), shape, print: print(base) }))
    }

    async fn shape(
        &mut self,
        lease: &mut Lease,
        tables: &Tables,
        (schema, fingerprint): (&Schema, Fingerprint),
        set: u128,
    ) -> Result<Option<i32>, StoreError> {
        let key = (fingerprint.to_bytes(), set);
        if let Some(known) = self.by_set.get(&key) {
            return Ok(*known);
        }
        let named = schema.fields().iter().enumerate().filter(|(position, _)| set & (1 << position) != 0);
        let fields: Vec<String> = named.map(|(_, field)| field.name().to_owned()).collect();
        self.by_id = Self::read(lease, tables).await?.by_id;
        let is_it = |shape: &Shape| shape.schema == fingerprint && shape.fields == fields;
        let mut found = self.by_id.iter().find(|(_, shape)| is_it(shape)).map(|(id, _)| *id);
        if found.is_none() {
            let names = serde_json::to_string(&fields).unwrap_or_default();
            let made = lease.first(&tables.sql(MAKE), &[&key.0.as_slice(), &names, &SHAPES]).await?;
            found = made.map(|row| row.get(0));
            if let Some(id) = found {
                self.by_id.insert(id, Shape { schema: fingerprint, fields });
            }
        }
        self.by_set.insert(key, found);
        Ok(found)
    }
}

//! Bases that are not stored twice.
//!
//! After most commits the row says what the base says, field by field, as the source spelt it. Then the link has a
//! *shape* instead of a base: the names of the fields that are read from the row.
//!
//! | what happens | where the base is then |
//! |---|---|
//! | a record is created or updated as the source has it | in its row; the link has a shape, and of other fields their base |
//! | somebody edits, replaces, deletes or relinks the row | in `tripartite_kept`: a trigger copied the columns as they stood |
//! | the fields of the schema change | in the link, written out before the columns change |
//! | the members have a trigger or a unique index of the user's own | in the link: either can change a row unseen |
//!
//! **What is read from a row?** Texts, truth values, whole numbers and null, where the column gives back exactly what was
//! put into it. A field of which the source said nothing is no part of the shape, so it is told from one that is null.
//!
//! **What if no trigger saw a change?** The link has a print of the base. Where what the row says has another one, the
//! record has no base, as one that was never in step: both sides are compared, and nothing is taken for unedited.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeSeed;
use tripartite::schema::{Kind, Schema};
use tripartite::store::Base;
use tripartite::value::{FieldRef, Fingerprint, Record, RecordBuilder, Value};
use tripartite_sql::quoted;

use super::names::Names;
use super::{StoreError, cell};

/// So many links are written out at a time.
const AT_ONCE: i64 = 1000;

/// A source that leaves out other fields of each record has a shape for each; beyond so many, bases are stored in full.
const SHAPES: i64 = 512;

/// The columns of the links that an earlier version did not have.
pub(super) const COLUMNS: [&str; 2] = [
    "ALTER TABLE {tripartite_links} ADD COLUMN shape INTEGER",
    "ALTER TABLE {tripartite_links} ADD COLUMN print INTEGER",
];

/// Each line is one trigger's name, when it fires, and which rows it keeps. Rows that are replaced are kept as those that
/// are edited: the triggers on deletions do not fire for them.
const TRIGGERS: [(&str, &str, &str); 3] = [
    (
        "members_kept_updated",
        "BEFORE UPDATE OF local_id, external_id{columns} ON {members}
WHEN NEW.local_id IS NOT OLD.local_id OR EXISTS (
    SELECT 1 FROM {tripartite_links} WHERE external_id IN (OLD.external_id, NEW.external_id) AND shape IS NOT NULL
)",
        "local_id IN (OLD.local_id, NEW.local_id) OR external_id = NEW.external_id",
    ),
    (
        "members_kept_entered",
        "BEFORE INSERT ON {members}
WHEN EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = NEW.external_id AND shape IS NOT NULL)
    OR NEW.local_id <> -1 AND EXISTS (SELECT 1 FROM {members} WHERE local_id = NEW.local_id)",
        "local_id = NEW.local_id OR external_id = NEW.external_id",
    ),
    (
        "members_kept_deleted",
        "BEFORE DELETE ON {members}
WHEN EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = OLD.external_id AND shape IS NOT NULL)",
        "local_id = OLD.local_id",
    ),
];

/// What each trigger does. A client's own conflict clause would reach into it, hence no `OR IGNORE`.
const KEEP: &str = "
BEGIN
    INSERT INTO {tripartite_kept}(external_id{columns})
    SELECT external_id{values} FROM {members} WHERE ({which})
    AND EXISTS (SELECT 1 FROM {tripartite_links} l WHERE l.external_id = {members}.external_id AND l.shape IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM {tripartite_kept} k WHERE k.external_id = {members}.external_id);
END;
";

/// The trigger on the links.
pub(super) const UNLINKED_NAME: &str = "tripartite_links_kept";

/// What is kept goes with its link.
const UNLINKED: &str = "
CREATE TRIGGER {tripartite_links_kept} AFTER DELETE ON {tripartite_links}
BEGIN
    DELETE FROM {tripartite_kept} WHERE external_id = OLD.external_id;
END;
";

/// The triggers and the table of what they keep, for the fields of a schema that all have their columns.
pub(super) fn keeping(names: &Names, schema: &Schema) -> String {
    let listed = |before: &str| -> String {
        schema.fields().iter().map(|field| format!(", {before}{}", quoted(field.name(), '"'))).collect()
    };
    // SQLite takes a quoted name that is no column for a text, unless its table is named.
    let (columns, values) = (listed(""), listed(&names.sql("{members}.")));
    // The names of fields are put in last: one may look like a name in braces.
    let named = |text: &str| text.split("{columns}").map(|part| names.sql(part)).collect::<Vec<_>>().join(&columns);
    let filled = |text: &str| text.split("{values}").map(named).collect::<Vec<_>>().join(&values);
    // Without a type, so that a value stands there as it stood in its row.
    let kept = "CREATE TABLE {tripartite_kept}(external_id TEXT PRIMARY KEY{columns}) WITHOUT ROWID;\n";
    let trigger = |(name, when, which): (&str, &str, &str)| {
        filled(&format!("CREATE TRIGGER {{{name}}} {when}{}", KEEP.replace("{which}", which)))
    };
    filled(kept) + &TRIGGERS.map(trigger).concat() + &names.sql(UNLINKED)
}

/// What takes back [`keeping`].
pub(super) fn forgetting(names: &Names) -> String {
    let drop = |(name, ..): (&str, &str, &str)| names.sql(&format!("DROP TRIGGER IF EXISTS {{{name}}};\n"));
    let rest = "DROP TRIGGER IF EXISTS {tripartite_links_kept}; DROP TABLE IF EXISTS {tripartite_kept}";
    TRIGGERS.map(drop).concat() + &names.sql(rest)
}

/// The names of the triggers.
pub(super) fn triggers() -> impl Iterator<Item = &'static str> {
    TRIGGERS.into_iter().map(|(name, ..)| name)
}

/// Whether any base stands in its row.
pub(super) fn any(conn: &Connection, names: &Names) -> Result<bool, StoreError> {
    Ok(conn.prepare(&names.sql("SELECT 1 FROM {tripartite_links} WHERE shape IS NOT NULL"))?.exists([])?)
}

/// How bases that stand in rows are read: by the fields of the schema that is stored, and the columns they have.
#[derive(Debug, Clone)]
pub(super) struct Bases {
    pub(super) schema: Schema,
    pub(super) columns: Vec<Option<String>>,
}

/// Where the fields of a base stand that is not stored.
pub(super) enum Stands<'a> {
    /// The row reads as this.
    InRow(&'a Record),
    /// In a column each, from this one on.
    InColumns(&'a Row<'a>, usize),
}

/// The columns to be selected for each link: the shape and the print.
pub(super) const SHAPE: &str = ", l.shape, l.print";

impl Bases {
    /// The columns to be selected behind others, for bases of which some are kept: a column for each field.
    pub(super) fn selected(&self) -> String {
        let mut sql = String::new();
        for (field, column) in self.schema.fields().iter().zip(&self.columns) {
            let kept = quoted(field.name(), '"');
            sql.push_str(&match column {
                Some(column) => format!(", iif(k.external_id IS NULL, m.{}, k.{kept})", quoted(column, '"')),
                None => format!(", k.{kept}"),
            });
        }
        sql
    }

    /// The base of a link that has a shape. `None`: the row no longer says it, and nobody kept it.
    pub(super) fn read(
        &self,
        shapes: &Shapes,
        (shape, known): (i64, Option<i64>),
        rest: Option<&str>,
        stands: &Stands<'_>,
    ) -> Option<(Record, Fingerprint)> {
        let shape = shapes.0.get(&shape)?;
        let record = match stands {
            Stands::InRow(row) if rest.is_none() && shape.fields.len() == row.len() => (*row).clone(),
            stands => self.put_together(shape, rest, stands)?,
        };
        (known == Some(print(&record))).then_some((record, shape.schema))
    }

    fn put_together(&self, shape: &Shape, rest: Option<&str>, stands: &Stands<'_>) -> Option<Record> {
        let mut record = RecordBuilder::new(self.schema.fields().len());
        if let Some(text) = rest {
            let rest = self.schema.seed().deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?;
            for (position, field) in rest.fields().enumerate().filter(|(_, field)| !field.is_missing()) {
                record.set_field(position, field).ok()?;
            }
        }
        for name in &shape.fields {
            let position = self.schema.fields().iter().position(|field| field.name() == name)?;
            let kind = self.schema.fields()[position].kind();
            match stands {
                Stands::InRow(row) => record.set_field(position, row.field(position)).ok()?,
                Stands::InColumns(row, first) => {
                    cell::read(kind, row.get_ref(first + position).ok()?, &mut record, position).ok()?;
                }
            }
        }
        Some(record.finish())
    }

    /// The same as [`read`](Self::read), for a schema that may be another.
    pub(super) fn base(
        &self,
        schema: &Schema,
        shapes: &Shapes,
        of: (i64, Option<i64>),
        (rest, version): (Option<&str>, Option<u64>),
        stands: &Stands<'_>,
    ) -> Option<Base> {
        let (record, known) = self.read(shapes, of, rest, stands)?;
        let record = match has_fields_of(&self.schema, schema) {
            true => record,
            false => {
                let text = serde_json::to_string(&self.schema.named(&record)).ok()?;
                schema.seed().deserialize(&mut serde_json::Deserializer::from_str(&text)).ok()?
            }
        };
        Some(Base::new(record, known).version(version))
    }

    /// Writes out every base that stands in its row, within the transaction that is about to change the columns.
    pub(super) fn write_out(&self, tx: &Connection, names: &Names) -> Result<(), StoreError> {
        if self.columns.contains(&None) {
            // Somebody renamed a column. The triggers know it, so they are made to keep every row.
            let sql = "UPDATE {members} SET external_id = external_id WHERE external_id IN
                (SELECT external_id FROM {tripartite_links} WHERE shape IS NOT NULL)";
            tx.execute(&names.sql(sql), [])?;
        }
        let shapes = Shapes::all(tx, names)?;
        let tables = "FROM {tripartite_links} l LEFT JOIN {members} m ON m.external_id = l.external_id
            LEFT JOIN {tripartite_kept} k ON k.external_id = l.external_id
            WHERE l.external_id > ?1 AND l.shape IS NOT NULL ORDER BY l.external_id LIMIT ?2";
        let select = format!("SELECT l.external_id, l.base{SHAPE}{} {}", self.selected(), names.sql(tables));
        let write = names.sql(
            "UPDATE {tripartite_links} SET base = ?2, base_schema = ?3, shape = NULL, print = NULL WHERE external_id = ?1",
        );
        let (mut select, mut write) = (tx.prepare(&select)?, tx.prepare(&write)?);
        let mut last = String::new();
        loop {
            let mut some = Vec::new();
            let mut rows = select.query(params![last, AT_ONCE])?;
            while let Some(row) = rows.next()? {
                let rest = row.get_ref(1)?.as_str_or_null().ok().flatten();
                let base = self.read(&shapes, (row.get(2)?, row.get(3)?), rest, &Stands::InColumns(row, 4)).map(
                    |(record, schema)| {
                        (serde_json::to_string(&self.schema.named(&record)).unwrap_or_default(), schema.to_bytes())
                    },
                );
                some.push((row.get::<_, String>(0)?, base.unzip()));
            }
            let Some((end, _)) = some.last() else { return Ok(()) };
            last.clone_from(end);
            for (id, (base, schema)) in &some {
                write.execute(params![id, base, schema])?;
            }
        }
    }
}

/// Whether the rows of both have the same fields, whatever is done with them.
pub(super) fn has_fields_of(one: &Schema, other: &Schema) -> bool {
    fn fields(schema: &Schema) -> impl Iterator<Item = (&str, &Kind)> {
        schema.fields().iter().map(|field| (field.name(), field.kind()))
    }
    fields(one).eq(fields(other))
}

/// So much of a record's fingerprint that two are not taken for one by chance.
fn print(record: &Record) -> i64 {
    let bytes = record.fingerprint().to_bytes();
    i64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// Which fields are read from a row, and under which schema they were its base.
#[derive(Debug)]
struct Shape {
    schema: Fingerprint,
    fields: Vec<String>,
}

/// All shapes, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Shapes(BTreeMap<i64, Shape>);

impl Shapes {
    pub(super) fn all(conn: &Connection, names: &Names) -> Result<Self, StoreError> {
        let mut statement = conn.prepare_cached(&names.sql("SELECT id, schema, fields FROM {tripartite_shapes}"))?;
        let mut rows = statement.query([])?;
        let mut shapes = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let fields = serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or_default());
            let unreadable = || StoreError::Unreadable { table: "tripartite_shapes", id: id.to_string() };
            let schema = row.get::<_, [u8; 16]>(1).map(Fingerprint::from_bytes).map_err(|_| unreadable())?;
            shapes.insert(id, Shape { schema, fields: fields.map_err(|_| unreadable())? });
        }
        Ok(Self(shapes))
    }
}

/// What a column does to a value that is put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Integer,
    /// Nothing.
    None,
    /// Something else.
    Other,
}

impl Affinity {
    /// Of a column of this declared type, if it is one that this program declares.
    pub(super) fn of(declared: &str) -> Self {
        match declared {
            "TEXT" => Self::Text,
            "INTEGER" => Self::Integer,
            "" => Self::None,
            _ => Self::Other,
        }
    }

    /// Whether a column gives back exactly this.
    fn gives_back(self, kind: &Kind, field: FieldRef<'_>) -> bool {
        if self == Self::Other || !kind.is_scalar() {
            return false;
        }
        if field.is_null() {
            return true;
        }
        if field.is_text() {
            return self != Self::Integer;
        }
        match field.to_value() {
            Value::Bool(_) => matches!(kind, Kind::Boolean(_)) && self != Self::Text,
            Value::Int(int) => *kind == Kind::Integer && self != Self::Text && i64::try_from(int).is_ok(),
            _ => false,
        }
    }
}

/// What is stored of a base that stands in its row.
pub(super) struct Left {
    /// The fields that do not.
    pub(super) rest: Option<String>,
    pub(super) shape: i64,
    pub(super) print: i64,
}

/// Leaves bases in their rows, for the length of one batch.
pub(super) struct Leaving<'a> {
    tx: &'a Connection,
    schema: &'a Schema,
    affinities: &'a [Affinity],
    find: String,
    insert: String,
    fingerprint: Fingerprint,
    /// The shapes by the set of their fields; `None` where there are too many.
    shapes: BTreeMap<u128, Option<i64>>,
}

impl<'a> Leaving<'a> {
    /// `None` where a set of the fields has no number.
    pub(super) fn new(
        tx: &'a Connection,
        names: &Names,
        schema: &'a Schema,
        affinities: &'a [Affinity],
        fingerprint: Fingerprint,
    ) -> Option<Self> {
        let find = names.sql("SELECT id FROM {tripartite_shapes} WHERE schema = ?1 AND fields = ?2");
        let insert = names.sql(
            "INSERT INTO {tripartite_shapes}(schema, fields) SELECT ?1, ?2
             WHERE (SELECT count(*) FROM {tripartite_shapes}) < ?3",
        );
        let all = schema.fields().len();
        let fits = all <= 128 && affinities.len() == all;
        fits.then_some(Self { tx, schema, affinities, find, insert, fingerprint, shapes: BTreeMap::new() })
    }

    /// What is stored of a base whose row now reads as this; `None`: the whole base.
    pub(super) fn leave(&mut self, base: &Record, row: &Record) -> Result<Option<Left>, StoreError> {
        let mut set = 0_u128;
        let mut rest = None;
        for (position, (field, affinity)) in self.schema.fields().iter().zip(self.affinities).enumerate() {
            let said = base.field(position);
            if said.is_missing() {
                continue;
            }
            if said == row.field(position) && affinity.gives_back(field.kind(), said) {
                set |= 1 << position;
            } else {
                let rest = rest.get_or_insert_with(|| RecordBuilder::new(base.len()));
                // Every part of a row fits into a row.
                let _ = rest.set_field(position, said);
            }
        }
        let Some(shape) = self.shape(set)? else { return Ok(None) };
        let text = |rest: RecordBuilder| serde_json::to_string(&self.schema.named(&rest.finish())).unwrap_or_default();
        Ok(Some(Left { rest: rest.map(text), shape, print: print(base) }))
    }

    fn shape(&mut self, set: u128) -> Result<Option<i64>, StoreError> {
        if set == 0 {
            return Ok(None);
        }
        if let Some(known) = self.shapes.get(&set) {
            return Ok(*known);
        }
        let named = self.schema.fields().iter().enumerate().filter(|(position, _)| set & (1 << position) != 0);
        let names: Vec<_> = named.map(|(_, field)| field.name()).collect();
        let (schema, names) = (self.fingerprint.to_bytes(), serde_json::to_string(&names).unwrap_or_default());
        let mut find = self.tx.prepare_cached(&self.find)?;
        let mut shape = find.query_row(params![schema, names], |row| row.get(0)).optional()?;
        if shape.is_none() && self.tx.prepare_cached(&self.insert)?.execute(params![schema, names, SHAPES])? > 0 {
            shape = Some(self.tx.last_insert_rowid());
        }
        self.shapes.insert(set, shape);
        Ok(shape)
    }

    /// What a row reads as once a patch is written, from the column of its first field on; `None` where no record can
    /// hold it.
    pub(super) fn after(&self, row: &Row<'_>, first: usize, patch: Option<&Record>) -> Option<Record> {
        let mut record = RecordBuilder::new(self.schema.fields().len());
        for (position, field) in self.schema.fields().iter().enumerate() {
            match patch.map(|patch| patch.field(position)).filter(|stated| !stated.is_missing()) {
                Some(stated) => record.set_field(position, stated).ok()?,
                None => cell::read(field.kind(), row.get_ref(first + position).ok()?, &mut record, position).ok()?,
            }
        }
        Some(record.finish())
    }
}

//! One side of a field during comparison: its canonical form is computed at most once.

use std::cell::OnceCell;

use crate::normalize::phone::Region;
use crate::schema::{Field, Kind, Reading, Schema};
use crate::value::{FieldRef, Problem, Value};

/// A raw value, whether it is null to its field, and its canonical form once somebody needed it.
///
/// Most comparisons never build the form: equal bytes are equal, and most kinds compare two texts as they stream by. A
/// telephone number, and a host's own kind, can only be told by its form.
pub(crate) struct Side<'s, 'a> {
    schema: &'s Schema,
    field: &'s Field,
    pub(crate) raw: FieldRef<'a>,
    pub(crate) null: bool,
    /// Where its telephone numbers are dialled, if the record says it.
    region: Option<Region>,
    value: OnceCell<Value>,
    form: OnceCell<Result<Value, Problem>>,
}

impl<'s, 'a> Side<'s, 'a> {
    pub(crate) fn new(schema: &'s Schema, field: &'s Field, raw: FieldRef<'a>) -> Self {
        Self {
            schema,
            field,
            raw,
            null: schema.is_null(field, raw),
            region: None,
            value: OnceCell::new(),
            form: OnceCell::new(),
        }
    }

    /// The same, with telephone numbers dialled where its record says.
    pub(crate) fn dialled_in(self, region: Option<Region>) -> Self {
        Self { region, ..self }
    }

    /// Whether two have the same bytes, read in the same way.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.raw == other.raw && self.region == other.region
    }

    /// Whether nothing was said: of a base, that there is none.
    pub(crate) fn is_missing(&self) -> bool {
        self.raw.is_missing()
    }

    /// Whether the two are one value to the field's kind, null included. What is none of the kind equals only itself.
    pub(crate) fn same(&self, other: &Self) -> bool {
        if self.null || other.null {
            return self.null && other.null;
        }
        let glance = match (self.region, other.region) {
            (None, None) => self.schema.same_at_a_glance(self.field, self.raw, other.raw),
            // Two regions make two numbers of one text.
            _ => self.is_as(other).then_some(true),
        };
        match glance {
            Some(same) => same,
            None if self.is_by_records(other) => {
                !self.schema.differ_in_the_first(self.reading(), self.raw, other.raw)
                    && self.schema.same_value(self.reading(), self.value(), other.value())
            }
            None => matches!((self.form(), other.form()), (Ok(a), Ok(b)) if a == b),
        }
    }

    /// Whether the value can be read as the field's kind.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.null || self.region.is_none() && self.schema.reads_at_a_glance(self.field, self.raw) {
            return Ok(());
        }
        self.form().as_ref().map(drop).map_err(Clone::clone)
    }

    /// Whether a value that moved can be read. Of a set of records those that are in the base as they stand were read when
    /// they came there.
    pub(crate) fn check_beside(&self, base: &Self) -> Result<(), Problem> {
        if self.null || base.null || base.is_missing() || !self.is_by_records(base) {
            return self.check();
        }
        if self.schema.reads_in_place(self.reading(), self.raw, base.raw) {
            return Ok(());
        }
        self.schema.check_records(self.reading(), self.value(), base.value())
    }

    /// Whether the two are compared record by record: sets of records, read in the same way.
    fn is_by_records(&self, other: &Self) -> bool {
        matches!(self.field.kind(), Kind::SetOfRecords { .. }) && self.region == other.region
    }

    fn reading(&self) -> Reading<'s> {
        self.field.reading().dialled_in(self.region)
    }

    fn value(&self) -> &Value {
        self.value.get_or_init(|| self.raw.to_value())
    }

    fn form(&self) -> &Result<Value, Problem> {
        self.form.get_or_init(|| match self.value.get() {
            Some(value) => self.schema.canonical_of(self.reading(), value),
            None => self.schema.canonical_of(self.reading(), &self.raw.to_value()),
        })
    }
}

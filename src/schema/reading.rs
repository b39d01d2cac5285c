//! How a raw value is read: its kind, and what its field declares beside it.

use super::{Field, Kind};
use crate::normalize::code;
use crate::normalize::phone::Region;
use crate::value::{Value, scalar_text};

/// How a raw value is read. What a field declares holds for every value inside it, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// What it is declared to hold; inside a map or list nothing is declared.
    pub(crate) kind: Option<&'a Kind>,
    /// What is null beside null itself.
    pub(crate) nulls: &'a [String],
    /// Where a telephone number is dialled, if not where its kind says.
    pub(crate) region: Option<Region>,
}

impl<'a> Reading<'a> {
    /// Nothing is declared.
    pub(crate) const NOTHING: Reading<'static> = Reading { kind: None, nulls: &[], region: None };

    /// How a value inside this one is read.
    pub(crate) fn inside(self, kind: Option<&'a Kind>) -> Self {
        Self { kind, ..self }
    }

    /// How the part of this name is read; nothing is declared for the keys of a map.
    pub(crate) fn part(self, name: &str) -> Self {
        self.inside(match self.kind {
            Some(Kind::Record { fields, .. }) => fields.get(name),
            Some(Kind::SetOfRecords { of, .. }) => Some(of),
            _ => None,
        })
    }

    /// As this, with telephone numbers dialled in another region.
    pub(crate) fn dialled_in(self, region: Option<Region>) -> Self {
        Self { region, ..self }
    }

    /// Whether a value is spelled as a declared null.
    pub(crate) fn is_declared_null(self, raw: &Value) -> bool {
        !self.nulls.is_empty()
            && match raw {
                Value::List(_) | Value::Map(_) | Value::Null => false,
                scalar => self.declares(&scalar_text(scalar)),
            }
    }

    /// Whether a text is a declared null. Case and blanks at its ends do not count.
    pub(crate) fn declares(self, text: &str) -> bool {
        self.nulls.iter().any(|null| code::same(null, text))
    }
}

impl<'a> From<&'a Field> for Reading<'a> {
    fn from(field: &'a Field) -> Self {
        Self { kind: Some(&field.kind), nulls: &field.nulls, region: None }
    }
}

/// Nothing but a kind, as an element has it.
impl<'a> From<&'a Kind> for Reading<'a> {
    fn from(kind: &'a Kind) -> Self {
        Self { kind: Some(kind), nulls: &[], region: None }
    }
}

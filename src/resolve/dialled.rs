//! Where telephone numbers were dialled, as far as another field of their record says it.

use serde::{Deserialize, Serialize};

use crate::detect::Sides;
use crate::normalize::phone::Region;
use crate::schema::Schema;
use crate::value::Record;

/// Where the telephone numbers of a field were read as dialled, and which field said so: its schema has
/// [`region_from`](crate::schema::Field::region_from).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Dialled {
    /// The field that says it.
    pub by: String,
    /// Where the host's number was dialled.
    pub local: DialledIn,
    /// Where the source's was; `None` of an open conflict, which does not have the rest of the source's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<DialledIn>,
}

/// Where a number was read as dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DialledIn {
    /// The region.
    pub region: Region,
    /// Whether the record says so. If not, it is the region of the field's own kind.
    pub stated: bool,
}

impl Dialled {
    /// `None` of a field whose kind alone says it, and where the field that says it is not kept plain in the audit.
    pub(crate) fn of(schema: &Schema, position: usize, sides: Sides<'_>) -> Option<Self> {
        let remote = dialled(schema, position, sides.remote, Some(sides.base));
        Some(Self { remote, ..Self::here(schema, position, sides.local)? })
    }

    /// The same, of the host's record alone.
    pub(crate) fn here(schema: &Schema, position: usize, local: &Record) -> Option<Self> {
        let by = schema.fields().get(schema.region_position(position)?).filter(|by| by.privacy().is_plain())?;
        Some(Self { by: by.name().to_owned(), local: dialled(schema, position, local, None)?, remote: None })
    }
}

fn dialled(schema: &Schema, position: usize, record: &Record, before: Option<&Record>) -> Option<DialledIn> {
    let stated = schema.region_said(position, record, before).is_some();
    schema.region_in(position, record, before).map(|region| DialledIn { region, stated })
}

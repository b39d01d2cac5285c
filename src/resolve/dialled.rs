//! Where telephone numbers were dialled, as far as another field of their record says it.

use serde::{Deserialize, Serialize};

use super::{Effect, Resolution, Resolved};
use crate::detect::Sides;
use crate::normalize::phone::Region;
use crate::schema::Schema;
use crate::value::{Record, RecordBuilder, Value};

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

impl Resolved<'_> {
    /// Numbers that are taken stay the numbers that the source means, also where the host's record says another region.
    pub(super) fn carry(&mut self) {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let numbers = self.carried_here(&all);
        for effect in self.resolutions.iter_mut().flat_map(|resolution| &mut resolution.fields) {
            let number = numbers.iter().find(|(position, _)| *position == effect.position);
            if let (Effect::Field(_), Some((_, number))) = (&effect.local, number) {
                effect.local = Effect::Value(number.clone());
            }
        }
    }

    /// The source's numbers that would be other numbers in the host's record after, with their countries.
    pub(crate) fn carried_here(&self, positions: &[usize]) -> Vec<(usize, Value)> {
        let (schema, Sides { base, remote, .. }) = (&self.schema, self.sides);
        if !schema.has_regions() {
            return Vec::new();
        }
        let after = self.local();
        let number = |&position: &usize| {
            schema.region_position(position)?;
            let dialled = schema.region_in(position, remote, Some(base));
            let into = schema.region_in(position, &after, None);
            Some((position, schema.carried(position, remote.field(position), dialled, into)?))
        };
        positions.iter().filter_map(number).collect()
    }

    /// The base after, in which a number stays what it was in the version that it came from.
    pub(crate) fn carried(&self, after: Record) -> Record {
        if !self.schema.has_regions() {
            return after;
        }
        let (schema, Sides { base, remote, .. }) = (&self.schema, self.sides);
        let (mut row, mut is_carried) = (RecordBuilder::new(schema.fields().len()), false);
        for position in 0..schema.fields().len() {
            if schema.region_position(position).is_none() {
                continue;
            }
            let (from, before) = if self.is_kept(position) { (base, None) } else { (remote, Some(base)) };
            let dialled = schema.region_in(position, from, before);
            let into = schema.region_in(position, &after, None);
            if let Some(number) = schema.carried(position, from.field(position), dialled, into) {
                // A number always fits into a row.
                is_carried |= row.set(position, &number).is_ok();
            }
        }
        if is_carried { after.patched(&row.finish()) } else { after }
    }

    /// Whether the base of a field stays as it was.
    fn is_kept(&self, position: usize) -> bool {
        let of = |resolution: &&Resolution<'_>| self.schema.members(&resolution.unit).contains(&position);
        match self.resolutions.iter().find(of) {
            Some(found) => found.fields.iter().all(|effect| effect.position != position || effect.base == Effect::Keep),
            None => self.sides.remote.field(position).is_missing(),
        }
    }
}

fn dialled(schema: &Schema, position: usize, record: &Record, before: Option<&Record>) -> Option<DialledIn> {
    let stated = schema.region_said(position, record, before).is_some();
    schema.region_in(position, record, before).map(|region| DialledIn { region, stated })
}

//! Telephone numbers whose region another field of the record says.

use super::{Kind, Schema};
use crate::normalize::phone::Region;
use crate::value::{FieldRef, Record, Value};

impl Schema {
    /// The position of the field that says where this one's numbers are dialled.
    pub(crate) fn region_position(&self, position: usize) -> Option<usize> {
        self.0.regions.get(position).copied().flatten()
    }

    /// Where the numbers of a field are dialled in this record; `None` if its kind alone says it. What the record does not
    /// say, `before` may have said, and else the kind does.
    pub(crate) fn region_in(&self, position: usize, record: &Record, before: Option<&Record>) -> Option<Region> {
        self.region_position(position)?;
        let own = match self.fields().get(position)?.kind() {
            Kind::Phone { region } => Some(*region),
            _ => None,
        };
        self.region_said(position, record, before).or(own)
    }

    /// Whether any field has numbers that another field says the region of.
    pub(crate) fn has_regions(&self) -> bool {
        !self.0.regions.is_empty()
    }

    /// What a number that is `dialled` in one region is in a record where it would be read in another: the number with its
    /// country. `None` if it is the same number there.
    pub(crate) fn carried(
        &self,
        position: usize,
        raw: FieldRef<'_>,
        dialled: Option<Region>,
        into: Option<Region>,
    ) -> Option<Value> {
        if dialled == into || self.is_null(self.fields().get(position)?, raw) {
            return None;
        }
        let meant = self.canonical_dialled(position, raw, dialled).ok()?;
        (self.canonical_dialled(position, raw, into).as_ref() != Ok(&meant)).then_some(meant)
    }

    /// The region that the record says, or said before.
    pub(crate) fn region_said(&self, position: usize, record: &Record, before: Option<&Record>) -> Option<Region> {
        let at = self.region_position(position)?;
        let said = [Some(record), before].into_iter().flatten().find(|record| !record.field(at).is_missing());
        said.and_then(|record| record.field(at).text().and_then(read))
    }
}

/// A region by its two letters, in any case.
fn read(text: &str) -> Option<Region> {
    text.trim().to_ascii_uppercase().parse().ok()
}

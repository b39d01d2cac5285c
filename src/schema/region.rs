//! Telephone numbers whose region another field of the record says.

use super::{Kind, Schema};
use crate::normalize::phone::Region;
use crate::value::Record;

impl Schema {
    /// The position of the field that says where this one's numbers are dialled.
    pub(crate) fn region_position(&self, position: usize) -> Option<usize> {
        self.0.regions.get(position).copied().flatten()
    }

    /// Where the numbers of a field are dialled in this record; `None` if its kind alone says it. What the record does not
    /// say, `before` may have said, and else the kind does.
    pub(crate) fn region_in(&self, position: usize, record: &Record, before: Option<&Record>) -> Option<Region> {
        let at = self.region_position(position)?;
        let said = [Some(record), before].into_iter().flatten().find(|record| !record.field(at).is_missing());
        let own = match self.fields().get(position)?.kind() {
            Kind::Phone { region } => Some(*region),
            _ => None,
        };
        said.and_then(|record| record.field(at).text().and_then(read)).or(own)
    }
}

/// A region by its two letters, in any case.
fn read(text: &str) -> Option<Region> {
    text.trim().to_ascii_uppercase().parse().ok()
}

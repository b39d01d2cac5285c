//! Where telephone numbers are dialled, if another field of their record says it.

use super::Sides;
use crate::normalize::phone::Region;
use crate::schema::Schema;

/// Where the telephone numbers of the three versions are dialled, if the records say it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Regions {
    pub(crate) base: Option<Region>,
    pub(crate) local: Option<Region>,
    pub(crate) remote: Option<Region>,
}

impl Regions {
    pub(crate) fn of(schema: &Schema, position: usize, Sides { base, local, remote }: Sides<'_>) -> Self {
        if schema.region_position(position).is_none() {
            return Self::default();
        }
        let dialled = |record, before| schema.region_in(position, record, before);
        Self { base: dialled(base, None), local: dialled(local, None), remote: dialled(remote, Some(base)) }
    }
}

//! Which fields have the bytes of the base, without reading any of them.

use super::Sides;
use crate::schema::Schema;
use crate::value::{Pair, Record};

/// The base's row beside each of the others that is not the same.
pub(super) struct Rows<'a> {
    base: &'a Record,
    /// The base has every field.
    complete: bool,
    local: Option<Pair<'a>>,
    remote: Option<Pair<'a>>,
}

impl<'a> Rows<'a> {
    #[inline]
    pub(super) fn of(Sides { base, local, remote }: Sides<'a>, kept: bool) -> Self {
        let beside = |same: bool, other: &'a Record| (!same).then(|| Pair::of(base, other));
        Self { base, complete: !base.has_missing(), local: beside(kept, local), remote: beside(base == remote, remote) }
    }

    /// Whether the local and the remote bytes of a field are the base's.
    fn are_same(&self, position: usize) -> (bool, bool) {
        let same = |pair: &Option<Pair<'a>>| pair.as_ref().is_none_or(|pair| pair.is_same(position));
        (same(&self.local), same(&self.remote))
    }

    /// The same, of a field and of what says how it is read.
    #[inline]
    pub(super) fn are_read_alike(&self, schema: &Schema, position: usize) -> (bool, bool) {
        let (kept, still) = self.are_same(position);
        match schema.region_position(position) {
            None => (kept, still),
            Some(at) => (kept && self.are_same(at).0, still && self.are_same(at).1),
        }
    }

    #[inline]
    pub(super) fn have_base(&self, position: usize) -> bool {
        self.complete || !self.base.field(position).is_missing()
    }
}

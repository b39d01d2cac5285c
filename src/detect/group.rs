//! The verdict of an atomic group: its fields are compared as one tuple.
//!
//! A member the source said nothing about counts as one it did not move. A member without a base counts as one whose
//! base was null, so that a field added to a group does not make strangers of tuples that were in step; unless both
//! sides have a value for it and differ, for then nobody knows who changed it.

use super::{Facts, Regions, RemoteState, Side, Sides, Verdict, read_remote, table};
use crate::schema::Schema;

/// The three versions of one member, with a remote that says something about it.
pub(crate) struct Member<'s, 'a> {
    pub(crate) position: usize,
    pub(crate) base: Side<'s, 'a>,
    pub(crate) local: Side<'s, 'a>,
    pub(crate) remote: Side<'s, 'a>,
    pub(crate) reported: bool,
}

/// What the source says about the tuple; `Err` is the verdict when that is nothing, or nonsense.
pub(crate) fn tuple<'s, 'a>(
    schema: &'s Schema,
    sides: Sides<'a>,
    positions: &[usize],
) -> Result<Vec<Member<'s, 'a>>, Verdict> {
    let mut members = Vec::with_capacity(positions.len());
    for &position in positions {
        let regions = Regions::of(schema, position, sides);
        let side = |raw, region| Side::new(schema, &schema.fields()[position], raw).dialled_in(region);
        let base = side(sides.base.field(position), regions.base);
        let local = side(sides.local.field(position), regions.local);
        let said = sides.remote.field(position);
        let (remote, reported) = match read_remote(schema, position, &base, said, regions.remote) {
            RemoteState::Invalid(problem) => return Err(Verdict::InvalidRemote(problem)),
            RemoteState::Reported { remote, .. } => (remote, true),
            // A member that the source leaves out did not move: it counts with the value of the base, or of local
            // without a base.
            RemoteState::NotReported if base.is_missing() => (side(local.raw, regions.local), false),
            RemoteState::NotReported => (side(base.raw, regions.base), false),
        };
        members.push(Member { position, base, local, remote, reported });
    }
    // If the source reports no member, it has no opinion on the tuple.
    if members.iter().any(|member| member.reported) { Ok(members) } else { Err(Verdict::NotReported) }
}

pub(super) fn verdict(schema: &Schema, sides: Sides<'_>, positions: &[usize]) -> Verdict {
    let still = |&at: &usize| {
        let [base, local, remote] = [sides.base, sides.local, sides.remote].map(|side| side.field(at));
        let Regions { base: known, local: here, remote: there } = Regions::of(schema, at, sides);
        let is_null = |raw| schema.is_null(&schema.fields()[at], raw);
        let same = base == remote && base == local && known == here && known == there;
        !base.is_missing() && (same || !remote.is_missing() && [base, local, remote].into_iter().all(is_null))
    };
    if positions.iter().all(still) {
        return Verdict::InSync;
    }
    match tuple(schema, sides, positions) {
        Ok(members) => judge(&members),
        Err(verdict) => verdict,
    }
}

fn judge(members: &[Member<'_, '_>]) -> Verdict {
    let mut reported = members.iter().filter(|member| member.reported);
    table(&Facts {
        unknown: reported.all(|member| member.base.is_missing()) || members.iter().any(Member::is_disputed),
        no_base: members.iter().all(|member| member.base.null),
        no_local: members.iter().all(|member| member.local.null),
        no_remote: members.iter().all(|member| member.remote.null),
        agree: members.iter().all(Member::agrees),
        edited: || !members.iter().all(|member| member.is_still(&member.local)),
        moved: || !members.iter().all(|member| member.is_still(&member.remote)),
    })
}

impl<'s, 'a> Member<'s, 'a> {
    pub(crate) fn agrees(&self) -> bool {
        self.local.same(&self.remote)
    }

    /// Both sides have a value, they differ, and nobody knows who changed it.
    fn is_disputed(&self) -> bool {
        self.base.is_missing() && !self.local.null && !self.remote.null && !self.agrees()
    }

    /// Whether a side did not move; of a member without a base on which the sides agree, neither did.
    fn is_still(&self, side: &Side<'s, 'a>) -> bool {
        (self.base.is_missing() && self.agrees()) || self.base.same(side)
    }
}

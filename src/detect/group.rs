//! An atomic group is one value, a tuple, and has one verdict.
//!
//! A member the source said nothing about counts as one it did not move. A member without a base counts as one whose
//! base was null, so that a field added to a group does not make strangers of tuples that were in step; unless both
//! sides have a value for it and differ, for then nobody knows who changed it.

use super::{Facts, Heard, Sides, Verdict, hear, table};
use crate::schema::{Field, Schema};
use crate::value::FieldRef;

/// The three versions of one member, with a remote that says something about it.
pub(crate) struct Member<'a> {
    pub(crate) position: usize,
    pub(crate) base: FieldRef<'a>,
    pub(crate) local: FieldRef<'a>,
    pub(crate) remote: FieldRef<'a>,
    pub(crate) reported: bool,
}

/// What the source says about the tuple; `Err` is the verdict when that is nothing, or nonsense.
pub(crate) fn tuple<'a>(schema: &Schema, sides: Sides<'a>, positions: &[usize]) -> Result<Vec<Member<'a>>, Verdict> {
    let mut members = Vec::with_capacity(positions.len());
    for &position in positions {
        let (base, local) = (sides.base.field(position), sides.local.field(position));
        let heard = hear(schema, position, base, sides.remote.field(position));
        let (remote, reported) = match heard {
            Heard::Nonsense(problem) => return Err(Verdict::InvalidRemote(problem)),
            Heard::Said(remote) => (remote, true),
            Heard::Nothing if base.is_missing() => (local, false),
            Heard::Nothing => (base, false),
        };
        members.push(Member { position, base, local, remote, reported });
    }
    if members.iter().any(|member| member.reported) { Ok(members) } else { Err(Verdict::NotReported) }
}

pub(super) fn verdict(schema: &Schema, sides: Sides<'_>, positions: &[usize]) -> Verdict {
    let still = |&at: &usize| {
        let base = sides.base.field(at);
        !base.is_missing() && base == sides.remote.field(at) && base == sides.local.field(at)
    };
    if positions.iter().all(still) {
        return Verdict::InSync;
    }
    match tuple(schema, sides, positions) {
        Ok(members) => judge(schema, &members),
        Err(verdict) => verdict,
    }
}

fn judge(schema: &Schema, members: &[Member<'_>]) -> Verdict {
    let mut reported = members.iter().filter(|member| member.reported);
    let disputed = |member: &Member<'_>| {
        member.base.is_missing()
            && !null(schema, member, member.local)
            && !null(schema, member, member.remote)
            && !same(schema, member, member.local, member.remote)
    };
    table(&Facts {
        unknown: reported.all(|member| member.base.is_missing()) || members.iter().any(disputed),
        no_base: members.iter().all(|member| null(schema, member, member.base)),
        no_local: members.iter().all(|member| null(schema, member, member.local)),
        no_remote: members.iter().all(|member| null(schema, member, member.remote)),
        agree: members.iter().all(|member| same(schema, member, member.local, member.remote)),
        edited: || !members.iter().all(|member| same_or_unbased(schema, member, member.local)),
        moved: || !members.iter().all(|member| same_or_unbased(schema, member, member.remote)),
    })
}

fn null(schema: &Schema, member: &Member<'_>, side: FieldRef<'_>) -> bool {
    schema.is_null(field(schema, member), side)
}

/// A member without a base on which the sides agree was moved by neither.
fn same_or_unbased(schema: &Schema, member: &Member<'_>, side: FieldRef<'_>) -> bool {
    (member.base.is_missing() && same(schema, member, member.local, member.remote))
        || same(schema, member, member.base, side)
}

/// Equality of two sides of a member, null included.
pub(crate) fn same(schema: &Schema, member: &Member<'_>, a: FieldRef<'_>, b: FieldRef<'_>) -> bool {
    let field = field(schema, member);
    match (schema.is_null(field, a), schema.is_null(field, b)) {
        (false, false) => schema.same(field, a, b),
        (a, b) => a == b,
    }
}

fn field<'a>(schema: &'a Schema, member: &Member<'_>) -> &'a Field {
    &schema.fields()[member.position]
}

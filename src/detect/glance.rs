//! The fast path for fields in which all three versions are plain texts, as nearly all are.
//! Null, missing and absent values are left to the full rule.

use super::{Clash, LocalChange, RemoteChange, Verdict};
use crate::schema::{Field, Schema};
use crate::value::FieldRef;

/// Base, local and remote of one field, and what the rows have shown of them.
pub(super) struct Texts<'a> {
    pub(super) base: FieldRef<'a>,
    pub(super) local: FieldRef<'a>,
    pub(super) remote: FieldRef<'a>,
    /// The local bytes are the base's.
    pub(super) kept: bool,
    /// The remote bytes are the base's.
    pub(super) still: bool,
}

/// The verdict that the whole rule comes to; `None` where that is not told at a glance.
#[inline]
pub(super) fn verdict(schema: &Schema, field: &Field, texts: &Texts<'_>) -> Option<Verdict> {
    let Texts { base, local, remote, kept, still } = *texts;
    let words =
        base.begins_with_a_word() && (kept || local.begins_with_a_word()) && (still || remote.begins_with_a_word());
    // What is null, or where a number is dialled, is not told at a glance.
    if !words || !field.is_told_by_words() {
        return None;
    }
    let edited = !kept && !schema.same_at_a_glance(field, base, local)?;
    let moved = !still && !schema.same_at_a_glance(field, base, remote)?;
    // A moved value may be invalid. Then the full rule decides.
    if moved && !schema.reads_at_a_glance(field, remote) {
        return None;
    }
    Some(match (edited, moved) {
        (false, false) => Verdict::InSync,
        (true, false) => Verdict::LocalOnly(LocalChange::Changed),
        (false, true) => Verdict::RemoteOnly(RemoteChange::Changed),
        (true, true) if schema.same_at_a_glance(field, local, remote)? => Verdict::Converged,
        (true, true) => Verdict::Conflict(Clash::BothChanged),
    })
}

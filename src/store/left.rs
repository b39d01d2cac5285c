//! The base of a record's activity: what the last committed decision about its end left behind.
//!
//! Activity is merged like a field. The host's side is [`Presence`](super::Presence), the source's is whether it lists the
//! record, and the base stands in the number that a store keeps as [`Op::missed`](super::Op::missed):
//!
//! | `missed` | the last decision | active here, and still not listed |
//! |---|---|---|
//! | a count | the record is there, and so many complete listings did not have it | missing once more |
//! | [`LEFT`] and a count | a sync deactivated it | a user took it back: it stays, and that is said |
//! | [`KEPT`] and a count | a person took it back, and that was said | it stays |
//!
//! A listing that has the record sets the number to zero. If the record leaves again, the count begins anew.

/// A sync deactivated the record: the part of [`Op::missed`](super::Op::missed) that says so.
///
/// ```
/// use tripartite::store::{KEPT, LEFT};
/// assert_eq!(LEFT & KEPT, 0); // beside either, a count of listings has room
/// ```
pub const LEFT: u32 = 1 << 31;

/// A person took a record back that the source does not list: the part of [`Op::missed`](super::Op::missed) that says so.
///
/// ```
/// use tripartite::store::KEPT;
/// assert!(KEPT > 365 * 1000); // a count of nightly listings never reaches it
/// ```
pub const KEPT: u32 = 1 << 30;

/// Whether a sync deactivated the record when it was last decided on.
pub(crate) fn has_left(missed: u32) -> bool {
    missed & LEFT != 0
}

/// Whether a person took it back since the source listed it.
pub(crate) fn is_kept(missed: u32) -> bool {
    missed & KEPT != 0
}

/// How many complete listings in a row did not have it.
pub(crate) fn listings_without(missed: u32) -> u32 {
    missed & (KEPT - 1)
}

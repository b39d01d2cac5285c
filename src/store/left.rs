//! The base of a record's activity: what the last decision about its end left behind in `Op::missed`.
//!
//! Activity is merged like a field. The local side is [`Presence`](super::Presence). The remote side is whether the
//! source lists the record. The base is the number that a store keeps as [`Op::missed`](super::Op::missed):
//!
//! | `missed` | the last decision | active here, and still not listed |
//! |---|---|---|
//! | a count | the record is active, and so many complete listings did not have it | missing once more |
//! | [`LEFT`] and a count | a sync deactivated it | a user made it active again: it stays active, and the audit says so |
//! | [`KEPT`] and a count | a user made it active again, and the audit said so | it stays active |
//!
//! A listing that has the record sets the number to zero. If the record is missing again later, the count starts anew.

/// A sync deactivated the record: the part of [`Op::missed`](super::Op::missed) that says so.
///
/// ```
/// use tripartite::store::{KEPT, LEFT};
/// assert_eq!(LEFT & KEPT, 0); // both leave room for a count of listings
/// ```
pub const LEFT: u32 = 1 << 31;

/// A user made a record active again that the source does not list: the part of [`Op::missed`](super::Op::missed) that
/// says so.
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

/// Whether a user made it active again since the source last listed it.
pub(crate) fn is_kept(missed: u32) -> bool {
    missed & KEPT != 0
}

/// How many complete listings in a row did not have it.
pub(crate) fn listings_without(missed: u32) -> u32 {
    missed & (KEPT - 1)
}

//! Ids that a source does not always write alike.

use std::borrow::Cow;

use super::Schema;
use crate::normalize::code;

/// What does not count in ids. By default everything does: ids are compared byte for byte.
///
/// This struct is exhaustive: whoever builds one states all of it, or takes the rest from [`IdRule::EXACT`].
///
/// An id is looked for by its normal form, and stored as it was first written. Two ids of one listing that have the same
/// normal form and are written differently are ambiguous, and so are two linked ones: nobody knows which is meant.
///
/// ```
/// use tripartite::schema::IdRule;
/// let rule = IdRule { trim: true, case: true, leading_zeros: true };
/// assert_eq!(rule.normal(" 0042"), rule.normal("42"));
/// assert_eq!(rule.normal("AB-0042"), "ab-0042"); // zeros in front only
/// assert_eq!(rule.normal("000"), "0");
/// assert_eq!(IdRule::EXACT.normal("AB"), "AB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdRule {
    /// Blanks at the ends do not count.
    pub trim: bool,
    /// Case does not count.
    pub case: bool,
    /// Zeros in front do not count.
    pub leading_zeros: bool,
}

impl IdRule {
    /// Everything counts.
    pub const EXACT: Self = Self { trim: false, case: false, leading_zeros: false };

    /// The normal form of an id: two are one iff theirs are equal.
    pub fn normal<'a>(&self, id: &'a str) -> Cow<'a, str> {
        let id = if self.trim { id.trim() } else { id };
        let id = match id.trim_start_matches('0') {
            _ if !self.leading_zeros => id,
            "" if !id.is_empty() => "0",
            rest => rest,
        };
        if self.case { code::lowered(id) } else { Cow::Borrowed(id) }
    }

    /// The names of what does not count, as a schema file has them.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let all = [("trim", self.trim), ("case", self.case), ("leading_zeros", self.leading_zeros)];
        all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name)
    }
}

impl Schema {
    /// What does not count in ids.
    ///
    /// ```
    /// # use tripartite::schema::{Field, IdRule, Kind, Schema};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// assert_eq!(schema.ids(), IdRule::EXACT);
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn ids(&self) -> IdRule {
        self.spec().ids
    }
}

//! What stands in for a kind whose feature is off.
//!
//! A schema refuses such a kind, so no value comes here.

#[cfg(not(feature = "idn"))]
pub(super) mod email {
    use std::borrow::Cow;

    use crate::value::Problem;

    pub(crate) fn canonical(_: &str) -> Result<Cow<'_, str>, Problem> {
        Err(Problem::NotAnEmail)
    }

    pub(crate) fn same(_: &str, _: &str) -> bool {
        false
    }

    pub(crate) fn same_at_a_glance(_: &[u8], _: &[u8]) -> Option<bool> {
        None
    }

    pub(crate) fn is_at_a_glance(_: &[u8]) -> bool {
        false
    }
}

#[cfg(not(feature = "phone"))]
pub(super) mod phone {
    use std::borrow::Cow;

    use crate::normalize::phone::Region;
    use crate::value::Problem;

    pub(crate) fn canonical(_: &str, _: Region) -> Result<Cow<'_, str>, Problem> {
        Err(Problem::NotAPhoneNumber)
    }

    pub(crate) fn same(_: &str, _: &str, _: Region) -> bool {
        false
    }

    pub(crate) fn alike(_: &str, _: &str) -> bool {
        false
    }

    pub(crate) fn same_at_a_glance(_: &[u8], _: &[u8], _: Region) -> Option<bool> {
        None
    }

    pub(crate) fn is_at_a_glance(_: &[u8], _: Region) -> bool {
        false
    }
}

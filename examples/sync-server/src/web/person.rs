//! One who is logged in, and the fields of a form of theirs.

use nightly_sync::store::Register;

use super::say::Say;
use super::session::Flash;
use super::wrong::Wrong;
use crate::users::{Role, User};

/// The field of every form that says that this page sent it.
pub(super) const CSRF: &str = "csrf";

/// One who is logged in, for one request.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Who.
    pub(super) user: User,
    /// What their forms carry.
    pub(super) csrf: String,
    /// In which language they read.
    pub(super) say: Say,
    /// What their cookie holds.
    pub(super) token: String,
    /// What is said once on the next page.
    pub(super) flash: Option<Flash>,
}

impl Person {
    /// A register that they named, if they may do this with it.
    pub(super) fn register(&self, named: &str, role: Role) -> Result<Register, Wrong> {
        let register: Register =
            if named.is_empty() { Register::default() } else { named.parse().map_err(|_| Wrong::NotFound)? };
        match self.user.role(&register) {
            None => Err(Wrong::NotFound),
            Some(own) if own < role => Err(Wrong::NotAllowed),
            Some(_) => Ok(register),
        }
    }
}

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// A field; the empty text where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether there is such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

//! Plans a record here that a match rule links to one of the source.

use super::record::{note_as, plan_linked};
use crate::audit::{RecordReason, Situation};
use crate::schema::Policy;
use crate::source::RemoteRecord;
use crate::store::{Candidate, Loaded, Op, Precondition};

/// Plans a record that both sides have, and that a match rule links: its fields are merged like those of any record
/// without a base.
///
/// ```
/// use tripartite::plan::plan_found;
/// use tripartite::store::{Action, Precondition};
/// # use tripartite::store::{Candidate, Presence, Revision};
/// # use tripartite::source::RemoteRecord;
/// # use tripartite::id::{ExternalId, LocalId};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).field(Field::new("phone", Kind::Text)).build()?;
/// # let record = |phone: Option<&str>| schema.record(&serde_json::json!({"email": "aine@example.org", "phone": phone}));
/// # let here = |phone| -> Result<_, Box<dyn std::error::Error>> {
/// #     let (local, record) = (LocalId::new("17")?, record(phone)?);
/// #     Ok(Candidate::new(local, Revision(3), record))
/// # };
/// let remote =
///     RemoteRecord::new(ExternalId::new("FED-1")?, record(None)?);
/// let op = plan_found(&Policy::new(schema.clone()), &remote, &here(Some("2"))?, "e-mail");
/// assert_eq!(
///     op.expect,
///     Precondition::Free { local: LocalId::new("17")?, revision: Revision(3) }
/// );
/// assert_eq!(op.action, Action::Touch); // the number, which only the club has, stays
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plan_found(policy: &Policy, remote: &RemoteRecord, candidate: &Candidate, rule: &str) -> Op {
    let loaded = Loaded {
        id: remote.id.clone(),
        presence: candidate.presence,
        revision: candidate.revision,
        local: candidate.record.clone(),
        base: None,
        synced: None,
        open: Vec::new(),
        strategy: None,
        missed: 0,
    };
    let op = plan_linked(policy, remote, &loaded).unwrap_or_else(|| super::record::touch(&remote.id, &loaded));
    let (local, revision) = (candidate.local.clone(), candidate.revision);
    let why = RecordReason::Found { rule: rule.to_owned(), local: local.clone() };
    let op = Op { expect: Precondition::Free { local, revision }, ..op };
    note_as(op, Situation::Found, "link", &why)
}

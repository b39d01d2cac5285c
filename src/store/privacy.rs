//! Replaces and restores the private values in the audit entries of a whole batch.

use super::Op;
use crate::audit::{AuditEntry, KeyedHash, hidden};
use crate::schema::Schema;

/// The plain entries of ops, each with the position of its op in the batch.
pub(crate) type Plain = Vec<(usize, Vec<AuditEntry>)>;

/// Replaces the values of redacted and hashed fields in the entries of ops. Returns the plain entries of each op in
/// which something was replaced.
pub(crate) fn hide(schema: &Schema, key: Option<&dyn KeyedHash>, ops: &mut [Op]) -> Plain {
    let mut plain = Plain::new();
    if schema.fields().iter().all(|field| field.privacy().is_plain()) {
        return plain;
    }
    for (at, op) in ops.iter_mut().enumerate() {
        let stand_ins: Vec<_> = op.entries.iter().map(|entry| hidden(schema, key, entry)).collect();
        if stand_ins.iter().any(Option::is_some) {
            let both = stand_ins.into_iter().zip(&op.entries);
            let entries = both.map(|(hidden, entry)| hidden.unwrap_or_else(|| entry.clone())).collect();
            plain.push((at, std::mem::replace(&mut op.entries, entries)));
        }
    }
    plain
}

/// Restores the plain entries.
pub(crate) fn show(ops: &mut [Op], plain: Plain) {
    for (at, entries) in plain {
        if let Some(op) = ops.get_mut(at) {
            op.entries = entries;
        }
    }
}

//! What is remembered of an op beside its row: the link with its base, the conflicts, the audit.

use rusqlite::params;
use tripartite::audit::{AuditEntry, Situation};
use tripartite::store::{Action, ConflictChange, Op, OpenConflict, WHOLE_RECORD};
use tripartite::value::{Record, RecordBuilder};

use super::super::StoreError;
use super::super::bases::Left;
use super::{Found, Writer};

impl Writer<'_> {
    pub(super) fn link(&mut self, op: &Op, found: &Found) -> Result<(), StoreError> {
        let created = matches!(op.action, Action::Create(_));
        let left = match (&mut self.leaving, &op.base, &found.row) {
            (Some(leaving), Some(base), Some(row)) if created || base.extra().is_missing() => {
                leaving.leave(base, row)?
            }
            _ => None,
        };
        let (base, schema, shape, print) = match (left, &op.base) {
            (Some(Left { rest, shape, print }), _) => (rest, None, Some(shape), Some(print)),
            (None, base) => {
                (base.as_ref().map(|base| self.base(base, created)), Some(self.batch.schema.to_bytes()), None, None)
            }
        };
        let version = op.version.map(u64::cast_signed);
        let seen = op.seen.map(|seen| seen.to_bytes());
        let policy = seen.map(|_| self.batch.policy.to_bytes());
        let synced = seen.map(|_| found.revision.0.cast_signed());
        let deactivated = match op.action {
            Action::Deactivate => Some(true),
            Action::Create(_) | Action::Reactivate(_) => Some(false),
            _ => None,
        };
        let (id, has, schema) = (op.id.as_str(), op.base.is_some(), schema.filter(|_| op.base.is_some()));
        let link = params![id, base, schema, version, seen, policy, synced, op.missed, deactivated, shape, print];
        if !created && has && self.relink.execute(link)? > 0 {
            return Ok(());
        }
        self.link.execute(link)?;
        Ok(())
    }

    /// The base by its fields' names. What the source said beyond the schema of that time is no base: a field that the
    /// schema gets later starts without one. What is left of fields that the schema had once stays.
    fn base(&self, base: &Record, created: bool) -> String {
        let text = |record: &Record| serde_json::to_string(&self.schema.named(record)).unwrap_or_default();
        if !created || base.extra().is_missing() {
            return text(base);
        }
        let mut row = RecordBuilder::new(base.len());
        for (position, field) in base.fields().enumerate() {
            // Every part of a row fits into a row.
            let _ = row.set_field(position, field);
        }
        text(&row.finish())
    }

    pub(super) fn conflict(&self, op: &Op, change: &ConflictChange) -> Result<(), StoreError> {
        match change {
            ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                let text = serde_json::to_string(conflict).unwrap_or_default();
                let (why, unit) = (why(op, conflict), conflict.unit.as_str());
                let mut statement = self.tx.prepare_cached(&self.sql.open)?;
                statement.execute(params![op.id.as_str(), unit, text, why, self.run, self.at])?;
            }
            ConflictChange::Close { unit } => {
                self.tx.prepare_cached(&self.sql.close)?.execute([op.id.as_str(), unit])?;
            }
        }
        Ok(())
    }
}

/// Whether it is a question about a record as a whole.
fn asks(situation: Situation) -> bool {
    matches!(situation, Situation::DeleteVsEdit | Situation::Replaced)
}

/// The sentence that the audit has on a conflict; none when only a side of it moved on.
fn why<'a>(op: &'a Op, conflict: &OpenConflict) -> &'a str {
    let of = |entry: &'a AuditEntry| match entry {
        AuditEntry::Field(entry) if entry.group.as_ref().unwrap_or(&entry.field) == &conflict.unit => Some(&*entry.why),
        AuditEntry::Record(entry) if conflict.unit == WHOLE_RECORD && asks(entry.situation) => Some(&*entry.why),
        _ => None,
    };
    op.entries.iter().find_map(of).unwrap_or_default()
}

//! What is remembered of an op beside its row: the link with its base, the conflicts, the audit.

use rusqlite::params;
use tripartite::store::{Action, ConflictChange, Op};
use tripartite_sql::{stored_base, why};

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
                let text = |base| serde_json::to_string(&self.schema.named(&stored_base(op, base))).unwrap_or_default();
                (base.as_ref().map(text), Some(self.batch.schema.to_bytes()), None, None)
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

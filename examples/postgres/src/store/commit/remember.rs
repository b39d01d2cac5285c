//! What is remembered of ops beside their rows: links with their bases, conflicts, and the audit. Four statements for all.

use std::collections::BTreeMap;

use tripartite::audit::{AuditEntry, Situation};
use tripartite::store::{ConflictChange, Op, OpenConflict, WHOLE_RECORD};
use tripartite::value::{Record, RecordBuilder};

use super::super::StoreError;
use super::super::record::situation;
use super::Writer;
use super::decide::Written;
use crate::pool::Sent;

/// Base, what was seen, and when it was in step stay where an op does not have them.
const LINKS: &str = "
INSERT INTO tripartite.links AS l(
    register, external_id, base, base_schema, base_version, seen, policy, synced, missed, deactivated
)
SELECT {n}, u.id, u.base::json, CASE WHEN u.base IS NOT NULL THEN $8::bytea END, u.version, u.seen,
    CASE WHEN u.seen IS NOT NULL THEN $9::bytea END, CASE WHEN u.seen IS NOT NULL THEN u.revision END, u.missed, u.deactivated
FROM unnest($1::text[], $2::text[], $3::int8[], $4::bytea[], $5::int8[], $6::int8[], $7::bool[])
    AS u(id, base, version, seen, revision, missed, deactivated)
";

/// Of one that is there.
const RELINK: &str = "
ON CONFLICT (register, external_id) DO UPDATE SET
    base = CASE WHEN EXCLUDED.base_schema IS NULL THEN l.base ELSE EXCLUDED.base END,
    base_schema = coalesce(EXCLUDED.base_schema, l.base_schema),
    base_version = CASE WHEN EXCLUDED.base_schema IS NULL THEN l.base_version ELSE EXCLUDED.base_version END,
    seen = coalesce(EXCLUDED.seen, l.seen),
    policy = coalesce(EXCLUDED.policy, l.policy),
    synced = coalesce(EXCLUDED.synced, l.synced),
    missed = EXCLUDED.missed,
    deactivated = EXCLUDED.deactivated";

const CLOSE: &str = "
DELETE FROM tripartite.conflicts d USING unnest($1::text[], $2::text[]) AS u(id, unit) CROSS JOIN LATERAL (
    SELECT c.ctid FROM tripartite.conflicts c
    WHERE c.register = {n} AND c.external_id = u.id COLLATE \"C\" AND c.unit = u.unit COLLATE \"C\" OFFSET 0
) c WHERE d.ctid = c.ctid";

/// A conflict of which only a side moved on keeps the sentence on why it is one.
const OPEN: &str = "
INSERT INTO tripartite.conflicts AS c(register, external_id, unit, conflict, why, opened_run, opened_at)
SELECT {n}, u.id, u.unit, u.conflict::json, u.why, $5, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(id, unit, conflict, why)
ON CONFLICT (register, external_id, unit) DO UPDATE SET
    conflict = EXCLUDED.conflict, why = CASE WHEN EXCLUDED.why = '' THEN c.why ELSE EXCLUDED.why END";

/// Numbered in their order.
const ENTRIES: &str = "
INSERT INTO tripartite.audit(register, run, at, external_id, subject, field, verdict, detail, decision, entry)
SELECT {n}, $8, $9, u.id, u.subject, u.field, u.verdict, u.detail, u.decision, u.entry::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    WITH ORDINALITY AS u(id, subject, field, verdict, detail, decision, entry, at)
ORDER BY u.at";

impl<'a> Writer<'a> {
    pub(super) async fn remember(&mut self, written: &mut [Written<'a>]) -> Result<(), StoreError> {
        if written.is_empty() {
            return Ok(());
        }
        // Rows were written in the order of their fields; the audit is in that of the ops.
        written.sort_by_key(|written| written.at);
        let (old, new): (Vec<&Written<'a>>, Vec<_>) = written.iter().partition(|is| is.is_linked || !self.is_plain);
        let mut sent = Vec::new();
        for (written, what) in [(old, RELINK), (new, "")] {
            if !written.is_empty() {
                sent.push(self.links(&written, what));
            }
        }
        sent.extend(self.conflicts(written));
        sent.extend(self.entries(written));
        self.lease.send(&sent).await?;
        Ok(())
    }

    fn links(&self, written: &[&Written<'a>], what: &str) -> Sent<'a> {
        let ops = || written.iter().map(|written| written.op);
        let seen = |op: &Op| op.seen.map(|seen| seen.to_bytes().to_vec());
        Sent {
            sql: self.tables.sql(LINKS) + &self.tables.sql(what),
            values: vec![
                Box::new(ops().map(|op| op.id.as_str()).collect::<Vec<_>>()),
                Box::new(ops().map(|op| op.base.as_ref().map(|base| self.base(op, base))).collect::<Vec<_>>()),
                Box::new(ops().map(|op| op.version.map(u64::cast_signed)).collect::<Vec<_>>()),
                Box::new(ops().map(seen).collect::<Vec<_>>()),
                Box::new(written.iter().map(|written| written.revision).collect::<Vec<_>>()),
                Box::new(ops().map(|op| i64::from(op.missed)).collect::<Vec<_>>()),
                Box::new(written.iter().map(|written| written.deactivated).collect::<Vec<_>>()),
                Box::new(self.batch.schema.to_bytes().to_vec()),
                Box::new(self.batch.policy.to_bytes().to_vec()),
            ],
        }
    }

    /// The base by its fields' names. What the source said beyond the schema of that time is no base: a field that the
    /// schema gets later starts without one. What is left of fields that the schema had once stays.
    fn base(&self, op: &Op, base: &Record) -> String {
        let text = |record: &Record| serde_json::to_string(&self.schema.named(record)).unwrap_or_default();
        if !matches!(op.action, tripartite::store::Action::Create(_)) || base.extra().is_missing() {
            return text(base);
        }
        let mut row = RecordBuilder::new(base.len());
        for (position, field) in base.fields().enumerate() {
            // Every part of a row fits into a row.
            let _ = row.set_field(position, field);
        }
        text(&row.finish())
    }

    /// What was closed goes first: a conflict that is closed and opened again within one op is a new one.
    fn conflicts(&self, written: &[Written<'a>]) -> Vec<Sent<'a>> {
        let (mut closed, mut open) = (Vec::new(), BTreeMap::new());
        for op in written.iter().map(|written| written.op) {
            for change in &op.conflicts {
                match change {
                    ConflictChange::Open(conflict) | ConflictChange::Update(conflict) => {
                        open.insert((op.id.as_str(), conflict.unit.as_str()), (op, conflict));
                    }
                    ConflictChange::Close { unit } => {
                        open.remove(&(op.id.as_str(), unit.as_str()));
                        closed.push((op.id.as_str(), unit.as_str()));
                    }
                }
            }
        }
        let mut sent = Vec::new();
        if !closed.is_empty() {
            let (ids, units): (Vec<_>, Vec<_>) = closed.into_iter().unzip();
            sent.push(Sent { sql: self.tables.sql(CLOSE), values: vec![Box::new(ids), Box::new(units)] });
        }
        if !open.is_empty() {
            let text = |conflict: &OpenConflict| serde_json::to_string(conflict).unwrap_or_default();
            let values: Vec<Box<dyn tokio_postgres::types::ToSql + Sync + Send + 'a>> = vec![
                Box::new(open.keys().map(|(id, _)| *id).collect::<Vec<_>>()),
                Box::new(open.keys().map(|(_, unit)| *unit).collect::<Vec<_>>()),
                Box::new(open.values().map(|(_, conflict)| text(conflict)).collect::<Vec<_>>()),
                Box::new(open.values().map(|(op, conflict)| why(op, conflict)).collect::<Vec<_>>()),
                Box::new(self.batch.run.as_str()),
                Box::new(self.batch.at),
            ];
            sent.push(Sent { sql: self.tables.sql(OPEN), values });
        }
        sent
    }

    fn entries(&self, written: &[Written<'a>]) -> Option<Sent<'a>> {
        let each = || written.iter().flat_map(|written| written.op.entries.iter().map(|entry| (written.op, entry)));
        let lines: Vec<Line<'a>> = each().map(|(op, entry)| Line::of(op, entry)).collect();
        if lines.is_empty() {
            return None;
        }
        Some(Sent {
            sql: self.tables.sql(ENTRIES),
            values: vec![
                Box::new(lines.iter().map(|line| line.id).collect::<Vec<_>>()),
                Box::new(lines.iter().map(|line| line.subject).collect::<Vec<_>>()),
                Box::new(lines.iter().map(|line| line.field).collect::<Vec<_>>()),
                Box::new(lines.iter().map(|line| line.verdict.clone()).collect::<Vec<_>>()),
                Box::new(lines.iter().map(|line| line.detail.clone()).collect::<Vec<_>>()),
                Box::new(lines.iter().map(|line| line.decision).collect::<Vec<_>>()),
                Box::new(each().map(|(_, entry)| serde_json::to_string(entry).unwrap_or_default()).collect::<Vec<_>>()),
                Box::new(self.batch.run.as_str()),
                Box::new(self.batch.at),
            ],
        })
    }
}

/// What of an entry has a column of its own.
pub(in super::super) struct Line<'a> {
    id: &'a str,
    pub(in super::super) subject: &'static str,
    pub(in super::super) field: Option<&'a str>,
    pub(in super::super) verdict: String,
    pub(in super::super) detail: Option<String>,
    pub(in super::super) decision: &'a str,
}

impl<'a> Line<'a> {
    pub(in super::super) fn of(op: &'a Op, entry: &'a AuditEntry) -> Self {
        Self::about(op.id.as_str(), entry)
    }

    pub(in super::super) fn about(id: &'a str, entry: &'a AuditEntry) -> Self {
        match entry {
            AuditEntry::Field(entry) => Self {
                id,
                subject: "field",
                field: Some(&entry.field),
                verdict: entry.verdict.name().to_owned(),
                detail: entry.verdict.detail(),
                decision: entry.decision.name(),
            },
            AuditEntry::Record(entry) => Self {
                id,
                subject: "record",
                field: None,
                verdict: situation(entry.situation),
                detail: None,
                decision: &entry.action,
            },
        }
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

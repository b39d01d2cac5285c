//! What is remembered of ops beside their rows: links with their bases, conflicts, and the audit. A few statements for all.

use std::collections::BTreeMap;

use tripartite::store::{ConflictChange, Op, OpenConflict};
use tripartite::value::{Fingerprint, Record};
use tripartite_sql::{stored_base, why};

use super::super::StoreError;
use super::Writer;
use super::decide::Written;
use crate::copying::{self, Field, Rows};
use crate::pool::Sent;

/// Base, what was seen, and when it was in step stay where an op does not have them.
const LINKS: &str = "
INSERT INTO tripartite.links AS l(
    register, external_id, base, base_schema, base_version, seen, policy, synced, missed, deactivated, shape, print
)
SELECT {n}, u.id, u.base::json, CASE WHEN u.base IS NOT NULL AND u.shape IS NULL THEN $8::bytea END, u.version, u.seen,
    CASE WHEN u.seen IS NOT NULL THEN $9::bytea END, CASE WHEN u.seen IS NOT NULL THEN u.revision END, u.missed,
    u.deactivated, u.shape, u.print
FROM unnest($1::text[], $2::text[], $3::int8[], $4::bytea[], $5::int8[], $6::int8[], $7::bool[], $10::int4[], $11::int8[])
    AS u(id, base, version, seen, revision, missed, deactivated, shape, print)
";

/// The columns as above.
const COPY_LINKS: &str = "
COPY tripartite.links(
    register, external_id, base, base_schema, base_version, seen, policy, synced, missed, deactivated, shape, print
) FROM STDIN";

/// Of one that is there.
const RELINK: &str = "
ON CONFLICT (register, external_id) DO UPDATE SET
    base = CASE WHEN {has_base} THEN EXCLUDED.base ELSE l.base END,
    base_schema = CASE WHEN {has_base} THEN EXCLUDED.base_schema ELSE l.base_schema END,
    base_version = CASE WHEN {has_base} THEN EXCLUDED.base_version ELSE l.base_version END,
    shape = CASE WHEN {has_base} THEN EXCLUDED.shape ELSE l.shape END,
    print = CASE WHEN {has_base} THEN EXCLUDED.print ELSE l.print END,
    kept = CASE WHEN {has_base} THEN NULL ELSE l.kept END,
    seen = coalesce(EXCLUDED.seen, l.seen),
    policy = coalesce(EXCLUDED.policy, l.policy),
    synced = coalesce(EXCLUDED.synced, l.synced),
    missed = EXCLUDED.missed,
    deactivated = EXCLUDED.deactivated";

/// Whether an op has a base.
const HAS_BASE: &str = "(EXCLUDED.base_schema IS NOT NULL OR EXCLUDED.shape IS NOT NULL)";

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

/// Rows whose match keys are to be made anew. A mark that is there is locked, so that nobody who makes keys meanwhile takes
/// it away.
const MARKED: &str = "
INSERT INTO tripartite.unkeyed(register, local) SELECT {n}, u.local FROM unnest($1::text[]) AS u(local)
ON CONFLICT (register, local) DO UPDATE SET local = EXCLUDED.local";

impl<'a> Writer<'a> {
    pub(super) async fn remember(&mut self, mut written: Vec<Written<'a>>) -> Result<(), StoreError> {
        if written.is_empty() {
            return Ok(());
        }
        // Rows were written in the order of their fields; the audit is in that of the ops.
        written.sort_by_key(|written| written.at);
        let (entries, kinds) = self.entries(&written).await?;
        let mut sent = self.conflicts(&written);
        if self.marks && self.is_own {
            let locals: Vec<String> = written.iter().filter(|is| is.is_changed).map(|is| is.local.clone()).collect();
            sent.push(Sent { sql: self.tables.sql(MARKED), values: vec![Box::new(locals)] });
        }
        let (old, mut new): (Vec<_>, Vec<_>) = written.into_iter().partition(|is| is.is_linked || !self.is_plain);
        if self.copies && new.len() >= copying::ROWS {
            self.copy_links(&new).await?;
            new.clear();
        }
        for (written, what) in [(old, RELINK), (new, "")] {
            if !written.is_empty() {
                sent.push(self.links(written, what));
            }
        }
        sent.extend(entries);
        let last = self.lease.send(&sent).await?.pop().unwrap_or_default();
        if kinds > 0 && last.len() != kinds { Err(StoreError::Pruned) } else { Ok(()) }
    }

    /// What is stored of a base, if anything is.
    fn base(&self, written: &Written<'_>) -> Option<String> {
        match &written.left {
            Some(left) => left.rest.clone(),
            None => written.op.base.as_ref().map(|base| self.text(&stored_base(written.op, base))),
        }
    }

    /// Sends links that are not there on their way.
    async fn copy_links(&mut self, written: &[Written<'a>]) -> Result<(), StoreError> {
        let register = i64::from(self.tables.number());
        let (schema, policy) = (self.batch.schema.to_bytes(), self.batch.policy.to_bytes());
        let mut rows = Rows::default();
        for is in written {
            let (op, left, base) = (is.op, is.left.as_ref(), self.base(is));
            let seen = op.seen.map(Fingerprint::to_bytes);
            let of_seen = |field| if seen.is_some() { field } else { Field::Null };
            rows.push([
                Field::Number(register),
                Field::Text(op.id.as_str()),
                base.as_deref().into(),
                if base.is_some() && left.is_none() { Field::Bytes(&schema) } else { Field::Null },
                op.version.map(u64::cast_signed).into(),
                seen.as_ref().map_or(Field::Null, |seen| Field::Bytes(seen)),
                of_seen(Field::Bytes(&policy)),
                of_seen(Field::Number(is.revision)),
                Field::Number(i64::from(op.missed)),
                Field::Text(if is.deactivated { "t" } else { "f" }),
                left.map(|left| i64::from(left.shape)).into(),
                left.map(|left| left.print).into(),
            ]);
        }
        self.send_off(&self.tables.sql(COPY_LINKS), rows, written.len()).await
    }

    fn links(&self, written: Vec<Written<'a>>, what: &str) -> Sent<'a> {
        let ops = || written.iter().map(|written| written.op);
        let seen = |op: &Op| op.seen.map(|seen| seen.to_bytes().to_vec());
        let left = || written.iter().map(|written| written.left.as_ref());
        Sent {
            sql: self.tables.sql(LINKS) + &self.tables.sql(&what.replace("{has_base}", HAS_BASE)),
            values: vec![
                Box::new(ops().map(|op| op.id.as_str()).collect::<Vec<_>>()),
                Box::new(written.iter().map(|written| self.base(written)).collect::<Vec<_>>()),
                Box::new(ops().map(|op| op.version.map(u64::cast_signed)).collect::<Vec<_>>()),
                Box::new(ops().map(seen).collect::<Vec<_>>()),
                Box::new(written.iter().map(|written| written.revision).collect::<Vec<_>>()),
                Box::new(ops().map(|op| i64::from(op.missed)).collect::<Vec<_>>()),
                Box::new(written.iter().map(|written| written.deactivated).collect::<Vec<_>>()),
                Box::new(self.batch.schema.to_bytes().to_vec()),
                Box::new(self.batch.policy.to_bytes().to_vec()),
                Box::new(left().map(|left| left.map(|left| left.shape)).collect::<Vec<_>>()),
                Box::new(left().map(|left| left.map(|left| left.print)).collect::<Vec<_>>()),
            ],
        }
    }

    /// A base by its fields' names.
    fn text(&self, base: &Record) -> String {
        serde_json::to_string(&self.schema.named(base)).unwrap_or_default()
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
}

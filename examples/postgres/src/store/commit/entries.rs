//! The audit of a batch: what many entries have alike is stored once, as their kind.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tripartite::audit::{AuditEntry, RecordEntry};
use tripartite::store::Op;
use tripartite_sql::situation;

use super::super::StoreError;
use super::Writer;
use super::decide::Written;
use crate::pool::Sent;

/// Makes the kinds that are not there, and answers all that were asked for.
const KINDS: &str = "
INSERT INTO tripartite.kinds AS k(register, run, at, subject, field, verdict, detail, decision, entry, first, last)
SELECT {n}, $7, $8, u.subject, u.field, u.verdict, u.detail, u.decision, u.entry::json, next.number, next.number
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS u(subject, field, verdict, detail, decision, entry)
CROSS JOIN (SELECT nextval('tripartite.entries_seq_seq') AS number) next
ON CONFLICT (register, run, subject, field, verdict, decision, md5(detail), at) DO UPDATE SET last = k.last
RETURNING k.id, k.field, k.verdict, k.detail, k.decision, k.entry::text";

/// In their order, in which they are numbered.
const ENTRIES: &str = "
INSERT INTO tripartite.entries(external_id, kind, entry)
SELECT u.id, u.kind, u.entry::json FROM unnest($1::text[], $2::int4[], $3::text[]) AS u(id, kind, entry)";

/// The same of chunks of entries that say the same: each in one row, unless somebody else took numbers in between.
const PACKED: &str = "
WITH c AS MATERIALIZED (
    SELECT ($1::text[])[u.first:u.last] AS ids, u.kind, u.entry, n.numbers,
        n.numbers[cardinality(n.numbers)] - n.numbers[1] = u.last - u.first AS is_row
    FROM unnest($2::int4[], $3::int4[], $4::int4[], $5::text[]) AS u(first, last, kind, entry)
    CROSS JOIN LATERAL (
        SELECT array_agg(nextval('tripartite.entries_seq_seq')) AS numbers FROM generate_series(u.first, u.last)
    ) n
)
INSERT INTO tripartite.entries(seq, external_id, others, kind, entry)
SELECT c.numbers[1], c.ids[1], nullif(c.ids[2:], '{}'), c.kind, c.entry::json FROM c WHERE c.is_row
UNION ALL
SELECT s.seq, s.id, NULL, c.kind, c.entry::json FROM c
CROSS JOIN LATERAL unnest(c.numbers, c.ids) AS s(seq, id) WHERE NOT c.is_row";

/// Of more chunks than these, rows for each entry cost less.
const CHUNKS: usize = 4;

/// So many entries stand in one row at most.
pub(in super::super) const TOGETHER: i32 = 500;

/// Whoever prunes the audit waits for it, or was faster.
const LAST: &str = "
UPDATE tripartite.kinds SET last = currval('tripartite.entries_seq_seq') WHERE id = ANY($1) RETURNING id";

/// What the entries of a kind have alike within a run. One without a field is about a record as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Name {
    pub(in super::super) field: Option<String>,
    pub(in super::super) verdict: String,
    pub(in super::super) detail: Option<String>,
    pub(in super::super) decision: String,
}

#[derive(Debug, Clone)]
struct Kind {
    id: i32,
    entry: Option<String>,
}

/// The kinds of one run that are known to be stored.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Kinds {
    of: Option<(String, DateTime<Utc>)>,
    known: BTreeMap<Name, Kind>,
}

/// The entries of a batch, before their kinds are known to be stored.
#[derive(Default)]
struct Lines<'a> {
    ids: Vec<&'a str>,
    kinds: Vec<usize>,
    texts: Vec<Option<usize>>,
    /// The texts of entries; most of a batch that are about a record as a whole have the same.
    stored: Vec<String>,
    /// Each kind, and the text of its first entry, if it may be that of others.
    names: Vec<(Name, Option<usize>)>,
    by_name: BTreeMap<Name, usize>,
}

impl<'a> Lines<'a> {
    fn of(written: &[Written<'a>]) -> Self {
        let mut lines = Self::default();
        let mut last: Option<(&RecordEntry, usize, usize)> = None;
        for op in written.iter().map(|written| written.op) {
            for entry in &op.entries {
                match (entry, last) {
                    (AuditEntry::Record(now), Some((known, kind, text))) if known == now => {
                        lines.push(op, kind, text);
                    }
                    (AuditEntry::Record(now), _) => {
                        let (kind, text) = lines.add(op, entry);
                        last = Some((now, kind, text));
                    }
                    (AuditEntry::Field(_), _) => drop(lines.add(op, entry)),
                }
            }
        }
        lines
    }

    fn push(&mut self, op: &'a Op, kind: usize, text: usize) {
        self.ids.push(op.id.as_str());
        self.kinds.push(kind);
        self.texts.push(Some(text));
    }

    fn add(&mut self, op: &'a Op, entry: &AuditEntry) -> (usize, usize) {
        let text = self.stored.len();
        self.stored.push(serde_json::to_string(entry).unwrap_or_default());
        let (name, shared) = match entry {
            AuditEntry::Field(_) => (Name::of(entry), None),
            AuditEntry::Record(_) => (Name::of(entry), Some(text)),
        };
        let names = &mut self.names;
        let kind = *self.by_name.entry(name).or_insert_with_key(|name| {
            names.push((name.clone(), shared));
            names.len() - 1
        });
        self.push(op, kind, text);
        (kind, text)
    }
}

/// From which entry to which one, counted from 1 on, they are of one kind and have no text of their own.
fn chunks_of(kinds: &[i32], texts: &[Option<String>]) -> Vec<(i32, i32)> {
    let mut chunks: Vec<(i32, i32)> = Vec::new();
    for (at, place) in (0..kinds.len()).zip(1..) {
        let is_same = at > 0 && kinds[at] == kinds[at - 1] && texts[at].is_none() && texts[at - 1].is_none();
        match chunks.last_mut() {
            Some((first, last)) if is_same && place - *first < TOGETHER => *last = place,
            _ => chunks.push((place, place)),
        }
    }
    chunks
}

impl Name {
    pub(in super::super) fn of(entry: &AuditEntry) -> Self {
        match entry {
            AuditEntry::Field(entry) => Self {
                field: Some(entry.field.clone()),
                verdict: entry.verdict.name().to_owned(),
                detail: entry.verdict.detail(),
                decision: entry.decision.name().to_owned(),
            },
            AuditEntry::Record(entry) => {
                Self { field: None, verdict: situation(entry.situation), detail: None, decision: entry.action.clone() }
            }
        }
    }

    pub(in super::super) fn subject(&self) -> &'static str {
        if self.field.is_some() { "field" } else { "record" }
    }
}

impl<'a> Writer<'a> {
    /// The statements that append the entries, once their kinds are there; the last one answers each kind.
    pub(super) async fn entries(&mut self, written: &[Written<'a>]) -> Result<(Vec<Sent<'a>>, usize), StoreError> {
        let lines = Lines::of(written);
        if lines.ids.is_empty() {
            return Ok((Vec::new(), 0));
        }
        self.make_kinds(&lines).await?;
        let known: Option<Vec<&Kind>> = lines.names.iter().map(|(name, _)| self.kinds.known.get(name)).collect();
        let known = known.ok_or(StoreError::Pruned)?;
        let shared: Vec<Option<usize>> = known
            .iter()
            .map(|kind| kind.entry.as_ref().and_then(|text| lines.stored.iter().position(|known| known == text)))
            .collect();
        let text = |(kind, text): (&usize, &Option<usize>)| match (shared[*kind], text) {
            (Some(shared), Some(text)) if lines.stored[shared] == lines.stored[*text] => None,
            (_, text) => text.map(|text| lines.stored[text].clone()),
        };
        let texts: Vec<Option<String>> = lines.kinds.iter().zip(&lines.texts).map(text).collect();
        let kinds: Vec<i32> = lines.kinds.iter().map(|kind| known[*kind].id).collect();
        let all: Vec<i32> = known.iter().map(|kind| kind.id).collect();
        let (count, chunks) = (all.len(), chunks_of(&kinds, &texts));
        let entries = if chunks.len() <= CHUNKS {
            self.packed(lines.ids, &kinds, texts, &chunks)
        } else {
            Sent { sql: self.tables.sql(ENTRIES), values: vec![Box::new(lines.ids), Box::new(kinds), Box::new(texts)] }
        };
        Ok((vec![entries, Sent { sql: self.tables.sql(LAST), values: vec![Box::new(all)] }], count))
    }

    fn packed(
        &self,
        ids: Vec<&'a str>,
        kinds: &[i32],
        mut texts: Vec<Option<String>>,
        chunks: &[(i32, i32)],
    ) -> Sent<'a> {
        let starts = || chunks.iter().map(|(first, _)| *first as usize - 1);
        let texts: Vec<_> = starts().map(|at| texts[at].take()).collect();
        Sent {
            sql: self.tables.sql(PACKED),
            values: vec![
                Box::new(ids),
                Box::new(chunks.iter().map(|(first, _)| *first).collect::<Vec<_>>()),
                Box::new(chunks.iter().map(|(_, last)| *last).collect::<Vec<_>>()),
                Box::new(starts().map(|at| kinds[at]).collect::<Vec<_>>()),
                Box::new(texts),
            ],
        }
    }

    /// Makes the kinds that are not known to be stored.
    async fn make_kinds(&mut self, lines: &Lines<'_>) -> Result<(), StoreError> {
        let of = (self.batch.run.as_str().to_owned(), self.batch.at);
        if self.kinds.of.as_ref() != Some(&of) {
            *self.kinds = Kinds { of: Some(of), known: BTreeMap::new() };
        }
        let missing: Vec<_> = lines.names.iter().filter(|(name, _)| !self.kinds.known.contains_key(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names = || missing.iter().map(|(name, _)| name);
        let texts: Vec<_> = missing.iter().map(|(_, text)| text.map(|text| lines.stored[text].as_str())).collect();
        let sent = Sent {
            sql: self.tables.sql(KINDS),
            values: vec![
                Box::new(names().map(Name::subject).collect::<Vec<_>>()),
                Box::new(names().map(|name| name.field.as_deref()).collect::<Vec<_>>()),
                Box::new(names().map(|name| name.verdict.as_str()).collect::<Vec<_>>()),
                Box::new(names().map(|name| name.detail.as_deref()).collect::<Vec<_>>()),
                Box::new(names().map(|name| name.decision.as_str()).collect::<Vec<_>>()),
                Box::new(texts),
                Box::new(self.batch.run.as_str()),
                Box::new(self.batch.at),
            ],
        };
        for row in self.lease.send(&[sent]).await?.pop().unwrap_or_default() {
            let name = Name { field: row.get(1), verdict: row.get(2), detail: row.get(3), decision: row.get(4) };
            self.kinds.known.insert(name, Kind { id: row.get(0), entry: row.get(5) });
        }
        Ok(())
    }
}

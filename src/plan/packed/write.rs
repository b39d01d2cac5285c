//! Writes a packed op. `None` means that the op has something rare and is kept unpacked.

use super::codes::{DECISIONS, SITUATIONS, VERDICTS, code};
use super::texts::Texts;
use crate::audit::{AuditEntry, FieldEntry, RecordEntry};
use crate::resolve::{Dialled, DialledIn};
use crate::store::{Action, Op, Precondition};
use crate::value::{Fingerprint, Record, RecordBuilder, Value, pack};

/// How a row is kept.
pub(super) const NO_ROW: u8 = 0;
pub(super) const OWN_ROW: u8 = 1;
pub(super) const REMOTE_ROW: u8 = 2;
pub(super) const PART_OF_REMOTE: u8 = 3;

/// How a value of an entry is kept.
pub(super) const NO_VALUE: u8 = 0;
pub(super) const OWN_VALUE: u8 = 1;
/// Of an entry: nobody was asked where its numbers are dialled, it is told of the number here, or of both.
pub(super) const NOT_DIALLED: u8 = 0;
pub(super) const DIALLED_HERE: u8 = 1;
pub(super) const BOTH_DIALLED: u8 = 2;
pub(super) const OF_REMOTE: u8 = 2;
pub(super) const OF_PATCH: u8 = 3;
pub(super) const OF_BASE: u8 = 4;
pub(super) const OF_LOCAL: u8 = 5;

/// The precondition of an op.
pub(super) const UNLINKED: u8 = 0;
pub(super) const REVISION: u8 = 1;

/// The fingerprint of an op.
pub(super) const NOTHING_SEEN: u8 = 0;
pub(super) const REMOTE_SEEN: u8 = 1;
pub(super) const OTHER_SEEN: u8 = 2;

/// The subject of an entry.
pub(super) const ABOUT_RECORD: u8 = 0;
pub(super) const ABOUT_FIELD: u8 = 1;
pub(super) const ABOUT_GROUP: u8 = 2;

pub(super) fn op(texts: &mut Texts, out: &mut Vec<u8>, op: &Op) -> Option<()> {
    let Op { id, rekeyed, situation, action, expect, made_from, base, version, remote, seen, missed, .. } = op;
    if !op.conflicts.is_empty() {
        return None;
    }
    text(out, id.as_str());
    optional(out, rekeyed.as_ref(), |out, id| text(out, id.as_str()));
    out.push(code(&SITUATIONS, situation)?);
    precondition(out, expect)?;
    optional(out, made_from.as_ref(), |out, state| out.extend(state.to_bytes()));
    optional(out, version.as_ref(), |out, version| number(out, *version));
    fingerprint(out, *seen, remote.as_ref());
    number(out, u64::from(*missed));
    row(out, remote.as_ref(), None);
    row(out, base.as_ref(), remote.as_ref());
    let (kind, patch) = match action {
        Action::Create(record) => (0, Some(record)),
        Action::Update(record) => (1, Some(record)),
        Action::Reactivate(record) => (2, Some(record)),
        Action::Deactivate => (3, None),
        Action::Touch => (4, None),
    };
    out.push(kind);
    row(out, patch, remote.as_ref());
    number(out, op.entries.len() as u64);
    let rows = Rows { remote: remote.as_ref(), patch };
    op.entries.iter().try_for_each(|entry| match entry {
        AuditEntry::Record(entry) => about_record(texts, out, entry),
        AuditEntry::Field(entry) => about_field(texts, out, entry, rows),
    })
}

fn precondition(out: &mut Vec<u8>, expect: &Precondition) -> Option<()> {
    match expect {
        Precondition::Unlinked => out.push(UNLINKED),
        Precondition::Revision(revision) => {
            out.push(REVISION);
            number(out, revision.0);
        }
        Precondition::Free { .. } => return None,
    }
    Some(())
}

fn fingerprint(out: &mut Vec<u8>, seen: Option<Fingerprint>, remote: Option<&Record>) {
    match seen {
        None => out.push(NOTHING_SEEN),
        Some(_) if seen == remote.map(Record::fingerprint) => out.push(REMOTE_SEEN),
        Some(seen) => {
            out.push(OTHER_SEEN);
            out.extend(seen.to_bytes());
        }
    }
}

fn row(out: &mut Vec<u8>, row: Option<&Record>, remote: Option<&Record>) {
    let Some(row) = row else { return out.push(NO_ROW) };
    let bytes = row.row_bytes();
    if remote.is_some_and(|remote| remote.row_bytes() == bytes) {
        return out.push(REMOTE_ROW);
    }
    let positions = positions(row);
    if remote.is_some_and(|remote| part(remote, &positions).row_bytes() == bytes) {
        out.push(PART_OF_REMOTE);
        number(out, positions.len() as u64);
        return positions.into_iter().for_each(|position| number(out, position as u64));
    }
    out.push(OWN_ROW);
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The positions of a row's stated fields.
fn positions(row: &Record) -> Vec<usize> {
    row.fields().enumerate().filter(|(_, field)| !field.is_missing()).map(|(position, _)| position).collect()
}

/// The row with the fields of another at some positions.
pub(super) fn part(remote: &Record, positions: &[usize]) -> Record {
    let mut row = RecordBuilder::new(remote.len());
    for &position in positions {
        // A part of a row fits into a row.
        let _ = row.set_field(position, remote.field(position));
    }
    row.finish()
}

/// The rows in which the values of entries may be.
#[derive(Clone, Copy)]
struct Rows<'a> {
    remote: Option<&'a Record>,
    patch: Option<&'a Record>,
}

fn about_record(texts: &mut Texts, out: &mut Vec<u8>, entry: &RecordEntry) -> Option<()> {
    let RecordEntry { situation, action, why, by: None } = entry else { return None };
    out.push(ABOUT_RECORD);
    out.push(code(&SITUATIONS, situation)?);
    number(out, texts.number(action)?.into());
    number(out, texts.number(why)?.into());
    Some(())
}

fn about_field(texts: &mut Texts, out: &mut Vec<u8>, entry: &FieldEntry, rows: Rows<'_>) -> Option<()> {
    let FieldEntry { field, group, verdict, decision, rule, base, local, remote, result, .. } = entry;
    let FieldEntry { collisions, dialled, why, by, kept, .. } = entry;
    if by.is_some() || !kept.is_plain() || !collisions.is_empty() {
        return None;
    }
    out.push(if group.is_some() { ABOUT_GROUP } else { ABOUT_FIELD });
    for text in [Some(field), Some(rule), Some(why), group.as_ref()].into_iter().flatten() {
        number(out, texts.number(text)?.into());
    }
    out.push(code(&VERDICTS, verdict)?);
    out.push(code(&DECISIONS, decision)?);
    values(out, [base.as_ref(), Some(local), remote.as_ref(), Some(result)], rows);
    let Some(Dialled { by, local, remote }) = dialled else {
        out.push(NOT_DIALLED);
        return Some(());
    };
    out.push(if remote.is_some() { BOTH_DIALLED } else { DIALLED_HERE });
    number(out, texts.number(by)?.into());
    [Some(local), remote.as_ref()].into_iter().flatten().try_for_each(|DialledIn { region, stated }| {
        number(out, texts.number(&region.to_string())?.into());
        out.push(u8::from(*stated));
        Some(())
    })
}

/// Base, local, remote and result: each as a reference to a row, or as a value of its own. The position in the rows
/// comes first.
fn values(out: &mut Vec<u8>, values: [Option<&Value>; 4], rows: Rows<'_>) {
    let packed = values.map(|value| {
        value.map(|value| {
            let mut bytes = Vec::with_capacity(32);
            pack(value, &mut bytes);
            bytes
        })
    });
    let [base, local, remote, result] = packed.each_ref().map(Option::as_deref);
    let stands = |row: Option<&Record>, at: usize, value: Option<&[u8]>| {
        row.zip(value).is_some_and(|(row, value)| !row.field(at).is_missing() && row.field(at).is_packed_as(value))
    };
    let found = rows.remote.and_then(|row| (0..row.len()).find(|&at| stands(Some(row), at, remote)));
    let patched = rows.patch.and_then(|row| (0..row.len()).find(|&at| stands(Some(row), at, result)));
    // The position is mostly the same in both rows.
    let at = found.filter(|&at| stands(rows.patch, at, result)).or(found).or(patched).unwrap_or(0);
    number(out, at as u64);
    put(out, base, &[]);
    put(out, local, &[(OF_BASE, base == local)]);
    put(out, remote, &[(OF_REMOTE, stands(rows.remote, at, remote))]);
    put(out, result, &[(OF_PATCH, stands(rows.patch, at, result)), (OF_LOCAL, result == local)]);
}

fn put(out: &mut Vec<u8>, value: Option<&[u8]>, elsewhere: &[(u8, bool)]) {
    match (value, elsewhere.iter().find(|(_, stands)| *stands)) {
        (None, _) => out.push(NO_VALUE),
        (Some(_), Some((place, _))) => out.push(*place),
        (Some(value), None) => {
            out.push(OWN_VALUE);
            out.extend_from_slice(value);
        }
    }
}

fn optional<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(out, value);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A variable-length number: seven bits a byte, the lowest first. The eighth bit says that more follow.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

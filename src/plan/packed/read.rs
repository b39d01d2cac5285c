//! Reads a packed op. It gives back the op that was written.

use super::codes::{DECISIONS, SITUATIONS, VERDICTS};
use super::texts::Texts;
use super::write::{
    ABOUT_FIELD, ABOUT_GROUP, ABOUT_RECORD, DIALLED_HERE, NO_ROW, NO_VALUE, NOT_DIALLED, OF_BASE, OF_LOCAL, OF_PATCH,
    OF_REMOTE, OTHER_SEEN, OWN_ROW, OWN_VALUE, PART_OF_REMOTE, REMOTE_ROW, REMOTE_SEEN, REVISION, UNLINKED, part,
};
use crate::audit::{AuditEntry, FieldEntry, RecordEntry};
use crate::id::ExternalId;
use crate::resolve::{Dialled, DialledIn};
use crate::schema::Privacy;
use crate::store::{Action, Op, Precondition, Revision};
use crate::value::{Fingerprint, Record, Value, unpack};

/// The bytes that are still to be read.
pub(super) struct Bytes<'a, 't> {
    rest: &'a [u8],
    texts: &'t Texts,
}

pub(super) fn op(texts: &Texts, bytes: &[u8]) -> Option<Op> {
    let (mut op, mut from) = head(texts, bytes)?;
    op.entries = from.entries(&op)?;
    Some(op)
}

/// An op without its entries, and what is left to read.
pub(super) fn head<'a, 't>(texts: &'t Texts, bytes: &'a [u8]) -> Option<(Op, Bytes<'a, 't>)> {
    let mut from = Bytes { rest: bytes, texts };
    let id = from.id()?;
    let rekeyed = from.optional(Bytes::id)?;
    let situation = *SITUATIONS.get(from.code()?)?;
    let expect = from.precondition()?;
    let made_from = from.optional(Bytes::fingerprint)?;
    let version = from.optional(Bytes::number)?;
    let seen = from.byte()?;
    let other = if seen == OTHER_SEEN { Some(from.fingerprint()?) } else { None };
    let missed = u32::try_from(from.number()?).ok()?;
    let remote = from.row(None)?;
    let base = from.row(remote.as_ref())?;
    let kind = from.code()?;
    let patch = from.row(remote.as_ref())?;
    let op = Op {
        id,
        rekeyed,
        situation,
        action: match kind {
            0 => Action::Create(patch?),
            1 => Action::Update(patch?),
            2 => Action::Reactivate(patch?),
            3 => Action::Deactivate,
            _ => Action::Touch,
        },
        expect,
        made_from,
        base,
        version,
        seen: other.or_else(|| remote.as_ref().filter(|_| seen == REMOTE_SEEN).map(Record::fingerprint)),
        remote,
        missed,
        conflicts: Vec::new(),
        entries: Vec::new(),
    };
    Some((op, from))
}

/// The id alone, without reading on.
pub(super) fn id(bytes: &[u8]) -> &str {
    let texts = Texts::default();
    let mut from = Bytes { rest: bytes, texts: &texts };
    let id = from.number().and_then(|len| from.take(usize::try_from(len).ok()?));
    id.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default()
}

#[derive(Clone, Copy)]
struct Rows<'a> {
    remote: Option<&'a Record>,
    patch: Option<&'a Record>,
}

impl<'a> Bytes<'a, '_> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn code(&mut self) -> Option<usize> {
        self.byte().map(usize::from)
    }

    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn len(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn id(&mut self) -> Option<ExternalId> {
        let len = self.len()?;
        ExternalId::new(std::str::from_utf8(self.take(len)?).ok()?).ok()
    }

    fn fingerprint(&mut self) -> Option<Fingerprint> {
        Some(Fingerprint::from_bytes(self.take(16)?.try_into().ok()?))
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }

    fn text(&mut self) -> Option<String> {
        let number = self.number()?;
        self.texts.text(number).map(str::to_owned)
    }

    fn precondition(&mut self) -> Option<Precondition> {
        match self.byte()? {
            UNLINKED => Some(Precondition::Unlinked),
            REVISION => Some(Precondition::Revision(Revision(self.number()?))),
            _ => None,
        }
    }

    fn row(&mut self, remote: Option<&Record>) -> Option<Option<Record>> {
        Some(match self.byte()? {
            NO_ROW => None,
            REMOTE_ROW => Some(remote?.clone()),
            PART_OF_REMOTE => {
                let positions = (0..self.number()?).map(|_| self.len()).collect::<Option<Vec<_>>>()?;
                Some(part(remote?, &positions))
            }
            OWN_ROW => {
                let len = self.len()?;
                Some(Record::of_row_bytes(self.take(len)?))
            }
            _ => return None,
        })
    }

    fn entries(&mut self, op: &Op) -> Option<Vec<AuditEntry>> {
        let patch = match &op.action {
            Action::Create(patch) | Action::Update(patch) | Action::Reactivate(patch) => Some(patch),
            Action::Deactivate | Action::Touch => None,
        };
        let rows = Rows { remote: op.remote.as_ref(), patch };
        (0..self.number()?).map(|_| self.entry(rows)).collect()
    }

    fn entry(&mut self, rows: Rows<'_>) -> Option<AuditEntry> {
        match self.byte()? {
            ABOUT_RECORD => Some(AuditEntry::Record(RecordEntry {
                situation: *SITUATIONS.get(self.code()?)?,
                action: self.text()?,
                why: self.text()?,
                by: None,
            })),
            about @ (ABOUT_FIELD | ABOUT_GROUP) => self.about_field(about == ABOUT_GROUP, rows).map(AuditEntry::Field),
            _ => None,
        }
    }

    fn about_field(&mut self, in_group: bool, rows: Rows<'_>) -> Option<FieldEntry> {
        let (field, rule, why) = (self.text()?, self.text()?, self.text()?);
        let group = if in_group { Some(self.text()?) } else { None };
        let verdict = VERDICTS.get(self.code()?)?.clone();
        let decision = *DECISIONS.get(self.code()?)?;
        let at = self.len()?;
        let of = |row: Option<&Record>| Some(row?.field(at).to_value());
        let base = self.value(|_| None)?;
        let local = self.value(|place| base.clone().filter(|_| place == OF_BASE))??;
        let remote = self.value(|place| of(rows.remote).filter(|_| place == OF_REMOTE))?;
        let result = self.value(|place| match place {
            OF_PATCH => of(rows.patch),
            OF_LOCAL => Some(local.clone()),
            _ => None,
        })??;
        Some(FieldEntry {
            field,
            rule,
            why,
            group,
            verdict,
            decision,
            base,
            local,
            remote,
            result,
            dialled: self.dialled()?,
            collisions: Vec::new(),
            by: None,
            kept: Privacy::Plain,
        })
    }

    fn dialled(&mut self) -> Option<Option<Dialled>> {
        let (by, local, remote) = match self.byte()? {
            NOT_DIALLED => return Some(None),
            DIALLED_HERE => (self.text()?, self.dialled_in()?, None),
            _ => (self.text()?, self.dialled_in()?, Some(self.dialled_in()?)),
        };
        Some(Some(Dialled { by, local, remote }))
    }

    fn dialled_in(&mut self) -> Option<DialledIn> {
        Some(DialledIn { region: self.text()?.parse().ok()?, stated: self.byte()? != 0 })
    }

    fn value(&mut self, elsewhere: impl FnOnce(u8) -> Option<Value>) -> Option<Option<Value>> {
        match self.byte()? {
            NO_VALUE => Some(None),
            OWN_VALUE => unpack(&mut self.rest).map(Some),
            place => elsewhere(place).map(Some),
        }
    }
}

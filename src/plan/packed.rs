//! Packed ops, so that the plan of a night on which everything changes fits in memory.
//!
//! | part of an op | how it is kept |
//! |---|---|
//! | the source's record | its row |
//! | the new base | a mark that it is the same row, or a row of its own |
//! | the patch | the positions that it takes from the row, or a row of its own |
//! | an entry about a field | the decision as numbers, and the values that are in no row |
//! | rules and reasons | their numbers: many records share a few sentences |
//!
//! The entries are made again when a batch is built, or when a person looks at the plan. An op with something rare (a
//! conflict, a value that cannot be read, a link) is kept unpacked.

mod codes;
mod read;
mod texts;
mod write;

use std::fmt;
use std::vec::IntoIter;

use self::texts::Texts;
use crate::store::Op;

/// Ops in their order, packed.
#[derive(Clone, Default)]
pub(crate) struct PackedOps {
    texts: Texts,
    ops: Vec<PackedOp>,
}

/// One op. It can only be read with the texts that it was packed with.
#[derive(Debug, Clone)]
pub(crate) enum PackedOp {
    Packed(Box<[u8]>),
    Whole(Box<Op>),
}

/// Packs ops one after another.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    texts: Texts,
    /// A buffer that is used again for each op, so that packing allocates little.
    bytes: Vec<u8>,
}

impl Packer {
    pub(crate) fn pack(&mut self, op: Op) -> PackedOp {
        self.bytes.clear();
        match write::op(&mut self.texts, &mut self.bytes, &op) {
            Some(()) => PackedOp::Packed(self.bytes.as_slice().into()),
            None => PackedOp::Whole(Box::new(op)),
        }
    }

    pub(crate) fn unpack(&self, op: PackedOp) -> Op {
        op.into_op(&self.texts)
    }

    /// The packed ops in the given order.
    pub(crate) fn finish(self, ops: Vec<PackedOp>) -> PackedOps {
        PackedOps { texts: self.texts, ops }
    }
}

impl PackedOp {
    fn to_op(&self, texts: &Texts) -> Op {
        match self {
            Self::Packed(bytes) => read::op(texts, bytes).expect("what was packed is read as it was written"),
            Self::Whole(op) => (**op).clone(),
        }
    }

    /// The op without its entries.
    fn to_head(&self, texts: &Texts) -> Op {
        match self {
            Self::Packed(bytes) => read::head(texts, bytes).expect("what was packed is read as it was written").0,
            Self::Whole(op) => Op { entries: Vec::new(), ..(**op).clone() },
        }
    }

    fn into_op(self, texts: &Texts) -> Op {
        match self {
            Self::Packed(_) => self.to_op(texts),
            Self::Whole(op) => *op,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Packed(bytes) => read::id(bytes),
            Self::Whole(op) => op.id.as_str(),
        }
    }
}

impl PackedOps {
    pub(crate) fn len(&self) -> usize {
        self.ops.len()
    }

    /// The ops, each made when it is asked for.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Op> {
        self.ops.iter().map(|op| op.to_op(&self.texts))
    }

    /// The ops without their entries, which is what takes longest to make.
    pub(crate) fn heads(&self) -> impl ExactSizeIterator<Item = Op> {
        self.ops.iter().map(|op| op.to_head(&self.texts))
    }

    /// Adds ops after the others.
    pub(crate) fn extend(&mut self, ops: Vec<Op>) {
        let mut packer = Packer { texts: std::mem::take(&mut self.texts), bytes: Vec::new() };
        self.ops.extend(ops.into_iter().map(|op| packer.pack(op)));
        self.texts = packer.texts;
    }

    /// Changes the ops with some ids.
    pub(crate) fn change(&mut self, is_meant: impl Fn(&str) -> bool, mut change: impl FnMut(&mut Op)) {
        let mut packer = Packer { texts: std::mem::take(&mut self.texts), bytes: Vec::new() };
        for packed in self.ops.iter_mut().filter(|op| is_meant(op.id())) {
            let mut op = packed.to_op(&packer.texts);
            change(&mut op);
            *packed = packer.pack(op);
        }
        self.texts = packer.texts;
    }
}

impl FromIterator<Op> for PackedOps {
    fn from_iter<I: IntoIterator<Item = Op>>(ops: I) -> Self {
        let mut packer = Packer::default();
        let ops = ops.into_iter().map(|op| packer.pack(op)).collect();
        packer.finish(ops)
    }
}

/// A few ops that are carried out at once are not packed.
impl From<Vec<Op>> for PackedOps {
    fn from(ops: Vec<Op>) -> Self {
        Self { texts: Texts::default(), ops: ops.into_iter().map(|op| PackedOp::Whole(Box::new(op))).collect() }
    }
}

impl fmt::Debug for PackedOps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl IntoIterator for PackedOps {
    type Item = Op;
    type IntoIter = Unpacked;

    fn into_iter(self) -> Unpacked {
        Unpacked { texts: self.texts, ops: self.ops.into_iter() }
    }
}

/// The ops one by one. An op that was taken frees its memory.
pub(crate) struct Unpacked {
    texts: Texts,
    ops: IntoIter<PackedOp>,
}

impl Iterator for Unpacked {
    type Item = Op;

    fn next(&mut self) -> Option<Op> {
        self.ops.next().map(|op| op.into_op(&self.texts))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ops.size_hint()
    }
}

impl ExactSizeIterator for Unpacked {}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ops", self.ops.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::{AuditEntry, FieldEntry, Situation};
    use crate::detect::{RemoteChange, Verdict};
    use crate::plan::any_op::op;
    use crate::resolve::Decision;
    use crate::schema::Privacy;
    use crate::store::{Action, Precondition, Revision};
    use crate::value::{RecordBuilder, Value};

    proptest! {
        /// Nothing of an op is lost by packing it, not even how its rows lie in memory.
        #[test]
        fn an_op_is_what_it_was_before_it_was_packed(ops in prop::collection::vec(op(), 0..6)) {
            let packed: PackedOps = ops.iter().cloned().collect();
            let again: Vec<Op> = packed.iter().collect();
            prop_assert_eq!(&again, &ops);
            let rows = |op: &Op| [&op.remote, &op.base].map(|row| row.as_ref().map(|row| row.row_bytes().to_vec()));
            prop_assert!(again.iter().map(rows).eq(ops.iter().map(rows)));
            let heads: Vec<Op> = ops.iter().cloned().map(|op| Op { entries: Vec::new(), ..op }).collect();
            prop_assert!(packed.heads().eq(heads));
            prop_assert!(packed.into_iter().eq(ops));
        }
    }

    /// A name and a phone number changed at the source: the row, what was here before, and little else is kept.
    #[test]
    fn an_update_takes_few_bytes_beside_its_values() {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut row = RecordBuilder::new(6);
        for (position, said) in ["Áine", "Ní Bhriain", "1990-02-28", "aine@example.org", "1", "2"].iter().enumerate()
        {
            row.set(position, &text(said)).expect("it is small");
        }
        let remote = row.finish();
        let entry = |at: usize| {
            AuditEntry::Field(FieldEntry {
                field: format!("field {at}"),
                group: None,
                verdict: Verdict::RemoteOnly(RemoteChange::Changed),
                decision: Decision::TookRemote,
                rule: "the schema's rule for this field".to_owned(),
                base: Some(text("before")),
                local: text("before"),
                remote: Some(remote.field(at).to_value()),
                result: remote.field(at).to_value(),
                collisions: Vec::new(),
                dialled: None,
                why: "The source changed it and nobody had edited it here, so the source's value was taken.".to_owned(),
                by: None,
                kept: Privacy::Plain,
            })
        };
        let op = Op {
            id: "FED-7".parse().expect("a short text is an id"),
            rekeyed: None,
            situation: Situation::Linked,
            action: Action::Update(write::part(&remote, &[4, 5])),
            expect: Precondition::Revision(Revision(7)),
            made_from: Some(remote.fingerprint()),
            base: Some(remote.clone()),
            version: Some(7),
            seen: Some(remote.fingerprint()),
            remote: Some(remote.clone()),
            missed: 0,
            conflicts: Vec::new(),
            entries: vec![entry(4), entry(5)],
        };
        let PackedOp::Packed(bytes) = Packer::default().pack(op) else { panic!("it is kept whole") };
        let values = remote.size() + 2 * "before".len();
        assert!(bytes.len() < values + 80, "{} bytes, of which {values} are values", bytes.len());
    }
}

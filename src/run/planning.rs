//! What is planned while the listing is read and closed, and who waits for the listing's end.

use std::collections::BTreeMap;

use super::context::Context;
use super::index::{Before, Slot};
use super::matched::Candidates;
use super::record::Refused;
use super::renamed::Ends;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::{Claims, Evidence, Match};
use crate::plan::{Noted, PackedOp, PackedOps, Packer, Quarantined};
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op};
use crate::value::Record;

#[derive(Debug)]
pub(super) struct Planning {
    pub(super) context: Context,
    /// By the record's place, so that a contradicted one can be taken back; ordered, so that a plan is always the same.
    ops: BTreeMap<Slot, PackedOp>,
    packer: Packer,
    /// Records that could be one here. What is done about them is known when the listing is over.
    pending: BTreeMap<Slot, Pending>,
    /// The records here that a pending one could be.
    candidates: Candidates,
    pub(super) noted: Noted,
}

/// A record of the source that waits for the end of the listing.
#[derive(Debug)]
struct Pending {
    remote: RemoteRecord,
    /// Whom the rules name; `None` where only its id is like another one.
    evidence: Option<Evidence>,
}

/// The records of a page that must be looked at.
pub(super) type Changed = BTreeMap<Slot, RemoteRecord>;

impl Planning {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            ops: BTreeMap::new(),
            packer: Packer::default(),
            pending: BTreeMap::new(),
            candidates: Candidates::new(),
            noted: Noted::default(),
        }
    }

    /// What the source said of a record that is planned or waits.
    pub(super) fn said(&self, slot: Slot) -> Option<Record> {
        let planned = self.ops.get(&slot).and_then(|op| self.packer.unpack(op.clone()).remote);
        planned.or_else(|| self.pending.get(&slot).map(|pending| pending.remote.record.clone()))
    }

    fn keep(&mut self, slot: Slot, op: Op) {
        let kept = if self.context.streams() { PackedOp::Whole(Box::new(op)) } else { self.packer.pack(op) };
        self.ops.insert(slot, kept);
    }

    pub(super) fn plan(&mut self, slot: Slot, remote: &RemoteRecord, loaded: Option<&Loaded>) {
        match self.context.plan_record(remote, loaded) {
            Ok(Some(op)) => {
                self.note(remote, loaded);
                self.keep(slot, op);
            }
            Ok(None) => self.context.index.judge_unchanged(slot),
            Err(Refused) => {}
        }
    }

    /// Notes what the guards ask about a record of which something is planned.
    pub(super) fn note(&mut self, remote: &RemoteRecord, loaded: Option<&Loaded>) {
        if let Some((base, loaded)) = loaded.and_then(|loaded| Some((loaded.base.as_ref()?, loaded))) {
            self.noted.add(self.context.run.policy.schema(), remote, &base.record, &loaded.local);
        }
    }

    pub(super) fn wait(&mut self, slot: Slot, remote: RemoteRecord, evidence: Option<Evidence>, known: &Candidates) {
        for local in evidence.iter().flat_map(Evidence::locals) {
            if let Some(candidate) = known.get(local) {
                self.candidates.insert(local.clone(), candidate.clone());
            }
        }
        self.pending.insert(slot, Pending { remote, evidence });
    }

    /// Takes back what is planned of a record, or that it waits; whether there was anything.
    pub(super) fn withdraw(&mut self, slot: Slot) -> bool {
        self.ops.remove(&slot).is_some() | self.pending.remove(&slot).is_some()
    }

    /// The same, and what the source said of it.
    pub(super) fn withdraw_said(&mut self, slot: Slot, id: &ExternalId) -> Option<RemoteRecord> {
        let waits = self.pending.remove(&slot).map(|pending| pending.remote);
        let planned = self.ops.remove(&slot).map(|op| self.packer.unpack(op));
        let planned = planned.and_then(|op| Some((op.version, op.remote?)));
        waits.or(planned.map(|(version, record)| RemoteRecord { id: id.clone(), version, record }))
    }

    /// Everything that is planned so far.
    pub(super) fn take_ops(&mut self) -> PackedOps {
        let ops = std::mem::take(&mut self.ops).into_values().collect();
        std::mem::take(&mut self.packer).finish(ops)
    }

    /// Sets aside what the source said of a record, and takes back what was planned of it.
    pub(super) fn set_aside(&mut self, quarantined: Quarantined, changed: &mut Changed) {
        let Some(id) = &quarantined.id else { return };
        let (slot, before) = self.context.index.set_aside(id.as_str());
        let taken_back = changed.remove(&slot).is_some() | self.withdraw(slot);
        // What the first statement came to stands, and in streaming mode may be written; the second is set aside.
        if before == Before::Listed && !taken_back && self.context.streams() {
            return self.context.outcomes.set_aside_beside(quarantined);
        }
        if before != Before::SetAside {
            self.context.index.judge_quarantined(slot);
        }
        self.context.outcomes.quarantined.push(quarantined);
    }

    /// Neither of two statements is believed.
    pub(super) fn contradicted(&mut self, id: ExternalId, changed: &mut Changed) {
        let problem = "the listing has this record twice, and not the same".to_owned();
        self.set_aside(Quarantined::of(id, Situation::DuplicateRemote, problem), changed);
    }

    /// The listing is over: nobody claims a record here who has not spoken, and no key gains another record.
    pub(super) fn settle_claims(&mut self, ends: &mut Ends) -> Claims {
        let (pending, candidates) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.candidates));
        let pending: BTreeMap<_, _> =
            pending.into_iter().map(|(slot, pending)| (pending.remote.id.clone(), (slot, pending))).collect();
        let mut claims = Claims::default();
        for (id, (_, Pending { evidence, .. })) in &pending {
            let answer = evidence.as_ref().map(|evidence| self.context.answer(evidence, &candidates));
            claims.add(id.clone(), answer.unwrap_or(Match::Unmatched));
        }
        let mut settled = claims.take();
        for (id, (slot, Pending { remote, .. })) in pending {
            let answer = settled.remove(&id);
            let op = answer.and_then(|answer| ends.decide(&mut self.context, &remote, answer, &candidates));
            if let Some(op) = op {
                self.keep(slot, op);
            }
        }
        claims
    }
}

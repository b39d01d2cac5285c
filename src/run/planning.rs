//! What is planned so far, and the records that wait for the end of the listing.

use std::collections::BTreeMap;

use super::candidates::Candidates;
use super::context::Context;
use super::index::{Before, Slot};
use super::record::Refused;
use super::renamed::Ends;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::{Claims, Evidence, Match};
use crate::plan::{AsideReason, Noted, PackedOp, PackedOps, Packer, Quarantined};
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op};
use crate::value::Record;

#[derive(Debug)]
pub(super) struct Planning {
    pub(super) context: Context,
    /// The planned ops by record, so that an op can be taken back. The map is ordered, so the same input makes the same
    /// plan.
    ops: BTreeMap<Slot, PackedOp>,
    packer: Packer,
    /// Unlinked records that have candidates. They are decided when the listing is over.
    pending: BTreeMap<Slot, Pending>,
    /// The candidates of the pending records.
    candidates: Candidates,
    pub(super) noted: Noted,
}

/// A record of the source that waits for the end of the listing.
#[derive(Debug)]
struct Pending {
    remote: RemoteRecord,
    /// The evidence of the match rules; `None` if only its id is similar to another one.
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

    /// The source's record, for one that is planned or waits.
    pub(super) fn said(&self, slot: Slot) -> Option<Record> {
        let planned = self.ops.get(&slot).and_then(|op| self.packer.unpack(op.clone()).remote);
        planned.or_else(|| self.pending.get(&slot).map(|pending| pending.remote.record.clone()))
    }

    fn keep(&mut self, slot: Slot, op: Op) {
        // In streaming mode the op is written with its page, so packing it saves nothing.
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

    /// Notes what the guards need to know about a planned record.
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

    /// Takes back a record that is planned or waits. Returns whether there was one.
    pub(super) fn withdraw(&mut self, slot: Slot) -> bool {
        self.ops.remove(&slot).is_some() | self.pending.remove(&slot).is_some()
    }

    /// Takes back a record that is planned or waits, and returns the source's record.
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

    /// Sets aside a record, and takes back what was planned for it.
    pub(super) fn set_aside(&mut self, quarantined: Quarantined, changed: &mut Changed) {
        let Some(id) = &quarantined.id else { return };
        let (slot, before) = self.context.index.set_aside(id.as_str());
        let taken_back = changed.remove(&slot).is_some() | self.withdraw(slot);
        // In streaming mode the first statement may be written already. It stands, and only the second is set aside.
        if before == Before::Listed && !taken_back && self.context.streams() {
            return self.context.outcomes.set_aside_beside(quarantined);
        }
        if before != Before::SetAside {
            self.context.index.judge_quarantined(slot);
        }
        self.context.outcomes.quarantined.push(quarantined);
    }

    /// Sets aside a record that is listed twice with different values: neither statement is believed.
    pub(super) fn contradicted(&mut self, id: ExternalId, changed: &mut Changed) {
        let problem = AsideReason::Contradicted.said();
        self.set_aside(Quarantined::of(id, Situation::DuplicateRemote, problem), changed);
    }

    /// Decides the waiting records when the listing is over: only now are all claims known, and how many records have a
    /// key.
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

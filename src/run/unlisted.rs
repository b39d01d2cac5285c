//! The end of a record that is not listed: moved to another id, gone by a tombstone, or missing.

use std::collections::BTreeSet;
use std::vec::IntoIter;

use super::closing::Closing;
use super::context::ById;
use super::planning::Changed;
use super::rekeyed::Rekeyed;
use super::tombstone_conflict::Gone;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::plan::{
    AsideReason, Quarantined, plan_missing, plan_rekeyed, plan_rekeyed_gone, plan_rekeyed_missing, plan_tombstone,
};
use crate::store::{LoadRequest, Op, Records};

/// How many records are loaded at a time.
const PAGE: usize = 500;

/// What became of one record.
#[derive(Debug)]
pub(super) enum Unlisted {
    Rekeyed(Rekeyed),
    Gone(Gone),
    Missing(ExternalId),
}

/// The unlisted records that are not planned yet.
pub(super) type StillUnlisted = IntoIter<Unlisted>;

impl Unlisted {
    /// The records that must be loaded to plan it.
    fn ids(&self) -> impl Iterator<Item = &ExternalId> {
        let ids = match self {
            Self::Rekeyed(Rekeyed { from, to, .. }) => [Some(from), Some(to)],
            Self::Gone(Gone { id, .. }) | Self::Missing(id) => [Some(id), None],
        };
        ids.into_iter().flatten()
    }
}

/// The next page of them, and the request to load their records.
pub(super) fn next_page(rest: &mut StillUnlisted) -> Option<(LoadRequest, Vec<Unlisted>)> {
    let page: Vec<Unlisted> = rest.take(PAGE).collect();
    let ids: BTreeSet<&ExternalId> = page.iter().flat_map(Unlisted::ids).collect();
    let ids: Vec<ExternalId> = ids.into_iter().cloned().collect();
    (!page.is_empty()).then(|| (LoadRequest::of(ids), page))
}

impl Closing {
    /// What became of the records that are not listed.
    pub(super) fn find_unlisted(&mut self) -> StillUnlisted {
        let mut moved = self.rekeyed();
        let gone = self.apply_tombstones(&mut moved);
        let mut unlisted: Vec<Unlisted> = moved.into_iter().map(Unlisted::Rekeyed).collect();
        unlisted.extend(gone.into_iter().map(Unlisted::Gone));
        let index = &self.planning.context.index;
        // A listing that is not trusted deactivates no record. The report says how many it spared.
        if self.summary.incomplete.is_some() {
            self.summary.withheld = index.missing().count() as u64;
        } else if self.summary.is_trusted() {
            let missing = index.missing().chain(index.disputed());
            unlisted.extend(missing.filter_map(|id| ExternalId::new(id).ok()).map(Unlisted::Missing));
        }
        unlisted.into_iter()
    }

    /// Plans a page of them, now that their records are loaded.
    pub(super) fn plan_unlisted(&mut self, page: Vec<Unlisted>, records: Records) {
        let context = &mut self.planning.context;
        let loaded = context.by_id(records.linked);
        context.learn(loaded.values());
        for unlisted in page {
            let planned = self.plan_one(&unlisted, &loaded);
            self.ends.add(planned);
        }
    }

    fn plan_one(&mut self, unlisted: &Unlisted, loaded: &ById) -> Option<Op> {
        let context = &self.planning.context;
        if unlisted.ids().any(|id| context.is_shared(id)) {
            unlisted.ids().for_each(|id| self.in_doubt(id));
            return None;
        }
        let run = &context.run;
        match unlisted {
            Unlisted::Rekeyed(moved) => self.plan_rekeyed_record(moved, loaded),
            Unlisted::Gone(Gone { id, version }) => self.plan_gone(id, *version, loaded),
            Unlisted::Missing(id) => plan_missing(&run.policy, loaded.get(id)?, run.missing_after),
        }
    }

    /// Sets aside an id that several records here have, and the other id of its move.
    fn in_doubt(&mut self, id: &ExternalId) {
        let slot = self.slot(id);
        let context = &self.planning.context;
        if context.is_shared(id) {
            let problem = AsideReason::Shared.said();
            let aside = Quarantined::of(id.clone(), Situation::Ambiguous, problem);
            self.planning.set_aside(aside, &mut Changed::new());
        } else if context.index.listed(slot).is_some() || context.index.is_linked(slot) {
            self.mistaken(id.clone(), &AsideReason::MoveShared);
        }
    }

    fn plan_gone(&mut self, id: &ExternalId, version: Option<u64>, loaded: &ById) -> Option<Op> {
        let context = &mut self.planning.context;
        let planned = loaded.get(id).and_then(|loaded| plan_tombstone(&context.run.policy, loaded, version));
        if planned.is_none() {
            context.outcomes.ignored();
        }
        planned
    }

    fn plan_rekeyed_record(&mut self, Rekeyed { from, to, gone }: &Rekeyed, loaded: &ById) -> Option<Op> {
        let slot = self.slot(to);
        let context = &mut self.planning.context;
        let Some(known) = loaded.get(from) else {
            context.outcomes.ignored();
            return gone.and_then(|version| self.plan_gone(to, version, loaded));
        };
        if context.index.is_set_aside(slot) {
            return None;
        }
        if loaded.contains_key(to) {
            self.mistaken(to.clone(), &AsideReason::IdTaken { from: from.clone() });
            return None;
        }
        let run = &context.run;
        if let Some(version) = gone {
            return Some(plan_rekeyed_gone(&run.policy, to, known, *version));
        }
        if self.summary.is_trusted() && context.index.listed(slot).is_none() {
            return Some(plan_rekeyed_missing(&run.policy, to, known, run.missing_after));
        }
        let remote = self.planning.withdraw_said(slot, to);
        if let Some(remote) = &remote {
            self.planning.note(remote, Some(known));
        }
        Some(plan_rekeyed(&self.planning.context.run.policy, to, remote.as_ref(), known))
    }
}

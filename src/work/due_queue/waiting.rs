//! The jobs of one kind that wait, in the order of their organisations' turns.

use std::collections::{BTreeMap, VecDeque};

use crate::gate::fair;
use crate::id::{ConnectorId, OrgId, SyncKey};

/// The jobs of one kind that wait.
#[derive(Debug, Default)]
pub(super) struct WaitingJobs {
    pub(super) keys: VecDeque<SyncKey>,
    /// The jobs that were skipped, because it was the other kind's turn.
    pub(super) skipped: Vec<SyncKey>,
    /// The jobs whose gate is shut. They do not count as waiting until the next tick.
    pub(super) behind_shut_gate: Vec<SyncKey>,
    /// How many jobs of each connector wait.
    pub(super) counts: BTreeMap<ConnectorId, usize>,
    /// The organisation that was served last.
    pub(super) served: Option<OrgId>,
    /// Whether the keys are in the order of their organisations' turns.
    in_order: bool,
}

impl WaitingJobs {
    pub(super) fn fill(&mut self, keys: Vec<SyncKey>) {
        *self = Self { keys: keys.into(), served: self.served.take(), ..Self::default() };
        for key in &self.keys {
            *self.counts.entry(key.connector.clone()).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, key: SyncKey) {
        *self.counts.entry(key.connector.clone()).or_default() += 1;
        self.keys.push_back(key);
        self.in_order = false;
    }

    /// Organisations take turns, behind the one that was served last.
    pub(super) fn sort(&mut self, seed: u64) {
        if std::mem::replace(&mut self.in_order, true) {
            return;
        }
        let keys: Vec<_> = std::mem::take(&mut self.keys).into();
        if self.served.is_none() && !keys.is_empty() {
            // Workers that begin together begin at different organisations.
            self.served = Some(keys[(seed % keys.len() as u64) as usize].org.clone());
        }
        self.keys = fair(keys, |key| key, self.served.as_ref()).into();
    }

    /// The skipped jobs are first again.
    pub(super) fn restore_skipped(&mut self) {
        let rest = std::mem::take(&mut self.keys);
        self.keys = std::mem::take(&mut self.skipped).into();
        self.keys.extend(rest);
    }

    pub(super) fn shut_gate(&mut self, connector: &ConnectorId) {
        if self.counts.remove(connector).is_some() {
            let (keys, skipped) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.skipped));
            for key in skipped.into_iter().chain(keys) {
                if key.connector == *connector { self.behind_shut_gate.push(key) } else { self.keys.push_back(key) }
            }
        }
    }

    /// All jobs wait again.
    pub(super) fn restore_all(&mut self) {
        self.restore_skipped();
        for key in std::mem::take(&mut self.behind_shut_gate) {
            self.add(key);
        }
    }
}

//! What a worker remembers from one tick to the next.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::claim::PendingClaim;
use super::clock_skew::SkewCheck;
use super::due_queue::DueQueue;
use super::ending::Ending;
use super::lookahead::Lookahead;
use super::record::Versioned;
use crate::gate::{Gate, KeptTicket};
use crate::id::{ConnectorId, Incarnation, Nonce, SyncKey};
use crate::notice::Notice;

/// For how long a worker skips a connector in its cool-down without reading its health. A person may reset it
/// meanwhile.
pub(super) const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What a worker remembers from one tick to the next.
#[derive(Debug)]
pub(super) struct Memory {
    incarnation: Incarnation,
    /// How many claims it has asked for. The number makes each nonce unique.
    claims: u64,
    /// The claim that it has asked for, until there is an answer.
    pub(super) pending_claim: Option<PendingClaim>,
    /// The end of an attempt that could not be stored.
    pub(super) unstored_ending: Option<Ending>,
    /// The ticket that it keeps for its next run.
    pub(super) kept: Option<KeptTicket>,
    /// Notices that no tick has returned yet.
    pub(super) notices: Vec<Notice>,
    pub(super) due_queue: DueQueue,
    /// The keys whose connector's health permits no attempt, and until when. `None`: until a person has reset it.
    pub(super) deferred: BTreeMap<SyncKey, Option<DateTime<Utc>>>,
    pub(super) deferred_until: Option<DateTime<Utc>>,
    pub(super) skew_check: SkewCheck,
    /// The gates that it has read lately.
    pub(super) gates: KnownGates,
    pub(super) lookahead: Lookahead,
}

impl Memory {
    pub(super) fn new(incarnation: Incarnation) -> Self {
        Self {
            due_queue: DueQueue::new(&incarnation),
            incarnation,
            claims: 0,
            pending_claim: None,
            unstored_ending: None,
            kept: None,
            notices: Vec::new(),
            deferred: BTreeMap::new(),
            deferred_until: None,
            skew_check: SkewCheck::default(),
            gates: KnownGates::default(),
            lookahead: Lookahead::default(),
        }
    }

    /// A nonce that no worker has used before. The worker's id is no part of it, since another worker may have the
    /// same. Under a kept ticket it begins with the ticket's own.
    pub(super) fn next_nonce(&mut self, kept: Option<&KeptTicket>) -> Nonce {
        self.claims += 1;
        let prefix = kept.map_or_else(|| self.incarnation.to_string(), |kept| kept.nonce().to_string());
        Nonce::new(format!("{prefix}/{}", self.claims)).expect("three numbers are short, and plain")
    }

    /// Forgets all deferrals from time to time, so that each health is read again.
    pub(super) fn expire_deferrals(&mut self, now: DateTime<Utc>) {
        if self.deferred_until.is_none_or(|until| until <= now || until > now + PATIENCE) {
            self.deferred.clear();
            self.deferred_until = Some(now + PATIENCE);
        }
    }
}

/// For how long a worker takes a gate to be as it has read it, if it has tried no job there.
const GATE_TRUST: TimeDelta = TimeDelta::seconds(1);

/// Gates, and when each was read.
#[derive(Debug, Default)]
pub(super) struct KnownGates(BTreeMap<ConnectorId, (DateTime<Utc>, Versioned<Gate>)>);

impl KnownGates {
    /// At the beginning of a tick what is known was read some time ago.
    pub(super) fn age(&mut self, now: DateTime<Utc>) {
        self.0.retain(|_, (at, _)| *at <= now && now - *at < GATE_TRUST);
        self.0.values_mut().for_each(|(_, gate)| gate.remembered = true);
    }

    pub(super) fn keep(&mut self, connector: ConnectorId, gate: Versioned<Gate>, now: DateTime<Utc>) {
        self.0.insert(connector, (now, gate));
    }

    pub(super) fn get(&self, connector: &ConnectorId) -> Option<&Versioned<Gate>> {
        self.0.get(connector).map(|(_, gate)| gate)
    }

    pub(super) fn take(&mut self, connector: &ConnectorId) -> Option<Versioned<Gate>> {
        self.0.remove(connector).map(|(_, gate)| gate)
    }

    /// Its gate has changed.
    pub(super) fn forget(&mut self, connector: &ConnectorId) {
        self.0.remove(connector);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

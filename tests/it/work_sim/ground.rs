//! What everybody in a simulation stands on: dice, time, the store's state and the record of what happened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::gate::Limits;
use tripartite::history::HistoryEntry;
use tripartite::id::{ConnectorId, OrgId, SyncKey};
use tripartite::jobs::{JobStore, LogEntry, StoreKey, Stored};
use tripartite::memory::{MemoryJobStore, MemoryStore};
use tripartite::queue::{Slot, Token};
use tripartite::work::{Clock, slot_key};

use super::held::Known;
use super::turns::Watched;
use crate::support::dice::Dice;

/// How many of the newest events a failure shows.
const EVENTS: usize = 40;
/// How many older values of a record a stale read may give.
const PAST: usize = 6;

/// How often what goes wrong, in a hundred thousand chances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Faults {
    /// A call of the store fails without effect.
    pub(super) fail: u32,
    /// A call of the store takes effect and fails.
    pub(super) lost: u32,
    /// A read gives an older value, with its older version.
    pub(super) stale: u32,
    /// A due key is left out for once, or one that is not due is listed.
    pub(super) hints: u32,
    /// The source fails.
    pub(super) source: u32,
    /// A worker dies, at an event.
    pub(super) crash: u32,
    /// A worker is not scheduled for longer than its lease.
    pub(super) freeze: u32,
    /// A clock is set.
    pub(super) clocks: u32,
    /// A worker's clock is a year ahead, until it is set again.
    pub(super) years: u32,
    /// A record is written by a later version, and back.
    pub(super) upgrade: u32,
    /// No fault: the gates have no spacing, so that workers keep their tickets from one run to the next.
    pub(super) kept: bool,
}

impl Faults {
    pub(super) const NONE: Self = Self {
        fail: 0,
        lost: 0,
        stale: 0,
        hints: 0,
        source: 0,
        crash: 0,
        freeze: 0,
        clocks: 0,
        years: 0,
        upgrade: 0,
        kept: false,
    };
    /// All that the contract allows, and worse than any real night.
    pub(super) const ALL: Self = Self {
        fail: 600,
        lost: 600,
        stale: 1500,
        hints: 5000,
        source: 15_000,
        crash: 60,
        freeze: 80,
        clocks: 50,
        years: 0,
        upgrade: 20,
        kept: false,
    };
}

impl Faults {
    /// The same where tickets are kept.
    pub(super) fn kept(self) -> Self {
        Self { kept: true, ..self }
    }

    /// And clocks that are a year ahead.
    pub(super) const YEARS: Self = Self { clocks: 150, years: 20, ..Self::ALL };
}

/// What is wrong with the store on purpose, so that the simulation has something it must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    None,
    /// A swap writes without comparing.
    BlindWrite,
    /// Whoever was claimed from by somebody else goes on by a token that is made to fit.
    UncheckedToken,
    /// Records are written without a look at the token.
    Unfenced,
    /// A conflict does not stop a chain.
    ChainsGoOn,
    /// What is to be done together is done in two parts.
    AppendsApart,
    /// A due key is lost for ever now and then.
    LosesDue,
    /// Workers make their nonces of their name and a counter.
    NonceOfTheName,
    /// An append forgets which ids it has.
    AppendsTwice,
    /// What a guard held back counts as done now and then.
    ForgetsHeld,
    /// A run of which the listing was a part says that it was all.
    TakesPartsForAll,
    /// A schedule that is declared again begins anew.
    DeclaresAnew,
    /// Of all keys with times from the future, the first is set back.
    SetsBackOne,
    /// A gate forgets how many urgent ones have started.
    UrgentOnesStarveTheNight,
    /// Urgent jobs are listed among those that a schedule wants.
    UrgentOnesWaitForTheNight,
}

/// The limits of a gate. Where tickets are kept and anything goes wrong, each worker has its own.
pub(super) fn limits(faults: Faults, drawn: usize) -> Limits {
    match faults.kept {
        true if faults.crash > 0 => Limits::new(1 + drawn, Duration::ZERO),
        true => Limits::new(2, Duration::ZERO),
        false => Limits::new(2, Duration::from_secs(3)),
    }
}

/// What a batch of writes was made by.
#[derive(Debug)]
pub(super) struct Effect {
    pub(super) key: SyncKey,
    pub(super) token: Token,
    /// Whether the token was not the slot's any more.
    pub(super) stale: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) dice: Dice,
    pub(super) faults: Faults,
    pub(super) now: DateTime<Utc>,
    /// To which limits each worker keeps the gates.
    pub(super) limits: Vec<Limits>,
    /// How far each clock is off.
    pub(super) offsets: Vec<TimeDelta>,
    pub(super) past: BTreeMap<StoreKey, VecDeque<Stored>>,
    /// By whom.
    pub(super) changed: Vec<(StoreKey, usize)>,
    pub(super) known: Known,
    pub(super) appended: Vec<(StoreKey, LogEntry)>,
    /// What was done together with changes of the slots, whether the logs had it or not.
    pub(super) together: Vec<HistoryEntry>,
    /// The logs of which entries were removed.
    pub(super) pruned: BTreeSet<StoreKey>,
    pub(super) lost_due: BTreeSet<StoreKey>,
    pub(super) opened: Vec<(SyncKey, Token, usize)>,
    /// By which token whom a worker works for.
    pub(super) held: BTreeMap<(usize, StoreKey), Token>,
    pub(super) effects: Vec<Effect>,
    /// A worker that its job has killed.
    pub(super) doomed: Option<usize>,
    pub(super) poison: Option<SyncKey>,
    pub(super) records: BTreeMap<SyncKey, Arc<MemoryStore>>,
    pub(super) events: VecDeque<String>,
    pub(super) upgraded: Option<StoreKey>,
    pub(super) watched: Watched,
}

/// The ground itself.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) inner: MemoryJobStore,
    pub(super) mutation: Mutation,
    pub(super) fenced: bool,
    state: Mutex<State>,
}

impl Ground {
    pub(super) fn new(seed: u64, faults: Faults, mutation: Mutation, clocks: usize) -> Arc<Self> {
        let state = State {
            dice: Dice(seed),
            faults,
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            limits: vec![limits(faults, 1); clocks],
            offsets: vec![TimeDelta::zero(); clocks],
            past: BTreeMap::new(),
            changed: Vec::new(),
            known: Known::default(),
            appended: Vec::new(),
            together: Vec::new(),
            pruned: BTreeSet::new(),
            lost_due: BTreeSet::new(),
            opened: Vec::new(),
            held: BTreeMap::new(),
            effects: Vec::new(),
            doomed: None,
            poison: None,
            records: BTreeMap::new(),
            events: VecDeque::new(),
            upgraded: None,
            watched: Watched::default(),
        };
        let fenced = mutation != Mutation::Unfenced;
        Arc::new(Self { inner: MemoryJobStore::default(), mutation, fenced, state: Mutex::new(state) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hits(&self, rate: impl Fn(&Faults) -> u32) -> bool {
        let state = &mut *self.state();
        state.dice.hits(rate(&state.faults))
    }

    pub(super) fn note(&self, event: impl FnOnce() -> String) {
        self.state().note(event());
    }

    pub(super) fn stored(&self, key: &StoreKey) -> Option<Stored> {
        let Ok(stored) = at_once(self.inner.get(key));
        stored
    }

    /// A slot as it is, whatever version it is written in.
    pub(super) fn slot(&self, key: &SyncKey) -> Option<Slot> {
        self.stored(&slot_key(key)).map(|stored| read(&stored))
    }
}

impl State {
    pub(super) fn note(&mut self, event: String) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        let at = self.now.format("%d %H:%M:%S%.3f");
        self.events.push_back(format!("{at} {event}"));
    }

    pub(super) fn remember(&mut self, key: &StoreKey, stored: Stored) {
        let past = self.past.entry(key.clone()).or_default();
        past.push_back(stored);
        if past.len() > PAST {
            past.pop_front();
        }
    }
}

/// A record as this version would have written it.
pub(super) fn read<T: serde::de::DeserializeOwned>(stored: &Stored) -> T {
    let text = String::from_utf8(stored.row.bytes.clone()).unwrap();
    serde_json::from_str(&text.replacen(LATER, THIS, 1)).unwrap()
}

/// The mark of a record that a later version has written, and of one of this version.
pub(super) const LATER: &str = "\"format\":99";
pub(super) const THIS: &str = "\"format\":1";

/// The time as somebody sees it.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) ground: Arc<Ground>,
    pub(super) who: usize,
}

impl Clock for Watch {
    fn time(&self) -> DateTime<Utc> {
        let state = self.ground.state();
        state.now + state.offsets[self.who]
    }

    fn fraction(&self) -> Fraction {
        Fraction::new(self.ground.state().dice.below(1001) as f64 / 1000.0)
    }
}

/// Lets the simulation choose who goes on.
pub(super) async fn pause() {
    let mut first = true;
    poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// What a future that waits for nothing comes to.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the store in memory waits for nothing"),
    }
}

pub(super) fn key(org: usize, connector: usize) -> SyncKey {
    let (org, connector) = (format!("o{org}"), format!("c{connector}"));
    SyncKey { org: OrgId::new(org).unwrap(), connector: ConnectorId::new(connector).unwrap() }
}

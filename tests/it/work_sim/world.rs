//! The world of a simulation: workers that live and die, people who ask for things, and who goes on next.

mod trouble;
mod waiting;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::{Backoff, Jitter};
use tripartite::gate::Limits;
use tripartite::health;
use tripartite::id::{Incarnation, SyncKey, WorkerId};
use tripartite::queue::{QueueRules, Slot, State};
use tripartite::work::{Clock, Queue, Settings, Tick, WorkError, Worker};

use super::ground::{Faults, Ground, LATER, Mutation, THIS, Watch, key, limits};
use super::host::Host;
use super::laws::Laws;
use super::people::{Done, errand};
use super::store::{Faulty, Silent, rewrite};

pub(super) const WORKERS: usize = 6;
pub(super) const ORGS: usize = 5;
pub(super) const CONNECTORS: usize = 2;
/// How many people ask for something at a time.
const PEOPLE: usize = 3;
/// How often an event asks for somebody who can go on.
const CHANCES: usize = 20;
const LEASE: TimeDelta = TimeDelta::seconds(60);

type Ticked = (Box<Worker>, Option<Result<Tick, WorkError<Silent>>>);

/// What a worker is doing.
enum Seat {
    /// It is dead; another one comes.
    Gone { until: DateTime<Utc> },
    /// Its host sleeps; none: until somebody asks for something.
    Asleep { worker: Box<Worker>, until: Option<DateTime<Utc>> },
    /// It is in a tick, and may not be scheduled for a while.
    Ticking {
        tick: Pin<Box<dyn Future<Output = Ticked>>>,
        dropped: Arc<AtomicBool>,
        frozen: Option<DateTime<Utc>>,
        /// Somebody has asked for something meanwhile: its host ticks again.
        rung: bool,
    },
}

pub(super) struct World {
    pub(super) ground: Arc<Ground>,
    pub(super) laws: Laws,
    pub(super) events: u64,
    seats: Vec<Seat>,
    people: Vec<Option<Pin<Box<dyn Future<Output = Done>>>>>,
    errands: u64,
    calm: bool,
}

pub(super) fn settings(gate: Limits) -> Settings {
    let health =
        health::HealthRules::default().failures(4).cooldown(Duration::from_secs(30)).cap(Duration::from_secs(300));
    Settings::default().lease(Duration::from_secs(60)).gate(gate).health(health)
}

pub(super) fn rules() -> QueueRules {
    let backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(120)).jitter(Jitter::Equal);
    QueueRules::default().backoff(backoff)
}

pub(super) fn queue(ground: &Arc<Ground>, who: usize) -> Queue<Faulty> {
    Queue::new(Faulty { ground: Arc::clone(ground), who }).rules(rules()).shards(3)
}

impl World {
    pub(super) fn new(seed: u64, faults: Faults, mutation: Mutation) -> Self {
        let ground = Ground::new(seed, faults, mutation, WORKERS + PEOPLE);
        let now = ground.state().now;
        if faults.crash > 0 {
            ground.state().poison = Some(key(ORGS - 1, 0));
        }
        Self {
            laws: Laws::new(rules(), faults.kept, Faults { kept: false, ..faults } == Faults::NONE),
            events: 0,
            seats: (0..WORKERS).map(|_| Seat::Gone { until: now }).collect(),
            people: (0..PEOPLE).map(|_| None).collect(),
            errands: 0,
            calm: false,
            ground,
        }
    }

    /// One event: time passes, something may go wrong, and somebody goes on to where they next wait.
    pub(super) fn event(&mut self) -> Result<(), String> {
        self.events += 1;
        self.pass();
        self.trouble();
        let mut went = false;
        for _ in 0..CHANCES {
            let who = self.ground.state().dice.below(WORKERS + PEOPLE);
            if if who < WORKERS { self.work(who)? } else { self.ask(who - WORKERS)? } {
                went = true;
                break;
            }
        }
        if !went {
            let state = &mut *self.ground.state();
            state.now += state.dice.seconds(4);
        }
        let doomed = self.ground.state().doomed.take();
        if let Some(who) = doomed {
            self.kill(who);
        }
        self.laws.check(&self.ground)
    }

    fn kill(&mut self, who: usize) {
        let span = self.ground.state().dice.seconds(30);
        let until = self.ground.state().now + span;
        self.ground.note(|| format!("{who}: dies"));
        self.ground.state().held.retain(|(holder, _), _| *holder != who);
        self.seats[who] = Seat::Gone { until };
    }

    /// A worker goes on; whether it could.
    fn work(&mut self, who: usize) -> Result<bool, String> {
        let now = self.ground.state().now;
        match &mut self.seats[who] {
            Seat::Gone { until } if *until <= now => {
                let (id, incarnation) = self.born(who);
                let limits = {
                    let state = &mut *self.ground.state();
                    state.limits[who] = limits(state.faults, state.dice.below(3));
                    state.limits[who]
                };
                let worker = Box::new(Worker::new(id, incarnation, settings(limits)));
                self.seats[who] = Seat::Asleep { worker, until: Some(now) };
            }
            Seat::Gone { .. } => return Ok(false),
            Seat::Asleep { until, .. } => {
                let by_clock = Watch { ground: Arc::clone(&self.ground), who }.time();
                let restless = !self.calm && self.ground.state().dice.below(400) == 0;
                if !restless && until.is_none_or(|until| until > by_clock) {
                    return Ok(false);
                }
                self.begin(who);
            }
            Seat::Ticking { frozen: Some(until), .. } if *until > now => return Ok(false),
            Seat::Ticking { tick, frozen, rung, .. } => {
                *frozen = None;
                let rung = *rung;
                if let Poll::Ready((worker, ticked)) = poll(tick.as_mut()) {
                    let until = self.told(who, ticked)?;
                    let until = if rung { Some(now - TimeDelta::hours(1)) } else { until };
                    self.seats[who] = Seat::Asleep { worker, until };
                }
            }
        }
        Ok(true)
    }

    /// Two seats have one name, and keep it when they start again: an incarnation is all that tells workers apart.
    fn born(&self, who: usize) -> (WorkerId, Incarnation) {
        let name = who / 2;
        let state = &mut *self.ground.state();
        let drawn = u128::from(state.dice.next() | 1) << 64 | u128::from(state.dice.next() | 1);
        let of_the_name = u128::MAX - name as u128;
        let random = if self.ground.mutation == Mutation::NonceOfTheName { of_the_name } else { drawn };
        (WorkerId::new(format!("w{name}")).unwrap(), Incarnation::new(random.to_be_bytes()).unwrap())
    }

    fn begin(&mut self, who: usize) {
        let (ground, dropped) = (Arc::clone(&self.ground), Arc::new(AtomicBool::new(false)));
        let nobody = Seat::Gone { until: DateTime::<Utc>::MAX_UTC };
        let Seat::Asleep { mut worker, .. } = std::mem::replace(&mut self.seats[who], nobody) else { return };
        let flag = Arc::clone(&dropped);
        let tick = Box::pin(async move {
            let (queue, watch) = (queue(&ground, who), Watch { ground, who });
            let host = Host::new(watch.clone());
            let ticked = {
                let mut tick = pin!(worker.tick(&queue, &host, &watch));
                poll_fn(|context| {
                    if flag.load(Ordering::Relaxed) { Poll::Ready(None) } else { tick.as_mut().poll(context).map(Some) }
                })
                .await
            };
            (worker, ticked)
        });
        self.seats[who] = Seat::Ticking { tick, dropped, frozen: None, rung: false };
    }

    /// When a host calls its worker again, after what a tick told.
    fn told(
        &mut self,
        who: usize,
        ticked: Option<Result<Tick, WorkError<Silent>>>,
    ) -> Result<Option<DateTime<Utc>>, String> {
        let by_clock = Watch { ground: Arc::clone(&self.ground), who }.time();
        self.ground.state().held.retain(|(holder, _), _| *holder != who);
        match ticked {
            Some(Ok(tick)) => {
                self.ground.note(|| {
                    let attempt = tick.attempt.as_ref().map(|attempt| (attempt.key.to_string(), &attempt.outcome));
                    format!(
                        "{who}: {attempt:?}, next {:?}, expired {:?}, broken {:?}",
                        tick.next, tick.expired, tick.broken
                    )
                });
                // A trigger may come before, from whom nobody hears: no host sleeps for longer than a minute.
                let cap = by_clock + TimeDelta::minutes(1);
                Ok(tick.next.map(|next| next.min(cap)))
            }
            Some(Err(error)) => {
                self.ground.note(|| format!("{who}: {error}"));
                match error {
                    WorkError::Store(_) => Ok(Some(by_clock + TimeDelta::seconds(1))),
                    WorkError::Broken { key, problem } => {
                        Err(format!("one broken record stops a worker: {} {problem}", key.as_str()))
                    }
                    other => Err(other.to_string()),
                }
            }
            None => Ok(Some(by_clock)),
        }
    }

    /// Somebody goes on with an errand, or has a new one; whether there was one.
    fn ask(&mut self, who: usize) -> Result<bool, String> {
        let Some(errand_under_way) = &mut self.people[who] else {
            // Where nothing goes wrong there is always somebody who wants something.
            let rush = self.laws.turns.is_some();
            let new = !self.calm && self.ground.state().dice.below(if rush { 6 } else { 60 }) == 0;
            if new {
                self.errands += 1;
                let watch = Watch { ground: Arc::clone(&self.ground), who: WORKERS + who };
                self.people[who] = Some(Box::pin(errand(watch, self.errands)));
            }
            return Ok(new);
        };
        let Poll::Ready(done) = poll(errand_under_way.as_mut()) else { return Ok(true) };
        self.people[who] = None;
        if let Done::Acknowledged(key, id) = done {
            let wanted = self.ground.slot(&key).map_or(0, |slot| slot.wanted);
            let known = self.laws.acknowledged.entry(key.clone()).or_default();
            known.insert(id);
            if (known.len() as u64) > wanted {
                return Err(format!("I4: {key} knows {wanted} triggers, and {} were acknowledged", known.len()));
            }
        }
        self.wake();
        Ok(true)
    }

    /// A host hears that somebody asked for something.
    fn wake(&mut self) {
        let now = self.ground.state().now;
        let early = now - TimeDelta::hours(1);
        for seat in &mut self.seats {
            match seat {
                Seat::Asleep { until, .. } => *until = Some(early),
                Seat::Ticking { rung, .. } => *rung = true,
                Seat::Gone { .. } => {}
            }
        }
    }

    /// From now on nothing goes wrong, clocks agree, nobody asks, and everybody sleeps until they said they would.
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        let upgraded = {
            let state = &mut *self.ground.state();
            state.faults = Faults { kept: state.faults.kept, ..Faults::NONE };
            state.offsets.fill(TimeDelta::zero());
            state.note("calm".to_owned());
            state.upgraded.take()
        };
        if let Some(key) = upgraded {
            rewrite(&self.ground, &key, LATER, THIS);
        }
        // Whoever is left must do it all: nobody wakes in somebody else's place.
        let left = 1 + self.ground.state().dice.below(WORKERS);
        for seat in &mut self.seats[left..] {
            *seat = Seat::Gone { until: DateTime::<Utc>::MAX_UTC };
        }
        self.wake();
    }

    /// A person sees in the status which keys have times from the future, and sets back what they are of; says for how many.
    pub(super) fn repair_clock_skew(&mut self) -> Result<usize, String> {
        let (now, mut told) = (self.now(), 0);
        let queue = queue(&self.ground, WORKERS);
        for key in Self::keys() {
            let ahead = self.ground.slot(&key).and_then(|slot| slot.ahead(now));
            let status = until_done(queue.status(&key)).map_err(|error| error.to_string())?;
            let says = status.is_some_and(|status| status.ahead(now).is_some());
            if ahead.is_some() && !says {
                return Err(format!("GA: {key} has times from the future, and its status does not say so: {ahead:?}"));
            }
            told += usize::from(says);
        }
        let untried: Vec<_> =
            Self::keys().filter(|key| self.ground.slot(key).is_some_and(|slot| is_untried(&slot))).collect();
        let most = if self.ground.mutation == Mutation::SetsBackOne { 1 } else { usize::MAX };
        for key in Self::keys().take(most) {
            if most == 1 {
                until_done(queue.repair_clock_skew(&key, now)).map_err(|error| error.to_string())?;
                break;
            }
            until_done(queue.repair_all_clock_skew(&key.connector, now)).map_err(|error| error.to_string())?;
            until_done(queue.repair_clock_skew(&key, now)).map_err(|error| error.to_string())?;
        }
        for key in Self::keys() {
            let status = until_done(queue.status(&key)).map_err(|error| error.to_string())?;
            if let Some(ahead) = status.and_then(|status| status.ahead(now)) {
                return Err(format!("GA: {key} was set back, and has times from the future: {ahead}"));
            }
        }
        for key in untried {
            let due = self.ground.slot(&key).and_then(|slot| slot.due());
            if due.is_some_and(|due| due > now) {
                return Err(format!("GA: {key} was never tried, and waits until {due:?} for a clock that was ahead"));
            }
        }
        self.laws.begin_anew(&self.ground);
        self.wake();
        Ok(told)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.ground.state().now
    }

    pub(super) fn keys() -> impl Iterator<Item = SyncKey> {
        (0..ORGS).flat_map(|org| (0..CONNECTORS).map(move |connector| key(org, connector)))
    }
}

/// Whether a job waits for nothing: it was asked for, and no attempt of it has ended.
fn is_untried(slot: &Slot) -> bool {
    let tried = slot.failures + slot.rescues + slot.snoozes;
    matches!(slot.state, State::Pending { .. }) && !slot.paused && tried == 0
}

/// What a future comes to that waits for nobody but the dice.
fn until_done<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = poll(future.as_mut()) {
            return done;
        }
    }
}

fn poll<T>(future: Pin<&mut dyn Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

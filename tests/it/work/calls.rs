//! What things cost, in calls of the job store.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::gate::{Gate, Limits};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite::queue::{Command, Extent, Outcome, Progress, QueueRules, Scope, Slot, State, Token, Trigger};
use tripartite::registry::Connection;
use tripartite::schedule::Schedule;
use tripartite::work::{Clock, Queue, Settings, Worker, slot_key};

use super::club::{Club, key};
use super::counting::Counting;
use crate::queue_support::incarnation;

/// So many jobs of one source begin to wait.
fn crowd(queue: &Queue<Counting>, club: &Club, waiting: usize, by: Trigger) {
    (0..waiting).for_each(|number| ask(queue, club, &format!("o{number}/full"), by));
    queue.store().calls();
}

/// A worker that has looked at a queue: once an hour it looks for times from the future as well.
fn awake(queue: &Queue<Counting>, club: &Club, gate: Limits) -> Worker {
    let settings = Settings::default().gate(gate);
    let mut worker = Worker::new("w".parse().unwrap(), incarnation(7), settings);
    assert!(worker.tick_blocking(queue, club, &club.watch).unwrap().attempt.is_none());
    queue.store().calls();
    worker
}

pub(super) fn ask(queue: &Queue<Counting>, club: &Club, name: &str, by: Trigger) {
    let trigger = Command::Trigger { by, scope: Scope::All, policy: None, force: false };
    let _ = block_on(queue.apply(&key(name), None, trigger, club.now())).unwrap();
}

/// Somebody else's run, which began just now and goes on for longer than the test.
fn occupy(queue: &Queue<Counting>, club: &Club, limits: &Limits) {
    let until = club.now() + TimeDelta::minutes(50);
    let gate = Gate::new(club.now()).admit(limits, &key("other/full"), &"n".parse().unwrap(), club.now(), until).next;
    let row = Row::new(serde_json::to_vec(&gate).unwrap(), Shard(0));
    let _ = block_on(queue.store().inner.compare_and_swap(&SwapOf::new(
        StoreKey::of("gate", ["full"]),
        None,
        Some(row.clone()),
    )))
    .unwrap();
}

const FULL: Limits = Limits::new(1, Duration::ZERO);
const TOO_SOON: Limits = Limits::new(5, Duration::from_secs(60));

/// The pages of the eight shards and of the two lanes of waiting jobs, and the gates.
const IDLE: [&str; 2] = ["due_many page", "get_many gate"];

#[test]
fn an_idle_tick_behind_a_shut_gate_costs_the_same_however_many_wait_and_reads_none_of_them() {
    for (limits, by) in [(FULL, Trigger::Scheduled), (FULL, Trigger::Webhook), (TOO_SOON, Trigger::Scheduled)] {
        for waiting in [10, 1000, 20_000] {
            let club = Club::new();
            let queue = Queue::new(Counting::default());
            let mut worker = awake(&queue, &club, limits);
            crowd(&queue, &club, waiting, by);
            occupy(&queue, &club, &limits);
            let mut ticks = 0;
            loop {
                let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
                let calls = queue.store().calls();
                ticks += 1;
                assert!(tick.attempt.is_none());
                assert_eq!(calls, IDLE, "{waiting} wait");
                if tick.next > Some(club.now() + TimeDelta::seconds(1)) {
                    break;
                }
            }
            // Until it has seen all, it comes again at once; then it sleeps until the gate opens.
            assert_eq!(ticks, waiting.div_ceil(500));
        }
    }
}

/// How many due keys and how many calls a job costs, once so many wait and the first of them is done.
fn cost_of_a_job(waiting: usize, by: Trigger, gate: Limits) -> (usize, usize) {
    const JOBS: usize = 40;
    let (club, queue) = (Club::new(), Queue::new(Counting::default()));
    let mut worker = awake(&queue, &club, gate);
    crowd(&queue, &club, waiting, by);
    let mut job = || loop {
        let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
        if tick.attempt.is_some() {
            return;
        }
        club.watch.set(tick.next.unwrap());
    };
    // The list is read once, and when the first job has shut the gate, to its end.
    (0..2).for_each(|_| job());
    queue.store().calls();
    queue.store().due_keys.store(0, Ordering::Relaxed);
    (0..JOBS).for_each(|_| job());
    (queue.store().due_keys.load(Ordering::Relaxed) / JOBS, queue.store().calls().len() / JOBS)
}

#[test]
fn a_job_costs_the_same_however_many_wait() {
    // Each is started by one tick, or by one that finds the gate shut and one that finds it open.
    let (open, spaced) = (Limits::new(5, Duration::ZERO), Limits::new(5, Duration::from_secs(1)));
    for by in [Trigger::Manual, Trigger::Scheduled] {
        for (gate, most_keys, most_calls) in [(open, 100, 5), (spaced, 1500, 12)] {
            for waiting in [750, 3_000] {
                let (keys, calls) = cost_of_a_job(waiting, by, gate);
                assert!(keys <= most_keys, "{keys} keys are read for a job while {waiting} wait: {by:?} {gate:?}");
                assert!(calls <= most_calls, "{calls} calls for a job while {waiting} wait: {by:?} {gate:?}");
            }
        }
    }
}

#[test]
fn a_job_of_another_source_is_found_behind_any_number_that_cannot_start() {
    for by in [Trigger::Scheduled, Trigger::Manual] {
        let club = Club::new();
        let queue = Queue::new(Counting::default());
        let mut worker = awake(&queue, &club, FULL);
        crowd(&queue, &club, 3_000, by);
        occupy(&queue, &club, &FULL);
        club.watch.wait(TimeDelta::seconds(1));
        ask(&queue, &club, "a/free", by);
        let ticks = (1..).find(|_| {
            let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
            assert!(tick.attempt.is_some() || tick.next <= Some(club.watch.time()), "it sleeps, and has not seen all");
            tick.attempt.is_some_and(|attempt| attempt.key == key("a/free"))
        });
        assert_eq!(ticks, Some(7), "one page of five hundred a tick");
    }
}

#[test]
fn what_is_urgent_is_found_before_any_number_of_scheduled_ones_that_cannot_start() {
    let club = Club::new();
    let queue = Queue::new(Counting::default());
    let mut worker = awake(&queue, &club, FULL);
    crowd(&queue, &club, 3_000, Trigger::Scheduled);
    occupy(&queue, &club, &FULL);
    ask(&queue, &club, "a/free", Trigger::Manual);
    let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
    assert_eq!(tick.attempt.unwrap().key, key("a/free"));
}

#[test]
fn leases_schedules_and_the_history_wait_behind_no_gate() {
    let club = Club::new();
    let queue = Queue::new(Counting::default());
    let mut worker = awake(&queue, &club, FULL);
    crowd(&queue, &club, 3_000, Trigger::Scheduled);
    occupy(&queue, &club, &FULL);
    // A worker that has vanished, an attempt that the history does not have, and a schedule that fires.
    let apply = |name: &str, command| block_on(queue.apply(&key(name), None, command, club.now())).unwrap();
    for name in ["a/full", "b/full"] {
        ask(&queue, &club, name, Trigger::Manual);
        let claim = Command::Claim { worker: "v".parse().unwrap(), nonce: "v1".parse().unwrap(), lease: FULL.spacing };
        assert!(matches!(apply(name, claim).outcome, Outcome::Claimed(_)));
    }
    let done = Command::Complete { token: Token(1), result: None, extent: Extent::default() };
    assert_eq!(apply("b/full", done).outcome, Outcome::Completed { follow_up: false });
    let every = Schedule::Interval { every: Duration::from_secs(60), anchor: club.now() };
    let connection = Connection::new("full".parse().unwrap(), "The source", "p".parse().unwrap()).schedule(every);
    let connection = connection.org("c".parse().unwrap(), "C".parse().unwrap(), club.now());
    block_on(queue.connect(&connection, club.now())).unwrap();
    club.watch.wait(TimeDelta::seconds(61));
    let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
    assert!(tick.attempt.is_none());
    assert_eq!(tick.expired.len(), 1);
    assert_eq!(tick.fired.len(), 1);
    let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
    assert_eq!(block_on(queue.history(&key("b/full"), all, None, 9)).unwrap().len(), 1);
}

/// A row as every version before this one wrote it: under the shard of its key, whatever it waits for.
fn unlaned(queue: &Queue<Counting>, club: &Club, name: &str, shards: u16) {
    let trigger = Command::Trigger { by: Trigger::Scheduled, scope: Scope::All, policy: None, force: false };
    let slot = Slot::new(club.now()).step(&QueueRules::default(), None, trigger, club.now(), Fraction::ONE).next;
    let stored = slot_key(&key(name));
    let shard = Shard((xxhash_rust::xxh3::xxh3_64(stored.as_str().as_bytes()) % u64::from(shards)) as u16);
    let row = Row::new(serde_json::to_vec(&slot).unwrap(), shard).due(slot.due());
    let _ =
        block_on(queue.store().inner.compare_and_swap(&SwapOf::new(stored.clone(), None, Some(row.clone())))).unwrap();
}

#[test]
fn jobs_that_an_earlier_version_listed_are_found_and_listed_anew() {
    for shards in [1, 8, 64, 65_535] {
        let club = Club::new();
        let queue = Queue::new(Counting::default()).shards(shards);
        let names = ["a/f", "b/f", "c/f"];
        let mut worker = awake(&queue, &club, Limits::new(9, Duration::ZERO));
        club.watch.wait(TimeDelta::seconds(1));
        names.iter().for_each(|name| unlaned(&queue, &club, name, shards));
        for _ in names {
            let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
            assert_eq!(tick.attempt.unwrap().outcome, Outcome::Completed { follow_up: false }, "{shards} shards");
        }
        assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_none());
    }
    // Behind a full gate each of them is read once, and no more.
    let club = Club::new();
    let queue = Queue::new(Counting::default());
    let mut worker = awake(&queue, &club, FULL);
    (0..100).for_each(|org| unlaned(&queue, &club, &format!("o{org}/full"), 8));
    occupy(&queue, &club, &FULL);
    let mut reads = || {
        let _ = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
        queue.store().calls().iter().filter(|call| *call == "get slot").count()
    };
    assert_eq!([reads(), reads(), reads()], [100, 0, 0]);
}

/// Shards of a key by what its slot does: something to look at, an urgent job, a scheduled one.
fn lanes(shards: u16, name: &str) -> [Shard; 3] {
    let club = Club::new();
    let queue = Queue::new(Counting::default()).shards(shards);
    let shard = || {
        let Ok(stored) = block_on(queue.store().inner.get(&slot_key(&key(name))));
        stored.unwrap().row.shard
    };
    ask(&queue, &club, name, Trigger::Scheduled);
    let scheduled = shard();
    ask(&queue, &club, name, Trigger::Webhook);
    let urgent = shard();
    let lease = Duration::from_secs(60);
    let claim = Command::Claim { worker: "w".parse().unwrap(), nonce: "n".parse().unwrap(), lease };
    let _ = block_on(queue.apply(&key(name), None, claim, club.now())).unwrap();
    [shard(), urgent, scheduled]
}

#[test]
fn lanes_do_not_collide_however_many_shards_there_are() {
    for shards in [1, 2, 8, 9, 64, 4095, 4096, 4097, 21_845, 50_000, 60_000, 65_532, 65_533] {
        let all: Vec<_> = (0..200).map(|org| lanes(shards, &format!("o{org}/f"))).collect();
        let of = |lane: usize| all.iter().map(|lanes| lanes[lane]).collect::<BTreeSet<_>>();
        let (plain, urgent, scheduled) = (of(0), of(1), of(2));
        assert!(plain.iter().all(|shard| shard.0 < shards), "{shards}");
        for (one, other) in [(&plain, &urgent), (&plain, &scheduled), (&urgent, &scheduled)] {
            assert!(one.is_disjoint(other), "{shards} shards: {one:?} and {other:?}");
        }
        assert!(!urgent.contains(&Shard(u16::MAX)) && !scheduled.contains(&Shard(u16::MAX)), "{shards}");
    }
    // Where there is no room for lanes, a job stands where it would have stood before.
    for shards in [65_534, u16::MAX] {
        let [plain, urgent, scheduled] = lanes(shards, "a/f");
        assert!(plain == urgent && plain == scheduled && plain.0 < shards);
    }
}

/// What a job costs, call by call: of one that writes a record, and of one that has nothing to do.
const ONE_RECORD: [&str; 6] = [
    "due_many page",
    "get_many gate",
    "get_many gate slot health tombstones told",
    "swap_chain page",
    // The lease is confirmed before the first write.
    "swap slot",
    // The end, its entry of the history, health, what was told, and the ticket.
    "swap_all page",
];

#[test]
fn a_job_costs_six_round_trips_with_a_record_to_write_and_five_with_nothing_to_do() {
    for by in [Trigger::Scheduled, Trigger::Manual] {
        let club = Club::new();
        let queue = Queue::new(Counting::default());
        let mut worker = awake(&queue, &club, Limits::new(9, Duration::ZERO));
        let mut job = |name: &str, pause: i64| {
            club.watch.wait(TimeDelta::seconds(pause));
            ask(&queue, &club, name, by);
            queue.store().calls();
            let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
            assert_eq!(tick.attempt.unwrap().outcome, Outcome::Completed { follow_up: false });
            queue.store().calls()
        };
        assert_eq!(job("a/f", 6), ONE_RECORD);
        let nothing: Vec<_> = ONE_RECORD.iter().enumerate().filter(|(at, _)| *at != 4).map(|(_, call)| *call).collect();
        assert_eq!(job("a/f", 6), nothing);
        // The old history goes after the first success of a day. Times from the future are looked for once an hour.
        assert_eq!(job("a/f", 24 * 60 * 60), [&nothing[..], &["prune history", "due_many page"]].concat());
        assert_eq!(job("a/f", 60), nothing);
        // The lists were read just now: what is urgent is found in its own lane.
        let urgent = by == Trigger::Manual;
        assert_eq!(job("b/f", 0).len(), if urgent { 6 } else { 7 });
        assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_none());
        assert_eq!(queue.store().calls(), ["due_many page"; 2], "the urgent ones, and as there are none, the rest");
    }
}

/// Where jobs are short, a tick reads what it needs of those that come next.
#[test]
fn the_records_of_the_next_jobs_are_read_in_one_call() {
    for sources in [1, 64] {
        let (club, queue) = (Club::new(), Queue::new(Counting::default()));
        let mut worker = awake(&queue, &club, Limits::new(9, Duration::ZERO));
        (0..64).for_each(|no| ask(&queue, &club, &format!("o{no}/s{}", no % sources), Trigger::Scheduled));
        club.watch.wait(TimeDelta::seconds(6));
        queue.store().calls();
        for _ in 0..64 {
            let attempt = worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap();
            assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
        }
        let calls = queue.store().calls();
        let reads = calls.iter().filter(|call| call.starts_with("get") || call.starts_with("due")).count();
        // One job, two, four, eight, and then sixteen at a time, each with a look at what is urgent; and the gates.
        assert!(reads <= 20, "{reads} calls that read for 64 jobs of {sources} sources");
    }
}

/// A job for each minute is short and comes alone: nothing is read for another one that may have changed by then.
#[test]
fn nothing_is_read_ahead_where_jobs_take_long() {
    let (club, queue) = (Club::new(), Queue::new(Counting::default()));
    let mut worker = awake(&queue, &club, Limits::new(9, Duration::ZERO));
    (0..9).for_each(|no| ask(&queue, &club, &format!("o{no}/s{no}"), Trigger::Scheduled));
    for _ in 0..9 {
        club.watch.wait(TimeDelta::seconds(2));
        queue.store().calls();
        assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
        let calls = queue.store().calls();
        let jobs = calls.iter().filter(|call| call.starts_with("get_many") && call.contains("slot"));
        assert!(jobs.clone().all(|call| *call == ONE_RECORD[2]) && jobs.count() == 1, "{calls:?}");
    }
}

#[test]
fn a_gate_that_somebody_has_filled_since_it_was_read_lets_nobody_in() {
    let (club, queue) = (Club::new(), Queue::new(Counting::default()));
    let mut worker = awake(&queue, &club, FULL);
    ["b/first", "a/full"].iter().for_each(|name| ask(&queue, &club, name, Trigger::Manual));
    let mut tick = || worker.tick_blocking(&queue, &club, &club.watch).unwrap();
    assert_eq!(tick().attempt.unwrap().key, key("b/first"));
    occupy(&queue, &club, &FULL);
    let second = tick();
    assert_eq!(second.attempt, None, "by what was read before");
    assert!(second.next > Some(club.now() + TimeDelta::minutes(40)), "until the other one has ended");
    assert_eq!(block_on(queue.gate("full")).unwrap().unwrap().running(club.now()).count(), 1);
}

/// One fire of a schedule is so many round trips, however many organisations it is for.
#[test]
fn a_fire_of_a_thousand_organisations_is_a_handful_of_round_trips() {
    let club = Club::new();
    let queue = Queue::new(Counting::default());
    let every = Schedule::Interval { every: Duration::from_secs(60), anchor: club.now() };
    let mut connection = Connection::new("f".parse().unwrap(), "The source", "p".parse().unwrap()).schedule(every);
    for org in 0..1000 {
        connection = connection.org(format!("o{org}").parse().unwrap(), "C".parse().unwrap(), club.now());
    }
    block_on(queue.connect(&connection, club.now())).unwrap();
    queue.store().calls();
    let later = club.now() + TimeDelta::seconds(61);
    let fired = block_on(queue.fire(&connection.connector, later)).unwrap();
    assert_eq!(fired.iter().filter(|(_, outcome)| *outcome == Outcome::Enqueued).count(), 1000);
    // For each 256 of them a reading and a batch of swaps, and the connection read, read again and stored.
    assert_eq!(queue.store().calls().len(), 4 * 2 + 3);
    assert!(block_on(queue.fire(&connection.connector, later)).unwrap().is_empty());
}

/// A worker hears of a cancel by reading its slot: once before each batch of writes.
#[test]
fn a_cancel_costs_one_read_for_each_batch() {
    let calls = |members: &[&'static str]| {
        let club = Club::new();
        club.batch.store(1, Ordering::Relaxed);
        *club.members.lock().unwrap() = members.to_vec();
        let queue = Queue::new(Counting::default());
        let mut worker = awake(&queue, &club, FULL);
        ask(&queue, &club, "a/f", Trigger::Manual);
        let attempt = worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap();
        assert_eq!(attempt.report.unwrap().counts.created, members.len() as u64);
        queue.store().calls()
    };
    let (one, eleven) = (calls(&["1"]), calls(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]));
    let reads = |calls: &[String]| calls.iter().filter(|call| *call == "get slot").count();
    assert_eq!(eleven.len() - one.len(), 10, "nothing else is asked between two batches");
    assert_eq!(reads(&eleven) - reads(&one), 10);
}

/// A reading may be from before the cancel, which a heartbeat has seen. Then the job would go on by its slot, without a ticket
/// and without a worker.
#[test]
fn a_cancelled_run_ends_as_cancelled_whichever_reading_of_its_slot_is_stale() {
    for others in 0..6 {
        let club = Club::new();
        let queue = std::sync::Arc::new(Queue::new(Counting::default()));
        let cancels = std::sync::Arc::clone(&queue);
        club.source(move |job| {
            let (store, at) = (cancels.store(), block_on(cancels.slot(&job.key)).unwrap().unwrap().updated_at);
            // All the progress was told that there will be, so nothing but the end is to be said.
            let progress = Progress::default().done(1).counts([("processed".to_owned(), 1)].into());
            let progress = Command::Progress { token: job.token, progress };
            let _ = block_on(cancels.apply(&job.key, None, progress, at)).unwrap();
            let before = block_on(store.inner.get(&slot_key(&job.key))).unwrap().unwrap();
            let _ = block_on(cancels.apply(&job.key, None, Command::Cancel, at)).unwrap();
            *store.stale.lock().unwrap() = Some((others, before));
            Ok(())
        });
        let mut worker = awake(&queue, &club, FULL);
        ask(&queue, &club, "a/f", Trigger::Manual);
        let attempt = worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap();
        assert_eq!(attempt.outcome, Outcome::Cancelled, "{others}");
        *queue.store().stale.lock().unwrap() = None;
        let slot = block_on(queue.slot(&key("a/f"))).unwrap().unwrap();
        assert_eq!(slot.state, State::Idle, "{others}");
        assert_eq!(block_on(queue.gate("f")).unwrap().unwrap().running(club.now()).count(), 0, "{others}");
    }
}

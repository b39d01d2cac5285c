//! The queue's slot: every state times every command, then the laws one by one.

#![allow(unused_must_use, reason = "a step on the way to a situation is judged by the situation")]

mod clock;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use tripartite::failure::Failure;
use tripartite::id::ExternalId;
use tripartite::queue::{
    Command, Death, Ended, Extent, Held, InvalidSlot, Outcome, Refusal, SCOPE_LIMIT, Scope, Slot, State, Token, Work,
};

use crate::queue_support::*;

/// The situations a slot can be in, as far as commands tell them apart. All at minute 60.
fn situations() -> BTreeMap<&'static str, Key> {
    let mut idle = Key::claimed(under("strict"));
    idle.send(complete(1));
    idle.at(60);
    let mut waiting = idle.clone();
    waiting.send(under("strict"));
    let mut paused = waiting.clone();
    paused.send(Command::Pause);
    let mut running = waiting.clone();
    running.claim("a");
    let mut backing_off = running.clone();
    backing_off.send(fail(2));
    let mut asked_again = running.clone();
    asked_again.send(trigger());
    let mut stopping = running.clone();
    stopping.send(Command::Cancel);
    let mut stopping_asked = stopping.clone();
    stopping_asked.send(trigger());
    let mut dead = running.clone();
    dead.send(fail_as(2, Failure::Denied));
    let lapsed = |at: i64, cancelled: bool| {
        let mut key = Key::new();
        key.at(at).send(under("strict"));
        key.claim("a");
        if cancelled {
            key.send(Command::Cancel);
        }
        key.at(60);
        key
    };
    let mut last_chance = running.clone();
    (last_chance.slot.failures, last_chance.slot.rescues) = (3, 3);
    last_chance.slot.updated_at = minute(0);
    if let State::Running { lease_until, .. } = &mut last_chance.slot.state {
        *lease_until = minute(59);
    }
    BTreeMap::from([
        ("idle", idle),
        ("waiting", waiting),
        ("paused", paused),
        ("backing off", backing_off),
        ("running", running),
        ("asked again", asked_again),
        ("stopping", stopping),
        ("stopping, asked again", stopping_asked),
        ("lapsed", lapsed(50, false)),
        ("lapsed, stopping", lapsed(50, true)),
        ("last chance", last_chance),
        ("dead", dead),
    ])
}

const AT_WORK: &str = "running; asked again; stopping; stopping, asked again; lapsed; lapsed, stopping; last chance";
const AT_REST: &str = "idle; waiting; paused; backing off; dead";

/// Every command, with the token and the nonce that the slot knows last.
fn commands(slot: &Slot) -> Vec<(&'static str, Vec<Command>)> {
    let (Token(token), until) = (slot.token, minute(90));
    let again = slot.nonce.as_ref().map_or("a-1", |nonce| nonce.as_str());
    let stale = |token| {
        vec![heartbeat(token), progress(token), complete(token), fail(token), snooze(token, until), stop(token)]
    };
    vec![
        ("trigger", vec![trigger()]),
        ("trigger otherwise", vec![under("lenient")]),
        ("trigger by force", vec![forced()]),
        ("claim", vec![claim("b", "fresh"), claim("b", again), claim("a", "fresh")]),
        ("claim again", vec![claim("a", again)]),
        ("heartbeat", vec![heartbeat(token)]),
        ("progress", vec![progress(token)]),
        ("complete", vec![complete(token)]),
        ("fail", vec![fail(token), fail_after(token, Duration::from_secs(7))]),
        ("fail for good", vec![Failure::Denied, Failure::Gone, Failure::Fatal].map_fail(token)),
        ("snooze", vec![snooze(token, until)]),
        ("stop", vec![stop(token)]),
        ("old token", stale(token - 1)),
        ("made-up token", stale(token + 1)),
        ("expire", vec![Command::Expire]),
        ("cancel", vec![Command::Cancel]),
        ("pause", vec![Command::Pause]),
        ("resume", vec![Command::Resume]),
        ("redrive", vec![Command::Redrive]),
        ("flushed", vec![flushed(token)]),
    ]
}

trait MapFail {
    fn map_fail(self, token: u64) -> Vec<Command>;
}

impl MapFail for Vec<Failure> {
    fn map_fail(self, token: u64) -> Vec<Command> {
        self.into_iter().map(|failure| fail_as(token, failure)).collect()
    }
}

/// Situations | commands | outcome | the state after | why.
const TABLE: &str = "
idle                       | trigger; trigger otherwise; trigger by force | enqueued | pending | What is wanted of an idle key waits, due at once.
waiting; paused            | trigger; trigger otherwise; trigger by force | merged | pending | What waits does this as well: one job covers both.
backing off                | trigger; trigger by force                    | merged | pending | A retry does this as well; only force brings it forward.
backing off                | trigger otherwise                            | merged | pending | A retry keeps its policy; what wants another one runs after it.
AT WORK                    | trigger; trigger otherwise; trigger by force | follow-up | running | What is wanted during a run becomes the follow-up: not lost, and not run beside it.
dead                       | trigger; trigger otherwise; trigger by force | enqueued | pending | A new wish revives what is dead, with all its attempts.
idle                       | claim; claim again   | refused: idle     | idle    | There is nothing to do.
waiting                    | claim; claim again   | claimed           | running | What is due goes to whoever swaps first.
paused                     | claim; claim again   | refused: paused   | pending | A paused key is not handed out.
backing off                | claim; claim again   | refused: not due  | pending | A back-off binds every claim.
AT WORK                    | claim                | refused: running  | running | One worker at a time, also when its lease is over: that is for expire to say.
AT WORK                    | claim again          | claimed           | running | The same worker with the same nonce lost only the answer: the same token, no new attempt.
dead                       | claim; claim again   | refused: dead     | dead    | What is dead is not handed out.
AT REST                    | heartbeat; progress; complete; fail; fail for good; snooze; stop | fenced | same | Nobody holds it, so nobody may speak of its attempt.
AT REST; AT WORK           | old token            | fenced            | same    | A worker that lost its lease changes nothing.
AT REST; AT WORK           | made-up token        | fenced            | same    | Nor does a token that was never given.
running; asked again; lapsed; last chance              | heartbeat | extended       | running | The holder goes on, also after the lease, as long as nobody expired it.
stopping; stopping, asked again; lapsed, stopping      | heartbeat | extended: stop | running | The heartbeat's answer is how a worker learns that it should stop.
AT WORK                    | progress             | done              | running | How far it is, for people.
running; stopping; lapsed; lapsed, stopping; last chance | complete | completed | idle | Everything that was wanted is covered.
asked again; stopping, asked again | complete     | completed: again  | pending | The follow-up is due at once.
running; asked again; lapsed | fail               | retrying          | pending | It is tried again after the back-off.
last chance                | fail                 | died              | dead    | Four attempts are three retries; there is no fifth.
running; asked again; lapsed; last chance | fail for good | died      | dead    | Trying again would change nothing.
stopping; lapsed, stopping | fail; fail for good; snooze; stop | cancelled | idle | Whoever should stop and says anything but done has stopped.
stopping, asked again      | fail; fail for good; snooze; stop | cancelled | pending | What was asked for after the cancel is still wanted.
running; asked again; lapsed; last chance | snooze | snoozed           | pending | It comes back later, and that is no failed attempt.
running; asked again; lapsed; last chance | stop | refused: not cancelled | running | Nobody asked it to stop.
idle; waiting; paused; backing off; dead | expire | refused: idle      | same    | There is no lease to be over.
running; asked again; stopping; stopping, asked again | expire | refused: running | running | The lease is not over.
lapsed                     | expire               | retrying          | pending | The worker vanished; somebody else tries, after a back-off.
lapsed, stopping           | expire               | cancelled         | idle    | It vanished while it should stop: it has stopped.
last chance                | expire               | died              | dead    | A job that takes its workers down does so a bounded number of times.
idle                       | cancel               | refused: idle     | idle    | There is nothing to cancel.
waiting; paused; backing off; dead | cancel       | cancelled         | idle    | What waited is no longer wanted.
AT WORK                    | cancel               | cancel requested  | running | A running worker is asked, not robbed.
AT REST; AT WORK           | pause; resume        | done              | same    | Pausing concerns claims, not what goes on.
idle; waiting; paused; backing off | redrive      | refused: not dead | same    | Only the dead are redriven.
AT WORK                    | redrive              | refused: not dead | same    | Only the dead are redriven.
dead                       | redrive              | enqueued          | pending | It is tried again from the first attempt.
AT REST; AT WORK           | flushed              | done              | same    | Appended history leaves the slot.
";

struct Row {
    outcome: String,
    state: String,
    why: String,
}

fn table() -> BTreeMap<(String, String), Row> {
    let mut rows = BTreeMap::new();
    for line in TABLE.trim().lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [at, commands, outcome, state, why] = cells[..] else { panic!("{line}") };
        let at = at.replace("AT WORK", AT_WORK).replace("AT REST", AT_REST);
        for (situation, command) in at.split("; ").flat_map(|at| commands.split("; ").map(move |name| (at, name))) {
            let row = Row { outcome: outcome.into(), state: state.into(), why: why.into() };
            let twice = rows.insert((situation.into(), command.into()), row);
            assert!(twice.is_none(), "two rows for {command} when {situation}");
        }
    }
    rows
}

#[test]
fn every_command_in_every_state_does_what_the_table_says() {
    let mut table = table();
    for (situation, key) in situations() {
        for (name, commands) in commands(&key.slot) {
            let row = table.remove(&(situation.into(), name.into()));
            let Row { outcome, state, why } = row.unwrap_or_else(|| panic!("no row for {name} when {situation}"));
            let state = if state == "same" { state_name(&key.slot.state) } else { &state };
            for command in commands {
                let mut key = key.clone();
                let got = key.send(command.clone());
                let seen = (outcome_name(&got), state_name(&key.slot.state));
                assert_eq!(seen, (outcome.clone(), state), "{command:?} when {situation}. {why}");
            }
        }
    }
    assert!(table.is_empty(), "rows of no situation: {:?}", table.keys());
}

/// The edges that commands take, by what they are called in the diagram.
fn edges() -> BTreeSet<(String, String, &'static str)> {
    let mut edges = BTreeSet::new();
    for key in situations().values() {
        for command in commands(&key.slot).into_iter().flat_map(|(_, commands)| commands) {
            let (mut after, name) = (key.clone(), command_name(&command));
            if matches!(after.send(command), Outcome::Fenced | Outcome::Refused(_)) {
                continue;
            }
            edges.insert((state_name(&key.slot.state).into(), state_name(&after.slot.state).into(), name));
        }
    }
    edges
}

#[test]
fn the_diagram_in_the_docs_is_the_transition_function() {
    let docs = include_str!("../../src/queue.rs");
    let (_, diagram) = docs.split_once("```mermaid").unwrap();
    let (diagram, _) = diagram.split_once("```").unwrap();
    let mut drawn = BTreeSet::new();
    for line in diagram.lines().filter(|line| line.contains("-->") && !line.contains("[*]")) {
        let (from, rest) = line.trim_start_matches("//!").split_once("-->").unwrap();
        let (to, labels) = rest.split_once(':').unwrap();
        let name = |text: &str| text.trim().to_lowercase();
        drawn.extend(labels.split(',').map(|label| (name(from), name(to), name(label))));
    }
    // The text under the diagram: these are possible everywhere and lead nowhere.
    let everywhere = ["pause", "resume", "flushed"];
    let (still, seen): (Vec<_>, Vec<_>) = edges().into_iter().partition(|(_, _, name)| everywhere.contains(name));
    assert_eq!(still.len(), 4 * everywhere.len());
    assert!(still.iter().all(|(from, to, _)| from == to));
    let seen: BTreeSet<_> = seen.into_iter().map(|(from, to, name)| (from, to, name.to_owned())).collect();
    assert_eq!(drawn.difference(&seen).collect::<Vec<_>>(), Vec::<&(String, String, String)>::new(), "only drawn");
    assert_eq!(seen.difference(&drawn).collect::<Vec<_>>(), Vec::<&(String, String, String)>::new(), "not drawn");
}

/// Carries out a row of a timeline of the docs, and says in the docs' words what came of it.
fn follow(key: &mut Key, command: &str) -> (String, String, String) {
    let words: Vec<&str> = command.split(' ').collect();
    let command = match words[..] {
        ["trigger"] => trigger(),
        ["trigger", "under", name] => under(name),
        ["claim", "by", who] => claim(who, &format!("{who}-{}", key.slot.token.0 + 1)),
        ["heartbeat", token] => heartbeat(token.parse().unwrap()),
        ["complete", token] => complete(token.parse().unwrap()),
        ["fail", token] => fail(token.parse().unwrap()),
        ["fail", token, "after", minutes] => {
            fail_after(token.parse().unwrap(), Duration::from_secs(60 * minutes.parse::<u64>().unwrap()))
        }
        ["expire"] => Command::Expire,
        _ => panic!("{command}"),
    };
    let minutes = |at: chrono::DateTime<chrono::Utc>| (at - minute(0)).num_minutes();
    let outcome = key.send(command);
    let mut said = outcome_name(&outcome);
    match &outcome {
        Outcome::Claimed(claim) => said += &format!(", token {}, attempt {}", claim.token.0, claim.attempt),
        Outcome::Retrying { at } => said += &format!(" at {}", minutes(*at)),
        Outcome::Refused(Refusal::NotDue { at }) => said += &format!(" before {}", minutes(*at)),
        _ => {}
    }
    let slot = &key.slot;
    let state = match &slot.state {
        State::Pending { due_at, .. } => format!("pending, due at {}", minutes(*due_at)),
        State::Running { lease_until, .. } => format!("running until {}", minutes(*lease_until)),
        other => state_name(other).to_owned(),
    };
    (said, state, format!("{} {} {}", slot.wanted, slot.taken, slot.covered))
}

#[test]
fn the_timelines_in_the_docs_happen_like_that() {
    let docs = include_str!("../../src/queue.rs");
    let (mut key, mut rows) = (Key::new(), 0);
    for line in docs.lines().map_while(|line| line.strip_prefix("//!")) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [at, command, outcome, state, generations] = cells[..] else { continue };
        let Ok(at) = at.parse() else {
            key = Key::new();
            continue;
        };
        let happened = follow(key.at(at), command);
        assert_eq!(happened, (outcome.to_owned(), state.to_owned(), generations.to_owned()), "{line}");
        rows += 1;
    }
    assert!(rows > 15, "the timelines are gone from the docs");
}

#[test]
fn what_a_later_version_wrote_survives() {
    let mut key = Key::asked(under("strict"));
    let mut json = serde_json::to_value(&key.slot).unwrap();
    let later = serde_json::json!({
        "shadow": {"nested": [1, -2, 2.5, null, true, "text"]}, "big": u64::MAX, "none": null, "empty": {},
    });
    json.as_object_mut().unwrap().extend(later.as_object().unwrap().clone());
    key.slot = serde_json::from_value(json).unwrap();
    key.claim("a");
    key.send(complete(1));
    let stored: serde_json::Value = serde_json::from_slice(&bytes(&key.slot)).unwrap();
    for (name, value) in later.as_object().unwrap() {
        assert_eq!(stored.get(name), Some(value), "{name}");
    }
}

#[test]
fn the_persisted_slot_is_pinned_in_every_state() {
    let mut keys = situations();
    for name in ["idle", "paused", "backing off", "stopping, asked again", "dead"] {
        let mut key = keys.remove(name).unwrap();
        key.deliver(Some("seen"), about("x"));
        assert_eq!(serde_json::from_slice::<Slot>(&bytes(&key.slot)).unwrap(), key.slot);
        insta::assert_json_snapshot!(format!("slot_{}", name.replace(", ", "_").replace(' ', "_")), key.slot);
    }
    insta::assert_json_snapshot!("slot_never_asked", Slot::new(minute(0)));
}

#[test]
fn every_ending_is_pinned() {
    let mut key = Key::asked(trigger());
    type Ending = fn(u64) -> Command;
    let endings: [Ending; 5] = [complete, fail, |token| snooze(token, minute(30)), |_| Command::Expire, stop];
    for (ending, token) in endings.into_iter().zip(1..) {
        key.send(forced());
        key.claim("a");
        match ending(token) {
            Command::Expire => key.now = key.lease_until(),
            Command::Stop { .. } => drop(key.send(Command::Cancel)),
            _ => {}
        }
        key.send(ending(token));
    }
    key.send(trigger());
    key.claim("a");
    key.send(fail_as(6, Failure::Denied));
    let endings: Vec<&Ended> = key.slot.unflushed.iter().map(|attempt| &attempt.ended).collect();
    assert_eq!(endings.len(), 6);
    insta::assert_json_snapshot!("slot_endings", endings);
}

#[test]
fn broken_slots_are_refused() {
    let slot = situations().remove("idle").unwrap().slot;
    let mut later = serde_json::to_value(&slot).unwrap();
    later["format"] = 2.into();
    let later: Slot = serde_json::from_value(later).unwrap();
    assert!(matches!(later.check(), Err(InvalidSlot::Format(error)) if error.found == 2));
    let with = |covered, taken, wanted| {
        let mut slot = slot.clone();
        (slot.covered, slot.taken, slot.wanted) = (covered, taken, wanted);
        slot
    };
    assert_eq!(with(1, 1, 1).check(), Ok(()));
    assert_eq!(with(1, 1, 2).check(), Err(InvalidSlot::Idle { covered: 1, wanted: 2 }));
    assert_eq!(with(2, 1, 2).check(), Err(InvalidSlot::Generations { covered: 2, taken: 1, wanted: 2 }));
    assert_eq!(with(1, 3, 2).check(), Err(InvalidSlot::Generations { covered: 1, taken: 3, wanted: 2 }));
}

#[test]
fn half_a_slot_is_no_slot() {
    let whole = serde_json::to_value(&situations()["running"].slot).unwrap();
    for field in ["format", "state", "token", "failures", "wanted", "taken", "covered", "updated_at"] {
        let mut half = whole.clone();
        half.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<Slot>(half).is_err(), "{field}");
    }
}

#[test]
fn work_says_for_what_an_attempt_was() {
    let mut key = Key::claimed(about("x"));
    key.send(complete(1));
    let Work { scope, policy, upto, .. } = &key.slot.unflushed[0].work;
    assert_eq!((scope, policy, *upto), (&only(&["x"]), &None, 1));
}

fn scope() -> impl Strategy<Value = Scope> {
    let some = |most: usize| proptest::collection::btree_set("[a-d]{1,2}", 0..most);
    let many = (0..3_u32).prop_map(|from| (from * 300..from * 300 + 600).map(|n| format!("{n}")).collect());
    prop_oneof![1 => Just(None), 6 => some(6).prop_map(Some), 2 => many.prop_map(Some)].prop_map(|ids| match ids {
        None => Scope::All,
        Some(ids) => Scope::only(ids.into_iter().map(|id| ExternalId::new(id).unwrap())),
    })
}

proptest! {
    /// Triggers may arrive in any order and more than once.
    #[test]
    fn merging_scopes_is_union(a in scope(), b in scope(), c in scope()) {
        let merge = |a: &Scope, b: &Scope| a.clone().merge(b.clone());
        prop_assert_eq!(merge(&a, &b), merge(&b, &a));
        prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        prop_assert_eq!(merge(&a, &a), a.clone());
        prop_assert_eq!(merge(&a, &Scope::All), Scope::All);
        let union = match (&a, &b) {
            (Scope::Only(a), Scope::Only(b)) => Scope::only(a.union(b).cloned()),
            _ => Scope::All,
        };
        prop_assert_eq!(merge(&a, &b), union);
    }

    /// However many ids there are: those, or everything, never fewer.
    #[test]
    fn a_scope_that_overflows_is_everything(count in SCOPE_LIMIT - 3..SCOPE_LIMIT + 3) {
        let ids = || (0..count).map(|n| ExternalId::new(n.to_string()).unwrap());
        let merged = ids().map(Scope::one).reduce(Scope::merge).unwrap();
        prop_assert_eq!(&merged, &Scope::only(ids()));
        prop_assert_eq!(merged == Scope::All, count > SCOPE_LIMIT);
    }

    /// Whatever is said to a slot, in whatever order and at whatever time: it stays sound and can be stored.
    #[test]
    fn any_sequence_of_commands_leaves_a_sound_slot(steps in proptest::collection::vec((0..40_usize, -9..9_i64), 1..60)) {
        let mut key = Key::new();
        let mut minutes = 0;
        for (choice, passed) in steps {
            minutes += passed;
            let all: Vec<Command> = commands_of(&key.slot);
            key.at(minutes).send(all[choice % all.len()].clone());
            prop_assert_eq!(&serde_json::from_slice::<Slot>(&bytes(&key.slot)).unwrap(), &key.slot);
        }
    }
}

fn commands_of(slot: &Slot) -> Vec<Command> {
    let mut known = slot.clone();
    known.token = slot.token.max(Token(1));
    commands(&known).into_iter().flat_map(|(_, commands)| commands).collect()
}

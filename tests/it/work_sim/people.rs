//! What people and other programs ask for while the workers work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tripartite::backoff::Fraction;
use tripartite::id::{CommandId, ConnectorId, ExternalId, OrgId, PolicyRef, SyncKey};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::registry::Connection;
use tripartite::schedule::{Missed, Schedule};
use tripartite::work::{Clock, Queue};

use super::ground::{Watch, key, pause};
use super::store::Faulty;
use super::world::{CONNECTORS, ORGS, queue};
use crate::support::dice::Dice;

/// What came of an errand, as far as a law is about it.
pub(super) enum Done {
    /// A trigger was acknowledged.
    Acknowledged(SyncKey, String),
    Other,
}

/// What somebody wants.
enum Want {
    Run(Command, String),
    Command(Command),
    Reset,
    Connect,
    /// A deploy script declares what is declared.
    Redeclare,
    Look,
}

/// One thing that somebody wants, until it is acknowledged or given up.
pub(super) async fn errand(watch: Watch, number: u64) -> Done {
    let (key, want, tries) = {
        let dice = &mut watch.ground.state().dice;
        (key(dice.below(ORGS), dice.below(CONNECTORS)), want(dice, number), 1 + dice.below(3))
    };
    let queue = queue(&watch.ground, watch.who);
    for _ in 0..tries {
        if asked(&queue, &watch, &key, &want).await {
            watch.ground.note(|| format!("{}: {key} was asked: {}", watch.who, name(&want)));
            let again = watch.ground.state().dice.below(4) == 0;
            if let Want::Run(_, id) = want {
                return Done::Acknowledged(key, id);
            }
            if !again {
                break;
            }
        }
    }
    Done::Other
}

async fn asked(queue: &Queue<Faulty>, watch: &Watch, key: &SyncKey, want: &Want) -> bool {
    let now = watch.time();
    match want {
        Want::Run(command, id) => {
            let id = CommandId::new(id.clone()).unwrap();
            queue.apply(key, Some(&id), command.clone(), now).await.is_ok()
        }
        Want::Command(Command::Cancel) => {
            let count = |key: &SyncKey, by: i32| {
                let cancelling = &mut watch.ground.state().known.cancelling;
                let count = cancelling.entry(key.clone()).or_default();
                *count = count.saturating_add_signed(by);
                cancelling.retain(|_, count| *count > 0);
            };
            count(key, 1);
            let done = queue.apply_with(key, None, Command::Cancel, now, Fraction::ONE).await.is_ok();
            // Until what it did was looked at.
            pause().await;
            count(key, -1);
            done
        }
        Want::Redeclare => match queue.connection(&key.connector).await {
            Ok(Some(known)) => {
                let mut same = known.connection().clone();
                if let Schedule::Interval { anchor, .. } = &mut same.schedule {
                    *anchor = now;
                }
                queue.connect(&same, now).await.is_ok()
            }
            _ => false,
        },
        Want::Command(command) => queue.apply_with(key, None, command.clone(), now, Fraction::ONE).await.is_ok(),
        Want::Reset => queue.reset_health(key, now).await.is_ok(),
        Want::Connect => queue.connect(&connection(watch, &key.connector, now), now).await.is_ok(),
        Want::Look => queue.status(key).await.is_ok(),
    }
}

fn want(dice: &mut Dice, number: u64) -> Want {
    let trigger = |dice: &mut Dice| {
        let policy = ["p", "q"].get(dice.below(5)).map(|name| PolicyRef::new(*name).unwrap());
        let scope = match dice.below(3) {
            0 => Scope::All,
            id => Scope::one(ExternalId::new(id.to_string()).unwrap()),
        };
        // Half of them as a schedule does, so that both kinds wait at a time.
        let by = [Trigger::Webhook, Trigger::Manual, Trigger::Scheduled, Trigger::Scheduled][dice.below(4)];
        Command::Trigger { by, scope, policy, force: dice.below(8) == 0 }
    };
    match dice.below(30) {
        // Now and then a message is delivered again, also to two at a time, and perhaps to another key.
        0..15 => {
            let id = number.saturating_sub(if dice.below(4) == 0 { dice.below(4) as u64 } else { 0 });
            Want::Run(trigger(dice), format!("m{id}"))
        }
        15..19 => Want::Command(Command::Cancel),
        19..21 => Want::Command(Command::Pause),
        21..24 => Want::Command(Command::Resume),
        24..26 => Want::Command(Command::Redrive),
        26 => Want::Reset,
        27 => Want::Connect,
        28 => Want::Redeclare,
        _ => Want::Look,
    }
}

fn name(want: &Want) -> String {
    match want {
        Want::Run(_, id) => format!("run {id}"),
        Want::Command(command) => format!("{command:?}"),
        Want::Reset => "reset its health".to_owned(),
        Want::Connect => "edit its connection".to_owned(),
        Want::Redeclare => "declare its connection again".to_owned(),
        Want::Look => "look".to_owned(),
    }
}

/// A connection of some organisations, every few minutes or not at all.
fn connection(watch: &Watch, connector: &ConnectorId, now: DateTime<Utc>) -> Connection {
    let dice = &mut watch.ground.state().dice;
    let every = Duration::from_secs(120 + 60 * dice.below(8) as u64);
    let schedule = Schedule::Interval { every, anchor: DateTime::<Utc>::UNIX_EPOCH };
    let name = format!("the source {connector}");
    let mut connection = Connection::new(connector.clone(), name, PolicyRef::new("p").unwrap()).schedule(schedule);
    for org in 0..1 + dice.below(ORGS) {
        let id = format!("o{org}");
        connection = connection.org(OrgId::new(id.clone()).unwrap(), ExternalId::new(id).unwrap(), now);
    }
    connection.enabled = dice.below(5) > 0;
    connection.missed = match dice.below(3) {
        0 => Missed::CatchUp { at_most: 3 },
        1 => Missed::Skip { grace: Duration::from_secs(300) },
        _ => Missed::Coalesce,
    };
    connection
}

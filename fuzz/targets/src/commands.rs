//! Lists of commands to a slot: nothing panics, every slot is sound and is read as it was written, a refused command changes
//! nothing, a command that comes twice is answered as before, and tokens and times never go back.
//!
//! The input is bytes from which the commands are made. A stored slot as JSON may stand before them, on a line of its own.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::failure::Failure;
use tripartite::id::{CommandId, ExternalId, Nonce, WorkerId};
use tripartite::queue::{Command, Extent, Outcome, Progress, QueueRules, Scope, Slot, Token, Trigger};

/// How many commands are sent at most.
const COMMANDS: usize = 64;

/// The body of the target.
pub fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (stored, rest) = if data.starts_with(b"{") { data.split_at(end) } else { (&[][..], data) };
    let mut slot = Slot::from_bytes(stored).unwrap_or_else(|_| Slot::new(DateTime::UNIX_EPOCH));
    let (mut u, mut now) = (Unstructured::new(rest), slot.updated_at);
    for _ in 0..COMMANDS {
        if u.is_empty() {
            return;
        }
        let Ok(sent) = Sent::any(&mut u, &slot, now) else { return };
        now = sent.now;
        slot = sent.judged(&slot);
    }
}

/// A command on its way.
struct Sent {
    rules: QueueRules,
    id: Option<CommandId>,
    command: Command,
    now: DateTime<Utc>,
    fraction: Fraction,
}

impl Sent {
    fn any(u: &mut Unstructured<'_>, slot: &Slot, now: DateTime<Utc>) -> Result<Self> {
        let number = u.int_in_range(0..=15)?;
        let id = if number < 4 { CommandId::new(format!("command {number}")).ok() } else { None };
        let rules = QueueRules::default().max_retries(1).max_rescues(1).remember(3).unflushed(2);
        let now = later(now, u)?;
        let fraction = Fraction::new(f64::from(u.arbitrary::<u8>()?) / 255.0);
        Ok(Self { rules, id, command: command(u, slot, now)?, now, fraction })
    }

    /// The slot after it, judged.
    fn judged(self, slot: &Slot) -> Slot {
        let Self { rules, id, command, now, fraction } = self;
        let told = || format!("{command:?} at {now} to {slot:?}");
        let step = |slot: &Slot| slot.step(&rules, id.as_ref(), command.clone(), now, fraction);
        let done = step(slot);
        let next = &done.next;
        assert_eq!(next.check(), Ok(()), "{}", told());
        if matches!(done.outcome, Outcome::Fenced | Outcome::Refused(_)) {
            assert_eq!(next, slot, "{}", told());
        } else if id.is_some() {
            assert_eq!(step(next), done, "{}", told());
        }
        assert!(next.token >= slot.token && next.updated_at >= slot.updated_at, "{}", told());
        assert!(next.wanted >= slot.wanted, "{}", told());
        let bytes = serde_json::to_vec(next).expect("a slot can be written");
        assert_eq!(Slot::from_bytes(&bytes).as_ref(), Ok(next), "{}", told());
        done.next
    }
}

/// Mostly a little later; sometimes as late or as early as times go, which the clock of one machine may say.
fn later(now: DateTime<Utc>, u: &mut Unstructured<'_>) -> Result<DateTime<Utc>> {
    Ok(match u.int_in_range(0..=31)? {
        0 => DateTime::<Utc>::MAX_UTC,
        1 => DateTime::<Utc>::MIN_UTC,
        2 => now.checked_sub_signed(TimeDelta::seconds(60)).unwrap_or(now),
        seconds => now.checked_add_signed(TimeDelta::seconds(60 * i64::from(seconds))).unwrap_or(now),
    })
}

fn lease(u: &mut Unstructured<'_>) -> Result<Duration> {
    Ok(if u.ratio(1, 16)? { Duration::new(u.arbitrary()?, 0) } else { Duration::from_secs(u.int_in_range(0..=900)?) })
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok((*u.choose(&["", "a result", "another", "Áine"])?).to_owned())
}

fn failure(u: &mut Unstructured<'_>) -> Result<Failure> {
    Ok(match u.int_in_range(0..=4)? {
        0 => Failure::Retry { after: None },
        1 => Failure::Retry { after: Some(lease(u)?) },
        2 => Failure::Denied,
        3 => Failure::Gone,
        _ => Failure::Fatal,
    })
}

fn trigger(u: &mut Unstructured<'_>) -> Result<Command> {
    let mut only = std::collections::BTreeSet::new();
    for _ in 0..u.int_in_range(0..=3)? {
        only.extend(ExternalId::new(u.int_in_range(0..=9)?.to_string()).ok());
    }
    let by = *u.choose(&[Trigger::Scheduled, Trigger::Manual, Trigger::Webhook])?;
    let policy = u.choose(&["", "", "strict", "lenient"])?.parse().ok();
    let scope = if only.is_empty() { Scope::All } else { Scope::Only(only) };
    Ok(Command::Trigger { by, scope, policy, force: u.ratio(1, 4)? })
}

fn command(u: &mut Unstructured<'_>, slot: &Slot, now: DateTime<Utc>) -> Result<Command> {
    let token = if u.ratio(7, 8)? { slot.token } else { Token(u.int_in_range(0..=5)?) };
    let extent = Extent::default().whole(u.arbitrary()?).plan(if u.arbitrary()? { Some(text(u)?) } else { None });
    Ok(match u.int_in_range(0..=19)? {
        0..=2 => trigger(u)?,
        3..=5 => Command::Claim {
            worker: WorkerId::new("w1").expect("a word is an id"),
            nonce: Nonce::new(u.int_in_range(0..=3)?.to_string()).expect("a number is an id"),
            lease: lease(u)?,
        },
        6 => Command::Heartbeat { token, lease: lease(u)? },
        7 => Command::Progress { token, progress: Progress::default().done(u.arbitrary()?) },
        8 => Command::Complete { token, result: Some(text(u)?), extent },
        9 => Command::CompleteInPart {
            token,
            result: None,
            left: u.int_in_range(0..=3)?,
            unanswered: u.int_in_range(0..=3)?,
            extent,
        },
        10 => Command::Block { token, plan: text(u)?, why: text(u)? },
        11 | 12 => Command::Fail { token, failure: failure(u)?, message: text(u)? },
        13 => Command::Snooze { token, until: later(now, u)?, why: text(u)? },
        14 => Command::Stop { token },
        15 => Command::Expire,
        16 => Command::Cancel,
        17 => {
            if u.arbitrary()? {
                Command::Pause
            } else {
                Command::Resume
            }
        }
        18 => Command::Redrive,
        _ => Command::Flushed { through: token },
    })
}

//! What was told of a register, and what is still to be sent: one persisted record.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::standing::Standing;
use crate::config::{Event, Hook};

/// The version of the persisted form.
const FORMAT: u32 = 1;

/// So many messages of a register wait at most; of more, the oldest are dropped.
const MOST: usize = 100;

/// For so long a message is tried.
const TRIED: TimeDelta = TimeDelta::days(3);

/// For so long a message belongs to the process that took it.
const TAKEN: TimeDelta = TimeDelta::minutes(2);

/// The longest time from one try to the next, in minutes.
const LONGEST: i64 = 60;

/// No time is further in the future than this, unless a clock was ahead: then it does not count.
const AHEAD: TimeDelta = TimeDelta::hours(2);

/// What was told of a register, and what is still to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    format: u32,
    /// How many messages there ever were.
    count: u64,
    /// As of when.
    seen: Option<DateTime<Utc>>,
    /// Why it fails, if that was told.
    failing: Option<String>,
    /// Why it was blocked, if that was told.
    blocked: Option<String>,
    /// How many questions were told of.
    waiting: u64,
    /// What is still to be sent.
    pub pending: Vec<Message>,
}

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id: however often it is sent, this stays.
    pub id: String,
    /// Since when it is so.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
    /// The register, as commands name it.
    pub register: String,
    /// What a person reads.
    pub text: String,
    /// Who has not heard it yet, by the names of hooks.
    pub left: Vec<String>,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub next: DateTime<Utc>,
    /// Why it was not heard the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Default for Told {
    fn default() -> Self {
        Self { format: FORMAT, count: 0, seen: None, failing: None, blocked: None, waiting: 0, pending: Vec::new() }
    }
}

impl Told {
    /// Reads the persisted form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let told: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if told.format > FORMAT {
            return Err(format!("it has format {}, this version reads format {FORMAT}", told.format));
        }
        Ok(told)
    }

    /// The persisted form.
    pub fn bytes(&self) -> Vec<u8> {
        // Names and plain data have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Takes in how a register stands, and since when. What is new becomes a message for each hook that wants to hear of it.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use nightly_sync::config::{Event, Hook, Target};
    /// use nightly_sync::hooks::{Standing, Told};
    /// let hook = Hook { name: "all".into(), on: Event::ALL.into(), target: Target::Command(vec!["mail".into()]) };
    /// let at = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
    /// let asked = |waiting| Standing { waiting, ..Standing::default() };
    /// let told = Told::default().observe("club/fed", &asked(2), &[hook.clone()], (at(1), at(1)));
    /// assert_eq!(told.pending[0].event, Event::Questions);
    /// // The same once more is no news, and fewer are none either.
    /// let again = told.clone().observe("club/fed", &asked(2), &[hook.clone()], (at(2), at(2)));
    /// let again = again.observe("club/fed", &asked(1), &[hook], (at(3), at(3)));
    /// ```
    #[must_use]
    pub fn observe(
        mut self,
        register: &str,
        standing: &Standing,
        hooks: &[Hook],
        (at, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        if !self.is_older_than(at, now) {
            return self;
        }
        self.seen = Some(at);
        let mut news = Vec::new();
        match (&self.failing, &standing.failing) {
            (None, Some(_)) => news.push(Event::Failed),
            (Some(_), None) if standing.has_succeeded => news.push(Event::Recovered),
            _ => {}
        }
        if standing.failing.is_some() || standing.has_succeeded {
            self.failing.clone_from(&standing.failing);
        }
        // A sync that failed knows nothing of plans and questions.
        if standing.failing.is_none() {
            if standing.blocked.is_some() && standing.blocked != self.blocked {
                news.push(Event::Blocked);
            }
            self.blocked.clone_from(&standing.blocked);
            if standing.waiting > self.waiting {
                news.push(Event::Questions);
            }
            self.waiting = standing.waiting;
        }
        for event in news {
            self.say(register, event, standing, hooks, at);
        }
        self
    }

    fn say(&mut self, register: &str, event: Event, standing: &Standing, hooks: &[Hook], at: DateTime<Utc>) {
        let left: Vec<_> = hooks.iter().filter(|hook| hook.on.contains(&event)).map(|hook| hook.name.clone()).collect();
        if left.is_empty() {
            return;
        }
        self.count += 1;
        // The alphabet of every receiver's ids.
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let id = format!("{}_{}_{}", event.name(), register.chars().map(plain).collect::<String>(), self.count);
        // Two registers may look alike in it, and two databases have the same counts.
        let id = format!("{id}_{}", at.timestamp_micros());
        let text = standing.text(register, event);
        let register = register.to_owned();
        self.pending.push(Message { id, at, event, register, text, left, tries: 0, next: at, problem: None });
        let surplus = self.pending.len().saturating_sub(MOST);
        for dropped in self.pending.drain(..surplus) {
            tracing::warn!(id = dropped.id, "too many messages wait: the oldest is dropped");
        }
    }

    /// Whether what is so since this time may be new: what is older than what was seen last is known.
    pub fn is_older_than(&self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.seen.filter(|seen| *seen <= now + AHEAD).is_none_or(|seen| seen < at)
    }

    /// Takes a message that is due, so that no other process does.
    pub fn take(&mut self, now: DateTime<Utc>) -> Option<Message> {
        let message = self.pending.iter_mut().find(|message| message.next <= now || message.next > now + AHEAD)?;
        message.tries += 1;
        message.next = now + TAKEN;
        Some(message.clone())
    }

    /// Notes who has heard a message. Who has not is tried again later, until it is too late.
    pub fn heard(&mut self, id: &str, left: &[String], problem: Option<&str>, now: DateTime<Utc>) {
        let Some(at) = self.pending.iter().position(|message| message.id == id) else { return };
        let message = &mut self.pending[at];
        message.left = left.to_vec();
        message.problem = problem.map(str::to_owned);
        let minutes = 1_i64.checked_shl(message.tries.saturating_sub(1)).unwrap_or(LONGEST).clamp(1, LONGEST);
        message.next = now + TimeDelta::minutes(minutes);
        if message.left.is_empty() {
            self.pending.remove(at);
        } else if now - message.at > TRIED {
            tracing::error!(id, problem, "nobody hears this message, and it is given up");
            self.pending.remove(at);
        }
    }

    /// Makes everything due that waits for its next try.
    pub fn hurry(&mut self, now: DateTime<Utc>) {
        self.pending.iter_mut().filter(|message| message.tries > 0).for_each(|message| message.next = now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Target;

    fn hooks() -> Vec<Hook> {
        vec![Hook { name: "all".into(), on: Event::ALL.into(), target: Target::Command(vec!["true".into()]) }]
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn both(second: i64) -> (DateTime<Utc>, DateTime<Utc>) {
        (at(second), at(second))
    }

    fn told(standings: &[Standing]) -> Vec<Event> {
        let mut told = Told::default();
        for (second, standing) in standings.iter().enumerate() {
            told = Told::read(&told.bytes()).unwrap().observe("r", standing, &hooks(), both(second as i64));
        }
        told.pending.iter().map(|message| message.event).collect()
    }

    fn failing(why: &str) -> Standing {
        Standing { failing: Some(why.into()), ..Standing::default() }
    }

    fn succeeded() -> Standing {
        Standing { has_succeeded: true, ..Standing::default() }
    }

    fn blocked(why: &str) -> Standing {
        Standing { blocked: Some(why.into()), ..Standing::default() }
    }

    #[test]
    fn each_thing_is_told_once_until_it_is_over() {
        assert_eq!(told(&[failing("a"), failing("b")]), [Event::Failed], "it fails still");
        assert_eq!(told(&[failing("a"), Standing::default(), failing("a")]), [Event::Failed], "nothing succeeded");
        assert_eq!(
            told(&[failing("a"), succeeded(), succeeded(), failing("a")]),
            [Event::Failed, Event::Recovered, Event::Failed]
        );
        assert_eq!(told(&[succeeded(), succeeded()]), [], "nothing had failed");
        assert_eq!(
            told(&[blocked("31 %"), blocked("31 %"), blocked("40 %"), succeeded(), blocked("40 %")]),
            [Event::Blocked, Event::Blocked, Event::Blocked]
        );
    }

    #[test]
    fn what_is_older_than_what_was_seen_is_no_news() {
        let told = Told::default().observe("r", &succeeded(), &hooks(), both(5));
        assert_eq!(told.clone().observe("r", &failing("a"), &hooks(), both(5)).pending, []);
        assert_eq!(told.observe("r", &failing("a"), &hooks(), both(6)).pending.len(), 1);
    }

    #[test]
    fn a_clock_that_was_ahead_silences_nobody() {
        const YEAR: i64 = 365 * 86_400;
        let told = Told::default().observe("r", &failing("a"), &hooks(), both(YEAR));
        let mut told = told.observe("r", &succeeded(), &hooks(), both(5));
        assert_eq!(
            told.pending.iter().map(|message| message.event).collect::<Vec<_>>(),
            [Event::Failed, Event::Recovered]
        );
        assert!(told.take(at(6)).is_some(), "it was to be sent in a year");
    }

    #[test]
    fn a_message_belongs_to_who_took_it_and_is_tried_for_three_days() {
        let mut told = Told::default().observe("r", &failing("a"), &hooks(), both(0));
        let first = told.take(at(0)).unwrap();
        assert_eq!(told.take(at(1)), None, "somebody sends it");
        // The process died: another one sends the same message.
        let again = told.take(at(121)).unwrap();
        assert_eq!((first.id.clone(), again.tries), (again.id, 2));
        told.heard(&first.id, &["all".into()], Some("no route"), at(122));
        assert_eq!((told.take(at(122 + 119)), told.take(at(122 + 120)).is_some()), (None, true));
        told.heard(&first.id, &["all".into()], Some("no route"), at(4 * 86_400));
        assert_eq!(told.pending, []);
    }

    #[test]
    fn who_has_heard_a_message_does_not_hear_it_again() {
        let mut told = Told::default().observe("r", &failing("a"), &hooks(), both(0));
        let message = told.take(at(0)).unwrap();
        told.heard(&message.id, &[], None, at(1));
        assert_eq!(told.observe("r", &failing("a"), &hooks(), both(2)).pending, []);
    }

    #[test]
    fn the_persisted_form_stays_and_a_later_one_is_refused() {
        let text = r#"{"format":1,"count":1,"seen":"1970-01-01T00:00:00Z","failing":"a","blocked":null,"waiting":0,"pending":[{"id":"failed_r_1_0","at":"1970-01-01T00:00:00Z","event":"failed","register":"r","text":"r: the sync failed, and is not tried again by itself: a","left":["all"],"tries":0,"next":"1970-01-01T00:00:00Z"}]}"#;
        let told = Told::default().observe("r", &failing("a"), &hooks(), both(0));
        assert_eq!(String::from_utf8(told.bytes()).unwrap(), text);
        assert_eq!(Told::read(text.as_bytes()), Ok(told));
        assert!(Told::read(text.replace(":1,", ":9,").as_bytes()).is_err());
    }
}

//! Who is logged in: sessions in memory, so that a restart logs everybody out, and nothing of them is on a disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use nightly_sync::store::Register;
use sha2::{Digest, Sha256};

use super::text::Lang;

/// After so long without a request a session is over.
const IDLE: TimeDelta = TimeDelta::hours(2);
/// After so long it is over anyway.
const LIFE: TimeDelta = TimeDelta::hours(12);
/// So many at most; the one that was used least recently gives way.
const MOST: usize = 10_000;
/// How many bytes nobody can guess.
const BYTES: usize = 32;

/// What a page says once, on top of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flash {
    /// What.
    pub(super) text: String,
    /// Whether it is bad news.
    pub(super) bad: bool,
    /// What is taken back by undoing it.
    pub(super) undo: Option<(Register, Undo)>,
}

/// What can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undo {
    /// What one entry of the audit says.
    Entry(i64),
    /// The answers that were given under one run, after a preview.
    Run(String),
}

impl Flash {
    pub(super) fn good(text: String) -> Self {
        Self { text, bad: false, undo: None }
    }

    pub(super) fn bad(text: String) -> Self {
        Self { text, bad: true, undo: None }
    }
}

/// One who is logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The user's name.
    pub(super) user: String,
    /// What every form of the session carries.
    pub(super) csrf: String,
    /// The language that was chosen.
    pub(super) lang: Option<Lang>,
    flash: Option<Flash>,
    begun: DateTime<Utc>,
    seen: DateTime<Utc>,
}

/// By the hash of what the cookie holds: who reads the memory of a session store cannot be anybody by it.
type Id = [u8; 32];

/// All who are logged in.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<BTreeMap<Id, Session>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Id, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session and answers with what its cookie holds; none, when the system has no randomness.
    pub(super) fn begin(&self, user: &str, now: DateTime<Utc>) -> Option<String> {
        let (token, csrf) = (random()?, random()?);
        let session = Session { user: user.to_owned(), csrf, lang: None, flash: None, begun: now, seen: now };
        let mut all = self.all();
        all.retain(|_, session| session.lasts(now));
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.seen).map(|(id, _)| *id)
        {
            all.remove(&oldest);
        }
        all.insert(id(&token), session);
        Some(token)
    }

    /// The session of a cookie, if it lasts.
    pub(super) fn of(&self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        let mut all = self.all();
        let session = all.get_mut(&id(token)).filter(|session| session.lasts(now))?;
        session.seen = now;
        Some(session.clone())
    }

    /// Whether a session lasts, without that anybody used it by asking.
    pub(super) fn lasts(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.all().get(&id(token)).is_some_and(|session| session.lasts(now))
    }

    /// What is to be said once. It is not said again.
    pub(super) fn flash(&self, token: &str) -> Option<Flash> {
        self.all().get_mut(&id(token))?.flash.take()
    }

    pub(super) fn say(&self, token: &str, flash: Flash) {
        if let Some(session) = self.all().get_mut(&id(token)) {
            session.flash = Some(flash);
        }
    }

    pub(super) fn speak(&self, token: &str, lang: Lang) {
        if let Some(session) = self.all().get_mut(&id(token)) {
            session.lang = Some(lang);
        }
    }

    pub(super) fn end(&self, token: &str) {
        self.all().remove(&id(token));
    }
}

impl Session {
    fn lasts(&self, now: DateTime<Utc>) -> bool {
        now - self.seen < IDLE && now - self.begun < LIFE
    }
}

fn id(token: &str) -> Id {
    Sha256::digest(token.as_bytes()).into()
}

/// Hex digits that nobody can guess.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Whether two secrets are the same. Their hashes are compared, so the time tells nothing of either.
pub(super) fn same(one: &str, other: &str) -> bool {
    id(one) == id(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_after_its_life() {
        let sessions = Sessions::default();
        let token = sessions.begin("nuala", at(0)).unwrap();
        assert_eq!(sessions.of(&token, at(119)).map(|session| session.user), Some("nuala".to_owned()));
        assert!(sessions.of("another", at(119)).is_none());
        assert!(sessions.of(&token, at(119 + 120)).is_none(), "idle");
        let token = sessions.begin("nuala", at(0)).unwrap();
        for hour in 1..12 {
            assert!(sessions.of(&token, at(hour * 60)).is_some());
        }
        assert!(sessions.of(&token, at(12 * 60)).is_none(), "its life is over");
        let token = sessions.begin("nuala", at(0)).unwrap();
        sessions.end(&token);
        assert!(sessions.of(&token, at(1)).is_none());
    }

    #[test]
    fn what_is_said_is_said_once() {
        let sessions = Sessions::default();
        let token = sessions.begin("nuala", at(0)).unwrap();
        sessions.say(&token, Flash::good("done".to_owned()));
        assert_eq!(sessions.flash(&token), Some(Flash::good("done".to_owned())));
        assert_eq!(sessions.flash(&token), None);
    }
}

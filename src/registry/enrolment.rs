//! A connection as it is stored, with how far its schedule has been seen to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Broken, Connection};
use crate::id::SyncKey;
use crate::schedule::{Fire, ScheduleError, Timetable};

/// A connection, and up to when its fires are settled.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
/// use tripartite::registry::{Connection, Enrolment};
/// let midnight = DateTime::<Utc>::UNIX_EPOCH;
/// let connection = Connection::new(ConnectorId::new("federation")?, "The federation", PolicyRef::new("members")?)
///     .org(OrgId::new("ballybeg")?, ExternalId::new("F-17")?, midnight);
/// let enrolment = Enrolment::new(connection, midnight)?;
/// assert_eq!(enrolment.due()?, Some(midnight + TimeDelta::minutes(135))); // 02:15 UTC
/// // Two nights that nobody was there for: one fire, the newest, stands for both.
/// let (fires, settled) = enrolment.fire(midnight + TimeDelta::days(2))?;
/// assert_eq!((fires.len(), fires[0].at), (1, midnight + TimeDelta::minutes(24 * 60 + 135)));
/// assert!(settled.fire(midnight + TimeDelta::days(2))?.0.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    connection: Connection,
    through: DateTime<Utc>,
}

impl Enrolment {
    /// A connection that runs from now on: fires of before are none of its business.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable.
    pub fn new(connection: Connection, now: DateTime<Utc>) -> Result<Self, ScheduleError> {
        Timetable::new(&connection.schedule)?;
        Ok(Self { connection, through: now })
    }

    /// The connection as somebody has edited it. What it did not fire for until now it does not make up for, unless it
    /// ran before and has the same schedule still.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable.
    pub fn edited(self, connection: Connection, now: DateTime<Utc>) -> Result<Self, ScheduleError> {
        let same = self.connection.runs() && connection.runs() && self.connection.schedule == connection.schedule;
        let through = if same { self.through } else { now.max(self.through) };
        Ok(Self { through, ..Self::new(connection, now)? })
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Checks an enrolment that came back from storage.
    ///
    /// # Errors
    /// [`Broken`], when it is of a later format.
    pub fn check(&self) -> Result<(), Broken> {
        self.connection.check()
    }

    /// When it fires next; never, while it does not run.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable in this build.
    pub fn due(&self) -> Result<Option<DateTime<Utc>>, ScheduleError> {
        let timetable = Timetable::new(&self.connection.schedule)?;
        Ok(timetable.next(self.through).filter(|_| self.connection.runs()))
    }

    /// What fires until now, the oldest first, and the enrolment to store once each of its
    /// [keys](Self::keys) has been triggered for each of them. A clock that went back fires nothing.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable in this build.
    pub fn fire(&self, now: DateTime<Utc>) -> Result<(Vec<Fire>, Self), ScheduleError> {
        let timetable = Timetable::new(&self.connection.schedule)?;
        let due = timetable.due(self.through, now, self.connection.missed);
        let fires = if self.connection.runs() { due.fires } else { Vec::new() };
        Ok((fires, Self { through: due.through.max(self.through), ..self.clone() }))
    }

    /// Takes over what another reading of it has [fired](Self::fire), unless the schedule was edited meanwhile: then it
    /// fires once more, and the triggers know their ids.
    #[must_use = "nothing has happened until the next enrolment is stored"]
    pub fn settled(&self, fired: &Self) -> Self {
        let same = self.connection.schedule == fired.connection.schedule;
        let through = if same { self.through.max(fired.through) } else { self.through };
        Self { through, ..self.clone() }
    }

    /// The keys of those it serves.
    pub fn keys(&self) -> impl Iterator<Item = SyncKey> {
        self.connection.keys()
    }

    /// Notes that a run did what was wanted: [`Connection::succeeded`].
    #[must_use = "nothing has happened until the next enrolment is stored"]
    pub fn succeeded(&self, key: &SyncKey, at: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        next.connection.succeeded(&key.org, at);
        next
    }
}

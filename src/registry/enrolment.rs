//! A connection as it is stored, with the time until which its schedule has fired.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Connection, InvalidEnrolment};
use crate::clock_skew::left_behind;
use crate::id::{OrgId, SyncKey};
use crate::schedule::{Fire, ScheduleError, Timetable};

/// A connection, and up to when its fires are settled.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
/// use tripartite::registry::{Connection, Enrolment};
/// let midnight = DateTime::<Utc>::UNIX_EPOCH;
/// let connection = Connection::new(
///     ConnectorId::new("federation")?,
///     "The federation",
///     PolicyRef::new("members")?,
/// )
/// .org(OrgId::new("ballybeg")?, ExternalId::new("F-17")?, midnight);
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
    /// What was due under a schedule that was changed before it fired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    owed: Vec<Fire>,
}

impl Enrolment {
    /// A connection that runs from now on: fires of before are none of its business.
    ///
    /// [`Enrolment`] has an example.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable.
    pub fn new(connection: Connection, now: DateTime<Utc>) -> Result<Self, ScheduleError> {
        Timetable::new(&connection.schedule)?;
        Ok(Self { connection, through: now, owed: Vec::new() })
    }

    /// The connection as somebody has edited it; nothing else of the one before is kept.
    ///
    /// One that ran before, runs still and has the same schedule makes up for what it missed. An interval of the same
    /// length is the same schedule and keeps its anchor, so that declaring it again changes nothing. A changed schedule
    /// begins now, and what was due under the former one still fires. One that is switched off owes nothing.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::registry::{Connection, Enrolment};
    /// let (start, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(9));
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let on = Enrolment::new(connection.clone(), start)?;
    /// connection.enabled = false;
    /// let off = on.clone().edited(connection.clone(), start)?;
    /// connection.enabled = true;
    /// // Switched off for nine nights, it makes up for none of them; had it only been renamed,
    /// // it would fire for one.
    /// assert!(off.edited(connection.clone(), later)?.fire(later)?.0.is_empty());
    /// connection.name = "The Federation".into();
    /// assert_eq!(on.edited(connection, later)?.fire(later)?.0.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable.
    pub fn edited(self, connection: Connection, now: DateTime<Utc>) -> Result<Self, ScheduleError> {
        let mut connection = connection;
        if self.connection.schedule.same_interval(&connection.schedule) {
            connection.schedule = self.connection.schedule.clone();
        }
        let runs = self.connection.runs() && connection.runs();
        if runs && self.connection.schedule == connection.schedule {
            return Ok(Self { through: self.through, owed: self.owed, ..Self::new(connection, now)? });
        }
        let owed = if runs { self.owed_at(now) } else { Vec::new() };
        Ok(Self { through: now.max(self.through), owed, ..Self::new(connection, now)? })
    }

    /// What a change of the schedule leaves to fire: what is due by now, and what was owed by a clock that is ahead of this
    /// one. A former schedule that this build cannot read owes nothing.
    fn owed_at(&self, now: DateTime<Utc>) -> Vec<Fire> {
        self.fire(now).map(|(fires, rest)| fires.into_iter().chain(rest.owed).collect()).unwrap_or_default()
    }

    /// The time that a clock which was ahead has settled it up to, if it is more than ten minutes from now: so far may right
    /// clocks disagree. It fires nothing until then, unless it is [set back](Self::repair_clock_skew).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::registry::{Connection, Enrolment};
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// assert_eq!(Enrolment::new(connection.clone(), ahead)?.ahead(now), Some(ahead));
    /// // the next night is no time from the future
    /// assert_eq!(Enrolment::new(connection, now)?.ahead(now), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ahead(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        left_behind(self.through, None, now)
    }

    /// The enrolment, settled up to a clock that is right: one that was once far ahead has settled what is still to come. Of
    /// what has fired already, the slots know the ids.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::registry::{Connection, Enrolment};
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(3650));
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let (_, fired) = Enrolment::new(connection, now)?.fire(ahead)?;
    /// assert!(fired.due()? > Some(ahead)); // ten years without a night
    /// assert_eq!(fired.repair_clock_skew(now).due()?, Some(now + TimeDelta::minutes(135)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "nothing has happened until the next enrolment is stored"]
    pub fn repair_clock_skew(&self, now: DateTime<Utc>) -> Self {
        let owed = self.owed.iter().filter(|fire| fire.at <= now).cloned().collect();
        Self { through: self.through.min(now), owed, ..self.clone() }
    }

    /// The connection.
    ///
    /// [`succeeded`](Self::succeeded) has an example.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Checks an enrolment that came back from storage.
    ///
    /// [`Connection::check`] has an example.
    ///
    /// # Errors
    /// [`InvalidEnrolment`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidEnrolment> {
        self.connection.check()
    }

    /// When it fires next; never, while it does not run.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::registry::{Connection, Enrolment};
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let enrolment = Enrolment::new(connection.clone(), DateTime::UNIX_EPOCH)?;
    /// assert!(enrolment.due()?.is_some()); // also while it serves nobody
    /// connection.enabled = false;
    /// assert_eq!(enrolment.edited(connection, DateTime::UNIX_EPOCH)?.due()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable in this build.
    pub fn due(&self) -> Result<Option<DateTime<Utc>>, ScheduleError> {
        let timetable = Timetable::new(&self.connection.schedule)?;
        let next = self.owed.first().map(|fire| fire.at).or_else(|| timetable.next(self.through));
        Ok(next.filter(|_| self.connection.runs()))
    }

    /// What fires until now, the oldest first, and the enrolment to store once each of its
    /// [keys](Self::keys) has been triggered for each of them. A clock that went back fires nothing.
    ///
    /// [`Enrolment`] has an example.
    ///
    /// # Errors
    /// [`ScheduleError`], when its schedule can have no timetable in this build.
    pub fn fire(&self, now: DateTime<Utc>) -> Result<(Vec<Fire>, Self), ScheduleError> {
        let timetable = Timetable::new(&self.connection.schedule)?;
        let due = timetable.due(self.through, now, self.connection.missed);
        if !self.connection.runs() {
            return Ok((Vec::new(), Self { through: due.through.max(self.through), owed: Vec::new(), ..self.clone() }));
        }
        let (owed, left): (Vec<_>, Vec<_>) = self.owed.iter().cloned().partition(|fire| fire.at <= now);
        let fires = owed.into_iter().chain(due.fires).collect();
        Ok((fires, Self { through: due.through.max(self.through), owed: left, ..self.clone() }))
    }

    /// Takes over what another reading of it has [fired](Self::fire): its fires, and the enrolment that came with them. If
    /// the schedule was edited meanwhile, it is settled no further; it may fire once more, and the triggers know their ids.
    ///
    /// Nothing that is due moves to an earlier time by this, and nothing is lost: what it owes it owes still, but for those
    /// fires.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::registry::{Connection, Enrolment};
    /// let (start, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(1));
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let read = Enrolment::new(connection.clone(), start)?;
    /// let (fires, fired) = read.fire(later)?;
    /// // Somebody changed the name while the triggers were made: the name and the fire are both
    /// // kept.
    /// connection.name = "The Federation".into();
    /// let settled = read.edited(connection, later)?.settled(&fires, &fired);
    /// assert_eq!(settled.connection().name, "The Federation");
    /// assert!(settled.fire(later)?.0.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "nothing has happened until the next enrolment is stored"]
    pub fn settled(&self, fires: &[Fire], fired: &Self) -> Self {
        let same = self.connection.schedule == fired.connection.schedule;
        let through = if same { self.through.max(fired.through) } else { self.through };
        // Not what the other reading owes: somebody with a clock that is ahead may have fired that since.
        let owed = self.owed.iter().filter(|fire| !fires.contains(fire)).cloned().collect();
        Self { through, owed, ..self.clone() }
    }

    /// The keys of those it serves.
    ///
    /// [`Connection::keys`] has an example.
    pub fn keys(&self) -> impl Iterator<Item = SyncKey> {
        self.connection.keys()
    }

    /// Notes that a run did what was wanted: [`Connection::succeeded`].
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::id::SyncKey;
    /// use tripartite::registry::{Connection, Enrolment};
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let enrolment = Enrolment::new(connection, DateTime::UNIX_EPOCH)?;
    /// let key = SyncKey { org: "gone".parse()?, connector: "federation".parse()? };
    /// // A run that was under way when its organisation left ends without a trace here.
    /// assert_eq!(
    ///     enrolment.succeeded(&key, DateTime::UNIX_EPOCH).connection(),
    ///     enrolment.connection()
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "nothing has happened until the next enrolment is stored"]
    pub fn succeeded(&self, key: &SyncKey, at: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        next.connection.succeeded(&key.org, at);
        next
    }

    /// Adds the success that the health of an organisation has, if the organisation was connected by then.
    pub(crate) fn note_success(&mut self, org: &OrgId, at: DateTime<Utc>) {
        if self.connection.orgs.get(org).is_some_and(|connected| connected.enabled_at <= at) {
            self.connection.succeeded(org, at);
        }
    }
}

//! Schedules: when a run is due by the clock, as a pure function of the time before.
//!
//! A [`Schedule`] is plain data, for a configuration. A [`Timetable`] is a schedule that was checked and compiled. It
//! knows the [`next`](Timetable::next) fire after a point in time, the [`last`](Timetable::last) fire until one, and
//! which fires are [`due`](Timetable::due) after a time without a scheduler. A fire's time is its idempotency id, so
//! two schedulers that both see a fire make one trigger.
//!
//! | schedule | fires |
//! |---|---|
//! | hourly at 15 | in every hour of UTC, 15 minutes past |
//! | daily at 02:15 | every day, at that time of UTC or of a named zone |
//! | weekly on Monday at 06:00 | every week, likewise |
//! | every 90 minutes from an anchor | on that grid, which extends to both sides of the anchor |
//! | cron `0 3 * * 1-5` | as the expression says, on the wall clock of UTC or of a named zone |
//!
//! Named zones and cron expressions need the feature `cron`. Without it they are still read and written, and a
//! timetable of them fails with an error that names the feature.
//!
//! # When clocks change
//!
//! A **fixed** time (daily, weekly, a cron expression that lists its hours) belongs to the day: every day has it once.
//! A **round** time (hourly, interval, a cron expression for every hour or every n hours) belongs to the clock: it
//! fires whenever the clock shows it.
//!
//! | on the wall clock of `Europe/Dublin` | `30 1 * * *` | `*/30 * * * *` |
//! |---|---|---|
//! | the gap: 00:59, then 02:00 | 02:00, the first instant after it | 00:30, 02:00: half an hour passed |
//! | the fold: 01:59, then 01:00 | 01:30, the first of the two | 01:30 and, an hour later, 01:30 |
//!
//! Several fixed times in one gap are one fire. Hourly and interval schedules have no zone: they count elapsed time.
//!
//! # Questions
//!
//! *Why not croner's own rule?* It takes an expression as fixed only if that names a single hour, minute and second. `0
//! 1,13 * * *` would then not run at all at 01:00 on the day of the gap, and twice on the day of the fold. Here croner
//! only says which wall times match, and this module says when those are. (Sources: P. Vixie's cron(8) for the two
//! kinds; the Open Cron Pattern Specification for the expressions.)
//!
//! *Why no fires outside the years 1 to 4998?* Wall clocks at the ends of time overflow, and croner ends at 5000.

mod civil;
#[cfg(feature = "cron")]
mod round;
mod timetable;
mod zone;

use std::time::Duration;

use chrono::{DateTime, NaiveTime, SecondsFormat, Utc, Weekday};
use serde::{Deserialize, Serialize};

pub use timetable::{MAX_CATCH_UP, Timetable};

use crate::id::CommandId;

/// When a run is due, as plain data. A [`Timetable`] computes its fires.
///
/// ```
/// use tripartite::schedule::Schedule;
/// let nightly: Schedule = serde_json::from_str(r#"{"daily": {"at": "02:15:00"}}"#)?;
/// assert_eq!(nightly, Schedule::nightly());
/// // It can be read without the feature; only its timetable needs `cron`.
/// let dublin: Schedule =
///     serde_json::from_str(r#"{"daily": {"at": "02:15:00", "zone": "Europe/Dublin"}}"#)?;
/// assert_ne!(dublin, nightly);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// Every hour of UTC.
    Hourly {
        /// How many minutes past, 0 to 59.
        minute: u8,
    },
    /// Every day.
    Daily {
        /// The time of day, in whole seconds.
        at: NaiveTime,
        /// The IANA name of the time zone; `None` for UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// Every week.
    Weekly {
        /// The day of the week.
        weekday: Weekday,
        /// The time of day, in whole seconds.
        at: NaiveTime,
        /// The IANA name of the time zone; `None` for UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// At a fixed interval.
    Interval {
        /// The interval, in whole seconds, at least one.
        every: Duration,
        /// One point on the grid.
        anchor: DateTime<Utc>,
    },
    /// By a cron expression of five to seven fields (seconds and year optional), or a nickname like `@daily`.
    Cron {
        /// The expression.
        expression: String,
        /// The IANA name of the time zone; `None` for UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
}

impl Schedule {
    /// Whether both are intervals of the same length. The anchors may differ: a host that declares an interval again
    /// may use another one.
    pub(crate) fn same_interval(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Interval { every, .. }, Self::Interval { every: other, .. }) => every == other,
            _ => false,
        }
    }

    /// Daily at 02:15 UTC: after midnight everywhere in Europe, and not on the hour, when many clients call.
    ///
    /// ```
    /// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap_or_default() }
    /// use tripartite::schedule::{Schedule, Timetable};
    /// let timetable = Timetable::new(&Schedule::nightly())?;
    /// // strictly after
    /// assert_eq!(timetable.next(at("2026-11-23T02:15:00Z")), Some(at("2026-11-24T02:15:00Z")));
    /// # Ok::<(), tripartite::schedule::ScheduleError>(())
    /// ```
    pub fn nightly() -> Self {
        let quarter_past_two = chrono::TimeDelta::minutes(2 * 60 + 15);
        Self::Daily { at: NaiveTime::MIN + quarter_past_two, zone: None }
    }
}

/// The policy for fires that no scheduler saw in time.
///
/// [`Timetable::due`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missed {
    /// One fire, the newest, stands for all.
    #[default]
    Coalesce,
    /// Each of the newest `at_most` is made up for; never more than [`MAX_CATCH_UP`].
    CatchUp {
        /// How many.
        at_most: u32,
    },
    /// None is made up for, except one that is so recent that it was not missed.
    Skip {
        /// How late a fire may be. It must be longer than the time between two checks.
        grace: Duration,
    },
}

/// One time at which a schedule fires.
///
/// ```
/// use tripartite::schedule::Fire;
/// let fire = Fire::new("2026-11-23T02:15:00Z".parse()?);
/// assert_eq!(fire.id.as_str(), "fire/2026-11-23T02:15:00Z");
/// // the same instant is the same fire
/// assert_eq!(fire, Fire::new("2026-11-23T03:15:00+01:00".parse()?));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fire {
    /// When it fires.
    pub at: DateTime<Utc>,
    /// The id of its [trigger](crate::id::CommandId), so that a second trigger for the same fire is recognised.
    pub id: CommandId,
}

impl Fire {
    /// The fire at a point in time.
    ///
    /// [`Fire`] has an example.
    pub fn new(at: DateTime<Utc>) -> Self {
        let id = format!("fire/{}", at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let id = CommandId::new(id).expect("a time as text is not empty, not long, and has no control characters");
        Self { at, id }
    }
}

/// Which fires are due.
///
/// [`Timetable::due`] has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a fire that is not triggered is lost once `through` is stored"]
#[non_exhaustive]
pub struct DueFires {
    /// The fires to trigger, the oldest first.
    pub fires: Vec<Fire>,
    /// The `since` of the next check, to be stored once the fires are triggered. All fires until then are settled.
    pub through: DateTime<Utc>,
}

/// Why a schedule has no timetable.
///
/// ```
/// use tripartite::schedule::{Schedule, ScheduleError, Timetable};
/// let error = Timetable::new(&Schedule::Hourly { minute: 60 });
/// assert_eq!(error.err(), Some(ScheduleError::Minute { found: 60 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// There is no such minute.
    #[error("a minute of the hour is 0 to 59, this one is {found}")]
    Minute {
        /// The minute.
        found: u8,
    },
    /// The time of day is not a whole second.
    #[error("a time of day is in whole seconds, this one is {found}")]
    SubSecond {
        /// The time.
        found: NaiveTime,
    },
    /// The interval is shorter than one second, not in whole seconds, or too long.
    #[error("an interval is a number of whole seconds, at least one, this one is {found:?}")]
    Interval {
        /// The interval.
        found: Duration,
    },
    /// There is no such time zone.
    #[error("no time zone is called {name:?}")]
    Zone {
        /// The name.
        name: String,
    },
    /// This build knows no time zone but UTC.
    #[error("the time zone {name:?} needs the feature `cron`, without it there is only UTC")]
    OnlyUtc {
        /// The name.
        name: String,
    },
    /// This build knows no cron expressions.
    #[error("the cron expression {expression:?} needs the feature `cron`")]
    NoCron {
        /// The expression.
        expression: String,
    },
    /// The text is not a cron expression.
    #[error("{expression:?} is not a cron expression: {why}")]
    Cron {
        /// The expression.
        expression: String,
        /// What is wrong with it.
        why: String,
    },
    /// The cron expression names a day that never comes, such as 30 February.
    #[error("the cron expression {expression:?} never fires")]
    Never {
        /// The expression.
        expression: String,
    },
}

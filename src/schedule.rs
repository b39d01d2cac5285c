//! Schedules: when a run is due by the clock, as a pure function of the time before.
//!
//! A [`Schedule`] is plain data, as a configuration has it. A [`Timetable`] is one that was checked and compiled, once;
//! it knows the [`next`](Timetable::next) fire after a point in time, the [`last`](Timetable::last) until one, and
//! which fires are [`due`](Timetable::due) after a time without a scheduler. A fire's time is its idempotency id: two
//! schedulers that both see it make one trigger.
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
//! timetable of them is a precise error.
//!
//! # When clocks change
//!
//! A **fixed** time (daily, weekly, a cron expression that lists its hours) belongs to the day: every day has it once.
//! What comes **round** (hourly, interval, a cron expression for every hour, or every so many) belongs to the clock.
//!
//! | on the wall clock of `Europe/Dublin` | `30 1 * * *` | `*/30 * * * *` |
//! |---|---|---|
//! | the gap: 00:59, then 02:00 | 02:00, the first instant after it | 00:30, 02:00: half an hour passed |
//! | the fold: 01:59, then 01:00 | 01:30, the first of the two | 01:30 and, an hour later, 01:30 |
//!
//! Several fixed times in one gap are one fire. Hourly and interval schedules have no zone: they are in elapsed time.
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

/// When something is to run, as plain data. Make it a [`Timetable`] to ask it anything.
///
/// ```
/// use tripartite::schedule::Schedule;
/// let nightly: Schedule = serde_json::from_str(r#"{"daily": {"at": "02:15:00"}}"#)?;
/// assert_eq!(nightly, Schedule::nightly());
/// // It is read whatever the features; only a timetable of it needs `cron`.
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
        /// When, in whole seconds.
        at: NaiveTime,
        /// By which clock: the IANA name of a time zone; UTC when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// Every week.
    Weekly {
        /// On which day.
        weekday: Weekday,
        /// When, in whole seconds.
        at: NaiveTime,
        /// By which clock: the IANA name of a time zone; UTC when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// Every so often.
    Interval {
        /// How often, in whole seconds, at least one.
        every: Duration,
        /// One point on the grid.
        anchor: DateTime<Utc>,
    },
    /// By a cron expression of five to seven fields (seconds and year optional), or a nickname like `@daily`.
    Cron {
        /// The expression.
        expression: String,
        /// By which clock: the IANA name of a time zone; UTC when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
}

impl Schedule {
    /// Whether both fire every so often, as often as each other: an anchor is only where the grid lies, and who declares an
    /// interval anew anchors it where they are.
    pub(crate) fn same_interval(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Interval { every, .. }, Self::Interval { every: other, .. }) => every == other,
            _ => false,
        }
    }

    /// Daily at 02:15 UTC: after midnight everywhere in Europe, and not on the hour, when everybody calls.
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

/// What becomes of fires that nobody was there for.
///
/// [`Timetable::due`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missed {
    /// One fire, the newest, stands for all.
    #[default]
    Coalesce,
    /// Each is made up for, the newest `at_most`; never more than [`MAX_CATCH_UP`].
    CatchUp {
        /// How many.
        at_most: u32,
    },
    /// None is, unless it is so recent that it was not missed.
    Skip {
        /// How late a fire may be. It must be longer than the time between two looks at the clock.
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
pub struct Fire {
    /// When it fires.
    pub at: DateTime<Utc>,
    /// The id for the [trigger](crate::id::CommandId) it makes, so that a second one for the same fire is recognised.
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
pub struct DueFires {
    /// The fires to trigger, the oldest first.
    pub fires: Vec<Fire>,
    /// Up to when all is settled: the `since` of the next look, to be stored once the fires are triggered.
    pub through: DateTime<Utc>,
}

/// Why a schedule cannot be a timetable.
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
    /// The interval is not at least one whole second, or longer than time itself.
    #[error("an interval is a number of whole seconds, at least one, this one is {found:?}")]
    Interval {
        /// The interval.
        found: Duration,
    },
    /// There is no such time zone.
    #[error("no time zone is called {name:?}")]
    Zone {
        /// What it was called.
        name: String,
    },
    /// This build knows no time zone but UTC.
    #[error("the time zone {name:?} needs the feature `cron`, without it there is only UTC")]
    OnlyUtc {
        /// What it is called.
        name: String,
    },
    /// This build knows no cron expressions.
    #[error("the cron expression {expression:?} needs the feature `cron`")]
    NoCron {
        /// The expression.
        expression: String,
    },
    /// The cron expression is none.
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

//! A timetable: a schedule that was checked and compiled, with its next, last and due fires.

use std::iter;
use std::time::Duration;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::civil::{self, Civil};
use super::zone::Zone;
use super::{DueFires, Fire, Missed, Schedule, ScheduleError};

/// The most fires that are made up for at once, under every policy. It bounds the work of one check.
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tripartite::schedule::{MAX_CATCH_UP, Missed, Schedule, Timetable};
/// let hourly = Timetable::new(&Schedule::Hourly { minute: 0 })?;
/// let (since, now) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
/// let due = hourly.due(since, now, Missed::CatchUp { at_most: u32::MAX });
/// assert_eq!(due.fires.len(), MAX_CATCH_UP as usize);
/// assert_eq!(due.through, now); // the older ones are settled, and never made up for
/// # Ok::<(), tripartite::schedule::ScheduleError>(())
/// ```
pub const MAX_CATCH_UP: u32 = 1000;

/// A compiled schedule. Compile it once: parsing a cron expression takes a thousand times as long as computing a fire.
///
/// ```
/// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap_or_default() }
/// use tripartite::schedule::{Schedule, Timetable};
/// let hourly = Timetable::new(&Schedule::Hourly { minute: 15 })?;
/// let fire = at("2026-11-23T10:15:00Z");
/// assert_eq!(hourly.next(fire), Some(at("2026-11-23T11:15:00Z"))); // strictly after
/// assert_eq!(hourly.last(fire), Some(fire)); // `last` includes the time itself
/// # Ok::<(), tripartite::schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Timetable(Rule);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// A fixed number of seconds of elapsed time.
    Grid { seconds: i64, anchor: DateTime<Utc> },
    /// Each wall time once.
    Fixed { civil: Civil, zone: Zone },
    /// Each wall time as often as the clock shows it.
    #[cfg(feature = "cron")]
    Round { civil: Civil, zone: Zone },
}

impl Timetable {
    /// Checks and compiles a schedule.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chrono::DateTime;
    /// use tripartite::schedule::{Schedule, ScheduleError, Timetable};
    /// let every = Duration::from_millis(1500); // times of day and grids are in whole seconds
    /// let schedule = Schedule::Interval { every, anchor: DateTime::UNIX_EPOCH };
    /// assert_eq!(Timetable::new(&schedule), Err(ScheduleError::Interval { found: every }));
    /// ```
    ///
    /// # Errors
    /// [`ScheduleError`] when the schedule is invalid, or needs the feature `cron` and this build does not have it.
    pub fn new(schedule: &Schedule) -> Result<Self, ScheduleError> {
        let fixed = |civil, zone: &Option<String>| Ok(Rule::Fixed { civil, zone: Zone::named(zone.as_deref())? });
        match schedule {
            Schedule::Hourly { minute } => hourly(*minute),
            Schedule::Daily { at, zone } => fixed(Civil::Daily(civil::whole(*at)?), zone),
            Schedule::Weekly { weekday, at, zone } => fixed(Civil::Weekly(*weekday, civil::whole(*at)?), zone),
            Schedule::Interval { every, anchor } => interval(*every, *anchor),
            Schedule::Cron { expression, zone } => cron(expression, zone.as_deref()),
        }
        .map(Self)
    }

    /// The first fire strictly after a point in time; `None` if there is none in the years 1 to 4998.
    ///
    /// ```
    /// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap_or_default() }
    /// # #[cfg(feature = "cron")] {
    /// use tripartite::schedule::{Schedule, Timetable};
    /// let cron = Schedule::Cron {
    ///     expression: "30 1 * * *".into(),
    ///     zone: Some("Europe/Dublin".into()),
    /// };
    /// let timetable = Timetable::new(&cron)?;
    /// // On 29 March 2026 there is no 01:30 in Dublin: the clock goes from 00:59 to 02:00, which
    /// // is 01:00 UTC.
    /// let night = at("2026-03-29T00:00:00Z");
    /// assert_eq!(timetable.next(night), Some(at("2026-03-29T01:00:00Z")));
    /// // On 25 October the clock shows it twice, and it fires once.
    /// let night = at("2026-10-25T00:00:00Z");
    /// assert_eq!(timetable.next(night), Some(at("2026-10-25T00:30:00Z")));
    /// assert_eq!(timetable.next(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    /// # }
    /// # Ok::<(), tripartite::schedule::ScheduleError>(())
    /// ```
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = in_time(after)?;
        match &self.0 {
            Rule::Grid { seconds, anchor } => on_grid(*anchor, steps(*anchor, *seconds, after) + 1, *seconds),
            Rule::Fixed { civil, zone } => civil.after(zone.reached(after)).and_then(|wall| zone.first(wall)),
            #[cfg(feature = "cron")]
            Rule::Round { civil, zone } => super::round::next(civil, *zone, after),
        }
    }

    /// The last fire until a point in time (inclusive); `None` if there is none in the years 1 to 4998.
    ///
    /// ```
    /// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap_or_default() }
    /// use tripartite::schedule::{Schedule, Timetable};
    /// let anchor = at("2026-11-23T00:00:00Z");
    /// let every = std::time::Duration::from_secs(90 * 60);
    /// let timetable = Timetable::new(&Schedule::Interval { every, anchor })?;
    /// // The grid extends to before the anchor.
    /// assert_eq!(timetable.last(at("2026-11-22T23:59:59Z")), Some(at("2026-11-22T22:30:00Z")));
    /// # Ok::<(), tripartite::schedule::ScheduleError>(())
    /// ```
    pub fn last(&self, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = in_time(until)?;
        match &self.0 {
            Rule::Grid { seconds, anchor } => on_grid(*anchor, steps(*anchor, *seconds, until), *seconds),
            Rule::Fixed { civil, zone } => civil.upto(zone.reached(until)).and_then(|wall| zone.first(wall)),
            #[cfg(feature = "cron")]
            Rule::Round { civil, zone } => super::round::last(civil, *zone, until),
        }
    }

    /// The fires that are due: those after `since` and until `now`, without those that the policy for missed fires
    /// leaves out.
    ///
    /// `since` is the [`through`](DueFires::through) of the last check, or, for the first one, the time at which the
    /// schedule was enabled. If `now` is not after `since`, nothing is due. The work depends on the number of returned
    /// fires, not on the time since the last check.
    ///
    /// ```
    /// use std::time::Duration;
    /// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap_or_default() }
    /// use tripartite::schedule::{Missed, Schedule, Timetable};
    /// let timetable = Timetable::new(&Schedule::nightly())?;
    /// // No scheduler ran for three nights.
    /// let (since, now) = (at("2026-11-20T02:15:00Z"), at("2026-11-23T09:00:00Z"));
    /// let count = |missed| timetable.due(since, now, missed).fires.len();
    /// assert_eq!(count(Missed::Coalesce), 1);
    /// assert_eq!(count(Missed::CatchUp { at_most: 2 }), 2);
    /// assert_eq!(count(Missed::CatchUp { at_most: 9 }), 3);
    /// assert_eq!(count(Missed::Skip { grace: Duration::from_secs(300) }), 0);
    /// // All fires until now are settled under each policy.
    /// let through = timetable.due(since, now, Missed::Coalesce).through;
    /// assert!(timetable.due(through, now, Missed::Coalesce).fires.is_empty());
    /// # Ok::<(), tripartite::schedule::ScheduleError>(())
    /// ```
    pub fn due(&self, since: DateTime<Utc>, now: DateTime<Utc>, missed: Missed) -> DueFires {
        let newest = self.last(now).filter(|at| *at > since);
        let at_most = match missed {
            Missed::Coalesce | Missed::Skip { .. } => 1,
            Missed::CatchUp { at_most } => at_most.min(MAX_CATCH_UP),
        };
        let mut fires: Vec<Fire> = iter::successors(newest, |at| self.last(*at - TimeDelta::nanoseconds(1)))
            .take_while(|at| *at > since)
            .take(at_most as usize)
            .map(Fire::new)
            .collect();
        if let Missed::Skip { grace } = missed {
            fires.retain(|fire| (now - fire.at).to_std().is_ok_and(|late| late <= grace));
        }
        fires.reverse();
        DueFires { fires, through: newest.unwrap_or(since) }
    }
}

fn hourly(minute: u8) -> Result<Rule, ScheduleError> {
    if minute > 59 {
        return Err(ScheduleError::Minute { found: minute });
    }
    let anchor = DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::from(minute));
    Ok(Rule::Grid { seconds: 60 * 60, anchor })
}

fn interval(every: Duration, anchor: DateTime<Utc>) -> Result<Rule, ScheduleError> {
    let whole = every.subsec_nanos() == 0 && every.as_secs() > 0;
    match TimeDelta::from_std(every) {
        Ok(span) if whole => Ok(Rule::Grid { seconds: span.num_seconds(), anchor }),
        _ => Err(ScheduleError::Interval { found: every }),
    }
}

#[cfg(feature = "cron")]
fn cron(expression: &str, zone: Option<&str>) -> Result<Rule, ScheduleError> {
    let zone = Zone::named(zone)?;
    let (civil, round) = civil::cron(expression)?;
    Ok(if round { Rule::Round { civil, zone } } else { Rule::Fixed { civil, zone } })
}

#[cfg(not(feature = "cron"))]
fn cron(expression: &str, _zone: Option<&str>) -> Result<Rule, ScheduleError> {
    Err(ScheduleError::NoCron { expression: expression.to_owned() })
}

/// A point in time, if wall clocks can show it.
fn in_time(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1..=4998).contains(&at.year()).then_some(at)
}

/// How many whole steps a point in time is from the anchor, rounded down.
fn steps(anchor: DateTime<Utc>, seconds: i64, at: DateTime<Utc>) -> i64 {
    let span = at - anchor;
    let truncated = span.num_seconds();
    let whole = if TimeDelta::seconds(truncated) > span { truncated - 1 } else { truncated };
    whole.div_euclid(seconds)
}

fn on_grid(anchor: DateTime<Utc>, steps: i64, seconds: i64) -> Option<DateTime<Utc>> {
    let span = TimeDelta::try_seconds(steps.checked_mul(seconds)?)?;
    anchor.checked_add_signed(span).and_then(in_time)
}

//! Wall times at which a schedule fires, without a time zone.

use chrono::{Days, NaiveDateTime, NaiveTime, Timelike, Weekday};

use super::ScheduleError;

/// A rule for wall times.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Civil {
    Daily(NaiveTime),
    Weekly(Weekday, NaiveTime),
    #[cfg(feature = "cron")]
    Cron(Box<croner::Cron>),
}

impl Civil {
    /// The first of them that is later than a wall time.
    pub(super) fn after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Self::Daily(at) => Self::grid(wall.date().and_time(*at), wall, 1),
            Self::Weekly(weekday, at) => {
                let day = wall.date().week(*weekday).checked_first_day()?;
                Self::grid(day.and_time(*at), wall, 7)
            }
            #[cfg(feature = "cron")]
            Self::Cron(cron) => cron.find_next_occurrence(&wall, false).ok(),
        }
    }

    /// The last of them that is not later than a wall time.
    pub(super) fn upto(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Self::Daily(at) => Self::back(wall.date().and_time(*at), wall, 1),
            Self::Weekly(weekday, at) => {
                let day = wall.date().week(*weekday).checked_first_day()?;
                Self::back(day.and_time(*at), wall, 7)
            }
            #[cfg(feature = "cron")]
            Self::Cron(cron) => cron.find_previous_occurrence(&wall, true).ok(),
        }
    }

    /// A wall time on a grid of days, or the next one on the grid if it is not later than `wall`.
    fn grid(point: NaiveDateTime, wall: NaiveDateTime, days: u64) -> Option<NaiveDateTime> {
        if point > wall { Some(point) } else { point.checked_add_days(Days::new(days)) }
    }

    fn back(point: NaiveDateTime, wall: NaiveDateTime, days: u64) -> Option<NaiveDateTime> {
        if point <= wall { Some(point) } else { point.checked_sub_days(Days::new(days)) }
    }
}

/// A time of day in whole seconds.
pub(super) fn whole(at: NaiveTime) -> Result<NaiveTime, ScheduleError> {
    if at.nanosecond() == 0 { Ok(at) } else { Err(ScheduleError::SubSecond { found: at }) }
}

/// A checked cron expression, and whether its times are round: it names every hour or every n hours, and does not list
/// hours.
#[cfg(feature = "cron")]
pub(super) fn cron(expression: &str) -> Result<(Civil, bool), ScheduleError> {
    let wrong = |why: String| ScheduleError::Cron { expression: expression.to_owned(), why };
    if expression.len() > 256 {
        return Err(wrong(format!("it has {} bytes, more than 256", expression.len())));
    }
    let cron = expression.parse::<croner::Cron>().map_err(|error| wrong(error.to_string()))?;
    let epoch = chrono::DateTime::UNIX_EPOCH.naive_utc();
    if cron.find_next_occurrence(&epoch, true).is_err() {
        return Err(ScheduleError::Never { expression: expression.to_owned() });
    }
    let fields: Vec<&str> = cron.pattern.as_str().split_whitespace().collect();
    let hours = fields.get(if fields.len() == 5 { 1 } else { 2 });
    let every = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
    let round = every || hours.is_some_and(|hours| hours.contains('*'));
    Ok((Civil::Cron(Box::new(cron)), round))
}

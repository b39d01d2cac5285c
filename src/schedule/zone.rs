//! Time zones: which wall time an instant shows, and at which instants a wall time is shown.

use chrono::{DateTime, NaiveDateTime, Utc};
#[cfg(feature = "cron")]
use chrono::{MappedLocalTime, Offset, TimeDelta, TimeZone};

use super::ScheduleError;

/// The zone of a wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Utc,
    #[cfg(feature = "cron")]
    Named(chrono_tz::Tz),
}

/// A stretch of wall time that is shown twice.
#[cfg(feature = "cron")]
pub(super) struct Fold {
    /// Its first wall time.
    pub(super) begin: NaiveDateTime,
    /// The first wall time after it.
    pub(super) end: NaiveDateTime,
    /// Whether the given instant is in its first showing.
    pub(super) first: bool,
}

/// The instants at which a wall time is shown.
#[cfg(feature = "cron")]
pub(super) enum Shown {
    Once(DateTime<Utc>),
    Twice(DateTime<Utc>, DateTime<Utc>),
    /// Never: the first wall time of the gap, and the first instant after it.
    Never(NaiveDateTime, DateTime<Utc>),
}

impl Zone {
    pub(super) fn named(name: Option<&str>) -> Result<Self, ScheduleError> {
        match name {
            None | Some("UTC") => Ok(Self::Utc),
            #[cfg(feature = "cron")]
            Some(name) => match name.parse() {
                Ok(zone) => Ok(Self::Named(zone)),
                Err(_) => Err(ScheduleError::Zone { name: name.to_owned() }),
            },
            #[cfg(not(feature = "cron"))]
            Some(name) => Err(ScheduleError::OnlyUtc { name: name.to_owned() }),
        }
    }

    /// The latest wall time shown until an instant. In the second showing of a fold this is the end of the first.
    pub(super) fn reached(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Utc => at.naive_utc(),
            #[cfg(feature = "cron")]
            Self::Named(_) => match self.fold(at) {
                Some(Fold { first: false, end, .. }) => end - TimeDelta::nanoseconds(1),
                _ => self.wall(at),
            },
        }
    }

    /// The first instant at which a wall time, or a later one, is shown.
    pub(super) fn first(self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Utc => Some(wall.and_utc()),
            #[cfg(feature = "cron")]
            Self::Named(_) => self.shown(wall).map(|shown| match shown {
                Shown::Once(at) | Shown::Twice(at, _) | Shown::Never(_, at) => at,
            }),
        }
    }
}

#[cfg(feature = "cron")]
impl Zone {
    /// The wall time at an instant.
    pub(super) fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Utc => at.naive_utc(),
            Self::Named(zone) => at.with_timezone(&zone).naive_local(),
        }
    }

    /// The instants at which the clock shows a wall time.
    pub(super) fn shown(self, wall: NaiveDateTime) -> Option<Shown> {
        let Self::Named(zone) = self else { return Some(Shown::Once(wall.and_utc())) };
        match zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(at) => Some(Shown::Once(at.to_utc())),
            MappedLocalTime::Ambiguous(first, second) => Some(Shown::Twice(first.to_utc(), second.to_utc())),
            MappedLocalTime::None => {
                let gap = chrono_tz::GapInfo::new(&wall, &zone)?;
                Some(Shown::Never(gap.begin?.0, gap.end?.to_utc()))
            }
        }
    }

    /// The fold that a point in time is in, if it is in one.
    pub(super) fn fold(self, at: DateTime<Utc>) -> Option<Fold> {
        let Self::Named(zone) = self else { return None };
        let Some(Shown::Twice(first, second)) = self.shown(self.wall(at)) else { return None };
        let offset = |seconds: i64| {
            let at = DateTime::from_timestamp(seconds, 0)?;
            Some(zone.offset_from_utc_datetime(&at.naive_utc()).fix())
        };
        // The clock goes back somewhere between the two: the offset is the old one up to there.
        let (mut old, mut new) = (first.timestamp(), second.timestamp());
        let before = offset(old);
        while new - old > 1 {
            let middle = old + (new - old) / 2;
            if offset(middle) == before {
                old = middle;
            } else {
                new = middle;
            }
        }
        let begin = self.wall(DateTime::from_timestamp(new, 0)?);
        Some(Fold { begin, end: begin + (second - first), first: at == first })
    }
}

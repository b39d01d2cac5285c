//! Round schedules: they fire whenever the wall clock shows a matching time, twice if it shows it twice.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::civil::Civil;
use super::zone::{Shown, Zone};

/// Wall times are searched in whole seconds.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// The first instant after `after` that shows a matching time.
pub(super) fn next(civil: &Civil, zone: Zone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let ahead = ahead(civil, zone, zone.wall(after), after);
    // In the first showing of a fold, the second one is still to come, and its wall times are earlier.
    let again = zone.fold(after).filter(|fold| fold.first).and_then(|fold| {
        let wall = civil.after(fold.begin - SECOND).filter(|wall| *wall < fold.end)?;
        twice(zone, wall).map(|(_, second)| second)
    });
    [ahead, again].into_iter().flatten().min()
}

/// The last instant until `until` that shows a matching time.
pub(super) fn last(civil: &Civil, zone: Zone, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let behind = behind(civil, zone, zone.wall(until), until);
    // In the second showing of a fold, the first one is in the past, and its wall times may be later.
    let before = zone.fold(until).filter(|fold| !fold.first).and_then(|fold| {
        let wall = civil.upto(fold.end - SECOND).filter(|wall| *wall >= fold.begin)?;
        twice(zone, wall).map(|(first, _)| first)
    });
    [behind, before].into_iter().flatten().max()
}

fn ahead(civil: &Civil, zone: Zone, mut from: NaiveDateTime, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    loop {
        let wall = civil.after(from)?;
        match zone.shown(wall)? {
            Shown::Once(at) if at > after => return Some(at),
            Shown::Twice(first, _) if first > after => return Some(first),
            Shown::Twice(_, second) if second > after => return Some(second),
            Shown::Once(_) | Shown::Twice(..) => from = wall,
            Shown::Never(_, end) => from = zone.wall(end) - SECOND,
        }
    }
}

fn behind(civil: &Civil, zone: Zone, mut from: NaiveDateTime, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    loop {
        let wall = civil.upto(from)?;
        match zone.shown(wall)? {
            Shown::Once(at) if at <= until => return Some(at),
            Shown::Twice(_, second) if second <= until => return Some(second),
            Shown::Twice(first, _) if first <= until => return Some(first),
            Shown::Once(_) | Shown::Twice(..) => from = wall - SECOND,
            Shown::Never(begin, _) => from = begin - SECOND,
        }
    }
}

fn twice(zone: Zone, wall: NaiveDateTime) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match zone.shown(wall)? {
        Shown::Twice(first, second) => Some((first, second)),
        Shown::Once(_) | Shown::Never(..) => None,
    }
}

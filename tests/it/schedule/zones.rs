//! Time zones and cron expressions. The oracle watches the wall clock for every minute of some days and notes when a time
//! that matches is shown: for the fixed times, when it or a later one is shown for the first time.

use std::str::FromStr;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use tripartite::schedule::{MAX_CATCH_UP, Missed, Schedule, Timetable};

use super::{at, timetable};

const ZONES: [&str; 11] = [
    "Europe/Dublin",       // negative summer time
    "America/New_York",    //
    "Australia/Lord_Howe", // half an hour
    "America/Sao_Paulo",   // at midnight, until 2019
    "America/Havana",      // a fold at midnight
    "Africa/Casablanca",   // around Ramadan
    "Asia/Gaza",           //
    "Antarctica/Troll",    // two hours
    "Asia/Kathmandu",      // a quarter of an hour, in 1986
    "Pacific/Apia",        // a day that never was, in 2011
    "UTC",                 //
];

/// The days on which the clock of a zone changes, from 1975 to 2037; some day, where it never does.
static CHANGES: LazyLock<Vec<(&'static str, DateTime<Utc>)>> = LazyLock::new(|| {
    let days = |name: &'static str| {
        let zone: Tz = name.parse().unwrap();
        let wall = move |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() - at.naive_utc();
        let day = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let changes: Vec<_> =
            (1826..24_800).map(day).filter(|at| wall(*at) != wall(*at + TimeDelta::days(1))).collect();
        if changes.is_empty() { vec![(name, day(20_000))] } else { changes.into_iter().map(|at| (name, at)).collect() }
    };
    ZONES.into_iter().flat_map(days).collect()
});

/// A schedule as the oracle knows it.
#[derive(Debug, Clone)]
struct Spec {
    minutes: Vec<u32>,
    /// None: all.
    hours: Option<Vec<u32>>,
    /// None: all.
    days: Option<Vec<u32>>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Cron,
    Daily,
    Weekly,
}

impl Spec {
    fn schedule(&self, zone: &str) -> Schedule {
        let list = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let (hours, days) = (self.hours.as_deref(), self.days.as_deref());
        let zone = Some(zone.to_owned());
        let at = chrono::NaiveTime::from_hms_opt(hours.map_or(0, |h| h[0]), self.minutes[0], 0).unwrap();
        match self.form {
            Form::Daily => Schedule::Daily { at, zone },
            Form::Weekly => {
                let day = days.map_or(0, |d| d[0]) + 6;
                Schedule::Weekly { weekday: Weekday::try_from((day % 7) as u8).unwrap(), at, zone }
            }
            Form::Cron => {
                let (hours, days) = (hours.map_or("*".into(), list), days.map_or("*".into(), list));
                Schedule::Cron { expression: format!("{} {hours} * * {days}", list(&self.minutes)), zone }
            }
        }
    }

    fn matches(&self, wall: NaiveDateTime) -> bool {
        let any = |list: &Option<Vec<u32>>, found| list.as_ref().is_none_or(|list| list.contains(&found));
        self.minutes.contains(&wall.minute())
            && any(&self.hours, wall.hour())
            && any(&self.days, wall.weekday().num_days_from_sunday())
    }

    fn fixed(&self) -> bool {
        self.hours.as_ref().is_some_and(|hours| hours.len() < 24)
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    // Hours around those at which clocks change come up often.
    let hour = || prop_oneof![3 => 0u32..4, 1 => 0u32..24];
    let minute = || prop_oneof![Just(0u32), Just(30), 0u32..60];
    let sorted = |mut list: Vec<u32>| {
        list.sort_unstable();
        list.dedup();
        list
    };
    let cron = (
        prop::collection::vec(minute(), 1..4).prop_map(sorted),
        prop::option::weighted(0.7, prop::collection::vec(hour(), 1..4).prop_map(sorted)),
        prop::option::of(prop::collection::vec(0u32..7, 1..4).prop_map(sorted)),
    )
        .prop_map(|(minutes, hours, days)| Spec { minutes, hours, days, form: Form::Cron });
    let daily = (minute(), hour()).prop_map(|(minute, hour)| Spec {
        minutes: vec![minute],
        hours: Some(vec![hour]),
        days: None,
        form: Form::Daily,
    });
    let weekly = (minute(), hour(), 0u32..7).prop_map(|(minute, hour, day)| Spec {
        minutes: vec![minute],
        hours: Some(vec![hour]),
        days: Some(vec![day]),
        form: Form::Weekly,
    });
    prop_oneof![4 => cron, 1 => daily, 1 => weekly]
}

/// Every fire after `from` and until `to`, by watching the clock.
fn watch(spec: &Spec, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let wall = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let minute = TimeDelta::minutes(1);
    // From long before, so that no fold is cut in half.
    let mut now = from - TimeDelta::days(3);
    let mut shown = wall(now);
    let mut fires = Vec::new();
    while now <= to {
        let fire = if spec.fixed() {
            let new =
                std::iter::successors(Some(shown + minute), |w| Some(*w + minute)).take_while(|w| *w <= wall(now));
            let fire = new.into_iter().any(|wall| spec.matches(wall));
            shown = shown.max(wall(now));
            fire
        } else {
            spec.matches(wall(now))
        };
        if fire && now > from {
            fires.push(now);
        }
        now += minute;
    }
    fires
}

fn place() -> impl Strategy<Value = (&'static str, DateTime<Utc>)> {
    // Zones alike, though some changed their clocks more often than others.
    (prop::sample::select(&ZONES[..]), any::<prop::sample::Index>()).prop_map(|(zone, index)| {
        let days: Vec<_> = CHANGES.iter().filter(|(name, _)| *name == zone).collect();
        *days[index.index(days.len())]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn it_fires_when_a_watched_clock_says_so(
        spec in spec(), (name, day) in place(), seconds in 0i64..86_400, nanos in prop_oneof![Just(0i64), 0i64..1_000_000_000],
        points in prop::collection::vec(0i64..4 * 86_400, 12),
    ) {
        let zone: Tz = name.parse().unwrap();
        let timetable = timetable(&spec.schedule(name));
        let from = day - TimeDelta::days(1) + TimeDelta::seconds(seconds) + TimeDelta::nanoseconds(nanos);
        let to = from + TimeDelta::days(4);
        // The oracle looks at whole minutes only.
        let start = DateTime::from_timestamp(from.timestamp().div_euclid(60) * 60, 0).unwrap();
        let mut expected = watch(&spec, zone, start, to);
        expected.retain(|at| *at > from);

        let fires = std::iter::successors(timetable.next(from), |at| timetable.next(*at));
        prop_assert_eq!(&fires.take_while(|at| *at <= to).collect::<Vec<_>>(), &expected);

        for seconds in points {
            let point = from + TimeDelta::seconds(seconds);
            let next = expected.iter().find(|at| **at > point);
            let last = expected.iter().rfind(|at| **at <= point);
            if let Some(next) = next {
                prop_assert_eq!(timetable.next(point), Some(*next), "after {}", point);
            }
            if let Some(last) = last {
                prop_assert_eq!(timetable.last(point), Some(*last), "until {}", point);
            }
        }
        let due = timetable.due(from, to, Missed::CatchUp { at_most: MAX_CATCH_UP });
        prop_assert_eq!(due.fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_text_is_an_expression_or_an_error(expression in "\\PC{0,40}|[0-9*/,#LW?@+ -]{0,30}") {
        let _ = Timetable::new(&Schedule::Cron { expression, zone: None });
    }
}

fn fires(expression: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let timetable = timetable(&Schedule::Cron { expression: expression.into(), zone: Some(zone.into()) });
    let zone: Tz = zone.parse().unwrap();
    let fires = std::iter::successors(timetable.next(at(from)), |at| timetable.next(*at));
    let fires = fires.take_while(|fire| *fire <= at(to));
    fires.map(|at| zone.from_utc_datetime(&at.naive_utc()).format("%H:%M %Z").to_string()).collect()
}

#[test]
fn gaps_and_folds_by_example() {
    let gap = |expression| fires(expression, "Europe/Dublin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z");
    let fold = |expression| fires(expression, "Europe/Dublin", "2026-10-24T23:59:00Z", "2026-10-25T02:00:00Z");
    // Fixed: each wall time once a day.
    assert_eq!(gap("30 1 * * *"), ["02:00 IST"], "at the first instant after the gap");
    assert_eq!(gap("0,30 1 * * *"), ["02:00 IST"], "two in the gap are one fire");
    assert_eq!(gap("30 1,2 * * *"), ["02:00 IST", "02:30 IST"]);
    assert_eq!(gap("0 1-2 * * *"), ["02:00 IST"], "with one that is due then anyway, one fire");
    assert_eq!(gap("*/15 1 * * *"), ["02:00 IST"], "it is the hours that make it fixed");
    assert_eq!(fold("30 1 * * *"), ["01:30 IST"], "the first of the two");
    assert_eq!(fold("0 1,2 * * *"), ["01:00 IST", "02:00 GMT"]);
    // Round: as often as the clock comes by.
    assert_eq!(gap("30 * * * *"), ["00:30 GMT", "02:30 IST"]);
    assert_eq!(fold("30 * * * *"), ["01:30 IST", "01:30 GMT"]);
    assert_eq!(fold("30 0-23 * * *"), fold("30 * * * *"), "every hour is every hour, however it is written");
    assert_eq!(fold("@hourly"), ["01:00 IST", "01:00 GMT", "02:00 GMT"]);
    assert_eq!(fold("30 59 1 * * *"), ["01:59 IST"], "six fields begin with seconds");
    // Every so many hours is round too, though it names an hour that is shown twice.
    let havana = |expression| fires(expression, "America/Havana", "2026-11-01T03:59:00Z", "2026-11-01T06:00:00Z");
    assert_eq!(havana("30 */12 * * *"), ["00:30 CDT", "00:30 CST"]);
    assert_eq!(havana("30 0,12 * * *"), ["00:30 CDT"]);
    // A day that never was: Samoa went from Thursday 29 to Saturday 31 December 2011.
    let samoa = fires("0 12 * * 5", "Pacific/Apia", "2011-12-28T00:00:00Z", "2011-12-31T12:00:00Z");
    assert_eq!(samoa, ["00:00 +14"]);
}

#[test]
fn croner_alone_loses_and_doubles_a_listed_hour() {
    // Why this crate asks croner for wall times only. When croner's rule changes, this test says so.
    let cron = croner::Cron::from_str("30 1,13 * * *").unwrap();
    let dublin = chrono_tz::Europe::Dublin;
    let alone = |from: &str| cron.find_next_occurrence(&at(from).with_timezone(&dublin), false).unwrap().to_utc();
    let ours = timetable(&Schedule::Cron { expression: "30 1,13 * * *".into(), zone: Some("Europe/Dublin".into()) });
    assert_eq!(alone("2026-03-29T00:00:00Z"), at("2026-03-29T12:30:00Z"), "the fire in the gap is lost");
    assert_eq!(ours.next(at("2026-03-29T00:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
    assert_eq!(alone("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"), "the fire in the fold is doubled");
    assert_eq!(ours.next(at("2026-10-25T00:30:00Z")), Some(at("2026-10-25T13:30:00Z")));
}

#[test]
fn calendar_expressions_by_example() {
    let cases = [
        ("0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 L * *", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("0 9 * * MON#1", "2026-11-23T00:00:00Z", "2026-12-07T09:00:00Z"),
        ("0 9 1W * *", "2026-11-23T00:00:00Z", "2026-12-01T09:00:00Z"),
        ("0 0 13 * 5", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"), // either, as in Vixie's cron
    ];
    for (expression, after, next) in cases {
        let timetable = timetable(&Schedule::Cron { expression: expression.into(), zone: None });
        assert_eq!(timetable.next(at(after)), Some(at(next)), "{expression}");
    }
    let once = timetable(&Schedule::Cron { expression: "0 0 0 1 1 * 2030".into(), zone: None });
    assert_eq!(once.next(at("2026-11-23T00:00:00Z")), Some(at("2030-01-01T00:00:00Z")));
    assert_eq!(once.next(at("2030-01-01T00:00:00Z")), None, "it was once");
}

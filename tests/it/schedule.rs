//! Schedules, against a calculation that knows nothing of theirs: a clock that is watched minute by minute.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use proptest::prelude::*;
use tripartite::schedule::{Fire, MAX_CATCH_UP, Missed, Schedule, ScheduleError, Timetable};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn timetable(schedule: &Schedule) -> Timetable {
    Timetable::new(schedule).unwrap()
}

fn time(text: &str) -> chrono::NaiveTime {
    text.parse().unwrap()
}

fn every_form() -> Vec<Schedule> {
    let zone = || Some("Europe/Dublin".to_owned());
    vec![
        Schedule::Hourly { minute: 15 },
        Schedule::nightly(),
        Schedule::Daily { at: time("02:15:00"), zone: zone() },
        Schedule::Weekly { weekday: Weekday::Mon, at: time("06:00:30"), zone: None },
        Schedule::Weekly { weekday: Weekday::Sun, at: time("23:59:59"), zone: zone() },
        Schedule::Interval { every: Duration::from_secs(5400), anchor: at("2026-11-23T00:00:00Z") },
        Schedule::Cron { expression: "0 3 * * 1-5".into(), zone: None },
        Schedule::Cron { expression: "@daily".into(), zone: zone() },
    ]
}

#[test]
fn the_persisted_forms_are_pinned() {
    let missed = [Missed::Coalesce, Missed::CatchUp { at_most: 3 }, Missed::Skip { grace: Duration::from_secs(300) }];
    let fire = Fire::new(at("2026-11-23T02:15:00Z"));
    insta::assert_json_snapshot!((every_form(), missed, fire));
    for schedule in every_form() {
        let json = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }
}

#[test]
fn what_cannot_be_kept_is_a_precise_error() {
    let error = |schedule: Schedule| Timetable::new(&schedule).unwrap_err().to_string();
    let anchor = at("2026-11-23T00:00:00Z");
    let mut errors = vec![
        error(Schedule::Hourly { minute: 60 }),
        error(Schedule::Daily { at: time("02:15:00.5"), zone: None }),
        error(Schedule::Daily { at: time("23:59:60"), zone: None }),
        error(Schedule::Interval { every: Duration::ZERO, anchor }),
        error(Schedule::Interval { every: Duration::from_millis(1500), anchor }),
        error(Schedule::Interval { every: Duration::from_secs(u64::MAX), anchor }),
    ];
    assert!(Timetable::new(&Schedule::Daily { at: time("02:15:00"), zone: Some("UTC".into()) }).is_ok());
    if cfg!(feature = "cron") {
        let cron = |expression: &str| error(Schedule::Cron { expression: expression.into(), zone: None });
        errors.extend([
            error(Schedule::Daily { at: time("02:15:00"), zone: Some("Europe/Ballybeg".into()) }),
            cron(""),
            cron("* * * *"),
            cron("61 * * * *"),
            cron("0 0 30 2 *"),
            cron("0 0 1 1 * 2 1969"),
            cron(&"0,".repeat(200)),
        ]);
        insta::assert_json_snapshot!("schedule_errors_with_cron", errors);
    } else {
        errors.extend([
            error(Schedule::Daily { at: time("02:15:00"), zone: Some("Europe/Dublin".into()) }),
            error(Schedule::Cron { expression: "0 3 * * *".into(), zone: None }),
        ]);
        insta::assert_json_snapshot!("schedule_errors_without_cron", errors);
    }
    let minute = Timetable::new(&Schedule::Hourly { minute: 99 });
    assert_eq!(minute.unwrap_err(), ScheduleError::Minute { found: 99 });
}

#[test]
fn the_plain_schedules_by_example() {
    let interval = Schedule::Interval { every: Duration::from_secs(5400), anchor: at("2026-11-23T00:00:00Z") };
    let weekly = |weekday| Schedule::Weekly { weekday, at: time("06:00:00"), zone: None };
    let cases = [
        ("a fire is not after itself", Schedule::nightly(), "2026-11-23T02:15:00Z", "2026-11-24T02:15:00Z"),
        ("a nanosecond before it is", Schedule::nightly(), "2026-11-23T02:14:59.999999999Z", "2026-11-23T02:15:00Z"),
        ("a nanosecond after, the next", Schedule::nightly(), "2026-11-23T02:15:00.000000001Z", "2026-11-24T02:15:00Z"),
        ("over the end of the year", Schedule::nightly(), "2026-12-31T12:00:00Z", "2027-01-01T02:15:00Z"),
        ("over a leap day", Schedule::nightly(), "2028-02-28T12:00:00Z", "2028-02-29T02:15:00Z"),
        ("hourly", Schedule::Hourly { minute: 0 }, "2026-11-23T23:00:00Z", "2026-11-24T00:00:00Z"),
        ("hourly before 1970", Schedule::Hourly { minute: 59 }, "1969-12-31T23:58:59.5Z", "1969-12-31T23:59:00Z"),
        ("weekly, later today", weekly(Weekday::Mon), "2026-11-23T05:59:59Z", "2026-11-23T06:00:00Z"),
        ("weekly, in a week", weekly(Weekday::Mon), "2026-11-23T06:00:00Z", "2026-11-30T06:00:00Z"),
        ("weekly, tomorrow", weekly(Weekday::Tue), "2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z"),
        ("weekly, in six days", weekly(Weekday::Sun), "2026-11-23T06:00:00Z", "2026-11-29T06:00:00Z"),
        ("on the grid", interval.clone(), "2026-11-23T00:00:00Z", "2026-11-23T01:30:00Z"),
        ("before the anchor", interval, "2026-11-22T22:29:59.5Z", "2026-11-22T22:30:00Z"),
    ];
    for (what, schedule, after, next) in cases {
        assert_eq!(timetable(&schedule).next(at(after)), Some(at(next)), "{what}");
        assert_eq!(timetable(&schedule).last(at(next)), Some(at(next)), "{what}: last includes");
    }
}

#[test]
fn the_ends_of_time_are_quiet() {
    for schedule in [Schedule::Hourly { minute: 1 }, Schedule::nightly()] {
        let timetable = timetable(&schedule);
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, at("4999-06-01T00:00:00Z")] {
            assert_eq!((timetable.next(end), timetable.last(end)), (None, None));
        }
        let due = timetable.due(DateTime::<Utc>::MIN_UTC, at("2026-11-23T09:00:00Z"), Missed::Coalesce);
        assert_eq!(due.fires.len(), 1, "never looked before is no reason to fire more than once");
    }
}

#[test]
fn a_second_ten_years_missed_is_bounded_work() {
    let seconds = Schedule::Interval { every: Duration::from_secs(1), anchor: at("2026-11-23T00:00:00Z") };
    let (since, now) = (at("2016-11-23T00:00:00Z"), at("2026-11-23T00:00:00.5Z"));
    let due = timetable(&seconds).due(since, now, Missed::CatchUp { at_most: u32::MAX });
    assert_eq!(due.fires.len(), MAX_CATCH_UP as usize);
    assert_eq!(due.fires.last().map(|fire| fire.at), Some(due.through));
    assert_eq!(due.through, at("2026-11-23T00:00:00Z"));
    let back = timetable(&seconds).due(now, since, Missed::Coalesce);
    assert_eq!((back.fires.len(), back.through), (0, now), "a clock that goes back settles nothing again");
}

#[test]
fn two_schedulers_make_one_trigger() {
    let timetable = timetable(&Schedule::nightly());
    let since = at("2026-11-22T02:15:00Z");
    let early = timetable.due(since, at("2026-11-23T02:15:01Z"), Missed::Coalesce);
    let late = timetable.due(since, at("2026-11-23T02:25:00Z"), Missed::CatchUp { at_most: 5 });
    assert_eq!(early, late);
}

#[test]
fn skipping_takes_what_is_only_a_little_late() {
    let timetable = timetable(&Schedule::nightly());
    let skip = Missed::Skip { grace: Duration::from_secs(300) };
    let since = at("2026-11-20T02:15:00Z");
    assert_eq!(timetable.due(since, at("2026-11-23T02:20:00Z"), skip).fires, [Fire::new(at("2026-11-23T02:15:00Z"))]);
    let late = timetable.due(since, at("2026-11-23T02:20:00.000000001Z"), skip);
    assert_eq!((late.fires.len(), late.through), (0, at("2026-11-23T02:15:00Z")));
}

fn plain() -> impl Strategy<Value = Schedule> {
    let clock = (0u32..86_400).prop_map(|s| chrono::NaiveTime::MIN + TimeDelta::seconds(i64::from(s)));
    prop_oneof![
        (0u8..60).prop_map(|minute| Schedule::Hourly { minute }),
        clock.clone().prop_map(|at| Schedule::Daily { at, zone: None }),
        (0u8..7, clock).prop_map(|(day, at)| {
            let weekday = Weekday::try_from(day).unwrap();
            Schedule::Weekly { weekday, at, zone: None }
        }),
        (1u64..1_000_000, -4_000_000_000i64..4_000_000_000).prop_map(|(every, anchor)| Schedule::Interval {
            every: Duration::from_secs(every),
            anchor: DateTime::from_timestamp(anchor, 0).unwrap(),
        }),
    ]
}

fn point() -> impl Strategy<Value = DateTime<Utc>> {
    (-2_000_000_000i64..6_000_000_000, prop_oneof![Just(0u32), 0u32..1_000_000_000])
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn next_is_strictly_after_and_last_is_not(schedule in plain(), point in point()) {
        let timetable = timetable(&schedule);
        let (next, last) = (timetable.next(point).unwrap(), timetable.last(point).unwrap());
        prop_assert!(last <= point && point < next);
        // Nothing lies between, and the two undo each other.
        prop_assert_eq!(timetable.next(last), Some(next));
        prop_assert_eq!(timetable.last(next - TimeDelta::nanoseconds(1)), Some(last));
    }

    #[test]
    fn next_never_goes_back(schedule in plain(), one in point(), other in point()) {
        let timetable = timetable(&schedule);
        let (one, other) = (one.min(other), one.max(other));
        prop_assert!(timetable.next(one) <= timetable.next(other));
        prop_assert!(timetable.last(one) <= timetable.last(other));
    }

    #[test]
    fn catching_up_loses_none_and_doubles_none(
        schedule in plain(), start in point(), looks in prop::collection::vec(0i64..200_000, 1..8),
    ) {
        let timetable = timetable(&schedule);
        let (mut since, mut now, mut caught) = (start, start, Vec::new());
        for wait in looks {
            now = (now + TimeDelta::seconds(wait)).min(start + TimeDelta::days(9));
            let due = timetable.due(since, now, Missed::CatchUp { at_most: MAX_CATCH_UP });
            if due.fires.len() == MAX_CATCH_UP as usize {
                return Ok(()); // the bound was reached
            }
            caught.extend(due.fires.iter().map(|fire| fire.at));
            since = due.through;
        }
        let fires = std::iter::successors(timetable.next(start), |at| timetable.next(*at));
        prop_assert_eq!(caught, fires.take_while(|at| *at <= now).collect::<Vec<_>>());
    }
}

#[cfg(feature = "cron")]
mod zones;

//! Rates.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::rate::{Allowance, Rate, RateLimit};

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_700_000_000_000_000 + micros).unwrap()
}

fn limit(count: u32, period: Duration, burst: u32) -> RateLimit {
    RateLimit::new(NonZeroU32::new(count).unwrap(), period).burst(NonZeroU32::new(burst).unwrap())
}

/// How many of those that come at once may pass.
fn passing(rate: &mut Rate, limit: &RateLimit, now: DateTime<Utc>, tries: usize) -> usize {
    let mut passed = 0;
    for _ in 0..tries {
        let (next, allowance) = rate.take(limit, now);
        passed += usize::from(allowance == Allowance::Allowed);
        *rate = next;
    }
    passed
}

#[test]
fn the_persisted_forms_are_pinned() {
    let (rate, _) = Rate::new(at(0)).take(&RateLimit::default(), at(0));
    insta::assert_json_snapshot!((&rate, RateLimit::default()));
    let mut json = serde_json::to_value(&rate).unwrap();
    assert_eq!(serde_json::from_value::<Rate>(json.clone()).unwrap(), rate);
    json["colour"] = "blue".into();
    let later: Rate = serde_json::from_value(json.clone()).unwrap();
    let (next, _) = later.take(&RateLimit::default(), at(0));
    assert_eq!(serde_json::to_value(&next).unwrap()["colour"], "blue", "what a later version wrote survives");
    json["format"] = 2.into();
    let error = serde_json::from_value::<Rate>(json).unwrap().check().unwrap_err();
    assert_eq!(error.to_string(), "this rate has format 2, this version reads up to 1");
}

#[test]
fn a_hundred_a_minute_and_not_one_more_at_a_border() {
    let (limit, mut rate) = (RateLimit::default(), Rate::new(at(0)));
    assert_eq!(passing(&mut rate, &limit, at(0), 150), 100);
    // A window that began anew at the minute would let two hundred through in two seconds.
    let (minute, second) = (60_000_000, 1_000_000);
    let mut rate = Rate::new(at(0));
    assert_eq!(passing(&mut rate, &limit, at(minute - second), 150), 100);
    assert_eq!(passing(&mut rate, &limit, at(minute + second), 150), 3, "two seconds are worth 3.3");
}

#[test]
fn the_table_of_the_module() {
    let limit = RateLimit::default().burst(NonZeroU32::new(3).unwrap());
    let limited = |micros| Allowance::Limited { retry_after: Duration::from_micros(micros) };
    let rows = [
        (0, Allowance::Allowed, 600_000),
        (0, Allowance::Allowed, 1_200_000),
        (0, Allowance::Allowed, 1_800_000),
        (0, limited(600_000), 1_800_000),
        (599_999, limited(1), 1_800_000),
        (600_000, Allowance::Allowed, 2_400_000),
    ];
    let mut rate = Rate::new(at(0));
    for (now, expected, after) in rows {
        let (next, allowance) = rate.take(&limit, at(now));
        assert_eq!((allowance, &next), (expected, &Rate::new(at(after))), "at {now}");
        rate = next;
    }
}

#[test]
fn a_step_back_blocks_for_one_interval_and_lets_nothing_more_through() {
    let (limit, mut rate) = (RateLimit::default(), Rate::new(at(0)));
    passing(&mut rate, &limit, at(0), 40);
    let hour = TimeDelta::hours(1);
    let (next, first) = rate.take(&limit, at(0) - hour);
    assert_eq!(first, Allowance::Limited { retry_after: Duration::from_millis(600) });
    let later = at(600_000) - hour;
    let mut next = next;
    assert_eq!(passing(&mut next, &limit, later, 10), 1, "the burst counts as used up");
}

#[test]
fn the_ends_of_time_saturate() {
    let endless = limit(1, Duration::MAX, u32::MAX);
    let (min, max) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    for (from, now) in [(min, max), (max, min), (max, max), (min, min)] {
        for limit in [endless, limit(u32::MAX, Duration::ZERO, 1), RateLimit::default()] {
            let (next, _) = Rate::new(from).take(&limit, now);
            let _ = next.take(&limit, now);
        }
    }
    let mut rate = Rate::new(at(0));
    assert_eq!(passing(&mut rate, &limit(1, Duration::MAX, 1), at(0), 10), 1);
    assert_eq!(passing(&mut Rate::new(at(0)), &limit(1, Duration::ZERO, 1), at(0), 10), 10, "no period, no limit");
}

/// The other form of the algorithm in ITU-T I.371, the continuous-state leaky bucket: a level that runs out with time.
struct Bucket {
    level: i128,
    last: i128,
}

impl Bucket {
    fn take(&mut self, interval: i128, burst: i128, now: i128) -> bool {
        let level = (self.level - (now - self.last)).max(0);
        let conforms = level <= interval * (burst - 1);
        if conforms {
            (self.level, self.last) = (level + interval, now);
        }
        conforms
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_agrees_with_the_leaky_bucket(
        count in 1u32..50, period in 0u64..90_000_000, burst in 1u32..12,
        steps in prop::collection::vec(0i64..4_000_000, 1..80),
    ) {
        let limit = limit(count, Duration::from_micros(period), burst);
        let (mut rate, mut now) = (Rate::new(at(0)), 0);
        let mut bucket = Bucket { level: 0, last: 0 };
        for step in steps {
            now += step / i64::from(count);
            let (next, allowance) = rate.take(&limit, at(now));
            let interval = i128::try_from(limit.interval().as_micros()).unwrap();
            let expected = bucket.take(interval, i128::from(burst), i128::from(now));
            prop_assert_eq!(allowance == Allowance::Allowed, expected);
            rate = next;
        }
    }

    #[test]
    fn retry_after_is_exact_also_when_clocks_step_back(
        count in 1u32..50, period in 1u64..90_000_000, burst in 1u32..12,
        steps in prop::collection::vec(-4_000_000i64..4_000_000, 1..80),
    ) {
        let limit = limit(count, Duration::from_micros(period), burst);
        let (mut rate, mut now) = (Rate::new(at(0)), 0);
        for step in steps {
            now += step / i64::from(count);
            let (next, allowance) = rate.take(&limit, at(now));
            if let Allowance::Limited { retry_after } = allowance {
                prop_assert!(retry_after <= limit.interval());
                let wait = TimeDelta::from_std(retry_after).unwrap();
                prop_assert_eq!(next.take(&limit, at(now) + wait).1, Allowance::Allowed);
                let early = next.take(&limit, at(now) + wait - TimeDelta::microseconds(1)).1;
                prop_assert_eq!(early, Allowance::Limited { retry_after: Duration::from_micros(1) });
            }
            rate = next;
        }
    }

    /// However they come: in any span, no more than the burst and what the span is worth.
    #[test]
    fn no_span_lets_more_through_than_its_worth(
        burst in 1u32..6, steps in prop::collection::vec(0i64..1_500_000, 1..60),
    ) {
        let limit = limit(1, Duration::from_secs(1), burst);
        let (mut rate, mut now, mut passed) = (Rate::new(at(0)), 0, Vec::new());
        for step in steps {
            now += step;
            let (next, allowance) = rate.take(&limit, at(now));
            if allowance == Allowance::Allowed {
                passed.push(now);
            }
            rate = next;
        }
        for (from, first) in passed.iter().enumerate() {
            for (to, last) in passed.iter().enumerate().skip(from) {
                prop_assert!(to - from < usize::try_from((last - first) / 1_000_000).unwrap() + burst as usize);
            }
        }
    }
}

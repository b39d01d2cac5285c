//! Backoff over all attempts there can be, the bounds of jitter, and what the other side asked for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::backoff::{Backoff, Fraction, Jitter, retry_after};

const JITTERS: [Jitter; 4] = [Jitter::None, Jitter::Equal, Jitter::Full, Jitter::Decorrelated];

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::MAX),
        (0u64..1_000_000).prop_map(Duration::from_millis),
        (any::<u64>(), 0u32..1_000_000_000).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
    ]
}

fn fraction() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0, any::<f64>()]
}

/// The exponential delay by repeated multiplication in 128 bits, up to a limit that is beyond every cap.
fn exponential(base: Duration, factor: u32, attempt: u32) -> u128 {
    let mut nanos = base.as_nanos();
    for _ in 1..attempt.max(1) {
        if factor == 1 || nanos == 0 || nanos > Duration::MAX.as_nanos() {
            break;
        }
        nanos = nanos.saturating_mul(u128::from(factor));
    }
    nanos
}

#[test]
fn the_default_waits_two_four_and_eight_minutes() {
    let delay = |attempt| Backoff::default().delay(attempt, Fraction::ONE).as_secs();
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(delay), [120, 120, 240, 480, 960, 1920, 3600, 3600]);
}

#[test]
fn the_persisted_form_is_pinned() {
    insta::assert_json_snapshot!((Backoff::default(), JITTERS));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn without_jitter_it_is_the_capped_power(
        base in span(), cap in span(), factor in prop_oneof![0u32..5, any::<u32>()],
        attempt in prop_oneof![0u32..70, any::<u32>(), Just(u32::MAX)],
    ) {
        let backoff = Backoff::new(base, cap).factor(factor);
        let expected = exponential(base, factor.max(1), attempt).min(cap.as_nanos());
        let delay = backoff.delay(attempt, Fraction::ONE);
        // The growth saturates at u32::MAX; that shows only where the base is tiny and the cap beyond a lifetime.
        let saturated = base.saturating_mul(u32::MAX).min(cap);
        prop_assert!(delay.as_nanos() == expected || delay == saturated && saturated.as_nanos() < expected);
        prop_assert!(delay <= cap);
    }

    #[test]
    fn jitter_keeps_its_bounds(
        base in span(), cap in span(), attempt in any::<u32>(), small in 0u32..20, fraction in fraction(),
    ) {
        for attempt in [attempt, small] {
            let whole = Backoff::new(base, cap).delay(attempt, Fraction::ONE);
            for jitter in JITTERS {
                let backoff = Backoff::new(base, cap).jitter(jitter);
                let delay = backoff.delay(attempt, Fraction::new(fraction));
                prop_assert!(delay <= cap, "{jitter:?}");
                match jitter {
                    Jitter::None => prop_assert_eq!(delay, whole),
                    Jitter::Equal => prop_assert!(delay <= whole && delay >= whole / 2),
                    Jitter::Full => prop_assert!(delay <= whole),
                    _ => prop_assert!(delay >= base.min(cap)),
                }
            }
        }
    }

    #[test]
    fn more_chance_is_never_less_delay(attempt in any::<u32>(), one in fraction(), other in fraction()) {
        let (one, other) = (Fraction::new(one), Fraction::new(other));
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        for jitter in JITTERS {
            let backoff = Backoff::default().jitter(jitter);
            prop_assert!(backoff.delay(attempt, low) <= backoff.delay(attempt, high));
        }
    }

    #[test]
    fn a_later_attempt_never_waits_less(base in span(), cap in span(), one in any::<u32>(), other in any::<u32>()) {
        let backoff = Backoff::new(base, cap);
        let delay = |attempt| backoff.delay(attempt, Fraction::ONE);
        prop_assert!(delay(one.min(other)) <= delay(one.max(other)));
        prop_assert!(delay(one) <= delay(one.saturating_add(1)));
    }

    #[test]
    fn seconds_are_read_and_clamped(digits in "[0-9]{1,30}", most in span(), spaces in " {0,2}") {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let asked = retry_after(&format!("{spaces}{digits}{spaces}"), now, most).unwrap();
        prop_assert!(asked <= most);
        if let Ok(seconds) = digits.parse::<u64>() {
            prop_assert_eq!(asked, Duration::from_secs(seconds).min(most));
        }
    }

    #[test]
    fn all_three_dates_say_the_same(at in 0i64..2_000_000_000, wait in -100_000i64..100_000) {
        let at = DateTime::from_timestamp(at, 0).unwrap();
        let now = at - TimeDelta::seconds(wait);
        let expected = Some(Duration::from_secs(wait.max(0) as u64));
        for format in ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
            let header = at.format(format).to_string();
            prop_assert_eq!(retry_after(&header, now, Duration::MAX), expected, "{}", header);
        }
    }

    #[test]
    fn any_header_is_read_or_refused(header in "\\PC{0,60}", most in span()) {
        let asked = retry_after(&header, DateTime::<Utc>::UNIX_EPOCH, most);
        prop_assert!(asked.is_none_or(|asked| asked <= most));
    }
}

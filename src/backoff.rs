//! Backoff: how long to wait before the next attempt.
//!
//! A pure function of the attempt and a fraction that the host draws. The exponential delay is saturated, then
//! jittered, then capped, in this order: no attempt number overflows it, and no jitter exceeds the cap. What the other
//! side asked for (`Retry-After`) is a lower bound that jitter cannot undercut.
//!
//! | attempt that failed | default delay |
//! |---|---|
//! | 1 | 2 minutes |
//! | 2 | 4 minutes |
//! | 3 | 8 minutes |
//! | 6 and on | 1 hour, the cap |

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How much of the delay is left to chance, so that many workers do not come back at once.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter" (2015), where they are compared.
///
/// ```
/// use std::time::Duration;
/// use tripartite::backoff::{Backoff, Fraction, Jitter};
/// let least = |jitter| Backoff::default().jitter(jitter).delay(1, Fraction::ZERO);
/// assert_eq!(least(Jitter::Full), Duration::ZERO); // a retry may come at once
/// assert_eq!(least(Jitter::Equal), Duration::from_secs(60)); // half is certain
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Jitter {
    /// Nothing.
    #[default]
    None,
    /// The upper half: between half the delay and all of it.
    Equal,
    /// Everything: between nothing and the delay.
    Full,
    /// Between the base and three times the delay before, counted without jitter: the host keeps none of the drawn
    /// ones.
    Decorrelated,
}

/// A fraction in 0..=1, drawn by the host. A number outside counts as the nearest end, and what is no number as 1.
///
/// [`new`](Self::new) has an example.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(f64);

impl Fraction {
    /// The most: a jittered delay is the whole one.
    pub const ONE: Self = Self(1.0);
    /// The least.
    pub const ZERO: Self = Self(0.0);

    /// A fraction.
    ///
    /// ```
    /// use tripartite::backoff::Fraction;
    /// assert_eq!(Fraction::new(7.0), Fraction::ONE);
    /// assert_eq!(Fraction::new(f64::NAN), Fraction::ONE); // the longest wait is the safe one
    /// ```
    pub fn new(fraction: f64) -> Self {
        if fraction.is_nan() { Self::ONE } else { Self(fraction.clamp(0.0, 1.0)) }
    }

    fn of(self, span: Duration) -> Duration {
        // The product of a finite span and a fraction is a smaller span.
        Duration::try_from_secs_f64(span.as_secs_f64() * self.0).unwrap_or(span).min(span)
    }
}

/// An exponential backoff.
///
/// ```
/// use std::time::Duration;
/// use tripartite::backoff::{Backoff, Fraction, Jitter};
/// let backoff = Backoff::default();
/// assert_eq!(backoff.delay(1, Fraction::ONE), Duration::from_secs(120));
/// // capped, never overflowing
/// assert_eq!(backoff.delay(u32::MAX, Fraction::ONE), Duration::from_secs(3600));
/// let full = backoff.jitter(Jitter::Full);
/// assert_eq!(full.delay(2, Fraction::new(0.5)), Duration::from_secs(120));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    base: Duration,
    factor: u32,
    cap: Duration,
    jitter: Jitter,
}

/// What the replaced system waited after the first failure.
const BASE: Duration = Duration::from_secs(2 * 60);
/// Beyond an hour, the next nightly run is the better attempt.
const CAP: Duration = Duration::from_secs(60 * 60);

impl Default for Backoff {
    fn default() -> Self {
        Self { base: BASE, factor: 2, cap: CAP, jitter: Jitter::None }
    }
}

impl Backoff {
    /// A backoff that begins at `base`, doubles, and never exceeds `cap`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::backoff::{Backoff, Fraction};
    /// let hasty = Backoff::new(Duration::from_secs(60), Duration::from_secs(10));
    /// // the cap holds for the first delay, too
    /// assert_eq!(hasty.delay(1, Fraction::ONE), Duration::from_secs(10));
    /// ```
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, ..Self::default() }
    }

    /// How many times as long as the one before each delay is; 1 is constant, and 0 counts as 1.
    ///
    /// ```
    /// use tripartite::backoff::{Backoff, Fraction};
    /// let constant = Backoff::default().factor(0); // never shorter than the one before
    /// assert_eq!(constant.delay(5, Fraction::ONE), constant.delay(1, Fraction::ONE));
    /// ```
    #[must_use]
    pub fn factor(mut self, factor: u32) -> Self {
        self.factor = factor.max(1);
        self
    }

    /// How much of each delay is left to chance.
    ///
    /// [`Jitter`] has an example.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The delay after the attempt of this number failed, from 1; 0 counts as 1.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tripartite::backoff::{Backoff, Fraction, Jitter};
    /// let backoff = Backoff::default().jitter(Jitter::Decorrelated);
    /// // After the first attempt there is no delay before: the base counts as that, so 2 to 6
    /// // minutes.
    /// assert_eq!(backoff.delay(1, Fraction::ZERO), Duration::from_secs(120));
    /// assert_eq!(backoff.delay(0, Fraction::ONE), Duration::from_secs(360));
    /// ```
    pub fn delay(&self, attempt: u32, fraction: Fraction) -> Duration {
        let whole = self.exponential(attempt);
        let jittered = match self.jitter {
            Jitter::None => whole,
            Jitter::Equal => (whole / 2).saturating_add(fraction.of(whole / 2)),
            Jitter::Full => fraction.of(whole),
            Jitter::Decorrelated => {
                let most = self.exponential(attempt.saturating_sub(1)).saturating_mul(3);
                self.base.saturating_add(fraction.of(most.saturating_sub(self.base)))
            }
        };
        jittered.min(self.cap)
    }

    fn exponential(&self, attempt: u32) -> Duration {
        let growth = self.factor.max(1).saturating_pow(attempt.max(1) - 1);
        self.base.saturating_mul(growth)
    }
}

/// Reads a `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date in any of its three formats, at most
/// `most` from `now`. A date that is past asks for nothing.
///
/// ```
/// use std::time::Duration;
/// use tripartite::backoff::retry_after;
/// // Sun, 06 Nov 1994 08:49:37 GMT
/// let now = chrono::DateTime::from_timestamp(784_111_777, 0).unwrap_or_default();
/// let day = Duration::from_secs(86_400);
/// assert_eq!(retry_after("120", now, day), Some(Duration::from_secs(120)));
/// assert_eq!(
///     retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now, day),
///     Some(Duration::from_secs(60))
/// );
/// assert_eq!(retry_after("99999999999999999999", now, day), Some(day)); // clamped
/// assert_eq!(retry_after("soon", now, day), None);
/// ```
pub fn retry_after(header: &str, now: DateTime<Utc>, most: Duration) -> Option<Duration> {
    let header = header.trim();
    let asked = if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(header.parse().unwrap_or(u64::MAX))
    } else {
        (http_date(header)? - now).to_std().unwrap_or_default()
    };
    Some(asked.min(most))
}

/// A later point in time; the end of time, when it would be beyond.
pub(crate) fn later(at: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// IMF-fixdate, and the two obsolete formats that a recipient must accept.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|at| at.and_utc())
}

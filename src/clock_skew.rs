//! The rule of repair for all records: which times a clock far ahead has left, and which a right clock may have
//! written.
//!
//! A record says when it last changed. It does not say which clock wrote each of its times. So each time is judged by its
//! distance from now. In the table `ahead` is the distance of the record's newest change:
//!
//! | a time | becomes | because |
//! |---|---|---|
//! | up to now | itself | a right clock wrote it, or might have |
//! | an event, later than now | now | it happened by now |
//! | the end of a wait, up to [`REACH`] from now | itself | a right clock may have written it before the other jumped |
//! | the end of a wait, later than that | `ahead` earlier, and not before now | only the other clock can have written it |
//! | the end of a wait, still later than [`REACH`] after that | in ten minutes | it came from another record, whose times were ahead |
//!
//! So a wait of up to [`REACH`] never ends early. The newest wait that the wrong clock wrote keeps its length and counts from
//! now. A wrong wait that is left as it was ends by itself within [`REACH`].
//!
//! # Questions
//!
//! *How does a time far away get into a record that is not ahead?* A gate's ticket lasts as long as the lease of its slot, and
//! a job that a gate turns away waits as long as the gate says. If one of the two is ahead, the other copies its time. A run
//! that holds such a ticket extends it at the next heartbeat.
//!
//! *Why are not all times moved by the same span?* A job backs off for eight minutes. Then a clock that is ten years ahead adds
//! a trigger, which moves only the record's own time. The back-off less ten years would end in the past.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest wait that a right clock is taken to have written: three times the longest cool-down, and less than the day
/// by which a clock is easily wrong.
pub(crate) const REACH: TimeDelta = TimeDelta::hours(18);

/// How far clocks that are right may disagree.
pub(crate) const DISAGREE: TimeDelta = TimeDelta::minutes(10);

/// The longest wait that a right clock writes. A source that asks for more is reported.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// The time that a clock far ahead has left in a record, if there is one.
pub(crate) fn left_behind(
    updated_at: DateTime<Utc>,
    waits_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let beyond = |at: &DateTime<Utc>, span| at.signed_duration_since(now) > span;
    let updated_at = Some(updated_at).filter(|at| beyond(at, DISAGREE));
    updated_at.or_else(|| waits_until.filter(|at| beyond(at, LONGEST)))
}

/// How far a record is ahead of a clock that is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    now: DateTime<Utc>,
    by: TimeDelta,
}

impl Ahead {
    pub(crate) fn of(updated_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { now, by: (updated_at - now).max(TimeDelta::zero()) }
    }

    /// Repairs the time of an event.
    pub(crate) fn happened(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.min(self.now)
    }

    /// Repairs the end of a wait.
    pub(crate) fn lasts(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let [reach, soon] = [REACH, DISAGREE].map(|span| self.now.checked_add_signed(span));
        let is_far = |at: DateTime<Utc>| reach.is_some_and(|reach| at > reach);
        if !is_far(at) {
            return at;
        }
        let shifted = at.checked_sub_signed(self.by).unwrap_or(self.now).max(self.now);
        soon.filter(|_| is_far(shifted)).unwrap_or(shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours, on both sides of every limit.
    fn grid() -> impl Iterator<Item = TimeDelta> + Clone {
        let far = [-10_000, -19, -18, -1, 0, 1, 2, 17, 18, 19, 24, 36, 10_000, 87_600];
        far.into_iter().flat_map(|hours| [-1, 0, 1].map(|second| TimeDelta::hours(hours) + TimeDelta::seconds(second)))
    }

    #[test]
    fn no_time_of_a_right_clock_moves() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for by in grid() {
            let ahead = Ahead::of(now + by, now);
            for at in grid().filter(|at| *at <= REACH) {
                assert_eq!(ahead.lasts(now + at), now + at, "{by} {at}");
            }
            for at in grid().filter(|at| *at <= TimeDelta::zero()) {
                assert_eq!(ahead.happened(now + at), now + at, "{by} {at}");
            }
        }
    }

    #[test]
    fn what_the_other_clock_wrote_lasts_its_own_length_or_ends_within_reach() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let lengths = grid().filter(|length| (TimeDelta::zero()..=REACH).contains(length));
        for by in grid().filter(|by| *by > TimeDelta::zero()) {
            let ahead = Ahead::of(now + by, now);
            assert_eq!(ahead.happened(now + by), now);
            for length in lengths.clone() {
                let (wrote, lasts) = (now + by + length, ahead.lasts(now + by + length));
                assert!(lasts >= now + length, "none shorter: {by} {length}");
                assert!(lasts == now + length || (lasts == wrote && lasts <= now + REACH), "{by} {length}");
                // It wrote this an hour before it wrote last.
                assert!(ahead.lasts(wrote - TimeDelta::hours(1)) <= now + REACH, "{by} {length}");
            }
        }
    }

    #[test]
    fn the_ends_of_time_hold() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        let ahead = Ahead::of(last, first);
        assert_eq!((ahead.lasts(last), ahead.happened(last)), (first, first));
        assert_eq!(Ahead::of(last, last).lasts(last), last);
    }

    #[test]
    fn what_is_far_away_in_a_record_that_is_not_ahead_ends_soon_and_is_told() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for by in grid() {
            let (ahead, year) = (Ahead::of(now, now), now + TimeDelta::days(365) + by);
            let soon = ahead.lasts(year) == now + TimeDelta::minutes(10);
            assert_eq!(soon, year > now + REACH, "{by}");
            assert_eq!(left_behind(now, Some(year), now).is_some(), year > now + TimeDelta::days(30), "{by}");
        }
        assert_eq!(left_behind(now + DISAGREE, None, now), None);
        assert!(left_behind(now + DISAGREE + TimeDelta::seconds(1), None, now).is_some());
    }
}

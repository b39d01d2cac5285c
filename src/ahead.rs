//! What a clock that was far ahead has left behind, and what of it a right clock may have written.
//!
//! A record knows when it last changed, and not which clock wrote each of its times. So a time is judged by how far it lies
//! from now; `ahead` is how far the record's newest change does:
//!
//! | a time | becomes | because |
//! |---|---|---|
//! | of a record that is not ahead | itself | nothing is wrong |
//! | up to now | itself | a right clock wrote it, or might have |
//! | of something that has happened, later than now | now | it happened by now |
//! | something waits for, up to [`REACH`] from now | itself | a right clock may have written it before the other jumped |
//! | something waits for, later than that | `ahead` earlier, and not before now | only the other clock can have written it |
//!
//! So no wait of up to [`REACH`] ends early, whoever wrote it, and what the other clock wrote last ends its own length from
//! now. What is left as it was, wrongly, ends by itself within [`REACH`].
//!
//! # Questions
//!
//! *Why not all by as much?* A back-off of eight minutes, and then one trigger by a clock that is ten years ahead: the trigger
//! moves only the record's own time. Ten years less eight minutes ago is no back-off.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest wait that a right clock is taken to have written: three times the longest cool-down, and less than the day
/// by which a clock is easily wrong.
pub(crate) const REACH: TimeDelta = TimeDelta::hours(18);

/// How far clocks that are right may disagree.
pub(crate) const DISAGREE: TimeDelta = TimeDelta::minutes(10);

/// How far a record is ahead of a clock that is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    now: DateTime<Utc>,
    by: TimeDelta,
}

impl Ahead {
    /// None, when it is not.
    pub(crate) fn of(updated_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        (updated_at > now).then(|| Self { now, by: updated_at - now })
    }

    /// When something happened.
    pub(crate) fn happened(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.min(self.now)
    }

    /// Until when something lasts.
    pub(crate) fn lasts(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let reach = self.now.checked_add_signed(REACH).unwrap_or(DateTime::<Utc>::MAX_UTC);
        if at <= reach { at } else { at.checked_sub_signed(self.by).unwrap_or(self.now).max(self.now) }
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
            let Some(ahead) = Ahead::of(now + by, now) else {
                assert!(by <= TimeDelta::zero());
                continue;
            };
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
            let ahead = Ahead::of(now + by, now).unwrap();
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
        let ahead = Ahead::of(last, first).unwrap();
        assert_eq!((ahead.lasts(last), ahead.happened(last)), (first, first));
        assert!(Ahead::of(last, last).is_none());
    }
}

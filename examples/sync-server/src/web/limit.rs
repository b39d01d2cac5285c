//! How often somebody may try to log in.
//!
//! Counted by name, because behind a proxy every address is the proxy's; names that nobody has share one count. Beyond them all
//! attempts together have a limit, so that the hashing of passwords never takes the whole machine.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// So many failures of one name.
const OF_ONE: u32 = 5;
/// So many failures of all.
const OF_ALL: u32 = 100;
/// In so long.
const WITHIN: TimeDelta = TimeDelta::minutes(15);

/// The failures of late.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<BTreeMap<Option<String>, Count>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    since: DateTime<Utc>,
}

impl Limit {
    /// For how many minutes nobody may try this name; none: they may. `known` is the name if a user has it.
    pub(super) fn shut(&self, known: Option<&str>, now: DateTime<Utc>) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.get(&Some(known.unwrap_or_default().to_owned()));
        let over = [own.filter(|own| own.failures >= OF_ONE), counts.get(&None).filter(|all| all.failures >= OF_ALL)];
        let ends = over.into_iter().flatten().map(|count| count.since + WITHIN).filter(|end| *end > now).max()?;
        Some((ends - now).num_minutes() + 1)
    }

    /// Counts an attempt before it is made, so that many at once are no way around it.
    pub(super) fn count(&self, known: Option<&str>, now: DateTime<Utc>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [Some(known.unwrap_or_default().to_owned()), None] {
            let count = counts.entry(key).or_insert(Count { failures: 0, since: now });
            if now - count.since >= WITHIN {
                *count = Count { failures: 0, since: now };
            }
            count.failures += 1;
        }
    }

    /// The attempt was right: it is nobody guessing.
    pub(super) fn right(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.remove(&Some(name.to_owned()));
        if let (Some(own), Some(all)) = (own, counts.get_mut(&None)) {
            all.failures = all.failures.saturating_sub(own.failures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shut_after_five_failures_for_a_quarter_of_an_hour() {
        let (limit, at) = (Limit::default(), |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes));
        for _ in 0..5 {
            assert_eq!(limit.shut(Some("nuala"), at(0)), None);
            limit.count(Some("nuala"), at(0));
        }
        assert_eq!(limit.shut(Some("nuala"), at(1)), Some(15));
        assert_eq!(limit.shut(Some("eoin"), at(1)), None, "another name is not");
        assert_eq!(limit.shut(Some("nuala"), at(15)), None);
        limit.count(Some("nuala"), at(15));
        assert_eq!(limit.shut(Some("nuala"), at(15)), None, "it counts anew");
    }

    #[test]
    fn all_names_together_have_a_limit_and_who_is_right_does_not_count() {
        let (limit, at) = (Limit::default(), DateTime::UNIX_EPOCH);
        for guess in 0..200 {
            limit.count(Some("eoin"), at);
            limit.right("eoin");
            assert_eq!(limit.shut(Some("nuala"), at), None, "{guess}");
        }
        for guess in 0..100 {
            limit.count(Some(&format!("name {guess}")), at);
        }
        assert_eq!(limit.shut(Some("nuala"), at), Some(16));
    }
}

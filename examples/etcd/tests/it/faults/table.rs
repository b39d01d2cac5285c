//! What came of it: nothing may be lost, and nothing at a time. Whatever the store is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

/// A fault, in the nanoseconds of the clock of all.
pub(crate) struct Moment {
    /// What went wrong.
    pub(crate) fault: &'static str,
    pub(crate) begun: u64,
    pub(crate) healed: u64,
    /// How long it took until a job that was asked for then was done.
    pub(crate) gap: Duration,
}

/// What was executed, and when.
#[derive(Default)]
struct Executed {
    begun: BTreeMap<(String, u64), u64>,
    done: BTreeMap<(String, u64), u64>,
}

impl Executed {
    fn of(books: &[String]) -> Self {
        let mut all = Self::default();
        for line in books.iter().flat_map(|book| book.lines()) {
            let mut words = line.split(' ');
            let what = words.next().unwrap_or_default();
            let mut rest = || words.next().unwrap_or_default();
            let (key, token, time) = (rest().to_owned(), rest(), rest());
            let (Ok(token), Ok(time)) = (token.parse(), time.parse()) else { panic!("{line}") };
            match what {
                "B" => assert_eq!(all.begun.insert((key, token), time), None, "a token was given twice: {line}"),
                "E" => drop(all.done.insert((key, token), time)),
                _ => panic!("two at a time, or an error that does not pass: {line}"),
            }
        }
        all
    }

    /// How many ended in a span of time, per second.
    fn rate(&self, from: u64, to: u64) -> f64 {
        let within = self.done.values().filter(|time| (from..to).contains(time)).count();
        within as f64 * 1e9 / (to - from) as f64
    }
}

/// How many triggers were acknowledged.
///
/// # Panics
/// When one of them was, and no job that has begun later was done.
fn none_is_lost(books: &[String], executed: &Executed) -> usize {
    let mut asked = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    for line in books.iter().flat_map(|book| book.lines()) {
        let words: Vec<_> = line.split(' ').collect();
        let [what, key, number, time] = words[..] else { panic!("{line}") };
        match what {
            "T" => drop(asked.insert((key, number), time.parse::<u64>().unwrap())),
            _ => drop(acknowledged.insert((key, number))),
        }
    }
    let mut latest: BTreeMap<&str, u64> = BTreeMap::new();
    for (job, begun) in &executed.begun {
        if executed.done.contains_key(job) {
            let last = latest.entry(&job.0).or_default();
            *last = (*last).max(*begun);
        }
    }
    for trigger in &acknowledged {
        let is_done = latest.get(trigger.0).is_some_and(|begun| *begun > asked[trigger]);
        assert!(is_done, "{trigger:?} was acknowledged, and nothing was done for it");
    }
    acknowledged.len()
}

pub(crate) fn table(moments: &[Moment], calls: usize, asked: &[String], jobs: &[String]) -> String {
    let executed = Executed::of(jobs);
    let acknowledged = none_is_lost(asked, &executed);
    let mut told = format!(
        "{acknowledged} triggers, {} executions, {} of them cut short, {calls} calls: none lost, none at a time, linearizable\n",
        executed.begun.len(),
        executed.begun.len() - executed.done.len(),
    );
    let kinds: BTreeSet<_> = moments.iter().map(|moment| moment.fault).collect();
    for kind in kinds {
        let these: Vec<_> = moments.iter().filter(|moment| moment.fault == kind).collect();
        let mean =
            |rate: &dyn Fn(&Moment) -> f64| these.iter().map(|moment| rate(moment)).sum::<f64>() / these.len() as f64;
        let second = 1_000_000_000;
        let before = mean(&|moment| executed.rate(moment.begun.saturating_sub(second), moment.begun));
        let during = mean(&|moment| executed.rate(moment.begun, moment.healed.max(moment.begun + 1)));
        let after = mean(&|moment| executed.rate(moment.healed, moment.healed + 2 * second));
        let mut gaps: Vec<_> = these.iter().map(|moment| moment.gap.as_secs_f64()).collect();
        gaps.sort_by(f64::total_cmp);
        let _ = writeln!(
            told,
            "| {} | {} | {before:.0} | {during:.0} | {after:.0} | {:.1} | {:.1} |",
            kind,
            these.len(),
            gaps[gaps.len() / 2],
            gaps[gaps.len() - 1],
        );
    }
    told
}

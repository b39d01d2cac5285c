//! Logs: each id once, one order, and pages that neither skip nor repeat.

use chrono::{DateTime, Utc};

use super::Fixture;
use super::probe::{Probe, always, at, entry, key};
use crate::conformance::at_once::{RACERS, at_once};
use crate::jobs::{LogEntry, LogPosition, ReadOf, StoreKey};

/// How many entries each racer appends.
const APPENDS: usize = 25;

/// Seven entries of which five have the same time, in their order.
fn crowd() -> Vec<LogEntry> {
    let same = ["-", "A", "Z", "a", "z"].map(|id| entry(at(5), id));
    [entry(at(1), "y")].into_iter().chain(same).chain([entry(at(9), "B")]).collect()
}

/// Six entries of different sizes.
fn sized() -> Vec<LogEntry> {
    let sizes = [10, 20, 5, 1, 1000, 0].into_iter().enumerate();
    sizes.map(|(no, size)| LogEntry { bytes: vec![b'x'; size], ..entry(at(no as i64), &no.to_string()) }).collect()
}

/// Appends entries, the last one first.
fn append<F: Fixture>(probe: &Probe<'_, F>, entries: &[LogEntry]) {
    let backwards: Vec<_> = entries.iter().rev().cloned().collect();
    probe.append_all(&key("log"), &backwards);
}

/// Turns all pages; `None` when they do not come to an end.
fn turned<F: Fixture>(probe: &Probe<'_, F>, log: &StoreKey, limit: usize) -> Option<Vec<LogEntry>> {
    let mut all: Vec<LogEntry> = Vec::new();
    for _ in 0..10_000 {
        let after = all.last().map(|entry| entry.position.clone());
        let page = probe.read(&ReadOf::new(log.clone(), always(), limit).after(after)).entries;
        match (page.first(), all.last()) {
            (None, _) => return Some(all),
            (Some(first), Some(last)) if first.position <= last.position => return None,
            _ => all.extend(page),
        }
    }
    None
}

fn of_time(from: DateTime<Utc>, to: DateTime<Utc>, entries: &[LogEntry]) -> Vec<LogEntry> {
    entries.iter().filter(|entry| (from..to).contains(&entry.position.at)).cloned().collect()
}

cases! { $ __conformance_jobs_log in log:
    /// Keep an entry whose id is new to the log, and say that it is new.
    fn new_id_is_kept(probe) {
        probe.append_all(&key("log"), &[entry(at(1), "a"), entry(at(1), "b"), entry(at(2), "c")]);
        probe.reads(&key("log"), &[entry(at(1), "a"), entry(at(1), "b"), entry(at(2), "c")]);
    }

    /// Change nothing for an id that is there, also if time and bytes differ, and say that it is not new.
    fn known_id_changes_nothing(probe) {
        let first = entry(at(5), "a");
        probe.append_all(&key("log"), std::slice::from_ref(&first));
        let rewritten = LogEntry { bytes: b"rewritten".to_vec(), ..first.clone() };
        for again in [first.clone(), rewritten, entry(at(4), "a"), entry(at(6), "a")] {
            probe.equal("whether it is new", &probe.append(&key("log"), &again), &false);
            probe.reads(&key("log"), std::slice::from_ref(&first));
        }
    }

    /// Tell ids apart byte for byte.
    fn ids_apart(probe) {
        let mut ids = ["a", "A", "a ", " a", "á", "a\u{301}", "a/b", "a=2Fb", "1", "01", "slot/a/b 1", "%"];
        ids.sort();
        let entries = ids.map(|id| entry(at(5), id));
        probe.append_all(&key("log"), &entries);
        probe.reads(&key("log"), &entries);
    }

    /// Keep logs apart: an id may stand in each of them.
    fn logs_apart(probe) {
        let mut logs = ["log", "Log", "log/1", "log=2F1"].map(key).to_vec();
        logs.push(StoreKey::of("case", ["log", "1"]));
        for log in &logs {
            let own = LogEntry { bytes: log.as_str().into(), ..entry(at(5), "same") };
            probe.append_all(log, &[own]);
        }
        for log in &logs {
            let own = LogEntry { bytes: log.as_str().into(), ..entry(at(5), "same") };
            probe.reads(log, &[own]);
        }
    }

    /// Keep one of several entries with the same id that are appended at once, and say of one only that it is new.
    fn one_append_wins(probe) {
        for round in 0..20 {
            let log = key(&round.to_string());
            let own = |racer: usize| LogEntry { bytes: vec![racer as u8], ..entry(at(racer as i64), "same") };
            let answers = at_once(RACERS, |racer| probe.race_append(&log, &own(racer)));
            let new: Vec<_> = (0..RACERS).filter(|racer| answers[*racer] == Some(true)).collect();
            let unknown = answers.iter().any(Option::is_none);
            probe.holds(new.len() == 1 || unknown && new.is_empty(), || format!("new: {new:?}"));
            if let [racer] = new[..] {
                probe.reads(&log, &[own(racer)]);
            }
        }
    }

    /// Lose no entry, however many append at once.
    fn no_entry_is_lost(probe) {
        // Every id is appended by two racers; that it is appended again changes nothing.
        let own = |writer: usize, no: usize| entry(at(no as i64), &format!("{writer:02}/{no:02}"));
        at_once(RACERS, |racer| for no in 0..APPENDS {
            probe.persist(|| probe.race_append(&key("log"), &own(racer / 2, no)));
        });
        let writers = 0..RACERS / 2;
        let mut promised: Vec<_> = writers.flat_map(|writer| (0..APPENDS).map(move |no| own(writer, no))).collect();
        promised.sort_by(|a, b| a.position.cmp(&b.position));
        probe.reads(&key("log"), &promised);
    }

    /// Give entries in the order of their times, and those of the same time in the byte order of their ids.
    fn read_in_order(probe) {
        append(probe, &crowd());
        probe.reads(&key("log"), &crowd());
    }

    /// Give what is at the start of the range, and not what is at its end.
    fn read_half_open(probe) {
        append(probe, &crowd());
        for (from, to) in [(at(1), at(5)), (at(5), at(9)), (at(1), at(9)), (at(2), at(6)), (at(5), at(10))] {
            let reading = ReadOf::new(key("log"), from..to, 100);
            probe.reads_of(&reading, &of_time(from, to, &crowd()));
        }
    }

    /// Give nothing from a log that has no entries, or none in the range.
    fn read_of_nothing(probe) {
        probe.reads(&key("none"), &[]);
        append(probe, &crowd());
        probe.reads(&key("none"), &[]);
        for range in [at(2)..at(5), at(5)..at(5), at(10)..at(20)] {
            probe.reads_of(&ReadOf::new(key("log"), range, 100), &[]);
        }
    }

    /// Give only what is behind the position, also where no entry stands at it.
    fn read_behind_a_position(probe) {
        append(probe, &crowd());
        let positions = [(at(0), "a", 0), (at(1), "y", 1), (at(5), "A", 3), (at(5), "M", 3), (at(6), "", 6), (at(9), "C", 7)];
        for (at, id, passed) in positions {
            let after = LogPosition::new(at, id.to_owned());
            let reading = ReadOf::new(key("log"), always(), 100).after(after);
            probe.reads_of(&reading, &crowd()[passed..]);
        }
        // A position before the range opens nothing that is not in it.
        let after = LogPosition::new(at(1), "y".to_owned());
        let reading = ReadOf::new(key("log"), at(6)..at(10), 100).after(after);
        probe.reads_of(&reading, &crowd()[6..]);
    }

    /// Give at most as many entries as asked for, the first of them.
    fn read_up_to_a_limit(probe) {
        append(probe, &crowd());
        for limit in 1..=7 {
            let reading = ReadOf::new(key("log"), always(), limit);
            probe.reads_of(&reading, &crowd()[..limit]);
        }
        // The first in the range, not the first of the log.
        probe.reads_of(&ReadOf::new(key("log"), at(5)..at(10), 2), &crowd()[1..3]);
    }

    /// Give at most as many bytes as asked for, or one entry that has more.
    fn read_up_to_a_size(probe) {
        let sized = sized();
        append(probe, &sized);
        for (bytes, end) in [(0, 1), (9, 1), (10, 1), (29, 1), (30, 2), (34, 2), (35, 3), (36, 4), (37, 4), (1035, 4), (1036, 6), (usize::MAX, 6)] {
            probe.reads_of(&ReadOf::new(key("log"), always(), 100).bytes(bytes), &sized[..end]);
        }
        // One that is too large is a page by itself.
        let from_the_large = ReadOf::new(key("log"), always(), 100).after(sized[3].position.clone());
        for bytes in [0, 999, 1000] {
            probe.reads_of(&from_the_large.clone().bytes(bytes), &sized[4..5 + usize::from(bytes == 1000)]);
        }
        probe.reads_of(&ReadOf::new(key("log"), always(), 2).bytes(1000), &sized[..2]);
    }

    /// Say whether more entries follow, also where none of them fits.
    fn read_says_whether_more_follow(probe) {
        let sized = sized();
        append(probe, &sized);
        let says = |page: ReadOf, promised: bool| {
            probe.in_the_end(&format!("whether more follow {page:?}"), &promised, || probe.read(&page).more);
        };
        for limit in 1..=7 {
            says(ReadOf::new(key("log"), always(), limit), limit < 6);
            // What is behind the range does not follow.
            says(ReadOf::new(key("log"), at(0)..at(3), limit), limit < 3);
        }
        for (bytes, more) in [(0, true), (35, true), (1035, true), (1036, false), (usize::MAX, false)] {
            says(ReadOf::new(key("log"), always(), 100).bytes(bytes), more);
        }
        says(ReadOf::new(key("log"), always(), 100).after(sized[5].position.clone()), false);
        says(ReadOf::new(key("none"), always(), 100), false);
    }

    /// Turn pages so that every entry is on exactly one, also where many have the same time.
    fn read_pages(probe) {
        append(probe, &crowd());
        for limit in 1..=3 {
            let pages = || turned(probe, &key("log"), limit);
            probe.in_the_end(&format!("the pages of {limit}"), &Some(crowd()), pages);
        }
    }

    /// Give an entry that was there throughout exactly once, also while others are appended.
    fn read_while_others_append(probe) {
        let old: Vec<_> = (0..40).map(|no| entry(at(no), &format!("old {no:02}"))).collect();
        append(probe, &old);
        // From here on the old entries are there throughout, so every reading must have them.
        probe.reads(&key("log"), &old);
        let ids = |entries: &[LogEntry]| entries.iter().map(|entry| entry.position.id.clone()).collect::<Vec<_>>();
        at_once(4, |number| {
            if number > 0 {
                // From the end to the beginning, so that what is yet to be read moves.
                return (0..40).rev().for_each(|no| {
                    let new = entry(at(no), &format!("new {number}/{no}"));
                    probe.persist(|| probe.race_append(&key("log"), &new));
                });
            }
            for limit in [1, 2, 3, 7] {
                let mut pages = turned(probe, &key("log"), limit).unwrap_or_default();
                pages.retain(|entry| entry.position.id.starts_with("old"));
                probe.equal(&format!("the old entries, in pages of {limit}"), &ids(&pages), &ids(&old));
            }
        });
    }

    /// Leave everything at that time and later.
    fn prune_leaves_the_rest(probe) {
        append(probe, &crowd());
        probe.prune_all(&key("log"), at(1));
        probe.reads(&key("log"), &crowd());
        probe.prune_all(&key("log"), at(5));
        probe.reads(&key("log"), &crowd()[1..]);
        probe.prune_all(&key("log"), at(6));
        probe.reads(&key("log"), &crowd()[6..]);
    }

    /// Remove everything older, once called until it removes nothing.
    fn prune_removes_in_the_end(probe) {
        append(probe, &crowd());
        probe.equal("how many were removed", &probe.prune_all(&key("log"), at(9)), &6);
        probe.reads(&key("log"), &crowd()[6..]);
        probe.equal("how many were removed", &probe.prune_all(&key("log"), at(9)), &0);
        probe.equal("how many were removed", &probe.prune_all(&key("log"), at(10)), &1);
        probe.reads(&key("log"), &[]);
    }

    /// Remove at most as many as asked for, and say how many it removed.
    fn prune_up_to_a_limit(probe) {
        append(probe, &crowd());
        let mut left = 7;
        for limit in [1, 2, 3, 100] {
            let removed = probe.prune(&key("log"), at(10), limit) as usize;
            probe.holds((1..=limit).contains(&removed), || format!("{removed} were removed, of at most {limit}"));
            left -= removed.min(left);
            let all = ReadOf::new(key("log"), always(), 100);
            probe.in_the_end("how many are left", &left, || probe.read(&all).entries.len());
        }
    }

    /// Leave other logs as they are.
    fn prune_one_log(probe) {
        append(probe, &crowd());
        probe.append_all(&key("other"), &crowd());
        probe.prune_all(&key("log"), at(10));
        probe.reads(&key("log"), &[]);
        probe.reads(&key("other"), &crowd());
        probe.equal("whether it is new", &probe.append(&key("other"), &entry(at(5), "A")), &false);
    }
}

//! Completeness: whether a listing that says it has everything has everything.

use super::Fixture;
use super::probe::{Listed, Probe, records};
use super::world::nth;
use crate::source::Next;

fn is_complete(listed: &Listed) -> bool {
    matches!(listed.end, Next::Complete { .. })
}

/// Checks that a listing that says it is complete has these records.
#[track_caller]
fn all_if_complete<F: Fixture>(probe: &Probe<'_, F>, listed: &Listed, mut numbers: impl Iterator<Item = usize>) {
    let had = records(&listed.items);
    let lost = numbers.find(|number| !had.contains_key(&nth(*number)));
    probe.holds(!is_complete(listed) || lost.is_none(), || {
        format!("{:?}, and {} was not listed", listed.end, lost.map(nth).unwrap_or_else(|| nth(0)))
    });
}

promises! { $ __conformance_connector_completeness in connector::completeness:
    /// End with `Next::Complete` only if every record that was there throughout was on some page.
    fn complete_with_all(probe) {
        let page = probe.page();
        let size = page * 3;
        // Others go, or come, at the front, between any two pages.
        let passing = |number: usize| number.is_multiple_of(5);
        probe.has_full(0..size);
        let listed = probe.turn(&probe.connect(), |turned| probe.remove(&nth((turned - 1) * 5)));
        all_if_complete(probe, &listed, (0..size).filter(|number| !passing(*number)));
        let probe = probe.anew();
        probe.has_full(1..size);
        let listed = probe.turn(&probe.connect(), |turned| {
            probe.remove(&nth(turned * 7));
            probe.has_full(size + turned..size + turned + 1);
        });
        all_if_complete(&probe, &listed, (1..size).filter(|number| !number.is_multiple_of(7)));
    }

    /// End with `Next::Partial` if the source has more records than it lists.
    fn withheld(probe) {
        for size in [1, probe.page(), probe.page() + 1] {
            let probe = probe.anew();
            probe.has_full(0..size);
            if probe.can(Fixture::withhold) {
                probe.equal("the end", &probe.list().end, &Next::Partial);
            }
        }
    }

    /// Fail or end with `Next::BrokenOff` if the listing ends where no whole listing ends.
    fn cut_off(probe) {
        for size in [1, probe.page(), probe.page() + 1] {
            let probe = probe.anew();
            probe.has_full(0..size);
            if !probe.can(Fixture::cut_off) {
                continue;
            }
            if let Some(listed) = probe.try_list() {
                let broken_off = matches!(listed.end, Next::BrokenOff { .. });
                probe.holds(broken_off, || format!("an end of {:?}", listed.end));
            }
        }
    }

    /// Hand on the number of records that the source states.
    fn total_as_stated(probe) {
        probe.has_full(0..3);
        // One that is right, and one that shows that something is not listed.
        for total in [3, 5] {
            if probe.can(|fixture| fixture.state_total(total)) {
                let end = probe.list().end;
                let is_stated = end == Next::Complete { total: Some(total) } || end == Next::Partial;
                probe.holds(is_stated, || format!("{end:?}, where the source states {total}"));
            }
        }
    }
}

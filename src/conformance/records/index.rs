//! The index: which records it lists, and what a revision says.

use std::collections::BTreeMap;

use super::world::{conflict, create, deactivate, full, id, noted, opened, policy, reactivate, touch, update};
use super::{Fixture, probe::Probe, schema};
use crate::id::ExternalId;
use crate::store::{Op, Presence, Synced};
use crate::value::Value;

/// The ids of records that are there throughout, and of those that come and go, mixed by name and by age.
fn crowd(size: usize) -> (Vec<ExternalId>, Vec<ExternalId>) {
    let name = |number: usize, what: &str| id(&format!("{number:06}{what}"));
    let steady = (0..size).filter(|number| number % 4 != 3).map(|number| name(number, "steady")).collect();
    let passing = (0..size).filter(|number| number % 4 == 3).map(|number| name(number, "passing")).collect();
    (steady, passing)
}

/// Enters records in the order of their names' ends, so that age and name are two orders.
#[track_caller]
fn fill<F: Fixture>(probe: &Probe<'_, F>, ids: impl Iterator<Item = ExternalId>) {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_by_key(|id| id.as_str().bytes().take(6).rev().collect::<Vec<_>>());
    let record = noted("there");
    for some in ids.chunks(500) {
        let bare = |id: &ExternalId| Op { entries: vec![], ..create(id, &record) };
        probe.commit(some.iter().map(bare).collect());
    }
}

/// Changes between two pages: records go and come at both ends, and some that stay change.
fn churn<F: Fixture>(probe: &Probe<'_, F>, turned: usize, steady: &[ExternalId], passing: &[ExternalId]) {
    for at in [turned, passing.len() - turned] {
        if let Some(gone) = passing.get(at) {
            probe.delete(gone);
        }
    }
    for (place, name) in [("000000", "new at the front"), ("999999", "new at the end")] {
        probe.fixture.enter(Some(&id(&format!("{place}{name} {turned}"))), &noted("new"));
    }
    for at in [turned, steady.len() - turned] {
        if let Some(edited) = steady.get(at) {
            probe.edit(edited, &noted("edited"));
        }
    }
    if let Some(updated) = steady.get(turned + 1) {
        probe.applied(update(updated, probe.revision(updated), &noted("by the source")));
    }
}

/// Checks that a change made the revision larger, as the index has it and as a load has it.
#[track_caller]
fn grows<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, what: &str, change: impl FnOnce()) {
    let before = probe.revision(of);
    change();
    let (listed, loaded) = (probe.listed(of).revision, probe.revision(of));
    probe.holds(loaded > before, || format!("{loaded:?} after {before:?}, when {what}"));
    probe.equal("the index's revision", &listed, &loaded);
}

promises! { $ __conformance_records_index in records::index:
    /// Give every record that is linked throughout the enumeration exactly once, even if records come, change or go
    /// meanwhile.
    fn index_gives_each_once(probe) {
        let page = probe.fixture.page();
        let (steady, passing) = crowd(page * 2 + page / 2);
        fill(probe, steady.iter().chain(&passing).cloned());
        let mut times: BTreeMap<ExternalId, usize> = BTreeMap::new();
        let mut pages = 1;
        let entries = probe.pages(|turned| {
            pages = turned + 1;
            churn(probe, turned, &steady, &passing);
        });
        probe.holds(pages > 2, || format!("{pages} pages, where one has {page} entries at most"));
        for entry in entries {
            *times.entry(entry.id).or_default() += 1;
        }
        for id in &steady {
            probe.equal(&format!("how often {id} is listed"), &times.get(id).copied().unwrap_or(0), &1);
        }
    }

    /// List a record that a user gave an external id by hand, and none that has no external id.
    fn index_of_linked_by_hand(probe) {
        probe.equal("the index of nothing", &probe.index(), &BTreeMap::new());
        let [by_sync, by_hand] = ["by sync", "by hand"].map(id);
        probe.create(&by_sync, &full(1));
        probe.fixture.enter(Some(&by_hand), &full(2));
        probe.fixture.enter(None, &full(3));
        let listed: Vec<_> = probe.index().into_keys().collect();
        probe.equal("what is listed", &listed, &vec![by_hand.clone(), by_sync]);
        probe.equal("when it was in step", &probe.listed(&by_hand).synced, &None);
        let seen = probe.see(&by_hand);
        probe.equal("its base", &seen.base, &None);
        probe.equal("its fields", &seen.local, &super::seen::of_local(&probe.schema, &full(2)));
        // It can be worked on as any other.
        probe.applied(update(&by_hand, seen.revision, &noted("by the source")));
    }

    /// Keep the revision for as long as nobody changes the record, and give the same in the index and in a load.
    fn revision_stays(probe) {
        let [one, two] = ["1", "2"].map(id);
        probe.create(&one, &full(1));
        probe.fixture.enter(Some(&two), &full(2));
        for id in [&one, &two] {
            let first = probe.revision(id);
            for _ in 0..3 {
                probe.equal("the index's revision", &probe.listed(id).revision, &first);
                probe.equal("a load's revision", &probe.revision(id), &first);
            }
        }
    }

    /// Make the revision larger by every change of the record, by a user or a sync.
    fn revision_grows(probe) {
        let [one, hand] = ["1", "by hand"].map(id);
        probe.create(&one, &full(1));
        probe.fixture.enter(Some(&hand), &full(2));
        for of in [&one, &hand] {
            for note in ["first", "second", "third"] {
                grows(probe, of, "a user edits it", || probe.edit(of, &noted(note)));
            }
            let at = probe.revision(of);
            grows(probe, of, "an op updates it", || drop(probe.applied(update(of, at, &noted("by op")))));
            let at = probe.revision(of);
            grows(probe, of, "an op deactivates it", || drop(probe.applied(deactivate(of, at))));
            let at = probe.revision(of);
            let patch = schema().missing();
            grows(probe, of, "an op reactivates it", || drop(probe.applied(reactivate(of, at, &patch))));
            grows(probe, of, "a user deactivates it", || probe.deactivate(of));
            grows(probe, of, "a user edits it, while it is inactive", || probe.edit(of, &noted("inactive")));
            grows(probe, of, "a user activates it", || probe.activate(of));
            grows(probe, of, "a user deletes it", || probe.delete(of));
        }
        probe.fixture.enter(None, &full(3));
        let (local, mut before) = probe.nearest(&full(3));
        let hands: [(&str, &dyn Fn()); 5] = [
            ("edits it", &|| probe.edit(&local, &noted("free"))),
            ("deactivates it", &|| probe.deactivate(&local)),
            ("activates it", &|| probe.activate(&local)),
            ("says that it is another", &|| probe.fixture.rule_out(&local, &id("x"))),
            ("links it", &|| probe.fixture.link(&local, &id("free"))),
        ];
        for (what, act) in hands {
            act();
            let (_, after) = probe.nearest(&full(3));
            let (now, then) = (after.revision, before.revision);
            probe.holds(now > then, || format!("{now:?} after {then:?}, when a user {what} that has no external id"));
            before = after;
        }
    }

    /// Give no revision that a record had to one that takes its place under the same external id.
    fn revision_of_a_successor(probe) {
        let one = id("1");
        probe.create(&one, &full(1));
        let mut had = vec![probe.revision(&one)];
        for round in 0..3 {
            probe.edit(&one, &noted(&format!("round {round}")));
            had.push(probe.revision(&one));
            probe.delete(&one);
            probe.fixture.enter(Some(&one), &full(1));
            let now = probe.revision(&one);
            probe.holds(!had.contains(&now), || format!("{now:?} again, after {had:?}"));
            for old in &had {
                probe.stale(update(&one, *old, &noted("meant for another record")));
            }
            had.push(now);
        }
    }

    /// Say when the record was in step, and how many of its conflicts are open, as the last commit stored it.
    fn index_of_what_was_stored(probe) {
        let one = id("1");
        probe.create(&one, &full(1));
        let conflicts = ["note", "visits", "extras"].map(|unit| opened(&conflict(unit, Value::from(1))));
        let at = probe.revision(&one);
        probe.applied(Op { conflicts: conflicts.to_vec(), ..update(&one, at, &full(2)) });
        let listed = probe.listed(&one);
        let synced = Synced::new(listed.revision, full(2).fingerprint(), policy());
        probe.equal("when it was in step", &listed.synced, &Some(synced));
        probe.equal("how many conflicts are open", &listed.open, &3);
        // A user's edit leaves what is remembered as it is: the difference is what tells.
        probe.edit(&one, &noted("edited"));
        probe.equal("when it was in step", &probe.listed(&one).synced, &Some(synced));
        let close = crate::store::ConflictChange::Close { unit: "visits".to_owned() };
        probe.applied(Op { conflicts: vec![close], ..touch(&one, probe.revision(&one)) });
        probe.equal("how many conflicts are open", &probe.listed(&one).open, &2);
    }

    /// Say of a record whether it is active, deactivated by a sync, or removed by a user.
    fn presence_by_whom(probe) {
        let [one, hand] = ["1", "by hand"].map(id);
        probe.create(&one, &full(1));
        probe.fixture.enter(Some(&hand), &full(2));
        let is = |of: &ExternalId, presence| {
            probe.equal("the index's word", &probe.listed(of).presence, &presence);
            probe.equal("a load's word", &probe.see(of).presence, &presence);
        };
        for of in [&one, &hand] {
            is(of, Presence::Active);
            probe.applied(deactivate(of, probe.revision(of)));
            is(of, Presence::Deactivated);
            probe.applied(reactivate(of, probe.revision(of), &noted("again")));
            is(of, Presence::Active);
            probe.deactivate(of);
            is(of, Presence::Removed);
            // An edit of an inactive record leaves it inactive; to make it active is another thing that a user does.
            probe.edit(of, &noted("inactive"));
            is(of, Presence::Removed);
            probe.activate(of);
            is(of, Presence::Active);
            probe.applied(deactivate(of, probe.revision(of)));
            probe.edit(of, &noted("still inactive"));
            is(of, Presence::Deactivated);
            probe.activate(of);
            is(of, Presence::Active);
        }
    }

    /// Keep a record that a sync wrote and a user deleted, as removed.
    fn deleted_is_removed(probe) {
        let [one, other] = ["1", "2"].map(id);
        probe.create(&one, &full(1));
        let kept = probe.create(&other, &full(2));
        probe.delete(&one);
        probe.equal("the index's word", &probe.listed(&one).presence, &Presence::Removed);
        let seen = probe.see(&one);
        probe.equal("a load's word", &seen.presence, &Presence::Removed);
        probe.equal("what the source said last", &seen.base.map(|base| base.version), &Some(Some(3)));
        // The source still has it, and it is not created behind the user's back.
        probe.stale(create(&one, &full(3)));
        probe.applied(Op { seen: Some(full(1).fingerprint()), ..touch(&one, seen.revision) });
        probe.equal("a load's word", &probe.see(&one).presence, &Presence::Removed);
        // What is decided about a record that is gone is remembered like anything else.
        let conflicts = vec![opened(&conflict("", Value::from(1)))];
        let asked = Op { conflicts, base: Some(full(4)), missed: 3, ..touch(&one, probe.revision(&one)) };
        probe.applied(asked.clone());
        probe.stale(asked);
        let (seen, listed) = (probe.see(&one), probe.listed(&one));
        probe.equal("what is said of it", &(seen.presence, seen.open.len(), seen.missed), &(Presence::Removed, 1, 3));
        probe.equal("what the index says", &(listed.presence, listed.open, listed.missed), &(Presence::Removed, 1, 3));
        probe.equal("the index's revision", &listed.revision, &seen.revision);
        probe.equal("the other one", &probe.see(&other), &kept);
    }
}

//! Commits: what an op does, and that a refused op does nothing.

use serde_json::json;

use super::probe::Probe;
use super::world::{
    conflict, create, deactivate, full, id, link, noted, noticed, opened, reactivate, record, rekey, touch, update,
};
use super::{Fixture, RecordId, schema};
use crate::id::{ExternalId, LocalId};
use crate::store::{Action, Op, OpOutcome, Precondition, Presence, Revision};
use crate::value::Value;

/// An op with everything there is to leave a trace by.
fn loud(op: Op) -> Op {
    let conflicts = vec![opened(&conflict("extras", Value::from(7)))];
    Op { conflicts, entries: vec![noticed("of an op that was refused")], ..op }
}

/// A record as it is stored, with its audit.
type There = (Option<super::seen::Seen>, Vec<crate::audit::AuditEntry>);

#[track_caller]
fn there<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId) -> There {
    (probe.find(of), probe.audit(of))
}

/// Checks that each op is stale, in a batch of its own and behind another op, and leaves everything as it is.
#[track_caller]
fn all_stale<F: Fixture>(probe: &Probe<'_, F>, ops: &[Op]) {
    let bystander = id("bystander");
    for op in ops {
        let before = there(probe, &op.id);
        probe.stale(loud(op.clone()));
        probe.equal("what is there", &there(probe, &op.id), &before);
        let other = match probe.find(&bystander) {
            Some(seen) => touch(&bystander, seen.revision),
            None => create(&bystander, &noted("there")),
        };
        let outcomes = probe.commit(vec![other, loud(op.clone())]);
        probe.holds(matches!(outcomes[..], [OpOutcome::Applied { .. }, OpOutcome::Stale]), || format!("{outcomes:?}"));
        probe.equal("what is there", &there(probe, &op.id), &before);
    }
}

/// Something that a user does to a record, with its name.
type Act<F> = (&'static str, fn(&Probe<'_, F>, RecordId<'_>));

/// What a user can do to a record between a load and a commit.
fn overruling<F: Fixture>() -> [Act<F>; 4] {
    [
        ("edited", |probe, of| probe.edit(of, &noted("a user's"))),
        ("deactivated", |probe, of| probe.deactivate(of)),
        ("activated", |probe, of| {
            probe.deactivate(of);
            probe.activate(of);
        }),
        ("deleted", |probe, of| probe.delete(of)),
    ]
}

promises! { $ __conformance_records_commit in records::commit:
    /// Answer for each op, in the order of the batch.
    fn answers_in_order(probe) {
        probe.equal("the answers to nothing", &probe.commit(vec![]), &vec![]);
        let [one, two] = ["1", "2"].map(id);
        let [first, second] = [&one, &two].map(|of| probe.applied(create(of, &full(1))));
        let at = probe.revision(&two);
        let outcomes = probe.commit(vec![
            create(&one, &full(2)),
            update(&two, at, &noted("new")),
            update(&one, Revision(probe.revision(&one).0 + 1), &full(2)),
            touch(&id("nobody"), Revision(1)),
            touch(&one, probe.revision(&one)),
            create(&id("3"), &full(3)),
        ]);
        let applied = |local: &LocalId| OpOutcome::Applied { local: local.clone() };
        let third = probe.applied(touch(&id("3"), probe.revision(&id("3"))));
        let promised = vec![
            OpOutcome::Stale,
            applied(&second),
            OpOutcome::Stale,
            OpOutcome::Stale,
            applied(&first),
            applied(&third),
        ];
        probe.equal("the answers", &outcomes, &promised);
    }

    /// Carry out an op on a linked record only at the revision that it expects; else nothing of it.
    fn only_at_its_revision(probe) {
        let one = id("1");
        let first = probe.create(&one, &full(1)).revision;
        probe.edit(&one, &noted("a user's"));
        let ahead = Revision(probe.revision(&one).0 + 1);
        let mut ops = Vec::new();
        for revision in [first, ahead, Revision(0), Revision(u64::MAX)] {
            ops.extend([update(&one, revision, &full(2)), reactivate(&one, revision, &full(2))]);
            ops.extend([deactivate(&one, revision), touch(&one, revision)]);
        }
        all_stale(probe, &ops);
        let nobody = id("nobody");
        for revision in [first, Revision(0)] {
            let ops = [update(&nobody, revision, &full(2)), deactivate(&nobody, revision), touch(&nobody, revision)];
            all_stale(probe, &ops);
        }
        probe.applied(update(&one, probe.revision(&one), &full(2)));
        for (name, overrule) in overruling() {
            let [of, new_id] = [name.to_owned(), format!("{name}, then moved")].map(|name| id(&name));
            let at = probe.create(&of, &full(1)).revision;
            overrule(probe, RecordId::Linked(&of));
            all_stale(probe, &[update(&of, at, &full(2)), reactivate(&of, at, &full(2)), deactivate(&of, at)]);
            all_stale(probe, &[touch(&of, at), rekey(&of, &new_id, at)]);
        }
    }

    /// Create a record only where no record has its external id; else nothing of it.
    fn create_only_unlinked(probe) {
        let [by_sync, by_hand, inactive] = ["by sync", "by hand", "inactive"].map(id);
        probe.create(&by_sync, &full(1));
        probe.fixture.enter(Some(&by_hand), &full(2));
        let at = probe.create(&inactive, &full(3)).revision;
        probe.applied(deactivate(&inactive, at));
        all_stale(probe, &[&by_sync, &by_hand, &inactive].map(|of| create(of, &full(4))));
        // Twice in a batch: the first is there for the second.
        let twice = id("twice");
        let outcomes = probe.commit(vec![create(&twice, &full(5)), create(&twice, &full(6))]);
        probe.holds(matches!(outcomes[..], [OpOutcome::Applied { .. }, OpOutcome::Stale]), || format!("{outcomes:?}"));
        probe.equal("the note", &probe.see(&twice).local, &super::seen::of_local(&probe.schema, &full(5)));
    }

    /// Link a record only where it has no external id and the revision that is expected, and no record has the op's id; else nothing of it.
    fn link_only_free(probe) {
        let [one, two, taken, removed] = ["1", "2", "taken", "removed"].map(id);
        probe.create(&taken, &full(2));
        probe.fixture.enter(Some(&removed), &full(3));
        probe.deactivate(&removed);
        probe.fixture.enter(None, &full(1));
        let (local, near) = probe.nearest(&full(1));
        let patch = record(&json!({"note": null, "visits": 9}));
        let linking = |of: &ExternalId, revision| loud(link(of, &local, revision, &patch));
        let (first, ahead) = (near.revision, Revision(near.revision.0 + 1));
        probe.edit(&local, &noted("a user's"));
        let at = probe.nearest(&full(1)).1.revision;
        probe.holds(at > first, || format!("{at:?} after an edit, and {first:?} before"));
        let further = Revision(at.0 + 1);
        let revisions = [first, further, Revision(0), Revision(u64::MAX)];
        let mut ops: Vec<_> = revisions.into_iter().filter(|it| *it != at).map(|it| linking(&one, it)).collect();
        ops.extend([linking(&taken, at), linking(&removed, at)]);
        let nobody = probe.nearest(&full(2)).0;
        ops.push(loud(link(&one, &nobody, probe.revision(&taken), &patch)));
        ops.push(loud(link(&one, &LocalId::new("no such record").expect("three words are an id"), ahead, &patch)));
        all_stale(probe, &ops);
        probe.equal("what is there", &probe.nearest(&full(1)).1.linked, &None);

        probe.equal("the local id", &probe.applied(linking(&one, at)), &local);
        let seen = probe.see(&one);
        probe.equal("a field that the patch empties", &seen.field("note"), &"null");
        probe.equal("a field that it leaves", &seen.local.get("born"), &near.fields.get("born"));
        probe.equal("what stands beside it", &(seen.base.is_some(), seen.open.len()), &(true, 1));
        probe.equal("when it was in step", &seen.synced.map(|synced| synced.revision), &Some(seen.revision));
        probe.holds(seen.revision > at, || format!("{:?}, as before the link", seen.revision));
        probe.equal("the audit", &probe.audit(&one), &linking(&one, at).entries);
        all_stale(probe, &[linking(&two, seen.revision), linking(&two, at), linking(&one, seen.revision)]);
        for (number, (name, overrule)) in overruling().into_iter().enumerate() {
            let of = full(5 + number);
            probe.fixture.enter(None, &of);
            let (local, near) = probe.nearest(&of);
            overrule(probe, RecordId::Unlinked(&local));
            all_stale(probe, &[link(&id(name), &local, near.revision, &patch)]);
        }
        // A person's word on the same link, and a link by hand.
        let [ruled_out, by_hand] = [9, 10].map(full);
        [&ruled_out, &by_hand].into_iter().for_each(|fields| probe.fixture.enter(None, fields));
        let (local, near) = probe.nearest(&ruled_out);
        probe.fixture.rule_out(&local, &id("no"));
        all_stale(probe, &[link(&id("no"), &local, near.revision, &patch)]);
        let (local, near) = probe.nearest(&by_hand);
        probe.fixture.link(&local, &id("by hand"));
        all_stale(probe, &[link(&id("other"), &local, near.revision, &patch)]);
        // A link that touches no field is one, too.
        probe.fixture.enter(None, &full(4));
        let (local, near) = probe.nearest(&full(4));
        let bare = Op { action: Action::Touch, base: None, seen: None, ..link(&two, &local, near.revision, &patch) };
        probe.equal("the local id", &probe.applied(bare), &local);
        let seen = probe.see(&two);
        probe.equal("what it says", &seen.local, &near.fields);
        probe.equal("its base, and when it was in step", &(seen.base, seen.synced), &(None, None));
    }

    /// Move link, base and open conflicts of a rekeyed record to its new id, where no record has that; else nothing of it.
    fn rekeyed_takes_all_along(probe) {
        let [from, to, other, hand] = ["from", "to", "other", "by hand"].map(id);
        let local = probe.applied(create(&from, &full(1)));
        probe.create(&other, &full(2));
        probe.fixture.enter(Some(&hand), &full(3));
        probe.applied(loud(touch(&from, probe.revision(&from))));
        probe.edit(&from, &noted("a user's"));
        let before = probe.see(&from);
        let at = before.revision;
        all_stale(probe, &[rekey(&from, &other, at), rekey(&from, &hand, at), rekey(&from, &to, Revision(at.0 + 1))]);
        probe.equal("who has the old id", &probe.see(&from), &before);
        probe.equal("the local id", &probe.applied(rekey(&from, &to, at)), &local);
        probe.equal("who has the old id", &probe.find(&from), &None);
        let after = probe.see(&to);
        probe.holds(after.revision > at, || format!("{:?}, as under the old id", after.revision));
        let moved = super::seen::Seen { revision: after.revision, ..before };
        probe.equal("who has the new one", &after, &moved);
        probe.equal("how many conflicts the index counts", &probe.listed(&to).open, &1);
        // With a change of the record in the same op.
        let op = Op { rekeyed: Some(to.clone()), ..update(&from, after.revision, &noted("new")) };
        probe.equal("the local id", &probe.applied(op), &local);
        probe.equal("the note", &probe.see(&from).field("note"), &&*super::seen::quoted("new"));
        probe.equal("the others", &(probe.see(&other).presence, probe.see(&hand).base), &(Presence::Active, None));
    }

    /// Carry out the ops in their order: an id that one gives up is free for the next.
    fn carried_out_in_order(probe) {
        let [from, to] = ["from", "from, given up"].map(id);
        let double = probe.applied(create(&from, &full(1)));
        probe.fixture.enter(None, &full(2));
        let (known, near) = probe.nearest(&full(2));
        let at = probe.revision(&from);
        let gives_up = Op { rekeyed: Some(from.clone()), ..deactivate(&to, at) };
        let linked = link(&from, &known, near.revision, &noted("linked"));
        let outcomes = probe.commit(vec![gives_up, linked]);
        let both = [double, known].map(|local| OpOutcome::Applied { local });
        probe.equal("the answers", &&outcomes[..], &&both[..]);
        probe.equal("who gave it up", &probe.see(&to).presence, &Presence::Deactivated);
        probe.equal("who has it", &probe.see(&from).field("note"), &&*super::seen::quoted("linked"));
    }

    /// Carry out each op whole or not at all: one that fails leaves no trace, and stops no other.
    fn failed_leaves_no_trace(probe) {
        let [known, new, before, after] = ["known", "new", "before", "after"].map(id);
        let at = probe.create(&known, &full(1)).revision;
        // If the backend can refuse nothing, no op fails and there is nothing to check.
        if !probe.fixture.refuse(&known) || !probe.fixture.refuse(&new) {
            return;
        }
        let kept = [&known, &new].map(|of| there(probe, of));
        let outcomes = probe.commit(vec![
            create(&before, &full(2)),
            loud(update(&known, at, &full(3))),
            loud(create(&new, &full(4))),
            create(&after, &full(5)),
        ]);
        let [OpOutcome::Applied { .. }, OpOutcome::Failed { .. }, OpOutcome::Failed { .. }, OpOutcome::Applied { .. }] =
            &outcomes[..]
        else {
            probe.broken(&format!("{outcomes:?}, where the second and the third cannot be written"))
        };
        probe.equal("what is there", &[&known, &new].map(|of| there(probe, of)), &kept);
        let listed: Vec<_> = probe.index().into_keys().collect();
        probe.equal("what is listed", &listed, &vec![after.clone(), before.clone(), known]);
        for (of, number) in [(&before, 2), (&after, 5)] {
            probe.equal("the fields", &probe.see(of).local, &super::seen::of_local(&probe.schema, &full(number)));
        }
    }

    /// Write the fields that a patch states, null too, and leave the others as they are.
    fn patch_what_it_states(probe) {
        let one = id("1");
        let mut promised = probe.create(&one, &full(1)).local;
        let fields = ["name", "visits", "member", "tags", "place", "born"];
        let all = full(2);
        let named = serde_json::to_value(probe.schema.named(&all)).unwrap_or_default();
        for field in fields {
            for value in [named[field].clone(), json!(null), named[field].clone()] {
                let patch = record(&json!({ field: value }));
                probe.applied(update(&one, probe.revision(&one), &patch));
                promised.extend(super::seen::stated(&probe.schema, &patch));
                probe.equal("the fields", &probe.see(&one).local, &promised);
            }
        }
        probe.applied(update(&one, probe.revision(&one), &schema().missing()));
        probe.equal("the fields", &probe.see(&one).local, &promised);
    }

    /// Mark a record inactive, and active again with a patch, and delete nothing.
    fn inactive_and_active_again(probe) {
        let one = id("1");
        let created = probe.create(&one, &full(1));
        let local = probe.applied(deactivate(&one, created.revision));
        let seen = probe.see(&one);
        probe.equal("the fields", &seen.local, &created.local);
        probe.equal("the base", &seen.base, &created.base);
        probe.equal("whether it is there", &seen.presence, &Presence::Deactivated);
        let again = probe.applied(reactivate(&one, seen.revision, &noted("back")));
        probe.equal("its local id", &again, &local);
        let mut promised = created.local;
        promised.extend(super::seen::stated(&probe.schema, &noted("back")));
        let seen = probe.see(&one);
        probe.equal("the fields", &seen.local, &promised);
        probe.equal("whether it is there", &seen.presence, &Presence::Active);
        // Only a reactivation makes it active.
        probe.applied(deactivate(&one, seen.revision));
        probe.applied(update(&one, probe.revision(&one), &noted("of an inactive record")));
        probe.equal("whether it is there, after an update", &probe.see(&one).presence, &Presence::Deactivated);
        probe.applied(touch(&one, probe.revision(&one)));
        probe.equal("whether it is there, after a touch", &probe.see(&one).presence, &Presence::Deactivated);
    }

    /// Answer with the local id of the record, which it keeps, and which no other has.
    fn local_id_stays(probe) {
        let [one, two] = ["1", "2"].map(id);
        let [first, second] = [&one, &two].map(|of| probe.applied(create(of, &full(1))));
        probe.holds(first != second, || format!("{first} for two records"));
        probe.edit(&one, &noted("edited"));
        for op in [
            |of: &ExternalId, at| update(of, at, &full(2)),
            |of: &ExternalId, at| deactivate(of, at),
            |of: &ExternalId, at| reactivate(of, at, &full(3)),
            |of: &ExternalId, at| touch(of, at),
        ] {
            let op = op(&one, probe.revision(&one));
            probe.equal(&format!("the local id, as answered to {}", op.action.name()), &probe.applied(op), &first);
        }
    }

    /// Change nothing of a record that is only touched, but for what is remembered.
    fn touch_changes_nothing(probe) {
        let one = id("1");
        let created = probe.create(&one, &full(1));
        probe.edit(&one, &noted("edited"));
        let edited = probe.see(&one);
        let remembered = Op { seen: Some(full(2).fingerprint()), base: Some(full(2)), ..touch(&one, edited.revision) };
        probe.applied(remembered);
        let seen = probe.see(&one);
        probe.equal("the fields", &seen.local, &edited.local);
        probe.equal("whether it is there", &seen.presence, &edited.presence);
        probe.holds(seen.base != created.base, || "the base of before".to_owned());
        probe.equal("its audit", &probe.audit(&one), &create(&one, &full(1)).entries);
    }

    /// Leave all other records as they are.
    fn other_records_stay(probe) {
        let [one, two, three] = ["1", "2", "3"].map(id);
        let (first, at) = (probe.create(&one, &full(1)), probe.create(&two, &full(2)).revision);
        probe.fixture.enter(Some(&three), &full(3));
        let third = probe.see(&three);
        probe.applied(loud(update(&two, at, &full(4))));
        probe.applied(deactivate(&two, probe.revision(&two)));
        probe.applied(reactivate(&two, probe.revision(&two), &full(5)));
        let expect = Precondition::Revision(probe.revision(&two));
        let all = Op { action: Action::Touch, expect, ..create(&two, &full(6)) };
        probe.applied(all);
        probe.equal("the first", &probe.see(&one), &first);
        probe.equal("the third", &probe.see(&three), &third);
        probe.equal("the audit of the first", &probe.audit(&one), &create(&one, &full(1)).entries);
        // Their preconditions still hold.
        probe.applied(touch(&one, first.revision));
    }
}

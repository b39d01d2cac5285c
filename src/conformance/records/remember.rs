//! What a store remembers beside a record: the base, when it was in step, the open conflicts and the audit.

use serde_json::json;

use super::probe::Probe;
use super::seen::{stated, text_of};
use super::world::{
    batch, conflict, create, deactivate, full, id, noted, noticed, opened, policy, record, run, stand_in, touch, update,
};
use super::{Fixture, schema};
use crate::audit::AuditEntry;
use crate::id::ExternalId;
use crate::schema::Privacy;
use crate::store::{Batch, ConflictChange, LEFT, Op, OpOutcome, OpenConflict, Presence, RecordStore, Synced};
use crate::value::{Fingerprint, Record, Value};

/// Bases that a careless store takes for one another: a field that was never synced, one that the source had empty, and
/// ones that it had spelt as nothing.
fn sparse() -> [Record; 6] {
    [
        json!({}),
        json!({"note": null}),
        json!({"note": ""}),
        json!({"note": "x", "visits": null}),
        json!({"visits": 1, "steps": [null], "extras": {"a": null}}),
        json!({"tags": [], "steps": [], "extras": {}, "place": {}}),
    ]
    .map(|stated| record(&stated))
}

#[track_caller]
fn open<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId) -> Vec<String> {
    let listed = probe.listed(of).open as usize;
    let open = probe.see(of).open;
    probe.equal("how many the index counts", &listed, &open.len());
    open
}

fn texts(conflicts: &[&OpenConflict]) -> Vec<String> {
    let mut texts: Vec<_> = conflicts.iter().map(text_of).collect();
    texts.sort();
    texts
}

/// A change of conflicts alone.
#[track_caller]
fn change<F: Fixture>(probe: &Probe<'_, F>, of: &ExternalId, conflicts: Vec<ConflictChange>) {
    probe.applied(Op { conflicts, ..touch(of, probe.revision(of)) });
}

fn close(unit: &str) -> ConflictChange {
    ConflictChange::Close { unit: unit.to_owned() }
}

fn noticing(op: Op, whys: &[&str]) -> Op {
    Op { entries: whys.iter().map(|why| noticed(why)).collect(), ..op }
}

promises! { $ __conformance_records_remember in records::remember:
    /// Store the base that an op has, with the batch's schema and the op's version, and tell missing from null.
    fn base_as_stored(probe) {
        let one = id("1");
        probe.create(&one, &full(1));
        for base in sparse() {
            for version in [None, Some(0), Some(7), Some(u64::MAX)] {
                let at = probe.revision(&one);
                probe.applied(Op { base: Some(base.clone()), version, ..touch(&one, at) });
                let Some(seen) = probe.see(&one).base else { probe.broken("no base, where one was stored") };
                probe.equal("what the base states", &seen.fields, &stated(&probe.schema, &base));
                probe.equal("its version", &seen.version, &version);
                probe.equal("its schema", &seen.schema, &schema().fingerprint());
            }
        }
        let other = Batch {
            schema: Fingerprint::of(b"another schema"),
            ..batch(vec![Op { base: Some(full(2)), ..touch(&one, probe.revision(&one)) }])
        };
        let outcomes = probe.fixture.block_on(probe.fixture.store().commit(&other));
        probe.holds(matches!(outcomes.as_deref(), Ok([OpOutcome::Applied { .. }])), || format!("{:?}", outcomes.ok()));
        let seen = probe.see(&one).base.map(|base| base.schema);
        probe.equal("the base's schema", &seen, &Some(other.schema));
    }

    /// Keep with a base what it has beyond the fields of the schema.
    fn base_with_what_is_beyond(probe) {
        let one = id("1");
        probe.create(&one, &full(1));
        let beyond = record(&json!({"note": "x", "shoe": 43, "tripartite:dropped": ["/phone", "/extras/a~1b"]}));
        for base in [beyond, full(2)] {
            for op in [touch, |of: &ExternalId, at| update(of, at, &noted("new"))] {
                probe.applied(Op { base: Some(base.clone()), ..op(&one, probe.revision(&one)) });
                let seen = probe.see(&one).base;
                probe.equal("what is beyond", &seen.map(|base| base.extra), &Some(text_of(&base.extra().to_value())));
            }
        }
    }

    /// Leave the base and its version where an op has no base, also when the op writes fields and when users edit.
    fn base_stays_without_one(probe) {
        let one = id("1");
        let base = probe.create(&one, &full(1)).base;
        let ops: [fn(&ExternalId, _) -> Op; 3] = [touch, deactivate, |of, at| {
            Op { base: None, version: None, seen: None, ..update(of, at, &noted("new")) }
        }];
        for op in ops {
            // An op without a base says by its version what was looked at; the stored version stays with its base.
            for version in [None, Some(1), Some(9)] {
                probe.applied(Op { version, ..op(&one, probe.revision(&one)) });
                probe.equal("the base", &probe.see(&one).base, &base);
            }
        }
        probe.edit(&one, &full(2));
        probe.equal("the base", &probe.see(&one).base, &base);
        probe.deactivate(&one);
        probe.equal("the base", &probe.see(&one).base, &base);
    }

    /// Remember that a record is in step, at the revision after the op's own write, where the op says what was seen.
    fn synced_after_own_write(probe) {
        let one = id("1");
        let created = probe.create(&one, &full(1));
        let synced = |revision, seen: &Record| Some(Synced::new(revision, seen.fingerprint(), policy()));
        probe.equal("when it was in step", &created.synced, &synced(created.revision, &full(1)));
        let ops: [fn(&ExternalId, _) -> Op; 4] = [
            |of, at| update(of, at, &full(2)),
            |of, at| Op { seen: Some(full(2).fingerprint()), ..deactivate(of, at) },
            |of, at| super::world::reactivate(of, at, &full(2)),
            |of, at| Op { seen: Some(full(2).fingerprint()), ..touch(of, at) },
        ];
        for op in ops {
            let op = op(&one, probe.revision(&one));
            let name = op.action.name();
            probe.applied(op);
            let (seen, listed) = (probe.see(&one), probe.listed(&one));
            probe.equal(&format!("when it was in step, after {name}"), &seen.synced, &synced(seen.revision, &full(2)));
            probe.equal("what the index says", &listed.synced, &seen.synced);
        }
    }

    /// Leave unchanged when a record was in step, where an op does not say what was seen.
    fn synced_stays_without_seen(probe) {
        let one = id("1");
        let synced = probe.create(&one, &full(1)).synced;
        probe.applied(Op { seen: None, ..update(&one, probe.revision(&one), &full(2)) });
        probe.equal("when it was in step", &probe.see(&one).synced, &synced);
        probe.applied(touch(&one, probe.revision(&one)));
        probe.applied(deactivate(&one, probe.revision(&one)));
        probe.equal("when it was in step", &probe.see(&one).synced, &synced);
        probe.equal("what the index says", &probe.listed(&one).synced, &synced);
    }

    /// Make the revision larger by an op that changes the base or an open conflict of a record, though it is only
    /// touched.
    fn revision_of_the_remembered(probe) {
        let one = id("1");
        let created = probe.create(&one, &full(1));
        let remembered = |at| -> [Op; 4] {
            let conflict = conflict("extras", Value::from(7));
            [
                Op { base: Some(full(2)), seen: Some(full(2).fingerprint()), ..touch(&one, at) },
                Op { conflicts: vec![opened(&conflict)], ..touch(&one, at) },
                Op { conflicts: vec![ConflictChange::Update(conflict)], ..touch(&one, at) },
                Op { conflicts: vec![close("extras")], ..touch(&one, at) },
            ]
        };
        for which in 0..4 {
            let before = probe.revision(&one);
            let [first, second] = [&remembered(before)[which], &remembered(before)[(which + 1) % 4]];
            probe.applied(first.clone());
            let after = probe.revision(&one);
            probe.holds(after > before, || format!("revision {} after {}", after.0, before.0));
            // A run that planned from the old state must find its op stale.
            probe.stale(second.clone());
        }
        let seen = probe.see(&one);
        probe.equal("the fields", &seen.local, &created.local);
        let synced = seen.synced.map(|synced| synced.revision > created.revision);
        probe.equal("whether it is in step at a later revision", &synced, &Some(true));
    }

    /// Remember of each op how often in a row the record was missed.
    fn missed_as_last_said(probe) {
        let [one, two] = ["1", "2"].map(id);
        for of in [&one, &two] {
            probe.create(of, &full(1));
        }
        for missed in [1, 2, 3, u32::MAX, 0, 1] {
            probe.applied(Op { missed, ..touch(&one, probe.revision(&one)) });
            probe.equal("how often it was missed", &probe.see(&one).missed, &missed);
            probe.equal("what the index says", &probe.listed(&one).missed, &missed);
            probe.equal("how often the other was", &probe.see(&two).missed, &0);
        }
        probe.edit(&one, &noted("a user's"));
        probe.equal("how often it was missed, after an edit", &probe.see(&one).missed, &1);
        let ops: [fn(&ExternalId, _) -> Op; 2] = [|of, at| update(of, at, &noted("there")), |of, at| {
            Op { missed: 0, ..super::world::reactivate(of, at, &full(2)) }
        }];
        for op in ops {
            probe.applied(Op { missed: 1, ..touch(&one, probe.revision(&one)) });
            probe.applied(op(&one, probe.revision(&one)));
            probe.equal("how often it was missed, once it was there", &probe.see(&one).missed, &0);
            probe.applied(Op { missed: 4, ..deactivate(&one, probe.revision(&one)) });
            probe.equal("how often it was missed, once it is inactive", &probe.see(&one).missed, &4);
        }
        probe.applied(Op { missed: u32::MAX, ..touch(&one, probe.revision(&one)) });
        probe.equal("how often it was missed, while it is inactive", &probe.see(&one).missed, &u32::MAX);
        probe.equal("what is said of it", &probe.see(&one).presence, &Presence::Deactivated);
        // A run tells by this number that a user made a record active again.
        let ended = Op { missed: LEFT | 4, ..touch(&one, probe.revision(&one)) };
        probe.applied(ended);
        probe.activate(&one);
        let (seen, listed) = (probe.see(&one), probe.listed(&one));
        probe.equal("what is said of it", &seen.presence, &Presence::Active);
        probe.equal("how often it was missed, once a user made it active", &seen.missed, &(LEFT | 4));
        probe.equal("what the index says", &listed.missed, &seen.missed);
    }

    /// Store the version of a tombstone beside the base, as the record is marked inactive.
    fn tombstone_with_its_version(probe) {
        let one = id("1");
        let created = probe.create(&one, &full(1));
        let gone = Op { base: Some(full(1)), version: Some(7), ..deactivate(&one, created.revision) };
        probe.applied(gone);
        let seen = probe.see(&one);
        let (presence, version) = (seen.presence, seen.base.as_ref().and_then(|base| base.version));
        probe.equal("what is said of it", &presence, &Presence::Deactivated);
        probe.equal("the base's version", &version, &Some(7));
        probe.equal("what the base states", &seen.base.map(|base| base.fields), &created.base.map(|base| base.fields));
        probe.equal("when it was in step", &seen.synced, &created.synced);
        probe.equal("its fields", &seen.local, &created.local);
        let back = Op { version: Some(8), ..super::world::reactivate(&one, seen.revision, &full(2)) };
        probe.applied(back);
        let seen = probe.see(&one);
        let version = seen.base.and_then(|base| base.version);
        probe.equal("its version, once it is back", &(version, seen.missed), &(Some(8), 0));
        probe.equal("what is said of it then", &seen.presence, &Presence::Active);
        // Of a record that was never in step, the tombstone is the first that is remembered.
        let hand = id("by hand");
        probe.fixture.enter(Some(&hand), &full(3));
        let gone = Op { base: Some(schema().missing()), version: Some(7), ..deactivate(&hand, probe.revision(&hand)) };
        probe.applied(gone);
        let version = probe.see(&hand).base.map(|base| (base.fields.len(), base.version));
        probe.equal("what the first base states, and its version", &version, &Some((0, Some(7))));
    }

    /// Open, update and close conflicts by their units, one for each, and give those that are open as they were stored.
    fn conflicts_by_unit(probe) {
        let [one, two] = ["1", "2"].map(id);
        probe.create(&one, &full(1));
        probe.create(&two, &full(2));
        let [note, extras] = ["note", "extras"].map(|unit| conflict(unit, Value::from("theirs")));
        change(probe, &one, vec![opened(&note), opened(&extras)]);
        change(probe, &two, vec![opened(&note)]);
        probe.equal("what is open", &open(probe, &one), &texts(&[&note, &extras]));
        let moved = OpenConflict { base: None, paths: vec![], ..conflict("note", Value::Null) };
        change(probe, &one, vec![ConflictChange::Update(moved.clone())]);
        probe.equal("what is open", &open(probe, &one), &texts(&[&moved, &extras]));
        change(probe, &one, vec![close("extras"), close("never opened")]);
        probe.equal("what is open", &open(probe, &one), &texts(&[&moved]));
        // A change carries its conflicts with it, in their order.
        let at = probe.revision(&one);
        let conflicts = vec![close("note"), opened(&note), opened(&extras), close("extras")];
        probe.applied(Op { conflicts, ..update(&one, at, &full(3)) });
        probe.equal("what is open", &open(probe, &one), &texts(&[&note]));
        change(probe, &one, vec![close("note")]);
        probe.equal("what is open", &open(probe, &one), &vec![]);
        probe.equal("what is open of the other", &open(probe, &two), &texts(&[&note]));
    }

    /// Append the audit entries of an op that is carried out, each once and in their order, under the batch's run.
    fn audit_in_order(probe) {
        let [one, two] = ["1", "2"].map(id);
        probe.commit(vec![
            noticing(create(&two, &full(2)), &["c", "a", "b", "a"]),
            noticing(create(&one, &full(1)), &["z"]),
            noticing(create(&two, &full(3)), &["never"]),
        ]);
        let at = probe.revision(&one);
        probe.applied(noticing(update(&one, at, &full(4)), &["y", "x"]));
        probe.stale(noticing(update(&one, at, &full(4)), &["never"]));
        let said = |of: &ExternalId, why: &str| (run("suite-1"), of.clone(), noticed(why));
        let mut promised: Vec<(_, _, AuditEntry)> = ["c", "a", "b", "a"].map(|why| said(&two, why)).to_vec();
        promised.extend(["z", "y", "x"].map(|why| said(&one, why)));
        probe.equal("the audit", &probe.fixture.audit(), &promised);
        // An entry has every value that was there.
        let three = id("3");
        let op = create(&three, &record(&json!({"note": "e\u{301}\n'x'"})));
        probe.applied(op.clone());
        probe.equal("the audit of a creation", &probe.audit(&three), &op.entries);
    }

    /// Keep in the audit the values that the entries state, and none that only the op has.
    fn audit_as_stated(probe) {
        let one = id("1");
        let hidden = [Privacy::Redacted, Privacy::Hashed].map(|kept| stand_in("email", kept)).to_vec();
        let op = Op { entries: hidden.clone(), ..create(&one, &full(1)) };
        probe.applied(op);
        probe.equal("the audit", &probe.audit(&one), &hidden);
        let op = Op { entries: hidden.clone(), ..update(&one, probe.revision(&one), &full(2)) };
        probe.applied(op);
        probe.equal("the audit", &probe.audit(&one), &[hidden.clone(), hidden].concat());
    }
}

//! What stops a plan, and who lets it pass.

use super::*;

/// The listing of a night after which `left` of `all` records remain, under these guards.
fn leaving(all: usize, left: usize, guards: Guards) -> (Policy, MemoryStore, Step) {
    let policy = members();
    let crowd = crowd(all);
    let store = after_one_night(&policy, &few(&crowd));
    let rest = listing(policy.schema(), &few(&crowd[..left]));
    let step = by_hand(run(&policy, "night").guards(guards).start(), &rest, &store, |_| ());
    (policy, store, step)
}

#[test]
fn guards_stop_what_is_too_much_and_nothing_else() {
    let limit = |limit| Guards::default().deactivations(limit);
    for (all, left, guards, stopped, says) in [
        (10, 8, Guards::default(), 0, "a fifth may leave"),
        (10, 7, Guards::default(), 1, "three of ten may not"),
        (9, 5, Guards::default(), 0, "below ten, less than half may leave"),
        (9, 4, Guards::default(), 1, "more than half may not"),
        (9, 1, Guards::default(), 1, "nor may eight of nine"),
        (5, 2, Guards::default(), 1, "nor three of five"),
        (3, 1, Guards::default(), 0, "two may always leave"),
        (30, 27, limit(Limit::NONE.absolute(3)), 0, "three are three"),
        (30, 26, limit(Limit::NONE.absolute(3)), 1, "four are more than three"),
        (2, 0, Guards::default(), 1, "an empty listing is an outage"),
        (2, 0, Guards::default().allow_empty(), 0, "unless it is expected"),
        (9, 0, Guards::default().allow_empty(), 1, "and so few that two may leave"),
        (20, 0, Guards::default(), 2, "both reasons are given"),
    ] {
        let (policy, store, step) = leaving(all, left, guards);
        let active = store.records().values().filter(|kept| kept.presence == Presence::Active).count();
        let Step::Stopped(stop) = step else {
            assert_eq!((stopped, active), (0, left), "{says}");
            continue;
        };
        assert_eq!(stop.reasons().len(), stopped, "{says}: {:?}", stop.reasons());
        let report = stop.finish().report;
        assert_eq!((report.outcome, active), (RunOutcome::Blocked, all), "{says}: nothing is written");
        assert_eq!(report.counts.deactivated as usize, all - left, "{says}: what would have been");
        drop(policy);
    }
}

/// Nothing of a blocked plan is written, also what no guard objects to.
#[test]
fn a_blocked_plan_writes_nothing_at_all() {
    let policy = members();
    let store = after_one_night(&policy, &few(&crowd(20)));
    let before = state(policy.schema(), &store);
    let other = listing(policy.schema(), &[("m-0000", member("N0", "2")), ("new", member("New", "1"))]);
    let done = night(&policy, &store, &other);
    assert!(matches!(done.report.blocked[..], [Blocked::Deactivations(Excess { count: 19, population: 20, .. })]));
    assert_eq!(state(policy.schema(), &store), before);
    assert!(store.audit().iter().all(|(_, _, entry)| matches!(entry, AuditEntry::Record(e) if e.action == "create")));
}

#[test]
fn approval_is_of_one_plan() {
    let (_, store, step) = leaving(20, 5, Guards::default());
    let Step::Stopped(stopped) = step else { panic!("it is stopped") };
    let wrong = format!("{:064}", 1).parse().unwrap();
    let Step::Stopped(stopped) = stopped.approve(wrong) else { panic!("the wrong id does not pass") };
    let id = stopped.plan().id();
    let nothing = Listing::new(Vec::new());
    let done = finish(by_hand(stopped.approve(id), &nothing, &store, |_| ()));
    assert_eq!((done.report.outcome, done.report.counts.deactivated), (RunOutcome::Succeeded, 15));
}

/// An approval given before the run passes the same plan, and not the plan of a source that went on.
#[test]
fn approval_ahead_of_the_run_holds_for_the_same_plan_only() {
    for (phone, outcome) in [("1", RunOutcome::Succeeded), ("2", RunOutcome::Blocked)] {
        let (policy, store, step) = leaving(20, 5, Guards::default());
        let approved = finish(step).report.plan_id;
        let mut rest = crowd(5);
        rest[0].1["phone"] = json!(phone);
        let rest = listing(policy.schema(), &few(&rest));
        let again = run(&policy, "approved").approve(approved).start();
        assert_eq!(finish(by_hand(again, &rest, &store, |_| ())).report.outcome, outcome);
    }
}

/// A stored plan whose records have changed is planned once more, against what it saw at the source.
#[test]
fn a_plan_that_waited_does_not_overwrite_what_came_after() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let moved = listing(policy.schema(), &[("7", member("Áine B", "1"))]);
    let step = by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ());
    let plan = finish(step).plan.unwrap();
    store.edit(&ext("7"), &json!({"phone": "2"})).unwrap();
    let nothing = Listing::new(Vec::new());
    let done = finish(by_hand(run(&policy, "apply").apply(plan.clone()), &nothing, &store, |_| ()));
    assert_eq!(done.report.counts.updated, 1);
    assert_eq!(local(policy.schema(), &store, "7"), member("Áine B", "2"));
    let other = policy.strategy(Strategy::Enforced).unwrap();
    let done = finish(by_hand(run(&other, "apply").apply(plan), &nothing, &store, |_| ()));
    assert!(matches!(done.report.blocked[..], [Blocked::OtherPolicy { .. }]), "a plan belongs to its policy");
}

#[test]
fn a_dry_run_writes_nothing_and_shows_everything() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let before = (state(policy.schema(), &store), store.audit().len());
    let moved = listing(policy.schema(), &[("7", member("Áine B", "1")), ("8", member("Seán", "1"))]);
    let done = finish(by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ()));
    assert!(done.report.dry_run && done.report.outcome == RunOutcome::Succeeded);
    assert_eq!((done.report.counts.updated, done.report.counts.created), (1, 1));
    assert_eq!(done.plan.map(|plan| plan.changes().count()), Some(2));
    assert_eq!((state(policy.schema(), &store), store.audit().len()), before);
}

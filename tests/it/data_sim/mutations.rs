//! Stores and drivers that break one promise each. The world must find every one, as the law that it breaks.

use super::store::Fault;
use super::{history, play};

/// The first of them; another one where the laws' own run begins.
const FIRST: u64 = 100_000;
/// How many histories may pass before a fault is found.
const HISTORIES: u64 = 20_000;

/// Looks for a history in which a fault breaks a law, and this law first.
#[track_caller]
fn breaks(fault: Fault, law: &str) {
    let found = (FIRST..FIRST + HISTORIES).map(history).any(|(setup, acts)| {
        let broken = play(setup, &acts, fault).err();
        broken.is_some_and(|broken| broken.law == law)
    });
    assert!(found, "{fault:?} breaks {law} in none of {HISTORIES} histories");
}

/// Tests that each find faults, by the first law that each breaks.
macro_rules! found {
    ($($test:ident: $($fault:ident => $law:literal),+;)+) => {$(
        #[test]
        fn $test() {
            $(breaks(Fault::$fault, $law);)+
        }
    )+};
}

found! {
    a_store_that_writes_the_base_first_and_crashes_is_found:
        BaseFirst => "atomic";
    a_store_that_ignores_the_revision_is_found:
        IgnoresTheRevision => "P1";
    a_store_whose_edits_make_no_revision_is_found:
        EditsKeepTheRevision => "P1";
    a_store_whose_bases_and_conflicts_make_no_revision_is_found:
        TouchesKeepTheRevision => "base";
    a_store_that_loses_an_open_conflict_is_found:
        LosesConflicts => "heard";
    a_store_that_opens_a_conflict_twice_is_found:
        OpensConflictsTwice => "one conflict";
    a_store_that_forgets_how_often_a_record_was_missed_is_found:
        ForgetsMissed => "P5", ForgetsMissed => "P11", ForgetsMissed => "kept active";
    a_store_that_carries_out_half_an_op_is_found:
        WritesTheFirstFieldOnly => "field merge";
    a_store_that_loses_the_audit_is_found:
        LosesTheAudit => "P1";
    a_store_that_empties_what_it_deactivates_is_found:
        EmptiesWhatIsInactive => "P1";
    a_store_that_moves_a_record_without_its_base_is_found:
        MovesWithoutTheBase => "base";
    a_store_that_remembers_the_revision_before_its_own_write_is_found:
        RemembersTheRevisionBefore => "P9";
    a_store_that_takes_back_whom_a_user_removed_is_found:
        WritesTheRemoved => "removed";
    a_driver_that_takes_a_part_of_a_listing_for_all_of_it_is_found:
        TrustsAPart => "P10", TrustsWhatBrokeOff => "P10";
    a_driver_that_approves_what_nobody_approved_is_found:
        ApprovesItself => "P10";
    a_store_that_gives_no_candidate_that_is_linked_is_found:
        HidesWhoIsLinked => "one question";
    a_store_whose_bases_do_not_say_who_they_are_of_is_found:
        ForgetsWhoItWas => "one question";
    a_store_that_forgets_what_a_person_said_that_a_record_is_not_is_found:
        ForgetsWhoIsNot => "answered";
    a_store_that_moves_a_record_and_leaves_it_where_it_was_is_found:
        KeepsTheOldId => "answered";
    a_driver_that_measures_a_run_of_some_records_by_those_records_is_found:
        MeasuresByItself => "measured";
    a_driver_that_takes_what_a_guard_held_back_for_done_is_found:
        ForgetsWhatWasHeld => "held";
}

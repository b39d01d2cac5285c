//! What is wrong with a store of records, and which cases of the suite must say so.

use crate::support::suite::faults;

faults! {
    broken {
        // All methods.
        ReadsLag => shown_from_then_on;
        WriteBehind => kept_over_a_crash;
        BasesBeforeRecords => broken_run_is_made_up_for;
        OneTableForAll => organisations_apart;
        // index
        IndexByOffset => index_gives_each_once;
        IndexByLastChange => index_gives_each_once;
        IndexOfTheUnlinked => index_of_linked_by_hand;
        IndexOfTheSyncedOnly => index_of_linked_by_hand, presence_by_whom;
        IndexWithoutConflicts => index_of_what_was_stored, conflicts_by_unit;
        IndexInStepAlways => index_of_what_was_stored;
        RevisionOfTheIndexIsItsOwn => revision_stays, revision_grows, shown_from_then_on;
        ReadsMakeRevisions => revision_stays;
        EditsKeepTheRevision => revision_grows, only_at_its_revision;
        DeactivationsKeepTheRevision => revision_grows, only_at_its_revision;
        ActivationsKeepTheRevision => revision_grows;
        DeletionsKeepTheRevision => revision_grows, only_at_its_revision, link_only_free;
        LinksByHandKeepTheRevision => revision_grows;
        RuledOutAtTheSameRevision => revision_grows, link_only_free;
        OpsKeepTheRevision => revision_grows, one_op_wins;
        SuccessorsFromOne => revision_of_a_successor;
        RemovedIsDeactivated => presence_by_whom;
        DeactivatedIsRemoved => presence_by_whom, inactive_and_active_again;
        DeletedIsForgotten => deleted_is_removed;
        RemovedIsTouchedAtOneRevision => deleted_is_removed;
        IndexForgetsHowOftenTheRemovedWereMissed => deleted_is_removed;
        EditsActivate => presence_by_whom, near_and_removed;
        ActivatedStaysInactive => presence_by_whom;
        // load
        TornLoad => load_of_one_moment;
        LoadOfTheUnlinked => load_leaves_out;
        LoadOf999 => load_many;
        LoadTwice => load_many;
        IdsWithoutCase => ids_apart;
        IdsTrimmed => ids_apart;
        IdsCutAt255 => ids_apart;
        SetsAsTexts => every_kind;
        NothingIsZero => nothing_is_nothing;
        TextsCutAt255 => awkward_values, usual_values;
        LongTextsAreRefused => usual_values;
        TextsEndAtNul => awkward_values;
        IntegersIn64Bits => awkward_values;
        NestedNullsDropped => awkward_values, base_as_stored;
        // load, of candidates
        CandidatesOfTheFree => near_whether_linked_or_not;
        CandidatesOfTheLinked => near_whether_linked_or_not;
        CandidatesUpTo999Keys => near_whether_linked_or_not;
        CandidatesByTheFirstRule => near_whether_linked_or_not;
        CandidatesUpToAFew => near_of_many;
        CandidatesUpToAPage => near_of_many;
        KeysOfTheFirstDay => near_by_what_it_says_now;
        KeysOfWhatWasCommitted => near_by_what_it_says_now;
        KeysOfOtherRules => near_by_the_rules_asked_for;
        ForgetsWhatItIsNot => near_is_not;
        OpsForgetWhatItIsNot => near_is_not;
        NewRecordsInheritWhatTheyAreNot => near_is_not;
        CandidatesAreActive => near_and_removed;
        CandidatesOfTheNeighbour => near_in_ones_own;
        // commit, of each op
        AnswersBackwards => answers_in_order;
        AnswersOfTheAppliedFirst => answers_in_order, failed_leaves_no_trace;
        UpdatesBlindly => only_at_its_revision, one_op_wins, no_edit_is_lost;
        CreatesOverAnything => create_only_unlinked, one_creation_wins, deleted_is_removed;
        ComparesBeforeItWrites => one_op_wins, one_creation_wins, one_link_wins, no_edit_is_lost;
        StaleIsAudited => only_at_its_revision, create_only_unlinked, audit_in_order;
        StaleStoresItsBase => only_at_its_revision;
        FailedLeavesTheRecord => failed_leaves_no_trace;
        FailedStopsTheBatch => failed_leaves_no_trace;
        PatchesAreWhole => patch_what_it_states;
        PatchesSkipNull => patch_what_it_states, nothing_is_nothing;
        DeactivatedIsEmptied => inactive_and_active_again;
        ReactivatedWithoutPatch => inactive_and_active_again;
        UpdatesActivate => inactive_and_active_again;
        DeletionsLoseTheRace => no_deletion_is_lost;
        LocalIdOfEachOp => local_id_stays, answers_in_order;
        TouchWritesTheBase => touch_changes_nothing;
        UpdatesMoveAll => other_records_stay;
        LinksAtAnyRevision => link_only_free;
        LinksOverOthers => link_only_free;
        LinksMakeNewLocals => link_only_free;
        LinksWithoutTheirPatch => link_only_free;
        RekeysOverOthers => rekeyed_takes_all_along;
        RekeysLeaveTheBase => rekeyed_takes_all_along;
        LinksBeforeAllElse => carried_out_in_order;
        // commit, of what is remembered
        BaseNullForMissing => base_as_stored;
        BaseWithoutVersion => base_as_stored;
        BaseWithoutWhatIsBeyond => base_with_what_is_beyond;
        VersionWithoutBase => base_stays_without_one;
        BaseGoesWithoutOne => base_stays_without_one;
        SyncedBeforeItsWrite => synced_after_own_write;
        SyncedAlways => synced_stays_without_seen;
        MissedIsForgotten => missed_as_last_said;
        MissedForEver => missed_as_last_said;
        ActivationForgetsTheEnd => missed_as_last_said;
        TombstonesWithoutVersion => tombstone_with_its_version;
        TombstonesOfTheBasedOnly => tombstone_with_its_version;
        ConflictsNeverClose => conflicts_by_unit, index_of_what_was_stored;
        ConflictsNeverMove => conflicts_by_unit;
        RememberedWithoutRevision => revision_of_the_remembered;
        AuditTwice => audit_in_order;
        AuditBackwards => audit_in_order;
        AuditOfThePatch => audit_as_stated;
    }

    // Not wrong: a store may do it.
    may {
        Nothing, NulIsRefused, TouchMakesRevisions, CanonicalForms, NullsAreMissing, LoadBackwards,
        CandidatesOfAll, PageOfNothingFirst, UnsyncedIsForgotten, DeletedIsEmpty, DeletedIsNoCandidate,
        SuccessorInheritsTheBase
    }
}

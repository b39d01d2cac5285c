//! What is wrong with a store of jobs, and which cases of the suite must say so.

use crate::support::suite::faults;

faults! {
    broken {
        // Keys, bytes, time.
        CaseInsensitiveKeys => keys_apart, logs_apart;
        UnescapedKeys => keys_apart, logs_apart;
        KeysCutAt255 => long_keys;
        BytesEndAtNul => bytes_as_they_are;
        BytesCutAt64K => bytes_as_they_are;
        WholeSeconds => time_to_the_microsecond;
        NanosecondsIn64Bits => time_of_all_years;
        DeleteTakesTheLogAlong => record_and_log_apart;
        // get
        EmptyForMissing => get_of_nothing, delete_only_the_expected;
        OldVersionAnswered => get_what_was_stored, no_version_twice;
        TornRead => get_is_never_torn;
        // compare_and_swap
        BlindWrite => swap_only_the_expected, one_swap_wins, one_creation_wins, no_update_is_lost;
        CompareWithoutLock => one_swap_wins, one_creation_wins, no_update_is_lost, no_update_is_lost_to_a_batch;
        CreateOverwrites => create_only_where_nothing_is, one_creation_wins;
        ConflictWrites => conflict_changes_nothing, due_survives_a_conflict;
        DeleteIgnoresVersion => delete_only_the_expected, due_survives_a_conflict;
        DeleteTakesNeighbours => other_keys_stay;
        VersionsFromOneAgain => no_version_twice;
        VersionConstant => no_version_twice, swap_only_the_expected, one_swap_wins, no_update_is_lost;
        // due
        DueLostOnConflict => due_survives_a_conflict, conflict_changes_nothing;
        DueOnlyOnce => due_until_swapped;
        DueForEver => due_until_swapped, due_moves, due_goes, due_agrees_with_the_records;
        DueBeforeTheEndOnly => due_at_the_very_end, due_until_swapped;
        DueAtAnyTime => nothing_before_its_time, due_up_to_a_limit;
        DueOfAllShards => shards_apart, due_moves;
        DueByKey => longest_due_first, due_pages;
        DueSkipsTies => due_pages;
        DueWithoutMore => due_up_to_a_limit, due_pages;
        DueWithoutLimit => due_up_to_a_limit;
        // append
        AppendSaysOld => new_id_is_kept, one_append_wins;
        AppendSaysNew => known_id_changes_nothing, one_append_wins;
        AppendAgain => known_id_changes_nothing, one_append_wins, no_entry_is_lost, one_end;
        AppendByTimeAndId => known_id_changes_nothing, one_append_wins;
        AppendDropsWhenBusy => no_entry_is_lost;
        IdsAcrossLogs => logs_apart, prune_one_log;
        CaseInsensitiveIds => ids_apart;
        // read
        ReadToTheEndInclusive => read_half_open, read_of_nothing;
        ReadBehindTheStartOnly => read_half_open;
        ReadOfAllTime => read_half_open, read_of_nothing;
        ReadBackwards => read_in_order, read_up_to_a_limit;
        ReadFromTheBeginning => read_behind_a_position, read_pages;
        ReadSkipsTies => read_behind_a_position, read_pages;
        ReadWithoutLimit => read_up_to_a_limit;
        ReadByOffset => read_while_others_append;
        ReadOfAnySize => read_up_to_a_size;
        ReadWithoutTheLarge => read_up_to_a_size;
        ReadSaysTheEnd => read_says_whether_more_follow;
        ReadSaysMoreOfAFullPage => read_says_whether_more_follow;
        // prune
        PruneInclusive => prune_leaves_the_rest;
        PruneEverything => prune_leaves_the_rest;
        PruneNothing => prune_removes_in_the_end, prune_up_to_a_limit;
        PruneWithoutLimit => prune_up_to_a_limit;
        PruneAllLogs => prune_one_log;
        // the former mark
        FormerStaysListed => former_mark_of_a_swap, former_mark_in_a_batch;
        FormerInsteadOfVersion => former_mark_of_a_swap;
        // swap_many
        BatchStopsAtConflict => batch_goes_on_after_a_conflict;
        BatchBackwards => batch_is_its_swaps;
        BatchWithoutCompare => batch_is_its_swaps, no_update_is_lost_to_a_batch;
        // take
        TakeGoesOn => take_leaves_the_others;
        TakeBackwards => take_the_first_that_is_free;
        TakeWithoutCompare => take_none, take_the_first_that_is_free;
        TakeNothing => take_the_first_that_is_free;
        TakeWithoutLock => take_each_once;
        TakeSaysTheFirst => take_the_first_that_is_free;
        // get_many, due_many
        ReadsWithoutTheMissing => many_reads_are_their_reads;
        ReadsByKey => many_reads_are_their_reads;
        PagesByShard => many_pages_are_their_pages;
        PagesFromTheBeginning => many_pages_are_their_pages;
        // swap_chain
        ChainBackwards => chain_is_its_swaps, chain_stops_at_a_conflict;
        ChainGoesOn => chain_stops_at_a_conflict, chain_appends_at_its_end;
        ChainHidesItsBeginning => chain_stops_at_a_conflict;
        ChainSaysAllOrNothing => chain_stops_at_a_conflict;
        ChainAppendsFirst => chain_appends_at_its_end;
        ChainForgetsEntries => chain_appends_at_its_end;
        ChainWithoutCompare => chain_stops_at_a_conflict, no_update_is_lost_to_a_chain;
        // swap_all
        AllStopsAtAConflict => all_or_nothing;
        AllAppendsFirst => all_or_nothing;
        AllForgetsEntries => all_or_nothing, all_with_a_known_entry;
        AllAppendsApart => all_or_nothing_unawaited;
        AllSwapsOneByOne => all_or_nothing_unawaited;
        AllTrustsTheFirstEntry => all_with_a_known_entry;
        AllSaysUnable => all_or_nothing, all_where_it_is_unable, all_with_a_known_entry;
        AllWithoutCompare => all_or_nothing, no_update_is_lost_to_all;
    }

    // Not wrong: a store may do it.
    may {
        Nothing,
        ChainRollsBack,
        AllUnable
    }
}

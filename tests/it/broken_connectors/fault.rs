//! What is wrong with a connector, and which cases of the suite must say so.

use crate::support::suite::faults;

faults! {
    broken {
        // All methods.
        AllIsRetry => failure_as_classified;
        ForgetsTheWait => failure_as_classified;
        FailureTurnsThePage => goes_on_after_a_failure;
        // Pages and completeness.
        LosesTheEndOfAFullLastPage => every_record, complete_with_all;
        RemembersWhereItWas => begins_anew;
        EmptyIsAFailure => empty_source;
        PagesByOffset => complete_with_all;
        WithheldIsComplete => withheld;
        CutIsComplete => cut_off;
        TotalOfItsOwn => total_as_stated;
        // Items.
        IdsTrimmed => ids_as_given;
        MissingIsNull => missing_or_null;
        NullIsMissing => missing_or_null;
        OddValuesAreMalformed => value_of_no_kind;
        OddValuesAreLeftOut => value_of_no_kind;
        WithoutVersions => version_as_counted;
        VersionsAsDoubles => version_as_counted;
        OneStatementEach => listed_twice;
        SkipsTheGone => gone_is_a_tombstone, only_gone;
        NewIdsAreDeletions => new_id_is_rekeyed;
        // Malformed items.
        SkipsTheMalformed => malformed_stays, malformed_with_its_id, only_malformed;
        MalformedEndsThePage => malformed_stays, malformed_with_its_id;
        MalformedWithoutId => malformed_with_its_id, only_malformed;
        MalformedQuotes => malformed_without_content;
        MalformedSomewhere => malformed_without_content;
        // fetch_only
        OnlyTheFirstPage => only_all_of_them;
        OnlyAHundred => only_all_of_them;
        OnlyWithoutTheGone => only_gone;
        OnlyRecords => only_malformed;
        UnknownIsGone => only_unknown;
        UnknownIsAFailure => only_unknown;
    }

    // Not wrong: a connector may do it.
    may {
        Nothing, SaysRecordsAlone, Backwards, RepeatsRecords, EmptyPageFirst, NeverComplete, CutIsAFailure, OnlyGivesOthers
    }
}

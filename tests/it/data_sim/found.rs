//! What the world has found, each with its shortest history.

use super::act::{Act, Break, How, Setup};
use super::play;
use super::source::{End, Look};
use super::store::Fault;
use super::words::{Way, Words};

const WAY: Way = Way { shape: 0, strategy: 0, note: None, absent: 0, first: 0 };
const PLAIN: Setup = Setup { ways: [WAY; 2], two: false, counts: false, missing_after: 1 };
const COUNTS: Setup = Setup { counts: true, ..PLAIN };
/// Every column "a".
const A: Words = [1; 9];
/// One column in another word.
const fn with(column: usize, word: u8) -> Words {
    let mut words = A;
    words[column] = word;
    words
}

/// The name is "b", the note is "b".
const B_NAME: Words = with(0, 3);
const B_NOTE: Words = with(1, 3);

fn way(way: Way, setup: Setup) -> Setup {
    Setup { ways: [way, WAY], ..setup }
}

fn says(id: u8, words: Words) -> Act {
    Act::Says { source: 0, id, words }
}

fn starts(slot: u8) -> Act {
    Act::Starts { slot, source: 0, look: Look::WHOLE, how: How::PLAIN }
}

fn steps(slot: u8, times: u8) -> Act {
    Act::Steps { slot, times, refusing: false }
}

/// A run from its beginning to its end.
fn run(slot: u8) -> [Act; 2] {
    [starts(slot), steps(slot, 20)]
}

#[track_caller]
fn keeps_the_laws(setup: Setup, acts: &[Act]) {
    let broken = play(setup, acts, Fault::None).err();
    assert!(broken.is_none(), "{broken:?}");
}

/// The same history where only what is written makes a revision, as it once was.
#[track_caller]
fn needs_a_revision(setup: Setup, acts: &[Act], law: &str) {
    keeps_the_laws(setup, acts);
    let broken = play(setup, acts, Fault::TouchesKeepTheRevision).err();
    assert_eq!(broken.map(|broken| broken.law), Some(law));
}

/// A page was lost and a record came twice, so that the lines were as many as the source had records; who was on the lost
/// page was taken for missing.
#[test]
fn a_lost_page_and_a_repeated_record_do_not_add_up_to_a_whole_listing() {
    let look = Look { size: 1, twice: Some((2, false)), lost: Some(1), end: End::Counted, ..Look::WHOLE };
    let part = [says(2, A), Act::Starts { slot: 1, source: 0, look, how: How::PLAIN }, steps(1, 20)];
    keeps_the_laws(PLAIN, &[&[says(0, A), says(1, A)][..], &run(0), &part].concat());
}

/// A person kept the value here while a run was about to write another field of the record: the run put the old base
/// back, and the same question would have come again.
#[test]
fn a_decision_during_a_run_is_not_undone_by_it() {
    let setup = way(Way { strategy: 2, ..WAY }, PLAIN);
    let dispute = [Act::Edits { person: 0, column: 0, word: 4 }, says(0, B_NAME)];
    let keeps = Act::Decides { source: 0, which: 0, answer: 0 };
    let race = [says(0, [3, 3, 1, 1, 1, 1, 1, 1, 1]), starts(0), steps(0, 3), keeps, steps(0, 20)];
    needs_a_revision(setup, &[&[says(0, A)][..], &run(0), &dispute, &run(1), &race].concat(), "base");
}

/// The source said what a user had entered, and one run noted it; another one that had read before was about to write another
/// field of the record, by the base of before.
#[test]
fn what_one_run_found_converged_is_not_undone_by_one_that_read_before() {
    let edited = [Act::Edits { person: 0, column: 0, word: 4 }, says(0, B_NOTE), starts(0), steps(0, 3)];
    let converged = [&[says(0, with(0, 4))][..], &run(1), &[steps(0, 20)]].concat();
    needs_a_revision(PLAIN, &[&[says(0, A)][..], &run(0), &edited, &converged].concat(), "field merge");
}

/// Of two runs the one with the older listing came last: it had found the record in step, and wrote its older base.
#[test]
fn the_version_of_a_base_does_not_go_back_when_two_runs_race() {
    let setup = way(Way { strategy: 6, ..WAY }, COUNTS);
    let older = [says(0, with(1, 4)), starts(1), steps(1, 3), says(0, B_NOTE)];
    let acts = [&[says(0, A)][..], &run(1), &older, &run(0), &[steps(1, 20)]].concat();
    needs_a_revision(setup, &acts, "version");
}

/// A record that was created from a newer listing than another run's was noted as older; when the source said the same
/// as the older listing again, in a newer version, it was taken for what had been looked at, and never heard.
#[test]
fn the_same_words_in_a_newer_version_are_heard() {
    let race = [says(0, B_NAME), starts(0), says(0, A), starts(1), says(0, B_NAME), steps(1, 20), steps(0, 20)];
    keeps_the_laws(COUNTS, &race);
}

/// And where they were heard, an older statement that comes late is known to be older.
#[test]
fn an_older_version_that_comes_after_the_same_words_is_ignored() {
    let same = [says(0, B_NAME), says(0, A)];
    let back = [Act::GoesBack { source: 0, id: 0 }];
    keeps_the_laws(COUNTS, &[&[says(0, A)][..], &run(0), &same, &run(0), &back, &run(0)].concat());
}

/// What a person decides about a removed record is decided of the version that was in dispute.
#[test]
fn a_removed_record_that_is_taken_back_does_not_listen_to_older_versions() {
    let joins = Act::Joins { words: A, ids: [0, 0] };
    let older = [joins, says(0, B_NOTE), Act::Removes { person: 0 }, starts(1), says(0, A)];
    let back = [Act::Decides { source: 0, which: 0, answer: 1 }, steps(1, 20)];
    keeps_the_laws(COUNTS, &[&older[..], &run(0), &back].concat());
}

/// Beside a path in dispute the rest of an object without a base is united, also where a user has taken a key away since:
/// that was written and not told.
#[test]
fn what_is_united_beside_an_open_conflict_is_in_the_audit() {
    let setup = way(Way { shape: 2, strategy: 2, absent: 1, ..WAY }, PLAIN);
    let words = |data| with(3, data);
    let differ = [Act::Joins { words: words(4), ids: [1, 1] }, says(1, words(3))];
    keeps_the_laws(setup, &[&differ[..], &run(0), &[Act::Edits { person: 0, column: 3, word: 4 }]].concat());
}

/// A commit that breaks at any op is made up for, also where a record is moved, and gone under its new id, told twice.
#[test]
fn a_move_that_is_told_twice_beside_a_tombstone_is_news_once() {
    for twice in 0..4 {
        for at in [Break::Before, Break::After, Break::Within(1)] {
            let look = Look { twice: Some((twice, false)), gone: true, size: 1, ..Look::WHOLE };
            let moves = [Act::Moves { source: 0, from: 0, to: 2 }, Act::Drops { source: 0, id: 2 }];
            let twin = Act::Twin { source: 0, look, how: How::PLAIN, call: 0, at };
            let told = Act::Starts { slot: 1, source: 0, look, how: How::PLAIN };
            let acts = [&[says(0, A), says(1, A)][..], &run(0), &moves, &[twin, told, steps(1, 20)]].concat();
            keeps_the_laws(PLAIN, &acts);
            keeps_the_laws(COUNTS, &acts);
        }
    }
}

/// The only record of a listing cannot be read. The source is broken then, and whom it does not list is not gone.
#[test]
fn a_source_of_which_nothing_can_be_read_says_of_nobody_that_it_is_gone() {
    let setup = way(Way { shape: 5, ..WAY }, PLAIN);
    let unreadable = [says(2, with(0, 0)), Act::Drops { source: 0, id: 1 }];
    keeps_the_laws(setup, &[&[says(1, A)][..], &run(0), &unreadable, &run(0)].concat());
}

/// The same where the other copy asks for each alone, and so hears that one is gone.
#[test]
fn a_source_of_which_nothing_can_be_read_and_runs_of_some_records_need_not_agree() {
    let setup = way(Way { shape: 5, ..WAY }, PLAIN);
    let unreadable = [says(1, with(0, 0)), Act::Drops { source: 0, id: 0 }];
    let parts = [Act::Parts { source: 0, size: 2, turn: 3 }];
    keeps_the_laws(setup, &[&[says(0, A)][..], &run(0), &unreadable, &parts].concat());
}

/// Nothing was to be written of a record that somebody edited under the run: the next run looks again, and until then what
/// that run had read is not known.
#[test]
fn a_version_that_nobody_could_write_down_was_not_heard() {
    let setup = way(Way { shape: 4, ..WAY }, COUNTS);
    let stamp = |word| says(0, with(6, word));
    let late = [stamp(5), starts(1), stamp(3), steps(1, 12), starts(0)];
    let newer = [stamp(5), starts(1), steps(1, 3), Act::Edits { person: 0, column: 6, word: 3 }, steps(1, 12)];
    keeps_the_laws(setup, &[&late[..], &newer, &[steps(0, 4)]].concat());
}

const TELLS: Setup = Setup { ways: [Way { shape: 7, ..WAY }, WAY], ..PLAIN };

fn hands(whom: u8) -> Act {
    Act::Hands { source: 0, id: 0, whom }
}

/// A person says of the only question that is open that the id has somebody else by now.
const ANOTHER: Act = Act::Decides { source: 0, which: 0, answer: 0 };

/// Two who had one id, one after the other, gave it up at the same revision; the second answer could not be carried out,
/// for the name that the first one has since was taken.
#[test]
fn an_id_is_given_up_by_one_after_the_other() {
    let first = [&[says(0, A)][..], &run(0), &[hands(1)], &run(0), &[ANOTHER], &run(0)].concat();
    let second = [&[hands(2)][..], &run(0), &[ANOTHER], &run(0)].concat();
    let third = [&[hands(1)][..], &run(0), &[ANOTHER], &run(0)].concat();
    keeps_the_laws(TELLS, &[first, second, third].concat());
}

/// Whoever gave an id up had the version of the one who has it by now, and so was not listened to when the source had them
/// under another one.
#[test]
fn whoever_gave_an_id_up_has_no_version_of_it() {
    let counts = Setup { counts: true, ..TELLS };
    let mine = |id: u8| says(id, [1, 1, 1, 1, 1, 1, 1, 8, 8]);
    let unread = Look { gone: true, odd: Some(Some(3)), ..Look::WHOLE };
    let renames = Act::Renames { source: 0, from: 0, to: 3, spelled: false };
    let leaves = [renames, Act::Starts { slot: 0, source: 0, look: unread, how: How::PLAIN }, says(0, A), steps(0, 14)];
    let given_up = [&[mine(0)][..], &run(0), &leaves, &run(0), &[ANOTHER, mine(0)], &run(0)].concat();
    for which in [0, 1] {
        keeps_the_laws(counts, &[&given_up[..], &[Act::Answers { source: 0, which, same: true }]].concat());
    }
}

/// A person said that two are one, and the source had the version of the id that it has now before that of the other one:
/// whatever it said was taken for old.
#[test]
fn whoever_is_said_to_have_another_id_has_no_version_of_the_old_one() {
    let counts = Setup { counts: true, ..TELLS };
    let mine = says(2, [1, 1, 1, 1, 1, 1, 1, 10, 10]);
    let renames = |to: u8, spelled: bool| Act::Renames { source: 0, from: 2, to, spelled };
    let twice = [&[mine][..], &run(0), &[renames(4, false), mine], &run(1), &[renames(3, true)], &run(1)].concat();
    let answers = |which: u8, same: bool| Act::Answers { source: 0, which, same };
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let answered = [&[answers(first, false)][..], &run(1), &[answers(second, true)]].concat();
        keeps_the_laws(counts, &[&twice[..], &answered].concat());
    }
}

/// Several of one name gave an id up, and then the source has it again for one of that name: a person has said of each that
/// it is not that one, so it is new, and nobody waits for another answer.
#[test]
fn of_several_that_gave_an_id_up_nobody_is_asked_about_it_again() {
    let mine = says(0, [1, 1, 1, 1, 1, 1, 1, 8, 8]);
    let handed = [&[mine][..], &run(0), &[hands(1)], &run(0), &[ANOTHER]].concat();
    keeps_the_laws(TELLS, &[handed.clone(), handed, vec![mine]].concat());
}

/// Who was linked by hand and never was in step counted for the register that a run of some records is measured by, and for
/// no other one.
#[test]
fn a_run_of_some_records_is_measured_by_the_register_that_a_whole_one_is_measured_by() {
    let joins = [says(2, A), Act::Joins { words: A, ids: [1, 1] }];
    let how = How { share: Some(50), only: 7, ..How::PLAIN };
    let gone = Act::Starts { slot: 0, source: 0, look: Look { gone: true, ..Look::WHOLE }, how };
    let leaves = [says(1, A), Act::Drops { source: 0, id: 1 }, gone, steps(0, 20)];
    keeps_the_laws(PLAIN, &[&joins[..], &run(0), &leaves].concat());
}

/// What says who a record is passes from one id to another within one listing: the second is asked about until the first was
/// read, and is then new. A listing is no news after that.
#[test]
fn whoever_is_passed_on_within_a_listing_is_news_twice() {
    let look = Look::WHOLE;
    let rename = Act::Renames { source: 0, from: 0, to: 1, spelled: false };
    let again = Act::Again { source: 0, look, gone: None, moves: [(1, 1), (0, 2)], told: 0 };
    let [starts, steps] = run(1);
    keeps_the_laws(
        way(Way { shape: 7, ..WAY }, PLAIN),
        &[says(0, A), starts, steps, rename, says(0, with(7, 0)), again],
    );
}

/// A record has left, and the source gives its id to somebody else. As long as that is asked, its end stays decided: a person who
/// takes the record back is not overruled when that id is gone, too.
#[test]
fn whoever_is_taken_back_while_another_has_the_id_stays() {
    let mut another = A;
    (another[7], another[8]) = (8, 8);
    let mut acts = vec![says(0, A)];
    acts.extend(run(1));
    acts.push(Act::Drops { source: 0, id: 0 });
    acts.extend(run(0));
    acts.push(says(0, another));
    acts.extend(run(1));
    acts.push(Act::Renames { source: 0, from: 0, to: 3, spelled: false });
    acts.push(Act::TakesBack { person: 0 });
    keeps_the_laws(way(Way { shape: 7, ..WAY }, PLAIN), &acts);
}

/// A person has said that whoever left and came back under another name is the same one. So the record is listed, and nothing is
/// decided about its end any more: whoever is another one later, and then gone, is missing.
#[test]
fn whoever_is_said_to_be_the_same_has_no_end_decided() {
    let rename = |from, to| Act::Renames { source: 0, from, to, spelled: false };
    let answer = |answer| Act::Decides { source: 0, which: 3, answer };
    let mut another = with(7, 8);
    another[8] = 8;
    let mut acts = vec![says(1, A), rename(1, 0)];
    acts.extend(run(1));
    acts.extend([says(0, with(8, 8)), rename(0, 3)]);
    acts.extend(run(0));
    acts.push(says(0, another));
    acts.extend(run(1));
    acts.extend([Act::Hands { source: 0, id: 0, whom: 1 }, answer(2)]);
    acts.extend(run(1));
    acts.push(answer(0));
    keeps_the_laws(way(Way { shape: 7, ..WAY }, PLAIN), &acts);
}

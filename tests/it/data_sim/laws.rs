//! The laws, checked on what a commit changed and on what is left at rest, against what the world itself knows.

use std::collections::BTreeMap;

use tripartite::audit::AuditEntry;
use tripartite::schema::{Absent, Strategy};
use tripartite::store::{Action, Batch, Op, OpOutcome};
use tripartite::value::Value;

use super::asked::{asks_as_said, asks_who, is_another, like, who};
use super::source::{Sent, Source};
use super::store::{Known, Link, State, Told};
use super::words::{COLUMNS, DATA, Frame, STAMP, TAGS, means, number, otherwise, plain, seconds, stated, value};
use crate::support::oracle::{self, Base, Local, Rules, Sides};
use crate::support::words::Means;

/// A law that does not hold, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) law: &'static str,
    pub(super) what: String,
}

pub(super) type Checked = Result<(), Broken>;

pub(super) fn law(name: &'static str, holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Broken { law: name, what: what() }) }
}

/// A commit, from both sides.
pub(super) struct Commit<'c> {
    pub(super) before: &'c State,
    pub(super) after: &'c State,
    /// What it added to the audit.
    pub(super) told: &'c [Told],
    pub(super) source: usize,
    pub(super) frame: &'c Frame,
    pub(super) batch: &'c Batch,
    /// Of as many ops as were looked at.
    pub(super) outcomes: &'c [OpOutcome],
    /// The listing of the run; `None`: a person decided.
    pub(super) sent: Option<&'c Sent>,
    pub(super) says: &'c Source,
    /// The newest version of a record that a whole run has taken into account.
    pub(super) heard: &'c BTreeMap<u32, u64>,
}

/// After every commit.
pub(super) fn committed(commit: &Commit<'_>) -> Checked {
    for (at, was) in commit.before.people.iter().enumerate() {
        person(commit, at, was)?;
    }
    let other = 1 - commit.source;
    law("apart", commit.before.links[other] == commit.after.links[other], || "the other source's memory".to_owned())?;
    let applied = |(op, outcome): (_, &OpOutcome)| matches!(outcome, OpOutcome::Applied { .. }).then_some(op);
    let ops: Vec<&Op> = commit.batch.ops.iter().zip(commit.outcomes).filter_map(applied).collect();
    let (was, is) = (&commit.before.links[commit.source], &commit.after.links[commit.source]);
    for (at, link) in was {
        let touched = ops.iter().any(|op| number(op.rekeyed.as_ref().unwrap_or(&op.id)) == *at);
        law("atomic", touched || is.get(at) == Some(link), || format!("m-{at} changed, and no op was carried out"))?;
    }
    for op in ops {
        let before = was.get(&number(op.rekeyed.as_ref().unwrap_or(&op.id)));
        let Some(after) = is.get(&number(&op.id)) else {
            return law("atomic", false, || format!("{} is not there", op.id));
        };
        remembered(commit, op, before, after)?;
        decided(commit, op, before, after)?;
    }
    Ok(())
}

/// P1, and that who was removed stays so.
fn person(commit: &Commit<'_>, at: usize, was: &super::store::Person) -> Checked {
    let is = &commit.after.people[at];
    for column in (0..COLUMNS.len()).filter(|&column| was.fields[column] != is.fields[column]) {
        let name = COLUMNS[column];
        law("scope", commit.frame.columns.contains(&column), || format!("{name} is not in the schema"))?;
        let kept = commit.told.iter().any(|told| {
            told.person == at
                && matches!(&told.entry, AuditEntry::Field(entry) if entry.field == name && entry.local == was.fields[column])
        });
        law("P1", kept, || format!("{name} of person {at} was overwritten, and the audit does not have it"))?;
        let removed = was.removed && is.removed;
        law("removed", !removed, || format!("{name} of person {at}, whom a user removed, was written"))?;
    }
    let back = was.removed && !is.removed && commit.sent.is_some();
    law("removed", !back, || format!("person {at} was removed by a user, and a run took them back"))?;
    law("revision", was == is || was.revision < is.revision, || format!("person {at} changed, and no revision tells"))
}

/// What is remembered of a record: one conflict for a unit, a base that the source said, versions that do not go back.
fn remembered(commit: &Commit<'_>, op: &Op, before: Option<&Link>, after: &Link) -> Checked {
    for (at, conflict) in after.open.iter().enumerate() {
        let twice = after.open[..at].iter().any(|other| other.unit == conflict.unit);
        law("one conflict", !twice, || format!("{} of {} is open twice", conflict.unit, op.id))?;
    }
    let known = |link: Option<&Link>, column: usize| {
        link.and_then(|link| link.base.as_ref()).and_then(|base| base.said[column].clone())
    };
    for column in (0..COLUMNS.len()).filter(|column| *column != DATA) {
        let (was, is) = (known(before, column), known(Some(after), column));
        let meant = plain(column, is.as_ref());
        let said = commit.says.said.iter().any(|words| plain(column, value(column, words[column]).as_ref()) == meant);
        let moved = means(column, was.as_ref()) != means(column, is.as_ref());
        law("base", !moved || said, || {
            format!("the base of {} has a {} that the source never said", op.id, COLUMNS[column])
        })?;
        let forgotten = was.is_some() && is.is_none();
        law("base", !forgotten, || format!("the base of {} forgot its {}", op.id, COLUMNS[column]))?;
    }
    let version = |link: Option<&Link>| link.and_then(|link| link.base.as_ref()).and_then(|base| base.version);
    // The version of another id is none of this one's.
    let given_up = commit.sent.is_none() && op.rekeyed.is_some() && version(Some(after)).is_none();
    law("version", given_up || version(before) <= version(Some(after)), || {
        format!("the version of {} goes back", op.id)
    })?;
    let ends = !before.is_some_and(|link| link.away) && after.away;
    let undone = ends && before.is_some_and(|link| link.back) && commit.sent.is_some();
    let enforced = *commit.frame.strategy_of_all() == Strategy::Enforced;
    law("kept active", !undone || enforced, || format!("{} was taken back, and is deactivated again", op.id))?;
    let may = commit.sent.is_none_or(|sent| sent.is_whole || sent.gone.contains(&number(&op.id)));
    law("P10", !ends || may, || format!("{} was deactivated, and a part of a listing said nothing of it", op.id))
}

/// The field merge, by the oracle.
fn decided(commit: &Commit<'_>, op: &Op, before: Option<&Link>, after: &Link) -> Checked {
    let (Some(_), Some(remote)) = (commit.sent, &op.remote) else { return Ok(()) };
    let Some(link) = before else { return Ok(()) };
    let (was, is) = (&commit.before.people[link.person], &commit.after.people[link.person]);
    let heard = commit.heard.get(&number(&op.id)).copied();
    let version = link.base.as_ref().and_then(|base| base.version).max(heard);
    let stale = op.version.zip(version).is_some_and(|(op, known)| op < known);
    let ends = stale || was.removed || matches!(op.action, Action::Deactivate);
    let another =
        !ends && is_another(commit.frame, link.base.as_ref(), &was.fields, |column| said(commit, remote, column));
    let still = ends || another;
    if another {
        let asks = asks_who(&after.open).is_some_and(|it| asks_as_said(it, |column| said(commit, remote, column)));
        law("one question", asks, || format!("{} is somebody else by now, and nobody is asked", op.id))?;
        law("one question", link.away == after.away, || format!("{} was asked about, and is active again", op.id))?;
    }
    let names = if another { ["one question"; 2] } else { ["field merge", "base"] };
    let empty =
        Known { said: Default::default(), marks: Default::default(), schema: commit.batch.schema, version: None };
    let (base, now) = (link.base.as_ref().unwrap_or(&empty), after.base.as_ref().unwrap_or(&empty));
    for (position, &column) in commit.frame.columns.iter().enumerate() {
        let said = stated(remote.field(position));
        let expected = match still {
            true => (Local::Stays, Base::Stays),
            false if column == DATA || (commit.frame.grouped && commit.frame.unit(column) == "pair") => continue,
            false => expected(commit.frame, column, base, &was.fields, said.as_ref(), remote),
        };
        let local = [plain(column, Some(&was.fields[column])), plain(column, Some(&is.fields[column]))];
        let heard = plain(column, said.as_ref());
        let right = match expected.0 {
            Local::Stays => local[0] == local[1],
            Local::BecomesRemote => local[1] == heard,
            Local::Written if column == TAGS && local[1] != Means::Is(oracle::WRITTEN) => {
                local[1] == merged(base.said[TAGS].as_ref(), &was.fields[TAGS], said.as_ref())
            }
            Local::Written => local[1] == Means::Is(oracle::WRITTEN),
        };
        let name = COLUMNS[column];
        law(names[0], right, || format!("{name} of {}: {local:?}, and {:?} was due", op.id, expected.0))?;
        let bases = [means(column, base.said[column].as_ref()), means(column, now.said[column].as_ref())];
        let right = match expected.1 {
            Base::Stays => readable(&bases[0]) == bases[1],
            Base::BecomesRemote => bases[1] == heard,
        };
        law(names[1], right, || format!("the base of {name} of {}: {bases:?}, and {:?} was due", op.id, expected.1))?;
    }
    Ok(())
}

fn said(commit: &Commit<'_>, remote: &tripartite::value::Record, column: usize) -> Option<Value> {
    let at = commit.frame.columns.iter().position(|known| *known == column)?;
    stated(remote.field(at))
}

/// What a base that was stored under another schema still tells.
fn readable(base: &Means) -> Means {
    if matches!(base, Means::Nonsense(_)) { Means::Missing } else { base.clone() }
}

fn expected(
    frame: &Frame,
    column: usize,
    base: &Known,
    locals: &[Value; COLUMNS.len()],
    said: Option<&Value>,
    remote: &tripartite::value::Record,
) -> (Local, Base) {
    let stamp = frame.columns.iter().position(|column| *column == STAMP);
    let stamp = stamp.and_then(|position| stated(remote.field(position)));
    let [base, local, heard] =
        [means(column, base.said[column].as_ref()), means(column, Some(&locals[column])), means(column, said)];
    let sides = Sides {
        null_is_silence: false,
        base: &base,
        local: &local,
        remote: &heard,
        absent: frame.absent,
        required: frame.required && column == 0,
    };
    let strategy = frame.strategy(column);
    let rules = Rules {
        strategy,
        first_sync: frame.first,
        stamps: (seconds(Some(&locals[STAMP])), seconds(stamp.as_ref())),
        reads_written: column != DATA && column != STAMP,
        is_group: false,
    };
    let expected = oracle::field(&sides, &rules);
    let no_base = expected.verdict == "Conflict(NoBase)" && frame.first.is_some();
    let merges = matches!(strategy, Strategy::Merge { .. }) && !no_base;
    if column == TAGS && merges && expected.verdict.starts_with("Conflict") {
        return (Local::Written, Base::BecomesRemote);
    }
    (expected.local, expected.base)
}

/// Section 4: what either side added is in, what either took away is out.
fn merged(base: Option<&Value>, local: &Value, remote: Option<&Value>) -> Means {
    let set = |value: Option<&Value>| -> Vec<String> {
        let Some(Value::List(list)) = value else { return Vec::new() };
        list.iter().filter_map(Value::as_text).map(|text| text.trim().to_owned()).collect()
    };
    let (base, here, there) = (set(base), set(Some(local)), set(remote));
    let both = here.iter().chain(&there);
    let kept = both.filter(|tag| match (here.contains(tag), there.contains(tag)) {
        (true, true) => true,
        _ => !base.contains(tag),
    });
    let kept: Vec<Value> = kept.map(|tag| Value::from(tag.as_str())).collect();
    let nothing = kept.is_empty() && (*local == Value::Null || plain(TAGS, remote) == Means::Null);
    if nothing { Means::Null } else { means(TAGS, Some(&Value::List(kept))) }
}

/// When nobody does anything any more, and both sides were looked at.
pub(super) fn at_rest(state: &State, at: usize, frame: &Frame, source: &Source, aside: &[u32]) -> Checked {
    for number in source.ids().filter(|number| !aside.contains(number)) {
        let known = state.links[at].contains_key(&number);
        law("complete", known, || format!("m-{number} of source {at} is nobody here"))?;
    }
    let asked = in_question(state, at, frame, source);
    for (number, link) in state.links[at].iter().filter(|(number, _)| !aside.contains(number)) {
        let person = &state.people[link.person];
        let name = || format!("m-{number} of source {at}");
        match source.has(*number) {
            _ if person.removed => {}
            None => {
                let may = link.away || link.synced.is_none() || link.back || asked.contains(number);
                law("missing", may, || format!("{} is gone, and active", name()))?;
            }
            Some(words) => {
                let known = link.base.as_ref().and_then(|base| base.version);
                let is_older = source.version_of(*number).zip(known).is_some_and(|(said, known)| said < known);
                let said = |column: usize| value(column, words[column]);
                let another = is_another(frame, link.base.as_ref(), &person.fields, said);
                let asks = asks_who(&link.open);
                law("one question", is_older || another == asks.is_some(), || {
                    format!("{} is somebody else: {another}, and it is asked: {}", name(), asks.is_some())
                })?;
                if let Some(asks) = asks {
                    law("one conflict", is_older || asks_as_said(asks, said), || {
                        format!("{} is asked otherwise", name())
                    })?;
                    continue;
                }
                law("present", !link.away, || format!("{} is there, and inactive", name()))?;
                // A late listing may have moved another record here, by an id that was given anew: what is older than
                // that record's base is ignored, until the source counts on.
                for &column in frame.columns.iter().filter(|_| !is_older) {
                    agreed(frame, link, column, words)
                        .map_err(|Broken { law, what }| Broken { law, what: format!("{}: {what}", name()) })?;
                }
            }
        }
    }
    Ok(())
}

/// Whose ends wait until somebody says who is who.
pub(super) fn in_question(state: &State, at: usize, frame: &Frame, source: &Source) -> Vec<u32> {
    let unlinked = source.ids().filter(|number| !state.links[at].contains_key(number));
    let named = |number: u32| {
        let words = source.has(number).filter(|_| frame.tells);
        let whom = words.and_then(|words| who(|column| value(column, words[column])));
        let spelled = otherwise(number);
        let spelled = Some(spelled).filter(|other| source.has(*other).is_none());
        like(state, at, number, whom).into_iter().chain(spelled)
    };
    unlinked.flat_map(named).collect()
}

/// What the source says of a field was taken into account, or waits for a person.
fn agreed(frame: &Frame, link: &Link, column: usize, words: &super::words::Words) -> Checked {
    let base = link.base.as_ref().and_then(|base| base.said[column].as_ref());
    let open = link.open.iter().find(|conflict| conflict.unit == frame.unit(column));
    let said = value(column, words[column]);
    let heard = match means(column, said.as_ref()) {
        Means::Nonsense(_) => return Ok(()),
        Means::Missing => match frame.absent {
            Absent::Cleared => Means::Null,
            Absent::ClearedIfReported if plain(column, base) != Means::Null => Means::Null,
            _ => return Ok(()),
        },
        said => said,
    };
    if (heard == Means::Null && frame.required && column == 0) || frame.unit(column) == "pair" || column == DATA {
        return Ok(());
    }
    let name = COLUMNS[column];
    if let Some(open) = open {
        return law("one conflict", plain(column, Some(&open.remote)) == heard, || {
            format!("what the source says of {name} is not what the conflict says it says")
        });
    }
    law("heard", plain(column, base) == heard && base.is_some(), || {
        format!("what the source says of {name} was never taken into account, and no conflict is open")
    })
}

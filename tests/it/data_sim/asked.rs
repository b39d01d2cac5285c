//! Who is who: what is asked about identity, what may not happen while it is asked, and what an answer comes to.

use std::collections::BTreeMap;

use tripartite::detect::Clash;
use tripartite::matching::Match;
use tripartite::run::{Report, RunOutcome};
use tripartite::store::{OpenConflict, WHOLE_RECORD};
use tripartite::value::Value;

use super::act::How;
use super::laws::{Checked, law};
use super::source::Sent;
use super::store::{Known, State};
use super::words::{COLUMNS, Frame, IDS, WHO, id, means, number};
use crate::support::words::Means;

/// Whom a record is about, by both columns that say it.
pub(super) type Who = [&'static str; 2];

/// Whether two are the same, one that is listed and one here that no longer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) is: u32,
    pub(super) was: u32,
}

const ONE: &str = "one question";

pub(super) fn who(said: impl Fn(usize) -> Option<Value>) -> Option<Who> {
    match WHO.map(|column| means(column, said(column).as_ref())) {
        [Means::Is(first), Means::Is(born)] => Some([first, born]),
        _ => None,
    }
}

/// What the rule recognises a listed record as, here.
pub(super) fn like(state: &State, source: usize, at: u32, whom: Option<Who>) -> Vec<u32> {
    let is = |person: usize| whom.is_some() && who(|column| Some(state.people[person].fields[column].clone())) == whom;
    let given_up = |known: u32| known >= IDS && known % IDS == at;
    let links = state.links[source].iter();
    let like = links.filter(|(known, link)| is(link.person) && !link.is_not.contains(&at) && !given_up(**known));
    like.map(|(known, _)| *known).filter(|known| *known != at).collect()
}

/// Whether a record says of itself that it is about somebody else than the base and the record here.
pub(super) fn is_another(
    frame: &Frame,
    base: Option<&Known>,
    local: &[Value; COLUMNS.len()],
    said: impl Fn(usize) -> Option<Value>,
) -> bool {
    let is = |means: &Means| matches!(means, Means::Is(_));
    let known = WHO.map(|column| means(column, base.and_then(|base| base.said[column].as_ref())));
    let told = WHO.map(|column| means(column, said(column).as_ref()));
    let partly = WHO.iter().zip(&told).any(|(&column, told)| is(told) && means(column, Some(&local[column])) == *told);
    let says_both = told.iter().all(|told| is(told) || *told == Means::Null) && told.iter().any(is);
    frame.tells && known.iter().all(is) && says_both && !known.iter().any(|known| told.contains(known)) && !partly
}

/// Whether it is asked of a record if the source still means the same one by it.
pub(super) fn asks_who(open: &[OpenConflict]) -> Option<&OpenConflict> {
    open.iter().find(|conflict| conflict.unit == WHOLE_RECORD && conflict.clash == Clash::BothChanged)
}

/// Whether that question has what the source says.
pub(super) fn asks_as_said(conflict: &OpenConflict, said: impl Fn(usize) -> Option<Value>) -> bool {
    let Value::Map(asked) = &conflict.remote else { return false };
    WHO.iter().all(|&column| match means(column, said(column).as_ref()) {
        told @ Means::Is(_) => means(column, asked.get(COLUMNS[column])) == told,
        _ => true,
    })
}

/// The questions of a run whether two are one.
pub(super) fn questions(report: &Report) -> Vec<Question> {
    let asked = report.set_aside.iter().filter_map(|aside| match (&aside.id, &aside.matched) {
        (Some(is), Some(Match::Renamed { was, .. })) => Some(Question { is: number(is), was: number(was) }),
        _ => None,
    });
    asked.collect()
}

/// A run that nobody disturbed, from both sides.
pub(super) struct Read<'r> {
    pub(super) source: usize,
    pub(super) frame: &'r Frame,
    pub(super) sent: &'r Sent,
    pub(super) how: How,
    pub(super) report: &'r Report,
    pub(super) before: &'r State,
    pub(super) after: &'r State,
}

/// Who is recognised is not created, and whoever it may be is left as they are; of one of each, it is asked once.
pub(super) fn one_question(read: &Read<'_>) -> Checked {
    let Read { source, frame, sent, how, report, before, after } = *read;
    if !frame.tells || report.outcome == RunOutcome::Failed {
        return Ok(());
    }
    let (was, is) = (&before.links[source], &after.links[source]);
    let unlinked = sent.who(frame).into_iter().filter(|(at, _)| !was.contains_key(at) && how.is_of(*at));
    let found = |(at, whom): (u32, Option<Who>)| {
        let mut like_it = like(before, source, at, whom);
        // A page that was written in streaming mode may have made somebody else of them.
        like_it.retain(|_| !how.streaming || like(after, source, at, whom) == like(before, source, at, whom));
        (at, like_it)
    };
    let found: BTreeMap<u32, Vec<u32>> = unlinked.map(found).filter(|(_, like)| !like.is_empty()).collect();
    for (at, like) in &found {
        law(ONE, !is.contains_key(at), || format!("m-{at} may be {like:?} here, and was created"))?;
        let ended: Vec<u32> = like.iter().copied().filter(|known| !sent.speaks_of(*known)).collect();
        for known in &ended {
            let person = was[known].person;
            let left = was.get(known) == is.get(known) && before.people[person] == after.people[person];
            law(ONE, left, || format!("{} may be m-{at} by now, and was not left alone", id(*known)))?;
        }
        let of_it = |like: &&Vec<u32>| like.contains(&ended[0]);
        let [known] = ended[..] else { continue };
        let plain = like.len() == 1 && sent.is_whole && !sent.says_gone(known);
        if plain && found.values().filter(of_it).count() == 1 {
            let asked = questions(report).into_iter().filter(|asked| *asked == Question { is: *at, was: known });
            law(ONE, asked.count() == 1, || format!("nobody is asked whether m-{at} is {}", id(known)))?;
        }
    }
    Ok(())
}

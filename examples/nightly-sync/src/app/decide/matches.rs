//! Who is who: what match rules propose or cannot tell, and what people say about it.

use serde_json::json;
use tripartite::decide::{self, Double};
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::store::{Loaded, Op, OpOutcome, Revision};

use super::{Desk, Problem, TRIES, last_run};
use crate::app::{SUCCEEDED, now};
use crate::cli::{MatchArgs, QuarantineArgs};
use crate::shell;
use crate::store::{Access, Database, Here};
use crate::term::Console;

pub(super) fn list(console: &mut Console, args: &QuarantineArgs) -> Result<u8, Problem> {
    let Some((report, desk)) = last_run(console, args)? else { return Ok(SUCCEEDED) };
    let options = shell::options(&args.db, &args.register);
    let mut count = 0;
    for aside in &report.set_aside {
        if !waits(&desk, aside)? {
            continue;
        }
        count += 1;
        if args.json {
            console.print(json!(aside));
        } else {
            let id = aside.id.as_ref().map_or("", |id| id.as_str());
            console.print(format!("{}  {}", console.paint.cyan(id), aside.problem));
            print_answers(console, &desk, &options, aside)?;
        }
    }
    if !args.json {
        console.say(format!("{count} wait for a person since run {}", report.run));
    }
    if !args.json && count > 0 {
        console.say("one of the commands answers each; the next run creates a record that is no member here");
    }
    Ok(SUCCEEDED)
}

/// Prints the commands that answer for somebody who was set aside, if any do.
pub(super) fn print_answers(
    console: &mut Console,
    desk: &Desk,
    options: &str,
    aside: &Quarantined,
) -> Result<(), Problem> {
    let (Some(matched), Some(id)) = (&aside.matched, &aside.id) else { return Ok(()) };
    let whose = match matched {
        Match::Renamed { was, .. } => desk.stored(desk.store.whose(was))?,
        _ => None,
    };
    for (says, command) in shell::who_is_who(options, id.as_str(), matched, whose.as_ref()) {
        console.print(format!("    {:<9} {command}", format!("{says}:")));
    }
    Ok(())
}

/// Whether nobody has answered yet what the last run asked.
pub(super) fn waits(desk: &Desk, aside: &Quarantined) -> Result<bool, Problem> {
    let (Some(answer), Some(id)) = (&aside.matched, &aside.id) else { return Ok(false) };
    if desk.stored(desk.store.record(id))?.is_some() {
        return Ok(false);
    }
    match answer {
        Match::Found { local, .. } | Match::IdentityConflict { local, .. } => {
            Ok(!desk.stored(desk.store.is_ruled_out(local, id))?)
        }
        Match::Renamed { was, .. } => match desk.stored(desk.store.whose(was))? {
            Some(local) => Ok(!desk.stored(desk.store.is_ruled_out(&local, id))?),
            None => Ok(false),
        },
        _ => Ok(true),
    }
}

pub(super) fn link(console: &mut Console, args: &MatchArgs) -> Result<u8, Problem> {
    let MatchArgs { id, local, by, .. } = args;
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let run = desk.run()?;
    for _ in 0..TRIES {
        let Here { revision, external_id, .. } = here(&desk, args)?;
        if let Some(holds) = external_id {
            return renamed(console, &desk, args, &holds);
        }
        let (ops, told) = match desk.stored(desk.store.record(id))? {
            None if args.double.is_none() => (vec![decide::link(id, local, revision, by)], String::new()),
            None => return Err(not_double(args)),
            Some(loaded) => doubled((&desk, &run), args, &loaded, revision)?,
        };
        let outcomes = desk.commit_all(&run, ops)?;
        if let Some(OpOutcome::Failed { problem }) = outcomes.iter().find(|it| matches!(it, OpOutcome::Failed { .. })) {
            return Err(Problem::Failed { id: id.clone(), problem: problem.clone() });
        }
        if !outcomes.contains(&OpOutcome::Stale) {
            console.print(format!("member {local} is {id}; {told}the next run merges the two"));
            return Ok(SUCCEEDED);
        }
    }
    Err(Problem::Busy { id: id.clone() })
}

/// Gives a member who is linked the id by which the last run may have recognised it.
fn renamed(console: &mut Console, desk: &Desk, args: &MatchArgs, holds: &str) -> Result<u8, Problem> {
    let MatchArgs { id, local, by, .. } = args;
    let Some(was) = asked(args)?.filter(|was| was.as_str() == holds) else {
        return Err(Problem::HasAnother { local: local.clone(), holds: holds.to_owned() });
    };
    desk.write(&was, |loaded| Ok(decide::rename(&desk.policy, id, loaded, by)))?;
    console.print(format!("member {local}, whom the source called {was}, is {id}; the next run merges the two"));
    Ok(SUCCEEDED)
}

/// What it comes to where somebody has the id: a double that a run created gives it up, and anybody whom the person names.
fn doubled(
    (desk, run): (&Desk, &RunId),
    args: &MatchArgs,
    loaded: &Loaded,
    revision: Revision,
) -> Result<(Vec<Op>, String), Problem> {
    let MatchArgs { id, local, double, by, .. } = args;
    let holds = desk.stored(desk.store.whose(id))?;
    if double.is_some() && *double != holds {
        return Err(not_double(args));
    }
    if let Some(holds) = &holds
        && double.is_none()
        && !desk.stored(desk.store.was_created(id))?
    {
        return Err(Problem::IsAnothers { id: id.clone(), holds: holds.clone() });
    }
    // Of a row that was deleted only the link is left, and nothing else that would name it for good.
    let deleted = LocalId::new(format!("deleted before {run}")).ok();
    let Some(called) = holds.as_ref().or(deleted.as_ref()) else { return Err(not_double(args)) };
    let whole = Double::new(loaded, called).edited_too(double.is_some());
    let ops = decide::link_double(&desk.policy, whole, local, revision, by);
    let refused = |refusal| Problem::DoubleEdited { id: id.clone(), holds: called.clone(), refusal };
    let told = format!("member {called}, who was entered twice, gave the id up and is inactive; ");
    Ok((ops.map_err(refused)?.to_vec(), if holds.is_some() { told } else { String::new() }))
}

fn not_double(args: &MatchArgs) -> Problem {
    let double = args.double.clone().unwrap_or_else(|| args.local.clone());
    Problem::NotDouble { id: args.id.clone(), double }
}

pub(super) fn unlike(console: &mut Console, args: &MatchArgs) -> Result<u8, Problem> {
    let MatchArgs { id, local, by, .. } = args;
    let desk = Desk::open(&args.db, &args.register, Access::Write)?;
    let here = here(&desk, args)?;
    if here.external_id.as_deref() == Some(id.as_str()) {
        return Err(Problem::HasAnother { local: local.clone(), holds: id.to_string() });
    }
    if let Some(was) = asked(args)?.filter(|was| here.external_id.as_deref() == Some(was.as_str())) {
        parted(&desk, &was, args)?;
    }
    let news = desk.stored(desk.store.rule_out(local, id, by, (&desk.run()?, &now())))?;
    let told = if news { "nobody is asked about the two again" } else { "it was said before" };
    console.print(format!("member {local} is not {id}; {told}"));
    Ok(SUCCEEDED)
}

/// The id that a record of the source may have had before, if the last run asks about that.
fn asked(args: &MatchArgs) -> Result<Option<ExternalId>, Problem> {
    let stored = |error| Problem::Store { file: args.db.to_string(), error };
    let database = Database::open(&args.db, Access::Read).map_err(stored)?;
    let report = database.last_report(&args.register).map_err(stored)?;
    let asides = report.map(|report| report.set_aside).unwrap_or_default();
    Ok(asides.into_iter().filter(|aside| aside.id.as_ref() == Some(&args.id)).find_map(|aside| match aside.matched {
        Some(Match::Renamed { was, .. }) => Some(was),
        _ => None,
    }))
}

/// Marks inactive whom the source no longer lists, now that it is known that the other one is another.
fn parted(desk: &Desk, was: &ExternalId, args: &MatchArgs) -> Result<(), Problem> {
    let ended = |loaded: &Loaded| decide::part(&desk.policy, loaded, &args.id, &args.by);
    match desk.stored(desk.store.record(was))?.as_ref().and_then(ended) {
        None => Ok(()),
        Some(op) => desk.write(was, |loaded| Ok(ended(loaded).unwrap_or_else(|| op.clone()))),
    }
}

fn here(desk: &Desk, args: &MatchArgs) -> Result<Here, Problem> {
    desk.stored(desk.store.here(&args.local))?.ok_or_else(|| Problem::NobodyHere(args.local.clone()))
}

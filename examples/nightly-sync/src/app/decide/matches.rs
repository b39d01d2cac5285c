//! Who is who: what match rules propose or cannot tell, and what people say about it.

use serde_json::json;
use tripartite::matching::Match;
use tripartite::plan::Quarantined;

use super::last_run;
use crate::app::SUCCEEDED;
use crate::cli::{MatchArgs, QuarantineArgs};
use crate::desk::{Claim, Desk, DeskError, Linked, Unlinked};
use crate::shell;
use crate::store::Access;
use crate::term::Console;

pub(super) fn list(console: &mut Console, args: &QuarantineArgs) -> Result<u8, DeskError> {
    let Some((report, desk)) = last_run(console, args)? else { return Ok(SUCCEEDED) };
    let options = shell::options(&args.db, &args.register);
    let mut count = 0;
    for aside in &report.set_aside {
        if !desk.waits(aside)? {
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
) -> Result<(), DeskError> {
    let (Some(matched), Some(id)) = (&aside.matched, &aside.id) else { return Ok(()) };
    let whose = match matched {
        Match::Renamed { was, .. } => desk.stored(desk.store().whose(was))?,
        _ => None,
    };
    for (says, command) in shell::who_is_who(options, id.as_str(), matched, whose.as_ref()) {
        console.print(format!("    {:<9} {command}", format!("{says}:")));
    }
    Ok(())
}

pub(super) fn link(console: &mut Console, args: &MatchArgs) -> Result<u8, DeskError> {
    let (claim, desk) = (claim(args), Desk::open(&args.db, &args.register, Access::Write)?);
    let Claim { id, local, .. } = &claim;
    console.print(match desk.link(&claim)? {
        Linked::Free => format!("member {local} is {id}; the next run merges the two"),
        Linked::Renamed(was) => {
            format!("member {local}, whom the source called {was}, is {id}; the next run merges the two")
        }
        Linked::Doubled(double) => format!(
            "member {local} is {id}; member {double}, who was entered twice, gave the id up and is inactive; the next run \
             merges the two"
        ),
    });
    Ok(SUCCEEDED)
}

pub(super) fn unlike(console: &mut Console, args: &MatchArgs) -> Result<u8, DeskError> {
    let told = match Desk::open(&args.db, &args.register, Access::Write)?.unlike(&claim(args))? {
        Unlinked::New => "nobody is asked about the two again",
        Unlinked::Known => "it was said before",
    };
    console.print(format!("member {} is not {}; {told}", args.local, args.id));
    Ok(SUCCEEDED)
}

fn claim(args: &MatchArgs) -> Claim {
    let MatchArgs { id, local, double, by, .. } = args;
    Claim { id: id.clone(), local: local.clone(), double: double.clone(), by: by.clone() }
}

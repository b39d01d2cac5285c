//! What the last run asks about who is who, and how it is answered.

use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::run::Report;

use crate::desk::{Desk, DeskError};
use crate::shell;
use crate::store::{Access, Database, Place, Register};
use crate::term::Console;

/// The report of the last run, and a desk to look at its records; where there was none, that is said.
pub(super) fn last_run(
    console: &mut Console,
    db: &Place,
    register: &Register,
) -> Result<Option<(Report, Desk)>, DeskError> {
    let stored = |error| DeskError::Store { file: db.to_string(), error };
    let report = Database::open(db, Access::Read).and_then(|database| database.last_report(register));
    match report.map_err(stored)? {
        Some(report) => Ok(Some((report, Desk::open(db, register, Access::Read)?))),
        None => {
            console.say(format!("there was no run of {register} yet"));
            Ok(None)
        }
    }
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

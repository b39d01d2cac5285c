//! `quarantine`: what the last run set aside.

use serde_json::json;

use super::asked::{last_run, print_answers};
use crate::args::Target;
use crate::context::{Answer, Context, SUCCEEDED};
use crate::shell;
use crate::term::cyan;

pub(crate) fn execute(cx: &mut Context<'_>, target: &Target) -> Answer {
    let (db, register) = (cx.db(target)?, cx.register(target)?);
    let console = &mut *cx.console;
    let Some((report, desk)) = last_run(console, &db, &register)? else { return Ok(SUCCEEDED) };
    let options = shell::options(&db, &register);
    for aside in &report.set_aside {
        if console.json {
            console.print(json!(aside));
            continue;
        }
        let id = aside.id.as_ref().map_or("no readable id", |id| id.as_str());
        let place = aside.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        console.print(format!("{}  {place}{}", cyan(id), aside.problem));
        if desk.waits(aside)? {
            print_answers(console, &desk, &options, aside)?;
        }
    }
    if !console.json {
        console.say(format!("{} set aside by run {}", report.set_aside.len(), report.run));
        if !report.set_aside.is_empty() {
            console.say("each is looked at again in the next run; correct it at the source, and run again");
        }
    }
    Ok(SUCCEEDED)
}

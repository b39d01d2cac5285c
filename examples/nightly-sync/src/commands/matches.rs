//! `matches`: who records of the source could be here.

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
    let mut count = 0;
    for aside in &report.set_aside {
        if !desk.waits(aside)? {
            continue;
        }
        count += 1;
        if console.json {
            console.print(json!(aside));
        } else {
            let id = aside.id.as_ref().map_or("", |id| id.as_str());
            console.print(format!("{}  {}", cyan(id), aside.problem));
            print_answers(console, &desk, &options, aside)?;
        }
    }
    if !console.json {
        console.say(format!("{count} wait for a person since run {}", report.run));
        if count > 0 {
            console.say("one of the commands answers each; the next run creates a record that is no member here");
        }
    }
    Ok(SUCCEEDED)
}

//! Measures `tripartite` beside its floors and its peers: everything in one process, one contender after the other in
//! every round, so that what disturbs the machine disturbs all of them.

mod cli;
mod core;
mod docs;
mod effort;
mod host;
mod people;
mod plot;
mod postgres;
mod queue;
mod rounds;
mod row;
mod table;

use std::process::ExitCode;

use crate::cli::{Asked, Compare, Part};
use crate::row::Row;

fn main() -> ExitCode {
    let done = match cli::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            print!("{}", cli::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Ok(Asked::Write { what, file, people }) => cli::write(what, &file, people).map(|()| ExitCode::SUCCESS),
        Ok(Asked::Compare(asked)) => compare(&asked),
        Err(problem) => Err(problem),
    };
    done.unwrap_or_else(|problem| {
        eprintln!("compare: {problem}");
        ExitCode::from(2)
    })
}

fn compare(asked: &Compare) -> Result<ExitCode, String> {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for part in &asked.parts {
        rows.extend(match part {
            Part::Core => {
                let measured = core::measure(&asked.effort)?;
                lines = measured.lines;
                measured.rows
            }
            Part::Host => host::rows(&asked.effort)?,
            Part::Postgres => postgres::rows(&asked.effort)?,
            Part::Queue => queue::rows(&asked.effort)?,
        });
    }
    let tables = table::tables(&rows);
    println!("{}", table::page(&tables));
    let plot = asked.is_plotted().then(|| plot::svg(&lines));
    if let Some(plot) = &plot {
        plot::write(asked.plot.as_deref(), plot)?;
    }
    if asked.write_docs {
        docs::write(tables, plot)?;
    }
    Ok(if asked.check { judge(&rows) } else { ExitCode::SUCCESS })
}

/// Names each target that was missed.
fn judge(rows: &[Row]) -> ExitCode {
    let missed: Vec<&Row> = rows.iter().filter(|row| !row.is_met()).collect();
    for row in &missed {
        let target = row.target.map_or(String::new(), |target| target.to_string());
        eprintln!("missed: {} / {}: {target}, measured {:.2}", row.table, row.name, row.judged());
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

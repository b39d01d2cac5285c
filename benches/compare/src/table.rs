//! Tables for a terminal, which are Markdown as well.

use std::fmt::Write;

use crate::row::{Measured, Row, Target};

/// All tables with their names, in the order in which their first rows come.
pub(crate) fn tables(rows: &[Row]) -> Vec<(String, String)> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.table) {
            names.push(row.table);
        }
    }
    let table = |name: &str| {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.table == name).collect();
        (name.to_owned(), markdown(&rows))
    };
    names.into_iter().map(table).collect()
}

/// Tables one below the other, each under its name.
pub(crate) fn page(tables: &[(String, String)]) -> String {
    let table = |(name, table): &(String, String)| format!("{name}\n\n{table}");
    tables.iter().map(table).collect::<Vec<_>>().join("\n")
}

fn markdown(rows: &[&Row]) -> String {
    let mut out =
        String::from("| what | median | best | against | ratio | target | |\n|---|--:|--:|---|--:|--:|---|\n");
    for row in rows {
        let (median, best) = figures(row.measured);
        let (against, ratio) = match &row.against {
            // What is held against a limit is shown as it is held.
            Some(against) if against.ratio < 1.0 && !matches!(row.target, Some(Target::AtMost(_))) => {
                (against.name.clone(), format!("{}× faster", short(1.0 / against.ratio)))
            }
            Some(against) => (against.name.clone(), short(against.ratio)),
            None => (String::new(), String::new()),
        };
        let target = row.target.map_or(String::new(), |target| target.to_string());
        let met = match row.target {
            None => "",
            Some(_) if row.is_met() => "met",
            Some(_) => "**missed**",
        };
        let _ = writeln!(out, "| {} | {median} | {best} | {against} | {ratio} | {target} | {met} |", row.name);
    }
    out
}

fn figures(measured: Measured) -> (String, String) {
    match measured {
        Measured::Nanoseconds { median, least } => (format!("{} ns", short(median)), format!("{} ns", short(least))),
        Measured::PerSecond { median, most } => (format!("{} /s", short(median)), format!("{} /s", short(most))),
        Measured::Bytes(bytes) => (format!("{} B", short(bytes)), String::new()),
        Measured::Mebibytes(size) => (format!("{} MiB", short(size)), String::new()),
        Measured::Count(count) => (short(count), String::new()),
    }
}

/// Three digits that matter.
fn short(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{figure:.2}"),
        size if size < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

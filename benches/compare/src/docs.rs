//! The page of the documentation: figures and plot are put into it, never typed.

use std::fs;
use std::path::Path;

use crate::table;

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// Where the plot begins, behind the tables.
const PLOT: &str = "<svg";

/// Writes tables and plot into the crate's page. What was not measured stays there.
pub(crate) fn write(tables: Vec<(String, String)>, plot: Option<String>) -> Result<(), String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/performance/page.md");
    let told = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = written(&fs::read_to_string(&page).map_err(told)?, tables, plot)?;
    fs::write(&page, text).map_err(told)
}

fn written(page: &str, tables: Vec<(String, String)>, plot: Option<String>) -> Result<String, String> {
    let (before, rest) = page.split_once(BEGIN).ok_or("the page has no place for figures")?;
    let (figures, after) = rest.split_once(END).ok_or("the figures of the page have no end")?;
    let (former, plotted) = figures.split_at(figures.find(PLOT).unwrap_or(figures.len()));
    // Names and tables take turns.
    let paragraphs: Vec<&str> = former.trim().split("\n\n").collect();
    let pair = |pair: &[&str]| (pair[0].to_owned(), format!("{}\n", pair[1]));
    let mut all: Vec<(String, String)> = paragraphs.chunks_exact(2).map(pair).collect();
    for (name, table) in tables {
        match all.iter_mut().find(|(former, _)| *former == name) {
            Some((_, former)) => *former = table,
            None => all.push((name, table)),
        }
    }
    let plot = plot.unwrap_or_else(|| plotted.to_owned());
    Ok(format!("{before}{BEGIN}\n\n{}\n{}\n\n{END}{after}", table::page(&all), plot.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_stays() {
        let table = |name: &str, row: &str| (name.to_owned(), format!("| what |\n|---|\n| {row} |\n"));
        let empty = format!("# Figures\n{BEGIN}\n{END}\nThe end.\n");
        let both = written(&empty, vec![table("one", "1"), table("two", "2")], Some("<svg>old</svg>\n".to_owned()));
        let both = both.expect("there is a place");
        let again = written(&both, vec![table("two", "3"), table("three", "4")], None).expect("there is a place");
        let all = [table("one", "1"), table("two", "3"), table("three", "4")];
        let figures = format!("{BEGIN}\n\n{}\n<svg>old</svg>\n\n{END}", table::page(&all));
        assert_eq!(again, format!("# Figures\n{figures}\nThe end.\n"));
        let same = written(&again, Vec::new(), None).expect("there is a place");
        assert_eq!(same, again);
        assert!(written("no place", Vec::new(), None).is_err());
    }
}

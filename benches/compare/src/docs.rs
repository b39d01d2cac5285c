//! The page of the documentation: figures and plot are put into it, never typed.

use std::fs;
use std::path::Path;

use crate::row::Row;
use crate::table;

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// Writes tables and plot into the crate's page.
pub(crate) fn write(rows: &[Row], plot: &str) -> Result<(), String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/performance/page.md");
    let text = fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the page has no place for figures")?;
    let (_, after) = rest.split_once(END).ok_or("the figures of the page have no end")?;
    let text = format!("{before}{BEGIN}\n\n{}\n{plot}\n{END}{after}", table::tables(rows));
    fs::write(&page, text).map_err(|error| format!("{}: {error}", page.display()))
}

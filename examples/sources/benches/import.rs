//! A million rows as CSV and as JSON lines, read page by page in one process, by turns. Prints seconds and their ratio:
//! `cargo bench -p tripartite-sources --bench import`.
#![allow(clippy::disallowed_methods)] // a bench has a clock

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::Next;
use tripartite_sources::file::{Input, Opened, Reading};
use tripartite_sources::records::Records;

const FIELDS: [&str; 6] = ["first", "last", "born", "email", "phone", "town"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let [csv, json] = ["members.csv", "members.jsonl"].map(|name| folder.path().join(name));
    write(&csv, &json, rows)?;
    let mut best = [f64::MAX; 2];
    for _ in 0..5 {
        for (path, best) in [&csv, &json].into_iter().zip(&mut best) {
            let begun = Instant::now();
            assert_eq!(read(path)?, rows);
            *best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    let [csv, json] = best;
    println!("{rows} rows: CSV {csv:.2} s, JSON lines {json:.2} s, ratio {:.2}", csv / json);
    Ok(())
}

fn write(csv: &Path, json: &Path, rows: usize) -> std::io::Result<()> {
    let (mut table, mut lines) = (format!("id,{}\n", FIELDS.join(",")), String::new());
    for number in 0..rows {
        let (email, phone) = (format!("m{number}@example.org"), format!("087 {number:07}"));
        let cells = [&format!("F{number}"), "Ní Bhriain", "1990-05-04", &email, &phone, "Baile Átha Cliath"];
        let quoted = if number % 10 == 0 { "\"Bray, Co. Wicklow\"" } else { cells[5] };
        let _ = writeln!(table, "M{number:07},{},{quoted}", cells[..5].join(","));
        let members: Vec<_> = FIELDS.iter().zip(cells).map(|(field, cell)| format!("\"{field}\":\"{cell}\"")).collect();
        let _ = writeln!(lines, "{{\"id\":\"M{number:07}\",{}}}", members.join(","));
    }
    std::fs::write(csv, table)?;
    std::fs::write(json, lines)
}

fn read(path: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let fields = FIELDS.map(|name| Field::new(name, Kind::Text));
    let schema = fields.into_iter().fold(Schema::builder(), |schema, field| schema.field(field)).build()?;
    let opened = Opened::open(&Input::Regular(path.into()), &Reading::default(), "id")?;
    let listing = opened.listing(Records::new(schema, "id"))?;
    let (mut read, mut after) = (0, None);
    loop {
        let page = listing.page(after.as_ref())?;
        read += page.items.len();
        match page.next {
            Next::More(cursor) => after = Some(cursor),
            Next::Complete { .. } => return Ok(read),
            end => return Err(format!("{end:?}").into()),
        }
    }
}

//! A listing of a million records over HTTP, page by page, from a server in a process of its own. Prints seconds and the most
//! memory that the reading process had: `cargo bench -p tripartite-sources --bench listing`. `ROWS` says how many
//! records, `PAGE` how many a page.
#![allow(clippy::disallowed_methods)] // a bench has a clock

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::Next;
use tripartite_sources::http::{Asking, HttpListing, Paging};
use tripartite_sources::records::Records;

const FIELDS: [&str; 6] = ["first", "last", "born", "email", "phone", "town"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |name, otherwise| std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise);
    let (rows, size) = (number("ROWS", 1_000_000), number("PAGE", 1_000));
    if std::env::args().any(|arg| arg == "--serve") {
        return serve(rows, size);
    }
    let mut server =
        Command::new(std::env::current_exe()?).arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("the server says nothing")?).read_line(&mut address)?;
    let begun = Instant::now();
    let read = read(address.trim())?;
    let seconds = begun.elapsed().as_secs_f64();
    server.kill()?;
    server.wait()?;
    assert_eq!(read, rows);
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("unknown", str::trim);
    println!("{rows} records, {size} a page: {seconds:.1} s, at most {peak}");
    Ok(())
}

fn read(address: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let fields = FIELDS.map(|name| Field::new(name, Kind::Text));
    let schema = fields.into_iter().fold(Schema::builder(), |schema, field| schema.field(field)).build()?;
    let paging = Paging::Pages { number: "page".to_owned(), first: 1, size: None };
    let listing = HttpListing::new(address, paging, Asking::default(), Records::new(schema, "id"))?;
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

/// Serves the pages until it is killed.
fn serve(rows: usize, size: usize) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/members", listener.local_addr()?);
    for stream in listener.incoming() {
        // Whoever has read enough goes away.
        let _ = answer(stream?, rows, size);
    }
    Ok(())
}

fn answer(stream: TcpStream, rows: usize, size: usize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line)? > 0 {
        let page = line.split_once("page=").and_then(|(_, rest)| rest.split([' ', '&']).next()?.parse().ok());
        let from = (page.unwrap_or(1_usize) - 1) * size;
        while line.trim_end() != "" {
            line.clear();
            stream.read_line(&mut line)?;
        }
        let body = body(from..rows.min(from + size));
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().write_all(body.as_bytes())?;
        line.clear();
    }
    Ok(())
}

fn body(numbers: std::ops::Range<usize>) -> String {
    let mut body = String::from("[");
    for number in numbers {
        let (email, phone) = (format!("m{number}@example.org"), format!("087 {number:07}"));
        let cells = [&format!("F{number}"), "Ní Bhriain", "1990-05-04", &email, &phone, "Baile Átha Cliath"];
        let members: Vec<_> = FIELDS.iter().zip(cells).map(|(field, cell)| format!("\"{field}\":\"{cell}\"")).collect();
        let comma = if body.len() > 1 { "," } else { "" };
        let _ = write!(body, "{comma}{{\"id\":\"M{number:07}\",{}}}", members.join(","));
    }
    body + "]"
}

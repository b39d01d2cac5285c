//! Peers of other languages, where their runtime is there: programs of their own that read the same people from a file.
//! By hand: `compare versions FILE.jsonl N`, then `node node.mjs FILE.jsonl ROUNDS` or `python3 python.py ...` in `peers`.
//!
//! They are not part of the interleaved run, for a runtime has to be warm: a row says what they take, beside the floor
//! at as many people. They measure by their own clocks, on the wall. What is absent is said to be left out.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::people;
use crate::row::{Against, Measured, Row};

const TABLE: &str = "Peers of other languages";

/// A runtime, and how it is given its libraries.
struct Runtime {
    name: &'static str,
    script: &'static str,
    /// Installs into a folder, and gives the program to run there.
    install: fn(&Path) -> Option<PathBuf>,
}

const RUNTIMES: [Runtime; 2] = [
    Runtime { name: "Node", script: "node.mjs", install: node },
    Runtime { name: "Python", script: "python.py", install: python },
];

/// The rows of those that are there, against the `floor` in nanoseconds a person.
pub(crate) fn rows(people: u64, rounds: usize, floor: f64) -> Result<Vec<Row>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/compare");
    let file = folder.join("people.jsonl");
    let write = || people::write_versions(&mut BufWriter::new(File::create(&file)?), people);
    fs::create_dir_all(&folder).and_then(|()| write()).map_err(told)?;
    let mut rows = Vec::new();
    for runtime in &RUNTIMES {
        match run(runtime, &folder, &file, rounds) {
            Some(lines) => {
                for line in lines.lines() {
                    let row = row(line, floor).ok_or_else(|| format!("{} said {line:?}", runtime.script))?;
                    rows.push(row);
                }
            }
            None => eprintln!("left out: the peers on {}, whose runtime or libraries are not there", runtime.name),
        }
    }
    fs::remove_file(&file).map_err(told)?;
    Ok(rows)
}

fn told(error: io::Error) -> String {
    error.to_string()
}

fn run(runtime: &Runtime, folder: &Path, file: &Path, rounds: usize) -> Option<String> {
    let place = folder.join(runtime.name);
    fs::create_dir_all(&place).ok()?;
    let program = (runtime.install)(&place)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(runtime.script).canonicalize().ok()?;
    let file = file.canonicalize().ok()?;
    let done = Command::new(program).current_dir(&place).arg(script).arg(file).arg(rounds.to_string()).output().ok()?;
    if !done.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    String::from_utf8(done.stdout).ok()
}

fn node(place: &Path) -> Option<PathBuf> {
    let install = ["install", "--silent", "--prefix", ".", "fast-json-patch@3.1.1", "microdiff@1.6.0"];
    let done = Command::new("npm").current_dir(place).args(install).status().ok()?;
    done.success().then(|| "node".into())
}

fn python(place: &Path) -> Option<PathBuf> {
    let done = |program: &Path, args: &[&str]| {
        Command::new(program).current_dir(place).args(args).status().is_ok_and(|status| status.success())
    };
    let python = place.canonicalize().ok()?.join("bin/python");
    let made = python.exists() || done(Path::new("python3"), &["-m", "venv", "."]);
    (made && done(&python, &["-m", "pip", "install", "-q", "polars==2.1.0"])).then_some(python)
}

fn row(line: &str, floor: f64) -> Option<Row> {
    let mut parts = line.split('\t');
    let (name, median, least) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Row {
        table: TABLE,
        name: name.to_owned(),
        measured: Measured::Nanoseconds { median, least },
        against: Some(Against { name: "the floor at as many people".to_owned(), ratio: median / floor }),
        target: None,
    })
}

//! The house: each module imports only from the floors below it, and the core touches nothing of the outside world.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, from the ground up. A new module is given its place here, and in the table of the crate's front page.
const FLOORS: [&[&str]; 12] = [
    &["id", "value", "failure", "clock_skew", "setters"],
    &["normalize", "source", "backoff", "rate", "jobs", "tombstone"],
    &["schema", "queue", "schedule", "gate"],
    &["detect", "matching", "registry", "health"],
    &["resolve", "notice", "history"],
    &["audit"],
    &["store"],
    &["plan"],
    &["run", "decide"],
    &["drive", "memory", "webhook"],
    &["work"],
    &["conformance", "arbitrary", "performance", "upgrading", "book"],
];

/// What a reader copies from the README is what is compiled and run.
#[test]
fn the_quickstart_of_the_readme_is_the_example() {
    let (_, code) = include_str!("../../examples/quickstart.rs").split_once("\n\n").unwrap();
    assert!(include_str!("../../README.md").contains(&format!("```rust\n{code}```\n")));
}

fn floor_of() -> BTreeMap<&'static str, usize> {
    FLOORS.iter().enumerate().flat_map(|(floor, modules)| modules.iter().map(move |module| (*module, floor))).collect()
}

fn sources() -> Vec<(String, PathBuf)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    let module = |path: &PathBuf| {
        let first = path.strip_prefix(&src).unwrap().components().next().unwrap();
        first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
    };
    found.into_iter().map(|path| (module(&path), path)).filter(|(module, _)| module != "lib").collect()
}

/// The code of a file: without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that a piece of code names.
fn imports(code: &str) -> Vec<String> {
    let names = code.split("crate::").skip(1);
    let names = names.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
    // An exported macro stands at the root, in no module.
    names.filter(|name| !name.starts_with("__")).collect()
}

#[test]
fn every_module_has_a_floor() {
    let floors = floor_of();
    for (module, path) in sources() {
        assert!(floors.contains_key(module.as_str()), "{} stands on no floor", path.display());
    }
}

#[test]
fn a_module_imports_only_from_floors_below() {
    let floors = floor_of();
    let mut arrows = 0;
    for (module, path) in sources() {
        for import in imports(&code(&path)).iter().filter(|import| **import != module) {
            let below = floors.get(import.as_str()).unwrap_or_else(|| panic!("{}: {import}", path.display()));
            assert!(*below < floors[module.as_str()], "{}: {module} must not import {import}", path.display());
            arrows += 1;
        }
    }
    assert!(arrows > 20, "the search for imports finds nothing any more");
}

#[test]
fn the_two_columns_never_import_each_other() {
    let data =
        ["normalize", "schema", "detect", "matching", "resolve", "source", "audit", "store", "plan", "run", "decide"];
    let work = [
        "jobs",
        "backoff",
        "rate",
        "tombstone",
        "queue",
        "schedule",
        "gate",
        "health",
        "registry",
        "notice",
        "history",
        "webhook",
    ];
    for (module, path) in sources() {
        let other: &[&str] = if data.contains(&module.as_str()) {
            &work
        } else if work.contains(&module.as_str()) {
            &data
        } else {
            continue;
        };
        for import in imports(&code(&path)) {
            assert!(!other.contains(&import.as_str()), "{}: {module} must not import {import}", path.display());
        }
    }
}

#[test]
fn the_core_touches_nothing_outside() {
    // `drive` parks the calling thread while a host's future waits, and the suite lets threads race for a host's store;
    // nothing else may know them.
    let outside = [
        "std::fs",
        "std::net",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "now()",
        "println!",
        "print!",
        "dbg!",
        "rand",
        "HashMap",
        "unsafe",
    ];
    let threads = |module: &str| matches!(module, "drive" | "conformance");
    for (module, path) in sources() {
        let code = code(&path);
        for word in outside.iter().filter(|word| !(threads(&module) && **word == "std::thread")) {
            let goes_on = |c: char| c.is_alphanumeric() || c == '_';
            let found = code.match_indices(word).any(|(at, _)| !code[..at].ends_with(goes_on));
            assert!(!found, "{} names {word}", path.display());
        }
    }
}

/// The sentence of a module's essay that its order of files follows, one or more to a row.
const ORDER: &str = "Each file imports only from the rows above its own:";

/// The files of a module, each with its row in the essay's table.
fn rows(essay: &str) -> BTreeMap<String, usize> {
    let table = essay.split(ORDER).nth(1).unwrap_or_default();
    let rows = table.lines().skip_while(|line| !line.starts_with("//! |")).take_while(|line| line.starts_with("//! |"));
    let files = |(row, line): (usize, &str)| {
        let cell = line.split('|').nth(1).unwrap_or_default().to_owned();
        let names = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        names.into_iter().map(move |name| (name, row))
    };
    rows.enumerate().flat_map(files).collect()
}

#[test]
fn a_file_inside_a_module_imports_only_from_files_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut arrows = 0;
    for (module, path) in sources() {
        let essay = fs::read_to_string(src.join(format!("{module}.rs"))).unwrap();
        let rows = rows(&essay);
        let inside = path.strip_prefix(src.join(&module)).ok().and_then(|inside| inside.components().next());
        let Some(file) = inside.filter(|_| !rows.is_empty()) else { continue };
        let file = Path::new(file.as_os_str()).file_stem().unwrap().to_str().unwrap();
        let row = rows.get(file).unwrap_or_else(|| panic!("{} has no row in the essay of {module}", path.display()));
        let code = code(&path);
        let mut imported = names_after(&code, &format!("crate::{module}::"));
        // One folder deeper, `super` is a part of the same row.
        if path.parent() == Some(&src.join(&module)) {
            imported.extend(names_after(&code, "super::"));
        }
        for import in imported.iter().filter(|import| *import != file) {
            let below = rows.get(import).unwrap_or_else(|| panic!("{}: {import} is no file", path.display()));
            assert!(below < row, "{}: {file} must not import {import}", path.display());
            arrows += 1;
        }
    }
    assert!(arrows > 60, "the search for imports finds nothing any more");
}

fn names_after(code: &str, path: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    code.split(path).skip(1).map(name).collect()
}

/// The lines of a public type: its doc and attributes, and its body.
fn public_types(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &str| ["pub struct ", "pub enum "].iter().any(|kind| line.starts_with(kind));
    let above = |line: &&&str| line.starts_with("#[") || line.starts_with("///") || line.starts_with("#![");
    let types = (0..lines.len()).filter(|&at| opens(lines[at])).map(|at| {
        let head: Vec<&str> = lines[..at].iter().rev().take_while(above).copied().collect();
        let end = lines[at..].iter().position(|line| line.starts_with('}') || line.ends_with(';'));
        (head.join("\n"), lines[at..=at + end.unwrap_or_default()].join("\n"))
    });
    types.collect()
}

/// A claim of the page on upgrading names the tests that hold it.
#[test]
fn the_tests_that_the_page_on_upgrading_names_are_there() {
    let page = include_str!("../../src/upgrading/page.md");
    let held = page.split("<!-- Held by tests: ").skip(1).map(|rest| rest.split("-->").next().unwrap());
    let words =
        held.flat_map(|held| held.split([',', '.', ' ', '\n', ':', '/'])).filter(|word| word.matches('_').count() > 2);
    let mut tests = String::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => open.push(path),
                false => tests.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap())),
            }
        }
    }
    let mut seen = 0;
    for word in words {
        assert!(tests.contains(&format!("fn {word}()")), "no test is called {word}");
        seen += 1;
    }
    assert!(seen > 12, "the page names no tests any more: {seen}");
}

/// Whoever prints an error with its sources reads each cause once: an error that has a source is transparent, or its text
/// does not repeat the source's.
#[test]
fn an_error_tells_its_cause_once() {
    let mut seen = 0;
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let mut said = "";
        for line in text.lines().map(str::trim_start) {
            if line.starts_with("#[error(") {
                said = line;
            }
            if line.contains("#[from]") || line.contains("#[source]") || line.starts_with("source: ") {
                let once = said.contains("transparent") || !(said.contains("{0}") || said.contains("{source}"));
                assert!(once, "{}: {said} {line}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 8, "the search for sources finds nothing any more: {seen}");
}

/// A new variant or field breaks nobody, or a sentence says why there is none to come.
#[test]
fn a_public_type_is_not_exhaustive_or_says_why_it_is() {
    let mut seen = [0; 2];
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for (head, body) in public_types(text.split("#[cfg(test)]").next().unwrap()) {
            let fields = body.lines().skip(1).map(str::trim_start);
            let tuple = body.lines().next().unwrap().contains("(pub ");
            let (public, private) = fields
                .filter(|line| !line.starts_with("//") && line.contains(": "))
                .fold((tuple, false), |(public, private), line| {
                    (public || line.starts_with("pub "), private || !line.starts_with("pub"))
                });
            let is_open = body.starts_with("pub enum") || (public && !private);
            let said = head.contains("is exhaustive: ");
            assert!(!is_open || said != head.contains("#[non_exhaustive]"), "{}: {body}", path.display());
            seen[usize::from(said)] += usize::from(is_open);
        }
    }
    assert!(seen[0] > 100 && seen[1] > 20, "the search for types finds nothing any more: {seen:?}");
}

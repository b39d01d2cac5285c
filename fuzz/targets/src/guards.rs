//! Guards in words: nothing panics, what is read is written again, on a command line and in a schema's file the same names
//! are known, and fewer are never worse.
//!
//! The input is three numbers of eight bytes each, of records, of fewer, and of the register, and then guards as JSON, as the
//! part of a schema's file, and as `--guards` has them.

use std::ffi::OsString;

use nightly_sync::cli::{Command, parse};
use nightly_sync::schema_file::SchemaFile;
use tripartite::plan::{Figures, Guards, Limit};

/// The body of the target.
pub fn run(data: &[u8]) {
    let Some((numbers, text)) = data.split_at_checked(24) else { return };
    let number = |at: usize| u64::from_le_bytes(numbers[8 * at..][..8].try_into().expect("eight bytes"));
    let (one, other, population) = (number(0), number(1), number(2));
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(limit) = serde_json::from_str::<Limit>(text) {
        let written = serde_json::to_string(&limit).expect("a limit can be written");
        assert_eq!(serde_json::from_str::<Limit>(&written).expect("and read"), limit);
        assert!(!limit.allows(one.max(other), population) || limit.allows(one.min(other), population));
    }
    if let Ok(guards) = serde_json::from_str::<Guards>(text) {
        let written = serde_json::to_string(&guards).expect("guards can be written");
        assert_eq!(serde_json::from_str::<Guards>(&written).expect("and read"), guards);
        fewer_are_never_worse(&guards, one.max(other), one.min(other), population);
        let file = format!(r#"{{"fields": {{"name": {{"kind": "name"}}}}, "guards": {text}}}"#);
        match serde_json::from_str::<SchemaFile>(&file) {
            Ok(file) => assert_eq!(file.guards, guards),
            Err(_) => assert!(guards.field_names().any(|field| field != "name"), "the file reads what the crate reads"),
        }
    }
    let guards = format!("--guards={text}");
    let line = ["run", "--db", "x", "--remote", "y", &guards].map(OsString::from);
    match parse(line).map(|cli| cli.command) {
        Ok(Some(Command::Run(run))) => {
            let given = run.listing.guards.iter().flat_map(|limits| &limits.0);
            let guards = given.fold(Guards::default(), |guards, given| given.over(guards));
            fewer_are_never_worse(&guards, one.max(other), one.min(other), population);
        }
        Ok(_) => panic!("run is a run"),
        Err(error) => assert!(error.to_string().contains("--guards"), "{error}"),
    }
}

fn fewer_are_never_worse(guards: &Guards, more: u64, fewer: u64, population: u64) {
    let night = |count: u64| Figures::new(population, 1).deactivations(count).updates(count);
    assert!(guards.judge(&night(fewer)).len() <= guards.judge(&night(more)).len());
}

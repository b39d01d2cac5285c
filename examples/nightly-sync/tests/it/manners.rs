//! What people expect of a program: help, versions, suggestions, silence, colours, JSON, the next step.

use std::process::{Command, Output};

use serde_json::Value;

use crate::bench::{Bench, Ran, members};

/// The program with variables of the environment, in the test's own directory.
pub(crate) fn within(bench: &Bench, env: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightly-sync"));
    for name in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "NIGHTLY_SYNC_DB",
        "NIGHTLY_SYNC_KEY",
        "NIGHTLY_SYNC_CONFIG",
        "NIGHTLY_SYNC_JOBS",
    ] {
        command.env_remove(name);
    }
    let output = command.current_dir(&bench.dir).envs(env.iter().copied()).args(args).output().unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

/// A register with an open conflict about a phone, and what the second listing was.
fn disputed(bench: &Bench) -> String {
    let schema = bench
        .write("s.json", r#"{"strategy": "merge", "fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#);
    let listing = bench.listing(members(1..=3));
    assert_eq!(bench.run(&listing, &["--schema", &schema]).status, 0);
    bench.edit("UPDATE members SET phone = 'ours' WHERE external_id = 'M1'");
    bench.listing(members(1..=3).replace("p1", "theirs"))
}

#[test]
fn every_command_has_a_help_of_its_own_and_a_word_for_what_it_did_not_understand() {
    let bench = Bench::new();
    let help = bench.program(&["--help"]);
    assert!(help.status == 0 && help.stdout.contains("4 blocked") && help.stderr.is_empty(), "{}", help.stdout);
    let commands =
        help.stdout.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> =
        commands.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() >= 30, "{commands:?}");
    for command in commands {
        let help = bench.program(&[command, "--help"]);
        assert!(help.status == 0 && help.stdout.contains(&format!("nightly-sync {command}")), "{command}");
        assert!(help.stdout.lines().count() < 80, "{command}");
    }
    assert!(bench.program(&["--version"]).stdout.starts_with("nightly-sync 0."));
    for (args, told) in [
        (&["conflict", "--db", "x.db"][..], "'conflicts'"),
        (&["run", "--db", "x.db", "--remot", "l"], "'--remote'"),
        (&["status"], "--db FILE"),
        (&["run", "--quiet"], "say -q"),
    ] {
        let ran = bench.program(args);
        assert!(ran.status == 2 && ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.program(&["completions", shell]);
        assert!(script.status == 0 && script.stdout.contains("prune-audit"), "{shell}");
    }
    let out = bench.path("man");
    assert_eq!(bench.program(&["man", "--out", &out]).status, 0);
    let pages = std::fs::read_dir(&out).unwrap().count();
    assert!(pages > 30 && std::fs::read_to_string(format!("{out}/nightly-sync-decide.1")).unwrap().contains("clash"));
    assert!(bench.program(&["man"]).stdout.starts_with(".ie"));
}

#[test]
fn who_wants_silence_hears_nothing_unless_something_is_to_be_done() {
    let bench = Bench::new();
    let listing = bench.listing(members(1..=30));
    let db = bench.path("members.db");
    let quiet = |more: &[&str]| bench.program(&[&["run", "-q", "--db", &db, "--remote", &listing], more].concat());
    let ran = quiet(&[]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    bench.listing(members(1..=2));
    let ran = quiet(&[]);
    assert!(ran.status == 4 && ran.stdout.is_empty() && ran.stderr.contains("--approve"), "{}", ran.stderr);
    let ran = bench.program(&["run", "-q", "--db", &db, "--remote", "nowhere.csv"]);
    assert!(ran.status == 1 && ran.stderr.contains("nowhere.csv"), "{}", ran.stderr);
}

#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let bench = Bench::new();
    let listing = disputed(&bench);
    let db = bench.path("members.db");
    let run = ["run", "--db", &db, "--remote", &listing, "--dry-run"];
    let is_coloured = |env: &[(&str, &str)]| within(&bench, env, &run).stdout.contains('\u{1b}');
    assert!(!is_coloured(&[]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[("NO_COLOR", "1")]));
}

#[test]
fn figures_of_nothing_are_left_out() {
    let bench = Bench::new();
    let listing = bench.listing(members(1..=3));
    let db = bench.path("members.db");
    let ran = bench.program(&["run", "--db", &db, "--remote", &listing]);
    assert!(ran.stdout.contains("created    3") && !ran.stdout.contains("updated"), "{}", ran.stdout);
}

/// Each command with `--json` prints JSON and nothing else: an object, or one a line.
#[test]
fn every_command_speaks_json() {
    let bench = Bench::new();
    let listing = disputed(&bench);
    assert_eq!(bench.run(&listing, &[]).status, 0);
    let (db, page, other) = (bench.path("members.db"), bench.path("r.html"), bench.path("other.jsonl"));
    bench.write("other.jsonl", "{\"id\": \"M1\", \"name\": \"N1\", \"shoe\": 43}\n");
    for args in [
        &["conflicts", "--values"][..],
        &["quarantine"],
        &["matches"],
        &["audit"],
        &["report", "--html", &page],
        &["schema"],
        &["schema", "--remote", &other, "--diff"],
        &["decide", "--id", "M1", "--field", "phone", "--local"],
        &["decide", "--all", "--remote"],
        &["prune-audit", "--before", "2020-01-01"],
        &["schedule", "--key", "a/b", "--remote", &other],
        &["trigger", "--key", "a/b"],
        &["cancel", "--key", "a/b"],
        &["pause", "--key", "a/b"],
        &["resume", "--key", "a/b"],
        &["reset", "--key", "a/b"],
        &["trigger", "--key", "a/b"],
        &["work", "--until-idle", "--spacing", "0"],
        &["status"],
        &["history"],
        &["hooks"],
        &["restore", "--audit", "999"],
        &["link", "--id", "M9", "--local", "999"],
        &["conflicts", "--key", "no/body"],
    ] {
        let ran = bench.program(&[args, &["--db", &db, "--json"]].concat());
        for line in ran.stdout.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{args:?}: {error}: {line}"));
            assert!(value.is_object(), "{args:?}: {line}");
            assert_eq!(ran.status != 0, value.get("error").is_some(), "{args:?}: {line}");
        }
        let is_list = ["quarantine", "matches", "hooks"].contains(&args[0]);
        assert!(is_list || !ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn the_next_step_is_said() {
    let bench = Bench::new();
    let listing = disputed(&bench);
    let db = bench.path("members.db");
    let on = |args: &[&str]| {
        let ran = bench.program(&[args, &["--db", &db]].concat());
        ran.stdout + &ran.stderr
    };
    assert!(on(&["run", "--remote", &listing]).contains("nightly-sync conflicts --db"));
    let listed = on(&["conflicts"]);
    assert!(
        listed.contains("nightly-sync decide --db") && listed.contains("--local (the value here stays)"),
        "{listed}"
    );
    let decided = on(&["decide", "--id", "M1", "--field", "phone", "--remote"]);
    assert!(decided.contains("nothing is left to decide"), "{decided}");
    let other = bench.write("other.jsonl", "{\"id\": \"M1\", \"name\": \"N1\", \"shoe\": 43}\n");
    let diff = on(&["schema", "--remote", &other, "--diff"]);
    assert!(
        diff.contains("+ shoe: integer") && diff.contains("- phone: text") && diff.contains(" --add stores"),
        "{diff}"
    );
    on(&["schedule", "--key", "a/b", "--remote", &other]);
    assert!(on(&["trigger", "--key", "a/b"]).contains("nightly-sync work --db"));
    assert!(
        on(&["trigger", "--key", "a/c"]).contains("a/c is not connected")
            && on(&["trigger", "--key", "a/c"]).contains("there is a/b")
    );
}

#[test]
fn a_schema_file_is_held_against_the_stored_schema() {
    let bench = Bench::new();
    let listing = disputed(&bench);
    assert_eq!(bench.run(&listing, &[]).status, 0);
    let other = bench.write(
        "t.json",
        r#"{"strategy": "local_wins", "fields": {"name": {"kind": "text"}, "mail": {"kind": "email"}}}"#,
    );
    let ran = bench.program(&["schema", "--db", &bench.path("members.db"), "--diff", "--schema", &other]);
    let signs: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(signs, ["- phone", "+ mail", "~ name", "~ the schema's strategy"], "{}", ran.stdout);
}

//! What the crate depends on: how much it is, which Rust it needs, whose it is, and under which licence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

/// Cargo's description of each package that the crate is built from with all features, itself included.
fn everything() -> Vec<Json> {
    let cargo = Command::new(env!("CARGO"))
        // Those of other machines need not be here: a build does not fetch them.
        .args(["metadata", "--format-version", "1", "--all-features", "--locked", "--filter-platform", &host()])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Json = serde_json::from_slice(&cargo.stdout).expect("cargo describes the workspace");
    let by_id = |list: &Json| -> BTreeMap<String, Json> {
        list.as_array().unwrap().iter().map(|it| (it["id"].as_str().unwrap().to_owned(), it.clone())).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let ours = packages.iter().find(|(_, it)| it["name"] == "tripartite").map(|(id, _)| id.clone()).unwrap();
    let (mut open, mut seen) = (vec![ours], BTreeSet::new());
    while let Some(id) = open.pop() {
        let is_built = |dep: &&Json| dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
        let needs = nodes[&id]["deps"].as_array().unwrap().iter().filter(is_built);
        open.extend(needs.map(|dep| dep["pkg"].as_str().unwrap().to_owned()).filter(|dep| !seen.contains(dep)));
        seen.insert(id);
    }
    assert!(seen.len() > 80, "what is depended on was found: {}", seen.len());
    seen.iter().map(|id| packages[id].clone()).collect()
}

/// Clippy holds our own code to the stated version of Rust; this holds what it depends on to it.
#[test]
fn no_dependency_needs_a_newer_rust_than_is_stated() {
    let rust = |package: &Json| -> [u32; 3] {
        let mut parts = package["rust_version"].as_str().unwrap_or("0").split('.').map(|part| part.parse().unwrap());
        std::array::from_fn(|_| parts.next().unwrap_or(0))
    };
    let all = everything();
    let ours = all.iter().find(|it| it["name"] == "tripartite").unwrap();
    for package in &all {
        assert!(rust(package) <= rust(ours), "{} needs Rust {:?}", package["name"], rust(package));
    }
}

/// Whoever may use the crate under one of its own two licences may use all of it.
#[test]
fn every_dependency_is_permissive_and_from_the_registry() {
    let permissive = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC", "Unicode-3.0", "Zlib"];
    // With `OR` one of them is enough; with `AND` all must be.
    let is_permissive = |licence: &str| {
        let licence = licence.replace(['(', ')'], "").replace('/', " OR ");
        let fits = |part: &str| part.split(" OR ").any(|one| permissive.contains(&one.trim()));
        licence.split(" AND ").all(fits)
    };
    assert!(!is_permissive("GPL-3.0-only") && !is_permissive("MIT AND GPL-3.0-only") && is_permissive("MIT/GPL-3.0"));
    for package in everything().iter().filter(|it| it["name"] != "tripartite") {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(is_permissive(licence), "{}: {licence}", package["name"]);
        let source = package["source"].as_str().unwrap_or("a folder");
        assert!(source.starts_with("registry+"), "{} is from {source}", package["name"]);
    }
}

/// The machine that the tests run on, as Cargo names it.
fn host() -> String {
    let cargo = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let says = String::from_utf8(cargo.stdout).unwrap();
    says.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// How many crates are compiled beside this one.
fn others(features: &[&str]) -> usize {
    // `cargo metadata` unites the features that all packages of the workspace ask for; `cargo tree` does not.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "-p", "tripartite", "-e", "normal,build"])
        .args(features)
        .args(["--prefix", "none", "--format", "{p}", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.iter().filter(|it| !it.starts_with("tripartite ")).count()
}

/// Without the two kinds that weigh most, what comes along is small. What the page on costs states is what is built.
#[test]
fn without_features_it_is_thirty_crates() {
    let [none, default, all] = [&["--no-default-features"][..], &[], &["--all-features"]].map(others);
    assert!((20..=30).contains(&none), "{none} crates");
    let page = include_str!("../../src/performance/page.md");
    for (features, crates) in [("none", none), ("default: `phone`, `idn`", default), ("all", all)] {
        assert!(page.contains(&format!("| {features} | {crates} |")), "{features}: {crates} crates");
    }
}

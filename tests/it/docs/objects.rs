//! `docs/objects.md` names every kind of object, label and annotation that hwdr creates, and none that it does not.

use std::collections::BTreeSet;

use super::read;
use crate::common::{ROOT, run};

/// Names in the sources that are not of objects in a cluster.
const OTHERS: &[(&str, &str)] = &[
    ("hwdr-backups", "the uid of Grafana's dashboard"),
    ("hwdr-bundle", "the folder in a doctor's bundle"),
    ("hwdr-dead", "a folder in a test"),
    ("hwdr-link", "a folder in a test"),
    ("hwdr-open", "a folder in a test"),
    ("hwdr-post-renderer", "Helm 4's plugin"),
    ("hwdr-unlocked", "a folder in a test"),
    ("hwdr-verified-hops", "a Secret in a test"),
];

/// What `git grep -oE` finds in the sources, without the folders that hold tests alone.
fn found(pattern: &str) -> BTreeSet<String> {
    let mut git = std::process::Command::new("git");
    git.args([
        "-C",
        ROOT,
        "grep",
        "--untracked",
        "-hoE",
        pattern,
        "--",
        "src",
        "templates",
        "crates/*/src",
        ":!*tests*",
    ]);
    run(&mut git, b"").text().lines().map(str::to_owned).collect()
}

/// All words of a text that begin with `start`.
fn words(text: &str, start: &str) -> BTreeSet<String> {
    let ends = text.match_indices(start).map(|(at, _)| &text[at..]);
    let is_name = |c: char| c.is_ascii_alphanumeric() || ['-', '/', '.'].contains(&c);
    let words = ends.map(|rest| rest.split(|c: char| !is_name(c)).next().unwrap_or_default());
    words.map(|word| word.trim_end_matches(['-', '.']).to_owned()).collect()
}

#[test]
fn labels_and_annotations() {
    let mut made = found(r"hwdr\.hopsworks\.ai[/][a-zA-Z0-9.-]+");
    assert!(made.len() > 8, "{made:?}");
    // A label that no object has, for a product without metadata.
    assert!(made.remove("hwdr.hopsworks.ai/record"));
    // The kind of a file on this machine (`plan --out`).
    assert!(made.remove("hwdr.hopsworks.ai/plan"));
    made.insert("hwdr.hopsworks.ai/v1".to_owned());
    assert_eq!(words(&read("docs/objects.md"), "hwdr.hopsworks.ai/"), made);
}

#[test]
fn names() {
    let quoted = found(r#"("|name: )hwdr-[a-z-]+"#);
    let made: BTreeSet<String> = quoted
        .iter()
        .map(|name| name.trim_start_matches("name: ").trim_start_matches('"').trim_end_matches('-').to_owned())
        .filter(|name| name != "hwdr" && !OTHERS.iter().any(|(other, _)| other == name))
        .collect();
    assert!(made.len() > 15, "{made:?}");
    let page: BTreeSet<String> =
        words(&read("docs/objects.md"), "hwdr-").into_iter().filter(|name| name != "hwdr").collect();
    // Ways of one name, which the sources put together.
    let made: BTreeSet<String> = made.into_iter().filter(|name| name != "hwdr-mirror-for").collect();
    let missing: Vec<_> = made.difference(&page).collect();
    assert!(missing.is_empty(), "docs/objects.md lacks {missing:?}");
    let extra: Vec<_> = page.difference(&made).filter(|name| !name.starts_with("hwdr-mirror-for-")).collect();
    assert!(extra.is_empty(), "docs/objects.md has {extra:?}, which no source does");
}

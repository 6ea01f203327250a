//! Knowledge about a product is in its folder: nothing outside `src/product/` names a service of one, a place in its values, a label or a
//! container of its workloads, a Job of its chart, or a folder of its bucket. The products supply these names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hwdr::product::{PRODUCTS, services};

/// Where a name may stand all the same, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/hwdr-backup/", "formats of files, which are called by what writes them"),
    ("crates/hwdr-kafka/", "what the crate is about"),
    ("crates/hwdr-rds/", "what the crate is about"),
    ("crates/hwdr-vm/", "what the crate is about"),
    ("src/cli/bsl.rs", "a help text, which is made before any product is known"),
    ("src/cli/restore/flags.rs", "help texts"),
    ("src/cli/streams/", "the commands of this product alone"),
    ("src/cli/s3/", "help texts, and the pods of the one service that keeps its data in a bucket"),
    ("src/cli/vm/", "the commands of Hopsworks 3 alone, which has no chart"),
    ("src/rights/list.rs", "the reasons that `hwdr rbac` prints for each right"),
];

/// Words of the language, of Kubernetes, and of hwdr's own record and report, that are names as well.
const WORDS: &[&str] = &[
    "global",
    "objects",
    "Kubernetes objects",
    "snapshots",
    "backupId",
    "users",
    "application",
    "other",
    "mode",
    "enabled",
    "name",
    "backup",
    "restore",
    "velero",
    "hopsworks",
    "hwdr",
    "streams",
];

/// The names of all products, that mean nothing else.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for product in PRODUCTS {
        let keys = product.keys();
        for path in keys.ours.iter().chain(keys.asks).chain(keys.goes) {
            names.extend(path.iter().map(|key| (*key).to_owned()));
        }
        names.extend(product.names().iter().map(|name| (*name).to_owned()));
    }
    for service in services() {
        names.extend([service.name(), service.title()].map(str::to_owned));
        names.extend(service.roles().iter().map(|role| role.name.to_owned()));
        names.extend(service.templates().iter().map(|(name, _)| (*name).to_owned()));
        names.extend(service.scripts().iter().map(|(name, _)| (*name).to_owned()));
    }
    names.retain(|name| name.len() > 2 && !WORDS.contains(&name.as_str()));
    names
}

/// All Rust files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Whether a file is one of tests alone.
fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("false_alarms.rs")
}

/// The part of a file that is not its tests, without the pages of rules, whose examples are values of a product.
fn code(name: &str, text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let is_page = |line: &str| name.contains("/rules/") && line.starts_with("//!");
    text.lines().map(|line| if is_page(line) { "\n" } else { line }.to_owned() + "\n").collect()
}

/// Whether `name` stands in a line as a word of its own.
fn stands_in(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + name.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

#[test]
fn nothing_outside_of_a_product_names_what_is_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = names();
    assert!(names.len() > 40, "{names:?}");
    let mut found = Vec::new();
    files(&root.join("src"), &mut found);
    files(&root.join("crates"), &mut found);
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for path in found {
        let name = path.strip_prefix(root).expect("below it").to_string_lossy().replace('\\', "/");
        if name.starts_with("src/product/") || name == "src/lib.rs" || is_test(&name) {
            continue;
        }
        let exception = EXCEPTIONS.iter().find(|(folder, _)| name.starts_with(folder));
        let text = fs::read_to_string(&path).expect("a text");
        for (number, line) in (1..).zip(code(&name, &text).lines()) {
            let Some(named) = names.iter().find(|name| stands_in(line, name)) else { continue };
            match exception {
                Some((folder, _)) => drop(used.insert(*folder)),
                None => wrong.push(format!("{name}:{number}: {named}: {}", line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let unused: Vec<_> = EXCEPTIONS.iter().filter(|(folder, _)| !used.contains(folder)).collect();
    assert!(unused.is_empty(), "no exception any more: {unused:?}");
}

//! Every link leads to a file, and every anchor to a heading. Without a network: what is elsewhere is not asked for.

use std::path::{Component, Path, PathBuf};

use super::{Page, pages, read, spans};
use crate::common::ROOT;

/// The targets of the links and pictures in a line.
fn targets(line: &str) -> Vec<String> {
    let (_, line) = spans(line);
    let ends = line.match_indices("](").map(|(at, mark)| &line[at + mark.len()..]);
    ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// A path without `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain.into_os_string().into_string().expect("UTF-8")
}

/// What is wrong with a link of `page`, if anything.
fn fault(pages: &[Page], page: &Page, target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let folder = Path::new(&page.path).parent().expect("a folder");
    let path = if path.is_empty() { page.path.clone() } else { plain(&folder.join(path)) };
    if !Path::new(ROOT).join(&path).exists() {
        return Some(format!("there is no {path}"));
    }
    let anchor = anchor?;
    let Some(page) = pages.iter().find(|page| page.path == path) else {
        return Some(format!("{path} is not among the pages: its anchors are not known"));
    };
    (!page.anchors().iter().any(|known| known == anchor)).then(|| format!("{path} has no heading #{anchor}"))
}

#[test]
fn all_links_lead_somewhere() {
    let pages = pages();
    let mut seen = 0;
    let mut faults = Vec::new();
    for page in &pages {
        for (number, line) in page.prose() {
            for target in targets(line) {
                seen += 1;
                let fault = fault(&pages, page, &target);
                faults.extend(fault.map(|fault| format!("{}:{number}: {target}: {fault}", page.path)));
            }
        }
    }
    assert!(seen > 200, "only {seen} links were seen");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn wrong_links_are_found() {
    let text = "# A `b` c!\n[x](#a-b-c) [x](#a) [`x`](no.md) [x](b.md) `[x](no.md)` [x](../docs/a.md#a-b-c) [x](https://example.com)\n";
    let page = |path: &str| Page { path: path.to_owned(), text: text.to_owned() };
    let pages = [page("docs/lint.md"), page("docs/a.md")];
    let found: Vec<_> =
        targets(text.lines().nth(1).unwrap()).iter().map(|target| fault(&pages, &pages[0], target)).collect();
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true, true, true, false]);
}

/// Messages, tests and comments name pages by their path: it has to be one.
#[test]
fn pages_that_sources_name_exist() {
    let mut command = std::process::Command::new("git");
    command.args(["-C", ROOT, "grep", "--untracked", "-hoE", r"\bdocs/[a-z0-9-]+\.md(#[a-z0-9-]+)?", "--"]);
    command.args([
        "src",
        "crates",
        "tests",
        "lab",
        "scripts",
        "templates",
        "benches",
        "Makefile",
        "Containerfile",
        ".ci",
    ]);
    let found = crate::common::run(&mut command, b"").text();
    let pages = pages();
    let root = Page { path: "README.md".to_owned(), text: String::new() };
    let mut names: Vec<&str> = found.lines().filter(|name| !name.starts_with("docs/a.md")).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 5, "{names:?}");
    let faults: Vec<_> = names.iter().filter_map(|name| fault(&pages, &root, name)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every page is in the table of contents, once.
#[test]
fn the_table_of_contents_has_every_page() {
    let contents = read("docs/SUMMARY.md");
    let mut listed: Vec<String> =
        contents.lines().flat_map(targets).map(|target| plain(&Path::new("docs").join(target))).collect();
    listed.sort();
    let twice: Vec<_> = listed.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "listed twice: {twice:?}");
    let paths = pages().into_iter().map(|page| page.path);
    let known = paths.filter(|path| path.starts_with("docs/") && path != "docs/SUMMARY.md");
    let missing: Vec<_> = known.filter(|path| !listed.contains(path)).collect();
    assert!(missing.is_empty(), "not listed: {missing:?}");
}

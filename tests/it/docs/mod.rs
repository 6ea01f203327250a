//! The documentation: its links lead somewhere, its commands can be typed, its outputs are real, and what is made from the program is current.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it docs` writes the pages, outputs and pictures that are made from the program.

mod lines;
mod links;
mod objects;
mod outputs;
mod pictures;
mod reference;

use std::fs;
use std::path::Path;

use crate::common::{ROOT, difference};

/// A page in Markdown.
#[derive(Debug)]
struct Page {
    /// From the checkout: `docs/restore.md`.
    path: String,
    text: String,
}

/// All pages: those on top, those of `docs/`, and those that they link to elsewhere.
fn pages() -> Vec<Page> {
    let mut paths = vec!["testdata/chart/README.md".to_owned()];
    for folder in ["", "docs/"] {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        paths.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}{name}")));
    }
    paths.sort();
    paths.into_iter().map(|path| Page { text: read(&path), path }).collect()
}

/// A file of the checkout.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a file that is made from the program with what it would be now, or writes it.
#[track_caller]
fn is_current(path: &str, made: &str) {
    let whole = Path::new(ROOT).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(whole.parent().expect("a folder")).expect("the folder");
        fs::write(&whole, made).expect("the file");
        return;
    }
    let kept = fs::read_to_string(&whole).unwrap_or_default();
    assert!(
        kept == made,
        "{path} is not current (UPDATE_GOLDEN=1 cargo test --test it docs writes it):\n{}",
        difference(kept.as_bytes(), made.as_bytes())
    );
}

/// A part of a page.
#[derive(Debug)]
enum Part<'t> {
    /// A line of text.
    Line(&'t str),
    /// A block of code: its language, its text, and the comment in the line before it.
    Code { language: &'t str, text: String, comment: Option<&'t str> },
}

impl Page {
    /// Its lines and blocks of code, each with the number of its (first) line.
    fn parts(&self) -> Vec<(usize, Part<'_>)> {
        let (mut parts, mut comment) = (Vec::new(), None);
        let mut lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        while let Some((number, line)) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                comment = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                parts.push((number, Part::Line(line)));
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
            let text: String = body.map(|line| format!("{}\n", line.get(indent..).unwrap_or(line.trim()))).collect();
            parts.push((number, Part::Code { language, text, comment: comment.take() }));
        }
        parts
    }

    /// Its lines of text, without blocks of code.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.parts().into_iter().filter_map(|(number, part)| match part {
            Part::Line(line) => Some((number, line)),
            Part::Code { .. } => None,
        })
    }

    /// The anchors of its headings, as GitHub and mdBook make them.
    fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for (_, line) in self.prose() {
            let Some((marks, title)) = line.split_once(' ') else { continue };
            if marks.is_empty() || marks.len() > 6 || marks.chars().any(|mark| mark != '#') {
                continue;
            }
            let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            let slug: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
            let again = anchors.iter().filter(|anchor| **anchor == slug).count();
            anchors.push(if again == 0 { slug } else { format!("{slug}-{again}") });
        }
        anchors
    }
}

/// The spans of code in a line, and the line without their text.
fn spans(line: &str) -> (Vec<&str>, String) {
    let (mut spans, mut rest) = (Vec::new(), String::new());
    for (at, piece) in line.split('`').enumerate() {
        if at % 2 == 1 {
            spans.push(piece);
            rest.push_str("``");
        } else {
            rest.push_str(piece);
        }
    }
    (spans, rest)
}

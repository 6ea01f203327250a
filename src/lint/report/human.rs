//! For people: each finding with its line, underlined, and what to do.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "places were found in this very text, and each excerpt has at least one"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Element, Group, Level as Shown, Origin, Renderer, Snippet};

use crate::lint::{Finding, Level, Note};
use crate::shown::{lines, mask, plain};
use crate::source::{Place, Source, Span};

/// How the text looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// With colours. (Better not on a stream that is not a terminal.)
    pub colour: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, colour: false }
    }
}

/// Places in one text share an excerpt, if no more than this many lines are between them.
const NEAR_LINES: usize = 30;

/// A longer line (JSON, say) is not shown: nobody would find anything in it.
const LONGEST_LINE: usize = 2_000;

/// How many findings of one rule in one file are shown. Nobody reads a hundred thousand; the other formats have them all.
const SHOWN: usize = 50;

/// The findings, with an empty line after each.
pub fn render(findings: &[Finding], look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
    let mut masked = Masked::default();
    let mut text = String::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry((&finding.place.source.name, finding.rule)).or_default();
        *count += 1;
        if *count <= SHOWN {
            text.push_str(&one(finding, &mut masked, &renderer, look.width));
            text.push_str("\n\n");
        }
    }
    for ((name, rule), count) in counts.into_iter().filter(|(_, count)| *count > SHOWN) {
        text.push_str(&format!("{} more of {rule} in {}\n\n", count - SHOWN, plain(name)));
    }
    text
}

/// Notes, a line or two each, followed by an empty line.
pub fn render_notes(notes: &[Note], look: Look) -> String {
    let bold = if look.colour { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    let mut text = String::new();
    for note in notes {
        let line = wrap(&format!("note: {}: {}", note.place, note.message), look.width);
        text.push_str(&format!("{bold}{}{bold:#}\n", line.replace('\n', "\n      ")));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text
}

/// An error that is not a finding, at its place if it has one, with what to do about it.
pub fn render_error(message: &str, place: Option<&Place>, help: &[String], look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
    let mut group = Group::with_title(Shown::ERROR.primary_title(wrap(message, look.width.saturating_sub(7))));
    if let Some(place) = place {
        group = group.elements(excerpts(&[(place, None)], &mut Masked::default()));
    }
    for help in help {
        group = group.element(Shown::HELP.message(wrap_message(help, look.width.saturating_sub(14))));
    }
    renderer.render(&[group])
}

fn one(finding: &Finding, masked: &mut Masked, renderer: &Renderer, width: usize) -> String {
    let level = match finding.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
    };
    // The first line begins with "error[rule]: ", and the lines after it are indented to match.
    let title = wrap(&finding.message, width.saturating_sub(finding.level.name().len() + finding.rule.len() + 4));
    let mut places = vec![(&finding.place, None)];
    places.extend(finding.related.iter().map(|(place, label)| (place, Some(label.as_str()))));
    let mut group = Group::with_title(level.primary_title(title).id(finding.rule)).elements(excerpts(&places, masked));
    if let Some(help) = &finding.help {
        group = group.element(Shown::HELP.message(wrap_message(help, width.saturating_sub(14))));
    }
    renderer.render(&[group])
}

/// Excerpts of the texts that contain the places; the first place is the finding's own.
fn excerpts<'p>(places: &[(&'p Place, Option<&'p str>)], masked: &mut Masked) -> Vec<Element<'p>> {
    let mut cuts: Vec<Cut> = Vec::new();
    for (number, (place, _)) in places.iter().enumerate() {
        let lines = Cut::of(place, number);
        match cuts.iter_mut().find(|cut| cut.is_near(&lines)) {
            Some(cut) => cut.join(&lines),
            None => cuts.push(lines),
        }
    }
    cuts.iter().map(|cut| cut.show(places, masked)).collect()
}

/// The texts of sources without credentials. Each is computed once, from the whole text: a line's meaning depends on those above it.
#[derive(Default)]
struct Masked(HashMap<*const Source, String>);

impl Masked {
    /// The text of a source that outlives this: all offsets stay the same.
    fn of(&mut self, source: &Arc<Source>) -> &str {
        self.0.entry(Arc::as_ptr(source)).or_insert_with(|| mask::document(&source.text))
    }
}

/// Whole lines of a text that contain some of the places.
struct Cut {
    source: Arc<Source>,
    start: usize,
    end: usize,
    places: Vec<usize>,
}

impl Cut {
    /// The line in which a place starts: several lines are represented by their first.
    fn of(place: &Place, number: usize) -> Self {
        let Span { start, end } = place.source.line(place.span.start.min(place.source.text.len()));
        Self { source: place.source.clone(), start, end, places: vec![number] }
    }

    fn show<'p>(&self, places: &[(&'p Place, Option<&'p str>)], masked: &mut Masked) -> Element<'p> {
        let text = &self.source.text[self.start..self.end];
        let first = places[self.places[0]].0;
        if text.lines().any(|line| line.len() > LONGEST_LINE) {
            let (line, column) = first.source.line_column(first.span.start);
            return Origin::path(plain(&self.source.name).into_owned()).line(line).char_column(column).into();
        }
        let annotations = self.places.iter().map(|&number| {
            let (place, label) = places[number];
            let kind = if number == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let start = (place.span.start - self.start).min(text.len());
            let line_end = text[start..].find(['\r', '\n']).map_or(text.len(), |newline| start + newline);
            let end = (place.span.end.max(place.span.start) - self.start).min(line_end);
            kind.span(start..end.max(start)).label(label.map(lines))
        });
        Snippet::source(masked.of(&self.source).get(self.start..self.end).unwrap_or_default().to_owned())
            .line_start(self.source.line_column(self.start).0)
            .path(plain(&self.source.name).into_owned())
            .annotations(annotations)
            .into()
    }

    fn is_near(&self, other: &Self) -> bool {
        let (start, end) = (self.end.min(other.end), self.start.max(other.start));
        Arc::ptr_eq(&self.source, &other.source)
            && (start >= end
                || memchr::memchr_iter(b'\n', &self.source.text.as_bytes()[start..end]).count() <= NEAR_LINES)
    }

    fn join(&mut self, other: &Self) {
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
        self.places.extend(&other.places);
    }
}

/// Breaks the lines of a text into lines of at most `width` characters, between words if possible. Foreign characters become escapes.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in lines(text).split('\n') {
        if !out.is_empty() {
            out.push('\n');
        }
        // YAML, and the rest of a command, keep their indentation.
        let words = line.trim_start_matches(' ');
        let indent = line.len().saturating_sub(words.len());
        let (mut column, is_deep) = (0, indent >= width);
        out.push_str(&" ".repeat(if is_deep { 0 } else { indent }));
        for word in words.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width.saturating_sub(indent).max(20) {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

/// Whether a line is a command to paste, or the rest of one: such a line is never broken.
pub fn is_command(line: &str) -> bool {
    ["helm ", "kubectl ", "velero ", "date ", "aws ", "  "].iter().any(|begin| line.starts_with(begin))
}

/// [`wrap`] for a message whose later lines may be commands.
pub fn wrap_message(text: &str, width: usize) -> String {
    hang_message(text, width, 0)
}

/// [`hang`] for a message whose later lines may be commands.
pub fn hang_message(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    for (at, line) in lines(text).split('\n').enumerate() {
        if at > 0 {
            out.push_str(&format!("\n{:indent$}", ""));
        }
        out.push_str(&if at > 0 && is_command(line) { line.to_owned() } else { hang(line, width, indent) });
    }
    out
}

/// Breaks a text into lines of at most `width` characters that begins at column `indent`, where its other lines begin, too.
pub fn hang(text: &str, width: usize, indent: usize) -> String {
    wrap(text, width.saturating_sub(indent)).replace('\n', &format!("\n{:indent$}", ""))
}

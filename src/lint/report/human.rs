//! For people: each finding with the line it is about, underlined, and what to do.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use crate::lint::report::mask;
use crate::lint::{Finding, Level};
use crate::source::{Place, Source};

/// How the text is to look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// With colours. (A stream that is no terminal is better served without.)
    pub colour: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, colour: false }
    }
}

/// Places in one text are shown as one excerpt, if no more than this many lines lie between them.
const NEAR_LINES: usize = 30;

/// All findings, with an empty line after each.
pub fn render(findings: &[Finding], look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
    let mut text = String::new();
    for finding in findings {
        text.push_str(&one(finding, &renderer, look.width));
        text.push_str("\n\n");
    }
    text
}

/// An error that is no finding, at its place if it has one.
pub fn render_error(message: &str, place: Option<&Place>, look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
    let mut group = Group::with_title(Shown::ERROR.primary_title(wrap(message, look.width.saturating_sub(7))));
    if let Some(place) = place {
        group = group.elements(excerpts(&[(place, None)]));
    }
    renderer.render(&[group])
}

fn one(finding: &Finding, renderer: &Renderer, width: usize) -> String {
    let level = match finding.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
    };
    // "error[rule]: " stands before the first line, and the lines after it are indented alike.
    let title = wrap(&finding.message, width.saturating_sub(finding.level.name().len() + finding.rule.len() + 4));
    let mut places = vec![(&finding.place, None)];
    places.extend(finding.related.iter().map(|(place, label)| (place, Some(label.as_str()))));
    let mut group = Group::with_title(level.primary_title(title).id(finding.rule)).elements(excerpts(&places));
    if let Some(help) = &finding.help {
        group = group.element(Shown::HELP.message(wrap(help, width.saturating_sub(14))));
    }
    renderer.render(&[group])
}

/// Excerpts of the texts in which the places stand; the first place is the one that it is all about.
fn excerpts<'p>(places: &[(&'p Place, Option<&'p str>)]) -> Vec<Snippet<'p, annotate_snippets::Annotation<'p>>> {
    let mut cuts: Vec<Cut> = Vec::new();
    for (number, (place, _)) in places.iter().enumerate() {
        let lines = Cut::of(place, number);
        match cuts.iter_mut().find(|cut| cut.is_near(&lines)) {
            Some(cut) => cut.join(&lines),
            None => cuts.push(lines),
        }
    }
    cuts.into_iter()
        .map(|cut| {
            let text = mask::credentials(&cut.source.text[cut.start..cut.end]);
            let first_line = cut.source.line_column(cut.start).0;
            let end = text.len();
            let annotations = cut.places.iter().map(|&number| {
                let (place, label) = places[number];
                let kind = if number == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let start = (place.span.start - cut.start).min(end);
                kind.span(start..(place.span.end.max(place.span.start) - cut.start).min(end)).label(label)
            });
            let annotations: Vec<_> = annotations.collect();
            Snippet::source(text).line_start(first_line).path(cut.source.name.clone()).annotations(annotations)
        })
        .collect()
}

/// Whole lines of a text that hold some of the places.
struct Cut {
    source: Arc<Source>,
    start: usize,
    end: usize,
    places: Vec<usize>,
}

impl Cut {
    fn of(place: &Place, number: usize) -> Self {
        let text = place.source.text.as_str();
        let start = text[..place.span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[place.span.end..].find('\n').map_or(text.len(), |newline| place.span.end + newline);
        Self { source: place.source.clone(), start, end, places: vec![number] }
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

/// Breaks the lines of a text into lines of at most `width` characters, between words where it can.
pub fn wrap(text: &str, width: usize) -> String {
    let mut lines = String::new();
    for line in text.split('\n') {
        if !lines.is_empty() {
            lines.push('\n');
        }
        let mut column = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width.max(20) {
                lines.push('\n');
                column = 0;
            } else if column > 0 {
                lines.push(' ');
                column += 1;
            }
            lines.push_str(word);
            column += length;
        }
    }
    lines
}

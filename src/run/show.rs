//! What people see of a run: on a terminal a live line, elsewhere plain lines with timestamps, or JSON; with `--quiet`, warnings alone.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::json;

use crate::shown::{self, lines, screen};

/// How the lines of a run are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The display of a run, on standard error.
#[derive(Debug)]
pub struct Show {
    format: LogFormat,
    live: Option<ProgressBar>,
    last: String,
}

impl Show {
    /// A display: live where standard error is a terminal.
    pub fn new(format: LogFormat) -> Self {
        let live = (format == LogFormat::Text && stderr().is_terminal() && !shown::is_quiet()).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            bar.set_style(style);
            bar
        });
        Self { format, live, last: String::new() }
    }

    /// The progress of the current step.
    pub fn tell(&mut self, text: &str) {
        if text == self.last {
            return;
        }
        self.last = text.to_owned();
        match &self.live {
            Some(bar) => bar.set_message(screen(&lines(text)).into_owned()),
            None => self.line("seen", &format!("  {text}"), Style::new()),
        }
    }

    /// Something to know.
    pub fn note(&mut self, text: &str) {
        self.line("note", &format!("  {text}"), Style::new());
    }

    /// Something that the operator has to know, although the run continues.
    pub fn warn(&mut self, text: &str) {
        self.line("warning", &format!("  warning: {text}"), Style::new().fg_color(Some(AnsiColor::Yellow.into())));
    }

    /// Removes the live line.
    pub fn rest(&mut self) {
        if let Some(bar) = &self.live {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    }

    fn line(&self, event: &str, text: &str, style: Style) {
        if shown::is_quiet() && event != "warning" {
            return;
        }
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        match (&self.live, self.format) {
            (Some(bar), _) => bar.suspend(|| shown::tell(&format!("{style}{}{style:#}", lines(text)))),
            (None, LogFormat::Text) => shown::tell(&format!("{now} {}", lines(text))),
            (None, LogFormat::Json) => {
                shown::tell_json(&json!({"time": now.to_string(), "event": event, "message": text.trim()}));
            }
        }
    }
}

impl hwdr_run::Show for Show {
    fn begin(&mut self, number: usize, all: usize, name: &str, does: &str) {
        let text = format!("[{number}/{all}] {name}: {does}");
        self.line("begin", &text, Style::new().bold());
        if let Some(bar) = &self.live {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    fn end(&mut self, name: &str, began: Timestamp) {
        let took = Timestamp::now().duration_since(began).as_secs_f64();
        let green = Style::new().fg_color(Some(AnsiColor::Green.into()));
        self.line("end", &format!("  {name} is done ({took:.1} s)"), green);
    }

    fn note(&mut self, text: &str) {
        Self::note(self, text);
    }

    fn warn(&mut self, text: &str) {
        Self::warn(self, text);
    }

    fn rest(&mut self) {
        Self::rest(self);
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.rest();
    }
}

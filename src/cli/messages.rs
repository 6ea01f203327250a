//! What a person is told: failures with their place and what to do next, and warnings. All of it goes to standard error; a failure
//! inside a post-renderer is also put where helm's own messages go, because Helm 4 keeps a post-renderer's words to itself.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;

use super::Outcome;
use crate::krm::KrmError;
use crate::lint::Finding;
use crate::lint::report::human::{self, Look};
use crate::pipeline;
use crate::refusal::Refusal;
use crate::shown::{self, lines, screen};
use crate::source::Place;
use crate::values::ValuesError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// How the command ends.
    pub outcome: Outcome,
    refusal: Refusal,
    findings: Vec<Finding>,
}

impl Failure {
    /// Something was understood, and refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Refusal::new(message).into()
    }

    /// The command line or an input cannot be used.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unusable, ..Self::refused(message) }
    }

    /// The same, in the middle of something: it is neither done nor as it was before.
    pub fn stopped(mut self) -> Self {
        self.outcome = Outcome::Stopped;
        self
    }

    /// The same, of something that was to be found out.
    pub fn unknown(mut self) -> Self {
        self.outcome = Outcome::Unknown;
        self
    }

    /// What is wrong.
    pub fn problem(&self) -> &str {
        &self.refusal.problem
    }

    /// Adds where it was written.
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.refusal = self.refusal.at(place);
        self
    }

    /// Adds something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.refusal = self.refusal.help(help);
        self
    }

    /// The whole message: what, where (with the excerpt underlined), what to do.
    fn render(&self, look: Look) -> String {
        let Refusal { problem, place, help } = &self.refusal;
        let message = human::render_error(problem, place.as_ref(), help, look);
        format!("{}{message}", human::render(&self.findings, look))
    }

    /// Prints it to standard error.
    pub fn print(&self) {
        shown::tell(&self.render(Look { colour: shown::is_coloured(), ..Look::default() }));
    }
}

impl From<ValuesError> for Failure {
    fn from(error: ValuesError) -> Self {
        Self::unusable(error.message).at(error.place)
    }
}

impl From<pipeline::Error> for Failure {
    fn from(error: pipeline::Error) -> Self {
        match error {
            pipeline::Error::Findings { findings, mode } => Self {
                findings,
                ..Self::refused("not rendered: fix the errors above. Nothing was changed").help(format!(
                    "check the values again:\nhelm hwdr lint -f values.yaml{}",
                    mode.map(|mode| format!(" --for {mode}")).unwrap_or_default()
                ))
            },
            pipeline::Error::Refused(refusal) => refusal.into(),
            pipeline::Error::Stream(error) => Self::unusable(format!("the rendered stream cannot be used: {error}"))
                .help("see what Helm renders with: helm template … --debug"),
            pipeline::Error::Render(error) => Self::refused(error.to_string()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { outcome: Outcome::Refused, refusal, findings: Vec::new() }
    }
}

impl From<KrmError> for Failure {
    fn from(error: KrmError) -> Self {
        match error {
            KrmError::Values(error) => error.into(),
            other => Self::unusable(other.to_string()),
        }
    }
}

/// Where a post-renderer's words go.
#[derive(Debug)]
pub struct Messages {
    helm: Option<u32>,
}

impl Messages {
    /// Messages of a post-renderer that the helm process `helm` started.
    pub fn for_post_renderer(helm: Option<u32>) -> Self {
        Self { helm }
    }

    /// Helm shows what a post-renderer wrote to its standard error only if that failed (3), or never (4): a warning goes to
    /// helm's own, where hwdr can reach it.
    pub fn warn(&self, warning: &str) {
        let text = format!("hwdr: warning: {}", lines(warning));
        if !self.to_helm(&format!("{text}\n")) {
            shown::tell(&text);
        }
    }

    /// Puts a failure where the operator sees it even under Helm 4. Under Helm 3 they see it twice.
    pub fn copy_to_helm(&self, failure: &Failure) {
        self.to_helm(&format!("{}\n", failure.render(Look::default())));
    }

    /// Writes to helm's standard error, if that is a terminal or a pipe: a file would be overwritten from its start.
    fn to_helm(&self, text: &str) -> bool {
        let Some(pid) = self.helm else { return false };
        let path = format!("/proc/{pid}/fd/2");
        let reachable = fs::metadata(&path)
            .is_ok_and(|metadata| metadata.file_type().is_char_device() || metadata.file_type().is_fifo());
        reachable
            && OpenOptions::new()
                .write(true)
                .open(&path)
                .is_ok_and(|mut stderr| stderr.write_all(screen(text).as_bytes()).is_ok())
    }
}

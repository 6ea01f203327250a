//! Errors, with their place and what to do next, and warnings. All of them go to standard error. An error inside a post-renderer also
//! goes where helm's own messages go, because Helm 4 does not show a post-renderer's output.

use std::error::Error as StdError;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;

use hwdr_kafka::mirror::BadMirror;
use hwdr_kafka::name::BadName;
use hwdr_rds::InvalidName;
use thiserror::Error;

use super::Outcome;
use crate::cluster::{ClusterError, WaitError};
use crate::helm::run::HelmError;
use crate::krm::KrmError;
use crate::lint::Finding;
use crate::lint::report::human::{self, Look};
use crate::pipeline;
use crate::refusal::{Refusal, with_causes};
use crate::render::RenderError;
use crate::run::{Cause, Halt};
use crate::s3::client::{self, Problem};
use crate::s3::preflight::Stopped;
use crate::shown::{self, lines, screen};
use crate::stream::StreamError;
use crate::values::ValuesError;

/// Why a command did not do what it was asked to: what is printed, and the exit code.
#[derive(Debug, Clone, Error)]
#[error("{refusal}")]
pub(super) struct Failure {
    /// How the command ends.
    pub outcome: Outcome,
    refusal: Refusal,
    findings: Vec<Finding>,
}

impl Failure {
    fn new(outcome: Outcome, refusal: Refusal) -> Self {
        Self { outcome, refusal, findings: Vec::new() }
    }

    /// The command line or an input cannot be used. Where there is no help to give, `bail!` and `context` say the same.
    pub(super) fn unusable(problem: impl Into<String>) -> Self {
        Self::usage(Refusal::new(problem))
    }

    /// The same, of a refusal, which alone would end with exit code 1.
    pub(super) fn usage(refusal: Refusal) -> Self {
        Self::new(Outcome::Unusable, refusal)
    }

    /// Something went wrong in the middle: it is neither done nor as it was before.
    pub(super) fn stopped(error: impl Into<anyhow::Error>) -> Self {
        Self { outcome: Outcome::Stopped, ..Self::of(&error.into()) }
    }

    /// What should be found out is not known.
    pub(super) fn unknown(error: impl Into<anyhow::Error>) -> Self {
        Self { outcome: Outcome::Unknown, ..Self::of(&error.into()) }
    }

    /// The same failure, where each ends with 1 (`--detailed-exitcode`).
    pub(super) fn refused(error: &anyhow::Error) -> Self {
        Self { outcome: Outcome::Refused, ..Self::of(error) }
    }

    /// Adds something to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { refusal: self.refusal.help(help), ..self }
    }

    /// What an error means: the outermost type that is known here decides, and what was added around it (`context`) is put in front.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let mut context = String::new();
        for cause in error.chain() {
            if let Some(mut failure) = known(cause) {
                failure.refusal.problem.insert_str(0, &context);
                return failure;
            }
            context.push_str(&format!("{cause}: "));
        }
        Self::unusable(with_causes(error.as_ref()))
    }

    /// What is wrong, and what to do about it.
    pub(super) fn parts(&self) -> (&str, &[String]) {
        (&self.refusal.problem, &self.refusal.help)
    }

    /// The whole message: what, where (with the excerpt underlined), what to do.
    fn render(&self, look: Look) -> String {
        let Refusal { problem, place, help } = &self.refusal;
        let message = human::render_error(problem, place.as_ref(), help, look);
        format!("{}{message}", human::render(&self.findings, look))
    }

    /// Prints it to standard error.
    pub(super) fn print(&self) {
        shown::tell(&self.render(Look { width: shown::message_width(), colour: shown::is_coloured() }));
    }
}

/// What a type of error means; none for one without a meaning of its own.
fn known(error: &(dyn StdError + 'static)) -> Option<Failure> {
    let refused = |refusal: Refusal| Failure::new(Outcome::Refused, refusal);
    let text = || Refusal::new(error.to_string());
    Some(if let Some(failure) = error.downcast_ref::<Failure>() {
        failure.clone()
    } else if let Some(refusal) = error.downcast_ref::<Refusal>() {
        refused(refusal.clone())
    } else if let Some(halt) = error.downcast_ref::<Halt>() {
        let outcome = if halt.cause == Cause::Lost { Outcome::Stopped } else { Outcome::Refused };
        Failure::new(outcome, Refusal { help: halt.help.clone(), ..text() })
    } else if let Some(error) = error.downcast_ref::<ClusterError>() {
        refused(error.into())
    } else if let Some(error) = error.downcast_ref::<hwdr_rds::Error>() {
        refused(error.clone().into())
    } else if let Some(error) = error.downcast_ref::<hwdr_rds::Refused>() {
        refused(error.clone().into())
    } else if error.is::<WaitError>()
        || error.is::<RenderError>()
        || error.is::<InvalidName>()
        || error.is::<BadName>()
        || error.is::<BadMirror>()
    {
        refused(text())
    } else if let Some(error) = error.downcast_ref::<HelmError>() {
        match error {
            HelmError::Failed { .. } | HelmError::NotRendered(_) => refused(text()),
            HelmError::Io { .. } | HelmError::Absent(_) => {
                Failure::usage(text()).help("name the helm to use: HELM_BIN=/path/to/helm")
            }
            HelmError::Folder { .. } => {
                Failure::usage(text()).help("name a folder that you may write to: TMPDIR=/path")
            }
            _ => Failure::usage(text()),
        }
    } else if let Some(error) = error.downcast_ref::<client::Error>() {
        let is_unusable = matches!(error.problem, Problem::Setting(_));
        let outcome = if is_unusable { Outcome::Unusable } else { Outcome::Refused };
        Failure::new(outcome, text().help(error.help()))
    } else if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return match stopped {
            Stopped::Refused(refusal) => known(refusal),
            Stopped::Failed(error) => known(error),
        };
    } else if let Some(ValuesError { message, place, .. }) = error.downcast_ref::<ValuesError>() {
        Failure::usage(Refusal::new(message).at(place.clone()))
    } else if let Some(KrmError::Values(error)) = error.downcast_ref::<KrmError>() {
        return known(error);
    } else if let Some(error) = error.downcast_ref::<StreamError>() {
        Failure::unusable(format!("the rendered stream cannot be used: {error}"))
            .help("see what Helm renders with: helm template … --debug")
    } else if let Some(error) = error.downcast_ref::<pipeline::Error>() {
        match error {
            pipeline::Error::Refused(refusal) => return known(refusal),
            pipeline::Error::Stream(error) => return known(error),
            pipeline::Error::Render(error) => return known(error),
            pipeline::Error::Findings { findings, mode } => {
                let mode = mode.map(|mode| format!(" --for {mode}")).unwrap_or_default();
                let refusal = Refusal::new("not rendered: fix the errors above. Nothing was changed")
                    .help(format!("check the values again:\nhelm hwdr lint -f values.yaml{mode}"));
                Failure { findings: findings.clone(), ..refused(refusal) }
            }
        }
    } else {
        return None;
    })
}

/// Prints a warning to standard error, named as hwdr's: helm, kustomize or a pod prints its own beside it.
pub(super) fn warn(warning: &str) {
    shown::tell(&human::wrap_message(&format!("hwdr: warning: {warning}"), shown::message_width()));
}

/// Where a post-renderer's messages go.
#[derive(Debug)]
pub(super) struct Messages {
    helm: Option<u32>,
}

impl Messages {
    /// Messages of a post-renderer that the helm process `helm` started.
    pub(super) fn for_post_renderer(helm: Option<u32>) -> Self {
        Self { helm }
    }

    /// Helm shows a post-renderer's standard error only if that failed (3), or never (4). So a warning goes to helm's own standard
    /// error, if hwdr can reach it.
    pub(super) fn warn(&self, warning: &str) {
        if !self.to_helm(&format!("hwdr: warning: {}\n", lines(warning))) {
            warn(warning);
        }
    }

    /// Shows an error to the operator even under Helm 4. Under Helm 3, they see it twice.
    pub(super) fn copy_to_helm(&self, error: &anyhow::Error) {
        self.to_helm(&format!("{}\n", Failure::of(error).render(Look::default())));
    }

    /// Writes to helm's standard error, if that is a terminal or a pipe. A file would be overwritten from its start.
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

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::anyhow;

    use super::*;

    #[test]
    fn each_error_has_its_exit_code_and_keeps_its_words() {
        let refusal = || Refusal::new("no room").help("add some");
        let unreadable = || ValuesError::unreadable("no such file");
        for (error, outcome, problem) in [
            (anyhow!("no values"), Outcome::Unusable, "no values"),
            (anyhow!(io::Error::other("full")).context("cannot write x"), Outcome::Unusable, "cannot write x: full"),
            (refusal().into(), Outcome::Refused, "no room"),
            (anyhow!(refusal()).context("volume a"), Outcome::Refused, "volume a: no room"),
            (anyhow!(Stopped::Refused(refusal())), Outcome::Refused, "no room"),
            (Failure::usage(refusal()).into(), Outcome::Unusable, "no room"),
            (Failure::stopped(refusal()).into(), Outcome::Stopped, "no room"),
            (Failure::stopped(unreadable()).into(), Outcome::Stopped, "no such file"),
            (unreadable().into(), Outcome::Unusable, "no such file"),
            (anyhow!(KrmError::from(unreadable())), Outcome::Unusable, "no such file"),
            (Halt::new("no").into(), Outcome::Refused, "no"),
            (Halt::lost("gone").into(), Outcome::Stopped, "gone"),
        ] {
            let failure = Failure::of(&error);
            assert_eq!((failure.outcome, failure.refusal.problem.as_str()), (outcome, problem), "{error:?}");
            let help = if problem.ends_with("no room") { vec!["add some"] } else { vec![] };
            assert_eq!(failure.refusal.help, help, "{error:?}");
        }
    }
}

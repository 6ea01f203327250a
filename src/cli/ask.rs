//! Questions to the operator, and messages while hwdr works.

use std::io::{IsTerminal as _, stderr, stdin};

use anstyle::Style;
use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;

use crate::lint::report::human::hang_message;
use crate::refusal::Refusal;
use crate::shown::{message_width, tell_bare};
use crate::velero::Holes;

/// A question that must be answered before anything is changed.
pub(super) struct Question<'q> {
    /// What is asked, and how to agree.
    pub prompt: &'q str,
    /// The answers that agree.
    pub agree: &'q [&'q str],
    /// What the question is about, for the refusal if hwdr cannot ask.
    pub what: &'q str,
    /// How to check first, and then agree with a flag.
    pub help: &'q str,
}

/// The answers that agree to a question with `[y/N]`.
const YES: &[&str] = &["y", "Y", "Yes", "YES", "yes"];

impl Question<'_> {
    /// Asks. `is_given` is a `--yes` on the command line.
    ///
    /// # Errors
    /// If the answer is another, or hwdr cannot ask.
    pub(super) fn ask(&self, is_given: bool) -> Result<()> {
        if is_given {
            return Ok(());
        }
        let answer = typed(self.prompt, self.what, self.help)?;
        let word = self.agree.last().copied().unwrap_or_default();
        ensure!(
            self.agree.contains(&answer.as_str()),
            Refusal::new(format!("the answer is not {word}: nothing was changed"))
        );
        Ok(())
    }
}

/// Asks a question with `[y/N]`, about `what`; `help` says how to agree with a flag, and `is_given` is a `--yes`.
///
/// # Errors
/// If the answer is not yes, or hwdr cannot ask.
pub(super) fn confirm(prompt: &str, what: &str, help: &str, is_given: bool) -> Result<()> {
    Question { prompt, agree: YES, what, help }.ask(is_given)
}

/// Whether the answer to a question with `[y/N]` is yes; `what` it is about, and `is_given` is a `--yes`.
///
/// # Errors
/// If hwdr cannot ask.
pub(super) fn agrees(prompt: &str, what: &str, is_given: bool) -> Result<bool> {
    Ok(is_given || YES.contains(&typed(prompt, what, "see what it would do, then add --yes")?.as_str()))
}

/// Prints what will be done, before the question. `is_given` is a `--yes`: without a question, it is a note.
pub(super) fn show(text: &str, is_given: bool) {
    if is_given {
        crate::shown::note(text);
    } else {
        crate::shown::tell(text);
    }
}

/// What is typed after `prompt`, without blanks around it.
///
/// # Errors
/// If hwdr cannot ask, with `what` the question is about.
fn typed(prompt: &str, what: &str, help: &str) -> Result<String> {
    ensure!(!is_gone(), Refusal::new(format!("hwdr cannot ask without a terminal: {what}")).help(help));
    tell_bare(prompt);
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("the answer cannot be read")?;
    Ok(answer.trim().to_owned())
}

/// Whether to continue without what Velero could not restore; `is_given` is an `--accept-partial`.
pub(super) fn accepts(holes: &Holes, is_given: bool) -> bool {
    if !is_given && is_gone() {
        // The refusal says the same.
        return false;
    }
    warn(&format!("Velero's Restore {} is PartiallyFailed\n{}", holes.name, holes.text()));
    confirm("Continue without what is missing? [y/N] ", "", "", is_given).is_ok()
}

/// Whether nobody can answer, or see the question.
fn is_gone() -> bool {
    !stdin().is_terminal() || !stderr().is_terminal()
}

/// Prints what happens to standard error, with the time (UTC); with `--quiet`, nothing.
pub(super) fn tell(text: &str) {
    const TIME: usize = 9;
    let time = Timestamp::now().strftime("%H:%M:%S");
    let dim = Style::new().dimmed();
    let text = hang_message(text, message_width(), TIME);
    crate::shown::note(&format!("{dim}{time}{dim:#} {text}"));
}

/// Prints a warning to standard error.
pub(super) fn warn(text: &str) {
    let yellow = Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
    let text = hang_message(text, message_width(), "warning: ".len());
    crate::shown::tell(&format!("{yellow}warning{yellow:#}: {text}"));
}

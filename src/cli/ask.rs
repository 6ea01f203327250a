//! What hwdr asks a person, and what it tells while it works.

use std::io::{self, IsTerminal as _, stdin};

use anstyle::Style;
use anyhow::{Result, bail};
use jiff::Timestamp;

use crate::lint::report::human::wrap;
use crate::refusal::Refusal;
use crate::shown::{lines, tell_bare};
use crate::velero::Holes;

/// Asks for a yes. `is_given` is a `--yes` on the command line.
///
/// # Errors
/// Where the answer is another, or there is nobody to ask.
pub fn consent(question: &str, is_given: bool) -> Result<()> {
    if is_given {
        return Ok(());
    }
    match yes(question) {
        Some(true) => Ok(()),
        Some(false) => bail!(Refusal::new("cancelled: nothing was changed")),
        None => bail!(
            Refusal::new("hwdr cannot ask without a terminal: nothing was changed")
                .help("check what is shown above, then add --yes")
        ),
    }
}

/// The answer to a question; none where there is nobody to ask.
pub fn yes(question: &str) -> Option<bool> {
    let answer = answer(&format!("{} [y/N] ", lines(question)))?.ok()?;
    Some(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What a person types behind `prompt`, without blanks around it; none where there is nobody to ask.
pub fn answer(prompt: &str) -> Option<io::Result<String>> {
    if is_gone() {
        return None;
    }
    tell_bare(prompt);
    let mut answer = String::new();
    Some(stdin().read_line(&mut answer).map(|_| answer.trim().to_owned()))
}

/// Whether a restore goes on without what Velero could not bring back; `is_given` is an `--accept-partial`.
pub fn accepts(holes: &Holes, is_given: bool) -> bool {
    if !is_given && is_gone() {
        // The refusal says it all.
        return false;
    }
    warn(&format!("Velero's Restore {} is PartiallyFailed\n{}", holes.name, holes.text()));
    is_given || yes("Continue without what is missing?") == Some(true)
}

/// Whether there is nobody to ask.
fn is_gone() -> bool {
    !stdin().is_terminal()
}

/// Tells what happens: a line with its time (UTC) on standard error.
pub fn tell(text: &str) {
    const TIME: usize = 9;
    let time = Timestamp::now().strftime("%H:%M:%S");
    let dim = Style::new().dimmed();
    let text = wrap(text, 80 - TIME).replace('\n', &format!("\n{}", " ".repeat(TIME)));
    crate::shown::tell(&format!("{dim}{time}{dim:#} {text}"));
}

/// Tells of something that does not stop the work, and has to be known.
pub fn warn(text: &str) {
    let yellow = Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
    let text = wrap(text, 80 - "warning: ".len()).replace('\n', "\n         ");
    crate::shown::tell(&format!("{yellow}warning{yellow:#}: {text}"));
}

//! Consent: what will happen is shown, and the release's name has to be typed.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::cli::messages::Failure;
use crate::lint::report::human::wrap;
use crate::shown::tell_bare;

/// Asks for the release's name. Without a terminal nobody can be asked: then `--yes` has to say it.
///
/// # Errors
/// Where the answer is another, or nobody can be asked.
pub fn ask(release: &str, what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::refused(format!("hwdr cannot ask without a terminal: {what}"))
            .help("check the plan with --dry-run, then add --yes"));
    }
    tell_bare(&format!("{}\nType the name of the release to continue: ", wrap(what, 80)));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(unreadable)?;
    if answer.trim() == release {
        return Ok(());
    }
    Err(Failure::refused(format!("the answer is not {release}: nothing was changed")))
}

fn unreadable(error: io::Error) -> Failure {
    Failure::unusable(format!("the answer cannot be read: {error}"))
}

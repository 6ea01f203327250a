//! Consent: what will happen is shown, and the release's name has to be typed.

use crate::cli::ask;
use crate::cli::messages::Failure;
use crate::lint::report::human::wrap;

/// Asks for the release's name. Without a terminal nobody can be asked: then `--yes` has to say it.
///
/// # Errors
/// Where the answer is another, or nobody can be asked.
pub fn ask(release: &str, what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    match ask::answer(&format!("{}\nType the name of the release to continue: ", wrap(what, 80))) {
        Some(Ok(answer)) if answer == release => Ok(()),
        Some(Ok(_)) => Err(Failure::refused(format!("the answer is not {release}: nothing was changed"))),
        Some(Err(error)) => Err(Failure::unusable(format!("the answer cannot be read: {error}"))),
        None => Err(Failure::refused(format!("hwdr cannot ask without a terminal: {what}"))
            .help("check the plan with --dry-run, then add --yes")),
    }
}

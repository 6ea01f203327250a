//! Consent: what will happen is shown, and the release's name has to be typed.

use anyhow::{Result, bail};

use crate::cli::ask;
use crate::lint::report::human::wrap;
use crate::refusal::Refusal;

/// Asks for the release's name. Without a terminal nobody can be asked: then `--yes` has to say it.
///
/// # Errors
/// Where the answer is another, or nobody can be asked.
pub fn ask(release: &str, what: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    match ask::answer(&format!("{}\nType the name of the release to continue: ", wrap(what, 80))) {
        Some(Ok(answer)) if answer == release => Ok(()),
        Some(Ok(_)) => bail!(Refusal::new(format!("the answer is not {release}: nothing was changed"))),
        Some(Err(error)) => bail!("the answer cannot be read: {error}"),
        None => bail!(
            Refusal::new(format!("hwdr cannot ask without a terminal: {what}"))
                .help("check the plan with --dry-run, then add --yes")
        ),
    }
}

//! Consent to what is written to a bucket.

use std::io::{IsTerminal as _, stderr};

use anyhow::{Result, bail};

use crate::cli::ask;
use crate::refusal::Refusal;
use crate::shown::lines;

/// Asks for a typed yes, unless `--yes` was given. `shown` is printed in front of the question; `so` says in a sentence what it comes
/// to, `help` how to look first.
///
/// # Errors
/// Where the answer is another, or there is nobody to ask.
pub fn agree(shown: &str, what: &str, so: &str, help: &str, is_given: bool) -> Result<()> {
    if is_given {
        return Ok(());
    }
    // What it is about would be seen nowhere.
    let answer = if stderr().is_terminal() {
        ask::answer(&format!("{}{}? {so} Type yes: ", lines(shown), lines(what)))
    } else {
        None
    };
    match answer {
        Some(Ok(answer)) if answer == "yes" => Ok(()),
        Some(_) => bail!(Refusal::new("cancelled: nothing was changed")),
        None => bail!(Refusal::new(format!("hwdr cannot ask without a terminal: {what}")).help(help)),
    }
}

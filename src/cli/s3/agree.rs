//! Consent to what is written to a bucket.

use std::io::{BufRead as _, IsTerminal as _};

use crate::cli::messages::Failure;
use crate::shown::{lines, tell_bare};

/// Asks for a typed yes, unless `--yes` was given. `shown` is printed in front of the question; `so` says in a sentence what it comes
/// to, `help` how to look first.
///
/// # Errors
/// Where the answer is another, or there is nobody to ask.
pub fn agree(shown: &str, what: &str, so: &str, help: &str, is_given: bool) -> Result<(), Failure> {
    if is_given {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::refused(format!("hwdr cannot ask without a terminal: {what}")).help(help));
    }
    tell_bare(&format!("{}{}? {so} Type yes: ", lines(shown), lines(what)));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::refused("cancelled: nothing was changed"))
    }
}

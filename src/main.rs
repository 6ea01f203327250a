//! The `hwdr` program: see [`hwdr::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    hwdr::cli::run().into()
}

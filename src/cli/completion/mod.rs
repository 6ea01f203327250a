//! `hwdr completion`, and `hwdr __complete`, which the shells' scripts ask: the commands, flags and words that can follow, and names
//! that the cluster knows.
//!
//! The protocol is that of cobra, because Helm asks plugins by it (`plugin.complete`): one candidate a line, a tab before its
//! description, and in the last line what the shell does about files. clap's own engine has another one, which it calls unstable, and
//! its script for PowerShell evaluates the line that is completed.

mod sources;
mod walk;

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::help;
use crate::shown::{self, plain, print_data};
use walk::Completion;

/// The word by which a script asks.
pub(super) const ASK: &str = "__complete";

/// cobra's directives: the shell completes names of files, or not.
const FILES: u8 = 0;
const NO_FILES: u8 = 4;

/// Prints the script that completes hwdr's commands in a shell
///
/// It completes releases, backup ids, contexts and namespaces from the cluster, too: for at most a second, and without a word if
/// that fails. For "helm hwdr", helm's own script does the same (helm completion SHELL), as soon as the plugin is installed.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// source <(hwdr completion bash)
    Bash,
    /// source <(hwdr completion zsh), after compinit
    Zsh,
    /// hwdr completion fish | source
    Fish,
    /// hwdr completion powershell | Out-String | Invoke-Expression
    Powershell,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        print_data(match self.shell {
            Shell::Bash => include_str!("hwdr.bash"),
            Shell::Zsh => include_str!("hwdr.zsh"),
            Shell::Fish => include_str!("hwdr.fish"),
            Shell::Powershell => include_str!("hwdr.ps1"),
        });
        Ok(())
    }
}

/// Answers a script: `words` are those behind the program's name, and the last one is completed. Whatever goes wrong, it is silent.
pub(super) fn answer(words: &[String]) {
    shown::be_silent();
    let mut tree = help::tree();
    tree.build();
    print_data(&text(&walk::complete(&tree, words, sources::read)));
}

fn text(Completion { candidates, files }: &Completion) -> String {
    let mut out = String::new();
    for candidate in candidates {
        // What a cluster names is text: a line break in it would be another candidate.
        let _ = write!(out, "{}", plain(&candidate.value));
        if let Some(help) = &candidate.help {
            let _ = write!(out, "\t{}", plain(help));
        }
        out.push('\n');
    }
    let _ = writeln!(out, ":{}", if *files { FILES } else { NO_FILES });
    out
}

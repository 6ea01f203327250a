//! hwdr's own flags of the commands that also take helm's flags: which command has which, what each takes, and its help.

use anstyle::Style;
use clap::Args;

use crate::helm::command_line::Own;
use crate::lint::report::human::hang;

/// The rest of the command line of a command that takes helm's flags.
#[derive(Debug, Args)]
pub(super) struct Line {
    /// The release, the chart, and flags
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        hide = true,
        value_name = "RELEASE CHART FLAGS"
    )]
    pub arguments: Vec<String>,
}

/// A command that takes helm's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Command {
    /// `hwdr upgrade`
    Upgrade,
    /// `hwdr install`
    Install,
    /// `hwdr rerun`
    Rerun,
    /// `hwdr resume`
    Resume,
    /// `hwdr finalize`
    Finalize,
    /// `hwdr doctor`
    Doctor,
}

use Command::{Doctor, Finalize, Install, Rerun, Resume, Upgrade};

impl Command {
    /// As it is typed.
    pub(super) fn word(self) -> &'static str {
        match self {
            Upgrade => "upgrade",
            Install => "install",
            Rerun => "rerun",
            Resume => "resume",
            Finalize => "finalize",
            Doctor => "doctor",
        }
    }
}

/// A flag of hwdr's own.
struct Flag {
    name: &'static str,
    letter: Option<char>,
    /// What it takes; `None` for a switch.
    value: Option<&'static str>,
    /// The commands that have it.
    of: &'static [Command],
    /// Whether it is only for a restore.
    restores: bool,
    help: &'static str,
}

const ALL: &[Command] = &[Upgrade, Install, Rerun, Resume, Finalize];
const RUN: &[Command] = &[Upgrade, Install, Rerun, Resume];
const CHECKED: &[Command] = &[Upgrade, Install, Rerun, Resume, Doctor];
const EXPECTED: &[Command] = &[Upgrade, Install, Rerun, Resume, Finalize, Doctor];
/// Those that may create Velero's storage location.
const NEW: &[Command] = &[Install, Resume];

const FLAGS: &[Flag] = &[
    Flag {
        value: Some("MODE"),
        help: "For which restore: install (into a new cluster) or upgrade (in place) [default: upgrade if the release exists]",
        ..switch("for", &[Doctor])
    },
    Flag {
        help: "Also make the Job with which a restore in place looks at the backup, from a pod; asks first",
        ..switch("in-cluster", &[Doctor])
    },
    Flag { help: "Change what is safe to change: asks for each, and deletes nothing", ..switch("fix", &[Doctor]) },
    Flag {
        value: Some("FILE"),
        help: "Write what a supporter needs into a new FILE.tar.gz, without credentials",
        ..switch("bundle", &[Doctor])
    },
    Flag { letter: Some('y'), help: "Do not ask before --fix and --in-cluster", ..switch("yes", &[Doctor]) },
    Flag {
        letter: Some('o'),
        value: Some("FORMAT"),
        help: "Format of the report: text or json",
        ..switch("output", &[Doctor])
    },
    Flag {
        help: "Show what would be done, and change nothing",
        ..switch("dry-run", &[Upgrade, Install, Rerun, Finalize])
    },
    Flag { letter: Some('y'), help: "Do not ask for the release's name", ..switch("yes", ALL) },
    Flag {
        value: Some("NAME"),
        help: "Refuse any other cluster: its context, server, or the uid of kube-system",
        ..switch("expect-cluster", EXPECTED)
    },
    Flag {
        restores: true,
        help: "Delete the old volumes at once: the restore cannot be undone then",
        ..switch("wipe", &[Upgrade, Rerun])
    },
    Flag {
        restores: true,
        help: "Continue if Velero could not restore every object; with resume, also if files of HopsFS cannot be read",
        ..switch("accept-partial", RUN)
    },
    Flag {
        value: Some("here"),
        restores: true,
        help: "Rewind HopsFS's bucket from this machine, with its own credentials for the bucket",
        ..switch("from", CHECKED)
    },
    Flag { restores: true, help: "Velero reads the bucket by the role of its pod or node", ..switch("iam", NEW) },
    Flag {
        value: Some("NAME[/KEY]"),
        restores: true,
        help: "Velero reads the bucket with this Secret of its namespace",
        ..switch("secret", NEW)
    },
    Flag {
        value: Some("FILE"),
        restores: true,
        help: "Velero reads the bucket with this credentials file, in AWS's format, which hwdr stores in a Secret",
        ..switch("credentials-file", NEW)
    },
    Flag {
        restores: true,
        help: "The same with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment",
        ..switch("credentials-env", NEW)
    },
    Flag {
        letter: Some('o'),
        value: Some("FORMAT"),
        help: "Format of the report: text, json or markdown",
        ..switch("output", RUN)
    },
    Flag {
        value: Some("FORMAT"),
        help: "Format of the lines while it runs: text or json",
        ..switch("log-format", ALL)
    },
];

const fn switch(name: &'static str, of: &'static [Command]) -> Flag {
    Flag { name, letter: None, value: None, of, restores: false, help: "" }
}

fn of(command: Command) -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().filter(move |flag| flag.of.contains(&command))
}

/// The flags of a command, and whether each takes a value. All commands have `--verbose`, which their help lists among the options.
pub(super) fn own(command: Command) -> Vec<Own> {
    of(command).map(|flag| (flag.name, flag.value.is_some())).chain([("verbose", false)]).collect()
}

/// The flags that are only for a restore.
pub(super) fn for_a_restore() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().filter(|flag| flag.restores).map(|flag| flag.name)
}

/// The flags of a command, for its help.
pub(in crate::cli) fn help(command: Command) -> String {
    const COLUMN: usize = 28;
    let (heading, literal) = (Style::new().bold().underline(), Style::new().bold());
    let mut text = format!("{heading}Flags of hwdr's own:{heading:#}\n");
    for flag in of(command) {
        let letter = flag.letter.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
        let value = flag.value.map_or_else(String::new, |value| format!(" {value}"));
        let name = format!("{letter}--{}", flag.name);
        let blanks = COLUMN.saturating_sub(name.len() + value.len());
        let help = hang(flag.help, 80, COLUMN + 4);
        text.push_str(&format!("  {literal}{name}{literal:#}{value}{:blanks$}  {help}\n", ""));
    }
    let helms = match command {
        Install => "helm install",
        Upgrade | Rerun | Finalize => "helm upgrade",
        Resume | Doctor => "helm install or helm upgrade",
    };
    text + &format!("\nAll other flags are those of {helms}, and are passed on.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_the_flags_that_its_help_shows_in_80_columns() {
        for command in ALL {
            let shown = anstream::adapter::strip_str(&help(*command)).to_string();
            for Flag { name, value, .. } in of(*command) {
                let line = shown.lines().find(|line| line.contains(&format!("--{name}"))).expect(name);
                assert_eq!(
                    line.contains(&format!("--{name} ")) && !line.contains(&format!("--{name}  ")),
                    value.is_some(),
                    "{line}"
                );
            }
            assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        }
        assert!(!own(Install).contains(&("wipe", false)) && own(Upgrade).contains(&("wipe", false)));
        assert_eq!(own(Upgrade), own(Rerun));
    }
}

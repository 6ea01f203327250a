//! hwdr's own flags of the commands that also take helm's flags: which command has which, what each takes, and its help.

use clap::builder::{PossibleValuesParser, Resettable};
use clap::{Arg, ArgAction, Args, ValueHint};

use crate::cli::connection::ConnectionArgs;
use crate::cli::value_args;
use crate::helm::command_line::Own;
use crate::helm::flags::{FLAGS as FLAGS_OF_HELM, Takes, is_known, takes};
use crate::helm::invocation::is_forbidden;
use crate::mode::Mode;

/// The name of the argument that takes the rest of the command line.
pub(in crate::cli) const WORDS: &str = "arguments";

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
    /// `hwdr plan`
    Plan,
    /// `hwdr diff`
    Diff,
}

use Command::{Diff, Doctor, Finalize, Install, Plan, Rerun, Resume, Upgrade};

impl Command {
    /// All of them.
    pub(in crate::cli) const ALL: [Self; 8] = [Upgrade, Install, Rerun, Resume, Finalize, Doctor, Plan, Diff];

    /// What helm does; `None` if only the cluster knows.
    pub(super) fn mode(self) -> Option<Mode> {
        match self {
            Install => Some(Mode::Install),
            Upgrade | Rerun | Finalize => Some(Mode::Upgrade),
            Resume | Doctor | Plan | Diff => None,
        }
    }

    /// As it is typed.
    pub(in crate::cli) fn word(self) -> &'static str {
        match self {
            Upgrade => "upgrade",
            Install => "install",
            Rerun => "rerun",
            Resume => "resume",
            Finalize => "finalize",
            Doctor => "doctor",
            Plan => "plan",
            Diff => "diff",
        }
    }
}

/// A flag of hwdr's own.
struct Flag {
    name: &'static str,
    letter: Option<char>,
    /// What it takes; `None` for a switch.
    value: Option<&'static str>,
    /// The words that it takes, if only these.
    words: &'static [&'static str],
    /// The commands that have it.
    of: &'static [Command],
    /// Whether it is only for a restore.
    restores: bool,
    help: &'static str,
}

const ALL: &[Command] = &[Upgrade, Install, Rerun, Resume, Finalize];
const RUN: &[Command] = &[Upgrade, Install, Rerun, Resume];
const CHECKED: &[Command] = &[Upgrade, Install, Rerun, Resume, Doctor, Plan, Diff];
const EXPECTED: &[Command] = &[Upgrade, Install, Rerun, Resume, Finalize, Doctor, Plan, Diff];
/// Those that begin a run, which a plan may have been made for.
const BEGIN: &[Command] = &[Upgrade, Install, Rerun];
/// Those that may create Velero's storage location.
const NEW: &[Command] = &[Install, Resume];

const FLAGS: &[Flag] = &[
    Flag {
        value: Some("MODE"),
        words: &["install", "upgrade"],
        help: "For which restore: install (into a new cluster) or upgrade (in place) [default: upgrade if the release exists]",
        ..switch("for", &[Doctor, Plan, Diff])
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
        words: &["text", "json"],
        help: "Format of the report: text or json",
        ..switch("output", &[Doctor])
    },
    Flag {
        letter: Some('o'),
        value: Some("FORMAT"),
        words: &["text", "json", "yaml"],
        help: "Format of the plan: text, json or yaml",
        ..switch("output", &[Plan])
    },
    Flag {
        value: Some("FILE"),
        help: "Also write the plan, and what it was made from, into a new FILE, for upgrade --plan FILE",
        ..switch("out", &[Plan])
    },
    Flag { help: "Print only the summary, one line for each object", ..switch("summary", &[Diff]) },
    Flag { help: "Exit with 2 if there are changes, and with 1 for any error", ..switch("detailed-exitcode", &[Diff]) },
    Flag {
        value: Some("NAME"),
        words: PRODUCT_NAMES,
        help: "Whose values they are [default: what their keys say]",
        ..switch("product", &[Plan, Diff])
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
        value: Some("FILE"),
        restores: true,
        help: "Refuse if anything has changed that the plan in FILE was made from (helm hwdr plan --out FILE)",
        ..switch("plan", BEGIN)
    },
    Flag {
        value: Some("DIGEST"),
        restores: true,
        help: "Refuse any plan but the one with this digest",
        ..switch("expect-plan", BEGIN)
    },
    Flag {
        restores: true,
        help: "Delete the old volumes at once: the restore cannot be undone then",
        ..switch("wipe", &[Upgrade, Rerun, Plan])
    },
    Flag {
        restores: true,
        help: "Continue if Velero could not restore every object; with resume, also if files of HopsFS cannot be read",
        ..switch("accept-partial", RUN)
    },
    Flag {
        value: Some("here"),
        words: &["here"],
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
        words: &["text", "json", "markdown"],
        help: "Format of the report: text, json or markdown",
        ..switch("output", RUN)
    },
    Flag {
        value: Some("FORMAT"),
        words: &["text", "json"],
        help: "Format of the lines while it runs: text or json",
        ..switch("log-format", ALL)
    },
];

/// The products. A test compares them with the list of all products.
const PRODUCT_NAMES: &[&str] = &["hopsworks", "streams"];

const fn switch(name: &'static str, of: &'static [Command]) -> Flag {
    Flag { name, letter: None, value: None, words: &[], of, restores: false, help: "" }
}

fn of(command: Command) -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter().filter(move |flag| flag.of.contains(&command))
}

/// Those that all commands have, and helm does not.
const OF_ALL: [Own; 4] = [("quiet", false), ("verbose", false), ("color", true), ("context", true)];

/// The flags of a command, and whether each takes a value.
pub(super) fn own(command: Command) -> Vec<Own> {
    of(command).map(|flag| (flag.name, flag.value.is_some())).chain(OF_ALL).collect()
}

/// The flags that are only for a restore.
pub(super) fn for_a_restore() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().filter(|flag| flag.restores).map(|flag| flag.name)
}

/// A command with all its flags, hwdr's own and helm's. It is shown, and not parsed: it only has one list of words (`Line`).
pub(in crate::cli) fn documented(command: Command, parsed: clap::Command) -> clap::Command {
    // All its words: the first of them, in the help.
    let is_needed = command.mode().is_some();
    let release = Arg::new(WORDS).value_name("RELEASE").help("The release").required(is_needed);
    let mut shown = parsed.mut_arg(WORDS, |_| release).arg(
        Arg::new("chart")
            .value_name("CHART")
            .help("The chart, as for helm: a folder, a packed chart, REPOSITORY/NAME, or oci://…")
            .value_hint(ValueHint::AnyPath),
    );
    for flag in of(command) {
        let arg = Arg::new(flag.name).long(flag.name).help(flag.help);
        let arg = flag.letter.into_iter().fold(arg, Arg::short);
        shown = shown.arg(match (flag.value, flag.words) {
            (None, _) => arg.action(ArgAction::SetTrue),
            (Some("FILE"), _) => arg.value_name("FILE").value_hint(ValueHint::FilePath),
            (Some(name), []) => arg.value_name(name),
            (Some(name), words) => {
                arg.value_name(name).value_parser(PossibleValuesParser::new(words)).hide_possible_values(true)
            }
        });
    }
    let (about, long) = (shown.get_about().cloned(), shown.get_long_about().cloned());
    shown = ConnectionArgs::augment_args(value_args::helms(shown));
    // The groups of flags bring theirs.
    shown = shown.about(about.unwrap_or_default()).long_about(long.map_or(Resettable::Reset, Resettable::Value));
    let there: Vec<String> = shown.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let letters: Vec<char> = shown.get_arguments().filter_map(Arg::get_short).collect();
    let mode = command.mode();
    for flag in FLAGS_OF_HELM.iter().filter(|flag| is_known(flag.name, mode) && !is_forbidden(flag.name)) {
        let name = if flag.name == "values" { "files" } else { flag.name };
        // clap has its own of this name.
        let is_there = name == "help" || there.iter().any(|id| id.replace('_', "-") == name);
        if is_there || OF_ALL.iter().any(|(own, _)| *own == name) {
            continue;
        }
        let arg = Arg::new(flag.name).long(flag.name).hide(true);
        let arg = flag.short.filter(|letter| !letters.contains(letter)).into_iter().fold(arg, Arg::short);
        shown = shown.arg(match takes(flag.name, mode.unwrap_or(Mode::Upgrade).word()) {
            Some(Takes::Value) => arg.action(ArgAction::Append),
            _ => arg.action(ArgAction::SetTrue),
        });
    }
    let helms = match command {
        Install => "helm install",
        Upgrade | Rerun | Finalize => "helm upgrade",
        Resume | Doctor | Plan | Diff => "helm install or helm upgrade",
    };
    shown.after_help(format!("All other flags are those of {helms}, and are passed on (--timeout, --version, …)."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_the_flags_that_its_help_shows() {
        for command in Command::ALL {
            let parsed = clap::Command::new(command.word()).arg(Arg::new(WORDS));
            let mut shown = documented(command, parsed).term_width(80);
            let text = shown.render_long_help().to_string();
            for Flag { name, value, .. } in of(command) {
                let has = |line: &&str| line.split_whitespace().any(|word| word == format!("--{name}"));
                let line = text.lines().find(has).expect(name);
                assert_eq!(line.contains(&format!("--{name} <")), value.is_some(), "{line}");
            }
            shown.debug_assert();
        }
        assert!(!own(Install).contains(&("wipe", false)) && own(Upgrade).contains(&("wipe", false)));
        assert_eq!(own(Upgrade), own(Rerun));
        let products: Vec<_> = crate::product::PRODUCTS.iter().map(|product| product.name()).collect();
        assert_eq!(products, PRODUCT_NAMES);
    }
}

//! What can stand at the end of a line: a walk through clap's tree.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::cli::restore::WORDS;

/// A word that can stand there, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) value: String,
    pub(super) help: Option<String>,
}

impl Candidate {
    pub(super) fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), help: None }
    }

    pub(super) fn with(value: impl Into<String>, help: impl Into<String>) -> Self {
        Self { value: value.into(), help: Some(help.into()) }
    }
}

/// What can stand there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) candidates: Vec<Candidate>,
    /// Names of files, too.
    pub(super) files: bool,
}

/// Names that are not in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Releases,
    Backups,
    /// The same without the name of a failed one.
    GoodBackups,
    /// Ids alone.
    BackupIds,
    /// Backups of machines, which an inventory names.
    MachineBackups,
    Rules,
    Contexts,
    Namespaces,
}

/// Which cluster, or which inventory, the line names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kubeconfig: Option<String>,
    pub(super) context: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) inventory: Option<String>,
}

/// Completes the last word.
pub(super) fn complete(
    tree: &Command,
    words: &[String],
    read: impl Fn(Source, &Place) -> Vec<Candidate>,
) -> Completion {
    let (word, before) = words.split_last().map_or(("", &[][..]), |(word, before)| (word.as_str(), before));
    let line = Line::of(tree, before);
    let values = |arg: &Arg, word: &str, prefix: &str| {
        // One list of several: what stands before the last comma is left as it is.
        let (done, word) = match word.rsplit_once(',') {
            Some((done, word)) if arg.get_value_delimiter().is_some() => (format!("{prefix}{done},"), word),
            _ => (prefix.to_owned(), word),
        };
        let mut all: Vec<Candidate> =
            arg.get_possible_values().iter().filter(|value| !value.is_hide_set()).map(one).collect();
        if let Some(source) = source(line.command, arg) {
            all.extend(read(source, &line.place));
        }
        let files = is_file(arg);
        all.retain(|candidate| candidate.value.starts_with(word));
        all.iter_mut().for_each(|candidate| candidate.value.insert_str(0, &done));
        Completion { candidates: all, files }
    };
    if let Some(arg) = line.open.filter(|arg| !may_be_without(arg, word)) {
        return values(arg, word, "");
    }
    if !line.is_over && word.starts_with('-') {
        return match word.split_once('=') {
            Some((flag, word)) => {
                let arg = flag.strip_prefix("--").and_then(|name| find(line.command, name));
                arg.map(|arg| values(arg, word, &format!("{flag}="))).unwrap_or_default()
            }
            None => Completion { candidates: flags(line.command, word), files: false },
        };
    }
    let mut found = match line.positional() {
        Some(arg) => values(arg, word, ""),
        None => Completion::default(),
    };
    if line.positionals == 0 {
        let below = line.command.get_subcommands().filter(|below| !below.is_hide_set());
        let below = below.filter(|below| below.get_name().starts_with(word));
        found.candidates.extend(below.map(|below| described(below.get_name(), below.get_about())));
    }
    found
}

/// What stands before the word.
struct Line<'t> {
    command: &'t Command,
    /// The flag whose value the word is.
    open: Option<&'t Arg>,
    /// How many words are no flags.
    positionals: usize,
    /// Whether no flag can follow (`--`).
    is_over: bool,
    place: Place,
}

impl<'t> Line<'t> {
    fn of(tree: &'t Command, words: &[String]) -> Self {
        let mut line = Self { command: tree, open: None, positionals: 0, is_over: false, place: Place::default() };
        for word in words {
            if let Some(arg) = line.open.take().filter(|arg| !may_be_without(arg, word)) {
                line.place.see(arg, word);
            } else if line.is_over {
                line.positionals = line.positionals.saturating_add(1);
            } else if word == "--" {
                line.is_over = true;
            } else if let Some(name) = word.strip_prefix("--") {
                let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
                line.flag(find(line.command, name), value);
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                line.letters(letters);
            } else if let Some(below) = line.command.find_subcommand(word).filter(|_| line.positionals == 0) {
                line.command = below;
            } else {
                line.positionals = line.positionals.saturating_add(1);
            }
        }
        line
    }

    fn flag(&mut self, arg: Option<&'t Arg>, value: Option<&str>) {
        match (arg.filter(|arg| takes_value(arg)), value) {
            (Some(arg), Some(value)) => self.place.see(arg, value),
            // Then a value is attached, or there is none.
            (Some(arg), None) if !arg.is_require_equals_set() => self.open = Some(arg),
            _ => {}
        }
    }

    /// Several flags in one word; the last one may have its value in it.
    fn letters(&mut self, letters: &str) {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let arg = self.command.get_arguments().find(|arg| arg.get_short() == Some(letter));
            if arg.is_some_and(takes_value) {
                let value = rest.as_str();
                self.flag(arg, (!value.is_empty()).then(|| value.strip_prefix('=').unwrap_or(value)));
                return;
            }
        }
    }

    /// The argument that the word is; the last one may take several.
    fn positional(&self) -> Option<&'t Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = || all.last().filter(|arg| matches!(arg.get_action(), ArgAction::Append));
        all.get(self.positionals).or_else(last).copied()
    }
}

impl Place {
    fn see(&mut self, arg: &Arg, value: &str) {
        let field = match arg.get_id().as_str() {
            "kubeconfig" => &mut self.kubeconfig,
            "kube_context" => &mut self.context,
            "namespace" => &mut self.namespace,
            "inventory" => &mut self.inventory,
            _ => return,
        };
        *field = Some(value.to_owned());
    }
}

/// Whether a word behind a flag is the next flag, because the value of the first may be left out.
fn may_be_without(arg: &Arg, word: &str) -> bool {
    word.starts_with('-') && arg.get_num_args().is_some_and(|number| number.min_values() == 0)
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// The flag of this name.
fn find<'t>(command: &'t Command, name: &str) -> Option<&'t Arg> {
    command.get_arguments().find(|arg| {
        arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    })
}

/// The flags that begin with a word. Helm's other flags, which the help leaves out, are there once a letter is typed.
fn flags(command: &Command, word: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() || word.len() > "--".len()) {
        let aliases = arg.get_visible_aliases().unwrap_or_default();
        for name in arg.get_long().into_iter().chain(aliases) {
            let flag = format!("--{name}");
            if flag.starts_with(word) {
                found.push(described(&flag, arg.get_help()));
            }
        }
    }
    found
}

fn described(word: &str, help: Option<&clap::builder::StyledStr>) -> Candidate {
    let help = help.map(|help| help.to_string().lines().next().unwrap_or_default().to_owned());
    Candidate { value: word.to_owned(), help: help.filter(|help| !help.is_empty()) }
}

fn one(value: &PossibleValue) -> Candidate {
    described(value.get_name(), value.get_help())
}

/// Where an argument's values come from, if not from the tree.
fn source(command: &Command, arg: &Arg) -> Option<Source> {
    let is_of_machines = command.get_arguments().any(|other| other.get_id() == "inventory");
    Some(match arg.get_id().as_str() {
        // There must be none yet.
        WORDS if command.get_name() == "install" => return None,
        "release" | WORDS => Source::Releases,
        // The flag --id names a backup that is not there yet.
        "id" if is_of_machines && arg.is_positional() => Source::MachineBackups,
        "id" if is_of_machines => return None,
        "backup_id" if command.get_name() == "rewind" => Source::BackupIds,
        "backup_id" => Source::GoodBackups,
        "id" => Source::Backups,
        "rule" | "select" | "ignore" | "explain" => Source::Rules,
        "kube_context" => Source::Contexts,
        "namespace" | "velero_namespace" => Source::Namespaces,
        _ => return None,
    })
}

/// Whether an argument names a file or a folder.
fn is_file(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    let is_path = |name: &str| name.split(['|', '=']).any(|word| matches!(word, "FILE" | "DIR" | "STREAM"));
    arg.get_value_hint() != ValueHint::Unknown || names.iter().any(|name| is_path(name))
}

#[cfg(test)]
mod tests;

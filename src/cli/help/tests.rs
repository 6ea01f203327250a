//! What holds for every command: none can be forgotten, because the tree itself is walked.

use std::collections::BTreeMap;

use clap::{Arg, Command, Parser as _};

use super::super::restore;
use super::*;

/// All commands that are shown, each with its path.
fn all() -> Vec<(String, Command)> {
    fn walk(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        found.push((path.to_owned(), command.clone()));
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            walk(below, format!("{path} {}", below.get_name()).trim_start(), found);
        }
    }
    let mut found = Vec::new();
    walk(&tree(), "", &mut found);
    assert!(found.len() > 40, "{}", found.len());
    found
}

/// Parses a line as the command does: clap, or the reader of helm's flags.
fn parse(line: &[&str]) -> Result<(), String> {
    let command = Restore::ALL.into_iter().find(|command| line.first() == Some(&command.word()));
    match command {
        Some(command) => restore::read(command, &line[1..].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()),
        None => Cli::try_parse_from([&["helm hwdr"], line].concat()).map(|_| ()).map_err(|error| error.to_string()),
    }
}

#[test]
fn each_command_has_examples_and_exit_codes() {
    let all = all();
    for (path, command) in &all {
        let page = page(path).unwrap_or_else(|| panic!("help/pages.rs has no page for {path:?}"));
        assert!(!page.examples.is_empty() && !page.exits.concat().is_empty(), "{path}");
        let mut command = command.clone();
        for help in [command.render_help().to_string(), command.render_long_help().to_string()] {
            assert!(help.contains("Examples:\n  ") && help.contains("Exit codes:\n  0  "), "{path}: {help}");
        }
        // Groups of flags bring a text of their own, which must not win.
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let of_group = ["Helm's flags", "The flags", "Which", "The same"].iter().any(|begin| about.starts_with(begin));
        assert!(!about.is_empty() && !of_group, "{path}: {about}");
    }
    for page in PAGES {
        assert!(all.iter().any(|(path, _)| path == page.path), "there is no command {:?}", page.path);
    }
}

#[test]
fn each_example_is_a_line_of_its_command() {
    for Page { path, examples, .. } in PAGES {
        let mut own = 0;
        for example in *examples {
            let line = example.replace("\\\n", " ");
            let Some((_, line)) = line.rsplit_once("helm hwdr ") else { continue };
            let words: Vec<&str> = line.split_whitespace().take_while(|word| !["|", ">", "<"].contains(word)).collect();
            parse(&words).unwrap_or_else(|error| panic!("{example}: {error}"));
            own += usize::from(words.join(" ").starts_with(path));
        }
        assert!(own > 0, "no example of {path} is its own");
    }
}

#[test]
fn each_command_refuses_a_flag_that_it_does_not_have() {
    for (path, command) in all().iter().filter(|(_, command)| !command.has_subcommands()) {
        let words: Vec<&str> = path.split(' ').collect();
        for flag in ["--no-such-flag", "--no-such-flag=1", "-Z"] {
            let error = parse(&[&words[..], &[flag]].concat()).expect_err(path);
            assert!(error.contains(flag.split('=').next().unwrap()), "{path} {flag}: {error}");
        }
        assert!(command.get_arguments().all(|arg| !arg.is_trailing_var_arg_set()), "{path} hides its flags");
    }
}

/// A flag means the same in each command that has it.
#[test]
fn the_same_flag_means_the_same_everywhere() {
    let mut tree = tree();
    tree.build();
    let letters = BTreeMap::from([
        ('q', "quiet"),
        ('v', "verbose"),
        ('o', "output"),
        ('y', "yes"),
        ('n', "namespace"),
        ('f', "values"),
        ('h', "help"),
        ('V', "version"),
    ]);
    for (path, _) in all() {
        let words = path.split(' ').filter(|word| !word.is_empty());
        let command = words.fold(&tree, |command, word| command.find_subcommand(word).expect("it was found"));
        let long = |name: &str| command.get_arguments().find(|arg| arg.get_long() == Some(name));
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            if let (Some(letter), Some(name)) = (arg.get_short(), arg.get_long()) {
                assert_eq!(letters.get(&letter), Some(&name), "{path} -{letter}");
            }
        }
        for (letter, name) in &letters {
            // "-V" is the chart's version of helm's own commands.
            if let Some(arg) = long(name).filter(|_| *name != "version") {
                assert_eq!(arg.get_short(), Some(*letter), "{path} --{name}");
            }
        }
        for name in ["quiet", "verbose", "color"] {
            assert!(long(name).is_some_and(Arg::is_global_set), "{path} --{name}");
        }
        let context = |arg: &Arg| arg.get_visible_aliases().unwrap_or_default().contains(&"context");
        assert!(long("kube-context").is_none_or(context), "{path}");
        let cluster = ["kubeconfig", "kube-context"].map(|name| long(name).is_some());
        assert!(cluster == [true; 2] && long("namespace").is_some() || cluster == [false; 2], "{path}: {cluster:?}");
        assert!(long("yes").is_none_or(|yes| !yes.get_action().takes_values()), "{path} --yes");
        assert!(long("timeout").is_none_or(|timeout| timeout.get_action().takes_values()), "{path} --timeout");
    }
}

#[test]
fn help_fits_into_80_columns() {
    let mut tree = tree();
    tree.build();
    for (path, _) in all() {
        for asked in ["-h", "--help"] {
            let line: Vec<String> = path.split(' ').chain([asked]).map(str::to_owned).collect();
            let shown = anstream::adapter::strip_str(&of(&line)).to_string();
            let name = if path.is_empty() { "helm hwdr".to_owned() } else { format!("helm hwdr {path}") };
            assert!(shown.contains(&format!("Usage: {name}")), "{path}: {shown}");
            let long = shown.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{path} {asked}");
            assert!(!shown.contains("Exit codes: "), "{path}: exit codes are in help/pages.rs");
        }
    }
}

#[test]
fn help_is_that_of_the_command_on_the_line() {
    let of = |line: &str| {
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let shown = anstream::adapter::strip_str(&super::of(&line)).to_string();
        shown.lines().find_map(|line| line.strip_prefix("Usage: helm hwdr ")).unwrap_or_default().to_owned()
    };
    for (line, expected) in [
        ("help backups show", "backups show"),
        ("backups help keep", "backups keep"),
        ("-v backups --color never list -o json -h", "backups list"),
        ("status -n doctor -h", "status"),
        ("upgrade status install -h", "upgrade"),
        ("-- backups", "[OPTIONS]"),
    ] {
        assert!(of(line).starts_with(expected), "{line}: {}", of(line));
    }
}

//! Help: what clap knows of a command, with examples and exit codes. Completions and manual pages are made of the same tree.

mod pages;

use anstyle::Style;
use clap::CommandFactory as _;
use clap::builder::StyledStr;

use super::restore::{Command as Restore, documented};
use super::{Cli, shown};
use crate::lint::report::human::hang;
use pages::PAGES;
pub(super) use pages::Page;

/// A code, and what it means.
type Exit = (u8, &'static str);

/// All commands with all their flags, also where a command reads its own line.
pub(super) fn tree() -> clap::Command {
    let mut tree = Cli::command().term_width(shown::width());
    for command in Restore::ALL {
        tree = tree.mut_subcommand(command.word(), |parsed| documented(command, parsed));
    }
    with_pages(tree, "")
}

/// The page of a command, named without `helm hwdr`.
pub(super) fn page(path: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.path == path)
}

/// Adds the pages of a command and those below it.
fn with_pages(mut command: clap::Command, path: &str) -> clap::Command {
    if let Some(page) = page(path) {
        let before = command.get_after_help().map(|text| format!("{}\n\n", text.ansi())).unwrap_or_default();
        command = command.after_help(StyledStr::from(before + &page.text()));
    }
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(name, |below| with_pages(below, path.trim_start()));
    }
    command
}

impl Page {
    /// As it stands at the end of the help.
    fn text(&self) -> String {
        let (heading, code) = (Style::new().bold().underline(), Style::new().bold());
        let mut text = format!("{heading}Examples:{heading:#}\n");
        for example in self.examples {
            text.push_str(&format!("  {example}\n"));
        }
        text.push_str(&format!("\n{heading}Exit codes:{heading:#}\n"));
        for (number, meaning) in self.exits.concat() {
            text.push_str(&format!("  {code}{number}{code:#}  {}\n", hang(meaning, shown::width(), 5)));
        }
        text.trim_end().to_owned()
    }
}

/// Whether a line asks for help, whatever else is wrong with it.
pub(super) fn is_asked_for(line: &[String]) -> bool {
    line.iter().take_while(|word| *word != "--").any(|word| word == "-h" || word == "--help")
}

/// Prints the help of the command on a line.
pub(super) fn print(line: &[String]) {
    shown::print(&of(line));
}

/// The help of the command on a line: a short one for `-h`.
pub(super) fn of(line: &[String]) -> String {
    let mut tree = tree();
    tree.build();
    let words = line.iter().take_while(|word| *word != "--").filter(|word| *word != "help");
    let mut command = words.fold(&tree, |command, word| command.find_subcommand(word).unwrap_or(command)).clone();
    let is_long = line.iter().any(|word| word == "--help" || word == "help");
    let text = if is_long { command.render_long_help() } else { command.render_help() };
    text.ansi().to_string()
}

#[cfg(test)]
mod tests;

//! `hwdr man`: manual pages, made of what the help is made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueHint};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use jiff::Timestamp;

use super::help::{self, Page};
use crate::shown;

/// Writes the manual pages into a folder: one for each command
///
/// The folder is the one of section 1, below one that man knows: ~/.local/share/man/man1, /usr/local/share/man/man1.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// The folder, which is made if it is not there
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let folder = &self.folder;
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let mut tree = help::tree();
        tree.build();
        let mut count = 0;
        pages(&tree, "", folder, &date(), &mut count)?;
        shown::note(&format!("{count} pages are in {}", folder.display()));
        Ok(())
    }
}

/// Today, or the day of `SOURCE_DATE_EPOCH`, with which packages are built again byte for byte.
fn date() -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let time = epoch.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_else(Timestamp::now);
    time.strftime("%Y-%m-%d").to_string()
}

/// Writes the pages of a command and those below it.
fn pages(command: &clap::Command, path: &str, folder: &Path, date: &str, count: &mut usize) -> Result<()> {
    // Its help is in the page itself.
    if command.is_hide_set() || command.get_name() == "help" {
        return Ok(());
    }
    let source = concat!("hwdr ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).manual("hwdr").source(source).date(date);
    let file = folder.join(man.get_filename());
    let mut text = Vec::new();
    one(&man, command, help::page(path), &mut text).context("a page cannot be made")?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    *count = count.saturating_add(1);
    for below in command.get_subcommands() {
        pages(below, format!("{path} {}", below.get_name()).trim_start(), folder, date, count)?;
    }
    Ok(())
}

fn one(man: &Man, command: &clap::Command, page: Option<&Page>, out: &mut Vec<u8>) -> io::Result<()> {
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    description(command).to_writer(out)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        man.render_options_section(out)?;
    }
    if command.get_subcommands().any(|below| !below.is_hide_set() && below.get_name() != "help") {
        man.render_subcommands_section(out)?;
    }
    let Some(Page { examples, exits, .. }) = page else { return Ok(()) };
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in exits.concat() {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
    }
    roff.control("SH", ["EXAMPLES"]);
    for (at, example) in examples.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.control("nf", []);
        example.lines().for_each(|line| {
            roff.text([roman(line)]);
        });
        roff.control("fi", []);
    }
    roff.to_writer(out)
}

/// Its paragraphs; indented lines stay as they are.
fn description(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    let about = command.get_long_about().or_else(|| command.get_about());
    let text = about.map(ToString::to_string).unwrap_or_default();
    for (at, paragraph) in text.split("\n\n").enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        let mut is_code = false;
        for line in paragraph.lines() {
            if line.starts_with(' ') != is_code {
                is_code = !is_code;
                roff.control(if is_code { "nf" } else { "fi" }, []);
            }
            roff.text([roman(line)]);
        }
        if is_code {
            roff.control("fi", []);
        }
    }
    roff
}

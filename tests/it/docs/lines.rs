//! Every command line of hwdr's in the documentation can be typed: clap parses it, and nothing is run.

use std::collections::{BTreeMap, BTreeSet};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Part, pages, spans};
use crate::common::{BOTH, Home, run};

/// Words that stand for something, and what may stand there.
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("ID", "254811200"),
    ("RELEASE", "hopsworks"),
    ("COMMAND", "upgrade"),
    ("RULE", "ttl"),
    ("T", "2026-02-13T15:36:27Z"),
    ("VERB", "upgrade"),
];

/// Messages that begin with the program's name.
const MESSAGES: &[&str] = &["cannot ask without a terminal"];

/// The simple commands of a shell's line, each as its words: what is behind pipes, in substitutions, and before `;`.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut found, mut words) = (Vec::new(), Vec::new());
    let mut chars = line.chars().peekable();
    let mut word: Option<String> = None;
    let mut is_redirected = false;
    let end_word = |word: &mut Option<String>, words: &mut Vec<String>, is_redirected: &mut bool| {
        if let Some(word) = word.take()
            && !std::mem::take(is_redirected)
        {
            words.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => end_word(&mut word, &mut words, &mut is_redirected),
            '#' if word.is_none() => {
                for c in chars.by_ref() {
                    if c == '\n' {
                        break;
                    }
                }
                end_word(&mut word, &mut words, &mut is_redirected);
                found.push(std::mem::take(&mut words));
            }
            '|' | ';' | '&' | '\n' => {
                end_word(&mut word, &mut words, &mut is_redirected);
                found.push(std::mem::take(&mut words));
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let quoted: String = chars.by_ref().take_while(|c| *c != '"').collect();
                if let Some((_, inner)) = quoted.split_once("$(") {
                    found.extend(commands(inner.trim_end_matches(')')));
                }
                word.get_or_insert_default().push_str(&quoted);
            }
            '<' | '>' | '$' if chars.peek() == Some(&'(') => {
                let inner: String = chars.by_ref().skip(1).take_while(|c| *c != ')').collect();
                found.extend(commands(&inner));
                word.get_or_insert_default().push_str("substituted");
            }
            '<' | '>' => {
                // A number before it is the stream's.
                word = None;
                is_redirected = true;
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut word, &mut words, &mut is_redirected);
    found.push(words);
    found.retain(|words| !words.is_empty());
    found
}

/// The words behind `hwdr` or `helm hwdr`, if a command is hwdr's.
fn behind_hwdr(words: &[String]) -> Option<Vec<String>> {
    let is_set = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let words: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| is_set(word)).collect();
    let rest = match words.as_slice() {
        ["helm", "hwdr", rest @ ..] | ["hwdr", rest @ ..] => rest,
        _ => return None,
    };
    if MESSAGES.contains(&rest.join(" ").as_str()) {
        return None;
    }
    let mut given = Vec::new();
    for word in rest {
        match PLACEHOLDERS.iter().find(|(name, _)| name == word) {
            Some((_, it)) => given.push((*it).to_owned()),
            None if !word.contains('…') => given.push((*word).to_owned()),
            // What is left out may be a flag's value.
            None if given.last().is_some_and(|last: &String| last.starts_with("--set")) => given.push("a=b".to_owned()),
            None => {}
        }
    }
    Some(given)
}

#[test]
fn lines_are_taken_apart_as_a_shell_does() {
    let found = commands(
        "A=1 helm hwdr a 'b c' \\\n  --d=\"e\" -f <(helm hwdr f) > g 2>h | hwdr i   # | hwdr no\nhwdr j \"$(helm hwdr k l)\"; hwdr m",
    );
    let ours: Vec<String> = found.iter().filter_map(|words| behind_hwdr(words)).map(|words| words.join(",")).collect();
    assert_eq!(ours, ["f", "a,b c,--d=e,-f,substituted", "i", "k,l", "j,$(helm hwdr k l)", "m"]);
}

/// What takes the flags of `helm install` and `helm upgrade` parses its line itself: its flags are those of its help, and helm's.
fn of_helm(command: &clap::Command) -> bool {
    command.get_arguments().any(|argument| argument.is_trailing_var_arg_set())
}

struct Known {
    cli: clap::Command,
    /// The flags that the help of `helm install` and `helm upgrade` shows, of both Helms.
    helms: BTreeSet<String>,
    /// The flags in the help of a command.
    shown: BTreeMap<String, BTreeSet<String>>,
}

fn flags(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| c.is_whitespace() || ",=[]`'\"()".contains(c));
    words.filter(|word| word.starts_with('-')).map(|word| word.trim_end_matches(['.', ':', ';']).to_owned()).collect()
}

impl Known {
    fn new() -> Self {
        let home = Home::new();
        let mut helms = BTreeSet::new();
        for major in BOTH {
            for verb in ["install", "upgrade"] {
                helms.extend(flags(&run(home.helm(major).args([verb, "--help"]), b"").text()));
            }
        }
        let mut cli = hwdr::cli::command_line();
        cli.build();
        let mut shown = BTreeMap::new();
        for command in cli.get_subcommands().filter(|command| of_helm(command)) {
            let help = run(home.hwdr().args([command.get_name(), "--help"]), b"").text();
            shown.insert(command.get_name().to_owned(), flags(&help));
        }
        assert!(shown.contains_key("install") && helms.contains("--post-renderer"), "{shown:?}");
        Self { cli, helms, shown }
    }

    /// What is wrong with a line, if anything. A part of one, as a sentence has it, may lack what is required.
    fn fault(&self, words: &[String], is_part: bool) -> Option<String> {
        let first = words.first().map(String::as_str).unwrap_or_default();
        if let Some(shown) = self.shown.get(first) {
            let given = words[1..].iter().filter(|word| word.starts_with('-'));
            let mut given = given.map(|word| word.split_once('=').map_or(word.as_str(), |(name, _)| name));
            let unknown = given.find(|flag| !shown.contains(*flag) && !self.helms.contains(*flag));
            return unknown.map(|flag| format!("{flag} is a flag of neither hwdr {first} nor helm"));
        }
        let line = ["helm hwdr"].into_iter().chain(words.iter().map(String::as_str));
        let error = self.cli.clone().try_get_matches_from(line).err()?;
        let incomplete = [
            ErrorKind::MissingRequiredArgument,
            ErrorKind::MissingSubcommand,
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ];
        let is_fine = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
            // A flag alone, without its value.
            ErrorKind::InvalidValue => {
                is_part && error.get(ContextKind::InvalidValue) == Some(&ContextValue::String(String::new()))
            }
            kind => is_part && incomplete.contains(&kind),
        };
        (!is_fine).then(|| error.to_string())
    }
}

#[test]
fn every_command_line_parses() {
    let known = Known::new();
    let (mut faults, mut whole, mut parts) = (Vec::new(), 0, 0);
    for page in pages() {
        for (number, part) in page.parts() {
            let (text, is_part) = match &part {
                Part::Code { language: "sh" | "bash", text, .. } => (text.clone(), false),
                Part::Code { language: "console", text, .. } => (typed(text), false),
                Part::Code { .. } => continue,
                Part::Line(line) => (spans(line).0.join("\n").replace("\\|", "|"), true),
            };
            for words in commands(&text).iter().filter_map(|words| behind_hwdr(words)) {
                *(if is_part { &mut parts } else { &mut whole }) += 1;
                let fault = known.fault(&words, is_part);
                let line = words.join(" ");
                faults.extend(fault.map(|fault| format!("{}:{number}: hwdr {line}\n{fault}", page.path)));
            }
        }
    }
    assert!(whole > 80 && parts > 80, "only {whole} lines and {parts} spans were seen");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn wrong_lines_are_found() {
    let known = Known::new();
    for (line, is_part, problem) in [
        ("backups lisst", true, "unrecognized subcommand"),
        ("backups list --from-buckets", true, "unexpected argument"),
        ("backups verify", false, "required"),
        ("install hopsworks CHART --dry-ran", false, "--dry-ran is a flag of neither"),
        ("s3 rewind --bucket b --at yesterday", true, "invalid value"),
    ] {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let fault = known.fault(&words, is_part).unwrap_or_default();
        assert!(fault.contains(problem), "{line}: {fault}");
    }
    let fine = ["backups verify", "install hopsworks CHART --dry-run --atomic -f a.yaml --set=b=c", "s3"];
    for line in fine {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(known.fault(&words, true), None, "{line}");
    }
}

/// What is typed in a session: the lines behind `$ `, with those that continue them.
pub(super) fn typed(session: &str) -> String {
    let (mut text, mut continues) = (String::new(), false);
    for line in session.lines() {
        let Some(line) = line.strip_prefix("$ ").or(continues.then_some(line)) else { continue };
        continues = line.ends_with('\\');
        text.push_str(line);
        text.push('\n');
    }
    text
}

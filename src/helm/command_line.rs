//! Helm's command line, read as Helm reads it (spf13/pflag).
//!
//! A post-renderer does not receive Helm's values. But it is Helm's child, so it can read its parent's command line.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use thiserror::Error;

use super::flags::{self, Takes};
use crate::mode::Mode;
use crate::values::ValueInputs;

/// What a helm command line says about the values and the mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Whether Helm installs or upgrades; `None` if only the cluster knows (`helm upgrade --install`).
    pub mode: Option<Mode>,
    /// The value flags, in order.
    pub values: ValueInputs,
    /// `-n`, if given.
    pub namespace: Option<String>,
    /// `--reuse-values` or `--reset-then-reuse-values`: some values come from the last release, which hwdr cannot see.
    pub reuses_values: bool,
}

/// Why a command line cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandLineError {
    /// It is not one of the commands that render a chart.
    #[error("`{0}` is not helm install, upgrade or template")]
    NotRendering(String),
    /// The last flag has no value.
    #[error("the flag {0} has no value")]
    NoValue(String),
    /// Neither hwdr nor helm has it.
    #[error("there is no flag {flag}{}", .nearest.as_ref().map(|near| format!("; did you mean --{near}?")).unwrap_or_default())]
    Unknown {
        /// As written, without its value.
        flag: String,
        /// The flag that was probably meant.
        nearest: Option<String>,
    },
    /// A switch is neither on nor off.
    #[error("{0}={1}: expected true or false")]
    NoSwitch(String, String),
    /// `-f` with something that is not a list of names.
    #[error("-f {0}: {1}")]
    NoNames(String, &'static str),
    /// There is one argument too many.
    #[error("unexpected argument {0}: the command takes a release and a chart")]
    TooMany(String),
    /// A flag that was pasted from a web page.
    #[error("{0} begins with a long dash from a web page or word processor: type {typed}", typed = typed(.0))]
    LongDash(String),
}

impl CommandLine {
    /// Parses the arguments of a helm process, without the program's name.
    ///
    /// # Errors
    /// If the command renders no chart, or ends in the middle of a flag.
    pub fn parse(arguments: &[String]) -> Result<Self, CommandLineError> {
        let mut line = Self::default();
        let mut command: Option<String> = None;
        let (mut install_too, mut is_upgrade) = (false, false);
        for token in tokens(arguments, &[])? {
            for (name, value) in token.flags {
                match name.as_str() {
                    "values" => line.values.files.extend(split_commas(&value)?),
                    "namespace" => line.namespace = Some(value),
                    "install" => install_too = is_true(&value),
                    "is-upgrade" => is_upgrade = is_true(&value),
                    "reuse-values" | "reset-then-reuse-values" => line.reuses_values |= is_true(&value),
                    name => {
                        sets(&mut line.values, name, &value);
                    }
                }
            }
            if token.is_positional && command.is_none() {
                command = token.words.into_iter().next();
            }
        }
        line.mode = match command.as_deref() {
            Some("install") => Some(Mode::Install),
            Some("upgrade") if install_too => None,
            Some("upgrade") => Some(Mode::Upgrade),
            Some("template") => Some(if is_upgrade { Mode::Upgrade } else { Mode::Install }),
            command => return Err(CommandLineError::NotRendering(command.unwrap_or_default().to_owned())),
        };
        Ok(line)
    }
}

/// An argument, with the value that it takes from the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The arguments as given: one, or two.
    pub words: Vec<String>,
    /// The flags in it and their values (`true` for one without a value): several for `-if values.yaml`. An unknown letter keeps
    /// its dash as its name.
    pub flags: Vec<(String, String)>,
    /// Whether it is not a flag: the command, a release, a chart.
    pub is_positional: bool,
}

/// A flag that helm does not have, or that overrides helm's: its name, and whether it takes a value.
pub type Own = (&'static str, bool);

/// The arguments, each with its value; `own` are flags in addition to helm's. After `--` no argument is a flag.
///
/// # Errors
/// If the last flag has no value.
pub fn tokens(arguments: &[String], own: &[Own]) -> Result<Vec<Token>, CommandLineError> {
    let (mut tokens, mut command) = (Vec::new(), None);
    let mut arguments = arguments.iter();
    let mut is_over = false;
    while let Some(argument) = arguments.next() {
        if !is_over && argument == "--" {
            is_over = true;
            continue;
        }
        let mut token = Token { words: vec![argument.clone()], flags: Vec::new(), is_positional: false };
        let all = if is_over { Vec::new() } else { flags_of(argument, own, command.unwrap_or_default()) };
        token.is_positional = all.is_empty();
        for Flag { name, attached, takes } in all {
            let value = match (attached, takes) {
                (Some(attached), _) => attached,
                (None, Takes::Value) => {
                    let value = arguments.next().ok_or_else(|| CommandLineError::NoValue(dashed(&name)))?;
                    token.words.push(value.clone());
                    value.clone()
                }
                (None, _) => "true".to_owned(),
            };
            token.flags.push((name, value));
        }
        if token.is_positional && command.is_none() {
            command = Some(argument.as_str());
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// Whether a line asks for help, in any position, and whatever else is wrong.
pub fn asks_for_help(arguments: &[String], own: &[Own]) -> bool {
    match tokens(arguments, own) {
        Ok(tokens) => {
            tokens.iter().flat_map(|token| &token.flags).any(|(name, value)| name == "help" && is_true(value))
        }
        Err(_) => arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")),
    }
}

/// A flag's name with its dashes.
pub fn dashed(name: &str) -> String {
    if name.starts_with('-') { name.to_owned() } else { format!("--{name}") }
}

/// One flag of an argument, and its attached value (`--name=value`, `-nvalue`).
struct Flag {
    name: String,
    attached: Option<String>,
    takes: Takes,
}

/// The flags of one argument: none for a positional one, several for `-if values.yaml`.
fn flags_of(argument: &str, own: &[Own], command: &str) -> Vec<Flag> {
    let is_own = |name: &str| own.iter().any(|(flag, _)| *flag == name);
    let takes = |name: &str| match own.iter().find(|(flag, _)| *flag == name) {
        Some((_, true)) => Takes::Value,
        Some((_, false)) => Takes::Nothing,
        None => flags::takes(name, command).unwrap_or(Takes::Nothing),
    };
    if let Some(long) = argument.strip_prefix("--") {
        let (name, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        return vec![Flag { name: name.to_owned(), attached, takes: takes(name) }];
    }
    let Some(mut short) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
        return Vec::new();
    };
    let mut flags = Vec::new();
    while let Some(letter) = short.chars().next() {
        short = &short[letter.len_utf8()..];
        let name = match letter {
            'y' if is_own("yes") => "yes".to_owned(),
            'v' if is_own("verbose") => "verbose".to_owned(),
            'q' if is_own("quiet") => "quiet".to_owned(),
            letter => flags::of_letter(letter).map_or_else(|| format!("-{letter}"), |flag| flag.name.to_owned()),
        };
        let takes = takes(&name);
        let rest = short.strip_prefix('=').or((takes == Takes::Value && !short.is_empty()).then_some(short));
        flags.push(Flag { name, attached: rest.map(str::to_owned), takes });
        if rest.is_some() {
            break;
        }
    }
    flags
}

/// `-f a.yaml,b.yaml` names two files: Helm parses the flag's value as one line of CSV (Go's `encoding/csv`), and an empty text as no file.
///
/// # Errors
/// If Go refuses it, or a file name contains a line break.
pub fn split_commas(value: &str) -> Result<Vec<String>, CommandLineError> {
    let bad = |why| CommandLineError::NoNames(value.to_owned(), why);
    if value.is_empty() {
        return Ok(Vec::new());
    }
    if value.contains(['\n', '\r']) {
        return Err(bad("it contains a line break"));
    }
    let (mut items, mut rest) = (Vec::new(), value);
    loop {
        let item = match rest.strip_prefix('"') {
            None => {
                let (item, _) = rest.split_once(',').unwrap_or((rest, ""));
                if item.contains('"') {
                    return Err(bad("a quote in the middle of a name"));
                }
                rest = &rest[item.len()..];
                item.to_owned()
            }
            Some(mut quoted) => {
                let mut item = String::new();
                loop {
                    let (text, behind) = quoted.split_once('"').ok_or_else(|| bad("a quote has no end"))?;
                    item.push_str(text);
                    quoted = behind;
                    match quoted.strip_prefix('"') {
                        Some(behind) => {
                            item.push('"');
                            quoted = behind;
                        }
                        None => break,
                    }
                }
                if !quoted.is_empty() && !quoted.starts_with(',') {
                    return Err(bad("a quote in the middle of a name"));
                }
                rest = quoted;
                item
            }
        };
        items.push(item);
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return Ok(items),
        }
    }
}

/// The file names after `-f` on a command line of hwdr's own: none may be empty.
///
/// # Errors
/// As [`split_commas`], and if a name is empty.
pub fn file_names(value: &str) -> Result<Vec<String>, CommandLineError> {
    let names = split_commas(value)?;
    if names.is_empty() || names.iter().any(String::is_empty) {
        let why = "the name of a file is empty (is a variable not set?)";
        return Err(CommandLineError::NoNames(format!("{value:?}"), why));
    }
    Ok(names)
}

/// Adds the value of a `--set` flag, if `name` is one.
pub fn sets(values: &mut ValueInputs, name: &str, value: &str) -> bool {
    let list = match name {
        "set" => &mut values.set,
        "set-string" => &mut values.set_string,
        "set-json" => &mut values.set_json,
        "set-file" => &mut values.set_file,
        "set-literal" => &mut values.set_literal,
        _ => return false,
    };
    list.push(value.to_owned());
    true
}

/// Typographic dashes: a word processor's replacements of `-` and `--`.
const LONG_DASHES: [char; 6] = ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Whether a word was meant as a flag, but begins with a typographic dash.
pub fn has_long_dash(word: &str) -> bool {
    word.starts_with(LONG_DASHES)
}

/// The flag with plain dashes.
fn typed(word: &str) -> String {
    let name = word.trim_start_matches(|c| c == '-' || LONG_DASHES.contains(&c));
    let is_letter = name.split('=').next().is_some_and(|name| name.chars().count() == 1);
    format!("{}{name}", if is_letter { "-" } else { "--" })
}

/// Booleans as Go's `strconv.ParseBool` accepts them.
pub fn is_true(value: &str) -> bool {
    as_bool(value) == Some(true)
}

/// A boolean as Go's `strconv.ParseBool` reads it; `None` for what that refuses.
pub fn as_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<CommandLine, CommandLineError> {
        CommandLine::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_mode_is_what_helm_does() {
        for (line, expected) in [
            ("install hops ./chart", Some(Mode::Install)),
            ("--debug -n upgrade install hops ./chart", Some(Mode::Install)),
            ("upgrade hops ./chart", Some(Mode::Upgrade)),
            ("upgrade --install hops ./chart", None),
            ("upgrade -i hops ./chart", None),
            ("upgrade --install=false hops ./chart", Some(Mode::Upgrade)),
            ("template hops ./chart", Some(Mode::Install)),
            ("template hops ./chart --is-upgrade", Some(Mode::Upgrade)),
            ("upgrade --server-side auto hops ./chart", Some(Mode::Upgrade)),
            ("install --server-side hops ./chart", Some(Mode::Install)),
        ] {
            assert_eq!(parse(line).unwrap().mode, expected, "{line}");
        }
        assert!(matches!(parse("list -A"), Err(CommandLineError::NotRendering(_))));
        assert!(matches!(parse("install a b -f"), Err(CommandLineError::NoValue(_))));
    }

    #[test]
    fn files_are_found_in_every_spelling() {
        for line in [
            "install r c -f a.yaml -f b.yaml",
            "install r c --values a.yaml --values=b.yaml",
            "install r c -fa.yaml,b.yaml",
            "upgrade -if a.yaml r c -f=b.yaml",
            "install r c --timeout 5m -f a.yaml --version 1 --values b.yaml",
        ] {
            assert_eq!(parse(line).unwrap().values.files, ["a.yaml", "b.yaml"], "{line}");
        }
        assert_eq!(parse("install r c -n=ns").unwrap().namespace.as_deref(), Some("ns"));
    }

    #[test]
    fn set_flags_are_not_split_and_values_of_other_flags_are_not_flags() {
        let line = parse("install r c --set a=1,b=2 --set-string=x=1 --description --set --reuse-values").unwrap();
        assert_eq!(line.values.set, ["a=1,b=2"]);
        assert_eq!(line.values.set_string, ["x=1"]);
        assert!(line.reuses_values);
    }

    #[test]
    fn a_list_of_names_is_a_line_of_csv() {
        for (value, expected) in [
            ("", Some(vec![])),
            ("a", Some(vec!["a"])),
            ("a,b", Some(vec!["a", "b"])),
            ("a,", Some(vec!["a", ""])),
            (",", Some(vec!["", ""])),
            (r#""a,b",c"#, Some(vec!["a,b", "c"])),
            (r#""a""b""#, Some(vec![r#"a"b"#])),
            (r#""""#, Some(vec![""])),
            (" a, b", Some(vec![" a", " b"])),
            (r#"a"b"#, None),
            (r#""a"b"#, None),
            (r#""a"#, None),
            ("a\nb", None),
        ] {
            assert_eq!(
                split_commas(value).ok(),
                expected.map(|all| all.iter().map(|&name| name.to_owned()).collect()),
                "{value:?}"
            );
        }
    }

    #[test]
    fn help_is_asked_for_by_a_flag_and_by_no_value() {
        let asks = |line: &str| {
            asks_for_help(
                &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
                &[("yes", false), ("secret", true)],
            )
        };
        for line in ["r -h", "r --help", "-h", "r c -yh", "r --nonsense --help", "r -h --timeout"] {
            assert!(asks(line), "{line}");
        }
        for line in ["r c", "r --description -h", "r --secret --help", "r -- -h", "r -fh"] {
            assert!(!asks(line), "{line}");
        }
    }
}

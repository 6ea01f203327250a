//! Helm's command line, read as Helm reads it (spf13/pflag).
//!
//! A post-renderer is not told the values that Helm was given, but it is Helm's child, so it can read its parent's command line.
//! The flags below are those of `helm install|upgrade|template --help`, 3.22 and 4.3.

use thiserror::Error;

use crate::mode::Mode;
use crate::values::ValueInputs;

/// What a helm command line says about the values and the mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Whether Helm installs or upgrades; none where only the cluster knows (`helm upgrade --install`).
    pub mode: Option<Mode>,
    /// The value flags, in order.
    pub values: ValueInputs,
    /// `-n`, where given.
    pub namespace: Option<String>,
    /// `--reuse-values` or `--reset-then-reuse-values`: some values come from the last release, out of sight.
    pub reuses_values: bool,
}

/// Why a command line tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandLineError {
    /// It is not one of the commands that render a chart.
    #[error("`{0}` is not helm install, upgrade or template")]
    NotRendering(String),
    /// The last flag has no value.
    #[error("the flag {0} has no value")]
    NoValue(String),
}

/// Flags that take a value as their next argument. All others stand alone.
const WITH_VALUE: &[&str] = &[
    "api-versions",
    "burst-limit",
    "ca-file",
    "cert-file",
    "color",
    "colour",
    "content-cache",
    "description",
    "history-max",
    "key-file",
    "keyring",
    "kube-apiserver",
    "kube-as-group",
    "kube-as-user",
    "kube-ca-file",
    "kube-context",
    "kube-tls-server-name",
    "kube-token",
    "kube-version",
    "kubeconfig",
    "labels",
    "name-template",
    "namespace",
    "output",
    "output-dir",
    "password",
    "post-renderer",
    "post-renderer-args",
    "qps",
    "registry-config",
    "repo",
    "repository-cache",
    "repository-config",
    "set",
    "set-file",
    "set-json",
    "set-literal",
    "set-string",
    "show-only",
    "timeout",
    "username",
    "values",
    "version",
];

impl CommandLine {
    /// Reads the arguments of a helm process, the program's name left out.
    ///
    /// # Errors
    /// Where the command renders no chart, or ends in the middle of a flag.
    pub fn parse(arguments: &[String]) -> Result<Self, CommandLineError> {
        let mut line = Self::default();
        let mut command: Option<String> = None;
        let (mut install_too, mut is_upgrade) = (false, false);
        for token in tokens(arguments)? {
            for (name, value) in token.flags {
                match name.as_str() {
                    "values" => line.values.files.extend(split_commas(&value)),
                    "set" => line.values.set.push(value),
                    "set-string" => line.values.set_string.push(value),
                    "set-json" => line.values.set_json.push(value),
                    "set-file" => line.values.set_file.push(value),
                    "set-literal" => line.values.set_literal.push(value),
                    "namespace" => line.namespace = Some(value),
                    "install" => install_too = is_true(&value),
                    "is-upgrade" => is_upgrade = is_true(&value),
                    "reuse-values" | "reset-then-reuse-values" => line.reuses_values |= is_true(&value),
                    _ => {}
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
    /// The arguments as they were given: one, or two.
    pub words: Vec<String>,
    /// The flags in it and their values (`true` for one that stands alone): several for `-if values.yaml`.
    pub flags: Vec<(String, String)>,
    /// Whether it is no flag: the command, a release, a chart.
    pub is_positional: bool,
}

/// The arguments up to `--`, each with its value.
///
/// # Errors
/// Where the last flag has no value.
pub fn tokens(arguments: &[String]) -> Result<Vec<Token>, CommandLineError> {
    let (mut tokens, mut command) = (Vec::new(), None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next().filter(|argument| *argument != "--") {
        let mut token = Token { words: vec![argument.clone()], flags: Vec::new(), is_positional: false };
        for Flag { name, attached } in flags(argument) {
            // `helm install --server-side` stands alone; `helm upgrade --server-side auto` does not.
            let with_value =
                WITH_VALUE.contains(&name.as_str()) || (name == "server-side" && command == Some("upgrade"));
            let value = match attached {
                None if with_value => {
                    let value = arguments.next().ok_or_else(|| CommandLineError::NoValue(name.clone()))?;
                    token.words.push(value.clone());
                    value.clone()
                }
                attached => attached.unwrap_or_else(|| "true".to_owned()),
            };
            token.flags.push((name, value));
        }
        token.is_positional = !argument.starts_with('-');
        if token.is_positional && command.is_none() {
            command = Some(argument.as_str());
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// One flag of an argument, and the value that is attached to it (`--name=value`, `-nvalue`).
struct Flag {
    name: String,
    attached: Option<String>,
}

/// The flags of one argument: none for a positional one, several for `-if values.yaml`.
fn flags(argument: &str) -> Vec<Flag> {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        return vec![Flag { name: name.to_owned(), attached }];
    }
    let Some(mut short) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
        return Vec::new();
    };
    let mut flags = Vec::new();
    while let Some(letter) = short.chars().next() {
        short = &short[letter.len_utf8()..];
        let (name, with_value) = match letter {
            'f' => ("values", true),
            'n' => ("namespace", true),
            'i' => ("install", false),
            'a' => ("api-versions", true),
            'l' => ("labels", true),
            'o' => ("output", true),
            's' => ("show-only", true),
            _ => ("", false),
        };
        let rest = short.strip_prefix('=').or((with_value && !short.is_empty()).then_some(short));
        flags.push(Flag { name: name.to_owned(), attached: rest.map(str::to_owned) });
        if rest.is_some() {
            break;
        }
    }
    flags
}

/// `-f a.yaml,b.yaml` names two files: Helm takes the flag's value as one line of CSV.
pub fn split_commas(value: &str) -> Vec<String> {
    let (mut items, mut item, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                item.push('"');
            }
            '"' if quoted || item.is_empty() => quoted = !quoted,
            ',' if !quoted => items.push(std::mem::take(&mut item)),
            other => item.push(other),
        }
    }
    items.push(item);
    items
}

/// Booleans as Go's `strconv.ParseBool` takes them.
pub fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
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
}

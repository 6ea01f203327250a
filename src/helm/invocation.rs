//! What the operator gives to `helm hwdr install` and `helm hwdr upgrade`: hwdr's own flags are taken out, values are known, and the rest
//! is for helm, as it is.

use super::command_line::{CommandLineError, is_true, tokens};
use crate::mode::Mode;
use crate::values::ValueInputs;

/// A command line, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The release.
    pub release: String,
    /// The chart, as it was given.
    pub chart: String,
    /// The values flags.
    pub values: ValueInputs,
    /// `-n`.
    pub namespace: Option<String>,
    /// `--kube-context`.
    pub context: Option<String>,
    /// `--kubeconfig`.
    pub kubeconfig: Option<String>,
    /// All other flags, for helm.
    pub rest: Vec<String>,
    /// hwdr's own flags and their values.
    pub own: Flags,
    /// A flag that does not go with a restore, and why.
    pub forbidden: Option<(String, &'static str)>,
}

/// Flags that would work against a restore.
const FORBIDDEN: &[(&str, &str)] = &[
    ("atomic", "it rolls back while the restore goes on"),
    ("rollback-on-failure", "it rolls back while the restore goes on"),
    ("cleanup-on-fail", "it deletes what the restore is made of"),
    ("force", "it replaces objects in the middle of a restore"),
    ("force-replace", "it replaces objects in the middle of a restore"),
    ("wait", "hwdr itself waits for every step"),
    ("wait-for-jobs", "hwdr itself waits for every step"),
    ("post-renderer", "hwdr is the post-renderer of a restore"),
    ("post-renderer-args", "hwdr is the post-renderer of a restore"),
    ("install", "whether a release is restored in place or into a new cluster is for you to say"),
    ("generate-name", "a restore is of a release that has a name"),
    ("name-template", "a restore is of a release that has a name"),
    ("reuse-values", "hwdr has to see all values: give them with -f (helm get values RELEASE -o yaml)"),
    ("reset-then-reuse-values", "hwdr has to see all values: give them with -f (helm get values RELEASE -o yaml)"),
    ("no-hooks", "a chart's own hooks are part of its restore"),
];

impl Invocation {
    /// Takes the arguments behind `install` or `upgrade` apart; `own` names hwdr's flags, and whether each takes a value.
    ///
    /// # Errors
    /// Where a flag has no value.
    pub fn parse(mode: Mode, own: &[(&str, bool)], arguments: &[String]) -> Result<Self, CommandLineError> {
        let (mine, others) = split(own, arguments)?;
        let mut invocation = Self { own: mine, ..Self::default() };
        let mut positional = Vec::new();
        let whole: Vec<String> = std::iter::once(mode.to_string()).chain(others).collect();
        for token in tokens(&whole)?.into_iter().skip(1) {
            if token.is_positional {
                positional.extend(token.words);
                continue;
            }
            let mut known = true;
            for (name, value) in &token.flags {
                let values = &mut invocation.values;
                match name.as_str() {
                    "values" => values.files.extend(super::command_line::split_commas(value)),
                    "set" => values.set.push(value.clone()),
                    "set-string" => values.set_string.push(value.clone()),
                    "set-json" => values.set_json.push(value.clone()),
                    "set-file" => values.set_file.push(value.clone()),
                    "set-literal" => values.set_literal.push(value.clone()),
                    "namespace" => invocation.namespace = Some(value.clone()),
                    "kube-context" => invocation.context = Some(value.clone()),
                    "kubeconfig" => invocation.kubeconfig = Some(value.clone()),
                    name => {
                        known = false;
                        let forbidden = FORBIDDEN.iter().find(|(flag, _)| *flag == name);
                        if let Some((flag, why)) = forbidden.filter(|_| value != "false" && value != "0") {
                            invocation.forbidden.get_or_insert((format!("--{flag}"), why));
                        }
                    }
                }
            }
            if !known {
                invocation.rest.extend(token.words);
            }
        }
        let mut positional = positional.into_iter();
        invocation.release = positional.next().unwrap_or_default();
        invocation.chart = positional.next().unwrap_or_default();
        invocation.rest.extend(positional);
        Ok(invocation)
    }

    /// Whether one of hwdr's own flags is on.
    pub fn is_on(&self, flag: &str) -> bool {
        self.own.iter().rev().find(|(name, _)| name == flag).is_some_and(|(_, value)| is_true(value))
    }

    /// The value of one of hwdr's own flags.
    pub fn own(&self, flag: &str) -> Option<&str> {
        self.own.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }

    /// The flags that say which cluster and namespace, for helm.
    pub fn connection(&self) -> Vec<String> {
        let flags =
            [("--namespace", &self.namespace), ("--kube-context", &self.context), ("--kubeconfig", &self.kubeconfig)];
        flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value.clone()?])).flatten().collect()
    }

    /// The values flags again, with `files` in place of the files; Helm does not care how kinds are mixed.
    pub fn value_flags(values: &ValueInputs) -> Vec<String> {
        let kinds = [
            ("--set-json", &values.set_json),
            ("--set", &values.set),
            ("--set-string", &values.set_string),
            ("--set-file", &values.set_file),
            ("--set-literal", &values.set_literal),
        ];
        // A name may have a comma, which Helm takes as the end of one.
        let files =
            values.files.iter().flat_map(|file| ["-f".to_owned(), format!("\"{}\"", file.replace('"', "\"\""))]);
        files
            .chain(kinds.into_iter().flat_map(|(flag, all)| all.iter().map(move |value| format!("{flag}={value}"))))
            .collect()
    }
}

/// Flags and their values.
type Flags = Vec<(String, String)>;

/// The flags of `own`, and all other arguments in their order.
fn split(own: &[(&str, bool)], arguments: &[String]) -> Result<(Flags, Vec<String>), CommandLineError> {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let long = argument.strip_prefix("--").or(match argument.as_str() {
            "-o" => Some("output"),
            "-y" => Some("yes"),
            _ => None,
        });
        let (name, attached) = match long.and_then(|long| long.split_once('=')) {
            Some((name, value)) => (Some(name), Some(value.to_owned())),
            None => (long, None),
        };
        match name.and_then(|name| own.iter().find(|(flag, _)| *flag == name)) {
            None => others.push(argument.clone()),
            Some((name, true)) => {
                let value = attached.or_else(|| arguments.next().cloned());
                mine.push(((*name).to_owned(), value.ok_or_else(|| CommandLineError::NoValue(argument.clone()))?));
            }
            // `--dry-run=client` is helm's own spelling, and all of them mean: change nothing.
            Some(("dry-run", _)) => {
                let is_on = !matches!(attached.as_deref(), Some("none" | "false"));
                mine.push(("dry-run".to_owned(), is_on.to_string()));
            }
            Some((name, false)) => mine.push(((*name).to_owned(), attached.unwrap_or_else(|| "true".to_owned()))),
        }
    }
    Ok((mine, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[(&str, bool)] = &[("yes", false), ("dry-run", false), ("expect-cluster", true), ("output", true)];

    fn parse(line: &str) -> Invocation {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Invocation::parse(Mode::Upgrade, OWN, &words).unwrap()
    }

    #[test]
    fn own_flags_are_taken_out_and_the_rest_stays_as_it_is() {
        let line = parse(
            "hops --yes -n ns ./chart -f a.yaml,b.yaml --set x=1 --timeout 5m --expect-cluster prod --version=4.8 --debug",
        );
        assert_eq!((line.release.as_str(), line.chart.as_str()), ("hops", "./chart"));
        assert_eq!(line.values.files, ["a.yaml", "b.yaml"]);
        assert_eq!(line.rest, ["--timeout", "5m", "--version=4.8", "--debug"]);
        assert!(line.is_on("yes"));
        assert_eq!(line.own("expect-cluster"), Some("prod"));
        assert_eq!(line.connection(), ["--namespace", "ns"]);
        assert_eq!(Invocation::value_flags(&line.values), ["-f", "\"a.yaml\"", "-f", "\"b.yaml\"", "--set=x=1"]);
        assert_eq!(line.forbidden, None);
    }

    #[test]
    fn every_spelling_of_a_dry_run_changes_nothing() {
        for line in ["r c --dry-run", "r c --dry-run=server", "r c --dry-run=client", "r c --dry-run=true"] {
            assert!(parse(line).is_on("dry-run"), "{line}");
        }
        assert!(!parse("r c --dry-run=none").is_on("dry-run"));
    }

    #[test]
    fn flags_that_work_against_a_restore_are_seen() {
        assert_eq!(parse("r c --atomic").forbidden.unwrap().0, "--atomic");
        assert_eq!(parse("r c --atomic=false").forbidden, None);
        assert_eq!(parse("r c -i").forbidden.unwrap().0, "--install");
    }
}

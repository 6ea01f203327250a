//! The arguments of `helm hwdr install` and `helm hwdr upgrade`: hwdr's own flags are separated, values are recognised, and the rest
//! goes to helm unchanged.

use super::command_line::{CommandLineError, Own, as_bool, dashed, file_names, has_long_dash, is_true, sets, tokens};
use super::flags;
use crate::mode::Mode;
use crate::values::ValueInputs;

/// A parsed command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The release.
    pub release: String,
    /// The chart, as given.
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
    /// A flag that is not allowed with a restore, and why.
    pub forbidden: Option<(String, &'static str)>,
}

/// If hwdr ignored these, it would use another cluster than helm.
const A_CONTEXT: &str = "hwdr takes the cluster only from a context of the kubeconfig (--kube-context)";

/// Flags that would break a restore.
const FORBIDDEN: &[(&str, &str)] = &[
    ("atomic", "it rolls back during the restore"),
    ("rollback-on-failure", "it rolls back during the restore"),
    ("cleanup-on-fail", "it deletes the restore's objects"),
    ("force", "it replaces objects in the middle of a restore"),
    ("force-replace", "it replaces objects in the middle of a restore"),
    ("wait", "hwdr itself waits for every step"),
    ("wait-for-jobs", "hwdr itself waits for every step"),
    ("post-renderer", "hwdr is the post-renderer of a restore"),
    ("post-renderer-args", "hwdr is the post-renderer of a restore"),
    ("install", "choose one: upgrade restores in place, install into a new cluster"),
    ("generate-name", "a restore needs the release's name"),
    ("name-template", "a restore needs the release's name"),
    ("reuse-values", "hwdr must see all values: give them with -f (helm get values RELEASE -o yaml)"),
    ("reset-then-reuse-values", "hwdr must see all values: give them with -f (helm get values RELEASE -o yaml)"),
    ("no-hooks", "a chart's own hooks are part of its restore"),
    ("output", "hwdr prints its own output"),
    ("dry-run", "helm would report changes that it did not make"),
    ("hide-secret", "helm accepts it only with a dry run"),
    ("recreate-pods", "it restarts pods in the middle of a restore"),
    ("kube-apiserver", A_CONTEXT),
    ("kube-token", A_CONTEXT),
    ("kube-as-user", A_CONTEXT),
    ("kube-as-group", A_CONTEXT),
    ("kube-ca-file", A_CONTEXT),
    ("kube-tls-server-name", A_CONTEXT),
    ("kube-insecure-skip-tls-verify", A_CONTEXT),
];

/// Whether a restore refuses a flag of helm.
pub fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|(flag, _)| *flag == name)
}

impl Invocation {
    /// Parses the arguments after `install` or `upgrade`; without a mode, those of either. `own` lists hwdr's flags, and whether each
    /// takes a value.
    ///
    /// # Errors
    /// If anything is not understood.
    pub fn parse(mode: Option<Mode>, own: &[Own], arguments: &[String]) -> Result<Self, CommandLineError> {
        let mut invocation = Self::default();
        let mut positional = Vec::new();
        let whole: Vec<String> =
            std::iter::once(mode.unwrap_or(Mode::Upgrade).to_string()).chain(arguments.iter().cloned()).collect();
        for token in tokens(&whole, own)?.into_iter().skip(1) {
            if token.is_positional {
                positional.extend(token.words);
                continue;
            }
            let is_alone = token.flags.len() == 1;
            for (name, value) in token.flags {
                // hwdr's other name for it.
                if name == "context" {
                    invocation.context = Some(value);
                    continue;
                }
                if let Some((name, takes_value)) = own.iter().find(|(flag, _)| *flag == name) {
                    invocation.own.push(((*name).to_owned(), own_value(name, value, *takes_value)?));
                    continue;
                }
                let values = &mut invocation.values;
                match name.as_str() {
                    "values" => values.files.extend(file_names(&value)?),
                    name if sets(values, name, &value) => {}
                    "namespace" => invocation.namespace = Some(value),
                    "kube-context" => invocation.context = Some(value),
                    "kubeconfig" => invocation.kubeconfig = Some(value),
                    name => {
                        if !flags::is_known(name, mode) {
                            let nearest = flags::nearest(name, mode, own.iter().map(|(flag, _)| *flag));
                            let nearest = nearest.map(str::to_owned);
                            return Err(CommandLineError::Unknown { flag: dashed(name), nearest });
                        }
                        let forbidden = FORBIDDEN.iter().find(|(flag, _)| *flag == name);
                        if let Some((flag, why)) = forbidden.filter(|_| as_bool(&value) != Some(false)) {
                            invocation.forbidden.get_or_insert((format!("--{flag}"), why));
                        }
                        if is_alone {
                            invocation.rest.extend(token.words.iter().cloned());
                        } else {
                            // Helm gets the letters of `-if values.yaml` one by one.
                            invocation.rest.push(format!("--{name}={value}"));
                        }
                    }
                }
            }
        }
        if let Some(word) = positional.iter().find(|word| has_long_dash(word)) {
            return Err(CommandLineError::LongDash(word.clone()));
        }
        let mut positional = positional.into_iter();
        invocation.release = positional.next().unwrap_or_default();
        invocation.chart = positional.next().unwrap_or_default();
        match positional.next() {
            Some(more) => Err(CommandLineError::TooMany(more)),
            None => Ok(invocation),
        }
    }

    /// Whether one of hwdr's own flags is on.
    pub fn is_on(&self, flag: &str) -> bool {
        self.own.iter().rev().find(|(name, _)| name == flag).is_some_and(|(_, value)| is_true(value))
    }

    /// The value of one of hwdr's own flags.
    pub fn own(&self, flag: &str) -> Option<&str> {
        self.own.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }

    /// The flags for cluster and namespace, for helm.
    pub fn connection(&self) -> Vec<String> {
        let flags =
            [("--namespace", &self.namespace), ("--kube-context", &self.context), ("--kubeconfig", &self.kubeconfig)];
        flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value.clone()?])).flatten().collect()
    }

    /// The values flags with `files` instead of the original files; Helm does not care how kinds are mixed.
    pub fn value_flags(values: &ValueInputs) -> Vec<String> {
        let kinds = [
            ("--set-json", &values.set_json),
            ("--set", &values.set),
            ("--set-string", &values.set_string),
            ("--set-file", &values.set_file),
            ("--set-literal", &values.set_literal),
        ];
        // A name may contain a comma, which Helm takes for a separator.
        let files =
            values.files.iter().flat_map(|file| ["-f".to_owned(), format!("\"{}\"", file.replace('"', "\"\""))]);
        files
            .chain(kinds.into_iter().flat_map(|(flag, all)| all.iter().map(move |value| format!("{flag}={value}"))))
            .collect()
    }
}

/// Flags and their values.
type Flags = Vec<(String, String)>;

/// The value of one of hwdr's own flags.
fn own_value(name: &str, value: String, takes_value: bool) -> Result<String, CommandLineError> {
    match name {
        // `--dry-run=client` is helm's own spelling; all its values mean: change nothing.
        "dry-run" => Ok((!matches!(value.as_str(), "none" | "false")).to_string()),
        _ if takes_value || as_bool(&value).is_some() => Ok(value),
        _ => Err(CommandLineError::NoSwitch(dashed(name), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[Own] = &[("yes", false), ("dry-run", false), ("expect-cluster", true), ("output", true)];

    fn parse(line: &str) -> Invocation {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Invocation::parse(Some(Mode::Upgrade), OWN, &words).unwrap()
    }

    fn refused(line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Invocation::parse(Some(Mode::Upgrade), OWN, &words).unwrap_err().to_string()
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
        assert_eq!(parse("r c --kube-apiserver https://elsewhere").forbidden.unwrap().0, "--kube-apiserver");
        let resumed = Invocation::parse(None, &[], &["r", "c", "--dry-run"].map(str::to_owned)).unwrap();
        assert_eq!(resumed.forbidden.unwrap().0, "--dry-run");
    }

    #[test]
    fn a_flags_value_is_no_flag() {
        let line = parse("r c --description --yes --timeout -y");
        assert!(!line.is_on("yes"));
        assert_eq!(line.rest, ["--description", "--yes", "--timeout", "-y"]);
        assert!(parse("r c -y").is_on("yes") && !parse("r c --yes=false").is_on("yes"));
        assert_eq!(parse("r c -ojson").own("output"), Some("json"));
    }

    #[test]
    fn each_flag_of_a_bundle_is_helms_by_itself() {
        let line = parse("r c -yif a.yaml");
        assert!(line.is_on("yes"));
        assert_eq!(
            (line.values.files.as_slice(), line.rest.as_slice()),
            (&["a.yaml".to_owned()][..], &["--install=true".to_owned()][..])
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (line, words) in [
            ("r c --dryrun", "there is no flag --dryrun; did you mean --dry-run?"),
            ("r c --Yes", "did you mean --yes?"),
            ("r c --expect-clutser x", "did you mean --expect-cluster?"),
            ("r c --creat-namespace", "there is no flag --creat-namespace; did you mean --create-namespace?"),
            ("r c --validate", "there is no flag --validate"),
            ("r c -z", "there is no flag -z"),
            ("r c --yes=perhaps", "--yes=perhaps: expected true or false"),
            ("r c more", "unexpected argument more: the command takes a release and a chart"),
            (
                "r c \u{2013}f values.yaml",
                "\u{2013}f begins with a long dash from a web page or word processor: type -f",
            ),
            ("r \u{2014}dry-run", "word processor: type --dry-run"),
            ("r c -- --yes", "unexpected argument --yes"),
            ("r c -f a.yaml,", "the name of a file is empty"),
            ("r c --timeout", "the flag --timeout has no value"),
        ] {
            assert!(refused(line).contains(words), "{line}: {}", refused(line));
        }
        assert!(Invocation::parse(Some(Mode::Upgrade), OWN, &["-f".to_owned(), String::new()]).is_err());
    }
}

//! The flags of `helm install`, `upgrade` and `template`, of Helm 3.22 and 4.3. A test compares the list with the help of both Helms.

use strsim::damerau_levenshtein;

use crate::mode::Mode;
use crate::values::Helm;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is a switch (`--debug`, `--debug=false`).
    Nothing,
    /// An optional attached value (`--wait`, `--wait=watcher`).
    Attached,
    /// A value: attached, or the next argument.
    Value,
}

/// A flag of helm's.
pub struct Flag {
    /// The name without dashes.
    pub name: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What it takes in each of [`COMMANDS`]: `b` nothing, `o` an optional attached value, `v` a value, `-` not supported.
    takes: &'static str,
}

/// The commands, in the order of [`Flag::takes`].
const COMMANDS: [(Helm, &str); 6] = [
    (Helm::V3, "install"),
    (Helm::V3, "upgrade"),
    (Helm::V3, "template"),
    (Helm::V4, "install"),
    (Helm::V4, "upgrade"),
    (Helm::V4, "template"),
];

impl Flag {
    /// What it takes in a command of a Helm; `None` if unknown there.
    pub fn takes(&self, helm: Helm, command: &str) -> Option<Takes> {
        let index = COMMANDS.iter().position(|known| *known == (helm, command))?;
        match self.takes.as_bytes().get(index) {
            Some(b'b') => Some(Takes::Nothing),
            Some(b'o') => Some(Takes::Attached),
            Some(b'v') => Some(Takes::Value),
            _ => None,
        }
    }
}

/// The flag of this name.
pub fn find(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name)
}

/// The flag of this letter.
pub fn of_letter(letter: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(letter))
}

/// What a flag takes in a command, in either Helm; if the command does not have it, what it takes elsewhere.
pub fn takes(name: &str, command: &str) -> Option<Takes> {
    let flag = find(name)?;
    let of = |command: &str| [Helm::V3, Helm::V4].into_iter().find_map(|helm| flag.takes(helm, command));
    of(command).or_else(|| ["install", "upgrade", "template"].into_iter().find_map(of))
}

/// Whether one of the Helms has the flag in the mode; in any mode, if the mode is open.
pub fn is_known(name: &str, mode: Option<Mode>) -> bool {
    let modes = mode.map_or_else(|| vec![Mode::Install, Mode::Upgrade], |mode| vec![mode]);
    find(name).is_some_and(|flag| {
        modes.iter().any(|mode| [Helm::V3, Helm::V4].into_iter().any(|helm| flag.takes(helm, mode.word()).is_some()))
    })
}

/// The flag that was probably meant: one of `others`, or of helm's for the mode.
pub fn nearest<'f>(name: &str, mode: Option<Mode>, others: impl Iterator<Item = &'f str>) -> Option<&'f str> {
    let helms = FLAGS.iter().map(|flag| flag.name).filter(|flag| is_known(flag, mode));
    others
        .chain(helms)
        .map(|known| (damerau_levenshtein(known, &name.to_lowercase()), known))
        .min()
        .filter(|(distance, known)| *distance <= 3 && *distance * 2 < known.len())
        .map(|(_, known)| known)
}

/// All flags, deprecated and hidden ones too.
pub const FLAGS: &[Flag] = &[
    flag("api-versions", Some('a'), "--v--v"),
    flag("atomic", None, "bbbbbb"),
    flag("burst-limit", None, "vvvvvv"),
    flag("ca-file", None, "vvvvvv"),
    flag("cert-file", None, "vvvvvv"),
    flag("cleanup-on-fail", None, "-b--b-"),
    flag("color", None, "---vvv"),
    flag("colour", None, "---vvv"),
    flag("content-cache", None, "---vvv"),
    flag("create-namespace", None, "bbbbbb"),
    flag("debug", None, "bbbbbb"),
    flag("dependency-update", None, "bbbbbb"),
    flag("description", None, "vvvvvv"),
    flag("devel", None, "bbbbbb"),
    flag("disable-openapi-validation", None, "bbbbbb"),
    flag("dry-run", None, "oooooo"),
    flag("enable-dns", None, "bbbbbb"),
    flag("force", None, "bbbbbb"),
    flag("force-conflicts", None, "---bbb"),
    flag("force-replace", None, "---bbb"),
    flag("generate-name", Some('g'), "b-bb-b"),
    flag("help", Some('h'), "bbbbbb"),
    flag("hide-notes", None, "bbbbbb"),
    flag("hide-secret", None, "bb-bb-"),
    flag("history-max", None, "-v--v-"),
    flag("include-crds", None, "--b--b"),
    flag("insecure-skip-tls-verify", None, "bbbbbb"),
    flag("install", Some('i'), "-b--b-"),
    flag("is-upgrade", None, "--b--b"),
    flag("key-file", None, "vvvvvv"),
    flag("keyring", None, "vvvvvv"),
    flag("kube-apiserver", None, "vvvvvv"),
    flag("kube-as-group", None, "vvvvvv"),
    flag("kube-as-user", None, "vvvvvv"),
    flag("kube-ca-file", None, "vvvvvv"),
    flag("kube-context", None, "vvvvvv"),
    flag("kube-insecure-skip-tls-verify", None, "bbbbbb"),
    flag("kube-tls-server-name", None, "vvvvvv"),
    flag("kube-token", None, "vvvvvv"),
    flag("kube-version", None, "--v--v"),
    flag("kubeconfig", None, "vvvvvv"),
    flag("labels", Some('l'), "vvvvvv"),
    flag("name-template", None, "v-vv-v"),
    flag("namespace", Some('n'), "vvvvvv"),
    flag("no-hooks", None, "bbbbbb"),
    flag("output", Some('o'), "vv-vv-"),
    flag("output-dir", None, "--v--v"),
    flag("pass-credentials", None, "bbbbbb"),
    flag("password", None, "vvvvvv"),
    flag("plain-http", None, "bbbbbb"),
    flag("post-renderer", None, "vvvvvv"),
    flag("post-renderer-args", None, "vvvvvv"),
    flag("qps", None, "vvvvvv"),
    flag("recreate-pods", None, "-b----"),
    flag("registry-config", None, "vvvvvv"),
    flag("release-name", None, "--b--b"),
    flag("render-subchart-notes", None, "bbbbbb"),
    flag("replace", None, "b-bb-b"),
    flag("repo", None, "vvvvvv"),
    flag("repository-cache", None, "vvvvvv"),
    flag("repository-config", None, "vvvvvv"),
    flag("reset-then-reuse-values", None, "-b--b-"),
    flag("reset-values", None, "-b--b-"),
    flag("reuse-values", None, "-b--b-"),
    flag("rollback-on-failure", None, "---bbb"),
    flag("server-side", None, "---bvb"),
    flag("set", None, "vvvvvv"),
    flag("set-file", None, "vvvvvv"),
    flag("set-json", None, "vvvvvv"),
    flag("set-literal", None, "vvvvvv"),
    flag("set-string", None, "vvvvvv"),
    flag("show-only", Some('s'), "--v--v"),
    flag("skip-crds", None, "bbbbbb"),
    flag("skip-schema-validation", None, "bbbbbb"),
    flag("skip-tests", None, "--b--b"),
    flag("take-ownership", None, "bbbbbb"),
    flag("timeout", None, "vvvvvv"),
    flag("username", None, "vvvvvv"),
    flag("validate", None, "--b--b"),
    flag("values", Some('f'), "vvvvvv"),
    flag("verify", None, "bbbbbb"),
    flag("version", None, "vvvvvv"),
    flag("wait", None, "bbbooo"),
    flag("wait-for-jobs", None, "bbbbbb"),
];

const fn flag(name: &'static str, short: Option<char>, takes: &'static str) -> Flag {
    Flag { name, short, takes }
}

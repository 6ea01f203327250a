//! Secrets that Argo CD overwrites after a restore.
//!
//! ## What it does
//! Looks in an Application of Argo CD whose values install Superset (`global._hopsworks.superset.enabled: true`) or restore it for an entry of
//! `ignoreDifferences` for each of Superset's and Trino's Secrets, and for the sync option `RespectIgnoreDifferences=true`. Superset's are
//! called as `superset.auth` says, and left out with `createSecrets: false`; Trino's are left out with `global._hopsworks.trino.enabled: false`.
//! It cannot see what Argo CD ignores in all Applications (`resource.customizations.ignoreDifferences` in `argocd-cm`); in that case, excuse the line.
//!
//! ## Why is this bad
//! The chart keeps the passwords and keys that it finds in the cluster. Argo CD renders it without the cluster, so that it makes new ones
//! with each sync, and replaces those that were restored: Superset can no longer decrypt its connections, or log in to its database, and
//! Trino loses its users. `ignoreDifferences` alone only hides the difference: a sync applies it all the same.
//!
//! ## Example
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Application
//! metadata:
//!   name: hopsworks
//! spec:
//!   source:
//!     helm:
//!       valuesObject:
//!         global:
//!           _hopsworks:
//!             restoreFromBackup:
//!               superset:
//!                 enabled: true
//!                 backupId: "20260213153627-2116913658"
//! ```
//!
//! ## Use instead
//! All of it is in [gitops.md](gitops.md); here for a cluster without Trino:
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Application
//! metadata:
//!   name: hopsworks
//! spec:
//!   syncPolicy:
//!     syncOptions:
//!       - RespectIgnoreDifferences=true
//!   ignoreDifferences:
//!     - kind: Secret
//!       name: superset-secret-key
//!       jsonPointers: [/data]
//!     - kind: Secret
//!       name: superset-mysql-users-secrets
//!       jsonPointers: [/data]
//!     - kind: Secret
//!       name: superset-admin-credentials
//!       jsonPointers: [/data]
//!   source:
//!     helm:
//!       valuesObject:
//!         global:
//!           _hopsworks:
//!             trino:
//!               enabled: false
//!             restoreFromBackup:
//!               superset:
//!                 enabled: true
//!                 backupId: "20260213153627-2116913658"
//! ```
//!
//! ## Fix
//! None.

use std::collections::{BTreeSet, HashSet};

use crate::lint::contents::{items, kind};
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

const OPTION: &str = "RespectIgnoreDifferences=true";

/// Trino's Secrets, which are in the Velero backup of the cluster's own objects.
const TRINO: [&str; 4] =
    ["trino-password-file", "trino-groups-file", "trino-admin-credentials", "trino-monitoring-credentials"];

/// See the head of this file.
pub struct ArgoCdSecrets;

impl Rule for ArgoCdSecrets {
    fn name(&self) -> &'static str {
        "argo-cd-secrets"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("argo_cd_secrets.rs")
    }

    /// Nothing: this rule checks what is around the values.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_object(&self, object: &Value, values: &[&Value], findings: &mut Vec<Finding>) {
        let wanted: BTreeSet<&str> = values.iter().flat_map(|values| restored(values)).collect();
        if kind(object) != Some(("argoproj.io", "Application")) || wanted.is_empty() {
            return;
        }
        let ignored = ignored(object);
        let missing: Vec<&str> = wanted.into_iter().filter(|name| !ignored.covers(name)).collect();
        let mut options = items(object.get(&["spec", "syncPolicy", "syncOptions"])).iter().filter_map(Value::as_str);
        let respects = options.any(|option| option == OPTION);
        let (inner, message, help) = match (missing.is_empty(), respects) {
            (true, true) => return,
            (true, false) => (
                "syncPolicy",
                "a sync overwrites restored Secrets, although ignoreDifferences names them".to_owned(),
                format!("add to spec.syncPolicy.syncOptions: {OPTION}"),
            ),
            (false, _) => (
                "ignoreDifferences",
                format!("a sync overwrites restored Secrets: no ignoreDifferences for {}", missing.join(", ")),
                format!(
                    "add an entry for each, with jsonPointers: [/data]{}; docs/gitops.md has them all",
                    if respects { String::new() } else { format!(", and the sync option {OPTION}") }
                ),
            ),
        };
        if let Some(entry) = view::entry(object, &["spec", inner]).or_else(|| view::entry(object, &["spec"])) {
            findings.push(Finding::warning(self.name(), &entry.key, message).help(help));
        }
    }
}

/// The Secrets that the chart creates, and that a restore brings back: none if the values do not say that there is Superset.
fn restored(values: &Value) -> Vec<&str> {
    let restores = asked::superset_restore(values).is_some() && !asked::lacks_superset(values);
    if !restores && !view::is_on(values, keys::SUPERSET_ENABLED) {
        return Vec::new();
    }
    let creates = view::switch(values, &[keys::SUPERSET_AUTH, &["createSecrets"]].concat()) != Some(false);
    let superset = asked::superset_secrets(values).into_iter().filter(|_| creates);
    let trino = TRINO.into_iter().filter(|_| view::switch(values, keys::TRINO_ENABLED) != Some(false));
    superset.chain(trino).collect()
}

/// The Secrets whose differences are ignored.
struct Ignored<'v> {
    all: bool,
    names: HashSet<&'v str>,
}

impl Ignored<'_> {
    fn covers(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}

/// An entry without a name is for all Secrets.
fn ignored(object: &Value) -> Ignored<'_> {
    let mut ignored = Ignored { all: false, names: HashSet::new() };
    for entry in items(object.get(&["spec", "ignoreDifferences"])) {
        let text = |key: &str| entry.get(&[key]).and_then(Value::as_str).unwrap_or_default();
        if !matches!(text("group"), "" | "*") || !matches!(text("kind"), "Secret" | "*") || !ignores_data(entry) {
            continue;
        }
        match text("name") {
            "" => ignored.all = true,
            name => drop(ignored.names.insert(name)),
        }
    }
    ignored
}

/// Whether the entry is about a Secret's data: which of its keys there are, only the cluster knows.
fn ignores_data(entry: &Value) -> bool {
    let says =
        |key: &str, data: &dyn Fn(&str) -> bool| items(entry.get(&[key])).iter().filter_map(Value::as_str).any(data);
    says("jsonPointers", &|pointer| pointer == "/data" || pointer.starts_with("/data/"))
        || says("jqPathExpressions", &|path| path.contains("data"))
        || says("managedFieldsManagers", &|_| true)
}

//! Rights as Roles and a ClusterRole, each rule with its reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::chart::{Granted, Rule, rules};
use super::{Command, Scope};
use crate::stream::Stream;
use crate::yaml::{flow, quote};

/// What is printed: of one command, or of all.
#[derive(Debug)]
pub struct Printed<'a> {
    /// The commands.
    pub commands: &'a [Command],
    /// The release's namespace, and Velero's.
    pub namespaces: [&'a str; 2],
    /// The chart, as Helm renders it.
    pub stream: Option<&'a Stream>,
}

/// The name of the Roles.
fn name(commands: &[Command]) -> String {
    match commands {
        [one] => format!("hwdr-{}", one.name()),
        _ => "hwdr".to_owned(),
    }
}

impl Printed<'_> {
    /// Role and ClusterRole as YAML: documents with at least one rule.
    pub fn yaml(&self) -> String {
        // In the order of the list; of all commands each right once.
        let mut sections: BTreeMap<Option<String>, String> = BTreeMap::new();
        let [release, velero] = self.namespaces.map(str::to_owned);
        let (mut granted, mut needed) = (Granted::new(), Granted::new());
        for right in super::ALL.iter().filter(|right| right.of.iter().any(|command| self.commands.contains(command))) {
            let namespace = match right.place {
                Scope::Release => Some(release.clone()),
                Scope::Velero => Some(velero.clone()),
                Scope::Cluster => None,
            };
            let is_new = |verb: &&&str| {
                let it = (right.place, right.group.to_owned(), right.resource.to_owned(), (***verb).to_owned());
                if right.name.is_some() {
                    return !granted.contains(&it);
                }
                if right.without.is_none() {
                    needed.insert(it.clone());
                }
                granted.insert(it)
            };
            let verbs: Vec<_> = right.verbs.iter().filter(is_new).copied().collect();
            if verbs.is_empty() {
                continue;
            }
            let section = sections.entry(namespace).or_default();
            let _ = writeln!(section, "  # {}", right.why);
            if let Some(when) = right.when {
                let _ = writeln!(section, "  # used only when {when}");
            }
            if let Some(without) = right.without {
                let _ = writeln!(section, "  # may be left out: {without}");
            }
            let name = right.name.map(|name| ("resourceNames", json!([name])));
            let keys = [("apiGroups", json!([right.group])), ("resources", json!([right.resource]))].into_iter();
            let keys = keys.chain(name).chain([("verbs", json!(verbs))]);
            section.push_str(&entry(keys.map(|(key, value)| (key, flow(&value)))));
        }
        let helm = self.commands.iter().any(|command| command.runs_helm());
        if let (Some(stream), true) = (self.stream, helm) {
            for Rule { namespace, rule, is_given } in rules(stream, self.namespaces, &needed) {
                let section = sections.entry(namespace).or_default();
                let why = if is_given {
                    "the chart grants this, and nobody may grant what they do not have"
                } else {
                    "Helm applies the chart, and waits for its hooks"
                };
                let _ = writeln!(section, "  # {why}");
                // As Kubernetes orders the keys.
                let keys = ["apiGroups", "nonResourceURLs", "resources", "resourceNames", "verbs"];
                let keys = keys.into_iter().filter_map(|key| Some((key, flow(&json!(rule.get(key)?)))));
                section.push_str(&entry(keys));
            }
        }
        let name = name(self.commands);
        let mut documents = vec![self.head(helm)];
        // The release's namespace first, the cluster last.
        let mut order: Vec<_> = sections.keys().cloned().collect();
        order.sort_by_key(|namespace| match namespace {
            Some(namespace) if *namespace == release => (0, String::new()),
            Some(namespace) => (1, namespace.clone()),
            None => (2, String::new()),
        });
        for namespace in order {
            let Some(rules) = sections.get(&namespace) else { continue };
            let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
            let place = namespace.map_or_else(String::new, |namespace| format!("  namespace: {}\n", quote(&namespace)));
            documents.push(format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}rules:\n{rules}"
            ));
        }
        let head = documents.remove(0);
        format!("{head}{}", documents.join("---\n"))
    }

    /// What the rules leave out.
    fn head(&self, helm: bool) -> String {
        let commands: Vec<_> = self.commands.iter().map(|command| command.name()).collect();
        let mut head = format!(
            "# What helm hwdr {} may have to do. To give it to somebody, bind each by a RoleBinding or ClusterRoleBinding.\n",
            commands.join(", ")
        );
        if helm && self.stream.is_none() {
            head.push_str(
                "# What Helm needs for the objects of the chart is not in it: give the chart as it is rendered\n\
                 #   helm template RELEASE CHART -f values.yaml | helm hwdr rbac upgrade -\n",
            );
        }
        if helm && self.stream.is_some() {
            head.push_str(
                "# Not in it: what the chart's templates look up in the cluster (lookup), and its folder crds/ unless it was\n\
                 # rendered, too (helm template --include-crds).\n",
            );
        }
        if self.commands.iter().any(|command| matches!(command, Command::Install | Command::Objects)) {
            head.push_str("# A Role needs the release's namespace: create it first.\n");
        }
        if self.commands.contains(&Command::Undo) {
            head.push_str(
                "# An undo also deletes what Velero created, of any kind and in any namespace, if it may list and delete it; otherwise it warns that\n\
                 # it could not look for it.\n",
            );
        }
        head
    }
}

/// One rule.
fn entry<'k>(keys: impl Iterator<Item = (&'k str, String)>) -> String {
    let mut text = String::new();
    for (index, (key, value)) in keys.enumerate() {
        let lead = if index == 0 { "  - " } else { "    " };
        let _ = writeln!(text, "{lead}{key}: {value}");
    }
    text
}

//! Whether a Backup of the namespace can be restored: its archive is whole, has all objects that Velero has counted, and what Streams needs of them.

use std::collections::BTreeSet;

use super::Objects;
use crate::backup_files::velero::{Facts, Item};
use crate::product::service::{Doing, Service as _};
use crate::shown::kept;
use crate::velero::verify::{Look, is_secret};
use crate::verify::{Ask, DataFile, Finding, Flaw, PartReport, Verify};

/// Helm's own records.
const HELMS: &str = "sh.helm.release.";
/// What runs Streams' pods.
const RUNS: [&str; 2] = ["Deployment", "StatefulSet"];

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    findings: Vec<Finding>,
    facts: Vec<String>,
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let look = Look::open(ask).await?;
        let name = ask.id_of(Objects.name());
        let checked = look.check(name, |_| false).await;
        self.findings.extend(checked.findings);
        if let Some(facts) = checked.facts {
            let flaws = lacks(&facts, ask.shelf.namespace.as_deref());
            self.findings.extend(flaws.into_iter().map(|flaw| flaw.in_file(look.archive(name))));
            self.facts = told(&facts);
        }
        self.findings.extend(look.written_later(Objects.name(), name).await);
        Ok(())
    }
}

/// The namespaces that have an object.
fn namespaces(facts: &Facts) -> BTreeSet<&str> {
    facts.items.iter().map(|item| item.namespace.as_str()).filter(|name| !name.is_empty()).collect()
}

/// What a restore would miss, or bring back beside the namespace.
fn lacks(facts: &Facts, namespace: Option<&str>) -> Vec<Flaw> {
    let found = namespaces(facts);
    let names = || found.iter().take(3).map(|name| kept(name)).collect::<Vec<_>>().join(", ");
    let mut flaws = Vec::new();
    match namespace {
        Some(namespace) if !found.contains(namespace) => {
            flaws.push(Flaw::missing(format!("has nothing of namespace {namespace}")).expected(names()));
        }
        _ if found.len() > 1 => {
            let what = format!("has objects of {} namespaces ({})", found.len(), names());
            flaws.push(Flaw::missing(what).expected("those of one namespace: a restore would bring back all of them"));
        }
        _ => {}
    }
    let has = |is_it: &dyn Fn(&Item) -> bool| facts.items.iter().any(is_it);
    if !has(&|item| is_secret(item) && !item.name.starts_with(HELMS)) {
        flaws.push(Flaw::missing("has no Secret: the passwords and certificates of Streams are in Secrets"));
    }
    if !has(&|item| RUNS.contains(&item.kind.as_str())) {
        flaws.push(Flaw::missing("has no Deployment and no StatefulSet: nothing would run"));
    }
    flaws
}

fn told(facts: &Facts) -> Vec<String> {
    let secrets = facts.items.iter().filter(|item| is_secret(item)).count();
    let names = namespaces(facts).into_iter().take(3).map(kept).collect::<Vec<_>>().join(", ");
    let mut told = vec![format!("{} objects of namespace {names}, {secrets} of them Secrets", facts.items.len())];
    if !facts.items.iter().any(|item| item.name.starts_with(HELMS)) {
        told.push("it has no record of Helm's: after a restore, helm does not know the release".to_owned());
    }
    told
}

impl Verify for Check {
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>> {
        Box::pin(async move {
            if let Err(finding) = self.look_at(ask).await {
                self.findings.push(finding);
            }
            Vec::new()
        })
    }

    fn report(self: Box<Self>, _: &Ask<'_>) -> Vec<PartReport> {
        let Self { findings, facts } = *self;
        let mut unchecked = Vec::new();
        if !facts.is_empty() {
            unchecked
                .push("whether a cluster accepts the objects, and the passwords in its Secrets are today's".to_owned());
        }
        vec![PartReport { facts, unchecked, ..PartReport::new(Objects.name(), Objects.title(), findings) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(items: &[(&str, &str, &str)]) -> Facts {
        let item = |(kind, namespace, name): &(&str, &str, &str)| {
            let [kind, namespace, name] = [kind, namespace, name].map(|text| (*text).to_owned());
            Item { kind, group: String::new(), namespace, name }
        };
        Facts { items: items.iter().map(item).collect(), ..Facts::default() }
    }

    #[test]
    fn an_archive_has_what_streams_needs() {
        let (hub, key) = (("Deployment", "prod", "prod-hub"), ("Secret", "prod", "streams-database-secret"));
        let helm = ("Secret", "prod", "sh.helm.release.v1.prod.v1");
        let volume = ("PersistentVolume", "", "pv-1");
        for (items, expected) in [
            (vec![hub, key, helm, volume], vec![]),
            (vec![hub, helm], vec!["has no Secret: the passwords and certificates of Streams are in Secrets"]),
            (vec![key, helm], vec!["has no Deployment and no StatefulSet: nothing would run"]),
            (vec![hub, key, ("Secret", "b", "s")], vec!["has objects of 2 namespaces (b, prod)"]),
            (vec![("Deployment", "b", "x"), ("Secret", "b", "s")], vec!["has nothing of namespace prod"]),
        ] {
            let found = lacks(&facts(&items), Some("prod"));
            assert_eq!(found.iter().map(|flaw| flaw.what.as_str()).collect::<Vec<_>>(), expected, "{items:?}");
        }
        assert_eq!(lacks(&facts(&[("Deployment", "b", "x"), ("Secret", "b", "s")]), None), []);
        assert_eq!(told(&facts(&[hub, key, helm])), ["3 objects of namespace prod, 2 of them Secrets"]);
        assert_eq!(told(&facts(&[hub, key])).len(), 2);
    }
}

//! Whether Velero's part of a backup can be restored: its archives are whole, have all objects that Velero has counted, and what hwdr needs of them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Objects;
use crate::backup_files::velero::{Checked, Facts, Item};
use crate::cluster::condition::text;
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue::{Catalogue, MetadataNames, Service as Data};
use crate::product::hopsworks::request;
use crate::product::hopsworks::superset::{self, id::SupersetId};
use crate::product::request::Objection;
use crate::product::service::{Doing, Service as _};
use crate::velero::verify::{Look, is_secret};
use crate::verify::{Ask, DataFile, Finding, Flaw, PartReport, Verify};

/// Velero's two backups: the cluster's own objects, and the users'.
const BOTH: [&str; 2] = ["main", "users"];
/// The services whose backups the metadata ConfigMaps list, by the names of their series.
const LISTED: [(&str, Data); 2] = [("rondb", Data::RonDb), ("opensearch", Data::OpenSearch)];
/// What a restore does without Superset's key.
const NO_KEY: &str = "nobody can decrypt the connections in Superset's database, and the chart's restore of it fails";
/// Helm's own records, which no chart looks up.
const HELMS: &str = "sh.helm.release.";

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    findings: Vec<Finding>,
    facts: Vec<String>,
    unchecked: Vec<String>,
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let look = Look::open(ask).await?;
        let names = request::metadata(ask.shelf.values)
            .map_err(|refusal| Flaw::unknown(refusal.problem).in_file("the values"))?;
        let names = MetadataNames::from(names.as_slice());
        for part in BOTH {
            let series = format!("{}/{part}", Objects.name());
            let Some(named) = ask.parts.get(&series) else {
                let folder = format!("{}backups/", look.prefix);
                self.findings.push(absent(part, ask.parts.is_empty()).in_file(folder));
                continue;
            };
            let checked = look.check(&named.name, keep(&names)).await;
            self.take(ask, part, checked, (&look.archive(&named.name), &names));
            self.findings.extend(look.written_later(&series, &named.name).await?);
        }
        Ok(())
    }

    fn take(&mut self, ask: &Ask<'_>, part: &str, checked: Checked, (archive, names): (&str, &MetadataNames)) {
        self.findings.extend(checked.findings);
        let Some(facts) = checked.facts else { return };
        let secrets = facts.items.iter().filter(|item| is_secret(item)).count();
        self.facts.push(format!("{part}: {} objects, {secrets} of them Secrets", facts.items.len()));
        if part == "main" {
            let ids = LISTED.map(|(series, service)| (service, ask.id_of(series)));
            let superset = ask.parts.get(superset::NAME).and_then(|part| SupersetId::parse(&part.name).ok());
            let (flaws, older) = lacks(&facts, names, &ids, superset.as_ref());
            self.findings.extend(flaws.into_iter().map(|flaw| flaw.in_file(archive)));
            if !older.is_empty() {
                self.facts.push(format!("main: it has no record of this backup of {} yet", older.join(" and ")));
            }
        }
    }
}

/// There is no backup of this part.
fn absent(part: &str, is_only_the_id_known: bool) -> Flaw {
    let whose = if part == "main" { "the cluster's own objects" } else { "the users' objects" };
    if is_only_the_id_known {
        return Flaw::unknown(format!("which backup of {whose} belongs to the id is not known"));
    }
    Flaw::missing(format!("there is no backup of {whose}: a new cluster cannot be restored"))
}

/// The ConfigMaps that list backups.
fn keep(names: &MetadataNames) -> impl Fn(&Item) -> bool + Send + 'static {
    let names = [names.rondb.clone(), names.opensearch.clone(), names.superset.clone()];
    move |item| {
        item.kind == "ConfigMap" && item.group.is_empty() && names.iter().any(|name| item.name.starts_with(name))
    }
}

/// What `hwdr install` needs of the cluster's own objects, and is not in them: the Secrets that the chart looks up (it makes new passwords where there
/// are none, which do not fit the data), and ConfigMaps that do not speak against the data's backups. And the services whose records end before this
/// backup: Velero copies them too early where all begins by one schedule, and `hwdr install` only says so.
fn lacks(
    facts: &Facts,
    names: &MetadataNames,
    ids: &[(Data, &str)],
    superset: Option<&SupersetId>,
) -> (Vec<Flaw>, Vec<String>) {
    let config_maps: Vec<Json> = facts.kept.iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect();
    let secrets = || facts.items.iter().filter(|item| is_secret(item) && !item.name.starts_with(HELMS));
    let mut namespaces: BTreeSet<_> = config_maps.iter().map(|object| text(object, "/metadata/namespace")).collect();
    if namespaces.is_empty() {
        // The first backup of a cluster.
        namespaces = secrets().map(|secret| secret.namespace.as_str()).collect();
    }
    if namespaces.is_empty() {
        let what = "has no Secret: the chart would make new passwords, which do not fit the data";
        return (vec![Flaw::missing(what)], Vec::new());
    }
    let of = |namespace: &str| {
        let own = config_maps.iter().filter(|object| text(object, "/metadata/namespace") == namespace).cloned();
        let catalogue = Catalogue::new(&own.collect::<Vec<_>>(), names);
        let (mut flaws, mut older) = (Vec::new(), Vec::new());
        let of_data = ids.iter().map(|(service, id)| match BackupId::parse(id) {
            Ok(parsed) => (*service, catalogue.objection(*service, &parsed)),
            Err(why) => (*service, Some(Objection { what: format!("{id}: {why}"), is_older: false })),
        });
        let of_superset = superset.map(|id| (Data::Superset, catalogue.objection_to_superset(id)));
        for (service, objection) in of_data.chain(of_superset) {
            match objection {
                None => {}
                Some(objection) if objection.is_older => older.push(service.to_string()),
                Some(Objection { what, .. }) => flaws.push(Flaw::missing(format!(
                    "its ConfigMaps in namespace {namespace}: {what}; helm hwdr install stops there"
                ))),
            }
        }
        if !secrets().any(|secret| secret.namespace == namespace) {
            flaws.push(Flaw::missing(format!(
                "has no Secret of namespace {namespace}: the chart would make new passwords, which do not fit the data"
            )));
        }
        let is_key = |secret: &&Item| secret.namespace == namespace && secret.name == superset::KEY;
        if superset.is_some() && !secrets().any(|secret| is_key(&secret)) {
            flaws.push(Flaw::missing(format!("has no Secret {} of namespace {namespace}: {NO_KEY}", superset::KEY)));
        }
        (flaws, older)
    };
    // Of several releases, one is that of the backup.
    namespaces.into_iter().map(of).min_by_key(|(flaws, older)| (flaws.len(), older.len())).unwrap_or_default()
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
        let Self { findings, facts, mut unchecked } = *self;
        if !facts.is_empty() {
            unchecked.push(
                "whether a new cluster accepts the objects, and the values in its Secrets fit the data".to_owned(),
            );
        }
        vec![PartReport { facts, unchecked, ..PartReport::new(Objects.name(), Objects.title(), findings) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(kind: &str, namespace: &str, name: &str) -> Item {
        let [kind, namespace, name] = [kind, namespace, name].map(str::to_owned);
        Item { kind, group: String::new(), namespace, name }
    }

    /// The metadata of a namespace, with one good id for each service.
    fn listed(namespace: &str, id: &str) -> Vec<Vec<u8>> {
        let entry = json!({"state": "SUCCESS", "start_time": "2025-11-24T12:00:00Z", "end_time": "2025-11-24T12:01:00Z",
            "duration_ms": 1, "path": "p"});
        let object =
            |name: &str| json!({"metadata": {"name": name, "namespace": namespace}, "data": {id: entry.to_string()}});
        ["rondb-backups-metadata", "opensearch-backups-metadata-1"]
            .map(|name| object(name).to_string().into_bytes())
            .into()
    }

    fn said(kept: Vec<Vec<u8>>, items: &[Item]) -> Vec<String> {
        let facts = Facts { items: items.iter().cloned().collect(), kept, ..Facts::default() };
        let ids = LISTED.map(|(_, service)| (service, "254811200"));
        let (flaws, older) = lacks(&facts, &MetadataNames::default(), &ids, None);
        flaws.into_iter().map(|flaw| flaw.what).chain(older).collect()
    }

    #[test]
    fn an_archive_has_what_an_installation_needs() {
        let secret = item("Secret", "hopsworks", "mysql-users-secrets");
        assert_eq!(said(listed("hopsworks", "254811200"), std::slice::from_ref(&secret)), [""; 0]);
        let [helms, elsewhere] =
            [item("Secret", "hopsworks", "sh.helm.release.v1.hopsworks.v1"), item("Secret", "other", "s")];
        assert_eq!(
            said(listed("hopsworks", "254811200"), &[helms, elsewhere]),
            ["has no Secret of namespace hopsworks: the chart would make new passwords, which do not fit the data"]
        );
        assert_eq!(
            said(listed("hopsworks", "254821200"), std::slice::from_ref(&secret)),
            [
                "its ConfigMaps in namespace hopsworks: RonDB's metadata have no backup 254811200; the newest good ones are 254821200; \
              helm hwdr install stops there",
                "its ConfigMaps in namespace hopsworks: OpenSearch's metadata have no backup 254811200; the newest good ones are 254821200; \
              helm hwdr install stops there"
            ]
        );
        // Velero began before the data's backups had ended: there are older records, or none.
        for config_maps in [listed("hopsworks", "254771200"), Vec::new()] {
            assert_eq!(said(config_maps, std::slice::from_ref(&secret)), ["RonDB", "OpenSearch"]);
        }
        assert_eq!(
            said(Vec::new(), &[]),
            ["has no Secret: the chart would make new passwords, which do not fit the data"]
        );
        // Another release is in it, too.
        let both = [listed("another", "254771200"), listed("hopsworks", "254811200")].concat();
        assert_eq!(said(both, &[secret]), [""; 0]);
    }

    #[test]
    fn an_archive_has_what_supersets_restore_needs() {
        let (own, other) = ("20260722215632-2116913658", "20260721215632-1");
        let record = json!({"metadata": {"name": "superset-backups-metadata", "namespace": "hopsworks"},
            "data": {own: json!({"state": "SUCCESS"}).to_string()}});
        let kept = [listed("hopsworks", "254811200"), vec![record.to_string().into_bytes()]].concat();
        let said = |id: &str, secret: &str| -> Vec<String> {
            let items = [item("Secret", "hopsworks", secret)].into_iter().collect();
            let facts = Facts { items, kept: kept.clone(), ..Facts::default() };
            let ids = LISTED.map(|(_, service)| (service, "254811200"));
            let id = SupersetId::parse(id).unwrap();
            lacks(&facts, &MetadataNames::default(), &ids, Some(&id)).0.into_iter().map(|flaw| flaw.what).collect()
        };
        assert_eq!(said(own, superset::KEY), [""; 0]);
        assert_eq!(said(own, "other"), [format!("has no Secret superset-secret-key of namespace hopsworks: {NO_KEY}")]);
        assert_eq!(
            said(other, superset::KEY),
            [format!(
                "its ConfigMaps in namespace hopsworks: Superset's metadata have no backup {other}; the newest good ones are {own}; helm hwdr \
                 install stops there"
            )]
        );
    }

    #[test]
    fn only_what_is_needed_is_kept() {
        let keep = keep(&MetadataNames::default());
        for (item, expected) in [
            (item("ConfigMap", "hopsworks", "rondb-backups-metadata"), true),
            (item("ConfigMap", "hopsworks", "opensearch-backups-metadata-12"), true),
            (item("ConfigMap", "hopsworks", "superset-backups-metadata"), true),
            (item("ConfigMap", "hopsworks", "other"), false),
            (item("Secret", "hopsworks", "rondb-backups-metadata"), false),
        ] {
            assert_eq!(keep(&item), expected);
        }
    }
}

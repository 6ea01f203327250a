//! Whether Velero's part of a backup can be restored: its archives are whole, have all objects that Velero has counted, and what hwdr needs of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Objects;
use crate::backup_files::velero::{Checked, Facts, Item};
use crate::cluster::condition::text;
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue::{Catalogue, MetadataNames, Service as Data};
use crate::product::hopsworks::superset::id::SupersetId;
use crate::product::hopsworks::superset::{self, key, verify::manifest_of};
use crate::product::hopsworks::{asked, keys, request};
use crate::product::request::Objection;
use crate::product::service::{Doing, Service as _};
use crate::shown::kept;
use crate::velero::verify::{Look, is_secret};
use crate::verify::{Ask, DataFile, Finding, Flaw, Named, PartReport, Verify};

/// Velero's two backups: the cluster's own objects, and the users'.
const BOTH: [&str; 2] = ["main", "users"];
/// The services whose backups the metadata ConfigMaps list under the ids of the cluster.
const LISTED: [Data; 2] = [Data::RonDb, Data::OpenSearch];
/// What a restore does without Superset's key.
const NO_KEY: &str = "nobody can decrypt the connections in Superset's database, and the chart's restore of it fails";
/// Superset's part of the backup, and its key.
struct SupersetPart<'k> {
    id: SupersetId,
    /// The Secret with the key.
    secret: &'k str,
    /// What the manifest beside the dump says of the key; none if it cannot be read.
    fingerprints: Vec<String>,
}

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
        let superset = superset_part(ask).await;
        for part in BOTH {
            let series = format!("{}/{part}", Objects.name());
            let Some(named) = ask.parts.get(&series) else {
                let folder = format!("{}backups/", look.prefix);
                self.findings.push(absent(part, ask.parts.is_empty()).in_file(folder));
                continue;
            };
            let checked = look.check(&named.name, keep(&names, superset.as_ref())).await;
            self.take(ask, part, checked, (&look.archive(&named.name), &names), superset.as_ref());
            self.findings.extend(look.written_later(&series, &named.name).await);
        }
        Ok(())
    }

    fn take(
        &mut self,
        ask: &Ask<'_>,
        part: &str,
        checked: Checked,
        (archive, names): (&str, &MetadataNames),
        superset: Option<&SupersetPart<'_>>,
    ) {
        self.findings.extend(checked.findings);
        let Some(facts) = checked.facts else { return };
        let secrets = facts.items.iter().filter(|item| is_secret(item)).count();
        self.facts.push(format!("{part}: {} objects, {secrets} of them Secrets", facts.items.len()));
        if part == "main" {
            let ids = ids(&ask.parts);
            let own = ask.shelf.namespace.as_deref().map(|name| (name, ask.shelf.has_release));
            let (flaws, older) = lacks(&facts, names, &ids, superset, own);
            self.findings.extend(flaws.into_iter().map(|flaw| flaw.in_file(archive)));
            if !older.is_empty() {
                self.facts.push(format!("main: it has no record of this backup of {} yet", older.join(" and ")));
            }
            if let Some(superset) = superset
                && !keys_of(&facts, superset).any(|(_, is_of)| is_of.is_some())
            {
                let secret = kept(superset.secret);
                self.unchecked
                    .push(format!("whether Secret {secret} in it has the key that Superset's backup was made with"));
            }
        }
    }
}

/// The ids by which the services that have a part in the backup know it. Of a service without one there is none: the id asked for is another service's, which
/// may have begun in another minute.
fn ids(parts: &BTreeMap<String, Named>) -> Vec<(Data, &str)> {
    let id = |service: Data| Some((service, parts.get(service.name())?.name.as_str()));
    LISTED.into_iter().filter_map(id).collect()
}

/// There is no backup of this part.
fn absent(part: &str, is_only_the_id_known: bool) -> Flaw {
    let whose = if part == "main" { "the cluster's own objects" } else { "the users' objects" };
    if is_only_the_id_known {
        return Flaw::unknown(format!("which backup of {whose} belongs to the id is not known"));
    }
    Flaw::missing(format!("there is no backup of {whose}: a new cluster cannot be restored"))
}

/// Superset's part of the backup, if it has one.
async fn superset_part<'a>(ask: &'a Ask<'_>) -> Option<SupersetPart<'a>> {
    let id = SupersetId::parse(&ask.parts.get(superset::NAME)?.name).ok()?;
    let [secret, ..] = asked::superset_secrets(ask.shelf.values);
    let fingerprints = manifest_of(ask, &id).await.map(|manifest| manifest.fingerprints).unwrap_or_default();
    Some(SupersetPart { id, secret, fingerprints })
}

/// The ConfigMaps that list backups, and Superset's key.
fn keep(names: &MetadataNames, superset: Option<&SupersetPart<'_>>) -> impl Fn(&Item) -> bool + Send + 'static {
    let names = [names.rondb.clone(), names.opensearch.clone(), names.superset.clone()];
    let key = superset.map(|superset| superset.secret.to_owned());
    move |item| {
        let is_listing = item.kind == "ConfigMap" && item.group.is_empty();
        is_listing && names.iter().any(|name| item.name.starts_with(name))
            || is_secret(item) && key.as_ref().is_some_and(|key| *key == item.name)
    }
}

/// The kept objects of a kind.
fn of_kind<'f>(facts: &'f Facts, kind: &'static str) -> impl Iterator<Item = Json> + 'f {
    let all = facts.kept.iter().filter_map(|bytes| serde_json::from_slice::<Json>(bytes).ok());
    all.filter(move |object| text(object, "/kind") == kind)
}

/// The Secrets with Superset's key, by namespace, and whether each is the one that the backup was made with; none if that cannot be compared.
fn keys_of<'f>(facts: &'f Facts, superset: &'f SupersetPart<'_>) -> impl Iterator<Item = (String, Option<bool>)> + 'f {
    of_kind(facts, "Secret")
        .map(|secret| (text(&secret, "/metadata/namespace").to_owned(), key::is_of(&superset.fingerprints, &secret)))
}

/// What `hwdr install` needs of the cluster's own objects, and is not in them: the Secrets that the chart looks up (it makes new passwords where there
/// are none, which do not fit the data), and ConfigMaps that do not speak against the data's backups. And the services whose records end before this
/// backup: Velero copies them too early where all begins by one schedule, and `hwdr install` only says so. `own` is the release's namespace, and whether
/// that is certain.
fn lacks(
    facts: &Facts,
    names: &MetadataNames,
    ids: &[(Data, &str)],
    superset: Option<&SupersetPart<'_>>,
    own: Option<(&str, bool)>,
) -> (Vec<Flaw>, Vec<String>) {
    let config_maps: Vec<Json> = of_kind(facts, "ConfigMap").collect();
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
    // Another release's may look better. With --from-bucket, helm may give a namespace that is not the release's.
    if let Some((own, is_certain)) = own {
        if namespaces.contains(own) || secrets().any(|secret| secret.namespace == own) {
            namespaces = BTreeSet::from([own]);
        } else if is_certain {
            let what = format!(
                "has nothing of namespace {own}: the chart would make new passwords, which do not fit the data"
            );
            return (vec![Flaw::missing(what)], Vec::new());
        }
    }
    let of = |namespace: &str| {
        let own = config_maps.iter().filter(|object| text(object, "/metadata/namespace") == namespace).cloned();
        let catalogue = Catalogue::new(&own.collect::<Vec<_>>(), names);
        let (mut flaws, mut older) = (Vec::new(), Vec::new());
        let of_data = ids.iter().map(|(service, id)| match BackupId::parse(id) {
            Ok(parsed) => (*service, catalogue.objection(*service, &parsed)),
            Err(why) => (*service, Some(Objection { what: format!("{id}: {why}"), is_older: false })),
        });
        let of_superset = superset.map(|superset| (Data::Superset, catalogue.objection_to_superset(&superset.id)));
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
        flaws.extend(superset.and_then(|superset| lacks_key(facts, namespace, superset)));
        (flaws, older)
    };
    // Of several releases, one is that of the backup, if it is not known which.
    namespaces.into_iter().map(of).min_by_key(|(flaws, older)| (flaws.len(), older.len())).unwrap_or_default()
}

/// What is wrong with Superset's key in this namespace.
fn lacks_key(facts: &Facts, namespace: &str, superset: &SupersetPart<'_>) -> Option<Flaw> {
    let SupersetPart { id, secret, .. } = superset;
    let is_key = |item: &&Item| is_secret(item) && item.namespace == namespace && item.name == *secret;
    let secret = kept(secret);
    if !facts.items.iter().any(|item| is_key(&item)) {
        let usual = keys::SUPERSET_SECRETS.iter().any(|(_, usual)| *usual == secret);
        let other = if usual { " (if the values give it another name, add them: -f values.yaml)" } else { "" };
        return Some(Flaw::missing(format!("has no Secret {secret} of namespace {namespace}: {NO_KEY}{other}")));
    }
    let is_other = keys_of(facts, superset).any(|(of, is_of)| of == namespace && is_of == Some(false));
    is_other.then(|| {
        Flaw::damaged(format!(
            "Secret {secret} of namespace {namespace} has another key than Superset's backup {id}: {NO_KEY}"
        ))
        .expected("the key with the fingerprint in its manifest.json")
    })
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
        let object = |name: &str| json!({"kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {id: entry.to_string()}});
        ["rondb-backups-metadata", "opensearch-backups-metadata-1"]
            .map(|name| object(name).to_string().into_bytes())
            .into()
    }

    fn said(kept: Vec<Vec<u8>>, items: &[Item]) -> Vec<String> {
        said_of(None, kept, items)
    }

    /// The same of the release in this namespace.
    fn said_of(own: Option<&str>, kept: Vec<Vec<u8>>, items: &[Item]) -> Vec<String> {
        let facts = Facts { items: items.iter().cloned().collect(), kept, ..Facts::default() };
        let ids = LISTED.map(|service| (service, "254811200"));
        let (flaws, older) = lacks(&facts, &MetadataNames::default(), &ids, None, own.map(|own| (own, false)));
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
    fn a_service_without_a_part_is_not_looked_for_by_the_id_of_another() {
        let named = |name: &str| Named { name: name.to_owned(), ended: None };
        let parts =
            [("opensearch", "254811159"), ("objects/main", "m")].map(|(series, name)| (series.into(), named(name)));
        assert_eq!(ids(&parts.into()), [(Data::OpenSearch, "254811159")]);
    }

    #[test]
    fn another_release_hides_nothing_of_the_releases_own() {
        let [own, other] = ["hopsworks", "another"].map(|namespace| item("Secret", namespace, "mysql-users-secrets"));
        // Its records are only older, which is no flaw.
        let both = || [listed("another", "254771200"), listed("hopsworks", "254821200")].concat();
        let secrets = [own, other];
        assert_eq!(said(both(), &secrets), ["RonDB", "OpenSearch"]);
        let flaws = said_of(Some("hopsworks"), both(), &secrets);
        assert!(flaws.len() == 2 && flaws.iter().all(|flaw| flaw.contains("in namespace hopsworks")), "{flaws:?}");
        let flaws = said_of(Some("hopsworks"), listed("another", "254811200"), &secrets[..1]);
        assert_eq!(flaws, ["RonDB", "OpenSearch"], "it has no records yet");
        // The archive has nothing of it: it is not the release's.
        assert_eq!(said_of(Some("default"), both(), &secrets), ["RonDB", "OpenSearch"]);
        // The cluster has the release there.
        let facts = Facts { items: secrets.iter().cloned().collect(), kept: both(), ..Facts::default() };
        let (flaws, _) = lacks(&facts, &MetadataNames::default(), &[], None, Some(("default", true)));
        assert!(flaws.len() == 1 && flaws[0].what.starts_with("has nothing of namespace default"), "{flaws:?}");
    }

    /// SHA-256 of "key".
    const PRINT: &str = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";

    fn of_superset<'k>(id: &str, secret: &'k str, fingerprint: &str) -> SupersetPart<'k> {
        SupersetPart { id: SupersetId::parse(id).unwrap(), secret, fingerprints: vec![fingerprint.to_owned()] }
    }

    #[test]
    fn an_archive_has_what_supersets_restore_needs() {
        let (own, other) = ("20260722215632-2116913658", "20260721215632-1");
        let record = json!({"kind": "ConfigMap", "metadata": {"name": "superset-backups-metadata", "namespace": "hopsworks"},
            "data": {own: json!({"state": "SUCCESS"}).to_string()}});
        let kept = [listed("hopsworks", "254811200"), vec![record.to_string().into_bytes()]].concat();
        // The Secret in the archive, with the key "key"; what the values call it; and the fingerprint of the backup's.
        let said = |id: &str, there: &str, named: &str, fingerprint: &str| -> Vec<String> {
            let items = [item("Secret", "hopsworks", there)].into_iter().collect();
            let secret = json!({"kind": "Secret", "metadata": {"name": there, "namespace": "hopsworks"}, "data": {"secret-key": "a2V5"}});
            let is_kept = keep(&MetadataNames::default(), Some(&of_superset(id, named, fingerprint)))(&item(
                "Secret",
                "hopsworks",
                there,
            ));
            let secret = is_kept.then(|| secret.to_string().into_bytes());
            let facts = Facts { items, kept: kept.iter().cloned().chain(secret).collect(), ..Facts::default() };
            let ids = LISTED.map(|service| (service, "254811200"));
            let part = of_superset(id, named, fingerprint);
            lacks(&facts, &MetadataNames::default(), &ids, Some(&part), None)
                .0
                .into_iter()
                .map(|flaw| flaw.what)
                .collect()
        };
        const USUAL: &str = "superset-secret-key";
        assert_eq!(said(own, USUAL, USUAL, PRINT), [""; 0]);
        assert_eq!(said(own, "ours", "ours", PRINT), [""; 0]);
        // A fingerprint of another form says nothing.
        assert_eq!(said(own, USUAL, USUAL, "?"), [""; 0]);
        assert_eq!(
            said(own, USUAL, USUAL, &"ab".repeat(32)),
            [format!("Secret {USUAL} of namespace hopsworks has another key than Superset's backup {own}: {NO_KEY}")]
        );
        assert_eq!(said(own, USUAL, "ours", PRINT), [format!("has no Secret ours of namespace hopsworks: {NO_KEY}")]);
        assert_eq!(
            said(own, "other", USUAL, PRINT),
            [format!(
                "has no Secret {USUAL} of namespace hopsworks: {NO_KEY} (if the values give it another name, add them: -f values.yaml)"
            )]
        );
        assert_eq!(
            said(other, USUAL, USUAL, PRINT),
            [format!(
                "its ConfigMaps in namespace hopsworks: Superset's metadata have no backup {other}; the newest good ones are {own}; helm hwdr \
                 install stops there"
            )]
        );
    }

    #[test]
    fn only_what_is_needed_is_kept() {
        let superset = of_superset("20260722215632-2116913658", "ours", PRINT);
        let keep = keep(&MetadataNames::default(), Some(&superset));
        for (item, expected) in [
            (item("ConfigMap", "hopsworks", "rondb-backups-metadata"), true),
            (item("ConfigMap", "hopsworks", "opensearch-backups-metadata-12"), true),
            (item("ConfigMap", "hopsworks", "superset-backups-metadata"), true),
            (item("ConfigMap", "hopsworks", "other"), false),
            (item("Secret", "hopsworks", "rondb-backups-metadata"), false),
            (item("Secret", "hopsworks", "ours"), true),
            (item("ConfigMap", "hopsworks", "ours"), false),
        ] {
            assert_eq!(keep(&item), expected);
        }
    }
}

//! What is looked at before anything is asked or changed: whether RDS has what is to be restored, and whether Kafka can be mirrored.

use hwdr_kafka::compare::occupied;
use hwdr_kafka::direction::{Activity, Workers};
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::Mirror;
use hwdr_kafka::notes::Notes;
use serde_json::Value as Json;

use super::database;
use super::kafka::{self, circle};
use super::keys;
use super::own::Own;
use super::secrets::Secrets;
use super::steps::mirror::{LOOK, mirror_of};
use crate::cluster::condition::{shortened, text};
use crate::cluster::{Cluster, Kind};
use crate::refusal::Refusal;
use crate::shown::{plain, word};

/// Checks it.
///
/// # Errors
/// The first reason not to begin.
pub async fn check(cluster: &Cluster, own: &Own) -> Result<(), Refusal> {
    let (settings, restore) = own.asked()?;
    if restore.namespace.is_some() {
        is_empty(cluster).await?;
    }
    if let (Some(asked), Some(today)) = (&restore.mariadb, &settings.mariadb) {
        let rds = database::connect(today).await?;
        let source = rds.instance(&database::instance(today)?).await?;
        let plan = database::planned(&rds, today, asked, source.as_ref()).await?;
        if let Some(there) = rds.instance(&plan.target).await? {
            let since = there.created.map_or_else(String::new, |time| format!(", since {time}"));
            return Err(Refusal::new(format!(
                "instance {} is there already{since}, from an earlier restore: what was written to it since would count as the backup's",
                plan.target
            ))
            .help(format!("name another one: {}.instance", keys::RESTORE_MARIADB.join("."))));
        }
    }
    let Some(mirror) = restore.kafka.is_some().then(|| mirror_of(own)).transpose()? else { return Ok(()) };
    // The Secrets of a namespace that is restored come with it.
    if restore.namespace.is_none() {
        let mut looker = looker(cluster, own, &mirror).await?;
        no_circle(&mut looker, &mirror).await?;
        is_new(&mut looker, &mirror).await?;
    }
    Ok(())
}

/// Checks that the namespace has nothing that Velero would leave as it is: claims and Secrets outlive helm uninstall.
async fn is_empty(cluster: &Cluster) -> Result<(), Refusal> {
    let namespace = &cluster.namespace;
    let Some(found) = cluster.get(Kind::NAMESPACE, None, namespace).await? else { return Ok(()) };
    let is_going = found.pointer("/metadata/deletionTimestamp").is_some();
    let mut left = Vec::new();
    for kind in [Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::CLAIM, Kind::SECRET, Kind::CONFIG_MAP] {
        let objects = cluster.list(kind, None, "").await?;
        left.extend(
            objects
                .iter()
                .filter(|object| is_left(kind, object))
                .map(|object| format!("{}/{}", kind.kind, text(object, "/metadata/name"))),
        );
    }
    if is_going {
        let still = if left.is_empty() { String::new() } else { format!(", and still has {}", named(&left)) };
        return Err(Refusal::new(format!("namespace {namespace} is being deleted{still}")).help(format!(
            "wait until it is gone; see what holds it:\nkubectl get namespace {} -o jsonpath='{{.status.conditions}}'",
            word(namespace)
        )));
    }
    if left.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(format!(
        "namespace {namespace} is not empty: it has {}. Velero restores only what does not exist, so these would stay as they are",
        named(&left)
    ))
    .help("where only the database or Kafka is lost: helm hwdr upgrade, without the namespace in the values")
    .help(format!("where nothing of it is needed, remove all of it:\nkubectl delete namespace {}", word(namespace))))
}

/// Whether an object is neither Kubernetes' own nor hwdr's.
fn is_left(kind: Kind, object: &Json) -> bool {
    let is_clusters = kind == Kind::CONFIG_MAP && text(object, "/metadata/name") == "kube-root-ca.crt"
        || text(object, "/type") == "kubernetes.io/service-account-token";
    let is_hwdrs = text(object, "/metadata/labels/app.kubernetes.io~1name") == "hwdr";
    !is_clusters && !is_hwdrs
}

fn named(left: &[String]) -> String {
    let names: Vec<_> = left.iter().map(|name| plain(name)).collect();
    shortened(&names.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// A look at both clusters, with the credentials of their Secrets.
///
/// # Errors
/// If a Secret is missing or incomplete.
pub async fn looker(cluster: &Cluster, own: &Own, mirror: &Mirror) -> Result<Looker, Refusal> {
    let secrets = Secrets::of(own)?;
    let source = kafka::client(&mirror.source, secrets.backup(cluster, &mirror.source).await?)?;
    let target = kafka::client(&mirror.target, secrets.new_one(cluster, &mirror.target).await?)?;
    Ok(Looker::new(source, target))
}

/// Checks that nothing mirrors into the cluster that this mirror reads from.
///
/// # Errors
/// If something does, or may do.
pub async fn no_circle(looker: &mut Looker, mirror: &Mirror) -> Result<(), Refusal> {
    let workers = looker.source.workers(LOOK).await.map_err(|error| kafka::unread(&mirror.source, &error))?;
    refuse_circle(&workers, mirror)
}

/// The same, of the workers that were seen at the source.
///
/// # Errors
/// If one mirrors, or may do.
pub fn refuse_circle(workers: &[Workers], mirror: &Mirror) -> Result<(), Refusal> {
    if let Some(why) = circle(workers, mirror) {
        return Err(Refusal::new(why).help(
            "if the old Kafka still answers: stop Streams, wait until this is complete, and stop that MirrorMaker then:\n\
             helm hwdr streams mirror --for backup -f values.yaml",
        )
        .help("if it does not: stop that MirrorMaker, and start again"));
    }
    match workers.iter().find(|group| group.activity == Activity::Unclear) {
        None => Ok(()),
        Some(group) => Err(Refusal::new(format!(
            "Kafka Connect works on {}, as group {}: it may mirror into it, and hwdr cannot see whether it does",
            mirror.source.alias,
            plain(&group.group)
        ))
        .help("stop it, and start again")),
    }
}

/// Checks that the new cluster has none of the topics. What an earlier mirror has brought over counts, too: Streams may have written since.
///
/// # Errors
/// If it has one with records.
pub async fn is_new(looker: &mut Looker, mirror: &Mirror) -> Result<(), Refusal> {
    let unread = |error: hwdr_kafka::client::Error| kafka::unread(&mirror.target, &error);
    let topics = looker.target.topics(LOOK).await.map_err(unread)?;
    let positions = looker.target.positions(&topics, LOOK).await.map_err(unread)?;
    match occupied(&positions, &Notes::default(), &mirror.topics).first() {
        None => Ok(()),
        Some(found) => Err(Refusal::new(plain(&found.to_string()))
            .help("name the servers of a new cluster: hwdr.streams.restore.kafka.bootstrapServers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_kubernetes_makes_itself_is_nothing_left() {
        let named = |name: &str| json!({"metadata": {"name": name}});
        assert!(!is_left(Kind::CONFIG_MAP, &named("kube-root-ca.crt")));
        assert!(is_left(Kind::CONFIG_MAP, &named("streams-programs")));
        assert!(is_left(Kind::SECRET, &named("streams-database-secret")));
        assert!(!is_left(
            Kind::SECRET,
            &json!({"type": "kubernetes.io/service-account-token", "metadata": {"name": "default-token"}})
        ));
        assert!(!is_left(
            Kind::SECRET,
            &json!({"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "hwdr"}}})
        ));
    }
}

//! Where the pods are connected to: a pod that is ready may still use the old server, or none.

mod seen;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::time::sleep;

use super::mirror::{ANSWERS, named};
use super::{KAFKA, MARIADB, own};
use crate::cluster::Cluster;
use crate::cluster::condition::text;
use crate::product::streams::chart;
use crate::product::streams::own::Own;
use crate::product::streams::preflight::old_kafka;
use crate::run::steps::{QUIESCE, is_ready, pods_of, restored, workloads_of};
use crate::run::{Context as _, Halt, Run};
use crate::shown::kept;
use seen::{PROBE, Seen};
use server::{Pod, Server};

/// How long pods may be connected to the old server, or not yet to the new one, after they are ready.
const LIMIT: Duration = Duration::from_secs(180);
/// How long pods are waited for of which nobody knows whether they need the server.
const CHANCE: Duration = Duration::from_secs(30);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a look into one pod may take.
const LOOK: Duration = Duration::from_secs(20);
/// How often a pod is asked that gives no whole answer, and how often it is looked for before everything is stopped.
const TRIES: usize = 3;

/// How many pods of each workload are connected to each server.
type Users = BTreeMap<String, BTreeMap<String, usize>>;

/// Notes which workloads are connected to the old servers, and stops everything.
pub(super) async fn note_and_stop(run: &mut Run) -> Result<(), Halt> {
    let mut own = own(run)?;
    // A run that is resumed may have stopped some of them.
    if own.users.is_none() {
        own.old_brokers = old_brokers(run, &own).await;
        let servers = servers(&own)?;
        own.users = Some(users(run, &servers).await?);
        run.state.own = own.to_json();
        run.save().await?;
    }
    (QUIESCE.act)(run).await
}

/// The brokers of the old Kafka, as it names them itself: clients are connected to any of them, and may stay so. None if it does not answer.
async fn old_brokers(run: &Run, own: &Own) -> Vec<String> {
    let Some(mut old) = old_kafka(&run.cluster, own).await else { return Vec::new() };
    match old.topics(ANSWERS).await {
        Ok(_) => named(&old.brokers()),
        Err(_) => Vec::new(),
    }
}

/// Which workloads are connected to which of the servers, and by how many pods. Each is looked for again for a moment if a pod cannot be looked into: it
/// may be restarting.
async fn users(run: &mut Run, servers: &[Server]) -> Result<Users, Halt> {
    let mut users = Users::new();
    for looks in 1.. {
        let (pods, unseen) = look(run, servers).await?;
        for server in servers {
            let of = users.entry(server.called.to_owned()).or_default();
            for (workload, count) in server.old_users(&pods) {
                let most: &mut usize = of.entry(workload).or_default();
                *most = count.max(*most);
            }
        }
        if unseen.is_empty() {
            break;
        }
        if looks == TRIES {
            for (pod, why) in unseen {
                run.show.note(&format!("where pod {pod} is connected to was not seen: {}", kept(&why)));
            }
            break;
        }
        sleep(PAUSE).await;
    }
    Ok(users)
}

/// Waits until the release is ready, no pod is connected to an old server, and each that was is to a new one.
pub(super) async fn verify(run: &mut Run) -> Result<(), Halt> {
    restored(run).await?;
    see(run).await?;
    if own(run)?.asked()?.1.test {
        let release = run.state.release.clone();
        run.show.tell(&format!("helm test {release}"));
        run.helm.test(&release).await?;
        run.finding("helm test: the chart's own tests have passed");
    }
    Ok(())
}

/// Looks until no pod is connected to an old server, each that was has been seen connected to a new one, and somebody is to each. What has not been in time is
/// a doubt if others are: a pod connects when it has something to do.
async fn see(run: &mut Run) -> Result<(), Halt> {
    let mut servers = servers(&own(run)?)?;
    if servers.is_empty() {
        return Ok(());
    }
    let began = Instant::now();
    loop {
        let (pods, unseen) = look(run, &servers).await?;
        servers.iter_mut().for_each(|server| server.meet(&pods));
        let late: Vec<_> = servers.iter().filter_map(|server| server.is_late(&pods)).collect();
        let (some, none): (Vec<_>, Vec<_>) = servers
            .iter()
            .filter_map(|server| Some((server.is_used(), server.is_absent(&pods)?)))
            .partition(|(is_used, _)| *is_used);
        let absent = |all: Vec<(bool, String)>| all.into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        let (slow, absent) = (absent(some), absent(none));
        // Of those that nobody is known to have used, it is enough that somebody does.
        let others = servers.iter().filter(|server| server.is_absent(&pods).is_none());
        let idle: Vec<_> = others.filter_map(|server| server.is_idle(&pods, unseen.len())).collect();
        let wrong = [late, absent, idle].concat();
        let waits: Vec<_> = wrong.iter().chain(&slow).map(String::as_str).collect();
        let has_all = |server: &Server| match server.is_known() {
            true => server.is_used(),
            false => server.others(&pods).is_empty() && server.is_used(),
        };
        // A container may have been about to start.
        let has_seen_all = unseen.is_empty() && servers.iter().all(has_all);
        let is_over = began.elapsed() > if waits.is_empty() { CHANCE } else { LIMIT };
        if wrong.is_empty() && (is_over || (slow.is_empty() && has_seen_all)) {
            for server in &servers {
                if server.is_used() {
                    run.finding(&server.text(&pods));
                }
                if let Some(doubt) = server.doubt(&pods) {
                    run.doubt(&doubt);
                }
            }
            for absent in &slow {
                run.doubt(&format!("{absent}. If it needs it, look at its logs"));
            }
            for (pod, why) in unseen {
                run.doubt(&format!("where pod {pod} is connected to was not seen: {}", kept(&why)));
            }
            return Ok(());
        }
        if is_over {
            return Err(Halt::new(wrong.join("\n"))
                .help(format!("see what such a pod says:\n{}", run.cluster.commands().kubectl("logs NAME")))
                .help(format!("or restart it:\n{}", run.cluster.commands().kubectl("delete pod NAME")))
                .help(format!("and resume:\n{}", run.resume())));
        }
        let waits = match (waits.is_empty(), unseen.first()) {
            (false, _) => waits.join("; "),
            (true, Some((pod, _))) => format!("waiting for a look into pod {pod}"),
            (true, None) => "waiting for all pods to connect to the new servers".to_owned(),
        };
        run.show.tell(&waits);
        sleep(PAUSE).await;
    }
}

/// The servers that the restore changes.
fn servers(own: &Own) -> Result<Vec<Server>, Halt> {
    let values = own.values()?;
    let (_, restore) = own.asked()?;
    let port = chart::port(&values);
    let before = |called: &str| own.users.as_ref().and_then(|users| users.get(called)).cloned();
    let mut servers = Vec::new();
    // Before the database is restored, it has no new host.
    if restore.mariadb.is_some() {
        let old = own.old_host()?.map(|host| (host, port)).into_iter().collect();
        let new = own.host.iter().map(|host| (host.clone(), port)).collect();
        servers.push(Server { called: MARIADB, old, new, before: before(MARIADB), met: BTreeSet::new() });
    }
    if let Some(kafka) = restore.kafka {
        let mut old = chart::bootstrap(&values).map(|(old, _)| old.servers).unwrap_or_default();
        old.extend(own.old_brokers()?);
        // A client may be connected to none of those that it began with.
        let mut new = kafka.bootstrap_servers.servers;
        new.extend(own.brokers()?);
        servers.push(Server { called: KAFKA, old, new, before: before(KAFKA), met: BTreeSet::new() });
    }
    Ok(servers)
}

/// Each ready pod of the release and what it says; and the pods that say nothing, with the reason.
type Looks = (Vec<Pod>, Vec<(String, String)>);

async fn look(run: &Run, servers: &[Server]) -> Result<Looks, Halt> {
    let mut hosts: Vec<_> =
        servers.iter().flat_map(|server| server.old.iter().chain(&server.new)).map(|(host, _)| host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let command: Vec<_> = ["sh", "-c", PROBE, "sh"].into_iter().chain(hosts).collect();
    let (mut pods, mut unseen) = (Vec::new(), Vec::new());
    for (kind, workload, _) in workloads_of(run.product(), &run.cluster, &run.state.release).await? {
        let of = format!("{}/{}", kind.kind, text(&workload, "/metadata/name"));
        for pod in pods_of(&run.cluster, &workload).await?.iter().filter(|pod| is_meant_to_run(pod)) {
            let name = text(pod, "/metadata/name").to_owned();
            if !is_ready(pod) {
                unseen.push((name, "it is not ready".to_owned()));
                continue;
            }
            let container = text(pod, "/spec/containers/0/name");
            match seen(&run.cluster, &name, container, &command).await {
                Ok(seen) => pods.push(Pod { name, workload: of.clone(), seen }),
                Err(why) => unseen.push((name, why)),
            }
        }
    }
    Ok((pods, unseen))
}

/// Whether a pod is neither over nor about to go.
fn is_meant_to_run(pod: &Json) -> bool {
    let is_over = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    !is_over && pod.pointer("/metadata/deletionTimestamp").is_none()
}

/// What a pod says. What a command printed may be lost on the way.
async fn seen(cluster: &Cluster, pod: &str, container: &str, command: &[&str]) -> Result<Seen, String> {
    let mut why = String::new();
    for _ in 0..TRIES {
        match cluster.exec(pod, container, command, LOOK).await {
            Ok(said) => match Seen::read(&said.out) {
                Some(seen) if seen.is_blind() => {
                    return Err("it resolves no server's name: its image may have no getent".to_owned());
                }
                Some(seen) => return Ok(seen),
                None => why = format!("its answer is not whole: {:?}", said.error),
            },
            Err(error) => why = error,
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::streams::own::tests::{BOTH, values};

    #[test]
    fn all_brokers_of_the_old_kafka_are_looked_for() {
        let mut own = Own::new(&values(BOTH));
        own.old_brokers = vec!["old-1:9096".to_owned(), "old-7:9096".to_owned()];
        let servers = servers(&own).unwrap();
        let kafka = servers.iter().find(|server| server.called == KAFKA).unwrap();
        assert_eq!(server::hosts(&kafka.old), "old-1, old-7");
        assert_eq!(server::hosts(&kafka.new), "new-1, new-2");
    }
}

//! A server of before, the one that takes its place, and which pods use which.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::seen::Seen;
use crate::shown::kept;

/// A server of before, and the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// The name of the step that restores it.
    pub(super) called: &'static str,
    pub(super) old: Vec<(String, u16)>,
    pub(super) new: Vec<(String, u16)>,
    /// Workloads whose pods were connected to the old one before they were stopped, and how many. None if nobody could look.
    pub(super) before: Option<BTreeMap<String, usize>>,
}

/// A pod that has said where it is connected to.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    /// Kind and name of what it is of.
    pub(super) workload: String,
    pub(super) seen: Seen,
}

impl Server {
    /// The addresses of servers, as a pod resolves them.
    fn addresses(seen: &Seen, servers: &[(String, u16)]) -> BTreeSet<SocketAddr> {
        let of = |(host, port): &(String, u16)| {
            let all = seen.hosts.iter().filter(move |(name, _)| name == host).flat_map(|(_, addresses)| addresses);
            all.map(|address| SocketAddr::new(*address, *port)).collect::<Vec<_>>()
        };
        servers.iter().flat_map(of).collect()
    }

    /// The pods that are connected to a new server, and those that are to an old one: an address that both have is a new one's.
    fn users<'p>(&self, pods: &'p [Pod]) -> [Vec<&'p Pod>; 2] {
        let mut users = [Vec::new(), Vec::new()];
        for pod in pods {
            let new = Self::addresses(&pod.seen, &self.new);
            let old: BTreeSet<_> = Self::addresses(&pod.seen, &self.old).difference(&new).copied().collect();
            for (users, addresses) in users.iter_mut().zip([new, old]) {
                if !pod.seen.peers.is_disjoint(&addresses) {
                    users.push(pod);
                }
            }
        }
        users
    }

    /// The workloads that are connected to the old server, and by how many pods.
    pub(super) fn old_users(&self, pods: &[Pod]) -> BTreeMap<String, usize> {
        // Its address may be the new one's, too: a name that leads elsewhere later.
        let before = Self { new: Vec::new(), ..self.clone() };
        let [_, old] = before.users(pods);
        old.iter().fold(BTreeMap::new(), |mut all, pod| {
            let count: &mut usize = all.entry(pod.workload.clone()).or_default();
            *count = count.saturating_add(1);
            all
        })
    }

    /// Pods that are still connected to an old server.
    pub(super) fn is_late(&self, pods: &[Pod]) -> Option<String> {
        let [_, old] = self.users(pods);
        (!old.is_empty())
            .then(|| format!("{}: still connected to {}: {}", self.called, hosts(&self.old), listed(&names(&old))))
    }

    /// Workloads of which fewer pods are connected to a new server than were to the old one. Pods that are no more, or cannot be looked into, do not count.
    pub(super) fn is_absent(&self, pods: &[Pod]) -> Option<String> {
        let [new, _] = self.users(pods);
        let count =
            |pods: &mut dyn Iterator<Item = &Pod>, workload: &str| pods.filter(|pod| pod.workload == workload).count();
        let lack = self.before.iter().flatten().filter_map(|(workload, before)| {
            let wanted = count(&mut pods.iter(), workload).min(*before);
            let now = count(&mut new.iter().copied(), workload);
            (now < wanted).then(|| format!("{} ({now} of {wanted} pods)", kept(workload)))
        });
        let lack: Vec<_> = lack.collect();
        (!lack.is_empty()).then(|| {
            format!(
                "{}: was connected to {} before, and is not to {}: {}",
                self.called,
                hosts(&self.old),
                hosts(&self.new),
                lack.join(", ")
            )
        })
    }

    /// The pods that are not connected to a new server.
    pub(super) fn others<'p>(&self, pods: &'p [Pod]) -> Vec<&'p str> {
        let [new, _] = self.users(pods);
        let is_used = |pod: &&Pod| !new.iter().any(|user| user.name == pod.name);
        pods.iter().filter(is_used).map(|pod| pod.name.as_str()).collect()
    }

    /// Whether a pod is connected to a new server.
    pub(super) fn is_used(&self, pods: &[Pod]) -> bool {
        let [new, _] = self.users(pods);
        !new.is_empty()
    }

    /// Whether it is known which workloads use it.
    pub(super) fn is_known(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !before.is_empty())
    }

    /// What was seen.
    pub(super) fn text(&self, pods: &[Pod]) -> String {
        let [new, _] = self.users(pods);
        let (called, now) = (self.called, hosts(&self.new));
        let old = if self.old.is_empty() { String::new() } else { format!("; none to {}", hosts(&self.old)) };
        let others = self.others(pods);
        let others = if others.is_empty() { String::new() } else { format!("; not connected: {}", listed(&others)) };
        let users = listed(&names(&new));
        format!("{called}: {} of {} pods are connected to {now}{old}: {users}{others}", new.len(), pods.len())
    }

    /// That which pods use it could not be seen before, and some do not now.
    pub(super) fn doubt(&self, pods: &[Pod]) -> Option<String> {
        let (called, now) = (self.called, hosts(&self.new));
        if !self.is_used(pods) {
            return Some(format!("{called}: no pod was seen connected to {now}: look at their logs"));
        }
        let others = self.others(pods);
        (!self.is_known() && !others.is_empty()).then(|| {
            format!(
                "{called}: which pods used {} could not be seen before. These are not connected to {now}: {}. If they need it, look at their logs",
                if self.old.is_empty() { "the old server".to_owned() } else { hosts(&self.old) },
                listed(&others)
            )
        })
    }
}

fn names<'p>(pods: &[&'p Pod]) -> Vec<&'p str> {
    pods.iter().map(|pod| pod.name.as_str()).collect()
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| kept(name)).collect::<Vec<_>>().join(", ")
}

/// The hosts, without those that are there twice.
pub(super) fn hosts(servers: &[(String, u16)]) -> String {
    servers.iter().map(|(host, _)| host.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::seen::tests::SAID;
    use super::*;

    fn server(old: &str, new: &str) -> Server {
        Server { called: "mariadb", old: vec![(old.to_owned(), 3306)], new: vec![(new.to_owned(), 3306)], before: None }
    }

    fn pod(name: &str, workload: &str, said: &str) -> Pod {
        Pod { name: name.to_owned(), workload: workload.to_owned(), seen: Seen::read(said).unwrap() }
    }

    /// What a pod without connections says.
    const NOTHING: &str = "= old\n10.0.0.9 STREAM old\n= new\n10.0.0.10 STREAM new\n=\n";

    #[test]
    fn a_pod_that_keeps_the_old_connection_is_named() {
        let pods = [pod("hub-1", "Deployment/hub", SAID)];
        assert_eq!(server("old", "new").is_late(&pods), None);
        assert_eq!(server("old", "new").text(&pods), "mariadb: 1 of 1 pods are connected to new; none to old: hub-1");
        let late = server("new", "old").is_late(&pods).unwrap();
        assert_eq!(late, "mariadb: still connected to new: hub-1");
        assert!(!server("old", "none").is_used(&pods) && server("old", "new").is_used(&pods));
        // Connected to both, and to a second server.
        let both = Server {
            old: vec![("old".to_owned(), 1), ("new".to_owned(), 3306)],
            new: vec![("old".to_owned(), 3306)],
            ..server("", "")
        };
        assert!(both.is_late(&pods).is_some());
        // The new name leads to the old address.
        assert_eq!(server("new", "new").is_late(&pods), None);
    }

    #[test]
    fn each_workload_that_used_the_old_server_has_to_use_the_new_one() {
        let before = [
            pod("hub-1", "Deployment/hub", SAID),
            pod("sse-1", "Deployment/sse", SAID),
            pod("post-1", "Deployment/post", NOTHING),
        ];
        let noted = server("new", "other").old_users(&before);
        assert_eq!(noted, [("Deployment/hub".to_owned(), 1), ("Deployment/sse".to_owned(), 1)].into());
        // Where the name stays and leads elsewhere, too.
        assert_eq!(server("new", "new").old_users(&before), noted);

        let server = Server { before: Some(noted), ..server("old", "new") };
        let mut after = vec![
            pod("hub-2", "Deployment/hub", SAID),
            pod("sse-2", "Deployment/sse", NOTHING),
            pod("post-2", "Deployment/post", NOTHING),
        ];
        assert_eq!(
            server.is_absent(&after).unwrap(),
            "mariadb: was connected to old before, and is not to new: Deployment/sse (0 of 1 pods)"
        );
        assert_eq!(server.others(&after), ["sse-2", "post-2"]);
        after[1] = pod("sse-2", "Deployment/sse", SAID);
        assert_eq!((server.is_absent(&after), server.doubt(&after)), (None, None));
        assert!(server.text(&after).ends_with("hub-2, sse-2; not connected: post-2"), "{}", server.text(&after));
        // A workload that has no pods any more is not waited for.
        after.remove(1);
        assert_eq!(server.is_absent(&after), None);
    }

    #[test]
    fn what_could_not_be_seen_before_is_said() {
        let pods = [pod("hub-2", "Deployment/hub", SAID), pod("sse-2", "Deployment/sse", NOTHING)];
        let doubt = server("old", "new").doubt(&pods).unwrap();
        assert!(doubt.contains("could not be seen before") && doubt.contains("new: sse-2."), "{doubt}");
        assert_eq!(server("old", "new").doubt(&pods[..1]), None);
        assert!(server("old", "new").doubt(&pods[1..]).unwrap().contains("no pod was seen connected to new"));
    }
}

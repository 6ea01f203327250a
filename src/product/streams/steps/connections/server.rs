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
    /// Pods that were connected to a new one in any look: one that has nothing to do may leave it.
    pub(super) met: BTreeSet<String>,
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

    /// Notes which pods are connected to a new server.
    pub(super) fn meet(&mut self, pods: &[Pod]) {
        let [new, _] = self.users(pods);
        let names: Vec<_> = new.iter().map(|pod| pod.name.clone()).collect();
        self.met.extend(names);
    }

    /// Pods that are still connected to an old server.
    pub(super) fn is_late(&self, pods: &[Pod]) -> Option<String> {
        let [_, old] = self.users(pods);
        (!old.is_empty())
            .then(|| format!("{}: still connected to {}: {}", self.called, hosts(&self.old), listed(&names(&old))))
    }

    /// Workloads of which fewer pods were seen connected to a new server than were to the old one. Pods that are no more, or cannot be looked into, do not
    /// count.
    pub(super) fn is_absent(&self, pods: &[Pod]) -> Option<String> {
        let lack = self.before.iter().flatten().filter_map(|(workload, before)| {
            let all = || pods.iter().filter(|pod| pod.workload == *workload);
            let wanted = all().count().min(*before);
            let seen = all().filter(|pod| self.met.contains(&pod.name)).count();
            (seen < wanted).then(|| format!("{} ({seen} of {wanted} pods)", kept(workload)))
        });
        let lack: Vec<_> = lack.collect();
        (!lack.is_empty()).then(|| {
            format!(
                "{}: was connected to {} before, and was not seen connected to {}: {}",
                self.called,
                hosts(&self.old),
                hosts(&self.new),
                lack.join(", ")
            )
        })
    }

    /// The pods that were not seen connected to a new server.
    pub(super) fn others<'p>(&self, pods: &'p [Pod]) -> Vec<&'p str> {
        pods.iter().map(|pod| pod.name.as_str()).filter(|name| !self.met.contains(*name)).collect()
    }

    /// Whether a pod was seen connected to a new server.
    pub(super) fn is_used(&self) -> bool {
        !self.met.is_empty()
    }

    /// That nobody uses it, though Streams runs: some workload needs each server, whoever it is. A pod that cannot be looked into may be the one.
    pub(super) fn is_idle(&self, pods: &[Pod], unseen: usize) -> Option<String> {
        (!self.is_used() && !pods.is_empty() && unseen == 0)
            .then(|| format!("{}: no pod was seen connected to {}", self.called, hosts(&self.new)))
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
        let users = names(&new);
        let earlier = pods.iter().map(|pod| pod.name.as_str());
        let earlier: Vec<_> = earlier.filter(|name| self.met.contains(*name) && !users.contains(name)).collect();
        let rest = [("connected in an earlier look", earlier), ("not connected", self.others(pods))];
        let rest = rest.iter().filter(|(_, names)| !names.is_empty());
        let rest: String = rest.map(|(what, names)| format!("; {what}: {}", listed(names))).collect();
        let (count, users) = (users.len(), listed(&users));
        format!("{called}: {count} of {} pods are connected to {now}{old}: {users}{rest}", pods.len())
    }

    /// That which pods use it could not be seen before, and some do not now.
    pub(super) fn doubt(&self, pods: &[Pod]) -> Option<String> {
        let (called, now) = (self.called, hosts(&self.new));
        if !self.is_used() {
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
        Server {
            called: "mariadb",
            old: vec![(old.to_owned(), 3306)],
            new: vec![(new.to_owned(), 3306)],
            before: None,
            met: BTreeSet::new(),
        }
    }

    fn met(mut server: Server, pods: &[Pod]) -> Server {
        server.meet(pods);
        server
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
        assert_eq!(
            met(server("old", "new"), &pods).text(&pods),
            "mariadb: 1 of 1 pods are connected to new; none to old: hub-1"
        );
        let late = server("new", "old").is_late(&pods).unwrap();
        assert_eq!(late, "mariadb: still connected to new: hub-1");
        assert!(!met(server("old", "none"), &pods).is_used() && met(server("old", "new"), &pods).is_used());
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

        let mut server = Server { before: Some(noted), ..server("old", "new") };
        let mut after = vec![
            pod("hub-2", "Deployment/hub", SAID),
            pod("sse-2", "Deployment/sse", NOTHING),
            pod("post-2", "Deployment/post", NOTHING),
        ];
        server.meet(&after);
        assert_eq!(
            server.is_absent(&after).unwrap(),
            "mariadb: was connected to old before, and was not seen connected to new: Deployment/sse (0 of 1 pods)"
        );
        assert_eq!(server.others(&after), ["sse-2", "post-2"]);
        after[1] = pod("sse-2", "Deployment/sse", SAID);
        server.meet(&after);
        assert_eq!((server.is_absent(&after), server.doubt(&after)), (None, None));
        assert!(server.text(&after).ends_with("hub-2, sse-2; not connected: post-2"), "{}", server.text(&after));
        // One that has nothing to do leaves it again.
        after[1] = pod("sse-2", "Deployment/sse", NOTHING);
        server.meet(&after);
        assert_eq!((server.is_absent(&after), server.doubt(&after)), (None, None));
        let text = server.text(&after);
        assert!(text.ends_with(": hub-2; connected in an earlier look: sse-2; not connected: post-2"), "{text}");
        // Its next pod has to be seen, too.
        after[1] = pod("sse-3", "Deployment/sse", NOTHING);
        assert!(server.is_absent(&after).is_some() && server.is_used());
        // A workload that has no pods any more is not waited for.
        after.remove(1);
        assert_eq!(server.is_absent(&after), None);
    }

    #[test]
    fn what_could_not_be_seen_before_is_said() {
        let pods = [pod("hub-2", "Deployment/hub", SAID), pod("sse-2", "Deployment/sse", NOTHING)];
        let doubt = met(server("old", "new"), &pods).doubt(&pods).unwrap();
        assert!(doubt.contains("could not be seen before") && doubt.contains("new: sse-2."), "{doubt}");
        assert_eq!(met(server("old", "new"), &pods).doubt(&pods[..1]), None);
        assert!(server("old", "new").doubt(&pods[1..]).unwrap().contains("no pod was seen connected to new"));
    }

    #[test]
    fn a_server_that_nobody_uses_is_named() {
        let pods = [pod("hub-2", "Deployment/hub", SAID), pod("sse-2", "Deployment/sse", NOTHING)];
        let unused = met(server("old", "new"), &pods[1..]);
        assert_eq!(unused.is_idle(&pods[1..], 0).unwrap(), "mariadb: no pod was seen connected to new");
        assert_eq!(unused.is_idle(&pods[1..], 1), None, "another pod could not be looked into");
        assert_eq!(unused.is_idle(&[], 0), None, "no pod is meant to run");
        // One of them is enough: not each pod needs each server.
        assert_eq!(met(server("old", "new"), &pods).is_idle(&pods, 0), None);
    }
}

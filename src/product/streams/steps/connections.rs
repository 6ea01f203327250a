//! Where the pods are connected to: a pod that is ready may still use the old server.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::own;
use crate::cluster::Cluster;
use crate::cluster::condition::text;
use crate::product::streams::chart;
use crate::product::streams::own::Own;
use crate::run::steps::{ready_pods, restored, workloads_of};
use crate::run::{Context as _, Halt, Run};
use crate::shown::kept;

/// How long pods may be connected to the old server, after they are ready.
const LIMIT: Duration = Duration::from_secs(180);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a look into one pod may take.
const LOOK: Duration = Duration::from_secs(20);
/// How often a pod is asked that gives no whole answer.
const TRIES: usize = 3;
/// Prints the connections of a pod, and the addresses of each host as the pod resolves it.
const PROBE: &str = r#"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; for host; do echo "= $host"; getent ahosts "$host" || getent hosts "$host"; done; echo ="#;

/// A server of before, and the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    called: &'static str,
    old: Vec<(String, u16)>,
    new: Vec<(String, u16)>,
}

/// What a pod says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// The other ends of its connections.
    peers: BTreeSet<SocketAddr>,
    /// Hosts, and their addresses.
    hosts: Vec<(String, BTreeSet<IpAddr>)>,
}

/// Waits until the release is ready, and no pod is connected to an old server.
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

/// Looks until no pod is connected to an old server.
async fn see(run: &mut Run) -> Result<(), Halt> {
    let servers = servers(&own(run)?)?;
    if servers.is_empty() {
        return Ok(());
    }
    let began = Instant::now();
    loop {
        let (pods, unseen) = look(run, &servers).await?;
        let late: Vec<_> = servers.iter().filter_map(|server| server.is_late(&pods)).collect();
        let is_over = began.elapsed() > LIMIT;
        // A pod connects when it has something to do.
        if late.is_empty() && (is_over || servers.iter().all(|server| server.is_used(&pods))) {
            for server in &servers {
                match server.is_used(&pods) {
                    true => run.finding(&server.text(&pods)),
                    false => run.doubt(&format!(
                        "{}: no pod was seen connected to {}: look at their logs",
                        server.called,
                        hosts(&server.new)
                    )),
                }
            }
            for (pod, why) in unseen {
                run.doubt(&format!("where pod {pod} is connected to was not seen: {}", kept(&why)));
            }
            return Ok(());
        }
        if is_over {
            return Err(Halt::new(late.join("\n"))
                .help("restart such a pod: kubectl delete pod NAME")
                .help(format!("and resume: helm hwdr resume {}", run.state.release)));
        }
        let waits = if late.is_empty() {
            "waiting for a pod to connect to the new servers".to_owned()
        } else {
            late.join("; ")
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
    let mut servers = Vec::new();
    if let Some(host) = &own.host {
        let old = own.old_host()?.map(|host| (host, port)).into_iter().collect();
        servers.push(Server { called: "mariadb", old, new: vec![(host.clone(), port)] });
    }
    if let Some(kafka) = restore.kafka {
        let old = chart::bootstrap(&values).map(|(old, _)| old.servers).unwrap_or_default();
        servers.push(Server { called: "kafka", old, new: kafka.bootstrap_servers.servers });
    }
    Ok(servers)
}

/// Each ready pod of the release and what it says; and the pods that say nothing, with the reason.
type Looks = (Vec<(String, Seen)>, Vec<(String, String)>);

async fn look(run: &Run, servers: &[Server]) -> Result<Looks, Halt> {
    let hosts = servers.iter().flat_map(|server| server.old.iter().chain(&server.new)).map(|(host, _)| host.as_str());
    let command: Vec<_> = ["sh", "-c", PROBE, "sh"].into_iter().chain(hosts).collect();
    let (mut pods, mut unseen) = (Vec::new(), Vec::new());
    for (_, workload, _) in workloads_of(run.product(), &run.cluster, &run.state.release).await? {
        for pod in ready_pods(&run.cluster, &workload).await? {
            let name = text(&pod, "/metadata/name").to_owned();
            let container = text(&pod, "/spec/containers/0/name");
            match seen(&run.cluster, &name, container, &command).await {
                Ok(seen) => pods.push((name, seen)),
                Err(why) => unseen.push((name, why)),
            }
        }
    }
    Ok((pods, unseen))
}

/// What a pod says. What a command printed may be lost on the way.
async fn seen(cluster: &Cluster, pod: &str, container: &str, command: &[&str]) -> Result<Seen, String> {
    let mut why = String::new();
    for _ in 0..TRIES {
        match cluster.exec(pod, container, command, LOOK).await {
            Ok(said) => match Seen::read(&said.out) {
                Some(seen) => return Ok(seen),
                None => why = format!("its answer is not whole: {:?}", said.error),
            },
            Err(error) => why = error,
        }
    }
    Err(why)
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
    fn users<'p>(&self, pods: &'p [(String, Seen)]) -> [Vec<&'p str>; 2] {
        let mut users = [Vec::new(), Vec::new()];
        for (name, seen) in pods {
            let new = Self::addresses(seen, &self.new);
            let old: BTreeSet<_> = Self::addresses(seen, &self.old).difference(&new).copied().collect();
            for (users, addresses) in users.iter_mut().zip([new, old]) {
                if !seen.peers.is_disjoint(&addresses) {
                    users.push(name.as_str());
                }
            }
        }
        users
    }

    /// Why it is not over yet.
    fn is_late(&self, pods: &[(String, Seen)]) -> Option<String> {
        let [_, old] = self.users(pods);
        (!old.is_empty())
            .then(|| format!("{}: still connected to {}: {}", self.called, hosts(&self.old), old.join(", ")))
    }

    /// Whether a pod is connected to a new server.
    fn is_used(&self, pods: &[(String, Seen)]) -> bool {
        let [new, _] = self.users(pods);
        !new.is_empty()
    }

    /// What was seen.
    fn text(&self, pods: &[(String, Seen)]) -> String {
        let [new, _] = self.users(pods);
        let (called, now) = (self.called, hosts(&self.new));
        let old = if self.old.is_empty() { String::new() } else { format!("; none to {}", hosts(&self.old)) };
        format!("{called}: {} of {} pods are connected to {now}{old}: {}", new.len(), pods.len(), new.join(", "))
    }
}

/// The hosts, without those that are there twice.
fn hosts(servers: &[(String, u16)]) -> String {
    servers.iter().map(|(host, _)| host.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

impl Seen {
    /// What [`PROBE`] prints; none if it did not come to its end.
    fn read(text: &str) -> Option<Self> {
        let mut seen = Self::default();
        let mut is_whole = false;
        for line in text.lines() {
            if let Some(host) = line.strip_prefix('=') {
                match host.trim() {
                    "" => is_whole = true,
                    host => seen.hosts.push((host.to_owned(), BTreeSet::new())),
                }
                continue;
            }
            match seen.hosts.last_mut() {
                None => seen.peers.extend(peer(line)),
                Some((_, addresses)) => {
                    addresses.extend(line.split_whitespace().next().and_then(|word| word.parse::<IpAddr>().ok()));
                }
            }
        }
        is_whole.then_some(seen)
    }
}

/// The other end of an established connection (Linux, Documentation/networking/proc_net_tcp.rst): addresses in the order of this processor.
fn peer(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace().skip(2);
    let (address, state) = (words.next()?, words.next()?);
    let (address, port) = address.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok().filter(|_| state == "01")?;
    let group = |at: usize| u32::from_str_radix(address.get(at..at.checked_add(8)?)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(group(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (number, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&group(number.checked_mul(8)?)?);
            }
            let ip = Ipv6Addr::from(bytes);
            ip.to_ipv4_mapped().map_or(IpAddr::from(ip), IpAddr::from)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0500000A:9C40 0A00000A:0CEA 01 00000000:00000000 00:00000000 00000000     0        0 2
  sl  local_address                         remote_address                        st
   0: 0000000000000000FFFF00000500000A:9C41 0000000000000000FFFF00000B00000A:2388 01 0 0 0 0
= old
10.0.0.9 STREAM old
= new
10.0.0.10 STREAM new
10.0.0.10 DGRAM
=
";

    fn server(old: &str, new: &str) -> Server {
        Server { called: "mariadb", old: vec![(old.to_owned(), 3306)], new: vec![(new.to_owned(), 3306)] }
    }

    #[test]
    fn connections_of_both_families_are_read() {
        let seen = Seen::read(SAID).unwrap();
        let peers: Vec<_> = seen.peers.iter().map(ToString::to_string).collect();
        assert_eq!(peers, ["10.0.0.10:3306", "10.0.0.11:9096"]);
        assert_eq!(seen.hosts[1], ("new".to_owned(), ["10.0.0.10".parse().unwrap()].into()));
        assert_eq!(Seen::read("sh: no getent\n= old\n"), None);
        for line in ["", "x y z", "0: a:b c:d 01", "0: 1:1 0A0000:0CEA 01", "0: 0500000A:9C40 0A00000A:FFFFF 01"] {
            assert_eq!(peer(line), None, "{line}");
        }
    }

    #[test]
    fn a_pod_that_keeps_the_old_connection_is_named() {
        let pods = [("hub-1".to_owned(), Seen::read(SAID).unwrap())];
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
}

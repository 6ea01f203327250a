//! The checks.

use std::collections::{BTreeMap, BTreeSet};

use super::look::paths;
use super::{Facts, Trouble};
use crate::check::name_of;
use crate::finding::Finding;
use crate::inventory::{Blocks, Host, Inventory, Role};
use crate::parse::hopsfs::DataNode;
use crate::parse::probe::TOOLS;
use crate::parse::show::{Kind, Node};

/// Clocks further apart than this make times in logs and ids of backups wrong.
const SKEW: i64 = 5;
/// KiB that are little, and that are nothing.
const LITTLE: u64 = 512 << 10;
const NOTHING: u64 = 32 << 10;

/// All checks.
pub fn judge(inventory: &Inventory, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    hosts(inventory, facts, &mut found);
    accounts(inventory, facts, &mut found);
    versions(facts, &mut found);
    cluster(inventory, facts, &mut found);
    hopsfs(inventory, facts, &mut found);
    room(inventory, facts, &mut found);
    parts(inventory, facts, &mut found);
    match &facts.databases {
        Some(Ok(names)) => found.push(Finding::fine("", format!("MySQL answers: {} databases", names.len()))),
        Some(Err(why)) => found.push(Finding::error("mysql", format!("MySQL does not answer: {why}"))),
        None => {}
    }
    match &facts.others {
        Some(Ok(others)) if !others.is_empty() => {
            let what = format!("no backup has the rows of tables that are not in RonDB: {}", some(others));
            found.push(
                Finding::warning("mysql", what)
                    .help("back them up by other means, or move them: ALTER TABLE … ENGINE=NDBCLUSTER"),
            );
        }
        Some(Err(why)) => {
            found.push(Finding::warning(
                "mysql",
                format!("whether there are tables outside of RonDB is not known: {why}"),
            ));
        }
        _ => {}
    }
    match &facts.away {
        Some(Ok(place)) => found.push(Finding::fine("", format!("backups can be sent to {place}"))),
        Some(Err(why)) => found.push(
            Finding::error("", format!("backups cannot be sent: {why}"))
                .help("correct backups in the inventory, or rclone's configuration: rclone config"),
        ),
        None => {}
    }
    if !facts.has_rsync {
        found.push(Finding::error("", "rsync is not on this machine").help("install it: apt-get install rsync"));
    }
    found
}

/// The first few names of many.
pub(crate) fn some(names: &[String]) -> String {
    let few: Vec<_> = names.iter().take(5).map(|name| hwdr_values::shown::plain(name).into_owned()).collect();
    match names.len().saturating_sub(few.len()) {
        0 => few.join(", "),
        more => format!("{}, and {more} more", few.join(", ")),
    }
}

/// Whether hosts answer, and have what they need.
fn hosts(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    let mut reached = 0_usize;
    for host in &inventory.hosts {
        let probe = match facts.hosts.get(&host.name) {
            Some(Ok(probe)) => probe,
            Some(Err(Trouble { what, help })) => {
                let finding = Finding::error(host.name.as_str(), what);
                found.push(match help {
                    Some(help) => finding.help(help),
                    None => finding,
                });
                continue;
            }
            None => continue,
        };
        reached = reached.saturating_add(1);
        let missing: Vec<_> = TOOLS.into_iter().filter(|tool| !probe.tools.contains(*tool)).collect();
        if !missing.is_empty() {
            found.push(
                Finding::error(host.name.as_str(), format!("has no {}", missing.join(", ")))
                    .help("install it on the host"),
            );
        }
        for (path, role) in paths(inventory, host) {
            if !probe.paths.contains_key(&path) {
                let help = format!("correct paths in the inventory, or the roles of {}", host.name);
                found.push(
                    Finding::error(host.name.as_str(), format!("{path} is not there ({})", role.word())).help(help),
                );
            }
        }
        match probe.skew {
            skew if skew.abs() > SKEW => {
                let way = if skew > 0 { "fast" } else { "slow" };
                let what = format!("the clock is {} {way}", hwdr_values::shown::duration(skew.unsigned_abs()));
                found.push(
                    Finding::warning(host.name.as_str(), what).help("synchronize the clocks, for example with chrony"),
                );
            }
            _ => {}
        }
    }
    if reached > 0 {
        found.push(Finding::fine("", format!("{reached} of {} hosts answer", inventory.hosts.len())));
    }
}

fn accounts(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    for (host, account, why) in &facts.accounts {
        let user = if *account == "mysql" { &inventory.users.mysql } else { &inventory.users.hdfs };
        let help = format!(
            "allow it without a password: see sudo -l -U {} on {host}",
            inventory.ssh.user.as_deref().unwrap_or("USER")
        );
        found.push(Finding::error(host.as_str(), format!("sudo to {user} fails: {why}")).help(help));
    }
    // Owners, as they should be.
    for host in &inventory.hosts {
        let Some(Ok(probe)) = facts.hosts.get(&host.name) else { continue };
        let own = [
            (Role::Ndb, &inventory.paths.ndb_backups, &inventory.users.mysql),
            (Role::DataNode, &inventory.paths.blocks, &inventory.users.hdfs),
        ];
        for (role, path, user) in own.into_iter().filter(|(role, ..)| host.has(*role)) {
            let Some(owner) = probe.paths.get(path) else { continue };
            if owner.split(':').next() != Some(user.as_str()) {
                let what = format!(
                    "{path} belongs to {}, expected {user} ({})",
                    hwdr_values::shown::plain(owner),
                    role.word()
                );
                found.push(
                    Finding::error(host.name.as_str(), what)
                        .help("correct users in the inventory, or the owner on the host"),
                );
            }
        }
    }
}

/// Whether all hosts have the same programs.
fn versions(facts: &Facts, found: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (host, probe) in &facts.hosts {
        for version in probe.iter().flat_map(|probe| probe.versions.values()).filter(|version| !version.is_empty()) {
            seen.entry(version).or_default().insert(host.as_str());
        }
    }
    let all: Vec<_> = seen
        .iter()
        .map(|(version, hosts)| format!("{version} on {}", hosts.iter().copied().collect::<Vec<_>>().join(", ")))
        .collect();
    match seen.len() {
        0 => {}
        1 => found.push(Finding::fine(
            "",
            format!("the same version everywhere: {}", seen.keys().next().copied().unwrap_or_default()),
        )),
        _ => found.push(
            Finding::error("", format!("different versions: {}", all.join("; ")))
                .help("ndb_restore and data nodes must be of one version"),
        ),
    }
}

/// Whether the inventory and the management server agree.
fn cluster(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    let nodes = match &facts.nodes {
        Some(Ok(nodes)) => nodes,
        Some(Err(why)) => {
            found.push(Finding::error("management", format!("the management server does not answer: {why}")));
            return;
        }
        None => return,
    };
    let data: Vec<_> = nodes.iter().filter(|node| node.kind == Kind::Data).collect();
    for host in inventory.with(Role::Ndb) {
        for id in &host.nodes {
            data_node(host, *id, &data, found);
        }
    }
    for node in data.iter().filter(|node| !inventory.hosts.iter().any(|host| host.nodes.contains(&node.id))) {
        let help = format!(
            "add its host to the inventory: its part would be missing in backups{}",
            node.address
                .as_deref()
                .map(|address| format!(" ({})", hwdr_values::shown::plain(address)))
                .unwrap_or_default()
        );
        found.push(Finding::error("", format!("data node {} is not in the inventory", node.id)).help(help));
    }
    let free =
        nodes.iter().filter(|node| node.kind == Kind::Api && !node.is_connected && node.address.is_none()).count();
    let running = data.iter().filter(|node| node.is_started).count();
    found.push(Finding::fine(
        "",
        format!("{running} of {} data nodes run; {free} free slots for ndb_restore", data.len()),
    ));
    if free == 0 && !nodes.iter().any(|node| node.kind == Kind::Api && !node.is_connected) {
        found.push(
            Finding::error("", "there is no free slot for ndb_restore: a restore would not connect")
                .help("add [API] to config.ini, and restart the management server"),
        );
    }
}

/// Whether the management server shows a data node of the inventory, and where.
fn data_node(host: &Host, id: u16, data: &[&Node], found: &mut Vec<Finding>) {
    match data.iter().find(|node| node.id == id) {
        None => {
            let known: Vec<_> = data.iter().map(|node| node.id.to_string()).collect();
            let what = format!("nodeId {id} is not in the cluster: ndb_mgm shows {}", known.join(", "));
            found.push(Finding::error(host.name.as_str(), what).help("correct nodeId in the inventory"));
        }
        Some(node) if !node.is_started => {
            found.push(
                Finding::error(host.name.as_str(), format!("data node {id} is not started"))
                    .help("start it: systemctl start ndbmtd"),
            );
        }
        Some(node) => {
            // Names are not compared with addresses.
            let is_number = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
            let elsewhere =
                node.address.as_deref().filter(|it| is_number(it) && is_number(&host.address) && *it != host.address);
            if let Some(address) = elsewhere.filter(|address| *address != "127.0.0.1") {
                let what = format!(
                    "data node {id} is at {}, and the inventory says {}",
                    hwdr_values::shown::plain(address),
                    host.address
                );
                found.push(Finding::error(host.name.as_str(), what).help("correct nodeId or address in the inventory"));
            }
        }
    }
}

fn hopsfs(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut storages: BTreeMap<&str, &str> = BTreeMap::new();
    for (host, version) in &facts.versions {
        match version {
            Err(why) => {
                found.push(Finding::error(host.as_str(), format!("current/VERSION of HopsFS cannot be read: {why}")))
            }
            Ok(version) => {
                clusters.entry(&version.cluster_id).or_default().push(host.as_str());
                if let Some(other) = storages.insert(&version.storage_id, host.as_str()) {
                    let what = format!(
                        "has the same storage id as {other}: {}",
                        hwdr_values::shown::plain(&version.storage_id)
                    );
                    found.push(
                        Finding::error(host.as_str(), what)
                            .help("a data node was copied: name nodes see only one of the two"),
                    );
                }
            }
        }
    }
    for (host, probe) in &facts.hosts {
        let Ok(probe) = probe else { continue };
        let Some(own) = probe.own.as_ref().filter(|own| probe.folders.iter().any(|folder| folder != *own)) else {
            continue;
        };
        let folders: Vec<_> = probe.folders.iter().cloned().collect();
        let what = format!(
            "HopsFS keeps blocks in {}, and the inventory says {}",
            some(&folders),
            hwdr_values::shown::plain(own)
        );
        let help = match folders.len() {
            1 => "correct paths.blocks in the inventory",
            _ => "blocks of several folders cannot be backed up: see dfs.datanode.data.dir in hdfs-site.xml",
        };
        found.push(Finding::error(host.as_str(), what).help(help));
    }
    if clusters.len() > 1 {
        let all: Vec<_> = clusters
            .iter()
            .map(|(id, hosts)| format!("{} on {}", hwdr_values::shown::plain(id), hosts.join(", ")))
            .collect();
        found.push(Finding::error("", format!("data nodes of HopsFS are of different clusters: {}", all.join("; "))));
    }
    if inventory.blocks == Blocks::Disks {
        unlisted(inventory, facts.data_nodes.as_deref().unwrap_or_default(), found);
    }
    match &facts.safe_mode {
        Some(Ok(false)) => found.push(Finding::fine("", "HopsFS is not in safe mode")),
        Some(Ok(true)) => {
            found.push(Finding::warning("", "HopsFS is in safe mode: blocks are missing, or data nodes do not report"))
        }
        Some(Err(why)) => found.push(Finding::warning("namenode", format!("HopsFS does not answer: {why}"))),
        None => {}
    }
    if inventory.blocks == Blocks::S3 {
        found.push(Finding::fine("", "the blocks of HopsFS are in object storage, and are not copied"));
    }
}

/// Whether RonDB's data nodes have room for parts as large as the last ones. A full disk stops the node.
fn parts(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    let Some(newest) = &facts.newest else { return };
    let folder = format!("{}/BACKUP", inventory.paths.ndb_backups);
    for host in inventory.with(Role::Ndb) {
        let Some(Ok(probe)) = facts.hosts.get(&host.name) else { continue };
        let of_host = |path: &str| name_of(path, newest.id).is_some_and(|name| host.nodes.contains(&name.node));
        let own = newest.files.iter().filter(|file| of_host(&file.path));
        let need = own.fold(0_u64, |sum, file| sum.saturating_add(file.size));
        let free = probe.free(&folder);
        if let Some(free) = free.filter(|free| *free < need) {
            let what = format!(
                "has {} MiB free at {folder}, and its part of the last backup had {} MiB",
                free >> 20,
                need >> 20
            );
            found
                .push(Finding::error(host.name.as_str(), what).help(
                    "make room: a full disk stops RonDB. The cookbook's ndb_backup_cleaner.sh deletes old parts",
                ));
        }
    }
}

/// Whether the inventory has all data nodes of HopsFS that live.
fn unlisted(inventory: &Inventory, nodes: &[DataNode], found: &mut Vec<Finding>) {
    let is_at = |host: &Host, node: &DataNode| host.is_at(&node.address, &node.name);
    let of_none =
        nodes.iter().filter(|node| node.is_live && !inventory.with(Role::DataNode).any(|host| is_at(host, node)));
    let of_none: Vec<_> = of_none.collect();
    // They may be hosts of the inventory that HopsFS knows by other names and addresses, but each host has only one.
    let others = inventory.with(Role::DataNode).filter(|host| !nodes.iter().any(|node| is_at(host, node))).count();
    for node in &of_none {
        let name = hwdr_values::shown::plain(if node.name.is_empty() { &node.address } else { &node.name });
        let address = hwdr_values::shown::plain(&node.address);
        found.push(match of_none.len() > others {
            true => Finding::error(
                "",
                format!("data node {name} of HopsFS is not in the inventory: its blocks would be missing in backups"),
            )
            .help(format!("add its host with the role datanode ({address})")),
            false => Finding::warning(
                "",
                format!("data node {name} of HopsFS ({address}) is no host of the inventory by name or address"),
            )
            .help("name the host as HopsFS does; if it is another one, add it with the role datanode"),
        });
    }
}

/// Whether there is room for a backup here.
fn room(inventory: &Inventory, facts: &Facts, found: &mut Vec<Finding>) {
    let used = |role: Role, path: &str| {
        let probes = inventory.with(role).map(|host| facts.hosts.get(&host.name)?.as_ref().ok());
        let sizes = probes.map(|probe| probe?.used.get(path).copied());
        // One that is not known makes the sum unknown.
        sizes.sum::<Option<u64>>().map(|kib| kib.saturating_mul(1024))
    };
    let Some(room) = facts.room else {
        let what = format!("{} is not there, nor is a folder above it", inventory.backups.display());
        found.push(Finding::error("", what).help("make it, or correct backups.folder in the inventory"));
        return;
    };
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let blocks =
        if inventory.blocks == Blocks::Disks { used(Role::DataNode, &inventory.paths.blocks) } else { Some(0) };
    match blocks {
        Some(need) if need > room => {
            let what = format!(
                "{} has {} free, and a first backup needs more than {}",
                inventory.backups.display(),
                gib(room),
                gib(need)
            );
            found.push(match facts.has_earlier {
                true => Finding::warning("", what).help("later backups share unchanged blocks with earlier ones"),
                false => {
                    Finding::error("", what).help("make room, or name another folder: backups.folder in the inventory")
                }
            });
        }
        Some(need) => found.push(Finding::fine("", format!("{} free for backups; blocks: {}", gib(room), gib(need)))),
        None => found
            .push(Finding::fine("", format!("{} free for backups; the size of the blocks is not known", gib(room)))),
    }
    for (host, probe) in &facts.hosts {
        let Ok(probe) = probe else { continue };
        for (path, kib) in probe.free.iter().filter(|(_, kib)| **kib < LITTLE) {
            let what = format!("only {} MiB are free at {path}", kib / 1024);
            let finding = if *kib < NOTHING { Finding::error } else { Finding::warning };
            let is_backup = path.ends_with("/BACKUP");
            let help = if is_backup { "RonDB writes its part of a backup there first" } else { "make some room" };
            found.push(finding(host.as_str().to_owned(), what).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use hwdr_values::source::Source;

    use super::*;
    use crate::inventory::{HostName, read};
    use crate::manifest::FileOf;
    use crate::parse::hopsfs::Version;
    use crate::parse::probe::Probe;
    use crate::parse::show;
    use crate::stored::Kind;

    fn inventory() -> Inventory {
        read(&Source::new("inventory.yaml", include_str!("../../../../testdata/vm/inventory.yaml"))).unwrap()
    }

    /// A cluster in which all is well.
    fn facts(inventory: &Inventory) -> Facts {
        let version = |id: &str| Version {
            cluster_id: "CID-1".into(),
            storage_id: format!("DS-{id}"),
            datanode_uuid: format!("u-{id}"),
        };
        let probe = |host: &crate::inventory::Host| Probe {
            clock: None,
            skew: 0,
            tools: TOOLS.map(str::to_owned).into(),
            paths: paths(inventory, host)
                .into_iter()
                .map(|(path, role)| (path, if role == Role::DataNode { "hdfs:hdfs" } else { "mysql:mysql" }.to_owned()))
                .collect(),
            free: [("/srv".to_owned(), 10 << 20)].into(),
            used: [(inventory.paths.blocks.clone(), 2 << 10)].into(),
            folders: [inventory.paths.blocks.clone()].into(),
            own: Some(inventory.paths.blocks.clone()),
            versions: [("ndb_restore".to_owned(), "9.7.2".to_owned())].into(),
            ..Probe::default()
        };
        let name = |text| HostName::parse(text).unwrap();
        Facts {
            hosts: inventory.hosts.iter().map(|host| (host.name.clone(), Ok(probe(host)))).collect(),
            nodes: Some(show::parse(show::tests::SHOW)),
            versions: [(name("data1"), Ok(version("1"))), (name("data2"), Ok(version("2")))].into(),
            safe_mode: Some(Ok(false)),
            data_nodes: Some(["data1", "data2"].map(data_node).into()),
            databases: Some(Ok(vec!["hops".to_owned()])),
            others: Some(Ok(Vec::new())),
            room: Some(1 << 30),
            has_rsync: true,
            ..Facts::default()
        }
    }

    /// A data node of HopsFS that HopsFS knows by its name alone.
    fn data_node(name: &str) -> DataNode {
        DataNode { address: "10.1.0.1".into(), name: format!("{name}.example.com"), blocks: Some(1), is_live: true }
    }

    /// HopsFS may know a host by other names than SSH does.
    #[test]
    fn data_nodes_that_may_be_in_the_inventory_are_no_error() {
        let inventory = inventory();
        let levels = |nodes: &[DataNode]| {
            let mut found = Vec::new();
            unlisted(&inventory, nodes, &mut found);
            found.into_iter().map(|it| it.level).collect::<Vec<_>>()
        };
        use crate::finding::Level::{Error, Warning};
        assert_eq!(levels(&["data1", "data2"].map(data_node)), []);
        assert_eq!(levels(&["data1", "ip-10-1-0-2"].map(data_node)), [Warning]);
        assert_eq!(levels(&["data1", "data2", "data3"].map(data_node)), [Error]);
        let dead = |name| DataNode { is_live: false, ..data_node(name) };
        assert_eq!(levels(&[data_node("data1"), dead("data2"), data_node("data3")]), [Error]);
        assert_eq!(levels(&[data_node("data1"), data_node("data2"), dead("old")]), []);
    }

    /// Later backups share blocks; how much they need is not known.
    #[test]
    fn a_first_backup_needs_room_for_all_blocks() {
        let inventory = inventory();
        let is_bad = |has_earlier| {
            let facts = Facts { room: Some(7), has_earlier, ..facts(&inventory) };
            crate::finding::is_bad(&judge(&inventory, &facts))
        };
        assert_eq!((is_bad(false), is_bad(true)), (true, false));
    }

    #[test]
    fn a_good_cluster_has_no_complaints() {
        let inventory = inventory();
        let bad: Vec<_> = judge(&inventory, &facts(&inventory))
            .into_iter()
            .filter(|it| it.level != crate::finding::Level::Fine)
            .collect();
        assert_eq!(bad, []);
    }

    #[test]
    fn each_trouble_is_found() {
        type Break = fn(&mut Facts);
        fn probe<'f>(facts: &'f mut Facts, host: &str) -> &'f mut Probe {
            facts.hosts.get_mut(&HostName::parse(host).unwrap()).unwrap().as_mut().unwrap()
        }
        let cases: [(Break, &str); 19] = [
            (
                |it| it.data_nodes.as_mut().unwrap().push(data_node("data3")),
                ": data node data3.example.com of HopsFS is not in the inventory: its blocks would be missing in backups",
            ),
            (
                |it| {
                    let probe = probe(it, "data2");
                    probe.own = Some("/one/dn".into());
                    probe.folders = ["/one/dn", "/two/dn"].map(str::to_owned).into();
                },
                "data2: HopsFS keeps blocks in /one/dn, /two/dn, and the inventory says /one/dn",
            ),
            (
                |it| it.others = Some(Ok((1..8).map(|number| format!("airflow.t{number}")).collect())),
                "mysql: no backup has the rows of tables that are not in RonDB: airflow.t1, airflow.t2, airflow.t3, airflow.t4, airflow.t5, and 2 more",
            ),
            (
                |it| it.others = Some(Err("no end within 30 s".into())),
                "mysql: whether there are tables outside of RonDB is not known: no end within 30 s",
            ),
            (|it| it.away = Some(Err("no such bucket".into())), ": backups cannot be sent: no such bucket"),
            (
                |it| {
                    drop(it.hosts.insert(
                        HostName::parse("data1").unwrap(),
                        Err(Trouble { what: "cannot be reached".into(), help: None }),
                    ))
                },
                "data1: cannot be reached",
            ),
            (|it| probe(it, "data1").skew = 998, "data1: the clock is 16 min 38 s fast"),
            (|it| assert!(probe(it, "data2").tools.remove("rsync")), "data2: has no rsync"),
            (|it| probe(it, "data2").paths.clear(), "data2: /srv/hops/mysql-cluster/ndb/backups is not there (ndb)"),
            (
                |it| drop(probe(it, "data2").versions.insert("ndb_restore".into(), "8.0.34".into())),
                ": different versions: 8.0.34 on data2; 9.7.2 on data1, head1, head2",
            ),
            (
                |it| {
                    drop(
                        probe(it, "data1")
                            .paths
                            .insert("/srv/hopsworks-data/hops/hopsdata/hdfs/dn".into(), "root:root".into()),
                    )
                },
                "data1: /srv/hopsworks-data/hops/hopsdata/hdfs/dn belongs to root:root, expected hdfs (datanode)",
            ),
            (
                |it| it.nodes.as_mut().unwrap().as_mut().unwrap()[1].id = 3,
                "data2: nodeId 2 is not in the cluster: ndb_mgm shows 1, 3",
            ),
            (
                |it| it.nodes.as_mut().unwrap().as_mut().unwrap()[1].is_started = false,
                "data2: data node 2 is not started",
            ),
            (
                |it| it.nodes.as_mut().unwrap().as_mut().unwrap()[1].address = Some("10.89.0.99".into()),
                "data2: data node 2 is at 10.89.0.99, and the inventory says 10.89.0.22",
            ),
            (
                |it| it.nodes.as_mut().unwrap().as_mut().unwrap().truncate(5),
                ": there is no free slot for ndb_restore: a restore would not connect",
            ),
            (
                |it| it.versions.values_mut().for_each(|it| it.as_mut().unwrap().storage_id = "DS-1".into()),
                "data2: has the same storage id as data1: DS-1",
            ),
            (
                |it| {
                    let Kind::Ours(mut newest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
                    let path = "BACKUP/BACKUP-1/BACKUP-1-0.2.Data".to_owned();
                    newest.files = vec![FileOf { path, size: 40 << 20, sha256: String::new() }];
                    it.newest = Some(*newest);
                    let folder = "/srv/hops/mysql-cluster/ndb/backups/BACKUP".to_owned();
                    for host in ["data1", "data2"] {
                        assert_eq!(probe(it, host).free.insert(folder.clone(), 39 << 10), None);
                    }
                },
                "data2: has 39 MiB free at /srv/hops/mysql-cluster/ndb/backups/BACKUP, and its part of the last backup had 40 MiB",
            ),
            (
                |it| it.room = Some(7),
                ": /var/backups/hopsworks has 0.0 GiB free, and a first backup needs more than 0.0 GiB",
            ),
            (
                |it| it.accounts.push((HostName::parse("data1").unwrap(), "hdfs", "a password is required".into())),
                "data1: sudo to hdfs fails: a password is required",
            ),
        ];
        let inventory = inventory();
        for (spoil, expected) in cases {
            let mut facts = facts(&inventory);
            spoil(&mut facts);
            let found: Vec<_> =
                judge(&inventory, &facts).into_iter().map(|it| format!("{}: {}", it.about, it.what)).collect();
            assert!(found.iter().any(|it| it == expected), "{expected}\n{found:#?}");
        }
    }
}

//! Which host gets what, and whether it has room.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::future::join_all;

use crate::check;
use crate::doctor::Facts;
use crate::finding::Finding;
use crate::id::BackupId;
use crate::inventory::{Blocks, HostName, Inventory, Role};
use crate::manifest::{BlocksOf, Manifest};
use crate::parse::show::{Kind as NodeKind, Node};
use crate::plan::restore::hosts_of_parts;
use crate::remote::Remote;
use crate::stored::Contents;
use crate::words::{Account, Command};

/// Which host gets the blocks of which: its own if it is there, else one that has none; and what is in the way.
pub(super) fn blocks(
    inventory: &Inventory,
    facts: &Facts,
    manifest: Option<&Manifest>,
) -> (Vec<(BlocksOf, HostName)>, Vec<Finding>) {
    let mut found = Vec::new();
    let Some(all) = manifest.and_then(|manifest| manifest.blocks.as_ref()) else { return (Vec::new(), found) };
    if inventory.blocks == Blocks::S3 {
        found.push(Finding::error(
            "hopsfs",
            "the backup has blocks, and the inventory says that they are in object storage",
        ));
        return (Vec::new(), found);
    }
    let hosts: Vec<&HostName> = inventory.with(Role::DataNode).map(|host| &host.name).collect();
    let pairs = match assigned(all, &hosts) {
        Ok(pairs) => pairs,
        Err(finding) => return (Vec::new(), vec![finding]),
    };
    for (blocks, host) in &pairs {
        if blocks.host != *host {
            found.push(Finding::warning(
                host.as_str(),
                format!("gets the blocks of {}, which is not in the inventory", blocks.host),
            ));
        }
        if blocks.owner.split(':').next() != Some(inventory.users.hdfs.as_str()) {
            found.push(Finding::error(
                host.as_str(),
                format!(
                    "the blocks in the backup belong to {}, and the inventory says {}",
                    blocks.owner, inventory.users.hdfs
                ),
            ));
        }
        let Some(Ok(probe)) = facts.hosts.get(host) else { continue };
        let free = probe.free(&inventory.paths.blocks);
        if free.is_some_and(|free| free < blocks.bytes) {
            let what = format!(
                "has {} MiB free for {} MiB of blocks: the old ones are set aside, not deleted",
                free.unwrap_or_default() >> 20,
                blocks.bytes >> 20
            );
            found.push(Finding::error(host.as_str(), what).help("make room, or delete the old blocks yourself"));
        }
    }
    (pairs, found)
}

/// The data nodes that get no blocks, of a backup that has all blocks there are: they must forget the file system that they were in.
pub(super) fn bare(
    inventory: &Inventory,
    manifest: Option<&Manifest>,
    pairs: &[(BlocksOf, HostName)],
) -> Vec<HostName> {
    // What the cookbook's script has written has none of any data node: those stay as they are.
    let has_all = manifest.is_some_and(|manifest| manifest.blocks.is_some() || inventory.blocks == Blocks::S3);
    let hosts = inventory.with(Role::DataNode).filter(|_| has_all).map(|host| &host.name);
    hosts.filter(|host| !pairs.iter().any(|(_, other)| other == *host)).cloned().collect()
}

/// Whether the folders of blocks can be set aside.
pub(super) async fn renamed(remote: &Remote, hosts: impl Iterator<Item = &HostName>) -> Vec<Finding> {
    let path = &remote.inventory.paths.blocks;
    let looks = join_all(hosts.map(|host| async move {
        let script = "# looks whether the folder can be renamed\n\
            if [ -L \"$1\" ]; then echo link; elif mountpoint -q -- \"$1\"; then echo mount; else echo plain; fi";
        let look = Command::script(host, Account::Root, script, &[path]);
        let said = remote.call(&look, Path::new("/")).await;
        let (what, help) = match said.as_ref().map(|said| said.out.trim()) {
            Ok("plain") => return None,
            Ok("link") => (
                "is a link, and cannot be set aside by renaming",
                "name the folder itself: paths.blocks in the inventory",
            ),
            Ok("mount") => {
                ("is a mount point, and cannot be set aside by renaming", "mount the disk one folder higher")
            }
            _ => ("cannot be looked at", "see why: helm hwdr vm doctor"),
        };
        Some(Finding::error(host.as_str(), format!("{path} {what}")).help(help))
    }));
    looks.await.into_iter().flatten().collect()
}

/// Whether there is room for the parts of RonDB, and for those of the backup that is made before a wipe. A full disk stops its data node.
pub(super) fn parts_fit(
    inventory: &Inventory,
    facts: &Facts,
    contents: &Contents,
    id: BackupId,
    wipe: bool,
) -> Vec<Finding> {
    let folder = format!("{}/BACKUP", inventory.paths.ndb_backups);
    let mut need: BTreeMap<&HostName, u64> = BTreeMap::new();
    for (node, _, host) in hosts_of_parts(inventory, contents) {
        let own =
            contents.files.iter().filter(|(path, _)| check::name_of(path, id).is_some_and(|name| name.node == node));
        let own = own.fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        let sum = need.entry(&host.name).or_default();
        *sum = sum.saturating_add(own);
    }
    let mut found = Vec::new();
    for (host, need) in need {
        let Some(Ok(probe)) = facts.hosts.get(host) else { continue };
        let free = probe.free(&folder);
        let what = |free: u64| format!("has {} MiB free at {folder} for {} MiB of parts", free >> 20, need >> 20);
        match free {
            Some(free) if free < need => {
                found.push(Finding::error(host.as_str(), what(free)).help("make room: a full disk stops RonDB"));
            }
            // How much the cluster holds now is not known.
            Some(free) if wipe && free.saturating_sub(need) < need => {
                let what = format!("{}, and for a backup of the cluster as it is", what(free));
                found.push(
                    Finding::warning(host.as_str(), what).help("see that there is room: a full disk stops RonDB"),
                );
            }
            _ => {}
        }
    }
    found
}

/// What clients of RonDB connect to, if the inventory has names that only this machine's SSH may know: the addresses that RonDB itself uses.
pub(super) fn connect(inventory: &Inventory, facts: &Facts) -> Option<String> {
    let is_number = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    if inventory.with(Role::Management).all(|host| is_number(&host.address)) {
        return None;
    }
    let Some(Ok(nodes)) = &facts.nodes else { return None };
    let servers = nodes.iter().filter(|node| node.kind == NodeKind::Management && node.is_connected);
    // One that is connected by its own loopback says nothing of how others reach it.
    let is_seen = |address: &&str| address.parse::<std::net::IpAddr>().is_ok_and(|address| !address.is_loopback());
    let addresses: Vec<_> = servers.filter_map(|node| node.address.as_deref()).filter(is_seen).collect();
    let port = inventory.management_port;
    let all = addresses.iter().map(|address| match address.contains(':') {
        true => format!("[{address}]:{port}"),
        false => format!("{address}:{port}"),
    });
    (!addresses.is_empty()).then(|| all.collect::<Vec<_>>().join(","))
}

/// Gives the blocks of each data node to a host.
pub(super) fn assigned(all: &[BlocksOf], hosts: &[&HostName]) -> Result<Vec<(BlocksOf, HostName)>, Finding> {
    let is_own = |host: &&&HostName| all.iter().any(|blocks| blocks.host == ***host);
    let mut free = hosts.iter().filter(|host| !is_own(host));
    let pairs = all.iter().map(|blocks| {
        let host = if hosts.contains(&&blocks.host) { Some(&blocks.host) } else { free.next().copied() };
        host.map(|host| (blocks.clone(), host.clone())).ok_or_else(|| {
            let what = format!(
                "the backup has blocks of {} data nodes, and the inventory has {}: those of {} have no place",
                all.len(),
                hosts.len(),
                blocks.host
            );
            Finding::error("hopsfs", what)
                .help("add as many hosts with the role datanode: each announces itself with its own VERSION")
        })
    });
    pairs.collect()
}

/// How many clients of RonDB may connect from the hosts: free slots.
pub(super) fn slots(facts: &Facts) -> usize {
    let Some(Ok(nodes)) = &facts.nodes else { return 1 };
    let is_free = |node: &&Node| node.kind == NodeKind::Api && !node.is_connected && node.address.is_none();
    nodes.iter().filter(is_free).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::Kind;
    use crate::stored::tests::inventory;

    #[test]
    fn blocks_go_to_their_own_host_or_to_a_free_one() {
        let name = |text| HostName::parse(text).unwrap();
        let of = |host| BlocksOf {
            host: name(host),
            blocks: 1,
            bytes: 1,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: Default::default(),
        };
        let hosts = [name("a"), name("b"), name("c")];
        let hosts: Vec<_> = hosts.iter().collect();
        let to = |all: &[BlocksOf], hosts: &[&HostName]| {
            assigned(all, hosts).map(|pairs| pairs.into_iter().map(|(_, host)| host.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(to(&[of("b"), of("x"), of("a")], &hosts).unwrap(), ["b", "c", "a"]);
        assert_eq!(to(&[of("x")], &hosts).unwrap(), ["a"]);
        assert!(
            to(&[of("a"), of("x"), of("y")], &hosts[..2])
                .unwrap_err()
                .what
                .contains("blocks of 3 data nodes, and the inventory has 2")
        );
    }

    #[test]
    fn data_nodes_without_blocks_forget_the_file_system_that_they_were_in() {
        let inventory = inventory();
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let names = |hosts: Vec<HostName>| hosts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let data1 = BlocksOf {
            host: HostName::parse("data1").unwrap(),
            blocks: 1,
            bytes: 1,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: Default::default(),
        };
        let pairs = [(data1.clone(), data1.host.clone())];
        // Without blocks of any, the data nodes stay as they are.
        assert!(bare(&inventory, None, &[]).is_empty() && bare(&inventory, Some(&manifest), &[]).is_empty());
        let in_s3 = Inventory { blocks: Blocks::S3, ..inventory.clone() };
        assert_eq!(names(bare(&in_s3, Some(&manifest), &[])), ["data1", "data2"]);
        manifest.blocks = Some(vec![data1]);
        assert_eq!(names(bare(&inventory, Some(&manifest), &pairs)), ["data2"]);
    }

    #[test]
    fn a_name_that_only_ssh_knows_is_no_address_of_rondb() {
        let mut inventory = inventory();
        let facts =
            Facts { nodes: Some(crate::parse::show::parse(crate::parse::show::tests::SHOW)), ..Facts::default() };
        assert_eq!(connect(&inventory, &facts), None);
        for host in inventory.hosts.iter_mut().filter(|host| host.has(Role::Management)) {
            host.address = "bastion-head1".into();
        }
        assert_eq!(connect(&inventory, &facts).as_deref(), Some("10.89.0.11:1186"));
        let local = crate::parse::show::tests::SHOW.replace("id=49\t@10.89.0.11", "id=49\t@127.0.0.1");
        assert_eq!(connect(&inventory, &Facts { nodes: Some(crate::parse::show::parse(&local)), ..facts }), None);
    }

    #[test]
    fn parts_need_room_on_their_hosts() {
        let inventory = inventory();
        let id: BackupId = "7".parse().unwrap();
        let part = |node| format!("BACKUP/BACKUP-7/BACKUP-7-0.{node}.Data");
        let contents = Contents {
            files: vec![(part(1), 40 << 20), (part(2), 10 << 20)],
            users: None,
            schemas: None,
            parts: [1, 2].map(|node| (node, "BACKUP/BACKUP-7".to_owned())).into(),
        };
        let folder = format!("{}/BACKUP", inventory.paths.ndb_backups);
        let probe = || crate::parse::probe::Probe { free: [(folder.clone(), 30 << 10)].into(), ..Default::default() };
        let hosts = ["data1", "data2"].map(|host| (HostName::parse(host).unwrap(), Ok(probe())));
        let facts = Facts { hosts: hosts.into(), ..Facts::default() };
        let found = |wipe| parts_fit(&inventory, &facts, &contents, id, wipe);
        assert_eq!(found(true), found(false));
        let [only] = found(false).try_into().unwrap();
        assert!(
            only.about == "data1"
                && only.what.starts_with("has 30 MiB free at ")
                && only.what.ends_with("for 40 MiB of parts")
        );
    }
}

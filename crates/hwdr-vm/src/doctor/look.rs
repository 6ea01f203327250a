//! Asks the hosts, all at once.

use std::path::Path;
use std::process::Stdio;

use futures_util::future::join_all;
use hwdr_run::Halt;
use jiff::Timestamp;

use super::{Facts, Trouble};
use crate::ask::{databases, last, nodes, safe_mode, user_dump};
use crate::inventory::{Blocks, Host, Inventory, Role};
use crate::parse::{hopsfs, probe, show};
use crate::remote::{Failed, Remote};
use crate::words::{Account, Command};

/// Nothing is read from here.
const NOWHERE: &str = "/";

/// Asks everybody. What cannot be asked is a fact, too.
pub async fn look(remote: &Remote) -> Facts {
    let inventory = &remote.inventory;
    let hosts =
        join_all(inventory.hosts.iter().map(|host| async { (host.name.clone(), ask(remote, host).await) })).await;
    let mut facts = Facts { hosts: hosts.into_iter().collect(), ..Facts::default() };
    let is_up = |host: &&Host| matches!(facts.hosts.get(&host.name), Some(Ok(_)));
    let pairs = inventory
        .hosts
        .iter()
        .filter(is_up)
        .flat_map(|host| accounts(host).into_iter().map(move |account| (host, account)));
    let accounts = join_all(pairs.map(|(host, (account, name))| async move {
        let call = Command::new(&host.name, account, ["true"]);
        let failed = remote.call(&call, Path::new(NOWHERE)).await.err()?;
        Some((host.name.clone(), name, last(&failed)))
    }));
    let versions = inventory.with(Role::DataNode).filter(is_up).filter(|_| inventory.blocks == Blocks::Disks);
    let versions = join_all(versions.map(|host| async {
        let path = format!("{}/current/VERSION", inventory.paths.blocks);
        let said = remote.call(&Command::new(&host.name, Account::Hdfs, ["cat", &path]), Path::new(NOWHERE)).await;
        let version = said.map_err(|failed| last(&failed)).and_then(|said| hopsfs::version(&said.out));
        (host.name.clone(), version)
    }));
    let up = |role| inventory.with(role).find(is_up).map(|host| host.name.clone());
    let nodes = async {
        match up(Role::Management) {
            Some(host) => {
                Some(nodes(remote, &host).await.map_err(|failed| last(&failed)).and_then(|text| show::parse(&text)))
            }
            None => None,
        }
    };
    let safe_mode = async { Some(safe_mode(remote, &up(Role::NameNode)?).await.map(|mode| mode.is_on)) };
    let databases = async { Some(databases(remote, &up(Role::Mysql)?).await.map_err(|failed| last(&failed))) };
    let users = async { Some(user_dump(remote, &up(Role::Mysql)?).await) };
    let (accounts, versions, nodes, safe_mode, databases, users) =
        tokio::join!(accounts, versions, nodes, safe_mode, databases, users);
    facts.accounts = accounts.into_iter().flatten().collect();
    facts.versions = versions.into_iter().collect();
    (facts.nodes, facts.safe_mode, facts.databases, facts.users) = (nodes, safe_mode, databases, users);
    facts.room = crate::local::free(&inventory.backups);
    let rsync =
        tokio::process::Command::new("rsync").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    facts.has_rsync = rsync.await.is_ok_and(|status| status.success());
    facts
}

/// What a host says of itself.
async fn ask(remote: &Remote, host: &Host) -> Result<probe::Probe, Trouble> {
    let trouble = |failed: Failed| {
        let halt = Halt::from(failed.clone());
        Trouble { what: last(&failed), help: halt.help.into_iter().next() }
    };
    // What a shell prints when it starts would be taken for rsync's own words.
    let quiet =
        remote.call(&Command::new(&host.name, Account::Login, ["true"]), Path::new(NOWHERE)).await.map_err(trouble)?;
    if !quiet.out.is_empty() {
        let what = format!("the shell prints text when it starts: {}", hwdr_values::shown::kept(&quiet.out));
        let help = "let ~/.bashrc or the like print only to terminals: rsync takes that for its own protocol";
        return Err(Trouble { what, help: Some(help.to_owned()) });
    }
    let mut paths: Vec<_> = paths(&remote.inventory, host).into_iter().map(|(path, _)| path).collect();
    if host.has(Role::Ndb) {
        // RonDB makes it with its first backup; it may be a disk of its own.
        paths.push(format!("{}/BACKUP", remote.inventory.paths.ndb_backups));
    }
    let account = if remote.inventory.ssh.sudo { Account::Root } else { Account::Login };
    let words = ["sh", "-c", probe::SCRIPT, "hwdr"].into_iter().map(str::to_owned).chain(paths);
    let before = Timestamp::now().as_second();
    let said = remote.call(&Command::new(&host.name, account, words), Path::new(NOWHERE)).await.map_err(trouble)?;
    let mut probe = probe::parse(&said.out);
    probe.compare(before, Timestamp::now().as_second());
    Ok(probe)
}

/// The accounts that are needed on a host.
fn accounts(host: &Host) -> Vec<(Account, &'static str)> {
    let is_ndb = [Role::Management, Role::Ndb, Role::Mysql].into_iter().any(|role| host.has(role));
    let is_hdfs = [Role::NameNode, Role::DataNode, Role::Epipe].into_iter().any(|role| host.has(role));
    [(is_ndb, Account::Mysql, "mysql"), (is_hdfs, Account::Hdfs, "hdfs")]
        .into_iter()
        .filter(|(is, ..)| *is)
        .map(|(_, account, name)| (account, name))
        .collect()
}

/// What must be on a host, and for what.
pub(super) fn paths(inventory: &Inventory, host: &Host) -> Vec<(String, Role)> {
    let paths = &inventory.paths;
    let all = [
        (Role::Management, format!("{}/mgm-client.sh", paths.ndb_scripts)),
        (Role::Ndb, paths.mysql_bin.clone()),
        (Role::Ndb, paths.ndb_backups.clone()),
        (Role::Mysql, paths.mysql_bin.clone()),
        (Role::Mysql, paths.mysql_socket.clone()),
        (Role::Mysql, format!("{}/mysql-client.sh", paths.ndb_scripts)),
        (Role::NameNode, format!("{}/bin/hdfs", paths.hadoop)),
        (Role::DataNode, paths.blocks.clone()),
        (Role::Epipe, format!("{}/bin/reindex-epipe.sh", paths.epipe)),
        (Role::Kafka, format!("{}/bin/kafka-restore.sh", paths.kafka)),
    ];
    let needed = all
        .into_iter()
        .filter(|(role, _)| host.has(*role) && (*role != Role::DataNode || inventory.blocks == Blocks::Disks));
    let mut paths: Vec<(String, Role)> = Vec::new();
    for (role, path) in needed {
        if !paths.iter().any(|(known, _)| *known == path) {
            paths.push((path, role));
        }
    }
    paths
}

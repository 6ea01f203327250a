//! Asks the hosts, all at once.

use std::path::Path;
use std::process::Stdio;

use futures_util::future::join_all;
use hwdr_run::Halt;
use hwdr_values::shown::kept;
use jiff::Timestamp;

use super::{Facts, Trouble};
use crate::ask::{data_nodes, databases, last, nodes, other_tables, safe_mode, user_dump};
use crate::away;
use crate::inventory::{Blocks, Host, Inventory, Role};
use crate::parse::{hopsfs, probe, show};
use crate::remote::{Failed, Remote};
use crate::words::{Account, Command, Input};

/// Nothing is read from here.
const NOWHERE: &str = "/";

/// Asks everybody. What cannot be asked is a fact, too.
pub async fn look(remote: &Remote) -> Facts {
    let inventory = &remote.inventory;
    let hosts =
        join_all(inventory.hosts.iter().map(|host| async { (host.name.clone(), ask(remote, host).await) })).await;
    let mut facts = Facts { hosts: hosts.into_iter().collect(), ..Facts::default() };
    for host in &inventory.hosts {
        let Some(Ok(probe)) = facts.hosts.get(&host.name) else { continue };
        for (user, account) in owners(inventory, host) {
            let why = probe.refused.get(user).filter(|_| !user.is_empty());
            facts.accounts.extend(why.map(|why| (host.name.clone(), account, kept(why))));
        }
        if let Some(announced) = &probe.announced {
            let version = announced.as_ref().map_err(|why| kept(why)).and_then(|text| hopsfs::version(text));
            facts.versions.insert(host.name.clone(), version);
        }
    }
    let is_up = |host: &&Host| matches!(facts.hosts.get(&host.name), Some(Ok(_)));
    let up = |role| inventory.with(role).find(is_up).map(|host| host.name.clone());
    let nodes = async {
        match up(Role::Management) {
            Some(host) => {
                Some(nodes(remote, &host).await.map_err(|failed| last(&failed)).and_then(|text| show::parse(&text)))
            }
            None => None,
        }
    };
    let safe_mode = async { Some(safe_mode(remote, &up(Role::NameNode)?).await) };
    // Why they cannot be asked is said of safe mode, too.
    let data_nodes = async { data_nodes(remote, &up(Role::NameNode)?).await.ok() };
    let databases = async { Some(databases(remote, &up(Role::Mysql)?).await.map_err(|failed| last(&failed))) };
    let others = async { Some(other_tables(remote, &up(Role::Mysql)?).await.map_err(|failed| last(&failed))) };
    let users = async { Some(user_dump(remote, &up(Role::Mysql)?).await) };
    let away = async {
        let rclone = away::place(inventory)?;
        Some(away::probe(&rclone).await.map(|()| rclone.path("")).map_err(|halt| halt.problem))
    };
    let (nodes, safe_mode, data_nodes, databases, others, users, away) =
        tokio::join!(nodes, safe_mode, data_nodes, databases, others, users, away);
    facts.data_nodes = data_nodes;
    (facts.away, facts.others) = (away, others);
    (facts.nodes, facts.safe_mode, facts.databases, facts.users) = (nodes, safe_mode, databases, users);
    facts.room = crate::local::free(&inventory.backups);
    facts.has_earlier = !crate::backup::earlier(&inventory.backups).is_empty();
    let here = crate::stored::list(&inventory.backups).map(|(here, _)| here).unwrap_or_default();
    facts.newest = here.iter().filter(|stored| stored.is_of(inventory)).find_map(|stored| stored.manifest().cloned());
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
    let inventory = &remote.inventory;
    let mut paths: Vec<_> = paths(inventory, host).into_iter().map(|(path, _)| path).collect();
    if host.has(Role::Ndb) {
        // RonDB makes it with its first backup; it may be a disk of its own.
        paths.push(format!("{}/BACKUP", inventory.paths.ndb_backups));
    }
    let (version, configuration) = match host.has(Role::DataNode) && inventory.blocks == Blocks::Disks {
        true => (
            format!("{}/current/VERSION", inventory.paths.blocks),
            format!("{}/etc/hadoop/hdfs-site.xml", inventory.paths.hadoop),
        ),
        false => Default::default(),
    };
    let [(mysql, _), (hdfs, _)] = owners(inventory, host);
    let mut arguments = vec![if inventory.ssh.sudo { "yes" } else { "no" }, mysql, hdfs, &version, &configuration];
    arguments.extend(paths.iter().map(String::as_str));
    let call = Command::script(&host.name, Account::Login, probe::LOOK, &arguments);
    let call = call.reading(Input::Text(probe::SCRIPT.to_owned()));
    let before = Timestamp::now().as_second();
    let said = remote.call(&call, Path::new(NOWHERE)).await.map_err(trouble)?;
    let after = Timestamp::now().as_second();
    // What a shell prints when it starts would be taken for rsync's own words.
    let mut probe = probe::parse(&said.out).map_err(|chatter| {
        let what = format!("the shell prints text when it starts: {}", kept(&chatter));
        let help = "let ~/.bashrc or the like print only to terminals: rsync takes that for its own protocol";
        Trouble { what, help: Some(help.to_owned()) }
    })?;
    probe.compare(before, after);
    Ok(probe)
}

/// The users whose accounts are needed on a host, each with its word: none is empty.
fn owners<'i>(inventory: &'i Inventory, host: &Host) -> [(&'i str, &'static str); 2] {
    let is_ndb = [Role::Management, Role::Ndb, Role::Mysql].into_iter().any(|role| host.has(role));
    let is_hdfs = [Role::NameNode, Role::DataNode, Role::Epipe].into_iter().any(|role| host.has(role));
    let or_none = |is: bool, user: &'i String| if is { user.as_str() } else { "" };
    [(or_none(is_ndb, &inventory.users.mysql), "mysql"), (or_none(is_hdfs, &inventory.users.hdfs), "hdfs")]
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

//! What a backup does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Act, Copy, Direction, Step};
use crate::id::BackupId;
use crate::inventory::{Blocks, Inventory, Role};
use crate::words::{Account, Command, DAY, Expect, LONG, WHOLE};

/// What writes users and grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserDump {
    /// `mysqlpump`, as in the documentation.
    Pump,
    /// `mysqldump --users`: MySQL 9 has no `mysqlpump` any more, and its `mysqldump` has taken this over.
    Dump,
}

/// Databases that belong to the server, and to no backup.
pub const SYSTEM: [&str; 6] =
    ["mysql", "information_schema", "performance_schema", "sys", "ndbinfo", "glassfish_timers"];
/// The timers of Hopsworks' application server, which its deployment makes. Those of another cluster are of no use: as the cookbook's restore
/// does (logicalclocks/ndb-chef, recipes/ndb_restore_meta.rb), they stay as they are.
pub const TIMERS: (&str, &str) = ("glassfish_timers", "EJB__TIMER__TBL");
/// Accounts that belong to the server.
const ACCOUNTS: [&str; 4] = ["root", "mysql.sys", "mysql.session", "mysql.infoschema"];

/// Where things are in a backup: as in that of the cookbook's script, with the rest beside it.
pub const USERS: &str = "sql/users.sql";
/// The schemas.
pub const SCHEMAS: &str = "sql/schemata.sql";
/// What `ndb_mgm -e show` said.
pub const SHOW: &str = "cluster/show.txt";

/// The script that lists blocks: also those that are being written. One that is deleted meanwhile is no error.
pub const LISTING: &str = "# lists the blocks\n\
    cd \"$1\" && stat -c 'owner %U:%G %a' . && find . -ignore_readdir_race -type f -name 'blk_*' -printf '%s %P\\n'";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The new backup.
    pub id: BackupId,
    /// Its folder, here.
    pub folder: &'r Path,
    /// The databases whose schemas are written.
    pub databases: &'r [String],
    /// What writes users.
    pub users: UserDump,
    /// Folders of earlier backups, whose blocks need not be sent again; the newest first.
    pub earlier: &'r [PathBuf],
}

/// Whether a backup has blocks: those in object storage are not copied.
pub fn has_blocks(inventory: &Inventory) -> bool {
    inventory.blocks == Blocks::Disks && inventory.first(Role::DataNode).is_some()
}

/// The steps of a backup.
pub fn plan(inventory: &Inventory, request: &Request<'_>) -> Vec<Step> {
    let Request { id, folder, .. } = request;
    let paths = &inventory.paths;
    let mut steps = Vec::new();
    let mysql = inventory.first(Role::Mysql).map(|host| &host.name);
    if let Some(host) = mysql {
        let sql = |words: Vec<String>, file: &str| {
            Act::Into(Command::new(host, Account::Mysql, words).within(LONG), file.to_owned())
        };
        let mut acts = vec![sql(users(inventory, request.users), USERS)];
        // mysqldump refuses to dump no database.
        if !request.databases.is_empty() {
            acts.push(sql(schemas(inventory, request.databases), SCHEMAS));
        }
        steps.push(Step { width: None, name: "sql", does: "writes users, grants and schemas", acts });
    }
    let data_nodes: Vec<_> = inventory.with(Role::DataNode).filter(|_| has_blocks(inventory)).collect();
    let list = |name, does| Step {
        width: None,
        name,
        does,
        acts: data_nodes.iter().map(|host| Act::Call(listing(inventory, &host.name))).collect(),
    };
    if !data_nodes.is_empty() {
        steps.push(list("before", "lists the blocks of HopsFS: the metadata may have some that are deleted soon"));
    }
    if let Some(host) = inventory.management() {
        let start = format!("START BACKUP {id} SNAPSHOTEND WAIT COMPLETED");
        let client = format!("{}/mgm-client.sh", paths.ndb_scripts);
        steps.push(Step {
            width: None,
            name: "ndb",
            does: "has every data node of RonDB back up what it holds",
            acts: vec![Act::Call(
                Command::new(&host.name, Account::Mysql, [&client, "-e", &start])
                    .within(WHOLE)
                    .expecting(Expect::Completed(*id)),
            )],
        });
    }
    if !data_nodes.is_empty() {
        steps.push(list("list", "lists the blocks of HopsFS"));
    }
    let own = format!("BACKUP/BACKUP-{id}");
    let pull = |account, remote: String, local: PathBuf, host: &crate::inventory::Host| Copy {
        host: host.name.clone(),
        account,
        remote,
        local,
        direction: Direction::Pull,
        options: Vec::new(),
        may_vanish: false,
        limit: WHOLE,
    };
    let parts = inventory
        .with(Role::Ndb)
        .map(|host| Act::Copy(pull(Account::Mysql, format!("{}/{own}", paths.ndb_backups), folder.join(&own), host)));
    let parts = parts.collect();
    steps.push(Step { width: None, name: "parts", does: "collects the parts of all data nodes of RonDB", acts: parts });
    if !data_nodes.is_empty() {
        let blocks = data_nodes.iter().map(|host| {
            let local = folder.join("hopsfs").join(host.name.as_str());
            let mut copy = pull(Account::Hdfs, paths.blocks.clone(), local, host);
            copy.may_vanish = true;
            // Of an interrupted backup, what rsync had not ended goes. Blocks stay, deleted or not: the part of RonDB may name them.
            copy.options = ["--delete", "--filter=P blk_*", "--exclude=/in_use.lock"].map(str::to_owned).to_vec();
            // rsync takes at most 20 of them.
            let links = request.earlier.iter().take(20);
            copy.options.extend(
                links.map(|from| format!("--link-dest={}", from.join("hopsfs").join(host.name.as_str()).display())),
            );
            Act::Copy(copy)
        });
        steps.push(Step {
            width: None,
            name: "blocks",
            does: "copies the blocks of all data nodes of HopsFS; what an earlier backup has is not sent again",
            acts: blocks.collect(),
        });
    }
    steps
}

/// Lists the blocks of a data node.
pub fn listing(inventory: &Inventory, host: &crate::inventory::HostName) -> Command {
    Command::script(host, Account::Hdfs, LISTING, &[&inventory.paths.blocks]).within(DAY)
}

/// The words that write users and grants.
pub(super) fn users(inventory: &Inventory, dump: UserDump) -> Vec<String> {
    let (bin, socket) = (&inventory.paths.mysql_bin, &inventory.paths.mysql_socket);
    let login = ["-u", "root", "-S", socket].map(str::to_owned);
    let rest: Vec<String> = match dump {
        UserDump::Pump => vec![
            "--exclude-databases=%".to_owned(),
            format!("--exclude-users={}", ACCOUNTS.join(",")),
            "--users".to_owned(),
        ],
        UserDump::Dump => {
            let excluded = ACCOUNTS.iter().map(|account| format!("--exclude-user={account}@localhost"));
            ["--users".to_owned()].into_iter().chain(excluded).collect()
        }
    };
    let program = match dump {
        UserDump::Pump => format!("{bin}/mysqlpump"),
        UserDump::Dump => format!("{bin}/mysqldump"),
    };
    [program].into_iter().chain(login).chain(rest).collect()
}

/// What `mysqldump` writes of a database: all but its rows.
pub(super) const SCHEMAS_ALONE: [&str; 6] =
    ["--no-data", "--skip-add-drop-table", "--triggers", "--routines", "--events", "--no-tablespaces"];

/// The words that write the schemas: NDB's own backup has the tables, but neither views nor procedures.
fn schemas(inventory: &Inventory, databases: &[String]) -> Vec<String> {
    let (bin, socket) = (&inventory.paths.mysql_bin, &inventory.paths.mysql_socket);
    let program = format!("{bin}/mysqldump");
    let words = [&program, "-u", "root", "-S", socket].into_iter().chain(SCHEMAS_ALONE).chain(["--databases"]);
    words.map(str::to_owned).chain(databases.iter().cloned()).collect()
}

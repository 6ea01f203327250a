//! What a restore does, what undoes it, and what gives up what was set aside.

use std::collections::BTreeMap;
use std::path::Path;

use super::backup::{SCHEMAS_ALONE, SYSTEM, TIMERS, users};
use super::{Act, Copy, Direction, Step};
use crate::id::BackupId;
use crate::inventory::{Host, HostName, Inventory, Role};
use crate::manifest::BlocksOf;
use crate::record::Diary;
use crate::stored::Contents;
use crate::words::{Account, Command, DAY, Expect, Input, LONG, WHOLE};

/// What was there before a restore, below the backup's folder: users and schemas, beside the safety backup.
pub const OLD_USERS: &str = "runs/users.sql";
/// The schemas.
pub const OLD_SCHEMAS: &str = "runs/schemata.sql";
/// If one of these is interrupted, RonDB is half restored, and [`REDONE`] begin anew: tables, foreign keys (which come with the
/// indexes) and procedures that exist cannot be made.
pub const FRAGILE: [&str; 3] = ["metadata", "indexes", "schemas"];
/// What begins anew then.
pub const REDONE: [&str; 8] =
    ["clear", "metadata", "data", "indexes", "databases", "discovery", "discovered", "schemas"];

/// Writes the schemas of all databases but the server's own. It asks for their names itself: a runbook is written before they are known.
const SAVE_SCHEMAS: &str = "# writes the schemas that are there\n\
    bin=$1 socket=$2 all=$(\"$1/mysql\" -u root -S \"$2\" -N -B -e \"SHOW DATABASES\") || exit 1\n\
    names=$(printf \"%s\\n\" \"$all\" | grep -vxE \"$3\") || exit 0\n\
    shift 3\nIFS=\"\n\"\nset -f\n\
    exec \"$bin/mysqldump\" -u root -S \"$socket\" \"$@\" --databases $names";

/// Runs SQL with the client `$1`. A client that an interrupted run has begun goes on by itself on its host, and
/// might drop what is made here: whoever is first holds the lock until the end.
const SQL: &str = "# runs SQL\n{ echo \"DO GET_LOCK('hwdr', -1);\"; cat; } | \"$1\"";
/// The same for users and grants, which sed changes as `$2` says: a grant for something that is gone must not keep the rest away. What is said of each goes where all of it is kept.
const USERS_SQL: &str =
    "# runs SQL of users\n{ echo \"DO GET_LOCK('hwdr', -1);\"; sed -- \"$2\"; } | \"$1\" --force 2>&1";
/// A deployment makes users, too, and those of the cookbook's scripts are not made "if not exists".
const AGAIN: &str = "s/^CREATE USER \\(IF NOT EXISTS \\)*/CREATE USER IF NOT EXISTS /";

/// Sets a folder of blocks aside, and makes an empty one like it.
const ASIDE: &str = "# sets the blocks aside\nif [ ! -e \"$2\" ] && [ -e \"$1\" ]; then mv -T -- \"$1\" \"$2\" || exit 1; fi\n\
    mkdir -p -- \"$1\" && chown -- \"$3\" \"$1\" && chmod -- \"$4\" \"$1\"";
/// Sets the folder of a data node aside that gets no blocks, and makes an empty one like it: what the data node announced itself with is of
/// another file system, and it would not start. One that is not there is not made.
const ASIDE_BARE: &str = "# sets the folder of the data node aside\n\
    if [ ! -e \"$2\" ] && [ -e \"$1\" ]; then mv -T -- \"$1\" \"$2\" || exit 1; fi\n[ -e \"$2\" ] || exit 0\n\
    mkdir -p -- \"$1\" && chown --reference=\"$2\" -- \"$1\" && chmod --reference=\"$2\" -- \"$1\"";
/// Gives all that was copied its owner.
const OWN: &str =
    "# gives the blocks owner and mode\nchown -R --no-dereference -- \"$2\" \"$1\" && chmod -- \"$3\" \"$1\"";
/// Counts blocks. One may be in two folders, if it was moved while it was copied.
const COUNT: &str = "# counts the blocks\n\
    cd \"$1\" && echo \"blocks $(find . -type f -name 'blk_*' ! -name '*.meta' -printf '%f\\n' | sort -u | wc -l)\"";
/// Puts blocks back that were set aside; those of the restore are set aside in turn.
const BACK: &str = "# puts the blocks back\n[ -e \"$2\" ] || exit 0\nif [ -e \"$1\" ]; then mv -T -- \"$1\" \"$3\" || exit 1; fi\nmv -T -- \"$2\" \"$1\"";
/// Deletes what was set aside.
const GIVE_UP: &str = "# deletes what was set aside\nrm -rf --one-file-system -- \"$1\" \"$2\"";

/// What `hdfs dfsadmin -safemode get` says when all name nodes have left safe mode: it has a line for each.
const OUT: Expect = Expect::Soon { text: "Safe mode is OFF", but: Some("Safe mode is ON") };

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The record of the run.
    pub diary: &'r Diary,
    /// The folder of the backup, here.
    pub folder: &'r Path,
    /// What is in it.
    pub contents: &'r Contents,
    /// Character sets of databases, as SQL has them behind `CHARACTER SET`: those of the backup or, to undo, those that there were.
    pub charsets: &'r BTreeMap<String, String>,
    /// The rows of each table, as the backup counts them.
    pub rows: &'r BTreeMap<String, u64>,
}

/// The steps of a restore.
pub fn restore(inventory: &Inventory, request: &Request<'_>) -> Vec<Step> {
    let Request { diary, folder, contents, .. } = request;
    let id = diary.backup;
    let mut steps = stop(inventory, ["stop-epipe", "stop-datanodes", "stop-namenodes"]);
    if let Some(safety) = request.diary.safety {
        steps.extend(save(inventory, request, safety));
    }
    if request.diary.safety.is_some() || request.diary.is_redo {
        let all = request.diary.databases.iter().chain(&request.diary.before);
        steps.push(clear(inventory, "clear", "drops the databases of the cluster", all));
    }
    let hosts = hosts_of_parts(inventory, contents);
    let backups = &inventory.paths.ndb_backups;
    let own = format!("{backups}/BACKUP/BACKUP-{id}");
    let push = |(node, from, host): &(u16, String, &Host)| {
        Act::Copy(Copy {
            host: host.name.clone(),
            account: Account::Mysql,
            remote: own.clone(),
            local: folder.join(from),
            direction: Direction::Push,
            // The folder may have the parts of all nodes.
            options: vec!["--include=*/".to_owned(), format!("--include=BACKUP-*.{node}.*"), "--exclude=*".to_owned()],
            may_vanish: false,
            limit: WHOLE,
        })
    };
    let unique: std::collections::BTreeSet<&HostName> = hosts.iter().map(|(_, _, host)| &host.name).collect();
    let folder =
        unique.into_iter().map(|host| Act::Call(Command::new(host, Account::Mysql, ["mkdir", "-p", own.as_str()])));
    steps.push(Step { name: "folders", does: "makes folders for the parts", acts: folder.collect(), width: None });
    steps.push(Step {
        name: "parts",
        does: "brings each data node of RonDB its part",
        acts: hosts.iter().map(push).collect(),
        width: None,
    });
    let hosts: Vec<_> = hosts.into_iter().map(|(node, _, host)| (node, host)).collect();
    steps.extend(load(inventory, id, &hosts, request, ["metadata", "data", "indexes"]));
    steps.extend(announce(inventory, request, &request.diary.databases, ["databases", "discovery"]));
    if let Some(file) = &contents.schemas {
        steps.extend(source(inventory, "schemas", "restores views, routines and triggers", file));
    }
    if let Some(file) = &contents.users {
        steps.extend(grants(inventory, "users", "restores users and grants", file));
    }
    steps.extend(count_rows(inventory, request.rows));
    steps.extend(blocks(inventory, request));
    steps.extend(start(inventory, ["start-namenodes", "start-datanodes", "safemode"]));
    steps.extend(search(inventory, ["reindex", "start-epipe"]));
    if let Some(host) = inventory.first(Role::Kafka) {
        let script = format!("{}/bin/kafka-restore.sh", inventory.paths.kafka);
        steps.push(single(
            "topics",
            "makes the topics of Kafka that are missing",
            // It starts a Java machine for each topic.
            Command::new(&host.name, Account::Root, [script]).within(DAY),
        ));
    }
    steps
}

/// The steps that undo a restore; `is_begun` says which of its steps were begun.
pub fn undo(inventory: &Inventory, request: &Request<'_>, is_begun: &dyn Fn(&str) -> bool) -> Vec<Step> {
    let mut steps = stop(inventory, ["undo-stop-epipe", "undo-stop-datanodes", "undo-stop-namenodes"]);
    let back = data_nodes(request).map(|host| {
        let [own, aside, undone] = folders(inventory, &request.diary.run);
        Act::Call(Command::script(host, Account::Root, BACK, &[&own, &aside, &undone]))
    });
    let acts: Vec<_> = back.collect();
    if !acts.is_empty() && is_begun("aside") {
        steps.push(Step { name: "undo-blocks", does: "puts the blocks back that were set aside", acts, width: None });
    }
    if is_begun("clear") || is_begun("metadata") || request.diary.is_redo {
        let all = request.diary.databases.iter().chain(&request.diary.before);
        steps.push(clear(inventory, "undo-clear", "drops the databases that were restored", all));
        if let Some(safety) = request.diary.safety {
            let hosts: Vec<_> = nodes(inventory).collect();
            steps.extend(load(inventory, safety, &hosts, request, ["undo-metadata", "undo-data", "undo-indexes"]));
        }
        steps.extend(announce(inventory, request, &request.diary.before, ["undo-databases", "undo-discovery"]));
        if request.diary.safety.is_some() {
            if !request.diary.before.is_empty() {
                steps.extend(source(
                    inventory,
                    "undo-schemas",
                    "restores the old views, routines and triggers",
                    OLD_SCHEMAS,
                ));
            }
            steps.extend(grants(inventory, "undo-users", "restores the old users and grants", OLD_USERS));
        }
    }
    steps.extend(start(inventory, ["undo-start-namenodes", "undo-start-datanodes", "undo-safemode"]));
    steps.extend(search(inventory, ["undo-reindex", "undo-start-epipe"]));
    steps
}

/// The steps that delete what was set aside.
pub fn finalize(inventory: &Inventory, request: &Request<'_>) -> Vec<Step> {
    let [_, aside, undone] = folders(inventory, &request.diary.run);
    let mut acts: Vec<_> = data_nodes(request)
        .map(|host| Act::Call(Command::script(host, Account::Root, GIVE_UP, &[&aside, &undone]).within(DAY)))
        .collect();
    if let Some(safety) = request.diary.safety {
        let own = format!("{}/BACKUP/BACKUP-{safety}", inventory.paths.ndb_backups);
        let hosts = inventory.with(Role::Ndb);
        acts.extend(
            hosts
                .map(|host| Act::Call(Command::script(&host.name, Account::Mysql, GIVE_UP, &[&own, &own]).within(DAY))),
        );
    }
    vec![Step { name: "finalize", does: "deletes what was set aside", acts, width: None }]
}

/// The folder of the blocks, where it is set aside, and where blocks of an undone restore go.
fn folders(inventory: &Inventory, run: &str) -> [String; 3] {
    let own = &inventory.paths.blocks;
    [own.clone(), format!("{own}.hwdr-{run}"), format!("{own}.hwdr-undone-{run}")]
}

/// The data nodes of HopsFS whose folders are set aside.
fn data_nodes<'r>(request: &Request<'r>) -> impl Iterator<Item = &'r HostName> {
    request.diary.blocks.iter().map(|(_, host)| host).chain(&request.diary.bare)
}

fn single(name: &'static str, does: &'static str, command: Command) -> Step {
    Step { name, does, acts: vec![Act::Call(command)], width: None }
}

fn service(inventory: &Inventory, role: Role, verb: &str, unit: &str) -> Vec<Act> {
    let hosts = inventory.with(role);
    hosts
        .map(|host| Act::Call(Command::new(&host.name, Account::Root, ["systemctl", verb, unit]).within(LONG)))
        .collect()
}

/// Stops what reads and writes.
fn stop(inventory: &Inventory, [epipe, data, name]: [&'static str; 3]) -> Vec<Step> {
    let all = [
        (epipe, "stops ePipe", Role::Epipe, "epipe"),
        (data, "stops the data nodes of HopsFS", Role::DataNode, "datanode"),
        (name, "stops the name nodes of HopsFS", Role::NameNode, "namenode"),
    ];
    let steps = all.into_iter().map(|(name, does, role, unit)| Step {
        name,
        does,
        acts: service(inventory, role, "stop", unit),
        width: None,
    });
    steps.filter(|step| !step.acts.is_empty()).collect()
}

/// Starts HopsFS, and waits until it can be written.
fn start(inventory: &Inventory, [name, data, mode]: [&'static str; 3]) -> Vec<Step> {
    let mut steps = vec![Step {
        name,
        does: "starts the name nodes of HopsFS",
        acts: service(inventory, Role::NameNode, "start", "namenode"),
        width: None,
    }];
    let acts = service(inventory, Role::DataNode, "start", "datanode");
    if !acts.is_empty() {
        steps.push(Step { name: data, does: "starts the data nodes of HopsFS", acts, width: None });
    }
    if let Some(host) = inventory.first(Role::NameNode) {
        let hdfs = format!("{}/bin/hdfs", inventory.paths.hadoop);
        let look = Command::new(&host.name, Account::Hdfs, [&hdfs, "dfsadmin", "-safemode", "get"]);
        let does = "waits until the data nodes have reported enough blocks: the name nodes leave safe mode";
        steps.push(single(mode, does, look.within(LONG.saturating_mul(4)).expecting(OUT)));
    }
    steps
}

/// Rebuilds the search index; ePipe must not run meanwhile.
fn search(inventory: &Inventory, [reindex, start]: [&'static str; 2]) -> Vec<Step> {
    let Some(host) = inventory.first(Role::Epipe) else { return Vec::new() };
    let script = format!("{}/bin/reindex-epipe.sh", inventory.paths.epipe);
    vec![
        single(
            reindex,
            "rebuilds OpenSearch's indices from the metadata",
            Command::new(&host.name, Account::Hdfs, [script]).within(WHOLE),
        ),
        Step {
            name: start,
            does: "starts ePipe",
            acts: service(inventory, Role::Epipe, "start", "epipe"),
            width: None,
        },
    ]
}

/// Backs the cluster up as it is, before its databases are dropped.
fn save(inventory: &Inventory, request: &Request<'_>, safety: BackupId) -> Vec<Step> {
    let (Some(management), Some(mysql)) = (inventory.management(), inventory.first(Role::Mysql)) else {
        return Vec::new();
    };
    let paths = &inventory.paths;
    let own = SYSTEM.join("|");
    let mut arguments = vec![paths.mysql_bin.as_str(), &paths.mysql_socket, &own];
    arguments.extend(SCHEMAS_ALONE);
    let users = Command::new(&mysql.name, Account::Mysql, users(inventory, request.diary.users));
    let schemas = Command::script(&mysql.name, Account::Mysql, SAVE_SCHEMAS, &arguments);
    let dumps = [(users, OLD_USERS), (schemas, OLD_SCHEMAS)];
    let dumps = dumps.map(|(command, file)| Act::Into(command.within(LONG), file.to_owned())).into();
    let client = format!("{}/mgm-client.sh", paths.ndb_scripts);
    let start = format!("START BACKUP {safety} SNAPSHOTEND WAIT COMPLETED");
    let start = Command::new(&management.name, Account::Mysql, [&client, "-e", &start]).within(WHOLE);
    vec![
        Step {
            name: "save-sql",
            does: "writes the users, grants and schemas that the cluster has now",
            acts: dumps,
            width: None,
        },
        single(
            "save",
            "backs up what RonDB has now, so that it can be put back",
            start.expecting(Expect::Completed(safety)),
        ),
    ]
}

/// Drops databases, also those whose tables only RonDB knows.
fn clear<'d>(
    inventory: &Inventory,
    name: &'static str,
    does: &'static str,
    databases: impl Iterator<Item = &'d String>,
) -> Step {
    let mut text = String::from("SET FOREIGN_KEY_CHECKS = 0;\n");
    let unique: std::collections::BTreeSet<_> =
        databases.filter(|database| !SYSTEM.contains(&database.as_str())).collect();
    for database in unique {
        let database = name_of(database);
        text.push_str(&format!("CREATE DATABASE IF NOT EXISTS {database};\nDROP DATABASE {database};\n"));
    }
    Step { name, does, acts: client(inventory, Input::Text(text)).into_iter().collect(), width: None }
}

/// MySQL's client with SQL. Nobody else drops or makes databases meanwhile.
fn client(inventory: &Inventory, input: Input) -> Option<Act> {
    let host = inventory.first(Role::Mysql)?;
    let client = format!("{}/mysql-client.sh", inventory.paths.ndb_scripts);
    let command = Command::script(&host.name, Account::Mysql, SQL, &[&client]);
    Some(Act::Call(command.within(DAY).reading(input)))
}

fn source(inventory: &Inventory, name: &'static str, does: &'static str, file: &str) -> Option<Step> {
    let act = client(inventory, Input::File(file.to_owned()))?;
    Some(Step { name, does, acts: vec![act], width: None })
}

/// Users and grants of a file.
fn grants(inventory: &Inventory, name: &'static str, does: &'static str, file: &str) -> Option<Step> {
    let host = inventory.first(Role::Mysql)?;
    let client = format!("{}/mysql-client.sh", inventory.paths.ndb_scripts);
    let command = Command::script(&host.name, Account::Mysql, USERS_SQL, &[&client, AGAIN]).within(DAY);
    Some(single(name, does, command.reading(Input::File(file.to_owned())).expecting(Expect::Granted)))
}

/// The data nodes of RonDB, with their hosts.
fn nodes(inventory: &Inventory) -> impl Iterator<Item = (u16, &Host)> {
    inventory.with(Role::Ndb).flat_map(|host| host.nodes.iter().map(move |node| (*node, host)))
}

/// Which host restores the part of which node: its own where the cluster has that node, else one after the other.
pub(crate) fn hosts_of_parts<'i>(inventory: &'i Inventory, contents: &Contents) -> Vec<(u16, String, &'i Host)> {
    let hosts: Vec<_> = inventory.with(Role::Ndb).collect();
    let mut next = hosts.iter().cycle();
    let parts = contents.parts.iter().filter_map(|(node, folder)| {
        let own = hosts.iter().find(|host| host.nodes.contains(node));
        Some((*node, folder.clone(), *own.or_else(|| next.next())?))
    });
    parts.collect()
}

/// `ndb_restore` as in the documentation: metadata once, data of every node, indexes once.
fn load(
    inventory: &Inventory,
    id: BackupId,
    hosts: &[(u16, &Host)],
    request: &Request<'_>,
    [metadata, data, indexes]: [&'static str; 3],
) -> Vec<Step> {
    let restore = |node: u16, host: &Host, what: &[&str]| {
        let rows = what.contains(&"-r");
        let paths = &inventory.paths;
        let (program, number, id) = (format!("{}/ndb_restore", paths.mysql_bin), node.to_string(), id.to_string());
        let mut words = vec![program, "-n".to_owned(), number, "-b".to_owned(), id.clone()];
        words.extend(what.iter().map(|word| (*word).to_owned()));
        let management = request.diary.connect.clone().unwrap_or_else(|| inventory.connect_string());
        words.push(format!("--exclude-tables={}.{}", TIMERS.0, TIMERS.1));
        words.push(format!("--ndb-connectstring={management}"));
        words.push(format!("--backup_path={}/BACKUP/BACKUP-{id}", paths.ndb_backups));
        Act::Call(Command::new(&host.name, Account::Mysql, words).within(WHOLE).expecting(Expect::Restored { rows }))
    };
    let Some((node, host)) = hosts.first() else { return Vec::new() };
    let mut tables = vec!["-m", "--disable-indexes"];
    if request.diary.has_tablespaces {
        tables.push("--no-restore-disk-objects");
    }
    vec![
        Step {
            name: metadata,
            does: "restores the tables of RonDB, without indexes",
            acts: vec![restore(*node, host, &tables)],
            width: None,
        },
        Step {
            name: data,
            does: "restores the rows of every data node's part",
            acts: hosts.iter().map(|(node, host)| restore(*node, host, &["-r"])).collect(),
            width: Some(request.diary.slots),
        },
        Step {
            name: indexes,
            does: "rebuilds the indexes",
            acts: vec![restore(*node, host, &["--rebuild-indexes"])],
            width: None,
        },
    ]
}

/// Makes the databases, and has every MySQL server look for the tables in them: it would find them by itself within a minute.
fn announce(
    inventory: &Inventory,
    request: &Request<'_>,
    databases: &[String],
    [make, look]: [&'static str; 2],
) -> Vec<Step> {
    let mut text = String::new();
    for database in databases.iter().filter(|database| !SYSTEM.contains(&database.as_str())) {
        let name = name_of(database);
        text.push_str(&format!("CREATE DATABASE IF NOT EXISTS {name};\n"));
        // A server that has found a table has made its database, too, with the character set of the server.
        if let Some(charset) = request.charsets.get(database) {
            text.push_str(&format!("ALTER DATABASE {name} CHARACTER SET {charset};\n"));
        }
    }
    let paths = &inventory.paths;
    let program = format!("{}/mysql", paths.mysql_bin);
    let sql = |host: &Host, statement: &str| {
        let words = [program.as_str(), "-u", "root", "-S", &paths.mysql_socket, "-N", "-B", "-e", statement];
        Command::new(&host.name, Account::Mysql, words).within(LONG)
    };
    let hosts: Vec<_> = inventory.with(Role::Mysql).collect();
    let mut steps = Vec::new();
    if !text.is_empty() {
        steps.push(Step {
            name: make,
            does: "makes the databases in MySQL",
            acts: client(inventory, Input::Text(text)).into_iter().collect(),
            width: None,
        });
    }
    // One statement starts the look, and tells when it has ended: the server turns the switch off itself.
    let looked = "SELECT IF(@@ndb_metadata_sync, 'looking', 'looked')";
    let start = hosts.iter().map(|host| Act::Call(sql(host, "SET GLOBAL ndb_metadata_sync = ON")));
    steps.push(Step {
        name: look,
        does: "has each MySQL server look for the tables",
        acts: start.collect(),
        width: None,
    });
    let wait =
        hosts.iter().map(|host| Act::Call(sql(host, looked).expecting(Expect::Soon { text: "looked", but: None })));
    let name = if look == "discovery" { "discovered" } else { "undo-discovered" };
    steps.push(Step { name, does: "waits until each has found them", acts: wait.collect(), width: None });
    steps
}

/// Database and name of a table whose rows MySQL can count. Long values have tables of their own, which it does not show, nor what an interrupted
/// ALTER TABLE has left (`ndb_name_is_temp` in storage/ndb/plugin/ndb_name_util.cc).
pub(crate) fn counted(table: &str) -> Option<(&str, &str)> {
    table
        .split_once('.')
        .filter(|(database, name)| !SYSTEM.contains(database) && !name.starts_with("NDB$") && !name.starts_with("#sql"))
}

/// Counts the rows of all tables.
fn count_rows(inventory: &Inventory, rows: &BTreeMap<String, u64>) -> Option<Step> {
    let host = inventory.first(Role::Mysql)?;
    let paths = &inventory.paths;
    let mut text = String::new();
    for table in rows.keys() {
        let Some((database, name)) = counted(table) else { continue };
        let shown = table.replace('\\', "\\\\").replace('\'', "\\'");
        text.push_str(&format!("SELECT COUNT(*), '{shown}' FROM {}.{};\n", name_of(database), name_of(name)));
    }
    if text.is_empty() {
        return None;
    }
    let program = format!("{}/mysql", paths.mysql_bin);
    // A table that is missing must not hide the rest.
    let words = [program.as_str(), "-u", "root", "-S", &paths.mysql_socket, "-N", "-B", "-r", "--force"];
    let command = Command::new(&host.name, Account::Mysql, words).within(DAY).reading(Input::Text(text));
    Some(single("rows", "counts the rows of all tables", command))
}

/// Brings the blocks to their data nodes.
fn blocks(inventory: &Inventory, request: &Request<'_>) -> Vec<Step> {
    let [own, aside, _] = folders(inventory, &request.diary.run);
    let all = &request.diary.blocks;
    let root = |host: &HostName, script, arguments: &[&str]| {
        Act::Call(Command::script(host, Account::Root, script, arguments).within(DAY))
    };
    let push = |(blocks, host): &(BlocksOf, HostName)| {
        Act::Copy(Copy {
            host: host.clone(),
            account: Account::Hdfs,
            remote: own.clone(),
            local: request.folder.join("hopsfs").join(blocks.host.as_str()),
            direction: Direction::Push,
            options: vec!["--delete".to_owned()],
            may_vanish: false,
            limit: WHOLE,
        })
    };
    let step = |name, does, acts| Step { name, does, acts, width: None };
    let asides = all.iter().map(|(blocks, host)| root(host, ASIDE, &[&own, &aside, &blocks.owner, &blocks.mode]));
    let bare = request.diary.bare.iter().map(|host| root(host, ASIDE_BARE, &[&own, &aside]));
    let mut steps = vec![
        step("aside", "sets the blocks of the data nodes aside", asides.chain(bare).collect()),
        step("blocks", "brings each data node of HopsFS its blocks", all.iter().map(push).collect()),
        step(
            "owners",
            "gives them owner and mode",
            all.iter().map(|(blocks, host)| root(host, OWN, &[&own, &blocks.owner, &blocks.mode])).collect(),
        ),
        step(
            "counted",
            "counts the blocks on each data node",
            all.iter()
                .map(|(blocks, host)| {
                    let count = Command::script(host, Account::Hdfs, COUNT, &[&own]).within(DAY);
                    Act::Call(count.expecting(Expect::Line(format!("blocks {}", blocks.blocks))))
                })
                .collect(),
        ),
    ];
    steps.retain(|step| !step.acts.is_empty());
    steps
}

/// The character sets of databases, with their collations: what `mysqldump` writes of them.
pub fn charsets(dump: &str) -> BTreeMap<String, String> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let of = |line: &str| {
        let (name, rest) = line.strip_prefix("CREATE DATABASE ")?.split_once('`')?.1.rsplit_once("` /*!40100 ")?;
        let rest = rest.strip_prefix("DEFAULT CHARACTER SET ")?.split(" */").next()?;
        let is_fine = match rest.split(' ').collect::<Vec<_>>().as_slice() {
            [charset] => is_word(charset),
            [charset, "COLLATE", collation] => is_word(charset) && is_word(collation),
            _ => false,
        };
        is_fine.then(|| (name.replace("``", "`"), rest.to_owned()))
    };
    dump.lines().filter_map(of).collect()
}

/// A name as SQL takes it, whatever is in it.
fn name_of(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_sets_are_read_from_a_dump() {
        let dump = "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `hopsworks` /*!40100 DEFAULT CHARACTER SET latin1 */ /*!80016 DEFAULT ENCRYPTION='N' */;\n\
            CREATE DATABASE /*!32312 IF NOT EXISTS*/ `it``s` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */;\n\
            CREATE DATABASE /*!32312 IF NOT EXISTS*/ `odd` /*!40100 DEFAULT CHARACTER SET x; DROP DATABASE y */;\n\
            CREATE DATABASE `bare`;\nUSE `hopsworks`;\n";
        let found = charsets(dump);
        let expected = [("hopsworks", "latin1"), ("it`s", "utf8mb4 COLLATE utf8mb4_0900_ai_ci")];
        assert_eq!(found, expected.map(|(name, charset)| (name.to_owned(), charset.to_owned())).into());
    }
}

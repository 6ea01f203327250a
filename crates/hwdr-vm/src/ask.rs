//! Single questions to the hosts.

use std::path::Path;

use crate::inventory::HostName;
use crate::parse::hopsfs::{self, DataNode};
use crate::plan::backup::{SYSTEM, UserDump};
use crate::remote::{Failed, How, Remote};
use crate::words::{Account, Command};

/// Nothing is read from here.
const NOWHERE: &str = "/";

/// What the management server shows.
///
/// # Errors
/// If it cannot be asked.
pub async fn nodes(remote: &Remote, host: &HostName) -> Result<String, Failed> {
    let client = format!("{}/mgm-client.sh", remote.inventory.paths.ndb_scripts);
    Ok(remote.call(&Command::new(host, Account::Mysql, [&client, "-e", "show"]), Path::new(NOWHERE)).await?.out)
}

/// Whether the name nodes are in safe mode.
///
/// # Errors
/// Why nobody knows.
pub async fn safe_mode(remote: &Remote, host: &HostName) -> Result<bool, String> {
    let hdfs = format!("{}/bin/hdfs", remote.inventory.paths.hadoop);
    let call = Command::new(host, Account::Hdfs, [&hdfs, "dfsadmin", "-safemode", "get"]);
    let said = remote.call(&call, Path::new(NOWHERE)).await.map_err(|failed| last(&failed))?;
    hopsfs::safe_mode(&said.out)
}

/// The data nodes of HopsFS, as the name nodes see them.
///
/// # Errors
/// Why nobody knows.
pub async fn data_nodes(remote: &Remote, host: &HostName) -> Result<Vec<DataNode>, Failed> {
    let hdfs = format!("{}/bin/hdfs", remote.inventory.paths.hadoop);
    let call = Command::new(host, Account::Hdfs, [&hdfs, "dfsadmin", "-report"]);
    Ok(hopsfs::data_nodes(&remote.call(&call, Path::new(NOWHERE)).await?.out))
}

/// The databases that are not the server's own.
///
/// # Errors
/// If they cannot be read.
pub async fn databases(remote: &Remote, host: &HostName) -> Result<Vec<String>, Failed> {
    let said = sql(remote, host, "SELECT schema_name FROM information_schema.schemata ORDER BY 1").await?;
    let names = said.lines().filter(|name| !name.is_empty() && !SYSTEM.contains(name));
    Ok(names.map(str::to_owned).collect())
}

/// The tables that are not in RonDB (`database.table`), of databases that are not the server's own.
///
/// # Errors
/// If they cannot be read.
pub async fn other_tables(remote: &Remote, host: &HostName) -> Result<Vec<String>, Failed> {
    let statement = "SELECT table_schema, table_name FROM information_schema.tables \
                     WHERE table_type = 'BASE TABLE' AND engine <> 'ndbcluster' ORDER BY 1, 2";
    let said = sql(remote, host, statement).await?;
    let tables = said.lines().filter_map(|line| line.split_once('\t'));
    Ok(tables
        .filter(|(database, _)| !SYSTEM.contains(database))
        .map(|(database, table)| format!("{database}.{table}"))
        .collect())
}

/// The databases of the tables that RonDB has, once for each table, also of those that MySQL does not know.
///
/// # Errors
/// If they cannot be read.
pub async fn rondb_tables(remote: &Remote, host: &HostName) -> Result<Vec<String>, Failed> {
    // 2 is a table of users (NdbDictionary::Object::UserTable); its full name is "database/schema/table".
    let said = sql(remote, host, "SELECT fq_name FROM ndbinfo.dict_obj_info WHERE type = 2").await?;
    // Long values have tables of their own, which MySQL does not count.
    let databases =
        said.lines().filter(|name| !name.contains("/NDB$")).filter_map(|name| Some(name.split_once('/')?.0));
    Ok(databases.filter(|database| !SYSTEM.contains(database)).map(str::to_owned).collect())
}

/// Runs a statement of hwdr's own, and returns rows without a head.
///
/// # Errors
/// If it fails.
pub async fn sql(remote: &Remote, host: &HostName, statement: &str) -> Result<String, Failed> {
    let paths = &remote.inventory.paths;
    let client = format!("{}/mysql", paths.mysql_bin);
    let words = [client.as_str(), "-u", "root", "-S", &paths.mysql_socket, "-N", "-B", "-e", statement];
    Ok(remote.call(&Command::new(host, Account::Mysql, words), Path::new(NOWHERE)).await?.out)
}

/// What writes users on this host: MySQL 9 has no `mysqlpump` any more.
pub async fn user_dump(remote: &Remote, host: &HostName) -> UserDump {
    let pump = format!("{}/mysqlpump", remote.inventory.paths.mysql_bin);
    match remote.call(&Command::new(host, Account::Mysql, ["test", "-x", &pump]), Path::new(NOWHERE)).await {
        Ok(_) => UserDump::Pump,
        Err(_) => UserDump::Dump,
    }
}

/// A failure on one line, for where its host is named already.
pub fn last(failed: &Failed) -> String {
    let how = match failed.how {
        How::Unreachable => "cannot be reached over SSH".to_owned(),
        _ => {
            let text = failed.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.strip_prefix(&format!("{}: ", failed.host)).unwrap_or(first).to_owned()
        }
    };
    [how].into_iter().chain(failed.last.iter().cloned()).collect::<Vec<_>>().join("; ")
}

//! What the cluster has already, and what of it is in the way.

use std::collections::BTreeMap;

use hwdr_run::Halt;
use hwdr_values::shown::plain;

use crate::ask::{self, last};
use crate::doctor::{Facts, some};
use crate::finding::Finding;
use crate::inventory::Role;
use crate::remote::Remote;

/// The tables of each database.
pub(super) async fn tables(remote: &Remote, facts: &Facts) -> Result<(Vec<(String, u64)>, Option<Finding>), Halt> {
    let Some(Ok(names)) = &facts.databases else { return Ok(Default::default()) };
    let Some(host) = remote.inventory.first(Role::Mysql) else { return Ok(Default::default()) };
    let statement = "SELECT COUNT(*), table_schema FROM information_schema.tables GROUP BY table_schema";
    let said = ask::sql(remote, &host.name, statement).await?;
    let counts = said.lines().filter_map(|line| line.split_once('\t'));
    let counts = counts.filter_map(|(count, name)| Some((name, count.parse().ok()?)));
    let (rondb, finding) = match ask::rondb_tables(remote, &host.name).await {
        Ok(rondb) => (rondb, None),
        Err(failed) => {
            let what = format!("whether RonDB has tables that MySQL does not know cannot be seen: {}", last(&failed));
            (Vec::new(), Some(Finding::warning("mysql", what)))
        }
    };
    Ok((together(names, &counts.collect(), &rondb), finding))
}

/// How many tables each database has, to MySQL or to RonDB: one may have tables that the other does not know.
fn together(names: &[String], mysql: &BTreeMap<&str, u64>, rondb: &[String]) -> Vec<(String, u64)> {
    let mut all: BTreeMap<&str, u64> = names.iter().map(|name| (name.as_str(), 0)).collect();
    for name in rondb {
        let count = all.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    let both = all.into_iter().map(|(name, count)| (name.to_owned(), count.max(mysql.get(name).copied().unwrap_or(0))));
    both.collect()
}

/// Whether a restore would drop tables of which there is no other copy: the backup that is made before has RonDB's alone.
pub(super) fn only_copy(others: Option<&Result<Vec<String>, String>>, wipe: bool) -> Option<Finding> {
    let unknown = |why: &str| {
        let what = format!("whether there are tables outside of RonDB is not known: {why}");
        Finding::error("mysql", what).help("--wipe would drop them, and undo could not bring them back")
    };
    match others {
        _ if !wipe => None,
        None => Some(unknown("no MySQL server was asked")),
        Some(Err(why)) => Some(unknown(why)),
        Some(Ok(others)) if others.is_empty() => None,
        Some(Ok(others)) => {
            let what = format!(
                "--wipe would drop tables that are not in RonDB, and undo could not bring them back: {}",
                some(others)
            );
            let help = "copy and drop them first, or move them: ALTER TABLE … ENGINE=NDBCLUSTER";
            Some(Finding::error("mysql", what).help(help))
        }
    }
}

/// Whether there is nothing in the way.
pub(super) fn is_empty(tables: &[(String, u64)], wipe: bool) -> Vec<Finding> {
    let full: Vec<_> = tables
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{} ({count} tables)", plain(name)))
        .collect();
    match full.is_empty() || wipe {
        true => Vec::new(),
        false => {
            let what = format!("the cluster is not empty: {}", full.join(", "));
            let help = "to replace what is there: --wipe. RonDB is backed up first, and undo puts it back";
            vec![Finding::error("mysql", what).help(help)]
        }
    }
}

/// Whether RonDB has tablespaces.
pub(in crate::restore) async fn has_tablespaces(remote: &Remote) -> Result<bool, Halt> {
    let Some(host) = remote.inventory.first(Role::Mysql) else { return Ok(false) };
    let statement =
        "SELECT COUNT(*) FROM information_schema.files WHERE engine = 'ndbcluster' AND file_type = 'DATAFILE'";
    Ok(ask::sql(remote, &host.name, statement).await?.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn a_full_cluster_is_refused_without_wipe() {
        let tables = [("hops".to_owned(), 3), ("empty".to_owned(), 0)];
        assert_eq!(is_empty(&tables, false)[0].what, "the cluster is not empty: hops (3 tables)");
        assert!(is_empty(&tables, true).is_empty() && is_empty(&tables[1..], false).is_empty());
    }

    #[test]
    fn tables_that_only_rondb_knows_are_in_the_way_too() {
        let names = ["hops".to_owned(), "empty".to_owned()];
        let rondb = ["hops", "hops", "hops", "lost"].map(str::to_owned);
        let all = together(&names, &[("hops", 2)].into(), &rondb);
        assert_eq!(all, [("empty".to_owned(), 0), ("hops".to_owned(), 3), ("lost".to_owned(), 1)]);
        assert_eq!(is_empty(&all, false)[0].what, "the cluster is not empty: hops (3 tables), lost (1 tables)");
    }

    #[test]
    fn what_has_no_other_copy_is_not_dropped() {
        let others = Ok(vec!["airflow.dag".to_owned()]);
        let refused = only_copy(Some(&others), true).unwrap();
        assert!(refused.level == Level::Error && refused.what.ends_with("airflow.dag"), "{refused:?}");
        // Without --wipe nothing is dropped.
        assert_eq!((only_copy(Some(&others), false), only_copy(Some(&Ok(Vec::new())), true)), (None, None));
        // What is not known may be there.
        let unknown = Err("no end within 30 s".to_owned());
        assert!(only_copy(Some(&unknown), true).is_some_and(|it| it.level == Level::Error));
        assert!(only_copy(None, true).is_some() && only_copy(Some(&unknown), false).is_none());
    }
}

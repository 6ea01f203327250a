//! Whether the backup is whole, and fits the cluster.

use std::collections::BTreeMap;
use std::path::Path;

use hwdr_run::Halt;
use hwdr_values::shown::plain;

use crate::doctor::Facts;
use crate::finding::Finding;
use crate::id::BackupId;
use crate::inventory::{Inventory, Role};
use crate::local;
use crate::manifest::Manifest;
use crate::parse::hopsfs;
use crate::parse::show::{Kind as NodeKind, groups};
use crate::plan::backup::SCHEMAS;
use crate::stored::Contents;

/// Whether the files are those of the manifest. Blocks are counted; `verify` reads them all.
pub(super) fn intact(folder: &Path, id: BackupId, manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &manifest.files {
        match local::sha256(&folder.join(&file.path)) {
            Ok(sum) if sum == file.sha256 => {}
            Ok(_) => found.push(Finding::error(&file.path, "is damaged: its SHA-256 is another")),
            Err(error) => found.push(Finding::error(&file.path, format!("cannot be read: {error}"))),
        }
    }
    for blocks in manifest.blocks.iter().flatten() {
        let name = format!("hopsfs/{}", blocks.host);
        let bytes = local::files(&folder.join(&name)).map(|files| local::size_of(&files));
        match bytes {
            Ok(bytes) if bytes == blocks.bytes => {}
            Ok(bytes) => found.push(
                Finding::error(&name, format!("has {bytes} bytes, expected {}", blocks.bytes))
                    .help(format!("see what is wrong: helm hwdr vm verify {id}")),
            ),
            Err(error) => found.push(Finding::error(&name, format!("cannot be read: {error}"))),
        }
        let path = format!("{name}/current/VERSION");
        let text = std::fs::read_to_string(folder.join(&path)).map_err(|error| format!("cannot be read: {error}"));
        match text.and_then(|text| hopsfs::version(&text)) {
            Ok(version) if version == blocks.version => {}
            Ok(_) => found.push(Finding::error(path, "has other ids than the manifest: it is of another data node")),
            Err(why) => found.push(Finding::error(path, why)),
        }
    }
    if !manifest.vanished.is_empty() {
        let what = format!(
            "{} blocks were deleted while the backup was made: files with them will be damaged",
            manifest.vanished.len()
        );
        found.push(Finding::warning("hopsfs", what));
    }
    found
}

/// Refuses the backup of another cluster: several may share a folder or a bucket.
pub(super) fn must_be_own(inventory: &Inventory, manifest: Option<&Manifest>) -> Result<(), Halt> {
    match manifest.filter(|manifest| manifest.cluster != inventory.name) {
        None => Ok(()),
        Some(Manifest { id, cluster, .. }) => {
            let cluster = plain(cluster);
            Err(Halt::new(format!(
                "backup {id} is of the cluster {cluster}, and the inventory is of {}",
                inventory.name
            ))
            .help(format!("if it is meant, name the cluster in the inventory as the backup does: name: {cluster}")))
        }
    }
}

/// Whether the cluster has the version of the backup.
pub(super) fn fits(manifest: &Manifest, facts: &Facts) -> Vec<Finding> {
    let Some(Ok(nodes)) = &facts.nodes else { return Vec::new() };
    let now = nodes.iter().find_map(|node| node.mysql.as_deref()).unwrap_or_default();
    match manifest.server == now || manifest.server.is_empty() {
        true => Vec::new(),
        false => {
            let what = format!("the backup is of {}, and the cluster is {}", plain(&manifest.server), plain(now));
            vec![Finding::error("", what).help("deploy the same version again, with the same cluster definition")]
        }
    }
}

/// Whether the cluster has the version of NDB of a backup whose files say nothing more.
pub(super) fn fits_ndb(version: &str, facts: &Facts) -> Option<Finding> {
    let Some(Ok(nodes)) = &facts.nodes else { return None };
    let now = nodes.iter().find_map(|node| node.mysql.as_deref())?;
    // 21.04.14 and 21.4.14 are the same.
    let numbers = |word: &str| word.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let words = now.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let all: Vec<_> = words.filter_map(numbers).filter(|numbers| numbers.len() == 3).collect();
    let is_known = all.is_empty() || numbers(version).is_some_and(|version| all.contains(&version));
    (!is_known).then(|| {
        let what = format!("the backup is of NDB {version}, and the cluster is {}", plain(now));
        Finding::error("", what).help("deploy the same version again, with the same cluster definition")
    })
}

/// Whether the parts can go to the data nodes that there are.
pub(super) fn nodes(
    inventory: &Inventory,
    facts: &Facts,
    contents: &Contents,
    manifest: Option<&Manifest>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if contents.parts.is_empty() {
        found.push(Finding::error("", "the backup has no part of any data node"));
    }
    for node in manifest.into_iter().flat_map(|manifest| &manifest.nodes) {
        if !contents.parts.iter().any(|(id, _)| *id == node.id) {
            found.push(Finding::error(format!("node {}", node.id), "has no part in the backup"));
        }
    }
    let Some(Ok(all)) = &facts.nodes else { return found };
    let now: Vec<u16> = all.iter().filter(|node| node.kind == NodeKind::Data).map(|node| node.id).collect();
    let hosts = inventory.with(Role::Ndb).count();
    let then = contents.parts.len();
    if then != now.len() {
        let what = format!(
            "the backup has parts of {then} data nodes, and the cluster has {}: {hosts} hosts share the work",
            now.len()
        );
        let finding = Finding::warning("", what);
        found.push(match now.len() > then {
            true => finding.help("then spread the rows: ALTER TABLE … REORGANIZE PARTITION for each table"),
            false => finding.help("see that the data nodes have enough memory: DataMemory in config.ini"),
        });
    }
    // How many data nodes each node group has; a backup of the cookbook does not say it.
    let mut were: BTreeMap<u16, usize> = BTreeMap::new();
    for group in manifest.into_iter().flat_map(|manifest| &manifest.nodes).filter_map(|node| node.group) {
        let count = were.entry(group).or_default();
        *count = count.saturating_add(1);
    }
    let (mut were, mut are): (Vec<usize>, Vec<usize>) =
        (were.into_values().collect(), groups(all).into_iter().map(|(_, nodes)| nodes.len()).collect());
    were.sort_unstable();
    are.sort_unstable();
    if then == now.len() && !were.is_empty() && were != are {
        let shape = |sizes: &[usize]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let what = format!(
            "the node groups of the backup have {} data nodes, and those of the cluster {}: NoOfReplicas is another",
            shape(&were),
            shape(&are)
        );
        found.push(Finding::error("", what).help("deploy with the same cluster definition again"));
    }
    if groups(all).is_empty() {
        found.push(Finding::error("", "the cluster has no node group").help("see ndb_mgm -e show"));
    }
    found
}

/// What is not restored beside tables and rows.
pub(super) fn schemas_of(contents: &Contents) -> Option<Finding> {
    if contents.schemas.is_some() {
        return None;
    }
    let is_schema = |path: &str| [SCHEMAS, "schema.sql"].contains(&path);
    let (path, _) = contents.files.iter().find(|(path, size)| *size > 0 && is_schema(path))?;
    let what = "is not loaded, because it drops tables: views, routines, triggers and events are not restored";
    Some(Finding::warning(path, what).help("after the restore, run its statements for those by hand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;
    use crate::inventory::HostName;
    use crate::manifest::BlocksOf;
    use crate::stored::Kind;
    use crate::stored::tests::inventory;

    #[test]
    fn another_shape_of_node_groups_or_version_is_refused() {
        let show = crate::parse::show::tests::SHOW;
        let facts = |show: &str| Facts { nodes: Some(crate::parse::show::parse(show)), ..Facts::default() };
        let inventory = inventory();
        let part = |node| (node, "BACKUP/BACKUP-7".to_owned());
        let contents = Contents { files: Vec::new(), users: None, schemas: None, parts: vec![part(1), part(2)] };
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let node =
            |id, group| crate::manifest::NodeOf { id, group: Some(group), host: HostName::parse("data1").unwrap() };
        manifest.nodes = vec![node(1, 0), node(2, 0)];
        let found = |show: &str| nodes(&inventory, &facts(show), &contents, Some(&manifest));
        assert_eq!(found(show), []);
        let [other] = found(&show.replace("ndb-9.7.2, Nodegroup: 0)", "ndb-9.7.2, Nodegroup: 1)")).try_into().unwrap();
        assert!(other.what.contains("have 2 data nodes, and those of the cluster 1 and 1"), "{other:?}");
        assert_eq!(fits_ndb("9.7.2", &facts(show)), None);
        assert_eq!(fits_ndb("21.4.14", &facts(&show.replace("ndb-9.7.2", "RonDB-21.04.14"))), None);
        assert!(fits_ndb("8.0.34", &facts(show)).is_some_and(|it| it.level == Level::Error));
    }

    #[test]
    fn a_backup_of_another_cluster_is_refused() {
        let mut inventory = inventory();
        let Kind::Ours(manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let refused = must_be_own(&inventory, Some(&manifest)).unwrap_err();
        assert_eq!(refused.problem, "backup 1 is of the cluster c, and the inventory is of hopsworks-prod");
        // One of the cookbook's script does not say it.
        assert!(must_be_own(&inventory, None).is_ok());
        inventory.name = manifest.cluster.clone();
        assert!(must_be_own(&inventory, Some(&manifest)).is_ok());
    }

    #[test]
    fn a_backup_that_was_damaged_since_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(path), text).unwrap();
        };
        let version = "clusterID=CID-a\nstorageID=DS-1\ndatanodeUuid=u-1\n";
        write("sql/users.sql", "x");
        write("hopsfs/data1/current/VERSION", version);
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let sha256 = local::sha256_of("x");
        manifest.files = vec![crate::manifest::FileOf { path: "sql/users.sql".into(), size: 1, sha256 }];
        manifest.blocks = Some(vec![BlocksOf {
            host: HostName::parse("data1").unwrap(),
            blocks: 0,
            bytes: version.len() as u64,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: hopsfs::version(version).unwrap(),
        }]);
        let id = "7".parse().unwrap();
        let found = || intact(root.path(), id, &manifest).into_iter().map(|it| it.about).collect::<Vec<_>>();
        assert!(found().is_empty());
        // As long as before.
        write("hopsfs/data1/current/VERSION", &version.replace("DS-1", "DS-2"));
        write("sql/users.sql", "y");
        assert_eq!(found(), ["sql/users.sql", "hopsfs/data1/current/VERSION"]);
    }

    #[test]
    fn schemas_that_are_not_loaded_are_named() {
        let of = |schemas: Option<&str>, file: &str| {
            let files = vec![(file.to_owned(), 1)];
            schemas_of(&Contents { files, users: None, schemas: schemas.map(str::to_owned), parts: Vec::new() })
        };
        assert!(of(None, "schema.sql").is_some_and(|it| it.what.contains("because it drops tables")));
        assert_eq!((of(None, "users.sql"), of(Some("schema.sql"), "schema.sql")), (None, None));
    }
}

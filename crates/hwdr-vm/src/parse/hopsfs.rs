//! What HopsFS says: `VERSION` files, safe mode, data nodes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The ids in `current/VERSION` of a data node, with which it announces itself to the name nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The file system that it belongs to.
    pub cluster_id: String,
    /// The storage.
    pub storage_id: String,
    /// The data node.
    pub datanode_uuid: String,
}

/// Reads a `VERSION` file: Java's properties.
///
/// # Errors
/// What is missing in it.
pub fn version(text: &str) -> Result<Version, String> {
    let pairs: BTreeMap<&str, &str> =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.trim().split_once('=')).collect();
    let get = |key: &str| match pairs.get(key).map(|value| value.trim()) {
        Some(value) if !value.is_empty() && value.len() <= 200 && value.chars().all(|c| c.is_ascii_graphic()) => {
            Ok(value.to_owned())
        }
        Some(_) => Err(format!("{key} in VERSION is not an id")),
        None => Err(format!("VERSION has no {key}")),
    };
    match pairs.get("storageType") {
        Some(&"DATA_NODE") | None => {}
        Some(other) => {
            return Err(format!("VERSION is of a {}, and a DATA_NODE is expected", hwdr_values::shown::plain(other)));
        }
    }
    Ok(Version { cluster_id: get("clusterID")?, storage_id: get("storageID")?, datanode_uuid: get("datanodeUuid")? })
}

/// Reads `hdfs dfsadmin -safemode get`, which has a line for each of several name nodes: whether any is in safe mode.
///
/// # Errors
/// If it says neither on nor off.
pub fn safe_mode(text: &str) -> Result<bool, String> {
    let is_on = text.contains("Safe mode is ON");
    if !is_on && !text.contains("Safe mode is OFF") {
        let said = text.lines().next_back().unwrap_or("nothing");
        return Err(format!("hdfs dfsadmin -safemode get says neither ON nor OFF: {}", hwdr_values::shown::kept(said)));
    }
    Ok(is_on)
}

/// A data node, as the name nodes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataNode {
    /// Its address, without the port.
    pub address: String,
    /// Its name.
    pub name: String,
    /// How many blocks it reported, if that is said.
    pub blocks: Option<u64>,
    /// Whether it lives; one that is dead has not reported for a while.
    pub is_live: bool,
}

/// Reads `hdfs dfsadmin -report`: all data nodes.
pub fn data_nodes(text: &str) -> Vec<DataNode> {
    let mut nodes: Vec<DataNode> = Vec::new();
    // The same node may come again in other lists, such as that of nodes that enter maintenance.
    let mut is_live = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with("Live datanodes") {
            is_live = Some(true);
        } else if line.starts_with("Dead datanodes") {
            is_live = Some(false);
        } else if line.contains(" datanodes (") {
            is_live = None;
        } else if let (Some(name), Some(is_live)) = (line.strip_prefix("Name:"), is_live) {
            let address = name.split_whitespace().next().unwrap_or_default();
            let address = address.rsplit_once(':').map_or(address, |(address, _)| address);
            nodes.push(DataNode { address: address.to_owned(), name: String::new(), blocks: None, is_live });
        } else if let (Some(name), Some(last)) =
            (line.strip_prefix("Hostname:"), nodes.last_mut().filter(|_| is_live.is_some()))
        {
            last.name = name.trim().to_owned();
        } else if let (Some(count), Some(last)) =
            (line.strip_prefix("Num of Blocks:"), nodes.last_mut().filter(|_| is_live.is_some()))
        {
            last.blocks = count.trim().parse().ok();
        }
    }
    nodes
}

/// How many blocks all of them have reported.
pub fn reported(nodes: &[DataNode]) -> u64 {
    nodes.iter().fold(0, |sum, node| sum.saturating_add(node.blocks.unwrap_or_default()))
}

/// A listing of blocks: `SIZE PATH` a line, as `find -printf '%s %P\n'` prints it.
pub fn listing(text: &str) -> BTreeMap<String, u64> {
    let parsed = text.lines().filter_map(|line| {
        let (size, path) = line.split_once(' ')?;
        let is_fine = !path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != "..");
        Some((path.to_owned(), size.parse().ok()?)).filter(|_| is_fine)
    });
    parsed.collect()
}

/// Owner and mode at the head of a listing: `owner hdfs:hadoop 700`.
pub fn owner(text: &str) -> Option<(String, String)> {
    let line = text.lines().find_map(|line| line.strip_prefix("owner "))?;
    let (owner, mode) = line.trim().split_once(' ')?;
    let is_fine = owner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.-".contains(&byte))
        && mode.bytes().all(|byte| byte.is_ascii_digit());
    is_fine.then(|| (owner.to_owned(), mode.to_owned()))
}

/// The id of the block in a path: `blk_7` of `current/…/blk_7` and of `…/blk_7_1001.meta`.
pub fn block_of(path: &str) -> Option<u64> {
    let name = path.rsplit('/').next()?.strip_prefix("blk_")?;
    let digits = name.split(['_', '.']).next()?;
    digits.parse().ok()
}

/// The blocks that have their checksums (`blk_7_1001.meta`) beside them: to HopsFS, the others are none.
pub fn whole<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> BTreeSet<u64> {
    let place = |path: &'p str| Some((path.rsplit_once('/').map_or("", |(folder, _)| folder), block_of(path)?));
    let sums: BTreeSet<_> = paths.clone().filter(|path| path.ends_with(".meta")).filter_map(place).collect();
    let data = paths.filter(|path| !path.ends_with(".meta")).filter_map(place);
    data.filter(|place| sums.contains(place)).map(|(_, block)| block).collect()
}

/// The checksums (`blk_7_1001.meta`) that a block had before it was appended to: its folder has newer ones.
pub fn stale<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    let mut newest: BTreeMap<(&str, u64), (u64, &str)> = BTreeMap::new();
    let mut stale = Vec::new();
    for path in paths {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let stamp = path.strip_suffix(".meta").and_then(|path| path.rsplit_once('_')?.1.parse().ok());
        let (Some(block), Some(stamp)) = (block_of(path), stamp) else { continue };
        let last = newest.entry((folder, block)).or_insert((stamp, path));
        if stamp > last.0 {
            stale.push(std::mem::replace(last, (stamp, path)).1);
        } else if stamp < last.0 {
            stale.push(path);
        }
    }
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_without_its_checksums_is_none() {
        let all = [
            "a/blk_7",
            "a/blk_7_12.meta",
            "a/blk_8",
            "b/blk_8_1.meta",
            "b/blk_9_1.meta",
            "blk_5",
            "blk_5_1.meta",
            "VERSION",
        ];
        assert_eq!(whole(all.into_iter()), [5, 7].into());
    }

    #[test]
    fn older_checksums_of_a_block_are_stale() {
        let all = [
            "a/blk_7",
            "a/blk_7_12.meta",
            "a/blk_7_9.meta",
            "a/blk_7_10.meta",
            "b/blk_7_8.meta",
            "a/blk_8_1.meta",
            "a/VERSION",
        ];
        assert_eq!(stale(all.into_iter()), ["a/blk_7_9.meta", "a/blk_7_10.meta"]);
    }

    #[test]
    fn a_version_file_has_three_ids() {
        let text = "#Mon Nov 30\nstorageID=DS-1\nclusterID=CID-a\ncTime=0\ndatanodeUuid=u-1\nstorageType=DATA_NODE\nlayoutVersion=-57\n";
        let expected = Version { cluster_id: "CID-a".into(), storage_id: "DS-1".into(), datanode_uuid: "u-1".into() };
        assert_eq!(version(text).unwrap(), expected);
        for (bad, says) in [
            ("", "no clusterID"),
            ("clusterID=a\nstorageID=\ndatanodeUuid=c", "storageID in VERSION is not an id"),
            ("storageType=NAME_NODE\n", "of a NAME_NODE"),
        ] {
            assert!(version(bad).unwrap_err().contains(says), "{bad}");
        }
    }

    #[test]
    fn one_name_node_in_safe_mode_is_enough() {
        assert_eq!(safe_mode("Safe mode is OFF\n"), Ok(false));
        assert_eq!(safe_mode("Safe mode is OFF in head1\nSafe mode is ON in head2"), Ok(true));
        assert!(safe_mode("Connection refused").unwrap_err().ends_with("Connection refused"));
    }

    #[test]
    fn data_nodes_are_read() {
        let text = "Safe mode is ON\nLive datanodes (1):\n\nName: 10.89.0.21:50010 (data1)\nHostname: data1\nNum of Blocks: 12\n\n\
            Dead datanodes (1):\n\nName: 10.89.0.22:50010 (data2)\nHostname: data2\nNum of Blocks: 3\n\n\
            Entering maintenance datanodes (1):\n\nName: 10.89.0.21:50010 (data1)\nHostname: data1\nNum of Blocks: 12\n";
        let node = |address: &str, name: &str, blocks, is_live| DataNode {
            address: address.into(),
            name: name.into(),
            blocks: Some(blocks),
            is_live,
        };
        let expected = [node("10.89.0.21", "data1", 12, true), node("10.89.0.22", "data2", 3, false)];
        assert_eq!((data_nodes(text), reported(&expected[..1])), (expected.to_vec(), 12));
    }

    #[test]
    fn blocks_are_known_by_their_names() {
        let listed = listing(
            "5 current/BP-1/current/finalized/subdir0/blk_7\n11 current/BP-1/blk_7_1001.meta\n1 ../x\nx y\n2 /etc/x\n",
        );
        assert_eq!(listed.len(), 2);
        assert_eq!(listed.keys().filter_map(|path| block_of(path)).collect::<Vec<_>>(), [7, 7]);
        assert_eq!(block_of("current/VERSION"), None);
    }
}

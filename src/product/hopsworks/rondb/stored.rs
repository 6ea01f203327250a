//! RonDB's backups in the bucket: `<folder>/<id>/{users.sql,databases.sql,rondb/<node>/…}`. A node's part is three kinds of files, in its folder or
//! in `BACKUP-<id>-PART-<k>-OF-<n>` below it (RonDB's chart, docs/backups.md; MySQL, storage/ndb/src/kernel/blocks/backup).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::RonDb;
use crate::backups::{BackupPart, Fault, Join, PartState, Reading, Series};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue::not_backups;
use crate::product::hopsworks::request::rondb_place;
use crate::product::service::Service as _;
use crate::product::shelf::{Bucket, Shelf, not_all, unknown};
use crate::s3::objects::Objects;

/// A backup that lacks something is still being written if its last file is not older than this.
const RECENT: SignedDuration = SignedDuration::from_mins(30);
/// Files beside the nodes' parts, without which users and views are lost.
const SQL: [&str; 2] = ["databases.sql", "users.sql"];
/// What each part of a node consists of.
const KINDS: [&str; 3] = ["ctl", "Data", "log"];
/// The largest id of a data node (MySQL, ndb_limits.h: `MAX_NDB_NODES`).
const LAST_NODE: u32 = 255;
/// So many things that are missing are named.
const NAMED: usize = 3;
/// Node ids in a node group, whether the replicas are there or not (RonDB's chart: `3·group + replica + 1`).
const IN_GROUP: u32 = 3;

/// The folder of one backup.
#[derive(Debug)]
struct Folder {
    id: BackupId,
    contents: Reading<Contents>,
    /// When the bucket's rules delete the first of them.
    swept: Option<Timestamp>,
}

/// Reads what the bucket has.
pub(super) async fn read(shelf: &Shelf<'_>) -> Series {
    let mut series = Series::new(RonDb.name(), RonDb.title(), Join::Own);
    match folders(shelf).await {
        Ok((folders, odd)) => {
            series.parts = parts(folders, shelf.now, shelf.ttl);
            series.odd = odd;
        }
        Err(fault) => series.unread = Some(fault),
    }
    series
}

/// All folders with their objects, and a problem if some are not those of backups.
async fn folders(shelf: &Shelf<'_>) -> Reading<(Vec<Folder>, Option<Fault>)> {
    let place = rondb_place(shelf.values).map_err(|refusal| unknown(refusal.problem))?;
    let bucket = shelf.bucket(&place).await?;
    let (ids, odd) = bucket.backups(&place.folder, BackupId::parse).await?;
    let folder = async |(id, folder): (BackupId, String)| {
        let objects = bucket.list(&folder).await;
        let swept = objects.as_ref().ok().and_then(|objects| bucket.expires(objects.objects.iter()));
        Folder { contents: objects.map(|objects| Contents::of(&objects, &folder, &id)), id, swept }
    };
    let folders = bucket.each(ids, folder).await;
    Ok((folders, not_backups(&odd)))
}

/// The parts, as far as the files show.
fn parts(mut folders: Vec<Folder>, now: Timestamp, ttl: Option<SignedDuration>) -> Vec<BackupPart> {
    folders.sort_by_key(|folder| (folder.id.time(), folder.id.clone()));
    let nodes = |at: Option<usize>| {
        let contents = folders.get(at?)?.contents.as_ref().ok()?;
        Some(contents.nodes.keys().copied().collect::<BTreeSet<_>>())
    };
    let part = |(at, folder): (usize, &Folder)| {
        let id = &folder.id;
        let expires = id.time().zip(ttl).and_then(|(time, ttl)| time.checked_add(ttl).ok());
        let part = BackupPart {
            is_id: true,
            expires,
            swept: folder.swept,
            ..BackupPart::new(id.as_str(), id.time(), PartState::Good)
        };
        let contents = match &folder.contents {
            Ok(contents) => contents,
            Err(fault) => return BackupPart { state: PartState::Unknown(fault.what.clone()), ..part },
        };
        let earlier = at.checked_sub(1);
        let named = earlier.and_then(|at| folders.get(at)).map(|folder| folder.id.as_str());
        let beside = Beside {
            before: nodes(earlier).unwrap_or_default(),
            after: nodes(at.checked_add(1)).unwrap_or_default(),
            before_id: named.unwrap_or_default().to_owned(),
        };
        contents.part(part, &beside, now)
    };
    folders.iter().enumerate().map(part).collect()
}

/// The nodes of the backups before and after one.
#[derive(Debug, Default)]
pub(super) struct Beside {
    before: BTreeSet<u32>,
    after: BTreeSet<u32>,
    before_id: String,
}

impl Beside {
    /// Reads which nodes have parts in the backups before and after `id`.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub(super) async fn read(bucket: &Bucket, folder: &str, id: &BackupId) -> Reading<Self> {
        let (mut ids, _) = bucket.backups(folder, BackupId::parse).await?;
        ids.sort_by_key(|(id, _)| (id.time(), id.clone()));
        let Some(at) = ids.iter().position(|(other, _)| other == id) else { return Ok(Self::default()) };
        let (before, after) = (at.checked_sub(1).and_then(|at| ids.get(at)), ids.get(at.saturating_add(1)));
        let nodes = async |backup: Option<&(BackupId, String)>| -> Reading<BTreeSet<u32>> {
            let Some((_, folder)) = backup else { return Ok(BTreeSet::new()) };
            let top = format!("{folder}rondb/");
            let level = bucket.level(&top).await?;
            let names = level.folders.iter().filter_map(|folder| folder.strip_prefix(&top)?.strip_suffix('/'));
            Ok(names.filter_map(node_of).collect())
        };
        let (of_before, of_after) = tokio::try_join!(nodes(before), nodes(after))?;
        let before_id = before.map_or_else(String::new, |(id, _)| id.as_str().to_owned());
        Ok(Self { before: of_before, after: of_after, before_id })
    }

    /// The nodes that a backup with these has: all of their groups, and those of both neighbours, as the cluster has not become smaller then.
    fn expected(&self, present: &BTreeSet<u32>) -> BTreeSet<u32> {
        let both = self.before.intersection(&self.after);
        in_groups(present).into_iter().chain(both.copied()).chain(present.iter().copied()).collect()
    }

    /// Which nodes have no part although these have one.
    pub(super) fn absent(&self, present: &BTreeSet<u32>) -> Option<String> {
        let absent: Vec<_> = self.expected(present).difference(present).copied().collect();
        (!absent.is_empty()).then(|| format!("there is no part of {}", nodes_text(&absent)))
    }

    /// Which nodes have parts in the backup before, and may be gone from the cluster since.
    pub(super) fn fewer(&self, present: &BTreeSet<u32>) -> Option<String> {
        let fewer: Vec<_> = self.before.difference(&self.expected(present)).copied().collect();
        (!fewer.is_empty()).then(|| {
            format!(
                "there is no part of {}, as there is in the backup {} before: unless the cluster is smaller since then, rows are missing",
                nodes_text(&fewer),
                self.before_id
            )
        })
    }
}

/// The node whose folder this is.
fn node_of(name: &str) -> Option<u32> {
    name.parse().ok().filter(|id| (1..=LAST_NODE).contains(id) && id.to_string() == name)
}

/// The folders of a node's part, and the files in them with their sizes.
type Files<'o> = BTreeMap<&'o str, Vec<(&'o str, u64)>>;

/// What the objects of a folder are.
#[derive(Debug, Default)]
struct Contents {
    /// The dumps that are missing or empty.
    no_sql: Vec<&'static str>,
    /// The nodes, and what is missing in their parts.
    nodes: BTreeMap<u32, Option<String>>,
    bytes: u64,
    newest: Option<Timestamp>,
    /// Why this is not all of it.
    not_all: Option<String>,
}

impl Contents {
    fn of(objects: &Objects, folder: &str, id: &BackupId) -> Self {
        let mut contents = Self { no_sql: SQL.to_vec(), not_all: not_all(objects), ..Self::default() };
        let mut nodes: BTreeMap<u32, Files> = BTreeMap::new();
        for object in &objects.objects {
            contents.bytes = contents.bytes.saturating_add(object.size);
            contents.newest = contents.newest.max(Some(object.modified));
            let key = object.key.strip_prefix(folder).unwrap_or_default();
            contents.no_sql.retain(|file| *file != key || object.size == 0);
            let Some((node, file)) = key.strip_prefix("rondb/").and_then(|rest| rest.split_once('/')) else { continue };
            if let Some(node) = node_of(node) {
                let (folder, file) = file.rsplit_once('/').unwrap_or(("", file));
                nodes.entry(node).or_default().entry(folder).or_default().push((file, object.size));
            }
        }
        contents.nodes = nodes.iter().map(|(node, files)| (*node, flaw(files, id))).collect();
        contents
    }

    fn part(&self, part: BackupPart, beside: &Beside, now: Timestamp) -> BackupPart {
        let present: BTreeSet<u32> = self.nodes.keys().copied().collect();
        let mut missing: Vec<String> = self.no_sql.iter().map(|file| format!("{file} is missing")).collect();
        if present.is_empty() {
            missing.insert(0, "there is no part of any data node".to_owned());
        } else if let Some(absent) = beside.absent(&present) {
            missing.insert(0, absent);
        }
        let mut whole = 0_u64;
        for (node, flaw) in &self.nodes {
            match flaw {
                None => whole += 1,
                Some(flaw) => missing.push(format!("node {node}: {flaw}")),
            }
        }
        let fewer = beside.fewer(&present);
        let of = beside.expected(&present).len() as u64;
        let done = Some((whole, of)).filter(|_| of > 0);
        let is_recent = self.newest.is_some_and(|newest| now.duration_since(newest) < RECENT);
        let state = if let Some(why) = &self.not_all {
            PartState::Unknown(format!("its folder {why}"))
        } else if is_recent && !(missing.is_empty() && fewer.is_none()) {
            PartState::Running
        } else if !missing.is_empty() {
            let more = match missing.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            missing.truncate(NAMED);
            let done = done.filter(|(whole, of)| whole < of);
            PartState::Partial { done, why: format!("{}{more}", missing.join("; ")) }
        } else if let Some(fewer) = fewer {
            PartState::Unknown(fewer)
        } else {
            PartState::Good
        };
        BackupPart { state, bytes: Some(self.bytes), pieces: done, ended: self.newest, ..part }
    }
}

/// All nodes of the node groups, as far as these show how many groups and replicas there are.
fn in_groups(present: &BTreeSet<u32>) -> BTreeSet<u32> {
    let places = || present.iter().map(|node| node.saturating_sub(1)).map(|at| (at / IN_GROUP, at % IN_GROUP));
    let (Some(groups), Some(replicas)) = (places().map(|at| at.0).max(), places().map(|at| at.1).max()) else {
        return BTreeSet::new();
    };
    let all = (0..=groups).flat_map(|group| (0..=replicas).map(move |replica| (group, replica)));
    all.map(|(group, replica)| group * IN_GROUP + replica + 1).collect()
}

/// What is missing in a node's part.
fn flaw(folders: &Files, id: &BackupId) -> Option<String> {
    let name = format!("BACKUP-{id}");
    let is_its = |file: &str| file.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['-', '.']));
    let mut counts = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for (folder, files) in folders {
        let path = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        for kind in KINDS {
            let has = files
                .iter()
                .filter(|(_, size)| *size > 0)
                .any(|(file, _)| is_its(file) && file.strip_suffix(kind).is_some_and(|rest| rest.ends_with('.')));
            if !has {
                return Some(format!("there is no {path}{name}*.{kind} that holds anything"));
            }
        }
        // The last of them: RonDB's chart copies them as they lie on the node.
        let last = folder.rsplit('/').next().unwrap_or_default();
        if let Some((number, count)) = last.strip_prefix(&format!("{name}-PART-")).and_then(|it| it.split_once("-OF-"))
        {
            counts.extend(count.parse::<u32>().ok());
            numbers.extend(number.parse::<u32>().ok());
        }
    }
    let count = *counts.last()?;
    let missing = (1..=count.min(1024)).find(|number| !numbers.contains(number))?;
    Some(format!("{name}-PART-{missing}-OF-{count} is missing"))
}

fn nodes_text(nodes: &[u32]) -> String {
    let names: Vec<_> = nodes.iter().map(u32::to_string).collect();
    match names.as_slice() {
        [one] => format!("node {one}"),
        all => format!("the nodes {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::objects::Object;

    const NOW: &str = "2025-12-01T00:00:00Z";

    /// Objects by key, each of 100 bytes unless `=SIZE` follows.
    fn folder(id: &str, keys: &[String]) -> Folder {
        let object = |key: &String| {
            let (key, size) = key.split_once('=').unwrap_or((key, "100"));
            Object {
                key: format!("rondb_backup/{id}/{key}"),
                size: size.parse().unwrap(),
                modified: "2025-11-24T12:05:00Z".parse().unwrap(),
                etag: String::new(),
                class: String::new(),
            }
        };
        let objects = Objects { objects: keys.iter().map(object).collect(), ..Objects::default() };
        of_objects(id, &objects)
    }

    fn of_objects(id: &str, objects: &Objects) -> Folder {
        let id = BackupId::parse(id).unwrap();
        Folder { contents: Ok(Contents::of(objects, &format!("rondb_backup/{id}/"), &id)), id, swept: None }
    }

    /// The files of a node: all in one folder, or in so many.
    fn node(id: &str, node: u32, folders: u32) -> Vec<String> {
        let files = [
            format!("BACKUP-{id}.{node}.ctl"),
            format!("BACKUP-{id}-0.{node}.Data"),
            format!("BACKUP-{id}.{node}.log"),
        ];
        match folders {
            0 => files.iter().map(|file| format!("rondb/{node}/{file}")).collect(),
            of => {
                let part = |at: u32| {
                    files.iter().map(move |file| format!("rondb/{node}/BACKUP-{id}-PART-{at}-OF-{of}/{file}"))
                };
                (1..=of).flat_map(part).collect()
            }
        }
    }

    fn whole(id: &str, nodes: &[u32], folders: u32) -> Vec<String> {
        let sql = SQL.map(str::to_owned);
        sql.into_iter().chain(nodes.iter().flat_map(|it| node(id, *it, folders))).collect()
    }

    fn shown(parts: &[BackupPart]) -> Vec<String> {
        let one = |part: &BackupPart| {
            let done = part.done().map_or_else(String::new, |(done, of)| format!(" {done}/{of}"));
            format!("{}{done} {}", part.state.word(), part.state.why().unwrap_or_default()).trim_end().to_owned()
        };
        parts.iter().map(one).collect()
    }

    fn of(keys: &[String]) -> String {
        shown(&parts(vec![folder("254811200", keys)], NOW.parse().unwrap(), None)).remove(0)
    }

    #[test]
    fn a_backup_is_good_if_all_of_it_is_there() {
        let id = "254811200";
        let without =
            |keys: Vec<String>, gone: &str| keys.into_iter().filter(|key| !key.contains(gone)).collect::<Vec<_>>();
        let emptied = |keys: Vec<String>, file: &str| {
            keys.into_iter().map(|key| if key.ends_with(file) { format!("{key}=0") } else { key }).collect::<Vec<_>>()
        };
        for (keys, expected) in [
            (whole(id, &[1, 2], 0), "good 2/2"),
            (whole(id, &[1, 2, 4, 5], 4), "good 4/4"),
            (whole(id, &[1], 2), "good 1/1"),
            (whole(id, &[1, 2, 4], 0), "partial 3/4 there is no part of node 5"),
            (whole(id, &[2, 5], 0), "partial 2/4 there is no part of the nodes 1, 4"),
            (whole(id, &[4, 5], 0), "partial 2/4 there is no part of the nodes 1, 2"),
            (without(whole(id, &[1, 2], 0), "users.sql"), "partial 2/2 users.sql is missing"),
            (emptied(whole(id, &[1, 2], 0), "users.sql"), "partial 2/2 users.sql is missing"),
            (SQL.map(str::to_owned).to_vec(), "partial there is no part of any data node"),
            (
                without(whole(id, &[1, 2], 0), ".2.ctl"),
                "partial 1/2 node 2: there is no BACKUP-254811200*.ctl that holds anything",
            ),
            (
                emptied(whole(id, &[1, 2], 2), "PART-2-OF-2/BACKUP-254811200-0.1.Data"),
                "partial 1/2 node 1: there is no BACKUP-254811200-PART-2-OF-2/BACKUP-254811200*.Data that holds anything",
            ),
            (
                without(whole(id, &[1, 2], 4), "2/BACKUP-254811200-PART-3"),
                "partial 1/2 node 2: BACKUP-254811200-PART-3-OF-4 is missing",
            ),
            (
                [whole(id, &[1], 0), node("254811201", 2, 0)].concat(),
                "partial 1/2 node 2: there is no BACKUP-254811200*.ctl that holds anything",
            ),
            (
                [
                    whole(id, &[1, 2], 0),
                    vec!["rondb/0/x".into(), "rondb/02/x".into(), "rondb/999/x".into(), "rondb/x".into()],
                ]
                .concat(),
                "good 2/2",
            ),
            (vec![], "partial there is no part of any data node; databases.sql is missing; users.sql is missing"),
        ] {
            assert_eq!(of(&keys), expected);
        }
        let part =
            parts(vec![folder(id, &whole(id, &[1, 2], 0))], NOW.parse().unwrap(), Some(SignedDuration::from_hours(48)));
        assert_eq!(part[0].bytes, Some(800));
        assert_eq!(part[0].until().unwrap().to_string(), "2025-11-26T12:00:00Z");
        assert_eq!(part[0].ended.unwrap().to_string(), "2025-11-24T12:05:00Z");
    }

    #[test]
    fn the_last_nodes_are_missed_by_their_neighbours() {
        let of = |nodes: [&[u32]; 3]| {
            let ids = ["254811200", "254821200", "254831200"];
            let folders = ids.iter().zip(nodes).map(|(id, nodes)| folder(id, &whole(id, nodes, 0))).rev();
            shown(&parts(folders.collect(), NOW.parse().unwrap(), None))
        };
        assert_eq!(of([&[1, 2], &[1], &[1, 2]]), ["good 2/2", "partial 1/2 there is no part of node 2", "good 2/2"]);
        let unknown = "unknown 1/1 there is no part of node 2, as there is in the backup 254811200 before: unless the cluster is smaller \
                       since then, rows are missing";
        assert_eq!(of([&[1, 2], &[1], &[1]]), ["good 2/2", unknown, "good 1/1"]);
        assert_eq!(of([&[1], &[1, 2], &[1, 2]]), ["good 1/1", "good 2/2", "good 2/2"]);
    }

    #[test]
    fn what_lacks_something_and_is_new_is_still_being_written() {
        let at = |now: &str, keys: &[String]| {
            shown(&parts(vec![folder("254811200", keys)], now.parse().unwrap(), None)).remove(0)
        };
        let keys = whole("254811200", &[1, 2, 4], 0);
        assert_eq!(at("2025-11-24T12:10:00Z", &keys), "running 3/4");
        assert!(at("2025-11-24T13:10:00Z", &keys).starts_with("partial 3/4"));
        assert_eq!(at("2025-11-24T12:10:00Z", &whole("254811200", &[1, 2], 0)), "good 2/2");
        let folders =
            [("254801200", &[1, 2][..]), ("254811200", &[1][..])].map(|(id, nodes)| folder(id, &whole(id, nodes, 0)));
        assert_eq!(shown(&parts(folders.into(), "2025-11-24T12:10:00Z".parse().unwrap(), None))[1], "running 1/1");
    }

    #[test]
    fn what_could_not_be_listed_is_unknown() {
        let cut = of_objects("254811200", &Objects { is_cut: true, ..Objects::default() });
        let unread = Folder { contents: Err(unknown("not read within 300 s")), ..folder("254821200", &[]) };
        assert_eq!(
            shown(&parts(vec![cut, unread], NOW.parse().unwrap(), None)),
            [
                "unknown its folder has more than 50000 files, or some whose names cannot be read",
                "unknown not read within 300 s"
            ]
        );
    }
}

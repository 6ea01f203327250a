//! Parts of the key space, and walking over one of them.

#![expect(clippy::indexing_slicing, reason = "there is one")]

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use super::client::{Client, Error};
use super::history::History;
use super::listing::Marker;
use super::seaweedfs;

/// A part of the keys below a prefix: those after `after`, up to and including `end`, in the order of their bytes.
///
/// Shares from [`split`] follow each other without gaps, so every key belongs to one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Keys greater than this one. Empty: from the first key.
    pub after: String,
    /// Keys up to this one. `None`: to the last key.
    pub end: Option<String>,
}

impl Share {
    /// Whether the key is in it.
    pub fn holds(&self, key: &str) -> bool {
        key > self.after.as_str() && self.end.as_deref().is_none_or(|end| key <= end)
    }
}

/// The greatest character: a text that ends with it sorts after all texts that begin with what precedes it.
const LAST: char = '\u{10ffff}';

/// Nodes inspected in parallel.
const LOOKS: usize = 8;
/// How many different characters are distinguished at one place; those after them stay together.
const BRANCHES: usize = 128;

/// Splits the keys below `prefix` into `wanted` shares or slightly more (at least one; fewer if there are few keys). It descends
/// only where there is more than a page of keys, so a prefix that holds most keys is split finer. The same bucket
/// gives the same result.
///
/// # Errors
/// If the bucket cannot be listed.
pub async fn split(client: &Client, prefix: &str, wanted: usize) -> Result<Vec<Share>, Error> {
    // Each text is a node of the tree of keys: the keys that begin with it.
    let mut open = vec![prefix.to_owned()];
    let mut small = Vec::new();
    while open.len() + small.len() < wanted && !open.is_empty() {
        let looked: Vec<_> = stream::iter(&open)
            .map(|node| async move {
                if ends_in_dots(client, node) && node != prefix {
                    return Ok(Vec::new());
                }
                let page = client.list_versions(node, &Marker::default(), None, 1000).await?;
                if page.next.is_none() { Ok(Vec::new()) } else { branches(client, node).await }
            })
            .buffered(LOOKS)
            .collect()
            .await;
        for (node, below) in std::mem::take(&mut open).into_iter().zip(looked) {
            let below: Vec<String> = below?;
            if below.is_empty() { small.push(node) } else { open.extend(below) }
        }
    }
    let mut nodes: Vec<String> = open.into_iter().chain(small).collect();
    nodes.sort();
    nodes.pop();
    let mut shares = Vec::new();
    let mut after = String::new();
    for node in nodes {
        if client.lists_by_folder() && !seaweedfs::is_clean(client, prefix, &node).await? {
            continue;
        }
        let end = format!("{node}{LAST}");
        shares.push(Share { after: std::mem::replace(&mut after, end.clone()), end: Some(end) });
    }
    shares.push(Share { after, end: None });
    Ok(shares)
}

/// MinIO refuses a prefix that has or ends in a component `.` or `..` (`hasBadPathComponent` in its generic-handlers.go).
fn ends_in_dots(client: &Client, node: &str) -> bool {
    !client.is_plain() && matches!(node.rsplit('/').next(), Some("." | ".."))
}

/// The nodes at the first position below `node` where keys differ.
async fn branches(client: &Client, node: &str) -> Result<Vec<String>, Error> {
    let mut node = node.to_owned();
    loop {
        let mut children = children(client, &node).await?;
        match children.len() {
            1 if !ends_in_dots(client, &children[0]) => node = children.remove(0),
            _ => return Ok(children),
        }
    }
}

/// The children of `node`: `node` and one more character each.
async fn children(client: &Client, node: &str) -> Result<Vec<String>, Error> {
    let mut children: Vec<String> = Vec::new();
    let mut marker = Marker::default();
    while children.len() < BRANCHES {
        let page = client.list_versions(node, &marker, None, 1).await?;
        let Some(found) = page.keys.first() else { break };
        // A server that folds slashes may return keys that do not begin as requested, or in another order.
        let Some(rest) = found.key.strip_prefix(node) else { break };
        let key = match rest.chars().next() {
            Some(next) => {
                let child = format!("{node}{next}");
                if children.last().is_some_and(|last| *last >= child) {
                    break;
                }
                children.push(child.clone());
                format!("{child}{LAST}")
            }
            // Ceph returns the marker's own key again if no version is given with it (`rgw_bucket_list` in cls_rgw.cc).
            None if found.key == marker.key => match page.next {
                Some(next) => {
                    marker = next;
                    continue;
                }
                None => break,
            },
            None => found.key.clone(),
        };
        marker = Marker { key, version: None };
    }
    Ok(children)
}

/// Walks over the histories of a share, a page at a time.
#[derive(Debug)]
pub struct Walk {
    client: Client,
    prefix: String,
    share: Share,
    next: Option<Marker>,
    /// The last key of the previous page, which may continue on the next.
    held: Option<History>,
    tree: seaweedfs::Recovery,
    /// Folders that the server's paging left out, to walk after the rest.
    detours: Vec<String>,
    detoured: bool,
}

/// Some complete histories.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Keys with all of their entries.
    pub keys: Vec<History>,
    /// A walk may continue after this key: it and all before it have been returned. `None` at the end of the walk, and after a
    /// detour.
    pub upto: Option<String>,
    /// Keys whose names the server could not write, so that hwdr cannot process them.
    pub unreadable: u64,
}

impl Walk {
    /// A walk over a share of what lies below `prefix`.
    pub fn new(client: &Client, prefix: &str, share: &Share) -> Self {
        Self {
            client: client.clone(),
            prefix: prefix.to_owned(),
            share: share.clone(),
            next: Some(Marker { key: share.after.clone(), version: None }),
            held: None,
            tree: seaweedfs::Recovery::default(),
            detours: Vec::new(),
            detoured: false,
        }
    }

    /// The next histories; `None` at the end.
    ///
    /// # Errors
    /// If the bucket cannot be listed.
    pub async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            let Some(marker) = self.next.take() else {
                let Some(detour) = self.detours.pop() else { return Ok(None) };
                self.prefix = detour;
                self.next = Some(Marker::default());
                continue;
            };
            let page = self.client.list_versions(&self.prefix, &marker, None, 1000).await?;
            let mut chunk = Chunk { unreadable: page.unreadable, ..Chunk::default() };
            chunk.keys = page.keys;
            if let Some(mut held) = self.held.take() {
                if chunk.keys.first().is_some_and(|first| first.key == held.key) {
                    let more = chunk.keys.remove(0);
                    held.go_on(more).map_err(|problem| self.client.endless(&held.key, problem))?;
                }
                chunk.keys.insert(0, held);
            }
            let ended =
                chunk.keys.last().is_some_and(|last| self.share.end.as_ref().is_some_and(|end| last.key > *end));
            if let Some(next) = page.next.filter(|_| !ended) {
                self.held = chunk.keys.pop();
                if self.client.lists_by_folder() {
                    let found = self.tree.recover(&self.client, &self.prefix, &next.key).await?;
                    chunk.keys.retain(|history| !found.covers(&history.key));
                    if self.held.as_ref().is_some_and(|held| found.covers(&held.key)) {
                        self.held = None;
                    }
                    chunk.keys.extend(found.keys);
                    self.detours.extend(found.folders);
                }
                self.next = Some(next);
            }
            self.detoured |= !self.detours.is_empty();
            chunk.upto =
                chunk.keys.last().map(|last| last.key.clone()).filter(|_| self.next.is_some() && !self.detoured);
            chunk.keys.retain(|history| self.share.holds(&history.key));
            if !chunk.keys.is_empty() || chunk.unreadable > 0 {
                return Ok(Some(chunk));
            }
        }
    }
}

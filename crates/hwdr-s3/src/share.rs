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
/// Shares that [`split`] gives follow each other without gaps, so that whatever key turns up belongs to one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Keys greater than this one. Empty: from the first on.
    pub after: String,
    /// Keys up to this one. None: to the last.
    pub end: Option<String>,
}

impl Share {
    /// Whether the key is in it.
    pub fn holds(&self, key: &str) -> bool {
        key > self.after.as_str() && self.end.as_deref().is_none_or(|end| key <= end)
    }
}

/// The greatest character: what ends with it comes after all that begins with what stands before it.
const LAST: char = '\u{10ffff}';

/// Nodes that are looked into at a time.
const LOOKS: usize = 8;
/// So many different characters are told apart at one place; what comes after them stays together.
const BRANCHES: usize = 128;

/// Cuts the keys below `prefix` into `wanted` shares or some more (never none, fewer where there are few keys), by looking at what keys there
/// are: it descends only where there is more than a page of them, so that a prefix under which most keys lie is cut finer. On the
/// same bucket the outcome is the same.
///
/// # Errors
/// Where the bucket cannot be listed.
pub async fn split(client: &Client, prefix: &str, wanted: usize) -> Result<Vec<Share>, Error> {
    // What begins like this is one node of the tree of keys.
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

/// MinIO refuses a prefix of which a component is `.` or `..`, be it the begin of another (`hasBadPathComponent` in its generic-handlers.go).
fn ends_in_dots(client: &Client, node: &str) -> bool {
    !client.is_plain() && matches!(node.rsplit('/').next(), Some("." | ".."))
}

/// The nodes at the first place below `node` where keys differ.
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

/// What the keys below `node` go on with: `node` and one more character each.
async fn children(client: &Client, node: &str) -> Result<Vec<String>, Error> {
    let mut children: Vec<String> = Vec::new();
    let mut marker = Marker::default();
    while children.len() < BRANCHES {
        let page = client.list_versions(node, &marker, None, 1).await?;
        let Some(found) = page.keys.first() else { break };
        // A server that folds slashes may answer with keys that do not begin as asked, or in another order.
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
            // Ceph gives the marker's own key once more, where no version stands by it (`rgw_bucket_list` in cls_rgw.cc).
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
    /// The last key of the page before, which may go on on the next.
    held: Option<History>,
    tree: seaweedfs::Recovery,
    /// Folders that the server's paging left out, to be walked after the rest.
    detours: Vec<String>,
    detoured: bool,
}

/// Some whole histories.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Keys with all of their entries.
    pub keys: Vec<History>,
    /// A walk may go on after this key: it and all before it have been handed out. None at the end of the walk, and once a
    /// detour had to be made.
    pub upto: Option<String>,
    /// Keys whose names the server could not write, so that nothing can be done to them.
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

    /// The next histories; none at the end.
    ///
    /// # Errors
    /// Where the bucket cannot be listed.
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

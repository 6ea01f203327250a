//! `<name>.tar.gz`: the objects. It is read once, and nothing of it is kept but names, and the few objects that are asked for.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::unpack::{Files, Tar};
use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::gunzip::Gunzip;

/// How much an archive may unpack to: far more than a cluster's objects.
const LONGEST: u64 = 64 << 30;
/// How many objects it may have.
const MOST: usize = 500_000;
/// How many bytes of objects may be kept.
const MOST_KEPT: usize = 64 << 20;

/// An object in a backup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Its kind.
    pub kind: String,
    /// The group of its API, without the version; empty for Kubernetes' first.
    pub group: String,
    /// Its namespace; empty if it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Item {
    /// `Kind/name`, with the namespace.
    pub fn shown(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{}/{}", self.kind, self.name),
            namespace => format!("{}/{} in namespace {namespace}", self.kind, self.name),
        }
    }
}

/// What is in an archive.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// All objects.
    pub items: BTreeSet<Item>,
    /// Those that were asked for, as JSON.
    pub kept: Vec<Vec<u8>>,
    /// When the first and the last of its files were written (seconds since 1970).
    pub written: Option<(u64, u64)>,
}

/// Reads an archive.
pub struct Archive<K: Fn(&Item) -> bool>(Gunzip<Tar<Objects<K>>>);

impl<K: Fn(&Item) -> bool> Archive<K> {
    /// Objects for which `keep` is true are kept.
    pub fn new(keep: K) -> Self {
        let objects = Objects { keep, facts: Facts::default(), kept: 0, has_version: false };
        Self(Gunzip::new(Tar::new(objects), LONGEST))
    }
}

impl<K: Fn(&Item) -> bool> Checker for Archive<K> {
    type Facts = Facts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.0.feed(piece)
    }

    fn finish(self) -> Result<Facts, Flaw> {
        self.0.finish()
    }
}

struct Objects<K> {
    keep: K,
    facts: Facts,
    kept: usize,
    has_version: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    api_version: String,
    kind: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
}

impl<K: Fn(&Item) -> bool> Files for Objects<K> {
    type Facts = Facts;

    fn file(&mut self, path: &str, written: u64, content: &[u8]) -> Result<(), Flaw> {
        // Velero does not restore such an archive (`sanitizeArchivePath`).
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err(Flaw::damaged("has a file outside its folders"));
        }
        let (first, last) = self.facts.written.unwrap_or((written, written));
        self.facts.written = Some((first.min(written), last.max(written)));
        if path == "metadata/version" {
            self.has_version = true;
            return version(content);
        }
        // Velero reads no others.
        let Some(place) = Place::of(path) else { return Ok(()) };
        // The content of a Secret must not be in a message, not even a part of it.
        let object: Object = serde_json::from_slice(content).map_err(|error| {
            Flaw::damaged(format!("{path} is not an object of Kubernetes (byte {})", byte(content, &error)))
        })?;
        let item = place
            .matches(object)
            .ok_or_else(|| Flaw::damaged(format!("{path} is another object than its name says")))?;
        if place.version.is_none() && (self.keep)(&item) {
            self.kept = self.kept.saturating_add(content.len());
            if self.kept > MOST_KEPT {
                return Err(Flaw::unknown("has larger ConfigMaps than hwdr reads"));
            }
            self.facts.kept.push(content.to_vec());
        }
        self.facts.items.insert(item);
        if self.facts.items.len() > MOST {
            return Err(Flaw::unknown(format!("has more than {MOST} objects, which is more than hwdr reads")));
        }
        Ok(())
    }

    fn end(self) -> Result<Facts, Flaw> {
        if self.has_version {
            Ok(self.facts)
        } else {
            Err(Flaw::damaged("has no metadata/version: it is not Velero's"))
        }
    }
}

fn version(content: &[u8]) -> Result<(), Flaw> {
    match content {
        [b'1', b'.' | b'\n', ..] | [b'1'] => Ok(()),
        _ => Err(Flaw::unknown("is of a version of Velero's format that hwdr does not know").expected("1.x")),
    }
}

/// Where in a text an error is.
fn byte(content: &[u8], error: &serde_json::Error) -> usize {
    let lines = content.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    lines.map(<[u8]>::len).sum::<usize>().saturating_add(error.column())
}

/// What the name of a file says of the object in it (velero, `pkg/archive/filesystem.go`).
struct Place<'p> {
    group: &'p str,
    version: Option<&'p str>,
    namespace: &'p str,
    name: &'p str,
}

impl<'p> Place<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix("resources/")?.strip_suffix(".json")?.split('/').collect();
        let (resource, version, namespace, name) = match *parts.as_slice() {
            [resource, "cluster", name] => (resource, None, "", name),
            [resource, "namespaces", namespace, name] => (resource, None, namespace, name),
            [resource, version, "cluster", name] => (resource, Some(version), "", name),
            [resource, version, "namespaces", namespace, name] => (resource, Some(version), namespace, name),
            _ => return None,
        };
        let group = resource.split_once('.').map_or("", |(_, group)| group);
        Some(Self { group, version, namespace, name })
    }

    /// The object, if it is that of the place.
    fn matches(&self, object: Object) -> Option<Item> {
        let group = object.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let is_it = !object.kind.is_empty()
            && group == self.group
            && object.metadata.name == self.name
            && object.metadata.namespace == self.namespace;
        is_it.then(|| Item {
            kind: object.kind,
            group: group.to_owned(),
            namespace: object.metadata.namespace,
            name: object.metadata.name,
        })
    }
}

//! `manifest.json`: what the dump beside it is. Which fields it has is known, but not what they are called: a field is known by what is in it, and by
//! words in its name or in those of the objects around it. What is not found is not checked.

use serde_json::Value as Json;

use super::dump::Dumped;
use crate::flaw::Flaw;

/// How long a manifest may be.
pub const LONGEST: usize = 64 << 10;
/// How deep objects in it are looked into.
const DEEPEST: usize = 16;
/// How many values of one kind are kept.
const MOST: usize = 64;
/// How long a text is that is kept.
const LONGEST_TEXT: usize = 512;
/// What a path to a dump ends with.
const DUMP: &str = ".sql.gz";

/// What was found in a manifest: of each kind, all that it could be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Ids of backups.
    pub ids: Vec<String>,
    /// Paths to a dump.
    pub paths: Vec<String>,
    /// Sizes of a file.
    pub sizes: Vec<u64>,
    /// SHA-256 of a file, in lower case.
    pub digests: Vec<String>,
    /// Images.
    pub images: Vec<String>,
    /// Revisions of the schema.
    pub revisions: Vec<String>,
    /// Fingerprints of Superset's secret key, in lower case.
    pub fingerprints: Vec<String>,
}

impl Manifest {
    /// Reads it. `is_id` knows the form of a backup id.
    ///
    /// # Errors
    /// It is no such file.
    pub fn read(bytes: &[u8], is_id: impl Fn(&str) -> bool) -> Result<Self, Flaw> {
        if bytes.len() > LONGEST {
            return Err(Flaw::unknown(format!("has {} bytes: hwdr reads up to {LONGEST}", bytes.len())));
        }
        let json: Json = serde_json::from_slice(bytes).map_err(|error| {
            let error = error.to_string();
            match error.starts_with("recursion limit") {
                true => Flaw::unknown("is nested more deeply than hwdr reads"),
                false => Flaw::damaged(format!("is no JSON: {error}")),
            }
        })?;
        if !json.is_object() {
            return Err(Flaw::damaged("is no JSON object"));
        }
        let mut manifest = Self::default();
        manifest.look(&json, "", 0, &is_id);
        Ok(manifest)
    }

    /// Looks at a value, below these names in lower case.
    fn look(&mut self, value: &Json, names: &str, depth: usize, is_id: &impl Fn(&str) -> bool) {
        if depth > DEEPEST {
            return;
        }
        let deeper = depth.saturating_add(1);
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    self.look(value, &format!("{names}.{}", name.to_lowercase()), deeper, is_id);
                }
            }
            Json::Array(values) => values.iter().for_each(|value| self.look(value, names, deeper, is_id)),
            Json::Number(number) => number.as_u64().into_iter().for_each(|number| self.number(number, names)),
            Json::String(text) if text.len() <= LONGEST_TEXT => self.text(text, names, is_id),
            _ => {}
        }
    }

    fn number(&mut self, number: u64, names: &str) {
        let says = |words: &[&str]| words.iter().any(|word| names.contains(word));
        // A limit or a buffer has a size, too.
        if says(&["size", "bytes"]) && !says(&["limit", "max", "buffer", "chunk", "block"]) {
            keep(&mut self.sizes, number);
        }
    }

    fn text(&mut self, text: &str, names: &str, is_id: &impl Fn(&str) -> bool) {
        let says = |words: &[&str]| words.iter().any(|word| names.contains(word));
        let is_hex = |text: &str, of: usize| text.len() == of && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let of_key = says(&["key", "secret", "fingerprint", "image"]);
        let digest = text.strip_prefix("sha256:").unwrap_or(text);
        if says(&["fingerprint"]) || says(&["secret"]) && says(&["key"]) && says(&["sha256", "hash", "digest"]) {
            keep(&mut self.fingerprints, digest.to_lowercase());
        } else if is_id(text) {
            keep(&mut self.ids, text.to_owned());
        } else if text.ends_with(DUMP) {
            keep(&mut self.paths, text.to_owned());
        } else if is_hex(digest, 64) && says(&["sha256", "sha_256", "sha-256", "checksum", "digest"]) && !of_key {
            keep(&mut self.digests, digest.to_lowercase());
        } else if is_hex(text, 12) && says(&["schema", "revision", "alembic"]) {
            keep(&mut self.revisions, text.to_lowercase());
        } else if says(&["image"]) {
            keep(&mut self.images, text.to_owned());
        } else if let Ok(number) = text.parse() {
            self.number(number, names);
        }
    }

    /// What shows that it is of another backup than this one.
    ///
    /// # Errors
    /// It is of another one.
    pub fn is_of(&self, id: &str, is_id: impl Fn(&str) -> bool) -> Result<(), Flaw> {
        let other = |what: String| Err(Flaw::damaged(what).expected(format!("those of backup {id}")));
        if let Some(first) = self.ids.first().filter(|_| !self.ids.iter().any(|found| found == id)) {
            return other(format!("names backup {first}"));
        }
        // A path need not contain the id; but it must not contain another one.
        let parts = |path: &String| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let is_here = |path: &String| parts(path).iter().any(|part| part == id);
        let is_elsewhere = |path: &&String| parts(path).iter().any(|part| is_id(part));
        match self.paths.iter().find(is_elsewhere).filter(|_| !self.paths.iter().any(is_here)) {
            Some(path) => other(format!("names the dump {path}")),
            None => Ok(()),
        }
    }

    /// Whether it describes this dump.
    ///
    /// # Errors
    /// What differs.
    pub fn describes(&self, dump: &Dumped) -> Result<(), Flaw> {
        // It may also say how large the dump is when it is unpacked.
        let sizes = [dump.size, dump.unpacked];
        if let Some(first) = self.sizes.first().filter(|_| !self.sizes.iter().any(|size| sizes.contains(size))) {
            return Err(Flaw::damaged(format!("has {} bytes", dump.size)).expected(format!("{first}: its manifest")));
        }
        let digest = &dump.digest;
        if let Some(first) = self.digests.first().filter(|_| !self.digests.contains(digest)) {
            return Err(
                Flaw::damaged(format!("has the SHA-256 {digest}")).expected(format!("{first}: its manifest says so"))
            );
        }
        let revision = &dump.revision;
        match self.revisions.first().filter(|_| !self.revisions.contains(revision)) {
            Some(first) => Err(Flaw::damaged(format!("has the schema of revision {revision}"))
                .expected(format!("{first}: its manifest says so"))),
            None => Ok(()),
        }
    }

    /// What it does not say, and so was not compared.
    pub fn lacks(&self) -> Vec<&'static str> {
        let found = [
            (self.ids.is_empty() && self.paths.is_empty(), "the id of its backup"),
            (self.sizes.is_empty(), "the size of the dump"),
            (self.digests.is_empty(), "the SHA-256 of the dump"),
            (self.revisions.is_empty(), "the revision of the schema"),
        ];
        found.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect()
    }
}

fn keep<T>(list: &mut Vec<T>, value: T) {
    if list.len() < MOST {
        list.push(value);
    }
}

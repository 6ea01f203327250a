//! Works around SeaweedFS, which lists folder by folder, not in the order of keys, and loses some of them between two pages.
//!
//! It walks its folders in the order of their entries' names (a key `k` is the entry `k.versions`), fills a page, sorts the page by key,
//! and continues after its greatest key. A key that sorts before that one but is walked later never appears: with pages of two and the keys
//! `x/1`, `x/2`, `x-b`, `x` the answer is `x/1`, `x/2`, and the end (seen with 4.48). This affects names that begin alike and continue with
//! a character up to `/`. They are looked up here at the end of each page, so that a walk is complete.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use super::client::{Client, Error, Problem};
use super::history::History;
use super::listing::Marker;

/// What was found at the end of a page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    regions: Vec<Region>,
    /// Keys with all of their entries.
    pub keys: Vec<History>,
    /// Folders that have to be walked.
    pub folders: Vec<String>,
}

impl Found {
    /// Whether this returns the key.
    pub(crate) fn covers(&self, key: &str) -> bool {
        self.regions.iter().any(|region| region.holds(key))
    }
}

/// Keys that may be lost because the page ended among those that begin with `stem`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Region {
    stem: String,
    /// The page ended inside the folder `stem/`: all that sorts before it. Otherwise: only the key `stem`.
    folder: bool,
}

impl Region {
    fn holds(&self, key: &str) -> bool {
        key == self.stem || self.folder && key.strip_prefix(self.stem.as_str()).is_some_and(|rest| rest < "/")
    }
}

/// Remembers what was already looked up.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    done: Vec<Region>,
}

impl Recovery {
    /// What the page that ended with `last` may have lost, below `prefix`; everything once.
    ///
    /// # Errors
    /// If the bucket cannot be listed, or too many names begin alike for a complete answer.
    pub(crate) async fn recover(&mut self, client: &Client, prefix: &str, last: &str) -> Result<Found, Error> {
        let regions = regions(prefix, last);
        self.done.retain(|done| regions.contains(done));
        let mut found = Found::default();
        for region in regions {
            if self.done.contains(&region) {
                continue;
            }
            let page = beside(client, &region.stem).await?;
            let new = |key: &str| region.holds(key) && !found.covers(key);
            let keys: Vec<_> = page.keys.into_iter().filter(|history| new(&history.key)).collect();
            let folders: Vec<_> = page.prefixes.into_iter().filter(|folder| new(folder)).collect();
            found.keys.extend(keys);
            found.folders.extend(folders);
            found.regions.push(region.clone());
            self.done.push(region);
        }
        Ok(found)
    }
}

/// Whether nothing is lost if a walk ends, or begins, between the keys that begin with `boundary` and the rest.
///
/// # Errors
/// As [`Recovery::recover`].
pub(crate) async fn is_clean(client: &Client, prefix: &str, boundary: &str) -> Result<bool, Error> {
    for region in regions(prefix, boundary) {
        let page = beside(client, &region.stem).await?;
        let folder = format!("{}/", region.stem);
        let lost = page.keys.iter().any(|history| region.holds(&history.key))
            || page.prefixes.iter().any(|name| region.holds(name) || !region.folder && *name == folder);
        if lost {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where names that begin like `last` may have been lost.
fn regions(prefix: &str, last: &str) -> Vec<Region> {
    let start = prefix.rfind('/').map_or(0, |slash| slash + 1);
    last.char_indices()
        .filter(|&(at, next)| at > start && next <= '/')
        .map(|(at, next)| Region { stem: last[..at].to_owned(), folder: next == '/' })
        .filter(|region| region.stem.starts_with(prefix) || prefix.starts_with(&region.stem))
        .collect()
}

/// What is in the same folder as `stem` and begins like it.
async fn beside(client: &Client, stem: &str) -> Result<super::listing::Page, Error> {
    let page = client.list_versions(stem, &Marker::default(), Some('/'), 1000).await?;
    // The names that matter come first; any other name in the page proves that all of them are there.
    let beyond = format!("{stem}0");
    let whole = page.next.is_none() || page.keys.iter().any(|history| history.key >= beyond);
    if whole {
        return Ok(page);
    }
    Err(Error {
        action: "s3:ListBucketVersions",
        bucket: client.bucket().to_owned(),
        key: Some(stem.to_owned()),
        problem: Problem::Nonsense(
            "more than 1,000 versions lie beside it under names that begin alike: SeaweedFS omits some of them from listings".to_owned(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_where_names_begin_alike() {
        let shown = |prefix: &str, last: &str| -> Vec<String> {
            regions(prefix, last).iter().map(|r| format!("{}{}", r.stem, if r.folder { "/" } else { "" })).collect()
        };
        assert_eq!(shown("", "a-b/c.d"), ["a", "a-b/", "a-b/c"]);
        assert_eq!(shown("a-b/", "a-b/c.d"), ["a-b/c"]);
        assert_eq!(shown("", "abc"), [""; 0]);
        let folder = Region { stem: "x".to_owned(), folder: true };
        for (key, held) in
            [("x", true), ("x-b", true), ("x-d/1", true), ("x.c", true), ("x/1", false), ("x0", false), ("w", false)]
        {
            assert_eq!(folder.holds(key), held, "{key}");
        }
        let name = Region { stem: "k".to_owned(), folder: false };
        assert!(name.holds("k") && !name.holds("k-1"));
    }
}

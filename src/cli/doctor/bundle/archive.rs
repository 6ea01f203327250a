//! Files of a bounded size, packed.

use std::fmt::Write as _;
use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value as Json;
use tar::{Builder, Header};

use super::super::now;
use crate::shown::json;

/// How large a file may be.
const FILE: usize = 8 << 20;
/// How large all of them may be, before they are packed.
const ALL: usize = 64 << 20;

/// What goes into the archive.
#[derive(Default)]
pub(super) struct Archive {
    files: Vec<(String, Vec<u8>)>,
    size: usize,
    /// What is not in it, and why.
    missing: Vec<String>,
}

impl Archive {
    /// Notes what is missing.
    pub(super) fn misses(&mut self, what: impl Into<String>) {
        self.missing.push(what.into());
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        let room = FILE.min(ALL.saturating_sub(self.size));
        let end = text.floor_char_boundary(room);
        if end < text.len() {
            self.misses(format!("{name}: {} of {} bytes are in it", end, text.len()));
        }
        let kept = text.get(..end).unwrap_or_default();
        self.size = self.size.saturating_add(end);
        self.files.push((name.to_owned(), kept.as_bytes().to_vec()));
    }

    /// Adds JSON.
    pub(super) fn json(&mut self, name: &str, value: &Json) {
        self.text(name, &format!("{}\n", json(&format!("{value:#}"))));
    }

    /// Adds objects, as many as there is room for: each is whole.
    pub(super) fn objects(&mut self, name: &str, objects: &[Json]) {
        let mut text = String::from("[");
        for (at, object) in objects.iter().enumerate() {
            let object = json(&format!("{object:#}"));
            if text.len().saturating_add(object.len()) > FILE.min(ALL.saturating_sub(self.size)).saturating_sub(8) {
                self.misses(format!("{name}: {at} of {} objects are in it", objects.len()));
                break;
            }
            text.push_str(if at == 0 { "\n" } else { ",\n" });
            text.push_str(&object);
        }
        text.push_str("\n]\n");
        self.text(name, &text);
    }

    /// What is in it, and what is not.
    pub(super) fn contents(&self) -> String {
        let mut out = String::new();
        for (name, bytes) in &self.files {
            let _ = writeln!(out, "{:>8} KiB  {name}", bytes.len().div_ceil(1024));
        }
        if !self.missing.is_empty() {
            out.push_str("Not in it:\n");
            for what in &self.missing {
                let _ = writeln!(out, "  - {what}");
            }
        }
        out
    }

    /// All of it, packed.
    ///
    /// # Errors
    /// If a name is too long.
    pub(super) fn packed(&self) -> io::Result<Vec<u8>> {
        let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let time = u64::try_from(now().as_second()).unwrap_or_default();
        for (name, bytes) in &self.files {
            let mut header = Header::new_gnu();
            header.set_mode(0o600);
            header.set_mtime(time);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, format!("hwdr-bundle/{name}"), bytes.as_slice())?;
        }
        tar.into_inner()?.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_fit_is_listed() {
        let mut archive = Archive::default();
        archive.text("long", &"é".repeat(FILE));
        let large = json!({"a": "x".repeat(FILE / 3)});
        archive.objects("objects.json", &[large.clone(), large.clone(), large]);
        archive.misses("events: is forbidden");
        let contents = archive.contents();
        assert!(contents.contains("- long: "), "{contents}");
        assert!(
            contents.contains("- objects.json: 2 of 3 objects are in it\n  - events: is forbidden\n"),
            "{contents}"
        );
        assert!(archive.size < 3 * FILE);
        let objects = archive.files.iter().find(|(name, _)| name == "objects.json").unwrap();
        assert_eq!(serde_json::from_slice::<Json>(&objects.1).unwrap().as_array().unwrap().len(), 2);
        assert!(archive.packed().unwrap().len() < FILE);
    }
}

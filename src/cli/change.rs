//! A change of a file: shown as a diff, and made in one step.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::lint::report::mask;
use crate::source::Source;

/// A file before and after.
pub struct Change {
    /// As it was read.
    pub before: Arc<Source>,
    /// As it shall be.
    pub after: Arc<Source>,
    /// How many things that mends.
    pub mended: usize,
}

/// A change that is written already, beside its file; dropped, it was never there.
pub struct Ready<'c> {
    change: &'c Change,
    /// The file itself: a link is followed.
    path: PathBuf,
    new: NamedTempFile,
}

impl Change {
    /// Writes the file anew, in one step: whoever reads it sees the old text or the new one.
    pub fn write(&self) -> io::Result<()> {
        self.ready()?.put()
    }

    /// Writes the new text beside the file, with the file's mode and owner. What could fail has failed then.
    pub fn ready(&self) -> io::Result<Ready<'_>> {
        let path = fs::canonicalize(&self.before.name)?;
        self.is_as_it_was(&path)?;
        // A file that may not be written is not replaced either.
        let old = OpenOptions::new().write(true).open(&path)?.metadata()?;
        let folder = path.parent().ok_or_else(|| io::Error::other("it is in no folder"))?;
        let mut new = tempfile::Builder::new().prefix(".hwdr-").tempfile_in(folder)?;
        new.write_all(self.after.text.as_bytes())?;
        let made = new.as_file().metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            fchown(new.as_file(), Some(old.uid()), Some(old.gid()))
                .map_err(|error| io::Error::other(format!("its owner cannot be kept: {error}")))?;
        }
        new.as_file().set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        new.as_file().sync_all()?;
        Ok(Ready { change: self, path, new })
    }

    fn is_as_it_was(&self, path: &PathBuf) -> io::Result<()> {
        let now = fs::read(path)?;
        if now == self.before.text.as_bytes() {
            return Ok(());
        }
        Err(io::Error::other(if now.starts_with(&[0xff, 0xfe]) || now.starts_with(&[0xfe, 0xff]) {
            "it is in UTF-16. Save it as UTF-8, which Helm 4 needs as well: iconv -f UTF-16 -t UTF-8"
        } else {
            "it has changed since it was read"
        }))
    }

    /// What changes, in colours.
    pub fn diff(&self) -> String {
        self.diff_of(&self.before.text, &self.after.text)
    }

    /// The same with credentials hidden, also in the lines around it.
    pub fn masked_diff(&self) -> String {
        self.diff_of(&mask::credentials(&self.before.text), &mask::credentials(&self.after.text))
    }

    fn diff_of(&self, before: &str, after: &str) -> String {
        let diff = similar::TextDiff::from_lines(before, after);
        let name = &self.before.name;
        let text = diff.unified_diff().context_radius(3).header(name, name).to_string();
        text.split_inclusive('\n').map(colour).collect()
    }
}

impl Ready<'_> {
    /// Puts it in the file's place.
    pub fn put(self) -> io::Result<()> {
        // The same file may have been named twice.
        if fs::read(&self.path)? == self.change.after.text.as_bytes() {
            return Ok(());
        }
        self.change.is_as_it_was(&self.path)?;
        self.new.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

/// A line of a diff in its colour, which a stream that is no terminal drops.
fn colour(line: &str) -> String {
    use anstyle::{AnsiColor, Style};
    let style = match line.as_bytes().first() {
        Some(b'+') => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Some(b'-') => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Some(b'@') => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
        _ => Style::new(),
    };
    format!("{style}{}{style:#}{}", line.trim_end_matches('\n'), if line.ends_with('\n') { "\n" } else { "" })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn change(name: &std::path::Path) -> Change {
        let name = name.to_string_lossy().into_owned();
        Change { before: Source::new(name.clone(), "old\n"), after: Source::new(name, "new\n"), mended: 1 }
    }

    #[test]
    fn the_file_is_replaced_behind_a_link_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("values.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, "old\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink("values.yaml", &link).unwrap();
        let changes = [change(&link), change(&file)];
        let ready: Vec<_> = changes.iter().map(|change| change.ready().unwrap()).collect();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old\n", "not yet");
        for ready in ready {
            ready.put().unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn what_was_changed_meanwhile_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        fs::write(&file, "old\n").unwrap();
        let change = change(&file);
        let ready = change.ready().unwrap();
        fs::write(&file, "theirs\n").unwrap();
        assert!(ready.put().is_err() && change.ready().is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

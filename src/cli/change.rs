//! A change of a file: shown as a diff, and written in one step.
//!
//! The new text is written to a file beside the old one, which it then replaces. Mode, owner and extended attributes (including access
//! lists and SELinux's label) are kept, or nothing is changed. A symbolic link is followed, and its target is changed. A file with several
//! names (hard links) is refused, because only one of them would get the new text.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;
use rustix::process::geteuid;
use tempfile::NamedTempFile;

use crate::leave::{self, Removed};
use crate::shown::{lines, mask, plain};
use crate::source::Source;

/// A file before and after.
pub(super) struct FileChange {
    /// As it was read.
    pub before: Arc<Source>,
    /// As it will be.
    pub after: Arc<Source>,
    /// How many findings that fixes.
    pub mended: usize,
}

/// A change that is already written, beside its file. Dropping it deletes it.
pub(super) struct Ready<'c> {
    change: &'c FileChange,
    /// The file itself, with links followed.
    path: PathBuf,
    new: NamedTempFile,
    /// After a signal or a panic, nothing is dropped.
    _removed: Removed,
}

impl FileChange {
    /// Replaces the file in one step: a reader sees the old text or the new one.
    pub(super) fn write(&self) -> io::Result<()> {
        self.ready()?.put()
    }

    /// Writes the new text beside the file, with the file's mode and owner. After that, little can fail.
    pub(super) fn ready(&self) -> io::Result<Ready<'_>> {
        let path = fs::canonicalize(&self.before.name)?;
        self.is_as_it_was(&path)?;
        // A file that may not be written must not be replaced either.
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let old = file.metadata()?;
        if old.nlink() > 1 {
            let why = format!("it has {} names (hard links), and only one would get the new text", old.nlink());
            return Err(io::Error::other(why));
        }
        let folder = path.parent().ok_or_else(|| io::Error::other("it is in no folder"))?;
        clear(folder);
        let mut new = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
        let removed = leave::removed(new.path());
        // Held while this process lives: see `clear`. Without locks in the file system, nothing is cleared.
        let _ = new.as_file().try_lock();
        new.write_all(self.after.text.as_bytes())?;
        let made = new.as_file().metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            fchown(new.as_file(), Some(old.uid()), Some(old.gid()))
                .map_err(|error| io::Error::other(format!("its owner cannot be kept: {error}")))?;
        }
        new.as_file().set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        keep_attributes(&file, new.as_file())?;
        new.as_file().sync_all()?;
        Ok(Ready { change: self, path, new, _removed: removed })
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

    /// The diff, in colours, without credentials.
    pub(super) fn diff(&self) -> String {
        let (before, after) = (mask::short(&self.before.text), mask::short(&self.after.text));
        let diff = similar::TextDiff::from_lines(&before, &after);
        let name = plain(&self.before.name);
        let text = diff.unified_diff().context_radius(3).header(&name, &name).to_string();
        lines(&text).split_inclusive('\n').map(colour).collect()
    }
}

impl Ready<'_> {
    /// Replaces the file.
    pub(super) fn put(self) -> io::Result<()> {
        // The same file may be named twice.
        if fs::read(&self.path)? == self.change.after.text.as_bytes() {
            return Ok(());
        }
        self.change.is_as_it_was(&self.path)?;
        self.new.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

/// The prefix of new files, before they replace the old ones.
const PREFIX: &str = ".hwdr-";

/// How long a new file may be unlocked: it is locked right after it is created.
const UNLOCKED: Duration = Duration::from_secs(10);

/// The most bytes of a file's attribute names, and of one value (limits.h: `XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const MOST: usize = 65_536;

/// Deletes what killed processes of this user have left in a folder: it may hold credentials.
fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_left = |data: fs::Metadata| {
            let is_old = data.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > UNLOCKED));
            data.is_file() && data.uid() == geteuid().as_raw() && is_old
        };
        if is_named
            && entry.metadata().is_ok_and(is_left)
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            // If that fails, it stays as it was.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Gives `new` the extended attributes of `old`.
fn keep_attributes(old: &File, new: &File) -> io::Result<()> {
    let mut names = vec![0; MOST];
    let length = match flistxattr(old, &mut names[..]) {
        Ok(length) => length,
        // A file system without attributes.
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (mut value, mut other) = (vec![0; MOST], vec![0; MOST]);
    for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let length = fgetxattr(old, name, &mut value[..])?;
        let value = value.get(..length).unwrap_or_default();
        let is_there = fgetxattr(new, name, &mut other[..]).is_ok_and(|length| other.get(..length) == Some(value));
        if !is_there {
            fsetxattr(new, name, value, XattrFlags::empty()).map_err(|error| {
                let name = String::from_utf8_lossy(name);
                io::Error::other(format!("its attribute {name} cannot be kept: {error}"))
            })?;
        }
    }
    Ok(())
}

/// A line of a diff in its colour, which is dropped if the output is not a terminal.
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

    fn change(name: &std::path::Path) -> FileChange {
        let name = name.to_string_lossy().into_owned();
        FileChange { before: Source::new(name.clone(), "old\n"), after: Source::new(name, "new\n"), mended: 1 }
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
    fn what_is_not_the_text_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        fs::write(&file, "old\n").unwrap();
        let set = fsetxattr(File::open(&file).unwrap(), "user.origin", b"ours", XattrFlags::empty());
        let has_attributes = set.is_ok();
        change(&file).write().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
        if has_attributes {
            let mut value = [0; 8];
            let length = fgetxattr(File::open(&file).unwrap(), "user.origin", &mut value[..]).unwrap();
            assert_eq!(&value[..length], b"ours");
        }
    }

    #[test]
    fn a_file_with_two_names_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("values.yaml"), folder.path().join("other.yaml"));
        fs::write(&file, "old\n").unwrap();
        fs::hard_link(&file, &other).unwrap();
        let error = change(&file).write().unwrap_err().to_string();
        assert!(error.contains("2 names"), "{error}");
        for name in [&file, &other] {
            assert_eq!(fs::read_to_string(name).unwrap(), "old\n");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn what_a_killed_process_left_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = std::time::SystemTime::now() - UNLOCKED * 2;
        let left = |name: &str| {
            fs::write(path(name), "password: x\n").unwrap();
            let file = OpenOptions::new().write(true).open(path(name)).unwrap();
            file.set_modified(old).unwrap();
            file
        };
        drop(left(".hwdr-dead"));
        let alive = left(".hwdr-alive");
        alive.try_lock().unwrap();
        drop(left("other"));
        fs::write(path(".hwdr-young"), "").unwrap();
        fs::write(path("values.yaml"), "old\n").unwrap();
        change(&path("values.yaml")).write().unwrap();
        assert!(!path(".hwdr-dead").exists());
        for name in [".hwdr-alive", ".hwdr-young", "other"] {
            assert!(path(name).exists(), "{name}");
        }
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

//! A folder private to this process, for what may contain secrets: frozen values, the rendered stream, a post-renderer's orders. The
//! folder is 0700 and its files 0600, always newly created. It is removed however the process ends ([`crate::leave`]); the next run
//! removes what a kill -9 leaves.

use std::env;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::leave::{self, Removed};

const PREFIX: &str = "hwdr-";
/// Locked while the process lives: the kernel releases the lock however the process ends, and a reused process number causes no
/// mistake.
const LOCK: &str = "lock";

/// The folder. It is removed when this is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _removed: Removed,
    _lock: File,
}

impl Folder {
    /// Creates one in the folder for temporary files, and removes those that dead processes have left there.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn new() -> io::Result<Self> {
        Self::within(&env::temp_dir())
    }

    fn within(parent: &Path) -> io::Result<Self> {
        clear(parent);
        let made =
            tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
        let path = made.keep();
        let removed = leave::removed(&path);
        // It is locked before it gets the name that others look for.
        let new = path.join("lock.new");
        let lock = create(&new)?;
        // On a file system without locks, nobody ever removes it.
        if lock.try_lock().is_ok() {
            fs::rename(new, path.join(LOCK))?;
        }
        Ok(Self { path, _removed: removed, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a new file that only this user can read.
///
/// # Errors
/// If the name is taken, or it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path)?.write_all(bytes)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Removes what dead processes of this user have left. A folder that others may write to, or without a lock, is not ours.
fn clear(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // The entry's own data: a symbolic link is not ours.
        let is_ours =
            |data: fs::Metadata| data.is_dir() && data.uid() == geteuid().as_raw() && data.mode() & 0o077 == 0;
        if is_named && entry.metadata().is_ok_and(is_ours) {
            let lock = File::open(entry.path().join(LOCK));
            if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_user_can_look_in_and_it_goes() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::within(parent.path()).unwrap();
        let path = folder.path().to_owned();
        write(&path.join("values"), b"secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        for entry in fs::read_dir(&path).unwrap().flatten() {
            assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        }
        assert!(write(&path.join("values"), b"other").is_err(), "what is there is not opened");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_the_dead_have_left_is_cleared_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str, mode: u32| {
            let path = parent.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join(LOCK), "").unwrap();
            fs::write(path.join("values"), "secret").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        };
        let (dead, open, other) = (folder("hwdr-dead", 0o700), folder("hwdr-open", 0o755), folder("other", 0o700));
        let unlocked = folder("hwdr-unlocked", 0o700);
        fs::remove_file(unlocked.join(LOCK)).unwrap();
        let link = parent.path().join("hwdr-link");
        std::os::unix::fs::symlink(&other, &link).unwrap();
        let alive = Folder::within(parent.path()).unwrap();
        let second = Folder::within(parent.path()).unwrap();
        assert!(!dead.exists());
        for stays in [&open, &other, &unlocked, &link, alive.path(), second.path()] {
            assert!(stays.exists(), "{}", stays.display());
        }
    }
}

//! Records in files, for runs without a cluster: a folder private to this user, a file for each run, and locks that the
//! kernel releases however a process ends.
//!
//! A record is written to a new file, which then replaces the old one: a reader finds one or the other, never a part, even after
//! a power failure.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::id;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::Deserialize;

use crate::{Halt, Lock, Phase, Record, Store, process};

/// How often a process checks that its lock file still exists.
const LOOK: Duration = Duration::from_secs(2);

/// A folder of records and locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, and creates it if needed.
    ///
    /// # Errors
    /// If it cannot be created, or others may write to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Halt> {
        let path = path.into();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|error| failed("create the folder", &path, &error))?;
        let data = fs::metadata(&path).map_err(|error| failed("look at", &path, &error))?;
        must_be_own(&path, &data)?;
        // A new folder must survive a power failure, as its records do. A parent that we cannot read existed before.
        let _ = path.parent().and_then(|parent| File::open(parent).ok()).map(|parent| parent.sync_all());
        Ok(Self { path })
    }

    /// Takes the lock `name`, which only one process can hold.
    ///
    /// # Errors
    /// If another process holds it.
    pub fn lock(&self, name: &str) -> Result<FileLock, Halt> {
        let path = self.file(name, "lock")?;
        let failed = |error: &io::Error| failed("lock", &path, error);
        loop {
            // It is never deleted: otherwise two processes could lock two files of one name.
            let mut file = private().create(true).truncate(false).open(&path).map_err(|error| failed(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.take(1000).read_to_string(&mut holder);
                    return Err(Halt::new(format!(
                        "another process holds {}: {}",
                        path.display(),
                        process::people(&holder)
                    )));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
            if !is_at(&file, &path) {
                continue;
            }
            // Only for people.
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = file.write_all(process::name(id()).as_bytes());
            return Ok(FileLock { path, file });
        }
    }

    /// Begins the record `id`, replacing one of a finished run. The caller holds the lock of the run.
    ///
    /// # Errors
    /// If it cannot be written, or the existing record is of a run that can be resumed or undone.
    pub fn create<R: Record>(&self, id: &str, record: &R) -> Result<FileStore<R>, Halt> {
        let is_over = |earlier: &R| matches!(earlier.phase(), Phase::Undone | Phase::Finalized);
        let mut store = match self.load::<R>(id)? {
            Some(earlier) if is_over(&earlier.load()?) => earlier,
            Some(earlier) => {
                let phase = earlier.load()?.phase();
                return Err(Halt::new(format!(
                    "{} is the record of a run that is not over ({phase:?})",
                    earlier.path.display()
                )));
            }
            None => {
                FileStore { path: self.file(id, "json")?, folder: self.path.clone(), known: None, record: PhantomData }
            }
        };
        store.write(record)?;
        Ok(store)
    }

    /// The record `id`, or `None`.
    ///
    /// # Errors
    /// If it cannot be read, or others may write it.
    pub fn load<R: Record>(&self, id: &str) -> Result<Option<FileStore<R>>, Halt> {
        let path = self.file(id, "json")?;
        let known = read(&path)?;
        Ok(known.map(|known| FileStore { path, folder: self.path.clone(), known: Some(known), record: PhantomData }))
    }

    /// A file of this folder.
    fn file(&self, name: &str, ending: &str) -> Result<PathBuf, Halt> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(is_plain) {
            return Err(Halt::new(format!("{name:?} cannot be the name of a run")));
        }
        Ok(self.path.join(format!("{name}.{ending}")))
    }
}

/// The record of a run in a file.
#[derive(Debug)]
pub struct FileStore<R> {
    path: PathBuf,
    folder: PathBuf,
    /// What this process believes is in the file; `None` if there was no file.
    known: Option<String>,
    record: PhantomData<fn() -> R>,
}

/// The keys that every record has, whatever its form.
#[derive(Deserialize)]
struct Head {
    form: u32,
    version: String,
}

impl<R: Record> Store for FileStore<R> {
    type Record = R;

    fn load(&self) -> Result<R, Halt> {
        let text = self.known.as_deref().unwrap_or_default();
        let unreadable =
            |error: serde_json::Error| Halt::new(format!("{} cannot be read: {error}", self.path.display()));
        let head: Head = serde_json::from_str(text).map_err(unreadable)?;
        if head.form > R::FORM {
            return Err(Halt::new(format!(
                "{}: a later hwdr ({:?}) has written it",
                self.path.display(),
                head.version
            ))
            .help("use that version, or a later one"));
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    async fn save(&mut self, record: &R) -> Result<(), Halt> {
        self.write(record)
    }
}

impl<R: Record> FileStore<R> {
    fn write(&mut self, record: &R) -> Result<(), Halt> {
        let failed = |error: &io::Error| failed("write", &self.path, error);
        let text = serde_json::to_string_pretty(record).map_err(|error| failed(&error.into()))?;
        let folder = File::open(&self.folder).map_err(|error| failed(&error))?;
        // Nobody else compares or writes until this is closed.
        folder.lock().map_err(|error| failed(&error))?;
        if read(&self.path)? != self.known {
            return Err(Halt::lost(format!(
                "{} was written by another process, so this one stops",
                self.path.display()
            )));
        }
        let new = self.path.with_extension("new");
        // A file left by a process that died here.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
            _ => {}
        }
        let mut file = private().create_new(true).open(&new).map_err(|error| failed(&error))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
        fs::rename(&new, &self.path).map_err(|error| failed(&error))?;
        self.known = Some(text);
        folder.sync_all().map_err(|error| failed(&error))
    }
}

/// A lock in a file, held as long as this lives.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
}

impl Lock for FileLock {
    /// The kernel takes it from nobody; but if its file is removed, another process can lock a new one.
    async fn lost(&self) -> Halt {
        while is_at(&self.file, &self.path) {
            tokio::time::sleep(LOOK).await;
        }
        let path = self.path.display();
        Halt::lost(format!("{path} was removed: another process may have taken over, so this one stops"))
    }

    async fn release(self) {}
}

/// The contents of a file that nobody else may write; `None` if it does not exist.
fn read(path: &Path) -> Result<Option<String>, Halt> {
    let failed = |error: &io::Error| failed("read", path, error);
    let mut file = match OpenOptions::new().read(true).custom_flags(no_links()).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| failed(&error))?,
    };
    must_be_own(path, &file.metadata().map_err(|error| failed(&error))?)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(Some(text))
}

/// Whether a path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let of = |data: io::Result<Metadata>| data.ok().map(|data| (data.dev(), data.ino()));
    let open = of(file.metadata());
    open.is_some() && open == of(fs::symlink_metadata(path))
}

/// Checks that only this user may write it: a writer could make a run change anything.
fn must_be_own(path: &Path, data: &Metadata) -> Result<(), Halt> {
    if data.uid() == geteuid().as_raw() && data.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Halt::new(format!("{} belongs to another user, or others may write it, so it is not used", path.display()))
        .help(format!("look at it: ls -ld {}", path.display())))
}

/// Options to open files that only this user can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(no_links());
    options
}

/// Symbolic links would lead elsewhere.
fn no_links() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Halt {
    Halt::new(format!("cannot {what} {}: {error}", path.display()))
}

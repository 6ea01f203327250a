//! Reading what the command line names: values files, charts, standard input. Anything that is not a file, or is far too large, is an
//! error: hwdr neither hangs nor runs out of memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::helm::parent::Parent;
use crate::shown::word;
use crate::values::chart::{Chart, Files, matters};
use crate::values::{Helm, ValuesError};

/// How large a values file may be. Helm has no limit, but a release with its values must fit into a Secret of 1 MiB.
pub(super) const MAX_FILE: u64 = 16 << 20;

/// How large a packed chart may be (Helm: 100 MiB unpacked).
const MAX_ARCHIVE: u64 = 100 << 20;

/// How deep the folders of a chart may nest.
const MAX_FOLDERS: usize = 64;

/// How many relevant bytes the folder of a chart may hold, and how many entries: links may lead to the same folders again and again,
/// twice as often on each level.
const MAX_CHART: u64 = 100 << 20;
const MAX_ENTRIES: u64 = 100_000;

/// Files that are read once, however often they are needed: a pipe (`<(…)`, standard input) is empty the second time, and a file may
/// change.
pub(super) struct Once<'p> {
    read: BTreeMap<String, Kept>,
    of: Whose<'p>,
}

struct Kept {
    bytes: Vec<u8>,
    is_pipe: bool,
}

/// Whose command line names the files.
enum Whose<'p> {
    /// This command's.
    Ours,
    /// This command's, and its standard input is the rendered stream.
    OursBesideStream,
    /// That of the helm that started this process, and has already read them.
    Helms(&'p Parent),
}

/// What to do if hwdr cannot read what helm has read.
const GIVE_A_FILE: &str = "write it to a file, and give helm that with -f";

/// How much later than helm's start a file may have changed: file times are coarse, and helm needs that long to start.
const SLACK: Duration = Duration::from_millis(200);

impl<'p> Once<'p> {
    /// Files named on this command's line.
    pub(super) fn new() -> Self {
        Self { read: BTreeMap::new(), of: Whose::Ours }
    }

    /// The same, if standard input is the rendered stream.
    pub(super) fn beside_stream() -> Self {
        Self { of: Whose::OursBesideStream, ..Self::new() }
    }

    /// Files named on the line of a helm that has already read them: they must not have changed since.
    pub(super) fn of_helm(helm: &'p Parent) -> Self {
        Self { of: Whose::Helms(helm), ..Self::new() }
    }

    /// Reads files for one reading of all values. Within one, a pipe must not be named twice: it would be empty the second time.
    pub(super) fn pass(&mut self) -> impl FnMut(&str) -> io::Result<Vec<u8>> + use<'_, 'p> {
        let mut pipes = BTreeSet::new();
        move |name| {
            let kept = self.get(name)?;
            if kept.is_pipe && !pipes.insert(name.to_owned()) {
                return Err(io::Error::other("it is a pipe, which can be read only once, but it is named twice"));
            }
            Ok(kept.bytes.clone())
        }
    }

    /// Replaces the contents of a file, as read here.
    pub(super) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.read.insert(name.to_owned(), Kept { bytes, is_pipe: false });
    }

    fn get(&mut self, name: &str) -> io::Result<&Kept> {
        if !self.read.contains_key(name) {
            let kept = self.fetch(name)?;
            self.read.insert(name.to_owned(), kept);
        }
        self.read.get(name).ok_or_else(|| io::Error::other("it was not read"))
    }

    fn fetch(&self, name: &str) -> io::Result<Kept> {
        let is_stdin = name.trim() == "-";
        let kept = match &self.of {
            Whose::Helms(_) if is_stdin => {
                return Err(io::Error::other(format!("helm has already read its standard input: {GIVE_A_FILE}")));
            }
            Whose::Helms(helm) => Kept { bytes: reread(name, helm)?, is_pipe: false },
            Whose::OursBesideStream if is_stdin || is_our_stdin(name) => {
                return Err(io::Error::other("standard input is the rendered stream: write the values to a file"));
            }
            Whose::Ours | Whose::OursBesideStream if is_stdin => {
                let is_pipe = stdin()?.file_type().is_fifo();
                Kept { bytes: bounded(io::stdin().lock(), MAX_FILE)?, is_pipe }
            }
            Whose::Ours | Whose::OursBesideStream => {
                let (file, kind) = open(name)?;
                Kept { bytes: bounded(file, MAX_FILE)?, is_pipe: kind.file_type().is_fifo() }
            }
        };
        if kept.is_pipe && kept.bytes.is_empty() {
            let why = "this pipe is empty: its command has failed, or something else has read it";
            return Err(io::Error::other(why));
        }
        Ok(kept)
    }
}

/// The bytes of a file that helm has read, if it has not changed since.
fn reread(name: &str, helm: &Parent) -> io::Result<Vec<u8>> {
    refuse_url(name)?;
    let path = helm.path(name);
    let data = fs::metadata(&path)?;
    let kind = data.file_type();
    if kind.is_fifo() || kind.is_socket() || (kind.is_char_device() && name != "/dev/null") {
        return Err(io::Error::other(format!("it is a pipe, and helm has already read it: {GIVE_A_FILE}")));
    }
    if kind.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    let seconds = u64::try_from(data.ctime()).unwrap_or_default();
    let nanoseconds = u64::try_from(data.ctime_nsec()).unwrap_or_default();
    let changed = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .and_then(|time| time.checked_add(Duration::from_nanos(nanoseconds)));
    let latest = helm.started().map(|started| started.checked_add(SLACK).unwrap_or(started));
    // A time that cannot be represented is later.
    if latest.is_some_and(|latest| changed.is_none_or(|changed| changed > latest)) {
        let why = "it was changed after helm had started, so hwdr cannot tell what helm has read. Run helm again";
        return Err(io::Error::other(why));
    }
    bounded(File::open(path)?, MAX_FILE)
}

/// Whether a path is this process's standard input.
fn is_our_stdin(name: &str) -> bool {
    let named = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(&name);
    let same = |data: Metadata| stdin().is_ok_and(|stdin| (stdin.dev(), stdin.ino()) == (data.dev(), data.ino()));
    named || fs::metadata(name).is_ok_and(|data| data.file_type().is_fifo() && same(data))
}

/// The kind of file that standard input is.
fn stdin() -> io::Result<Metadata> {
    File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata()
}

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// If it cannot be read, is not a file, or is larger than [`MAX_FILE`].
pub(super) fn read(name: &str) -> io::Result<Vec<u8>> {
    if name.trim() == "-" {
        return bounded(io::stdin().lock(), MAX_FILE);
    }
    bounded(open(name)?.0, MAX_FILE)
}

/// Whether a path is a pipe.
pub(super) fn is_fifo(name: &str) -> bool {
    fs::metadata(name).is_ok_and(|data| data.file_type().is_fifo())
}

/// Refuses what helm would pass to one of its downloaders (`readFile` in its `pkg/cli/values/options.go`).
fn refuse_url(name: &str) -> io::Result<()> {
    let scheme = name.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let fetch = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => format!("curl -fsSL {} > values.yaml", word(name)),
        "oci" => "helm pull, or oras pull".to_owned(),
        // Without a plugin for the scheme, helm takes it as a file.
        _ if !is_scheme || fs::symlink_metadata(name).is_ok() => return Ok(()),
        "secrets" => "-f <(helm secrets decrypt FILE)".to_owned(),
        _ => "write its contents to a file".to_owned(),
    };
    Err(io::Error::other(format!(
        "hwdr does not fetch this, because helm would fetch it again and could get something else. Give a file: {fetch}"
    )))
}

/// The chart at a path: a folder or an archive. (`.helmignore` does not matter: it cannot hide values.)
///
/// # Errors
/// If it cannot be read, or Helm refuses it.
pub(super) fn chart(name: &str, helm: Helm) -> Result<Chart, ValuesError> {
    let unreadable = |error: io::Error| ValuesError::unreadable(format!("cannot read chart {name}: {error}"));
    let path = Path::new(name);
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        let mut files = Files::new();
        let mut left = Left { bytes: MAX_CHART, entries: MAX_ENTRIES };
        collect(path, "", 0, &mut left, &mut files).map_err(unreadable)?;
        return Chart::from_files(files, name.trim_end_matches('/'), helm);
    }
    let bytes = open(name).and_then(|(file, _)| bounded(file, MAX_ARCHIVE)).map_err(unreadable)?;
    Chart::from_archive(&bytes, name, helm)
}

/// How much more a chart's folder may hold.
struct Left {
    bytes: u64,
    entries: u64,
}

/// Adds the files of a chart's folder that may affect values.
fn collect(folder: &Path, prefix: &str, depth: usize, left: &mut Left, files: &mut Files) -> io::Result<()> {
    if depth > MAX_FOLDERS {
        return Err(io::Error::other(format!("{} is more than {MAX_FOLDERS} folders deep", folder.display())));
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        left.entries = left.entries.checked_sub(1).ok_or_else(|| {
            io::Error::other(format!("there are more than {MAX_ENTRIES} entries in it (do links lead in circles?)"))
        })?;
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let inside = format!("{prefix}{name}");
        // Helm follows links in a chart, too.
        if fs::metadata(&path).is_ok_and(|data| data.is_dir()) {
            // Values are in a chart's own folder and in those of its subcharts.
            if name == "charts" || prefix.ends_with("charts/") {
                collect(&path, &format!("{inside}/"), depth + 1, left, files)?;
            }
        } else if matters(&inside) {
            let bytes = open(&path.to_string_lossy())
                .and_then(|(file, _)| bounded(file, MAX_FILE))
                .map_err(|error| io::Error::other(format!("{inside}: {error}")))?;
            left.bytes = left.bytes.checked_sub(bytes.len() as u64).ok_or_else(|| {
                io::Error::other(format!("its files are larger than {} MiB together", MAX_CHART >> 20))
            })?;
            files.insert(inside, bytes);
        }
    }
    Ok(())
}

/// Opens a file, or the pipe of a shell's `<(…)`, whose other end is already open: both can be read to an end.
fn open(name: &str) -> io::Result<(File, Metadata)> {
    refuse_url(name)?;
    let path = Path::new(name);
    let data = fs::metadata(path)?;
    let kind = data.file_type();
    let handed_over = ["/dev/fd", "/proc/self/fd", "/dev/stdin"].into_iter().any(|own| path.starts_with(own));
    if kind.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if kind.is_fifo() && !handed_over {
        return Err(io::Error::other("it is a named pipe, not a file"));
    }
    if kind.is_socket() || kind.is_block_device() || (kind.is_char_device() && path != Path::new("/dev/null")) {
        return Err(io::Error::other("it is a device, not a file"));
    }
    Ok((File::open(path)?, data))
}

fn bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

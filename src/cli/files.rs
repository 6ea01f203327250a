//! Reading what the command line names: values files, charts, standard input. What is no file, or far too large, is an error, not a
//! program that hangs or eats the machine.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::values::chart::{Chart, Files, matters};
use crate::values::{Helm, ValuesError};

/// How large a values file may be. Helm itself knows no limit; a release, values included, has to fit into a Secret of 1 MiB.
pub const MAX_FILE: u64 = 16 << 20;

/// How large a packed chart may be (Helm: 100 MiB unpacked).
const MAX_ARCHIVE: u64 = 100 << 20;

/// How deep the folders of a chart may nest.
const MAX_FOLDERS: usize = 64;

/// The bytes of a values file; `-` is standard input.
///
/// # Errors
/// Where it cannot be read, is no file, or is larger than [`MAX_FILE`].
pub fn read(name: &str) -> io::Result<Vec<u8>> {
    if name.trim() == "-" {
        return bounded(io::stdin().lock(), MAX_FILE);
    }
    open(Path::new(name)).and_then(|file| bounded(file, MAX_FILE))
}

/// The chart at a path, a folder or an archive. (A `.helmignore` is not looked at: it may hide no values.)
///
/// # Errors
/// Where it cannot be read, or Helm refuses it.
pub fn chart(name: &str, helm: Helm) -> Result<Chart, ValuesError> {
    let unreadable = |error: io::Error| ValuesError::unreadable(format!("cannot read chart {name}: {error}"));
    let path = Path::new(name);
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        let mut files = Files::new();
        collect(path, "", 0, &mut files).map_err(unreadable)?;
        return Chart::from_files(files, name.trim_end_matches('/'), helm);
    }
    let bytes = open(path).and_then(|file| bounded(file, MAX_ARCHIVE)).map_err(unreadable)?;
    Chart::from_archive(&bytes, name, helm)
}

/// Adds the files of a chart's folder that may have a say in values.
fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    if depth > MAX_FOLDERS {
        return Err(io::Error::other(format!("{} is more than {MAX_FOLDERS} folders deep", folder.display())));
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let inside = format!("{prefix}{name}");
        // Helm follows links in a chart, too.
        if fs::metadata(&path).is_ok_and(|data| data.is_dir()) {
            // Values are in a chart's own folder and in those of its subcharts.
            if name == "charts" || prefix.ends_with("charts/") {
                collect(&path, &format!("{inside}/"), depth + 1, files)?;
            }
        } else if matters(&inside) {
            let bytes = open(&path)
                .and_then(|file| bounded(file, MAX_FILE))
                .map_err(|error| io::Error::other(format!("{inside}: {error}")))?;
            files.insert(inside, bytes);
        }
    }
    Ok(())
}

/// Opens what can be read to an end: a file, or the pipe of a shell's `<(…)`, whose other end is open already.
fn open(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    let handed_over = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    if kind.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if kind.is_fifo() && !handed_over {
        return Err(io::Error::other("it is a named pipe, not a file"));
    }
    if kind.is_socket() || kind.is_block_device() || (kind.is_char_device() && path != Path::new("/dev/null")) {
        return Err(io::Error::other("it is a device, not a file"));
    }
    File::open(path)
}

fn bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

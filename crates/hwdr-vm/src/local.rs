//! Files and folders on this machine.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The bytes that are free where a folder is, or would be; none if there is nothing above it either.
pub fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The SHA-256 of a file, in hexadecimal digits.
///
/// # Errors
/// If it cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        digest.update(piece);
    }
    Ok(hex(&digest.finalize()))
}

/// The SHA-256 of a text, in hexadecimal digits.
pub fn sha256_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file whole or not at all, also when the power fails.
///
/// # Errors
/// If it cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether an `rsync` still writes into a folder: one that was begun by a process that was killed since. Only Linux tells.
pub fn is_written(folder: &Path) -> bool {
    let folder = folder.as_os_str().as_encoded_bytes();
    let is_ours = |line: &[u8]| {
        let mut words = line.split(|byte| *byte == 0);
        let is_rsync = words.next().is_some_and(|program| program.ends_with(b"rsync"));
        is_rsync && words.any(|word| word.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/")))
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|process| fs::read(process.path().join("cmdline")).ok()).any(|line| is_ours(&line))
}

/// All files below a folder, by their paths in it, in order. Links are not followed, and are errors: a backup has none.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    walk(folder).map(|(files, _)| files)
}

/// How much all of them hold.
pub fn size_of(files: &[(String, u64)]) -> u64 {
    files.iter().fold(0, |sum, (_, size)| sum.saturating_add(*size))
}

/// All folders below a folder, by their paths in it, in order.
///
/// # Errors
/// As [`files()`].
pub fn folders(folder: &Path) -> io::Result<Vec<String>> {
    walk(folder).map(|(_, folders)| folders)
}

/// Files with their lengths, and folders.
type Tree = (Vec<(String, u64)>, Vec<String>);

fn walk(folder: &Path) -> io::Result<Tree> {
    let (mut found, mut folders) = (Vec::new(), Vec::new());
    let mut open = vec![String::new()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let name = entry
                .file_name()
                .into_string()
                .map_err(|name| io::Error::other(format!("{} is not UTF-8", name.display())))?;
            let path = if inner.is_empty() { name } else { format!("{inner}/{name}") };
            let data = entry.metadata()?;
            if data.is_dir() {
                folders.push(path.clone());
                open.push(path);
            } else if data.is_file() {
                found.push((path, data.len()));
            } else {
                return Err(io::Error::other(format!("{path} is neither a file nor a folder")));
            }
        }
    }
    found.sort();
    folders.sort();
    Ok((found, folders))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn an_rsync_that_still_writes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), "").unwrap();
        let run = |name: &str, path: &str| {
            let mut process = std::process::Command::new("tail");
            process
                .arg0(name)
                .arg("-f")
                .arg(folder.path().join(path))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut other = run("tail", "x");
        assert!(!is_written(folder.path()));
        let mut rsync = run("rsync", "x");
        let began = std::time::Instant::now();
        while !is_written(folder.path()) {
            assert!(began.elapsed().as_secs() < 20, "it is not seen");
        }
        // Another folder whose name begins the same is not it.
        assert!(!is_written(&folder.path().with_file_name("x")));
        for process in [&mut other, &mut rsync] {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        assert!(!is_written(folder.path()));
    }
}

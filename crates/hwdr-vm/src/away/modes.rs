//! Modes of files and folders, as a file of the backup: object storage keeps neither modes nor empty folders.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::local;

/// The file, below the backup's folder.
pub const FILE: &str = "cluster/modes.txt";
/// What has modes that matter: the blocks of HopsFS.
const BLOCKS: &str = "hopsfs";

/// What is known of modes: `files MODE` is that of most files, `file MODE PATH` that of another one, `folder MODE PATH` that of each folder.
///
/// # Errors
/// If the folder of the backup cannot be read.
pub fn write(folder: &Path) -> io::Result<Option<String>> {
    let root = folder.join(BLOCKS);
    if !root.is_dir() {
        return Ok(None);
    }
    let mode = |path: &Path| fs::symlink_metadata(path).map(|data| data.permissions().mode() & 0o7777);
    let mut files = Vec::new();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for (path, _) in local::files(&root)? {
        let mode = mode(&root.join(&path))?;
        let count = counts.entry(mode).or_default();
        *count = count.saturating_add(1);
        files.push((mode, path));
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(mode, _)| *mode);
    let mut text = String::new();
    if let Some(most) = most {
        let _ = writeln!(text, "files {most:o}");
    }
    for path in local::folders(&root)? {
        let _ = writeln!(text, "folder {:o} {BLOCKS}/{path}", mode(&root.join(&path))?);
    }
    for (mode, path) in files.iter().filter(|(mode, _)| Some(*mode) != most) {
        let _ = writeln!(text, "file {mode:o} {BLOCKS}/{path}");
    }
    Ok(Some(text))
}

/// Gives what came from a place the modes that it had, and makes the folders that have no file.
///
/// # Errors
/// If the text is not what [`write()`] writes, or something cannot be changed.
pub fn apply(folder: &Path, text: &str) -> Result<(), String> {
    let mut most = None;
    let (mut folders, mut files) = (Vec::new(), BTreeMap::new());
    for line in text.lines() {
        let wrong = || format!("{FILE}: {} is not a mode and a path", hwdr_values::shown::kept(line));
        let mut words = line.splitn(3, ' ');
        let (kind, mode) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o7777).ok_or_else(wrong)?;
        match (kind, words.next()) {
            ("files", None) => most = Some(mode),
            ("folder", Some(path)) if is_of_blocks(path) => folders.push((path, mode)),
            ("file", Some(path)) if is_of_blocks(path) => drop(files.insert(path, mode)),
            _ => return Err(wrong()),
        }
    }
    let set = |path: &str, mode| {
        let path = folder.join(path);
        fs::set_permissions(&path, Permissions::from_mode(mode))
            .map_err(|error| format!("{}: its mode cannot be changed: {error}", path.display()))
    };
    for (path, _) in &folders {
        fs::create_dir_all(folder.join(path)).map_err(|error| format!("{path} cannot be made: {error}"))?;
    }
    let all = local::files(&folder.join(BLOCKS)).map_err(|error| format!("{BLOCKS} cannot be read: {error}"))?;
    for (path, _) in all {
        let path = format!("{BLOCKS}/{path}");
        if let Some(mode) = files.get(path.as_str()).copied().or(most) {
            set(&path, mode)?;
        }
    }
    // The innermost first: a folder may forbid to look into it.
    folders.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    folders.into_iter().try_for_each(|(path, mode)| set(path, mode))
}

fn is_of_blocks(path: &str) -> bool {
    path.strip_prefix(BLOCKS).is_some_and(|rest| rest.starts_with('/')) && super::is_inside(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_empty_folders_come_back() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (root.path().join("one"), root.path().join("other"));
        let files = ["hopsfs/data1/current/blk_1", "hopsfs/data1/current/blk_2", "hopsfs/data1/current/VERSION"];
        for base in [&one, &other] {
            for file in files {
                fs::create_dir_all(base.join(file).parent().unwrap()).unwrap();
                fs::write(base.join(file), "x").unwrap();
            }
        }
        fs::create_dir_all(one.join("hopsfs/data1/current/tmp")).unwrap();
        let chmod = |path: &str, mode| fs::set_permissions(one.join(path), Permissions::from_mode(mode)).unwrap();
        chmod(files[0], 0o640);
        chmod(files[1], 0o640);
        chmod(files[2], 0o600);
        chmod("hopsfs/data1/current/tmp", 0o750);
        chmod("hopsfs/data1/current", 0o700);
        let text = write(&one).unwrap().unwrap();
        apply(&other, &text).unwrap();
        let mode = |path: &str| fs::metadata(other.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(files.map(mode), [0o640, 0o640, 0o600], "{text}");
        assert_eq!((mode("hopsfs/data1/current/tmp"), mode("hopsfs/data1/current")), (0o750, 0o700));
    }

    #[test]
    fn nothing_outside_of_the_blocks_is_changed() {
        let root = tempfile::tempdir().unwrap();
        for line in [
            "folder 755 /etc/x",
            "folder 755 hopsfs/../../x",
            "file 644 sql/users.sql",
            "files 99999",
            "folder 755 hopsfsx/a",
            "x",
        ] {
            assert!(apply(root.path(), line).is_err(), "{line}");
        }
        assert!(fs::read_dir(root.path()).unwrap().next().is_none());
    }
}

//! The objects in the bucket that a backup consists of.

use crate::flaw::Flaw;

use super::lists;

/// The name of the Backup itself.
pub const BACKUP: &str = "velero-backup.json";

/// Whether it is a name that Kubernetes gives to an object (RFC 1123).
pub fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=253).contains(&name.len()) && name.bytes().all(good) && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// The folder of a backup. `prefix` is the storage location's, with the slash, or empty.
pub fn folder(prefix: &str, name: &str) -> String {
    format!("{prefix}backups/{name}/")
}

/// The name of the archive.
pub fn archive(name: &str) -> String {
    format!("{name}.tar.gz")
}

/// The name of the list of objects.
pub fn resource_list(name: &str) -> String {
    format!("{name}-resource-list.json.gz")
}

/// The end of the name of the list of what plugins did.
pub const OPERATIONS: &str = "-itemoperations.json.gz";

/// How a small file is read.
type Read = fn(&[u8], &str) -> Result<usize, Flaw>;

/// A file beside the archive.
pub struct Beside {
    /// The end of its name, behind the backup's.
    pub end: &'static str,
    /// Whether Velero always writes it.
    pub is_required: bool,
    /// Reads it: how many entries it has, for the backup of this name.
    pub read: Read,
}

/// All of them but the list of objects. Velero puts up with a log that it could not upload (`PutBackup`), and writes those of CSI only where there is CSI.
pub const BESIDE: [Beside; 9] = [
    Beside { end: "-volumesnapshots.json.gz", is_required: true, read: lists::entries },
    Beside { end: "-podvolumebackups.json.gz", is_required: true, read: lists::entries },
    Beside { end: OPERATIONS, is_required: true, read: lists::entries },
    Beside { end: "-volumeinfo.json.gz", is_required: true, read: json },
    Beside { end: "-results.gz", is_required: true, read: json },
    Beside { end: "-logs.gz", is_required: false, read: text },
    Beside { end: "-csi-volumesnapshots.json.gz", is_required: false, read: json },
    Beside { end: "-csi-volumesnapshotcontents.json.gz", is_required: false, read: json },
    Beside { end: "-csi-volumesnapshotclasses.json.gz", is_required: false, read: json },
];

fn json(bytes: &[u8], _: &str) -> Result<usize, Flaw> {
    lists::json(bytes).map(|()| 0)
}

fn text(bytes: &[u8], _: &str) -> Result<usize, Flaw> {
    lists::text(bytes).map(|()| 0)
}

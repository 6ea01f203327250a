//! What the doctor's script says of a host: a fact a line.

use std::collections::{BTreeMap, BTreeSet};

/// The script. Its arguments are paths.
pub const SCRIPT: &str = include_str!("probe.sh");

/// The tools that hwdr needs on a host.
pub const TOOLS: [&str; 7] = ["rsync", "find", "stat", "flock", "sha256sum", "systemctl", "timeout"];

/// What is known of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// Its clock: seconds since 1970.
    pub clock: Option<i64>,
    /// By how many seconds it is certainly wrong, as far as this machine's is right: it was asked at some time in between.
    pub skew: i64,
    /// The tools that are there.
    pub tools: BTreeSet<String>,
    /// The paths that are there, with owner (`user:group`).
    pub paths: BTreeMap<String, String>,
    /// KiB that are free where a path is or would be.
    pub free: BTreeMap<String, u64>,
    /// KiB below a path, if that could be said soon.
    pub used: BTreeMap<String, u64>,
    /// What `ndb_restore --version` and the like say, by program.
    pub versions: BTreeMap<String, String>,
}

impl Probe {
    /// Compares the host's clock with this machine's, which was `before` when the host was asked and `after` when it had answered.
    pub fn compare(&mut self, before: i64, after: i64) {
        self.skew = match self.clock {
            Some(clock) if clock < before => clock.saturating_sub(before),
            Some(clock) if clock > after => clock.saturating_sub(after),
            _ => 0,
        };
    }
}

/// Reads it.
pub fn parse(text: &str) -> Probe {
    let mut probe = Probe::default();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("clock"), Some(seconds), None) => probe.clock = seconds.parse().ok(),
            (Some("tool"), Some(tool), None) => drop(probe.tools.insert(tool.to_owned())),
            (Some("path"), Some(path), Some(owner)) => drop(probe.paths.insert(path.to_owned(), owner.to_owned())),
            (Some("free"), Some(path), Some(size)) => {
                drop(size.parse().map(|size| probe.free.insert(path.to_owned(), size)))
            }
            (Some("used"), Some(path), Some(size)) => {
                drop(size.parse().map(|size| probe.used.insert(path.to_owned(), size)))
            }
            (Some("version"), Some(program), Some(text)) => {
                drop(probe.versions.insert(program.to_owned(), version_in(text).unwrap_or_default()));
            }
            _ => {}
        }
    }
    probe
}

/// The first word of a text that looks like a version: digits and dots.
fn version_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.split('.').count() >= 3;
    words.into_iter().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_and_the_rest_is_left_out() {
        let probe = parse(
            "clock 1796000000\ntool rsync\npath /srv/hops/mysql/bin mysql:mysql\nfree /srv 1024\nused /srv 7\n\
             version mysqld /srv/hops/mysql/bin/mysqld  Ver 9.7.2-cluster for Linux\nhello\nfree /x y\n",
        );
        assert_eq!(probe.clock, Some(1_796_000_000));
        assert_eq!(probe.paths["/srv/hops/mysql/bin"], "mysql:mysql");
        assert_eq!((probe.free.len(), probe.used["/srv"], probe.versions["mysqld"].as_str()), (1, 7, "9.7.2"));
    }

    /// The script itself, run by the system's own shell.
    #[test]
    fn the_script_says_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let arguments = [bin.to_str().unwrap(), "/nonexistent/x"];
        let output = std::process::Command::new("sh").args(["-c", SCRIPT, "hwdr"]).args(arguments).output().unwrap();
        let probe = parse(&String::from_utf8(output.stdout).unwrap());
        assert!(probe.clock > Some(1_700_000_000) && probe.tools.contains("find"), "{probe:?}");
        assert!(probe.paths.contains_key(arguments[0]) && !probe.paths.contains_key(arguments[1]));
        assert!(probe.free[arguments[0]] > 0 && probe.free[arguments[1]] > 0 && probe.used.contains_key(arguments[0]));
    }
}

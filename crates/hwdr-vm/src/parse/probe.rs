//! What the doctor's script says of a host: a fact a line.

use std::collections::{BTreeMap, BTreeSet};

/// The script that the super user runs.
pub const SCRIPT: &str = include_str!("probe.sh");
/// The script around it, for the account that logs in: it reads the other one, and asks what other accounts may.
pub const LOOK: &str = include_str!("look.sh");
/// The first line of [`LOOK`].
const FIRST: &str = "hwdr";

/// The tools that hwdr needs on a host.
pub const TOOLS: [&str; 8] = ["rsync", "find", "stat", "flock", "sha256sum", "systemctl", "timeout", "mountpoint"];

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
    /// Users whose account cannot be used, with why.
    pub refused: BTreeMap<String, String>,
    /// What the data node of HopsFS announces itself with (its file `VERSION`), or why that cannot be read.
    pub announced: Option<Result<String, String>>,
    /// The folders of blocks in the configuration of the data node, without links.
    pub folders: BTreeSet<String>,
    /// The folder of blocks in the inventory, without links.
    pub own: Option<String>,
}

impl Probe {
    /// How many bytes are free where a path is or would be, if that is known.
    pub fn free(&self, path: &str) -> Option<u64> {
        self.free.get(path).map(|kib| kib.saturating_mul(1024))
    }

    /// Compares the host's clock with this machine's, which was `before` when the host was asked and `after` when it had answered.
    pub fn compare(&mut self, before: i64, after: i64) {
        self.skew = match self.clock {
            Some(clock) if clock < before => clock.saturating_sub(before),
            Some(clock) if clock > after => clock.saturating_sub(after),
            _ => 0,
        };
    }
}

/// Reads what [`LOOK`] says.
///
/// # Errors
/// What the host's shell prints before it.
pub fn parse(text: &str) -> Result<Probe, String> {
    match text.split_once(&format!("{FIRST}\n")) {
        Some(("", facts)) => Ok(facts_in(facts)),
        Some((chatter, _)) => Err(chatter.to_owned()),
        None => Err(text.to_owned()),
    }
}

/// The facts, a line each.
fn facts_in(text: &str) -> Probe {
    let mut probe = Probe::default();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("announced ") {
            if let Ok(text) = probe.announced.get_or_insert_with(|| Ok(String::new())) {
                text.push_str(line);
                text.push('\n');
            }
            continue;
        }
        if let Some(why) = line.strip_prefix("silent ") {
            probe.announced = Some(Err(why.to_owned()));
            continue;
        }
        if let Some(folder) = line.strip_prefix("folder ") {
            probe.folders.insert(folder.to_owned());
            continue;
        }
        if let Some(own) = line.strip_prefix("own ") {
            probe.own = Some(own.to_owned());
            continue;
        }
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
            (Some("refused"), Some(user), why) => {
                drop(probe.refused.insert(user.to_owned(), why.unwrap_or_default().to_owned()));
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
            "hwdr\nclock 1796000000\ntool rsync\npath /srv/hops/mysql/bin mysql:mysql\nfree /srv 1024\nused /srv 7\n\
             version mysqld /srv/hops/mysql/bin/mysqld  Ver 9.7.2-cluster for Linux\nhello\nfree /x y\n\
             refused hdfs sudo: a password is required\nannounced clusterID=CID-1\nannounced storageID=DS-1\n",
        )
        .unwrap();
        assert_eq!(probe.clock, Some(1_796_000_000));
        assert_eq!(probe.paths["/srv/hops/mysql/bin"], "mysql:mysql");
        assert_eq!((probe.free.len(), probe.used["/srv"], probe.versions["mysqld"].as_str()), (1, 7, "9.7.2"));
        assert_eq!(probe.refused["hdfs"], "sudo: a password is required");
        assert_eq!(probe.announced, Some(Ok("clusterID=CID-1\nstorageID=DS-1\n".to_owned())));
        assert_eq!(parse("hwdr\nsilent cat: No such file\n").unwrap().announced, Some(Err("cat: No such file".into())));
    }

    #[test]
    fn what_a_shell_prints_before_is_no_fact() {
        assert_eq!(parse("Welcome\nhwdr\nclock 1\n"), Err("Welcome\n".to_owned()));
        assert_eq!(parse("This account is closed\n"), Err("This account is closed\n".to_owned()));
    }

    /// The script itself, run by the system's own shell.
    #[test]
    fn the_script_says_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let (script, version) = (folder.path().join("probe.sh"), folder.path().join("VERSION"));
        std::fs::write(&script, SCRIPT).unwrap();
        std::fs::write(&version, "clusterID=CID-1\n").unwrap();
        let conf = folder.path().join("hdfs-site.xml");
        std::fs::write(
            &conf,
            "<configuration>\n<property>\n  <name>dfs.datanode.data.dir</name>\n  <value>[DISK]file:///one/dn, file:///two/dn</value>\n</property>\n\
             <property><name>dfs.datanode.data.dir.perm</name><value>700</value></property></configuration>\n",
        )
        .unwrap();
        let arguments = [bin.to_str().unwrap(), "/nonexistent/x"];
        let asked = |version: &str| {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", LOOK, "hwdr", "no", "mysql", "", version, conf.to_str().unwrap()]).args(arguments);
            let output = shell.stdin(std::fs::File::open(&script).unwrap()).output().unwrap();
            parse(&String::from_utf8(output.stdout).unwrap()).unwrap()
        };
        let probe = asked(version.to_str().unwrap());
        assert_eq!(probe.folders, ["/one/dn", "/two/dn"].map(str::to_owned).into());
        assert!(probe.own.is_some());
        assert_eq!((probe.refused.len(), probe.announced.clone()), (0, Some(Ok("clusterID=CID-1\n".to_owned()))));
        assert!(asked("/nonexistent/VERSION").announced.unwrap().unwrap_err().contains("No such file"));
        assert_eq!(asked("").announced, None);
        assert!(probe.clock > Some(1_700_000_000) && probe.tools.contains("find"), "{probe:?}");
        assert!(probe.paths.contains_key(arguments[0]) && !probe.paths.contains_key(arguments[1]));
        assert!(probe.free[arguments[0]] > 0 && probe.free[arguments[1]] > 0 && probe.used.contains_key(arguments[0]));
    }
}

//! The helm process that started this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::command_line::CommandLine;

/// How many ancestors are checked: a post-renderer that is a wrapper script adds a shell or two.
const GENERATIONS: usize = 4;

/// A helm process, found among this process's ancestors.
#[derive(Debug)]
pub struct Parent {
    /// Its process id.
    pub pid: u32,
    /// Its parsed command line.
    pub line: CommandLine,
}

impl Parent {
    /// When it started, if known: accurate to some hundredths of a second.
    pub fn started(&self) -> Option<SystemTime> {
        // Linux reports hundredths to every program, whatever the kernel uses internally.
        let ticks: u64 = stat_of(self.pid)?.split_whitespace().nth(19)?.parse().ok()?;
        let uptime: f64 = fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
        let since_boot = Duration::try_from_secs_f64(uptime).ok()?;
        let age = since_boot.checked_sub(Duration::from_millis(ticks.checked_mul(10)?))?;
        SystemTime::now().checked_sub(age)
    }

    /// A path from its command line, for use in this process: relative to the helm process' folder, and with its open files.
    pub fn path(&self, name: &str) -> PathBuf {
        let own = Path::new("/proc").join(self.pid.to_string());
        if name == "/dev/stdin" {
            return own.join("fd/0");
        }
        if let Some(file) = name.strip_prefix("/dev/fd/") {
            return own.join("fd").join(file);
        }
        if let Some(inside) = name.strip_prefix("/proc/self/") {
            return own.join(inside);
        }
        let folder = own.join("cwd");
        if Path::new(name).is_absolute() || fs::metadata(&folder).is_err() {
            PathBuf::from(name)
        } else {
            folder.join(name)
        }
    }
}

/// The nearest ancestor that is a rendering helm command. Reads Linux's `/proc`; elsewhere returns `None`.
pub fn find() -> Option<Parent> {
    let mut pid = std::os::unix::process::parent_id();
    for _ in 0..GENERATIONS {
        if let Some(line) = helm_arguments(pid).and_then(|arguments| CommandLine::parse(&arguments).ok()) {
            return Some(Parent { pid, line });
        }
        pid = parent_of(pid)?;
    }
    None
}

/// The arguments of process `pid`, if its executable looks like Helm's.
fn helm_arguments(pid: u32) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut arguments =
        bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0).map(|argument| String::from_utf8(argument.to_vec()).ok());
    let program = arguments.next()??;
    let name = program.rsplit('/').next().unwrap_or_default();
    if !name.starts_with("helm") {
        return None;
    }
    arguments.collect()
}

/// The parent of process `pid`.
fn parent_of(pid: u32) -> Option<u32> {
    stat_of(pid)?.split_whitespace().nth(1)?.parse().ok().filter(|parent| *parent > 1)
}

/// The fields of `/proc/<pid>/stat` from the third on: the program's name before them may contain anything.
fn stat_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')').map(|(_, rest)| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn this() -> Parent {
        Parent { pid: std::process::id(), line: CommandLine::default() }
    }

    #[test]
    fn a_process_knows_when_it_was_started() {
        let age = SystemTime::now().duration_since(this().started().unwrap()).unwrap();
        assert!(age < Duration::from_secs(3600), "{age:?}");
    }

    #[test]
    fn paths_are_those_of_the_other_process() {
        let proc = format!("/proc/{}", std::process::id());
        for (name, expected) in [
            ("/dev/fd/63", format!("{proc}/fd/63")),
            ("/proc/self/fd/7", format!("{proc}/fd/7")),
            ("/dev/stdin", format!("{proc}/fd/0")),
            ("/etc/hosts", "/etc/hosts".to_owned()),
            ("values.yaml", format!("{proc}/cwd/values.yaml")),
        ] {
            assert_eq!(this().path(name), Path::new(&expected), "{name}");
        }
    }
}

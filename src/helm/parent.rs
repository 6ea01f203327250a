//! The helm process that started this one.

use std::fs;

use super::command_line::CommandLine;

/// How many ancestors are looked at: a post-renderer that is a wrapper script has a shell or two in between.
const GENERATIONS: usize = 4;

/// A helm process, found among this process's ancestors.
#[derive(Debug)]
pub struct Parent {
    /// Its process id.
    pub pid: u32,
    /// What its command line says.
    pub line: CommandLine,
}

/// The nearest ancestor that is a rendering helm command. Reads Linux's `/proc`; elsewhere there is none.
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

/// The parent of process `pid`: the fourth field of `/proc/<pid>/stat`, counted behind the program's name,
/// which may hold anything.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok().filter(|parent| *parent > 1)
}

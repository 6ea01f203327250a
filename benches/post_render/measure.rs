//! Runs a command as Helm runs a post-renderer: with pipes for its input and its output.

use std::fs;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The result of one run.
pub(crate) struct Run {
    /// From start to exit.
    pub wall: Duration,
    /// Its peak memory, in bytes; 0 if the system does not tell.
    pub peak: u64,
    /// What it wrote.
    pub output: Vec<u8>,
}

/// Runs `command` with `input`.
///
/// # Errors
/// If it cannot be started, or fails: then with its error output.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> io::Result<Run> {
    let mut output = Vec::with_capacity(input.len() + (1 << 20));
    // Allocated here, so that it costs the command no time.
    output.resize(output.capacity(), 1);
    let start = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = child.stdout.take().expect("it is piped");
    let mut stderr = child.stderr.take().expect("it is piped");
    let pid = child.id();
    let mut peak = 0;
    let mut said = String::new();
    let mut length = 0;
    thread::scope(|scope| -> io::Result<()> {
        // A command that fails stops reading: its own message says more than the broken pipe.
        scope.spawn(move || stdin.write_all(input));
        let words = &mut said;
        scope.spawn(move || stderr.read_to_string(words));
        let mut told = 0;
        loop {
            if length == output.len() {
                output.resize(length * 2, 1);
            }
            let read = stdout.read(&mut output[length..])?;
            length += read;
            // The peak only grows: it is read now and then, and last before the end.
            if length >= told {
                told = length + (1 << 23);
                peak = peak.max(peak_of(pid));
            }
            if read == 0 {
                return Ok(());
            }
        }
    })?;
    peak = peak.max(peak_of(pid));
    let status = child.wait()?;
    let wall = start.elapsed();
    output.truncate(length);
    if !status.success() {
        return Err(io::Error::other(format!("{status}: {}", said.trim())));
    }
    Ok(Run { wall, peak, output })
}

/// `VmHWM` of a running process.
fn peak_of(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}

//! The name of a process: `machine:boot:space/number`. Whoever finds it can check whether that process still lives.

use std::fs;
use std::path::Path;

use hwdr_values::shown::plain;

/// The name of a process on this machine.
pub fn name(number: u32) -> String {
    format!("{}/{number}", machine())
}

/// The host and the number in a name, for people. Others may have written it: neither is escaped.
pub fn host_and_number(name: &str) -> (&str, &str) {
    let mut parts = name.split('/');
    let machine = parts.next().unwrap_or_default();
    (machine.split(':').next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// A process, named for people.
pub fn people(name: &str) -> String {
    let (host, number) = host_and_number(name);
    format!("process {} on {}", plain(number), plain(host))
}

/// Whether a process is on this machine.
pub fn is_of_this_machine(name: &str) -> bool {
    name.split('/').next() == Some(machine().as_str())
}

/// Whether a process was on this machine, and has ended.
pub fn is_dead(name: &str) -> bool {
    let mut parts = name.split('/');
    let (Some(_), Some(number)) = (parts.next(), parts.next()) else { return false };
    is_of_this_machine(name) && cfg!(target_os = "linux") && !Path::new("/proc").join(number).exists()
}

/// This machine since its last boot, and this container: elsewhere the same number is another process, and machine names repeat.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let boot: String = digits(&boot).chars().take(8).collect();
    format!("{}:{boot}:{}", host(), digits(&space.to_string_lossy()))
}

/// This machine's name.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let name = name.unwrap_or_else(|_| "unknown".to_owned());
    // It goes into records, which are parsed again.
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_is_known_to_be_dead() {
        let own = name(std::process::id());
        assert!(is_of_this_machine(&own) && !is_dead(&own) && !is_dead(&format!("{own}/1770000000")));
        // Process numbers end before that (pid_max).
        let dead = name(u32::MAX);
        assert!(is_dead(&dead) && !is_dead(&format!("another{dead}")) && !is_dead("") && !is_dead("a"));
        assert_eq!(host_and_number("host.example:0a1b2c3d:pid4026531836/4711/17"), ("host.example", "4711"));
        assert_eq!(host_and_number(""), ("", ""));
    }
}

//! Signals by which the operator stops a run.

use std::fs;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the operator presses Ctrl-C, or the process is terminated or loses its terminal, and nothing is running that must finish.
pub async fn interrupted(is_busy: &AtomicBool) {
    tokio::select! {
        () = signalled(SignalKind::interrupt()) => {}
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::hangup()) => {}
    }
    while is_busy.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn signalled(kind: SignalKind) {
    if is_ignored(kind) {
        // Listening would cancel the effect of `nohup`.
        return pending().await;
    }
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        // Without a listener there is no signal.
        Err(_) => pending().await,
    }
}

/// Whether this process was started with a signal ignored, as `nohup` does with SIGHUP. It then stays ignored.
pub fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    is_in_mask(mask.trim(), kind.as_raw_value())
}

/// Whether a signal is in a mask as /proc writes it: hexadecimal, signal 1 is the lowest bit.
fn is_in_mask(mask: &str, number: i32) -> bool {
    let bit = u32::try_from(number).ok().and_then(|number| 1_u64.checked_shl(number.checked_sub(1)?));
    u64::from_str_radix(mask, 16).is_ok_and(|mask| bit.is_some_and(|bit| mask & bit != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_a_mask() {
        // nohup sleep: SIGHUP is 1; SIGPIPE is 13.
        for (mask, number, expected) in [
            ("0000000000000001", 1, true),
            ("0000000000001000", 13, true),
            ("0000000000001000", 1, false),
            ("", 1, false),
        ] {
            assert_eq!(is_in_mask(mask, number), expected, "{mask} {number}");
        }
        assert!(!is_in_mask("ffff", 0));
    }
}

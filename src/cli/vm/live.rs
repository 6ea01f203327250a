//! What people see of a run on several hosts: steps with their times, and what hosts print, with their names in front.

use std::sync::Arc;

use hwdr_run::Show;
use hwdr_vm::remote::Tell;
use jiff::Timestamp;

use crate::cli::ask;
use crate::shown::{self, duration};

/// The view.
#[derive(Debug, Default)]
pub(super) struct Live;

impl Show for Live {
    fn begin(&mut self, number: usize, all: usize, name: &str, does: &str) {
        ask::tell(&format!("[{number}/{all}] {name}: {does}"));
    }

    fn end(&mut self, name: &str, began: Timestamp) {
        let seconds = u64::try_from(Timestamp::now().duration_since(began).as_secs()).unwrap_or_default();
        ask::tell(&format!("{name}: done ({})", duration(seconds)));
    }

    fn note(&mut self, text: &str) {
        ask::tell(text);
    }

    fn warn(&mut self, text: &str) {
        ask::warn(text);
    }

    fn rest(&mut self) {}
}

/// Prints the lines of hosts.
pub(super) fn tell() -> Tell {
    Arc::new(|host, line| {
        if !line.trim().is_empty() {
            shown::tell(&format!("{host} | {line}"));
        }
    })
}

//! Values that ask for a restore of Streams, whenever they are used.
//!
//! ## What it does
//! Looks for `hwdr.streams.restore` in values that are linted for no specific run (`--for`).
//!
//! ## Why is this bad
//! The values are used again for the next upgrade. With the block still in them, that upgrade asks for the restore again, over what was
//! written since. `helm hwdr finalize` takes it out of the values.
//!
//! ## Example
//! ```yaml
//! hwdr:
//!   streams:
//!     restore:
//!       namespace:
//!         backup: streams-20260101000000
//! ```
//!
//! ## Use instead
//! No block:
//! ```yaml
//! hwdr:
//!   streams:
//!     velero:
//!       schedule: streams
//! ```
//!
//! ## Fix
//! None: only you know when the restore has proved good.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::says;
use crate::product::streams::keys::RESTORE;
use crate::values::Value;

/// See the head of this file.
pub struct LeftoverStreamsRestore;

impl Rule for LeftoverStreamsRestore {
    fn name(&self) -> &'static str {
        "leftover-streams-restore"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("leftover_streams_restore.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(block) = view::entry(values, RESTORE).filter(|_| says(values, RESTORE)) else { return };
        if context.mode.is_none() {
            findings.push(
                Finding::warning(self.name(), &block.key, "these values ask for a restore, whenever they are used")
                    .help("once the restore is done and checked, remove the block"),
            );
        }
    }
}

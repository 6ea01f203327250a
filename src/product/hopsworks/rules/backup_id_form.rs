//! A backup id that RonDB does not take.
//!
//! ## What it does
//! Checks that the global backup id and RonDB's own are digits, do not start with a zero, and fit into 32 bits.
//!
//! ## Why is this bad
//! RonDB takes a backup id as an unsigned 32-bit number. Anything else is refused only when the restore runs; and the
//! id goes into scripts, paths and names of Jobs, where characters such as `$` or `;` have a meaning.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "2026-02-13"
//! ```
//!
//! ## Use instead
//! The id as listed in the cluster settings or the ConfigMap `rondb-backups-metadata`.
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "260751536"
//! ```
//!
//! ## Fix
//! None: only you know which backup is meant.

use crate::backups::NAMES;
use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::product::hopsworks::asked;
use crate::product::hopsworks::backup_id::BackupId;
use crate::values::Value;

/// See the head of this file.
pub struct BackupIdForm;

impl Rule for BackupIdForm {
    fn name(&self) -> &'static str {
        "backup-id-form"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("backup_id_form.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        for id in asked::ids(values).iter().filter(|id| id.service != "OpenSearch") {
            let Some(text) = id.entry.value.as_str().filter(|_| !is_unknown(&id.entry.value)) else { continue };
            if let Err(error) = BackupId::parse(text) {
                let mut finding = Finding::error(self.name(), &id.entry.value.place, error.to_string());
                if !text.trim().is_empty() && BackupId::parse(text.trim()).is_ok() {
                    finding.help = Some(format!("remove the space around it: \"{}\"", text.trim()));
                } else if NAMES.contains(&text) {
                    finding.help =
                        Some(format!("values need the id itself; see which it is: helm hwdr backups show {text}"));
                } else {
                    finding.help = Some(asked::LIST_IDS.to_owned());
                }
                findings.push(finding);
            }
        }
    }
}

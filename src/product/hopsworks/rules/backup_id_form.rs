//! A backup id that its service does not take.
//!
//! ## What it does
//! Checks that the global backup id and RonDB's own are digits, do not start with a zero, and fit into 32 bits; that Superset's
//! (`restoreFromBackup.superset.backupId`) is a time of 14 digits, a dash and a number; and that no other service has an id of
//! Superset's.
//!
//! ## Why is this bad
//! RonDB takes a backup id as an unsigned 32-bit number, and Superset names its backups in another way than all other services. A wrong id
//! is refused only when the restore runs; and the id goes into scripts, paths and names of Jobs, where characters such as `$` or `;` have
//! a meaning.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "2026-02-13"
//! ```
//! Superset with the cluster's id:
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       superset:
//!         enabled: true
//!         backupId: "260751536"
//! ```
//!
//! ## Use instead
//! The ids as listed in the cluster settings, or in the ConfigMaps `rondb-backups-metadata` and `superset-backups-metadata`.
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "260751536"
//!       superset:
//!         enabled: true
//!         backupId: "20260213153627-2116913658"
//! ```
//!
//! ## Fix
//! None: only you know which backup is meant.

use crate::backups::NAMES;
use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::superset::id::SupersetId;
use crate::product::hopsworks::{asked, keys};
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
        for id in asked::ids(values) {
            let Some(text) = id.entry.value.as_str().filter(|_| !is_unknown(&id.entry.value)) else { continue };
            if SupersetId::parse(text.trim()).is_ok() {
                let message = format!("this is the id of a backup of Superset, not of {}", id.service);
                let help = format!(
                    "it belongs at {}; for this one, {}",
                    view::dotted(keys::SUPERSET_BACKUP_ID),
                    asked::LIST_IDS
                );
                findings.push(Finding::error(self.name(), &id.entry.value.place, message).help(help));
            } else if id.service != "OpenSearch" {
                let problem = |text: &str| BackupId::parse(text).err().map(|error| error.to_string());
                findings.extend(self.finding(&id, text, problem, asked::LIST_IDS));
            }
        }
        let of_superset = asked::superset_id(values).filter(|id| !is_unknown(&id.entry.value));
        if let Some((text, id)) = of_superset.and_then(|id| Some((id.digits()?, id))) {
            let problem = |text: &str| SupersetId::parse(text).err().map(|error| error.to_string());
            findings.extend(self.finding(&id, &text, problem, asked::LIST_SUPERSET_IDS));
        }
    }
}

impl BackupIdForm {
    /// What is wrong with an id, by what says so, and how to see which ids there are.
    fn finding(
        &self,
        id: &asked::Id<'_>,
        text: &str,
        problem: impl Fn(&str) -> Option<String>,
        list: &str,
    ) -> Option<Finding> {
        let finding = Finding::error(self.name(), &id.entry.value.place, problem(text)?);
        Some(if problem(text.trim()).is_none() {
            finding.help(format!("remove the space around it: \"{}\"", text.trim()))
        } else if NAMES.contains(&text) {
            finding.help(format!("values need the id itself; see which it is: helm hwdr backups show {text}"))
        } else {
            finding.help(list)
        })
    }
}

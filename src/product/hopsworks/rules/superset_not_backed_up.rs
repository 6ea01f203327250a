//! Superset, or what belongs to it, left out of the backups.
//!
//! ## What it does
//! Looks for `superset.backups.enabled: false` while backups are on; and for `superset.auth.createSecrets: false`, with which the chart
//! uses Secrets that you create. Neither counts where Superset is not installed.
//!
//! ## Why is this bad
//! Superset's dashboards and users are in no other backup. And they are of no use without its Secrets: the passwords of its connections are
//! encrypted by the key in `superset-secret-key`. Velero backs up the Secrets that have the label `backup.hops.works/include: "true"`; the chart
//! puts it only on those that it creates.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! superset:
//!   backups:
//!     enabled: false
//! ```
//! Your own Secrets:
//! ```yaml
//! superset:
//!   auth:
//!     createSecrets: false
//! ```
//!
//! ## Use instead
//! Secrets of the chart's; or label your own, and say so in a comment: `createSecrets: false # hwdr: ignore[superset-not-backed-up]`.
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! superset:
//!   auth:
//!     createSecrets: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::shown::word;
use crate::values::{Entry, Value};

/// See the head of this file.
pub struct SupersetNotBackedUp;

impl Rule for SupersetNotBackedUp {
    fn name(&self) -> &'static str {
        "superset-not-backed-up"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("superset_not_backed_up.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let backups = view::set(values, keys::BACKUPS, "enabled");
        let says = |entry: Option<&Entry>| entry.and_then(|entry| view::flag(&entry.value));
        if asked::lacks_superset(values) || says(backups) == Some(false) {
            return;
        }
        let own = view::set(values, keys::SUPERSET_BACKUPS, "enabled").filter(|own| says(Some(own)) == Some(false));
        if let Some((own, backups)) = own.zip(backups.filter(|entry| says(Some(entry)) == Some(true))) {
            findings.push(
                Finding::warning(
                    self.name(),
                    &own.value.place,
                    "backups are on, but not Superset's: its dashboards could not be restored",
                )
                .related(&backups.value.place, "on")
                .help("remove superset.backups.enabled, or set it to true"),
            );
        }
        let create = view::set(values, keys::SUPERSET_AUTH, "createSecrets");
        if let Some(create) = create.filter(|create| says(Some(create)) == Some(false)) {
            let names = asked::superset_secrets(values).map(word).join(" ");
            findings.push(
                Finding::warning(
                    self.name(),
                    &create.value.place,
                    "Velero backs up Superset's Secrets only with a label, which the chart does not put on yours",
                )
                .help(format!("label them:\nkubectl label secret -n hopsworks {names} backup.hops.works/include=true")),
            );
        }
    }
}

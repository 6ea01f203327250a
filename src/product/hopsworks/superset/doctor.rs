//! What `hwdr doctor` says of Superset alone.

use super::backups::fence;
use super::{AUDIT, NAME};
use crate::doctor::{Facts, Line};

/// Its last restore, if it has not ended well.
pub(in super::super) fn examine(facts: &Facts) -> Vec<Line> {
    let told = match &facts.telling {
        Ok(told) => told,
        Err(fault) => return vec![Line::unread(NAME, &format!("ConfigMap/{AUDIT}"), fault)],
    };
    let Some(fault) = fence(told, &facts.place.namespace) else { return Vec::new() };
    // The line on its backups says so, where there is one.
    let is_said = facts.status.services.iter().any(|service| service.faults.contains(&fault));
    if is_said { Vec::new() } else { vec![Line::of(NAME, &fault)] }
}

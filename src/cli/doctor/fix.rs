//! `--fix`: changes what is safe to change, each after a question.

use anyhow::Result;

use crate::cli::ask;
use crate::cluster::Cluster;
use crate::doctor::Mend;
use crate::shown::{lines, tell};

/// Changes what is agreed to. Returns whether anything was changed.
///
/// # Errors
/// If nobody can be asked.
pub(super) async fn apply(cluster: &Cluster, mends: &[Mend], is_given: bool) -> Result<bool> {
    if mends.is_empty() {
        tell("There is nothing that --fix could change.");
    }
    let mut is_changed = false;
    for mend in mends {
        let text = mend.text();
        tell(&lines(&text));
        if !ask::agrees("Change it? [y/N] ", &text, is_given)? {
            continue;
        }
        match change(cluster, mend).await {
            Ok(true) => {
                is_changed = true;
                ask::tell("changed");
            }
            Ok(false) => ask::warn("it is not as it was any more, and is left alone"),
            Err(error) => ask::warn(&format!("it could not be changed: {error:#}")),
        }
    }
    Ok(is_changed)
}

/// Sets the field, in exactly the version in which it still is as it was shown; or creates the object that was not there.
async fn change(cluster: &Cluster, mend: &Mend) -> Result<bool> {
    let namespace = mend.namespace.as_deref();
    let object = cluster.get(mend.kind, namespace, &mend.name).await?.unwrap_or_default();
    if !mend.applies_to(&object) {
        return Ok(false);
    }
    let changed = match mend.field {
        "" => cluster.create(mend.kind, namespace, &mend.to).await,
        _ => cluster.patch_this(mend.kind, namespace, &object, &mend.patch()).await,
    };
    match changed {
        Err(error) if error.is_conflict() => Ok(false),
        changed => Ok(changed.map(|_| true)?),
    }
}

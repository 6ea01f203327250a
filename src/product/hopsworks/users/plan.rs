//! MySQL's users, grants and all else that is no NDB table: `databases.sql` and `users.sql` of the RonDB backup.

use serde_json::json;

use crate::product::hopsworks::plan::{Input, chart_job, previous, time_of, undone};
use crate::product::hopsworks::{hopsfs, rondb};
use crate::refusal::Refusal;
use crate::steps::{By, Object, Planned};
use crate::topology::{Pod, Role, without_revision};

/// The contract name of the Job that creates the users.
pub const MARKER: &str = "setup-mysqld-dont-remove";

pub(super) fn plan(input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
    let id = &input.restore.rondb;
    let Some(rondb) = &input.facts.rondb else { return Ok(Vec::new()) };
    let planned = |by, marker: String, objects| Planned {
        does: "loads databases.sql and users.sql: databases, users and their grants".to_owned(),
        backup_time: time_of(id),
        markers: vec![format!("Job/{marker}")],
        verified: "the Job is complete: every statement was taken",
        undone: undone(input.restore.mode),
        objects,
        last_job: Some(marker),
        holds: &[
            rondb::MYSQLD,
            rondb::REPLICA_APPLIER,
            rondb::RDRS,
            hopsfs::NAME_NODE,
            Role::APPLICATION,
            rondb::BACKUP,
        ],
        needs: rondb::NEEDS,
        ..Planned::new("users", id, by)
    };
    // The Job without an id is part of every installation; it restores only if its pod fetches a backup. One with the id in its name
    // is for the restore.
    let named = format!("{MARKER}-{id}");
    let is_made_for_it = input.topology.job(&named).is_some();
    match chart_job(input.topology, MARKER, id, |pod: &Pod| is_made_for_it || pod.fetches_for_itself()) {
        Ok(Some(job)) => {
            return Ok(vec![planned(By::Chart(format!("Job/{}", job.name)), job.name.clone(), Vec::new())]);
        }
        Err(error) if input.topology.job(MARKER).is_none() => return Err(error),
        Ok(None) | Err(_) => {}
    }
    let marker = format!("{MARKER}-{id}");
    // The chart's Job that creates its own users comes first, if Helm renders it at all.
    // One with the revision in its name only adds users from the values, and a Job cannot wait for another one at each try.
    let setup = input.topology.role(rondb::MYSQLD_SETUP).map(|setup| setup.name.clone());
    let setup: Vec<_> = setup.filter(|name| without_revision(name) == *name).collect();
    let object = Object {
        template: "users.yaml",
        id: format!("Job/{marker}"),
        what: "loads databases, users and grants",
        values: json!({
            "job": marker,
            "marker": true,
            "backup_id": id,
            "image": rondb.image,
            "settings": rondb.settings,
            "management": rondb.management,
            "root_password": rondb.root_password,
            // In place it may be the installation's own Job: hwdr's makes up for that.
            "any_age": setup.join(" "),
            "pods": 1,
        }),
        after: previous(before).into_iter().chain(setup).collect(),
    };
    Ok(vec![planned(By::Hwdr(vec![object.id.clone()]), marker, vec![object])])
}

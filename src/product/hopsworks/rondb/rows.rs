//! Compares what the chart's own restore of RonDB restored with what the backup counts: a chart may call a restore complete although a
//! node's `ndb_restore` failed.

use serde_json::json;

use super::facts::left_out_by;
use super::plan::NEEDS;
use super::{BACKUP, BINLOG_SERVER, MYSQLD, MYSQLD_SETUP, RDRS, REPLICA_APPLIER};
use crate::product::hopsworks::hopsfs;
use crate::product::hopsworks::plan::{Input, previous, time_of};
use crate::steps::{By, Object, Planned};
use crate::topology::Role;

/// After the chart's own `restore`.
pub(super) fn plan(input: &Input, restore: &[Planned]) -> Option<Planned> {
    let (id, topology) = (&input.restore.rondb, input.topology);
    let restore = previous(restore).filter(|_| restore.iter().any(|step| !step.is_injected()));
    let (restore, rondb) = (restore?, input.facts.rondb.as_ref()?);
    // Without a way to the backup, the plan warns.
    let storage = &input.facts.storage;
    let knows_the_backup = storage.service_account.is_some()
        && input.restore.bucket.is_some()
        && storage.toolbox.as_ref().or(input.restore.toolbox.as_ref()).is_some();
    let (true, Some(management), Some(job)) = (knows_the_backup, &rondb.management, topology.job(&restore)) else {
        return None;
    };
    // What it excludes would count as lost; if that is not known, the plan warns, too.
    let (databases, tables) = left_out_by(&job.json)?;
    let name = format!("hwdr-rondb-rows-{id}");
    let object = Object {
        template: "rondb-rows.yaml",
        id: format!("Job/{name}"),
        what: "compares RonDB's rows with the backup",
        values: json!({
            "job": name,
            "data_job": restore,
            "marker": false,
            "backup_id": id,
            "image": rondb.image,
            "settings": rondb.settings,
            "management": management,
            "left_out": {"databases": databases, "tables": tables},
            "pods": 1,
        }),
        after: vec![restore],
    };
    let by = By::Hwdr(vec![object.id.clone()]);
    Some(Planned {
        does: "compares the rows of each table with what the backup counts, before anybody writes".to_owned(),
        backup_time: time_of(id),
        verified: "no table has fewer rows than the backup counts, but for those that the backup's log deletes",
        undone: "it only reads",
        objects: vec![object],
        last_job: Some(name),
        holds: &[
            MYSQLD_SETUP,
            MYSQLD,
            BINLOG_SERVER,
            REPLICA_APPLIER,
            RDRS,
            hopsfs::NAME_NODE,
            Role::APPLICATION,
            BACKUP,
        ],
        needs: NEEDS,
        ..Planned::new("rows", id, by)
    })
}

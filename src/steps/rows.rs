//! What the chart's own restore of RonDB has brought back, compared with what the backup counts: a chart may call a restore complete in which
//! a node's `ndb_restore` has failed.

use serde_json::json;

use super::{By, Input, Object, PlanError, Planned, previous, time_of};
use crate::topology::{Role, left_out_by};

pub fn plan(input: &Input, before: &[Planned]) -> Result<Vec<Planned>, PlanError> {
    let (id, topology) = (&input.restore.rondb, input.topology);
    let restore = before.iter().find(|step| step.step == "rondb" && !step.is_injected()).and_then(|_| previous(before));
    let (Some(restore), Some(rondb)) = (restore, &topology.rondb) else { return Ok(Vec::new()) };
    // Without a way to the backup, the plan warns.
    let storage = &topology.storage;
    let knows_the_backup = storage.service_account.is_some()
        && input.restore.bucket.is_some()
        && storage.toolbox.as_ref().or(input.restore.toolbox.as_ref()).is_some();
    let (true, Some(management), Some(job)) = (knows_the_backup, &rondb.management, topology.job(&restore)) else {
        return Ok(Vec::new());
    };
    // What it leaves out would be taken for lost; where that is not known, the plan warns, too.
    let Some((databases, tables)) = left_out_by(&job.json) else { return Ok(Vec::new()) };
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
    Ok(vec![Planned {
        step: "rows",
        does: "compares the rows of each table with what the backup counts, before anybody writes".to_owned(),
        backup: id.to_string(),
        backup_time: time_of(id),
        by: By::Hwdr(vec![object.id.clone()]),
        markers: Vec::new(),
        verified: "no table has fewer rows than the backup counts, but for those that the backup's log deletes",
        undone: "it only reads",
        objects: vec![object],
        last_job: Some(name),
        holds: &[
            Role::MysqldSetup,
            Role::Mysqld,
            Role::BinlogServer,
            Role::ReplicaApplier,
            Role::Rdrs,
            Role::NameNode,
            Role::Application,
            Role::RondbBackup,
        ],
    }])
}

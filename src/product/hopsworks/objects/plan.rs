//! Kubernetes objects, by Velero. In a new cluster they must be back *before* Helm creates its own (charts look up existing
//! Secrets), so there they are not part of what Helm applies.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use serde_json::json;

use crate::mode::Mode;
use crate::product::hopsworks::plan::Input;
use crate::refusal::Refusal;
use crate::steps::{By, Object, Planned};
use crate::velero::time_of;

pub(super) fn plan(input: &Input) -> Result<Vec<Planned>, Refusal> {
    if input.restore.mode == Mode::Install {
        return Ok(before(input));
    }
    let named = input.restore.velero_main.is_some() || input.restore.velero_users.is_some();
    let velero = &input.restore.velero;
    let Some(namespace) = input.topology.velero_namespace.as_deref().or(named.then_some(&velero.namespace)) else {
        return Ok(Vec::new());
    };
    let both = [
        (velero.main_schedule.as_str(), &input.restore.velero_main, "the cluster's own Kubernetes objects"),
        (velero.users_schedule.as_str(), &input.restore.velero_users, "the users' namespaces and their objects"),
    ];
    let planned = both.into_iter().map(|(schedule, backup, data)| {
        let name = backup.as_deref().unwrap_or(schedule);
        let id = format!("Restore/{name}");
        let chart = chart_restore(input, name, schedule, backup.as_deref())?;
        let object = Object {
            template: "velero-restore.yaml",
            id: id.clone(),
            what: "restores Kubernetes objects (Velero)",
            values: json!({"name": name, "namespace": namespace, "backup": backup, "schedule": schedule}),
            after: Vec::new(),
        };
        let which = backup.clone().unwrap_or_else(|| format!("the newest completed one of schedule {schedule}"));
        let by = if chart { By::Chart(id.clone()) } else { By::Hwdr(vec![id.clone()]) };
        Ok(Planned {
            does: format!("brings back {data} as they were; what exists is updated"),
            backup_time: backup.as_deref().and_then(time_of).map(|time| time.to_string()),
            markers: vec![id],
            verified: "its phase is Completed: helm hwdr upgrade waits for that; with helm alone look yourself (kubectl get restores -A)",
            undone: "restore the Velero backup that was taken before",
            objects: if chart { Vec::new() } else { vec![object] },
            ..Planned::new("objects", which, by)
        })
    });
    planned.collect()
}

/// Whether the chart renders this Restore itself, by name and by what it restores.
fn chart_restore(input: &Input, name: &str, schedule: &str, backup: Option<&str>) -> Result<bool, Refusal> {
    let Some(restore) = input.topology.restores.iter().find(|restore| restore.name == name) else { return Ok(false) };
    let (key, expected) = backup.map_or(("scheduleName", schedule), |backup| ("backupName", backup));
    if restore.spec[key] != expected {
        return Err(Refusal::new(format!(
            "the chart's own Restore {name} does not have {key}: {expected}, which the values ask for"
        ))
        .help("render the chart and hwdr with the same values"));
    }
    Ok(true)
}

/// Into a new cluster.
fn before(input: &Input) -> Vec<Planned> {
    let velero = &input.restore.velero;
    let both =
        [(&velero.main_schedule, &input.restore.velero_main), (&velero.users_schedule, &input.restore.velero_users)];
    let planned = both.into_iter().map(|(schedule, backup)| {
        let which = backup.clone().unwrap_or_else(|| format!("the one of {schedule} that is nearest to the backup id"));
        let by = By::Before("Velero, before helm installs the chart: it would make new passwords otherwise");
        Planned {
            does: format!("brings back the objects of {schedule}, among them the Secrets that the chart looks up"),
            backup_time: backup.as_deref().and_then(time_of).map(|time| time.to_string()),
            verified: "its phase is Completed: helm hwdr install waits for that; with helm alone, look yourself (kubectl get restores.velero.io -A)",
            undone: "delete what was restored: the cluster is new",
            ..Planned::new("objects", which, by)
        }
    });
    planned.collect()
}

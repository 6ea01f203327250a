//! Superset, from a dump of its database: reloaded by the chart's own Job or by hwdr's, then migrated to the schema of this Superset.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::asked::Asked;
use super::facts::{self, Superset};
use super::{APPLICATION, DATABASE, INIT, MARKER, SCHEMA};
use crate::mode::Mode;
use crate::product::hopsworks::object_storage::{self, ObjectStorage};
use crate::product::hopsworks::plan::undone;
use crate::refusal::Refusal;
use crate::steps::{Access, By, Object, Planned};
use crate::topology::{Job, Topology};

/// What Superset's steps are planned from.
#[derive(Debug)]
pub(in crate::product::hopsworks) struct Input<'a> {
    /// What the values ask for.
    pub asked: &'a Asked,
    /// What the stream shows.
    pub topology: &'a Topology,
    /// How backups are written.
    pub storage: &'a ObjectStorage,
    /// The bucket that they are in.
    pub bucket: Option<&'a str>,
    /// Into a new cluster, or in place.
    pub mode: Mode,
    /// Whether Velero brings the key of the time of the backup, too.
    pub with_objects: bool,
    /// The archive in which it is, if that is known: bucket and path.
    pub archive: Option<String>,
}

/// The steps.
///
/// # Errors
/// If the stream lacks something that they need.
pub(in crate::product::hopsworks) fn plan(input: &Input) -> Result<Vec<Planned>, Refusal> {
    let Input { asked, topology, .. } = input;
    let id = &asked.id;
    let Some(superset) = Superset::of(topology) else {
        return Err(Refusal::new("no Superset in the rendered stream: no Deployment with the label app: superset")
            .help("set global._hopsworks.superset.enabled to true, or remove restoreFromBackup.superset"));
    };
    let Some(database) = &superset.database else {
        return Err(Refusal::new(
            "no MySQL of Superset's in the rendered stream: its dump cannot be reloaded elsewhere",
        )
        .help("set superset.mysql.enabled: true"));
    };
    let marker = format!("{MARKER}-{id}");
    let values = json!({
        "backup_id": id,
        "image": superset.image,
        "settings": superset.settings,
        "app_env": superset.env,
        "app_env_from": superset.env_from,
        "app_mounts": superset.mounts,
        "app_volumes": superset.volumes,
        "config": superset.config,
        "apps": superset.apps.join(" "),
        "key": superset.key.clone().unwrap_or_else(|| facts::key_of(&asked.key)),
        "key_secret": asked.key,
        "key_is_restored": input.with_objects,
        "velero_archive": input.archive,
        "initiated_by": asked.initiated_by.as_deref().unwrap_or("hwdr"),
        "database": {"image": database.image, "host": database.host, "name": database.name, "user": database.user, "password": database.password},
        "bucket": input.bucket,
        "prefix": asked.folder,
        "rclone": input.storage.own.options,
        "credentials": input.storage.own.credentials,
        "seconds": asked.seconds,
    });
    let job = |template, name: &str, what, after: Vec<String>| Object {
        template,
        id: format!("Job/{name}"),
        what,
        values: with(&values, json!({"job": name, "marker": true})),
        after,
    };
    let planned = |step, does: &str, by, marker: &str, verified, objects| Planned {
        does: does.to_owned(),
        backup_time: Some(id.time().to_string()),
        markers: vec![format!("Job/{marker}")],
        verified,
        undone: undone(input.mode),
        objects,
        last_job: Some(marker.to_owned()),
        holds: &[APPLICATION, INIT],
        needs: &[DATABASE, object_storage::ROLE],
        ..Planned::new(step, id, by)
    };
    let does = "reloads Superset's database (dashboards, connections, users) from its dump";
    let verified = "the dump is as its manifest says, the key is that of the backup, and MySQL took every statement";
    let reload = match chart_job(input)? {
        Some(job) => planned("superset", does, By::Chart(format!("Job/{}", job.name)), &marker, verified, Vec::new()),
        None if database.user.is_empty() => {
            return Err(Refusal::new("Superset's MySQL has no user of its own (MYSQL_USER): the dump would be loaded as root, who may change all")
                .help("set superset.mysql.auth.username, or use a chart that restores Superset itself"));
        }
        None => {
            let object = job("superset.yaml", &marker, "reloads Superset's database", Vec::new());
            let by = By::Hwdr(vec![object.id.clone()]);
            let access = Access { template: "superset-access.yaml", name: "superset", values: json!({}) };
            Planned { access: vec![access], ..planned("superset", does, by, &marker, verified, vec![object]) }
        }
    };
    let name = format!("{SCHEMA}-{id}");
    let object = job("superset-schema.yaml", &name, "migrates Superset's schema", vec![marker.clone()]);
    let schema = planned(
        "superset-schema",
        "migrates the restored schema to that of this Superset, by the chart's own scripts",
        By::Hwdr(vec![object.id.clone()]),
        &name,
        "superset db upgrade and superset init ended well",
        vec![object],
    );
    Ok(vec![reload, schema])
}

/// How far apart backups of one moment may be: their CronJobs begin together, and each takes its time.
const APART: SignedDuration = SignedDuration::from_mins(15);
/// Trino's Secrets in the main Velero backup (docs.hopsworks.ai, "Trino authentication").
const TRINO: &str = "trino-password-file, trino-groups-file, trino-admin-credentials, trino-monitoring-credentials";

/// What the operator has to know of data that Superset has a copy of. `rondb` is the time that RonDB goes back to, or none if it stays as it is.
pub(in crate::product::hopsworks) fn warnings(asked: &Asked, rondb: Option<Timestamp>) -> Vec<String> {
    const STALE: &str = "a user whose Trino secret was made anew in between has a connection in Superset with a password that Trino no longer \
                         accepts: delete that connection in Superset, and Hopsworks makes it again";
    let time = asked.id.time();
    match rondb {
        None => vec![format!("Superset goes back to {time}, and Hopsworks and Trino stay as they are: {STALE}")],
        Some(rondb) if time.duration_since(rondb).abs() > APART => vec![format!(
            "Superset goes back to {time}, and RonDB to {rondb}: {STALE}. Trino's own Secrets ({TRINO}) are as old as the Velero backup, \
             and Hopsworks writes users and groups into them again"
        )],
        Some(_) => Vec::new(),
    }
}

fn with(values: &Json, more: Json) -> Json {
    let mut values = values.clone();
    if let (Some(values), Json::Object(more)) = (values.as_object_mut(), more) {
        values.extend(more);
    }
    values
}

/// The chart's own Job for this id.
///
/// # Errors
/// If the chart restores another id, or does not hold Superset at zero while it restores.
fn chart_job<'t>(input: &Input<'t>) -> Result<Option<&'t Job>, Refusal> {
    let Input { asked, topology, .. } = input;
    let own = |job: &&Job| job.name.strip_prefix(MARKER).is_some_and(|rest| rest.starts_with('-'));
    let Some(job) = topology.jobs.iter().find(own) else { return Ok(None) };
    if job.name != format!("{MARKER}-{}", asked.id) {
        return Err(Refusal::new(format!(
            "the chart's own Job {} does not restore backup {}, which the values ask for",
            job.name, asked.id
        ))
        .help("render the chart and hwdr with the same values"));
    }
    if !Superset::is_held(topology) {
        return Err(Refusal::new(format!(
            "the chart's own Job {} waits until nothing uses Superset's database, but the chart starts Superset meanwhile",
            job.name
        ))
        .help("add the chart's overlay behind your values: -f values.superset-restore.yaml")
        .help("or let hwdr add it: helm hwdr upgrade, or helm hwdr install"));
    }
    Ok(Some(job))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    #[test]
    fn copies_of_another_time_are_warned_of() {
        let text =
            "global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: '20260722215632-1'}}}}\n";
        let asked =
            Asked::from_values(&read_one(Source::new("values.yaml", text)).unwrap()).unwrap().expect("it is asked for");
        // Alone; with a cluster of another time; and of the same.
        let said = |rondb: Option<&str>| warnings(&asked, rondb.map(|time| time.parse().unwrap())).join("\n");
        let alone = said(None);
        assert!(
            alone.contains("Hopsworks and Trino stay as they are") && alone.contains("delete that connection"),
            "{alone}"
        );
        let apart = said(Some("2026-07-22T21:00:00Z"));
        assert!(
            apart.contains("and RonDB to 2026-07-22T21:00:00Z") && apart.contains("trino-password-file"),
            "{apart}"
        );
        assert_eq!(said(Some("2026-07-22T21:45:00Z")), "");
    }
}

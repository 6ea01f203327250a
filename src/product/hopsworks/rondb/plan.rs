//! RonDB, from a native backup: metadata once, the data of every old node in parallel, indexes once.

use serde_json::json;

use super::facts::left_out_by;
use super::{BINLOG_SERVER, DATA_NODE, LABEL, MANAGEMENT_NODE, MYSQLD_SETUP};
use crate::mode::Mode;
use crate::product::hopsworks::object_storage;
use crate::product::hopsworks::plan::{Input, chart_job, time_of, undone};
use crate::refusal::Refusal;
use crate::steps::{Access, By, Object, Planned};
use crate::topology::{Pod, Role};

/// The contract name of the Job after which RonDB is restored (public docs, "Re-running an in-place restore").
pub const MARKER: &str = "restore-native-backup";
/// What the chart's own restore never restores, because its setup Job recreates it: its heartbeat, and its benchmarks
/// (logicalclocks/rondb-helm, templates/backups/restore.yaml). That Job fails for good if it finds rows of the heartbeat.
const LEFT_OUT: [&str; 3] = ["heartbeat", "ycsb", "dbt2"];

/// The roles that the Jobs need.
pub const NEEDS: &[Role] = &[DATA_NODE, MANAGEMENT_NODE, object_storage::ROLE];

pub(super) fn plan(input: &Input) -> Result<Vec<Planned>, Refusal> {
    let id = &input.restore.rondb;
    let topology = input.topology;
    let Some(rondb) = &input.facts.rondb else {
        return Err(Refusal::new(
            "no RonDB in the rendered stream: no StatefulSet with the label rondbService: ndbmtd or a container ndbmtd",
        )
        .help("post-render the whole umbrella chart (rondb.enabled), not a part of it"));
    };
    if rondb.data_nodes == 0 {
        return Err(Refusal::new(
            "RonDB's data nodes have no replicas in the rendered stream: there is nothing to restore into",
        )
        .help("set rondb.rondb.clusterSize.activeDataReplicas"));
    }
    if topology.role(MANAGEMENT_NODE).count() > 1 {
        return Err(Refusal::new(
            "two RonDB clusters in the rendered stream: hwdr does not know which of them the backup belongs to",
        )
        .help("post-render one release at a time"));
    }
    let planned = |by, does: String, marker: String, objects| Planned {
        does: format!("restores {does}: metadata once, the data of every old data node, then the indexes"),
        backup_time: time_of(id),
        markers: vec![format!("Job/{marker}")],
        verified: "every ndb_restore ended with status 0, and the parts had all the rows that the backup counts",
        undone: undone(input.restore.mode),
        objects,
        last_job: Some(marker),
        // Binlog servers must not see half of the tables. They do not wait for the users: the chart's setup Job waits for one of them, so that
        // it logs what that Job does.
        holds: &[MYSQLD_SETUP, BINLOG_SERVER],
        needs: NEEDS,
        ..Planned::new("rondb", id, by)
    };
    if let Some(job) = chart_job(topology, MARKER, id, restores)? {
        let by = By::Chart(format!("Job/{}", job.name));
        return Ok(vec![planned(
            by,
            all_but(&left_out_by(&job.json).unwrap_or_default()),
            job.name.clone(),
            Vec::new(),
        )]);
    }
    if let Some(key) = &input.restore.not_honoured {
        return Err(Refusal::new(format!(
            "{key} is set, but hwdr's own Jobs do not honour it: they would restore everything"
        ))
        .help("remove it, or use a chart that restores RonDB itself"));
    }
    let Some(management) = &rondb.management else {
        return Err(Refusal::new(
            "no RonDB management server in the rendered stream: no StatefulSet with the label rondbService: mgmd",
        )
        .help("post-render the whole umbrella chart, not a part of it"));
    };
    let (metadata, data) = (format!("hwdr-rondb-metadata-{id}"), format!("hwdr-rondb-data-{id}"));
    let marker = format!("{MARKER}-{id}");
    // If no setup Job runs on the new volumes, nothing else would recreate them.
    let mut setup = topology.role(MYSQLD_SETUP);
    let is_recreated = setup.any(|setup| input.restore.mode == Mode::Install || setup.name.ends_with(id.as_str()));
    let recreated = LEFT_OUT.into_iter().filter(|_| is_recreated);
    let databases = recreated.chain(input.restore.excluded_databases.iter().map(String::as_str));
    let left_out = (databases.collect::<Vec<_>>().join(","), input.restore.excluded_tables.join(","));
    let job = |template, what, name: &String, after: Vec<String>, is_marker: bool| Object {
        template,
        id: format!("Job/{name}"),
        what,
        values: json!({
            "job": name,
            "data_job": data,
            "marker": is_marker,
            "backup_id": id,
            "image": rondb.image,
            "settings": rondb.settings,
            "management": management,
            "root_password": rondb.root_password,
            "left_out": {"databases": left_out.0, "tables": left_out.1},
            "claim": rondb.claim,
            "pods": rondb.data_nodes,
            // Each running ndb_restore holds one slot; without config.ini only one is certain.
            "parallelism": rondb.free_slots.unwrap_or(1).clamp(1, rondb.data_nodes),
        }),
        after,
    };
    let objects = vec![
        job("rondb-metadata.yaml", "restores RonDB's metadata, once", &metadata, Vec::new(), false),
        job("rondb-data.yaml", "restores RonDB's data, every node's part", &data, vec![metadata.clone()], false),
        job("rondb-indexes.yaml", "rebuilds RonDB's indexes", &marker, vec![data.clone()], true),
    ];
    if rondb.free_slots == Some(0) {
        return Err(Refusal::new(
            "RonDB's config.ini has no free API slot (an active [API] whose HostName is empty), and ndb_restore needs one",
        )
        .help("set rondb.rondb.rondbConfig.EmptyApiSlots: 8, and upgrade once without a restore if the cluster runs already"));
    }
    let by = By::Hwdr(objects.iter().map(|object| object.id.clone()).collect());
    // Before the indexes are rebuilt, the pods' own counts of rows are added up.
    let access = Access { template: "rondb-access.yaml", name: "account", values: json!({}) };
    Ok(vec![Planned { access: vec![access], ..planned(by, all_but(&left_out), marker, objects) }])
}

/// Whether a pod is the chart's own restore: by what it runs, or, if that is a script in a volume, by the chart's label.
fn restores(pod: &Pod) -> bool {
    pod.runs("ndb_restore") || pod.label(LABEL) == "restore-backup"
}

/// "all tables", and what is excluded: databases and tables, comma-separated.
fn all_but((databases, tables): &(String, String)) -> String {
    let lists = [("those of ", databases), ("", tables)].into_iter().filter(|(_, names)| !names.is_empty());
    let left_out: Vec<_> = lists.map(|(of, names)| format!("{of}{}", listed(names))).collect();
    if left_out.is_empty() { "all tables".to_owned() } else { format!("all tables except {}", left_out.join(", and ")) }
}

/// "a, b and c", of a list with commas.
fn listed(names: &str) -> String {
    let Some((all, last)) = names.rsplit_once(',') else { return names.to_owned() };
    format!("{} and {last}", all.replace(',', ", "))
}

//! RonDB in the stream.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is read by a key is null where there is none, and what is written to is made here"
)]

use serde_json::{Value as Json, json};

use super::{DATA_NODE, MANAGEMENT_NODE};
use crate::topology::read::{items, text};
use crate::topology::{Pod, PodSettings, Role, Workload};

/// RonDB: its nodes and what Jobs need to talk to it.
#[derive(Debug, Clone)]
pub struct Rondb {
    /// How many data nodes the stream asks for.
    pub data_nodes: u64,
    /// The image with `ndb_restore` and `mysqld`: the data nodes' own.
    pub image: String,
    /// The pod settings of the data nodes, for ours.
    pub settings: PodSettings,
    /// `host:port` of the management server.
    pub management: Option<String>,
    /// How many clients can connect at once beside the chart's own: empty slots of `config.ini`; none if that is not in the stream.
    pub free_slots: Option<u64>,
    /// Where MySQL's root password is: an `env` entry's `valueFrom`.
    pub root_password: Option<Json>,
    /// The `spec` of a claim like the data nodes' for data and backups; none if they have no volume of their own.
    pub claim: Option<Json>,
}

impl Rondb {
    /// RonDB, if there are data nodes.
    pub fn of(workloads: &[Workload], configmaps: &[Json]) -> Option<Self> {
        let role = |role: Role| workloads.iter().filter(move |workload| workload.role == role);
        let first = role(DATA_NODE).next()?;
        let container = container(&first.pod, "ndbmtd")?;
        let management = role(MANAGEMENT_NODE).next().and_then(|server| {
            let service = server.service.as_deref()?;
            Some(format!("{}-0.{service}:1186", server.name))
        });
        let root_password = workloads
            .iter()
            .flat_map(|workload| workload.pod.all_containers())
            .flat_map(|container| container["env"].as_array().into_iter().flatten())
            .find(|entry| entry["name"] == "MYSQL_ROOT_PASSWORD" && !entry["valueFrom"].is_null())
            .map(|entry| entry["valueFrom"].clone());
        Some(Self {
            data_nodes: role(DATA_NODE).map(|group| group.replicas.unwrap_or(1)).sum(),
            image: text(&container["image"]).to_owned(),
            settings: first.pod.settings(),
            management,
            free_slots: configmaps.iter().find_map(free_slots),
            root_password,
            claim: claim(first),
        })
    }
}

/// The claim of the volume for a data node's data and backups: the first one. Another is for columns on disk.
fn claim(node: &Workload) -> Option<Json> {
    let spec = &node.claims.first()?["spec"];
    let storage = &spec["resources"]["requests"]["storage"];
    if storage.is_null() {
        return None;
    }
    let mut claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}});
    if let Some(class) = spec["storageClassName"].as_str() {
        claim["storageClassName"] = json!(class);
    }
    Some(claim)
}

/// What the chart's own restore excludes, by its options for `ndb_restore`: databases, and tables (`database.table`), comma-separated.
/// None if that cannot be read: a script in a volume, a variable, a list of what to restore.
pub fn left_out_by(job: &Json) -> Option<(String, String)> {
    let pod = &job["spec"]["template"]["spec"];
    let containers = items(&pod["initContainers"]).chain(items(&pod["containers"]));
    let words: Vec<&str> = containers
        .flat_map(|container| items(&container["command"]).chain(items(&container["args"])))
        .map(text)
        .collect();
    let known = words.iter().any(|word| word.contains("ndb_restore"));
    if !known || words.iter().any(|word| word.contains("--include-")) {
        return None;
    }
    Some((list_of(&words, "--exclude-databases")?, list_of(&words, "--exclude-tables")?))
}

/// The list that an option has everywhere; none if it is not written out, or not the same everywhere.
fn list_of(words: &[&str], option: &str) -> Option<String> {
    let mut lists = words.iter().flat_map(|word| word.split(option).skip(1)).map(|behind| {
        let value = behind.strip_prefix('=')?.trim_start_matches(['"', '\'', '\\']);
        let end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ';' | '&' | '|' | ')');
        let list = value.split(end).next()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ',');
        list.chars().all(plain).then(|| list.to_owned())
    });
    let Some(first) = lists.next() else { return Some(String::new()) };
    let first = first?;
    lists.all(|list| list.as_ref() == Some(&first)).then_some(first)
}

/// The container `name`, or else the first.
fn container<'p>(pod: &'p Pod, name: &str) -> Option<&'p Json> {
    pod.containers().find(|container| container["name"] == name).or_else(|| pod.containers().next())
}

/// The empty slots of the `config.ini` in a ConfigMap: sections `[api]` and `[mysqld]` without a host, which any client may take.
/// Each running `ndb_restore` takes one. The public chart writes `HostName=` without a value, and `NodeActive=0` for nodes that the
/// management server refuses to everyone until they are activated (logicalclocks/rondb-helm, files/configs/config.ini).
fn free_slots(configmap: &Json) -> Option<u64> {
    let config = configmap["data"].as_object()?.values().map(text).find(|config| {
        let config = config.to_ascii_lowercase();
        config.contains("[ndbd]") && config.contains("[ndb_mgmd]")
    })?;
    let mut free = 0;
    let (mut is_slot, mut has_host, mut is_active) = (false, false, true);
    for line in config.lines().map(str::trim).chain(["[end]"]) {
        if let Some(section) = line.strip_prefix('[') {
            free += u64::from(is_slot && is_active && !has_host);
            let section = section.split(']').next().unwrap_or_default().trim().to_ascii_lowercase();
            is_slot = section == "api" || section == "mysqld";
            (has_host, is_active) = (false, true);
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            let value = value.split('#').next().unwrap_or_default().trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "hostname" => has_host = !value.is_empty(),
                "nodeactive" => is_active = !matches!(value.to_ascii_lowercase().as_str(), "0" | "n" | "false"),
                _ => {}
            }
        }
    }
    Some(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_charts_restore_leaves_out_is_read_from_its_options() {
        let script = "RUN_CMD=\"ndb_restore \\\n --restore-meta \\\n --exclude-databases=ycsb,dbt2,heartbeat \\\n --exclude-tables=a.b\"\n";
        let job = |command: Json| json!({"spec": {"template": {"spec": {"initContainers": [{"command": command}]}}}});
        let expected = ("ycsb,dbt2,heartbeat".to_owned(), "a.b".to_owned());
        assert_eq!(left_out_by(&job(json!(["/bin/bash", "-c", script]))), Some(expected));
        assert_eq!(left_out_by(&job(json!(["ndb_restore"]))), Some(Default::default()));
        let quoted =
            left_out_by(&job(json!(["ndb_restore --exclude-databases='a,b'; ndb_restore --exclude-databases=a,b"])));
        assert_eq!(quoted, Some(("a,b".to_owned(), String::new())));
        for unknown in [
            "/scripts/restore.sh",
            "ndb_restore --exclude-databases=\"${OUT}\"",
            "ndb_restore --exclude-databases a,b",
            "ndb_restore --include-databases=a",
            "ndb_restore --exclude-tables=a.b; ndb_restore --exclude-tables=a.c",
        ] {
            assert_eq!(left_out_by(&job(json!([unknown]))), None, "{unknown}");
        }
    }

    #[test]
    fn only_active_slots_without_a_host_are_free() {
        let slots = |slots: &str| {
            let config = format!("[ndb_mgmd]\nNodeId=65\nHostName=mgmds-0\n[NDBD]\nNodeId=1\nHostName=\n{slots}");
            free_slots(&json!({"data": {"config.ini": config}}))
        };
        for (config, expected) in [
            ("[mysqld]\nNodeId=67\nHostName = mysqlds-0\n[api]\nNodeId=200\n[ api ]\n", 2),
            // As the public chart writes them.
            (
                "[API]\nNodeId=195\nNodeActive=1\nArbitrationRank=2\nHostName=rdrs-0.rdrs\n[API]\nNodeId=197\nNodeActive=1\nHostName=\n",
                1,
            ),
            (
                "[API]\nNodeActive=1\nHostName=   \n[API]\nNodeActive = 0\nHostName=\n[MYSQLD]\nHostName=\nNodeActive=0\n",
                1,
            ),
            ("[api]\nHostName= # any\n[api] # one more\n#HostName=old\n[api default]\nArbitrationRank=2\n", 2),
            ("", 0),
        ] {
            assert_eq!(slots(config), Some(expected), "{config}");
        }
        assert_eq!(free_slots(&json!({"data": {"my.cnf": "[mysqld]\n"}})), None);
    }
}

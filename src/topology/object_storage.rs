//! How the chart itself reaches its object storage: credentials, and rclone's options.

use serde_json::{Value as Json, json};

use super::pods::{Pod, Role, Workload};
use super::read::{items, text};

/// Object storage, as the chart's own pods use it.
#[derive(Debug, Clone, Default)]
pub struct ObjectStorage {
    /// The account of the backup's pods: where a cloud grants access by account, it is this one that has it.
    pub service_account: Option<String>,
    /// Where a restore of RonDB reads from.
    pub restore: Remote,
    /// Where this cluster writes its backups.
    pub own: Remote,
    /// The toolbox's image (bash, kubectl, rclone, jq), as the backup CronJob uses it.
    pub toolbox: Option<String>,
}

/// One of rclone's S3 remotes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Remote {
    /// `env` entries with the keys: by reference to the chart's Secret, or as the chart itself has them in plain (MinIO in the
    /// cluster); none where access comes by role.
    pub credentials: Vec<Json>,
    /// Its options (`provider`, `region`, `endpoint`, …), without keys.
    pub options: Vec<(String, String)>,
}

impl ObjectStorage {
    /// Takes it from the pods that fetch or upload backups, and the ConfigMap with rclone's remotes.
    pub fn of(workloads: &[Workload], configmaps: &[Json]) -> Self {
        let backup = workloads.iter().find(|workload| workload.role == Role::RondbBackup);
        // Where no backups are made, a chart that restores by itself shows the same.
        let restores =
            |workload: &&Workload| workload.kind == "Job" && workload.pod.label("rondbService") == "restore-backup";
        let restore = workloads.iter().find(restores);
        let uses = backup.or(restore);
        let of = |workload: Option<&Workload>| workload.map(|found| credentials(&found.pod)).unwrap_or_default();
        let own = of(backup);
        let mut read_by = of(restore);
        // A chart that restores without keys does so by role.
        if restore.is_none() {
            read_by.clone_from(&own);
        }
        let remotes = configmaps.iter().map(remotes).find(|remotes| !remotes.is_empty()).unwrap_or_default();
        Self {
            service_account: uses.map(|uses| uses.pod.service_account().to_owned()),
            restore: Remote { credentials: read_by, options: options(&remotes, "restore") },
            own: Remote { credentials: own, options: options(&remotes, "backup") },
            toolbox: uses
                .into_iter()
                .flat_map(|uses| uses.pod.all_containers())
                .find(|container| items(&container["env"]).any(|entry| text(&entry["name"]).starts_with("RCLONE_")))
                .map(|container| text(&container["image"]).to_owned()),
        }
    }
}

/// `env` entries with the keys that the containers of a pod are given.
fn credentials(pod: &Pod) -> Vec<Json> {
    let keys = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"].iter();
    keys.filter_map(|key| {
        pod.all_containers().flat_map(|container| items(&container["env"])).find_map(|entry| {
            let name = text(&entry["name"]);
            if name != *key && name.strip_prefix("AWS_") != Some(key) {
                return None;
            }
            let name = format!("AWS_{key}");
            match (&entry["valueFrom"], text(&entry["value"])) {
                (Json::Null, "") => None,
                (Json::Null, value) => Some(json!({"name": name, "value": value})),
                (reference, _) => Some(json!({"name": name, "valueFrom": reference})),
            }
        })
    })
    .collect()
}

/// rclone's S3 remotes in a ConfigMap's `rclone.conf`, by name.
fn remotes(configmap: &Json) -> Vec<(String, Vec<(String, String)>)> {
    let config = text(&configmap["data"]["rclone.conf"]);
    let mut remotes: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in config.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            remotes.push((name.to_owned(), Vec::new()));
        } else if let (Some((key, value)), Some((_, options))) = (line.split_once('='), remotes.last_mut()) {
            options.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    remotes.retain(|(_, options)| options.contains(&("type".to_owned(), "s3".to_owned())));
    remotes
}

/// The options of the remote whose name has `word`, or of the first.
fn options(remotes: &[(String, Vec<(String, String)>)], word: &str) -> Vec<(String, String)> {
    let chosen = remotes.iter().find(|(name, _)| name.to_lowercase().contains(word)).or_else(|| remotes.first());
    let options = chosen.into_iter().flat_map(|(_, options)| options);
    // Keys stay where they are; what is left out here comes from the environment.
    let kept = options.filter(|(key, value)| {
        !value.is_empty()
            && !matches!(key.as_str(), "type" | "env_auth" | "access_key_id" | "secret_access_key" | "session_token")
    });
    kept.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_remote_is_taken_without_its_keys() {
        let config = "[restoreRemote]\ntype = s3\nprovider = AWS\naccess_key_id = REG_ACCESS_KEY_ID\nregion = eu-north-1\nendpoint =\n\n\
                      [backupRemote]\ntype = s3\nregion = a\n";
        let found = remotes(&json!({"data": {"rclone.conf": config}}));
        let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(options(&found, "restore"), expected(&[("provider", "AWS"), ("region", "eu-north-1")]));
        assert_eq!(options(&found, "backup"), expected(&[("region", "a")]));
        assert_eq!(options(&found, "other"), options(&found, "restore"));
        assert!(remotes(&json!({"data": {"other": "x"}})).is_empty());
    }

    #[test]
    fn keys_are_taken_as_the_chart_has_them() {
        let reference = json!({"secretKeyRef": {"name": "s", "key": "k"}});
        let workload = |kind: &str, label: &str, env: Json| {
            let pod = json!({"metadata": {"labels": {"rondbService": label}},
                             "spec": {"serviceAccountName": label, "containers": [{"name": "c", "image": "toolbox", "env": env}]}});
            let spec = match kind {
                "CronJob" => json!({"jobTemplate": {"spec": {"template": pod}}}),
                _ => json!({"template": pod}),
            };
            Workload::of(0, kind, &json!({"metadata": {"name": label}, "spec": spec})).unwrap()
        };
        let plain = json!([{"name": "AWS_ACCESS_KEY_ID", "value": "minio"}, {"name": "SECRET_ACCESS_KEY", "value": "pw"}, {"name": "RCLONE_CONFIG", "value": "x"}]);
        let by_name = json!([{"name": "AWS_ACCESS_KEY_ID", "valueFrom": reference}, {"name": "AWS_SECRET_ACCESS_KEY", "value": ""}]);
        let keys = [
            json!({"name": "AWS_ACCESS_KEY_ID", "value": "minio"}),
            json!({"name": "AWS_SECRET_ACCESS_KEY", "value": "pw"}),
        ];
        let other = [json!({"name": "AWS_ACCESS_KEY_ID", "valueFrom": reference})];

        let backup = workload("CronJob", "create-backup", plain.clone());
        let found = ObjectStorage::of(std::slice::from_ref(&backup), &[]);
        assert_eq!((&found.own.credentials[..], &found.restore.credentials[..]), (&keys[..], &keys[..]));
        assert_eq!(
            (found.service_account.as_deref(), found.toolbox.as_deref()),
            (Some("create-backup"), Some("toolbox"))
        );

        // A chart that restores by itself has other keys for that.
        let restore = workload("Job", "restore-backup", by_name);
        let found = ObjectStorage::of(&[backup, restore.clone()], &[]);
        assert_eq!((&found.own.credentials[..], &found.restore.credentials[..]), (&keys[..], &other[..]));
        // It makes no backups itself.
        let found = ObjectStorage::of(&[restore], &[]);
        assert_eq!((found.own.credentials.len(), found.service_account.as_deref()), (0, Some("restore-backup")));
    }
}

//! How the chart itself reaches its backups: credentials by reference, and rclone's options.

use serde_json::{Value as Json, json};

use super::pods::{Role, Workload};
use super::read::{items, text};

/// Object storage, as the chart's backup CronJob uses it.
#[derive(Debug, Clone, Default)]
pub struct ObjectStorage {
    /// The account of the backup's pods: where a cloud grants access by account, it is this one that has it.
    pub service_account: Option<String>,
    /// `env` entries with the keys, by reference to the chart's Secret; none where access comes by role.
    pub credentials: Vec<Json>,
    /// Options of rclone's S3 remote (`provider`, `region`, `endpoint`, …), without keys.
    pub options: Vec<(String, String)>,
    /// The toolbox's image (bash, kubectl, rclone, jq), as that CronJob uses it.
    pub toolbox: Option<String>,
}

impl ObjectStorage {
    /// Takes it from the backup CronJob and the ConfigMap with rclone's remotes.
    pub fn of(workloads: &[Workload], configmaps: &[Json]) -> Self {
        let backup = workloads.iter().find(|workload| workload.role == Role::RondbBackup);
        let containers = || backup.into_iter().flat_map(|backup| backup.pod.all_containers());
        let credentials = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"]
            .iter()
            .filter_map(|key| {
                let entry = containers().flat_map(|container| items(&container["env"])).find(|entry| {
                    let name = text(&entry["name"]);
                    (name == *key || name.strip_prefix("AWS_") == Some(key)) && !entry["valueFrom"].is_null()
                })?;
                Some(json!({"name": format!("AWS_{key}"), "valueFrom": entry["valueFrom"]}))
            })
            .collect();
        let toolbox = containers()
            .find(|container| items(&container["env"]).any(|entry| text(&entry["name"]).starts_with("RCLONE_")))
            .map(|container| text(&container["image"]).to_owned());
        Self {
            service_account: backup.map(|backup| backup.pod.service_account().to_owned()),
            credentials,
            options: configmaps.iter().find_map(rclone_options).unwrap_or_default(),
            toolbox,
        }
    }
}

/// The options of the remote that restores read from, in a ConfigMap's `rclone.conf`: the one whose name says so, or the first.
fn rclone_options(configmap: &Json) -> Option<Vec<(String, String)>> {
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
    let chosen = remotes.iter().position(|(name, _)| name.to_lowercase().contains("restore")).unwrap_or(0);
    let (_, mut options) = (chosen < remotes.len()).then(|| remotes.swap_remove(chosen))?;
    // Keys stay where they are; what is left out here comes from the environment.
    options.retain(|(key, value)| {
        !value.is_empty()
            && !matches!(key.as_str(), "type" | "env_auth" | "access_key_id" | "secret_access_key" | "session_token")
    });
    Some(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_restore_remote_is_taken_without_its_keys() {
        let config = "[backupRemote]\ntype = s3\nregion = a\n\n[restoreRemote]\ntype = s3\nprovider = AWS\n\
                      access_key_id = REG_ACCESS_KEY_ID\nregion = eu-north-1\nendpoint =\n";
        let options = rclone_options(&json!({"data": {"rclone.conf": config}})).unwrap();
        assert_eq!(
            options,
            [("provider".to_owned(), "AWS".to_owned()), ("region".to_owned(), "eu-north-1".to_owned())]
        );
        assert!(rclone_options(&json!({"data": {"other": "x"}})).is_none());
    }
}

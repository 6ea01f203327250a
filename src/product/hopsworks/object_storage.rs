//! How the chart itself reaches its object storage: credentials, and rclone's options.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use serde_json::{Value as Json, json};

use super::rondb;
use crate::topology::read::{items, text};
use crate::topology::{Pod, Role, Workload};

/// The object storage inside the cluster (MinIO): it keeps running.
pub const ROLE: Role = Role { name: "objectStorage", rank: 40, group: "S3", stops: None, holds_data: false };

/// Object storage, as the chart's own pods use it.
#[derive(Debug, Clone, Default)]
pub struct ObjectStorage {
    /// The account of the backup's pods: if a cloud grants access by account, this one has it.
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
    /// `env` entries with the keys: by reference to the chart's Secret, or in plain text as in the chart (MinIO in the cluster);
    /// none if access is by role.
    pub credentials: Vec<Json>,
    /// Its options (`provider`, `region`, `endpoint`, …), without keys.
    pub options: Vec<(String, String)>,
    /// Its other options: what may be a secret does not become an `env` entry in plain text.
    pub not_taken: Vec<String>,
}

/// rclone's S3 options that say where and how, and hold no secret (rclone.org/s3). Any other may be one, now or later.
const OPTIONS: &[&str] = &[
    "acl",
    "bucket_acl",
    "chunk_size",
    "copy_cutoff",
    "decompress",
    "directory_markers",
    "disable_checksum",
    "disable_http2",
    "encoding",
    "endpoint",
    "force_path_style",
    "leave_parts_on_error",
    "list_chunk",
    "list_url_encode",
    "list_version",
    "location_constraint",
    "max_upload_parts",
    "might_gzip",
    "no_check_bucket",
    "no_head",
    "no_head_object",
    "provider",
    "region",
    "requester_pays",
    "role_arn",
    "role_session_duration",
    "role_session_name",
    "server_side_encryption",
    "sign_accept_encoding",
    "sse_customer_algorithm",
    "sse_kms_key_id",
    "storage_class",
    "upload_concurrency",
    "upload_cutoff",
    "use_accelerate_endpoint",
    "use_accept_encoding_gzip",
    "use_already_exists",
    "use_arn_region",
    "use_data_integrity_protections",
    "use_dual_stack",
    "use_multipart_etag",
    "use_multipart_uploads",
    "use_presigned_request",
    "use_unsigned_payload",
    "use_x_id",
    "v2_auth",
];
/// What hwdr's Jobs set themselves, and the keys, which come from the Secret through the environment.
const OWN: &[&str] = &["type", "env_auth", "access_key_id", "secret_access_key", "session_token"];

impl ObjectStorage {
    /// Reads it from the pods that fetch or upload backups, and the ConfigMap with rclone's remotes.
    pub fn of(workloads: &[Workload], configmaps: &[Json]) -> Self {
        let backup = workloads.iter().find(|workload| workload.role == rondb::BACKUP);
        // Without backups, a chart that restores by itself shows the same.
        let restores =
            |workload: &&Workload| workload.kind == "Job" && workload.pod.label(rondb::LABEL) == "restore-backup";
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
        let remote = |credentials: Vec<Json>, word: &str| {
            let (options, not_taken) = options(&remotes, word);
            Remote { credentials, options, not_taken }
        };
        Self {
            service_account: uses.map(|uses| uses.pod.service_account().to_owned()),
            restore: remote(read_by, "restore"),
            own: remote(own, "backup"),
            toolbox: uses
                .into_iter()
                .flat_map(|uses| uses.pod.all_containers())
                .find(|container| items(&container["env"]).any(|entry| text(&entry["name"]).starts_with("RCLONE_")))
                .map(|container| text(&container["image"]).to_owned()),
        }
    }
}

/// `env` entries with the keys of a pod's containers.
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
            // All spellings become the same environment variable.
            let key = key.trim().to_lowercase().replace(['-', ' '], "_");
            options.push((key, value.trim().to_owned()));
        }
    }
    remotes.retain(|(_, options)| options.contains(&("type".to_owned(), "s3".to_owned())));
    remotes
}

/// The options of the remote whose name contains `word`, or of the first, and the names of those that are not taken.
fn options(remotes: &[(String, Vec<(String, String)>)], word: &str) -> (Vec<(String, String)>, Vec<String>) {
    let chosen = remotes.iter().find(|(name, _)| name.to_lowercase().contains(word)).or_else(|| remotes.first());
    let set = chosen.into_iter().flat_map(|(_, options)| options).filter(|(_, value)| !value.is_empty());
    let (taken, rest): (Vec<_>, Vec<_>) = set.cloned().partition(|(key, _)| OPTIONS.contains(&key.as_str()));
    let not_taken = rest.into_iter().map(|(key, _)| key).filter(|key| !OWN.contains(&key.as_str()));
    // The plan shows their names.
    let is_odd = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    (taken, not_taken.map(|key| key.replace(is_odd, "?")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::FIRST;

    #[test]
    fn each_remote_is_taken_without_its_keys() {
        let config = "[restoreRemote]\ntype = s3\nprovider = AWS\naccess_key_id = REG_ACCESS_KEY_ID\nregion = eu-north-1\nendpoint =\n\n\
                      [backupRemote]\ntype = s3\nregion = a\n";
        let found = remotes(&json!({"data": {"rclone.conf": config}}));
        let expected = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(options(&found, "restore").0, expected(&[("provider", "AWS"), ("region", "eu-north-1")]));
        assert_eq!(options(&found, "backup").0, expected(&[("region", "a")]));
        assert_eq!(options(&found, "other"), options(&found, "restore"));
        assert!(remotes(&json!({"data": {"other": "x"}})).is_empty());
    }

    #[test]
    fn no_secret_becomes_an_option_in_any_spelling() {
        for key in [
            "secret_access_key",
            "Secret_Access_Key",
            "SECRET-ACCESS-KEY",
            "secret access key",
            "session_token",
            "sse_customer_key",
            "SSE_Customer_Key",
            "sse-customer-key-base64",
            "ibm_api_key",
            "role_external_id",
            "profile",
            "an_option_of_tomorrow",
        ] {
            let config = format!("[backup]\ntype = s3\nregion = a\n{key} = hush\n");
            let (taken, not_taken) = options(&remotes(&json!({"data": {"rclone.conf": config}})), "backup");
            assert_eq!(taken, [("region".to_owned(), "a".to_owned())], "{key}");
            assert!(!format!("{not_taken:?}").contains("hush"), "{not_taken:?}");
            let spelled = key.to_lowercase().replace(['-', ' '], "_");
            assert_eq!(not_taken.contains(&spelled), !OWN.contains(&spelled.as_str()), "{key}: {not_taken:?}");
        }
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
            Workload::of(FIRST, 0, kind, &json!({"metadata": {"name": label}, "spec": spec})).unwrap()
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

//! Bringing HopsFS's bucket back as a step of a restore: what the Job's environment says, for its pods, and for a run that does it from
//! the operator's machine.

use std::env;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::backup_id::BackupId;
use crate::catalogue::{Catalogue, MetadataNames, Service};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::refusal::Refusal;
use crate::s3::client::{Retries, Settings};
use crate::s3::journal::Aim;
use crate::s3::window::{LONGEST_BACKUP_SECONDS, Window};

/// Metadata rotate: the ConfigMap itself, then `-1`, `-2`, … (reference: the chart's backup script; `render` lets the pods read these).
pub const ROTATIONS: usize = 10;

/// What is to be done, as the Job's environment says it (`templates/pieces/bucket-env.yaml`, `hopsfs-env.yaml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    server: Server,
    /// The minute that the backup id of the whole names.
    backup_time: Timestamp,
    /// The minute that RonDB's id names.
    rondb_time: Timestamp,
    /// RonDB's id; none (`0`) where the moment alone counts.
    rondb: Option<BackupId>,
    /// The first ConfigMap of RonDB's backup metadata.
    metadata: String,
    /// The run does it, not the Job's pods: the Job rests until then.
    pub is_here: bool,
}

/// The bucket, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    bucket: String,
    endpoint: Option<String>,
    region: Option<String>,
    path_style: bool,
}

impl Server {
    /// A bucket, by the options of rclone's remote.
    pub fn new(bucket: &str, option: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let endpoint = given("endpoint").map(|url| if url.contains("://") { url } else { format!("https://{url}") });
        Self {
            bucket: bucket.to_owned(),
            // rclone's default (its documentation of S3, --s3-force-path-style).
            path_style: endpoint.is_some() && given("force_path_style").as_deref() != Some("false"),
            endpoint,
            region: given("region"),
        }
    }

    /// How a client reaches it from a pod. Credentials are found as every AWS tool finds them.
    pub fn settings(&self) -> Settings {
        Settings {
            bucket: self.bucket.clone(),
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            path_style: self.path_style,
            ca_bundle: None,
            requests_per_second: None,
            retries: Retries::default(),
        }
    }

    /// How a client reaches it from the operator's machine, where the server may have another address.
    pub fn settings_here(&self) -> Settings {
        let has_address = env::var("AWS_ENDPOINT_URL_S3").is_ok_and(|url| !url.is_empty());
        Settings {
            endpoint: self.endpoint.clone().filter(|_| !has_address),
            ca_bundle: env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(Into::into),
            ..self.settings()
        }
    }
}

/// The ConfigMaps of backup metadata whose first one is called `base`.
pub fn config_maps(base: &str) -> Vec<String> {
    (0..ROTATIONS).map(|n| if n == 0 { base.to_owned() } else { format!("{base}-{n}") }).collect()
}

impl Task {
    /// Takes it from variables.
    ///
    /// # Errors
    /// The first one that is missing or wrong.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Refusal> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &str| given(name).ok_or_else(|| Refusal::new(format!("the variable {name} is not set")));
        let time = |name: &str| {
            let text = needed(name)?;
            text.parse::<Timestamp>().map_err(|error| Refusal::new(format!("the variable {name} is {text:?}: {error}")))
        };
        let rondb = match needed("RONDB_ID")?.as_str() {
            "0" => None,
            id => Some(
                BackupId::parse(id)
                    .map_err(|error| Refusal::new(format!("the variable RONDB_ID is {id:?}: {error}")))?,
            ),
        };
        Ok(Self {
            server: Server::new(&needed("BUCKET")?, |name| given(&format!("BUCKET_{}", name.to_uppercase()))),
            backup_time: time("BACKUP_TIME")?,
            rondb_time: time("RONDB_TIME")?,
            rondb,
            metadata: needed("METADATA_CONFIGMAP")?,
            is_here: given("FROM").as_deref() == Some("here"),
        })
    }

    /// Takes it from the first container of a Job.
    ///
    /// # Errors
    /// As [`Task::of`].
    pub fn of_job(job: &Json) -> Result<Self, Refusal> {
        let env = job.pointer("/spec/template/spec/containers/0/env").and_then(Json::as_array);
        Self::of(|name| {
            let mut entries = env.into_iter().flatten();
            entries.find(|entry| text(entry, "/name") == name).map(|entry| text(entry, "/value").to_owned())
        })
    }

    /// The bucket.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What the bucket is brought back to, and what there is to know about it. The metadata that are restored come from RonDB's backup, and
    /// describe a moment between its start and its end: what was there at any moment of that time is brought back, and what was there at
    /// the minute that the backup id of the whole names. Blocks never change, and one that no restored file knows does no harm.
    ///
    /// # Errors
    /// Where the cluster does not answer, or the backup is none to restore from.
    pub async fn aim(&self, cluster: &Cluster) -> Result<(Aim, Option<String>), Refusal> {
        let (mut from, mut to) = (self.backup_time.min(self.rondb_time), self.backup_time.max(self.rondb_time));
        let mut warning = None;
        if let Some(id) = &self.rondb {
            match self.entry(cluster, id).await? {
                Some((start, end)) => {
                    from = start.map_or(from, |start| from.min(start));
                    to = end.map_or(to, |end| to.max(end));
                }
                None => {
                    to = to.max(self.rondb_time + SignedDuration::from_secs(LONGEST_BACKUP_SECONDS));
                    warning = Some(format!(
                        "no entry of RonDB's backup {id} in the ConfigMaps {}*: when it ended is not known; the day after it began is covered",
                        self.metadata
                    ));
                }
            }
        }
        Ok((Aim { prefix: String::new(), window: Window::between(from, to), exact: false }, warning))
    }

    /// When RonDB's backup began and ended, if anything says so.
    async fn entry(
        &self,
        cluster: &Cluster,
        id: &BackupId,
    ) -> Result<Option<(Option<Timestamp>, Option<Timestamp>)>, Refusal> {
        let mut found = Vec::new();
        for name in config_maps(&self.metadata) {
            found.extend(cluster.get(Kind::CONFIG_MAP, None, &name).await?);
        }
        let names = MetadataNames { rondb: self.metadata.clone(), ..MetadataNames::default() };
        let catalogue = Catalogue::new(&found, &[], &names);
        let Some(backup) = catalogue.data(Service::RonDb, id) else { return Ok(None) };
        if !backup.is_good() {
            return Err(Refusal::new(format!(
                "RonDB's backup {id} is recorded as {} in ConfigMap {}: not one to restore from",
                backup.state, backup.config_map
            )));
        }
        Ok(Some((backup.start, backup.end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(extra: &[(&str, &str)]) -> Json {
        let base = [
            ("BUCKET", "b"),
            ("BACKUP_TIME", "2026-02-13T15:36:00Z"),
            ("RONDB_ID", "260671536"),
            ("RONDB_TIME", "2026-02-13T15:36:00Z"),
            ("METADATA_CONFIGMAP", "rondb-backups-metadata"),
        ];
        let env: Vec<_> =
            base.iter().filter(|(name, _)| !extra.iter().any(|(other, _)| other == name)).chain(extra).collect();
        let env: Vec<_> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        json!({"spec": {"template": {"spec": {"containers": [{"env": env}]}}}})
    }

    #[test]
    fn a_server_is_reached_as_rclone_would() {
        for (given, endpoint, path_style) in [
            (vec![], None, false),
            (vec![("BUCKET_ENDPOINT", "http://10.0.0.1:8333")], Some("http://10.0.0.1:8333"), true),
            (vec![("BUCKET_ENDPOINT", "s3.example.com")], Some("https://s3.example.com"), true),
            (
                vec![("BUCKET_ENDPOINT", "https://s3.example.com"), ("BUCKET_FORCE_PATH_STYLE", "false")],
                Some("https://s3.example.com"),
                false,
            ),
        ] {
            let settings = Task::of_job(&job(&given)).unwrap().server().settings();
            assert_eq!((settings.endpoint.as_deref(), settings.path_style), (endpoint, path_style), "{given:?}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (given, expected) in [
            (("BUCKET", ""), "the variable BUCKET is not set"),
            (("RONDB_TIME", "yesterday"), "the variable RONDB_TIME is \"yesterday\""),
        ] {
            let problem = Task::of_job(&job(&[given])).unwrap_err().problem;
            assert!(problem.starts_with(expected), "{problem}");
        }
        // What undo tells the Job.
        assert_eq!(Task::of_job(&job(&[("RONDB_ID", "0")])).unwrap().rondb, None);
    }
}

//! Rewinds HopsFS's bucket as a step of a restore: reads the task from the Job's environment, for its pods, and for a run that does it from
//! the operator's machine.

use std::env;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue::{Catalogue, LET_READ, MetadataNames, Service, rotated};
use crate::refusal::Refusal;
use crate::s3::client::{Client, Settings};
use crate::s3::folders::Folders;
use crate::s3::journal::Aim;
use crate::s3::listing::Marker;
use crate::s3::preflight::{self, Stopped};
use crate::s3::window::{LONGEST_BACKUP_SECONDS, Window};
use crate::s3::worker;
use crate::shown::plain;

/// How the folders of OpenSearch's repositories begin.
pub const REPOSITORIES: &str = "opensearch";

/// What is in the bucket: HopsFS's blocks in `hopsfs-blocks-set-N/` (`CloudHelper.PREFIX_STR`), and beside them backups of RonDB, Velero (its
/// prefix in the docs), OpenSearch and Superset (`superset_backup/`, unless the values name another folder).
pub const FOLDERS: Folders = Folders {
    owner: "HopsFS",
    // From the docs' example ("Disaster Recovery", Cleanup): whoever followed them has it already.
    rule: "HopsFSBlocksRetentionPolicy",
    blocks: "hopsfs",
    backups: &["rondb_backup/", "k8s_backup/", REPOSITORIES, "superset"],
};

/// The task, as the Job's environment describes it (`templates/pieces/bucket-env.yaml`, `hopsfs-env.yaml`).
#[derive(Debug, Clone)]
pub struct Task {
    /// How a pod reaches the bucket.
    pub settings: Settings,
    /// The minute that the global backup id names.
    backup_time: Timestamp,
    /// The minute that RonDB's id names.
    rondb_time: Timestamp,
    /// RonDB's id; none (`0`) if only the times count.
    rondb: Option<BackupId>,
    /// The first ConfigMap of RonDB's backup metadata.
    metadata: String,
    /// The folder of RonDB's backups.
    backups: Option<String>,
    /// The run does it, not the Job's pods: the Job is suspended until then.
    pub is_local: bool,
}

/// How a client reaches a bucket from a pod, by the options of rclone's remote. Credentials are looked up as every AWS tool does.
pub fn settings(bucket: &str, option: impl Fn(&str) -> Option<String>) -> Settings {
    let given = |name: &str| option(name).filter(|value| !value.is_empty());
    let endpoint = given("endpoint").map(|url| if url.contains("://") { url } else { format!("https://{url}") });
    Settings {
        // rclone's default (its documentation of S3, --s3-force-path-style).
        path_style: endpoint.is_some() && given("force_path_style").as_deref() != Some("false"),
        endpoint,
        region: given("region"),
        ..Settings::new(bucket, FOLDERS)
    }
}

/// How a client reaches a bucket, by what values say of it.
pub fn of_values(bucket: &str, endpoint: Option<&str>, region: Option<&str>) -> Settings {
    Settings {
        endpoint: endpoint.map(str::to_owned),
        region: region.map(str::to_owned),
        // Servers other than AWS rarely have a host name for each bucket.
        path_style: endpoint.is_some(),
        ..Settings::new(bucket, FOLDERS)
    }
}

/// How a client reaches a bucket from the operator's machine, where the server may have another address.
pub fn from_here(settings: Settings) -> Settings {
    Settings {
        endpoint: settings.endpoint.filter(|_| !has_address()),
        ca_bundle: env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(Into::into),
        ..settings
    }
}

/// Whether the operator's environment names the server.
pub fn has_address() -> bool {
    env::var("AWS_ENDPOINT_URL_S3").is_ok_and(|url| !url.is_empty())
}

/// A bucket and its server, as shown for consent.
pub fn place(settings: &Settings) -> String {
    let server = settings.endpoint.as_deref().unwrap_or("AWS");
    format!("bucket {} at {server}", settings.bucket)
}

/// Checks that a Job names the bucket and server that were agreed to: requests are signed with the operator's own credentials, and whoever
/// may create a Job could send them anywhere. A run of an older hwdr did not record them: then it must be AWS, or the server in the
/// operator's environment.
///
/// # Errors
/// If they differ.
pub fn as_agreed(settings: &Settings, agreed: Option<&str>, has_address: bool) -> Result<(), Refusal> {
    let is_agreed = match agreed {
        Some(agreed) => place(settings) == agreed,
        None => has_address || settings.endpoint.is_none(),
    };
    if is_agreed {
        return Ok(());
    }
    let refusal = Refusal::new(format!(
        "the Job in the cluster names {}, but {} was agreed to: nothing was sent there",
        plain(&place(settings)),
        plain(agreed.unwrap_or("no server"))
    ));
    Err(match agreed {
        Some(_) => refusal.help("see who created the Job: kubectl get job -o yaml"),
        None => refusal.help("if it is the right server, set it yourself: AWS_ENDPOINT_URL_S3=https://…"),
    })
}

/// Checks that a bucket holds anything below `prefix`: if it should and does not, it is not the cluster's bucket, or on another server.
///
/// # Errors
/// If it does not, or cannot be listed.
pub async fn holds(client: &Client, prefix: &str) -> Result<(), Stopped> {
    if client.list_versions(prefix, &Marker::default(), None, 1).await?.keys.is_empty() {
        let below = if prefix.is_empty() { String::new() } else { format!(" below {prefix}") };
        return Err(Stopped::refused(
            format!(
                "bucket {} has nothing{below}, and never had: it is not the bucket of HopsFS's blocks",
                client.bucket()
            ),
            "check the bucket and the server; from this machine the server may have another address: AWS_ENDPOINT_URL_S3=https://…",
        ));
    }
    Ok(())
}

/// Checks that a client may rewind a bucket: it keeps versions, holds something below `prefix`, has no unfinished rewind, and allows each
/// request that a rewind needs (`only_reads`: those that read). They are tried on keys that do not exist.
///
/// # Errors
/// The first reason why not.
pub async fn can_be_rewound(client: &Client, prefix: &str, only_reads: bool) -> Result<(), Stopped> {
    preflight::bucket(client, false).await?;
    holds(client, prefix).await?;
    preflight::permissions(client, "", only_reads).await?;
    worker::is_free(client).await
}

/// The prefix of RonDB's backup in HopsFS's bucket; empty (anything) if `folder`, that of such backups, is in another bucket.
pub fn backup_in(folder: Option<&str>, id: &BackupId) -> String {
    folder.map(|folder| format!("{folder}/{id}/")).unwrap_or_default()
}

/// What is known about RonDB's backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recorded {
    /// No backup is involved: only the times count.
    Moment,
    /// Not when it ended.
    Nothing,
    /// When it began, if known, and ended.
    Ended(Option<Timestamp>, Timestamp),
}

/// The cluster's clock and the bucket's may differ by this much (`s3::preflight` refuses more from here).
const CLOCKS: SignedDuration = SignedDuration::from_secs(60);

/// `time` plus `much`; the last or first time there is if the sum is out of range.
fn after(time: Timestamp, much: SignedDuration) -> Timestamp {
    let edge = if much.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(much).unwrap_or(edge)
}

impl Task {
    /// Reads it from variables.
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
            settings: settings(&needed("BUCKET")?, |name| given(&format!("BUCKET_{}", name.to_uppercase()))),
            backup_time: time("BACKUP_TIME")?,
            rondb_time: time("RONDB_TIME")?,
            rondb,
            metadata: needed("METADATA_CONFIGMAP")?,
            backups: given("BACKUP_PREFIX"),
            is_local: given("FROM").as_deref() == Some("here"),
        })
    }

    /// Reads it from the first container of a Job.
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

    /// Checks that a client reaches the right bucket: it holds RonDB's backup if that is beside HopsFS's blocks, and at least something if
    /// it is not. For an undo it checks nothing.
    ///
    /// # Errors
    /// As [`holds`].
    pub async fn is_in(&self, client: &Client) -> Result<(), Stopped> {
        match &self.rondb {
            None => Ok(()),
            Some(id) => holds(client, &backup_in(self.backups.as_deref(), id)).await,
        }
    }

    /// As [`can_be_rewound`].
    ///
    /// # Errors
    /// The first reason why not.
    pub async fn can_be_done(&self, client: &Client) -> Result<(), Stopped> {
        let backup = self.rondb.as_ref().map(|id| backup_in(self.backups.as_deref(), id));
        can_be_rewound(client, &backup.unwrap_or_default(), false).await
    }

    /// What to rewind the bucket to, and a warning if there is one.
    ///
    /// # Errors
    /// If the cluster does not answer, or the backup cannot be restored from.
    pub async fn aim(&self, cluster: &Cluster) -> Result<(Aim, Option<String>), Refusal> {
        let recorded = match &self.rondb {
            Some(id) => self.recorded(cluster, id).await?,
            None => Recorded::Moment,
        };
        let warning = (recorded == Recorded::Nothing).then(|| {
            format!("the ConfigMaps {}* do not say when RonDB's backup ended: hwdr allows a day for it", self.metadata)
        });
        let window = self.window(&recorded);
        Ok((Aim { prefix: String::new(), window, exact: false, backups: self.backups.clone() }, warning))
    }

    /// The restored metadata come from RonDB's backup, and describe a moment between its start and its end. So everything that existed at
    /// any time in between comes back, and what existed at the minute of the global backup id. Extra blocks do no harm: clocks may differ,
    /// and a backup without a record may have taken a day.
    fn window(&self, recorded: &Recorded) -> Window {
        let (mut from, mut to) = (self.backup_time.min(self.rondb_time), self.backup_time.max(self.rondb_time));
        match recorded {
            Recorded::Moment => {}
            Recorded::Nothing => to = to.max(after(self.rondb_time, SignedDuration::from_secs(LONGEST_BACKUP_SECONDS))),
            Recorded::Ended(start, end) => {
                from = start.map_or(from, |start| from.min(start));
                to = to.max(*end);
            }
        }
        Window::between(after(from, -CLOCKS), after(to, CLOCKS))
    }

    /// When RonDB's backup began and ended, if anything says so.
    async fn recorded(&self, cluster: &Cluster, id: &BackupId) -> Result<Recorded, Refusal> {
        let mut found = Vec::new();
        for name in rotated(&self.metadata).take(LET_READ) {
            found.extend(cluster.get(Kind::CONFIG_MAP, None, &name).await?);
        }
        let names = MetadataNames { rondb: self.metadata.clone(), ..MetadataNames::default() };
        let catalogue = Catalogue::new(&found, &names);
        let Some(backup) = catalogue.data(Service::RonDb, id) else { return Ok(Recorded::Nothing) };
        if !backup.is_good() {
            return Err(Refusal::new(format!(
                "RonDB's backup {id} is recorded as {} in ConfigMap {}: it cannot be restored from",
                backup.state, backup.config_map
            )));
        }
        Ok(backup.end.map_or(Recorded::Nothing, |end| Recorded::Ended(backup.start, end)))
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

    /// Neither hwdr's own rewind nor the script's does, and lifecycle rules for them are judged as rules for backups.
    #[test]
    fn no_rewind_touches_a_backup() {
        use crate::product::hopsworks::request::RONDB_FOLDER;
        use crate::product::hopsworks::superset;
        use crate::s3::finding::Level;
        use crate::s3::lifecycle::judge::{Needs, judge};
        use crate::s3::lifecycle::rule::{Rule, When};

        let script = include_str!("templates/hopsfs.sh");
        let window = Window::at(Timestamp::UNIX_EPOCH);
        for (folder, excluded) in [
            (RONDB_FOLDER, "\"/$BACKUP_PREFIX/**\""),
            ("k8s_backup", "'/k8s_backup/**'"),
            ("opensearch_backup", "'/opensearch*/**'"),
            (superset::FOLDER, "'/superset*/**'"),
            ("superset-backups", "'/superset*/**'"),
        ] {
            assert!(script.contains(&format!("--exclude {excluded}")), "{folder}");
            for exact in [false, true] {
                let aim = Aim { prefix: String::new(), window, exact, backups: None };
                let key = format!("{folder}/20260722215632-2116913658/superset.sql.gz");
                assert!(!aim.touches(&key, FOLDERS), "{key}");
            }
            let rule = Rule {
                id: "short".to_owned(),
                enabled: true,
                prefix: format!("{folder}/"),
                expires_current: Some(When::Days(7)),
                ..Rule::default()
            };
            let wanted = Needs { bucket: "b", folders: FOLDERS, ttl: Some(60 * 86_400), now: 1_800_000_000, apply: "" };
            let found = judge(&[rule], &wanted);
            let says = |text: &str| found.iter().any(|it| it.level == Level::Error && it.message.contains(text));
            assert!(says("deletes backups"), "{folder}: {found:?}");
        }
        let blocks = Aim { prefix: String::new(), window, exact: true, backups: None };
        assert!(blocks.touches("hopsfs-blocks-set-0/blk_1", FOLDERS));
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
            let settings = Task::of_job(&job(&given)).unwrap().settings;
            assert_eq!((settings.endpoint.as_deref(), settings.path_style), (endpoint, path_style), "{given:?}");
        }
    }

    #[test]
    fn a_server_that_nobody_agreed_to_is_not_asked() {
        let settings =
            |endpoint: Option<&str>| Settings { endpoint: endpoint.map(str::to_owned), ..Settings::new("b", FOLDERS) };
        let (own, other) = (settings(Some("https://s3.example.com")), settings(Some("https://evil.org")));
        let bucket = Settings { bucket: "c".to_owned(), ..own.clone() };
        for has_address in [false, true] {
            let is_agreed = |settings: &Settings| as_agreed(settings, Some(&place(&own)), has_address).is_ok();
            assert!(is_agreed(&own));
            assert!(!is_agreed(&other) && !is_agreed(&settings(None)) && !is_agreed(&bucket));
        }
        // A run of an older hwdr.
        assert!(as_agreed(&settings(None), None, false).is_ok());
        assert!(as_agreed(&other, None, false).is_err() && as_agreed(&other, None, true).is_ok());
    }

    #[test]
    fn everything_of_the_backups_time_comes_back_and_a_little_more() {
        let task = Task::of_job(&job(&[("BACKUP_TIME", "2026-02-13T15:30:00Z")])).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let (start, end) = (time("2026-02-13T15:36:05Z"), time("2026-02-13T16:00:00Z"));
        for (recorded, expected) in [
            (Recorded::Moment, "any moment from 2026-02-13T15:29:00Z to 2026-02-13T15:37:00Z"),
            (Recorded::Nothing, "any moment from 2026-02-13T15:29:00Z to 2026-02-14T15:37:00Z"),
            (Recorded::Ended(Some(start), end), "any moment from 2026-02-13T15:29:00Z to 2026-02-13T16:01:00Z"),
            (
                Recorded::Ended(None, time("2026-02-13T10:00:00Z")),
                "any moment from 2026-02-13T15:29:00Z to 2026-02-13T15:37:00Z",
            ),
            (Recorded::Ended(None, Timestamp::MAX), "any moment from 2026-02-13T15:29:00Z to 9999-12-30T22:00:00Z"),
            (
                Recorded::Ended(Some(time("2026-02-13T15:00:00Z")), end),
                "any moment from 2026-02-13T14:59:00Z to 2026-02-13T16:01:00Z",
            ),
        ] {
            assert_eq!(task.window(&recorded).to_string(), expected, "{recorded:?}");
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

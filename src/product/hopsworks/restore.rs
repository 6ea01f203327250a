//! A restore of Hopsworks as generic code sees it.

use serde_json::{Value as Json, json};

use super::hopsfs::bucket;
use super::plan::{Facts, Input};
use super::request::{HopsFs, Restore};
use super::superset::{self, Superset, beforehand};
use super::{Hopsworks, PARTS, checks, digest, remotes, warnings};
use crate::cluster::Cluster;
use crate::mode::Mode;
use crate::plan::PointOfNoReturn;
use crate::product::Product;
use crate::product::request::{Backup, Barrier, Draft, Ground, Recorded, Request};
use crate::product::service::{Doing, Service as _};
use crate::refusal::Refusal;
use crate::s3::client::{Client, Settings};
use crate::s3::preflight::Stopped;
use crate::steps::{Object, Planned, injected};
use crate::topology::{Job, Missing, Role, Topology};
use crate::velero::Velero;

/// The default limit for one part of a restore: a day.
const DAY: u64 = 24 * 3600;

impl Restore {
    /// How this machine reaches HopsFS's bucket, if it has to rewind it.
    fn local_settings(&self, topology: &Topology, steps: &[Planned]) -> Option<Settings> {
        if self.hopsfs != HopsFs::Here || injected(steps, "hopsfs").is_none() {
            return None;
        }
        let options = remotes::of_blocks(self, &Facts::of(topology).storage).options;
        let option = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Some(bucket::settings(self.blocks().unwrap_or_default(), option))
    }
}

impl Request for Restore {
    fn product(&self) -> &'static dyn Product {
        &Hopsworks
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn backup(&self) -> Backup {
        Backup::from(&self.backup_id)
    }

    fn velero(&self) -> &Velero {
        &self.velero
    }

    fn objects(&self) -> [Option<&str>; 2] {
        [self.velero_main.as_deref(), self.velero_users.as_deref()]
    }

    fn choose(&mut self, [main, users]: [Option<String>; 2]) {
        self.velero_main = main;
        self.velero_users = users;
    }

    fn recorded(&self) -> Recorded {
        let rondb = ("rondb".to_owned(), self.rondb.to_string());
        let snapshots = self.opensearch.iter().map(|snapshot| ("opensearch".to_owned(), snapshot.id.to_string()));
        let superset = self.superset.iter().map(|asked| (Superset.name().to_owned(), asked.id.to_string()));
        Recorded {
            backups: std::iter::once(rondb).chain(snapshots).chain(superset).collect(),
            metadata: [&self.rondb_metadata, &self.opensearch_metadata]
                .into_iter()
                .chain(self.superset.as_ref().map(|asked| &asked.metadata))
                .cloned()
                .collect(),
        }
    }

    /// Superset's workloads have a part where it is restored, too.
    fn takes(&self, role: Role) -> bool {
        self.superset.is_some() || !Superset.roles().contains(&role)
    }

    fn barrier(&self) -> Option<&'static Barrier> {
        self.superset.is_some().then_some(&superset::BARRIER)
    }

    fn draft(&self, topology: &Topology, namespace: &str) -> Result<Draft, Refusal> {
        let facts = Facts::of(topology);
        let input = Input { restore: self, topology, facts: &facts, namespace };
        let mut steps = Vec::new();
        for part in PARTS {
            let planned = part.plan(&input, &steps)?;
            steps.extend(planned);
        }
        if steps.iter().flat_map(|step| &step.objects).any(|object| object.id.starts_with("Job/")) {
            checks::check_storage(self, &facts)?;
        }
        checks::check_templates(&input, &steps)?;
        let schedules = Missing::new(
            "Velero's Schedules: the cluster's objects are not backed up from here on",
            "set hopsworks.velero.backup.enabled to true",
        );
        let of_velero = topology.schedules.is_empty().then_some(schedules);
        Ok(Draft {
            warnings: warnings::warnings(&input, &steps),
            missing: PARTS.iter().flat_map(|part| part.missing(topology, &facts)).chain(of_velero).collect(),
            facts: digest::facts(self, &facts),
            steps,
        })
    }

    fn point_of_no_return(&self) -> PointOfNoReturn {
        match self.mode {
            Mode::Install => PointOfNoReturn {
                step: None,
                why: "a new cluster has no data to lose, and the bucket gains versions but loses none",
            },
            Mode::Upgrade => PointOfNoReturn {
                step: Some("rondb"),
                why: "RonDB's and OpenSearch's nodes start on empty volumes: old ones that are not set aside before are lost",
            },
        }
    }

    fn facts_of_job(&self, job: &Job) -> Json {
        digest::chart_job(&job.json)
    }

    fn facts_of_object(&self, object: &Object) -> Json {
        digest::object(&object.values)
    }

    fn ground(&self, topology: &Topology) -> Ground {
        let storage = Facts::of(topology).storage;
        let backup = remotes::of_backup(self, &storage);
        let rondb_seconds = self.rondb_seconds.unwrap_or(DAY);
        Ground {
            account: storage.service_account,
            toolbox: storage.toolbox.or_else(|| self.toolbox.clone()),
            // The last one's limit covers all of them. RonDB's limit counts three times (metadata, rows, indexes).
            deadline: 3 * rondb_seconds + DAY,
            more: json!({
                "bucket": self.bucket,
                "prefix": self.backup_prefix,
                "rclone": backup.options,
                "credentials": backup.credentials,
                "metadata_configmap": self.rondb_metadata,
                "rondb_seconds": rondb_seconds,
            }),
        }
    }

    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn written(&self) -> Vec<&str> {
        let mut all: Vec<_> = self.blocks().into_iter().chain(self.bucket.as_deref()).collect();
        all.dedup();
        all
    }

    fn place_of_local(&self, topology: &Topology, steps: &[Planned]) -> Option<String> {
        self.local_settings(topology, steps).map(|settings| bucket::place(&settings))
    }

    /// Checked before the old data are gone.
    fn can_run_locally<'r>(
        &'r self,
        _: &'r Cluster,
        topology: &'r Topology,
        steps: &'r [Planned],
        only_reads: bool,
    ) -> Doing<'r, Result<(), Stopped>> {
        Box::pin(async move {
            beforehand::look(self, topology).await?;
            let Some(settings) = self.local_settings(topology, steps) else { return Ok(()) };
            let client = Client::connect(bucket::from_here(settings)).await?;
            let backup = bucket::backup_in(self.beside_blocks(), &self.rondb);
            bucket::can_be_rewound(&client, &backup, only_reads).await
        })
    }
}

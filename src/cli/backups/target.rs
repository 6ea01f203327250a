//! What is looked for in a cluster, and what the lists of its objects say of it. Whoever has read the lists, once or by watches, asks here.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::backups::{Fault, Reading, Seen, Series};
use crate::cli::messages::Failure;
use crate::cluster::condition::text;
use crate::names::is_release;
use crate::product::{self, Product};
use crate::run::steps::{is_of, release_of};
use crate::topology::{Role, Workload};
use crate::values::Value;
use crate::velero::{ObjectBackup, Velero, without_foreign};

/// A release's backups, and what its values call them.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The product.
    pub product: &'static dyn Product,
    /// What Velero's objects are called.
    pub velero: Velero,
    /// For how many seconds backups of data are kept, if known.
    pub ttl: Option<i64>,
    /// When they are made, where no chart says so.
    pub cron: Option<String>,
    /// The first ConfigMap of each service's metadata, by the service's name.
    pub records: Vec<(&'static str, String)>,
    /// The services that the values switch on, of those that may be missing.
    pub expected: Vec<&'static str>,
    /// The release, if it is named.
    pub release: Option<String>,
    /// Its namespace.
    pub namespace: String,
}

/// What was read of the cluster; or why not.
pub(crate) struct Lists {
    /// The ConfigMaps of backups' metadata.
    pub config_maps: Reading<Vec<Json>>,
    /// All CronJobs in the release's namespace.
    pub cron_jobs: Reading<Vec<Json>>,
    /// The Jobs there; those that belong to no CronJob may be left out.
    pub jobs: Reading<Vec<Json>>,
    /// Velero's Backups.
    pub backups: Reading<Vec<ObjectBackup>>,
    /// Velero's Schedules.
    pub schedules: Reading<Vec<Json>>,
    /// Velero's storage locations.
    pub locations: Reading<Vec<Json>>,
}

impl Lists {
    /// What could not be read.
    pub(crate) fn unread(&self) -> Vec<Fault> {
        let lists = [&self.config_maps, &self.cron_jobs, &self.jobs, &self.schedules, &self.locations];
        let faults = lists.into_iter().filter_map(|list| list.as_ref().err()).chain(self.backups.as_ref().err());
        faults.filter(|fault| fault.is_unknown()).cloned().collect()
    }
}

impl Target {
    /// What is looked for in that namespace, with the names in the values, if there are some.
    ///
    /// # Errors
    /// If the values cannot be used.
    pub(crate) fn new(values: Option<&Value>, release: Option<&str>, namespace: &str) -> Result<Self> {
        let product = values.map_or(product::FIRST, product::of);
        let velero = values.map(|values| product.velero(values)).transpose()?;
        let storage = values.map(|values| product.storage(values)).transpose()?.unwrap_or_default();
        Ok(Self {
            product,
            velero: velero.unwrap_or_default(),
            ttl: storage.ttl,
            cron: storage.cron,
            records: product.record_names(values)?,
            expected: values.map(|values| product.expected(values)).unwrap_or_default(),
            release: release.map(str::to_owned),
            namespace: namespace.to_owned(),
        })
    }

    /// The release: the one that is named, or the only one with backups.
    ///
    /// # Errors
    /// If there are several.
    pub(crate) fn release(&self, lists: &Lists) -> Result<Option<String>> {
        if let Some(release) = &self.release {
            return Ok(Some(release.clone()));
        }
        let is_known =
            |object: &&Json| Workload::of(self.product, 0, "CronJob", object).is_some_and(|it| it.role != Role::OTHER);
        let is_named = |object: &&Json| self.velero.schedules().contains(&text(object, "/metadata/name"));
        let jobs = lists.cron_jobs.iter().flatten().filter(is_known);
        let objects = jobs.chain(lists.schedules.iter().flatten().filter(is_named));
        let releases: BTreeSet<_> = objects
            .filter_map(release_of)
            .filter(|[_, namespace]| *namespace == self.namespace)
            .map(|[release, _]| release.to_owned())
            .filter(|release| is_release(release))
            .collect();
        if releases.len() > 1 {
            let names: Vec<_> = releases.into_iter().collect();
            bail!(
                Failure::unusable(format!(
                    "namespace {} has backups of several releases: {}",
                    self.namespace,
                    names.join(", ")
                ))
                .help("name one of them: --release NAME")
            );
        }
        Ok(releases.into_iter().next())
    }

    /// What the services of `release` have.
    pub(crate) fn series(&self, lists: Lists, release: Option<&str>, now: Timestamp) -> Vec<Series> {
        let is_its = |object: &Json| match (release, release_of(object)) {
            (_, None) => true,
            (Some(release), _) => is_of(object, release, &self.namespace),
            (None, Some(_)) => false,
        };
        let of =
            |objects: Reading<Vec<Json>>| objects.map(|objects| objects.into_iter().filter(is_its).collect::<Vec<_>>());
        // What another release's Schedule makes is that release's.
        let known: &[Json] = lists.schedules.as_deref().unwrap_or_default();
        let backups = lists.backups.map(|backups| without_foreign(backups, known, |schedule| !is_its(schedule)));
        let seen = Seen {
            now,
            namespace: self.namespace.clone(),
            velero: self.velero.clone(),
            ttl: self.ttl,
            cron: self.cron.clone(),
            records: self.records.clone(),
            expected: self.expected.clone(),
            config_maps: lists.config_maps,
            cron_jobs: of(lists.cron_jobs),
            jobs: lists.jobs,
            backups,
            schedules: of(lists.schedules),
            locations: lists.locations,
        };
        let mut series: Vec<_> = self.product.services().iter().flat_map(|service| service.backups(&seen)).collect();
        // First the services whose ids name a set.
        series.sort_by_key(|series| series.join);
        series
    }
}

//! A restore of Superset alone: nothing else is stopped, emptied or waited for.

use serde_json::{Value as Json, json};

use super::asked::Asked;
use super::plan::{Input, plan, warnings};
use super::{BARRIER, Superset};
use crate::mode::Mode;
use crate::plan::PointOfNoReturn;
use crate::product::Product;
use crate::product::hopsworks::object_storage::ObjectStorage;
use crate::product::hopsworks::request::METADATA;
use crate::product::hopsworks::request::read::{Reader, error};
use crate::product::hopsworks::{Hopsworks, digest, keys};
use crate::product::request::{Backup, Barrier, Draft, Ground, Recorded, Request};
use crate::product::service::Service as _;
use crate::refusal::Refusal;
use crate::steps::Object;
use crate::topology::{Job, Role, Topology};
use crate::values::Value;
use crate::velero::Velero;

/// The restore.
#[derive(Debug)]
pub struct Alone {
    asked: Asked,
    velero: Velero,
    bucket: Option<String>,
    toolbox: Option<String>,
}

impl Alone {
    /// The restore of Superset that `values` ask for beside no other, or none.
    ///
    /// # Errors
    /// If a value has the wrong type, or this is an installation: the key comes with the Kubernetes objects.
    pub fn from_values(values: &Value, mode: Mode) -> Result<Option<Self>, Refusal> {
        let Some(asked) = Asked::from_values(values)? else { return Ok(None) };
        let reader = Reader { values };
        reader.chart_mode(mode)?;
        if mode == Mode::Install {
            return Err(error(
                reader.at_or_whole(keys::SUPERSET_RESTORE),
                keys::SUPERSET_RESTORE,
                "restores Superset alone into a new cluster, where its key is another one: its connections could not be decrypted",
                "set global._hopsworks.restoreFromBackup.backupId, too: then Velero brings the key back",
            ));
        }
        Ok(Some(Self {
            asked,
            velero: Velero::from_values(values)?,
            bucket: reader.bucket()?,
            toolbox: reader.toolbox_image()?,
        }))
    }
}

impl Request for Alone {
    fn product(&self) -> &'static dyn Product {
        &Hopsworks
    }

    fn mode(&self) -> Mode {
        Mode::Upgrade
    }

    fn backup(&self) -> Backup {
        Backup::from(&self.asked.id)
    }

    fn velero(&self) -> &Velero {
        &self.velero
    }

    fn recorded(&self) -> Recorded {
        let [rondb, opensearch] = METADATA.map(str::to_owned);
        Recorded {
            backups: vec![(Superset.name().to_owned(), self.asked.id.to_string())],
            metadata: vec![rondb, opensearch, self.asked.metadata.clone()],
        }
    }

    fn takes(&self, role: Role) -> bool {
        Superset.roles().contains(&role)
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn barrier(&self) -> Option<&'static Barrier> {
        Some(&BARRIER)
    }

    fn draft(&self, topology: &Topology, _: &str) -> Result<Draft, Refusal> {
        let storage = ObjectStorage::of(&topology.workloads, &topology.config_maps);
        let steps = plan(&Input {
            asked: &self.asked,
            topology,
            storage: &storage,
            bucket: self.bucket.as_deref(),
            mode: Mode::Upgrade,
            with_objects: false,
            archive: None,
        })?;
        Ok(Draft {
            steps,
            warnings: warnings(&self.asked, None),
            missing: Vec::new(),
            facts: vec![("superset", digest::superset(&self.asked))],
        })
    }

    fn point_of_no_return(&self) -> PointOfNoReturn {
        PointOfNoReturn {
            step: Some(Superset.name()),
            why: "Superset's database starts on an empty volume: an old one that is not set aside before is lost",
        }
    }

    fn facts_of_job(&self, job: &Job) -> Json {
        digest::chart_job(&job.json)
    }

    fn facts_of_object(&self, object: &Object) -> Json {
        digest::object(&object.values)
    }

    fn ground(&self, topology: &Topology) -> Ground {
        let storage = ObjectStorage::of(&topology.workloads, &topology.config_maps);
        Ground {
            account: storage.service_account,
            toolbox: storage.toolbox.or_else(|| self.toolbox.clone()),
            // One Job waits for the other.
            deadline: 2 * self.asked.seconds,
            more: json!({}),
        }
    }

    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    #[test]
    fn into_a_new_cluster_it_goes_with_the_cluster_only() {
        let text =
            "global: {_hopsworks: {restoreFromBackup: {superset: {enabled: true, backupId: '20260722215632-1'}}}}\n";
        let values = read_one(Source::new("values.yaml", text)).unwrap();
        let refusal = Alone::from_values(&values, Mode::Install).unwrap_err();
        assert!(refusal.problem.contains("restores Superset alone into a new cluster"), "{}", refusal.problem);
        assert!(refusal.help.iter().any(|help| help.contains("restoreFromBackup.backupId")), "{:?}", refusal.help);
        let alone = Alone::from_values(&values, Mode::Upgrade).unwrap().expect("it is asked for");
        assert!(!alone.is_whole() && alone.backup().id == "20260722215632-1");
        assert!(
            Alone::from_values(&read_one(Source::new("values.yaml", "{}")).unwrap(), Mode::Install).unwrap().is_none()
        );
    }
}

//! A restore, as the values of a product ask for it: what is planned and rendered from it, and what is asked of the cluster.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::Product;
use super::service::Doing;
use crate::mode::Mode;
use crate::plan::PointOfNoReturn;
use crate::s3::preflight::Stopped;
use crate::steps::{Object, PlanError, Planned};
use crate::topology::{Job, Missing, Topology};
use crate::velero::Velero;

/// The id of a backup, which its product has checked, and when that was made, where the id says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its digits.
    pub id: String,
    /// Its time.
    pub time: Option<Timestamp>,
}

impl fmt::Display for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Serialize for Backup {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

/// What all injected Jobs and gates stand on.
#[derive(Debug)]
pub struct Ground {
    /// The account that Jobs run as.
    pub account: Option<String>,
    /// The image with bash and kubectl.
    pub toolbox: Option<String>,
    /// How long all of it may take, in seconds: Jobs and gates begin at once and wait for each other.
    pub deadline: u64,
    /// What the templates of the product use beside that.
    pub more: Json,
}

/// Backups of the services' data, and where they are recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// A service, and the id of its backup.
    pub backups: Vec<(String, String)>,
    /// The first ConfigMaps of the backups' metadata, in the product's order.
    pub metadata: [String; 2],
}

/// What a product has to say of a plan, from one look at the stream.
#[derive(Debug)]
pub struct Draft {
    /// The steps, in order.
    pub steps: Vec<Planned>,
    /// What the operator has to know.
    pub warnings: Vec<String>,
    /// What is not in the stream, though a whole installation has it, and a restore does without.
    pub missing: Vec<Missing>,
    /// What is asked for and what the stream shows of the product, by name, for the plan's digest: names, kinds, images, ids and settings, and
    /// neither a sentence nor a key.
    pub facts: Vec<(&'static str, Json)>,
}

/// A restore that is asked for.
pub trait Request: fmt::Debug + Send + Sync {
    /// The product.
    fn product(&self) -> &'static dyn Product;
    /// Whether it goes onto the running cluster or into a new one.
    fn mode(&self) -> Mode;
    /// The backup of the whole.
    fn backup(&self) -> Backup;
    /// What Velero's things are called.
    fn velero(&self) -> &Velero;
    /// The Velero backups that are named: of the cluster's own objects, and of the users'.
    fn objects(&self) -> [Option<&str>; 2];
    /// Names them.
    fn choose(&mut self, objects: [Option<String>; 2]);
    /// The backups of the services' data.
    fn recorded(&self) -> Recorded;

    /// What the product has to say of the plan.
    ///
    /// # Errors
    /// Where something that a step needs is not in the stream.
    fn draft(&self, topology: &Topology, namespace: &str) -> Result<Draft, PlanError>;
    /// From where on there is no way back to the data as it was.
    fn point_of_no_return(&self) -> PointOfNoReturn;
    /// What tells a Job that the chart does a step with from another: see [`Draft::facts`].
    fn facts_of_job(&self, job: &Job) -> Json;
    /// The same of what an injected object is made of.
    fn facts_of_object(&self, object: &Object) -> Json;
    /// What all Jobs and gates stand on.
    fn ground(&self, topology: &Topology) -> Ground;

    /// The bucket that backups are read from, where the values name one.
    fn bucket(&self) -> Option<&str> {
        None
    }

    /// What this machine has to reach for the plan, as it is agreed to; none where it does no work of its own.
    fn place_of_local(&self, _topology: &Topology, _steps: &[Planned]) -> Option<String> {
        None
    }

    /// Whether this machine can do that work.
    ///
    /// # Errors
    /// With the first reason why not.
    fn can_run_locally<'r>(
        &'r self,
        _topology: &'r Topology,
        _steps: &'r [Planned],
        _only_reads: bool,
    ) -> Doing<'r, Result<(), Stopped>> {
        Box::pin(async { Ok(()) })
    }
}

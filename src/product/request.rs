//! A restore that a product's values ask for: what is planned and rendered from it, and what it needs from the cluster.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::Product;
use super::service::Doing;
use crate::cluster::Cluster;
use crate::mode::Mode;
use crate::plan::PointOfNoReturn;
use crate::refusal::Refusal;
use crate::s3::preflight::Stopped;
use crate::steps::{Object, Planned};
use crate::topology::{Job, Missing, Role, Topology};
use crate::velero::Velero;

/// The id of a backup, checked by its product, and the time of the backup if the id contains it.
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

/// What all injected Jobs and gates share.
#[derive(Debug)]
pub struct Ground {
    /// The account that Jobs run as.
    pub account: Option<String>,
    /// The image with bash and kubectl.
    pub toolbox: Option<String>,
    /// The limit for all of it, in seconds: Jobs and gates start together and wait for each other.
    pub deadline: u64,
    /// What else the product's templates use.
    pub more: Json,
}

/// How a chart holds workloads at zero while it restores what they use: hwdr starts them again when that is done.
#[derive(Debug)]
pub struct Barrier {
    /// The chart's own values file that does it.
    pub overlay: &'static str,
    /// What to set so that the chart is rendered without that restore.
    pub off: &'static str,
    /// The roles of these workloads.
    pub roles: &'static [Role],
    /// What the Jobs behind it are called, before the id: where one exists, the chart refuses to restore once more, or it is not done once more.
    pub jobs: &'static [&'static str],
}

/// Backups of the services' data, and where they are recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// A service, and the id of its backup.
    pub backups: Vec<(String, String)>,
    /// The first ConfigMaps of the backups' metadata, in the order of [`Product::records`]; what is not given has its usual name.
    pub metadata: Vec<String>,
}

/// A reason in the cluster's records not to restore from a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The reason.
    pub what: String,
    /// Whether the records name neither this backup nor a later one: a copy from before the backup had ended is like that.
    pub is_older: bool,
}

/// The names of rotating metadata ConfigMaps: the first one's, then with `-1`, `-2`, …
pub fn rotated(first: &str) -> impl Iterator<Item = String> {
    let later = (1..).map({
        let first = first.to_owned();
        move |number: u32| format!("{first}-{number}")
    });
    std::iter::once(first.to_owned()).chain(later)
}

/// A product's part of a plan, from one pass over the stream.
#[derive(Debug)]
pub struct Draft {
    /// The steps, in order.
    pub steps: Vec<Planned>,
    /// What the operator has to know.
    pub warnings: Vec<String>,
    /// What a full installation has and this stream lacks, but a restore does not need.
    pub missing: Vec<Missing>,
    /// Facts for the plan's digest, by name: what the values ask for, and what the stream shows of the product. They are names, kinds,
    /// images, ids and settings, but no sentences and no keys.
    pub facts: Vec<(&'static str, Json)>,
}

/// A restore that is asked for.
pub trait Request: fmt::Debug + Send + Sync {
    /// The product.
    fn product(&self) -> &'static dyn Product;
    /// Whether it goes onto the running cluster or into a new one.
    fn mode(&self) -> Mode;
    /// The backup of the whole product.
    fn backup(&self) -> Backup;
    /// Velero's names.
    fn velero(&self) -> &Velero;

    /// The names of the Velero backups, if given: of the cluster's own objects, and of the users'.
    fn objects(&self) -> [Option<&str>; 2] {
        [None, None]
    }

    /// Sets those names.
    fn choose(&mut self, _objects: [Option<String>; 2]) {}

    /// The backups of the services' data.
    fn recorded(&self) -> Recorded {
        Recorded::default()
    }

    /// Whether manifests alone cannot restore it: then helm must not run without a run of hwdr around it.
    fn needs_a_run(&self) -> bool {
        false
    }

    /// What the record of a run has of the product alone: what its steps need. No secret.
    fn own(&self) -> Json {
        Json::Null
    }

    /// Whether workloads of this role take part: others are left alone, whatever they are.
    fn takes(&self, _role: Role) -> bool {
        true
    }

    /// Whether the product's data are restored as a whole: then a backup from before the installation belongs to other certificates.
    fn is_whole(&self) -> bool {
        true
    }

    /// How the chart holds workloads at zero while it restores them; none if it does not.
    fn barrier(&self) -> Option<&'static Barrier> {
        None
    }

    /// The product's part of the plan.
    ///
    /// # Errors
    /// If the stream lacks something that a step needs.
    fn draft(&self, topology: &Topology, namespace: &str) -> Result<Draft, Refusal>;

    /// What the operator agrees to, in place of the usual sentence about volumes; it follows the name of the release.
    fn cost(&self) -> Option<String> {
        None
    }

    /// From which step on the old data cannot come back.
    fn point_of_no_return(&self) -> PointOfNoReturn;
    /// What all injected Jobs and gates share.
    fn ground(&self, topology: &Topology) -> Ground;

    /// The facts about a Job with which the chart does a step: see [`Draft::facts`].
    fn facts_of_job(&self, _job: &Job) -> Json {
        Json::Null
    }

    /// The facts about an injected object.
    fn facts_of_object(&self, _object: &Object) -> Json {
        Json::Null
    }

    /// The bucket that backups are read from, if the values name one.
    fn bucket(&self) -> Option<&str> {
        None
    }

    /// The buckets that are written to.
    fn written(&self) -> Vec<&str> {
        self.bucket().into_iter().collect()
    }

    /// What this machine has to reach for the plan, as shown for consent; none if it does no work itself.
    fn place_of_local(&self, _topology: &Topology, _steps: &[Planned]) -> Option<String> {
        None
    }

    /// Whether this machine can do that work.
    ///
    /// # Errors
    /// The first reason why not.
    fn can_run_locally<'r>(
        &'r self,
        _cluster: &'r Cluster,
        _topology: &'r Topology,
        _steps: &'r [Planned],
        _only_reads: bool,
    ) -> Doing<'r, Result<(), Stopped>> {
        Box::pin(async { Ok(()) })
    }
}

//! What was read, and what could not be.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::Line;
use crate::backups::{Fault, Inventory, Reading, Status};
use crate::commands::Commands;
use crate::mode::Mode;
use crate::product::{Product, Storage};
use crate::rights::{Command, Right};
use crate::run::state::{Paused, State, Volume};
use crate::s3::finding::Finding;
use crate::topology::Role;
use crate::values::{Helm, Value};
use crate::velero::Velero;

/// Which cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The context.
    pub context: String,
    /// The API server's address.
    pub server: String,
    /// The release's namespace.
    pub namespace: String,
    /// Commands to paste.
    pub commands: Commands,
    /// The uid of the namespace kube-system, which is the cluster's; none if it cannot be read.
    pub uid: Option<String>,
    /// Why it is not the cluster that was expected, or why that is not known.
    pub other: Option<Fault>,
}

/// What the API server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiServer {
    /// `v1.34.4`.
    pub version: String,
    /// `1.34` as numbers, if that is what it says.
    pub minor: Option<(u32, u32)>,
    /// How far its clock is ahead of this machine's, if it says what time it is.
    pub ahead: Option<SignedDuration>,
}

/// The helm of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmHere {
    /// `v3.19.0`.
    pub version: String,
    /// Its major version.
    pub major: Helm,
    /// The plugins in the folders that it reads.
    pub plugins: Vec<Plugin>,
}

/// A plugin of Helm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its folder.
    pub folder: String,
    /// Whether it has Helm 4's form (`apiVersion`), which Helm 3 cannot load.
    pub is_new: bool,
}

/// What Helm's record says of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub release: String,
    /// Its newest revision.
    pub revision: u64,
    /// `deployed`, `failed`, …
    pub status: String,
    /// Name and version of the chart.
    pub chart: String,
    /// The version of the application.
    pub app_version: String,
}

/// A StatefulSet or Deployment as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Its kind.
    pub kind: &'static str,
    /// All of it.
    pub object: Json,
    /// Its role.
    pub role: Role,
}

/// What was found in the bucket from this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What the restore's own preflight found.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    /// No chart was given.
    No,
    /// Its lines.
    Yes(Vec<Line>),
}

/// All that was read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When.
    pub now: Timestamp,
    /// For which restore: in place, or into a new cluster.
    pub mode: Mode,
    /// The product.
    pub product: &'static dyn Product,
    /// Which cluster.
    pub place: Place,
    /// The release, if known.
    pub release: Option<String>,
    /// The values: those that were given, or the release's own.
    pub values: Option<Value>,
    /// What they say of the bucket.
    pub storage: Storage,
    /// The names of Velero's objects.
    pub velero: Velero,
    /// The API server.
    pub api: Reading<ApiServer>,
    /// The rights that are not granted: of which command, in which namespace, what.
    pub denied: Reading<Vec<(Command, String, &'static Right, &'static str)>>,
    /// Helm.
    pub helm: Reading<HelmHere>,
    /// The release, if there is one.
    pub installed: Reading<Option<Installed>>,
    /// The kinds of Velero that the API server knows.
    pub kinds: Reading<Vec<String>>,
    /// The Deployments in Velero's namespace.
    pub servers: Reading<Vec<Json>>,
    /// Velero's storage locations.
    pub locations: Reading<Vec<Json>>,
    /// Velero's Schedules.
    pub schedules: Reading<Vec<Json>>,
    /// Velero's Restores.
    pub restores: Reading<Vec<Json>>,
    /// The backups, joined.
    pub inventory: Inventory,
    /// Whether they are made.
    pub status: Status,
    /// The bucket; none if the product has none.
    pub bucket: Reading<Option<Bucket>>,
    /// What runs.
    pub workloads: Reading<Vec<Live>>,
    /// The volumes of the release's data.
    pub volumes: Reading<Vec<Volume>>,
    /// How much room storage classes report.
    pub capacities: Reading<Vec<Json>>,
    /// Volumes that no claim of the namespace has any more.
    pub released: Reading<Vec<Json>>,
    /// The pods of the namespace.
    pub pods: Reading<Vec<Json>>,
    /// Its NetworkPolicies.
    pub policies: Reading<Vec<Json>>,
    /// Its labels, if known.
    pub labels: Reading<Json>,
    /// The runs of hwdr for the release, newest first.
    pub runs: Reading<Vec<Result<State, Fault>>>,
    /// The Jobs of the namespace that hwdr made.
    pub jobs: Reading<Vec<Json>>,
    /// What makes backups on a schedule, and whether it is paused.
    pub makers: Reading<Vec<Paused>>,
    /// ConfigMaps by which the product's services say what they do ([`Product::telling`]).
    pub telling: Reading<Vec<Json>>,
    /// The images that a restore would run, if a chart was given.
    pub images: Vec<String>,
    /// What the restore's own preflight says.
    pub prepared: Prepared,
}

//! What the rendered stream says about the cluster to restore: the role of each workload, and what restore Jobs need from the
//! chart's own objects (images, accounts, credentials by reference, where pods may run).
//!
//! Objects are recognised by their labels and containers, not by their names, which a chart may choose.

#![expect(
    clippy::indexing_slicing,
    reason = "objects are those of this stream, and reading JSON by a missing key gives null"
)]

mod members;
mod ours;
mod pods;
pub mod read;
mod services;

use memchr::memmem;
use serde::Serialize;
use serde_json::Value as Json;

pub use members::{Member, Missing, members};
pub use ours::{Added, GATE, VOLUMES};
pub use pods::{Pod, PodSettings, Role, USER, Workload, container_texts, is_lasting, template_path, without_revision};
pub use services::{Service, give_role, host_of};

use crate::product::Product;
pub use crate::stream::json_of;
use crate::stream::{Object, Stream};

/// The label of injected objects. An object in the stream with this label and one of the kinds in [`OURS`] is not the chart's; whoever
/// renders the plan decides by content whether it is ours.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The kinds of injected objects.
const OURS: [&str; 5] = ["ConfigMap", "Job", "Restore", "Role", "RoleBinding"];

/// The contents of the stream.
#[derive(Debug)]
pub struct Topology {
    /// The product to look for.
    pub product: &'static dyn Product,
    /// Everything that runs pods, in the stream's order.
    pub workloads: Vec<Workload>,
    /// The Jobs that are not hooks, by name, with everything known about them.
    pub jobs: Vec<Job>,
    /// Velero Restores that the chart renders.
    pub restores: Vec<Restore>,
    /// The ConfigMaps that a service may want to read.
    pub config_maps: Vec<Json>,
    /// Velero Schedules that the chart renders, by name.
    pub schedules: Vec<String>,
    /// The namespace of the chart's own Velero objects, if it renders any.
    pub velero_namespace: Option<String>,
    /// HorizontalPodAutoscalers, which would undo manual scaling.
    pub autoscalers: Vec<Autoscaler>,
    /// The Services that the chart renders.
    pub services: Vec<Service>,
    /// The same Services as whole objects.
    pub service_objects: Vec<Json>,
    /// The release's namespace, as the objects themselves name it.
    pub namespace: Option<String>,
    /// Whether there are only hooks: Helm 4 may run a post-renderer on them separately.
    pub hooks_only: bool,
    /// What claims to be injected by hwdr in an earlier pass.
    pub injected: Vec<Injected>,
}

/// A Job of the chart.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its index in [`Stream::objects`].
    pub object: usize,
    /// Its name.
    pub name: String,
    /// The whole object.
    pub json: Json,
}

/// A Velero Restore of the chart.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Its index in [`Stream::objects`].
    pub object: usize,
    /// Its name.
    pub name: String,
    /// Its `spec`.
    pub spec: Json,
}

/// A HorizontalPodAutoscaler.
#[derive(Debug, Clone, Serialize)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// The object that it scales: `Kind/name`.
    pub target: String,
}

/// An object that claims to be injected.
#[derive(Debug, Clone)]
pub struct Injected {
    /// Its index in [`Stream::objects`].
    pub object: usize,
    /// `Kind/name`.
    pub id: String,
}

impl Topology {
    /// Searches the stream. Only documents of relevant kinds are parsed.
    pub fn of(product: &'static dyn Product, stream: &Stream) -> Self {
        let mut topology = Self {
            product,
            workloads: Vec::new(),
            jobs: Vec::new(),
            restores: Vec::new(),
            config_maps: Vec::new(),
            schedules: Vec::new(),
            velero_namespace: None,
            autoscalers: Vec::new(),
            services: Vec::new(),
            service_objects: Vec::new(),
            namespace: None,
            hooks_only: false,
            injected: Vec::new(),
        };
        let chosen = stream.select(worth_a_look(product));
        let mut not_hooks = stream.objects().len() - chosen.len();
        for index in chosen {
            let object = &stream.objects()[index];
            let look = stream.look(object);
            let mut json = json_of(&look.tree, look.root);
            if json["metadata"]["labels"][MANAGED_BY] == "hwdr" && OURS.contains(&object.kind()) {
                topology.injected.push(Injected { object: index, id: format!("{}/{}", object.kind(), object.name()) });
                continue;
            }
            if !json["metadata"]["annotations"]["helm.sh/hook"].is_null() && !outlasts_a_hook(object.kind()) {
                continue;
            }
            not_hooks += 1;
            let added = ours::forget(object.kind(), &mut json);
            let workload = |json: &Json| Some(Workload { added, ..Workload::of(product, index, object.kind(), json)? });
            match object.kind() {
                "ConfigMap" => topology.config_maps.push(json),
                "Service" => topology.service_objects.push(json),
                "Restore" if object.api_version().starts_with("velero.io/") => {
                    topology.restores.push(Restore {
                        object: index,
                        name: object.name().to_owned(),
                        spec: json["spec"].clone(),
                    });
                }
                "Schedule" if object.api_version().starts_with("velero.io/") => {
                    topology.schedules.push(object.name().to_owned());
                    topology.velero_namespace = Some(object.namespace().unwrap_or("velero").to_owned());
                }
                "HorizontalPodAutoscaler" => {
                    let target = &json["spec"]["scaleTargetRef"];
                    topology.autoscalers.push(Autoscaler {
                        name: object.name().to_owned(),
                        target: format!("{}/{}", read::text(&target["kind"]), read::text(&target["name"])),
                    });
                }
                "Job" => {
                    topology.workloads.extend(workload(&json));
                    topology.jobs.push(Job { object: index, name: object.name().to_owned(), json });
                }
                _ => topology.workloads.extend(workload(&json)),
            }
        }
        // Helm 3 and 4 order a stream differently, but it is the same cluster.
        topology.schedules.sort();
        topology.autoscalers.sort_by(|one, other| one.name.cmp(&other.name));
        topology.hooks_only = not_hooks == 0 && !stream.objects().is_empty();
        topology.namespace = topology
            .workloads
            .iter()
            .filter(|workload| workload.role == product.anchor())
            .find_map(|workload| stream.objects()[workload.object].namespace().map(str::to_owned));
        topology.services = topology.service_objects.iter().filter_map(Service::of).collect();
        for (url, role) in product.servers(&topology) {
            give_role(&mut topology.workloads, &topology.services, &url, role);
        }
        topology
    }

    /// The workloads with the role `role`.
    pub fn role(&self, role: Role) -> impl Iterator<Item = &Workload> {
        self.workloads.iter().filter(move |workload| workload.role == role)
    }

    /// The Job `name`, if the chart renders one.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }
}

/// Whether objects of this kind keep running after Helm has applied them, hook or not: Helm waits only for Jobs and pods to end. They
/// must wait for a restore like any other. (In Helm 3, nothing that a post-renderer sees is a hook.)
fn outlasts_a_hook(kind: &str) -> bool {
    kind != "Job" && pods::template_path(kind).is_some()
}

/// Whether an object must be parsed: as few as possible, since parsing takes fifty times as long as splitting.
fn worth_a_look(product: &dyn Product) -> impl Fn(&Object, &str) -> bool + Sync + use<> {
    let hook = memmem::Finder::new("helm.sh/hook");
    let ours = memmem::Finder::new("hwdr");
    let own = product.services().iter().flat_map(|service| service.hints());
    let hints = product.hints().iter().chain(own).copied();
    let config: Vec<_> = hints.map(memmem::Finder::new).collect();
    move |object, text| {
        let has = |finder: &memmem::Finder| finder.find(text.as_bytes()).is_some();
        let relevant = match object.kind() {
            // Parsing a List once serves all of its items.
            _ if object.item.is_some() => true,
            "Service" | "Restore" | "Schedule" | "HorizontalPodAutoscaler" => true,
            "ConfigMap" => config.iter().any(has) || has(&ours),
            "Role" | "RoleBinding" => has(&ours),
            kind => pods::template_path(kind).is_some(),
        };
        // Hooks can be of any kind.
        relevant || has(&hook)
    }
}

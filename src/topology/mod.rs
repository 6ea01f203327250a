//! What the rendered stream says of the cluster that is to be restored: who is who, and what restore Jobs need of the
//! chart's own objects (images, accounts, credentials by reference, where pods may run).
//!
//! Objects are known by their labels and containers, not by their names: those a chart may choose.

#![expect(
    clippy::indexing_slicing,
    reason = "objects are those of this stream, and JSON that is read by a key is null where there is none"
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

/// The label of what hwdr injects. In the stream it makes an object of one of the kinds in [`OURS`] none of the chart's; whether it is
/// ours is for who renders the plan to say, by its content.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The kinds of what hwdr injects.
const OURS: [&str; 5] = ["ConfigMap", "Job", "Restore", "Role", "RoleBinding"];

/// What stands in the stream.
#[derive(Debug)]
pub struct Topology {
    /// The product that is looked for.
    pub product: &'static dyn Product,
    /// Everything that runs pods, in the stream's order.
    pub workloads: Vec<Workload>,
    /// The Jobs that are not hooks, by name, with all that is known of them.
    pub jobs: Vec<Job>,
    /// Velero Restores that the chart renders.
    pub restores: Vec<Restore>,
    /// The ConfigMaps that a service may want to look at.
    pub config_maps: Vec<Json>,
    /// Velero Schedules that the chart renders, by name.
    pub schedules: Vec<String>,
    /// Where Velero's own objects of this chart lie, if it renders any.
    pub velero_namespace: Option<String>,
    /// What would undo a scaling by hand: HorizontalPodAutoscalers.
    pub autoscalers: Vec<Autoscaler>,
    /// The Services that the chart renders.
    pub services: Vec<Service>,
    /// The same, whole.
    pub service_objects: Vec<Json>,
    /// The namespace of the release, as the objects themselves name it.
    pub namespace: Option<String>,
    /// Whether there is nothing but hooks: Helm 4 may run a post-renderer on them apart.
    pub hooks_only: bool,
    /// What says of itself that hwdr injected it in an earlier pass.
    pub injected: Vec<Injected>,
}

/// A Job of the chart.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its place in [`Stream::objects`].
    pub object: usize,
    /// Its name.
    pub name: String,
    /// The whole object.
    pub json: Json,
}

/// A Velero Restore of the chart.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Its place in [`Stream::objects`].
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
    /// Whom it scales: `Kind/name`.
    pub target: String,
}

/// An object that says so.
#[derive(Debug, Clone)]
pub struct Injected {
    /// Its place in [`Stream::objects`].
    pub object: usize,
    /// `Kind/name`.
    pub id: String,
}

impl Topology {
    /// Looks through the stream. Only the documents of kinds that matter are parsed.
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
        // The Helms order a stream differently, and it is the same cluster.
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

    /// The workloads that play `role`.
    pub fn role(&self, role: Role) -> impl Iterator<Item = &Workload> {
        self.workloads.iter().filter(move |workload| workload.role == role)
    }

    /// The Job `name`, if the chart renders one.
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }
}

/// Whether what is of this kind goes on running behind Helm's back, hook or not: Helm waits for the end of Jobs and pods alone. It has
/// to wait for a restore as any other. (To Helm 3 whatever a post-renderer sees is no hook.)
fn outlasts_a_hook(kind: &str) -> bool {
    kind != "Job" && pods::template_path(kind).is_some()
}

/// Whether an object has to be parsed: as few as can be, since that takes fifty times as long as splitting.
fn worth_a_look(product: &dyn Product) -> impl Fn(&Object, &str) -> bool + Sync + use<> {
    let hook = memmem::Finder::new("helm.sh/hook");
    let ours = memmem::Finder::new("hwdr");
    let own = product.services().iter().flat_map(|service| service.hints());
    let hints = product.hints().iter().chain(own).copied();
    let config: Vec<_> = hints.map(memmem::Finder::new).collect();
    move |object, text| {
        let has = |finder: &memmem::Finder| finder.find(text.as_bytes()).is_some();
        let relevant = match object.kind() {
            // One look at a List serves all of its items.
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

//! What the rendered stream says of the cluster that is to be restored: who is who, and what restore Jobs need of the
//! chart's own objects (images, accounts, credentials by reference, where pods may run).
//!
//! Objects are known by their labels and containers, not by their names: those a chart may choose.

mod object_storage;
mod opensearch;
mod pods;
mod read;
mod rondb;

use serde_json::Value as Json;

pub use object_storage::ObjectStorage;
pub use opensearch::OpenSearch;
pub use pods::{Pod, Role, Workload, template_path};
pub use read::json as json_of;
pub use rondb::Rondb;

use crate::stream::Stream;

/// The label by which hwdr knows what it has injected itself.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// What stands in the stream.
#[derive(Debug)]
pub struct Topology {
    /// Everything that runs pods, in the stream's order.
    pub workloads: Vec<Workload>,
    /// The Jobs that are not hooks, by name, with all that is known of them.
    pub jobs: Vec<Job>,
    /// Velero Restores that the chart renders.
    pub restores: Vec<Restore>,
    /// RonDB, if the stream has data nodes.
    pub rondb: Option<Rondb>,
    /// OpenSearch, if the stream has it or says how to reach it.
    pub opensearch: Option<OpenSearch>,
    /// Where backups are read from.
    pub storage: ObjectStorage,
    /// Where Velero's own objects of this chart lie, if it renders any.
    pub velero_namespace: Option<String>,
    /// The namespace of the release, as the objects themselves name it.
    pub namespace: Option<String>,
    /// Whether there is nothing but hooks: Helm 4 may run a post-renderer on them apart.
    pub hooks_only: bool,
    /// What hwdr injected in an earlier pass: `kind/name` and the text of the document.
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
}

/// A document that an earlier pass of hwdr put there.
#[derive(Debug, Clone)]
pub struct Injected {
    /// Its place in [`Stream::objects`].
    pub object: usize,
    /// `Kind/name`.
    pub id: String,
}

impl Topology {
    /// Looks through the stream. Only the documents of kinds that matter are parsed.
    pub fn of(stream: &Stream) -> Self {
        let mut topology = Self {
            workloads: Vec::new(),
            jobs: Vec::new(),
            restores: Vec::new(),
            rondb: None,
            opensearch: None,
            storage: ObjectStorage::default(),
            velero_namespace: None,
            namespace: None,
            hooks_only: false,
            injected: Vec::new(),
        };
        let mut configmaps = Vec::new();
        let mut services = Vec::new();
        let mut not_hooks = 0;
        for (index, object) in stream.objects().iter().enumerate() {
            let relevant = pods::template_path(object.kind()).is_some()
                || matches!(object.kind(), "ConfigMap" | "Service" | "Restore" | "Schedule" | "Role" | "RoleBinding");
            // Hooks can be of any kind; one cheap look at the text spares parsing the rest.
            let text = stream.document(object.document);
            let may_be_hook = text.contains("helm.sh/hook");
            if !relevant && !may_be_hook {
                not_hooks += 1;
                continue;
            }
            let look = stream.look(object);
            let json = read::json(&look.tree, look.root);
            if json["metadata"]["labels"][MANAGED_BY] == "hwdr" {
                topology.injected.push(Injected { object: index, id: format!("{}/{}", object.kind(), object.name()) });
                continue;
            }
            if !json["metadata"]["annotations"]["helm.sh/hook"].is_null() {
                continue;
            }
            not_hooks += 1;
            match object.kind() {
                "ConfigMap" => configmaps.push(json),
                "Service" => services.push(json),
                "Restore" if object.api_version().starts_with("velero.io/") => {
                    topology.restores.push(Restore { object: index, name: object.name().to_owned() });
                }
                "Schedule" if object.api_version().starts_with("velero.io/") => {
                    topology.velero_namespace = Some(object.namespace().unwrap_or("velero").to_owned());
                }
                "Job" => {
                    topology.workloads.extend(Workload::of(index, object.kind(), &json));
                    topology.jobs.push(Job { object: index, name: object.name().to_owned(), json });
                }
                kind => topology.workloads.extend(Workload::of(index, kind, &json)),
            }
        }
        topology.hooks_only = not_hooks == 0 && !stream.objects().is_empty();
        topology.namespace = topology
            .workloads
            .iter()
            .filter(|workload| workload.role == Role::DataNode)
            .find_map(|workload| stream.objects()[workload.object].namespace().map(str::to_owned));
        topology.rondb = Rondb::of(&topology.workloads, &configmaps);
        topology.opensearch = OpenSearch::of(&topology.workloads, &configmaps, &services);
        topology.storage = ObjectStorage::of(&topology.workloads, &configmaps);
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

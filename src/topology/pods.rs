//! Everything that runs pods, and what its pods look like.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::read::{items, text};

/// What a workload is to Hopsworks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// RonDB's data nodes (`ndbmtd`).
    DataNode,
    /// RonDB's management server (`ndb_mgmd`).
    ManagementNode,
    /// MySQL servers for clients.
    Mysqld,
    /// MySQL servers that write the binlog of global replication.
    BinlogServer,
    /// MySQL servers that apply the binlog of another cluster.
    ReplicaApplier,
    /// RonDB's REST server.
    Rdrs,
    /// The Job of every installation that makes MySQL's users.
    MysqldSetup,
    /// The CronJob that backs RonDB up.
    RondbBackup,
    /// OpenSearch itself.
    OpenSearch,
    /// The CronJob that takes OpenSearch's snapshots.
    OpenSearchBackup,
    /// HopsFS's name nodes.
    NameNode,
    /// HopsFS's data nodes.
    HopsfsDataNode,
    /// What others reach their objects through, within the cluster (MinIO).
    ObjectStorage,
    /// Anything else that runs all the time: it may write, so it waits until everything is back.
    Application,
    /// Jobs and CronJobs that are none of the above.
    Other,
}

/// A workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its place in the stream's objects.
    pub object: usize,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The namespace that it names; none where it leaves that to Helm.
    pub namespace: Option<String>,
    /// How many pods it wants; none where that is not said (then Kubernetes makes one).
    pub replicas: Option<u64>,
    /// The headless Service that names its pods.
    pub service: Option<String>,
    /// The claims of each pod: `volumeClaimTemplates`.
    pub claims: Vec<Json>,
    /// Its pods.
    pub pod: Pod,
}

/// A pod template.
#[derive(Debug, Clone)]
pub struct Pod {
    /// `metadata` of the template.
    metadata: Json,
    /// `spec` of the template.
    pub spec: Json,
}

/// Who injected containers run as where the chart's own pods are root, or do not say who they are.
pub const USER: u64 = 1000;

/// What an injected pod takes over from one of the chart's, ready to stand in a pod's `spec`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PodSettings(pub Map<String, Json>);

/// Where the pod template lies in an object of this kind; none for kinds without pods.
pub fn template_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => Some(&["spec", "template"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

impl Workload {
    /// The workload that `json` describes, if its kind runs pods.
    pub fn of(object: usize, kind: &str, json: &Json) -> Option<Self> {
        let template = template_path(kind)?.iter().fold(json, |value, key| &value[*key]);
        let pod = Pod { metadata: template["metadata"].clone(), spec: template["spec"].clone() };
        Some(Self {
            object,
            kind: kind.to_owned(),
            name: text(&json["metadata"]["name"]).to_owned(),
            role: role_of(kind, &pod),
            namespace: json["metadata"]["namespace"].as_str().map(str::to_owned),
            replicas: json["spec"]["replicas"].as_u64(),
            service: json["spec"]["serviceName"].as_str().map(str::to_owned),
            claims: items(&json["spec"]["volumeClaimTemplates"]).cloned().collect(),
            pod,
        })
    }
}

/// `rondbService` is the label of the RonDB chart (`rondb.labels.rondbService.*` in its helpers); where it is missing, containers tell.
fn role_of(kind: &str, pod: &Pod) -> Role {
    let lasting = matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
    let has = |name: &str| pod.containers().any(|container| container["name"] == name);
    let runs = |word: &str| pod.containers().any(|container| container["command"].to_string().contains(word));
    match pod.label("rondbService") {
        "ndbmtd" => return Role::DataNode,
        "mgmd" => return Role::ManagementNode,
        "mysqld" => return Role::Mysqld,
        "rdrs" => return Role::Rdrs,
        "binlog-server" => return Role::BinlogServer,
        "replica-applier" => return Role::ReplicaApplier,
        "setup-mysqld" => return Role::MysqldSetup,
        "create-backup" => return Role::RondbBackup,
        _ => {}
    }
    match kind {
        "CronJob" if runs("snapshot") || pod.label("app").contains("opensearch") => Role::OpenSearchBackup,
        _ if !lasting => Role::Other,
        _ if has("ndbmtd") => Role::DataNode,
        _ if has("mgmd") => Role::ManagementNode,
        _ if has("mysqld") => Role::Mysqld,
        _ if has("rdrs") => Role::Rdrs,
        _ if has("opensearch") => Role::OpenSearch,
        _ if has("namenode") => Role::NameNode,
        _ if has("datanode") => Role::HopsfsDataNode,
        _ => Role::Application,
    }
}

impl Pod {
    /// Its containers, without init containers.
    pub fn containers(&self) -> impl Iterator<Item = &Json> {
        items(&self.spec["containers"])
    }

    /// The user that its containers run as where they do not say it themselves, if that is not root.
    pub fn user(&self) -> Option<u64> {
        self.spec["securityContext"]["runAsUser"].as_u64().filter(|user| *user > 0)
    }

    /// Its containers, with init containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Json> {
        items(&self.spec["initContainers"]).chain(self.containers())
    }

    /// The value of a label, or nothing.
    pub fn label(&self, name: &str) -> &str {
        text(&self.metadata["labels"][name])
    }

    /// The account it runs as.
    pub fn service_account(&self) -> &str {
        self.spec["serviceAccountName"].as_str().unwrap_or("default")
    }

    /// What a pod of ours takes over: where it may run, what it may pull, and as whom it runs. Root is not taken over.
    pub fn settings(&self) -> PodSettings {
        let mut settings = Map::new();
        for key in ["imagePullSecrets", "nodeSelector", "tolerations", "priorityClassName"] {
            if !self.spec[key].is_null() {
                settings.insert(key.to_owned(), self.spec[key].clone());
            }
        }
        let theirs = &self.spec["securityContext"];
        let user = self.user().unwrap_or(USER);
        let group = |key: &str| theirs[key].as_u64().unwrap_or(user);
        settings.insert(
            "securityContext".to_owned(),
            json!({
                "runAsNonRoot": true,
                "runAsUser": user,
                "runAsGroup": group("runAsGroup"),
                "fsGroup": group("fsGroup"),
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
        );
        PodSettings(settings)
    }
}

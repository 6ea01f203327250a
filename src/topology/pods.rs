//! Everything that runs pods, and what its pods are like.

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::ours::Added;
use super::read::{items, text};
use crate::product::Product;

/// A workload's role in its product. Each service has constants of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// One word, stable: it stands in plans.
    pub name: &'static str,
    /// Its place in lists.
    pub rank: u8,
    /// The line of the plan that lists it; empty if it has no part in a restore.
    pub group: &'static str,
    /// When it is stopped, lower numbers first: users of a service before the service. `None` for what keeps running.
    pub stops: Option<u8>,
    /// Whether it starts on new volumes, with the old ones set aside.
    pub holds_data: bool,
}

impl Role {
    /// A workload that no service knows and that runs all the time: it may write, so it waits until everything is restored.
    pub const APPLICATION: Self =
        Self { name: "application", rank: 200, group: "application", stops: Some(0), holds_data: false };
    /// Jobs and CronJobs that no service knows.
    pub const OTHER: Self = Self { name: "other", rank: 201, group: "", stops: Some(0), holds_data: false };
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// A workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its index in the stream's objects.
    pub object: usize,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The namespace that it names; `None` if it leaves that to Helm.
    pub namespace: Option<String>,
    /// The number of its pods; `None` if not given (Kubernetes then creates one).
    pub replicas: Option<u64>,
    /// Of a StatefulSet: pods with a lower number keep the old template, even when recreated.
    pub partition: u64,
    /// Of a StatefulSet: whether its claims are deleted with it.
    pub loses_claims: bool,
    /// The headless Service that names its pods.
    pub service: Option<String>,
    /// The claims of each pod: `volumeClaimTemplates`.
    pub claims: Vec<Json>,
    /// Its pods, without hwdr's additions.
    pub pod: Pod,
    /// What hwdr, judging by names, has added to them in an earlier pass.
    pub added: Added,
}

/// A pod template.
#[derive(Debug, Clone)]
pub struct Pod {
    /// `metadata` of the template.
    metadata: Json,
    /// `spec` of the template.
    pub spec: Json,
}

/// The user of injected containers if the chart's own pods run as root, or name no user.
pub const USER: u64 = 1000;

/// What an injected pod adopts from one of the chart's, ready for a pod's `spec`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PodSettings(pub Map<String, Json>);

/// Where the pod template is in an object of this kind; `None` for kinds without pods.
pub fn template_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => Some(&["spec", "template"]),
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// The name with the part that changes with each revision of the release as `*`: a number between dashes, too short for a backup id.
pub fn without_revision(name: &str) -> String {
    let is_revision = |part: &str| (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let last = name.split('-').count() - 1;
    let parts = name.split('-').enumerate();
    let kept = parts.map(|(at, part)| if at > 0 && at < last && is_revision(part) { "*" } else { part });
    kept.collect::<Vec<_>>().join("-")
}

impl Workload {
    /// The workload described by `json`, if its kind runs pods.
    pub fn of(product: &dyn Product, object: usize, kind: &str, json: &Json) -> Option<Self> {
        let template = template_path(kind)?.iter().fold(json, |value, key| &value[*key]);
        let pod = Pod { metadata: template["metadata"].clone(), spec: template["spec"].clone() };
        Some(Self {
            object,
            kind: kind.to_owned(),
            name: text(&json["metadata"]["name"]).to_owned(),
            role: role_of(product, kind, &pod),
            namespace: json["metadata"]["namespace"].as_str().map(str::to_owned),
            replicas: json["spec"]["replicas"].as_u64(),
            partition: json["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64().unwrap_or(0),
            loses_claims: json["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete",
            service: json["spec"]["serviceName"].as_str().map(str::to_owned),
            claims: items(&json["spec"]["volumeClaimTemplates"]).cloned().collect(),
            pod,
            added: Added::default(),
        })
    }
}

/// Whether pods of this kind run all the time.
pub fn is_lasting(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
}

/// The role that the first service that knows the pods gives them.
fn role_of(product: &dyn Product, kind: &str, pod: &Pod) -> Role {
    let known = product.services().iter().find_map(|service| service.role(kind, pod));
    known.unwrap_or(if is_lasting(kind) { Role::APPLICATION } else { Role::OTHER })
}

/// The words of a container's command line.
fn command_line(container: &Json) -> impl Iterator<Item = &str> {
    ["command", "args"].into_iter().flat_map(|key| items(&container[key])).map(text)
}

/// The values of a container's environment and the words of its command line, and whether such a word is a single
/// line and so not a script.
pub fn container_texts(container: &Json) -> impl Iterator<Item = (&str, bool)> {
    let env = items(&container["env"]).map(|entry| text(&entry["value"]));
    env.chain(command_line(container)).map(|text| (text, !text.contains(char::is_whitespace)))
}

impl Pod {
    /// Its containers, without init containers.
    pub fn containers(&self) -> impl Iterator<Item = &Json> {
        items(&self.spec["containers"])
    }

    /// Its init containers.
    pub fn init_containers(&self) -> impl Iterator<Item = &Json> {
        items(&self.spec["initContainers"])
    }

    /// The user of its containers if they do not name one themselves, unless that is root.
    pub fn user(&self) -> Option<u64> {
        self.spec["securityContext"]["runAsUser"].as_u64().filter(|user| *user > 0)
    }

    /// Whether it has a container of this name.
    pub fn has(&self, name: &str) -> bool {
        self.containers().any(|container| container["name"] == name)
    }

    /// Its containers, with init containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Json> {
        self.init_containers().chain(self.containers())
    }

    /// Whether one of its containers gets exactly this text: in its environment, or as a word of its command line.
    pub fn is_given(&self, wanted: &str) -> bool {
        let mut texts = self.all_containers().flat_map(container_texts);
        texts.any(|(text, _)| text.split_whitespace().any(|word| word.trim_matches(['"', '\'']) == wanted))
    }

    /// Whether one of its containers runs this program itself, or makes another pod run it.
    pub fn runs(&self, program: &str) -> bool {
        let code = self.all_containers().flat_map(command_line).flat_map(str::lines);
        let code = code.filter(|line| !line.trim_start().starts_with('#'));
        code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)))
            .any(|word| word == program)
    }

    /// Whether an init container with access to the object storage fetches something for a later one, through a volume that both mount.
    pub fn fetches_for_itself(&self) -> bool {
        let mounts = |container: &'_ Json| -> Vec<String> {
            items(&container["volumeMounts"]).map(|mount| text(&mount["name"]).to_owned()).collect()
        };
        let is_written = |name: &String| {
            items(&self.spec["volumes"]).any(|volume| volume["name"] == **name && volume["configMap"].is_null())
        };
        let inits = items(&self.spec["initContainers"]);
        inits.filter(|init| items(&init["env"]).any(|entry| text(&entry["name"]).starts_with("RCLONE_"))).any(|init| {
            let fetched: Vec<String> = mounts(init).into_iter().filter(is_written).collect();
            self.containers().any(|container| mounts(container).iter().any(|name| fetched.contains(name)))
        })
    }

    /// The value of a label, or an empty text.
    pub fn label(&self, name: &str) -> &str {
        text(&self.metadata["labels"][name])
    }

    /// Its service account.
    pub fn service_account(&self) -> &str {
        self.spec["serviceAccountName"].as_str().unwrap_or("default")
    }

    /// What an injected pod adopts: where it may run, what it may pull, and its user. Root is not adopted.
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

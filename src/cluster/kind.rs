//! The kinds of objects that hwdr reads or changes.

use kube::api::ApiResource;

/// A kind of objects, as the API server names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for Kubernetes' core.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The name in `kind`.
    pub kind: &'static str,
    /// The name in paths and in `kubectl get`.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

const fn core(kind: &'static str, plural: &'static str, namespaced: bool) -> Kind {
    Kind { group: "", version: "v1", kind, plural, namespaced }
}

const fn of(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
    Kind { group, version, kind, plural, namespaced: true }
}

#[allow(missing_docs, reason = "each is the kind of its name")]
impl Kind {
    pub const CONFIG_MAP: Kind = core("ConfigMap", "configmaps", true);
    pub const EVENT: Kind = core("Event", "events", true);
    pub const NAMESPACE: Kind = core("Namespace", "namespaces", false);
    pub const POD: Kind = core("Pod", "pods", true);
    pub const SECRET: Kind = core("Secret", "secrets", true);
    pub const SERVICE_ACCOUNT: Kind = core("ServiceAccount", "serviceaccounts", true);
    pub const CLAIM: Kind = core("PersistentVolumeClaim", "persistentvolumeclaims", true);
    pub const VOLUME: Kind = core("PersistentVolume", "persistentvolumes", false);
    pub const STATEFUL_SET: Kind = of("apps", "v1", "StatefulSet", "statefulsets");
    pub const DEPLOYMENT: Kind = of("apps", "v1", "Deployment", "deployments");
    pub const JOB: Kind = of("batch", "v1", "Job", "jobs");
    pub const CRON_JOB: Kind = of("batch", "v1", "CronJob", "cronjobs");
    pub const AUTOSCALER: Kind = of("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
    pub const DAEMON_SET: Kind = of("apps", "v1", "DaemonSet", "daemonsets");
    pub const SERVICE: Kind = core("Service", "services", true);
    pub const INGRESS: Kind = of("networking.k8s.io", "v1", "Ingress", "ingresses");
    pub const DISRUPTION_BUDGET: Kind = of("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");
    pub const ROLE: Kind = of("rbac.authorization.k8s.io", "v1", "Role", "roles");
    pub const ROLE_BINDING: Kind = of("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings");
    pub const LEASE: Kind = of("coordination.k8s.io", "v1", "Lease", "leases");
    pub const NETWORK_POLICY: Kind = of("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");
    pub const STORAGE_CAPACITY: Kind = of("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities");
    pub const ACCESS_REVIEW: Kind = Kind {
        group: "authorization.k8s.io",
        version: "v1",
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        namespaced: false,
    };
    pub const RESTORE: Kind = of("velero.io", "v1", "Restore", "restores");
    pub const BACKUP: Kind = of("velero.io", "v1", "Backup", "backups");
    pub const SCHEDULE: Kind = of("velero.io", "v1", "Schedule", "schedules");
    pub const STORAGE_LOCATION: Kind = of("velero.io", "v1", "BackupStorageLocation", "backupstoragelocations");
    pub const DOWNLOAD_REQUEST: Kind = of("velero.io", "v1", "DownloadRequest", "downloadrequests");
}

impl Kind {
    /// `group/version`, as objects name it.
    pub fn api_version(self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The kind as the client takes it.
    pub fn resource(self) -> ApiResource {
        ApiResource {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            api_version: self.api_version(),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        }
    }

    /// The kind of this name, among those that run pods or restore.
    pub fn named(name: &str) -> Option<Self> {
        [Self::STATEFUL_SET, Self::DEPLOYMENT, Self::JOB, Self::CRON_JOB, Self::RESTORE, Self::CONFIG_MAP]
            .into_iter()
            .find(|kind| kind.kind == name)
    }
}

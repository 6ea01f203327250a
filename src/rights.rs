//! What each command does in the cluster, and so has to be allowed to: the one list of rights. `hwdr rbac` prints it, and the preflight of a
//! restore asks for it.

pub mod chart;
pub mod print;

use Command::{Bsl, Finalize, History, Install, Objects, Rerun, Resume, Undo, Upgrade, Watch};
use Place::{Cluster, Release, Velero};

/// A command that asks the cluster.
#[allow(missing_docs, reason = "each is the command of its name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Command {
    Upgrade,
    Install,
    Resume,
    Undo,
    Finalize,
    Rerun,
    Watch,
    History,
    Bsl,
    Objects,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 10] = [Upgrade, Install, Resume, Undo, Finalize, Rerun, Watch, History, Bsl, Objects];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Upgrade => "upgrade",
            Install => "install",
            Resume => "resume",
            Undo => "undo",
            Finalize => "finalize",
            Rerun => "rerun",
            Watch => "watch",
            History => "history",
            Bsl => "bsl",
            Objects => "objects",
        }
    }

    /// Whether it has Helm apply a chart, which wants more than is known here.
    pub fn runs_helm(self) -> bool {
        matches!(self, Upgrade | Install | Resume | Undo | Finalize | Rerun)
    }
}

/// Where a right holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the release's namespace.
    Release,
    /// In Velero's namespace.
    Velero,
    /// In the whole cluster.
    Cluster,
}

/// A rule of a Role, and why it is there.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// Where it holds.
    pub place: Place,
    /// The API group; empty for Kubernetes' core.
    pub group: &'static str,
    /// The resource, or `resource/subresource`.
    pub resource: &'static str,
    /// What is done to it.
    pub verbs: &'static [&'static str],
    /// Who does it.
    pub of: &'static [Command],
    /// What it is for.
    pub why: &'static str,
    /// What the commands do without it; none where they refuse.
    pub without: Option<&'static str>,
}

impl Right {
    const fn without(self, what: &'static str) -> Self {
        Self { without: Some(what), ..self }
    }
}

const fn right(
    place: Place,
    (group, resource): (&'static str, &'static str),
    verbs: &'static [&'static str],
    of: &'static [Command],
    why: &'static str,
) -> Right {
    Right { place, group, resource, verbs, of, why, without: None }
}

/// Those that work on a release until it is as it should be.
const RUNS: &[Command] = &[Upgrade, Install, Resume, Undo, Rerun];
const RUNS_AND_FINALIZE: &[Command] = &[Upgrade, Install, Resume, Undo, Rerun, Finalize];
/// Those that may stop what runs and set its volumes aside.
const IN_PLACE: &[Command] = &[Upgrade, Resume, Undo, Rerun];
/// Those that restore.
const RESTORES: &[Command] = &[Upgrade, Install, Resume, Rerun];
/// Those that make the storage location.
const LOCATES: &[Command] = &[Install, Resume, Bsl];

const SECRETS: (&str, &str) = ("", "secrets");
const CONFIG_MAPS: (&str, &str) = ("", "configmaps");
const PODS: (&str, &str) = ("", "pods");
const CLAIMS: (&str, &str) = ("", "persistentvolumeclaims");
const VOLUMES: (&str, &str) = ("", "persistentvolumes");
const NAMESPACES: (&str, &str) = ("", "namespaces");
const EVENTS: (&str, &str) = ("", "events");
const JOBS: (&str, &str) = ("batch", "jobs");
const CRON_JOBS: (&str, &str) = ("batch", "cronjobs");
const STATEFUL_SETS: (&str, &str) = ("apps", "statefulsets");
const DEPLOYMENTS: (&str, &str) = ("apps", "deployments");
const LEASES: (&str, &str) = ("coordination.k8s.io", "leases");
const AUTOSCALERS: (&str, &str) = ("autoscaling", "horizontalpodautoscalers");
const ROLES: (&str, &str) = ("rbac.authorization.k8s.io", "roles");
const ROLE_BINDINGS: (&str, &str) = ("rbac.authorization.k8s.io", "rolebindings");
const RESTORE_OBJECTS: (&str, &str) = ("velero.io", "restores");
const BACKUPS: (&str, &str) = ("velero.io", "backups");
const SCHEDULES: (&str, &str) = ("velero.io", "schedules");
const LOCATIONS: (&str, &str) = ("velero.io", "backupstoragelocations");
const DOWNLOADS: (&str, &str) = ("velero.io", "downloadrequests");

/// All rights. No verb stands twice for a command.
pub const ALL: &[Right] = &[
    right(
        Release,
        SECRETS,
        &["get", "list", "create", "update"],
        RUNS_AND_FINALIZE,
        "the state of the run, and Helm's record of the release",
    ),
    right(Release, SECRETS, &["delete"], RUNS_AND_FINALIZE, "Helm drops its oldest revisions"),
    right(Release, SECRETS, &["patch"], RUNS, "a revision that was left pending is marked as failed"),
    right(Release, SECRETS, &["list", "watch"], &[Watch], "the state of the run"),
    right(Release, SECRETS, &["list"], &[Objects], "whether a release is there already")
        .without("that a release is there already is not noticed"),
    right(
        Release,
        CONFIG_MAPS,
        &["get", "list"],
        &[Upgrade, Install, Resume, Undo, Finalize, Rerun, Watch, Objects],
        "the catalogue of backups, markers, and states of older versions",
    ),
    right(Release, CONFIG_MAPS, &["get"], &[History], "what was done to the release"),
    right(
        Release,
        CONFIG_MAPS,
        &["create", "update"],
        RUNS_AND_FINALIZE,
        "the history of the release; Helm applies the scripts of the Jobs",
    ),
    right(
        Release,
        CONFIG_MAPS,
        &["patch", "delete"],
        RUNS_AND_FINALIZE,
        "Helm applies the scripts of the Jobs, and takes them away; markers of a restore go before another one",
    ),
    right(
        Release,
        ROLES,
        &["get", "delete"],
        RUNS_AND_FINALIZE,
        "Helm applies the Roles by which pods see what they wait for, and takes them away",
    ),
    right(
        Release,
        ROLES,
        &["create", "patch"],
        RESTORES,
        "Helm applies the Roles by which pods see what they wait for",
    ),
    right(Release, ROLE_BINDINGS, &["get", "delete"], RUNS_AND_FINALIZE, "the same of their bindings"),
    right(Release, ROLE_BINDINGS, &["create", "patch"], RESTORES, "the same of their bindings"),
    right(
        Release,
        LEASES,
        &["get"],
        &[Upgrade, Install, Resume, Undo, Finalize, Rerun, Watch],
        "who works on the release",
    ),
    right(Release, LEASES, &["create", "update"], RUNS_AND_FINALIZE, "one run at a time"),
    right(Release, EVENTS, &["create"], RUNS_AND_FINALIZE, "what was done, as Events")
        .without("no Events tell what was done"),
    right(Release, EVENTS, &["list"], RUNS_AND_FINALIZE, "why something failed")
        .without("messages lack the cluster's Events"),
    right(
        Release,
        PODS,
        &["list", "watch"],
        RUNS,
        "pods that stop; what a Job's pods say; the Role of the Job that adds up rows may only give what its maker has",
    ),
    right(Release, PODS, &["list"], &[Finalize, Watch], "why pods do not start; how far a Job is")
        .without("messages lack what the pods say"),
    right(Release, PODS, &["delete"], RESTORES, "the pods of RonDB's data Job, each with a volume of its own")
        .without("their volumes stay until the Job goes"),
    right(
        Release,
        ("", "pods/log"),
        &["get"],
        &[Upgrade, Install, Resume, Undo, Finalize, Rerun, Watch],
        "the last words of a Job that failed, and how far one is",
    )
    .without("messages lack the last lines of logs"),
    right(
        Release,
        ("", "pods/exec"),
        &["get", "create"],
        RESTORES,
        "some files of HopsFS are read in a name node's pod; RonDB's own log tells which node's part is missing",
    )
    .without("no file of HopsFS is read, which is a warning"),
    right(
        Release,
        JOBS,
        &["get", "list", "watch", "create", "patch"],
        RUNS,
        "Helm applies the Jobs that restore; they are waited for, and made again where they have failed",
    ),
    right(
        Release,
        ("batch", "jobs/status"),
        &["patch"],
        &[Resume, Undo],
        "a Job of the old revision did its work before: it is marked as complete, and does not run again",
    ),
    right(Release, JOBS, &["get"], &[Finalize], "Helm takes the Jobs of the restore away"),
    right(Release, JOBS, &["delete"], RUNS_AND_FINALIZE, "Jobs that failed, or are left from an earlier restore"),
    right(Release, CRON_JOBS, &["get", "list", "patch"], RUNS, "CronJobs that make backups are suspended meanwhile"),
    right(Release, STATEFUL_SETS, &["list", "watch"], RUNS_AND_FINALIZE, "what runs, and whether it is ready"),
    right(Release, DEPLOYMENTS, &["list", "watch"], RUNS_AND_FINALIZE, "what runs, and whether it is ready"),
    right(Release, STATEFUL_SETS, &["get", "patch"], RUNS, "what writes is stopped (replicas: 0), and started again"),
    right(Release, DEPLOYMENTS, &["get", "patch"], RUNS, "what writes is stopped (replicas: 0), and started again"),
    right(Release, AUTOSCALERS, &["list"], &[Upgrade, Rerun], "what would start pods meanwhile"),
    right(Release, AUTOSCALERS, &["list"], &[Resume, Undo], "whether autoscalers are as before")
        .without("whether autoscalers are as before is not known, which is a warning"),
    right(
        Release,
        CLAIMS,
        &["list", "watch", "delete"],
        RUNS,
        "claims of data, which are set aside; those of a RonDB that is begun anew",
    ),
    right(Release, CLAIMS, &["get", "create"], IN_PLACE, "the old claims are made again by an undo"),
    right(
        Release,
        NAMESPACES,
        &["get"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "whether the namespace is there",
    ),
    right(
        Release,
        ("", "serviceaccounts"),
        &["get"],
        &[Upgrade, Rerun],
        "whether the account that reads backups is there",
    )
    .without("the Job that looks at the backup is made in any case"),
    right(
        Cluster,
        VOLUMES,
        &["get", "patch"],
        &[Upgrade, Resume, Undo, Rerun, Finalize],
        "volumes of data are kept (reclaim policy Retain), given back, or given up",
    ),
    right(
        Cluster,
        ("storage.k8s.io", "csistoragecapacities"),
        &["list"],
        &[Upgrade, Rerun],
        "whether there is room for a second set of volumes",
    )
    .without("that there is no room shows when volumes stay pending"),
    right(Cluster, NAMESPACES, &["create"], &[Install], "--create-namespace").without("make the namespace yourself"),
    right(Velero, RESTORE_OBJECTS, &["get"], &[Finalize], "Helm leaves Velero's Restores in place"),
    right(
        Velero,
        RESTORE_OBJECTS,
        &["get", "list", "watch", "create", "delete"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "Kubernetes objects are brought back by Velero; a Restore that has failed is made again",
    ),
    right(Velero, RESTORE_OBJECTS, &["patch"], IN_PLACE, "Helm applies the Restores in place"),
    right(
        Velero,
        BACKUPS,
        &["get", "list"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "which backups of objects there are",
    ),
    right(Velero, BACKUPS, &["watch"], IN_PLACE, "backups that run are waited for"),
    right(Velero, BACKUPS, &["create"], &[Upgrade, Resume, Rerun], "what may be overwritten is backed up first"),
    right(Velero, BACKUPS, &["patch"], RESTORES, "the backups that are restored may not expire meanwhile"),
    right(Velero, SCHEDULES, &["get", "list", "patch"], RUNS, "Schedules are paused meanwhile"),
    right(
        Velero,
        LOCATIONS,
        &["get", "list", "watch"],
        &[Install, Resume, Bsl, Objects],
        "whether Velero can read the bucket",
    ),
    right(
        Velero,
        LOCATIONS,
        &["get"],
        &[Upgrade, Undo, Rerun],
        "errors and warnings of Velero's Restores are fetched from the location's own server alone",
    )
    .without("they are counted, and cannot be shown"),
    right(Velero, LOCATIONS, &["patch"], &[Install, Resume], "when all is restored, Velero may write there again"),
    right(Velero, LOCATIONS, &["create", "update"], &[Bsl], "the storage location"),
    right(
        Velero,
        LOCATIONS,
        &["create", "update"],
        &[Install, Resume],
        "--iam, --secret, --credentials-file, --credentials-env",
    )
    .without("make the storage location before: helm hwdr bsl apply"),
    right(Velero, SECRETS, &["get", "create", "patch"], LOCATES, "--secret, --credentials-file, --credentials-env")
        .without("only --iam can be used, or a storage location that is there"),
    right(Velero, DEPLOYMENTS, &["list"], &[Install, Resume, Bsl, Objects], "whether Velero runs"),
    right(
        Velero,
        DOWNLOADS,
        &["list", "watch", "create", "delete"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "errors and warnings of Velero's Restores",
    )
    .without("they are counted, and cannot be shown"),
];

/// The rights of a command, in the order of the list.
pub fn of(command: Command) -> impl Iterator<Item = &'static Right> {
    ALL.iter().filter(move |right| right.of.contains(&command))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each right can be taken away on its own, so that a test can see that it is needed.
    #[test]
    fn no_verb_is_granted_twice() {
        for command in Command::ALL {
            let mut seen = BTreeSet::new();
            for right in of(command) {
                for verb in right.verbs {
                    let it = (format!("{:?}", right.place), right.group, right.resource, *verb);
                    assert!(seen.insert(it.clone()), "{}: {it:?} twice", command.name());
                }
            }
            assert!(!seen.is_empty());
        }
    }

    #[test]
    fn no_right_is_a_wildcard_or_more_than_its_reason() {
        for right in ALL {
            for word in right.verbs.iter().chain([&right.resource, &right.group]) {
                assert!(!word.contains('*'), "{right:?}");
            }
            assert!(
                !right.verbs.iter().any(|verb| ["escalate", "bind", "impersonate", "deletecollection"].contains(verb))
            );
            assert!(!right.why.is_empty() && !right.of.is_empty());
        }
        let reads = ["get", "list", "watch"];
        for command in [Watch, History] {
            assert!(of(command).flat_map(|right| right.verbs).all(|verb| reads.contains(verb)));
        }
    }
}

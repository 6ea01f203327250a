//! The list of rights: what each command does in a cluster, and why.

use super::Command::{
    Backups, BackupsCreate, BackupsKeep, Bsl, Doctor, Finalize, History, Install, Monitor, Objects, Rerun, Resume,
    Status, Undo, Upgrade, Verify, Watch,
};
use super::Scope::{Cluster, Release, Velero};
use super::{Command, Right, Scope};
use crate::cluster::Kind;

const fn right(
    place: Scope,
    kind: Kind,
    verbs: &'static [&'static str],
    of: &'static [Command],
    why: &'static str,
) -> Right {
    let Kind { group, plural: resource, .. } = kind;
    Right { place, group, resource, verbs, of, why, without: None, when: None, name: None }
}

/// Those that run the steps of a restore or an undo.
const RUNS: &[Command] = &[Upgrade, Install, Resume, Undo, Rerun];
const RUNS_AND_FINALIZE: &[Command] = &[Upgrade, Install, Resume, Undo, Rerun, Finalize];
/// Those that may stop what runs and set its volumes aside.
const IN_PLACE: &[Command] = &[Upgrade, Resume, Undo, Rerun];
/// Those that restore.
const RESTORES: &[Command] = &[Upgrade, Install, Resume, Rerun];
/// Those that begin a restore.
const BEGIN: &[Command] = &[Upgrade, Install, Rerun];
/// Those that restore in place.
const RESTORES_IN_PLACE: &[Command] = &[Upgrade, Resume, Rerun];
/// Those that go back to what was there before.
const GO_BACK: &[Command] = &[Resume, Undo];
/// Those that create the storage location.
const LOCATES: &[Command] = &[Install, Resume, Bsl];

/// Commands that show backups.
const LIST: &[Command] = &[Backups, Verify, Status, BackupsKeep, Doctor];
/// When an id is not given as such.
const BY_NAME: &str = "--backup-id is latest, oldest or last-failed";
const BY_ID: &str = "give the id itself";
/// When the name of what is made is taken.
const TAKEN: &str = "the API server's answer was lost, or somebody else makes a backup in the same minute";
const REFUSED: &str = "the backup is reported as not whole, though that part may go on";
/// The command that makes backups: it must know which there are.
const CREATE: &[Command] = &[BackupsCreate];
/// When doctor does more than look.
const BUNDLE: &str = "--bundle is given";
const FIX: &str = "--fix is given";
const IN_CLUSTER: &str = "--in-cluster is given";
const WITH_CHART: &str = "a chart is given";
/// What it does without the right.
const UNBUNDLED: &str = "it is not in the bundle, which says so";
const UNMENDED: &str = "it is not changed";
const UNLOOKED: &str = "no Job looks at the backup";
/// Those that say why a run has failed.
const WORDS: &[Command] = &[Backups, Status];
/// Those that need to know when the release was installed.
const FIT: &[Command] = &[Backups, Verify, Doctor];
/// When the last words of a run are read.
const RUN_FAILED: &str = "the last run of a backup CronJob has failed";
const WORDLESS: &str = "messages lack what the pods say";
/// What they do without the right.
const SHOWN: &str = "it is shown as unknown, and the exit code is not 0";
/// What the monitor does without the right.
const UNSEEN: &str = "it is unknown (hwdr_backup_severity 3)";

/// Helm 3 creates what is not there; Helm 4 has the API server apply it, which is a patch.
const PATCHES: &str = "Helm 4 applies it, or it is there already";
/// Helm deletes what its newest revision no longer has.
const LEFT: &str = "an earlier restore has left them in the release";
/// What a restore of the Kafka of Streams needs alone.
const MIRRORED: &str = "Kafka of Axway Streams is restored, and its settings name an image for MirrorMaker";
/// What a restore of the namespace of Streams needs alone.
const WHOLE: &str = "the namespace of Axway Streams is restored";
const EMPTY: &str = "whether the namespace is empty";
const UNNOTICED: &str = "what is left of them is not noticed, and stays as it is";
/// Velero counts them in a Restore's status.
const HOLES: &str = "a Restore has warnings or errors";
/// An installation looks for scheduled backups after helm, a restore in place before anything.
const UNKNOWN: &str = "an installation is resumed";
/// How Velero gets access without a Secret from hwdr.
const BY_ROLE: &str = "only --iam or an existing storage location can be used";

/// All rights. No command has a verb twice. `lab/tests/soak/87-rbac.sh` compares them with each command's calls to the API server.
pub const ALL: &[Right] = &[
    right(
        Release,
        Kind::SECRET,
        &["get", "list", "create", "update"],
        RUNS_AND_FINALIZE,
        "the state of the run, and Helm's record of the release",
    ),
    right(
        Release,
        Kind::SECRET,
        &["delete"],
        RESTORES,
        "the state of an earlier run goes before that of a new one; Helm drops its oldest revisions",
    )
    .when("this backup was restored before, or the release has ten revisions"),
    right(Release, Kind::SECRET, &["delete"], &[Undo, Finalize], "Helm drops its oldest revisions")
        .when("the release has ten revisions"),
    right(Release, Kind::SECRET, &["patch"], GO_BACK, "a pending revision is marked as failed")
        .when("a helm was interrupted"),
    right(Release, Kind::SECRET, &["list", "watch"], &[Watch], "the state of the run"),
    right(Release, Kind::SECRET, &["list"], &[Objects], "whether the release exists already")
        .without("an existing release is not noticed"),
    right(
        Release,
        Kind::CONFIG_MAP,
        &["get", "list"],
        &[Upgrade, Install, Resume, Undo, Finalize, Rerun, Objects],
        "the catalogue of backups, markers, the history, and states of older versions",
    ),
    right(Release, Kind::CONFIG_MAP, &["list"], &[Watch], "states of older versions"),
    right(Release, Kind::CONFIG_MAP, &["watch"], &[Watch], "the state of the run").when("an older version began the run"),
    right(Release, Kind::CONFIG_MAP, &["get"], &[History], "what was done to the release"),
    right(
        Release,
        Kind::CONFIG_MAP,
        &["create"],
        RESTORES,
        "Helm applies the scripts of the Jobs; the history of the release",
    ),
    right(Release, Kind::CONFIG_MAP, &["create"], &[Undo, Finalize], "the history of the release").when("it was deleted"),
    right(Release, Kind::CONFIG_MAP, &["update"], RUNS_AND_FINALIZE, "the history of the release"),
    right(Release, Kind::CONFIG_MAP, &["patch"], RESTORES, "Helm applies the scripts of the Jobs").when(PATCHES),
    right(
        Release,
        Kind::CONFIG_MAP,
        &["delete"],
        &[Resume, Undo, Finalize],
        "Helm deletes the scripts of the Jobs; undo deletes the markers of the restore",
    ),
    right(
        Release,
        Kind::CONFIG_MAP,
        &["delete"],
        &[Upgrade, Install, Rerun],
        "scripts and markers of an earlier restore go",
    )
    .when("there are some"),
    right(
        Release,
        Kind::ROLE,
        &["get"],
        RUNS_AND_FINALIZE,
        "Helm applies the Roles by which pods see what they wait for, and takes them away",
    ),
    right(Release, Kind::ROLE, &["create"], RESTORES, "Helm applies the Roles by which pods see what they wait for"),
    right(Release, Kind::ROLE, &["patch"], RESTORES, "Helm applies the Roles by which pods see what they wait for")
        .when(PATCHES),
    right(Release, Kind::ROLE, &["delete"], &[Resume, Undo, Finalize], "Helm takes these Roles away"),
    right(Release, Kind::ROLE, &["delete"], &[Upgrade, Rerun], "Helm takes these Roles away").when(LEFT),
    right(Release, Kind::ROLE_BINDING, &["get"], RUNS_AND_FINALIZE, "the same of their bindings"),
    right(Release, Kind::ROLE_BINDING, &["create"], RESTORES, "the same of their bindings"),
    right(Release, Kind::ROLE_BINDING, &["patch"], RESTORES, "the same of their bindings").when(PATCHES),
    right(Release, Kind::ROLE_BINDING, &["delete"], &[Resume, Undo, Finalize], "the same of their bindings"),
    right(Release, Kind::ROLE_BINDING, &["delete"], &[Upgrade, Rerun], "the same of their bindings").when(LEFT),
    right(
        Release,
        Kind::LEASE,
        &["get"],
        &[Upgrade, Install, Resume, Undo, Finalize, Rerun, Watch],
        "who works on the release",
    ),
    right(Release, Kind::LEASE, &["update"], RUNS_AND_FINALIZE, "one run at a time"),
    right(Release, Kind::LEASE, &["create"], RUNS_AND_FINALIZE, "one run at a time")
        .when("hwdr has not worked on the release before, or its Lease was deleted"),
    right(Release, Kind::EVENT, &["create"], RUNS_AND_FINALIZE, "what was done, as Events")
        .without("no Events tell what was done"),
    right(Release, Kind::EVENT, &["list"], RUNS_AND_FINALIZE, "why something failed")
        .when("something fails, or a pod does not start")
        .without("messages lack the cluster's Events"),
    right(
        Release,
        Kind::POD,
        &["list", "watch"],
        IN_PLACE,
        "pods that stop; what a Job's pods say; the Role of the Job that adds up rows may only give what its maker has",
    ),
    right(
        Release,
        Kind::POD,
        &["list"],
        &[Install],
        "what a Job's pods say; the Role of the Job that adds up rows may only give what its maker has",
    ),
    right(Release, Kind::POD, &["list"], &[Finalize], "why pods do not start")
        .when("something does not become ready")
        .without("messages lack what the pods say"),
    right(Release, Kind::POD, &["list"], &[Watch], "the progress of a Job").without("the progress of a Job is not shown"),
    right(Release, Kind::POD, &["delete"], RESTORES, "the pods of RonDB's data Job, each with a volume of its own")
        .without("their volumes stay until the Job goes"),
    right(Release, Kind::POD, &["get"], RUNS, "the last words of a Job that failed, and how far one is").part("pods/log")
        .when("a Job fails, or takes longer than ten seconds")
        .without("messages lack the last lines of logs"),
    right(Release, Kind::POD, &["get"], &[Watch], "the progress of a Job").part("pods/log")
        .when("the running Job reports it in its log")
        .without("the progress of a Job is not shown"),
    right(
        Release,
        Kind::POD,
        &["get"],
        RESTORES,
        "some files of HopsFS are read in a name node's pod, and Superset's database in one of its pods; RonDB's own log tells which node's part \
         is missing",
    ).part("pods/exec")
    .without("no file of HopsFS is read, nor Superset's database, which is a warning"),
    right(Release, Kind::POD, &["create"], RESTORES, "some files of HopsFS are read in a name node's pod").part("pods/exec")
        .when("the cluster is Kubernetes 1.35 or later")
        .without("no file of HopsFS is read, which is a warning"),
    right(
        Release,
        Kind::JOB,
        &["get", "list", "watch", "create"],
        RUNS,
        "Helm applies the Jobs that restore; they are waited for, and made again where they have failed",
    ),
    right(
        Release,
        Kind::JOB,
        &["patch"],
        RESTORES,
        "Helm applies the Jobs that restore; that of HopsFS waits for this machine",
    )
    .when("Helm 4 applies them, they are there already, or HopsFS is brought back from this machine (--from here)"),
    right(Release, Kind::JOB, &["patch"], &[Undo], "the Job that restores HopsFS waits for this machine")
        .when("HopsFS was restored from this machine (--from here)"),
    right(
        Release,
        Kind::JOB,
        &["patch"],
        GO_BACK,
        "a Job of the old revision did its work before: it is marked as complete, and does not run again",
    ).part("jobs/status")
    .when("the old revision has Jobs"),
    right(Release, Kind::JOB, &["get"], &[Finalize], "Helm deletes the Jobs of the restore"),
    right(
        Release,
        Kind::JOB,
        &["delete"],
        &[Upgrade, Resume, Undo, Rerun, Finalize],
        "the Job that has looked at the backup, those that failed, and those of a restore that is over",
    ),
    right(Release, Kind::JOB, &["delete"], &[Install], "the Jobs of an earlier restore are deleted").when("there are some"),
    right(Release, Kind::CRON_JOB, &["list"], BEGIN, "CronJobs that make backups are suspended meanwhile"),
    right(Release, Kind::CRON_JOB, &["list"], &[Resume], "CronJobs that make backups are suspended meanwhile").when(UNKNOWN),
    right(Release, Kind::CRON_JOB, &["get", "patch"], RUNS, "CronJobs that make backups are suspended meanwhile"),
    right(Release, Kind::STATEFUL_SET, &["list", "watch"], RUNS_AND_FINALIZE, "what runs, and whether it is ready"),
    right(Release, Kind::DEPLOYMENT, &["list", "watch"], RUNS_AND_FINALIZE, "what runs, and whether it is ready"),
    right(
        Release,
        Kind::STATEFUL_SET,
        &["get", "patch"],
        IN_PLACE,
        "what writes is stopped (replicas: 0), and started again",
    ),
    right(Release, Kind::DEPLOYMENT, &["create", "delete"], RUNS, "MirrorMaker, for the time of the restore")
        .when(MIRRORED)
        .without("the run stops before Kafka is mirrored"),
    right(Release, Kind::DEPLOYMENT, &["get", "patch"], IN_PLACE, "what writes is stopped (replicas: 0), and started again"),
    right(Release, Kind::AUTOSCALER, &["list"], &[Upgrade, Rerun], "what would start pods meanwhile"),
    right(Release, Kind::AUTOSCALER, &["list"], GO_BACK, "whether autoscalers are as before")
        .without("hwdr warns that it cannot tell"),
    right(
        Release,
        Kind::CLAIM,
        &["get", "list", "watch", "delete"],
        IN_PLACE,
        "claims of data, which are set aside; those of a RonDB that is begun anew",
    ),
    right(Release, Kind::CLAIM, &["list"], &[Install], "whether the namespace is empty"),
    right(Release, Kind::AUTOSCALER, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::SERVICE, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::SERVICE_ACCOUNT, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::DAEMON_SET, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::INGRESS, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::NETWORK_POLICY, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::DISRUPTION_BUDGET, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::ROLE, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::ROLE_BINDING, &["list"], &[Install], EMPTY).when(WHOLE).without(UNNOTICED),
    right(Release, Kind::CLAIM, &["create"], GO_BACK, "an undo recreates the old claims"),
    right(Release, Kind::NAMESPACE, &["get"], &[Upgrade, Install, Resume, Rerun, Objects], "whether the namespace is there"),
    right(Release, Kind::NAMESPACE, &["get"], &[Undo], "whether the restore created the namespace")
        .when("Velero has created objects")
        .without("the namespace is named as one that the restore may have created"),
    right(
        Release,
        Kind::SERVICE_ACCOUNT,
        &["get"],
        &[Upgrade, Rerun],
        "whether the account that reads backups is there",
    )
    .without("the Job that looks at the backup is made in any case"),
    right(
        Cluster,
        Kind::VOLUME,
        &["get", "patch"],
        &[Upgrade, Resume, Undo, Rerun, Finalize],
        "volumes of data are kept (reclaim policy Retain), given back, or given up",
    ),
    right(
        Cluster,
        Kind::STORAGE_CAPACITY,
        &["list"],
        &[Upgrade, Rerun],
        "whether there is room for a second set of volumes",
    )
    .without("that there is no room shows when volumes stay pending"),
    right(Cluster, Kind::NAMESPACE, &["get"], RUNS_AND_FINALIZE, "its uid is the cluster's")
        .named("kube-system")
        .when("--expect-cluster gives a uid")
        .without("--expect-cluster can give a context or a server"),
    right(Cluster, Kind::NAMESPACE, &["create"], &[Install, Resume], "--create-namespace")
        .when("--create-namespace is given")
        .without("create the namespace yourself"),
    right(Velero, Kind::RESTORE, &["get"], &[Finalize], "Helm leaves Velero's Restores in place"),
    right(
        Velero,
        Kind::RESTORE,
        &["get", "list", "watch", "create"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "Kubernetes objects are brought back by Velero",
    ),
    right(
        Velero,
        Kind::RESTORE,
        &["delete"],
        &[Resume, Undo, Rerun],
        "those that failed, and those of a restore that is undone or repeated",
    ),
    right(
        Velero,
        Kind::RESTORE,
        &["delete"],
        &[Install, Objects],
        "a backup that was restored before is restored again",
    )
    .when("it was"),
    right(Velero, Kind::RESTORE, &["patch"], RESTORES_IN_PLACE, "Helm applies the Restores in place").when(PATCHES),
    right(
        Velero,
        Kind::BACKUP,
        &["get", "list"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "which backups of objects there are",
    ),
    right(Velero, Kind::BACKUP, &["watch"], IN_PLACE, "backups that run are waited for"),
    right(Velero, Kind::BACKUP, &["create"], RESTORES_IN_PLACE, "what may be overwritten is backed up first"),
    right(Velero, Kind::BACKUP, &["patch"], RESTORES, "the backups that are restored may not expire meanwhile")
        .when("one would expire within 14 days"),
    right(Velero, Kind::SCHEDULE, &["list"], BEGIN, "Schedules are paused meanwhile"),
    right(Velero, Kind::SCHEDULE, &["list"], &[Resume], "Schedules are paused meanwhile").when(UNKNOWN),
    right(Velero, Kind::SCHEDULE, &["get", "patch"], RUNS, "Schedules are paused meanwhile"),
    right(
        Velero,
        Kind::STORAGE_LOCATION,
        &["get", "list", "watch"],
        &[Install, Resume, Bsl, Objects],
        "whether Velero can read the bucket",
    ),
    right(
        Velero,
        Kind::STORAGE_LOCATION,
        &["get"],
        &[Upgrade, Undo, Rerun],
        "errors and warnings of Velero's Restores are fetched from the location's own server alone",
    )
    .when(HOLES)
    .without("they are counted, and cannot be shown"),
    right(
        Velero,
        Kind::STORAGE_LOCATION,
        &["patch"],
        &[Install, Resume],
        "when everything is restored, Velero may write there again",
    )
    .when("this run created the storage location"),
    right(Velero, Kind::STORAGE_LOCATION, &["create"], &[Bsl], "the storage location"),
    right(Velero, Kind::STORAGE_LOCATION, &["update"], &[Bsl], "the storage location is corrected")
        .when("hwdr created it, and Velero has never read it"),
    right(Velero, Kind::STORAGE_LOCATION, &["create"], &[Install, Resume], "--iam, --secret, --credentials-file, --credentials-env")
        .when("one of these is given, and there is no storage location")
        .without("have somebody else create the storage location (helm hwdr bsl apply), and leave out that flag"),
    right(Velero, Kind::STORAGE_LOCATION, &["update"], &[Install, Resume], "--iam, --secret, --credentials-file, --credentials-env")
        .when("one of these is given, hwdr created the storage location, and Velero has never read it")
        .without("have somebody else create the storage location (helm hwdr bsl apply), and leave out that flag"),
    right(Velero, Kind::SECRET, &["get"], LOCATES, "--secret, --credentials-file, --credentials-env")
        .when("one of these is given")
        .without(BY_ROLE),
    right(Velero, Kind::SECRET, &["create"], LOCATES, "--credentials-file, --credentials-env")
        .when("one of these is given, and there is no such Secret")
        .without(BY_ROLE),
    right(Velero, Kind::SECRET, &["patch"], LOCATES, "--credentials-file, --credentials-env")
        .when("one of these is given, and hwdr created the Secret before")
        .without(BY_ROLE),
    right(Velero, Kind::DEPLOYMENT, &["list"], &[Install, Resume, Bsl, Objects], "whether Velero runs"),
    right(
        Velero,
        Kind::CONFIG_MAP,
        &["get", "create", "delete"],
        &[Install, Resume],
        "tells Velero to restore workloads without pods, while their servers are restored",
    )
    .when("the namespace of Axway Streams is restored with its database or Kafka")
    .without("the run stops before the namespace is restored"),
    right(
        Velero,
        Kind::DOWNLOAD_REQUEST,
        &["list", "watch", "create", "delete"],
        &[Upgrade, Install, Resume, Undo, Rerun, Objects],
        "errors and warnings of Velero's Restores",
    )
    .when(HOLES)
    .without("they are counted, and cannot be shown"),
    right(Release, Kind::CONFIG_MAP, &["get", "list"], LIST, "what the backup CronJobs have recorded").without(SHOWN),
    right(Release, Kind::CRON_JOB, &["list"], LIST, "which CronJobs make backups, and when").without(SHOWN),
    right(Release, Kind::JOB, &["list"], LIST, "runs that have failed, and recorded nothing").without(SHOWN),
    right(
        Release,
        Kind::SECRET,
        &["list"],
        FIT,
        "when the release was installed (Helm's record): older backups are of no use in place",
    )
    .without(SHOWN),
    right(
        Release,
        Kind::SECRET,
        &["get"],
        FIT,
        "when backups were verified, and with which result; when a release that was upgraded was installed (Helm's record)",
    )
    .without(SHOWN),
    right(Release, Kind::SECRET, &["create"], &[Verify], "the result is remembered")
        .when("it is the first one")
        .without("the result is printed, and not remembered"),
    right(Release, Kind::SECRET, &["update"], &[Verify], "the result is remembered")
        .without("the result is printed, and not remembered"),
    right(Release, Kind::POD, &["list"], WORDS, "the last words of a run that failed").when(RUN_FAILED).without(WORDLESS),
    right(Release, Kind::POD, &["get"], WORDS, "the last words of a run that failed").part("pods/log").when(RUN_FAILED).without(WORDLESS),
    right(Release, Kind::EVENT, &["list"], WORDS, "why a run failed").when(RUN_FAILED).without(WORDLESS),
    right(Velero, Kind::BACKUP, &["list"], LIST, "which backups of objects there are").without(SHOWN),
    right(Velero, Kind::SCHEDULE, &["list"], LIST, "when Velero makes backups").without(SHOWN),
    right(Velero, Kind::STORAGE_LOCATION, &["list"], LIST, "whether Velero can write to the bucket").without(SHOWN),
    right(Release, Kind::CRON_JOB, &["list"], &[Objects], "which backup is the latest").when(BY_NAME).without(BY_ID),
    right(Release, Kind::JOB, &["list"], &[Objects], "which backup is the latest").when(BY_NAME).without(BY_ID),
    right(Velero, Kind::SCHEDULE, &["list"], &[Objects], "which backup is the latest").when(BY_NAME).without(BY_ID),
    right(Velero, Kind::BACKUP, &["get", "patch"], &[BackupsKeep], "their expiration is removed, or put back"),
    right(Release, Kind::CONFIG_MAP, &["get", "list"], CREATE, "what was backed up; states of older versions"),
    right(Release, Kind::SECRET, &["list"], CREATE, "whether a restore is running; when the release was installed"),
    right(Release, Kind::SECRET, &["get"], CREATE, "when the release was installed (Helm's record), and what was verified")
        .when("--wait is given")
        .without(SHOWN),
    right(Release, Kind::SECRET, &["create", "update"], CREATE, "the result of verifying it is remembered")
        .when("--wait is given")
        .without("the result is printed, and not remembered"),
    right(Release, Kind::CRON_JOB, &["get", "list"], CREATE, "the CronJobs that make backups"),
    right(Release, Kind::JOB, &["list", "create"], CREATE, "Jobs are made from these CronJobs, unless one is running"),
    right(Release, Kind::JOB, &["watch"], CREATE, "how they end").when("--wait is given"),
    right(Release, Kind::JOB, &["get"], CREATE, "whether a Job of that name is this one").when(TAKEN).without(REFUSED),
    right(Release, Kind::POD, &["list"], CREATE, "why a Job does not start, and the last words of one that failed")
        .when("a Job takes longer than 20 seconds, or fails")
        .without(WORDLESS),
    right(Release, Kind::POD, &["get"], CREATE, "the last words of a Job that failed").part("pods/log").when("a Job fails").without(WORDLESS),
    right(Release, Kind::EVENT, &["list"], CREATE, "why a Job fails, or does not start")
        .when("a Job fails, or does not start")
        .without(WORDLESS),
    right(Velero, Kind::BACKUP, &["list", "create"], CREATE, "Backups are made from the Schedules, unless one is running"),
    right(Velero, Kind::BACKUP, &["watch"], CREATE, "how they end").when("--wait is given"),
    right(Velero, Kind::BACKUP, &["get"], CREATE, "whether a Backup of that name is this one").when(TAKEN).without(REFUSED),
    right(Velero, Kind::SCHEDULE, &["get", "list"], CREATE, "the Schedules that Backups are made from"),
    right(Velero, Kind::STORAGE_LOCATION, &["list"], CREATE, "whether Velero can write to the bucket"),
    right(Release, Kind::CONFIG_MAP, &["get", "list", "watch"], &[Monitor], "what the backup CronJobs have recorded")
        .without(UNSEEN),
    right(Release, Kind::CRON_JOB, &["list", "watch"], &[Monitor], "which CronJobs make backups, and when").without(UNSEEN),
    right(Release, Kind::JOB, &["list", "watch"], &[Monitor], "runs that have failed, and recorded nothing").without(UNSEEN),
    right(Velero, Kind::BACKUP, &["list", "watch"], &[Monitor], "which backups of objects there are").without(UNSEEN),
    right(Velero, Kind::SCHEDULE, &["list", "watch"], &[Monitor], "when Velero makes backups").without(UNSEEN),
    right(Velero, Kind::STORAGE_LOCATION, &["list", "watch"], &[Monitor], "whether Velero can write to the bucket").without(UNSEEN),
    right(Release, Kind::POD, &["list"], &[Doctor], "images that cannot be pulled").without(SHOWN),
    right(Release, Kind::STATEFUL_SET, &["list"], &[Doctor], "what runs, and how it takes a new template").without(SHOWN),
    right(Release, Kind::DEPLOYMENT, &["list"], &[Doctor], "what runs").without(SHOWN),
    right(Release, Kind::CLAIM, &["list"], &[Doctor], "claims of data").without(SHOWN),
    right(Release, Kind::NETWORK_POLICY, &["list"], &[Doctor], "policies that would keep the restore's Jobs out")
        .without(SHOWN),
    right(Release, Kind::NAMESPACE, &["get"], &[Doctor], "its labels, which policies may ask for").without(SHOWN),
    right(Release, Kind::AUTOSCALER, &["list"], &[Doctor], "what would start pods during a restore")
        .when(WITH_CHART)
        .without(SHOWN),
    right(Release, Kind::POD, &["get"], &[Doctor], "the last words of Jobs that failed").part("pods/log").when(BUNDLE).without(UNBUNDLED),
    right(Release, Kind::EVENT, &["list"], &[Doctor], "what happened").when(BUNDLE).without(UNBUNDLED),
    right(Release, Kind::LEASE, &["get", "create", "update"], &[Doctor], "one run at a time")
        .when(IN_CLUSTER)
        .without(UNLOOKED),
    right(Release, Kind::SERVICE_ACCOUNT, &["get"], &[Doctor], "whether the account that reads backups is there")
        .when(IN_CLUSTER)
        .without(UNLOOKED),
    right(Release, Kind::JOB, &["get", "watch", "create", "delete"], &[Doctor], "the Job that looks at the backup")
        .when(IN_CLUSTER)
        .without(UNLOOKED),
    right(Release, Kind::POD, &["get"], &[Doctor], "Superset reads its own database, before its backups are allowed again").part("pods/exec")
        .when(FIX)
        .without(UNMENDED),
    right(Release, Kind::POD, &["create"], &[Doctor], "Superset reads its own database").part("pods/exec")
        .when("--fix is given, and the cluster is Kubernetes 1.35 or later")
        .without(UNMENDED),
    right(Release, Kind::CONFIG_MAP, &["patch"], &[Doctor], "Superset's backups are allowed again").when(FIX).without(UNMENDED),
    right(Release, Kind::CRON_JOB, &["get", "patch"], &[Doctor], "suspended CronJobs make backups again")
        .when(FIX)
        .without(UNMENDED),
    right(
        Cluster,
        Kind::VOLUME,
        &["get", "list"],
        &[Doctor],
        "whether volumes of data outlive their claims, and old ones are left",
    )
    .without(SHOWN),
    right(Cluster, Kind::VOLUME, &["patch"], &[Doctor], "volumes of data outlive their claims").when(FIX).without(UNMENDED),
    right(
        Cluster,
        Kind::STORAGE_CAPACITY,
        &["list"],
        &[Doctor],
        "whether there is room for a second set of volumes",
    )
    .without(SHOWN),
    right(Cluster, Kind::NAMESPACE, &["get"], &[Doctor], "its uid is the cluster's")
        .named("kube-system")
        .without("the uid is not shown"),
    right(Velero, Kind::DEPLOYMENT, &["list"], &[Doctor], "whether Velero runs, and in which version").without(SHOWN),
    right(Velero, Kind::RESTORE, &["list"], &[Doctor], "Restores that are under way").without(SHOWN),
    right(Velero, Kind::SCHEDULE, &["get", "patch"], &[Doctor], "paused Schedules make backups again")
        .when(FIX)
        .without(UNMENDED),
    right(Velero, Kind::SCHEDULE, &["create"], &[Doctor], "a Schedule that is missing makes backups")
        .when("--fix is given, and the product's chart has no Schedule")
        .without(UNMENDED),
    right(Velero, Kind::POD, &["list"], &[Doctor], "whose logs there are").when(BUNDLE).without(UNBUNDLED),
    right(Velero, Kind::POD, &["get"], &[Doctor], "what Velero says").part("pods/log").when(BUNDLE).without(UNBUNDLED),
    right(Velero, Kind::EVENT, &["list"], &[Doctor], "what happened").when(BUNDLE).without(UNBUNDLED),
    right(Velero, Kind::SECRET, &["list"], &[Doctor], "their names, and their values to take these out of all else")
        .when(BUNDLE)
        .without(UNBUNDLED),
];
